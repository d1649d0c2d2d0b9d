/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happened in which mapping, and until when it was there: a part of
 * faults.bpf.c. It must not know when a fault begins or ends.
 */
#ifndef VMSCOPE_BPF_MAPPINGS_H
#define VMSCOPE_BPF_MAPPINGS_H

/* include/uapi/linux/magic.h */
#define TMPFS_MAGIC		0x01021994

/* A mapping, as it is when a fault begins. */
struct look {
	struct vma_look vma;
	__u64 key;
	__u64 pgoff;
	__u64 mm;
};

/* One VMA's worth of zeros, too large for the stack. */
static const struct fault_vma no_vma;

/* Parts while they become larger ones. Who comes here meanwhile: as with stack_now. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32[FAULT_PARTS]);
} parts_now SEC(".maps");

/* So that the mapping, which need not begin with a part, has no more of them than there are. */
static __always_inline __u32 part_shift_of(__u64 start, __u64 end)
{
	__u32 bits = bits_of(end - 1 - start);
	__u32 shift = bits > FAULT_PART_LEAST + 5 ? (bits - 5) & 63 : FAULT_PART_LEAST;

	return ((end - 1) >> shift) - (start >> shift) < FAULT_PARTS ? shift : shift + 1;
}

/* The mapping has grown; parts had places by their addresses, and have them again. */
static __noinline int widen_parts(struct fault_vma *v, __u32 shift)
{
	__u32 none = 0, *now = bpf_map_lookup_elem(&parts_now, &none);
	__u64 first = v->start >> (v->part_shift & 63);
	__u32 by = (shift - v->part_shift) & 63;

	if (!now)
		return 0;
	for (int i = 0; i < FAULT_PARTS; i++)
		now[i] = 0;
	for (int i = 0; i < FAULT_PARTS; i++)
		now[((first + i) >> by) % FAULT_PARTS] += v->part[(first + i) % FAULT_PARTS];
	for (int i = 0; i < FAULT_PARTS; i++)
		v->part[i] = now[i];
	v->part_shift = shift;
	return 0;
}

/* A mapping that is no more goes where nothing takes its place. */
static __always_inline void retire(__u64 key, struct fault_vma *v)
{
	__u32 n = __sync_fetch_and_add(&nr_ended_vmas, 1);

	v->ended = 1;
	if (bpf_map_update_elem(&ended_vmas, &n, v, BPF_ANY))
		__sync_fetch_and_add(&lost_vmas, v->minor + v->major + v->failed);
	bpf_map_delete_elem(&vmas, &key);
}

static __always_inline struct fault_vma *new_vma(const struct look *l)
{
	struct file *file = (struct file *)l->vma.file;
	struct fault_vma *v;
	__u64 key = l->key;

	if (bpf_map_update_elem(&vmas, &key, &no_vma, BPF_ANY))
		return NULL;
	v = bpf_map_lookup_elem(&vmas, &key);
	if (!v)
		return NULL;
	v->tgid = bpf_get_current_pid_tgid() >> 32;
	v->mm = l->mm;
	v->file = l->vma.file;
	if (file) {
		v->inode = BPF_CORE_READ(file, f_inode, i_ino);
		v->device = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
		v->shmem = BPF_CORE_READ(file, f_inode, i_sb, s_magic) == TMPFS_MAGIC;
		bpf_probe_read_kernel_str(v->name, sizeof(v->name),
					  BPF_CORE_READ(file, f_path.dentry, d_name.name));
	}
	return v;
}

static __always_inline bool is_same(const struct fault_vma *v, const struct look *l)
{
	return v->mm == l->mm && v->file == l->vma.file && v->start < l->vma.end &&
	       l->vma.start < v->end;
}

/* While its lock is held; NULL: it found no place. */
static __always_inline struct fault_vma *note_vma(const struct look *l, struct task_struct *task)
{
	__u64 key = l->key;
	struct fault_vma *v = bpf_map_lookup_elem(&vmas, &key);
	__u32 shift;

	if (v && !is_same(v, l)) {
		retire(key, v);
		v = NULL;
	}
	if (!v)
		v = new_vma(l);
	if (!v)
		return NULL;
	shift = part_shift_of(l->vma.start, l->vma.end);
	if (!v->part_shift)
		v->part_shift = shift;
	else if (shift > v->part_shift)
		widen_parts(v, shift);
	v->start = l->vma.start;
	v->end = l->vma.end;
	v->pgoff = l->pgoff;
	v->flags = l->vma.flags;
	v->kind = vma_kind(&l->vma);
	v->foreign = l->mm != (__u64)task->mm;
	return v;
}

/* The mapping, or NULL when it found no place. */
static __always_inline struct fault_vma *count_in(__u64 key, __u64 address, __u32 cause,
						  bool major, bool failed, __u64 ns)
{
	struct fault_vma *v = bpf_map_lookup_elem(&vmas, &key);

	if (!v) {
		__sync_fetch_and_add(&lost_vmas, 1);
		return NULL;
	}
	if (failed) {
		__sync_fetch_and_add(&v->failed, 1);
		return v;
	}
	__sync_fetch_and_add(major ? &v->major : &v->minor, 1);
	if (cause < FAULT_CAUSES)
		__sync_fetch_and_add(&v->cause[cause], 1);
	__sync_fetch_and_add(&v->part[(address >> (v->part_shift & 63)) % FAULT_PARTS], 1);
	__sync_fetch_and_add(&v->ns, ns);
	if (ns > v->most_ns)
		v->most_ns = ns;
	return v;
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

#endif
