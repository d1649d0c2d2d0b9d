/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entries eight at a time: what the block-wise paths of tallies and extents
 * have in common. Shows whether entries and the words of their struct pages
 * agree; knows nothing of what follows from it.
 */
#ifndef VMS_BLOCKS_H
#define VMS_BLOCKS_H

#include <linux/build_bug.h>
#include <linux/mm.h>
#include <linux/page-flags.h>

#include "compat/folio.h"
#include "entry.h"

#if VMS_ARCH_RAW_ENTRIES && defined(CONFIG_64BIT) && \
	defined(CONFIG_SPARSEMEM_VMEMMAP)
#define BLOCKS_POSSIBLE 1
#else
#define BLOCKS_POSSIBLE 0
#endif

#if BLOCKS_POSSIBLE

#define PAGE_STRUCT_SHIFT	6

static_assert(sizeof(struct page) == 1 << PAGE_STRUCT_SHIFT);
static_assert(sizeof(((struct page *)0)->flags) == sizeof(u64));
static_assert(offsetof(struct page, _mapcount) % sizeof(u64) == 0);
static_assert(offsetof(struct page, _refcount) ==
	      offsetof(struct page, _mapcount) + sizeof(u32));

static __always_inline const struct page *page_of(u64 raw)
{
	u64 pfn_mask = ARCH_PFN_MASK;

	/* its low bits are known, which compilers make another mask of */
	OPTIMIZER_HIDE_VAR(pfn_mask);
	return (const struct page *)((unsigned long)vmemmap +
		((raw & pfn_mask) >> (PAGE_SHIFT - PAGE_STRUCT_SHIFT)));
}

static __always_inline u64 page_word(const struct page *page, size_t offset)
{
	/* read plainly, so that it may become an operand */
	return *(const u64 *)((const char *)page + offset);
}

static __always_inline u64 counts_of(const struct page *page)
{
	return page_word(page, offsetof(struct page, _mapcount));
}

static __always_inline bool maps_page(u64 raw)
{
	return (raw & (_PAGE_PRESENT | _PAGE_SPECIAL)) == _PAGE_PRESENT;
}

#define BLOCK	8

/*
 * An entry, read once: it cannot be read again for what was hidden. READ_ONCE()
 * would say the same, but compilers compute each address of a volatile by
 * itself, which is an instruction for every entry.
 */
static __always_inline u64 read_entry(const u64 *p)
{
	u64 raw = *p;

	OPTIMIZER_HIDE_VAR(raw);
	return raw;
}

static __always_inline const struct page *page_at(const u64 *p, u64 *raw)
{
	*raw = read_entry(p);
	return page_of(*raw);
}

/* Eight entries in registers. */
#define LOAD_BLOCK(p)							\
	u64 e0 = read_entry((p)), e1 = read_entry((p) + 1),		\
	    e2 = read_entry((p) + 2), e3 = read_entry((p) + 3),		\
	    e4 = read_entry((p) + 4), e5 = read_entry((p) + 5),		\
	    e6 = read_entry((p) + 6), e7 = read_entry((p) + 7)
#define ANY_BLOCK	(e0 | e1 | e2 | e3 | e4 | e5 | e6 | e7)
#define ALL_BLOCK	(e0 & e1 & e2 & e3 & e4 & e5 & e6 & e7)

/*
 * A word of the eight struct pages whose addresses @page(0) to @page(7) gives,
 * or-ed and and-ed together. Words are read plainly, so that they may become
 * operands; a compiler that finds the same one in both keeps it in a register
 * instead, an instruction for every page, unless FORGET() stands in between:
 * what the addresses are made of is then no longer known to be the same.
 */
#define FORGET(base)	OPTIMIZER_HIDE_VAR(base)
#define ANY_WORD(page, offset)						\
	(page_word(page(0), offset) | page_word(page(1), offset) |	\
	 page_word(page(2), offset) | page_word(page(3), offset) |	\
	 page_word(page(4), offset) | page_word(page(5), offset) |	\
	 page_word(page(6), offset) | page_word(page(7), offset))
#define ALL_WORD(page, offset)						\
	(page_word(page(0), offset) & page_word(page(1), offset) &	\
	 page_word(page(2), offset) & page_word(page(3), offset) &	\
	 page_word(page(4), offset) & page_word(page(5), offset) &	\
	 page_word(page(6), offset) & page_word(page(7), offset))

#define FLAGS_WORD	offsetof(struct page, flags)
#define COUNTS_WORD	offsetof(struct page, _mapcount)
#define MAPPING_WORD	offsetof(struct page, mapping)
#ifdef CONFIG_MEMCG
#define GROUP_WORD	offsetof(struct page, memcg_data)
#else
#define GROUP_WORD	MAPPING_WORD
#endif
/* where a tail page's head stands, under the name that no kernel changed */
#define LINK_WORD	offsetof(struct page, lru)
#define LINK_TAIL	BIT(0)

/* Unrolled, which compilers do not do by themselves at -O2. */
#define EIGHT_TIMES(what)						\
do {									\
	what(0); what(1); what(2); what(3);				\
	what(4); what(5); what(6); what(7);				\
} while (0)

#endif /* BLOCKS_POSSIBLE */

#endif /* VMS_BLOCKS_H */
