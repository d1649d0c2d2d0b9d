/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where in a program faults come about, by its user stack: a part of faults.bpf.c. It
 * must not know what an address means.
 *
 * A stack is known by a hash of 64 bits over all of it, not by the slot that a map of
 * stacks has for it: there two that share a slot cannot both be counted.
 */
#ifndef VMSCOPE_BPF_STACKS_H
#define VMSCOPE_BPF_STACKS_H

/* Nobody wants them: the verifier removes all of this. */
const volatile bool stacks;

/* Its room is the loader's. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct fault_stack_key);
	__type(value, struct fault_stack);
} user_stacks SEC(".maps");

/*
 * The one that is looked at, too large for the program's own stack. Whoever comes here
 * on the same CPU meanwhile is not run at all: the kernel lets no program be entered
 * again on a CPU on which it was preempted.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fault_stack);
} stack_now SEC(".maps");

__u64 lost_stacks, filtered_stacks;

/* Most are not deeper; the kernel fills with zeros what is asked for and not there. */
#define FEW_FRAMES	32

/*
 * From the beginning of execve() in the new address space to its end the kernel has
 * faults there, while the registers still are those of the old program.
 */
static __always_inline bool is_starting(struct task_struct *task)
{
	return !task->mm->start_code;
}

static __always_inline void look_at_stack(void *ctx, struct task_struct *task,
					  struct fault_stack *now)
{
	const __u32 few = FEW_FRAMES * sizeof(now->frame[0]);
	long got = 0;

	now->tgid = task->tgid;
	now->starting = is_starting(task);
	if (!now->starting)
		got = bpf_get_stack(ctx, now->frame, few, BPF_F_USER_STACK);
	if (got == few)
		got = bpf_get_stack(ctx, now->frame, sizeof(now->frame), BPF_F_USER_STACK);
	now->nr = got > 0 ? got / sizeof(now->frame[0]) : 0;
	bpf_get_current_comm(now->comm, sizeof(now->comm));
}

static __always_inline __u64 mix(__u64 hash, __u64 with)
{
	hash = (hash ^ with) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 29;
}

/* Where one program was, another one can be when it has taken its place. */
static __always_inline __u64 hash_of(const struct fault_stack *now, __u64 program)
{
	const __u64 *comm = (const __u64 *)now->comm;
	__u64 hash = mix(mix(mix(now->starting, program), comm[0]), comm[1]);

	for (__u32 i = 0; i < FAULT_FRAMES && i < now->nr; i++)
		hash = mix(hash, now->frame[i]);
	return hash;
}

/* NULL: there is no place left. */
static __always_inline struct fault_stack *new_stack(const struct fault_stack_key *key,
						     struct fault_stack *now, __u64 at)
{
	now->first = at;
	now->minor = 0;
	now->major = 0;
	now->ns = 0;
	/* When another one was quicker, there is one as well. */
	bpf_map_update_elem(&user_stacks, key, now, BPF_NOEXIST);
	return bpf_map_lookup_elem(&user_stacks, key);
}

/* A fault that is accounted, in the context in which it ends. */
static __always_inline void count_stack(void *ctx, struct task_struct *task, bool major,
					__u64 ns, __u64 at)
{
	__u32 mine = 0;
	struct fault_stack *now = bpf_map_lookup_elem(&stack_now, &mine), *s;
	struct fault_stack_key key = { .tgid = task->tgid };

	if (!now)
		return;
	look_at_stack(ctx, task, now);
	key.hash = hash_of(now, task->self_exec_id);
	key.nr = now->nr;
	s = bpf_map_lookup_elem(&user_stacks, &key);
	if (!s)
		s = new_stack(&key, now, at);
	if (!s) {
		__sync_fetch_and_add(&lost_stacks, 1);
		return;
	}
	__sync_fetch_and_add(major ? &s->major : &s->minor, 1);
	__sync_fetch_and_add(&s->ns, ns);
}

#endif
