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

/* Which words of struct page decide: more from line to line. */
enum kindred {
	KINDRED_ANON,
	KINDRED_SHARED,
	KINDRED_MIXED,
};

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

/* Words of several struct pages, or-ed and and-ed together. */
struct words {
	u64 flags_any;
	u64 flags_all;
	u64 counts_any;
	u64 counts_all;
	u64 mapping_any;
	u64 mapping_all;
};

static __always_inline void words_begin(struct words *w)
{
	*w = (struct words){
		.flags_all = ~0ull,
		.counts_all = ~0ull,
		.mapping_all = ~0ull,
	};
}

static __always_inline void words_add(struct words *w, unsigned long page,
				      enum kindred kindred)
{
	const struct page *p = (const struct page *)page;

	w->flags_any |= page_word(p, offsetof(struct page, flags));
	w->flags_all &= page_word(p, offsetof(struct page, flags));
	if (kindred == KINDRED_ANON)
		return;
	w->counts_any |= counts_of(p);
	w->counts_all &= counts_of(p);
	if (kindred == KINDRED_SHARED)
		return;
	w->mapping_any |= page_word(p, offsetof(struct page, mapping));
	w->mapping_all &= page_word(p, offsetof(struct page, mapping));
}

/*
 * Add one block whose entries all have the attributes @attrs. The frame number
 * stands in bits 12 and up, a struct page has 64 bytes, so shifting an entry
 * by 6 gives the offset of its struct page, too large by @attrs >> 6, which
 * @base makes good. Return: false when an entry has other attributes.
 */
static __always_inline bool add_block(const u64 *p, u64 attrs,
				      unsigned long base, struct words *w,
				      enum kindred kindred)
{
	LOAD_BLOCK(p);
	u64 any = ANY_BLOCK;
	u64 all = ALL_BLOCK;

	if (((any ^ attrs) | (all ^ attrs)) & ~ARCH_PFN_MASK)
		return false;
	words_add(w, base + (e0 >> PAGE_STRUCT_SHIFT), kindred);
	words_add(w, base + (e1 >> PAGE_STRUCT_SHIFT), kindred);
	words_add(w, base + (e2 >> PAGE_STRUCT_SHIFT), kindred);
	words_add(w, base + (e3 >> PAGE_STRUCT_SHIFT), kindred);
	words_add(w, base + (e4 >> PAGE_STRUCT_SHIFT), kindred);
	words_add(w, base + (e5 >> PAGE_STRUCT_SHIFT), kindred);
	words_add(w, base + (e6 >> PAGE_STRUCT_SHIFT), kindred);
	words_add(w, base + (e7 >> PAGE_STRUCT_SHIFT), kindred);
	return true;
}

#endif /* BLOCKS_POSSIBLE */

#endif /* VMS_BLOCKS_H */
