/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A copy of one VMA, taken while it was locked, so that it can be named and
 * compared after it was let go; knows nothing of page tables.
 */
#ifndef VMS_VMAS_H
#define VMS_VMAS_H

#include <linux/mm.h>
#include <linux/types.h>

enum vma_name {
	NAME_NONE,
	NAME_FILE,
	NAME_ANON,
	NAME_SPECIAL,
	NAME_HEAP,
	NAME_STACK,
};

#define VMA_NAME_MAX	80	/* ANON_VMA_NAME_MAX_LEN, and any special name */

/* No device's memory, and none of it in swap. */
bool vma_file_is_ordinary(const struct file *file);

/**
 * vma_is_ordinary - whether its entries say all there is to say of its pages
 *
 * None are of hugetlb, of a device or of no struct page at all, and no object
 * behind it has pages in swap. Context: in a section, @vma is locked.
 */
static inline bool vma_is_ordinary(const struct vm_area_struct *vma)
{
	return !(vma->vm_flags & (VM_HUGETLB | VM_PFNMAP | VM_MIXEDMAP)) &&
	       (!vma->vm_file || vma_file_is_ordinary(vma->vm_file));
}

/*
 * Whether its entries name frames, of devices or as the vvar pages, and of pages
 * no more than private copies of them. Context: likewise.
 */
static inline bool vma_maps_frames(const struct vm_area_struct *vma)
{
	return (vma->vm_flags & (VM_HUGETLB | VM_PFNMAP | VM_MIXEDMAP)) ==
	       VM_PFNMAP;
}

/**
 * struct vma_copy - what is known of a VMA
 * @start: as in the kernel's VMA, like @end, @flags and @pgoff
 * @identity: the mapped file, only to be compared with
 * @file: the mapped file, with a reference owned by this copy, or NULL when
 *	none was asked for
 * @anonymous: no vm_ops: private anonymous memory
 * @shmem: the file is of shmem, and some of its pages are in swap; then @file
 *	is there
 * @dax: the file's pages are a device's memory
 * @huge_shift: log2 of the page size of a hugetlb mapping, 0 otherwise
 * @name_kind: what @name is; NAME_FILE has its text in @file, if asked for
 * @marks: MARK_RACY | MARK_NO_NAME when it was copied without a lock
 */
struct vma_copy {
	unsigned long start;
	unsigned long end;
	unsigned long flags;
	unsigned long pgoff;
	const void *identity;
	struct file *file;
	bool anonymous;
	bool shmem;
	bool dax;
	u8 huge_shift;
	u8 pkey;
	u8 policy;
	enum vma_name name_kind;
	u16 marks;
	char name[VMA_NAME_MAX];
};

/**
 * vma_copy_take - copy @vma
 * @copy: overwritten; a file reference it held has been put before
 * @vma: the VMA
 * @start: its range as the tree has it
 * @end: likewise
 * @locked: whether it is locked; otherwise only range and flags are copied
 * @named: its name will be asked for, and its file for a path
 *
 * Context: in a section.
 */
void vma_copy_take(struct vma_copy *copy, struct vm_area_struct *vma,
		   unsigned long start, unsigned long end, bool locked,
		   bool named);

/* Whether @vma still is what was copied. Context: in a section. */
bool vma_copy_same(const struct vma_copy *copy, struct vm_area_struct *vma,
		   unsigned long start, unsigned long end);

/* Drop the file reference. */
void vma_copy_put(struct vma_copy *copy);

/**
 * vma_shmem_swap - pages of the mapped object that are in swap
 * @copy: of a shmem mapping
 * @start: part of the VMA to look at
 * @end: likewise
 *
 * Context: outside a section. May sleep. Return: pages.
 */
unsigned long vma_shmem_swap(const struct vma_copy *copy, unsigned long start,
			     unsigned long end);

/* Whether the page of a shmem mapping at @addr is in swap. Does not sleep. */
bool vma_shmem_page_swapped(const struct vma_copy *copy, unsigned long addr);

/**
 * struct shmem_stretch - pages of a shmem mapping that are in swap, or are not
 * @swapped: they are
 * @end: of the pages, which all are the one or the other
 * @slot: where in swap the first of them is; the others follow
 * @type: of the swap area
 * @looked: entries of the object that were looked at
 */
struct shmem_stretch {
	bool swapped;
	u8 type;
	unsigned int looked;
	unsigned long end;
	u64 slot;
};

/**
 * vma_shmem_stretch - where the pages of a shmem mapping are from @addr on
 * @copy: of a shmem mapping
 * @addr: of the first page
 * @end: interested up to there
 * @stretch: out: at least one page; not necessarily all that are alike, for
 *	only few entries are looked at
 *
 * Context: any; does not sleep.
 */
void vma_shmem_stretch(const struct vma_copy *copy, unsigned long addr,
		       unsigned long end, struct shmem_stretch *stretch);

/*
 * Whether a shmem mapping may have copies of its own, so that a page of the
 * object is one of its pages only where there is no entry.
 */
static inline bool vma_may_have_copies(const struct vma_copy *copy)
{
	return !(copy->flags & VM_SHARED) && copy->flags & VM_WRITE;
}

#endif /* VMS_VMAS_H */
