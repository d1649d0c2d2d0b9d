/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entries that are not present, under one set of names for all kernels; knows
 * what they hold, not what it means.
 *
 * Up to 6.18 they are swp_entry_t with predicates in linux/swapops.h; later
 * they are softleaf_t with predicates in linux/leafops.h.
 */
#ifndef VMS_COMPAT_LEAF_H
#define VMS_COMPAT_LEAF_H

#include <linux/mm.h>
#include <linux/swap.h>
#include <linux/swapops.h>
#include <linux/version.h>

/*
 * Since 7.3 the bit of userfaultfd serves two kinds of protection, and has lost
 * the one from its name.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)
#define pte_uffd_wp(pte)	pte_uffd(pte)
#define pmd_uffd_wp(pmd)	pmd_uffd(pmd)
#define pte_swp_uffd_wp(pte)	pte_swp_uffd(pte)
#endif

#ifdef VMS_HAVE_LEAFOPS	/* Kbuild looks whether the header is there */
#include <linux/leafops.h>

typedef softleaf_t leaf_t;

static inline leaf_t leaf_from_pte(pte_t pte)
{
	return softleaf_from_pte(pte);
}

static inline leaf_t leaf_from_pmd(pmd_t pmd)
{
	return softleaf_from_pmd(pmd);
}

static inline bool leaf_is_swap(leaf_t leaf)
{
	return softleaf_is_swap(leaf);
}

static inline bool leaf_is_migration(leaf_t leaf)
{
	return softleaf_is_migration(leaf);
}

static inline bool leaf_is_hwpoison(leaf_t leaf)
{
	return softleaf_is_hwpoison(leaf);
}

static inline bool leaf_is_device(leaf_t leaf)
{
	return softleaf_is_device_private(leaf) ||
	       softleaf_is_device_exclusive(leaf);
}

static inline bool leaf_is_device_private(leaf_t leaf)
{
	return softleaf_is_device_private(leaf);
}

static inline bool leaf_is_marker(leaf_t leaf)
{
	return softleaf_is_marker(leaf);
}

static inline unsigned long leaf_pfn(leaf_t leaf)
{
	return softleaf_to_pfn(leaf);
}

#else /* swapops */

typedef swp_entry_t leaf_t;

static inline leaf_t leaf_from_pte(pte_t pte)
{
	return pte_to_swp_entry(pte);
}

static inline leaf_t leaf_from_pmd(pmd_t pmd)
{
	return pmd_to_swp_entry(pmd);
}

static inline bool leaf_is_swap(leaf_t leaf)
{
	return !non_swap_entry(leaf);
}

static inline bool leaf_is_migration(leaf_t leaf)
{
	return is_migration_entry(leaf);
}

static inline bool leaf_is_hwpoison(leaf_t leaf)
{
	return is_hwpoison_entry(leaf);
}

static inline bool leaf_is_device(leaf_t leaf)
{
	return is_device_private_entry(leaf) ||
	       is_device_exclusive_entry(leaf);
}

static inline bool leaf_is_device_private(leaf_t leaf)
{
	return is_device_private_entry(leaf);
}

static inline bool leaf_is_marker(leaf_t leaf)
{
	return is_pte_marker_entry(leaf);
}

static inline unsigned long leaf_pfn(leaf_t leaf)
{
#ifdef SWP_PFN_MASK
	return swp_offset(leaf) & SWP_PFN_MASK;
#else
	return swp_offset(leaf);
#endif
}

#endif /* VMS_HAVE_LEAFOPS */

static inline bool leaf_has_pfn(leaf_t leaf)
{
	return leaf_is_migration(leaf) || leaf_is_hwpoison(leaf) ||
	       leaf_is_device(leaf);
}

enum leaf_marker {
	LEAF_MARKER_UFFD_WP,
	LEAF_MARKER_POISON,
	LEAF_MARKER_GUARD,
	LEAF_MARKER_UNKNOWN,
};

/* Which marker; each kernel knows those it defines. */
static inline enum leaf_marker leaf_marker(leaf_t leaf)
{
	unsigned long bits = swp_offset(leaf);

#ifdef PTE_MARKER_GUARD
	if (bits & PTE_MARKER_GUARD)
		return LEAF_MARKER_GUARD;
#endif
#ifdef PTE_MARKER_POISONED
	if (bits & PTE_MARKER_POISONED)
		return LEAF_MARKER_POISON;
#endif
#ifdef PTE_MARKER_UFFD_WP
	if (bits & PTE_MARKER_UFFD_WP)
		return LEAF_MARKER_UFFD_WP;
#endif
	return LEAF_MARKER_UNKNOWN;
}

#endif /* VMS_COMPAT_LEAF_H */
