/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much of large folios is in use: counts those of their pages that hold
 * nothing but zeros; knows no locks and no records, and lets no content out.
 */
#ifndef VMS_FILL_H
#define VMS_FILL_H

#include <linux/mm.h>

#include "classify.h"
#include "page.h"

/* 0, 1, 2-3, 4-7, ...: as many as the largest PMD leaf of any machine needs. */
#define FILL_BUCKETS	16

/**
 * struct fill_folio - a large folio of which some pages have been met
 * @head: its first frame
 * @order: its order, 0 when there is none
 * @used: of the pages met so far, those that are not zero
 */
struct fill_folio {
	u64 head;
	unsigned int order;
	u32 used;
};

/**
 * struct fill_sums - what was counted
 * @folios: large folios whose last page here was met
 * @pages: pages of large folios read
 * @zero: those of them that are zero
 * @unread: pages of large folios that were not read
 * @used: folios as large as a PMD leaf, by the number of pages in use
 * @folio: the one at hand, which may go on
 */
struct fill_sums {
	u64 folios;
	u64 pages;
	u64 zero;
	u64 unread;
	u64 used[FILL_BUCKETS];
	struct fill_folio folio;
};

/**
 * struct fill - the counting of one VMA
 * @view: the mapping
 * @lockless: no lock keeps a page from being given to somebody else: read none
 * @cost: work done, in the units of section.budget
 * @limit: of @cost, at which it stops, but never before the first page
 * @sums: so far; a copy of it put back undoes what came after
 */
struct fill {
	struct view view;
	bool lockless;
	long cost;
	long limit;
	struct fill_sums sums;
};

/* Start with a mapping or a part of it. The folio at hand stays. */
void fill_begin(struct fill *f, const struct vma_copy *copy, bool trusted);

/* The folio at hand will not go on. */
void fill_end_folio(struct fill *f);

/*
 * Context: in a section, with the table locked unless @lockless. Return: how
 * far it was read; less than asked for when @limit was reached.
 */
unsigned int fill_ptes(struct fill *f, const pte_t *pte, unsigned int n);
unsigned long fill_pmd(struct fill *f, pmd_t pmd, unsigned long addr,
		       unsigned long end);

/* Whether there is anything to be told. */
static inline bool fill_any(const struct fill *f)
{
	return f->sums.pages || f->sums.unread || f->sums.folios;
}

#endif /* VMS_FILL_H */
