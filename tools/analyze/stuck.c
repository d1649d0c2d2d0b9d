// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages that cannot be moved, split or reclaimed as others can. It must not
 * know how that is shown.
 */
#include <stdlib.h>

#include "stuck.h"
#include "top.h"

const struct vs_stuck_word vs_stuck_words[VS_STUCK_NR] = {
	[VS_STUCK_PINNED] = {
		"pinned", "migration, compaction, THP, reclaim",
		"pinned for DMA by a driver, RDMA, io_uring, O_DIRECT or VFIO",
		VS_ATTR_PINNED },
	[VS_STUCK_REFERENCED] = {
		"referenced", "migration, compaction, THP, reclaim",
		"on an LRU list, with references that nothing explains: a pipe, a socket, I/O on its way",
		VS_ATTR_EXTRA_REFS | VS_ATTR_LRU },
	[VS_STUCK_OFF_LIST] = {
		"off-list", "migration, compaction, THP, reclaim",
		"on no LRU list, with references that nothing explains: the kernel's own, isolated, or on its way to a list",
		VS_ATTR_EXTRA_REFS | VS_ATTR_LRU },
	[VS_STUCK_MLOCKED] = {
		"mlocked", "reclaim", "mlock()", VS_ATTR_MLOCKED },
	[VS_STUCK_UNEVICTABLE] = {
		"unevictable", "reclaim", "unevictable, but not mlocked: ramfs, SHM_LOCK, secretmem",
		VS_ATTR_UNEVICTABLE },
	[VS_STUCK_DEFERRED] = {
		"deferred", "freeing",
		"part of a huge page of which the rest is unmapped: the rest is freed when it is split",
		VS_ATTR_DEFERRED },
	[VS_STUCK_WRITEBACK] = {
		"writeback", "migration, reclaim", "being written: waited for", VS_ATTR_WRITEBACK },
	[VS_STUCK_LOCKED] = {
		"locked", "migration, THP, reclaim", "folio lock held: passed over", VS_ATTR_LOCKED },
	[VS_STUCK_MIGRATING] = {
		"migrating", "access", "being moved: who touches it waits", VS_ATTR_STATE },
	[VS_STUCK_HWPOISON] = {
		"hwpoison", "access", "lost to a memory error: touching it is SIGBUS", VS_ATTR_STATE },
	[VS_STUCK_DEVICE] = {
		"device", "migration, compaction, THP, reclaim", "memory of a device",
		VS_ATTR_KIND },
};

void *vs_stuck_begin(const struct vs_model *model)
{
	struct vs_stuck *stuck = calloc(1, sizeof(*stuck));

	if (!stuck)
		return NULL;
	stuck->model = model;
	vs_rows_init(&stuck->rows, model, sizeof(struct vs_stuck_row));
	return stuck;
}

static uint32_t present_reasons(uint64_t attributes)
{
	uint32_t reasons = 0;

	if (attributes & VS_ATTR_PINNED)
		reasons |= 1u << VS_STUCK_PINNED;
	if (attributes & VS_ATTR_EXTRA_REFS)
		reasons |= 1u << (attributes & VS_ATTR_LRU ? VS_STUCK_REFERENCED :
							     VS_STUCK_OFF_LIST);
	if (attributes & VS_ATTR_MLOCKED)
		reasons |= 1u << VS_STUCK_MLOCKED;
	else if (attributes & VS_ATTR_UNEVICTABLE)
		reasons |= 1u << VS_STUCK_UNEVICTABLE;
	if (attributes & VS_ATTR_DEFERRED)
		reasons |= 1u << VS_STUCK_DEFERRED;
	if (attributes & VS_ATTR_WRITEBACK)
		reasons |= 1u << VS_STUCK_WRITEBACK;
	if (attributes & VS_ATTR_LOCKED)
		reasons |= 1u << VS_STUCK_LOCKED;
	return reasons;
}

static uint32_t reasons_of(const struct vs_stuck *stuck, uint64_t attributes)
{
	uint64_t kind = (attributes & VS_ATTR_KIND) >> VS_ATTR_KIND_SHIFT;

	switch (attributes & VS_ATTR_STATE) {
	case VS_STATE_MIGRATING:
		return 1u << VS_STUCK_MIGRATING;
	case VS_STATE_HWPOISON:
		return 1u << VS_STUCK_HWPOISON;
	case VS_STATE_DEVICE:
		return 1u << VS_STUCK_DEVICE;
	case VS_STATE_PRESENT:
		if (kind == VS_KIND_DEVICE && stuck->model->kernel.key & VS_ATTR_KIND)
			return present_reasons(attributes) | 1u << VS_STUCK_DEVICE;
		return present_reasons(attributes);
	}
	return 0;
}

static void add(struct vs_stuck_row *row, uint32_t reasons, uint64_t bytes)
{
	row->stuck += bytes;
	for (int i = 0; i < VS_STUCK_NR; i++)
		if (reasons & 1u << i)
			row->reason[i] += bytes;
}

/* Remember a run, or that the last one goes on. */
static int remember(struct vs_stuck *stuck, const struct vs_stuck_run *next)
{
	struct vs_stuck_run *last = &stuck->last;
	bool kept = stuck->nr == stuck->runs;

	if (stuck->runs && last->start + last->bytes == next->start &&
	    last->reasons == next->reasons && last->vma == next->vma) {
		last->bytes += next->bytes;
		if (kept)
			stuck->run[stuck->nr - 1] = *last;
		return 0;
	}
	*last = *next;
	stuck->runs++;
	for (int i = 0; i < VS_STUCK_NR; i++)
		stuck->reason_runs[i] += next->reasons >> i & 1;
	if (!kept || stuck->nr == VS_STUCK_RUNS)
		return 0;
	if (stuck->nr == stuck->max) {
		size_t max = stuck->max ? 2 * stuck->max : 64;
		struct vs_stuck_run *run = reallocarray(stuck->run, max, sizeof(*run));

		if (!run)
			return -1;
		stuck->run = run;
		stuck->max = max;
	}
	stuck->run[stuck->nr++] = *next;
	return 0;
}

int vs_stuck_extent(void *state, const struct vs_vma *vma, const struct vs_extent *extent)
{
	struct vs_stuck *stuck = state;
	uint64_t bytes = (uint64_t)extent->pages << stuck->model->kernel.page_shift;
	struct vs_stuck_run run = {
		.start = extent->start,
		.bytes = bytes,
		.reasons = reasons_of(stuck, extent->attributes),
		.vma = vma - stuck->model->vma,
	};
	struct vs_stuck_row *row;

	if ((extent->attributes & VS_ATTR_STATE) == VS_STATE_PRESENT)
		stuck->resident += bytes;
	else if (run.reasons)
		stuck->elsewhere += bytes;
	if (!run.reasons)
		return 0;
	row = vs_row(&stuck->rows, vma);
	if (!row)
		return -1;
	add(row, run.reasons, bytes);
	add(&stuck->total, run.reasons, bytes);
	return remember(stuck, &run);
}

int vs_stuck_finish(void *state)
{
	(void)state;
	return 0;
}

void vs_stuck_end(void *state)
{
	struct vs_stuck *stuck = state;

	vs_rows_free(&stuck->rows);
	free(stuck->run);
	free(stuck);
}

bool vs_stuck_told(const struct vs_stuck *stuck, enum vs_stuck_reason reason)
{
	return !(vs_stuck_words[reason].needs & ~stuck->model->kernel.key);
}

static int by_size(const void *one, const void *other)
{
	const struct vs_stuck_row *a = one, *b = other;

	return (a->stuck < b->stuck) - (a->stuck > b->stuck);
}

size_t vs_stuck_top(const struct vs_stuck *stuck, uint32_t *index, size_t max)
{
	return vs_rows_top(&stuck->rows, by_size, index, max);
}

size_t vs_stuck_longest(const struct vs_stuck *stuck, uint32_t *index, size_t max)
{
	size_t nr = 0;

	for (size_t i = 0; i < stuck->nr; i++) {
		size_t at = nr;

		for (; at && stuck->run[index[at - 1]].bytes < stuck->run[i].bytes; at--)
			;
		nr = vs_top_insert(index, nr, max, at, i);
	}
	return nr;
}
