/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What x86 page-table entries look like as plain words; for entry.c and for the
 * block-wise paths, which compare many entries before they decode one.
 *
 * On native hardware an entry's word is what the MMU sees. Xen PV guests keep
 * machine frames in it and need pv_ops to translate: the module refuses to
 * load there (main.c), because pte_val() costs a quarter of the inner loop
 * even where it is patched away.
 */
#ifndef VMS_ARCH_X86_H
#define VMS_ARCH_X86_H

#include <linux/stringify.h>

#include <asm/cpufeature.h>
#include <asm/fpu/api.h>

#define VMS_ARCH_RAW_ENTRIES	1

static inline bool arch_supported(void)
{
	return !cpu_feature_enabled(X86_FEATURE_XENPV);
}

static inline u64 arch_raw_pte(const pte_t *pte)
{
	return READ_ONCE(pte->pte);
}

static inline u64 arch_raw_pmd(pmd_t pmd)
{
	return native_pmd_val(pmd);
}

static inline u64 arch_raw_pud(pud_t pud)
{
	return native_pud_val(pud);
}

/* What the processor does not take for present (PROT_NONE) it does not execute. */
static inline bool arch_pte_exec(pte_t pte)
{
	return pte_exec(pte) && pte_flags(pte) & _PAGE_PRESENT;
}

/* Leaves of the PUD level and of the PMD level carry the PTE's flag bits. */
static inline bool arch_pmd_exec(pmd_t pmd)
{
	return !(pmd_flags(pmd) & _PAGE_NX) && pmd_flags(pmd) & _PAGE_PRESENT;
}

static inline bool arch_pud_exec(pud_t pud)
{
	return !(pud_flags(pud) & _PAGE_NX) && pud_flags(pud) & _PAGE_PRESENT;
}

/* The frame bits of a present entry; beyond the low flags and below bit 52. */
#define ARCH_PFN_MASK		PTE_PFN_MASK

/* Of a swap entry, what says where in its area: asm/pgtable_64.h. */
#define ARCH_SWAP_OFFSET_MASK	GENMASK_ULL(63 - SWP_TYPE_BITS, SWP_OFFSET_FIRST_BIT)

/* Dirty bits; a write-protected dirty entry has its bit elsewhere since 6.7. */
#ifdef _PAGE_DIRTY_BITS
#define ARCH_DIRTY_BITS		_PAGE_DIRTY_BITS
#else
#define ARCH_DIRTY_BITS		_PAGE_DIRTY
#endif

/*
 * How many of the n entries at @table are empty before the first that is not.
 * Tables are mostly empty. The entries are read plainly, so that they become
 * operands: that one may be filled meanwhile makes no difference here.
 */
static inline unsigned int arch_count_empty(const void *table, unsigned int n)
{
	const u64 *e = table, *end = e + n;

	/* of a walk over full tables this is all there is to it */
	if (n && e[0])
		return 0;
	for (; end - e >= 16; e += 16)
		if (e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7] |
		    e[8] | e[9] | e[10] | e[11] | e[12] | e[13] | e[14] | e[15])
			break;
	for (; end - e >= 4; e += 4)
		if (e[0] | e[1] | e[2] | e[3])
			break;
	while (e < end && !READ_ONCE(*e))
		e++;
	return e - (const u64 *)table;
}

/*
 * How many of the n entries at @table are not empty; n is a multiple of 16. Mostly
 * few are: sixteen together are an operand each, and one branch.
 */
static inline unsigned int arch_count_used(const void *table, unsigned int n)
{
	const pteval_t *e = table, *end = e + n;
	unsigned int i, used = 0;

	for (; e < end; e += 16) {
		if (!(e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7] |
		      e[8] | e[9] | e[10] | e[11] | e[12] | e[13] | e[14] | e[15]))
			continue;
		for (i = 0; i < 16; i++)
			used += !!e[i];
	}
	return used;
}

#ifdef CONFIG_X86_64

/*
 * Entries whose frames go into a list together, 32 bits of each, and the bits that
 * any and that all of them have. Four entries at a time in vector registers are
 * two and a half instructions each, where others take five. Context: between
 * kernel_fpu_begin() and kernel_fpu_end().
 */
#define ARCH_LIST_GROUP		64

static __always_inline void arch_list_frames(const u64 *entry, u32 *list,
					     u64 *any, u64 *all)
{
	u64 or[2], and[2];

	asm volatile("pxor %%xmm2, %%xmm2\n\t"
		     "pcmpeqd %%xmm3, %%xmm3\n\t"
		     ".set vms_at, 0\n\t"
		     ".rept " __stringify(ARCH_LIST_GROUP) " / 4\n\t"
		     "movdqu vms_at * 2(%[entry]), %%xmm0\n\t"
		     "movdqu vms_at * 2 + 16(%[entry]), %%xmm1\n\t"
		     "por %%xmm0, %%xmm2\n\t"
		     "pand %%xmm0, %%xmm3\n\t"
		     "por %%xmm1, %%xmm2\n\t"
		     "pand %%xmm1, %%xmm3\n\t"
		     "psrlq %[shift], %%xmm0\n\t"
		     "psrlq %[shift], %%xmm1\n\t"
		     "shufps $0x88, %%xmm1, %%xmm0\n\t"
		     "movups %%xmm0, vms_at(%[list])\n\t"
		     ".set vms_at, vms_at + 16\n\t"
		     ".endr\n\t"
		     "movups %%xmm2, %[or]\n\t"
		     "movups %%xmm3, %[and]"
		     : [or] "=m" (or), [and] "=m" (and)
		     : [entry] "r" (entry), [list] "r" (list),
		       [shift] "i" (PAGE_SHIFT)
		     : "memory");
	*any = or[0] | or[1];
	*all = and[0] & and[1];
}

/*
 * The bits in which entries differ from those of a run that begins with @expected,
 * each a page behind the one before. Two at a time are two instructions each,
 * where others take three. Context: between kernel_fpu_begin() and kernel_fpu_end().
 */
#define ARCH_RUN_GROUP		64

static __always_inline u64 arch_run_differs(const u64 *entry, u64 expected)
{
	const u64 first[2] = { expected, expected + PAGE_SIZE };
	const u64 step[2] = { 2 * PAGE_SIZE, 2 * PAGE_SIZE };
	u64 or[2];

	asm volatile("movdqu %[first], %%xmm1\n\t"
		     "movdqu %[step], %%xmm2\n\t"
		     "pxor %%xmm3, %%xmm3\n\t"
		     ".set vms_at, 0\n\t"
		     ".rept " __stringify(ARCH_RUN_GROUP) " / 2\n\t"
		     "movdqu vms_at(%[entry]), %%xmm0\n\t"
		     "pxor %%xmm1, %%xmm0\n\t"
		     "por %%xmm0, %%xmm3\n\t"
		     "paddq %%xmm2, %%xmm1\n\t"
		     ".set vms_at, vms_at + 16\n\t"
		     ".endr\n\t"
		     "movdqu %%xmm3, %[or]"
		     : [or] "=m" (or)
		     : [entry] "r" (entry), [first] "m" (first), [step] "m" (step)
		     : "memory");
	return or[0] | or[1];
}

#endif /* CONFIG_X86_64 */

/* The kernel numbers address spaces; the PCIDs it gives them differ by CPU. */
#define ARCH_CONTEXT_KIND	CONTEXT_X86

static inline u64 arch_context(const struct mm_struct *mm)
{
	return mm->context.ctx_id;
}

#endif /* VMS_ARCH_X86_H */
