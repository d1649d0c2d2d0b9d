// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a page is: entry, frame and mapping put together. The rules follow
 * fs/proc/task_mmu.c and fs/proc/page.c, so that figures agree with procfs.
 */
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/memremap.h>
#include <linux/page-flags.h>

#include "classify.h"
#include "compat/folio.h"
#include "compat/leaf.h"
#include "compat/lrugen.h"

void view_init(struct view *view, const struct vma_copy *copy, bool trusted)
{
	*view = (struct view){
		.flags = copy->flags,
		.file_kind = copy->flags & VM_SHARED ? KIND_FILE_SHARED :
						       KIND_FILE_PRIVATE,
		.anonymous = copy->anonymous,
		.anon_only = copy->anonymous &&
			     !(copy->flags & (VM_PFNMAP | VM_MIXEDMAP)),
		.hugetlb = copy->huge_shift,
		.dax = copy->dax,
		.trusted = trusted,
	};
#ifdef CONFIG_MEM_SOFT_DIRTY
	if (copy->flags & VM_SOFTDIRTY)
		view->soft_dirty = ATTR_SOFT_DIRTY;
#endif
}

/* Folio flags of page-flags.h and what we call them. */
static const struct {
	unsigned int bit;
	u64 attr;
} flag_map[] = {
	{ PG_referenced, ATTR_REFERENCED },
	{ PG_dirty, ATTR_FOLIO_DIRTY },
	{ PG_lru, ATTR_LRU },
	{ PG_active, ATTR_ACTIVE },
	{ PG_unevictable, ATTR_UNEVICTABLE },
	{ PG_mlocked, ATTR_MLOCKED },
	{ PG_writeback, ATTR_WRITEBACK },
	{ PG_swapbacked, ATTR_SWAPBACKED },
	{ PG_locked, ATTR_LOCKED },
	{ PG_reclaim, ATTR_RECLAIM },
#ifdef CONFIG_PAGE_IDLE_FLAG
	/* smaps' Referenced counts it: folio_test_young() */
	{ PG_young, ATTR_REFERENCED },
#endif
};

static u64 flag_attrs(unsigned long flags)
{
	unsigned int i;
	u64 attrs = 0;

	for (i = 0; i < ARRAY_SIZE(flag_map); i++)
		if (flags & BIT(flag_map[i].bit))
			attrs |= flag_map[i].attr;
	/* the bit has another meaning where there is no swap behind it */
	if ((flags & BIT(PG_swapcache)) && (flags & BIT(PG_swapbacked)))
		attrs |= ATTR_SWAPCACHE;
	return attrs;
}

static enum page_kind kind_of(const struct view *view, const struct page *page,
			      const struct page *exclusive_page,
			      unsigned long flags, unsigned long mapping)
{
	if (view->hugetlb)
		return KIND_HUGETLB;
	if (folio_word_is_ksm(mapping))
		return KIND_KSM;
	if (folio_word_is_anon(mapping))
		return page_flags_word(exclusive_page) & BIT(PG_anon_exclusive) ?
		       KIND_ANON_EXCLUSIVE : KIND_ANON;
	if (is_zone_device_page(page))
		return KIND_DEVICE;
	if (flags & BIT(PG_swapbacked))
		return KIND_SHMEM;
	return view->file_kind;
}

static bool maybe_pinned(const struct folio *folio, bool large, u32 refcount)
{
#if defined(CONFIG_64BIT)
	if (large)
		return folio_maybe_dma_pinned((struct folio *)folio);
#endif
	return refcount >= GUP_PIN_COUNTING_BIAS;
}

/*
 * A PMD may map the huge zero folio, whose number is not exported. It is the
 * only large folio that is mapped and has no mapcount: it has no rmap.
 */
static bool is_huge_zero(const struct folio *folio)
{
	return folio_test_large((struct folio *)folio) &&
	       !folio_mapping_word(folio) &&
	       !(folio_flags_word(folio) & BIT(PG_lru)) &&
	       folio_entire_mapcount_raw(folio) == 0;
}

/* Where VMS_HUGE_ZERO_IS_SPECIAL, which huge pages of devices are, too. */
static bool is_huge_zero_leaf(const struct entry *entry)
{
	return (entry->attrs & ATTR_LEAF) && pfn_valid(entry->frame) &&
	       is_huge_zero(page_folio(pfn_to_page(entry->frame)));
}

u64 classify_attributes(void)
{
	u64 attrs = ATTR_ALL;

	if (!VMS_HAVE_LRU_GEN)
		attrs &= ~ATTR_GEN;
	if (!IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE))
		attrs &= ~ATTR_DEFERRED;
	return attrs;
}

/*
 * References beyond those that are explained: mm.h folio_expected_ref_count(),
 * and pins, which large folios count apart.
 */
static bool has_extra_refs(const struct folio *folio, bool large,
			   unsigned long flags, unsigned long mapping)
{
	int pages = large ? 1 << folio_order((struct folio *)folio) : 1;
	int extra = folio_ref_count(folio) - folio_all_mapcount(folio, large);

	if ((flags & BIT(PG_swapcache)) && (flags & BIT(PG_swapbacked)))
		extra -= pages;
	if (!folio_word_is_anon(mapping)) {
		extra -= mapping ? pages : 0;
		extra -= !!(flags & BIT(PG_private));
	}
#if defined(CONFIG_64BIT)
	if (large)
		return extra - folio_pins_raw(folio) > 0;
#endif
	return extra > 0 && extra % GUP_PIN_COUNTING_BIAS;
}

/* What is told of folios that cannot change meanwhile, if it is wanted. */
static u64 look_closer(const struct folio *folio, bool large, u64 want,
		       unsigned long flags, unsigned long mapping)
{
	u64 attrs = 0;

	if (want & ATTR_GEN)
		attrs |= (u64)folio_generation(folio, flags) << ATTR_GEN_SHIFT;
	if (want & ATTR_DEFERRED && large && folio_word_is_anon(mapping) &&
	    folio_order((struct folio *)folio) > 1 &&
	    folio_split_is_deferred(folio))
		attrs |= ATTR_DEFERRED;
	if (want & ATTR_EXTRA_REFS &&
	    has_extra_refs(folio, large, flags, mapping))
		attrs |= ATTR_EXTRA_REFS;
	return attrs;
}

long classify_closer_cost(const struct page_info *info, u64 want)
{
	unsigned int order = (info->attrs & ATTR_ORDER) >> ATTR_ORDER_SHIFT;

	if (VMS_MAPCOUNT_IN_ONE_PLACE || !order || !(want & ATTR_EXTRA_REFS))
		return 1;
	return (1L << order) / 2;
}

static void look_at_page(const struct view *view, const struct entry *entry,
			 u64 want, unsigned int nth, struct page_info *info)
{
	struct page *page = pfn_to_page(info->frame);
	struct folio *folio = page_folio(page);
	unsigned long flags = folio_flags_word(folio);
	unsigned long mapping = folio_mapping_word(folio);
	bool large = folio_test_large(folio);
	bool big_leaf = entry->attrs & ATTR_LEAF;
	bool present = (entry->attrs & ATTR_STATE) == STATE_PRESENT;
	unsigned int order = large ? folio_order(folio) & 0x1f : 0;
	enum page_kind kind;

	if (!VMS_HUGE_ZERO_IS_SPECIAL && present && big_leaf && !view->hugetlb &&
	    is_huge_zero(folio)) {
		info->attrs = (info->attrs & ~ATTR_STATE) | STATE_ZERO;
		return;
	}
	info->page = page;
	/*
	 * A hugetlb page that was lost is taken to pieces, and its frames are others'
	 * by now: mm/memory-failure.c:me_huge_page(). smaps counts them all the same.
	 */
	if (view->hugetlb && (entry->attrs & ATTR_STATE) == STATE_HWPOISON) {
		info->attrs |= (u64)KIND_HUGETLB << ATTR_KIND_SHIFT;
		return;
	}
	info->refcount = folio_ref_count(folio);
	/* not safe for entries that only remember the page: task_mmu.c */
	if (present || (entry->attrs & ATTR_STATE) == STATE_DEVICE)
		info->mapcount = folio_page_mapcount(folio, page, large);
	kind = kind_of(view, page, big_leaf ? &folio->page : page, flags,
		       mapping);
	info->attrs |= flag_attrs(flags) | (u64)kind << ATTR_KIND_SHIFT |
		       (u64)order << ATTR_ORDER_SHIFT |
		       (u64)page_to_nid(page) << ATTR_NODE_SHIFT;
	if (large && page == &folio->page)
		info->attrs |= ATTR_HEAD;
	if (info->mapcount > 1)
		info->attrs |= ATTR_SHARED;
	if (kind <= KIND_ANON &&
	    !(info->attrs & (ATTR_SWAPBACKED | ATTR_DIRTY | ATTR_FOLIO_DIRTY)))
		info->attrs |= ATTR_LAZYFREE;
	if (maybe_pinned(folio, large, info->refcount))
		info->attrs |= ATTR_PINNED;
	if (want & ATTR_CLOSER && view->trusted && present &&
	    kind != KIND_HUGETLB && kind != KIND_DEVICE)
		info->attrs |= look_closer(folio, large, want, flags, mapping);
}

/* A present entry whose frame is no memory that the kernel accounts for. */
static bool is_special(const struct view *view, const struct entry *entry)
{
	if (entry->attrs & ATTR_SPECIAL)
		return true;
	/* large leaves have no special bit on every kernel */
	return (entry->attrs & ATTR_LEAF) && (view->flags & VM_PFNMAP);
}

void classify(const struct view *view, const struct entry *entry, u64 want,
	      unsigned int nth, struct page_info *info)
{
	u64 state = entry->attrs & ATTR_STATE;

	*info = (struct page_info){
		.attrs = entry->attrs | (state ? view->soft_dirty : 0),
		.frame = entry->frame,
		.swap_type = entry->swap_type,
	};
	if (!entry->has_frame)
		return;
	info->frame += nth;
	if (state == STATE_PRESENT && is_special(view, entry)) {
		info->attrs &= ~ATTR_STATE;
		info->attrs |= is_zero_pfn(info->frame) ||
			       is_huge_zero_leaf(entry) ? STATE_ZERO :
							  STATE_SPECIAL;
		return;
	}
	if (!pfn_valid(info->frame)) {
		/* nothing legal looks so: a change of the entry under us */
		info->attrs &= ~ATTR_STATE;
		info->attrs |= view->flags & (VM_PFNMAP | VM_MIXEDMAP) ?
			       STATE_SPECIAL : STATE_UNKNOWN;
		return;
	}
	if (!(want & KEY_PAGE) &&
	    !(entry->attrs & ATTR_LEAF))
		return;
	look_at_page(view, entry, want, nth, info);
}

bool classify_uniform(const struct page_info *info)
{
	/* one reference: mapped once, by this entry */
	return info->refcount == 1;
}

unsigned int classify_alike(const struct page_info *info, unsigned int pages)
{
	int mapcount = atomic_read(&info->page->_mapcount);
	unsigned int n = 1;

	while (n < pages &&
	       atomic_read(&pfn_to_page(info->frame + n)->_mapcount) == mapcount)
		n++;
	return n;
}
