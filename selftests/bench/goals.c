// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What has to be measured and how good it has to be; knows nothing of how it
 * is measured.
 */
#include "goals.h"

#define NONE	MEASURE_NR
#define M	1e6

#define TALLY(where, pages, times)					\
	{ .layout = LAYOUT_##where, .ours = MEASURE_TALLY,		\
	  .against = MEASURE_ROLLUP, .per_page = (pages),		\
	  .ratio = (times), .without = NONE }
/* No figure was promised but that we are not slower. */
#define NOT_SLOWER(where)	TALLY(where, 0, 1)

/* Counting page tables as well may cost a tenth of what a tally costs. */
#define TABLES(where)							\
	{ .layout = LAYOUT_##where, .ours = MEASURE_TABLES,		\
	  .against = MEASURE_TALLY, .ratio = 1 / 1.1, .without = NONE }

/* Who pays for pages: what host asks of all processes. */
#define CHARGES(where, times)						\
	{ .layout = LAYOUT_##where, .ours = MEASURE_CHARGES,		\
	  .against = MEASURE_ROLLUP, .ratio = (times), .without = NONE }

/*
 * All of it: the start of the command, and who else runs on the machine. What is
 * promised is a twentieth for 1 GiB in each; with a quarter of that, what a process
 * costs beside its pages weighs four times as much.
 */
#define SHARE(where, what, times)					\
	{ .layout = LAYOUT_##where, .ours = MEASURE_##what,		\
	  .against = MEASURE_ROLLUPS, .ratio = (times),			\
	  .memory = 200 * 1024, .without = NONE }

/* All of the command, its start too, against reading smaps_rollup of each. */
#define HOST(where, times)						\
	{ .layout = LAYOUT_##where, .ours = MEASURE_HOST,		\
	  .against = MEASURE_ROLLUPS, .ratio = (times), .without = NONE }

const struct goal goals[] = {
	TALLY(CONTIGUOUS, 11, 13),
	TALLY(RANDOM, 11, 13),
	TALLY(YOUNG, 26, 5.5),
	TALLY(FILE, 16, 11),
	NOT_SLOWER(FILE_TWICE),
	NOT_SLOWER(SHMEM),
	TALLY(FILE_MIX, 50, 3.5),
	TALLY(FORK, 28, 6),
	TALLY(FORK_COPIES, 50, 3.4),
	TALLY(FORK_LEFT, 50, 3.4),
	TALLY(MTHP, 21, 8),
	TALLY(HOLES, 23, 8),
	TALLY(ZERO, 10, 8),
	NOT_SLOWER(THP),
	NOT_SLOWER(PROTNONE),
	NOT_SLOWER(HUGETLB),
	/* smaps of 6.1 passes it by: mm/pagewalk.c:walk_page_test() */
	{ .layout = LAYOUT_PFNMAP, .ours = MEASURE_TALLY,
	  .against = MEASURE_ROLLUP, .ratio = 1, .without = NONE,
	  .may_be_unread = true },
	NOT_SLOWER(MIXED),
	NOT_SLOWER(SWAPPED),
	NOT_SLOWER(SHMEM_SWAPPED),
	NOT_SLOWER(SHMEM_COPIED),
	NOT_SLOWER(SMALL),
	{ .layout = LAYOUT_SPARSE, .ours = MEASURE_TALLY,
	  .against = MEASURE_ROLLUP, .total = 3.5 * M, .ratio = 6,
	  .without = NONE },
	{ .layout = LAYOUT_VMAS, .ours = MEASURE_TALLY,
	  .against = MEASURE_SMAPS, .total = 30 * M, .ratio = 28,
	  .without = NONE },
	NOT_SLOWER(VMAS),
	{ .layout = LAYOUT_VMAS, .ours = MEASURE_RECORDS,
	  .against = MEASURE_SMAPS, .ratio = 1, .without = NONE },
	TABLES(CONTIGUOUS),
	TABLES(RANDOM),
	TABLES(YOUNG),
	TABLES(FILE),
	TABLES(FILE_TWICE),
	TABLES(SHMEM),
	TABLES(FILE_MIX),
	TABLES(FORK),
	TABLES(FORK_COPIES),
	TABLES(FORK_LEFT),
	TABLES(MTHP),
	TABLES(HOLES),
	TABLES(THP),
	TABLES(ZERO),
	TABLES(SPARSE),
	TABLES(VMAS),
	TABLES(SMALL),
	CHARGES(CONTIGUOUS, 3.8),
	CHARGES(RANDOM, 3.8),
	CHARGES(FILE_MIX, 2.3),
	CHARGES(FORK_COPIES, 2.3),
	CHARGES(MTHP, 3.5),
	CHARGES(VMAS, 1),
	CHARGES(SMALL, 1),
	{ .layout = LAYOUT_RANDOM, .ours = MEASURE_FRAMES,
	  .against = MEASURE_PAGEMAP, .per_page = 7.5, .ratio = 15,
	  .without = NONE, .without_copy = true },
	{ .layout = LAYOUT_YOUNG, .ours = MEASURE_FRAMES,
	  .against = MEASURE_PAGEMAP, .per_page = 7.5, .ratio = 15,
	  .without = NONE, .without_copy = true },
	{ .layout = LAYOUT_CONTIGUOUS, .ours = MEASURE_FRAMES,
	  .against = MEASURE_PAGEMAP_SCAN, .ratio = 1, .without = NONE },
	{ .layout = LAYOUT_CONTIGUOUS, .ours = MEASURE_EXTENTS,
	  .against = MEASURE_KPAGE, .per_page = 36, .ratio = 13,
	  .without = NONE },
	{ .layout = LAYOUT_CONTIGUOUS, .ours = MEASURE_EXTENTS,
	  .against = MEASURE_PAGE_TYPES, .ratio = 32, .without = NONE },
	{ .layout = LAYOUT_RANDOM, .ours = MEASURE_EXTENTS,
	  .against = MEASURE_KPAGE, .per_page = 60, .ratio = 25,
	  .without = NONE },
	{ .layout = LAYOUT_RANDOM, .ours = MEASURE_EXTENTS,
	  .against = MEASURE_PAGE_TYPES, .ratio = 15, .without = NONE },
	{ .layout = LAYOUT_CONTIGUOUS, .ours = MEASURE_SHOW, .against = NONE,
	  .total = 5 * M, .without = MEASURE_START },
	{ .layout = LAYOUT_VMAS, .ours = MEASURE_SHOW, .against = NONE,
	  .memory = 32 * 1024, .without = MEASURE_START },
	{ .layout = LAYOUT_THP_EMPTY, .ours = MEASURE_FILL,
	  .against = MEASURE_MEMCHR, .ratio = 1 / 1.3, .without = NONE },
	SHARE(CROWD, SHARE, 20),
	SHARE(CROWD, MATRIX, 20),
	SHARE(CROWD_RANDOM, SHARE, 20),
	SHARE(CROWD_RANDOM, MATRIX, 20),
	HOST(MANY, 2),
	HOST(PROGRAMS, 3),
};

const size_t nr_goals = sizeof(goals) / sizeof(goals[0]);

const uint64_t section_goals[VMSCOPE_LOCK_NR] = {
	[VMSCOPE_LOCK_VMA] = 170000,
	[VMSCOPE_LOCK_IRQ] = 30000,
};
