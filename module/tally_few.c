// SPDX-License-Identifier: GPL-2.0-only
/*
 * The few pages of a small VMA, looked at one by one and compared with the
 * first; knows nothing of blocks nor of sums.
 */
#include <linux/mm.h>

#include "blocks.h"
#include "tally_few.h"
#include "tally_small.h"

#if BLOCKS_POSSIBLE

/* The cell of the page behind one entry, and its share. */
static __always_inline bool
look_at_entry(u64 raw, bool anonymous, enum page_kind file_kind,
	      unsigned int *cell, u32 *share)
{
	const struct page *page = page_of(raw);
	u64 flags, counts, mapping;

	if (!maps_page(raw))
		return false;
	flags = page_word(page, FLAGS_WORD);
	if (anonymous && is_exclusive(flags)) {
		*cell = KIND_ANON_EXCLUSIVE * 8 +
			tally_age_cells[age_of(raw, flags)];
		*share = SHARE(1);
		return true;
	}
	counts = counts_of(page);
	mapping = page_word(page, MAPPING_WORD);
	if (!is_small(flags, counts, mapping))
		return false;
	*cell = cell_of_small(file_kind, raw, flags, mapping);
	if ((u32)counts)
		*cell += CELL_SHARED;
	*share = share_with(counts);
	return true;
}

/* Whether the pages behind the first one are like it, or not there. */
static noinline bool few_alike(struct tally_few *few, const u64 *p,
			       unsigned int n, bool anonymous,
			       enum page_kind file_kind)
{
	unsigned int cell, i;
	u32 share;

	for (i = 0; i < n; i++) {
		u64 raw = READ_ONCE(p[i]);

		if (!raw) {
			few->empty++;
			continue;
		}
		if (!look_at_entry(raw, anonymous, file_kind, &cell, &share) ||
		    cell != few->cell || share != few->share)
			return false;
		few->pages++;
	}
	return true;
}

bool tally_few(struct tally_few *few, const pte_t *pte, unsigned int n,
	       bool anonymous, enum page_kind file_kind)
{
	const u64 *p = (const u64 *)pte;
	u64 raw;

	few->pages = 0;
	few->empty = 0;
	while ((raw = READ_ONCE(*p)) == 0) {
		p++;
		if (++few->empty == n)
			return true;
	}
	if (!look_at_entry(raw, anonymous, file_kind, &few->cell, &few->share))
		return false;
	few->pages = 1;
	n -= few->empty + 1;
	return !n || few_alike(few, p + 1, n, anonymous, file_kind);
}

void tally_few_add(const struct tally_few *few, struct tally *t)
{
	if (few->empty)
		tally_add(t, COUNT_STATE + STATE_NONE, few->empty);
	if (!few->pages)
		return;
	t->small_used |= BIT_ULL(few->cell);
	t->small[few->cell] += few->pages;
	t->small_pss[few->cell] += (u64)few->pages * few->share;
}

#else /* !BLOCKS_POSSIBLE */

bool tally_few(struct tally_few *few, const pte_t *pte, unsigned int n,
	       bool anonymous, enum page_kind file_kind)
{
	return false;
}

void tally_few_add(const struct tally_few *few, struct tally *t)
{
}

#endif /* BLOCKS_POSSIBLE */
