/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a mapping without a file is, in the kernel's memory: a part of programs that
 * see mappings.
 */
#ifndef VMSCOPE_BPF_VMA_KIND_H
#define VMSCOPE_BPF_VMA_KIND_H

/* include/linux/mm.h */
#define VM_GROWSDOWN		0x0100

/* fs/proc/task_mmu.c: what is shown as [heap], and nearly what as [stack] */
static __always_inline __u32 kind_of(struct vm_area_struct *vma, __u64 start, __u64 end_of_vma)
{
	if (BPF_CORE_READ(vma, vm_flags) & VM_GROWSDOWN)
		return EVENT_VMA_STACK;
	if (start < BPF_CORE_READ(vma, vm_mm, brk) &&
	    end_of_vma > BPF_CORE_READ(vma, vm_mm, start_brk))
		return EVENT_VMA_HEAP;
	return EVENT_VMA_ANON;
}

#endif
