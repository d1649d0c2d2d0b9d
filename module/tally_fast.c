// SPDX-License-Identifier: GPL-2.0-only
/*
 * The block-wise path of a tally: shows that entries would be classified alike
 * and counts them together. What small pages come to is looked up in tables;
 * large folios and everything odd are left to the plain path, which classifies
 * one page for all that are like it.
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
 * Where neighbours differ at random, they are only shown to be small pages,
 * and each is counted where its words say.
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

bool tally_fast_possible(void)
{
	return BLOCKS_POSSIBLE;
}

#if BLOCKS_POSSIBLE

#ifdef CONFIG_PAGE_IDLE_FLAG
#define F_YOUNG		BIT(PG_young)
#else
#define F_YOUNG		0
#endif
#define F_REFERENCED	BIT(PG_referenced)
#define F_DIRTY		BIT(PG_dirty)
#define F_AGE		(F_REFERENCED | F_DIRTY | F_YOUNG)
#define F_SMALL_ANON	(BIT(PG_anon_exclusive) | BIT(PG_swapbacked))

/*
 * An entry's accessed and dirty bits and a page's referenced and dirty flags,
 * or-ed together, make one small number.
 */
#define E_AGE		(_PAGE_ACCESSED | _PAGE_DIRTY)
#define E_MAPS		(_PAGE_PRESENT | _PAGE_SPECIAL)
/* a dirty entry without write permission has its bit elsewhere, since 6.7 */
#ifdef _PAGE_BIT_SAVED_DIRTY
#define E_ODD_AGE	BIT_ULL(_PAGE_BIT_SAVED_DIRTY)
#define E_ODD_SHIFT	(_PAGE_BIT_SAVED_DIRTY - _PAGE_BIT_DIRTY)
#else
#define E_ODD_AGE	0
#define E_ODD_SHIFT	0
#endif
/* shifted to where the dirty bit should be, this one would fake an age */
#define E_IN_THE_WAY	(E_ODD_AGE ? (u64)_PAGE_ACCESSED << E_ODD_SHIFT : 0)
static_assert((E_AGE & (F_REFERENCED | F_DIRTY)) == 0);
static_assert((E_AGE | F_REFERENCED | F_DIRTY) < TALLY_HIST);

/* Work, in units of ten instructions. */
#define COST_SINGLE	6
#define COST_MIXED	4
#define COST_AGED	2
#define COST_FOLIO	16

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

/* ----------------------------------------------------------- small pages */

/* All the ages there are, and what each makes of a cell. */
#define AGE_BITS	4
static u8 ages[1 << AGE_BITS] __ro_after_init;
static u8 age_cells[TALLY_HIST] __ro_after_init;

static void __init init_ages(void)
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
			age_cells[ages[i]] += CELL_REFERENCED;
		if (ages[i] & (_PAGE_DIRTY | F_DIRTY))
			age_cells[ages[i]] += CELL_DIRTY;
	}
}

static __always_inline unsigned int age_of(u64 raw, u64 flags)
{
	/* rare; the barriers keep them from being computed for every page */
	if (E_ODD_AGE && unlikely(raw & E_ODD_AGE)) {
		raw |= _PAGE_DIRTY;
		barrier();
	}
	if (F_YOUNG && unlikely(flags & F_YOUNG)) {
		flags |= F_REFERENCED;
		barrier();
	}
	return (raw & E_AGE) | (flags & (F_REFERENCED | F_DIRTY));
}

/* Share of a page mapped n times, in bytes << PSS_SHIFT, rounded down. */
#define SHARE(n)	(((u64)PAGE_SIZE << PSS_SHIFT) / (n))
static const u32 shares[TALLY_ROWS + 1] = {
	0, SHARE(1), SHARE(2), SHARE(3), SHARE(4), SHARE(5), SHARE(6),
	SHARE(7), SHARE(8), SHARE(9), SHARE(10), SHARE(11), SHARE(12),
	SHARE(13), SHARE(14), SHARE(15), SHARE(16),
};
static_assert(SHARE(1) <= U32_MAX);

/* Exclusive anonymous pages: their age says it all. */
static __always_inline bool is_exclusive(u64 flags)
{
	return (flags & (F_SMALL_ANON | BIT(PG_head))) == F_SMALL_ANON;
}

static __always_inline enum page_kind
kind_of_small(enum page_kind file_kind, u64 flags, u64 mapping)
{
	if (!(mapping & MAPPING_KIND_ANON))
		return flags & BIT(PG_swapbacked) ? KIND_SHMEM : file_kind;
	if ((mapping & MAPPING_KIND_MASK) == MAPPING_KIND_KSM)
		return KIND_KSM;
	return flags & BIT(PG_anon_exclusive) ? KIND_ANON_EXCLUSIVE : KIND_ANON;
}

/*
 * Whether this is a small page and nothing more: no page of a large folio, none
 * with a type in place of a mapcount, none that is lazily freed.
 */
static __always_inline bool is_small(u64 flags, u64 counts, u64 mapping)
{
	u32 others = counts;	/* _mapcount: mappings beside this one */

	if (flags & BIT(PG_head) || !(counts >> 32) ||
	    others >= TALLY_ROWS || !mapping)
		return false;
	return !(mapping & MAPPING_KIND_ANON) || flags & BIT(PG_swapbacked);
}

/* Counts @pages pages alike, which @others mappings map besides this one. */
static __always_inline void count_small(struct tally *t, u64 raw, u64 flags,
					u64 mapping, u32 others,
					unsigned int pages)
{
	unsigned int cell = kind_of_small(t->view.file_kind, flags, mapping) * 8 +
			    age_cells[age_of(raw, flags)];

	if (others) {
		cell += CELL_SHARED;
		t->small_pss[cell] += (u64)shares[others + 1] * pages;
	}
	t->small[cell] += pages;
	t->small_used |= BIT_ULL(cell);
}

/* @pages small pages like this one. Return: false when it is none. */
static __always_inline bool add_small(struct tally *t, u64 raw,
				      const struct page *page, u64 flags,
				      unsigned int pages)
{
	u64 counts = counts_of(page);
	u64 mapping = page_word(page, MAPPING_WORD);
	u32 others = counts;

	if (!is_small(flags, counts, mapping))
		return false;
	count_small(t, raw, flags, mapping, others, pages);
	return true;
}

/* -------------------------------------------------- mixtures, by histogram */

/*
 * Where neighbours differ at random, each page is counted for itself: in
 * hist[] by its age where all are exclusive, else in mix[], in the row of how
 * many others map it and the column that its age and kind make up. What eight
 * together are still shown to be is small pages, with nothing odd about them;
 * what the counts come to is left to the fold.
 */

/*
 * The flags that kinds depend on, shifted down to just above the two kind bits
 * of a mapping pointer, index the columns of the kinds.
 */
#define KIND_BITS	2
#define KIND_SHIFT \
	((PG_swapbacked < PG_anon_exclusive ? PG_swapbacked : \
					      PG_anon_exclusive) - KIND_BITS)
#define KIND_FLAGS	(F_SMALL_ANON >> KIND_SHIFT)
static_assert(MAPPING_KIND_MASK < BIT(KIND_BITS));
static_assert(KIND_FLAGS < 1024);
static u8 kind_columns[KIND_FLAGS + BIT(KIND_BITS)] __ro_after_init;

/*
 * Columns of anonymous pages without swap behind them, which are lazily freed
 * unless dirty. They take the place of kinds that no mixture holds.
 */
#define COLUMN_LAZY		(KIND_HUGETLB * 8)
#define COLUMN_LAZY_EXCLUSIVE	(KIND_DEVICE * 8)

static u8 __init kind_column(u64 flags, u64 mapping)
{
	if (!(mapping & MAPPING_KIND_ANON))
		return 8 * (flags & BIT(PG_swapbacked) ? KIND_SHMEM :
							 KIND_FILE_PRIVATE);
	if (mapping == MAPPING_KIND_KSM)
		return 8 * KIND_KSM;
	if (!(flags & BIT(PG_swapbacked)))
		return flags ? COLUMN_LAZY_EXCLUSIVE : COLUMN_LAZY;
	return 8 * (flags == F_SMALL_ANON ? KIND_ANON_EXCLUSIVE : KIND_ANON);
}

static void __init init_kinds(void)
{
	static const u64 flags[] = {
		0, BIT(PG_swapbacked), BIT(PG_anon_exclusive), F_SMALL_ANON,
	};
	unsigned int i, mapping;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		for (mapping = 0; mapping <= MAPPING_KIND_MASK; mapping++)
			kind_columns[flags[i] >> KIND_SHIFT | mapping] =
				kind_column(flags[i], mapping);
}

void __init tally_fast_init(void)
{
	init_ages();
	init_kinds();
}

/* What the words of a block's pages have in any of them, or in all. */
struct block_words {
	u64 any_flags;
	u64 all_flags;
	u64 any_link;
	u32 any_others;
};

static __always_inline const struct page *page_at(const u64 *p, u64 *raw)
{
	*raw = read_entry(p);
	return page_of(*raw);
}

/* Where an exclusive page is counted in hist[]. */
static __always_inline unsigned int age_key(const u64 *p,
					    struct block_words *words)
{
	u64 raw, flags;

	flags = page_word(page_at(p, &raw), FLAGS_WORD);
	words->any_flags |= flags;
	words->all_flags &= flags;
	return (raw & E_AGE) | (flags & (F_REFERENCED | F_DIRTY));
}

/* Where any small page is counted in mix[]. */
static __always_inline unsigned int mix_key(const u64 *p,
					    struct block_words *words)
{
	const struct page *page;
	u64 raw, flags, kind;
	u32 others;
	u8 column;

	page = page_at(p, &raw);
	flags = page_word(page, FLAGS_WORD);
	words->any_flags |= flags;
	words->any_link |= page_word(page, LINK_WORD);
	others = counts_of(page);
	/* what is checked below has to be what is used */
	OPTIMIZER_HIDE_VAR(others);
	words->any_others |= others;
	kind = (flags >> KIND_SHIFT & KIND_FLAGS) |
	       (page_word(page, MAPPING_WORD) & MAPPING_KIND_MASK);
	if (E_ODD_AGE)
		raw |= raw >> E_ODD_SHIFT;
	column = kind_columns[kind] +
		 age_cells[(raw & E_AGE) | (flags & (F_REFERENCED | F_DIRTY))];
	return others * CELL_NR + column;
}

/* Whether eight entries all map pages whose age is where it is looked for. */
static __always_inline bool block_maps_pages(const u64 *p, u64 odd)
{
	LOAD_BLOCK(p);

	return (ALL_BLOCK & _PAGE_PRESENT) &&
	       !(ANY_BLOCK & (_PAGE_SPECIAL | odd));
}

/* Exclusive pages of any age. Return: entries taken. */
static unsigned int take_aged(struct tally *t, const u64 *p, unsigned int n)
{
	u8 key[BLOCK];
	unsigned int i;

	for (i = 0; n - i >= BLOCK; i += BLOCK) {
		struct block_words words = { .all_flags = F_SMALL_ANON };

		if (!block_maps_pages(p + i, E_ODD_AGE))
			break;
#define KEY(n)	(key[n] = age_key(p + i + (n), &words))
		EIGHT_TIMES(KEY);
#undef KEY
		if (words.all_flags != F_SMALL_ANON ||
		    words.any_flags & (BIT(PG_head) | F_YOUNG))
			break;
#define COUNT(n) (t->hist[key[n]]++)
		EIGHT_TIMES(COUNT);
#undef COUNT
	}
	t->cost += i * COST_AGED;
	return i;
}

/* Small pages of all kinds and ages. Return: entries taken. */
static unsigned int take_mixed(struct tally *t, const u64 *p, unsigned int n)
{
	u16 key[BLOCK];
	unsigned int i;

	for (i = 0; n - i >= BLOCK; i += BLOCK) {
		struct block_words words = { };

		if (!block_maps_pages(p + i, E_IN_THE_WAY))
			break;
#define KEY(n)	(key[n] = mix_key(p + i + (n), &words))
		EIGHT_TIMES(KEY);
#undef KEY
		if (words.any_others >= TALLY_ROWS || words.any_link & LINK_TAIL ||
		    words.any_flags & (BIT(PG_head) | F_YOUNG))
			break;
		t->mix_others |= words.any_others;
#define COUNT(n) (t->mix[key[n]]++)
		EIGHT_TIMES(COUNT);
#undef COUNT
	}
	t->mix_used |= i > 0;
	t->cost += i * COST_MIXED;
	return i;
}

/* ---------------------------------------------------------- large folios */

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
 * the small ones; what fold() then takes for order 0 is given back here.
 * Return: false when there is more to them.
 */
static bool add_folio(struct tally *t, u64 raw, const struct page *page,
		      const struct folio *folio, unsigned int pages)
{
	u64 flags = page_word(&folio->page, FLAGS_WORD);
	u64 mapping = page_word(&folio->page, MAPPING_WORD);
	unsigned int order = folio_order((struct folio *)folio) & 0x1f;
	u32 others = folio_page_mapcount(folio, page, true) - 1;

	if (others >= TALLY_ROWS || !mapping)
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

/*
 * The entry at the front maps a page of a large folio: take as many more pages
 * of it as follow in order and are mapped alike. What they share beyond their
 * own words is the folio's. Return: entries taken.
 */
static unsigned int take_folio(struct tally *t, const u64 *p, unsigned int n,
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

/*
 * Pages one at a time, as long as they are small ones. Return: entries taken;
 * the next one is something else.
 */
static __always_inline unsigned int take_singly(struct tally *t, const u64 *p,
						unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		const struct page *page;
		u64 raw;

		page = page_at(p + i, &raw);
		if (unlikely(!maps_page(raw)) ||
		    !add_small(t, raw, page, page_word(page, FLAGS_WORD), 1))
			break;
	}
	t->cost += i * COST_SINGLE;
	return i;
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

/* Small pages that are not alike. Return: entries taken, maybe none. */
static noinline unsigned int take_unlike(struct tally *t, const u64 *p, unsigned int n,
				enum kindred kindred)
{
	unsigned int taken = 0;

	if (!block_maps_pages(p, 0))
		return take_singly(t, p, BLOCK);
	if (kindred == KINDRED_EXCLUSIVE)
		taken = take_aged(t, p, n);
	return taken ?: take_mixed(t, p, n) ?: take_singly(t, p, BLOCK);
}

/* Return: entries taken; not all when what is odd among them costs too much. */
static __always_inline unsigned int take_table(struct tally *t, const u64 *p,
					       unsigned long addr,
					       unsigned int n,
					       enum kindred kindred)
{
	unsigned int failed = 0;
	unsigned int i, step;

	t->hist_used |= kindred == KINDRED_EXCLUSIVE;
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
			step = take_folio(t, p + i, left, raw, page);
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
			step = take_unlike(t, p + i, BLOCK, kindred);
		} else {
			step = take_unlike(t, p + i, left, kindred);
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

	if (!t->view.trusted || t->view.hugetlb || t->view.dax || t->shmem ||
	    t->view.flags & (VM_PFNMAP | VM_MIXEDMAP))
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

/* ------------------------------------------------------------- few pages */

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
		*cell = KIND_ANON_EXCLUSIVE * 8 + age_cells[age_of(raw, flags)];
		*share = SHARE(1);
		return true;
	}
	counts = counts_of(page);
	mapping = page_word(page, MAPPING_WORD);
	if (!is_small(flags, counts, mapping))
		return false;
	*cell = kind_of_small(file_kind, flags, mapping) * 8 +
		age_cells[age_of(raw, flags)];
	if ((u32)counts)
		*cell += CELL_SHARED;
	*share = shares[(u32)counts + 1];
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

/* ------------------------------------------------------------------ fold */

static void fold(struct tally *t, unsigned int cell, u64 pages, u64 pss)
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

static void fold_column(struct tally *t, u32 others, unsigned int column,
			u64 pages)
{
	u64 pss = pages * shares[others + 1];
	unsigned int cell = column;

	switch (column & ~7) {
	case KIND_FILE_PRIVATE * 8:
		cell = t->view.file_kind * 8;
		break;
	case COLUMN_LAZY:
		cell = KIND_ANON * 8;
		break;
	case COLUMN_LAZY_EXCLUSIVE:
		cell = KIND_ANON_EXCLUSIVE * 8;
		break;
	}
	if (cell != column) {
		cell += column & 7;
		if (cell < KIND_KSM * 8 && !(cell & CELL_DIRTY))
			tally_add(t, COUNT_LAZYFREE, pages);
	}
	fold(t, cell + (others ? CELL_SHARED : 0), pages, pss);
}

/* Most columns are empty: look at eight together. */
static void fold_row(struct tally *t, u32 others)
{
	u32 *row = t->mix + others * CELL_NR;
	unsigned int i, j;

	for (i = 0; i < CELL_NR; i += BLOCK) {
		u64 *p = (u64 *)(row + i);

		if (!(p[0] | p[1] | p[2] | p[3]))
			continue;
		for (j = i; j < i + BLOCK; j++)
			if (row[j])
				fold_column(t, others, j, row[j]);
		p[0] = p[1] = p[2] = p[3] = 0;
	}
}

static noinline void fold_mix(struct tally *t)
{
	u32 others;

	for (others = 0; others <= t->mix_others; others++)
		fold_row(t, others);
	t->mix_others = 0;
	t->mix_used = false;
}

static void fold_hist(struct tally *t)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ages); i++) {
		u32 pages = t->hist[ages[i]];

		if (!pages)
			continue;
		fold(t, KIND_ANON_EXCLUSIVE * 8 + age_cells[ages[i]], pages, 0);
		t->hist[ages[i]] = 0;
	}
	t->hist_used = false;
}

void tally_fast_fold(struct tally *t)
{
	u64 used;

	if (t->hist_used)
		fold_hist(t);
	if (t->mix_used)
		fold_mix(t);
	for (used = t->small_used; used; used &= used - 1) {
		unsigned int cell = __ffs64(used);

		fold(t, cell, t->small[cell], t->small_pss[cell]);
		t->small[cell] = 0;
		t->small_pss[cell] = 0;
	}
	t->small_used = 0;
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

bool tally_few(struct tally_few *few, const pte_t *pte, unsigned int n,
	       bool anonymous, enum page_kind file_kind)
{
	return false;
}

#endif /* BLOCKS_POSSIBLE */
