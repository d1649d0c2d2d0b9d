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
#define COST_PAGES	24
#define COST_CLOSER	32
/* What the first of them takes. */
#define COST_FIRST	40

/* Frames that do not fit into a list's 32 bits stand in these entry bits. */
#define HIGH_FRAME	(ARCH_PFN_MASK & ~GENMASK_ULL(PAGE_SHIFT + 31, 0))

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

	if (!(key & KEY_PAGE))
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
	/* a generation is counted on the lists of the node */
#ifndef NODE_NOT_IN_PAGE_FLAGS
	if (key & (ATTR_NODE | ATTR_GEN))
		mask |= (u64)NODES_MASK << NODES_PGSHIFT;
#endif
	if (key & ATTR_GEN)
		mask |= LRU_GEN_MASK;
	if (key & ATTR_EXTRA_REFS)
		mask |= BIT(PG_swapcache) | BIT(PG_private);
	return mask;
}

/* What generations and explained references depend on beside the flags. */
static void begin_closer(struct like *like, const struct page *page)
{
	like->owner = page_word(page, MAPPING_WORD);
	like->group = page_word(page, GROUP_WORD);
}

static bool begin_pages(struct like *like, const struct page *page)
{
	like->flags = page_flags_word(page) & like->flags_mask;
	like->counts = counts_of(page);
	like->mapping = page_word(page, MAPPING_WORD) & MAPPING_KIND_MASK;
	/* one page of a large folio is not like another */
	return !(like->flags & BIT(PG_head)) && like->counts >> 32;
}

/* Return: false when the first entry is none that comes in blocks. */
static bool like_begin(struct like *like, struct extents *x, u64 raw)
{
	u64 key = x->encoder->key;
	struct entry entry;

	/* where no page is looked at, an entry like the last says it all */
	if (like->known && (raw & like->entry_mask) == like->entry) {
		like->info.frame = (raw & ARCH_PFN_MASK) >> PAGE_SHIFT;
		return true;
	}
	if (!maps_page(raw) || raw & HIGH_FRAME)
		return false;
	/* frames that a list cannot hold must not turn up later, either */
	like->entry_mask = entry_mask_of(key) | HIGH_FRAME;
	like->entry = raw & like->entry_mask;
	like->flags_mask = flags_mask_of(key);
	if (like->flags_mask && !begin_pages(like, page_of(raw)))
		return false;
	if (key & ATTR_CLOSER)
		begin_closer(like, page_of(raw));
	x->cost += COST_FIRST;
	entry_from_pte(__pte(raw), &entry);
	classify(&x->view, &entry, key, 0, &like->info);
	like->known = !like->flags_mask;
	return true;
}

/* How much of each page has to be like the first: none, what every key may need, all. */
enum looked_at {
	LOOK_ENTRY,
	LOOK_PAGE,
	LOOK_CLOSER,
};

/* Whether the eight entries e0 to e7 are like the first. */
#define BLOCK_IS_LIKE(like, look)					\
	(!(((ANY_BLOCK ^ (like)->entry) | (ALL_BLOCK ^ (like)->entry)) &	\
	   (like)->entry_mask) &&					\
	 ((look) == LOOK_ENTRY || PAGES_ARE_LIKE(like)) &&			\
	 ((look) != LOOK_CLOSER || OWNERS_ARE_LIKE(like)))
#define AT(n)	page_of(e##n)
#define PAGES_ARE_LIKE(like)						\
	(!(((ANY_WORD(AT, FLAGS_WORD) ^ (like)->flags) |		\
	    (ALL_WORD(AT, FLAGS_WORD) ^ (like)->flags)) &		\
	   (like)->flags_mask) &&					\
	 ANY_WORD(AT, COUNTS_WORD) == (like)->counts &&			\
	 ALL_WORD(AT, COUNTS_WORD) == (like)->counts &&			\
	 !(((ANY_WORD(AT, MAPPING_WORD) ^ (like)->mapping) |		\
	    (ALL_WORD(AT, MAPPING_WORD) ^ (like)->mapping)) &		\
	   MAPPING_KIND_MASK))
/* one group is charged; of page cache, one file or none is behind all of it */
#define OWNERS_ARE_LIKE(like)						\
	(ANY_WORD(AT, GROUP_WORD) == (like)->group &&			\
	 ALL_WORD(AT, GROUP_WORD) == (like)->group &&			\
	 ((like)->mapping ||						\
	  (ANY_WORD(AT, MAPPING_WORD) == (like)->owner &&		\
	   ALL_WORD(AT, MAPPING_WORD) == (like)->owner)))

/* Blocks like the first, whatever their frames. Return: entries. */
static __always_inline unsigned int count_like(const struct like *like,
					       const u64 *p, unsigned int n,
					       enum looked_at look)
{
	unsigned int i;

	for (i = 0; n - i >= BLOCK; i += BLOCK) {
		LOAD_BLOCK(p + i);

		if (!BLOCK_IS_LIKE(like, look))
			break;
	}
	return i;
}

/*
 * The end of a table, less than a block: entries like the first whose frames
 * follow on @first, if they are more than @least. Return: entries.
 */
static unsigned int count_run_tail(const struct like *like, const u64 *p,
				   unsigned int n, u64 first, unsigned int least)
{
	const u64 mask = like->entry_mask | ARCH_PFN_MASK;
	u64 expected = like->entry | first;
	unsigned int i;

	for (i = 0; i < n && (READ_ONCE(p[i]) & mask) == expected; i++)
		expected += PAGE_SIZE;
	return i > least ? i : 0;
}

/* The same in groups, when a first look finds one. Return: entries. */
static unsigned int count_run_groups(const u64 *p, unsigned int n, u64 expected,
				     u64 mask)
{
	const unsigned int last = ARCH_RUN_GROUP - 1;
	unsigned int i;

	if (n < ARCH_RUN_GROUP ||
	    (READ_ONCE(p[last]) ^ (expected + last * PAGE_SIZE)) & mask ||
	    !irq_fpu_usable())
		return 0;
	kernel_fpu_begin();
	for (i = 0; n - i >= ARCH_RUN_GROUP; i += ARCH_RUN_GROUP)
		if (arch_run_differs(p + i, expected + i * PAGE_SIZE) & mask)
			break;
	kernel_fpu_end();
	return i;
}

/*
 * The same in blocks: where no page is looked at, comparing each entry with the
 * one expected says all of it, in three instructions, or in groups in two.
 * Return: entries.
 */
static unsigned int count_run_entries(const struct like *like, const u64 *p,
				      unsigned int n, u64 first)
{
	const u64 mask = like->entry_mask | ARCH_PFN_MASK;
	u64 expected = like->entry | first;
	unsigned int i = count_run_groups(p, n, expected, mask);

	expected += i * PAGE_SIZE;
	for (; n - i >= BLOCK; i += BLOCK, expected += BLOCK * PAGE_SIZE) {
#define DIFFER(n)	(p[i + (n)] ^ (expected + (n) * PAGE_SIZE))
		if ((DIFFER(0) | DIFFER(1) | DIFFER(2) | DIFFER(3) |
		     DIFFER(4) | DIFFER(5) | DIFFER(6) | DIFFER(7)) & mask)
			break;
#undef DIFFER
	}
	if (n - i < BLOCK)
		i += count_run_tail(like, p + i, n - i, first + i * PAGE_SIZE,
				    i ? 0 : 1);
	return i;
}

/*
 * Blocks like the first whose frames follow on @first and whose pages are looked
 * at. Return: entries.
 */
static __always_inline unsigned int count_run(const struct like *like,
					      const u64 *p, unsigned int n,
					      u64 first, enum looked_at look)
{
	const u64 pfn_mask = ARCH_PFN_MASK;
	unsigned int i;

	for (i = 0; n - i >= BLOCK; i += BLOCK, first += BLOCK * PAGE_SIZE) {
		LOAD_BLOCK(p + i);

		if (((e0 ^ first) | (e1 ^ (first + PAGE_SIZE)) |
		     (e2 ^ (first + 2 * PAGE_SIZE)) |
		     (e3 ^ (first + 3 * PAGE_SIZE)) |
		     (e4 ^ (first + 4 * PAGE_SIZE)) |
		     (e5 ^ (first + 5 * PAGE_SIZE)) |
		     (e6 ^ (first + 6 * PAGE_SIZE)) |
		     (e7 ^ (first + 7 * PAGE_SIZE))) & pfn_mask)
			break;
		if (!BLOCK_IS_LIKE(like, look))
			break;
	}
	return i;
}

/*
 * Blocks like the first, their frames into a list, which has 32 bits for each:
 * the bits of the entry above them are cut off with the rest. A block whose
 * frames look consecutive ends the list. Return: entries.
 */
static __always_inline unsigned int list_blocks(const struct like *like,
						const u64 *p, unsigned int n,
						u32 *list, enum looked_at look)
{
	unsigned int i;

	for (i = 0; n - i >= BLOCK; i += BLOCK) {
		LOAD_BLOCK(p + i);

		if (!BLOCK_IS_LIKE(like, look) ||
		    (u32)((e7 - e0) >> PAGE_SHIFT) == BLOCK - 1)
			break;
		list[i] = e0 >> PAGE_SHIFT;
		list[i + 1] = e1 >> PAGE_SHIFT;
		list[i + 2] = e2 >> PAGE_SHIFT;
		list[i + 3] = e3 >> PAGE_SHIFT;
		list[i + 4] = e4 >> PAGE_SHIFT;
		list[i + 5] = e5 >> PAGE_SHIFT;
		list[i + 6] = e6 >> PAGE_SHIFT;
		list[i + 7] = e7 >> PAGE_SHIFT;
	}
	return i;
}
#undef AT

/*
 * The same where no page is looked at: one verdict for a group of entries, whose
 * frames are written before it is known whether they count. Return: entries; what
 * follows is for list_blocks().
 */
static unsigned int list_groups(const struct like *like, const u64 *p,
				unsigned int n, u32 *list)
{
	unsigned int i;
	u64 any, all;

	if (n < ARCH_LIST_GROUP || !irq_fpu_usable())
		return 0;
	kernel_fpu_begin();
	for (i = 0; n - i >= ARCH_LIST_GROUP; i += ARCH_LIST_GROUP) {
		const u32 *last = list + i + ARCH_LIST_GROUP - 1;

		arch_list_frames(p + i, list + i, &any, &all);
		if (((any ^ like->entry) | (all ^ like->entry)) &
		    like->entry_mask || *last - list[i] == ARCH_LIST_GROUP - 1)
			break;
	}
	kernel_fpu_end();
	return i;
}

/* The end of a table, less than a block. Return: entries. */
static unsigned int list_tail(const struct like *like, const u64 *p,
			      unsigned int n, u32 *list)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		u64 raw = READ_ONCE(p[i]);

		if ((raw & like->entry_mask) != like->entry)
			break;
		list[i] = raw >> PAGE_SHIFT;
	}
	return i;
}

static __always_inline unsigned int take_list(struct extents *x,
					      const struct like *like,
					      const u64 *p, unsigned long addr,
					      unsigned int n, enum looked_at look)
{
	unsigned int taken;
	u32 room;
	u32 *list;

	list = encode_list_open(x->encoder, addr, &like->info, &room);
	if (!list)
		return 0;
	n = min(n, room);
	taken = look != LOOK_ENTRY ? 0 : list_groups(like, p, n, list);
	taken += list_blocks(like, p + taken, n - taken, list + taken, look);
	if (look == LOOK_ENTRY && n - taken < BLOCK)
		taken += list_tail(like, p + taken, n - taken, list + taken);
	encode_list_add(x->encoder, taken);
	return taken;
}

static __always_inline unsigned int take_blocks(struct extents *x,
						const struct like *like,
						const u64 *p, u64 raw,
						unsigned long addr,
						unsigned int n, enum looked_at look)
{
	unsigned int taken;

	if (!x->encoder->frames)
		taken = count_like(like, p, n, look);
	else if (look == LOOK_ENTRY)
		taken = count_run_entries(like, p, n, raw & ARCH_PFN_MASK);
	else
		taken = count_run(like, p, n, raw & ARCH_PFN_MASK, look);
	if (taken)
		return encode_pages(x->encoder, addr, &like->info, taken) ?
		       taken : 0;
	if (!x->encoder->frames)
		return 0;
	return take_list(x, like, p, addr, n, look);
}

/* Apart, so that the compiler gives the others its registers as before. */
static noinline unsigned int take_closer(struct extents *x,
					 const struct like *like, const u64 *p,
					 u64 raw, unsigned long addr,
					 unsigned int n)
{
	return take_blocks(x, like, p, raw, addr, n, LOOK_CLOSER);
}

unsigned int extent_fast_ptes(struct extents *x, const pte_t *pte,
			      unsigned long addr, unsigned int n)
{
	const u64 *p = (const u64 *)pte;
	u64 raw = READ_ONCE(*p);
	struct like *like = &x->like;
	unsigned int taken;

	if (!x->view.trusted || x->view.hugetlb || x->view.dax ||
	    x->view.flags & (VM_PFNMAP | VM_MIXEDMAP) ||
	    !like_begin(like, x, raw))
		return 0;
	if (x->encoder->key & ATTR_CLOSER) {
		taken = take_closer(x, like, p, raw, addr, n);
		x->cost += taken * COST_CLOSER / BLOCK;
	} else if (like->flags_mask) {
		taken = take_blocks(x, like, p, raw, addr, n, LOOK_PAGE);
		x->cost += taken * COST_PAGES / BLOCK;
	} else {
		taken = take_blocks(x, like, p, raw, addr, n, LOOK_ENTRY);
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
