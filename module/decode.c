// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of the uAPI read back. They come from encode.c in the same kernel, so
 * that their form needs no check.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "decode.h"
#include "uapi/vmscope.h"

/* Left out: what perms says, and ac, sd and the may-flags, which tell nothing. */
static const struct {
	u64 flag;
	char name[3];
} vm_flag_names[] = {
	{ VMSCOPE_VM_GROWSDOWN, "gd" }, { VMSCOPE_VM_PFNMAP, "pf" },
	{ VMSCOPE_VM_LOCKED, "lo" }, { VMSCOPE_VM_IO, "io" },
	{ VMSCOPE_VM_SEQ_READ, "sr" }, { VMSCOPE_VM_RAND_READ, "rr" },
	{ VMSCOPE_VM_DONTCOPY, "dc" }, { VMSCOPE_VM_DONTEXPAND, "de" },
	{ VMSCOPE_VM_LOCKONFAULT, "lf" }, { VMSCOPE_VM_NORESERVE, "nr" },
	{ VMSCOPE_VM_HUGETLB, "ht" }, { VMSCOPE_VM_SYNC, "sf" },
	{ VMSCOPE_VM_WIPEONFORK, "wf" }, { VMSCOPE_VM_DONTDUMP, "dd" },
	{ VMSCOPE_VM_MIXEDMAP, "mm" }, { VMSCOPE_VM_HUGEPAGE, "hg" },
	{ VMSCOPE_VM_NOHUGEPAGE, "nh" }, { VMSCOPE_VM_MERGEABLE, "mg" },
	{ VMSCOPE_VM_UFFD_MISSING, "um" }, { VMSCOPE_VM_UFFD_WP, "uw" },
	{ VMSCOPE_VM_UFFD_MINOR, "ui" }, { VMSCOPE_VM_SHADOW_STACK, "ss" },
	{ VMSCOPE_VM_DROPPABLE, "dp" }, { VMSCOPE_VM_SEALED, "sl" },
	{ VMSCOPE_VM_GUARD, "gu" },
};

static_assert(ARRAY_SIZE(vm_flag_names) * sizeof(vm_flag_names[0].name) <=
	      SEEN_FLAGS);

static void name_flags(u64 flags, char *text)
{
	char *to = text;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vm_flag_names); i++) {
		if (!(flags & vm_flag_names[i].flag))
			continue;
		if (to != text)
			*to++ = ',';
		*to++ = vm_flag_names[i].name[0];
		*to++ = vm_flag_names[i].name[1];
	}
	*to = '\0';
}

static const char *vma_name(const struct vmscope_vma *record)
{
	switch (record->name_kind) {
	case VMSCOPE_NAME_HEAP:
		return "[heap]";
	case VMSCOPE_NAME_STACK:
		return "[stack]";
	}
	return record->name_size ? record->name : "";
}

static void read_vma(const struct vmscope_vma *record, struct seen_vma *vma)
{
	u64 flags = record->flags;

	vma->start = record->start;
	vma->end = record->end;
	vma->page_size = 1ull << record->page_shift;
	vma->name = vma_name(record);
	vma->marks = record->record.marks;
	vma->mergeable = flags & VMSCOPE_VM_MERGEABLE;
	vma->perms[0] = flags & VMSCOPE_VM_READ ? 'r' : '-';
	vma->perms[1] = flags & VMSCOPE_VM_WRITE ? 'w' : '-';
	vma->perms[2] = flags & VMSCOPE_VM_EXEC ? 'x' : '-';
	vma->perms[3] = flags & VMSCOPE_VM_MAYSHARE ? 's' : 'p';
	name_flags(flags, vma->flags);
}

static const u64 *take(u64 *to, unsigned int n, u64 mask, const u64 *from)
{
	memset(to, 0, n * sizeof(*to));
	for (; mask; mask &= mask - 1)
		to[__ffs64(mask)] = *from++;
	return from;
}

static void read_tally(const struct vmscope_tally *record,
		       struct seen_tally *tally)
{
	const u64 *value = record->value;

	tally->start = record->start;
	tally->end = record->end;
	tally->marks = record->record.marks;
	value = take(tally->cell, CELL_NR, record->cells, value);
	take(tally->count, COUNT_NR, record->counters, value);
}

static void read_tables(const struct vmscope_table *record,
			struct seen_tables *seen)
{
	const struct vmscope_table_level *from = record->level;
	u32 levels;

	*seen = (struct seen_tables){
		.start = record->start,
		.end = record->end,
		.marks = record->record.marks,
		.tables.used = record->levels,
		.tables.deposited = record->deposited,
	};
	for (levels = record->levels; levels; levels &= levels - 1, from++) {
		struct tables_level *to = &seen->tables.level[__ffs(levels)];

		to->tables = from->tables;
		to->shared = from->shared;
		to->used = from->used;
		memcpy(to->by_used, from->by_used, sizeof(to->by_used));
	}
}

static void read_extent(const struct vmscope_extent *record,
			struct seen_extent *extent)
{
	*extent = (struct seen_extent){
		.start = record->start,
		.attrs = record->attributes,
		.pages = record->pages,
		.mapcount = record->mapcount,
		.swap_type = record->swap_type,
		.marks = record->record.marks,
		.encoding = record->encoding,
		.frame = record->frame,
		.list = record->list,
	};
}

enum seen_type decode_next(struct records *records, struct seen *seen)
{
	const struct vmscope_record *record = (const void *)records->at;

	if (records->at >= records->end)
		return SEEN_NOTHING;
	records->at += record->size;
	switch (record->type) {
	case VMSCOPE_RECORD_VMA:
		read_vma((const void *)record, &seen->vma);
		return SEEN_VMA;
	case VMSCOPE_RECORD_TALLY:
		read_tally((const void *)record, &seen->tally);
		return SEEN_TALLY;
	case VMSCOPE_RECORD_EXTENT:
		read_extent((const void *)record, &seen->extent);
		return SEEN_EXTENT;
	case VMSCOPE_RECORD_TABLE:
		read_tables((const void *)record, &seen->tables);
		return SEEN_TABLES;
	}
	return SEEN_OTHER;
}

/* How many of the list from @first on count up by @step. */
static u32 count_run(const u32 *list, u32 first, u32 pages, u32 step)
{
	u32 n = 1;

	while (first + n < pages && list[first + n] == list[first + n - 1] + step)
		n++;
	return n;
}

bool decode_run(struct seen_extent *extent, struct seen_run *run)
{
	u32 first = extent->next, left = extent->pages - first;

	if (!left)
		return false;
	*run = (struct seen_run){
		.start = extent->start + ((unsigned long)first << PAGE_SHIFT),
		.pages = left,
		.known = extent->encoding != VMSCOPE_FRAMES_NONE,
		.same = extent->encoding == VMSCOPE_FRAMES_SAME,
		.frame = extent->frame,
	};
	if (extent->encoding == VMSCOPE_FRAMES_LIST) {
		run->frame += extent->list[first];
		run->pages = count_run(extent->list, first, extent->pages, 1);
		if (run->pages == 1) {
			run->pages = count_run(extent->list, first,
					       extent->pages, 0);
			run->same = run->pages > 1;
		}
	}
	extent->next += run->pages;
	return true;
}
