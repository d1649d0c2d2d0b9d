// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs of pages alike: entry by entry into the encoder, which joins neighbours
 * that agree in the key. The plain path; extent_fast.c has the block-wise one.
 */
#include <linux/mm.h>

#include "extent.h"
#include "extent_fast.h"

#define COST_PLAIN	40
#define COST_HOLE	1
#define COST_STRETCH	20	/* a search in an object, and */
#define COST_LOOK	6	/* each entry that it meets */

void extents_begin(struct extents *x, const struct vma_copy *copy, bool trusted)
{
	view_init(&x->view, copy, trusted);
	x->like.known = false;
	x->shmem = NULL;
	if (copy->shmem && x->encoder->key & ATTR_SHMEM_SWAPPED) {
		x->shmem = copy;
		x->markers = !vma_may_have_copies(copy);
	}
}

static unsigned long plain_hole(struct extents *x, unsigned long addr,
				unsigned long end)
{
	struct page_info none = { .attrs = x->view.soft_dirty };

	if (!x->holes) {
		encode_close(x->encoder);
		return end;
	}
	return encode_range(x->encoder, addr, end, &none);
}

static void add_slot(const struct shmem_stretch *stretch,
		     struct page_info *info)
{
	info->attrs |= ATTR_SHMEM_SWAPPED;
	info->frame = stretch->slot;
	info->swap_type = stretch->type;
}

/* No entry, but perhaps a page of the object, in swap. */
static unsigned long shmem_hole(struct extents *x, unsigned long addr,
				unsigned long end)
{
	struct shmem_stretch stretch;
	unsigned long reached;

	do {
		struct page_info info = { .attrs = x->view.soft_dirty };

		vma_shmem_stretch(x->shmem, addr, end, &stretch);
		if (stretch.swapped) {
			add_slot(&stretch, &info);
			reached = encode_range(x->encoder, addr, stretch.end,
					       &info);
		} else {
			reached = plain_hole(x, addr, stretch.end);
		}
		if (reached == addr)
			break;
		addr = reached;
		x->cost += COST_STRETCH + stretch.looked * COST_LOOK;
	} while (addr < end && x->cost < x->limit);
	return addr;
}

unsigned long extent_hole(struct extents *x, unsigned long addr,
			  unsigned long end)
{
	if (x->shmem)
		return shmem_hole(x, addr, end);
	x->cost += COST_HOLE;
	return plain_hole(x, addr, end);
}

/* A marker stands where an entry was, whose page is the object's all the same. */
static void look_behind_marker(struct extents *x, unsigned long addr,
			       struct page_info *info)
{
	struct shmem_stretch stretch;
	u64 state = info->attrs & ATTR_STATE;

	if (state < STATE_UFFD || state > STATE_POISON)
		return;
	vma_shmem_stretch(x->shmem, addr, addr + PAGE_SIZE, &stretch);
	if (stretch.swapped)
		add_slot(&stretch, info);
	x->cost += COST_STRETCH;
}

/* Return: false when the encoder is full. */
static bool one_page(struct extents *x, const pte_t *pte, unsigned long addr)
{
	u64 raw = arch_raw_pte(pte);
	struct page_info info;
	struct entry entry;

	entry_from_pte(__pte(raw), &entry);
	if (!(entry.attrs & ATTR_STATE))
		return extent_hole(x, addr, addr + PAGE_SIZE) != addr;
	classify(&x->view, &entry, x->encoder->key, 0, &info);
	if (unlikely(x->shmem && x->markers))
		look_behind_marker(x, addr, &info);
	if (!encode_pages(x->encoder, addr, &info, 1))
		return false;
	if (x->reread && arch_raw_pte(pte) != raw)
		encode_mark_open(x->encoder, MARK_RACY);
	x->cost += COST_PLAIN;
	if (x->encoder->key & ATTR_CLOSER)
		x->cost += classify_closer_cost(&info, x->encoder->key);
	return true;
}

unsigned int extent_ptes(struct extents *x, const pte_t *pte,
			 unsigned long addr, unsigned int n)
{
	unsigned int i = 0;
	unsigned int taken, end;

	while (i < n) {
		unsigned int empty = arch_count_empty(pte + i, n - i);

		if (empty) {
			unsigned long from = addr + i * PAGE_SIZE;
			unsigned long to = from + empty * PAGE_SIZE;

			i += (extent_hole(x, from, to) - from) >> PAGE_SHIFT;
			if (addr + i * PAGE_SIZE < to)
				return i;
			continue;
		}
		taken = x->plain ? 0 : extent_fast_ptes(x, pte + i,
							addr + i * PAGE_SIZE,
							n - i);
		i += taken;
		if (taken)
			continue;
		/* a mixture: not worth a try for each of its entries */
		for (end = min(i + 8, n); i < end; i++)
			if (!one_page(x, pte + i, addr + i * PAGE_SIZE))
				return i;
		if (x->cost >= x->limit)
			return i;
	}
	return i;
}

/* All pages of a leaf, which differ in nothing but one being the head. */
static unsigned long alike_in_leaf(struct extents *x, struct page_info *info,
				   unsigned long addr, unsigned long end)
{
	if (info->attrs & x->encoder->key & ATTR_HEAD) {
		if (!encode_pages(x->encoder, addr, info, 1))
			return addr;
		info->attrs &= ~ATTR_HEAD;
		info->frame++;
		addr += PAGE_SIZE;
	}
	return encode_range(x->encoder, addr, end, info);
}

static unsigned long extent_leaf(struct extents *x, const struct entry *entry,
				 unsigned int first, unsigned long addr,
				 unsigned long end, bool shared_table)
{
	struct page_info info;
	u64 closer;

	x->cost += COST_PLAIN;
	classify(&x->view, entry, x->encoder->key, first, &info);
	/* said of the folio, once */
	closer = info.attrs & ATTR_CLOSER;
	if (x->encoder->key & ATTR_CLOSER)
		x->cost += classify_closer_cost(&info, x->encoder->key);
	if (shared_table && info.page)
		info.attrs |= ATTR_SHARED;
	/* the pages of a leaf differ in mapcount and in being the head */
	if (!info.page || x->view.hugetlb || classify_uniform(&info) ||
	    !(x->encoder->key & (KEY_MAPCOUNT | ATTR_SHARED)))
		return alike_in_leaf(x, &info, addr, end);
	while (addr < end) {
		unsigned int alike = classify_alike(&info,
						    (end - addr) >> PAGE_SHIFT);
		unsigned long to = addr + alike * PAGE_SIZE;

		addr = alike_in_leaf(x, &info, addr, to);
		x->cost += COST_PLAIN + alike / 2;
		if (addr < to)
			break;
		first += alike;
		if (addr == end)
			break;
		classify(&x->view, entry, x->encoder->key & ~ATTR_CLOSER, first,
			 &info);
		info.attrs |= closer;
	}
	return addr;
}

unsigned long extent_pmd(struct extents *x, pmd_t pmd, unsigned long addr,
			 unsigned long end, bool shared_table)
{
	struct entry entry;

	entry_from_pmd(pmd, &entry);
	return extent_leaf(x, &entry, (addr & ~PMD_MASK) >> PAGE_SHIFT, addr,
			   end, shared_table);
}

unsigned long extent_pud(struct extents *x, pud_t pud, unsigned long addr,
			 unsigned long end)
{
	struct entry entry;

	entry_from_pud(pud, &entry);
	return extent_leaf(x, &entry, (addr & ~PUD_MASK) >> PAGE_SHIFT, addr,
			   end, false);
}
