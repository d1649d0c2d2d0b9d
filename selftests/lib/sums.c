// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Adds the extents of a scan up and compares them with its tallies; knows
 * nothing of procfs.
 */
#include <string.h>

#include "differ.h"
#include "sums.h"

#define PAGE	4096ull

static int is_anon(unsigned int kind)
{
	return kind == VMSCOPE_KIND_ANON || kind == VMSCOPE_KIND_ANON_EXCLUSIVE ||
	       kind == VMSCOPE_KIND_KSM;
}

static unsigned int pss_counter(unsigned int kind)
{
	if (is_anon(kind))
		return VMSCOPE_COUNT_PSS_ANON;
	return kind == VMSCOPE_KIND_SHMEM ? VMSCOPE_COUNT_PSS_SHMEM :
	       VMSCOPE_COUNT_PSS_FILE;
}

static unsigned int pmd_counter(unsigned int kind)
{
	if (is_anon(kind))
		return VMSCOPE_COUNT_PMD_ANON;
	return kind == VMSCOPE_KIND_SHMEM ? VMSCOPE_COUNT_PMD_SHMEM :
	       VMSCOPE_COUNT_PMD_FILE;
}

static void add_present(struct scan_tally *t, const struct vmscope_extent *e)
{
	const uint64_t a = e->attributes;
	unsigned int kind = ATTR_KIND(a), bits = 0;
	uint64_t pss = (PAGE << VMSCOPE_PSS_SHIFT) / (e->mapcount > 1 ? e->mapcount : 1);

	if (a & (VMSCOPE_ATTR_YOUNG | VMSCOPE_ATTR_REFERENCED))
		bits |= VMSCOPE_CELL_REFERENCED;
	if (a & (VMSCOPE_ATTR_DIRTY | VMSCOPE_ATTR_FOLIO_DIRTY))
		bits |= VMSCOPE_CELL_DIRTY;
	if (a & VMSCOPE_ATTR_SHARED)
		bits |= VMSCOPE_CELL_SHARED;
	t->cell[VMSCOPE_CELL(kind, bits)] += e->pages;
	t->counter[VMSCOPE_COUNT_ORDER + ATTR_ORDER(a)] += e->pages;
	if (a & VMSCOPE_ATTR_PROTNONE)
		t->counter[VMSCOPE_COUNT_PROTNONE] += e->pages;
	if (a & VMSCOPE_ATTR_LAZYFREE)
		t->counter[VMSCOPE_COUNT_LAZYFREE] += e->pages;
	if (kind == VMSCOPE_KIND_HUGETLB)
		return;		/* not in PSS, nor in the THP figures */
	t->counter[pss_counter(kind)] += pss * e->pages;
	if (bits & VMSCOPE_CELL_DIRTY)
		t->counter[VMSCOPE_COUNT_PSS_DIRTY] += pss * e->pages;
	if (ATTR_LEAF(a) == VMSCOPE_LEAF_PMD)
		t->counter[pmd_counter(kind)] += e->pages;
}

static void add_extent(struct scan_tally *t, const struct vmscope_extent *e)
{
	uint64_t state = ATTR_STATE(e->attributes);

	if (e->attributes & VMSCOPE_ATTR_SHMEM_SWAPPED)
		t->counter[VMSCOPE_COUNT_SHMEM_SWAP] += e->pages;
	if (state != VMSCOPE_STATE_PRESENT)
		t->counter[VMSCOPE_COUNT_STATE + state] += e->pages;
	else
		add_present(t, e);
	if (state == VMSCOPE_STATE_PRESENT || state == VMSCOPE_STATE_ZERO ||
	    state == VMSCOPE_STATE_SPECIAL)
		t->counter[VMSCOPE_COUNT_LEAF + ATTR_LEAF(e->attributes)] += e->pages;
}

static int has_frames_elsewhere(const struct scan_tally *t)
{
	return t->counter[VMSCOPE_STATE_MIGRATING] ||
	       t->counter[VMSCOPE_STATE_HWPOISON] ||
	       t->counter[VMSCOPE_STATE_DEVICE];
}

/* smaps has its own idea of a shared, dirty or referenced hugetlb page. */
static void fold_hugetlb(struct scan_tally *t)
{
	uint64_t pages = tally_kind(t, VMSCOPE_KIND_HUGETLB);
	int i;

	for (i = 0; i < 8; i++)
		t->cell[VMSCOPE_CELL(VMSCOPE_KIND_HUGETLB, i)] = 0;
	t->cell[VMSCOPE_CELL(VMSCOPE_KIND_HUGETLB, 0)] = pages;
}

static const char *compare(struct scan_tally t, struct scan_tally sum)
{
	unsigned int i;

	if (tally_bytes(&t) != t.end - t.start)
		return differ("%lx-%lx: states sum to %lx", t.start, t.end,
			      tally_bytes(&t));
	fold_hugetlb(&t);
	fold_hugetlb(&sum);
	for (i = 0; i < VMSCOPE_STATE_NR; i++)
		if (t.counter[i] != sum.counter[i])
			return differ("%lx-%lx: state %u is %lu, extents add up to %lu",
				      t.start, t.end, i, t.counter[i], sum.counter[i]);
	/* Pages in the cells that no PRESENT extent stands for. */
	if (has_frames_elsewhere(&t))
		return NULL;
	for (i = 0; i < VMSCOPE_CELL_NR; i++)
		if (t.cell[i] != sum.cell[i])
			return differ("%lx-%lx: cell %u is %lu, extents add up to %lu",
				      t.start, t.end, i, t.cell[i], sum.cell[i]);
	for (i = 0; i < VMSCOPE_COUNT_NR; i++)
		if (t.counter[i] != sum.counter[i])
			return differ("%lx-%lx: counter %u is %lu, extents add up to %lu",
				      t.start, t.end, i, t.counter[i],
				      sum.counter[i]);
	return NULL;
}

const char *sums_check(const struct scan *s)
{
	size_t i, x = 0;

	for (i = 0; i < s->nr_tallies; i++) {
		const struct scan_tally *t = &s->tally[i];
		struct scan_tally sum = { .start = t->start, .end = t->end };
		uint64_t at = t->start;
		const char *error;

		for (; x < s->nr_extents && s->extent[x].head.start < t->end; x++) {
			const struct vmscope_extent *e = &s->extent[x].head;

			if (e->start != at)
				return differ("%lx-%lx: extent at %llx, expected %lx",
					      t->start, t->end, e->start, at);
			at += e->pages * PAGE;
			add_extent(&sum, e);
		}
		if (at != t->end)
			return differ("%lx-%lx: extents end at %lx", t->start,
				      t->end, at);
		error = compare(*t, sum);
		if (error)
			return error;
	}
	if (x != s->nr_extents)
		return differ("%zu extents beyond the tallies", s->nr_extents - x);
	return NULL;
}
