// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where a process's swapped pages are: runs of slots, and what is known of each
 * slot added up. It must not know how it is shown.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "swap.h"

#define BATCH		4096
#define STORED		0x80

struct vs_swap *vs_swap_new(const struct vs_model *model)
{
	struct vs_swap *swap = calloc(1, sizeof(*swap));

	if (!swap)
		return NULL;
	swap->model = model;
	vs_rows_init(&swap->rows, model, sizeof(struct vs_swap_row));
	return swap;
}

void vs_swap_free(void *state)
{
	struct vs_swap *swap = state;

	vs_rows_free(&swap->rows);
	free(swap->run);
	free(swap->by_slot);
	free(swap->place);
	free(swap->zram);
	free(swap->part);
	free(swap);
}

static uint64_t bytes(const struct vs_swap *swap, uint64_t pages)
{
	return pages << swap->model->kernel.page_shift;
}

/* ------------------------------------------------------------------- runs */

static bool continues(const struct vs_swap_run *run, const struct vs_swap_run *next)
{
	return run->page + run->pages == next->page && run->slot + run->pages == next->slot &&
	       run->vma == next->vma && run->type == next->type && run->shmem == next->shmem &&
	       run->pages < UINT32_MAX - next->pages;
}

static int add_run(struct vs_swap *swap, const struct vs_swap_run *next)
{
	struct vs_swap_run *last = swap->nr_runs ? &swap->run[swap->nr_runs - 1] : NULL;

	if (last && continues(last, next)) {
		last->pages += next->pages;
		return 0;
	}
	if (swap->nr_runs == swap->max_runs) {
		size_t max = swap->max_runs ? swap->max_runs * 2 : 256;
		struct vs_swap_run *run = reallocarray(swap->run, max, sizeof(*run));

		if (!run)
			return -ENOMEM;
		swap->run = run;
		swap->max_runs = max;
	}
	swap->run[swap->nr_runs++] = *next;
	return 0;
}

static int add_slots(struct vs_swap *swap, const struct vs_swap_run *all,
		     const struct vs_extent *extent)
{
	struct vs_swap_run one = *all;

	if (extent->encoding != VS_FRAMES_LIST)
		return add_run(swap, all);
	one.pages = 1;
	for (uint32_t i = 0; i < all->pages; i++, one.page++) {
		one.slot = extent->frame + extent->list[i];
		if (add_run(swap, &one))
			return -ENOMEM;
	}
	return 0;
}

static void add_bytes(struct vs_swap_row *row, uint64_t size, uint64_t attributes, bool shmem)
{
	row->swapped += size;
	if (shmem)
		row->shmem += size;
	else
		row->anon += size;
	if (!shmem && attributes & VS_ATTR_SWAP_EXCLUSIVE)
		row->exclusive += size;
}

int vs_swap_extent(void *state, const struct vs_vma *vma, const struct vs_extent *extent)
{
	struct vs_swap *swap = state;
	const uint64_t attributes = extent->attributes;
	bool shmem = attributes & VS_ATTR_SHMEM_SWAPPED;
	struct vs_swap_run run = {
		.page = extent->start >> swap->model->kernel.page_shift,
		.slot = extent->frame,
		.pages = extent->pages,
		.vma = vma - swap->model->vma,
		.type = extent->swap_type,
		.shmem = shmem,
	};
	struct vs_swap_row *row;

	if ((attributes & VS_ATTR_STATE) != VS_STATE_SWAPPED && !shmem)
		return 0;
	row = vs_row(&swap->rows, vma);
	if (!row)
		return -ENOMEM;
	add_bytes(row, bytes(swap, extent->pages), attributes, shmem);
	add_bytes(&swap->total, bytes(swap, extent->pages), attributes, shmem);
	if (extent->encoding != VS_FRAMES_RUN && extent->encoding != VS_FRAMES_LIST) {
		swap->unplaced += bytes(swap, extent->pages);
		return 0;
	}
	return add_slots(swap, &run, extent);
}

/* ---------------------------------------------------- places and their sums */

static struct vs_swap_place *place_of(const struct vs_swap *swap, unsigned int type)
{
	for (int i = 0; i < swap->nr_places; i++)
		if (swap->place[i].type == type)
			return &swap->place[i];
	return NULL;
}

static int by_type(const void *one, const void *other)
{
	const struct vs_swap_place *a = one, *b = other;

	return (a->type > b->type) - (a->type < b->type);
}

static int make_places(struct vs_swap *swap)
{
	for (size_t i = 0; i < swap->nr_runs; i++) {
		struct vs_swap_place *place;

		if (place_of(swap, swap->run[i].type))
			continue;
		place = reallocarray(swap->place, swap->nr_places + 1, sizeof(*place));
		if (!place)
			return -ENOMEM;
		swap->place = place;
		place[swap->nr_places++] = (struct vs_swap_place){ .type = swap->run[i].type };
	}
	if (swap->nr_places)
		qsort(swap->place, swap->nr_places, sizeof(*swap->place), by_type);
	return 0;
}

static struct vs_swap_row *row_of(struct vs_swap *swap, const struct vs_swap_run *run)
{
	return vs_row(&swap->rows, &swap->model->vma[run->vma]);
}

static void count_run(struct vs_swap_row *row, uint64_t size, bool upward)
{
	row->runs++;
	row->upward += upward;
	if (row->longest < size)
		row->longest = size;
}

static int by_slot(const void *one, const void *other, void *context)
{
	const struct vs_swap *swap = context;
	const struct vs_swap_run *a = &swap->run[*(const uint32_t *)one];
	const struct vs_swap_run *b = &swap->run[*(const uint32_t *)other];

	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	return (a->slot > b->slot) - (a->slot < b->slot);
}

static int sort_runs(struct vs_swap *swap)
{
	swap->by_slot = calloc(swap->nr_runs + 1, sizeof(*swap->by_slot));
	if (!swap->by_slot)
		return -ENOMEM;
	for (size_t i = 0; i < swap->nr_runs; i++)
		swap->by_slot[i] = i;
	qsort_r(swap->by_slot, swap->nr_runs, sizeof(*swap->by_slot), by_slot, swap);
	return 0;
}

static void unknown(struct vs_swap_row *row)
{
	row->pss = row->shared = row->cached = VS_UNKNOWN;
	row->zswap = row->compressed = row->zero = row->freed = VS_UNKNOWN;
}

static void unplaced(struct vs_swap_row *row)
{
	row->runs = row->upward = row->longest = VS_UNKNOWN;
}

/* Until somebody tells, nothing is known of the slots. */
static void nothing_known(struct vs_swap *swap)
{
	if (!swap->total.swapped)
		return;
	unknown(&swap->total);
	for (int i = 0; i < swap->nr_places; i++)
		unknown(&swap->place[i].sum);
	for (size_t i = 0; i < swap->rows.nr; i++) {
		struct vs_swap_row *row = (void *)(swap->rows.data + i * swap->rows.size);

		if (!row->swapped)
			continue;
		unknown(row);
		if (swap->unplaced)
			unplaced(row);
	}
	if (swap->unplaced)
		unplaced(&swap->total);
}

int vs_swap_finish(void *state)
{
	struct vs_swap *swap = state;
	const struct vs_swap_run *before = NULL;

	if (make_places(swap) || sort_runs(swap))
		return -ENOMEM;
	for (size_t i = 0; i < swap->nr_runs; i++) {
		struct vs_swap_run *run = &swap->run[i];
		struct vs_swap_place *place = place_of(swap, run->type);
		uint64_t size = bytes(swap, run->pages);
		bool upward = before && before->type == run->type &&
			      run->slot >= before->slot + before->pages;

		run->first = swap->pages;
		swap->pages += run->pages;
		count_run(row_of(swap, run), size, upward);
		count_run(&swap->total, size, upward);
		count_run(&place->sum, size, upward);
		add_bytes(&place->sum, size, 0, run->shmem);
		before = run;
	}
	/* which entries are exclusive is known of mappings only */
	for (int i = 0; i < swap->nr_places; i++)
		swap->place[i].sum.exclusive = VS_UNKNOWN;
	nothing_known(swap);
	return 0;
}

/* ------------------------------------------------------------------ names */

/* The kernel lists areas in the order of their numbers, and leaves out gaps. */
static bool name_by_numbers(struct vs_swap *swap, const uint32_t *pages)
{
	const struct vs_swap_area *area[VS_SLOT_AREAS] = { 0 };
	int nr = 0;

	for (int type = 0; type < VS_SLOT_AREAS; type++) {
		if (!pages[type])
			continue;
		if (nr == swap->swaps.nr || swap->swaps.area[nr].size != bytes(swap, pages[type]))
			return false;
		area[type] = &swap->swaps.area[nr++];
	}
	if (nr != swap->swaps.nr)
		return false;
	for (int i = 0; i < swap->nr_places; i++)
		if (swap->place[i].type < VS_SLOT_AREAS)
			swap->place[i].area = area[swap->place[i].type];
	return true;
}

void vs_swap_name(struct vs_swap *swap, const uint32_t *pages, bool same)
{
	if (!swap->nr_places)
		return;
	if (!swap->have_swaps || !same)
		swap->why_no_names = same ? "/proc/swaps cannot be read" :
				     "swap was turned on or off during the look";
	else if (pages && name_by_numbers(swap, pages))
		;
	else if (swap->nr_places == swap->swaps.nr)
		/* each area that there is holds something of this process */
		for (int i = 0; i < swap->nr_places; i++)
			swap->place[i].area = &swap->swaps.area[i];
	else
		swap->why_no_names = "of several areas, the kernel does not show which has which number";
	for (int i = 0; i < swap->nr_places; i++) {
		struct vs_swap_place *place = &swap->place[i];

		place->is_zram = place->area && place->area->zram >= 0;
	}
}

/* ------------------------------------------------------------------- zram */

int vs_swap_want_zram(struct vs_swap *swap)
{
	if (!swap->zram)
		swap->zram = calloc(swap->pages + 1, 1);
	return swap->zram ? 0 : -ENOMEM;
}

/* The run that holds a slot, or NULL. */
static const struct vs_swap_run *find_slot(const struct vs_swap *swap, unsigned int type,
					   uint64_t slot)
{
	size_t low = 0, high = swap->nr_runs;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct vs_swap_run *run = &swap->run[swap->by_slot[middle]];

		if (run->type < type || (run->type == type && run->slot + (uint64_t)run->pages <= slot))
			low = middle + 1;
		else if (run->type > type || run->slot > slot)
			high = middle;
		else
			return run;
	}
	return NULL;
}

void vs_swap_zram_tell(void *context, uint64_t page, unsigned int state)
{
	const struct vs_swap_zram_place *at = context;
	const struct vs_swap_run *run = find_slot(at->swap, at->place->type, page);
	struct vs_swap_zram *zram = &at->place->zram;
	uint64_t size = bytes(at->swap, 1);

	if (!run)
		return;
	at->swap->zram[run->first + page - run->slot] = STORED | state;
	zram->stored += size;
	zram->same += state & VS_ZRAM_SAME ? size : 0;
	zram->written += state & VS_ZRAM_WRITTEN ? size : 0;
	zram->huge += state & VS_ZRAM_HUGE ? size : 0;
	zram->idle += state & VS_ZRAM_IDLE ? size : 0;
	zram->recompressed += state & VS_ZRAM_RECOMPRESSED ? size : 0;
	zram->incompressible += state & VS_ZRAM_INCOMPRESSIBLE ? size : 0;
}

/* ------------------------------------------------------------------ slots */

static bool joins(const struct vs_swap_part *part, const struct vs_swap_part *next)
{
	uint64_t frame = part->frame + (part->flags & VS_SLOT_FRAME ? part->run.pages : 0);

	return continues(&part->run, &next->run) && part->flags == next->flags &&
	       part->count == next->count && frame == next->frame && part->zram == next->zram &&
	       part->in_zram == next->in_zram;
}

static int add_part(struct vs_swap *swap, const struct vs_swap_run *run, const struct vs_slot *slot)
{
	struct vs_swap_part *last = swap->nr_parts ? &swap->part[swap->nr_parts - 1] : NULL;
	uint8_t zram = swap->zram ? swap->zram[run->first] : 0;
	struct vs_swap_part next = {
		.run = *run, .flags = slot->flags, .count = slot->count, .frame = slot->frame,
		.length = slot->length, .zram = zram & ~STORED, .in_zram = zram & STORED,
	};

	if (last && joins(last, &next)) {
		last->run.pages++;
		last->length += slot->length;
		return 0;
	}
	if (swap->nr_parts == swap->max_parts) {
		size_t max = swap->max_parts ? swap->max_parts * 2 : 256;
		struct vs_swap_part *part = reallocarray(swap->part, max, sizeof(*part));

		if (!part)
			return -ENOMEM;
		swap->part = part;
		swap->max_parts = max;
	}
	swap->part[swap->nr_parts++] = next;
	return 0;
}

/* The rules of SwapPss are those of fs/proc/task_mmu.c:smaps_pte_entry(). */
static void add_slot(struct vs_swap_row *row, const struct vs_slot *slot, uint64_t size, bool shmem)
{
	uint64_t share = size << VS_PSS_SHIFT;

	if (!shmem)
		row->pss += slot->count >= 2 ? share / slot->count : share;
	if (!slot->count) {
		row->freed += size;
		return;
	}
	row->shared += slot->count >= 2 ? size : 0;
	row->cached += slot->flags & VS_SLOT_CACHED ? size : 0;
	row->zero += slot->flags & VS_SLOT_ZERO ? size : 0;
	row->zswap += slot->flags & VS_SLOT_ZSWAP ? size : 0;
	row->compressed += slot->length;
}

static int take_slot(struct vs_swap *swap, const struct vs_swap_run *run, uint32_t n,
		     const struct vs_slot *slot)
{
	const struct vs_swap_run one = {
		.page = run->page + n, .first = run->first + n, .slot = run->slot + n,
		.pages = 1, .vma = run->vma, .type = run->type, .shmem = run->shmem,
	};
	uint64_t size = bytes(swap, 1);

	if (swap->have_slots) {
		add_slot(row_of(swap, run), slot, size, run->shmem);
		add_slot(&place_of(swap, run->type)->sum, slot, size, run->shmem);
		swap->least |= !!(slot->flags & VS_SLOT_LEAST);
	}
	return swap->keep_parts ? add_part(swap, &one, slot) : 0;
}

static void begin_known(struct vs_swap_row *row)
{
	row->pss = row->shared = row->cached = 0;
	row->zswap = row->compressed = row->zero = row->freed = 0;
}

/* In bytes now, as smaps rounds them. */
static void end_known(const struct vs_swap *swap, struct vs_swap_row *row)
{
	row->pss >>= VS_PSS_SHIFT;
	if (swap->least)
		row->pss = VS_UNKNOWN;
	if (!swap->have_zswap)
		row->zswap = row->compressed = VS_UNKNOWN;
}

static void add_rows(struct vs_swap_row *sum, const struct vs_swap_row *row)
{
	sum->pss += row->pss;
	sum->shared += row->shared;
	sum->cached += row->cached;
	sum->zswap += row->zswap;
	sum->compressed += row->compressed;
	sum->zero += row->zero;
	sum->freed += row->freed;
}

typedef void (*row_fn)(const struct vs_swap *swap, struct vs_swap_row *row);

static void act_on_rows(struct vs_swap *swap, row_fn act)
{
	for (size_t i = 0; i < swap->rows.nr; i++) {
		struct vs_swap_row *row = (void *)(swap->rows.data + i * swap->rows.size);

		if (row->swapped)
			act(swap, row);
	}
	for (int i = 0; i < swap->nr_places; i++)
		act(swap, &swap->place[i].sum);
}

static void begin_row(const struct vs_swap *swap, struct vs_swap_row *row)
{
	(void)swap;
	begin_known(row);
}

static int ask_all(struct vs_swap *swap,
		   int (*ask)(void *context, struct vs_slot *slot, size_t nr), void *context,
		   struct vs_slot *batch)
{
	size_t at = 0;
	uint32_t page = 0;

	while (at < swap->nr_runs) {
		size_t begin = at, nr = 0;
		uint32_t begin_page = page;

		for (; at < swap->nr_runs && nr < BATCH; nr++) {
			const struct vs_swap_run *run = &swap->run[at];

			batch[nr] = (struct vs_slot){ .type = run->type, .slot = run->slot + page };
			if (++page == run->pages) {
				page = 0;
				at++;
			}
		}
		if (ask && ask(context, batch, nr))
			return -EIO;
		for (size_t i = 0; i < nr; i++) {
			const struct vs_swap_run *run = &swap->run[begin];

			if (take_slot(swap, run, begin_page, &batch[i]))
				return -ENOMEM;
			if (++begin_page == run->pages) {
				begin_page = 0;
				begin++;
			}
		}
	}
	return 0;
}

int vs_swap_ask(struct vs_swap *swap, int (*ask)(void *context, struct vs_slot *slot, size_t nr),
		void *context)
{
	struct vs_slot *batch;
	int err;

	if (!ask && !swap->keep_parts)
		return 0;
	batch = malloc(BATCH * sizeof(*batch));
	if (!batch)
		return -ENOMEM;
	swap->nr_parts = 0;
	swap->have_slots = ask;
	if (ask)
		act_on_rows(swap, begin_row);
	err = ask_all(swap, ask, context, batch);
	free(batch);
	if (err) {
		swap->have_slots = false;
		nothing_known(swap);
		return err;
	}
	if (!ask)
		return 0;
	begin_known(&swap->total);
	for (int i = 0; i < swap->nr_places; i++)
		add_rows(&swap->total, &swap->place[i].sum);
	act_on_rows(swap, end_known);
	end_known(swap, &swap->total);
	return 0;
}

static int by_swapped(const void *one, const void *other)
{
	const struct vs_swap_row *a = one, *b = other;

	return (a->swapped < b->swapped) - (a->swapped > b->swapped);
}

size_t vs_swap_top(const struct vs_swap *swap, uint32_t *index, size_t max)
{
	return vs_rows_top(&swap->rows, by_swapped, index, max);
}
