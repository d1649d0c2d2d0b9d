// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text views of one address space. Each is a seq_file over a scan whose records
 * stay in the kernel: a line is made of a record, or of a part of one, and when
 * there are no more, the scan goes on where it stopped. So nothing is held
 * between two reads, and no text is written within a section.
 */
#include <linux/err.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "counters.h"
#include "decode.h"
#include "entry.h"
#include "scan.h"
#include "section.h"
#include "tables.h"
#include "target.h"
#include "translate.h"
#include "views.h"

/* "0x" and 16 digits and a newline are 19. */
#define ADDRESS_SIZE	24

#define KIB(pages)	((u64)(pages) << (PAGE_SHIFT - 10))

struct view;

/**
 * struct view_kind - what makes a view
 * @name: of its file
 * @mode: likewise
 * @records: to scan for
 * @key: likewise
 * @runs: a line for each run of an extent, not for each extent
 * @head: the lines above; never empty
 * @meet: a record was met: add up what is shown below. Called once for each.
 *	Return: 1 when it is worth a line, 0, or an error.
 * @line: show it; called more than once where the text did not fit
 * @foot: the lines below; may be NULL
 */
struct view_kind {
	const char *name;
	umode_t mode;
	u64 records;
	u64 key;
	bool runs;
	void (*head)(struct seq_file *m, const struct view *v);
	int (*meet)(struct view *v, enum seen_type type);
	void (*line)(struct seq_file *m, const struct view *v);
	void (*foot)(struct seq_file *m, const struct view *v);
};

/* Sums of a view, each used by one kind or more. */
enum sum {
	SUM_SIZE,
	SUM_RSS,
	SUM_PSS,
	SUM_SWAP,
	SUM_OBJECT,
	SUM_RUNS,
	SUM_KSM,
	SUM_MERGEABLE,
	SUM_NR,
};

/**
 * struct view - an open view
 * @kind: what it shows
 * @target: of what; this view's own
 * @at: what seq_file is shown next
 * @pos: its number
 * @err: what came instead of it
 * @next: the scan goes on here
 * @records: those not met yet
 * @seen: the record at hand
 * @run: the part of it at hand
 * @in_extent: there may be more runs of the extent at hand
 * @asked: one address was written, and is all that is shown
 * @answered: and it was
 * @address: it, or the first of the VMA at hand
 * @translation: of that address
 * @section: to translate in
 * @sum: so far
 * @count: likewise, of tallies
 * @tables: likewise
 */
struct view {
	const struct view_kind *kind;
	struct target *target;
	enum { AT_HEAD, AT_LINE, AT_FOOT, AT_END } at;
	loff_t pos;
	int err;
	unsigned long next;
	struct records records;
	struct seen seen;
	struct seen_run run;
	bool in_extent;
	bool asked;
	bool answered;
	unsigned long address;
	struct translation translation;
	struct section section;
	u64 sum[SUM_NR];
	u64 count[COUNT_NR];
	struct tables tables;
};

/* ------------------------------------------------------- parts of lines */

static void put_range(struct seq_file *m, unsigned long start,
		      unsigned long end)
{
	seq_printf(m, "%012lx-%012lx", start, end);
}

/* Below the head of a view that would show them. */
static void explain_frames(struct seq_file *m, const struct view *v)
{
	if (v->target->physical == PHYSICAL_NO_CAPABILITY)
		seq_puts(m, "# no frames, slots and entries: CAP_SYS_ADMIN is missing\n");
	else if (v->target->physical == PHYSICAL_LOCKED_DOWN)
		seq_puts(m, "# no frames, slots and entries: the kernel is locked down\n");
}

/* The end of a line: the name of the VMA, and what limits the line's truth. */
static void end_line(struct seq_file *m, const struct view *v, u16 marks)
{
	static const char *const names[] = {
		"layout", "racy", "unverified", "skipped", "no-name",
	};
	unsigned int i;

	if (*v->seen.vma.name) {
		seq_putc(m, ' ');
		seq_escape(m, v->seen.vma.name, "\n\\");
	}
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (marks & BIT(i))
			seq_printf(m, " (%s)", names[i]);
	seq_putc(m, '\n');
}

/* The same with the flags of the VMA in between; "-" keeps their column. */
static void end_line_with_flags(struct seq_file *m, const struct view *v,
				u16 marks)
{
	const char *flags = v->seen.vma.flags;

	seq_printf(m, *v->seen.vma.name ? " %-5s" : " %s", *flags ? flags : "-");
	end_line(m, v, marks);
}

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

/* ----------------------------------------------------------------- vmas */

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

	put_range(m, t->start, t->end);
	seq_printf(m, " %s", v->seen.vma.perms);
	vmas_figures(m, (t->end - t->start) >> PAGE_SHIFT, resident(t),
		     pss_bytes(t), swapped(t));
	end_line_with_flags(m, v, t->marks | v->seen.vma.marks);
}

static void vmas_foot(struct seq_file *m, const struct view *v)
{
	seq_printf(m, "%-30s", "TOTAL");
	vmas_figures(m, v->sum[SUM_SIZE], v->sum[SUM_RSS], v->sum[SUM_PSS],
		     v->sum[SUM_SWAP]);
	seq_putc(m, '\n');
}

/* ----------------------------------------------------------------- walk */

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

static const char *const level_names[LEVEL_NR] = {
	[LEVEL_PTE] = "pte", [LEVEL_PMD] = "pmd", [LEVEL_PUD] = "pud",
	[LEVEL_P4D] = "p4d", [LEVEL_PGD] = "pgd",
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
	explain_frames(m, v);
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
		seq_printf(m, "  %s[%3u]", level_names[level], step->index);
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
			put_range(m, t->vma_start, t->vma_end);
		}
		seq_puts(m, t->marks & MARK_RACY ? " (racy)\n" : "\n");
	} else {
		seq_printf(m, " %s", v->seen.vma.perms);
		end_line(m, v, t->marks);
	}
	walk_steps(m, v);
	if (t->stop == STOP_LEAF || t->stop == STOP_NONPRESENT)
		walk_page(m, v);
	else
		seq_printf(m, "  %s\n", stop_names[t->stop]);
}

/* --------------------------------------------------------------- tables */

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
	put_range(m, v->seen.tables.start, v->seen.tables.end);
	tables_figures(m, &v->seen.tables.tables);
	end_line(m, v, v->seen.tables.marks);
}

/* The tables of a level by how many of their entries are used. */
static void tables_by_used(struct seq_file *m, enum table_level level,
			   const struct tables_level *l)
{
	unsigned int i, most;

	if (!l->tables)
		return;
	seq_printf(m, "%s tables by used entries:", level_names[level]);
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

/* ----------------------------------------------------------------- swap */

static void swap_head(struct seq_file *m, const struct view *v)
{
	seq_printf(m, "# pages of %s in swap, by runs of slots\n", v->target->comm);
	explain_frames(m, v);
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

	put_range(m, t->start, t->end);
	seq_printf(m, " %9llu    -            - object",
		   t->count[COUNT_SHMEM_SWAP]);
	end_line(m, v, t->marks);
}

static void swap_line(struct seq_file *m, const struct view *v)
{
	const struct seen_run *run = &v->run;
	const struct seen_extent *x = &v->seen.extent;

	if (!run->pages) {
		swap_object_line(m, v);
		return;
	}
	put_range(m, run->start,
		  run->start + ((unsigned long)run->pages << PAGE_SHIFT));
	seq_printf(m, " %9u", run->pages);
	if (run->known)
		seq_printf(m, " %4u %12llu", x->swap_type, run->frame);
	else
		seq_puts(m, "    -            -");
	seq_printf(m, " %-6s", x->attrs & ATTR_SWAP_EXCLUSIVE ? "no" : "maybe");
	end_line(m, v, x->marks);
}

static void swap_foot(struct seq_file *m, const struct view *v)
{
	seq_printf(m, "TOTAL %llu KiB in entries, %llu KiB of mapped objects\n",
		   KIB(v->sum[SUM_SWAP]), KIB(v->sum[SUM_OBJECT]));
}

/* ------------------------------------------------------------------ ksm */

static void ksm_head(struct seq_file *m, const struct view *v)
{
	seq_printf(m, "# pages of %s merged by KSM, by runs of frames\n",
		   v->target->comm);
	explain_frames(m, v);
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

	put_range(m, run->start,
		  run->start + ((unsigned long)run->pages << PAGE_SHIFT));
	seq_printf(m, " %9u", run->pages);
	if (run->known)
		seq_printf(m, " %11llx%c", run->frame,
			   run->same || run->pages == 1 ? ' ' : '+');
	else
		seq_puts(m, "            -");
	seq_printf(m, " %8u", v->seen.extent.mapcount);
	end_line(m, v, v->seen.extent.marks);
}

static void ksm_foot(struct seq_file *m, const struct view *v)
{
	seq_printf(m, "TOTAL %llu KiB merged, in mappings that ask for it %llu KiB\n",
		   KIB(v->sum[SUM_KSM]), KIB(v->sum[SUM_MERGEABLE]));
}

/* ------------------------------------------------------------------ thp */

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

	put_range(m, t->start, t->end);
	thp_leaves(m, t->count);
	end_line_with_flags(m, v, t->marks | v->seen.vma.marks);
	thp_orders(m, t->count);
}

static void thp_foot(struct seq_file *m, const struct view *v)
{
	seq_printf(m, "%-25s", "TOTAL");
	thp_leaves(m, v->count);
	seq_putc(m, '\n');
	thp_orders(m, v->count);
}

/* ------------------------------------------------------------ the table */

static const struct view_kind kinds[] = {
	{
		.name = "vmas", .mode = 0400,
		.records = SCAN_VMA | SCAN_TALLY,
		.head = vmas_head, .meet = vmas_meet, .line = vmas_line,
		.foot = vmas_foot,
	}, {
		/* not world-readable by any reckoning: it can be written to */
		.name = "walk", .mode = 0600,
		.records = SCAN_VMA,
		.head = walk_head, .meet = walk_meet, .line = walk_line,
	}, {
		.name = "tables", .mode = 0400,
		.records = SCAN_VMA | SCAN_TABLE,
		.head = tables_head, .meet = tables_meet, .line = tables_line,
		.foot = tables_foot,
	}, {
		.name = "swap", .mode = 0400,
		.records = SCAN_VMA | SCAN_TALLY | SCAN_EXTENT,
		.key = ATTR_STATE | ATTR_SWAP_EXCLUSIVE | KEY_FRAME,
		.runs = true,
		.head = swap_head, .meet = swap_meet, .line = swap_line,
		.foot = swap_foot,
	}, {
		.name = "ksm", .mode = 0400,
		.records = SCAN_VMA | SCAN_EXTENT,
		.key = ATTR_STATE | ATTR_KIND | KEY_FRAME | KEY_MAPCOUNT,
		.runs = true,
		.head = ksm_head, .meet = ksm_meet, .line = ksm_line,
		.foot = ksm_foot,
	}, {
		.name = "thp", .mode = 0400,
		.records = SCAN_VMA | SCAN_TALLY,
		.head = thp_head, .meet = thp_meet, .line = thp_line,
		.foot = thp_foot,
	},
};

static_assert(ARRAY_SIZE(kinds) == VIEWS);

/* ------------------------------------------------------ from line to line */

/* Scan on. Return: 1 when there are records, 0 at the end, or an error. */
static int refill(struct view *v)
{
	struct target *target = v->target;
	struct scan_reply reply = { };
	struct scan_request request;
	int err;

	if (v->next >= target->mm->task_size)
		return 0;
	err = target_enter(target);
	if (err)
		return err;
	request = (struct scan_request){
		.start = v->next,
		.end = target->mm->task_size,
		.records = v->kind->records,
		.key = v->kind->key,
		.frames = target->physical == PHYSICAL_SHOWN,
		.keep = true,
	};
	err = scan_run(target->scan, target->mm, &request, &reply);
	target_leave(target);
	if (err)
		return err;
	v->next = reply.next;
	v->records.at = scan_records(target->scan);
	v->records.end = v->records.at + reply.used;
	return 1;
}

/* The answer to what was written is one line. */
static int next_asked(struct view *v)
{
	if (v->answered)
		return 0;
	v->answered = true;
	return translate_address(v);
}

/* Return: 1 when there is one more, 0 when there is none, or an error. */
static int next_line(struct view *v)
{
	enum seen_type type;
	int worth;

	if (v->asked)
		return next_asked(v);
	for (;;) {
		if (v->in_extent && decode_run(&v->seen.extent, &v->run))
			return 1;
		v->in_extent = false;
		type = decode_next(&v->records, &v->seen);
		if (type == SEEN_NOTHING) {
			worth = refill(v);
			if (worth <= 0)
				return worth;
			continue;
		}
		worth = v->kind->meet(v, type);
		if (worth < 0)
			return worth;
		v->in_extent = worth && type == SEEN_EXTENT && v->kind->runs;
		if (worth && !v->in_extent)
			return 1;
	}
}

static void rewind(struct view *v)
{
	v->at = AT_HEAD;
	v->pos = 0;
	v->err = 0;
	v->next = 0;
	v->records = (struct records){ };
	v->seen.vma.name = "";
	v->in_extent = false;
	v->answered = false;
	memset(v->sum, 0, sizeof(v->sum));
	memset(v->count, 0, sizeof(v->count));
	memset(&v->tables, 0, sizeof(v->tables));
}

/* ------------------------------------------------------------- seq_file */

static void *at_hand(struct view *v)
{
	if (v->err)
		return ERR_PTR(v->err);
	return v->at == AT_END ? NULL : v;
}

/*
 * seq_file goes from number to number, begins anew at 0, and asks for the one
 * at hand again where its buffer was too small.
 */
static void *view_start(struct seq_file *m, loff_t *pos)
{
	struct view *v = m->private;

	if (!*pos)
		rewind(v);
	return *pos == v->pos ? at_hand(v) : NULL;
}

static void *view_next(struct seq_file *m, void *unused, loff_t *pos)
{
	struct view *v = m->private;
	int got = 0;

	v->pos = ++*pos;
	if (v->at == AT_FOOT) {
		v->at = AT_END;
	} else {
		got = next_line(v);
		v->at = got ? AT_LINE : v->kind->foot ? AT_FOOT : AT_END;
	}
	v->err = min(got, 0);
	return at_hand(v);
}

static void view_stop(struct seq_file *m, void *unused)
{
}

static int view_show(struct seq_file *m, void *unused)
{
	const struct view *v = m->private;

	switch (v->at) {
	case AT_HEAD:
		v->kind->head(m, v);
		break;
	case AT_LINE:
		v->kind->line(m, v);
		break;
	default:
		v->kind->foot(m, v);
	}
	return 0;
}

static const struct seq_operations view_seq = {
	.start = view_start,
	.next = view_next,
	.stop = view_stop,
	.show = view_show,
};

static int view_open(struct inode *inode, struct file *file)
{
	const struct view_file *of = inode->i_private;
	struct view *v = kzalloc(sizeof(*v), GFP_KERNEL_ACCOUNT);
	int err;

	if (!v)
		return -ENOMEM;
	v->kind = &kinds[of->view];
	v->target = target_open_pid(of->pid, of->mm);
	if (IS_ERR(v->target)) {
		err = PTR_ERR(v->target);
		goto free_view;
	}
	err = seq_open(file, &view_seq);
	if (err)
		goto close_target;
	((struct seq_file *)file->private_data)->private = v;
	rewind(v);
	return 0;

close_target:
	target_close(v->target);
free_view:
	kfree(v);
	return err;
}

static int view_release(struct inode *inode, struct file *file)
{
	struct view *v = ((struct seq_file *)file->private_data)->private;

	target_close(v->target);
	kfree(v);
	return seq_release(inode, file);
}

/* An address, in any base that says what it is. */
static ssize_t walk_write(struct file *file, const char __user *user,
			  size_t size, loff_t *ppos)
{
	struct seq_file *m = file->private_data;
	struct view *v = m->private;
	char text[ADDRESS_SIZE + 1];
	unsigned long address;

	if (size > ADDRESS_SIZE)
		return -E2BIG;
	if (copy_from_user(text, user, size))
		return -EFAULT;
	text[size] = '\0';
	if (strlen(text) != size || kstrtoul(strim(text), 0, &address))
		return -EINVAL;
	mutex_lock(&m->lock);
	v->asked = true;
	v->address = address;
	mutex_unlock(&m->lock);
	/* whatever was read before, the answer is read from its beginning */
	*ppos = 0;
	return size;
}

static const struct file_operations view_read_fops = {
	.owner = THIS_MODULE,
	.open = view_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = view_release,
};

static const struct file_operations view_walk_fops = {
	.owner = THIS_MODULE,
	.open = view_open,
	.read = seq_read,
	.write = walk_write,
	.llseek = seq_lseek,
	.release = view_release,
};

const char *view_name(unsigned int view)
{
	return kinds[view].name;
}

umode_t view_mode(unsigned int view)
{
	return kinds[view].mode;
}

const struct file_operations *view_fops(unsigned int view)
{
	return kinds[view].mode & 0200 ? &view_walk_fops : &view_read_fops;
}
