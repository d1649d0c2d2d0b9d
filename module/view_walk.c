// SPDX-License-Identifier: GPL-2.0-only
/*
 * The view "walk": the page-table walk of an address that was written, or of
 * each mapping's first; knows nothing of how its lines are asked for.
 */
#include <linux/mm.h>
#include <linux/seq_file.h>

#include "counters.h"
#include "target.h"
#include "view.h"

static const char *const state_names[STATE_NR] = {
	[STATE_NONE] = "none", [STATE_PRESENT] = "present",
	[STATE_ZERO] = "zero", [STATE_SPECIAL] = "special",
	[STATE_SWAPPED] = "swapped", [STATE_MIGRATING] = "migrating",
	[STATE_HWPOISON] = "hwpoison", [STATE_DEVICE] = "device",
	[STATE_UFFD] = "uffd", [STATE_GUARD] = "guard",
	[STATE_POISON] = "poison", [STATE_UNKNOWN] = "unknown",
	[STATE_SKIPPED] = "skipped",
};

static const char *const kind_names[KIND_NR] = {
	[KIND_ANON_EXCLUSIVE] = "anon-exclusive", [KIND_ANON] = "anon",
	[KIND_KSM] = "ksm", [KIND_FILE_PRIVATE] = "file-private",
	[KIND_FILE_SHARED] = "file-shared", [KIND_SHMEM] = "shmem",
	[KIND_HUGETLB] = "hugetlb", [KIND_DEVICE] = "device",
};

static const char *const leaf_names[LEAF_NR] = {
	[LEAF_PTE] = "pte", [LEAF_CONT] = "cont", [LEAF_PMD] = "pmd",
	[LEAF_PUD] = "pud",
};

static const char *const stop_names[] = {
	[STOP_NONE] = "an empty entry", [STOP_BAD] = "an entry that makes no sense",
	[STOP_NO_VMA] = "no mapping is here", [STOP_RANGE] = "no user address",
	[STOP_LOCKED] = "not read: a lock stayed taken",
};

static const struct {
	u64 attr;
	const char *name;
} attr_names[] = {
	{ ATTR_YOUNG, "young" }, { ATTR_DIRTY, "dirty" },
	{ ATTR_SOFT_DIRTY, "soft-dirty" }, { ATTR_WRITE, "write" },
	{ ATTR_EXEC, "exec" }, { ATTR_UFFD_WP, "uffd-wp" },
	{ ATTR_PROTNONE, "protnone" }, { ATTR_SPECIAL, "special" },
	{ ATTR_REFERENCED, "referenced" }, { ATTR_FOLIO_DIRTY, "folio-dirty" },
	{ ATTR_LRU, "lru" }, { ATTR_ACTIVE, "active" },
	{ ATTR_UNEVICTABLE, "unevictable" }, { ATTR_MLOCKED, "mlocked" },
	{ ATTR_WRITEBACK, "writeback" }, { ATTR_SWAPCACHE, "swapcache" },
	{ ATTR_SWAPBACKED, "swapbacked" }, { ATTR_LOCKED, "locked" },
	{ ATTR_RECLAIM, "reclaim" }, { ATTR_LAZYFREE, "lazyfree" },
	{ ATTR_SHARED, "shared" }, { ATTR_PINNED, "pinned" },
	{ ATTR_HEAD, "head" }, { ATTR_DEFERRED, "deferred-split" },
	{ ATTR_EXTRA_REFS, "extra-refs" }, { ATTR_SWAP_EXCLUSIVE, "swap-exclusive" },
};

static int translate_address(struct view *v)
{
	struct target *target = v->target;
	int err = target_enter(target);

	if (err)
		return err;
	section_init(&v->section, target->mm, target->mm->task_size, 0);
	err = translate(&v->section, v->address, &v->translation);
	target_leave(target);
	counters_translated(&v->section, !err);
	if (err)
		counters_failed(DOING_TRANSLATE, err);
	return err ?: 1;
}

static void walk_head(struct seq_file *m, const struct view *v)
{
	seq_printf(m, "# page-table walks of %s: %s\n", v->target->comm,
		   v->asked ? "the address that was written" :
		   "the first page of each mapping; write an address for another");
	view_explain_frames(m, v);
}

static int walk_meet(struct view *v, enum seen_type type)
{
	if (type != SEEN_VMA)
		return 0;
	v->address = v->seen.vma.start;
	return translate_address(v);
}

static void walk_steps(struct seq_file *m, const struct view *v)
{
	bool physical = v->target->physical == PHYSICAL_SHOWN;
	const struct step *step;
	unsigned int level;

	for (level = LEVEL_NR; level--;) {
		step = &v->translation.step[level];
		if (!step->read)
			continue;
		seq_printf(m, "  %s[%3u]", view_level_names[level], step->index);
		if (physical)
			seq_printf(m, "  table %llx  entry %016llx\n",
				   step->table, step->raw);
		else
			seq_puts(m, "  table -  entry -\n");
	}
}

static void walk_page(struct seq_file *m, const struct view *v)
{
	const struct page_info *info = &v->translation.info;
	bool physical = v->target->physical == PHYSICAL_SHOWN;
	u64 state = info->attrs & ATTR_STATE;
	unsigned int i;

	seq_printf(m, "  %s", state_names[state]);
	if (info->page)
		seq_printf(m, " %s order %llu mapped %u refs %u",
			   kind_names[(info->attrs & ATTR_KIND) >> ATTR_KIND_SHIFT],
			   (info->attrs & ATTR_ORDER) >> ATTR_ORDER_SHIFT,
			   info->mapcount, info->refcount);
	if (v->translation.stop == STOP_LEAF)
		seq_printf(m, " leaf %s",
			   leaf_names[(info->attrs & ATTR_LEAF) >> ATTR_LEAF_SHIFT]);
	if (physical && state == STATE_SWAPPED)
		seq_printf(m, " area %u slot %llu", info->swap_type, info->frame);
	else if (physical && v->translation.stop == STOP_LEAF)
		seq_printf(m, " frame %llx", info->frame);
	for (i = 0; i < ARRAY_SIZE(attr_names); i++)
		if (info->attrs & attr_names[i].attr)
			seq_printf(m, " %s", attr_names[i].name);
	seq_putc(m, '\n');
}

static void walk_line(struct seq_file *m, const struct view *v)
{
	const struct translation *t = &v->translation;

	seq_printf(m, "%012lx", v->address);
	if (v->asked) {
		if (t->vma_end) {
			seq_puts(m, " in ");
			view_range(m, t->vma_start, t->vma_end);
		}
		seq_puts(m, t->marks & MARK_RACY ? " (racy)\n" : "\n");
	} else {
		seq_printf(m, " %s", v->seen.vma.perms);
		view_end_line(m, v, t->marks);
	}
	walk_steps(m, v);
	if (t->stop == STOP_LEAF || t->stop == STOP_NONPRESENT)
		walk_page(m, v);
	else
		seq_printf(m, "  %s\n", stop_names[t->stop]);
}

const struct view_kind view_walk = {
	.name = "walk",
	/* not world-readable by any reckoning: it can be written to */
	.mode = 0600,
	.records = SCAN_VMA,
	.head = walk_head,
	.meet = walk_meet,
	.line = walk_line,
	.answer = translate_address,
};
