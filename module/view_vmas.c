// SPDX-License-Identifier: GPL-2.0-only
/*
 * The view "vmas": every mapping with its size, what of it is resident and what
 * is swapped; knows nothing of how its lines are asked for.
 */
#include <linux/mm.h>
#include <linux/seq_file.h>

#include "target.h"
#include "view.h"

static u64 resident(const struct seen_tally *t)
{
	u64 pages = 0;
	unsigned int i;

	for (i = 0; i < CELL_NR; i++)
		pages += t->cell[i];
	return pages;
}

static u64 pss_bytes(const struct seen_tally *t)
{
	return (t->count[COUNT_PSS_ANON] + t->count[COUNT_PSS_FILE] +
		t->count[COUNT_PSS_SHMEM]) >> PSS_SHIFT;
}

static u64 swapped(const struct seen_tally *t)
{
	return t->count[COUNT_STATE + STATE_SWAPPED] +
	       t->count[COUNT_SHMEM_SWAP];
}

static void vmas_head(struct seq_file *m, const struct view *v)
{
	seq_printf(m, "# mappings of %s, in KiB\n", v->target->comm);
	seq_puts(m, "#START-END               PERM      SIZE       RSS       PSS      SWAP FLAGS NAME\n");
}

static int vmas_meet(struct view *v, enum seen_type type)
{
	const struct seen_tally *t = &v->seen.tally;

	if (type != SEEN_TALLY)
		return 0;
	v->sum[SUM_SIZE] += (t->end - t->start) >> PAGE_SHIFT;
	v->sum[SUM_RSS] += resident(t);
	v->sum[SUM_PSS] += pss_bytes(t);
	v->sum[SUM_SWAP] += swapped(t);
	return 1;
}

static void vmas_figures(struct seq_file *m, u64 size, u64 rss, u64 pss,
			 u64 swap)
{
	seq_printf(m, " %9llu %9llu %9llu %9llu", KIB(size), KIB(rss),
		   pss >> 10, KIB(swap));
}

static void vmas_line(struct seq_file *m, const struct view *v)
{
	const struct seen_tally *t = &v->seen.tally;

	view_range(m, t->start, t->end);
	seq_printf(m, " %s", v->seen.vma.perms);
	vmas_figures(m, (t->end - t->start) >> PAGE_SHIFT, resident(t),
		     pss_bytes(t), swapped(t));
	view_end_line_with_flags(m, v, t->marks | v->seen.vma.marks);
}

static void vmas_foot(struct seq_file *m, const struct view *v)
{
	seq_printf(m, "%-30s", "TOTAL");
	vmas_figures(m, v->sum[SUM_SIZE], v->sum[SUM_RSS], v->sum[SUM_PSS],
		     v->sum[SUM_SWAP]);
	seq_putc(m, '\n');
}

const struct view_kind view_vmas = {
	.name = "vmas",
	.mode = 0400,
	.records = SCAN_VMA | SCAN_TALLY,
	.head = vmas_head,
	.meet = vmas_meet,
	.line = vmas_line,
	.foot = vmas_foot,
};
