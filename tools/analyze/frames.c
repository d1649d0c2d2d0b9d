// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which address spaces map the same frames. It must not know whose address
 * spaces they are.
 *
 * From a frame to its piece leads a table of two levels, of which only what is
 * used is there: it is at most a thousandth of the machine's memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "frames.h"

/*
 * A slot of the table stands for 64 frames: 0 for none, an odd number for one
 * piece that has them all, or a pointer to the piece of each.
 */
#define LEAF_SHIFT	6
#define LEAF		(1u << LEAF_SHIFT)
#define TOP_SHIFT	18
#define SLOTS		(1u << (TOP_SHIFT - LEAF_SHIFT))
/* Frame numbers end here; what is beyond is no frame of memory. */
#define MAX_TOP		(1u << 22)

#define NR_CHAINS	1024

_Static_assert(sizeof(wchar_t) == sizeof(uint32_t), "lists are searched as wide text");

/* Room for more elements; 0 or -ENOMEM. */
static int grow(void *array, size_t *max, size_t need, size_t element)
{
	void **at = array;
	size_t want = *max + *max / 2 + 256;
	void *bigger;

	if (need <= *max)
		return 0;
	if (want < need)
		want = need;
	bigger = reallocarray(*at, want, element);
	if (!bigger)
		return -ENOMEM;
	*at = bigger;
	*max = want;
	return 0;
}

int vs_frames_init(struct vs_frame_map *frames, unsigned int page_shift)
{
	*frames = (struct vs_frame_map){
		.page_shift = page_shift,
		.nr_pieces = 1,
		.max_pieces = 256,
		.nr_sets = 1,
		.max_sets = 256,
		.nr_chains = NR_CHAINS,
	};
	frames->piece = calloc(frames->max_pieces, sizeof(*frames->piece));
	frames->set = calloc(frames->max_sets, sizeof(*frames->set));
	frames->chain = calloc(NR_CHAINS, sizeof(*frames->chain));
	if (frames->piece && frames->set && frames->chain) {
		frames->set[0].member = UINT32_MAX;
		return 0;
	}
	vs_frames_free(frames);
	return -ENOMEM;
}

static uint32_t *leaf_of(uint64_t slot)
{
	return (uint32_t *)(uintptr_t)slot;
}

void vs_frames_free(struct vs_frame_map *frames)
{
	for (size_t i = 0; i < frames->nr_top; i++) {
		for (unsigned int n = 0; frames->top[i] && n < SLOTS; n++)
			if (!(frames->top[i][n] & 1))
				free(leaf_of(frames->top[i][n]));
		free(frames->top[i]);
	}
	free(frames->top);
	free(frames->piece);
	free(frames->pool);
	free(frames->set);
	free(frames->chain);
	*frames = (struct vs_frame_map){ 0 };
}

size_t vs_frames_memory(const struct vs_frame_map *frames)
{
	return frames->table_bytes + frames->nr_top * sizeof(*frames->top) +
		frames->max_pieces * sizeof(*frames->piece) +
		frames->max_pool * sizeof(*frames->pool) +
		frames->max_sets * sizeof(*frames->set) +
		frames->nr_chains * sizeof(*frames->chain);
}

/* ------------------------------------------------------- frame to piece */

static uint32_t lookup(const struct vs_frame_map *frames, uint64_t frame)
{
	uint64_t top = frame >> TOP_SHIFT, slot;

	if (top >= frames->nr_top || !frames->top[top])
		return 0;
	slot = frames->top[top][frame >> LEAF_SHIFT & (SLOTS - 1)];
	if (!slot || slot & 1)
		return slot >> 1;
	return leaf_of(slot)[frame & (LEAF - 1)];
}

/* How many frames from this one on are in no piece, at most @max. */
static uint64_t count_unknown(const struct vs_frame_map *frames, uint64_t frame, uint64_t max)
{
	uint64_t n = 0;

	while (n < max) {
		uint64_t at = frame + n, top = at >> TOP_SHIFT, slot;

		if (top >= frames->nr_top || !frames->top[top]) {
			n += (1u << TOP_SHIFT) - (at & ((1u << TOP_SHIFT) - 1));
			continue;
		}
		slot = frames->top[top][at >> LEAF_SHIFT & (SLOTS - 1)];
		if (slot & 1 || (slot && leaf_of(slot)[at & (LEAF - 1)]))
			return n;
		n += slot ? 1 : LEAF - (at & (LEAF - 1));
	}
	return max;
}

static uint64_t *slot_of(struct vs_frame_map *frames, uint64_t frame)
{
	uint64_t top = frame >> TOP_SHIFT;

	if (top >= frames->nr_top) {
		size_t nr = top + 16;
		uint64_t **bigger = top < MAX_TOP ?
			reallocarray(frames->top, nr, sizeof(*bigger)) : NULL;

		if (!bigger)
			return NULL;
		memset(bigger + frames->nr_top, 0, (nr - frames->nr_top) * sizeof(*bigger));
		frames->top = bigger;
		frames->nr_top = nr;
	}
	if (!frames->top[top]) {
		frames->top[top] = calloc(SLOTS, sizeof(uint64_t));
		if (!frames->top[top])
			return NULL;
		frames->table_bytes += SLOTS * sizeof(uint64_t);
	}
	return &frames->top[top][frame >> LEAF_SHIFT & (SLOTS - 1)];
}

/* The entries of the 64 frames around one, each by itself. */
static uint32_t *leaf_at(struct vs_frame_map *frames, uint64_t frame)
{
	uint64_t *slot = slot_of(frames, frame);
	uint32_t *leaf, all;

	if (!slot)
		return NULL;
	if (*slot && !(*slot & 1))
		return leaf_of(*slot);
	all = *slot >> 1;
	leaf = malloc(LEAF * sizeof(*leaf));
	if (!leaf)
		return NULL;
	for (unsigned int i = 0; i < LEAF; i++)
		leaf[i] = all;
	frames->table_bytes += LEAF * sizeof(*leaf);
	*slot = (uintptr_t)leaf;
	return leaf;
}

static int label_run(struct vs_frame_map *frames, uint64_t frame, uint64_t nr, uint32_t id)
{
	while (nr) {
		uint64_t *slot = slot_of(frames, frame);
		unsigned int first = frame & (LEAF - 1);
		unsigned int some = LEAF - first < nr ? LEAF - first : nr;
		uint32_t *leaf;

		if (!slot)
			return -ENOMEM;
		if (some == LEAF) {
			if (*slot && !(*slot & 1)) {
				free(leaf_of(*slot));
				frames->table_bytes -= LEAF * sizeof(*leaf);
			}
			*slot = (uint64_t)id << 1 | 1;
		} else {
			leaf = leaf_at(frames, frame);
			if (!leaf)
				return -ENOMEM;
			for (unsigned int i = 0; i < some; i++)
				leaf[first + i] = id;
		}
		frame += some;
		nr -= some;
	}
	return 0;
}

static int label_one(struct vs_frame_map *frames, uint64_t frame, uint32_t id)
{
	uint32_t *leaf = leaf_at(frames, frame);

	if (!leaf)
		return -ENOMEM;
	leaf[frame & (LEAF - 1)] = id;
	return 0;
}

/* From here on the frames of a part of a piece lead to another. */
static int label(struct vs_frame_map *frames, const struct vs_piece *piece, uint32_t id)
{
	if (piece->list == VS_NO_LIST)
		return label_run(frames, piece->frame, piece->pages, id);
	for (uint32_t i = 0; i < piece->pages; i++)
		if (label_one(frames, piece->frame + frames->pool[piece->list + i], id))
			return -ENOMEM;
	return 0;
}

/* ----------------------------------------------------------------- sets */

static uint32_t *chain_of(const struct vs_frame_map *frames, uint32_t before, uint32_t member,
			  uint32_t times)
{
	uint32_t hash = (before * 31 + member) * 2654435761u + times * 40503u;

	return &frames->chain[(hash ^ hash >> 15) & (frames->nr_chains - 1)];
}

static int more_chains(struct vs_frame_map *frames)
{
	uint32_t nr = frames->nr_chains * 4;
	uint32_t *chain = calloc(nr, sizeof(*chain));

	if (!chain)
		return -ENOMEM;
	free(frames->chain);
	frames->chain = chain;
	frames->nr_chains = nr;
	for (uint32_t i = 1; i < frames->nr_sets; i++) {
		struct vs_set *set = &frames->set[i];
		uint32_t *head = chain_of(frames, set->before, set->member, set->times);

		set->next = *head;
		*head = i;
	}
	return 0;
}

/* The one set that is @before and this member; 0 without memory. */
static uint32_t intern(struct vs_frame_map *frames, uint32_t before, uint32_t member, uint32_t times)
{
	uint32_t *head = chain_of(frames, before, member, times);
	size_t max = frames->max_sets;

	for (uint32_t i = *head; i; i = frames->set[i].next) {
		const struct vs_set *set = &frames->set[i];

		if (set->before == before && set->member == member && set->times == times)
			return i;
	}
	if (grow(&frames->set, &max, frames->nr_sets + 1, sizeof(*frames->set)))
		return 0;
	frames->max_sets = max;
	if (frames->nr_sets >= frames->nr_chains) {
		if (more_chains(frames))
			return 0;
		head = chain_of(frames, before, member, times);
	}
	frames->set[frames->nr_sets] = (struct vs_set){ before, member, times, *head };
	*head = frames->nr_sets;
	return frames->nr_sets++;
}

/* Members come one after the other, so one that is in a set is its last. */
static uint32_t with_member(struct vs_frame_map *frames, uint32_t set, uint32_t member,
			    uint32_t times)
{
	const struct vs_set *last = &frames->set[set];
	uint32_t result;

	if (frames->last_result && set == frames->last_set && member == frames->last_member &&
	    times == frames->last_times)
		return frames->last_result;
	if (set && last->member == member)
		result = intern(frames, last->before, member, last->times + times);
	else
		result = intern(frames, set, member, times);
	frames->last_set = set;
	frames->last_member = member;
	frames->last_times = times;
	frames->last_result = result;
	return result;
}

uint32_t vs_set_times(const struct vs_frame_map *frames, uint32_t set, uint32_t member)
{
	for (; set; set = frames->set[set].before)
		if (frames->set[set].member == member)
			return frames->set[set].times;
	return 0;
}

uint32_t vs_set_members(const struct vs_frame_map *frames, uint32_t set, uint64_t *times)
{
	uint32_t members = 0;

	*times = 0;
	for (; set; set = frames->set[set].before) {
		*times += frames->set[set].times;
		members++;
	}
	return members;
}

/* --------------------------------------------------------------- pieces */

uint64_t vs_piece_frame(const struct vs_frame_map *frames, const struct vs_piece *piece,
			uint32_t page)
{
	return piece->frame + (piece->list == VS_NO_LIST ? page : frames->pool[piece->list + page]);
}

const struct vs_piece *vs_frames_find(const struct vs_frame_map *frames, uint64_t frame)
{
	uint32_t id = lookup(frames, frame);

	return id ? &frames->piece[id] : NULL;
}

static uint64_t extent_frame(const struct vs_extent *extent, uint32_t page)
{
	switch (extent->encoding) {
	case VS_FRAMES_RUN:
		return extent->frame + page;
	case VS_FRAMES_LIST:
		return extent->frame + extent->list[page];
	}
	return extent->frame;
}

/* A new piece; 0 without memory. */
static uint32_t new_piece(struct vs_frame_map *frames, const struct vs_piece *piece)
{
	size_t max = frames->max_pieces;

	if (grow(&frames->piece, &max, frames->nr_pieces + 1, sizeof(*piece)))
		return 0;
	frames->max_pieces = max;
	frames->piece[frames->nr_pieces] = *piece;
	return frames->nr_pieces++;
}

/*
 * Part a piece: the first @pages pages, and the rest. The part with fewer pages
 * is the one that gets another number. Gives the numbers; 0 or -ENOMEM.
 */
static int part(struct vs_frame_map *frames, uint32_t id, uint32_t pages, uint32_t *head,
		uint32_t *tail)
{
	struct vs_piece first = frames->piece[id], rest = first;
	bool head_moves = pages < first.pages - pages;
	uint32_t other;

	first.pages = pages;
	rest.pages -= pages;
	rest.address += (uint64_t)pages << frames->page_shift;
	if (rest.list == VS_NO_LIST)
		rest.frame += pages;
	else
		rest.list += pages;
	other = new_piece(frames, head_moves ? &first : &rest);
	if (!other)
		return -ENOMEM;
	frames->piece[id] = head_moves ? rest : first;
	*head = head_moves ? other : id;
	*tail = head_moves ? id : other;
	return label(frames, &frames->piece[other], other);
}

/* Which page of the piece has the frame. */
static uint32_t position(const struct vs_frame_map *frames, const struct vs_piece *piece,
			 uint64_t frame)
{
	const wchar_t *list, *found;

	if (piece->list == VS_NO_LIST)
		return frame - piece->frame;
	list = (const wchar_t *)(frames->pool + piece->list);
	if ((uint32_t)*list == (uint32_t)(frame - piece->frame))
		return 0;
	found = wmemchr(list, (wchar_t)(frame - piece->frame), piece->pages);
	return found ? found - list : 0;
}

/* How many pages of an extent from one on have the frames of a piece. */
static uint32_t count_same(const struct vs_frame_map *frames, const struct vs_piece *piece,
			   const struct vs_extent *extent, uint32_t from)
{
	uint32_t max = extent->pages - from, n = 0;

	if (piece->pages < max)
		max = piece->pages;
	if (piece->list == VS_NO_LIST && extent->encoding == VS_FRAMES_RUN)
		return max;
	/* all or nothing is by far the usual case, and memcmp() the fastest to tell */
	if (piece->list != VS_NO_LIST && extent->encoding == VS_FRAMES_LIST &&
	    piece->frame == extent->frame &&
	    !memcmp(frames->pool + piece->list, extent->list + from, max * sizeof(uint32_t)))
		return max;
	while (n < max && vs_piece_frame(frames, piece, n) == extent_frame(extent, from + n))
		n++;
	return n;
}

/* How often the frame comes again right behind. */
static uint32_t count_again(const struct vs_extent *extent, uint32_t from)
{
	uint64_t frame = extent_frame(extent, from);
	uint32_t n = 1;

	if (extent->encoding == VS_FRAMES_RUN)
		return 1;
	while (from + n < extent->pages && extent_frame(extent, from + n) == frame)
		n++;
	return n;
}

/* Pages whose first has a piece already; how many were taken, 0 without memory. */
static uint32_t take_known(struct vs_frame_map *frames, uint32_t member,
			   const struct vs_extent *extent, uint32_t from, uint32_t id)
{
	uint64_t frame = extent_frame(extent, from);
	uint32_t at = position(frames, &frames->piece[id], frame);
	uint32_t head, tail, same, times = 1, set;
	struct vs_piece *piece;

	if (at && part(frames, id, at, &head, &id))
		return 0;
	same = count_same(frames, &frames->piece[id], extent, from);
	if (!same)
		return 0;
	if (same < frames->piece[id].pages && part(frames, id, same, &id, &tail))
		return 0;
	if (same == 1)
		times = count_again(extent, from);
	piece = &frames->piece[id];
	set = with_member(frames, piece->set, member, times);
	if (!set)
		return 0;
	if (frames->match && frames->match(frames->context, piece,
					   extent->start + ((uint64_t)from << frames->page_shift),
					   same, times))
		return 0;
	piece->set = set;
	return same > times ? same : times;
}

/* Consecutive frames of an extent that are in no piece, from one on. */
static uint32_t new_run(struct vs_frame_map *frames, const struct vs_extent *extent, uint32_t from,
			struct vs_piece *piece, uint32_t id)
{
	uint64_t nr = count_unknown(frames, extent->frame + from, extent->pages - from);

	piece->frame = extent->frame + from;
	piece->pages = nr;
	return label_run(frames, piece->frame, nr, id) ? 0 : nr;
}

/* Frames of a list that are in no piece, until one comes that is. */
static uint32_t new_list(struct vs_frame_map *frames, const struct vs_extent *extent, uint32_t from,
			 struct vs_piece *piece, uint32_t id)
{
	uint32_t n = 0;

	if (frames->nr_pool + extent->pages - from > VS_NO_LIST - 1 ||
	    grow(&frames->pool, &frames->max_pool, frames->nr_pool + extent->pages - from,
		 sizeof(*frames->pool)))
		return 0;
	piece->frame = extent->frame;
	piece->list = frames->nr_pool;
	while (from + n < extent->pages) {
		uint32_t *leaf = leaf_at(frames, extent_frame(extent, from + n));
		uint32_t *entry;

		if (!leaf)
			return 0;
		entry = &leaf[extent_frame(extent, from + n) & (LEAF - 1)];
		if (*entry)
			break;
		*entry = id;
		frames->pool[frames->nr_pool++] = extent->list[from + n++];
	}
	piece->pages = n;
	return n;
}

/* Pages whose first has no piece yet; how many were taken, 0 without memory. */
static uint32_t take_new(struct vs_frame_map *frames, uint32_t member,
			 const struct vs_extent *extent, uint32_t from)
{
	struct vs_piece piece = {
		.address = extent->start + ((uint64_t)from << frames->page_shift),
		.list = VS_NO_LIST,
		.mapcount = extent->mapcount,
		.kind = (extent->attributes & VS_ATTR_KIND) >> VS_ATTR_KIND_SHIFT,
		.set = with_member(frames, 0, member, 1),
	};
	uint32_t id = piece.set ? new_piece(frames, &piece) : 0;
	uint32_t taken;

	if (!id)
		return 0;
	if (extent->encoding == VS_FRAMES_LIST)
		taken = new_list(frames, extent, from, &piece, id);
	else if (extent->encoding == VS_FRAMES_RUN)
		taken = new_run(frames, extent, from, &piece, id);
	else
		taken = new_run(frames, &(struct vs_extent){ .frame = extent->frame, .pages = 1 },
				0, &piece, id);
	frames->piece[id] = piece;
	return taken;
}

/* Pages from one on that are in no piece. */
static uint32_t skip_unknown(const struct vs_frame_map *frames, const struct vs_extent *extent,
			     uint32_t from)
{
	uint32_t n = from;

	if (extent->encoding == VS_FRAMES_RUN)
		return count_unknown(frames, extent->frame + from, extent->pages - from);
	while (n < extent->pages && !lookup(frames, extent_frame(extent, n)))
		n++;
	return n - from;
}

int vs_frames_take(struct vs_frame_map *frames, uint32_t member, const struct vs_extent *extent,
		   bool add)
{
	uint32_t at = 0;

	if ((extent->attributes & VS_ATTR_STATE) != VS_STATE_PRESENT ||
	    extent->encoding == VS_FRAMES_NONE)
		return 0;
	while (at < extent->pages) {
		uint32_t id = lookup(frames, extent_frame(extent, at)), taken;

		if (id)
			taken = take_known(frames, member, extent, at, id);
		else if (add)
			taken = take_new(frames, member, extent, at);
		else
			taken = skip_unknown(frames, extent, at);
		if (!taken)
			return -ENOMEM;
		at += taken;
	}
	return 0;
}
