/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The descent from the root of a page table to its leaves; hands over entries
 * and knows nothing of what they mean.
 */
#ifndef VMS_WALK_H
#define VMS_WALK_H

#include <linux/mm_types.h>
#include <linux/pgtable.h>
#include <linux/spinlock_types.h>
#include <linux/types.h>

#include "page.h"
#include "tables.h"

struct walk;

/**
 * struct walk_ops - what a walk meets, in address order
 * @ptes: @n entries of one PTE table that map memory from @addr on. The table
 *	is locked, unless walk.lockless. Return: how many were taken; fewer than
 *	@n end the walk there.
 * @pmd: an entry of the PMD level that is a leaf, or not present; it covers
 *	@addr, and the walk is interested up to @end. Return: the address up to
 *	which it was taken; less than @end ends the walk there.
 * @pud: likewise, of the PUD level
 * @hole: no entry from @addr to @end. Return: the address up to which it was
 *	taken; @addr itself ends the walk there.
 * @table: where tables are counted: one of any level but the root, which maps
 *	@base on, was entered at @addr and something in it was told, from its
 *	first entry to its last when it was told @whole; @table is the first one,
 *	and all of them may be read now. walk.shared_table says whether it is
 *	shared. Comes once for each table, but again where it is not open in
 *	walk.tables any more.
 *
 * Context: of the section: none may sleep.
 */
struct walk_ops {
	unsigned int (*ptes)(struct walk *w, const pte_t *pte,
			     unsigned long addr, unsigned int n);
	unsigned long (*pmd)(struct walk *w, pmd_t pmd, unsigned long addr,
			     unsigned long end);
	unsigned long (*pud)(struct walk *w, pud_t pud, unsigned long addr,
			     unsigned long end);
	unsigned long (*hole)(struct walk *w, unsigned long addr,
			      unsigned long end);
	void (*table)(struct walk *w, enum table_level level, const void *table,
		      unsigned long base, unsigned long addr, bool whole);
};

#define WALK_HELD_NONE	(-2 * PMD_SIZE)

/**
 * struct walk - one walk and what it needs to know
 * @mm: the address space
 * @ops: who is told
 * @tables: those that are counted and may go on, or NULL: none are
 * @budget: work left; the walk ends between two entries when it is used up,
 *	but never where it began
 * @huge_shift: log2 of the page size of a hugetlb mapping, otherwise 0; the
 *	walk never descends below that level
 * @lockless: take no page-table lock: interrupts are off
 * @shared_table: out, for @pmd and @table: the PMD table belongs to several
 *	processes
 * @entries: out: entries read, all levels
 * @stopped: out: an op ended the walk
 * @moved: private: something was told; no walk ends before that
 * @held: private: the PTE table that was read last, which maps @held.base on.
 *	It stays locked for the next VMA, which often has its entries in the
 *	same one. Without one, the base is WALK_HELD_NONE, far from any user's
 */
struct walk {
	struct mm_struct *mm;
	const struct walk_ops *ops;
	struct open_tables *tables;
	long *budget;
	unsigned int huge_shift;
	bool lockless;
	bool shared_table;
	bool stopped;
	bool moved;
	struct {
		spinlock_t *ptl;
		pte_t *table;
		unsigned long base;
	} held;
	u64 entries;
};

void walk_init(struct walk *w, struct mm_struct *mm, const struct walk_ops *ops,
	       struct open_tables *tables, long *budget);

/**
 * walk_range - tell of every entry between two addresses
 *
 * Context: in a section, inside one VMA; walk_release() has to follow before
 * that is left. Return: the address that was reached:
 * @end, or less when the budget was used up or an op ended it.
 */
unsigned long walk_range(struct walk *w, unsigned long addr, unsigned long end);

/**
 * walk_release - let go of the table that is held
 *
 * Context: before the section is left, and before the VMAs that keep the table
 * are let go of.
 */
void walk_release(struct walk *w);

/**
 * walk_held - the entries of @n pages from @addr on, if they are in the table
 * that is held
 *
 * It cannot have been taken away: its lock keeps it from being collapsed, and
 * the VMA it was read for is locked until the one at hand is.
 */
static inline const pte_t *walk_held(const struct walk *w, unsigned long addr,
				     unsigned long n)
{
	unsigned long first = (addr - w->held.base) >> PAGE_SHIFT;

	return first + n <= PTRS_PER_PTE ? w->held.table + first : NULL;
}

/**
 * walk_hold - the entries of @n pages from @addr on, all in one table, which is
 * held from now on in place of the last
 *
 * Context: as walk_range(), and with locks. Return: NULL where there is no such
 * table, or it changes: walk_range() tells what there is instead.
 */
const pte_t *walk_hold(struct walk *w, unsigned long addr, unsigned long n);

#endif /* VMS_WALK_H */
