// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What memory events come to. It must not know how they are counted or shown.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "events.h"

const struct vs_event_kind vs_event_kinds[VS_EVENTS] = {
	[VS_EVENT_SWAP_OUT] = { "swap_out", "swap-out", VS_UNIT_PAGES, NULL,
				"pswpout zswpout" },
	[VS_EVENT_SWAP_IN] = { "swap_in", "swap-in", VS_UNIT_NONE, "failed", "pswpin zswpin" },
	[VS_EVENT_REFAULT_ANON] = { "refault_anon", "refault, anon", VS_UNIT_PAGES, NULL,
				    "workingset_refault_anon" },
	[VS_EVENT_REFAULT_FILE] = { "refault_file", "refault, file", VS_UNIT_PAGES, NULL,
				    "workingset_refault_file" },
	[VS_EVENT_RECLAIM] = { "reclaim", "direct reclaim", VS_UNIT_PAGES, NULL,
			       "allocstall_dma allocstall_dma32 allocstall_normal "
			       "allocstall_movable allocstall_device pgscan_direct pgsteal_direct" },
	[VS_EVENT_RECLAIM_CGROUP] = { "reclaim_cgroup", "cgroup reclaim", VS_UNIT_PAGES },
	[VS_EVENT_KSWAPD_WAKE] = { "kswapd_wake", "kswapd woken" },
	[VS_EVENT_KSWAPD] = { "kswapd", "kswapd ran",
			      .vmstat = "pageoutrun pgscan_kswapd pgsteal_kswapd" },
	[VS_EVENT_COMPACT_STALL] = { "compact_stall", "compaction stall",
				     .vmstat = "compact_stall compact_fail compact_success" },
	[VS_EVENT_COMPACT] = { "compact", "compaction" },
	[VS_EVENT_THP_FAULT] = { "thp_fault", "THP fault", VS_UNIT_NONE, "fallback",
				 "thp_fault_alloc thp_fault_fallback thp_fault_fallback_charge" },
	[VS_EVENT_THP_SCAN] = { "thp_scan", "THP scan", VS_UNIT_NONE, "refused",
				"thp_scan_exceed_none_pte thp_scan_exceed_swap_pte "
				"thp_scan_exceed_share_pte" },
	[VS_EVENT_THP_COLLAPSE] = { "thp_collapse", "THP collapse", VS_UNIT_NONE, "failed",
				    "thp_collapse_alloc thp_collapse_alloc_failed" },
	[VS_EVENT_THP_SPLIT] = { "thp_split", "THP split", VS_UNIT_NONE, "failed",
				 "thp_split_page thp_split_page_failed" },
	[VS_EVENT_THP_SPLIT_PMD] = { "thp_split_pmd", "THP entry split",
				     .vmstat = "thp_split_pmd" },
	[VS_EVENT_KSM_MERGE] = { "ksm_merge", "KSM merge" },
	[VS_EVENT_KSM_UNMERGE] = { "ksm_unmerge", "KSM unmerge", .vmstat = "cow_ksm" },
	[VS_EVENT_MIGRATE] = { "migrate", "migration", VS_UNIT_PAGES, "failed_pages",
			       "pgmigrate_success pgmigrate_fail" },
	[VS_EVENT_OOM_KILL] = { "oom_kill", "OOM kill", .vmstat = "oom_kill" },
	[VS_EVENT_TLB_FLUSH] = { "tlb_flush", "TLB flush", VS_UNIT_PAGES, "whole" },
	[VS_EVENT_MMAP] = { "mmap", "mmap()" },
	[VS_EVENT_MUNMAP] = { "munmap", "munmap()" },
	[VS_EVENT_BRK] = { "brk", "brk()" },
	[VS_EVENT_MREMAP] = { "mremap", "mremap()" },
	[VS_EVENT_MPROTECT] = { "mprotect", "mprotect()" },
	[VS_EVENT_MADVISE] = { "madvise", "madvise()" },
	[VS_EVENT_FORK] = { "fork", "fork, tables", VS_UNIT_BYTES },
	[VS_EVENT_EXEC] = { "exec", "exec" },
	[VS_EVENT_TEARDOWN] = { "teardown", "teardown, tables", VS_UNIT_BYTES },
};

uint64_t vs_event_bytes(enum vs_event event, uint64_t amount)
{
	return vs_event_kinds[event].unit == VS_UNIT_PAGES ? amount * sysconf(_SC_PAGESIZE) :
		amount;
}

uint64_t vs_event_stall(const struct vs_event_process *process)
{
	return process->of[VS_EVENT_RECLAIM].ns + process->of[VS_EVENT_RECLAIM_CGROUP].ns +
		process->of[VS_EVENT_COMPACT].ns;
}

uint64_t vs_event_calls(const struct vs_event_process *process)
{
	uint64_t calls = 0;

	for (int i = VS_EVENT_MMAP; i <= VS_EVENT_MADVISE; i++)
		calls += process->of[i].times;
	return calls;
}

/* Pages that went and came weigh more than anything else. */
static uint64_t moved(const struct vs_event_process *process)
{
	return process->of[VS_EVENT_SWAP_OUT].amount + process->of[VS_EVENT_SWAP_IN].times +
		process->of[VS_EVENT_REFAULT_ANON].amount +
		process->of[VS_EVENT_REFAULT_FILE].amount;
}

static uint64_t times(const struct vs_event_process *process)
{
	uint64_t all = 0;

	for (int i = 0; i < VS_EVENTS; i++)
		all += process->of[i].times;
	return all;
}

static int more_first(uint64_t one, uint64_t two)
{
	return one > two ? -1 : one < two;
}

static int by_weight(const void *a, const void *b)
{
	const struct vs_event_process *one = a, *two = b;
	int order = more_first(moved(one), moved(two));

	if (!order)
		order = more_first(vs_event_stall(one), vs_event_stall(two));
	if (!order)
		order = more_first(times(one), times(two));
	return order ? order : one->pid < two->pid ? -1 : one->pid > two->pid;
}

static int by_events(const void *a, const void *b)
{
	const struct vs_event_vma *one = a, *two = b;
	uint64_t first = 0, second = 0;

	for (int i = 0; i < VS_EVENT_PLACED; i++) {
		first += one->of[i];
		second += two->of[i];
	}
	if (first != second)
		return more_first(first, second);
	if (one->pid != two->pid)
		return one->pid < two->pid ? -1 : 1;
	return one->start < two->start ? -1 : one->start > two->start;
}

static int by_times(const void *a, const void *b)
{
	const struct vs_event_reason *one = a, *two = b;

	if (one->event != two->event)
		return one->event < two->event ? -1 : 1;
	return more_first(one->count.times, two->count.times);
}

void vs_events_analyze(struct vs_event_answer *answer)
{
	struct vs_events *events = &answer->events;

	qsort(events->process, events->nr_processes, sizeof(*events->process), by_weight);
	qsort(events->vma, events->nr_vmas, sizeof(*events->vma), by_events);
	qsort(events->reason, events->nr_reasons, sizeof(*events->reason), by_times);
}

void vs_events_end(struct vs_event_answer *answer)
{
	vs_events_free(&answer->events);
}

static bool line_of(const struct vs_event_answer *answer, int after, const char *name,
		    uint64_t *value)
{
	for (size_t i = 0; i < answer->nr_vmstat[after]; i++)
		if (!strcmp(answer->vmstat[after][i].name, name)) {
			*value = answer->vmstat[after][i].value;
			return true;
		}
	return false;
}

bool vs_event_grown(const struct vs_event_answer *answer, const char *name, uint64_t *by)
{
	uint64_t before, after;

	if (!line_of(answer, 0, name, &before) || !line_of(answer, 1, name, &after))
		return false;
	*by = after > before ? after - before : 0;
	return true;
}

uint64_t vs_events_lost(const struct vs_events *events)
{
	return events->lost_processes + events->lost_vmas + events->lost_times +
		events->lost_followed + events->lost_recursion;
}
