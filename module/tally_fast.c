// SPDX-License-Identifier: GPL-2.0-only
/*
 * The block-wise path of a tally: shows that entries of a table would be
 * classified alike and counts them together. Mixtures and large folios are
 * handed on, to tally_mix.c and tally_folio.c; everything odd is left to the
 * plain path, which classifies one page for all that are like it. Knows no
 * rules of accounting: what small pages come to stands in tally_small.h.
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
			 F_AGE | BIT(PG_head) | BIT(PG_swapbacked) :
			 F_AGE | BIT(PG_head) | F_SMALL_ANON;
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

/* How many entries from the front are equal to the first to the last bit. */
static unsigned int count_equal(const u64 *p, unsigned int n, u64 raw)
{
	unsigned int i = 1;

	for (; n - i >= BLOCK; i += BLOCK) {
		LOAD_BLOCK(p + i);

		if (ANY_BLOCK != raw || ALL_BLOCK != raw)
			break;
	}
	while (i < n && READ_ONCE(p[i]) == raw)
		i++;
	return i;
}

/* --------------------------------------------------------------- a table */

/* Entries that map no page of the kernel's. Return: entries taken. */
static unsigned int take_frameless(struct tally *t, const u64 *p,
				   unsigned long addr, unsigned int n, u64 raw)
{
	unsigned int taken;

	if (!raw) {
		taken = arch_count_empty(p, n) ?: 1;
		tally_hole(t, addr, addr + taken * PAGE_SIZE);
		return taken;
	}
	taken = count_equal(p, n, raw);
	tally_alike(t, __pte(raw), taken);
	t->cost += taken / 2;
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
			step = take_frameless(t, p + i, addr + i * PAGE_SIZE,
					      left, raw);
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
			tally_alike(t, __pte(raw), 1);
			step = 1;
			if (t->cost >= t->limit)
				return i + 1;
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
	if (t->view.file_kind == KIND_FILE_SHARED)
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
