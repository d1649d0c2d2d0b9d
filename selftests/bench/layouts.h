/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The address spaces that are measured, each built by a child process which
 * then sleeps; knows nothing of how or against what they are measured.
 */
#ifndef BENCH_LAYOUTS_H
#define BENCH_LAYOUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "target.h"

enum layout_id {
	LAYOUT_CONTIGUOUS,
	LAYOUT_RANDOM,
	LAYOUT_YOUNG,
	LAYOUT_FILE,
	LAYOUT_FILE_TWICE,
	LAYOUT_SHMEM,
	LAYOUT_FILE_MIX,
	LAYOUT_FORK,
	LAYOUT_FORK_COPIES,
	LAYOUT_FORK_LEFT,
	LAYOUT_MTHP,
	LAYOUT_HOLES,
	LAYOUT_THP,
	LAYOUT_ZERO,
	LAYOUT_PROTNONE,
	LAYOUT_HUGETLB,
	LAYOUT_PFNMAP,
	LAYOUT_MIXED,
	LAYOUT_SWAPPED,
	LAYOUT_SHMEM_SWAPPED,
	LAYOUT_SHMEM_COPIED,
	LAYOUT_SPARSE,
	LAYOUT_VMAS,
	LAYOUT_SMALL,
	LAYOUT_THP_EMPTY,
	LAYOUT_CROWD,
	LAYOUT_CROWD_RANDOM,
	LAYOUT_MANY,
	LAYOUT_PROGRAMS,
	LAYOUT_BUSY,
	LAYOUT_NR
};

extern const char *const layout_names[LAYOUT_NR];

/* Whether hundreds of processes are looked at, each of which has the size. */
bool layout_of_many(enum layout_id id);

/*
 * Build @id with @size bytes, where a size makes sense, in a new target.
 * *@pages becomes the number of pages that its entries map. Returns 0 or an
 * errno; ENOSYS where this kernel has no such memory.
 */
int layout_start(enum layout_id id, uint64_t size, struct target *t,
		 uint64_t *pages);

#endif
