/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a mapping is, read from the kernel's memory: a part of programs that see mappings.
 * It must not know what happens in them.
 */
#ifndef VMSCOPE_BPF_VMA_READ_H
#define VMSCOPE_BPF_VMA_READ_H

static __always_inline __u32 kind_of(struct vm_area_struct *vma)
{
	struct vma_look look = {
		.start = BPF_CORE_READ(vma, vm_start),
		.end = BPF_CORE_READ(vma, vm_end),
		.flags = BPF_CORE_READ(vma, vm_flags),
		.file = (__u64)BPF_CORE_READ(vma, vm_file),
		.ops = (__u64)BPF_CORE_READ(vma, vm_ops),
		.start_brk = BPF_CORE_READ(vma, vm_mm, start_brk),
		.brk = BPF_CORE_READ(vma, vm_mm, brk),
	};

	return vma_kind(&look);
}

#endif
