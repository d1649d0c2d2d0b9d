/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sums over the pages of one VMA: what smaps says, and more; knows nothing of
 * locks or records.
 */
#ifndef VMS_TALLY_H
#define VMS_TALLY_H

#include <linux/mm.h>

#include "classify.h"
#include "page.h"

#define TALLY_HIST	128
#define TALLY_ROWS	16

/**
 * struct tally_leaf - a PMD leaf that maps a whole folio, all of which is alike
 * @known: there was one in this mapping
 * @shared_table: it stood in a table that others share
 * @attrs: its entry without the frame
 * @flags: flags of its folio
 * @kind: kind bits of its folio's mapping pointer
 * @references: to its folio
 * @mapcount: of its folio as a whole
 * @order: of its folio
 * @info: classified
 * @again: pages of leaves like it that are still to be counted
 */
struct tally_leaf {
	bool known;
	bool shared_table;
	u64 attrs;
	unsigned long flags;
	unsigned long kind;
	int references;
	int mapcount;
	unsigned int order;
	struct page_info info;
	u64 again;
};

/**
 * struct tally_alike - small pages that have the words of the one before
 * @attrs: of its entry, without the frame
 * @flags: of its page, those that matter
 * @counts: its mappings and references
 * @mapping: the object that it is of, and kind bits
 * @group: word of who pays for it
 * @cell: where such pages are counted
 * @share: of each that is mapped as often as the last
 * @pages: how many, which are still to be counted; 0: there is no such page
 * @pss: of all of them
 */
struct tally_alike {
	u64 attrs;
	u64 flags;
	u64 counts;
	u64 mapping;
	u64 group;
	unsigned int cell;
	u32 share;
	unsigned int pages;
	u64 pss;
};

/**
 * struct tally - the sums
 * @view: the mapping
 * @shmem: the VMA, when swapped pages of its object must be looked for one by
 *	one behind empty entries (a private writable mapping); else NULL
 * @plain: entry by entry, see tally.c
 * @cost: work done, in the units of section.budget
 * @limit: of @cost, at which tally_ptes() stops when pages come one by one
 * @cell: pages, by VMSCOPE_CELL()
 * @count: by enum tally_counter; PSS in bytes << PSS_SHIFT
 */
struct tally {
	struct view view;
	const struct vma_copy *shmem;
	bool plain;
	long cost;
	long limit;
	u64 cells_used;		/* which of @cell may be other than zero */
	u64 counts_used;
	u64 cell[CELL_NR];
	u64 count[COUNT_NR];

	struct tally_leaf leaf;	/* private to tally.c */
	struct tally_alike alike; /* private to sparse.c */

	/*
	 * private to the block-wise path, and folded by tally_end(): pages by
	 * cell, and exclusive ones by age (tally_small.c); mixtures (tally_mix.c)
	 */
	u64 small_used;
	u64 small[CELL_NR];
	u64 small_pss[CELL_NR];
	bool hist_used;
	u32 hist[TALLY_HIST];
	u32 mix_others;		/* all row numbers used, or-ed */
	bool mix_used;
	u32 mix[TALLY_ROWS * CELL_NR] __aligned(8);
};

/* Bring the sums up to date, before they are read. */
void tally_end(struct tally *t);

/* @pages pages that classify like the one that @pte maps. */
void tally_alike(struct tally *t, pte_t pte, u64 pages);

/* Start anew. Cheap: clears only what was used. The first time, zero it. */
void tally_begin(struct tally *t);

/* What comes next is seen through this mapping. */
void tally_see(struct tally *t, const struct vma_copy *copy, bool trusted);

/* Return: entries taken; fewer than @n at @limit. */
unsigned int tally_ptes(struct tally *t, const pte_t *pte, unsigned long addr,
			unsigned int n);
void tally_pmd(struct tally *t, pmd_t pmd, unsigned long addr,
	       unsigned long end, bool shared_table);
void tally_pud(struct tally *t, pud_t pud, unsigned long addr,
	       unsigned long end);
void tally_hole(struct tally *t, unsigned long addr, unsigned long end);

/* Where the shares of the pages in a cell go. */
static inline enum tally_counter tally_pss_counter(unsigned int cell)
{
	enum page_kind kind = cell / 8;

	if (kind <= KIND_KSM)
		return COUNT_PSS_ANON;
	return kind == KIND_SHMEM ? COUNT_PSS_SHMEM : COUNT_PSS_FILE;
}

static inline void tally_add(struct tally *t, enum tally_counter counter, u64 n)
{
	t->count[counter] += n;
	t->counts_used |= BIT_ULL(counter);
}

/* Whether entries and the words of small pages say all there is to say of them. */
static inline bool tally_of_words(const struct tally *t)
{
	return t->view.trusted && !t->view.hugetlb;
}

/* Whether the block-wise paths exist on this machine. */
bool tally_has_fast_path(void);

#endif /* VMS_TALLY_H */
