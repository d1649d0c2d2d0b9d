/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sections: the short stretches in which the page tables of another process
 * may be read. Owns every lock of the target that is ever taken, how long it is
 * held and what happens when it cannot be had; knows nothing of pages.
 */
#ifndef VMS_SECTION_H
#define VMS_SECTION_H

#include <linux/maple_tree.h>
#include <linux/mm_types.h>
#include <linux/types.h>

enum section_lock {
	SECTION_MMAP,	/* mmap_lock for read */
	SECTION_VMA,	/* read lock of each VMA, under RCU */
	SECTION_IRQ,	/* interrupts off; only where VMS_LOCKLESS_IS_SAFE */
	SECTION_LOCKS,
};

struct hold {
	u64 count;
	u64 total_ns;
	u64 longest_ns;
};

/* A VMA that is locked, and whether its hugetlb lock is held as well. */
struct locked_vma {
	struct vm_area_struct *vma;
	bool hugetlb;
};

#define SECTION_UNKNOWN	ULONG_MAX

/**
 * struct section - the state of one operation on a target
 * @mm: the address space; the caller holds mm_users
 * @lock: how the section that is entered now is protected
 * @start: range of the VMA that was found last, as the tree has it
 * @end: likewise
 * @below: where the one found before it in this section ends, SECTION_UNKNOWN
 *	when it is the first
 * @now: the VMA that is locked now
 * @before: the one before it, which stays locked as well: a page table that
 *	both have entries in is kept by one or the other all the time
 * @budget: work that may still be done before section_leave(), in units of
 *	about ten instructions; whoever works subtracts
 * @deadline: when waiting for the lock at hand ends, in ktime; 0 while there
 *	is nothing to wait for
 * @expired: it has ended: nothing waits any more
 *
 * Lock order: VMA read lock, hugetlb VMA lock (tried, never waited for), page
 * table lock. Nothing sleeps between section_enter() and section_leave().
 */
struct section {
	struct mm_struct *mm;
	enum section_lock lock;
	unsigned long start;
	unsigned long end;
	unsigned long below;
	struct locked_vma now;
	struct locked_vma before;
	long budget;

	u64 timeout_ns;
	u64 deadline;
	bool expired;

	/* private to section.c */
	unsigned long last;
	struct ma_state mas;
	enum { WANT_DEFAULT, WANT_MMAP, WANT_IRQ } want;
	unsigned int tries;
	unsigned int polite;
	bool irqs_off;
	unsigned long irq_flags;
	u64 entered;

	struct hold hold[SECTION_LOCKS];
	u64 sections;
	u64 waits;
};

/* @end: what begins there or above is none of the operation's. */
void section_init(struct section *s, struct mm_struct *mm, unsigned long end,
		  u64 timeout_ns);

/**
 * section_enter - start reading at @addr
 *
 * Return: 0; -EBUSY when the lock stayed taken past the deadline and nothing
 * else is safe: where VMAs have locks of their own it is worth to try again,
 * for the next VMA's may be free; -EINTR on a fatal signal. May sleep.
 */
int section_enter(struct section *s, unsigned long addr);

/**
 * section_next - the VMA that holds the address, or the next one above
 * @s: an entered section; its @start and @end are set, also when the VMA could
 *	not be locked
 *
 * The VMA stays locked until the call after the next one, or until
 * section_leave(). In SECTION_IRQ it is not locked at all and may be recycled
 * memory: look at its flags only.
 *
 * Return: the VMA, NULL behind the last one, ERR_PTR(-EAGAIN) when its lock is
 * taken: leave the section, then section_wait().
 */
struct vm_area_struct *section_next(struct section *s);

/* Look for the mapping below the one found last: sets @below. */
void section_find_below(struct section *s);

/**
 * section_below - where the mapping below the one found last ends
 *
 * Context: in a section. Return: the address, 0 when there is none.
 */
static inline unsigned long section_below(struct section *s)
{
	if (s->below == SECTION_UNKNOWN)
		section_find_below(s);
	return s->below;
}

void section_leave(struct section *s);

/**
 * section_wait - after -EAGAIN and outside the section: sleep, try otherwise
 *
 * Return: true when it is worth entering again; false when the VMA has to be
 * passed over.
 */
bool section_wait(struct section *s);

/* Enter the next section under mmap_lock, which keeps every table. */
void section_want_mmap(struct section *s);

/* The kinds of lock this build can use, as a mask. */
unsigned int section_locks(void);

#endif /* VMS_SECTION_H */
