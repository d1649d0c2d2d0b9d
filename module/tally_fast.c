// SPDX-License-Identifier: GPL-2.0-only
/*
 * The block-wise path of a tally: shows that entries of a table would be
 * classified alike and counts them together. Mixtures and large folios are
 * handed on, to tally_mix.c and tally_folio.c; of everything odd the plain path
 * classifies one page for all that are like it. Knows no rules of accounting:
 * what small pages come to stands in tally_small.h.
 *
 * Pages are alike when their entries agree in every bit but the frame and
 * these words of their struct pages agree:
 *
 * - exclusive anonymous memory: of the flags, being referenced and dirty, given
 *   that all are marked exclusive and swap-backed and none is a head page. A
 *   tail page of a large folio has no swap-backed bit of its own and a head
 *   page has PG_head, so the flags word alone tells small pages; an exclusive
 *   page is mapped exactly once.
 * - everything else: likewise, and the word of _mapcount and _refcount, of
 *   which a tail page has _refcount 0; and the kind bits of the mapping
 *   pointer, unless the mapping is MAP_SHARED and so holds no anonymous pages.
 *
 * The layouts that this relies on are checked in blocks.h; elsewhere the plain
 * path is all there is.
 */
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/page-flags.h>

#include "blocks.h"
#include "compat/folio.h"
#include "compat/leaf.h"
#include "entry.h"
#include "tally_fast.h"
#include "tally_folio.h"
#include "tally_mix.h"
#include "tally_small.h"

bool tally_fast_possible(void)
{
	return BLOCKS_POSSIBLE;
}

#if BLOCKS_POSSIBLE

/* A table whose blocks fail this often in a row is taken for a mixture. */
#define PATIENCE	3

enum kindred {
	KINDRED_EXCLUSIVE,	/* exclusive anonymous pages */
	KINDRED_SHARED,		/* in a MAP_SHARED mapping */
	KINDRED_MIXED,
};

/* ----------------------------------------------------------------- alike */

/*
 * How many entries from the front, in blocks of eight, are like the first,
 * @raw, which maps the small page @page. The frame stands in bits 12 and up and
 * a struct page has 64 bytes, so shifting an entry by 6 gives the offset of its
 * struct page, too large by the attributes >> 6, which @base makes good.
 */
static __always_inline unsigned int
count_alike(const u64 *p, unsigned int n, u64 raw, const struct page *page,
	    enum kindred kindred)
{
	const u64 pfn_mask = ARCH_PFN_MASK;
	const u64 attrs = raw & ~pfn_mask;
	unsigned long base = (unsigned long)vmemmap -
			     (attrs >> PAGE_STRUCT_SHIFT);
	const u64 mask = kindred == KINDRED_SHARED ?
			 F_AGE | F_ODD | BIT(PG_swapbacked) :
			 F_AGE | F_ODD | F_SMALL_ANON;
	const u64 flags = page_word(page, FLAGS_WORD) & mask;
	const u64 counts = counts_of(page);
	const u64 kind = page_word(page, MAPPING_WORD) & MAPPING_KIND_MASK;
	unsigned int i;

	for (i = 0; n - i >= BLOCK; i += BLOCK) {
		LOAD_BLOCK(p + i);
		u64 any = ANY_BLOCK;
		u64 all = ALL_BLOCK;

		if (((any ^ attrs) | (all ^ attrs)) & ~pfn_mask)
			break;
#define AT(n)	((const struct page *)(base + (e##n >> PAGE_STRUCT_SHIFT)))
		any = ANY_WORD(AT, FLAGS_WORD);
		FORGET(base);
		all = ALL_WORD(AT, FLAGS_WORD);
		if (((any ^ flags) | (all ^ flags)) & mask)
			break;
		if (kindred == KINDRED_EXCLUSIVE)
			continue;
		if (ANY_WORD(AT, COUNTS_WORD) != counts ||
		    ALL_WORD(AT, COUNTS_WORD) != counts)
			break;
		if (kindred == KINDRED_SHARED)
			continue;
		any = ANY_WORD(AT, MAPPING_WORD);
		all = ALL_WORD(AT, MAPPING_WORD);
		if (((any ^ kind) | (all ^ kind)) & MAPPING_KIND_MASK)
			break;
#undef AT
	}
	return i;
}

/* How many entries from the front are equal to the first in all bits but @but. */
static unsigned int count_equal(const u64 *p, unsigned int n, u64 raw, u64 but)
{
	unsigned int i = 1;

	for (; n - i >= BLOCK; i += BLOCK) {
		LOAD_BLOCK(p + i);

		if (((ANY_BLOCK ^ raw) | (ALL_BLOCK ^ raw)) & ~but)
			break;
	}
	while (i < n && !((READ_ONCE(p[i]) ^ raw) & ~but))
		i++;
	return i;
}

static bool maps_zero_page(u64 raw)
{
	return is_zero_pfn(pte_pfn(__pte(raw)));
}

/* Special ones: the zero page, or frames that nothing is known of but that they are there. */
static unsigned int count_special(const u64 *p, unsigned int n, u64 raw)
{
	const u64 pfn_mask = ARCH_PFN_MASK;
	unsigned int i;

	if (maps_zero_page(raw))
		return count_equal(p, n, raw, 0);
	for (i = 1; i < n; i++) {
		u64 next = READ_ONCE(p[i]);

		if ((next ^ raw) & ~pfn_mask || maps_zero_page(next))
			break;
	}
	return i;
}

/* Whether two pages with equal entries are classified alike, whatever they are. */
static bool pages_alike(const struct page *page, const struct page *next)
{
	u64 link = page_word(page, LINK_WORD);

	if (page_word(page, FLAGS_WORD) != page_word(next, FLAGS_WORD) ||
	    counts_of(page) != counts_of(next))
		return false;
	/* of a large folio nearly all is said by its first page */
	if (link & LINK_TAIL)
		return page_word(next, LINK_WORD) == link;
	return !(page_word(next, LINK_WORD) & LINK_TAIL) &&
	       !(page_word(page, FLAGS_WORD) & BIT(PG_head)) &&
	       page_word(page, MAPPING_WORD) == page_word(next, MAPPING_WORD);
}

/* --------------------------------------------------------------- a table */

/*
 * Pages that are no business of the others here: out of reach (PROT_NONE, hints of
 * NUMA balancing), of a device, lazily freed. Return: entries taken, one or more.
 */
static unsigned int take_odd(struct tally *t, const u64 *p, unsigned int n,
			     u64 raw)
{
	const struct page *page = pfn_to_page(pte_pfn(__pte(raw)));
	const u64 pfn_mask = ARCH_PFN_MASK;
	unsigned int i;

	for (i = 1; i < n; i++) {
		u64 next = READ_ONCE(p[i]);

		if ((next ^ raw) & ~pfn_mask ||
		    !pages_alike(page, pfn_to_page(pte_pfn(__pte(next)))))
			break;
	}
	tally_alike(t, __pte(raw), i);
	t->cost += 2 * i;
	return i;
}

/* Entries that map no page that the processor reaches. Return: entries taken. */
static unsigned int take_others(struct tally *t, const u64 *p,
				unsigned long addr, unsigned int n, u64 raw)
{
	pte_t pte = __pte(raw);
	unsigned int taken;

	if (!raw) {
		taken = arch_count_empty(p, n) ?: 1;
		tally_hole(t, addr, addr + taken * PAGE_SIZE);
		return taken;
	}
	if (pte_present(pte) && !pte_special(pte))
		return take_odd(t, p, n, raw);
	if (pte_present(pte))
		taken = count_special(p, n, raw);
	else
		taken = count_equal(p, n, raw, leaf_is_swap(leaf_from_pte(pte)) ?
						ARCH_SWAP_OFFSET_MASK : 0);
	tally_alike(t, pte, taken);
	t->cost += taken;
	return taken;
}

/* Blocks of pages like the first. Return: entries taken, maybe none. */
static __always_inline unsigned int
take_alike(struct tally *t, const u64 *p, unsigned int n, u64 raw,
	   const struct page *page, enum kindred kindred)
{
	u64 flags = page_word(page, FLAGS_WORD);
	unsigned int taken;

	if (kindred == KINDRED_EXCLUSIVE && is_exclusive(flags)) {
		taken = count_alike(p, n, raw, page, KINDRED_EXCLUSIVE);
		t->hist[age_of(raw, flags)] += taken;
	} else {
		taken = count_alike(p, n, raw, page,
				    kindred == KINDRED_SHARED ?
				    KINDRED_SHARED : KINDRED_MIXED);
		if (taken && !add_small(t, raw, page, flags, taken))
			taken = 0;
	}
	t->cost += taken;
	return taken;
}

static __always_inline bool is_large(const struct page *page,
				     enum kindred kindred)
{
	if (kindred == KINDRED_EXCLUSIVE &&
	    is_exclusive(page_word(page, FLAGS_WORD)))
		return false;
	return PageCompound((struct page *)page);
}

/* Return: entries taken; not all when what is odd among them costs too much. */
static __always_inline unsigned int take_table(struct tally *t, const u64 *p,
					       unsigned long addr,
					       unsigned int n,
					       enum kindred kindred)
{
	const bool exclusive = kindred == KINDRED_EXCLUSIVE;
	unsigned int failed = 0;
	unsigned int i, step;

	t->hist_used |= exclusive;
	for (i = 0; i < n; i += step) {
		unsigned int left = n - i;
		u64 raw = READ_ONCE(p[i]);
		const struct page *page = page_of(raw);

		if (!maps_page(raw)) {
			step = take_others(t, p + i, addr + i * PAGE_SIZE, left,
					   raw);
			if (t->cost >= t->limit)
				return i + step;
			continue;
		}
		if (is_large(page, kindred)) {
			step = tally_folio_take(t, p + i, left, raw, page);
			failed = 0;
			continue;
		}
		/* in sparse memory a page often stands alone */
		if (left < BLOCK || !p[i + 1]) {
			step = take_singly(t, p + i, left);
		} else if (failed < PATIENCE) {
			step = take_alike(t, p + i, left, raw, page, kindred);
			if (step) {
				failed = 0;
				continue;
			}
			failed++;
			step = tally_mix_take(t, p + i, BLOCK, exclusive);
		} else {
			step = tally_mix_take(t, p + i, left, exclusive);
		}
		if (!step) {
			step = take_odd(t, p + i, left, raw);
			if (t->cost >= t->limit)
				return i + step;
		}
	}
	return n;
}

unsigned int tally_fast_ptes(struct tally *t, const pte_t *pte,
			     unsigned long addr, unsigned int n)
{
	const u64 *p = (const u64 *)pte;

	if (!tally_of_words(t))
		return 0;
	/* for few pages, folding the ages costs more than it saves */
	if (n < BLOCK)
		return take_table(t, p, addr, n, KINDRED_MIXED);
	if (t->view.anon_only)
		return take_table(t, p, addr, n, KINDRED_EXCLUSIVE);
	/* a driver may have given its own pages, of which nothing is known */
	if (t->view.file_kind == KIND_FILE_SHARED &&
	    !(t->view.flags & (VM_PFNMAP | VM_MIXEDMAP)))
		return take_table(t, p, addr, n, KINDRED_SHARED);
	return take_table(t, p, addr, n, KINDRED_MIXED);
}

void tally_fast_fold(struct tally *t)
{
	if (t->mix_used)
		tally_mix_fold(t);
	if (t->hist_used || t->small_used)
		tally_small_fold(t);
}

void tally_fast_see(struct tally *t)
{
	if (t->mix_used)
		tally_mix_fold(t);
}

void __init tally_fast_init(void)
{
	tally_small_init();
	tally_mix_init();
}

#else /* !BLOCKS_POSSIBLE */

void __init tally_fast_init(void)
{
}

unsigned int tally_fast_ptes(struct tally *t, const pte_t *pte,
			     unsigned long addr, unsigned int n)
{
	return 0;
}

void tally_fast_fold(struct tally *t)
{
}

void tally_fast_see(struct tally *t)
{
}

#endif /* BLOCKS_POSSIBLE */
