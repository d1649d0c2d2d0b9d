// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sums over the pages of one VMA, entry by entry: the plain path, which says
 * what the block-wise one in tally_fast.c has to come to. The rules of
 * accounting follow fs/proc/task_mmu.c:smaps_account().
 */
#include <linux/math64.h>
#include <linux/mm.h>

#include "compat/folio.h"
#include "tally.h"
#include "tally_fast.h"

#define COST_PLAIN	50	/* an entry with its struct page */
#define COST_HOLE	1
#define COST_AGAIN	20	/* a leaf like the one before */

void tally_begin(struct tally *t)
{
	u64 used;

	tally_end(t);
	for (used = t->cells_used; used; used &= used - 1)
		t->cell[__ffs64(used)] = 0;
	for (used = t->counts_used; used; used &= used - 1)
		t->count[__ffs64(used)] = 0;
	t->cells_used = 0;
	t->counts_used = 0;
}

static void add_cell(struct tally *t, unsigned int cell, u64 pages)
{
	t->cell[cell] += pages;
	t->cells_used |= BIT_ULL(cell);
}

void tally_hole(struct tally *t, unsigned long addr, unsigned long end)
{
	t->cost += COST_HOLE;
	tally_add(t, COUNT_STATE + STATE_NONE, (end - addr) >> PAGE_SHIFT);
	if (!t->shmem)
		return;
	for (; addr < end; addr += PAGE_SIZE) {
		t->cost += COST_PLAIN;
		if (vma_shmem_page_swapped(t->shmem, addr))
			tally_add(t, COUNT_SHMEM_SWAP, 1);
	}
}

static enum tally_counter pss_counter(const struct page_info *info,
				     enum page_kind kind)
{
	if (kind <= KIND_KSM)
		return COUNT_PSS_ANON;
	return info->attrs & ATTR_SWAPBACKED ? COUNT_PSS_SHMEM : COUNT_PSS_FILE;
}

/* One page, or several that are alike, into its cell and its sums. */
static void account(struct tally *t, const struct page_info *info, bool shared,
		    u64 pages)
{
	enum page_kind kind = (info->attrs & ATTR_KIND) >> ATTR_KIND_SHIFT;
	bool dirty = info->attrs & (ATTR_DIRTY | ATTR_FOLIO_DIRTY);
	bool referenced = info->attrs & (ATTR_YOUNG | ATTR_REFERENCED);
	u64 pss = (u64)PAGE_SIZE << PSS_SHIFT;

	add_cell(t, kind * 8 + shared * CELL_SHARED + dirty * CELL_DIRTY +
		    referenced * CELL_REFERENCED, pages);
	tally_add(t, COUNT_ORDER +
		     ((info->attrs & ATTR_ORDER) >> ATTR_ORDER_SHIFT), pages);
	if (kind == KIND_HUGETLB)
		return;
	if (info->attrs & ATTR_LAZYFREE)
		tally_add(t, COUNT_LAZYFREE, pages);
	if (info->mapcount >= 2)
		pss = div_u64(pss, info->mapcount);
	tally_add(t, pss_counter(info, kind), pss * pages);
	if (dirty)
		tally_add(t, COUNT_PSS_DIRTY, pss * pages);
}

/* A state that is not "present, with a struct page". */
static void account_state(struct tally *t, const struct page_info *info,
			  u64 pages)
{
	unsigned int state = info->attrs & ATTR_STATE;

	tally_add(t, COUNT_STATE + state, pages);
	if (state == STATE_ZERO || state == STATE_SPECIAL)
		tally_add(t, COUNT_LEAF +
			     ((info->attrs & ATTR_LEAF) >> ATTR_LEAF_SHIFT),
			  pages);
	if (!info->page)
		return;
	/* smaps counts them as resident, and as shared or not by rule */
	account(t, info, nonpresent_is_shared(state == STATE_DEVICE,
					      info->mapcount), pages);
}

static void account_page(struct tally *t, const struct page_info *info,
			 bool shared_table, u64 pages)
{
	if ((info->attrs & ATTR_STATE) != STATE_PRESENT) {
		account_state(t, info, pages);
		return;
	}
	tally_add(t, COUNT_LEAF + ((info->attrs & ATTR_LEAF) >> ATTR_LEAF_SHIFT),
		  pages);
	if (info->attrs & ATTR_PROTNONE)
		tally_add(t, COUNT_PROTNONE, pages);
	account(t, info, info->mapcount >= 2 || shared_table, pages);
}

void tally_alike(struct tally *t, pte_t pte, u64 pages)
{
	struct page_info info;
	struct entry entry;

	entry_from_pte(pte, &entry);
	classify(&t->view, &entry, ATTR_FOLIO, 0, &info);
	account_page(t, &info, false, pages);
	t->cost += COST_PLAIN;
}

unsigned int tally_ptes(struct tally *t, const pte_t *pte, unsigned long addr,
			unsigned int n)
{
	unsigned int i, taken = t->plain ? 0 : tally_fast_ptes(t, pte, addr, n);

	if (taken)
		return taken;
	for (i = 0; i < n; i++, addr += PAGE_SIZE) {
		pte_t copy = __pte(arch_raw_pte(pte + i));

		if (pte_none(copy))
			tally_hole(t, addr, addr + PAGE_SIZE);
		else
			tally_alike(t, copy, 1);
		if (t->cost >= t->limit)
			return i + 1;
	}
	return n;
}

static void account_pmd_kind(struct tally *t, const struct page_info *info,
			     u64 pages)
{
	enum page_kind kind = (info->attrs & ATTR_KIND) >> ATTR_KIND_SHIFT;

	if (!info->page || kind == KIND_HUGETLB)
		return;
	if (kind <= KIND_KSM)
		tally_add(t, COUNT_PMD_ANON, pages);
	else if (info->attrs & ATTR_SWAPBACKED)
		tally_add(t, COUNT_PMD_SHMEM, pages);
	else if (kind != KIND_DEVICE)
		tally_add(t, COUNT_PMD_FILE, pages);
}

/* ------------------------------------------------ leaves like one before */

/*
 * Huge pages of one mapping are mostly alike. What classify() would look at is
 * compared with what it saw in the last one instead. A single reference means
 * that every page is mapped once, here; those of hugetlb are only mapped as a
 * whole, and so all of their pages as often.
 */
static u64 leaf_attrs(pmd_t pmd)
{
	/* frames of what is out of reach are kept inverted, and so are told apart */
	return pmd_val(pmd) ^ ((u64)pmd_pfn(pmd) << PAGE_SHIFT);
}

static bool leaf_again(struct tally *t, pmd_t pmd, bool shared_table)
{
	const struct tally_leaf *leaf = &t->leaf;
	struct folio *folio;

	/* without locks the entry may name no page at all */
	if (!leaf->known || !t->view.trusted ||
	    leaf->shared_table != shared_table ||
	    leaf_attrs(pmd) != leaf->attrs)
		return false;
	/* flags with PG_head: this is the folio's first page, as it was there */
	folio = (struct folio *)pfn_to_page(pmd_pfn(pmd));
	return folio_flags_word(folio) == leaf->flags &&
	       folio_ref_count(folio) == leaf->references &&
	       folio_entire_mapcount_raw(folio) == leaf->mapcount &&
	       folio_order(folio) == leaf->order &&
	       folio_mapping_word(folio) &&
	       (folio_mapping_word(folio) & MAPPING_KIND_MASK) == leaf->kind;
}

static void fold_leaves(struct tally *t)
{
	u64 pages = t->leaf.again;

	if (!pages)
		return;
	t->leaf.again = 0;
	account_pmd_kind(t, &t->leaf.info, pages);
	account_page(t, &t->leaf.info, t->leaf.shared_table, pages);
}

static void note_leaf(struct tally *t, pmd_t pmd, bool shared_table,
		      const struct page_info *info)
{
	struct tally_leaf *leaf = &t->leaf;
	struct folio *folio = (struct folio *)info->page;

	if (t->plain || !t->view.trusted || t->view.dax ||
	    t->view.flags & (VM_PFNMAP | VM_MIXEDMAP) || !folio ||
	    (info->attrs & ATTR_STATE) != STATE_PRESENT ||
	    !(info->attrs & ATTR_HEAD) ||
	    !(t->view.hugetlb || classify_uniform(info)))
		return;
	fold_leaves(t);
	leaf->known = true;
	leaf->shared_table = shared_table;
	leaf->attrs = leaf_attrs(pmd);
	leaf->flags = folio_flags_word(folio);
	leaf->references = folio_ref_count(folio);
	leaf->mapcount = folio_entire_mapcount_raw(folio);
	leaf->order = folio_order(folio);
	leaf->kind = folio_mapping_word(folio) & MAPPING_KIND_MASK;
	leaf->info = *info;
}

void tally_end(struct tally *t)
{
	fold_leaves(t);
	tally_fast_fold(t);
}

void tally_see(struct tally *t, const struct vma_copy *copy, bool trusted)
{
	/* what was counted so far was seen through the mapping before */
	fold_leaves(t);
	tally_fast_see(t);
	if (!view_is_of(&t->view, copy, trusted))
		view_init(&t->view, copy, trusted);
	t->leaf.known = false;
	t->shmem = NULL;
	/*
	 * smaps asks the object as a whole where every swapped page of it is
	 * one of ours, and looks behind each hole where there may be copies.
	 */
	if (copy->shmem && vma_may_have_copies(copy))
		t->shmem = copy;
}

/* ---------------------------------------------------------------- leaves */

/* @whole: out: its first page, classified */
static void tally_leaf(struct tally *t, const struct entry *entry,
		       unsigned int first, unsigned int pages,
		       bool shared_table, struct page_info *whole)
{
	struct page_info info;
	unsigned int i, alike;

	t->cost += COST_PLAIN;
	classify(&t->view, entry, ATTR_FOLIO, first, &info);
	*whole = info;
	if ((entry->attrs & ATTR_LEAF) == (u64)LEAF_PMD << ATTR_LEAF_SHIFT)
		account_pmd_kind(t, &info, pages);
	/* pages of one leaf differ in nothing but their mapcounts */
	if (!info.page || t->view.hugetlb || classify_uniform(&info) ||
	    (info.attrs & ATTR_STATE) != STATE_PRESENT) {
		account_page(t, &info, shared_table, pages);
		return;
	}
	for (i = 0; i < pages; i += alike) {
		classify(&t->view, entry, ATTR_FOLIO, first + i, &info);
		alike = classify_alike(&info, pages - i);
		account_page(t, &info, shared_table, alike);
		t->cost += COST_PLAIN + alike / 2;
	}
}

void tally_pmd(struct tally *t, pmd_t pmd, unsigned long addr,
	       unsigned long end, bool shared_table)
{
	struct page_info info;
	struct entry entry;

	if (end - addr == PMD_SIZE && leaf_again(t, pmd, shared_table)) {
		t->leaf.again += PMD_SIZE >> PAGE_SHIFT;
		t->cost += COST_AGAIN;
		return;
	}
	entry_from_pmd(pmd, &entry);
	tally_leaf(t, &entry, (addr & ~PMD_MASK) >> PAGE_SHIFT,
		   (end - addr) >> PAGE_SHIFT, shared_table, &info);
	note_leaf(t, pmd, shared_table, &info);
}

void tally_pud(struct tally *t, pud_t pud, unsigned long addr,
	       unsigned long end)
{
	struct page_info info;
	struct entry entry;

	entry_from_pud(pud, &entry);
	tally_leaf(t, &entry, (addr & ~PUD_MASK) >> PAGE_SHIFT,
		   (end - addr) >> PAGE_SHIFT, false, &info);
}

bool tally_has_fast_path(void)
{
	return tally_fast_possible();
}
