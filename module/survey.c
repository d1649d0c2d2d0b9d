// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many processes in one call. What opening a target takes for each of them, a
 * file and working memory, is taken once for all.
 */
#include <linux/cgroup.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/string.h>

#include "encode.h"
#include "survey.h"
#include "target.h"

/*
 * The process with the lowest id from @nr on, with a reference; NULL when there
 * is none. Kernel threads are passed over: there is nothing to look at.
 */
static struct task_struct *next_process(pid_t *nr)
{
	struct pid_namespace *ns = task_active_pid_ns(current);
	struct task_struct *task = NULL;
	struct pid *pid;

	do {
		rcu_read_lock();
		pid = find_ge_pid(*nr, ns);
		if (pid) {
			*nr = pid_nr_ns(pid, ns);
			task = pid_task(pid, PIDTYPE_TGID);
			if (task && !(task->flags & PF_KTHREAD))
				get_task_struct(task);
			else
				task = NULL;
		}
		rcu_read_unlock();
	} while (pid && !task && ++*nr);
	return task;
}

/* Inode in cgroupfs, 0 where there are no control groups. */
static u64 cgroup_of(struct task_struct *task)
{
	u64 inode = 0;

#ifdef CONFIG_CGROUPS
	rcu_read_lock();
	inode = cgroup_ino(task_dfl_cgroup(task));
	rcu_read_unlock();
#endif
	return inode;
}

static void add(struct scan_reply *all, const struct scan_reply *one)
{
	unsigned int i;

	for (i = 0; i < SECTION_LOCKS; i++) {
		struct hold *hold = &all->hold[i];

		hold->count += one->hold[i].count;
		hold->total_ns += one->hold[i].total_ns;
		hold->longest_ns = max(hold->longest_ns,
				       one->hold[i].longest_ns);
	}
	all->wall_ns += one->wall_ns;
	all->sections += one->sections;
	all->entries += one->entries;
	all->waits += one->waits;
	all->rewalks += one->rewalks;
	all->marks |= one->marks;
}

/* Return: 0, or why none of its memory was read. */
static int read_memory(struct scan *scan, struct mm_struct *mm,
		       const struct survey_request *request,
		       struct process *process, struct scan_reply *all)
{
	const struct scan_request all_of_it = {
		.end = mm->task_size,
		.records = request->records,
		.timeout_ns = request->timeout_ns,
		.whole = true,
		.keep = true,
	};
	struct scan_reply reply;
	int err;

	if (!request->records)
		return 0;
	err = scan_run(scan, mm, &all_of_it, &reply);
	process->accounted = reply.accounted;
	process->marks = reply.marks;
	add(all, &reply);
	return err;
}

/* Return: 0, -EFAULT or -EINTR; what else fails is told of the process. */
static int one_process(struct scan *scan, struct task_struct *task,
		       const struct survey_request *request,
		       struct process *process, struct survey_reply *reply)
{
	struct encoder *encoder = scan_encoder(scan);
	struct mm_struct *mm = target_memory_of(task);

	encoder_begin_kept(encoder);
	if (IS_ERR(mm)) {
		process->error = PTR_ERR(mm);
	} else {
		process->mm = mm;
		process->error = read_memory(scan, mm, request, process,
					     &reply->all);
		get_task_comm(process->comm, task);
		process->cgroup = cgroup_of(task);
		process->oom_score_adj = READ_ONCE(task->signal->oom_score_adj);
	}
	if (process->error != -EINTR)
		encode_process(encoder, process);
	if (process->mm)
		mmput(mm);
	if (process->error == -EINTR)
		return -EINTR;
	reply->all.used += encoder->used;
	reply->all.records += encoder->records;
	return encode_deliver(encoder, request->buffer + reply->all.used -
				       encoder->used);
}

int survey_run(const struct survey_request *request, struct survey_reply *reply)
{
	struct scan *scan = scan_alloc();
	struct task_struct *task;
	u32 processes = 0;
	int err = 0;

	if (!scan)
		return -ENOMEM;
	*reply = (struct survey_reply){ .next = max(request->first, 1) };
	while (!err && request->size - reply->all.used >= SURVEY_ROOM &&
	       !(request->limit && processes++ == request->limit)) {
		struct process process = { };

		task = fatal_signal_pending(current) ? ERR_PTR(-EINTR) :
						       next_process(&reply->next);
		if (IS_ERR_OR_NULL(task)) {
			err = PTR_ERR_OR_ZERO(task);
			reply->next = 0;
			break;
		}
		process.pid = reply->next++;
		err = one_process(scan, task, request, &process, reply);
		put_task_struct(task);
		cond_resched();
	}
	scan_free(scan);
	return err;
}
