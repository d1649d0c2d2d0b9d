/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compares what vmscope says with what procfs says, and knows the faults of
 * procfs; knows nothing of how either was obtained.
 */
#ifndef SELFTESTS_ORACLE_H
#define SELFTESTS_ORACLE_H

#include <stdint.h>
#include <sys/types.h>

#include "proc.h"
#include "scan.h"

/*
 * Compare every page of [start, end) in @s with pagemap, kpageflags and
 * kpagecount of @pid. Returns NULL, or the first difference as text.
 */
const char *oracle_pages(pid_t pid, const struct scan *s, uint64_t start,
			 uint64_t end);

/* Compare every figure of a tally with smaps. */
const char *oracle_tally(const struct scan_tally *t, const struct scan_vma *v,
			 const struct smaps *m);

/* Compare the description of a mapping with smaps. */
const char *oracle_vma(const struct scan_vma *v, const struct smaps *m);

/*
 * Scan [start, end) of a quiet process with everything and compare pages and
 * tallies of all VMAs in it, several times where the kernel's own background
 * work (draining its LRU batches) changes a flag in between. Returns NULL or
 * the last difference. @s is filled and must be freed in either case.
 */
const char *oracle_range(pid_t pid, int fd, uint64_t start, uint64_t end,
			 struct scan *s);

/* Compare the whole of a process; @flags as in vmscope_scan. */
const char *oracle_process(pid_t pid, int fd, uint32_t flags);

#endif
