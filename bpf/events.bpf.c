// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to memory beside the faults: swapping, reclaim, compaction, huge
 * pages, KSM, migration, kills, TLB flushes, calls that change the address space. It
 * must not know who asks, nor how it is shown.
 *
 * Raw tracepoints where the kernel has them: they are the same from one kernel to the
 * next, but for where an argument stands, which the loader says. Else kprobes, and
 * where what a function returns matters fexit: for each of those the end is a wait.
 *
 * An event is counted for the process that it happens to: the owner of the memory
 * when somebody else takes it, as kswapd does, and otherwise who runs.
 */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "events.h"
#include "vma_read.h"

char LICENSE[] SEC("license") = "GPL";

/* include/linux/mm_types.h: enum vm_fault_reason */
#define FAULT_ERROR		0x0873
#define FAULT_RETRY		0x0400
#define FAULT_FALLBACK		0x0800

/* include/linux/page-flags.h: in the last bits of folio->mapping */
#define MAPPING_ANON		1

/* What an entry above the last table maps; all kernels that it runs on have pages of 4 KiB. */
#define HUGE_BYTES		(2ul << 20)

/* mm/khugepaged.c */
#define SCAN_SUCCEED		1

/* mm/ksm.c */
#define STABLE_FLAG		0x200

/* arch/x86/include/asm/tlbflush.h */
#define TLB_FLUSH_ALL		(~0ul)

/* arch/x86/include/asm/pgtable_types.h; arch/arm64/include/asm/pgtable-hwdef.h */
#define PAGE_PRESENT		0x001
#define PAGE_PSE		0x080
#define ENTRY_TYPE		3
#define ENTRY_TABLE		3

/* arch/x86/include/asm/pgtable_64.h; include/linux/swap.h: what is behind are no areas */
#define SWAP_TYPE_SHIFT		59
#define SWAP_TYPES		23

/* What takes time, by thread. */
enum doing {
	DOING_SWAP_IN,
	DOING_RECLAIM,
	DOING_RECLAIM_CGROUP,
	DOING_KSWAPD,
	DOING_COMPACT_STALL,
	DOING_COMPACT,
	DOING_FORK,
	DOING_TEARDOWN,
	DOINGS
};

struct thread {
	__u64 since[DOINGS];
	__u64 tables;			/* of the address space that it takes down */
	__u64 unmaps;			/* the folio */
	__s64 left;			/* of that, to unmap */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread);
} threads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, EVENT_KINDS);
	__type(key, __u32);
	__type(value, struct event_total);
} totals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, EVENT_WHYS * EVENT_REASONS);
	__type(key, __u32);
	__type(value, struct event_count);
} reasons SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EVENT_PROCESSES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct event_who);
	__type(value, struct event_process);
} processes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EVENT_VMAS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct event_where);
	__type(value, struct event_vma);
} vmas SEC(".maps");

/* Those that are watched, when not all are: by tgid, when each began. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EVENT_PROCESSES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u64);
} watched SEC(".maps");

const volatile bool everyone;
const volatile bool follow;

/* Where arguments of tracepoints stand. */
const volatile __u32 scan_status_at;
const volatile __u32 migrate_reason_at;

/* Written by the loader. */
bool counting;

/* Written once somebody was found. */
__u32 found;

struct event_kill kills[EVENT_KILLS];
__u64 nr_kills;
__u64 lost_processes, lost_vmas, lost_storage, lost_followed;

/* Too large for the stack. */
static const struct event_process nothing;
static const struct event_vma no_vma;

/*
 * An argument of a tracepoint, by bytes. Two places of one argument must not become
 * one load from either, which no verifier takes.
 */
#define ARGUMENT_AT(ctx, bytes) ({						\
	__u64 argument;								\
	asm volatile("%0 = *(u64 *)(%1 + " #bytes ")" : "=r"(argument) : "r"(ctx));	\
	argument;								\
})

/* ------------------------------------------------------------------- counting */

static __always_inline bool is_watched(__u32 tgid)
{
	if (!counting)
		return false;
	return everyone || bpf_map_lookup_elem(&watched, &tgid);
}

static __always_inline struct event_process *process_of(const struct event_who *who,
							const char *comm)
{
	struct event_process *p = bpf_map_lookup_elem(&processes, who);

	if (p)
		return p;
	bpf_map_update_elem(&processes, who, &nothing, BPF_NOEXIST);
	p = bpf_map_lookup_elem(&processes, who);
	if (p)
		bpf_probe_read_kernel_str(p->comm, sizeof(p->comm), comm);
	else
		__sync_fetch_and_add(&lost_processes, 1);
	return p;
}

static __always_inline void add(struct event_count *to, __u64 amount, __u64 failed, __u64 ns)
{
	__sync_fetch_and_add(&to->times, 1);
	if (amount)
		__sync_fetch_and_add(&to->amount, amount);
	if (failed)
		__sync_fetch_and_add(&to->failed, failed);
	if (ns)
		__sync_fetch_and_add(&to->ns, ns);
}

static __always_inline void add_total(__u32 kind, __u64 amount, __u64 failed, __u64 ns)
{
	struct event_total *t = bpf_map_lookup_elem(&totals, &kind);

	if (!t)
		return;
	add(&t->count, amount, failed, ns);
	if (!ns)
		return;
	if (ns > t->most_ns)
		t->most_ns = ns;
	__sync_fetch_and_add(bucket_of(t->bucket, ns), 1);
}

static __always_inline void add_reason(__u32 why, __u32 reason, __u64 amount, __u64 failed)
{
	__u32 at = why * EVENT_REASONS +
		(reason < EVENT_REASONS ? reason : EVENT_REASONS - 1);
	struct event_count *c = bpf_map_lookup_elem(&reasons, &at);

	if (c)
		add(c, amount, failed, 0);
}

static __always_inline void count_for(const struct event_who *who, const char *comm, __u32 kind,
				      __u64 amount, __u64 failed, __u64 ns)
{
	struct event_process *p = process_of(who, comm);

	add_total(kind, amount, failed, ns);
	if (p)
		add(&p->of[kind], amount, failed, ns);
}

/*
 * For each field that is read of a trusted pointer, the verifier goes through all types of
 * the kernel by name (kernel/bpf/btf.c:btf_nested_type_is_trusted()). In thirty programs
 * that was half of its time, so fields are read by the helper.
 */
static __always_inline __u32 current_tgid(void)
{
	return bpf_get_current_pid_tgid() >> 32;
}

/* Whoever runs; false: nobody who counts. */
static __always_inline bool count(__u32 kind, __u64 amount, __u64 failed, __u64 ns)
{
	struct event_who who = { .tgid = current_tgid() };
	struct task_struct *leader;

	if (!is_watched(who.tgid))
		return false;
	leader = BPF_CORE_READ(bpf_get_current_task_btf(), group_leader);
	who.start = BPF_CORE_READ(leader, start_time);
	count_for(&who, leader->comm, kind, amount, failed, ns);
	return true;
}

/*
 * Whoever has that memory, if anybody: without CONFIG_MEMCG the kernel knows that of
 * who runs, and of nobody else.
 */
static __always_inline struct task_struct *owner_of(struct mm_struct *mm, struct event_who *who)
{
	struct task_struct *owner = NULL, *leader = NULL;

	if (bpf_core_field_exists(mm->owner))
		owner = mm ? BPF_CORE_READ(mm, owner) : NULL;
	else if (mm && BPF_CORE_READ(bpf_get_current_task_btf(), mm) == mm)
		owner = bpf_get_current_task_btf();
	if (owner)
		leader = BPF_CORE_READ(owner, group_leader);
	if (leader) {
		who->tgid = BPF_CORE_READ(leader, tgid);
		who->start = BPF_CORE_READ(leader, start_time);
	}
	return leader;
}

static __always_inline bool count_of(struct mm_struct *mm, __u32 kind, __u64 amount, __u64 failed)
{
	struct event_who who = { 0 };
	struct task_struct *leader;

	if (!counting)
		return false;
	leader = owner_of(mm, &who);
	if (!is_watched(who.tgid))
		return false;
	count_for(&who, leader ? leader->comm : "", kind, amount, failed, 0);
	return true;
}

/* ----------------------------------------------------------------------- time */

static __always_inline struct thread *thread_of(struct task_struct *task, bool make)
{
	return bpf_task_storage_get(&threads, task, NULL,
				    make ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);
}

static __always_inline struct thread *begin(enum doing what)
{
	struct thread *t;

	if (!is_watched(current_tgid()))
		return NULL;
	t = thread_of(bpf_get_current_task_btf(), true);
	if (t)
		t->since[what] = bpf_ktime_get_ns();
	else
		__sync_fetch_and_add(&lost_storage, 1);
	return t;
}

/* 0: nobody saw it begin. */
static __always_inline __u64 end(enum doing what)
{
	struct thread *t = counting ? thread_of(bpf_get_current_task_btf(), false) : NULL;
	__u64 since = t ? t->since[what] : 0;

	if (!since)
		return 0;
	t->since[what] = 0;
	return bpf_ktime_get_ns() - since ?: 1;
}

/* ------------------------------------------------------------------- mappings */

static __always_inline struct event_vma *vma_of(const struct event_where *where,
						struct vm_area_struct *vma)
{
	struct event_vma *v = bpf_map_lookup_elem(&vmas, where);
	struct file *file = (struct file *)where->file;

	if (v)
		return v;
	bpf_map_update_elem(&vmas, where, &no_vma, BPF_NOEXIST);
	v = bpf_map_lookup_elem(&vmas, where);
	if (!v)
		return NULL;
	v->end = BPF_CORE_READ(vma, vm_end);
	v->kind = kind_of(vma);
	if (file)
		bpf_probe_read_kernel_str(v->name, sizeof(v->name),
					  BPF_CORE_READ(file, f_path.dentry, d_name.name));
	return v;
}

/* While the mapping cannot go. */
static __always_inline void count_in(struct vm_area_struct *vma, __u32 what, __u64 amount)
{
	struct event_where where = { 0 };
	struct event_vma *v;

	if (everyone)
		return;
	where.mm = (__u64)BPF_CORE_READ(vma, vm_mm);
	owner_of((struct mm_struct *)where.mm, &where.who);
	where.start = BPF_CORE_READ(vma, vm_start);
	where.file = (__u64)BPF_CORE_READ(vma, vm_file);
	v = vma_of(&where, vma);
	if (v)
		__sync_fetch_and_add(&v->of[what], amount);
	else
		__sync_fetch_and_add(&lost_vmas, 1);
}

#include "events_swap.h"
#include "events_callers.h"
#include "events_huge.h"
#include "events_calls.h"
