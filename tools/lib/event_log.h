/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What happens to memory beside the faults while somebody watches. It must not
 * know how it is counted, nor what is made of it.
 */
#ifndef VMSCOPE_EVENT_LOG_H
#define VMSCOPE_EVENT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "fault_log.h"

/* bpf/events.h says of each what it is. */
enum vs_event {
	VS_EVENT_SWAP_OUT,
	VS_EVENT_SWAP_IN,
	VS_EVENT_REFAULT_ANON,
	VS_EVENT_REFAULT_FILE,
	VS_EVENT_RECLAIM,
	VS_EVENT_RECLAIM_CGROUP,
	VS_EVENT_KSWAPD_WAKE,
	VS_EVENT_KSWAPD,
	VS_EVENT_COMPACT_STALL,
	VS_EVENT_COMPACT,
	VS_EVENT_THP_FAULT,
	VS_EVENT_THP_SCAN,
	VS_EVENT_THP_COLLAPSE,
	VS_EVENT_THP_SPLIT,
	VS_EVENT_THP_SPLIT_PMD,
	VS_EVENT_KSM_MERGE,
	VS_EVENT_KSM_UNMERGE,
	VS_EVENT_MIGRATE,
	VS_EVENT_OOM_KILL,
	VS_EVENT_TLB_FLUSH,
	VS_EVENT_MMAP,
	VS_EVENT_MUNMAP,
	VS_EVENT_BRK,
	VS_EVENT_MREMAP,
	VS_EVENT_MPROTECT,
	VS_EVENT_MADVISE,
	VS_EVENT_FORK,
	VS_EVENT_EXEC,
	VS_EVENT_TEARDOWN,
	VS_EVENTS
};

struct vs_event_count {
	uint64_t times;
	uint64_t amount;		/* pages or bytes, by what it is */
	uint64_t failed;
	uint64_t ns;
};

struct vs_event_total {
	struct vs_event_count count;
	struct vs_fault_latency latency;	/* where it takes time */
};

/* Why: the reason that the kernel gives, or who in it asked. */
struct vs_event_reason {
	enum vs_event event;
	char name[40];			/* as the kernel calls it */
	bool is_function;		/* not a reason, but who asked */
	struct vs_event_count count;
};

/* pid 0: nobody whom the kernel knows, or who runs when nobody does. */
struct vs_event_process {
	uint32_t pid;			/* of the initial pid namespace */
	char comm[VS_FAULT_COMM];
	struct vs_event_count of[VS_EVENTS];
};

enum vs_event_placed {
	VS_EVENT_IN_SWAP_OUT,		/* pages */
	VS_EVENT_IN_SWAP_IN,
	VS_EVENT_IN_THP_FAULT,
	VS_EVENT_IN_THP_FALLBACK,
	VS_EVENT_IN_THP_SPLIT_PMD,
	VS_EVENT_PLACED
};

/* A mapping as it was when something happened there first. */
struct vs_event_vma {
	uint32_t pid;
	uint8_t kind;			/* enum vs_fault_vma_kind */
	uint64_t start;
	uint64_t end;
	uint64_t of[VS_EVENT_PLACED];
	char name[VS_FAULT_NAME];	/* the last part of its file's path */
};

/* A process that the kernel chose to kill, with what it had then. */
struct vs_event_kill {
	uint32_t pid;
	uint32_t asked;			/* whose allocation it was */
	char comm[VS_FAULT_COMM];
	char asked_comm[VS_FAULT_COMM];
	bool cgroup;			/* it had no memory left, not the host */
	int order;			/* of the allocation; -1: sysrq */
	int64_t points;			/* in pages */
	uint64_t all;			/* pages that points are measured by */
	uint64_t anon;			/* bytes, as what follows */
	uint64_t file;
	uint64_t shmem;
	uint64_t swap;
	uint64_t tables;
	uint64_t after_ns;		/* since the watch began */
};

struct event_kill;

/* From what a program noted of it. */
void vs_event_take_kill(struct vs_event_kill *to, const struct event_kill *from,
			uint64_t begun_ns);

/* Time that somebody (some) or everybody (full) waited for memory. */
struct vs_pressure {
	int err;			/* why nothing is known, -errno */
	double some_avg10;		/* percent, of the last ten seconds */
	double full_avg10;
	uint64_t some_us;		/* since boot */
	uint64_t full_us;
};

/* Of "/proc/pressure/memory", or a control group's memory.pressure. */
void vs_pressure_read(const char *path, struct vs_pressure *pressure);

/* A counter of the kernel's own. */
struct vs_vmstat {
	char name[40];
	uint64_t value;
};

#define VS_VMSTAT_LINES	320

/* Number of lines read, of VS_VMSTAT_LINES at most. */
size_t vs_vmstat_read(struct vs_vmstat *line);

#define VS_EVENT_MISSING	40

/* What happened, and what was not seen. */
struct vs_events {
	struct vs_event_total total[VS_EVENTS];
	struct vs_event_reason *reason;
	size_t nr_reasons;
	struct vs_event_process *process;
	size_t nr_processes;
	struct vs_event_vma *vma;
	size_t nr_vmas;
	struct vs_event_kill *kill;	/* the first ones */
	size_t nr_kills;
	uint64_t all_kills;
	uint64_t watched_ns;
	uint64_t attach_ns;
	uint64_t lost_processes;	/* events of processes that found no place */
	uint64_t lost_vmas;		/* events in mappings that found no place */
	uint64_t lost_times;		/* events whose beginning found no place */
	uint64_t lost_followed;		/* processes that were not followed */
	uint64_t lost_recursion;	/* events while another was being counted there */
	const char *missing[VS_EVENT_MISSING];	/* hooks that this kernel has not */
	size_t nr_missing;
};

void vs_events_free(struct vs_events *events);

/* Whose events. */
enum vs_event_scope {
	VS_EVENTS_EVERYONE,
	VS_EVENTS_PROCESS,
	VS_EVENTS_COMMAND,		/* and what it starts */
};

struct vs_event_watch;

/* @room: for processes, as much for mappings; 0: as is usual. NULL: see the error. */
struct vs_event_watch *vs_event_watch_open(enum vs_event_scope scope, uint32_t room,
					   struct vs_error *error);

/* From now on; @pid: of the process, or about to become the command. */
int vs_event_watch_begin(struct vs_event_watch *watch, pid_t pid, struct vs_error *error);

/* No longer; what was counted is the caller's, to be freed. */
int vs_event_watch_end(struct vs_event_watch *watch, struct vs_events *events,
		       struct vs_error *error);

void vs_event_watch_close(struct vs_event_watch *watch);

#endif
