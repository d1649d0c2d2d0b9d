/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What any architecture can say of its entries through the kernel's own
 * accessors; no block-wise paths.
 */
#ifndef VMS_ARCH_GENERIC_H
#define VMS_ARCH_GENERIC_H

#define VMS_ARCH_RAW_ENTRIES	0

static inline bool arch_supported(void)
{
	return true;
}

static inline u64 arch_raw_pte(const pte_t *pte)
{
	return pte_val(READ_ONCE(*pte));
}

static inline u64 arch_raw_pmd(pmd_t pmd)
{
	return pmd_val(pmd);
}

static inline u64 arch_raw_pud(pud_t pud)
{
	return pud_val(pud);
}

#ifdef CONFIG_ARM64
static inline bool arch_pte_exec(pte_t pte)
{
	return pte_user_exec(pte);
}
#else
static inline bool arch_pte_exec(pte_t pte)
{
	return false;
}
#endif

static inline bool arch_pmd_exec(pmd_t pmd)
{
	return arch_pte_exec(__pte(pmd_val(pmd)));
}

static inline bool arch_pud_exec(pud_t pud)
{
	return arch_pte_exec(__pte(pud_val(pud)));
}

static inline unsigned int arch_count_empty(const void *table, unsigned int n)
{
	const pte_t *pte = table;
	unsigned int i = 0;

	while (i < n && pte_none(READ_ONCE(pte[i])))
		i++;
	return i;
}

static inline unsigned int arch_count_used(const void *table, unsigned int n)
{
	const pte_t *pte = table;
	unsigned int i, used = 0;

	for (i = 0; i < n; i++)
		used += !pte_none(READ_ONCE(pte[i]));
	return used;
}

#ifdef CONFIG_ARM64
#define ARCH_CONTEXT_KIND	CONTEXT_ARM64

/* The low bits are the ASID, 0 before it ran; above is the generation. */
static inline u64 arch_context(struct mm_struct *mm)
{
	return ASID(mm);
}
#else
#define ARCH_CONTEXT_KIND	CONTEXT_NONE

static inline u64 arch_context(const struct mm_struct *mm)
{
	return 0;
}
#endif

#endif /* VMS_ARCH_GENERIC_H */
