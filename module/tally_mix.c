// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mixtures, by histogram: small pages whose neighbours differ at random. Each
 * is counted for itself, in hist[] by its age where all are exclusive, else in
 * mix[], in the row of how many others map it and the column that its age and
 * kind make up. What eight together are still shown to be is small pages, with
 * nothing odd about them; what the counts come to is left to the fold. Knows
 * nothing of pages that are alike, nor of large folios.
 */
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/page-flags.h>

#include "blocks.h"
#include "tally_mix.h"
#include "tally_small.h"

#if BLOCKS_POSSIBLE

/* Of a page, in units of ten instructions. */
#define COST_MIXED	4
#define COST_AGED	2

/* shifted to where the dirty bit should be, this one would fake an age */
#define E_IN_THE_WAY	(E_ODD_AGE ? (u64)_PAGE_ACCESSED << E_ODD_SHIFT : 0)

/*
 * The flags that kinds depend on, shifted down to just above the two kind bits
 * of a mapping pointer, index the columns of the kinds.
 */
#define KIND_BITS	2
#define KIND_SHIFT \
	((PG_swapbacked < PG_anon_exclusive ? PG_swapbacked : \
					      PG_anon_exclusive) - KIND_BITS)
#define KIND_FLAGS	(F_SMALL_ANON >> KIND_SHIFT)
static_assert(MAPPING_KIND_MASK < BIT(KIND_BITS));
static_assert(KIND_FLAGS < 1024);
static u8 kind_columns[KIND_FLAGS + BIT(KIND_BITS)] __ro_after_init;

/*
 * Columns of anonymous pages without swap behind them, which are lazily freed
 * unless dirty. They take the place of kinds that no mixture holds.
 */
#define COLUMN_LAZY		(KIND_HUGETLB * 8)
#define COLUMN_LAZY_EXCLUSIVE	(KIND_DEVICE * 8)

static u8 __init kind_column(u64 flags, u64 mapping)
{
	if (!(mapping & MAPPING_KIND_ANON))
		return 8 * (flags & BIT(PG_swapbacked) ? KIND_SHMEM :
							 KIND_FILE_PRIVATE);
	if (mapping == MAPPING_KIND_KSM)
		return 8 * KIND_KSM;
	if (!(flags & BIT(PG_swapbacked)))
		return flags ? COLUMN_LAZY_EXCLUSIVE : COLUMN_LAZY;
	return 8 * (flags == F_SMALL_ANON ? KIND_ANON_EXCLUSIVE : KIND_ANON);
}

void __init tally_mix_init(void)
{
	static const u64 flags[] = {
		0, BIT(PG_swapbacked), BIT(PG_anon_exclusive), F_SMALL_ANON,
	};
	unsigned int i, mapping;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		for (mapping = 0; mapping <= MAPPING_KIND_MASK; mapping++)
			kind_columns[flags[i] >> KIND_SHIFT | mapping] =
				kind_column(flags[i], mapping);
}

/* What the words of a block's pages have in any of them, or in all. */
struct block_words {
	u64 any_flags;
	u64 all_flags;
	u64 any_link;
	u32 any_others;
};

/* Where an exclusive page is counted in hist[]. */
static __always_inline unsigned int age_key(const u64 *p,
					    struct block_words *words)
{
	u64 raw, flags;

	flags = page_word(page_at(p, &raw), FLAGS_WORD);
	words->any_flags |= flags;
	words->all_flags &= flags;
	return plain_age(raw, flags);
}

/* Where any small page is counted in mix[]. */
static __always_inline unsigned int mix_key(const u64 *p,
					    struct block_words *words)
{
	const struct page *page;
	u64 raw, flags, kind;
	u32 others;
	u8 column;

	page = page_at(p, &raw);
	flags = page_word(page, FLAGS_WORD);
	words->any_flags |= flags;
	words->any_link |= page_word(page, LINK_WORD);
	others = counts_of(page);
	/* what is checked below has to be what is used */
	OPTIMIZER_HIDE_VAR(others);
	words->any_others |= others;
	kind = (flags >> KIND_SHIFT & KIND_FLAGS) |
	       (page_word(page, MAPPING_WORD) & MAPPING_KIND_MASK);
	if (E_ODD_AGE)
		raw |= raw >> E_ODD_SHIFT;
	column = kind_columns[kind] + tally_age_cells[plain_age(raw, flags)];
	return others * CELL_NR + column;
}

/* Whether eight entries all map pages whose age is where it is looked for. */
static __always_inline bool block_maps_pages(const u64 *p, u64 odd)
{
	LOAD_BLOCK(p);

	return (ALL_BLOCK & _PAGE_PRESENT) &&
	       !(ANY_BLOCK & (_PAGE_SPECIAL | odd));
}

/* Exclusive pages of any age. Return: entries taken. */
static unsigned int take_aged(struct tally *t, const u64 *p, unsigned int n)
{
	u8 key[BLOCK];
	unsigned int i;

	for (i = 0; n - i >= BLOCK; i += BLOCK) {
		struct block_words words = { .all_flags = F_SMALL_ANON };

		if (!block_maps_pages(p + i, E_ODD_AGE))
			break;
#define KEY(n)	(key[n] = age_key(p + i + (n), &words))
		EIGHT_TIMES(KEY);
#undef KEY
		if (words.all_flags != F_SMALL_ANON ||
		    words.any_flags & (BIT(PG_head) | F_YOUNG))
			break;
#define COUNT(n) (t->hist[key[n]]++)
		EIGHT_TIMES(COUNT);
#undef COUNT
	}
	t->cost += i * COST_AGED;
	return i;
}

/* Small pages of all kinds and ages. Return: entries taken. */
static unsigned int take_mixed(struct tally *t, const u64 *p, unsigned int n)
{
	u16 key[BLOCK];
	unsigned int i;

	for (i = 0; n - i >= BLOCK; i += BLOCK) {
		struct block_words words = { };

		if (!block_maps_pages(p + i, E_IN_THE_WAY))
			break;
#define KEY(n)	(key[n] = mix_key(p + i + (n), &words))
		EIGHT_TIMES(KEY);
#undef KEY
		if (words.any_others >= TALLY_ROWS || words.any_link & LINK_TAIL ||
		    words.any_flags & (F_ODD | F_YOUNG))
			break;
		t->mix_others |= words.any_others;
#define COUNT(n) (t->mix[key[n]]++)
		EIGHT_TIMES(COUNT);
#undef COUNT
	}
	t->mix_used |= i > 0;
	t->cost += i * COST_MIXED;
	return i;
}

unsigned int tally_mix_take(struct tally *t, const u64 *p, unsigned int n,
			    bool exclusive)
{
	unsigned int taken = 0;

	if (!block_maps_pages(p, 0))
		return take_singly(t, p, BLOCK);
	if (exclusive)
		taken = take_aged(t, p, n);
	return taken ?: take_mixed(t, p, n) ?: take_singly(t, p, BLOCK);
}

/* ------------------------------------------------------------------ fold */

static void fold_column(struct tally *t, u32 others, unsigned int column,
			u64 pages)
{
	u64 pss = pages * tally_shares[others + 1];
	unsigned int cell = column;

	switch (column & ~7) {
	case KIND_FILE_PRIVATE * 8:
		cell = t->view.file_kind * 8;
		break;
	case COLUMN_LAZY:
		cell = KIND_ANON * 8;
		break;
	case COLUMN_LAZY_EXCLUSIVE:
		cell = KIND_ANON_EXCLUSIVE * 8;
		break;
	}
	if (cell != column) {
		cell += column & 7;
		if (cell < KIND_KSM * 8 && !(cell & CELL_DIRTY))
			tally_add(t, COUNT_LAZYFREE, pages);
	}
	tally_fold_cell(t, cell + (others ? CELL_SHARED : 0), pages, pss);
}

/* Most columns are empty: look at eight together. */
static void fold_row(struct tally *t, u32 others)
{
	u32 *row = t->mix + others * CELL_NR;
	unsigned int i, j;

	for (i = 0; i < CELL_NR; i += BLOCK) {
		u64 *p = (u64 *)(row + i);

		if (!(p[0] | p[1] | p[2] | p[3]))
			continue;
		for (j = i; j < i + BLOCK; j++)
			if (row[j])
				fold_column(t, others, j, row[j]);
		p[0] = p[1] = p[2] = p[3] = 0;
	}
}

void tally_mix_fold(struct tally *t)
{
	u32 others;

	for (others = 0; others <= t->mix_others; others++)
		fold_row(t, others);
	t->mix_others = 0;
	t->mix_used = false;
}

#endif /* BLOCKS_POSSIBLE */
