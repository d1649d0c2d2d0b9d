// SPDX-License-Identifier: GPL-2.0-only
/*
 * The view "tables": the page tables of each mapping and how full they are;
 * knows nothing of how its lines are asked for.
 */
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/seq_file.h>

#include "entry.h"
#include "target.h"
#include "view.h"

static void tables_head(struct seq_file *m, const struct view *v)
{
	seq_printf(m, "# page tables of %s; one that several mappings use is the lowest one's\n",
		   v->target->comm);
	seq_puts(m, "# KEPT: PTE tables for when a huge page is split. FILL: of the PTE tables\n");
	seq_puts(m, "#START-END                    PTE     PMD     PUD     P4D    KEPT FILL NAME\n");
}

static int tables_meet(struct view *v, enum seen_type type)
{
	const struct tables *from = &v->seen.tables.tables;
	unsigned int level, i;

	if (type != SEEN_TABLES)
		return 0;
	for (level = 0; level < LEVEL_PGD; level++) {
		struct tables_level *sum = &v->tables.level[level];

		sum->tables += from->level[level].tables;
		sum->shared += from->level[level].shared;
		sum->used += from->level[level].used;
		for (i = 0; i < TABLES_BUCKETS; i++)
			sum->by_used[i] += from->level[level].by_used[i];
	}
	v->tables.deposited += from->deposited;
	return 1;
}

static void tables_figures(struct seq_file *m, const struct tables *t)
{
	u64 entries = t->level[LEVEL_PTE].tables * PTRS_PER_PTE;
	unsigned int level;

	for (level = 0; level < LEVEL_PGD; level++)
		seq_printf(m, " %7llu", t->level[level].tables);
	seq_printf(m, " %7llu", t->deposited);
	if (entries)
		seq_printf(m, " %3llu%%",
			   div64_u64(t->level[LEVEL_PTE].used * 100, entries));
	else
		seq_puts(m, "    -");
}

static void tables_line(struct seq_file *m, const struct view *v)
{
	view_range(m, v->seen.tables.start, v->seen.tables.end);
	tables_figures(m, &v->seen.tables.tables);
	view_end_line(m, v, v->seen.tables.marks);
}

/* The tables of a level by how many of their entries are used. */
static void tables_by_used(struct seq_file *m, enum table_level level,
			   const struct tables_level *l)
{
	unsigned int i, most;

	if (!l->tables)
		return;
	seq_printf(m, "%s tables by used entries:", view_level_names[level]);
	for (i = 0; i < TABLES_BUCKETS; i++) {
		if (!l->by_used[i])
			continue;
		most = min((1U << i) - 1, entry_per_table(level));
		if (i < 2 || most == 1U << (i - 1))
			seq_printf(m, "  %u: %u", most, l->by_used[i]);
		else
			seq_printf(m, "  %u-%u: %u", 1U << (i - 1), most,
				   l->by_used[i]);
	}
	if (l->shared)
		seq_printf(m, "  (%llu shared)", l->shared);
	seq_putc(m, '\n');
}

static void tables_foot(struct seq_file *m, const struct view *v)
{
	const struct tables_level *level = v->tables.level;
	unsigned int i;

	seq_printf(m, "%-25s", "TOTAL");
	tables_figures(m, &v->tables);
	seq_putc(m, '\n');
	for (i = 0; i < LEVEL_PGD; i++)
		tables_by_used(m, i, &level[i]);
	seq_printf(m, "pte, pmd, pud and kept: %llu KiB; the kernel charges %lu KiB\n",
		   KIB(level[LEVEL_PTE].tables + level[LEVEL_PMD].tables +
		       level[LEVEL_PUD].tables + v->tables.deposited),
		   mm_pgtables_bytes(v->target->mm) >> 10);
}

const struct view_kind view_tables = {
	.name = "tables",
	.mode = 0400,
	.records = SCAN_VMA | SCAN_TABLE,
	.head = tables_head,
	.meet = tables_meet,
	.line = tables_line,
	.foot = tables_foot,
};
