/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs scans and takes their record streams apart, checking the form of each
 * record; knows nothing of what the figures should be.
 */
#ifndef SELFTESTS_SCAN_H
#define SELFTESTS_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmscope.h"

#define RECORD(type)	(1ull << VMSCOPE_RECORD_##type)
#define ATTR_STATE(a)	((a) & VMSCOPE_ATTR_STATE)
#define ATTR_KIND(a)	(((a) & VMSCOPE_ATTR_KIND) >> VMSCOPE_ATTR_KIND_SHIFT)
#define ATTR_LEAF(a)	(((a) & VMSCOPE_ATTR_LEAF) >> VMSCOPE_ATTR_LEAF_SHIFT)
#define ATTR_ORDER(a)	(((a) & VMSCOPE_ATTR_ORDER) >> VMSCOPE_ATTR_ORDER_SHIFT)
#define STATE(s)	((uint64_t)VMSCOPE_STATE_##s)
#define KIND(k)		((uint64_t)VMSCOPE_KIND_##k << VMSCOPE_ATTR_KIND_SHIFT)
#define LEAF(l)		((uint64_t)VMSCOPE_LEAF_##l << VMSCOPE_ATTR_LEAF_SHIFT)
#define ORDER(n)	((uint64_t)(n) << VMSCOPE_ATTR_ORDER_SHIFT)

#define SCAN_NAME_MAX	256

struct scan_vma {
	struct vmscope_vma head;
	char name[SCAN_NAME_MAX];
};

struct scan_tally {
	uint64_t start;
	uint64_t end;
	uint16_t marks;
	uint64_t cell[VMSCOPE_CELL_NR];
	uint64_t counter[VMSCOPE_COUNT_NR];
};

/* Page tables of a VMA, or of a part where no VMA records were asked for. */
struct scan_table {
	uint64_t start;
	uint64_t end;
	uint16_t marks;
	uint64_t deposited;
	struct vmscope_table_level level[VMSCOPE_LEVEL_PGD];
};

struct scan_extent {
	struct vmscope_extent head;
	size_t list;	/* first frame in scan.frames, for a LIST */
};

/* All records of a scan added up. */
struct scan_fill {
	uint64_t folios;
	uint64_t pages;
	uint64_t zero;
	uint64_t unread;
	uint64_t used[VMSCOPE_FILL_BUCKETS];
};

#define SCAN_CHARGED	64

/* One page as a scan shows it. */
struct scan_page {
	uint64_t address;
	uint64_t attributes;
	uint64_t frame;
	uint32_t mapcount;
	uint32_t refcount;
	uint8_t swap_type;
};

struct scan {
	/* In; 0 in @buffer_size, @end and @records stand for defaults. */
	uint64_t start;
	uint64_t end;
	uint64_t records;
	uint64_t key;
	uint64_t budget;
	uint64_t timeout_ns;
	size_t buffer_size;
	uint32_t flags;
	uint32_t max_calls;	/* 0: until the range is done */

	/* Out, released by scan_free(). */
	struct scan_vma *vma;
	size_t nr_vmas;
	struct scan_tally *tally;	/* parts of one VMA added up */
	size_t nr_tallies;
	struct scan_table *table;	/* likewise; VMAs without tables have none */
	size_t nr_tables;
	struct scan_extent *extent;
	size_t nr_extents;
	uint32_t *frames;
	size_t nr_frames;
	struct scan_fill fill;
	size_t nr_fills;
	struct vmscope_charged charged[SCAN_CHARGED];	/* of all records together */
	size_t nr_charged;
	uint64_t next;
	uint64_t calls;
	uint64_t sections;
	uint64_t entries;
	uint64_t rewalks;
	uint64_t wall_ns;
	uint64_t held_ns;	/* locks of every kind */
	uint64_t longest_ns[VMSCOPE_LOCK_NR];
	uint32_t marks;
	char error[256];	/* what was malformed, empty when nothing was */
	bool in_part;		/* the last tally goes on with the next call */
};

/*
 * Scan the range call by call until it is done. Returns 0, a negative errno
 * of the ioctl, or -EBADMSG with @error filled when a record is malformed.
 */
int scan_run(int fd, struct scan *s);
void scan_free(struct scan *s);

/* The same with all three records, every key bit and HOLES. */
int scan_everything(int fd, uint64_t start, uint64_t end, struct scan *s);

/* What the scan says of the page at @address; false when nothing does. */
bool scan_page(const struct scan *s, uint64_t address, struct scan_page *page);

const struct scan_tally *scan_find_tally(const struct scan *s, uint64_t start);
const struct scan_vma *scan_find_vma(const struct scan *s, uint64_t address);

/*
 * How many pages of a range have an attribute, by a scan with @flags for that
 * alone; -1 where it fails.
 */
long scan_count(int fd, uint64_t start, uint64_t end, uint64_t attribute, uint32_t flags);

/* Pages of all cells whose kind is @kind. */
uint64_t tally_kind(const struct scan_tally *t, enum vmscope_kind kind);
/* Pages that a control group pays for. */
uint64_t scan_charged_to(const struct scan *s, uint64_t cgroup);
/* Sum of all states, in bytes. */
uint64_t tally_bytes(const struct scan_tally *t);
/* Pages in state @state, PRESENT derived as the contract says. */
uint64_t tally_state(const struct scan_tally *t, enum vmscope_state state);
/* Add @b to @a. */
void table_add(struct scan_table *a, const struct scan_table *b);
/* All tables of a scan together. */
void table_total(const struct scan *s, struct scan_table *total);
/* Add @b to @a; both are parts of one VMA. */
void tally_add(struct scan_tally *a, const struct scan_tally *b);
/* First difference of two scans' figures, NULL when there is none. */
const char *scan_differ(const struct scan *a, const struct scan *b);

/* Every key bit that this module has. */
uint64_t scan_full_key(void);

#endif
