// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Memory events, counted by BPF programs where they happen. It must not know what
 * is made of them. Without libbpf nothing is counted.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf_load.h"
#include "clock.h"
#include "event_log.h"

void vs_events_free(struct vs_events *events)
{
	free(events->reason);
	free(events->process);
	free(events->vma);
	free(events->kill);
	memset(events, 0, sizeof(*events));
}

#ifdef VMSCOPE_BPF

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "event_callers.h"
#include "event_hooks.h"
#include "events.h"
#include "events.skel.h"

#define SAME(a, b)	_Static_assert((int)(a) == (int)(b), #a)
SAME(VS_EVENT_SWAP_OUT, EVENT_SWAP_OUT);
SAME(VS_EVENT_SWAP_IN, EVENT_SWAP_IN);
SAME(VS_EVENT_REFAULT_ANON, EVENT_REFAULT_ANON);
SAME(VS_EVENT_REFAULT_FILE, EVENT_REFAULT_FILE);
SAME(VS_EVENT_RECLAIM, EVENT_RECLAIM);
SAME(VS_EVENT_RECLAIM_CGROUP, EVENT_RECLAIM_CGROUP);
SAME(VS_EVENT_KSWAPD_WAKE, EVENT_KSWAPD_WAKE);
SAME(VS_EVENT_KSWAPD, EVENT_KSWAPD);
SAME(VS_EVENT_COMPACT_STALL, EVENT_COMPACT_STALL);
SAME(VS_EVENT_COMPACT, EVENT_COMPACT);
SAME(VS_EVENT_THP_FAULT, EVENT_THP_FAULT);
SAME(VS_EVENT_THP_SCAN, EVENT_THP_SCAN);
SAME(VS_EVENT_THP_COLLAPSE, EVENT_THP_COLLAPSE);
SAME(VS_EVENT_THP_SPLIT, EVENT_THP_SPLIT);
SAME(VS_EVENT_THP_SPLIT_PMD, EVENT_THP_SPLIT_PMD);
SAME(VS_EVENT_KSM_MERGE, EVENT_KSM_MERGE);
SAME(VS_EVENT_KSM_UNMERGE, EVENT_KSM_UNMERGE);
SAME(VS_EVENT_MIGRATE, EVENT_MIGRATE);
SAME(VS_EVENT_OOM_KILL, EVENT_OOM_KILL);
SAME(VS_EVENT_TLB_FLUSH, EVENT_TLB_FLUSH);
SAME(VS_EVENT_MMAP, EVENT_MMAP);
SAME(VS_EVENT_MUNMAP, EVENT_MUNMAP);
SAME(VS_EVENT_BRK, EVENT_BRK);
SAME(VS_EVENT_MREMAP, EVENT_MREMAP);
SAME(VS_EVENT_MPROTECT, EVENT_MPROTECT);
SAME(VS_EVENT_MADVISE, EVENT_MADVISE);
SAME(VS_EVENT_FORK, EVENT_FORK);
SAME(VS_EVENT_EXEC, EVENT_EXEC);
SAME(VS_EVENT_TEARDOWN, EVENT_TEARDOWN);
SAME(VS_EVENTS, EVENT_KINDS);
SAME(VS_EVENT_IN_SWAP_OUT, EVENT_IN_SWAP_OUT);
SAME(VS_EVENT_IN_SWAP_IN, EVENT_IN_SWAP_IN);
SAME(VS_EVENT_IN_THP_FAULT, EVENT_IN_THP_FAULT);
SAME(VS_EVENT_IN_THP_FALLBACK, EVENT_IN_THP_FALLBACK);
SAME(VS_EVENT_IN_THP_SPLIT_PMD, EVENT_IN_THP_SPLIT_PMD);
SAME(VS_EVENT_PLACED, EVENT_PLACED);
SAME(VS_FAULT_NAME, EVENT_NAME);
SAME(VS_FAULT_COMM, EVENT_COMM);

/* What reasons are reasons of. */
static const enum vs_event event_of[EVENT_WHYS] = {
	[EVENT_WHY_COMPACT] = VS_EVENT_COMPACT_STALL,
	[EVENT_WHY_THP_FAULT] = VS_EVENT_THP_FAULT,
	[EVENT_WHY_SCAN] = VS_EVENT_THP_SCAN,
	[EVENT_WHY_COLLAPSE] = VS_EVENT_THP_COLLAPSE,
	[EVENT_WHY_MIGRATE] = VS_EVENT_MIGRATE,
	[EVENT_WHY_TLB] = VS_EVENT_TLB_FLUSH,
};

struct vs_event_watch {
	struct vs_event_hooks hooks;
	enum vs_event_scope scope;
	uint64_t attach_ns;
	uint64_t begun_ns;
};

struct vs_event_watch *vs_event_watch_open(enum vs_event_scope scope, uint32_t room,
					   struct vs_error *error)
{
	struct vs_event_watch *watch = calloc(1, sizeof(*watch));
	uint64_t begun = vs_now();

	if (!watch) {
		vs_error_memory(error);
		return NULL;
	}
	if (vs_event_hooks_open(&watch->hooks, scope, room, error)) {
		vs_event_watch_close(watch);
		return NULL;
	}
	watch->scope = scope;
	watch->attach_ns = vs_now() - begun;
	return watch;
}

void vs_event_watch_close(struct vs_event_watch *watch)
{
	if (!watch)
		return;
	vs_event_hooks_close(&watch->hooks);
	free(watch);
}

int vs_event_watch_begin(struct vs_event_watch *watch, pid_t pid, struct vs_error *error)
{
	struct events_bpf__bss *shared = watch->hooks.bpf->bss;
	char none;

	watch->begun_ns = vs_now();
	shared->counting = true;
	if (watch->scope == VS_EVENTS_EVERYONE)
		return 0;
	/* It has another pid in there, which one program finds out. */
	if (vs_bpf_iterate(watch->hooks.bpf->progs.begin_watching, pid, &none, 1) < 0)
		return vs_error_set(error, VS_FAIL_CANNOT,
				    "this kernel cannot look for one process by BPF: %s",
				    strerror(errno));
	if (!shared->found)
		return vs_error_set(error, VS_FAIL_GONE, "process %d has exited", pid);
	return 0;
}

/* -------------------------------------------------------------------- reading */

static void add_count(struct vs_event_count *to, const struct event_count *from)
{
	to->times += from->times;
	to->amount += from->amount;
	to->failed += from->failed;
	to->ns += from->ns;
}

static void add_total(struct vs_event_total *to, const struct event_total *from)
{
	add_count(&to->count, &from->count);
	to->latency.ns += from->count.ns;
	if (from->most_ns > to->latency.most_ns)
		to->latency.most_ns = from->most_ns;
	for (int n = 0; n < VS_FAULT_BUCKETS; n++)
		to->latency.bucket[n] += from->bucket[n];
}

/* What each CPU has of one thing; NULL: it cannot be read. */
static void *of_each_cpu(const struct bpf_map *map, uint32_t key, void *buffer, size_t size)
{
	return bpf_map__lookup_elem(map, &key, sizeof(key), buffer, size, 0) ? NULL : buffer;
}

static int read_totals(struct vs_event_watch *watch, struct vs_events *events)
{
	int cpus = libbpf_num_possible_cpus(), err = 0;
	struct event_total *from = cpus > 0 ? calloc(cpus, sizeof(*from)) : NULL;

	for (uint32_t kind = 0; from && !err && kind < EVENT_KINDS; kind++) {
		if (!of_each_cpu(watch->hooks.bpf->maps.totals, kind, from, cpus * sizeof(*from)))
			err = -1;
		for (int i = 0; !err && i < cpus; i++)
			add_total(&events->total[kind], &from[i]);
	}
	free(from);
	return from ? err : -1;
}

static int read_reasons(struct vs_event_watch *watch, struct vs_events *events)
{
	int cpus = libbpf_num_possible_cpus(), err = 0;
	struct event_count *from = cpus > 0 ? calloc(cpus, sizeof(*from)) : NULL;

	events->reason = calloc(EVENT_WHYS * EVENT_REASONS + EVENT_PATHS,
				sizeof(*events->reason));
	for (uint32_t at = 0; from && events->reason && !err &&
	     at < EVENT_WHYS * EVENT_REASONS; at++) {
		struct vs_event_reason *to = &events->reason[events->nr_reasons];
		uint32_t why = at / EVENT_REASONS, which = at % EVENT_REASONS;
		const char *name = watch->hooks.reasons.name[why][which];

		if (!of_each_cpu(watch->hooks.bpf->maps.reasons, at, from, cpus * sizeof(*from)))
			err = -1;
		for (int i = 0; !err && i < cpus; i++)
			add_count(&to->count, &from[i]);
		if (!to->count.times)
			continue;
		to->event = event_of[why];
		if (*name)
			memcpy(to->name, name, sizeof(to->name));
		else
			snprintf(to->name, sizeof(to->name), "%u", which);
		events->nr_reasons++;
	}
	free(from);
	return from && events->reason ? err : -1;
}

/* Of the kinds for which the kernel has no reasons: who in it asked. */
static void read_callers(struct vs_event_watch *watch, struct vs_events *events)
{
	const struct bpf_map *map = watch->hooks.bpf->maps.paths;
	struct vs_kernel_symbols symbols = { 0 };
	struct event_path path, *last = NULL;
	struct event_count count;
	size_t nr = 0;

	while (nr < EVENT_PATHS && !bpf_map__get_next_key(map, last, &path, sizeof(path))) {
		struct vs_event_count sum = { 0 };

		last = &path;
		/* Without them, as for who may not read them, it is nobody who is known. */
		if (!nr++)
			vs_kernel_symbols_read("/proc/kallsyms", &symbols);
		if (bpf_map__lookup_elem(map, &path, sizeof(path), &count, sizeof(count), 0))
			continue;
		add_count(&sum, &count);
		events->nr_reasons = vs_event_caller_add(events->reason, events->nr_reasons,
							 path.event == EVENT_THP_SPLIT ?
							 VS_EVENT_THP_SPLIT :
							 VS_EVENT_THP_SPLIT_PMD,
							 &symbols, &path, &sum);
	}
	vs_kernel_symbols_free(&symbols);
}

static int read_processes(struct vs_event_watch *watch, struct vs_events *events)
{
	const struct bpf_map *map = watch->hooks.bpf->maps.processes;
	const uint32_t most = bpf_map__max_entries(map);
	struct event_who key, *last = NULL;
	struct event_process one;

	events->process = calloc(most, sizeof(*events->process));
	while (events->process && events->nr_processes < most &&
	       !bpf_map__get_next_key(map, last, &key, sizeof(key))) {
		struct vs_event_process *to = &events->process[events->nr_processes];

		last = &key;
		if (bpf_map__lookup_elem(map, &key, sizeof(key), &one, sizeof(one), 0))
			continue;
		to->pid = key.tgid;
		memcpy(to->comm, one.comm, sizeof(to->comm));
		for (int kind = 0; kind < VS_EVENTS; kind++)
			add_count(&to->of[kind], &one.of[kind]);
		events->nr_processes++;
	}
	return events->process ? 0 : -1;
}

static int read_vmas(struct vs_event_watch *watch, struct vs_events *events)
{
	const struct bpf_map *map = watch->hooks.bpf->maps.vmas;
	const uint32_t most = bpf_map__max_entries(map);
	struct event_where key, *last = NULL;
	struct event_vma one;

	events->vma = calloc(most, sizeof(*events->vma));
	while (events->vma && events->nr_vmas < most &&
	       !bpf_map__get_next_key(map, last, &key, sizeof(key))) {
		struct vs_event_vma *to = &events->vma[events->nr_vmas];

		last = &key;
		if (bpf_map__lookup_elem(map, &key, sizeof(key), &one, sizeof(one), 0))
			continue;
		to->pid = key.who.tgid;
		to->kind = one.kind;
		to->start = key.start;
		to->end = one.end;
		for (int i = 0; i < VS_EVENT_PLACED; i++)
			to->of[i] = one.of[i];
		memcpy(to->name, one.name, sizeof(to->name));
		events->nr_vmas++;
	}
	return events->vma ? 0 : -1;
}

void vs_event_take_kill(struct vs_event_kill *to, const struct event_kill *from, uint64_t begun_ns)
{
	uint64_t page = sysconf(_SC_PAGESIZE);

	*to = (struct vs_event_kill){
		.pid = from->tgid,
		.asked = from->asked,
		.cgroup = from->cgroup,
		.order = from->order,
		.points = from->points,
		.all = from->all,
		.anon = from->anon * page,
		.file = from->file * page,
		.shmem = from->shmem * page,
		.swap = from->swap * page,
		.tables = from->tables,
		.after_ns = from->at - begun_ns,
	};
	memcpy(to->comm, from->comm, sizeof(to->comm));
	memcpy(to->asked_comm, from->asked_comm, sizeof(to->asked_comm));
}

static int read_kills(struct vs_event_watch *watch, struct vs_events *events)
{
	const struct events_bpf__bss *shared = watch->hooks.bpf->bss;

	events->all_kills = shared->nr_kills;
	events->nr_kills = shared->nr_kills < EVENT_KILLS ? shared->nr_kills : EVENT_KILLS;
	events->kill = calloc(events->nr_kills + 1, sizeof(*events->kill));
	for (size_t i = 0; events->kill && i < events->nr_kills; i++)
		vs_event_take_kill(&events->kill[i], &shared->kills[i], watch->begun_ns);
	return events->kill ? 0 : -1;
}

int vs_event_watch_end(struct vs_event_watch *watch, struct vs_events *events,
		       struct vs_error *error)
{
	struct events_bpf__bss *shared = watch->hooks.bpf->bss;

	memset(events, 0, sizeof(*events));
	shared->counting = false;
	events->watched_ns = vs_now() - watch->begun_ns;
	events->attach_ns = watch->attach_ns;
	vs_bpf_quiesce();
	if (read_totals(watch, events) || read_reasons(watch, events) ||
	    read_processes(watch, events) || read_vmas(watch, events) ||
	    read_kills(watch, events)) {
		vs_events_free(events);
		return vs_error_set(error, VS_FAIL_CANNOT, "reading what was counted: %s",
				    strerror(errno));
	}
	read_callers(watch, events);
	events->lost_processes = shared->lost_processes;
	events->lost_vmas = shared->lost_vmas;
	events->lost_times = shared->lost_storage;
	events->lost_followed = shared->lost_followed;
	events->lost_recursion = vs_event_hooks_missed(&watch->hooks);
	memcpy(events->missing, watch->hooks.missing, sizeof(events->missing));
	events->nr_missing = watch->hooks.nr_missing;
	return 0;
}

#else

struct vs_event_watch *vs_event_watch_open(enum vs_event_scope scope, uint32_t room,
					   struct vs_error *error)
{
	(void)scope;
	(void)room;
	vs_error_set(error, VS_FAIL_CANNOT, VS_BPF_MISSING);
	return NULL;
}

int vs_event_watch_begin(struct vs_event_watch *watch, pid_t pid, struct vs_error *error)
{
	(void)watch;
	(void)pid;
	return vs_error_set(error, VS_FAIL_CANNOT, VS_BPF_MISSING);
}

int vs_event_watch_end(struct vs_event_watch *watch, struct vs_events *events,
		       struct vs_error *error)
{
	(void)watch;
	(void)events;
	return vs_error_set(error, VS_FAIL_CANNOT, VS_BPF_MISSING);
}

void vs_event_watch_close(struct vs_event_watch *watch)
{
	(void)watch;
}

#endif
