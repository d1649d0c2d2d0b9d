// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What it takes to read swapped pages back: the kernel's readahead, followed
 * over the pages that this process has in swap. It must not know how it is
 * shown.
 *
 * The rules are those of mm/swap_state.c: of the slots around the one that is
 * needed, or of the entries around it in the page table, as many as
 * vm.page-cluster says at most.
 */
#include <stdlib.h>

#include "swap.h"

#define MOST_BY_ADDRESS		5	/* SWAP_RA_ORDER_CEILING */
#define MOST_NEIGHBOURS		256	/* compared with each other */

/* One swapped page after the other. */
struct cursor {
	const struct vs_swap *swap;
	const uint32_t *order;		/* of runs, NULL: as they are */
	size_t at;			/* run */
	uint32_t page;			/* in it */
};

struct swapped {
	uint64_t page;
	uint32_t slot;
	uint32_t vma;
	const struct vs_swap_run *run;
};

static bool get(const struct cursor *cursor, struct swapped *now)
{
	const struct vs_swap *swap = cursor->swap;
	const struct vs_swap_run *run;

	if (cursor->at == swap->nr_runs)
		return false;
	run = &swap->run[cursor->order ? cursor->order[cursor->at] : cursor->at];
	*now = (struct swapped){ run->page + cursor->page, run->slot + cursor->page, run->vma, run };
	return true;
}

static void step(struct cursor *cursor, const struct vs_swap_run *run)
{
	if (++cursor->page < run->pages)
		return;
	cursor->page = 0;
	cursor->at++;
}

static struct vs_swap_reading *reading_of(const struct vs_swap *swap, const struct swapped *now)
{
	for (int i = 0; i < swap->nr_places; i++)
		if (swap->place[i].type == now->run->type)
			return &swap->place[i].reading[now->run->shmem];
	return NULL;
}

/* ------------------------------------------------------------ by addresses */

/* No window leaves the page table in which it began. */
static uint64_t end_of_table(const struct vs_swap *swap, uint64_t page)
{
	const struct vs_kernel *kernel = &swap->model->kernel;
	uint32_t shift = kernel->level[VS_LEVEL_PMD].shift;
	uint64_t pages = shift > kernel->page_shift ? 1ull << (shift - kernel->page_shift) : 512;

	return (page / pages + 1) * pages;
}

static void read_by_addresses(const struct vs_swap *swap)
{
	struct cursor cursor = { .swap = swap }, ahead = { .swap = swap };
	uint64_t end = 0, at = 0, ahead_at = 0;
	struct swapped now, next, before = { 0 };

	for (; get(&cursor, &now); step(&cursor, now.run), before = now, at++) {
		struct vs_swap_reading *reading = reading_of(swap, &now);

		for (; get(&ahead, &next) && (ahead_at <= at || (next.vma == now.vma &&
		      next.page < now.page + reading->window)); ahead_at++)
			step(&ahead, next.run);
		if (reading->how != VS_READ_ADDRESSES && reading->how != VS_READ_ONE)
			continue;
		reading->needed++;
		reading->read++;
		reading->following += ahead_at - at - 1;
		if (!before.run || before.vma != now.vma || now.page >= end) {
			end = now.page + reading->window;
			if (end > end_of_table(swap, now.page))
				end = end_of_table(swap, now.page);
			reading->windows++;
			reading->requests++;
		} else if (before.slot + 1 != now.slot || before.run->type != now.run->type) {
			reading->requests++;
		}
	}
}

/* --------------------------------------------------------------- by slots */

/* Pages of one read, of the same kind. */
struct block {
	uint64_t number;
	const struct vs_swap_reading *reading;
	uint32_t nr;
	struct swapped page[MOST_NEIGHBOURS];
};

/* Of each page's neighbours, those that the process has next to it. */
static uint64_t following(const struct block *block)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < block->nr; i++)
		for (uint32_t k = 0; k < block->nr; k++)
			if (block->page[k].vma == block->page[i].vma &&
			    block->page[k].page > block->page[i].page &&
			    block->page[k].page < block->page[i].page + block->reading->window)
				sum++;
	return sum;
}

static void read_by_slots(const struct vs_swap *swap, bool shmem, struct block *block)
{
	struct cursor cursor = { .swap = swap, .order = swap->by_slot };
	struct vs_swap_reading *reading = NULL;
	struct swapped now;

	block->reading = NULL;
	for (; get(&cursor, &now); step(&cursor, now.run)) {
		struct vs_swap_reading *of = reading_of(swap, &now);

		if (of->how != VS_READ_SLOTS || now.run->shmem != shmem)
			continue;
		if (of != block->reading || now.slot / of->window != block->number) {
			if (reading)
				reading->following += following(block);
			reading = of;
			block->reading = of;
			block->number = now.slot / of->window;
			block->nr = 0;
			of->windows++;
			of->requests++;
			of->read += of->window;
		}
		of->needed++;
		if (block->nr < MOST_NEIGHBOURS)
			block->page[block->nr++] = now;
	}
	if (reading)
		reading->following += following(block);
}

/* ------------------------------------------------------------------------ */

/* zram is read without readahead; where it is one of several it is not known. */
static enum vs_reading how(const struct vs_swap *swap, const struct vs_swap_place *place,
			   bool shmem)
{
	bool zram = place->is_zram;

	if (!swap->have_swaps)
		return VS_READ_UNKNOWN;
	if (!swap->swaps.cluster)
		return VS_READ_ONE;
	if (shmem)
		return VS_READ_SLOTS;
	for (int i = 0; !place->area && i < swap->swaps.nr; i++)
		zram |= swap->swaps.area[i].zram >= 0;
	if (zram)
		return place->area ? VS_READ_ONE : VS_READ_UNKNOWN;
	return swap->swaps.by_address ? VS_READ_ADDRESSES : VS_READ_SLOTS;
}

void vs_swap_read_back(struct vs_swap *swap)
{
	unsigned int cluster = swap->swaps.cluster < 20 ? swap->swaps.cluster : 20;
	struct block *block = malloc(sizeof(*block));

	for (int i = 0; i < swap->nr_places; i++)
		for (int shmem = 0; shmem < 2; shmem++) {
			struct vs_swap_reading *reading = &swap->place[i].reading[shmem];
			unsigned int order = cluster;

			reading->how = how(swap, &swap->place[i], shmem);
			if (!block)
				reading->how = VS_READ_UNKNOWN;
			if (reading->how == VS_READ_ADDRESSES && order > MOST_BY_ADDRESS)
				order = MOST_BY_ADDRESS;
			reading->window = reading->how == VS_READ_ONE ? 1 : 1ull << order;
		}
	if (block) {
		read_by_addresses(swap);
		read_by_slots(swap, false, block);
		read_by_slots(swap, true, block);
	}
	free(block);
}
