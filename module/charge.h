/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which control groups the pages of one VMA are charged to; knows nothing of
 * locks or records.
 */
#ifndef VMS_CHARGE_H
#define VMS_CHARGE_H

#include <linux/mm.h>
#include <linux/rcupdate.h>

#include "classify.h"

/* Control groups that are told apart in one VMA, or part of it. */
#define CHARGE_GROUPS	32
/* Number of the last row, which holds all the others. */
#define CHARGE_OTHERS	(~0ull)

struct charge_group {
	u64 inode;	/* of the group in cgroupfs; 0: nobody is charged */
	u64 pages;
	u64 pss;	/* bytes << PSS_SHIFT */
};

/**
 * struct charges - the pages of one VMA by who pays for them
 * @copy: the mapping, for leaves above PTEs
 * @view: likewise, once there was one
 * @trusted: its entries cannot change while they are looked at
 * @hugetlb: of hugetlb pages, which have no share
 * @check_frames: entries may name frames that have no struct page
 * @nr: rows in use
 * @last: the row of the page before
 * @in_rcu: the section is all under RCU, so that what a word stands for stays
 * @word: of the folio before
 * @now: the row that it stands for, NULL: not known
 * @mapcount: of the page before
 * @share: what that makes of its bytes, << PSS_SHIFT
 * @cost: work done, in the units of section.budget
 */
struct charges {
	const struct vma_copy *copy;
	struct view view;
	bool trusted;
	bool hugetlb;
	bool check_frames;
	bool in_rcu;
	unsigned int nr;
	unsigned int last;
	unsigned long word;
	struct charge_group *now;
	u32 mapcount;
	u64 share;
	long cost;
	struct charge_group group[CHARGE_GROUPS + 1];
};

/* Start anew. */
void charges_begin(struct charges *c);
/* What comes next is seen through this mapping. */
void charges_see(struct charges *c, const struct vma_copy *copy, bool trusted);
/* It has small pages only, whose entries cannot change: the PTEs come. */
void charges_see_ordinary(struct charges *c);
/* From here on its entries may change while they are looked at. */
void charges_distrust(struct charges *c);

/* A section has begun. */
void charges_section(struct charges *c, bool in_rcu);

/* Around a look at pages. The lock is given up in another function; sparse is told. */
static inline void charges_enter(struct charges *c)
{
	if (c->in_rcu)
		return;
	rcu_read_lock();
	__release(RCU);
	c->now = NULL;
}

static inline void charges_leave(struct charges *c)
{
	if (c->in_rcu)
		return;
	__acquire(RCU);
	rcu_read_unlock();
}

/* Let @now be the row of the folio's group, whose word is @word. */
void charges_find(struct charges *c, struct folio *folio, unsigned long word);

/* How many entries may be looked at for @budget, at least one. */
unsigned int charge_limit(const struct charges *c, long budget);

void charge_ptes(struct charges *c, const pte_t *pte, unsigned int n);
void charge_pmd(struct charges *c, pmd_t pmd, unsigned long addr,
		unsigned long end);
void charge_pud(struct charges *c, pud_t pud, unsigned long addr,
		unsigned long end);

#endif /* VMS_CHARGE_H */
