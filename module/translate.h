/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The walk of a single address, with every entry on the way; knows nothing of
 * records.
 */
#ifndef VMS_TRANSLATE_H
#define VMS_TRANSLATE_H

#include "page.h"
#include "section.h"

/* As in the uAPI, which explains them; ioctl.c checks that they are equal. */
enum stop {
	STOP_LEAF,
	STOP_NONE,
	STOP_NONPRESENT,
	STOP_BAD,
	STOP_NO_VMA,
	STOP_RANGE,
	STOP_LOCKED,
};

struct step {
	u64 raw;
	u64 table;	/* frame of the table */
	u32 index;
	bool read;
};

struct translation {
	struct page_info info;
	u64 offset;	/* of the address in the page frame's memory */
	enum stop stop;
	enum table_level stop_level;
	u16 marks;
	unsigned long vma_start;
	unsigned long vma_end;
	struct step step[LEVEL_NR];
};

/**
 * translate - walk one address
 * @section: initialised; its timeout is for all that is done with it
 *
 * Context: process context, no locks; the caller holds mm_users. Return: 0 or
 * -EINTR.
 */
int translate(struct section *section, unsigned long addr,
	      struct translation *t);

#endif /* VMS_TRANSLATE_H */
