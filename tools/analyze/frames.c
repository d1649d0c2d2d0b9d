// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which address spaces map the same frames. It must not know whose address
 * spaces they are, nor how a frame is looked up or a set is kept.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "frames.h"
#include "grow.h"

_Static_assert(sizeof(wchar_t) == sizeof(uint32_t), "lists are searched as wide text");

int vs_frames_init(struct vs_frame_map *frames, unsigned int page_shift)
{
	*frames = (struct vs_frame_map){
		.page_shift = page_shift,
		.nr_pieces = 1,
		.max_pieces = 256,
	};
	frames->piece = calloc(frames->max_pieces, sizeof(*frames->piece));
	if (!vs_sets_init(&frames->sets) && frames->piece)
		return 0;
	vs_frames_free(frames);
	return -ENOMEM;
}

void vs_frames_free(struct vs_frame_map *frames)
{
	vs_frame_table_free(&frames->table);
	vs_sets_free(&frames->sets);
	free(frames->piece);
	free(frames->pool);
	*frames = (struct vs_frame_map){ 0 };
}

size_t vs_frames_memory(const struct vs_frame_map *frames)
{
	return vs_frame_table_memory(&frames->table) + vs_sets_memory(&frames->sets) +
		frames->max_pieces * sizeof(*frames->piece) +
		frames->max_pool * sizeof(*frames->pool);
}

uint64_t vs_piece_frame(const struct vs_frame_map *frames, const struct vs_piece *piece,
			uint32_t page)
{
	return piece->frame + (piece->list == VS_NO_LIST ? page : frames->pool[piece->list + page]);
}

const struct vs_piece *vs_frames_find(const struct vs_frame_map *frames, uint64_t frame)
{
	uint32_t id = vs_frame_id(&frames->table, frame);

	return id ? &frames->piece[id] : NULL;
}

/* From here on the frames of a part of a piece lead to another. */
static int label(struct vs_frame_map *frames, const struct vs_piece *piece, uint32_t id)
{
	if (piece->list == VS_NO_LIST)
		return vs_frames_label(&frames->table, piece->frame, piece->pages, id);
	for (uint32_t i = 0; i < piece->pages; i++) {
		uint32_t *entry = vs_frame_entry(&frames->table, vs_piece_frame(frames, piece, i));

		if (!entry)
			return -ENOMEM;
		*entry = id;
	}
	return 0;
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
	if (vs_grow(&frames->piece, &frames->max_pieces, frames->nr_pieces + 1, sizeof(*piece)))
		return 0;
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

/* Frames side by side; the compiler has the registers for it, or does without. */
typedef uint32_t some_frames __attribute__((vector_size(16), aligned(4), may_alias));
typedef uint64_t some_bits __attribute__((vector_size(16)));

#define SOME	(sizeof(some_frames) / sizeof(uint32_t))

static bool any_bit(some_frames frames)
{
	some_bits bits = (some_bits)frames;

	return bits[0] | bits[1];
}

/*
 * How many frames of a list are consecutive from @first on. Sixteen at a time, which takes
 * one and a half instructions for each; one by one it is seven.
 */
static uint32_t count_consecutive(const uint32_t *list, uint32_t first, uint32_t max)
{
	some_frames next = { first, first + 1, first + 2, first + 3 };
	uint32_t n = 0;

	for (; max - n >= 4 * SOME; n += 4 * SOME, next += 4 * SOME) {
		const some_frames *at = (const some_frames *)(list + n);

		if (any_bit((at[0] ^ next) | (at[1] ^ (next + SOME)) |
			    (at[2] ^ (next + 2 * SOME)) | (at[3] ^ (next + 3 * SOME))))
			break;
	}
	while (n < max && list[n] == first + n)
		n++;
	return n;
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
	/* where one was read as a list, another may have been as runs */
	if (piece->list == VS_NO_LIST && extent->encoding == VS_FRAMES_LIST &&
	    piece->frame >= extent->frame && piece->frame + max - extent->frame <= UINT32_MAX)
		return count_consecutive(extent->list + from, piece->frame - extent->frame, max);
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
	set = vs_set_with(&frames->sets, piece->set, member, times);
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
	uint64_t nr = vs_frames_unknown(&frames->table, extent->frame + from, extent->pages - from);

	piece->frame = extent->frame + from;
	piece->pages = nr;
	return vs_frames_label(&frames->table, piece->frame, nr, id) ? 0 : nr;
}

/* Frames of a list that are in no piece, until one comes that is. */
static uint32_t new_list(struct vs_frame_map *frames, const struct vs_extent *extent, uint32_t from,
			 struct vs_piece *piece, uint32_t id)
{
	uint32_t n = 0;

	if (frames->nr_pool + extent->pages - from > VS_NO_LIST - 1 ||
	    vs_grow(&frames->pool, &frames->max_pool, frames->nr_pool + extent->pages - from,
		    sizeof(*frames->pool)))
		return 0;
	piece->frame = extent->frame;
	piece->list = frames->nr_pool;
	for (; from + n < extent->pages; n++) {
		uint32_t *entry = vs_frame_entry(&frames->table,
						 extent->frame + extent->list[from + n]);

		if (!entry)
			return 0;
		if (*entry)
			break;
		*entry = id;
	}
	memcpy(frames->pool + frames->nr_pool, extent->list + from, n * sizeof(*extent->list));
	frames->nr_pool += n;
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
		.set = vs_set_with(&frames->sets, 0, member, 1),
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
		return vs_frames_unknown(&frames->table, extent->frame + from, extent->pages - from);
	while (n < extent->pages && !vs_frame_id(&frames->table, extent_frame(extent, n)))
		n++;
	return n - from;
}

/* How many were left out, 0 on failure. */
static uint32_t leave_unknown(const struct vs_frame_map *frames, const struct vs_extent *extent,
			      uint32_t from)
{
	uint32_t pages = skip_unknown(frames, extent, from);
	uint64_t address = extent->start + ((uint64_t)from << frames->page_shift);

	if (frames->unknown && frames->unknown(frames->context, address, pages))
		return 0;
	return pages;
}

static bool has_frames(const struct vs_extent *extent)
{
	return (extent->attributes & VS_ATTR_STATE) == VS_STATE_PRESENT &&
		extent->encoding != VS_FRAMES_NONE;
}

int vs_frames_take(struct vs_frame_map *frames, uint32_t member, const struct vs_extent *extent,
		   bool add)
{
	uint32_t at = 0;

	if (!has_frames(extent))
		return 0;
	while (at < extent->pages) {
		uint32_t id = vs_frame_id(&frames->table, extent_frame(extent, at)), taken;

		if (id)
			taken = take_known(frames, member, extent, at, id);
		else if (add)
			taken = take_new(frames, member, extent, at);
		else
			taken = leave_unknown(frames, extent, at);
		if (!taken)
			return -ENOMEM;
		if (id || add)
			frames->taken += taken;
		at += taken;
	}
	return 0;
}

/* Whether the member was found to map the piece after another had. */
static bool joined(const struct vs_frame_map *frames, uint32_t id, uint32_t member)
{
	const struct vs_set *set = &frames->sets.set[frames->piece[id].set];

	return set->member == member && set->before;
}

int vs_frames_take_rest(struct vs_frame_map *frames, uint32_t member,
			const struct vs_extent *extent)
{
	uint32_t at = 0;

	while (has_frames(extent) && at < extent->pages) {
		uint32_t id = vs_frame_id(&frames->table, extent_frame(extent, at)), taken;

		if (id && joined(frames, id, member)) {
			at++;
			continue;
		}
		taken = id ? take_known(frames, member, extent, at, id) :
			take_new(frames, member, extent, at);
		if (!taken)
			return -ENOMEM;
		frames->taken += taken;
		at += taken;
	}
	return 0;
}
