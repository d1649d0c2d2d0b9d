// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page faults of one process, of a command and what it starts, of everybody, or of a
 * control group, counted as the kernel accounts them, by thread, by mapping and by
 * cause. It must not know who asks, nor how it is shown.
 *
 * Which faults count, and how: mm/memory.c:mm_account_fault(). They are counted for
 * who runs, as there, whoever's memory it is. A fault that lets go of the lock is
 * tried again by the architecture's handler, in a call of its own: all its attempts
 * are one fault, which takes as long as all of them.
 *
 * Two ways lead there, of which the loader takes one. fentry and fexit are quick, but
 * where kernels are preempted inside of them, a program that runs again on that CPU
 * is left out. kprobe.multi is not, but where it stands on fgraph only it sees each
 * return.
 */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "faults.h"

char LICENSE[] SEC("license") = "GPL";

/* include/linux/mm_types.h: enum vm_fault_reason, enum fault_flag */
#define FAULT_MAJOR		0x0004
#define FAULT_RETRY		0x0400
#define FAULT_ERROR		0x0873
#define FLAG_WRITE		0x01

/* include/linux/sched.h */
#define PF_KTHREAD		0x00200000

#define SIGBUS			7
#define SIGSEGV			11

/* arch/x86/include/asm/trapnr.h: all others tell no address */
#define X86_TRAP_PF		14

/* A mapping that found no place: a kind beside VMA_KIND_*, of threads alone. */
#define KIND_UNKNOWN		255

struct thread {
	struct fault_thread counts;
	/* the kernel's counters when it was seen first */
	__u64 minor;
	__u64 major;
	/* what the kernel had added to them when the watch was about to end */
	__u64 last_minor;
	__u64 last_major;
	/* of the fault that is under way */
	__u64 vma;
	__u64 address;
	__u64 since;			/* its first attempt */
	__u64 grown;			/* the page that the stack grew for */
	/* its mapping, as long as none has ended since */
	__u64 start;
	__u64 end;
	__u64 flags;
	__u32 ended;
	__u32 saw;			/* FAULT_SAW_* of the attempts before */
	__u8 kind;			/* of its mapping: VMA_KIND_* */
	bool shmem;
	bool write;
	bool inside;
	bool again;			/* the kernel will come back to it */
	bool early;			/* it may be in a fault that nobody saw begin */
	bool outside;			/* of the control group, since its last fault */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread);
} threads SEC(".maps");

/* By the kernel's pointer. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FAULT_ROOM);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct fault_vma);
} vmas SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FAULT_ROOM);
	__type(key, __u32);
	__type(value, struct fault_vma);
} ended_vmas SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FAULT_ROOM);
	__type(key, __u32);
	__type(value, struct fault_thread);
} ended_threads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FAULT_LATENCIES);
	__type(key, __u32);
	__type(value, struct fault_latency);
} latencies SEC(".maps");

const volatile __u32 scope;		/* enum fault_scope */

/* The process, when it is one that is watched, and while it is. */
int watched;
/* The control group, when it is one: how far below the root, and which one there. */
int group_level;
__u64 group_id;
/* Written by the loader; since when, on the clock of start_time. */
bool counting;
__u64 begun;

struct fault_signal signals[FAULT_SIGNALS];
__u64 nr_signals;
__u32 nr_ended_vmas, nr_ended_threads;
__u64 lost_vmas, lost_threads, lost_storage;
/* What those that found no place had, together. */
struct fault_thread others;

/* FAULT_SAW_* for which there is a hook; written by the loader. */
__u32 can_see;

/* Of one that is there: where the verifier sees that it may not be, it refuses the rest. */
static __always_inline struct thread *place_made(struct task_struct *task)
{
	return bpf_task_storage_get(&threads, task, NULL, 0);
}

static __always_inline struct thread *known(struct task_struct *task)
{
	return task ? place_made(task) : NULL;
}

/* Those whom nobody named, one by one. */
static __always_inline bool is_crowd(__u32 scope)
{
	return scope == FAULTS_OF_SYSTEM || scope == FAULTS_OF_CGROUP;
}

/*
 * Whoever runs. Who is followed is known since its fork. That can be missed where
 * kernels are preempted anywhere, but then its process is known, or its parent.
 */
static __always_inline bool is_of(__u32 scope, struct task_struct *task)
{
	/* The less is asked of all others the better. */
	if (scope == FAULTS_OF_PROCESS)
		return task->tgid == watched;
	if (!counting)
		return false;
	switch (scope) {
	case FAULTS_OF_SYSTEM:
		return !(task->flags & PF_KTHREAD);
	case FAULTS_OF_CGROUP:
		return !(task->flags & PF_KTHREAD) &&
			bpf_get_current_ancestor_cgroup_id(group_level) == group_id;
	default:
		return known(task) || known(task->group_leader) || known(task->real_parent);
	}
}

static __always_inline bool is_ours(struct task_struct *task)
{
	return is_of(scope, task);
}

/* The same of one that may not run, and slower. */
static __always_inline bool is_one_of_ours(struct task_struct *task)
{
	struct cgroup *group, *above = NULL;

	if (scope != FAULTS_OF_CGROUP)
		return is_ours(task);
	group = BPF_CORE_READ(task, cgroups, dfl_cgrp);
	if (!counting || task->flags & PF_KTHREAD || BPF_CORE_READ(group, level) < group_level)
		return false;
	bpf_probe_read_kernel(&above, sizeof(above),
			      (char *)&group->ancestors + sizeof(above) * group_level);
	return BPF_CORE_READ(above, kn, id) == group_id;
}

/* Quicker, for those who have a fault and are not. */
static __always_inline bool may_be_of(__u32 scope, struct task_struct *task)
{
	if (scope == FAULTS_OF_PROCESS)
		return task->tgid == watched;
	if (!counting)
		return false;
	return scope == FAULTS_OF_SYSTEM || task->bpf_storage;
}

/*
 * One that is younger than the watch is counted from its beginning; but in a control
 * group from where it is met there, for it may have been elsewhere before.
 */
static __always_inline struct thread *thread_of(struct task_struct *task)
{
	struct thread *t = place_made(task);

	if (t)
		return t;
	t = bpf_task_storage_get(&threads, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!t) {
		/* Who goes through all of them made one meanwhile (-EAGAIN), or there is none. */
		t = place_made(task);
		if (!t)
			__sync_fetch_and_add(&lost_storage, 1);
		return t;
	}
	if (scope == FAULTS_OF_CGROUP || task->start_time < begun) {
		t->minor = task->min_flt;
		t->major = task->maj_flt;
	}
	return t;
}

#include "causes.h"
#include "mappings.h"
#include "stream.h"
#include "stacks.h"

/* -------------------------------------------------------- who was there before */

/*
 * One fault at most had begun before the thread was known, whose beginning, and on one
 * of the two ways whose end, nobody sees: it is not to be one that was lost.
 */
static __always_inline void forgive(const struct thread *t, __u64 *minor, __u64 *major)
{
	if (!t->early)
		return;
	if (*minor)
		--*minor;
	else if (*major)
		--*major;
}

/* Behind it, the thread is in no such fault any more. */
static __always_inline void settle(struct thread *t, struct task_struct *task)
{
	__u64 minor = task->min_flt - t->minor, major = task->maj_flt - t->major;

	forgive(t, &minor, &major);
	t->early = false;
	t->minor = task->min_flt - minor;
	t->major = task->maj_flt - major;
}

static __always_inline void note_kernel(struct thread *t, struct task_struct *task)
{
	t->counts.kernel_minor = task->min_flt - t->minor;
	t->counts.kernel_major = task->maj_flt - t->major;
}

/* Its first fault outside of the control group: those that follow are none of ours. */
static __always_inline void move_out(struct task_struct *task)
{
	struct thread *t = counting && task->bpf_storage ? known(task) : NULL;

	if (!t || t->outside)
		return;
	settle(t, task);
	note_kernel(t, task);
	t->outside = true;
	t->inside = false;
	t->again = false;
}

/* And back: as if the kernel had not counted meanwhile. */
static __always_inline void move_in(struct thread *t, struct task_struct *task)
{
	t->minor = task->min_flt - t->counts.kernel_minor;
	t->major = task->maj_flt - t->counts.kernel_major;
	t->outside = false;
}

/* Who begins with a fault; NULL: nobody of ours. */
static __always_inline struct thread *who_begins(struct task_struct *task)
{
	__u32 whose = scope;
	struct thread *t;

	if (!is_of(whose, task)) {
		if (whose == FAULTS_OF_CGROUP)
			move_out(task);
		return NULL;
	}
	t = thread_of(task);
	if (!is_crowd(whose) || !t)
		return t;
	if (t->outside)
		move_in(t, task);
	else if (t->early)
		settle(t, task);
	return t;
}

/* Whether it is a fault that began elsewhere, or before anybody watched. */
static __always_inline bool began_unseen(struct thread *t, struct task_struct *task, bool again)
{
	if (t->early && !t->inside && !again)
		settle(t, task);
	else if (!t->early && !t->outside)
		return false;
	return !t->inside;
}

/* -------------------------------------------------------------------- faults */

static __always_inline void note_time(__u32 cause, bool major, __u64 ns)
{
	__u32 which = 2 * cause + major;
	struct fault_latency *l = bpf_map_lookup_elem(&latencies, &which);

	if (!l)
		return;
	/* One that is preempted here may run beside another. */
	__sync_fetch_and_add(&l->ns, ns);
	if (ns > l->most_ns)
		l->most_ns = ns;
	__sync_fetch_and_add(bucket_of(l->bucket, ns), 1);
}

/* Most faults are where the one before was, whose mapping is known. */
static __always_inline bool is_last(const struct thread *t, __u64 vma, __u64 start, __u64 end,
				    __u64 flags)
{
	return t->vma == vma && t->start == start && t->end == end && t->flags == flags &&
		t->ended == nr_ended_vmas;
}

static __always_inline void note_place_of(struct thread *t, const struct look *l,
					  struct task_struct *task)
{
	struct fault_vma *v = note_vma(l, task);

	t->vma = l->key;
	t->start = l->vma.start;
	/* Of one that found no place it is asked again. */
	t->end = v ? l->vma.end : 0;
	t->flags = l->vma.flags;
	t->ended = nr_ended_vmas;
	t->kind = v ? v->kind : KIND_UNKNOWN;
	t->shmem = v && v->shmem;
}

/*
 * Nobody saw the end of the one before. The kernel counts faults as they end, but not those
 * that are to be tried again: if it has counted none since, this is the same one.
 */
static __always_inline void go_on(struct thread *t, struct task_struct *task)
{
	t->saw |= seen_inside(task->pid);
	t->again = t->counts.kernel_minor == task->min_flt - t->minor &&
		   t->counts.kernel_major == task->maj_flt - t->major;
}

static __always_inline int begin(struct thread *t, struct task_struct *task,
				 unsigned long address, unsigned int flags)
{
	if (t->inside)
		go_on(t, task);
	if (!t->again || t->address >> 12 != address >> 12) {
		t->address = address;
		t->since = bpf_ktime_get_ns();
		t->saw = t->grown == address >> 12 ? FAULT_SAW_GROWTH : 0;
		t->grown = 0;
	}
	t->again = false;
	t->inside = true;
	t->write = flags & FLAG_WRITE;
	look_inside(task->pid);
	return 0;
}

static __always_inline void tell_fault(const struct thread *t, struct task_struct *task,
				       struct fault_vma *v, __u32 cause, bool major, bool failed,
				       __u64 now)
{
	struct fault_told told = {
		.what = failed ? FAULT_TOLD_FAILED : major ? FAULT_TOLD_MAJOR : FAULT_TOLD_MINOR,
		.cause = failed ? FAULT_CAUSES : t->inside ? cause : FAULT_OTHER,
		.flags = t->inside ? FAULT_TOLD_PLACED | (t->write ? FAULT_TOLD_WRITE : 0) : 0,
		.tid = task->pid,
		.tgid = task->tgid,
		.at = now,
		.address = t->inside ? t->address : 0,
		.ns = t->inside ? now - t->since : 0,
	};

	tell(v, &told);
}

static __always_inline void tell_stack(void *ctx, const struct thread *t,
				       struct task_struct *task, struct fault_vma *v, __u32 cause,
				       bool major, __u64 now)
{
	__u64 ns = t->inside ? now - t->since : 0;

	if (is_wanted(v, t->inside ? cause : FAULT_OTHER, t->inside ? t->address : 0, ns))
		count_stack(ctx, task, major, ns, now);
	else
		__sync_fetch_and_add(&filtered_stacks, 1);
}

/* NULL: nobody of ours, or it began before anybody watched. */
static __always_inline struct thread *who_returns(struct task_struct *task)
{
	return may_be_of(scope, task) ? known(task) : NULL;
}

/*
 * What the kernel counted it as, before it came here. Where it has counted both since the last
 * end, others ended unseen: this is one of them all, so that no more are seen of a kind than
 * there were.
 */
static __always_inline bool was_major(const struct thread *t, struct task_struct *task,
				      unsigned int ret)
{
	bool minor = task->min_flt - t->minor != t->counts.kernel_minor;
	bool major = task->maj_flt - t->major != t->counts.kernel_major;

	return major && (!minor || ret & FAULT_MAJOR);
}

/* By then the mapping can be gone, unlike what was found of it at the beginning. */
static __always_inline int end(void *ctx, struct thread *t, struct task_struct *task,
			       unsigned int ret)
{
	bool major, failed = ret & FAULT_ERROR;
	struct fault_vma *v = NULL;
	__u64 ns, now;
	__u32 cause;

	if (is_crowd(scope) && began_unseen(t, task, ret & FAULT_RETRY))
		return 0;
	t->saw |= seen_inside(task->pid);
	if (!(ret & FAULT_RETRY)) {
		major = was_major(t, task, ret);
		if (failed)
			t->counts.failed++;
		else if (major)
			t->counts.major++;
		else
			t->counts.minor++;
		now = bpf_ktime_get_ns();
		ns = now - t->since;
		cause = cause_of(t, major);
		if (!t->inside)
			t->counts.unplaced++;
		else
			v = count_in(t->vma, t->address, cause, major, failed, ns);
		if (t->inside && !failed) {
			t->counts.ns += ns;
			note_time(cause, major, ns);
		}
		if (stream)
			tell_fault(t, task, v, cause, major, failed, now);
		if (stacks && !failed)
			tell_stack(ctx, t, task, v, cause, major, now);
	}
	t->again = ret & FAULT_RETRY;
	t->inside = false;
	note_kernel(t, task);
	return 0;
}

static __always_inline int begin_in(struct thread *t, struct task_struct *task,
				    struct vm_area_struct *vma, unsigned long address,
				    unsigned int flags)
{
	struct look l;

	if (is_last(t, (__u64)vma, vma->vm_start, vma->vm_end, vma->vm_flags))
		return begin(t, task, address, flags);
	l = (struct look){
		.key = (__u64)vma,
		.vma.start = vma->vm_start,
		.vma.end = vma->vm_end,
		.pgoff = vma->vm_pgoff,
		.vma.flags = vma->vm_flags,
		.mm = (__u64)vma->vm_mm,
		.vma.file = (__u64)vma->vm_file,
		.vma.ops = (__u64)vma->vm_ops,
		.vma.start_brk = vma->vm_mm->start_brk,
		.vma.brk = vma->vm_mm->brk,
	};
	note_place_of(t, &l, task);
	return begin(t, task, address, flags);
}

static __noinline int begin_of_ours(unsigned long long *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *t = who_begins(task);

	return t ? begin_in(t, task, (struct vm_area_struct *)ctx[0], ctx[1], ctx[2]) : 0;
}

/*
 * Every fault on the host comes here, and most are none of ours: what else there is to do is
 * a function of its own, so that they need not save the registers for it; who they are is asked
 * before the scope, or that is saved. Nor by BPF_PROG(), which has read the arguments by when
 * it is known that nobody wants them.
 */
SEC("fentry/handle_mm_fault")
int begin_fault(unsigned long long *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (scope != FAULTS_OF_PROCESS)
		return counting ? begin_of_ours(ctx) : 0;
	return task->tgid == watched ? begin_of_ours(ctx) : 0;
}

/* Behind four arguments what it returns. */
static __noinline int end_of_ours(unsigned long long *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *t = who_returns(task);

	return t ? end(ctx, t, task, ctx[4]) : 0;
}

SEC("fexit/handle_mm_fault")
int end_fault(unsigned long long *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return may_be_of(scope, task) ? end_of_ours(ctx) : 0;
}

#ifdef bpf_target_defined

SEC("kprobe.multi/handle_mm_fault")
int BPF_KPROBE(begin_fault_multi, struct vm_area_struct *vma, unsigned long address,
	       unsigned int flags)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *t = who_begins(task);
	struct look l;

	if (!t)
		return 0;
	l = (struct look){
		.key = (__u64)vma,
		.vma.start = BPF_CORE_READ(vma, vm_start),
		.vma.end = BPF_CORE_READ(vma, vm_end),
		.vma.flags = BPF_CORE_READ(vma, vm_flags),
	};
	if (is_last(t, l.key, l.vma.start, l.vma.end, l.vma.flags))
		return begin(t, task, address, flags);
	l.pgoff = BPF_CORE_READ(vma, vm_pgoff);
	l.mm = (__u64)BPF_CORE_READ(vma, vm_mm);
	l.vma.file = (__u64)BPF_CORE_READ(vma, vm_file);
	l.vma.ops = (__u64)BPF_CORE_READ(vma, vm_ops);
	l.vma.start_brk = BPF_CORE_READ(vma, vm_mm, start_brk);
	l.vma.brk = BPF_CORE_READ(vma, vm_mm, brk);
	note_place_of(t, &l, task);
	return begin(t, task, address, flags);
}

SEC("kretprobe.multi/handle_mm_fault")
int BPF_KRETPROBE(end_fault_multi, unsigned int ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *t = who_returns(task);

	return t ? end(ctx, t, task, ret) : 0;
}

SEC("kprobe.multi/vm_area_free")
int BPF_KPROBE(end_vma_multi, struct vm_area_struct *vma)
{
	return end_of_vma((__u64)vma);
}

#endif

/* ------------------------------------------------------- who comes and goes */

/* Not the counters of the kernel: of one that runs they may be a fault ahead. */
static __always_inline void name_thread(struct task_struct *task, struct thread *t)
{
	t->counts.tid = task->pid;
	t->counts.tgid = task->tgid;
	bpf_probe_read_kernel_str(t->counts.comm, sizeof(t->counts.comm), task->comm);
}

/* The child does not run yet. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(follow_fork, struct task_struct *parent, struct task_struct *child)
{
	if (scope == FAULTS_OF_COMMAND ? is_ours(parent) :
	    is_crowd(scope) && is_one_of_ours(child))
		thread_of(child);
	return 0;
}

/* Of a crowd most have done nothing. */
static __always_inline bool did_nothing(const struct fault_thread *c)
{
	return is_crowd(scope) && !(c->minor | c->major | c->failed | c->wrong |
				    c->kernel_minor | c->kernel_major);
}

static __always_inline void add_to_others(const struct fault_thread *c)
{
	__sync_fetch_and_add(&lost_threads, 1);
	__sync_fetch_and_add(&others.minor, c->minor);
	__sync_fetch_and_add(&others.major, c->major);
	__sync_fetch_and_add(&others.failed, c->failed);
	__sync_fetch_and_add(&others.wrong, c->wrong);
	__sync_fetch_and_add(&others.kernel_minor, c->kernel_minor);
	__sync_fetch_and_add(&others.kernel_major, c->kernel_major);
	__sync_fetch_and_add(&others.unplaced, c->unplaced);
	__sync_fetch_and_add(&others.ns, c->ns);
}

/* One that came meanwhile is ours even if none of its faults was seen. */
static __always_inline struct thread *who_ends(struct task_struct *task)
{
	struct thread *t = known(task);

	if (t || scope == FAULTS_OF_CGROUP || task->start_time < begun ||
	    !(task->min_flt | task->maj_flt) || !is_ours(task))
		return t;
	return thread_of(task);
}

/*
 * kernel/exit.c:do_exit() comes here behind exit_mm(), and so after its last fault. It
 * can come twice: what is known of the thread goes with the thread.
 */
static __always_inline int end_of_thread(struct task_struct *task)
{
	struct thread *t = counting ? who_ends(task) : NULL;
	__u32 n;

	if (!t || t->counts.ended)
		return 0;
	name_thread(task, t);
	t->counts.ended = 1;
	if (!t->outside) {
		settle(t, task);
		note_kernel(t, task);
	}
	if (!did_nothing(&t->counts)) {
		n = __sync_fetch_and_add(&nr_ended_threads, 1);
		if (bpf_map_update_elem(&ended_threads, &n, &t->counts, BPF_ANY))
			add_to_others(&t->counts);
	}
	return 0;
}

/*
 * Nothing is preempted here, and so nobody left out; but since 6.16 it is before
 * exit_mm().
 */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(end_thread_early, struct task_struct *task)
{
	return task->mm ? 0 : end_of_thread(task);
}

/* It is called when a process could not be made, too, by who wanted to make it. */
SEC("fentry/exit_files")
int BPF_PROG(end_thread, struct task_struct *task)
{
	return task == bpf_get_current_task_btf() ? end_of_thread(task) : 0;
}

#ifdef bpf_target_defined

SEC("kprobe.multi/exit_files")
int BPF_KPROBE(end_thread_multi, struct task_struct *task)
{
	if (task != bpf_get_current_task_btf())
		return 0;
	/* It is the same, but the verifier believes the kernel alone. */
	return end_of_thread(bpf_get_current_task_btf());
}

#endif

/* One that runs, perhaps: what it begins with must be all there when it is known. */
static __always_inline void begin_with(struct task_struct *task)
{
	struct thread t;

	/* Who has no memory has no fault any more, or none yet. */
	if (!task->mm || !is_one_of_ours(task) || known(task))
		return;
	__builtin_memset(&t, 0, sizeof(t));
	t.minor = task->min_flt;
	t.major = task->maj_flt;
	t.early = true;
	/* It may have made one itself meanwhile. */
	if (!bpf_task_storage_get(&threads, task, &t, BPF_LOCAL_STORAGE_GET_F_CREATE) &&
	    !place_made(task))
		__sync_fetch_and_add(&lost_storage, 1);
}

/*
 * Run over the one task that is meant, in whose pid namespace the loader is; or over
 * all, so that of each is known what the kernel had counted before.
 */
SEC("iter/task")
int begin_watching(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	if (is_crowd(scope)) {
		begin_with(task);
		return 0;
	}
	/* The one to follow waits to become the command, and has no fault meanwhile. */
	if (scope == FAULTS_OF_COMMAND)
		thread_of(task);
	watched = task->tgid;
	return 0;
}

/* Run over the one control group that is meant. */
SEC("iter/cgroup")
int find_group(struct bpf_iter__cgroup *ctx)
{
	struct cgroup *group = ctx->cgroup;

	if (!group)
		return 0;
	group_level = group->level;
	group_id = group->kn->id;
	return 0;
}

/*
 * What the kernel counted of those who are still there, while they are counted: of one
 * that is in a fault it may be one ahead.
 */
SEC("iter/task")
int end_watching(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct thread *t = known(task);
	__u64 minor, major;

	if (!t)
		return 0;
	minor = task->min_flt - t->minor;
	major = task->maj_flt - t->major;
	barrier();
	if (t->inside || t->outside)
		return 0;
	forgive(t, &minor, &major);
	t->last_minor = minor;
	t->last_major = major;
	return 0;
}

/* Threads that are still there, one after the other, for who reads it. */
SEC("iter/task")
int tell_threads(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct thread *t = known(task);

	if (!t || t->counts.ended)
		return 0;
	name_thread(task, t);
	if (!t->outside) {
		if (t->counts.kernel_minor < t->last_minor)
			t->counts.kernel_minor = t->last_minor;
		if (t->counts.kernel_major < t->last_major)
			t->counts.kernel_major = t->last_major;
	}
	if (did_nothing(&t->counts))
		return 0;
	bpf_seq_write(ctx->meta->seq, &t->counts, sizeof(t->counts));
	return 0;
}

/* ------------------------------------------------------------ what is wrong */

struct wrong {
	struct fault_signal signal;
	__u64 vma;
};

static long note_place(struct task_struct *task, struct vm_area_struct *vma, struct wrong *wrong)
{
	wrong->signal.start = vma->vm_start;
	wrong->signal.end = vma->vm_end;
	wrong->signal.flags = vma->vm_flags;
	wrong->vma = (__u64)vma;
	return 0;
}

/* Its mapping is known when it had a fault before. */
static __always_inline void tell_wrong(const struct wrong *wrong)
{
	const struct fault_signal *s = &wrong->signal;
	bool no_address = s->known & FAULT_KNOWN_ACCESS && s->trap != X86_TRAP_PF;
	__u64 key = wrong->vma;
	struct fault_told told = {
		.what = FAULT_TOLD_WRONG,
		.cause = FAULT_CAUSES,
		.signal = s->signal,
		.flags = no_address ? 0 : FAULT_TOLD_PLACED,
		.tid = s->tid,
		.tgid = s->tgid,
		.at = bpf_ktime_get_ns(),
		.address = s->address,
	};

	tell(bpf_map_lookup_elem(&vmas, &key), &told);
}

SEC("tp_btf/signal_generate")
int BPF_PROG(note_signal, int signal, struct kernel_siginfo *info, struct task_struct *task)
{
	struct wrong wrong = { 0 };
	struct fault_signal *s = &wrong.signal;
	struct thread *t;
	long err;
	__u64 n;

	if ((signal != SIGSEGV && signal != SIGBUS) || !is_one_of_ours(task))
		return 0;
	/* 0 and 1: somebody sent it, kernel/signal.c:send_signal_locked() */
	if ((__u64)info <= 1)
		return 0;
	s->code = BPF_CORE_READ(info, si_code);
	if (s->code <= 0)
		return 0;
	t = thread_of(task);
	if (t)
		t->counts.wrong++;
	n = __sync_fetch_and_add(&nr_signals, 1);
	if (n >= FAULT_SIGNALS && !stream)
		return 0;
	s->tid = task->pid;
	s->tgid = task->tgid;
	s->signal = signal;
	s->address = (__u64)BPF_CORE_READ(info, _sifields._sigfault._addr);
	if (bpf_core_field_exists(task->thread.error_code)) {
		s->error = task->thread.error_code;
		s->trap = task->thread.trap_nr;
		s->known |= FAULT_KNOWN_ACCESS;
	}
	if (task->mm) {
		s->heap = task->mm->start_brk;
		s->heap_end = task->mm->brk;
	}
	err = bpf_find_vma(task, s->address, note_place, &wrong, 0);
	if (!err || err == -2 /* ENOENT */)
		s->known |= FAULT_KNOWN_VMA;
	if (n < FAULT_SIGNALS)
		signals[n & (FAULT_SIGNALS - 1)] = *s;
	if (stream && t)
		tell_wrong(&wrong);
	return 0;
}
