/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Address spaces that come, change and go, TLB flushes that it takes, and who is
 * watched of them. A part of events.bpf.c.
 */
#ifndef VMSCOPE_BPF_EVENTS_CALLS_H
#define VMSCOPE_BPF_EVENTS_CALLS_H

SEC("raw_tp/tlb_flush")
int BPF_PROG(flushed_tlb, int reason, unsigned long pages)
{
	bool all = pages == TLB_FLUSH_ALL;

	if (count(EVENT_TLB_FLUSH, all ? 0 : pages, all, 0))
		add_reason(EVENT_WHY_TLB, reason, all ? 0 : pages, all);
	return 0;
}

/* ---------------------------------------------------------------------- calls */

#ifdef bpf_target_defined

#define CALL(name, kind)				\
SEC("ksyscall/" #name)					\
int call_##name(void *ctx)				\
{							\
	count(kind, 0, 0, 0);				\
	return 0;					\
}

CALL(mmap, EVENT_MMAP)
CALL(munmap, EVENT_MUNMAP)
CALL(brk, EVENT_BRK)
CALL(mremap, EVENT_MREMAP)
CALL(mprotect, EVENT_MPROTECT)
CALL(madvise, EVENT_MADVISE)

SEC("kprobe/kernel_clone")
int begin_fork(void *ctx)
{
	begin(DOING_FORK);
	return 0;
}

SEC("kprobe/exit_mmap")
int BPF_KPROBE(begin_teardown, struct mm_struct *mm)
{
	struct thread *t = begin(DOING_TEARDOWN);

	if (t)
		t->tables = BPF_CORE_READ(mm, pgtables_bytes.counter);
	return 0;
}

#endif

/* ----------------------------------------------------------- who comes and goes */

static __always_inline void watch(struct task_struct *task)
{
	__u32 tgid = BPF_CORE_READ(task, tgid);
	__u64 start = BPF_CORE_READ(task, group_leader, start_time);

	if (bpf_map_update_elem(&watched, &tgid, &start, BPF_ANY))
		__sync_fetch_and_add(&lost_followed, 1);
}

/* The child does not run yet. Threads, and who borrows the parent's memory, are none. */
SEC("raw_tp/sched_process_fork")
int BPF_PROG(forked, struct task_struct *parent, struct task_struct *child)
{
	struct mm_struct *mm = BPF_CORE_READ(child, mm);
	__u64 ns = end(DOING_FORK);

	if (!counting)
		return 0;
	if (follow && is_watched(BPF_CORE_READ(parent, tgid)))
		watch(child);
	if (mm && mm != BPF_CORE_READ(parent, mm))
		count(EVENT_FORK, BPF_CORE_READ(mm, pgtables_bytes.counter), 0, ns);
	return 0;
}

SEC("raw_tp/sched_process_exec")
int BPF_PROG(executed, struct task_struct *unused)
{
	struct event_who who = { .tgid = current_tgid() };
	struct event_process *p;

	if (!count(EVENT_EXEC, 0, 0, 0))
		return 0;
	/* It has another name from now on. */
	who.start = BPF_CORE_READ(bpf_get_current_task_btf(), group_leader, start_time);
	p = bpf_map_lookup_elem(&processes, &who);
	if (p)
		bpf_get_current_comm(p->comm, sizeof(p->comm));
	return 0;
}

SEC("raw_tp/exit_mmap")
int end_teardown(void *ctx)
{
	struct thread *t = counting ? thread_of(bpf_get_current_task_btf(), false) : NULL;
	__u64 tables = t ? t->tables : 0, ns = end(DOING_TEARDOWN);

	count(EVENT_TEARDOWN, ns ? tables : 0, 0, ns);
	return 0;
}

/* Behind everything that a process does. Its pid can be somebody else's by now. */
SEC("raw_tp/sched_process_free")
int BPF_PROG(freed, struct task_struct *task)
{
	__u32 tgid = BPF_CORE_READ(task, tgid);
	__u64 *start;

	if (everyone || (__u32)BPF_CORE_READ(task, pid) != tgid)
		return 0;
	start = bpf_map_lookup_elem(&watched, &tgid);
	if (start && *start == BPF_CORE_READ(task, start_time))
		bpf_map_delete_elem(&watched, &tgid);
	return 0;
}

/* Run over the one task that is meant, in whose pid namespace the loader is. */
SEC("iter/task")
int begin_watching(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	found = task->tgid;
	watch(task);
	return 0;
}

#endif
