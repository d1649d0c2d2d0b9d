// SPDX-License-Identifier: GPL-2.0-only
/*
 * Large folios mapped page by page: shows, looking at entries and pages in one
 * pass, how far a folio is mapped in its order and alike; knows nothing of what
 * comes before or behind it.
 */
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/page-flags.h>

#include "blocks.h"
#include "compat/folio.h"
#include "tally_folio.h"
#include "tally_small.h"

#if BLOCKS_POSSIBLE

#define COST_FOLIO	16	/* in units of ten instructions */

/*
 * How many entries from the front map the pages of a folio from @page on in
 * their order, alike but for the frame, each as often as the first and as
 * exclusively. @first is the first entry.
 */
static unsigned int count_in_folio(const u64 *p, u64 first,
				   const struct page *page, unsigned int n)
{
	const u64 exclusive = page_word(page, FLAGS_WORD) &
			      BIT(PG_anon_exclusive);
	const u32 mapcount = counts_of(page);
	unsigned int i;

	for (i = 0; n - i >= BLOCK; i += BLOCK) {
		u64 differ, any, all;

#define DIFFER(n)	(p[n] ^ (first + (n) * PAGE_SIZE))
		differ = DIFFER(0) | DIFFER(1) | DIFFER(2) | DIFFER(3) |
			 DIFFER(4) | DIFFER(5) | DIFFER(6) | DIFFER(7);
#undef DIFFER
		if (differ)
			break;
#define AT(n)	(page + (n))
		any = ANY_WORD(AT, FLAGS_WORD);
		FORGET(page);
		all = ALL_WORD(AT, FLAGS_WORD);
		if (((any ^ exclusive) | (all ^ exclusive)) &
		    BIT(PG_anon_exclusive))
			break;
		any = ANY_WORD(AT, COUNTS_WORD);
		FORGET(page);
		all = ALL_WORD(AT, COUNTS_WORD);
		if ((u32)any != mapcount || (u32)all != mapcount)
			break;
#undef AT
		p += BLOCK;
		page += BLOCK;
		first += BLOCK * PAGE_SIZE;
	}
	for (; i < n; i++, p++, page++, first += PAGE_SIZE)
		if (*p != first || (u32)counts_of(page) != mapcount ||
		    (page_word(page, FLAGS_WORD) ^ exclusive) &
		    BIT(PG_anon_exclusive))
			break;
	return i;
}

/*
 * @pages pages of a large folio, alike and mapped alike. They are counted with
 * the small ones; what the fold then takes for order 0 is given back here.
 * Return: false when there is more to them.
 */
static bool add_folio(struct tally *t, u64 raw, const struct page *page,
		      const struct folio *folio, unsigned int pages)
{
	u64 flags = page_word(&folio->page, FLAGS_WORD);
	u64 mapping = page_word(&folio->page, MAPPING_WORD);
	unsigned int order = folio_order((struct folio *)folio) & 0x1f;
	u32 others = folio_page_mapcount(folio, page, true) - 1;

	if (others >= MOST_OTHERS || !mapping || flags & F_DEVICE)
		return false;
	if ((mapping & MAPPING_KIND_ANON) && !(flags & BIT(PG_swapbacked)))
		return false;
	/* exclusive is said of each page, everything else of the folio */
	flags &= ~BIT(PG_anon_exclusive);
	flags |= page_word(page, FLAGS_WORD) & BIT(PG_anon_exclusive);
	count_small(t, raw, flags, mapping, others, pages);
	tally_add(t, COUNT_ORDER + order, pages);
	t->count[COUNT_ORDER] -= pages;
	return true;
}

unsigned int tally_folio_take(struct tally *t, const u64 *p, unsigned int n,
			      u64 first, const struct page *page)
{
	struct folio *folio = page_folio((struct page *)page);
	unsigned long left = folio_nr_pages(folio) -
			     (page - (const struct page *)folio);
	unsigned int taken;

	taken = count_in_folio(p, first, page, min_t(unsigned long, n, left));
	if (!add_folio(t, first, page, folio, taken))
		tally_alike(t, __pte(first), taken);
	t->cost += COST_FOLIO + taken;
	return taken;
}

#endif /* BLOCKS_POSSIBLE */
