/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records of the uAPI, read back into the rooms' own words: what encode.c does,
 * the other way round; knows nothing of what the figures are for.
 */
#ifndef VMS_DECODE_H
#define VMS_DECODE_H

#include "page.h"
#include "tables.h"

/* Records that were not looked at yet. */
struct records {
	const u8 *at;
	const u8 *end;
};

enum seen_type {
	SEEN_NOTHING,	/* the records are at their end */
	SEEN_VMA,
	SEEN_TALLY,
	SEEN_EXTENT,
	SEEN_TABLES,
	SEEN_OTHER,
};

#define SEEN_FLAGS	80

/**
 * struct seen_vma - a VMA
 * @name: in the records; empty when it has none
 * @perms: as in /proc/PID/maps
 * @flags: the rest, in the two letters of smaps, but for what every VMA has
 */
struct seen_vma {
	unsigned long start;
	unsigned long end;
	u64 page_size;
	const char *name;
	u16 marks;
	bool mergeable;
	char perms[5];
	char flags[SEEN_FLAGS];
};

struct seen_tally {
	unsigned long start;
	unsigned long end;
	u16 marks;
	u64 cell[CELL_NR];
	u64 count[COUNT_NR];
};

struct seen_tables {
	unsigned long start;
	unsigned long end;
	u16 marks;
	struct tables tables;
};

/* An extent; its frames or slots come from decode_run(). */
struct seen_extent {
	unsigned long start;
	u64 attrs;
	u32 pages;
	u32 mapcount;
	u8 swap_type;
	u16 marks;

	/* private to decode.c */
	u8 encoding;
	u64 frame;
	const u32 *list;
	u32 next;
};

/**
 * struct seen - what stands in the records
 * @vma: the last one met, to which the others belong
 */
struct seen {
	struct seen_vma vma;
	struct seen_tally tally;
	struct seen_extent extent;
	struct seen_tables tables;
};

/* Pages of an extent whose frames count up, or are one and the same. */
struct seen_run {
	unsigned long start;
	u32 pages;
	bool known;	/* whether there are frames */
	bool same;
	u64 frame;
};

/* The next record. It stays valid for as long as the records do. */
enum seen_type decode_next(struct records *records, struct seen *seen);

/* The next run of the extent; false when there are no more. */
bool decode_run(struct seen_extent *extent, struct seen_run *run);

#endif /* VMS_DECODE_H */
