// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page faults of one process or of a command and what it starts, counted as the
 * kernel accounts them, by thread and by mapping. It must not know who asks, nor
 * how it is shown.
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
#define FLAG_TRIED		0x20

/* include/linux/mm.h */
#define VM_GROWSDOWN		0x0100

#define SIGBUS			7
#define SIGSEGV			11

struct thread {
	struct fault_thread counts;
	/* the kernel's counters when it was seen first */
	__u64 minor;
	__u64 major;
	/* of the fault that is under way */
	__u64 vma;
	__u64 page;
	__u64 since;			/* its first attempt */
	bool inside;
	bool tried;
	bool again;			/* the kernel will come back to it */
};

/* A mapping, as it is when a fault begins. */
struct look {
	__u64 key;
	__u64 start;
	__u64 end;
	__u64 pgoff;
	__u64 flags;
	__u64 mm;
	__u64 file;
	__u64 ops;
	__u64 start_brk;
	__u64 brk;
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
	__uint(max_entries, FAULT_VMAS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct fault_vma);
} vmas SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FAULT_VMAS);
	__type(key, __u32);
	__type(value, struct fault_vma);
} ended_vmas SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FAULT_THREADS);
	__type(key, __u32);
	__type(value, struct fault_thread);
} ended_threads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct fault_latency);
} latencies SEC(".maps");

const volatile bool follow;

/* The one that is watched, when none is followed. */
int watched;
/* Written by the loader; since when, on the clock of start_time. */
bool counting;
__u64 begun;

struct fault_signal signals[FAULT_SIGNALS];
__u64 nr_signals;
__u32 nr_ended_vmas, nr_ended_threads;
__u64 lost_vmas, lost_threads, lost_storage;

/* One VMA's worth of zeros, too large for the stack. */
static const struct fault_vma no_vma;

static __always_inline struct thread *known(struct task_struct *task)
{
	return task ? bpf_task_storage_get(&threads, task, NULL, 0) : NULL;
}

/*
 * Who is followed is known since its fork. That can be missed where kernels are
 * preempted anywhere, but then its process is known, or its parent.
 */
static __always_inline bool is_ours(struct task_struct *task)
{
	if (!counting)
		return false;
	if (!follow)
		return task->tgid == watched;
	return known(task) || known(task->group_leader) || known(task->real_parent);
}

/* One that is younger than the watch is counted from its beginning. */
static __always_inline struct thread *thread_of(struct task_struct *task)
{
	struct thread *t = known(task);

	if (t)
		return t;
	t = bpf_task_storage_get(&threads, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!t) {
		__sync_fetch_and_add(&lost_storage, 1);
		return NULL;
	}
	if (task->start_time < begun) {
		t->minor = task->min_flt;
		t->major = task->maj_flt;
	}
	return t;
}

/* ------------------------------------------------------------------ mappings */

/* A mapping that is no more goes where nothing takes its place. */
static __always_inline void retire(__u64 key, struct fault_vma *v)
{
	__u32 n = __sync_fetch_and_add(&nr_ended_vmas, 1);

	v->ended = 1;
	if (n >= FAULT_VMAS || bpf_map_update_elem(&ended_vmas, &n, v, BPF_ANY))
		__sync_fetch_and_add(&lost_vmas, v->minor + v->major + v->failed);
	bpf_map_delete_elem(&vmas, &key);
}

/* fs/proc/task_mmu.c: what is shown as [heap], and nearly what as [stack] */
static __always_inline __u8 kind_of(const struct look *l)
{
	if (l->file)
		return FAULT_VMA_FILE;
	if (l->flags & VM_GROWSDOWN)
		return FAULT_VMA_STACK;
	if (l->start < l->brk && l->end > l->start_brk)
		return FAULT_VMA_HEAP;
	return l->ops ? FAULT_VMA_SPECIAL : FAULT_VMA_ANON;
}

static __always_inline struct fault_vma *new_vma(const struct look *l)
{
	struct file *file = (struct file *)l->file;
	struct fault_vma *v;
	__u64 key = l->key;

	if (bpf_map_update_elem(&vmas, &key, &no_vma, BPF_ANY))
		return NULL;
	v = bpf_map_lookup_elem(&vmas, &key);
	if (!v)
		return NULL;
	v->tgid = bpf_get_current_pid_tgid() >> 32;
	v->mm = l->mm;
	v->file = l->file;
	if (file) {
		v->inode = BPF_CORE_READ(file, f_inode, i_ino);
		v->device = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
		bpf_probe_read_kernel_str(v->name, sizeof(v->name),
					  BPF_CORE_READ(file, f_path.dentry, d_name.name));
	}
	return v;
}

static __always_inline bool is_same(const struct fault_vma *v, const struct look *l)
{
	return v->mm == l->mm && v->file == l->file && v->start < l->end && l->start < v->end;
}

/* While its lock is held. */
static __always_inline void note_vma(const struct look *l, struct task_struct *task)
{
	__u64 key = l->key;
	struct fault_vma *v = bpf_map_lookup_elem(&vmas, &key);

	if (v && !is_same(v, l)) {
		retire(key, v);
		v = NULL;
	}
	if (!v)
		v = new_vma(l);
	if (!v)
		return;
	v->start = l->start;
	v->end = l->end;
	v->pgoff = l->pgoff;
	v->flags = l->flags;
	v->kind = kind_of(l);
	v->foreign = l->mm != (__u64)task->mm;
}

static __always_inline void count_in(__u64 key, bool major, bool failed, __u64 ns)
{
	struct fault_vma *v = bpf_map_lookup_elem(&vmas, &key);

	if (!v) {
		__sync_fetch_and_add(&lost_vmas, 1);
		return;
	}
	if (failed) {
		__sync_fetch_and_add(&v->failed, 1);
		return;
	}
	__sync_fetch_and_add(major ? &v->major : &v->minor, 1);
	__sync_fetch_and_add(&v->ns, ns);
	if (ns > v->most_ns)
		v->most_ns = ns;
}

static __always_inline int end_of_vma(__u64 key)
{
	struct fault_vma *v = counting ? bpf_map_lookup_elem(&vmas, &key) : NULL;

	if (v)
		retire(key, v);
	return 0;
}

SEC("fentry/vm_area_free")
int BPF_PROG(end_vma, struct vm_area_struct *vma)
{
	return end_of_vma((__u64)vma);
}

/* 6.12 frees those of who ends by this one alone. */
SEC("fentry/__vm_area_free")
int BPF_PROG(end_vma_at_exit, struct vm_area_struct *vma)
{
	return end_of_vma((__u64)vma);
}

/* -------------------------------------------------------------------- faults */

/* The number of binary digits. */
static __always_inline __u32 bucket_of(__u64 ns)
{
	__u32 bucket = 0;

	for (__u32 shift = 32; shift; shift >>= 1)
		if (ns >> shift) {
			bucket += shift;
			ns >>= shift;
		}
	return bucket + (ns ? 1 : 0);
}

static __always_inline void note_time(bool major, __u64 ns)
{
	__u32 kind = major ? FAULT_IS_MAJOR : FAULT_MINOR, bucket = bucket_of(ns);
	struct fault_latency *l = bpf_map_lookup_elem(&latencies, &kind);

	if (!l)
		return;
	/* One that is preempted here may run beside another. */
	__sync_fetch_and_add(&l->ns, ns);
	if (ns > l->most_ns)
		l->most_ns = ns;
	if (bucket >= FAULT_BUCKETS)
		bucket = FAULT_BUCKETS - 1;
	__sync_fetch_and_add(&l->bucket[bucket], 1);
}

static __always_inline int begin(const struct look *l, unsigned long address, unsigned int flags)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *t = thread_of(task);

	if (!t)
		return 0;
	if (!t->again || t->page != address >> 12) {
		t->page = address >> 12;
		t->since = bpf_ktime_get_ns();
	}
	t->again = false;
	t->inside = true;
	t->tried = flags & FLAG_TRIED;
	t->vma = l->key;
	note_vma(l, task);
	return 0;
}

/* By then the mapping can be gone, unlike what was found of it at the beginning. */
static __always_inline int end(unsigned int ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	/* None: it began before anybody watched. */
	struct thread *t = known(task);
	bool major, failed = ret & FAULT_ERROR;
	__u64 ns;

	if (!t)
		return 0;
	major = ret & FAULT_MAJOR || (t->inside && t->tried);
	if (!(ret & FAULT_RETRY)) {
		if (failed)
			t->counts.failed++;
		else if (major)
			t->counts.major++;
		else
			t->counts.minor++;
		ns = bpf_ktime_get_ns() - t->since;
		if (!t->inside)
			t->counts.unplaced++;
		else
			count_in(t->vma, major, failed, ns);
		if (t->inside && !failed) {
			t->counts.ns += ns;
			note_time(major, ns);
		}
	}
	t->again = ret & FAULT_RETRY;
	t->inside = false;
	t->counts.kernel_minor = task->min_flt - t->minor;
	t->counts.kernel_major = task->maj_flt - t->major;
	return 0;
}

SEC("fentry/handle_mm_fault")
int BPF_PROG(begin_fault, struct vm_area_struct *vma, unsigned long address, unsigned int flags)
{
	struct look l;

	if (!is_ours(bpf_get_current_task_btf()))
		return 0;
	l = (struct look){
		.key = (__u64)vma,
		.start = vma->vm_start,
		.end = vma->vm_end,
		.pgoff = vma->vm_pgoff,
		.flags = vma->vm_flags,
		.mm = (__u64)vma->vm_mm,
		.file = (__u64)vma->vm_file,
		.ops = (__u64)vma->vm_ops,
		.start_brk = vma->vm_mm->start_brk,
		.brk = vma->vm_mm->brk,
	};
	return begin(&l, address, flags);
}

SEC("fexit/handle_mm_fault")
int BPF_PROG(end_fault, struct vm_area_struct *vma, unsigned long address, unsigned int flags,
	     struct pt_regs *regs, unsigned int ret)
{
	return counting ? end(ret) : 0;
}

#ifdef bpf_target_defined

SEC("kprobe.multi/handle_mm_fault")
int BPF_KPROBE(begin_fault_multi, struct vm_area_struct *vma, unsigned long address,
	       unsigned int flags)
{
	struct look l;

	if (!is_ours(bpf_get_current_task_btf()))
		return 0;
	l = (struct look){
		.key = (__u64)vma,
		.start = BPF_CORE_READ(vma, vm_start),
		.end = BPF_CORE_READ(vma, vm_end),
		.pgoff = BPF_CORE_READ(vma, vm_pgoff),
		.flags = BPF_CORE_READ(vma, vm_flags),
		.mm = (__u64)BPF_CORE_READ(vma, vm_mm),
		.file = (__u64)BPF_CORE_READ(vma, vm_file),
		.ops = (__u64)BPF_CORE_READ(vma, vm_ops),
		.start_brk = BPF_CORE_READ(vma, vm_mm, start_brk),
		.brk = BPF_CORE_READ(vma, vm_mm, brk),
	};
	return begin(&l, address, flags);
}

SEC("kretprobe.multi/handle_mm_fault")
int BPF_KRETPROBE(end_fault_multi, unsigned int ret)
{
	return counting ? end(ret) : 0;
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
	if (follow && is_ours(parent))
		thread_of(child);
	return 0;
}

/* kernel/exit.c:do_exit() comes here behind exit_mm(), and so after its last fault. */
static __always_inline int end_of_thread(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *t = known(task);
	__u32 n;

	if (!t || !counting)
		return 0;
	name_thread(task, t);
	t->counts.ended = 1;
	t->counts.kernel_minor = task->min_flt - t->minor;
	t->counts.kernel_major = task->maj_flt - t->major;
	n = __sync_fetch_and_add(&nr_ended_threads, 1);
	if (n >= FAULT_THREADS || bpf_map_update_elem(&ended_threads, &n, &t->counts, BPF_ANY))
		__sync_fetch_and_add(&lost_threads, 1);
	bpf_task_storage_delete(&threads, task);
	return 0;
}

/* It is called when a process could not be made, too, by who wanted to make it. */
SEC("fentry/exit_files")
int BPF_PROG(end_thread, struct task_struct *task)
{
	return task == bpf_get_current_task_btf() ? end_of_thread() : 0;
}

#ifdef bpf_target_defined

SEC("kprobe.multi/exit_files")
int BPF_KPROBE(end_thread_multi, struct task_struct *task)
{
	return task == bpf_get_current_task_btf() ? end_of_thread() : 0;
}

#endif

/* Run over the one task that is meant, in whose pid namespace the loader is. */
SEC("iter/task")
int begin_watching(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	/* The one to follow waits to become the command, and has no fault meanwhile. */
	if (follow)
		thread_of(task);
	watched = task->tgid;
	return 0;
}

/* Threads that are still there, one after the other, for who reads it. */
SEC("iter/task")
int tell_threads(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct thread *t = known(task);

	if (!t)
		return 0;
	name_thread(task, t);
	bpf_seq_write(ctx->meta->seq, &t->counts, sizeof(t->counts));
	return 0;
}

/* ------------------------------------------------------------ what is wrong */

static long note_place(struct task_struct *task, struct vm_area_struct *vma, struct fault_signal *s)
{
	s->start = vma->vm_start;
	s->end = vma->vm_end;
	s->flags = vma->vm_flags;
	return 0;
}

SEC("tp_btf/signal_generate")
int BPF_PROG(note_signal, int signal, struct kernel_siginfo *info, struct task_struct *task)
{
	struct fault_signal s = { 0 };
	struct thread *t;
	long err;
	__u64 n;

	if ((signal != SIGSEGV && signal != SIGBUS) || !is_ours(task))
		return 0;
	/* 0 and 1: somebody sent it, kernel/signal.c:send_signal_locked() */
	if ((__u64)info <= 1)
		return 0;
	s.code = BPF_CORE_READ(info, si_code);
	if (s.code <= 0)
		return 0;
	t = thread_of(task);
	if (t)
		t->counts.wrong++;
	n = __sync_fetch_and_add(&nr_signals, 1);
	if (n >= FAULT_SIGNALS)
		return 0;
	s.tid = task->pid;
	s.tgid = task->tgid;
	s.signal = signal;
	s.address = (__u64)BPF_CORE_READ(info, _sifields._sigfault._addr);
	if (bpf_core_field_exists(task->thread.error_code)) {
		s.error = task->thread.error_code;
		s.trap = task->thread.trap_nr;
		s.known |= FAULT_KNOWN_ACCESS;
	}
	if (task->mm) {
		s.heap = task->mm->start_brk;
		s.heap_end = task->mm->brk;
	}
	err = bpf_find_vma(task, s.address, note_place, &s, 0);
	if (!err || err == -2 /* ENOENT */)
		s.known |= FAULT_KNOWN_VMA;
	signals[n & (FAULT_SIGNALS - 1)] = s;
	return 0;
}
