// SPDX-License-Identifier: GPL-2.0-only
/*
 * The descent from the root of a page table to its leaves. Each level is read
 * once and the next table is reached from that copy, so that a change in
 * between leads to the old table or the new one, never to a mix of both; the
 * section keeps either alive.
 */
#include <linux/mm.h>
#include <linux/pgtable.h>

#include "compat/pgtable.h"
#include "entry.h"
#include "test.h"
#include "walk.h"

/* What the pieces cost, in units of about ten instructions. */
#define COST_DESCENT	4	/* one step down and back */
#define COST_LEAF	8
#define LOCKLESS_ENTRIES 64u
#define COST_EMPTY_SHIFT 3	/* eight empty entries are one unit */

static bool done(const struct walk *w)
{
	return w->stopped || (*w->budget <= 0 && w->moved);
}

static unsigned long tell_hole(struct walk *w, unsigned long addr,
			       unsigned long end)
{
	unsigned long reached = w->ops->hole(w, addr, end);

	w->moved = true;
	if (reached == addr)
		w->stopped = true;
	return reached;
}

/*
 * Skip the empty entries from @addr on, of which @entry is the first, in a
 * table whose entries cover 1 << @shift bytes. Return: address reached.
 */
static unsigned long skip_empty(struct walk *w, const void *entry,
				unsigned long addr, unsigned long end,
				unsigned int shift)
{
	unsigned long first = addr >> shift;
	unsigned int n = ((end - 1) >> shift) - first + 1;
	unsigned int empty = arch_count_empty(entry, n);
	unsigned long reached;

	/* what was empty a moment ago may have been filled; it is next, then */
	empty = max(empty, 1u);
	reached = empty == n ? end : (first + empty) << shift;
	w->entries += empty;
	*w->budget -= (empty >> COST_EMPTY_SHIFT) + 1;
	return tell_hole(w, addr, reached);
}

static unsigned long tell_ptes(struct walk *w, const pte_t *pte,
			       unsigned long addr, unsigned int n)
{
	unsigned int taken = w->ops->ptes(w, pte, addr, n);

	w->entries += taken;
	w->moved = true;
	/* short of work to be done, or of room for what it finds? */
	if (taken < n && *w->budget > 0)
		w->stopped = true;
	return addr + ((unsigned long)taken << PAGE_SHIFT);
}

/*
 * A table that maps 1 << @shift bytes was entered at @addr, and the walk got to
 * @reached in it. Most are the one that was entered last at that level.
 */
static void tell_table(struct walk *w, enum table_level level,
		       const void *table, unsigned int shift,
		       unsigned long addr, unsigned long reached)
{
	unsigned long size = 1UL << shift, base = addr & ~(size - 1);
	bool whole = reached - addr == size;

	if (!w->tables || reached == addr ||
	    (!whole && tables_go_on(w->tables, level, base)))
		return;
	w->shared_table = level == LEVEL_PMD && w->huge_shift == PMD_SHIFT &&
			  hugetlb_table_shared(table);
	w->ops->table(w, level, table, base, addr, whole);
}

/* The lock is taken in one function and given up in another; sparse is told. */
static void hold(struct walk *w, spinlock_t *ptl, pmd_t pmd, unsigned long addr)
{
	spin_lock(ptl);
	__release(ptl);
	w->held.ptl = ptl;
	w->held.table = pte_table_map(pmd);
	w->held.base = addr & PMD_MASK;
}

void walk_release(struct walk *w)
{
	spinlock_t *ptl = w->held.ptl;

	if (!ptl)
		return;
	w->held.ptl = NULL;
	w->held.base = WALK_HELD_NONE;
	pte_table_unmap(w->held.table);
	__acquire(ptl);
	spin_unlock(ptl);
}

/* Interrupts are off: few at a time. */
static unsigned long walk_ptes_lockless(struct walk *w, pmd_t pmd,
					unsigned long addr, unsigned int n)
{
	pte_t *table = pte_table_map(pmd);
	unsigned long reached;

	reached = tell_ptes(w, table + pte_index(addr), addr,
			    min(n, LOCKLESS_ENTRIES));
	tell_table(w, LEVEL_PTE, table, PMD_SHIFT, addr, reached);
	pte_table_unmap(table);
	return reached;
}

static unsigned long walk_ptes(struct walk *w, pmd_t *pmdp, pmd_t pmd,
			       unsigned long addr, unsigned long end)
{
	unsigned int n = (end - addr) >> PAGE_SHIFT;
	unsigned long reached;

	test_widen_window();
	if (w->lockless)
		return walk_ptes_lockless(w, pmd, addr, n);
	hold(w, pte_lockptr(w->mm, &pmd), pmd, addr);
	/* collapsed or freed before the lock was ours: look again */
	if (likely(pmd_same(pmd, pmd_read_once(pmdp)))) {
		reached = tell_ptes(w, w->held.table + pte_index(addr), addr, n);
		tell_table(w, LEVEL_PTE, w->held.table, PMD_SHIFT, addr, reached);
		return reached;
	}
	walk_release(w);
	*w->budget -= COST_DESCENT;
	return addr;
}

static unsigned long tell_pmd(struct walk *w, pmd_t *pmdp, pmd_t pmd,
			      unsigned long addr, unsigned long end)
{
	unsigned long reached;

	w->shared_table = w->huge_shift == PMD_SHIFT &&
			  hugetlb_table_shared(pmdp);
	reached = w->ops->pmd(w, pmd, addr, end);
	w->entries++;
	w->moved = true;
	*w->budget -= COST_LEAF;
	/* short of work to be done, or of room for what it finds? */
	if (reached < end && *w->budget > 0)
		w->stopped = true;
	return reached;
}

static unsigned long walk_pmd_leaf(struct walk *w, pmd_t *pmdp, pmd_t pmd,
				   unsigned long addr, unsigned long end)
{
	spinlock_t *ptl;

	test_widen_window();
	if (w->lockless)
		return tell_pmd(w, pmdp, pmd, addr, end);
	ptl = pmd_lock(w->mm, pmdp);
	if (likely(pmd_same(pmd, pmd_read_once(pmdp))))
		addr = tell_pmd(w, pmdp, pmd, addr, end);
	else
		*w->budget -= COST_DESCENT;
	spin_unlock(ptl);
	return addr;
}

static unsigned long walk_pmds(struct walk *w, pud_t *pudp, pud_t pud,
			       unsigned long addr, unsigned long end)
{
	pmd_t *table = pmd_offset_lockless(pudp, pud, addr & PUD_MASK);
	unsigned long start = addr;

	while (addr < end && !done(w)) {
		pmd_t *pmdp = pmd_offset_lockless(pudp, pud, addr);
		pmd_t pmd = pmd_read_once(pmdp);
		unsigned long next = pmd_addr_end(addr, end);

		if (pmd_none(pmd)) {
			addr = skip_empty(w, pmdp, addr, end, PMD_SHIFT);
			continue;
		}
		walk_release(w);
		if (w->huge_shift == PMD_SHIFT || pmd_maps_memory(pmd) ||
		    !pmd_present(pmd)) {
			addr = walk_pmd_leaf(w, pmdp, pmd, addr, next);
		} else {
			w->entries++;
			*w->budget -= COST_DESCENT;
			addr = walk_ptes(w, pmdp, pmd, addr, next);
		}
	}
	if (!mm_pmd_folded(w->mm))
		tell_table(w, LEVEL_PMD, table, PUD_SHIFT, start, addr);
	return addr;
}

static unsigned long walk_puds(struct walk *w, p4d_t *p4dp, p4d_t p4d,
			       unsigned long addr, unsigned long end)
{
	pud_t *table = pud_offset_lockless(p4dp, p4d, addr & P4D_MASK);
	unsigned long start = addr;

	while (addr < end && !done(w)) {
		pud_t *pudp = pud_offset_lockless(p4dp, p4d, addr);
		pud_t pud = pud_read_once(pudp);
		unsigned long next = pud_addr_end(addr, end);

		if (pud_none(pud)) {
			addr = skip_empty(w, pudp, addr, end, PUD_SHIFT);
			continue;
		}
		w->entries++;
		if (w->huge_shift == PUD_SHIFT || pud_maps_memory(pud) ||
		    !pud_present(pud)) {
			/* nothing splits these; the entry is its own snapshot */
			w->shared_table = false;
			*w->budget -= COST_LEAF;
			addr = w->ops->pud(w, pud, addr, next);
			w->moved = true;
			if (addr < next)
				w->stopped = true;
			continue;
		}
		*w->budget -= COST_DESCENT;
		addr = walk_pmds(w, pudp, pud, addr, next);
	}
	if (!mm_pud_folded(w->mm))
		tell_table(w, LEVEL_PUD, table, P4D_SHIFT, start, addr);
	return addr;
}

static unsigned long walk_p4ds(struct walk *w, pgd_t *pgdp, pgd_t pgd,
			       unsigned long addr, unsigned long end)
{
	p4d_t *table = p4d_offset_lockless(pgdp, pgd, addr & PGDIR_MASK);
	unsigned long start = addr;

	while (addr < end && !done(w)) {
		p4d_t *p4dp = p4d_offset_lockless(pgdp, pgd, addr);
		p4d_t p4d = p4d_read_once(p4dp);
		unsigned long next = p4d_addr_end(addr, end);

		if (p4d_none(p4d)) {
			w->entries++;
			*w->budget -= 1;
			addr = tell_hole(w, addr, next);
			continue;
		}
		w->entries++;
		addr = walk_puds(w, p4dp, p4d, addr, next);
	}
	if (!mm_p4d_folded(w->mm))
		tell_table(w, LEVEL_P4D, table, PGDIR_SHIFT, start, addr);
	return addr;
}

/* The entry of the PMD level that names a PTE table, or NULL. */
static pmd_t *find_pmd(struct walk *w, unsigned long addr, pmd_t *pmd)
{
	pgd_t *pgdp = pgd_offset(w->mm, addr), pgd = pgd_read_once(pgdp);
	p4d_t *p4dp, p4d;
	pud_t *pudp, pud;
	pmd_t *pmdp;

	if (pgd_none(pgd))
		return NULL;
	p4dp = p4d_offset_lockless(pgdp, pgd, addr);
	p4d = p4d_read_once(p4dp);
	if (p4d_none(p4d))
		return NULL;
	pudp = pud_offset_lockless(p4dp, p4d, addr);
	pud = pud_read_once(pudp);
	if (pud_none(pud) || pud_maps_memory(pud) || !pud_present(pud))
		return NULL;
	pmdp = pmd_offset_lockless(pudp, pud, addr);
	*pmd = pmd_read_once(pmdp);
	if (pmd_none(*pmd) || pmd_maps_memory(*pmd) || !pmd_present(*pmd))
		return NULL;
	return pmdp;
}

const pte_t *walk_hold(struct walk *w, unsigned long addr, unsigned long n)
{
	pmd_t *pmdp, pmd;

	if (pte_index(addr) + n > PTRS_PER_PTE)
		return NULL;
	walk_release(w);
	*w->budget -= 2 * COST_DESCENT;
	pmdp = find_pmd(w, addr, &pmd);
	if (!pmdp)
		return NULL;
	hold(w, pte_lockptr(w->mm, &pmd), pmd, addr);
	if (likely(pmd_same(pmd, pmd_read_once(pmdp)))) {
		/* one of each level */
		w->entries += LEVEL_PGD;
		return w->held.table + pte_index(addr);
	}
	walk_release(w);
	return NULL;
}

void walk_init(struct walk *w, struct mm_struct *mm, const struct walk_ops *ops,
	       struct open_tables *tables, long *budget)
{
	*w = (struct walk){
		.mm = mm,
		.ops = ops,
		.tables = tables,
		.budget = budget,
		.held.base = WALK_HELD_NONE,
	};
}

unsigned long walk_range(struct walk *w, unsigned long addr, unsigned long end)
{
	unsigned int n = (pmd_addr_end(addr, end) - addr) >> PAGE_SHIFT;
	const pte_t *pte = walk_held(w, addr, n);
	unsigned long start = addr;

	w->stopped = false;
	w->moved = false;
	if (pte && !w->huge_shift) {
		addr = tell_ptes(w, pte, addr, n);
		tell_table(w, LEVEL_PTE, w->held.table, PMD_SHIFT, start, addr);
		if (addr == end || done(w))
			return addr;
	}
	walk_release(w);
	while (addr < end && !done(w)) {
		pgd_t *pgdp = pgd_offset(w->mm, addr);
		pgd_t pgd = pgd_read_once(pgdp);
		unsigned long next = pgd_addr_end(addr, end);

		if (pgd_none(pgd)) {
			w->entries++;
			*w->budget -= 1;
			addr = tell_hole(w, addr, next);
			continue;
		}
		w->entries++;
		addr = walk_p4ds(w, pgdp, pgd, addr, next);
	}
	return addr;
}
