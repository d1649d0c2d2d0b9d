// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sparse tables, entry by entry.
 */
#include <linux/mm.h>

#include "blocks.h"
#include "sparse.h"
#include "tally_small.h"

#if BLOCKS_POSSIBLE

/* Of a page, of one unlike the last, of so many empty entries, in units of ten instructions. */
#define COST_PAGE	3
#define COST_UNLIKE	10
#define EMPTY_A_UNIT	6

/*
 * Two of what a fault maps around itself: what is longer is worth blocks, but not
 * where it is asked of each page as well who pays for it.
 */
#define LONG_RUN(c)	((c) ? (unsigned int)PTRS_PER_PTE : 32u)

/**
 * struct alike - small pages that have the words of the one before
 * @attrs: of its entry, without the frame
 * @base: of all struct pages, less @attrs, which stand in every address, shifted
 *	like the frame
 * @flags: of its page, those that matter
 * @counts: its mappings and references
 * @mapping: the object that it is of, and kind bits
 * @group: word of who pays for it
 * @cell: where such pages are counted
 * @share: of each
 * @pages: how many, which are still to be counted; 0: there is no such page
 */
struct alike {
	u64 attrs;
	unsigned long base;
	u64 flags;
	u64 counts;
	u64 mapping;
	u64 group;
	unsigned int cell;
	u32 share;
	unsigned int pages;
};

#define FLAGS_THAT_MATTER	(F_AGE | BIT(PG_head) | F_SMALL_ANON)

/* How many entries from the front are like the one before. */
static __always_inline unsigned int
count_alike(const u64 *p, unsigned int n, const struct alike *last)
{
	const u64 pfn_mask = ARCH_PFN_MASK;
	unsigned int i;

	for (i = 0; i < n; i++) {
		u64 raw = read_entry(p + i);
		const struct page *page = (const struct page *)
			(last->base + (raw >> PAGE_STRUCT_SHIFT));

		if ((raw & ~pfn_mask) != last->attrs ||
		    (page_word(page, FLAGS_WORD) & FLAGS_THAT_MATTER) !=
		    last->flags ||
		    counts_of(page) != last->counts ||
		    page_word(page, MAPPING_WORD) != last->mapping ||
		    page_word(page, GROUP_WORD) != last->group)
			break;
	}
	return i;
}

static void add_alike(struct tally *t, struct charges *c,
		      const struct alike *last)
{
	u64 pss = (u64)last->share * last->pages;

	if (!last->pages)
		return;
	t->small_used |= BIT_ULL(last->cell);
	t->small[last->cell] += last->pages;
	t->small_pss[last->cell] += pss;
	if (!c)
		return;
	c->now->pages += last->pages;
	c->now->pss += pss;
}

/* Return: false when it is no small page. */
static bool take_another(struct charges *c, struct alike *last, u64 raw,
			 bool anonymous, enum page_kind file_kind)
{
	const struct page *page = page_of(raw);

	if (!look_at_small(raw, anonymous, file_kind, &last->cell,
			   &last->share))
		return false;
	last->attrs = raw & ~(u64)ARCH_PFN_MASK;
	last->base = (unsigned long)vmemmap - (last->attrs >> PAGE_STRUCT_SHIFT);
	last->flags = page_word(page, FLAGS_WORD) & FLAGS_THAT_MATTER;
	last->counts = counts_of(page);
	last->mapping = page_word(page, MAPPING_WORD);
	last->group = page_word(page, GROUP_WORD);
	last->pages = 1;
	if (c && (!c->now || c->word != last->group))
		charges_find(c, (struct folio *)page, last->group);
	return true;
}

static __always_inline unsigned int take_entries(struct tally *t,
						 struct charges *c,
						 const u64 *p, unsigned int n,
						 bool anonymous,
						 enum page_kind file_kind)
{
	unsigned int i = 0, run = 0, empty = 0, some;
	struct alike last;

	last.pages = 0;
	while (i < n && run < LONG_RUN(c)) {
		u64 raw = read_entry(p + i);

		if (!raw) {
			some = arch_count_empty(p + i, n - i) ?: 1;
			empty += some;
			i += some;
			run = 0;
			continue;
		}
		some = last.pages ?
		       count_alike(p + i, min(n - i, LONG_RUN(c) - run), &last) : 0;
		last.pages += some;
		if (!some) {
			add_alike(t, c, &last);
			last.pages = 0;
			if (!take_another(c, &last, raw, anonymous, file_kind))
				break;
			t->cost += COST_UNLIKE;
			some = 1;
		}
		i += some;
		run += some;
	}
	add_alike(t, c, &last);
	if (empty)
		tally_add(t, COUNT_STATE + STATE_NONE, empty);
	t->cost += (i - empty) * COST_PAGE + empty / EMPTY_A_UNIT + 1;
	return i;
}

unsigned int sparse_ptes(struct tally *t, struct charges *c, const pte_t *pte,
			 unsigned int n, bool anonymous,
			 enum page_kind file_kind)
{
	const u64 *p = (const u64 *)pte;

	if (!c)
		return take_entries(t, NULL, p, n, anonymous, file_kind);
	charges_enter(c);
	n = take_entries(t, c, p, n, anonymous, file_kind);
	charges_leave(c);
	return n;
}

#else /* !BLOCKS_POSSIBLE */

unsigned int sparse_ptes(struct tally *t, struct charges *c, const pte_t *pte,
			 unsigned int n, bool anonymous,
			 enum page_kind file_kind)
{
	return 0;
}

#endif /* BLOCKS_POSSIBLE */
