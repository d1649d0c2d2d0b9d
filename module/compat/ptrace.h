/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The capability to trace a process, asked of the user namespace that its
 * program was executed in. That namespace hangs on the mm up to 7.1 and on the
 * task's exec state later (7.2 kernel/ptrace.c:task_still_dumpable()).
 */
#ifndef VMS_COMPAT_PTRACE_H
#define VMS_COMPAT_PTRACE_H

#include <linux/capability.h>
#include <linux/mm_types.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#ifdef VMS_HAVE_EXEC_STATE	/* Kbuild looks whether the header is there */
#include <linux/sched/exec_state.h>

static inline bool may_trace(struct task_struct *task, struct mm_struct *mm)
{
	bool may;

	rcu_read_lock();
	may = ns_capable(rcu_dereference(task->exec_state)->user_ns,
			 CAP_SYS_PTRACE);
	rcu_read_unlock();
	return may;
}

#else

static inline bool may_trace(struct task_struct *task, struct mm_struct *mm)
{
	return ns_capable(mm->user_ns, CAP_SYS_PTRACE);
}

#endif

#endif /* VMS_COMPAT_PTRACE_H */
