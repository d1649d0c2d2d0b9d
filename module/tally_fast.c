// SPDX-License-Identifier: GPL-2.0-only
/*
 * The block-wise path of a tally. It never decides what a page is: it shows
 * that a run of entries would all be classified alike, and lets the plain path
 * classify the first of them. Where pages are a mixture, the two kinds that
 * mixtures are made of, exclusive anonymous pages and small pages with small
 * mapcounts, are counted by table; everything else goes the plain way.
 *
 * What "alike" takes depends on the mapping:
 *
 * - Private anonymous memory: the entries agree in every bit but the frame;
 *   the pages are all small, swap-backed and marked exclusive, and agree in
 *   being referenced and dirty. A tail page of a large folio has no
 *   swap-backed bit of its own and a head page has PG_head, so the flags word
 *   alone tells small pages. An exclusive page is mapped exactly once.
 * - Shared file mappings and shmem: likewise, and the word of _mapcount and
 *   _refcount is the same. A tail page has _refcount 0.
 * - Everything else, private file mappings and anonymous pages that are not
 *   exclusive: likewise, and the kind bits of the mapping pointer agree.
 *
 * The layouts that this relies on are checked in blocks.h; elsewhere the plain
 * path is all there is.
 */
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

/* An entry's accessed and dirty bits and these two make one small number. */
#define E_AGE		(_PAGE_ACCESSED | _PAGE_DIRTY)
#define HIST		TALLY_HIST
static_assert((E_AGE & (F_REFERENCED | F_DIRTY)) == 0);
static_assert((E_AGE | F_REFERENCED | F_DIRTY) < HIST);

/* Work, in units of ten instructions. */
#define COST_MIXED	4
#define COST_FOLIO	12

/* A table whose blocks fail this often in a row is read page by page. */
#define PATIENCE	3

/**
 * struct run - entries that classify alike, not accounted yet
 * @first: the first one
 * @pages: how many
 * @attrs: entry bits in common
 * @flags: page flags in common, those that decide
 * @counts: word of _mapcount and _refcount in common
 * @mapping: kind bits of the mapping pointer in common
 * @frameless: the entries are equal to the last bit, and no page is looked at
 */
struct run {
	u64 first;
	u64 pages;
	u64 attrs;
	u64 flags;
	u64 counts;
	u64 mapping;
	bool frameless;
};

/* No small page has a _refcount of 0, so this equals no counts word. */
#define NO_COUNTS	0

static void end_run(struct tally *t, struct run *run)
{
	if (run->pages)
		tally_alike(t, __pte(run->first), run->pages);
	run->pages = 0;
}

/* ---------------------------------------------------------------- blocks */

#define WIDE	32

/* Whether small pages with these words classify alike. */
static __always_inline bool words_agree(const struct words *w,
					enum kindred kindred)
{
	u64 differ = w->flags_any ^ w->flags_all;

	if (w->flags_any & BIT(PG_head))
		return false;
	if (kindred == KINDRED_ANON)
		return (w->flags_all & F_SMALL_ANON) == F_SMALL_ANON &&
		       !(differ & F_AGE);
	if (differ & (F_AGE | BIT(PG_swapbacked)) ||
	    w->counts_any != w->counts_all || !(w->counts_all >> 32))
		return false;
	if (kindred == KINDRED_SHARED)
		return true;
	return !(differ & BIT(PG_anon_exclusive)) &&
	       !((w->mapping_any ^ w->mapping_all) & MAPPING_KIND_MASK);
}

static __always_inline bool run_continues(const struct run *run, u64 attrs,
					  const struct words *w,
					  enum kindred kindred)
{
	u64 differ = run->flags ^ w->flags_all;

	if (!run->pages || run->frameless || run->attrs != attrs)
		return false;
	if (kindred == KINDRED_ANON)
		return !(differ & F_AGE);
	if (differ & (F_AGE | BIT(PG_swapbacked)) ||
	    run->counts != w->counts_all)
		return false;
	if (kindred == KINDRED_SHARED)
		return true;
	return !(differ & BIT(PG_anon_exclusive)) &&
	       run->mapping == (w->mapping_all & MAPPING_KIND_MASK);
}

static __always_inline void add_to_run(struct tally *t, struct run *run,
				       u64 first, u64 attrs,
				       const struct words *w, unsigned int pages,
				       enum kindred kindred)
{
	if (!run_continues(run, attrs, w, kindred)) {
		end_run(t, run);
		*run = (struct run){
			.first = first,
			.attrs = attrs,
			.flags = w->flags_all,
			.counts = w->counts_all,
			.mapping = w->mapping_all & MAPPING_KIND_MASK,
		};
	}
	run->pages += pages;
}

/* Take @blocks blocks from the front, or none. */
static __always_inline bool take_blocks(struct tally *t, struct run *run,
					const u64 *p, unsigned int blocks,
					enum kindred kindred)
{
	u64 first = READ_ONCE(*p);
	u64 attrs = first & ~ARCH_PFN_MASK;
	unsigned long base = (unsigned long)vmemmap -
			     (attrs >> PAGE_STRUCT_SHIFT);
	struct words w;
	unsigned int i;

	/* no struct page before this: the frame of another entry is none */
	if (!maps_page(first))
		return false;
	words_begin(&w);
	for (i = 0; i < blocks; i++)
		if (!add_block(p + i * BLOCK, attrs, base, &w, kindred))
			return false;
	if (!words_agree(&w, kindred))
		return false;
	add_to_run(t, run, first, attrs, &w, blocks * BLOCK, kindred);
	return true;
}

/*
 * Eight entries equal to the last bit that map no page of ours: the zero page,
 * markers.
 */
static __always_inline bool take_equal(struct tally *t, struct run *run,
				       const u64 *p)
{
	LOAD_BLOCK(p);

	if (maps_page(e0) || ANY_BLOCK != ALL_BLOCK)
		return false;
	if (!run->pages || !run->frameless || run->first != e0) {
		end_run(t, run);
		*run = (struct run){ .first = e0, .frameless = true };
	}
	run->pages += BLOCK;
	return true;
}

/* ---------------------------------------------------------- large folios */

/* How many entries from the front map consecutive frames, alike. */
static unsigned int consecutive(const u64 *p, u64 first, unsigned int n)
{
	unsigned int i = 1;

	while (n - i >= BLOCK) {
		const u64 *q = p + i;
		u64 e = first + ((u64)i << PAGE_SHIFT);
		u64 differ;

		differ = (READ_ONCE(q[0]) ^ e) |
			 (READ_ONCE(q[1]) ^ (e + PAGE_SIZE)) |
			 (READ_ONCE(q[2]) ^ (e + 2 * PAGE_SIZE)) |
			 (READ_ONCE(q[3]) ^ (e + 3 * PAGE_SIZE)) |
			 (READ_ONCE(q[4]) ^ (e + 4 * PAGE_SIZE)) |
			 (READ_ONCE(q[5]) ^ (e + 5 * PAGE_SIZE)) |
			 (READ_ONCE(q[6]) ^ (e + 6 * PAGE_SIZE)) |
			 (READ_ONCE(q[7]) ^ (e + 7 * PAGE_SIZE));
		if (differ)
			break;
		i += BLOCK;
	}
	while (i < n && READ_ONCE(p[i]) == first + ((u64)i << PAGE_SHIFT))
		i++;
	return i;
}

/* How many pages of a folio from @page on have its mapcount and exclusive bit. */
static unsigned int alike_in_folio(const struct page *page, unsigned int n)
{
	u32 mapcount = counts_of(page);
	u64 exclusive = page_flags_word(page) & BIT(PG_anon_exclusive);
	unsigned int i = 1;

	while (n - i >= BLOCK) {
		const struct page *q = page + i;
		u64 any = 0;
		u32 counts = 0;
		unsigned int j;

#pragma GCC unroll 8
		for (j = 0; j < BLOCK; j++) {
			any |= page_word(q + j, offsetof(struct page, flags)) ^
			       exclusive;
			counts |= (u32)counts_of(q + j) ^ mapcount;
		}
		if (counts || any & BIT(PG_anon_exclusive))
			break;
		i += BLOCK;
	}
	while (i < n && (u32)counts_of(page + i) == mapcount &&
	       !((page_flags_word(page + i) ^ exclusive) &
		 BIT(PG_anon_exclusive)))
		i++;
	return i;
}

/*
 * The entry at the front maps a page of a large folio: take as many more pages
 * of it as follow in order and are mapped alike. What they share beyond their
 * own words is the folio's. Return: entries taken.
 */
static unsigned int take_folio(struct tally *t, struct run *run, const u64 *p,
			       unsigned int n)
{
	u64 first = READ_ONCE(*p);
	const struct page *page = page_of(first);
	struct folio *folio = page_folio((struct page *)page);
	unsigned long left = folio_nr_pages(folio) -
			     (page - (const struct page *)folio);
	unsigned int taken;

	taken = consecutive(p, first, min_t(unsigned long, n, left));
	taken = alike_in_folio(page, taken);
	end_run(t, run);
	tally_alike(t, __pte(first), taken);
	t->cost += COST_FOLIO;
	return taken;
}

/* ---------------------------------------------------------- page by page */

/* The dirty bit where _PAGE_DIRTY has it, wherever the entry keeps it. */
static __always_inline u64 entry_age(u64 raw)
{
#ifdef _PAGE_BIT_SAVED_DIRTY
	raw |= raw >> (_PAGE_BIT_SAVED_DIRTY - _PAGE_BIT_DIRTY);
#endif
	return raw & E_AGE;
}

static __always_inline u64 page_age(u64 flags)
{
#ifdef CONFIG_PAGE_IDLE_FLAG
	if (flags & F_YOUNG)
		flags |= F_REFERENCED;
#endif
	return flags & (F_REFERENCED | F_DIRTY);
}

/* Share of a page mapped n times, in bytes << PSS_SHIFT, rounded down. */
#define SHARE(n)	(((u64)PAGE_SIZE << PSS_SHIFT) / (n))
#define SHARES_MAX	16
static const u32 shares[SHARES_MAX] = {
	0, SHARE(1), SHARE(2), SHARE(3), SHARE(4), SHARE(5), SHARE(6),
	SHARE(7), SHARE(8), SHARE(9), SHARE(10), SHARE(11), SHARE(12),
	SHARE(13), SHARE(14), SHARE(15),
};
static_assert(SHARE(1) <= U32_MAX);

static __always_inline enum page_kind kind_of_small(const struct tally *t,
						    u64 flags, u64 mapping)
{
	if (mapping & MAPPING_KIND_ANON) {
		if ((mapping & MAPPING_KIND_MASK) == MAPPING_KIND_KSM)
			return KIND_KSM;
		return flags & BIT(PG_anon_exclusive) ? KIND_ANON_EXCLUSIVE :
							KIND_ANON;
	}
	return flags & BIT(PG_swapbacked) ? KIND_SHMEM : t->view.file_kind;
}

/*
 * One small page by table. Return: false when it is not such a page, or one
 * with more to it.
 */
static __always_inline bool take_small(struct tally *t, u64 raw,
				       const struct page *page, u64 flags)
{
	u64 counts = counts_of(page);
	u32 mapcount = (u32)counts + 1;
	u64 mapping = page_word(page, offsetof(struct page, mapping));
	enum page_kind kind;
	unsigned int cell;
	u64 age;

	/* a head, a tail, a page with a type instead of a mapcount, a lazy one */
	if (flags & BIT(PG_head) || !(counts >> 32) ||
	    mapcount - 1 >= SHARES_MAX - 1)
		return false;
	if ((mapping & MAPPING_KIND_ANON) && !(flags & BIT(PG_swapbacked)))
		return false;
	if (!mapping)
		return false;
	kind = kind_of_small(t, flags, mapping);
	age = entry_age(raw) | page_age(flags);
	cell = kind * 8;
	if (age & (_PAGE_ACCESSED | F_REFERENCED))
		cell += CELL_REFERENCED;
	if (age & (_PAGE_DIRTY | F_DIRTY))
		cell += CELL_DIRTY;
	if (mapcount > 1) {
		cell += CELL_SHARED;
		t->small_pss[cell] += shares[mapcount];
	}
	t->small[cell]++;
	t->small_used |= BIT_ULL(cell);
	return true;
}

static __always_inline bool take_exclusive(struct tally *t, u64 raw, u64 flags)
{
	if ((flags & (F_SMALL_ANON | BIT(PG_head))) != F_SMALL_ANON)
		return false;
	t->hist[entry_age(raw) | page_age(flags)]++;
	t->hist_used = true;
	return true;
}

/* Entries one at a time. Return: how many were taken before a large folio. */
static __always_inline unsigned int
take_singly(struct tally *t, struct run *run, const u64 *p, unsigned long addr,
	    unsigned int n, enum kindred kindred)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		u64 raw = READ_ONCE(p[i]);
		const struct page *page = page_of(raw);
		u64 flags;

		if (unlikely(!maps_page(raw))) {
			if (raw)
				tally_alike(t, __pte(raw), 1);
			else
				tally_hole(t, addr + i * PAGE_SIZE,
					   addr + (i + 1) * PAGE_SIZE);
			continue;
		}
		flags = page_word(page, offsetof(struct page, flags));
		if (kindred == KINDRED_ANON && take_exclusive(t, raw, flags))
			continue;
		if (take_small(t, raw, page, flags))
			continue;
		if (PageCompound((struct page *)page))
			break;
		tally_alike(t, __pte(raw), 1);
	}
	t->cost += i * COST_MIXED;
	return i;
}

/* --------------------------------------------------------------- a table */

/*
 * Blocks from the front, wide ones while things go well. Return: entries taken,
 * 0 when the front is a mixture.
 */
static __always_inline unsigned int
take_uniform(struct tally *t, struct run *run, const u64 *p, unsigned int left,
	     unsigned int *streak, enum kindred kindred)
{
	if (left >= WIDE && *streak >= WIDE / BLOCK) {
		if (take_blocks(t, run, p, WIDE / BLOCK, kindred)) {
			t->cost += WIDE;
			return WIDE;
		}
		*streak = 0;
	}
	if (left >= BLOCK && take_blocks(t, run, p, 1, kindred)) {
		t->cost += BLOCK;
		++*streak;
		return BLOCK;
	}
	return 0;
}

static bool starts_folio(u64 raw)
{
	return maps_page(raw) &&
	       page_flags_word(page_of(raw)) & BIT(PG_head);
}

static __always_inline void take_table(struct tally *t, const u64 *p,
				       unsigned long addr, unsigned int n,
				       enum kindred kindred)
{
	struct run run = { };
	unsigned int streak = WIDE / BLOCK;
	unsigned int failed = 0;
	unsigned int i, step;
	/* anonymous pages shared by fork come in blocks as well */
	bool shared_anon = false;

	for (i = 0; i < n; i += step) {
		const u64 *q = p + i;
		unsigned int left = n - i;
		u64 raw = READ_ONCE(*q);

		if (!raw) {
			step = arch_count_empty(q, left) ?: 1;
			tally_hole(t, addr + i * PAGE_SIZE,
				   addr + (i + step) * PAGE_SIZE);
			continue;
		}
		if (starts_folio(raw)) {
			step = take_folio(t, &run, q, left);
			continue;
		}
		if (failed < PATIENCE && left >= BLOCK) {
			if (kindred == KINDRED_ANON && shared_anon)
				step = take_uniform(t, &run, q, left, &streak,
						    KINDRED_MIXED);
			else
				step = take_uniform(t, &run, q, left, &streak,
						    kindred);
			if (!step && take_equal(t, &run, q))
				step = BLOCK;
			if (step) {
				failed = 0;
				continue;
			}
			failed++;
			shared_anon = !shared_anon;
			left = BLOCK;
		}
		step = take_singly(t, &run, q, addr + i * PAGE_SIZE, left,
				   kindred);
		if (step < left)
			step += take_folio(t, &run, q + step, n - i - step);
	}
	end_run(t, &run);
}

static enum kindred kindred_of(const struct view *view)
{
	if (view->anon_only)
		return KINDRED_ANON;
	return view->file_kind == KIND_FILE_SHARED ? KINDRED_SHARED :
						     KINDRED_MIXED;
}

bool tally_fast_ptes(struct tally *t, const pte_t *pte, unsigned long addr,
		     unsigned int n)
{
	const u64 *p = (const u64 *)pte;

	if (!t->view.trusted || t->view.hugetlb || t->view.dax || t->shmem ||
	    t->view.flags & (VM_PFNMAP | VM_MIXEDMAP))
		return false;
	switch (kindred_of(&t->view)) {
	case KINDRED_ANON:
		take_table(t, p, addr, n, KINDRED_ANON);
		break;
	case KINDRED_SHARED:
		take_table(t, p, addr, n, KINDRED_SHARED);
		break;
	case KINDRED_MIXED:
		take_table(t, p, addr, n, KINDRED_MIXED);
		break;
	}
	return true;
}

/* What was counted by table, into the cells and sums. */
static void fold_small(struct tally *t, unsigned int cell, u64 pages, u64 pss)
{
	enum page_kind kind = cell / 8;

	t->cell[cell] += pages;
	t->cells_used |= BIT_ULL(cell);
	tally_add(t, COUNT_LEAF + LEAF_PTE, pages);
	tally_add(t, COUNT_ORDER, pages);
	if (!(cell & CELL_SHARED))
		pss = pages * SHARE(1);
	if (kind <= KIND_KSM)
		tally_add(t, COUNT_PSS_ANON, pss);
	else
		tally_add(t, kind == KIND_SHMEM ? COUNT_PSS_SHMEM :
						  COUNT_PSS_FILE, pss);
	if (cell & CELL_DIRTY)
		tally_add(t, COUNT_PSS_DIRTY, pss);
}

static void fold_hist(struct tally *t)
{
	static const u8 bits[] = {
		_PAGE_BIT_ACCESSED, _PAGE_BIT_DIRTY, PG_referenced, PG_dirty,
	};
	unsigned int i, j;

	for (i = 0; i < 1 << ARRAY_SIZE(bits); i++) {
		unsigned int at = 0;
		unsigned int cell = KIND_ANON_EXCLUSIVE * 8;

		for (j = 0; j < ARRAY_SIZE(bits); j++)
			if (i & BIT(j))
				at |= BIT(bits[j]);
		if (!t->hist[at])
			continue;
		if (at & (_PAGE_ACCESSED | F_REFERENCED))
			cell += CELL_REFERENCED;
		if (at & (_PAGE_DIRTY | F_DIRTY))
			cell += CELL_DIRTY;
		fold_small(t, cell, t->hist[at], 0);
		t->hist[at] = 0;
	}
	t->hist_used = false;
}

void tally_fast_fold(struct tally *t)
{
	u64 used;

	if (t->hist_used)
		fold_hist(t);
	for (used = t->small_used; used; used &= used - 1) {
		unsigned int cell = __ffs64(used);

		fold_small(t, cell, t->small[cell], t->small_pss[cell]);
		t->small[cell] = 0;
		t->small_pss[cell] = 0;
	}
	t->small_used = 0;
}

#else /* !BLOCKS_POSSIBLE */

bool tally_fast_ptes(struct tally *t, const pte_t *pte, unsigned long addr,
		     unsigned int n)
{
	return false;
}

void tally_fast_fold(struct tally *t)
{
}

#endif /* BLOCKS_POSSIBLE */
