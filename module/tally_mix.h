/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small pages that are not alike, each counted where its words say. Private to
 * the block-wise path of a tally.
 */
#ifndef VMS_TALLY_MIX_H
#define VMS_TALLY_MIX_H

#include "tally.h"

void tally_mix_init(void);

/* Move what was counted here into the sums. */
void tally_mix_fold(struct tally *t);

/**
 * tally_mix_take - count small pages that are not alike
 * @t: the sums
 * @p: entries, the first of which maps a page
 * @n: how many, at least a block
 * @exclusive: exclusive anonymous pages are to be expected
 *
 * Return: entries taken, maybe none.
 */
unsigned int tally_mix_take(struct tally *t, const u64 *p, unsigned int n,
			    bool exclusive);

#endif /* VMS_TALLY_MIX_H */
