// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the kernel tells of KSM. It must not know what pages are merged.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ksm.h"
#include "proc_read.h"

#define KSM	"/sys/kernel/mm/ksm/"

static uint64_t number(const char *path)
{
	char line[64], *end;
	uint64_t value;

	if (vs_read_line(path, line, sizeof(line)))
		return VS_UNKNOWN;
	value = strtoull(line, &end, 10);
	return end == line ? VS_UNKNOWN : value;
}

void vs_ksm_host(struct vs_ksm_host *host)
{
	*host = (struct vs_ksm_host){
		.exists = !access(KSM "run", F_OK),
		.run = number(KSM "run"),
		.pages_to_scan = number(KSM "pages_to_scan"),
		.sleep_ms = number(KSM "sleep_millisecs"),
		.full_scans = number(KSM "full_scans"),
		.shared = number(KSM "pages_shared"),
		.sharing = number(KSM "pages_sharing"),
		.unshared = number(KSM "pages_unshared"),
		.volatile_pages = number(KSM "pages_volatile"),
		.zero_pages = number(KSM "ksm_zero_pages"),
		.use_zero_pages = number(KSM "use_zero_pages"),
	};
}

void vs_ksm_process(pid_t pid, struct vs_ksm_process *process)
{
	char path[64], key[40];
	long long value;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/ksm_merging_pages", pid);
	*process = (struct vs_ksm_process){
		.merging = number(path),
		.rmap_items = VS_UNKNOWN,
		.zero_pages = VS_UNKNOWN,
	};
	snprintf(path, sizeof(path), "/proc/%d/ksm_stat", pid);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fscanf(file, "%39s %lld", key, &value) == 2) {
		if (!strcmp(key, "ksm_rmap_items")) {
			process->rmap_items = value;
		} else if (!strcmp(key, "ksm_zero_pages")) {
			process->zero_pages = value;
		} else if (!strcmp(key, "ksm_process_profit")) {
			process->profit = value;
			process->profit_known = true;
		}
	}
	fclose(file);
}

unsigned int vs_ksm_rmap_item_size(void)
{
	return sizeof(long) == 8 ? 64 : 32;
}

bool vs_ksm_profit(const struct vs_ksm_process *process, uint64_t page_size, int64_t *bytes)
{
	uint64_t zero = process->zero_pages == VS_UNKNOWN ? 0 : process->zero_pages;

	if (process->merging == VS_UNKNOWN || process->rmap_items == VS_UNKNOWN)
		return false;
	*bytes = (process->merging + zero) * page_size -
		process->rmap_items * vs_ksm_rmap_item_size();
	return true;
}
