/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel tells of KSM: of itself in sysfs, of a process in procfs. It
 * must not know what pages are merged.
 */
#ifndef VMSCOPE_KSM_H
#define VMSCOPE_KSM_H

#include <stdbool.h>
#include <sys/types.h>

#include "model.h"

/* sysfs; VS_UNKNOWN where this kernel has no such file. */
struct vs_ksm_host {
	bool exists;			/* the kernel has KSM */
	uint64_t run;			/* 0 stopped, 1 runs, 2 unmerges everything */
	uint64_t pages_to_scan;
	uint64_t sleep_ms;
	uint64_t full_scans;
	uint64_t shared;		/* pages that stand for others */
	uint64_t sharing;		/* mappings that they saved */
	uint64_t unshared;		/* looked at, nothing equal found */
	uint64_t volatile_pages;	/* change too fast */
	uint64_t zero_pages;
	uint64_t use_zero_pages;
};

void vs_ksm_host(struct vs_ksm_host *host);

/* procfs; VS_UNKNOWN where it does not tell. */
struct vs_ksm_process {
	uint64_t merging;		/* pages */
	uint64_t rmap_items;
	uint64_t zero_pages;
	uint64_t profit;		/* bytes, two's complement; see profit_known */
	bool profit_known;
};

void vs_ksm_process(pid_t pid, struct vs_ksm_process *process);

/*
 * mm/ksm.c: struct ksm_rmap_item, which KSM keeps for each page that it looked
 * at; seven words and a half, of which one is rounded up.
 */
unsigned int vs_ksm_rmap_item_size(void);

/* mm/ksm.c ksm_process_profit(); false when a figure is not known. */
bool vs_ksm_profit(const struct vs_ksm_process *process, uint64_t page_size, int64_t *bytes);

#endif
