/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page-table bill: what the tables of a process cost, how full they are,
 * and what other page sizes would change. It must not know how it is shown.
 */
#ifndef VMSCOPE_TABLES_H
#define VMSCOPE_TABLES_H

#include "rows.h"

/* Fewer entries in use than stand in a line of the cache: nearly empty. */
#define VS_TABLES_FEW	8

/* Page tables of one mapping, or of all: numbers, but bytes. */
struct vs_tables_row {
	uint64_t bytes;			/* of all levels but the root, and kept ones */
	uint64_t tables;		/* of all levels, kept ones as well */
	uint64_t pte, pmd, pud, p4d;	/* of each level */
	uint64_t deposited;		/* PTE tables kept for splitting huge pages */
	uint64_t shared;		/* PMD tables that hugetlb shares with others */
	uint64_t used;			/* entries in use of PTE tables */
	uint64_t full;			/* percent of their entries */
	uint64_t empty;			/* tables of any level without an entry in use */
	uint64_t few;			/* PTE tables with fewer than VS_TABLES_FEW */
};

/* What it would take to map what is touched by leaves of one size, in place. */
struct vs_tables_leaf {
	uint64_t size;			/* of the leaf, 0: the machine has none */
	uint64_t leaves;		/* that hold something: TLB entries to reach it all */
	uint64_t packed;		/* were it all in one piece */
	uint64_t tables;		/* to map them where they are */
};

struct vs_tables_sums {
	const struct vs_model *model;
	struct vs_rows rows;		/* struct vs_tables_row */
	struct vs_tables_row total;
	struct vs_table_level level[VS_LEVEL_PGD];
	uint64_t table_bytes;		/* of one */
	uint64_t root_bytes;
	uint64_t charged;		/* of the total, what the kernel counts */
	uint64_t kernel;		/* what it says, or VS_UNKNOWN */
	uint64_t resident;		/* RSS, or VS_UNKNOWN */
	uint64_t mapped;		/* pages that entries map now, in bytes */
	uint64_t tlb_now;		/* TLB entries to reach them, as they are mapped */
	uint64_t wasted;		/* bytes of empty and nearly empty tables */
	uint64_t flat;			/* one table for all addresses of the process */
	uint64_t flat_span;		/* from its first mapping to its last */
	struct vs_tables_leaf leaf[3];	/* by level: PTE, PMD, PUD */
};

void *vs_tables_begin(const struct vs_model *model);
int vs_tables_detail(void *state, const struct vs_vma *vma, const struct vs_detail *detail);
int vs_tables_finish(void *state);
void vs_tables_end(void *state);

/* The mappings with the most bytes of page tables. */
size_t vs_tables_top(const struct vs_tables_sums *sums, uint32_t *index, size_t max);

/* Entries per table of a level, 1 where there is none. */
uint64_t vs_level_entries(const struct vs_model *model, enum vs_level level);

#endif
