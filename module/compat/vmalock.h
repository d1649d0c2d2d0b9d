/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The read lock of one VMA and the sequence of an address space's layout, as
 * far as each kernel has them; decides nothing about when to take them.
 *
 * vma_try_read_lock() is what the kernel's own lock_vma_under_rcu() does after
 * the lookup. That function is not exported on 6.12 and looks the VMA up again
 * on 7.x, where an iteration already has it.
 */
#ifndef VMS_COMPAT_VMALOCK_H
#define VMS_COMPAT_VMALOCK_H

#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/sched/mm.h>
#include <linux/version.h>

#ifdef CONFIG_PER_VMA_LOCK

#define VMS_HAVE_VMA_LOCK 1

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)

/*
 * Locks @vma for read if that is possible at once. VMAs are recycled without a
 * grace period here (SLAB_TYPESAFE_BY_RCU): what was found may belong to
 * another mm by now. After mm/mmap_lock.c:vma_start_read() of 7.2.
 *
 * Context: under rcu_read_lock(), which stays held.
 */
static inline bool vma_try_read_lock(struct mm_struct *mm,
				     struct vm_area_struct *vma)
{
	struct mm_struct *other;
	int oldcnt;

	if (READ_ONCE(vma->vm_lock_seq) == READ_ONCE(mm->mm_lock_seq.sequence))
		return false;
	if (!__refcount_inc_not_zero_limited_acquire(&vma->vm_refcnt, &oldcnt,
						     VM_REFCNT_LIMIT))
		return false;
#ifdef __vma_lockdep_acquire_read
	__vma_lockdep_acquire_read(vma);
#else
	rwsem_acquire_read(&vma->vmlock_dep_map, 0, 1, _RET_IP_);
#endif
	other = vma->vm_mm;
	if (unlikely(other != mm)) {
		/*
		 * The other mm could go away between the decrement and the
		 * wake-up of its writer: hold it over both.
		 */
		mmgrab(other);
		vma_end_read(vma);
		mmdrop(other);
		return false;
	}
	if (unlikely(vma->vm_lock_seq == raw_read_seqcount(&mm->mm_lock_seq))) {
		vma_end_read(vma);
		return false;
	}
	return true;
}

static inline void vma_read_unlock(struct vm_area_struct *vma)
{
	vma_end_read(vma);
}

#else /* 6.4 to 6.14 */

/* After mm/memory.c:lock_vma_under_rcu() of 6.12. Context: as above. */
static inline bool vma_try_read_lock(struct mm_struct *mm,
				     struct vm_area_struct *vma)
{
	if (!vma_start_read(vma))
		return false;
	if (unlikely(vma->detached)) {
		vma_end_read(vma);
		return false;
	}
	return true;
}

/* vma_end_read() without its own rcu_read_lock(). Context: as above. */
static inline void vma_read_unlock(struct vm_area_struct *vma)
{
	up_read(&vma->vm_lock->lock);
}

#endif

#else /* !CONFIG_PER_VMA_LOCK */

#define VMS_HAVE_VMA_LOCK 0

static inline bool vma_try_read_lock(struct mm_struct *mm,
				     struct vm_area_struct *vma)
{
	return false;
}

static inline void vma_read_unlock(struct vm_area_struct *vma) {}

#endif /* CONFIG_PER_VMA_LOCK */

/*
 * The layout sequence counts writers of mmap_lock; it is odd while there is
 * one. Linux 6.13 made it a seqcount, and Debian's 6.12 carries that back. The
 * probe asks for what came in the same change.
 */
#if defined(CONFIG_PER_VMA_LOCK) && \
	LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)

#define VMS_HAVE_LAYOUT_SEQ 1

static inline unsigned int layout_seq(const struct mm_struct *mm)
{
	unsigned int seq = READ_ONCE(mm->mm_lock_seq.sequence);

	smp_rmb(); /* pairs with the writer's barrier in write_seqcount_begin() */
	return seq;
}

/* Whether no writer was active at @seq, and none has come since. */
static inline bool layout_unchanged(const struct mm_struct *mm, unsigned int seq)
{
	smp_rmb(); /* what was read before this must not see a later writer */
	return !(seq & 1) && READ_ONCE(mm->mm_lock_seq.sequence) == seq;
}

#else

#define VMS_HAVE_LAYOUT_SEQ 0

static inline unsigned int layout_seq(const struct mm_struct *mm)
{
	return 0;
}

static inline bool layout_unchanged(const struct mm_struct *mm, unsigned int seq)
{
	return false;
}

#endif

/*
 * Whether page tables of another process may be read with interrupts off and
 * no lock: only where every native path frees them by RCU. Not to be derived
 * from CONFIG_MMU_GATHER_RCU_TABLE_FREE, which x86 sets for hypervisors while
 * bare metal frees at once (6.12 arch/x86/kernel/paravirt.c:
 * native_tlb_remove_table()). CONFIG_PT_RECLAIM needs the real thing.
 */
#if defined(CONFIG_ARM64) || defined(CONFIG_S390) || \
	(defined(CONFIG_X86) && defined(CONFIG_PT_RECLAIM))
#define VMS_LOCKLESS_IS_SAFE 1
#else
#define VMS_LOCKLESS_IS_SAFE 0
#endif

#endif /* VMS_COMPAT_VMALOCK_H */
