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
#define COST_OTHERWISE	5	/* of one mapped more or less often than the last */
#define EMPTY_A_UNIT	8

/*
 * Two of what a fault maps around itself: what is longer is worth blocks, but not
 * where it is asked of each page as well who pays for it.
 */
#define LONG_RUN	32u

#define FLAGS_THAT_MATTER	(F_AGE | F_ODD | F_SMALL_ANON)

/* Of an entry without its attributes. */
static __always_inline const struct page *page_of_frame(u64 frame)
{
	return (const struct page *)((unsigned long)vmemmap +
				     (frame >> (PAGE_SHIFT - PAGE_STRUCT_SHIFT)));
}

/* Special ones of classify(): present, of no page, and no zero page. */
static __always_inline bool maps_frame(u64 raw)
{
	return (raw & (_PAGE_PRESENT | _PAGE_SPECIAL)) ==
	       (_PAGE_PRESENT | _PAGE_SPECIAL) &&
	       !is_zero_pfn((raw & ARCH_PFN_MASK) >> PAGE_SHIFT);
}

/* How many entries from the front are like the one before. */
static __always_inline unsigned int
count_alike(const u64 *p, unsigned int n, const struct tally_alike *last)
{
	const u64 attrs_mask = ~(u64)ARCH_PFN_MASK;
	const struct tally_alike like = *last; /* that can be kept in registers */
	const u64 *end = p + n;
	long i;

	/* up to zero, which needs no comparison */
	for (i = -(long)n; i; i++) {
		/* of one that has the attributes, the frame is left */
		u64 frame = read_entry(end + i) ^ like.attrs;
		const struct page *page;

		if (frame & attrs_mask)
			break;
		page = page_of_frame(frame);
		if ((page_word(page, FLAGS_WORD) & FLAGS_THAT_MATTER) !=
		    like.flags ||
		    counts_of(page) != like.counts ||
		    page_word(page, MAPPING_WORD) != like.mapping ||
		    page_word(page, GROUP_WORD) != like.group)
			break;
	}
	return n + i;
}

/*
 * Whether a page differs from the last in nothing but how often it is mapped by
 * others, as neighbours in a library do: it is like that one from now on.
 */
static __always_inline bool take_mapped_otherwise(struct tally_alike *last,
						  u64 raw)
{
	u64 frame = raw ^ last->attrs;
	const struct page *page;
	u64 counts;
	u32 others;

	if (frame & ~(u64)ARCH_PFN_MASK)
		return false;
	page = page_of_frame(frame);
	counts = counts_of(page);
	others = counts;
	if ((page_word(page, FLAGS_WORD) & FLAGS_THAT_MATTER) != last->flags ||
	    page_word(page, MAPPING_WORD) != last->mapping ||
	    page_word(page, GROUP_WORD) != last->group ||
	    !is_small(last->flags, counts, last->mapping) ||
	    !others != !(u32)last->counts)
		return false;
	last->counts = counts;
	last->share = share_with(others);
	last->pages++;
	last->pss += last->share;
	return true;
}

/* Entries from the front that are like the one before. Return: how many. */
static __always_inline unsigned int
take_alike(struct tally *t, const u64 *p, unsigned int n)
{
	struct tally_alike *last = &t->alike;
	unsigned int taken = count_alike(p, n, last);

	last->pages += taken;
	last->pss += (u64)last->share * taken;
	if (taken)
		return taken;
	t->cost += COST_OTHERWISE;
	return take_mapped_otherwise(last, read_entry(p));
}

static __always_inline void add_alike(struct tally *t, struct charges *c,
				      const struct tally_alike *last)
{
	if (!last->pages)
		return;
	t->small_used |= BIT_ULL(last->cell);
	t->small[last->cell] += last->pages;
	t->small_pss[last->cell] += last->pss;
	if (!c)
		return;
	c->now->pages += last->pages;
	c->now->pss += last->pss;
}

/* Return: false when it is no small page. */
static __always_inline bool
take_another(struct charges *c, struct tally_alike *last, u64 raw,
	     bool anonymous, enum page_kind file_kind)
{
	const struct page *page;

	if (!maps_page(raw))
		return false;
	last->attrs = raw & ~(u64)ARCH_PFN_MASK;
	page = page_of_frame(raw ^ last->attrs);
	if (!look_at_page(raw, page, anonymous, file_kind, &last->cell,
			  &last->share))
		return false;
	last->flags = page_word(page, FLAGS_WORD) & FLAGS_THAT_MATTER;
	last->counts = counts_of(page);
	last->mapping = page_word(page, MAPPING_WORD);
	last->group = page_word(page, GROUP_WORD);
	last->pages = 1;
	last->pss = last->share;
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
	struct tally_alike *last = &t->alike;
	unsigned int i = 0, run = 0, empty = 0, some;

	last->pages = 0;
	while (i < n && (c || run < LONG_RUN)) {
		u64 raw = read_entry(p + i);

		if (!raw) {
			some = arch_count_empty(p + i, n - i) ?: 1;
			empty += some;
			i += some;
			run = 0;
			continue;
		}
		some = c ? n - i : min(n - i, LONG_RUN - run);
		some = last->pages ? take_alike(t, p + i, some) : 0;
		if (!some) {
			add_alike(t, c, last);
			last->pages = 0;
			if (!take_another(c, last, raw, anonymous, file_kind))
				break;
			t->cost += COST_UNLIKE;
			some = 1;
		}
		i += some;
		run += some;
	}
	add_alike(t, c, last);
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

unsigned int sparse_frames(struct tally *t, const pte_t *pte, unsigned int n)
{
	const u64 *p = (const u64 *)pte;
	unsigned int i, empty = 0;

	for (i = 0; i < n; i++) {
		u64 raw = read_entry(p + i);

		if (!raw)
			empty++;
		else if (!maps_frame(raw))
			break;
	}
	if (empty)
		tally_add(t, COUNT_STATE + STATE_NONE, empty);
	if (i > empty) {
		tally_add(t, COUNT_STATE + STATE_SPECIAL, i - empty);
		tally_add(t, COUNT_LEAF + LEAF_PTE, i - empty);
	}
	t->cost += i + 1;
	return i;
}

#else /* !BLOCKS_POSSIBLE */

unsigned int sparse_ptes(struct tally *t, struct charges *c, const pte_t *pte,
			 unsigned int n, bool anonymous,
			 enum page_kind file_kind)
{
	return 0;
}

unsigned int sparse_frames(struct tally *t, const pte_t *pte, unsigned int n)
{
	return 0;
}

#endif /* BLOCKS_POSSIBLE */
