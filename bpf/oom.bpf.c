// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whom the kernel kills because no memory is left, and what was mapped there. It must
 * not know who asks, nor how it is shown.
 *
 * The mappings of one that is killed are told when they are taken down, one by one and
 * before anything of them is freed: that is as long as the kernel itself knows them.
 */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "oom.h"
#include "vma_read.h"
#include "kills.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, OOM_RING);
} ring SEC(".maps");

/* By address space: the mappings that were lost of it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OOM_VICTIMS);
	__type(key, __u64);
	__type(value, __u64);
} victims SEC(".maps");

__u64 lost_kills;
/* Of all, and an end that is lost is one more: then its kill does not know of them. */
__u64 lost_mappings;
/* So that whoever unmaps pays for no more than a look here. */
__u32 nr_victims;

#ifdef bpf_target_defined

SEC("kprobe/__oom_kill_process")
int BPF_KPROBE(killed, struct task_struct *victim)
{
	bool missed = false;
	struct mm_struct *mm = mm_of_victim(victim, &missed);
	struct oom_kill k = { .head.what = OOM_KILL, .head.mm = (__u64)mm };
	__u64 key = (__u64)mm, none = 0;

	if (missed)
		__sync_fetch_and_add(&lost_kills, 1);
	/* Of a group that is killed as one, the kernel kills the chosen one twice. */
	if (!mm || bpf_map_lookup_elem(&victims, &key))
		return 0;
	note_kill(victim, mm, &k.kill);
	__sync_fetch_and_add(&nr_victims, 1);
	if (!bpf_map_update_elem(&victims, &key, &none, BPF_NOEXIST)) {
		if (!bpf_ringbuf_output(&ring, &k, sizeof(k), 0))
			return 0;
		bpf_map_delete_elem(&victims, &key);
	}
	__sync_fetch_and_add(&nr_victims, -1);
	__sync_fetch_and_add(&lost_kills, 1);
	return 0;
}

/* Of each mapping that goes, while its file is still there. */
SEC("kprobe/unlink_anon_vmas")
int BPF_KPROBE(unmapped, struct vm_area_struct *vma)
{
	struct oom_vma v = { .head.what = OOM_VMA };
	struct file *file;
	__u64 *lost;

	if (!nr_victims)
		return 0;
	v.head.mm = (__u64)BPF_CORE_READ(vma, vm_mm);
	lost = bpf_map_lookup_elem(&victims, &v.head.mm);
	if (!lost)
		return 0;
	v.start = BPF_CORE_READ(vma, vm_start);
	v.end = BPF_CORE_READ(vma, vm_end);
	v.pgoff = BPF_CORE_READ(vma, vm_pgoff);
	v.flags = BPF_CORE_READ(vma, vm_flags);
	file = BPF_CORE_READ(vma, vm_file);
	v.head.kind = kind_of(vma);
	if (file)
		bpf_probe_read_kernel_str(v.name, sizeof(v.name),
					  BPF_CORE_READ(file, f_path.dentry, d_name.name));
	if (bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) < OOM_RING - OOM_RING_KEPT &&
	    !bpf_ringbuf_output(&ring, &v, sizeof(v), 0))
		return 0;
	__sync_fetch_and_add(lost, 1);
	__sync_fetch_and_add(&lost_mappings, 1);
	return 0;
}

#endif

SEC("raw_tp/exit_mmap")
int BPF_PROG(gone, struct mm_struct *mm)
{
	struct oom_end e = { .head.what = OOM_END, .head.mm = (__u64)mm };
	__u64 *lost = nr_victims ? bpf_map_lookup_elem(&victims, &e.head.mm) : NULL;

	if (!lost)
		return 0;
	e.lost = *lost;
	bpf_map_delete_elem(&victims, &e.head.mm);
	__sync_fetch_and_add(&nr_victims, -1);
	if (bpf_ringbuf_output(&ring, &e, sizeof(e), 0))
		__sync_fetch_and_add(&lost_mappings, 1);
	return 0;
}
