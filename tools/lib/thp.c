// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The running kernel's policy of huge pages, from sysfs. It must not know what
 * follows from it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proc_read.h"
#include "thp.h"

#define THP	"/sys/kernel/mm/transparent_hugepage"

static const char * const words[VS_THP_WORDS] = {
	[VS_THP_UNKNOWN] = "",
	[VS_THP_NEVER] = "never",
	[VS_THP_MADVISE] = "madvise",
	[VS_THP_ALWAYS] = "always",
	[VS_THP_INHERIT] = "inherit",
	[VS_THP_WITHIN_SIZE] = "within_size",
	[VS_THP_ADVISE] = "advise",
	[VS_THP_DENY] = "deny",
	[VS_THP_FORCE] = "force",
	[VS_THP_DEFER] = "defer",
	[VS_THP_DEFER_MADVISE] = "defer+madvise",
};

const char *vs_thp_word(enum vs_thp_word word)
{
	return word < VS_THP_WORDS ? words[word] : "";
}

/* The one in brackets: "always [madvise] never". */
static uint8_t chosen(const char *path)
{
	char line[128];
	char *from, *to;

	if (vs_read_line(path, line, sizeof(line)))
		return VS_THP_UNKNOWN;
	from = strchr(line, '[');
	to = from ? strchr(from, ']') : NULL;
	if (!to)
		return VS_THP_UNKNOWN;
	*to = 0;
	for (int i = VS_THP_UNKNOWN + 1; i < VS_THP_WORDS; i++)
		if (!strcmp(from + 1, words[i]))
			return i;
	return VS_THP_UNKNOWN;
}

static uint64_t number(const char *name)
{
	char path[96], line[32], *end;
	uint64_t value;

	snprintf(path, sizeof(path), THP "/khugepaged/%s", name);
	if (vs_read_line(path, line, sizeof(line)))
		return VS_UNKNOWN;
	value = strtoull(line, &end, 10);
	return end == line ? VS_UNKNOWN : value;
}

static uint32_t small_number(const char *name)
{
	uint64_t value = number(name);

	return value > UINT32_MAX ? UINT32_MAX : value;
}

static void read_sizes(struct vs_thp *thp, unsigned int page_shift)
{
	for (int order = 1; order < VS_THP_ORDERS && page_shift >= 10; order++) {
		unsigned long kib = 1ul << (page_shift - 10 + order);
		char path[96];

		snprintf(path, sizeof(path), THP "/hugepages-%lukB/enabled", kib);
		thp->size[order] = chosen(path);
		snprintf(path, sizeof(path), THP "/hugepages-%lukB/shmem_enabled", kib);
		thp->shmem_size[order] = chosen(path);
	}
}

void vs_thp_read(struct vs_thp *thp, unsigned int page_shift)
{
	char line[128];

	memset(thp, 0, sizeof(*thp));
	switch (vs_read_line(THP "/enabled", line, sizeof(line))) {
	case 0:
		thp->support = VS_THP_READ;
		break;
	case -ENOENT:
		/* without sysfs nothing is known */
		if (!vs_read_line("/sys/kernel/uevent_seqnum", line, sizeof(line)))
			thp->support = VS_THP_MISSING;
		break;
	}
	thp->enabled = chosen(THP "/enabled");
	thp->shmem = chosen(THP "/shmem_enabled");
	thp->defrag = chosen(THP "/defrag");
	read_sizes(thp, page_shift);
	thp->max_ptes_none = small_number("max_ptes_none");
	thp->max_ptes_swap = small_number("max_ptes_swap");
	thp->max_ptes_shared = small_number("max_ptes_shared");
	thp->pages_to_scan = small_number("pages_to_scan");
	thp->scan_sleep_ms = small_number("scan_sleep_millisecs");
	thp->full_scans = number("full_scans");
	thp->collapsed = number("pages_collapsed");
}

uint64_t vs_thp_process(pid_t pid)
{
	long may = vs_proc_status_number(pid, "THP_enabled");

	return may < 0 ? VS_UNKNOWN : (uint64_t)may;
}
