/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One scan of a range of an address space, from sections to records; knows the
 * order of things and leaves each of them to its own room.
 */
#ifndef VMS_SCAN_H
#define VMS_SCAN_H

#include <linux/types.h>

#include "section.h"

#define SCAN_VMA	BIT(1)
#define SCAN_TALLY	BIT(2)
#define SCAN_EXTENT	BIT(3)
#define SCAN_TABLE	BIT(4)
#define SCAN_FILL	BIT(5)
#define SCAN_CHARGE	BIT(6)
#define SCAN_RECORDS \
	(SCAN_VMA | SCAN_TALLY | SCAN_EXTENT | SCAN_TABLE | SCAN_FILL | \
	 SCAN_CHARGE)
/* Those that sum many VMAs up as well as one. */
#define SCAN_WHOLE	(SCAN_TALLY | SCAN_TABLE | SCAN_CHARGE)

struct encoder;
struct scan;
struct mm_struct;

/**
 * struct scan_request - what is asked for; see struct vmscope_scan
 * @records: SCAN_*
 * @whole: sums are of all VMAs together; SCAN_WHOLE are the records that can be
 * @frames: whether the target's opener may see frame numbers
 * @keep: there is no @buffer: as many records as the kernel's own buffer holds
 *	stay there, for scan_records(); @size has no meaning
 */
struct scan_request {
	unsigned long start;
	unsigned long end;
	void __user *buffer;
	u64 size;
	u64 records;
	u64 key;
	u64 budget;
	u64 timeout_ns;
	bool holes;
	bool plain;
	bool unpaced;
	bool whole;
	bool frames;
	bool keep;
};

/**
 * struct scan_reply - what came of it
 * @needed: after -EMSGSIZE: bytes that the next record takes
 * @accounted: of @whole: bytes of mappings that the kernel has promised memory
 *	for
 */
struct scan_reply {
	unsigned long next;
	u64 used;
	u32 needed;
	u32 records;
	u32 marks;
	u64 accounted;
	struct hold hold[SECTION_LOCKS];
	u64 wall_ns;
	u64 sections;
	u64 entries;
	u64 waits;
	u64 rewalks;
};

/* Working memory of scans of one target; one scan at a time uses it. */
struct scan *scan_alloc(void);
void scan_free(struct scan *scan);

/**
 * scan_run - do it
 *
 * Context: process context, no locks; the caller holds mm_users. Return: 0,
 * -EMSGSIZE, -EBUSY, -EFAULT or -EINTR.
 */
int scan_run(struct scan *scan, struct mm_struct *mm,
	     const struct scan_request *request, struct scan_reply *reply);

/* Where records can follow those that scan_run() kept. */
struct encoder *scan_encoder(struct scan *scan);

/* The records that scan_run() kept: reply.used bytes, until it runs again. */
const void *scan_records(const struct scan *scan);

#endif /* VMS_SCAN_H */
