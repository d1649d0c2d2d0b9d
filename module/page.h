/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words in which the rooms speak of a page: states, kinds, attributes and
 * counters. They equal those of the uAPI, which encode.c checks; the uAPI
 * header is where they are explained.
 */
#ifndef VMS_PAGE_H
#define VMS_PAGE_H

#include <linux/bits.h>
#include <linux/types.h>

enum page_state {
	STATE_NONE,
	STATE_PRESENT,
	STATE_ZERO,
	STATE_SPECIAL,
	STATE_SWAPPED,
	STATE_MIGRATING,
	STATE_HWPOISON,
	STATE_DEVICE,
	STATE_UFFD,
	STATE_GUARD,
	STATE_POISON,
	STATE_UNKNOWN,
	STATE_SKIPPED,
	STATE_NR,
};

enum page_kind {
	KIND_ANON_EXCLUSIVE,
	KIND_ANON,
	KIND_KSM,
	KIND_FILE_PRIVATE,
	KIND_FILE_SHARED,
	KIND_SHMEM,
	KIND_HUGETLB,
	KIND_DEVICE,
	KIND_NR,
};

enum page_leaf {
	LEAF_PTE,
	LEAF_CONT,
	LEAF_PMD,
	LEAF_PUD,
	LEAF_NR,
};

enum table_level {
	LEVEL_PTE,
	LEVEL_PMD,
	LEVEL_PUD,
	LEVEL_P4D,
	LEVEL_PGD,
	LEVEL_NR,
};

/* What the number is by which the machine tells address spaces apart. */
enum context_kind {
	CONTEXT_NONE,
	CONTEXT_X86,
	CONTEXT_ARM64,
};

#define ATTR_STATE		0x000000000000000full
#define ATTR_KIND		0x00000000000000f0ull
#define ATTR_KIND_SHIFT		4
#define ATTR_LEAF		0x0000000000000300ull
#define ATTR_LEAF_SHIFT		8
#define ATTR_ORDER		0x000000000000fc00ull
#define ATTR_ORDER_SHIFT	10
#define ATTR_YOUNG		BIT_ULL(16)
#define ATTR_DIRTY		BIT_ULL(17)
#define ATTR_SOFT_DIRTY		BIT_ULL(18)
#define ATTR_WRITE		BIT_ULL(19)
#define ATTR_EXEC		BIT_ULL(20)
#define ATTR_UFFD_WP		BIT_ULL(21)
#define ATTR_PROTNONE		BIT_ULL(22)
#define ATTR_SPECIAL		BIT_ULL(23)
#define ATTR_REFERENCED		BIT_ULL(24)
#define ATTR_FOLIO_DIRTY	BIT_ULL(25)
#define ATTR_LRU		BIT_ULL(26)
#define ATTR_ACTIVE		BIT_ULL(27)
#define ATTR_UNEVICTABLE	BIT_ULL(28)
#define ATTR_MLOCKED		BIT_ULL(29)
#define ATTR_WRITEBACK		BIT_ULL(30)
#define ATTR_SWAPCACHE		BIT_ULL(31)
#define ATTR_SWAPBACKED		BIT_ULL(32)
#define ATTR_LOCKED		BIT_ULL(33)
#define ATTR_RECLAIM		BIT_ULL(34)
#define ATTR_LAZYFREE		BIT_ULL(35)
#define ATTR_SHARED		BIT_ULL(36)
#define ATTR_PINNED		BIT_ULL(37)
#define ATTR_HEAD		BIT_ULL(38)
#define ATTR_SWAP_EXCLUSIVE	BIT_ULL(39)
#define ATTR_SHMEM_SWAPPED	BIT_ULL(40)
#define ATTR_GEN		(7ull << 41)
#define ATTR_GEN_SHIFT		41
#define ATTR_DEFERRED		BIT_ULL(44)
#define ATTR_EXTRA_REFS		BIT_ULL(45)
#define ATTR_NODE		0x03ff000000000000ull
#define ATTR_NODE_SHIFT		48

/* from the entry alone, without a look at the struct page */
#define ATTR_ENTRY_ONLY \
	(ATTR_STATE | ATTR_LEAF | ATTR_YOUNG | ATTR_DIRTY | ATTR_SOFT_DIRTY | \
	 ATTR_WRITE | ATTR_EXEC | ATTR_UFFD_WP | ATTR_PROTNONE | ATTR_SPECIAL | \
	 ATTR_SWAP_EXCLUSIVE)
#define ATTR_FOLIO \
	(ATTR_KIND | ATTR_ORDER | ATTR_REFERENCED | ATTR_FOLIO_DIRTY | \
	 ATTR_LRU | ATTR_ACTIVE | ATTR_UNEVICTABLE | ATTR_MLOCKED | \
	 ATTR_WRITEBACK | ATTR_SWAPCACHE | ATTR_SWAPBACKED | ATTR_LOCKED | \
	 ATTR_RECLAIM | ATTR_LAZYFREE | ATTR_SHARED | ATTR_PINNED | ATTR_HEAD | \
	 ATTR_NODE)
/* of the folio, too, but they take more than a look at its first words */
#define ATTR_CLOSER		(ATTR_GEN | ATTR_DEFERRED | ATTR_EXTRA_REFS)
#define ATTR_ALL		(ATTR_ENTRY_ONLY | ATTR_FOLIO | ATTR_CLOSER | \
	 ATTR_SHMEM_SWAPPED)

#define KEY_FRAME		BIT_ULL(60)
#define KEY_MAPCOUNT		BIT_ULL(61)
#define KEY_REFCOUNT		BIT_ULL(62)
#define KEY_FIELDS		(KEY_FRAME | KEY_MAPCOUNT | KEY_REFCOUNT)
/* what a struct page has to be looked at for */
#define KEY_PAGE		(ATTR_FOLIO | ATTR_CLOSER | KEY_MAPCOUNT | KEY_REFCOUNT)

#define MARK_LAYOUT		BIT(0)
#define MARK_RACY		BIT(1)
#define MARK_UNVERIFIED		BIT(2)
#define MARK_SKIPPED		BIT(3)
#define MARK_NO_NAME		BIT(4)
#define MARK_PART		BIT(5)

#define CELL_REFERENCED		1
#define CELL_DIRTY		2
#define CELL_SHARED		4
#define CELL_NR			64

enum tally_counter {
	COUNT_STATE = 0,
	COUNT_LEAF = 16,
	COUNT_LAZYFREE = 20,
	COUNT_PMD_ANON = 21,
	COUNT_PMD_SHMEM = 22,
	COUNT_PMD_FILE = 23,
	COUNT_SHMEM_SWAP = 24,
	COUNT_PROTNONE = 25,
	COUNT_PSS_ANON = 28,
	COUNT_PSS_FILE = 29,
	COUNT_PSS_SHMEM = 30,
	COUNT_PSS_DIRTY = 31,
	COUNT_ORDER = 32,
	COUNT_NR = 64,
};

/* a page's bytes in PSS counters, before division */
#define PSS_SHIFT		12

/**
 * struct page_info - what is known of one page, or of the pages of one leaf
 * @attrs: ATTR_*
 * @frame: frame number, or slot in the swap area
 * @page: its struct page, NULL where there is none to speak of
 * @mapcount: mappings of this page
 * @refcount: references of its folio
 * @swap_type: swap area
 */
struct page_info {
	u64 attrs;
	u64 frame;
	struct page *page;
	u32 mapcount;
	u32 refcount;
	u8 swap_type;
};

#endif /* VMS_PAGE_H */
