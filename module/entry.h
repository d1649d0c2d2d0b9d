/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page-table entries of any level: reads them once and says what stands in
 * them, in attribute bits; knows neither struct page nor VMA.
 */
#ifndef VMS_ENTRY_H
#define VMS_ENTRY_H

#include <linux/mm.h>
#include <linux/pgtable.h>

#include "page.h"

struct entry {
	u64 attrs;		/* state, leaf, and the flags of the entry */
	u64 frame;		/* frame or swap slot */
	bool has_frame;		/* not swapped, and frame names one */
	u8 swap_type;
};

void entry_from_pte(pte_t pte, struct entry *entry);
void entry_from_pmd(pmd_t pmd, struct entry *entry);
void entry_from_pud(pud_t pud, struct entry *entry);

/* Levels in use now, 2 to 5; folded ones do not count. */
unsigned int entry_levels(void);
unsigned int entry_shift(enum table_level level);
unsigned int entry_per_table(enum table_level level);
bool entry_leaf_possible(enum table_level level);

#ifdef CONFIG_X86
#include "arch/x86.h"
#else
#include "arch/generic.h"
#endif

#endif /* VMS_ENTRY_H */
