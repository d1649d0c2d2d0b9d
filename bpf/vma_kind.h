/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a mapping is: the same for every program that sees mappings, and for who reads what
 * they saw. It must not know of any program.
 */
#ifndef VMSCOPE_BPF_VMA_KIND_H
#define VMSCOPE_BPF_VMA_KIND_H

#define VMA_KIND_FILE		0
#define VMA_KIND_ANON		1
#define VMA_KIND_HEAP		2
#define VMA_KIND_STACK		3
#define VMA_KIND_SPECIAL	4	/* the kernel's own: [vdso] and the like */

/* include/linux/mm.h */
#define VM_GROWSDOWN		0x0100

/* What of struct vm_area_struct, and of its struct mm_struct, says what it is. */
struct vma_look {
	unsigned long long start;
	unsigned long long end;
	unsigned long long flags;
	unsigned long long file;
	unsigned long long ops;
	unsigned long long start_brk;
	unsigned long long brk;
};

/* fs/proc/task_mmu.c: what is shown as [heap], and nearly what as [stack] */
static __always_inline unsigned int vma_kind(const struct vma_look *look)
{
	if (look->file)
		return VMA_KIND_FILE;
	if (look->flags & VM_GROWSDOWN)
		return VMA_KIND_STACK;
	if (look->start < look->brk && look->end > look->start_brk)
		return VMA_KIND_HEAP;
	return look->ops ? VMA_KIND_SPECIAL : VMA_KIND_ANON;
}

#endif
