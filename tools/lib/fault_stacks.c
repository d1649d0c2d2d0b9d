// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * User stacks of page faults, as BPF programs count them, by name. It must not know how
 * they are shown.
 *
 * An address means what was mapped there when its stack was seen first. Stacks that
 * differ in addresses alone, and not in names, become one.
 */
#include <stdlib.h>
#include <string.h>

#include "stacks.h"

void vs_stacks_free(struct vs_stacks *stacks)
{
	free(stacks->stack);
	free(stacks->at);
	free(stacks->frame);
	free(stacks->text);
	memset(stacks, 0, sizeof(*stacks));
}

#ifdef VMSCOPE_BPF

#include <errno.h>
#include <search.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "fault_stacks.h"
#include "faults.h"
#include "faults.skel.h"
#include "symbols.h"

_Static_assert(VS_STACK_COMM == FAULT_COMM, "names of threads");

/* Of one stack: all addresses, and a word before them. */
#define MOST	(FAULT_FRAMES + 1)

/* While they are read. */
struct reading {
	struct vs_images *images;
	struct vs_symbols *symbols;
	struct vs_stacks *to;
	size_t room_text, room_at, room_frames, room_stacks;
	void *texts, *frames, *places;	/* trees of tsearch() */
};

int vs_fault_stacks_choose(struct faults_bpf *bpf, uint32_t most, struct vs_error *error)
{
	bpf->rodata->stacks = most > 0;
	if (most && bpf_map__set_max_entries(bpf->maps.user_stacks, most))
		return vs_error_set(error, VS_FAIL_CANNOT, "%u stacks cannot be kept", most);
	return 0;
}

/* ------------------------------------------------------------------------ names */

/* Room for @more of them behind @nr; NULL without memory. */
static void *grown(void *array, size_t nr, size_t more, size_t *room, size_t size)
{
	size_t wanted = nr + more;

	if (wanted <= *room)
		return array;
	wanted = 2 * wanted + 64;
	array = reallocarray(array, wanted, size);
	if (array)
		*room = wanted;
	return array;
}

struct text {
	uint32_t at;
	char text[];
};

static int compare_texts(const void *a, const void *b)
{
	return strcmp(((const struct text *)a)->text, ((const struct text *)b)->text);
}

/* Where it stands; the first one, which is empty, without memory. */
static uint32_t text_of(struct reading *r, const char *text)
{
	size_t length = strlen(text);
	struct text *own, **found;
	char *all;

	if (!length)
		return 0;
	own = malloc(sizeof(*own) + length + 1);
	if (!own)
		return 0;
	memcpy(own->text, text, length + 1);
	found = tsearch(own, &r->texts, compare_texts);
	if (!found || *found != own) {
		free(own);
		return found ? (*found)->at : 0;
	}
	own->at = 0;
	all = grown(r->to->text, r->to->nr_text, length + 1, &r->room_text, 1);
	if (!all)
		return 0;
	r->to->text = all;
	own->at = r->to->nr_text;
	memcpy(all + own->at, text, length + 1);
	r->to->nr_text += length + 1;
	return own->at;
}

struct known_frame {
	struct vs_frame frame;
	uint32_t number;
};

static int compare_frames(const void *a, const void *b)
{
	return memcmp(&((const struct known_frame *)a)->frame,
		      &((const struct known_frame *)b)->frame, sizeof(struct vs_frame));
}

/* Its number; the first one, which is not known, without memory. */
static uint32_t number_of(struct reading *r, const struct vs_frame *frame)
{
	struct known_frame *own = calloc(1, sizeof(*own)), **found;
	struct vs_frame *all;

	if (!own)
		return 0;
	own->frame = *frame;
	found = tsearch(own, &r->frames, compare_frames);
	if (!found || *found != own) {
		free(own);
		return found ? (*found)->number : 0;
	}
	all = grown(r->to->frame, r->to->nr_frames, 1, &r->room_frames, sizeof(*all));
	if (!all)
		return 0;
	r->to->frame = all;
	own->number = r->to->nr_frames;
	all[r->to->nr_frames++] = *frame;
	return own->number;
}

/* The last part of a path, without what the kernel adds to that of a file that is gone. */
static uint32_t file_of(struct reading *r, const char *path)
{
	static const char gone[] = " (deleted)";
	const char *last = strrchr(path, '/');
	size_t length;
	char name[256];

	last = last ? last + 1 : path;
	length = strnlen(last, sizeof(name) - 1);
	memcpy(name, last, length);
	name[length] = 0;
	if (length > strlen(gone) && !strcmp(name + length - strlen(gone), gone))
		name[length - strlen(gone)] = 0;
	return text_of(r, name);
}

/* Of a file; @frame: its number, once it has one. */
struct place {
	uint64_t offset;
	uint32_t file;
	uint32_t frame;
};

static int compare_places(const void *a, const void *b)
{
	const struct place *one = a, *two = b;

	if (one->file != two->file)
		return one->file < two->file ? -1 : 1;
	return one->offset < two->offset ? -1 : one->offset > two->offset;
}

static uint32_t frame_in(struct reading *r, const struct vs_image *image, uint64_t offset)
{
	const char *name = vs_symbols_find(r->symbols, image, offset);
	struct vs_frame frame = {
		.kind = name ? VS_FRAME_NAMED : VS_FRAME_IN_FILE,
		.name = name ? text_of(r, name) : 0,
		.file = file_of(r, image->path),
		.offset = name ? 0 : offset,
	};

	return number_of(r, &frame);
}

/* Each place is asked for once. */
static uint32_t frame_of(struct reading *r, const struct fault_stack *from, uint64_t address)
{
	struct place *own, **found;
	struct vs_image image;
	uint64_t offset;

	if (!vs_images_find(r->images, from->tgid, address, from->first, &image, &offset))
		return 0;
	own = malloc(sizeof(*own));
	if (!own)
		return frame_in(r, &image, offset);
	*own = (struct place){ .offset = offset, .file = image.number };
	found = tsearch(own, &r->places, compare_places);
	if (!found) {
		free(own);
		return frame_in(r, &image, offset);
	}
	if (*found == own)
		own->frame = frame_in(r, &image, offset);
	else
		free(own);
	return (*found)->frame;
}

static uint32_t word(struct reading *r, enum vs_frame_kind kind)
{
	return number_of(r, &(struct vs_frame){ .kind = kind });
}

/* ----------------------------------------------------------------------- stacks */

/*
 * From where it happened on; returns how many. A caller where nothing is mapped is none:
 * the frame pointer led astray, and what is further out is not to be believed.
 */
static uint32_t name_callers(struct reading *r, const struct fault_stack *from, uint32_t *to)
{
	uint32_t n, nr = from->nr < FAULT_FRAMES ? from->nr : FAULT_FRAMES;

	if (!nr)
		to[0] = word(r, from->starting ? VS_FRAME_STARTING : VS_FRAME_NONE);
	for (n = 0; n < nr; n++) {
		/* What returns is behind a call, perhaps the last one of its function. */
		to[n] = frame_of(r, from, from->frame[n] - (n > 0));
		if (n && !to[n] && !vs_images_lost(r->images))
			return n;
	}
	if (nr == FAULT_FRAMES)
		to[n++] = word(r, VS_FRAME_DEEPER);
	return nr ? n : 1;
}

/* The other way round: from who was called by nobody. */
static uint32_t name_frames(struct reading *r, const struct fault_stack *from, uint32_t *to)
{
	uint32_t nr = name_callers(r, from, to);

	for (uint32_t i = 0; i < nr / 2; i++) {
		uint32_t other = to[i];

		to[i] = to[nr - 1 - i];
		to[nr - 1 - i] = other;
	}
	return nr;
}

static int take_stack(struct reading *r, const struct fault_stack *from)
{
	struct vs_stacks *to = r->to;
	uint32_t *at = grown(to->at, to->nr_at, MOST, &r->room_at, sizeof(*at));
	struct vs_stack *stack = grown(to->stack, to->nr_stacks, 1, &r->room_stacks,
				       sizeof(*stack));

	if (at)
		to->at = at;
	if (stack)
		to->stack = stack;
	if (!at || !stack)
		return -1;
	stack += to->nr_stacks;
	*stack = (struct vs_stack){
		.pid = from->tgid,
		.first = to->nr_at,
		.minor = from->minor,
		.major = from->major,
		.ns = from->ns,
	};
	memcpy(stack->comm, from->comm, strnlen(from->comm, sizeof(stack->comm) - 1));
	stack->nr = name_frames(r, from, at + to->nr_at);
	to->nr_at += stack->nr;
	to->nr_stacks++;
	return 0;
}

static int compare_stacks(const void *a, const void *b, void *context)
{
	const struct vs_stack *one = a, *two = b;
	const struct vs_stacks *all = context;
	int order = memcmp(one->comm, two->comm, sizeof(one->comm));

	if (order)
		return order;
	if (one->pid != two->pid)
		return one->pid < two->pid ? -1 : 1;
	for (uint32_t i = 0; i < one->nr && i < two->nr; i++) {
		uint32_t first = all->at[one->first + i], second = all->at[two->first + i];

		if (first != second)
			return first < second ? -1 : 1;
	}
	return one->nr < two->nr ? -1 : one->nr > two->nr;
}

/* Of those with the same names one is left. */
static void join(struct vs_stacks *stacks)
{
	size_t nr = 0;

	qsort_r(stacks->stack, stacks->nr_stacks, sizeof(*stacks->stack), compare_stacks, stacks);
	for (size_t i = 0; i < stacks->nr_stacks; i++) {
		const struct vs_stack *from = &stacks->stack[i];
		struct vs_stack *to = nr ? &stacks->stack[nr - 1] : NULL;

		if (to && !compare_stacks(to, from, stacks)) {
			to->minor += from->minor;
			to->major += from->major;
			to->ns += from->ns;
		} else {
			stacks->stack[nr++] = *from;
		}
	}
	stacks->nr_stacks = nr;
}

/* So many at once: a call of the kernel for each would take longer than the rest. */
#define BATCH		1024

struct batch {
	struct fault_stack_key key[BATCH];
	struct fault_stack value[BATCH];
};

static int read_all(struct reading *r, const struct bpf_map *map)
{
	struct batch *batch = malloc(sizeof(*batch));
	/* By which the kernel goes on; of a hash table it is the number of a bucket. */
	uint32_t position;
	bool more = batch, begun = false;
	int err = batch ? 0 : -1;

	while (more && !err) {
		__u32 nr = BATCH;
		int end = bpf_map_lookup_batch(bpf_map__fd(map), begun ? &position : NULL,
					       &position, batch->key, batch->value, &nr, NULL);

		more = !end;
		/* With this one come the last ones. */
		if (end && end != -ENOENT)
			err = -1;
		for (__u32 i = 0; i < nr && !err; i++)
			err = take_stack(r, &batch->value[i]);
		begun = true;
	}
	free(batch);
	if (!err)
		join(r->to);
	return err;
}

int vs_fault_stacks_end(struct faults_bpf *bpf, struct vs_images *images,
			struct vs_stacks *stacks)
{
	struct reading r = {
		.images = images, .symbols = vs_symbols_new(), .to = stacks,
		.room_text = 1,
	};
	int err = -1;

	memset(stacks, 0, sizeof(*stacks));
	stacks->asked = true;
	stacks->text = calloc(1, 1);
	stacks->nr_text = 1;
	vs_images_read(images, true);
	/* number 0, which is that of all that is not known */
	if (r.symbols && stacks->text) {
		word(&r, VS_FRAME_UNKNOWN);
		err = stacks->nr_frames ? read_all(&r, bpf->maps.user_stacks) : -1;
	}
	stacks->filtered = bpf->bss->filtered_stacks;
	stacks->no_place = bpf->bss->lost_stacks;
	stacks->mappings_lost = vs_images_lost(images);
	tdestroy(r.texts, free);
	tdestroy(r.frames, free);
	tdestroy(r.places, free);
	vs_symbols_free(r.symbols);
	if (err)
		vs_stacks_free(stacks);
	return err;
}

#endif
