// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the walk meets goes to the sums and records that are wanted, and is paid
 * for from the section's budget; knows neither sections nor what is sent when.
 */
#include <linux/mm.h>

#include "scan_state.h"
#include "sparse.h"

/* Of counting the entries of a table. */
#define COST_COUNT	(PTRS_PER_PTE / 4)

/* Of a hole in a shmem mapping, handed over at a time. */
#define HOLE_PAGES	32

static struct scan *scan_of(struct walk *w)
{
	return container_of(w, struct scan, walk);
}

static void charge(struct scan *s)
{
	s->section.budget -= s->tally.cost + s->extents.cost;
	s->tally.cost = 0;
	s->extents.cost = 0;
}

void scan_charge_payers(struct scan *s)
{
	s->section.budget -= s->payers.cost;
	s->payers.cost = 0;
}

static void charge_fill(struct scan *s)
{
	s->section.budget -= s->fill.cost;
	s->fill.cost = 0;
}

/* What is tallied tells how full the table is as well. */
static unsigned int tally_entries(struct scan *s, const pte_t *pte,
				  unsigned long addr, unsigned int n)
{
	const u64 *empty = &s->tally.count[COUNT_STATE + STATE_NONE];
	u64 before = *empty;

	n = tally_ptes(&s->tally, pte, addr, n);
	s->open.met[LEVEL_PTE] += n - (*empty - before);
	return n;
}

static unsigned int on_ptes(struct walk *w, const pte_t *pte,
			    unsigned long addr, unsigned int n)
{
	struct scan *s = scan_of(w);

	/* what extents were made of has to be in the tally, whatever it costs */
	s->extents.limit = s->section.budget;
	s->tally.limit = wants(s, SCAN_EXTENT) ? LONG_MAX : s->section.budget;
	if (wants(s, SCAN_EXTENT))
		n = extent_ptes(&s->extents, pte, addr, n);
	if (wants(s, SCAN_TALLY))
		n = tally_entries(s, pte, addr, n);
	charge(s);
	return n;
}

static unsigned long on_pmd(struct walk *w, pmd_t pmd, unsigned long addr,
			    unsigned long end)
{
	struct scan *s = scan_of(w);

	if (wants(s, SCAN_EXTENT))
		end = extent_pmd(&s->extents, pmd, addr, end,
				 w->shared_table);
	if (wants(s, SCAN_TALLY) && end > addr)
		tally_pmd(&s->tally, pmd, addr, end, w->shared_table);
	if (wants(s, SCAN_TABLE) && end > addr && !(addr & ~PMD_MASK)) {
		s->open.met[LEVEL_PMD]++;
		/* a PTE table is kept beside each, to be had when it is split */
		s->tables.deposited += s->vma.anonymous;
	}
	charge(s);
	return end;
}

static unsigned long on_pud(struct walk *w, pud_t pud, unsigned long addr,
			    unsigned long end)
{
	struct scan *s = scan_of(w);

	if (wants(s, SCAN_EXTENT))
		end = extent_pud(&s->extents, pud, addr, end);
	if (wants(s, SCAN_TALLY) && end > addr)
		tally_pud(&s->tally, pud, addr, end);
	if (end > addr && !(addr & ~PUD_MASK))
		s->open.met[LEVEL_PUD]++;
	charge(s);
	return end;
}

static unsigned long on_hole(struct walk *w, unsigned long addr,
			     unsigned long end)
{
	struct scan *s = scan_of(w);

	/* each page is looked for in the object: no more than fit a section */
	if (wants(s, SCAN_TALLY) && s->tally.shmem)
		end = min(end, addr + HOLE_PAGES * PAGE_SIZE);
	s->extents.limit = s->section.budget;
	if (wants(s, SCAN_EXTENT))
		end = extent_hole(&s->extents, addr, end);
	if (wants(s, SCAN_TALLY) && end > addr)
		tally_hole(&s->tally, addr, end);
	charge(s);
	return end;
}

/*
 * Several VMAs may have entries in a table; it counts for the lowest one, which
 * has its first page there at this address or has been there before.
 */
static bool is_first_here(struct scan *s, unsigned long base,
			  unsigned long addr)
{
	if (addr != max(base, s->vma.start))
		return false;
	if (base >= s->vma.start)
		return true;
	return section_below(&s->section) <= base;
}

/* Whether what is read of tables of the level tells how full they are. */
static bool are_entries_met(const struct scan *s, enum table_level level)
{
	return level > LEVEL_PTE || wants(s, SCAN_TALLY);
}

/* A part of a table, another one than the last of its level. */
static noinline void meet_table(struct scan *s, enum table_level level,
				const void *table, unsigned long base,
				unsigned long addr)
{
	tables_close(&s->open, level);
	if (!is_first_here(s, base, addr)) {
		tables_pass(&s->open, level);
		return;
	}
	tables_open(&s->open, &s->tables, level, table, base,
		    s->walk.shared_table);
	/* a PTE table that is not locked is not kept until more is met */
	if (!are_entries_met(s, level) ||
	    (level == LEVEL_PTE && s->walk.lockless)) {
		tables_close_counted(&s->open, level);
		s->section.budget -= COST_COUNT;
	}
}

static void on_table(struct walk *w, enum table_level level, const void *table,
		     unsigned long base, unsigned long addr, bool whole)
{
	struct scan *s = scan_of(w);

	if (whole && are_entries_met(s, level))
		tables_add(&s->open, &s->tables, level, w->shared_table);
	else
		meet_table(s, level, table, base, addr);
}

void scan_leave_tables(struct scan *s)
{
	bool all = s->addr >= s->mm->task_size;
	enum table_level level;

	for (level = LEVEL_PTE; level < LEVEL_PGD; level++) {
		const struct open_table *open = &s->open.open[level];
		unsigned long last = open->base - 1 +
				     (1UL << entry_shift(level + 1));

		if (!open->sums)
			continue;
		/* a PTE table that was let go of may be gone */
		if (all || s->addr > last ||
		    (level == LEVEL_PTE && s->walk.held.base != open->base))
			tables_close(&s->open, level);
		else
			tables_close_counted(&s->open, level);
	}
}

/*
 * With content: that is read first, for its work decides how far a section
 * gets. Where the encoder is full before that, the content is read again up to
 * there, so that all records are of the same pages.
 */
static unsigned int on_ptes_filled(struct walk *w, const pte_t *pte,
				   unsigned long addr, unsigned int n)
{
	struct scan *s = scan_of(w);
	struct fill_sums before = s->fill.sums;
	unsigned int taken;

	s->fill.lockless = w->lockless;
	s->fill.limit = s->section.budget;
	n = fill_ptes(&s->fill, pte, n);
	taken = n;
	if (wants(s, SCAN_EXTENT)) {
		s->extents.limit = LONG_MAX;
		taken = extent_ptes(&s->extents, pte, addr, n);
	}
	if (taken < n) {
		w->stopped = true;
		s->fill.sums = before;
		s->fill.limit = LONG_MAX;
		if (taken)
			fill_ptes(&s->fill, pte, taken);
	}
	if (wants(s, SCAN_TALLY)) {
		s->tally.limit = LONG_MAX;
		tally_entries(s, pte, addr, taken);
	}
	charge(s);
	charge_fill(s);
	return taken;
}

static unsigned long on_pmd_filled(struct walk *w, pmd_t pmd,
				   unsigned long addr, unsigned long end)
{
	struct scan *s = scan_of(w);
	struct fill_sums before = s->fill.sums;
	unsigned long reached;

	s->fill.lockless = w->lockless;
	s->fill.limit = s->section.budget;
	end = fill_pmd(&s->fill, pmd, addr, end);
	reached = on_pmd(w, pmd, addr, end);
	if (reached < end) {
		w->stopped = true;
		s->fill.sums = before;
		s->fill.limit = LONG_MAX;
		if (reached > addr)
			fill_pmd(&s->fill, pmd, addr, reached);
	}
	charge_fill(s);
	return reached;
}

/* Nobody pays for what is not wanted: [content is read] */
static const struct walk_ops scan_ops[2] = {
	{ on_ptes, on_pmd, on_pud, on_hole, on_table },
	{ on_ptes_filled, on_pmd_filled, on_pud, on_hole, on_table },
};

/*
 * Asking who pays for a page costs more than counting it: no more entries at
 * once than there is time for, and of those the others have taken.
 */
static unsigned int on_ptes_paid(struct walk *w, const pte_t *pte,
				 unsigned long addr, unsigned int n)
{
	struct scan *s = scan_of(w);
	unsigned int most, taken;

	most = min(n, charge_limit(&s->payers, s->section.budget));
	taken = s->others->ptes(w, pte, addr, most);
	charge_ptes(&s->payers, pte, taken);
	scan_charge_payers(s);
	/* the walk takes what is left over for want of room unless time is up */
	if (taken == most && most < n)
		s->section.budget = min(s->section.budget, 0L);
	return taken;
}

static unsigned long on_pmd_paid(struct walk *w, pmd_t pmd, unsigned long addr,
				 unsigned long end)
{
	struct scan *s = scan_of(w);

	end = s->others->pmd(w, pmd, addr, end);
	if (end > addr)
		charge_pmd(&s->payers, pmd, addr, end);
	scan_charge_payers(s);
	return end;
}

static unsigned long on_pud_paid(struct walk *w, pud_t pud, unsigned long addr,
				 unsigned long end)
{
	struct scan *s = scan_of(w);

	end = s->others->pud(w, pud, addr, end);
	if (end > addr)
		charge_pud(&s->payers, pud, addr, end);
	scan_charge_payers(s);
	return end;
}

/* With who pays, whatever else is wanted. */
static const struct walk_ops paid_ops = {
	on_ptes_paid, on_pmd_paid, on_pud_paid, on_hole, on_table
};

unsigned int scan_join_ptes(struct scan *s, const pte_t *pte, unsigned int n,
			    bool anonymous, enum page_kind file_kind)
{
	struct charges *payers = wants(s, SCAN_CHARGE) ? &s->payers : NULL;
	unsigned int taken = sparse_ptes(&s->tally, payers, pte, n, anonymous,
					 file_kind);

	charge(s);
	scan_charge_payers(s);
	return taken;
}

unsigned int scan_join_frames(struct scan *s, const pte_t *pte, unsigned int n)
{
	unsigned int taken = sparse_frames(&s->tally, pte, n);

	charge(s);
	return taken;
}

static unsigned int on_ptes_whole(struct walk *w, const pte_t *pte,
				  unsigned long addr, unsigned int n)
{
	struct scan *s = scan_of(w);
	unsigned int taken = 0;

	if (!w->lockless && tally_of_words(&s->tally) && !s->tally.shmem)
		taken = scan_join_ptes(s, pte, n, s->tally.view.anon_only,
				  s->tally.view.file_kind);
	if (taken < n && (!taken || s->section.budget > 0))
		taken += s->apart->ptes(w, pte + taken,
					addr + taken * PAGE_SIZE, n - taken);
	return taken;
}

/* All VMAs together, without tables: [who pays] */
static const struct walk_ops whole_ops[2] = {
	{ on_ptes_whole, on_pmd, on_pud, on_hole, NULL },
	{ on_ptes_whole, on_pmd_paid, on_pud_paid, on_hole, NULL },
};

const struct walk_ops *scan_walk_ops(struct scan *s)
{
	s->others = &scan_ops[wants(s, SCAN_FILL)];
	s->apart = wants(s, SCAN_CHARGE) ? &paid_ops : s->others;
	return s->request->whole && s->small_vmas ?
	       &whole_ops[wants(s, SCAN_CHARGE)] : s->apart;
}
