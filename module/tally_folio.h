/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pages of a large folio, counted together. Private to the block-wise path
 * of a tally.
 */
#ifndef VMS_TALLY_FOLIO_H
#define VMS_TALLY_FOLIO_H

#include "tally.h"

/**
 * tally_folio_take - count pages of a large folio
 * @t: the sums
 * @p: entries, the first of which maps @page
 * @n: how many
 * @first: the first entry
 * @page: of a large folio
 *
 * What its pages share beyond their own words is the folio's. Return: entries
 * taken: as many as follow in order and are mapped alike.
 */
unsigned int tally_folio_take(struct tally *t, const u64 *p, unsigned int n,
			      u64 first, const struct page *page);

#endif /* VMS_TALLY_FOLIO_H */
