// SPDX-License-Identifier: GPL-2.0-only
/*
 * The view "swap": pages in swap by runs of slots; knows nothing of how its
 * lines are asked for.
 */
#include <linux/mm.h>
#include <linux/seq_file.h>

#include "target.h"
#include "view.h"

static void swap_head(struct seq_file *m, const struct view *v)
{
	seq_printf(m, "# pages of %s in swap, by runs of slots\n", v->target->comm);
	view_explain_frames(m, v);
	seq_puts(m, "#START-END                  PAGES AREA         SLOT SHARED NAME\n");
}

static int swap_meet(struct view *v, enum seen_type type)
{
	const struct seen_extent *x = &v->seen.extent;

	if (type == SEEN_TALLY) {
		v->sum[SUM_OBJECT] += v->seen.tally.count[COUNT_SHMEM_SWAP];
		v->run.pages = 0;
		return !!v->seen.tally.count[COUNT_SHMEM_SWAP];
	}
	if (type != SEEN_EXTENT || (x->attrs & ATTR_STATE) != STATE_SWAPPED)
		return 0;
	v->sum[SUM_SWAP] += x->pages;
	return 1;
}

/* No entry says where pages of a mapped object are: only how many is known. */
static void swap_object_line(struct seq_file *m, const struct view *v)
{
	const struct seen_tally *t = &v->seen.tally;

	view_range(m, t->start, t->end);
	seq_printf(m, " %9llu    -            - object",
		   t->count[COUNT_SHMEM_SWAP]);
	view_end_line(m, v, t->marks);
}

static void swap_line(struct seq_file *m, const struct view *v)
{
	const struct seen_run *run = &v->run;
	const struct seen_extent *x = &v->seen.extent;

	if (!run->pages) {
		swap_object_line(m, v);
		return;
	}
	view_range(m, run->start,
		  run->start + ((unsigned long)run->pages << PAGE_SHIFT));
	seq_printf(m, " %9u", run->pages);
	if (run->known)
		seq_printf(m, " %4u %12llu", x->swap_type, run->frame);
	else
		seq_puts(m, "    -            -");
	seq_printf(m, " %-6s", x->attrs & ATTR_SWAP_EXCLUSIVE ? "no" : "maybe");
	view_end_line(m, v, x->marks);
}

static void swap_foot(struct seq_file *m, const struct view *v)
{
	seq_printf(m, "TOTAL %llu KiB in entries, %llu KiB of mapped objects\n",
		   KIB(v->sum[SUM_SWAP]), KIB(v->sum[SUM_OBJECT]));
}

const struct view_kind view_swap = {
	.name = "swap",
	.mode = 0400,
	.records = SCAN_VMA | SCAN_TALLY | SCAN_EXTENT,
	.key = ATTR_STATE | ATTR_SWAP_EXCLUSIVE | KEY_FRAME,
	.runs = true,
	.head = swap_head,
	.meet = swap_meet,
	.line = swap_line,
	.foot = swap_foot,
};
