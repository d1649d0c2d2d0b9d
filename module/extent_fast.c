// SPDX-License-Identifier: GPL-2.0-only
/*
 * The block-wise path of extents: shows that entries agree in all that the key
 * asks for, lets the plain path classify the first of them, and moves the
 * frames over eight at a time. What does not come in blocks goes the plain way.
 *
 * Bits outside the key do not part extents, so they are masked off the
 * comparison: with accessed and dirty bits out of the key, their noise costs
 * nothing.
 */
#include <linux/mm.h>
#include <linux/page-flags.h>

#include "blocks.h"
#include "compat/folio.h"
#include "extent_fast.h"

#if BLOCKS_POSSIBLE

/* Work, in units of ten instructions: for eight entries, and with pages. */
#define COST_BLOCK	6
#define COST_PAGES	16

/* Frames that do not fit into a list's 32 bits stand in these entry bits. */
#define HIGH_FRAME	(ARCH_PFN_MASK & ~GENMASK_ULL(PAGE_SHIFT + 31, 0))

/**
 * struct like - what a run of entries has to agree in
 * @info: the first entry, classified
 * @entry_mask: bits of the entry that the key depends on
 * @entry: those bits of the first entry
 * @flags_mask: page flags that the key depends on; 0 when no page is looked at
 * @flags: those flags of the first page
 * @counts: its word of _mapcount and _refcount
 * @mapping: the kind bits of its mapping pointer
 */
struct like {
	struct page_info info;
	u64 entry_mask;
	u64 entry;
	u64 flags_mask;
	u64 flags;
	u64 counts;
	u64 mapping;
};

static u64 entry_mask_of(u64 key)
{
	u64 ignore = ARCH_PFN_MASK;

	if (!(key & (ATTR_YOUNG)))
		ignore |= _PAGE_ACCESSED;
	/* lazyfree is not dirty, too */
	if (!(key & (ATTR_DIRTY | ATTR_LAZYFREE)))
		ignore |= ARCH_DIRTY_BITS;
#ifdef CONFIG_MEM_SOFT_DIRTY
	if (!(key & ATTR_SOFT_DIRTY))
		ignore |= _PAGE_SOFT_DIRTY;
#endif
	if (!(key & ATTR_WRITE))
		ignore |= _PAGE_RW;
	return ~ignore;
}

/* Flags that only come and go while a page is worked on are not worth much. */
static u64 flags_mask_of(u64 key)
{
	u64 mask = 0;

	if (!(key & (ATTR_FOLIO | KEY_MAPCOUNT | KEY_REFCOUNT)))
		return 0;
	/* heads and tails are for the plain path; kind needs these */
	mask |= BIT(PG_head) | BIT(PG_anon_exclusive) | BIT(PG_swapbacked) |
		BIT(PG_dirty);
	if (key & ATTR_REFERENCED) {
		mask |= BIT(PG_referenced);
#ifdef CONFIG_PAGE_IDLE_FLAG
		mask |= BIT(PG_young);
#endif
	}
	if (key & ATTR_LRU)
		mask |= BIT(PG_lru);
	if (key & ATTR_ACTIVE)
		mask |= BIT(PG_active);
	if (key & (ATTR_UNEVICTABLE | ATTR_MLOCKED))
		mask |= BIT(PG_unevictable) | BIT(PG_mlocked);
	if (key & (ATTR_WRITEBACK | ATTR_RECLAIM))
		mask |= BIT(PG_writeback) | BIT(PG_reclaim);
	if (key & ATTR_SWAPCACHE)
		mask |= BIT(PG_swapcache);
	if (key & ATTR_LOCKED)
		mask |= BIT(PG_locked);
#ifndef NODE_NOT_IN_PAGE_FLAGS
	if (key & ATTR_NODE)
		mask |= (u64)NODES_MASK << NODES_PGSHIFT;
#endif
	return mask;
}

/* Return: false when the first entry is none that comes in blocks. */
static bool like_begin(struct like *like, struct extents *x, u64 raw)
{
	u64 key = x->encoder->key;
	struct entry entry;

	if (!maps_page(raw) || raw & HIGH_FRAME)
		return false;
	like->entry_mask = entry_mask_of(key);
	like->entry = raw & like->entry_mask;
	like->flags_mask = flags_mask_of(key);
	if (like->flags_mask) {
		const struct page *page = page_of(raw);

		like->flags = page_flags_word(page) & like->flags_mask;
		like->counts = counts_of(page);
		like->mapping = page_word(page, offsetof(struct page, mapping)) &
				MAPPING_KIND_MASK;
		/* one page of a large folio is not like another */
		if (like->flags & BIT(PG_head) || !(like->counts >> 32))
			return false;
	}
	entry_from_pte(__pte(raw), &entry);
	classify(&x->view, &entry, key, 0, &like->info);
	return true;
}

/* The eight entries at @p, if they are like the first. */
static __always_inline bool block_is_like(const struct like *like, const u64 *p,
					  u64 *frames, bool pages)
{
	LOAD_BLOCK(p);
	u64 any = ANY_BLOCK;
	u64 all = ALL_BLOCK;

	if (((any ^ like->entry) | (all ^ like->entry)) & like->entry_mask ||
	    any & HIGH_FRAME)
		return false;
	if (pages) {
		struct words w;

		words_begin(&w);
		words_add(&w, (unsigned long)page_of(e0), KINDRED_MIXED);
		words_add(&w, (unsigned long)page_of(e1), KINDRED_MIXED);
		words_add(&w, (unsigned long)page_of(e2), KINDRED_MIXED);
		words_add(&w, (unsigned long)page_of(e3), KINDRED_MIXED);
		words_add(&w, (unsigned long)page_of(e4), KINDRED_MIXED);
		words_add(&w, (unsigned long)page_of(e5), KINDRED_MIXED);
		words_add(&w, (unsigned long)page_of(e6), KINDRED_MIXED);
		words_add(&w, (unsigned long)page_of(e7), KINDRED_MIXED);
		if (((w.flags_any ^ like->flags) | (w.flags_all ^ like->flags)) &
		    like->flags_mask)
			return false;
		if (w.counts_any != like->counts || w.counts_all != like->counts)
			return false;
		if (((w.mapping_any ^ like->mapping) |
		     (w.mapping_all ^ like->mapping)) & MAPPING_KIND_MASK)
			return false;
	}
	frames[0] = e0;
	frames[1] = e1;
	frames[2] = e2;
	frames[3] = e3;
	frames[4] = e4;
	frames[5] = e5;
	frames[6] = e6;
	frames[7] = e7;
	return true;
}

static __always_inline bool block_is_consecutive(const u64 *e)
{
	u64 first = e[0] & ARCH_PFN_MASK;

	/* the last one first: random frames fail here */
	if ((e[7] & ARCH_PFN_MASK) != first + 7 * PAGE_SIZE)
		return false;
	return !((((e[1] & ARCH_PFN_MASK) ^ (first + PAGE_SIZE)) |
		  ((e[2] & ARCH_PFN_MASK) ^ (first + 2 * PAGE_SIZE)) |
		  ((e[3] & ARCH_PFN_MASK) ^ (first + 3 * PAGE_SIZE)) |
		  ((e[4] & ARCH_PFN_MASK) ^ (first + 4 * PAGE_SIZE)) |
		  ((e[5] & ARCH_PFN_MASK) ^ (first + 5 * PAGE_SIZE)) |
		  ((e[6] & ARCH_PFN_MASK) ^ (first + 6 * PAGE_SIZE))));
}

/* Frames of a block into a list, which has 32 bits for each. */
static __always_inline void put_frames(u32 *to, const u64 *e)
{
	to[0] = e[0] >> PAGE_SHIFT;
	to[1] = e[1] >> PAGE_SHIFT;
	to[2] = e[2] >> PAGE_SHIFT;
	to[3] = e[3] >> PAGE_SHIFT;
	to[4] = e[4] >> PAGE_SHIFT;
	to[5] = e[5] >> PAGE_SHIFT;
	to[6] = e[6] >> PAGE_SHIFT;
	to[7] = e[7] >> PAGE_SHIFT;
}

/* Blocks of one run of frames. Return: entries that belong to it. */
static __always_inline unsigned int run_length(const struct like *like,
					       const u64 *p, unsigned int n,
					       bool frames, bool pages)
{
	u64 e[BLOCK];
	u64 next = 0;
	unsigned int i;

	for (i = 0; n - i >= BLOCK; i += BLOCK) {
		if (!block_is_like(like, p + i, e, pages))
			break;
		if (!frames)
			continue;
		if (!block_is_consecutive(e) ||
		    (i && (e[0] & ARCH_PFN_MASK) != next))
			break;
		next = (e[0] & ARCH_PFN_MASK) + BLOCK * PAGE_SIZE;
	}
	return i;
}

/* Blocks of scattered frames into a list. Return: entries taken. */
static __always_inline unsigned int list_length(const struct like *like,
						const u64 *p, unsigned int n,
						u32 *list, bool pages)
{
	u64 e[BLOCK];
	unsigned int i;

	for (i = 0; n - i >= BLOCK; i += BLOCK) {
		if (!block_is_like(like, p + i, e, pages) ||
		    block_is_consecutive(e))
			break;
		put_frames(list + i, e);
	}
	return i;
}

static __always_inline unsigned int take_blocks(struct extents *x,
						struct like *like, const u64 *p,
						unsigned long addr,
						unsigned int n, bool pages)
{
	struct encoder *e = x->encoder;
	unsigned int taken;
	u64 first[BLOCK];
	u32 room;
	u32 *list;

	if (!block_is_like(like, p, first, pages))
		return 0;
	if (!e->frames || block_is_consecutive(first)) {
		taken = run_length(like, p, n, e->frames, pages);
		return encode_pages(e, addr, &like->info, taken) ? taken : 0;
	}
	list = encode_list_open(e, addr, &like->info, &room);
	if (!list || room < BLOCK)
		return 0;
	taken = list_length(like, p, min(n, room), list, pages);
	encode_list_add(e, taken);
	return taken;
}

unsigned int extent_fast_ptes(struct extents *x, const pte_t *pte,
			      unsigned long addr, unsigned int n)
{
	const u64 *p = (const u64 *)pte;
	struct like like;
	unsigned int taken;

	if (!x->view.trusted || x->view.hugetlb || x->view.dax || n < BLOCK ||
	    x->view.flags & (VM_PFNMAP | VM_MIXEDMAP) ||
	    !like_begin(&like, x, READ_ONCE(*p)))
		return 0;
	if (like.flags_mask) {
		taken = take_blocks(x, &like, p, addr, n, true);
		x->cost += taken * COST_PAGES / BLOCK;
	} else {
		taken = take_blocks(x, &like, p, addr, n, false);
		x->cost += taken * COST_BLOCK / BLOCK;
	}
	return taken;
}

#else /* !BLOCKS_POSSIBLE */

unsigned int extent_fast_ptes(struct extents *x, const pte_t *pte,
			      unsigned long addr, unsigned int n)
{
	return 0;
}

#endif /* BLOCKS_POSSIBLE */
