// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sections: entering and leaving the stretches in which foreign page tables may
 * be read. Which lock and why: Documentation/design.rst, Locks.
 */
#include <linux/delay.h>
#include <linux/hugetlb.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>

#include "compat/vma.h"
#include "compat/vmalock.h"
#include "section.h"
#include "test.h"

/* Work before the lock is given up: about 40,000 instructions. */
#define BUDGET_LOCKED	4096
/* With interrupts off every CPU may be waiting for us: about 10 us. */
#define BUDGET_IRQ	1024

/* Of looking for the VMA below another, in units of ten instructions. */
#define COST_BELOW	32

#define DEFAULT_TIMEOUT	NSEC_PER_SEC
/* Sections that make room for writers after one was met. */
#define POLITE_SECTIONS	16
/* Tries for a VMA's own lock before mmap_lock is tried instead. */
#define VMA_TRIES	4

void section_init(struct section *s, struct mm_struct *mm, unsigned long end,
		  u64 timeout_ns)
{
	*s = (struct section){
		.mm = mm,
		.last = end - 1,
		.timeout_ns = timeout_ns ?: DEFAULT_TIMEOUT,
	};
}

unsigned int section_locks(void)
{
	return BIT(SECTION_MMAP) | VMS_HAVE_VMA_LOCK << SECTION_VMA |
	       VMS_LOCKLESS_IS_SAFE << SECTION_IRQ;
}

/* Sleep a little; false once the deadline has passed. */
static bool wait_a_little(struct section *s)
{
	u64 now = ktime_get_ns();

	if (!s->deadline)
		s->deadline = now + s->timeout_ns;
	if (now >= s->deadline)
		s->expired = true;
	if (s->expired)
		return false;
	s->waits++;
	usleep_range(50, 150);
	return true;
}

/* A lock that was had after all did not stay taken: the next one has its time. */
static void stop_waiting(struct section *s)
{
	s->deadline = 0;
	s->tries = 0;
}

/*
 * mmap_lock is polled, never queued for: a queued reader cannot give up when
 * the holder is stuck (down_read_killable() has no time limit), and holds up
 * the readers behind it while it waits.
 */
static int take_mmap_lock(struct section *s)
{
	while (!mmap_read_trylock(s->mm)) {
		s->polite = POLITE_SECTIONS;
		if (fatal_signal_pending(current))
			return -EINTR;
		if (!wait_a_little(s))
			return -EBUSY;
	}
	return 0;
}

/* Entered in one function and left in another, which sparse is told here. */
static void enter_rcu(void)
{
	rcu_read_lock();
	__release(RCU);
}

static void leave_rcu(void)
{
	__acquire(RCU);
	rcu_read_unlock();
}

static void enter_irq(struct section *s)
{
	s->lock = SECTION_IRQ;
	s->budget = BUDGET_IRQ;
	s->entered = ktime_get_ns();
	s->irqs_off = test_unsafe_mode() != TEST_UNSAFE_RCU;
	if (s->irqs_off)
		local_irq_save(s->irq_flags);
	enter_rcu();	/* for the maple tree */
}

int section_enter(struct section *s, unsigned long addr)
{
	MA_STATE(mas, &s->mm->mm_mt, addr, addr);
	int want, err;

	s->mas = mas;
	s->now.vma = NULL;
	s->before.vma = NULL;
	s->end = addr ? SECTION_UNKNOWN : 0;
	s->sections++;
	s->budget = BUDGET_LOCKED;
	want = test_unsafe_mode() ? WANT_IRQ : s->want;
	s->want = WANT_DEFAULT;
	if (want == WANT_IRQ) {
		enter_irq(s);
		return 0;
	}
	if (VMS_HAVE_VMA_LOCK && want == WANT_DEFAULT) {
		s->lock = SECTION_VMA;
		s->entered = ktime_get_ns();
		enter_rcu();
		return 0;
	}
	err = take_mmap_lock(s);
	if (!err)
		stop_waiting(s);
	if (err == -EBUSY && VMS_LOCKLESS_IS_SAFE) {
		enter_irq(s);
		return 0;
	}
	if (err)
		return err;
	s->lock = SECTION_MMAP;
	s->entered = ktime_get_ns();
	return 0;
}

/*
 * A shared mapping of hugetlb may borrow the PMD table of another process,
 * which is freed by neither RCU nor the VMA's lock. The hugetlb lock of the
 * VMA keeps this mapping from losing it: 6.12 mm/hugetlb.c:huge_pmd_unshare().
 */
static struct hugetlb_vma_lock *shared_hugetlb_lock(const struct vm_area_struct *vma)
{
	if (!is_vm_hugetlb_page((struct vm_area_struct *)vma) ||
	    !(vma->vm_flags & VM_MAYSHARE))
		return NULL;
	return vma->vm_private_data;
}

static __always_inline void put_vma(struct section *s, struct locked_vma *locked)
{
	if (!locked->vma)
		return;
	if (locked->hugetlb)
		up_read(&shared_hugetlb_lock(locked->vma)->rw_sema);
	if (s->lock == SECTION_VMA)
		vma_read_unlock(locked->vma);
	locked->vma = NULL;
}

/* Into s->now, which is free. */
static bool lock_vma(struct section *s, struct vm_area_struct *vma)
{
	struct hugetlb_vma_lock *lock;

	if (s->lock == SECTION_VMA) {
		if (!vma_try_read_lock(s->mm, vma))
			return false;
		/* it may have been split or recycled since it was found */
		if (vma->vm_start != s->start || vma->vm_end != s->end) {
			vma_read_unlock(vma);
			return false;
		}
		s->hold[SECTION_VMA].count++;
		if (unlikely(s->deadline))
			stop_waiting(s);
	}
	s->now = (struct locked_vma){ .vma = vma };
	lock = shared_hugetlb_lock(vma);
	if (lock) {
		if (!down_read_trylock(&lock->rw_sema)) {
			put_vma(s, &s->now);
			return false;
		}
		s->now.hugetlb = true;
	}
	return true;
}

struct vm_area_struct *section_next(struct section *s)
{
	struct vm_area_struct *vma;

	vma = mas_find(&s->mas, s->last);
	if (!vma)
		return NULL;
	put_vma(s, &s->before);
	s->before = s->now;
	s->now.vma = NULL;
	s->below = s->end;
	s->start = s->mas.index;
	s->end = s->mas.last + 1;
	if (s->lock != SECTION_IRQ && !lock_vma(s, vma))
		return ERR_PTR(-EAGAIN);
	return vma;
}

void section_find_below(struct section *s)
{
	MA_STATE(mas, &s->mm->mm_mt, s->start, s->start);

	s->below = mas_prev(&mas, 0) ? mas.last + 1 : 0;
	s->budget -= COST_BELOW;
}

/* Return: for how long the section was entered, in ns. */
static u64 account(struct section *s)
{
	struct hold *hold = &s->hold[s->lock];
	u64 held = ktime_get_ns() - s->entered;

	if (s->lock != SECTION_VMA)
		hold->count++;
	hold->total_ns += held;
	if (held > hold->longest_ns)
		hold->longest_ns = held;
	return held;
}

/*
 * Give waiting writers a real chance: a reader that returns at once steals the
 * lock from a queued writer for up to 4 ms (6.12 kernel/locking/rwsem.c:
 * rwsem_down_read_slowpath(), "Reader optimistic lock stealing"). A writer that
 * spins is not seen to wait, so that one that was seen is taken to come again:
 * the time between sections is then about sixteen times that of a section.
 */
static void let_writers_in(struct section *s, u64 held_ns)
{
	unsigned long us = clamp_t(u64, held_ns >> 6, 100, 2000);
	unsigned int round = 0;

	s->polite--;
	do {
		s->waits++;
		usleep_range(us, us + us / 4);
	} while (++round < 10 && mmap_lock_is_contended(s->mm));
}

void section_leave(struct section *s)
{
	u64 held;

	put_vma(s, &s->before);
	put_vma(s, &s->now);
	held = account(s);
	switch (s->lock) {
	case SECTION_VMA:
		leave_rcu();
		break;
	case SECTION_MMAP:
		if (mmap_lock_is_contended(s->mm))
			s->polite = POLITE_SECTIONS;
		mmap_read_unlock(s->mm);
		if (s->polite)
			let_writers_in(s, held);
		break;
	default:
		leave_rcu();
		if (s->irqs_off)
			local_irq_restore(s->irq_flags);
	}
	cond_resched();
}

void section_want_mmap(struct section *s)
{
	s->want = WANT_MMAP;
}

bool section_wait(struct section *s)
{
	if (s->tries++ < VMA_TRIES && wait_a_little(s))
		return true;
	s->tries = 0;
	if (!s->expired) {
		/* a reader of mmap_lock excludes every writer of the VMA */
		s->want = WANT_MMAP;
		return true;
	}
	s->want = VMS_LOCKLESS_IS_SAFE ? WANT_IRQ : WANT_DEFAULT;
	return VMS_LOCKLESS_IS_SAFE;
}
