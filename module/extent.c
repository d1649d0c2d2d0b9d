// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs of pages alike: entry by entry into the encoder, which joins neighbours
 * that agree in the key. The plain path; extent_fast.c has the block-wise one.
 */
#include <linux/mm.h>

#include "extent.h"
#include "extent_fast.h"

#define COST_PLAIN	12
#define COST_HOLE	1

unsigned long extent_hole(struct extents *x, unsigned long addr,
			  unsigned long end)
{
	static const struct page_info none;

	x->cost += COST_HOLE;
	if (!x->holes) {
		encode_close(x->encoder);
		return end;
	}
	return encode_range(x->encoder, addr, end, &none);
}

unsigned int extent_ptes(struct extents *x, const pte_t *pte,
			 unsigned long addr, unsigned int n)
{
	unsigned int i = 0;

	if (!x->plain)
		i = extent_fast_ptes(x, pte, addr, n);
	if (i)
		return i;
	for (; i < n; i++) {
		unsigned long at = addr + i * PAGE_SIZE;
		u64 raw = arch_raw_pte(pte + i);
		struct page_info info;
		struct entry entry;

		entry_from_pte(__pte(raw), &entry);
		if (!(entry.attrs & ATTR_STATE)) {
			if (extent_hole(x, at, at + PAGE_SIZE) == at)
				break;
			continue;
		}
		classify(&x->view, &entry, x->encoder->key, 0, &info);
		if (!encode_pages(x->encoder, at, &info, 1))
			break;
		if (x->reread && arch_raw_pte(pte + i) != raw)
			encode_mark_open(x->encoder, MARK_RACY);
		x->cost += COST_PLAIN;
	}
	return i;
}

static unsigned long extent_leaf(struct extents *x, const struct entry *entry,
				 unsigned int first, unsigned long addr,
				 unsigned long end)
{
	unsigned int pages = (end - addr) >> PAGE_SHIFT;
	struct page_info info;
	unsigned int i;
	bool alike;

	classify(&x->view, entry, x->encoder->key, first, &info);
	/* the pages of a leaf differ in mapcount and in being the head */
	alike = !(x->encoder->key & (KEY_MAPCOUNT | ATTR_SHARED)) ||
		classify_uniform(&info);
	if (!info.page || (alike && !(x->encoder->key & ATTR_HEAD)))
		return encode_pages(x->encoder, addr, &info, pages) ? end : addr;
	for (i = 0; i < pages; i++, addr += PAGE_SIZE) {
		classify(&x->view, entry, x->encoder->key, first + i, &info);
		if (!encode_pages(x->encoder, addr, &info, 1))
			break;
		x->cost += COST_PLAIN;
	}
	return addr;
}

unsigned long extent_pmd(struct extents *x, pmd_t pmd, unsigned long addr,
			 unsigned long end)
{
	struct entry entry;

	entry_from_pmd(pmd, &entry);
	return extent_leaf(x, &entry, (addr & ~PMD_MASK) >> PAGE_SHIFT, addr,
			   end);
}

unsigned long extent_pud(struct extents *x, pud_t pud, unsigned long addr,
			 unsigned long end)
{
	struct entry entry;

	entry_from_pud(pud, &entry);
	return extent_leaf(x, &entry, (addr & ~PUD_MASK) >> PAGE_SHIFT, addr,
			   end);
}
