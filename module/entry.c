// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page-table entries decoded: what stands in one entry, in attribute bits;
 * knows neither struct page nor VMA.
 */
#include <linux/hugetlb.h>
#include <linux/mm.h>

#include "compat/leaf.h"
#include "entry.h"

static void nonpresent(leaf_t leaf, struct entry *entry)
{
	if (leaf_is_swap(leaf)) {
		entry->attrs |= STATE_SWAPPED;
		entry->swap_type = swp_type(leaf);
		entry->frame = swp_offset(leaf);
		return;
	}
	if (leaf_is_marker(leaf)) {
		switch (leaf_marker(leaf)) {
		case LEAF_MARKER_UFFD_WP:
			entry->attrs |= STATE_UFFD | ATTR_UFFD_WP;
			break;
		case LEAF_MARKER_POISON:
			entry->attrs |= STATE_POISON;
			break;
		case LEAF_MARKER_GUARD:
			entry->attrs |= STATE_GUARD;
			break;
		default:
			entry->attrs |= STATE_UNKNOWN;
		}
		return;
	}
	if (leaf_is_migration(leaf))
		entry->attrs |= STATE_MIGRATING;
	else if (leaf_is_hwpoison(leaf))
		entry->attrs |= STATE_HWPOISON;
	else if (leaf_is_device(leaf))
		entry->attrs |= STATE_DEVICE;
	else
		entry->attrs |= STATE_UNKNOWN;
	if (leaf_has_pfn(leaf)) {
		entry->frame = leaf_pfn(leaf);
		entry->has_frame = true;
	}
}

static void nonpresent_pte(pte_t pte, struct entry *entry)
{
	leaf_t leaf = leaf_from_pte(pte);

	nonpresent(leaf, entry);
	if (pte_swp_soft_dirty(pte))
		entry->attrs |= ATTR_SOFT_DIRTY;
	if ((entry->attrs & ATTR_STATE) == STATE_SWAPPED) {
		if (pte_swp_uffd_wp(pte))
			entry->attrs |= ATTR_UFFD_WP;
		if (pte_swp_exclusive(pte))
			entry->attrs |= ATTR_SWAP_EXCLUSIVE;
	}
}

void entry_from_pte(pte_t pte, struct entry *entry)
{
	*entry = (struct entry){ };
	if (pte_none(pte))
		return;
	if (!pte_present(pte)) {
		nonpresent_pte(pte, entry);
		return;
	}
	entry->frame = pte_pfn(pte);
	entry->has_frame = true;
	entry->attrs = STATE_PRESENT;
	if (pte_young(pte))
		entry->attrs |= ATTR_YOUNG;
	if (pte_dirty(pte))
		entry->attrs |= ATTR_DIRTY;
	if (pte_soft_dirty(pte))
		entry->attrs |= ATTR_SOFT_DIRTY;
	if (pte_write(pte))
		entry->attrs |= ATTR_WRITE;
	if (arch_pte_exec(pte))
		entry->attrs |= ATTR_EXEC;
	if (pte_uffd_wp(pte))
		entry->attrs |= ATTR_UFFD_WP;
	if (pte_protnone(pte))
		entry->attrs |= ATTR_PROTNONE;
	if (pte_special(pte))
		entry->attrs |= ATTR_SPECIAL;
}

void entry_from_pmd(pmd_t pmd, struct entry *entry)
{
	*entry = (struct entry){ };
	if (pmd_none(pmd))
		return;
	entry->attrs = (u64)LEAF_PMD << ATTR_LEAF_SHIFT;
	if (!pmd_present(pmd)) {
		/* hugetlb writes PTE-style entries here; the bits are the same */
		nonpresent_pte(__pte(arch_raw_pmd(pmd)), entry);
		return;
	}
	entry->frame = pmd_pfn(pmd);
	entry->has_frame = true;
	entry->attrs |= STATE_PRESENT;
	if (pmd_young(pmd))
		entry->attrs |= ATTR_YOUNG;
	if (pmd_dirty(pmd))
		entry->attrs |= ATTR_DIRTY;
	if (pmd_soft_dirty(pmd))
		entry->attrs |= ATTR_SOFT_DIRTY;
	if (pmd_write(pmd))
		entry->attrs |= ATTR_WRITE;
	if (arch_pmd_exec(pmd))
		entry->attrs |= ATTR_EXEC;
	if (pmd_uffd_wp(pmd))
		entry->attrs |= ATTR_UFFD_WP;
	if (pmd_protnone(pmd))
		entry->attrs |= ATTR_PROTNONE;
#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
	if (pmd_special(pmd))
		entry->attrs |= ATTR_SPECIAL;
#endif
}

void entry_from_pud(pud_t pud, struct entry *entry)
{
	*entry = (struct entry){ };
	if (pud_none(pud))
		return;
	entry->attrs = (u64)LEAF_PUD << ATTR_LEAF_SHIFT;
	if (!pud_present(pud)) {
		nonpresent_pte(__pte(arch_raw_pud(pud)), entry);
		return;
	}
	entry->frame = pud_pfn(pud);
	entry->has_frame = true;
	entry->attrs |= STATE_PRESENT;
	/* the flags of a PUD leaf stand where those of a PTE do */
	if (pte_young(__pte(arch_raw_pud(pud))))
		entry->attrs |= ATTR_YOUNG;
	if (pte_dirty(__pte(arch_raw_pud(pud))))
		entry->attrs |= ATTR_DIRTY;
	if (pte_soft_dirty(__pte(arch_raw_pud(pud))))
		entry->attrs |= ATTR_SOFT_DIRTY;
	if (pud_write(pud))
		entry->attrs |= ATTR_WRITE;
	if (arch_pud_exec(pud))
		entry->attrs |= ATTR_EXEC;
	if (pte_uffd_wp(__pte(arch_raw_pud(pud))))
		entry->attrs |= ATTR_UFFD_WP;
#ifdef CONFIG_ARCH_SUPPORTS_PUD_PFNMAP
	if (pud_special(pud))
		entry->attrs |= ATTR_SPECIAL;
#endif
}

unsigned int entry_levels(void)
{
	return 2 + !mm_pmd_folded(NULL) + !mm_pud_folded(NULL) +
	       !mm_p4d_folded(NULL);
}

unsigned int entry_shift(enum table_level level)
{
	switch (level) {
	case LEVEL_PTE:
		return PAGE_SHIFT;
	case LEVEL_PMD:
		return PMD_SHIFT;
	case LEVEL_PUD:
		return PUD_SHIFT;
	case LEVEL_P4D:
		return P4D_SHIFT;
	default:
		return PGDIR_SHIFT;
	}
}

unsigned int entry_per_table(enum table_level level)
{
	switch (level) {
	case LEVEL_PTE:
		return PTRS_PER_PTE;
	case LEVEL_PMD:
		return PTRS_PER_PMD;
	case LEVEL_PUD:
		return PTRS_PER_PUD;
	case LEVEL_P4D:
		return PTRS_PER_P4D;
	default:
		return PTRS_PER_PGD;
	}
}

bool entry_leaf_possible(enum table_level level)
{
	switch (level) {
	case LEVEL_PTE:
		return true;
	case LEVEL_PMD:
		return IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) ||
		       IS_ENABLED(CONFIG_HUGETLB_PAGE);
	case LEVEL_PUD:
		return IS_ENABLED(CONFIG_ARCH_HAS_GIGANTIC_PAGE);
	default:
		return false;
	}
}
