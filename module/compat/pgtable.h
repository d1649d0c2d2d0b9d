/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading page-table entries and reaching tables, where the kernels differ or
 * do not export their own way; knows nothing of what entries mean.
 */
#ifndef VMS_COMPAT_PGTABLE_H
#define VMS_COMPAT_PGTABLE_H

#include <linux/highmem.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/pgtable.h>

/* pgdp_get() and its kin exist since 6.5 */
#define pgd_read_once(p)	READ_ONCE(*(p))
#define p4d_read_once(p)	READ_ONCE(*(p))
#define pud_read_once(p)	READ_ONCE(*(p))

#ifdef CONFIG_GUP_GET_PXX_LOW_HIGH
#define pmd_read_once(p)	pmdp_get_lockless(p)
#else
#define pmd_read_once(p)	READ_ONCE(*(p))
#endif

/* p4d_index() is missing on 6.1 where the level is folded into the one above (arm64) */
static inline unsigned int p4d_table_index(unsigned long addr)
{
	return (addr >> P4D_SHIFT) & (PTRS_PER_P4D - 1);
}

/*
 * pte_offset_map() has not been exported since 6.5. The table comes from a copy
 * of the PMD entry, because the entry may change under us.
 */
static inline pte_t *pte_table_map(pmd_t pmd)
{
#ifdef CONFIG_HIGHPTE
	return kmap_local_page(pmd_page(pmd));
#else
	return (pte_t *)pmd_page_vaddr(pmd);
#endif
}

static inline void pte_table_unmap(pte_t *table)
{
#ifdef CONFIG_HIGHPTE
	kunmap_local(table);
#endif
}

/* 6.1 spells them differently from pmd_leaf() on some architectures */
static inline bool pmd_maps_memory(pmd_t pmd)
{
	return pmd_leaf(pmd);
}

static inline bool pud_maps_memory(pud_t pud)
{
	return pud_leaf(pud);
}

/* Whether the PMD table that holds @entry is shared with another process. */
static inline bool hugetlb_table_shared(const void *entry)
{
#if defined(CONFIG_ARCH_WANT_HUGE_PMD_SHARE) || \
	defined(CONFIG_HUGETLB_PMD_PAGE_TABLE_SHARING)
	return hugetlb_pmd_shared((pte_t *)entry);
#else
	return false;
#endif
}

#endif /* VMS_COMPAT_PGTABLE_H */
