/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A target: one process's address space, pinned for as long as somebody may
 * ask about it, and what that somebody may see; knows nothing of how it is
 * read.
 */
#ifndef VMS_TARGET_H
#define VMS_TARGET_H

#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/types.h>

struct mm_struct;
struct pid;
struct scan;

/* Whether frame numbers and raw entries may be shown; as in the uAPI. */
enum physical {
	PHYSICAL_NO_CAPABILITY,
	PHYSICAL_SHOWN,
	PHYSICAL_LOCKED_DOWN,
};

/**
 * struct target - what a target descriptor stands for
 * @mm: pinned with mmgrab(): the structure lives, its memory need not
 * @lock: one operation at a time; guards @scan
 * @scan: working memory of scans
 * @physical: decided when it was opened, like the permission itself
 * @comm: name of the thread group's leader then
 */
struct target {
	struct mm_struct *mm;
	struct mutex lock;
	struct scan *scan;
	enum physical physical;
	char comm[TASK_COMM_LEN];
};

/**
 * target_open - pin a process's address space, if the caller may look at it
 * @pid: in the caller's pid namespace; 0 for the caller
 *
 * Return: the target, for target_close(); ERR_PTR of -ESRCH, -ENXIO, -EPERM,
 * -ENOMEM.
 */
struct target *target_open(pid_t pid);

/**
 * target_open_pid - the same for a process that was found before
 * @pid: its pid
 * @mm: what its address space must still be, or NULL
 *
 * Return: as target_open(); -ESRCH when it has another address space.
 */
struct target *target_open_pid(struct pid *pid, const struct mm_struct *mm);
void target_close(struct target *target);

/**
 * target_enter - keep the address space alive for one operation
 *
 * Takes the lock and mm_users; target_leave() gives both back. Return: 0,
 * -ESRCH when it is gone, -EINTR.
 */
int target_enter(struct target *target);
void target_leave(struct target *target);

/* Whether target_enter() would say so. Context: @mm is pinned. */
bool target_mm_gone(const struct mm_struct *mm);

/* What a target opened by the caller now would show. */
enum physical target_physical(void);

/* A number that stands for the mm, the same for every target of it. */
u64 target_mm_number(const struct mm_struct *mm);

/**
 * target_memory_of - the address space of a process that the caller may look at
 *
 * Return: with mm_users held, for mmput(); ERR_PTR of -ENXIO, -ESRCH, -EPERM.
 */
struct mm_struct *target_memory_of(struct task_struct *task);

void target_init(void);

#endif /* VMS_TARGET_H */
