// SPDX-License-Identifier: GPL-2.0-only
/*
 * What small pages come to: the tables that are looked up, and the fold of what
 * was counted by cell and by age; knows nothing of entries.
 */
#include <linux/init.h>
#include <linux/kernel.h>

#include "tally_small.h"

#if BLOCKS_POSSIBLE

/* All the ages there are. */
#define AGE_BITS	4
static u8 ages[1 << AGE_BITS] __ro_after_init;
u8 tally_age_cells[TALLY_HIST] __ro_after_init;

void __init tally_small_init(void)
{
	static const u8 bits[AGE_BITS] = {
		_PAGE_BIT_ACCESSED, _PAGE_BIT_DIRTY, PG_referenced, PG_dirty,
	};
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(ages); i++) {
		for (j = 0; j < AGE_BITS; j++)
			if (i & BIT(j))
				ages[i] |= BIT(bits[j]);
		if (ages[i] & (_PAGE_ACCESSED | F_REFERENCED))
			tally_age_cells[ages[i]] += CELL_REFERENCED;
		if (ages[i] & (_PAGE_DIRTY | F_DIRTY))
			tally_age_cells[ages[i]] += CELL_DIRTY;
	}
}

const u32 tally_shares[TALLY_ROWS + 1] = {
	0, SHARE(1), SHARE(2), SHARE(3), SHARE(4), SHARE(5), SHARE(6),
	SHARE(7), SHARE(8), SHARE(9), SHARE(10), SHARE(11), SHARE(12),
	SHARE(13), SHARE(14), SHARE(15), SHARE(16),
};
static_assert(SHARE(1) <= U32_MAX);

void tally_fold_cell(struct tally *t, unsigned int cell, u64 pages, u64 pss)
{
	t->cell[cell] += pages;
	t->cells_used |= BIT_ULL(cell);
	tally_add(t, COUNT_LEAF + LEAF_PTE, pages);
	tally_add(t, COUNT_ORDER, pages);
	if (!(cell & CELL_SHARED))
		pss = pages * SHARE(1);
	tally_add(t, tally_pss_counter(cell), pss);
	if (cell & CELL_DIRTY)
		tally_add(t, COUNT_PSS_DIRTY, pss);
}

static void fold_hist(struct tally *t)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ages); i++) {
		u32 pages = t->hist[ages[i]];

		if (!pages)
			continue;
		tally_fold_cell(t, KIND_ANON_EXCLUSIVE * 8 +
				   tally_age_cells[ages[i]], pages, 0);
		t->hist[ages[i]] = 0;
	}
	t->hist_used = false;
}

void tally_small_fold(struct tally *t)
{
	u64 used;

	if (t->hist_used)
		fold_hist(t);
	for (used = t->small_used; used; used &= used - 1) {
		unsigned int cell = __ffs64(used);

		tally_fold_cell(t, cell, t->small[cell], t->small_pss[cell]);
		t->small[cell] = 0;
		t->small_pss[cell] = 0;
	}
	t->small_used = 0;
}

#endif /* BLOCKS_POSSIBLE */
