/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One function for each interface that is measured, ours and the kernel's,
 * and the clock they are measured with; knows nothing of goals.
 */
#ifndef BENCH_MEASURES_H
#define BENCH_MEASURES_H

#include <stdint.h>

#include "target.h"

enum measure_id {
	/* ours */
	MEASURE_TALLY,
	MEASURE_TALLY_PLAIN,
	MEASURE_RECORDS,	/* VMA and TALLY */
	MEASURE_TABLES,		/* TALLY and TABLE */
	MEASURE_CHARGES,	/* TALLY and CHARGE */
	MEASURE_FRAMES,		/* EXTENT, frames only */
	MEASURE_FRAMES_PLAIN,
	MEASURE_EXTENTS,	/* EXTENT, all attributes and counts */
	MEASURE_EXTENTS_PLAIN,
	MEASURE_LOCKLESS,	/* all records of a target whose locks stay taken */
	MEASURE_SHOW,		/* the command */
	MEASURE_START,		/* a command that does nothing */
	MEASURE_FILL,		/* content, without a pause */
	MEASURE_SHARE,		/* vmscope share of the target, with everybody */
	MEASURE_MATRIX,		/* vmscope share of the target and its children */
	MEASURE_HOST,		/* vmscope host */
	/* the kernel's */
	MEASURE_ROLLUP,
	MEASURE_SMAPS,
	MEASURE_PAGEMAP,
	MEASURE_PAGEMAP_SCAN,
	MEASURE_KPAGE,		/* pagemap, kpageflags, kpagecount */
	MEASURE_PAGE_TYPES,
	MEASURE_ROLLUPS,	/* smaps_rollup of the target and its children */
	MEASURE_MEMCHR,		/* memchr_inv() of the same memory */
	MEASURE_NR
};

extern const char *const measure_names[MEASURE_NR];

/* What one measurement gave. */
struct sample {
	uint64_t pages;		/* in: that the target's entries map */
	uint64_t best;		/* ns; instructions under icount */
	uint64_t median;
	uint64_t calls;
	uint64_t records;
	uint64_t bytes;		/* of records */
	uint64_t longest[VMSCOPE_LOCK_NR];	/* section of the quietest round */
	uint64_t memory;	/* KiB of a command at its largest */
	int error;		/* errno; ENOSYS: this kernel has no such thing */
};

/* Program paths; NULL when there is none. */
extern const char *page_types_path;

/* Run @id on @t, which maps @pages, @rounds times. */
struct sample measure(enum measure_id id, const struct target *t, uint64_t pages,
		      unsigned int rounds);

#endif
