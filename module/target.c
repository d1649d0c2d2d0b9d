// SPDX-License-Identifier: GPL-2.0-only
/*
 * Targets: finding a process, the permission to look at it, and the life of
 * what was pinned.
 */
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/security.h>
#include <linux/siphash.h>
#include <linux/slab.h>

#include "compat/ptrace.h"
#include "counters.h"
#include "scan.h"
#include "target.h"

static siphash_key_t mm_number_key __read_mostly;

void target_init(void)
{
	get_random_bytes(&mm_number_key, sizeof(mm_number_key));
}

/*
 * The rule of /proc/PID/pagemap, and of /proc/kcore under lockdown, for frames
 * tell where the kernel's own memory is.
 */
enum physical target_physical(void)
{
	if (!capable(CAP_SYS_ADMIN))
		return PHYSICAL_NO_CAPABILITY;
	if (security_locked_down(LOCKDOWN_KCORE))
		return PHYSICAL_LOCKED_DOWN;
	return PHYSICAL_SHOWN;
}

/*
 * ptrace_may_access() is not exported. Its capability is the part of it that
 * does not depend on who the target runs as; a process may look at itself.
 */
static bool may_look_at(struct task_struct *task, struct mm_struct *mm)
{
	return mm == current->mm || may_trace(task, mm);
}

static struct task_struct *find_task(pid_t nr)
{
	struct task_struct *task;
	struct pid *pid;

	if (!nr) {
		get_task_struct(current);
		return current;
	}
	pid = find_get_pid(nr);
	task = get_pid_task(pid, PIDTYPE_PID);
	put_pid(pid);
	return task;
}

/*
 * The first thread of a process may end before the others, which have its
 * memory still. Takes over the reference, and gives one.
 */
static struct task_struct *thread_with_memory(struct task_struct *task)
{
	struct task_struct *thread, *found = NULL;

	if (READ_ONCE(task->mm) || task->flags & PF_KTHREAD)
		return task;
	rcu_read_lock();
	for_each_thread(task, thread) {
		if (READ_ONCE(thread->mm)) {
			/* not the last reference: that one is put after RCU */
			found = get_task_struct(thread);
			break;
		}
	}
	rcu_read_unlock();
	if (!found)
		return task;
	put_task_struct(task);
	return found;
}

static void keep(struct target *target, struct task_struct *task,
		 struct mm_struct *mm)
{
	mmgrab(mm);
	target->mm = mm;
	rcu_read_lock();
	get_task_comm(target->comm, READ_ONCE(task->group_leader));
	rcu_read_unlock();
}

static struct mm_struct *memory_of_thread(struct task_struct *task)
{
	struct mm_struct *mm;
	bool may, same;

	if (task->flags & PF_KTHREAD)
		return ERR_PTR(-ENXIO);
	do {
		mm = get_task_mm(task);
		if (!mm)
			return ERR_PTR(-ESRCH);
		may = may_look_at(task, mm);
		/* the answer is about the program that runs now: still this one? */
		same = READ_ONCE(task->mm) == mm;
		if (!may || !same)
			mmput(mm);
	} while (!same);
	return may ? mm : ERR_PTR(-EPERM);
}

struct mm_struct *target_memory_of(struct task_struct *task)
{
	struct task_struct *thread = thread_with_memory(get_task_struct(task));
	struct mm_struct *mm = memory_of_thread(thread);

	put_task_struct(thread);
	return mm;
}

static int pin(struct target *target, struct task_struct *task,
	       const struct mm_struct *expected)
{
	struct mm_struct *mm = target_memory_of(task);
	bool other;

	if (IS_ERR(mm))
		return PTR_ERR(mm);
	other = expected && mm != expected;
	if (!other)
		keep(target, task, mm);
	mmput(mm);
	return other ? -ESRCH : 0;
}

/* Takes over the reference to @task, which may be NULL. */
static struct target *open_task(struct task_struct *task,
				const struct mm_struct *expected)
{
	struct target *target;
	int err = -ENOMEM;

	if (!task)
		return ERR_PTR(-ESRCH);
	target = kzalloc(sizeof(*target), GFP_KERNEL_ACCOUNT);
	if (!target)
		goto put_task;
	mutex_init(&target->lock);
	target->physical = target_physical();
	err = pin(target, task, expected);
	if (err)
		goto free_target;
	err = -ENOMEM;
	target->scan = scan_alloc();
	if (!target->scan)
		goto drop_mm;
	put_task_struct(task);
	return target;

drop_mm:
	mmdrop(target->mm);
free_target:
	kfree(target);
put_task:
	put_task_struct(task);
	return ERR_PTR(err);
}

static struct target *counted(struct target *target)
{
	if (IS_ERR(target))
		counters_failed(DOING_OPEN, PTR_ERR(target));
	else
		counters_opened();
	return target;
}

struct target *target_open(pid_t pid)
{
	return counted(open_task(find_task(pid), NULL));
}

struct target *target_open_pid(struct pid *pid, const struct mm_struct *mm)
{
	return counted(open_task(get_pid_task(pid, PIDTYPE_PID), mm));
}

void target_close(struct target *target)
{
	counters_closed();
	scan_free(target->scan);
	mmdrop(target->mm);
	kfree(target);
}

/*
 * No task runs in it any more: what is there still is kept by those who look,
 * and where these are many it would be kept for ever. The kernel knows only
 * where it has memory cgroups: kernel/exit.c:mm_update_next_owner().
 */
static bool is_abandoned(const struct mm_struct *mm)
{
#ifdef CONFIG_MEMCG
	return !rcu_access_pointer(mm->owner);
#else
	return false;
#endif
}

bool target_mm_gone(const struct mm_struct *mm)
{
	return !atomic_read(&mm->mm_users) || is_abandoned(mm);
}

static int enter(struct target *target)
{
	if (mutex_lock_killable(&target->lock))
		return -EINTR;
	if (!is_abandoned(target->mm) && mmget_not_zero(target->mm))
		return 0;
	mutex_unlock(&target->lock);
	return -ESRCH;
}

int target_enter(struct target *target)
{
	int err = enter(target);

	if (err)
		counters_failed(DOING_USE, err);
	return err;
}

void target_leave(struct target *target)
{
	mmput(target->mm);
	mutex_unlock(&target->lock);
}

u64 target_mm_number(const struct mm_struct *mm)
{
	return siphash_1u64((unsigned long)mm, &mm_number_key);
}
