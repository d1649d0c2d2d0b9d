// SPDX-License-Identifier: GPL-2.0-only
/*
 * The view "ksm": pages that KSM merged by runs of frames; knows nothing of how
 * its lines are asked for.
 */
#include <linux/mm.h>
#include <linux/seq_file.h>

#include "target.h"
#include "view.h"

static void ksm_head(struct seq_file *m, const struct view *v)
{
	seq_printf(m, "# pages of %s merged by KSM, by runs of frames\n",
		   v->target->comm);
	view_explain_frames(m, v);
	seq_puts(m, "#START-END                  PAGES        FRAME   MAPPED NAME\n");
}

static int ksm_meet(struct view *v, enum seen_type type)
{
	const struct seen_extent *x = &v->seen.extent;

	if (type == SEEN_VMA && v->seen.vma.mergeable)
		v->sum[SUM_MERGEABLE] +=
			(v->seen.vma.end - v->seen.vma.start) >> PAGE_SHIFT;
	if (type != SEEN_EXTENT || (x->attrs & ATTR_STATE) != STATE_PRESENT ||
	    (x->attrs & ATTR_KIND) >> ATTR_KIND_SHIFT != KIND_KSM)
		return 0;
	v->sum[SUM_KSM] += x->pages;
	return 1;
}

static void ksm_line(struct seq_file *m, const struct view *v)
{
	const struct seen_run *run = &v->run;

	view_range(m, run->start,
		  run->start + ((unsigned long)run->pages << PAGE_SHIFT));
	seq_printf(m, " %9u", run->pages);
	if (run->known)
		seq_printf(m, " %11llx%c", run->frame,
			   run->same || run->pages == 1 ? ' ' : '+');
	else
		seq_puts(m, "            -");
	seq_printf(m, " %8u", v->seen.extent.mapcount);
	view_end_line(m, v, v->seen.extent.marks);
}

static void ksm_foot(struct seq_file *m, const struct view *v)
{
	seq_printf(m, "TOTAL %llu KiB merged, in mappings that ask for it %llu KiB\n",
		   KIB(v->sum[SUM_KSM]), KIB(v->sum[SUM_MERGEABLE]));
}

const struct view_kind view_ksm = {
	.name = "ksm",
	.mode = 0400,
	.records = SCAN_VMA | SCAN_EXTENT,
	.key = ATTR_STATE | ATTR_KIND | KEY_FRAME | KEY_MAPCOUNT,
	.runs = true,
	.head = ksm_head,
	.meet = ksm_meet,
	.line = ksm_line,
	.foot = ksm_foot,
};
