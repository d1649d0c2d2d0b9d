// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies of VMAs and questions about the objects they map; knows nothing of
 * page tables.
 */
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/mempolicy.h>
#include <linux/mm.h>
#include <linux/pkeys.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/string.h>
#include <linux/swap.h>
#include <linux/swapops.h>
#include <linux/xarray.h>

#include "compat/vma.h"
#include "page.h"
#include "vmas.h"

#define POLICY_NONE	0xff

static u8 vma_policy_mode(const struct vm_area_struct *vma)
{
#ifdef CONFIG_NUMA
	if (vma->vm_policy)
		return vma->vm_policy->mode;
#endif
	return POLICY_NONE;
}

static u8 vma_pkey_of(struct vm_area_struct *vma)
{
#ifdef CONFIG_ARCH_HAS_PKEYS
	return vma_pkey(vma);
#else
	return 0;
#endif
}

/* The order of the questions is that of fs/proc/task_mmu.c:get_vma_name(). */
static enum vma_name name_of(struct vm_area_struct *vma, unsigned long start,
			     unsigned long end, const char **text)
{
	const char *anon_name = vms_vma_anon_name(vma);

	*text = NULL;
	if (vma->vm_file) {
		*text = anon_name;
		return anon_name ? NAME_ANON : NAME_FILE;
	}
	if (vma->vm_ops && vma->vm_ops->name)
		*text = vma->vm_ops->name(vma);
	if (*text)
		return NAME_SPECIAL;
	if (vms_vma_is_heap(vma->vm_mm, start, end))
		return NAME_HEAP;
	if (vms_vma_is_stack(vma->vm_mm, start, end))
		return NAME_STACK;
	*text = anon_name;
	return anon_name ? NAME_ANON : NAME_NONE;
}

static void copy_name(struct vma_copy *copy, struct vm_area_struct *vma)
{
	const char *text;

	copy->name_kind = name_of(vma, copy->start, copy->end, &text);
	if (text)
		strscpy(copy->name, text, sizeof(copy->name));
}

static bool is_swapped_shmem(const struct file *file)
{
	return shmem_mapping(file->f_mapping) &&
	       READ_ONCE(SHMEM_I(file_inode(file))->swapped);
}

bool vma_file_is_ordinary(const struct file *file)
{
	return !IS_DAX(file_inode(file)) && !is_swapped_shmem(file);
}

static void copy_file(struct vma_copy *copy, struct vm_area_struct *vma,
		      bool named)
{
	struct file *file = vma->vm_file;

	copy->identity = file;
	copy->dax = IS_DAX(file_inode(file));
	copy->shmem = is_swapped_shmem(file);
	if (copy->flags & VM_HUGETLB)
		copy->huge_shift = huge_page_shift(hstate_vma(vma));
	if (named || copy->shmem)
		copy->file = get_file(file);
}

void vma_copy_take(struct vma_copy *copy, struct vm_area_struct *vma,
		   unsigned long start, unsigned long end, bool locked,
		   bool named)
{
	copy->start = start;
	copy->end = end;
	copy->flags = vms_vma_flags(vma);
	copy->file = NULL;
	copy->identity = NULL;
	copy->shmem = false;
	copy->dax = false;
	copy->huge_shift = 0;
	copy->name_kind = NAME_NONE;
	copy->name[0] = '\0';
	copy->marks = 0;
	if (!locked) {
		/* good enough to read entries by, and nothing is followed */
		copy->anonymous = false;
		copy->pgoff = 0;
		copy->pkey = 0;
		copy->policy = POLICY_NONE;
		copy->huge_shift = copy->flags & VM_HUGETLB ? PMD_SHIFT : 0;
		copy->marks = MARK_RACY | MARK_NO_NAME;
		return;
	}
	copy->pgoff = vma->vm_pgoff;
	copy->anonymous = vma_is_anonymous(vma);
	copy->pkey = vma_pkey_of(vma);
	copy->policy = vma_policy_mode(vma);
	if (vma->vm_file)
		copy_file(copy, vma, named);
	if (named)
		copy_name(copy, vma);
}

bool vma_copy_same(const struct vma_copy *copy, struct vm_area_struct *vma,
		   unsigned long start, unsigned long end)
{
	return copy->start == start && copy->end == end &&
	       copy->flags == vms_vma_flags(vma) &&
	       (copy->marks & MARK_RACY ||
		(copy->identity == vma->vm_file && copy->pgoff == vma->vm_pgoff));
}

void vma_copy_put(struct vma_copy *copy)
{
	if (copy->file)
		fput(copy->file);
	copy->file = NULL;
}

static unsigned long object_index(const struct vma_copy *copy, unsigned long addr)
{
	return copy->pgoff + ((addr - copy->start) >> PAGE_SHIFT);
}

bool vma_shmem_page_swapped(const struct vma_copy *copy, unsigned long addr)
{
	return xa_is_value(xa_load(&copy->file->f_mapping->i_pages,
				   object_index(copy, addr)));
}

/* Entries looked at in one go: a section that asks is not to last. */
#define STRETCH_LOOKS	16

/* A large folio is swapped as one entry, of which @xas may have met the middle. */
static unsigned long swapped_from(struct xa_state *xas, unsigned long last,
				  unsigned long *into)
{
	unsigned long pages = 1UL << xas_get_order(xas);

	*into = xas->xa_index & (pages - 1);
	return min(pages - *into, last - xas->xa_index + 1);
}

void vma_shmem_stretch(const struct vma_copy *copy, unsigned long addr,
		       unsigned long end, struct shmem_stretch *stretch)
{
	unsigned long first = object_index(copy, addr);
	unsigned long last = object_index(copy, end) - 1;
	XA_STATE(xas, &copy->file->f_mapping->i_pages, first);
	unsigned long pages = last - first + 1, into;
	swp_entry_t swap;
	void *entry;

	*stretch = (struct shmem_stretch){ };
	rcu_read_lock();
	xas_for_each(&xas, entry, last) {
		if (xas_retry(&xas, entry))
			continue;
		if (++stretch->looked < STRETCH_LOOKS && !xa_is_value(entry))
			continue;
		/* a large folio's entry may begin before the stretch */
		pages = max(xas.xa_index, first) - first;
		if (!xa_is_value(entry)) {
			pages++;
		} else if (!pages) {
			swap = radix_to_swp_entry(entry);
			pages = swapped_from(&xas, last, &into);
			stretch->swapped = true;
			stretch->type = swp_type(swap);
			stretch->slot = swp_offset(swap) + into;
		}
		break;
	}
	rcu_read_unlock();
	stretch->end = addr + (pages << PAGE_SHIFT);
}

/* After mm/shmem.c:shmem_partial_swap_usage(). */
static unsigned long count_swapped(struct address_space *mapping,
				   unsigned long first, unsigned long last)
{
	XA_STATE(xas, &mapping->i_pages, first);
	unsigned long swapped = 0, into;
	unsigned int looked = 0;
	void *entry;

	rcu_read_lock();
	xas_for_each(&xas, entry, last) {
		if (xas_retry(&xas, entry))
			continue;
		if (xa_is_value(entry))
			swapped += swapped_from(&xas, last, &into);
		if (++looked % 1024 == 0) {
			xas_pause(&xas);
			rcu_read_unlock();
			cond_resched();
			if (fatal_signal_pending(current))
				return swapped;
			rcu_read_lock();
		}
	}
	rcu_read_unlock();
	return swapped;
}

unsigned long vma_shmem_swap(const struct vma_copy *copy, unsigned long start,
			     unsigned long end)
{
	return count_swapped(copy->file->f_mapping, object_index(copy, start),
			     object_index(copy, end) - 1);
}
