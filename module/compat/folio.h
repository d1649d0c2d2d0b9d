/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a struct page and its folio say, under one set of names for all
 * kernels; reads them raw, because without the page-table lock they may belong
 * to somebody else already and the kernel's own helpers assert that they do not.
 */
#ifndef VMS_COMPAT_FOLIO_H
#define VMS_COMPAT_FOLIO_H

#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/version.h>

/* 6.18 wraps the flags word in a structure. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
#define page_flags_word(page)	READ_ONCE((page)->flags.f)
#else
#define page_flags_word(page)	READ_ONCE((page)->flags)
#endif

#ifdef FOLIO_MAPPING_FLAGS
#define MAPPING_KIND_MASK	FOLIO_MAPPING_FLAGS
#define MAPPING_KIND_ANON	FOLIO_MAPPING_ANON
#define MAPPING_KIND_KSM	FOLIO_MAPPING_KSM
#else
#define MAPPING_KIND_MASK	PAGE_MAPPING_FLAGS
#define MAPPING_KIND_ANON	PAGE_MAPPING_ANON
#define MAPPING_KIND_KSM	PAGE_MAPPING_KSM
#endif

static inline unsigned long folio_flags_word(const struct folio *folio)
{
	return page_flags_word(&folio->page);
}

static inline unsigned long folio_mapping_word(const struct folio *folio)
{
	return (unsigned long)READ_ONCE(folio->mapping);
}

static inline bool folio_word_is_anon(unsigned long mapping)
{
	return mapping & MAPPING_KIND_ANON;
}

static inline bool folio_word_is_ksm(unsigned long mapping)
{
	return (mapping & MAPPING_KIND_MASK) == MAPPING_KIND_KSM;
}

/*
 * Whether the entry tells the huge zero folio from others, and not the folio, which
 * without a lock may have been freed and be on its way to another mapping:
 * mm/huge_memory.c:set_huge_zero_folio().
 */
#if defined(CONFIG_ARCH_SUPPORTS_PMD_PFNMAP) && \
	LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
#define VMS_HUGE_ZERO_IS_SPECIAL 1
#else
#define VMS_HUGE_ZERO_IS_SPECIAL 0
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)

static inline int folio_entire_mapcount_raw(const struct folio *folio)
{
	return atomic_read(&folio->_entire_mapcount) + 1;
}

#else

static inline int folio_entire_mapcount_raw(const struct folio *folio)
{
	return atomic_read(compound_mapcount_ptr((struct page *)&folio->page)) + 1;
}

#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)

static inline bool mapcount_is_type(int mapcount)
{
	return page_mapcount_is_type(mapcount);
}

#else

/* 6.1: page_type shares the word and is below PAGE_MAPCOUNT_RESERVE */
static inline bool mapcount_is_type(int mapcount)
{
	return mapcount - 1 < PAGE_MAPCOUNT_RESERVE;
}

#endif

/*
 * How many entries map this page of the folio: fs/proc/internal.h
 * folio_precise_page_mapcount(), which is not exported.
 */
static inline int folio_page_mapcount(const struct folio *folio,
				      const struct page *page, bool large)
{
	int mapcount = atomic_read(&page->_mapcount) + 1;

	if (mapcount_is_type(mapcount))
		mapcount = 0;
	if (!large)
		return mapcount;
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	/*
	 * 6.1 mm/util.c __page_mapcount(): hugetlb counts in one place only;
	 * for file and shmem folios _mapcount includes the PMD mappings; an
	 * anonymous folio that is mapped both ways counts one too many.
	 */
	if (PageHeadHuge((struct page *)&folio->page))
		return folio_entire_mapcount_raw(folio);
	if (!folio_word_is_anon(folio_mapping_word(folio)))
		return mapcount;
	mapcount += folio_entire_mapcount_raw(folio);
	if (test_bit(PG_double_map, &folio_page(folio, 1)->flags))
		mapcount--;
	return mapcount;
#else
	return mapcount + folio_entire_mapcount_raw(folio);
#endif
}

/* 6.10 counts all mappings of a large folio in one place. */
#define VMS_MAPCOUNT_IN_ONE_PLACE \
	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0))

/*
 * How many entries map pages of the folio, all together, which is not hugetlb:
 * folio_mapcount(), which is not exported. Where it has to be summed up this
 * takes a step for each page of the folio, which must not change meanwhile.
 */
static inline int folio_all_mapcount(const struct folio *folio, bool large)
{
#if !VMS_MAPCOUNT_IN_ONE_PLACE
	const struct page *page = &folio->page;
	int pages = 1 << folio_order((struct folio *)folio);
	int entire = folio_entire_mapcount_raw(folio);
	int mapcount = entire;
#endif

	if (!large)
		return atomic_read(&folio->_mapcount) + 1;
#if VMS_MAPCOUNT_IN_ONE_PLACE
	return folio_large_mapcount(folio);
#else
	while (page < &folio->page + pages)
		mapcount += atomic_read(&page++->_mapcount) + 1;
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	/* see folio_page_mapcount() */
	if (!folio_word_is_anon(folio_mapping_word(folio)))
		mapcount -= entire * pages;
	else if (test_bit(PG_double_map, &folio_page(folio, 1)->flags))
		mapcount -= pages;
#endif
	return mapcount;
#endif
}

/* GUP pins of a large folio; small ones have them in their references. */
static inline int folio_pins_raw(const struct folio *folio)
{
	return atomic_read(&folio->_pincount);
}

/*
 * Whether an anonymous folio of order 2 or more waits to be split because it is
 * mapped in part only. Since 6.12 whole ones stand in the same queue.
 */
static inline bool folio_split_is_deferred(const struct folio *folio)
{
#ifndef CONFIG_TRANSPARENT_HUGEPAGE
	return false;
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	return folio_test_partially_mapped(folio) &&
	       !list_empty(&folio->_deferred_list);
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	return !list_empty(&folio->_deferred_list);
#else
	return !list_empty(page_deferred_list((struct page *)&folio->page));
#endif
}

/*
 * Whether smaps calls a page of a hugetlb mapping shared, the sharing of its
 * page table left aside: fs/proc/task_mmu.c smaps_hugetlb_range().
 */
static inline bool hugetlb_folio_shared(const struct folio *folio)
{
	return folio_entire_mapcount_raw(folio) > 1;
}

/*
 * Whether smaps calls a page shared whose entry is not present but remembers
 * it. 6.1 took a page under migration for private, later kernels say "maybe
 * shared"; device-private ones go by their mapcount everywhere.
 */
static inline bool nonpresent_is_shared(bool device, int mapcount)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
	return !device || mapcount >= 2;
#else
	return device && mapcount >= 2;
#endif
}

#endif /* VMS_COMPAT_FOLIO_H */
