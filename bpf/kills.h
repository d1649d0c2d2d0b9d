/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whom the kernel chose to kill because no memory was left, why, and what it had: a
 * part of programs that watch that. It must not know what they do with it.
 */
#ifndef VMSCOPE_BPF_KILLS_H
#define VMSCOPE_BPF_KILLS_H

#ifdef bpf_target_defined

/* Why, until the one that was chosen is killed: the kernel does one at a time. */
static struct event_kill why;

SEC("kprobe/oom_kill_process")
int BPF_KPROBE(chose_to_kill, struct oom_control *oc)
{
	why.points = BPF_CORE_READ(oc, chosen_points);
	why.all = BPF_CORE_READ(oc, totalpages);
	why.order = BPF_CORE_READ(oc, order);
	why.cgroup = BPF_CORE_READ(oc, memcg) != NULL;
	return 0;
}

/*
 * As the kernel's own log has it; what CPUs keep for themselves is not in it. Of an array
 * of structures only a constant index is moved to where the kernel has it.
 */
#define RSS_OF(mm, kind) ({						\
	struct mm_struct___old *older = (void *)mm;			\
	long pages;							\
									\
	if (bpf_core_field_exists(older->rss_stat.count))		\
		pages = BPF_CORE_READ(older, rss_stat.count[kind].counter);	\
	else								\
		pages = BPF_CORE_READ(mm, rss_stat[kind].count);	\
	pages < 0 ? 0 : pages;						\
})

/* Of a process with that many that ended and are still there, no more is asked. */
#define KILL_THREADS	64

/*
 * As find_lock_task_mm() has it: the main thread can have ended before the others. NULL:
 * none of them has an address space, or, with *@missed, none of those that were asked.
 */
static __always_inline struct mm_struct *mm_of_victim(struct task_struct *victim, bool *missed)
{
	struct mm_struct *mm = BPF_CORE_READ(victim, mm);
	struct list_head *head, *at;

	if (mm)
		return mm;
	head = &BPF_CORE_READ(victim, signal)->thread_head;
	at = BPF_CORE_READ(head, next);
	for (int i = 0; !mm && at != head && i < KILL_THREADS; i++) {
		struct task_struct *thread = (void *)at -
			__builtin_preserve_field_info(((struct task_struct *)0)->thread_node,
						      BPF_FIELD_BYTE_OFFSET);

		mm = BPF_CORE_READ(thread, mm);
		at = BPF_CORE_READ(at, next);
	}
	*missed = !mm && at != head;
	return mm;
}

static __always_inline void note_kill(struct task_struct *victim, struct mm_struct *mm,
				      struct event_kill *k)
{
	struct task_struct *task = bpf_get_current_task_btf();

	*k = why;
	k->tgid = BPF_CORE_READ(victim, tgid);
	k->asked = task->tgid;
	k->at = bpf_ktime_get_ns();
	BPF_CORE_READ_INTO(&k->comm, victim, group_leader, comm);
	bpf_probe_read_kernel(k->asked_comm, sizeof(k->asked_comm), task->group_leader->comm);
	k->file = RSS_OF(mm, 0);
	k->anon = RSS_OF(mm, 1);
	k->swap = RSS_OF(mm, 2);
	k->shmem = RSS_OF(mm, 3);
	k->tables = BPF_CORE_READ(mm, pgtables_bytes.counter);
}

#endif
#endif
