/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The record stream: turns what was found into records of the uAPI in a small
 * kernel buffer, and moves that buffer to the user; knows no locks and takes
 * no decisions.
 */
#ifndef VMS_ENCODE_H
#define VMS_ENCODE_H

#include <linux/sched.h>
#include <linux/types.h>

#include "charge.h"
#include "fill.h"
#include "page.h"
#include "tables.h"
#include "tally.h"
#include "tally_few.h"
#include "vmas.h"

/* Kernel memory for records, per target. Page-sized steps; see design.rst. */
#define ENCODE_BUFFER	(16 * 1024)

/**
 * struct encoder - a stream of records on its way to a user buffer
 * @buffer: ENCODE_BUFFER bytes
 * @used: of it
 * @room: how much of it may be used: what is left of the user's buffer too
 * @sums_room: bytes that extents leave free for the FILL, CHARGE, TALLY and
 *	TABLE to come
 * @tally_room: of these, for the TALLY and the TABLE
 * @table_room: of these, for the TABLE
 * @extent_room: bytes that a VMA record leaves free for the first extent
 * @needed: size of the record that did not fit last
 * @open: offset of the extent that may still grow, or -1
 * @key: which attributes part extents, and which fields are given
 * @frames: whether frames may be shown
 * @keep: records stay in @buffer, which is all the room there is
 * @user: where the next byte goes
 * @left: bytes left there
 * @delivered: bytes there already
 * @records: records in @buffer and delivered
 * @marks: union of their marks
 */
struct encoder {
	u8 *buffer;
	u32 used;
	u32 room;
	u32 sums_room;
	u32 tally_room;
	u32 table_room;
	u32 extent_room;
	u32 needed;
	s32 open;
	u64 key;
	bool frames;
	bool keep;
	void __user *user;
	u64 left;
	u64 delivered;
	u32 records;
	u32 marks;
};

/**
 * struct process - a process beside the sums over its memory
 * @error: 0, or why these are missing
 * @mm: its address space, NULL when there is none to be seen; the caller holds
 *	mm_users
 * @accounted: bytes of its mappings that the kernel has promised memory for
 * @cgroup: inode of its control group in cgroupfs
 */
struct process {
	pid_t pid;
	int error;
	u16 marks;
	s16 oom_score_adj;
	u64 accounted;
	u64 cgroup;
	struct mm_struct *mm;
	char comm[TASK_COMM_LEN];
};

void encode_init(void);

/*
 * @records: a bit for each type of record that will come. To keep all of them,
 * set @keep then.
 */
void encoder_begin(struct encoder *e, void __user *user, u64 size, u64 key,
		   bool frames, u64 records);

/* For records that are kept, whatever they are. */
void encoder_begin_kept(struct encoder *e);

/*
 * Each returns false when there is no room: flush and say it again, or stop.
 * None sleeps, but for encode_vma(), which resolves a path.
 */
bool encode_vma(struct encoder *e, const struct vma_copy *copy, char *path_page);
bool encode_tally(struct encoder *e, const struct tally *tally,
		  unsigned long start, unsigned long end, u16 marks);
bool encode_process(struct encoder *e, const struct process *process);
/* Each leaves room for those that follow. */
bool encode_fill(struct encoder *e, const struct fill_sums *fill,
		 unsigned long start, unsigned long end, u16 marks);
bool encode_charges(struct encoder *e, const struct charges *charges,
		    unsigned long start, unsigned long end, u16 marks);
/*
 * There is room for it behind a TALLY that was. Return: the levels of the record,
 * which may be added to until the next flush; NULL without room.
 */
struct tables_level *encode_tables(struct encoder *e, const struct tables *tables,
				   unsigned long start, unsigned long end,
				   u16 marks);
bool encode_few(struct encoder *e, const struct tally_few *few,
		unsigned long start, unsigned long end);
/* @pages pages from @addr on; frames count up from info->frame. */
bool encode_pages(struct encoder *e, unsigned long addr,
		  const struct page_info *info, u32 pages);

/* All pages between two addresses, however many. Return: address reached. */
unsigned long encode_range(struct encoder *e, unsigned long addr,
			   unsigned long end, const struct page_info *info);

/**
 * encode_list_open - let frames be written straight into a list
 * @e: an encoder that gives frames
 * @addr: of the first page
 * @info: what the pages are; their frames are below 2^32
 * @room: out: how many frames may be written
 *
 * Return: where they go, or NULL without room. At least one must be added.
 */
u32 *encode_list_open(struct encoder *e, unsigned long addr,
		      const struct page_info *info, u32 *room);
void encode_list_add(struct encoder *e, u32 pages);

/* The open extent will not grow any more; mark it. */
void encode_close(struct encoder *e);
void encode_mark_open(struct encoder *e, u16 marks);

/**
 * encode_flush - move the buffer to the user, unless it is to be kept
 *
 * Context: outside a section; may fault. Return: 0 or -EFAULT.
 */
int encode_flush(struct encoder *e);

/* Move what was kept there. Context and return: likewise. */
int encode_deliver(const struct encoder *e, void __user *user);

#endif /* VMS_ENCODE_H */
