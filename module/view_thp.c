// SPDX-License-Identifier: GPL-2.0-only
/*
 * The view "thp": mapped pages by size of the entry and of the folio; knows
 * nothing of how its lines are asked for.
 */
#include <linux/mm.h>
#include <linux/seq_file.h>

#include "target.h"
#include "view.h"

static void thp_head(struct seq_file *m, const struct view *v)
{
	seq_printf(m, "# mapped pages of %s in KiB, by size of the entry and of the folio\n",
		   v->target->comm);
	seq_puts(m, "#START-END                      PTE      CONT       PMD       PUD FLAGS NAME\n");
}

static int thp_meet(struct view *v, enum seen_type type)
{
	const struct seen_tally *t = &v->seen.tally;
	unsigned int i;

	if (type != SEEN_TALLY)
		return 0;
	for (i = 0; i < COUNT_NR; i++)
		v->count[i] += t->count[i];
	for (i = 0; i < LEAF_NR; i++)
		if (t->count[COUNT_LEAF + i])
			return 1;
	return 0;
}

static void thp_leaves(struct seq_file *m, const u64 *count)
{
	unsigned int i;

	for (i = 0; i < LEAF_NR; i++)
		seq_printf(m, " %9llu", KIB(count[COUNT_LEAF + i]));
}

/* Where all folios are single pages, the line above has said so. */
static void thp_orders(struct seq_file *m, const u64 *count)
{
	bool large = false;
	unsigned int i;

	for (i = 1; i < COUNT_NR - COUNT_ORDER; i++)
		large |= !!count[COUNT_ORDER + i];
	if (!large)
		return;
	seq_puts(m, "    folios");
	for (i = 0; i < COUNT_NR - COUNT_ORDER; i++)
		if (count[COUNT_ORDER + i])
			seq_printf(m, "  order %u: %llu", i,
				   KIB(count[COUNT_ORDER + i]));
	seq_putc(m, '\n');
}

static void thp_line(struct seq_file *m, const struct view *v)
{
	const struct seen_tally *t = &v->seen.tally;

	view_range(m, t->start, t->end);
	thp_leaves(m, t->count);
	view_end_line_with_flags(m, v, t->marks | v->seen.vma.marks);
	thp_orders(m, t->count);
}

static void thp_foot(struct seq_file *m, const struct view *v)
{
	seq_printf(m, "%-25s", "TOTAL");
	thp_leaves(m, v->count);
	seq_putc(m, '\n');
	thp_orders(m, v->count);
}

const struct view_kind view_thp = {
	.name = "thp",
	.mode = 0400,
	.records = SCAN_VMA | SCAN_TALLY,
	.head = thp_head,
	.meet = thp_meet,
	.line = thp_line,
	.foot = thp_foot,
};
