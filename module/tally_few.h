/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few pages of a small VMA: what they come to when they are all alike;
 * needs no tally, and knows nothing of records.
 */
#ifndef VMS_TALLY_FEW_H
#define VMS_TALLY_FEW_H

#include <linux/mm.h>

#include "page.h"

/* More pages are worth a tally's set-up. */
#define TALLY_FEW	16

/**
 * struct tally_few - the sums over few pages that are alike
 * @pages: small pages
 * @empty: entries without a page
 * @cell: which cell the pages are of
 * @share: of each page, in bytes << PSS_SHIFT
 */
struct tally_few {
	unsigned int pages;
	unsigned int empty;
	unsigned int cell;
	u32 share;
};

/**
 * tally_few - sum a whole VMA of few pages up at once, if they are alike
 * @few: out: the sums
 * @pte: its entries, in a table that is locked
 * @n: how many
 * @anonymous: private anonymous memory, where only anonymous pages can be
 * @file_kind: kind of page cache in this mapping
 *
 * The VMA is none that tally_fast_ptes() leaves to the plain path. Return:
 * whether all entries that are not empty map small pages of one kind, age and
 * mapcount.
 */
bool tally_few(struct tally_few *few, const pte_t *pte, unsigned int n,
	       bool anonymous, enum page_kind file_kind);

#endif /* VMS_TALLY_FEW_H */
