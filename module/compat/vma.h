/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fields of a VMA whose place or type differs between kernels; knows nothing of
 * page tables.
 */
#ifndef VMS_COMPAT_VMA_H
#define VMS_COMPAT_VMA_H

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/shmem_fs.h>
#include <linux/version.h>

/*
 * The inode and path that /proc/PID/maps shows: on a stacked file system the
 * ones of the file that the user opened. Since 6.8 mm holds a backing file.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)

static inline const struct inode *vms_file_inode(const struct file *file)
{
	return file_user_inode(file);
}

static inline const struct path *vms_file_path(const struct file *file)
{
	return file_user_path(file);
}

#else

static inline const struct inode *vms_file_inode(const struct file *file)
{
	return file_inode(file);
}

static inline const struct path *vms_file_path(const struct file *file)
{
	return &file->f_path;
}

#endif

static inline const char *vms_vma_anon_name(const struct vm_area_struct *vma)
{
#ifdef CONFIG_ANON_VMA_NAME
	return vma->anon_name ? vma->anon_name->name : NULL;
#else
	return NULL;
#endif
}

/* linux/mm.h has both only since 6.6: vma_is_initial_heap(), _stack() */
static inline bool vms_vma_is_heap(const struct mm_struct *mm,
				   unsigned long start, unsigned long end)
{
	return start < mm->brk && end > mm->start_brk;
}

static inline bool vms_vma_is_stack(const struct mm_struct *mm,
				    unsigned long start, unsigned long end)
{
	return start <= mm->start_stack && end >= mm->start_stack;
}

static inline unsigned long vms_vma_flags(const struct vm_area_struct *vma)
{
	return (unsigned long)READ_ONCE(*(const unsigned long *)&vma->vm_flags);
}

#endif /* VMS_COMPAT_VMA_H */
