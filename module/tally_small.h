/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What small pages come to: tables by which a page's words say its age, its
 * kind and its share, the rules of classify.c a second time; knows nothing of
 * how pages were shown to be alike. Private to the block-wise path of a tally.
 */
#ifndef VMS_TALLY_SMALL_H
#define VMS_TALLY_SMALL_H

#include "blocks.h"
#include "tally.h"

#if BLOCKS_POSSIBLE

#ifdef CONFIG_PAGE_IDLE_FLAG
#define F_YOUNG		BIT(PG_young)
#else
#define F_YOUNG		0
#endif
#define F_REFERENCED	BIT(PG_referenced)
#define F_DIRTY		BIT(PG_dirty)
#define F_AGE		(F_REFERENCED | F_DIRTY | F_YOUNG)
#define F_SMALL_ANON	(BIT(PG_anon_exclusive) | BIT(PG_swapbacked))
/*
 * Memory of a device is the last zone: mm.h page_zonenum(). Its highest bit, which on
 * kernels with few zones the movable one has, too.
 */
#ifdef CONFIG_ZONE_DEVICE
#define F_DEVICE	((u64)BIT(const_ilog2(ZONE_DEVICE)) << ZONES_PGSHIFT)
#else
#define F_DEVICE	0
#endif
/* Of a page that is not taken for a small one. */
#define F_ODD		(BIT(PG_head) | F_DEVICE)

/*
 * An entry's accessed and dirty bits and a page's referenced and dirty flags,
 * or-ed together, make one small number.
 */
#define E_AGE		(_PAGE_ACCESSED | _PAGE_DIRTY)
/* a dirty entry without write permission has its bit elsewhere, since 6.7 */
#ifdef _PAGE_BIT_SAVED_DIRTY
#define E_ODD_AGE	BIT_ULL(_PAGE_BIT_SAVED_DIRTY)
#define E_ODD_SHIFT	(_PAGE_BIT_SAVED_DIRTY - _PAGE_BIT_DIRTY)
#else
#define E_ODD_AGE	0
#define E_ODD_SHIFT	0
#endif
static_assert((E_AGE & (F_REFERENCED | F_DIRTY)) == 0);
static_assert((E_AGE | F_REFERENCED | F_DIRTY) < TALLY_HIST);

#define COST_SINGLE	6	/* in units of ten instructions */

void tally_small_init(void);

/* Move what was counted here into the sums. */
void tally_small_fold(struct tally *t);

/* @pages pages of a cell into the sums; @pss of them, when they are shared. */
void tally_fold_cell(struct tally *t, unsigned int cell, u64 pages, u64 pss);

/* What each age makes of a cell. */
extern u8 tally_age_cells[TALLY_HIST];

/* Share of a page mapped n times, in bytes << PSS_SHIFT, rounded down. */
#define SHARE(n)	(((u64)PAGE_SIZE << PSS_SHIFT) / (n))
extern const u32 tally_shares[TALLY_ROWS + 1];

/*
 * Mappings beyond this are none: a type stands in place of their number. Most
 * pages have few; those of the C library have as many as there are processes.
 */
#define MOST_OTHERS	(1u << 24)

static __always_inline u32 share_with(u32 others)
{
	if (likely(others < TALLY_ROWS))
		return tally_shares[others + 1];
	return (u32)SHARE(1) / (others + 1);
}

/* Of entries and pages that are known to have no age anywhere else. */
static __always_inline unsigned int plain_age(u64 raw, u64 flags)
{
	return (raw & E_AGE) | (flags & (F_REFERENCED | F_DIRTY));
}

static __always_inline unsigned int age_of(u64 raw, u64 flags)
{
	/* rare; the barriers keep them from being computed for every page */
	if (E_ODD_AGE && unlikely(raw & E_ODD_AGE)) {
		raw |= _PAGE_DIRTY;
		barrier();
	}
	if (F_YOUNG && unlikely(flags & F_YOUNG)) {
		flags |= F_REFERENCED;
		barrier();
	}
	return plain_age(raw, flags);
}

/* Exclusive anonymous pages: their age says it all. */
static __always_inline bool is_exclusive(u64 flags)
{
	return (flags & (F_SMALL_ANON | BIT(PG_head))) == F_SMALL_ANON;
}

static __always_inline enum page_kind
kind_of_small(enum page_kind file_kind, u64 flags, u64 mapping)
{
	if (!(mapping & MAPPING_KIND_ANON))
		return flags & BIT(PG_swapbacked) ? KIND_SHMEM : file_kind;
	if ((mapping & MAPPING_KIND_MASK) == MAPPING_KIND_KSM)
		return KIND_KSM;
	return flags & BIT(PG_anon_exclusive) ? KIND_ANON_EXCLUSIVE : KIND_ANON;
}

static __always_inline unsigned int
cell_of_small(enum page_kind file_kind, u64 raw, u64 flags, u64 mapping)
{
	return kind_of_small(file_kind, flags, mapping) * 8 +
	       tally_age_cells[age_of(raw, flags)];
}

/*
 * Whether this is a small page and nothing more: no page of a large folio, none
 * of a device, none with a type in place of a mapcount, none that is lazily freed.
 * One of no object is the kernel's own, as the vDSO, and counts as one of a file.
 */
static __always_inline bool is_small(u64 flags, u64 counts, u64 mapping)
{
	u32 others = counts;	/* _mapcount: mappings beside this one */

	if (flags & F_ODD || !(counts >> 32) || others >= MOST_OTHERS)
		return false;
	return !(mapping & MAPPING_KIND_ANON) || flags & BIT(PG_swapbacked);
}

/* The cell of the page that an entry maps, and its share. Return: false when it is no small one. */
static __always_inline bool
look_at_page(u64 raw, const struct page *page, bool anonymous,
	     enum page_kind file_kind, unsigned int *cell, u32 *share)
{
	u64 flags, counts, mapping;

	flags = page_word(page, FLAGS_WORD);
	if (anonymous && is_exclusive(flags)) {
		*cell = KIND_ANON_EXCLUSIVE * 8 +
			tally_age_cells[age_of(raw, flags)];
		*share = SHARE(1);
		return true;
	}
	counts = counts_of(page);
	mapping = page_word(page, MAPPING_WORD);
	if (!is_small(flags, counts, mapping))
		return false;
	*cell = cell_of_small(file_kind, raw, flags, mapping);
	if ((u32)counts)
		*cell += CELL_SHARED;
	*share = share_with(counts);
	return true;
}

/* Likewise. Return: false when the entry maps none, too. */
static __always_inline bool
look_at_small(u64 raw, bool anonymous, enum page_kind file_kind,
	      unsigned int *cell, u32 *share)
{
	return maps_page(raw) && look_at_page(raw, page_of(raw), anonymous,
					      file_kind, cell, share);
}

/* Counts @pages pages alike, which @others mappings map besides this one. */
static __always_inline void count_small(struct tally *t, u64 raw, u64 flags,
					u64 mapping, u32 others,
					unsigned int pages)
{
	unsigned int cell = cell_of_small(t->view.file_kind, raw, flags,
					  mapping);

	if (others) {
		cell += CELL_SHARED;
		t->small_pss[cell] += (u64)share_with(others) * pages;
	}
	t->small[cell] += pages;
	t->small_used |= BIT_ULL(cell);
}

/* @pages small pages like this one. Return: false when it is none. */
static __always_inline bool add_small(struct tally *t, u64 raw,
				      const struct page *page, u64 flags,
				      unsigned int pages)
{
	u64 counts = counts_of(page);
	u64 mapping = page_word(page, MAPPING_WORD);

	if (!is_small(flags, counts, mapping))
		return false;
	count_small(t, raw, flags, mapping, counts, pages);
	return true;
}

/*
 * Pages one at a time, as long as they are small ones. Return: entries taken;
 * the next one is something else.
 */
static __always_inline unsigned int take_singly(struct tally *t, const u64 *p,
						unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		const struct page *page;
		u64 raw;

		page = page_at(p + i, &raw);
		if (unlikely(!maps_page(raw)) ||
		    !add_small(t, raw, page, page_word(page, FLAGS_WORD), 1))
			break;
	}
	t->cost += i * COST_SINGLE;
	return i;
}

#endif /* BLOCKS_POSSIBLE */

#endif /* VMS_TALLY_SMALL_H */
