/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The block-wise path of a tally; only a faster way to what tally.c comes to.
 */
#ifndef VMS_TALLY_FAST_H
#define VMS_TALLY_FAST_H

#include "tally.h"

void tally_fast_init(void);
bool tally_fast_possible(void);

/* Move what was counted by table into the sums. */
void tally_fast_fold(struct tally *t);

/* Fold what depends on the mapping, before that is another. */
void tally_fast_see(struct tally *t);

/* Return: entries taken, as tally_ptes(); none when they are for the plain path. */
unsigned int tally_fast_ptes(struct tally *t, const pte_t *pte,
			     unsigned long addr, unsigned int n);

#endif /* VMS_TALLY_FAST_H */
