/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What memory events come to: in which order they are told, what is known of each
 * kind, and what the kernel counted of it meanwhile. It must not know how they are
 * counted or shown.
 */
#ifndef VMSCOPE_ANALYZE_EVENTS_H
#define VMSCOPE_ANALYZE_EVENTS_H

#include "../lib/event_log.h"

enum vs_event_unit {
	VS_UNIT_NONE,
	VS_UNIT_PAGES,
	VS_UNIT_BYTES,
};

struct vs_event_kind {
	const char *id;
	const char *name;
	enum vs_event_unit unit;
	const char *failed;		/* what that is; NULL: nothing can fail */
	const char *vmstat;		/* lines of /proc/vmstat of the same matter, or NULL */
};

extern const struct vs_event_kind vs_event_kinds[VS_EVENTS];

struct vs_event_answer {
	struct vs_events events;
	enum vs_event_scope scope;
	int status;			/* of a command, as of wait() */
	/* before and after */
	struct vs_pressure host[2], group[2];
	char cgroup[256];		/* that of the one process, or "" */
	struct vs_vmstat vmstat[2][VS_VMSTAT_LINES];
	size_t nr_vmstat[2];
};

/* Sorts. */
void vs_events_analyze(struct vs_event_answer *answer);
void vs_events_end(struct vs_event_answer *answer);

/* Bytes of @amount. */
uint64_t vs_event_bytes(enum vs_event event, uint64_t amount);

/* Time in reclaim and compaction. */
uint64_t vs_event_stall(const struct vs_event_process *process);
/* Calls that changed its address space. */
uint64_t vs_event_calls(const struct vs_event_process *process);

/*
 * By how much a line of /proc/vmstat grew meanwhile, on the whole host; false: the
 * kernel has no such line.
 */
bool vs_event_grown(const struct vs_event_answer *answer, const char *name, uint64_t *by);

/* Events of any kind that were not counted, or not all that is told of them. */
uint64_t vs_events_lost(const struct vs_events *events);

#endif
