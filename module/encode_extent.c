// SPDX-License-Identifier: GPL-2.0-only
/*
 * EXTENT records: the one at the end of the buffer stays open and grows by the
 * pages that continue it, its frames as a run or as a list, whichever is
 * shorter. Knows no other records, nor the user.
 */
#include <linux/minmax.h>
#include <linux/mm.h>

#include "encode.h"
#include "encode_record.h"
#include "uapi/vmscope.h"

/* Longer runs of frames inside a list are cheaper as a record of their own. */
#define RUN_WORTH_A_RECORD	32
/* Shorter runs are cheaper as a list. */
#define RUN_WORTH_A_LIST	12

static bool has_slot(u64 attrs)
{
	return (attrs & ATTR_STATE) == STATE_SWAPPED ||
	       attrs & ATTR_SHMEM_SWAPPED;
}

static bool has_frame(u64 attrs)
{
	u64 state = attrs & ATTR_STATE;

	return (state >= STATE_PRESENT && state <= STATE_DEVICE) ||
	       has_slot(attrs);
}

static struct vmscope_extent *open_extent(struct encoder *e)
{
	return (struct vmscope_extent *)(e->buffer + e->open);
}

void encode_close(struct encoder *e)
{
	struct vmscope_extent *x;

	if (e->open < 0)
		return;
	x = open_extent(e);
	if (!x->pages) {	/* opened, and then there was no room */
		e->used = e->open;
		e->open = -1;
		e->records--;
		return;
	}
	if (x->encoding == VMSCOPE_FRAMES_LIST && x->pages % 2) {
		x->list[x->pages] = 0;
		e->used += sizeof(u32);
	}
	x->record.size = e->used - e->open;
	e->open = -1;
}

void encode_mark_open(struct encoder *e, u16 marks)
{
	if (e->open >= 0)
		open_extent(e)->record.marks |= marks;
	e->marks |= marks;
}

static bool begin_extent(struct encoder *e, unsigned long addr,
			 const struct page_info *info, u32 pages, bool frames)
{
	bool slot = has_slot(info->attrs) && e->frames;
	struct vmscope_extent *x;

	encode_close(e);
	x = begin_record(e, sizeof(*x), e->sums_room);
	if (!x)
		return false;
	e->open = (u8 *)x - e->buffer;
	/* with every field named, nothing has to be cleared before */
	*x = (struct vmscope_extent){
		.record.size = sizeof(*x),
		.record.type = VMSCOPE_RECORD_EXTENT,
		.record.marks = 0,
		.start = addr,
		.attributes = info->attrs & e->key,
		.pages = pages,
		.mapcount = e->key & KEY_MAPCOUNT ? info->mapcount : 0,
		.refcount = e->key & KEY_REFCOUNT ? info->refcount : 0,
		.frame = frames ? info->frame : 0,
		.encoding = frames ? VMSCOPE_FRAMES_RUN : VMSCOPE_FRAMES_NONE,
		.swap_type = slot ? info->swap_type : 0,
		.__reserved = 0,
	};
	return true;
}

/* Frames of a list are given as offsets from a multiple of 2^32. */
static u64 list_base(u64 frame)
{
	return frame & ~(u64)U32_MAX;
}

/* A short run becomes a list, to which any frames may be added. */
static bool run_to_list(struct encoder *e, struct vmscope_extent *x)
{
	u64 first = x->frame;
	u32 i;

	if (list_base(first) != list_base(first + x->pages))
		return false;
	if (!fits(e, (x->pages + 1) * sizeof(u32), e->sums_room))
		return false;
	x->encoding = VMSCOPE_FRAMES_LIST;
	x->frame = list_base(first);
	for (i = 0; i < x->pages; i++)
		x->list[i] = first + i - x->frame;
	e->used += x->pages * sizeof(u32);
	return true;
}

/* The run at the end of the list got long: let it be an extent of its own. */
static bool split_run_off(struct encoder *e, struct vmscope_extent *x, u32 run)
{
	struct vmscope_extent head = *x;
	u64 frame = x->frame + x->list[x->pages - run];
	struct vmscope_extent *tail;

	x->pages -= run;
	e->used -= run * sizeof(u32);
	encode_close(e);
	tail = begin_record(e, sizeof(*tail), 0);
	/* it takes less room than the list entries that were given up */
	e->open = (u8 *)tail - e->buffer;
	*tail = head;
	tail->record.marks = 0;
	tail->start += (u64)x->pages << PAGE_SHIFT;
	tail->frame = frame;
	tail->pages = run;
	tail->encoding = VMSCOPE_FRAMES_RUN;
	return true;
}

static bool add_to_list(struct encoder *e, struct vmscope_extent *x, u64 frame,
			u32 pages)
{
	u32 run = 1;
	u32 i;

	if (list_base(frame) != x->frame ||
	    list_base(frame + pages - 1) != x->frame)
		return false;
	if (!fits(e, (pages + 1) * sizeof(u32), e->sums_room))
		return false;
	for (i = 0; i < pages; i++)
		x->list[x->pages + i] = frame + i - x->frame;
	x->pages += pages;
	e->used += pages * sizeof(u32);
	if (x->pages % RUN_WORTH_A_RECORD)
		return true;
	while (run < RUN_WORTH_A_RECORD &&
	       x->list[x->pages - run] == x->list[x->pages - run - 1] + 1)
		run++;
	if (run == RUN_WORTH_A_RECORD && run < x->pages)
		split_run_off(e, x, run);
	return true;
}

/* Let the open extent grow by pages that continue it, if they do. */
static bool grow(struct encoder *e, const struct page_info *info, u32 pages,
		 bool frames)
{
	struct vmscope_extent *x = open_extent(e);

	if (x->pages + pages < pages)	/* more than the field holds */
		return false;
	switch (x->encoding) {
	case VMSCOPE_FRAMES_NONE:
		if (frames)
			return false;
		break;
	case VMSCOPE_FRAMES_RUN:
		if (!frames)
			return false;
		if (info->frame == x->frame + x->pages)
			break;
		if (x->pages == 1 && pages == 1 && info->frame == x->frame) {
			x->encoding = VMSCOPE_FRAMES_SAME;
			break;
		}
		if (x->pages > RUN_WORTH_A_LIST || pages > RUN_WORTH_A_LIST)
			return false;
		return run_to_list(e, x) && add_to_list(e, x, info->frame, pages);
	case VMSCOPE_FRAMES_SAME:
		if (!frames || pages != 1 || info->frame != x->frame)
			return false;
		break;
	default:
		if (!frames || pages > RUN_WORTH_A_LIST)
			return false;
		return add_to_list(e, x, info->frame, pages);
	}
	x->pages += pages;
	return true;
}

static bool continues(struct encoder *e, unsigned long addr,
		      const struct page_info *info)
{
	struct vmscope_extent *x;

	if (e->open < 0)
		return false;
	x = open_extent(e);
	if (x->start + ((u64)x->pages << PAGE_SHIFT) != addr ||
	    x->attributes != (info->attrs & e->key))
		return false;
	if ((e->key & KEY_MAPCOUNT) && x->mapcount != info->mapcount)
		return false;
	if ((e->key & KEY_REFCOUNT) && x->refcount != info->refcount)
		return false;
	return !e->frames || x->swap_type == info->swap_type;
}

bool encode_pages(struct encoder *e, unsigned long addr,
		  const struct page_info *info, u32 pages)
{
	bool frames = e->frames && has_frame(info->attrs);

	if (continues(e, addr, info) && grow(e, info, pages, frames))
		return true;
	return begin_extent(e, addr, info, pages, frames);
}

/* The open extent as a list that pages from @addr on may join, or NULL. */
static struct vmscope_extent *open_list(struct encoder *e, unsigned long addr,
					const struct page_info *info)
{
	struct vmscope_extent *x;

	if (!continues(e, addr, info))
		return NULL;
	x = open_extent(e);
	if (x->encoding == VMSCOPE_FRAMES_LIST && !x->frame)
		return x;
	if (x->encoding == VMSCOPE_FRAMES_RUN && !list_base(x->frame) &&
	    x->pages <= RUN_WORTH_A_LIST && run_to_list(e, x))
		return x;
	return NULL;
}

u32 *encode_list_open(struct encoder *e, unsigned long addr,
		      const struct page_info *info, u32 *room)
{
	struct vmscope_extent *x = open_list(e, addr, info);
	u32 taken;

	if (!x) {
		if (!begin_extent(e, addr, info, 0, true))
			return NULL;
		x = open_extent(e);
		x->encoding = VMSCOPE_FRAMES_LIST;
		x->frame = 0;
	}
	/* one entry more may be needed to pad the list */
	taken = e->used + e->sums_room + sizeof(u32);
	*room = taken < e->room ? (e->room - taken) / sizeof(u32) : 0;
	return &x->list[x->pages];
}

void encode_list_add(struct encoder *e, u32 pages)
{
	open_extent(e)->pages += pages;
	e->used += pages * sizeof(u32);
}

unsigned long encode_range(struct encoder *e, unsigned long addr,
			   unsigned long end, const struct page_info *info)
{
	while (addr < end) {
		u32 pages = min((end - addr) >> PAGE_SHIFT, 1UL << 30);

		if (!encode_pages(e, addr, info, pages))
			break;
		/* frames count on only where more than 2^30 pages are holes */
		addr += (unsigned long)pages << PAGE_SHIFT;
	}
	return addr;
}
