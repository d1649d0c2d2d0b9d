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
	return (const struct page *)((unsigned long)vmemmap +
		((raw & ARCH_PFN_MASK) >> (PAGE_SHIFT - PAGE_STRUCT_SHIFT)));
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
 * Eight entries in registers; the volatile loads happen once each, because an
 * entry that is read again may have become another.
 */
#define LOAD_BLOCK(p)							\
	u64 e0 = READ_ONCE((p)[0]), e1 = READ_ONCE((p)[1]),		\
	    e2 = READ_ONCE((p)[2]), e3 = READ_ONCE((p)[3]),		\
	    e4 = READ_ONCE((p)[4]), e5 = READ_ONCE((p)[5]),		\
	    e6 = READ_ONCE((p)[6]), e7 = READ_ONCE((p)[7])
#define ANY_BLOCK	(e0 | e1 | e2 | e3 | e4 | e5 | e6 | e7)
#define ALL_BLOCK	(e0 & e1 & e2 & e3 & e4 & e5 & e6 & e7)

/*
 * A word of the eight struct pages whose addresses @page(0) to @page(7) gives,
 * or-ed and and-ed together. A word is read twice, plainly, so that it becomes
 * an operand.
 */
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

#endif /* BLOCKS_POSSIBLE */

#endif /* VMS_BLOCKS_H */
