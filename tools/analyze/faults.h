/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What page faults come to: per process, what was lost of them, and where wrong
 * accesses went. It must not know how they are counted or shown.
 */
#ifndef VMSCOPE_ANALYZE_FAULTS_H
#define VMSCOPE_ANALYZE_FAULTS_H

#include "../lib/fault_log.h"
#include "strip.h"

/* Sums over threads. */
struct vs_fault_sum {
	uint64_t minor;			/* as the kernel accounted them */
	uint64_t major;
	uint64_t failed;		/* ended in a signal */
	uint64_t wrong;			/* accesses that ended in one */
	uint64_t lost_minor;		/* of them, those that were not seen */
	uint64_t lost_major;
	uint64_t unplaced;		/* those that were seen, but not where */
	uint64_t ns;			/* in all that were seen */
};

struct vs_fault_process {
	uint32_t pid;
	uint32_t first;			/* its threads, in vs_faults.thread, the busiest first */
	uint32_t threads;
	bool ended;			/* all of them */
	const char *comm;
	struct vs_fault_sum sum;
};

/* Faults of one cause: together those of all causes are the total. */
struct vs_fault_share {
	enum vs_cause cause;
	uint64_t minor;
	uint64_t major;
	struct vs_fault_latency latency;	/* of those that were seen */
};

struct vs_fault_answer {
	enum vs_fault_scope scope;
	const char *cgroup;		/* as it was named, when it is one */
	struct vs_faults faults;
	struct vs_fault_sum total;
	struct vs_fault_latency minor, major;
	struct vs_fault_share cause[VS_FAULT_CAUSES];	/* most time first, without those of none */
	size_t nr_causes;
	struct vs_fault_process *process;	/* most faults first */
	size_t nr_processes;
	/* of a command of ours, as wait4() told */
	bool have_usage;
	int status;
	uint64_t usage_minor;
	uint64_t usage_major;
};

/* Sorts, sums and compares; 0 or -ENOMEM. */
int vs_faults_analyze(struct vs_fault_answer *answer);
void vs_faults_end(struct vs_fault_answer *answer);

/* What a thread has in a sum. */
void vs_fault_sum_add(struct vs_fault_sum *sum, const struct vs_fault_thread *thread);

/* How many times are known. */
uint64_t vs_fault_times(const struct vs_fault_latency *latency);

/*
 * So long took so many of a hundred at most: the next power of two, in ns, but not
 * more than the longest; 0 when no time is known.
 */
uint64_t vs_fault_percentile(const struct vs_fault_latency *latency, unsigned int percent);

/* Faults of any kind that the kernel counted and nobody saw. */
uint64_t vs_faults_lost(const struct vs_fault_answer *answer);

/* Of all kinds, those that were seen: each of them can be told one by one. */
uint64_t vs_faults_seen(const struct vs_fault_answer *answer);

/* By which wait4() tells more than was seen: of processes that were not followed. */
uint64_t vs_faults_not_followed(const struct vs_fault_answer *answer);

/* Nothing was lost of anything. */
bool vs_faults_complete(const struct vs_fault_answer *answer);

/*
 * The mappings of a process that had faults, in address order: used is a page for each
 * fault. 0 or -ENOMEM; the strip is the caller's to be freed.
 */
int vs_faults_strip(const struct vs_fault_answer *answer, uint32_t pid, struct vs_strip *strip);

enum vs_fault_where {
	VS_WHERE_UNKNOWN,		/* it could not be looked for, or no address is told */
	VS_WHERE_NULL,			/* in the first page */
	VS_WHERE_INSIDE,		/* of a mapping that does not allow it */
	VS_WHERE_BELOW,
	VS_WHERE_ABOVE,
	VS_WHERE_GUARD,			/* of the stack, where it may not grow to */
	VS_WHERE_FAR,			/* from all mappings that are known */
};

struct vs_fault_place {
	enum vs_fault_where where;
	uint64_t distance;		/* bytes, of BELOW, ABOVE and GUARD */
	bool heap;			/* it is the heap that is meant, */
	const struct vs_fault_vma *vma;	/* or this; NULL: a mapping without a fault */
};

/*
 * Where a wrong access went. Mappings are known by their faults only, but for the
 * one at the address, and the heap.
 */
void vs_fault_place(const struct vs_faults *faults, const struct vs_fault_signal *signal,
		    struct vs_fault_place *place);

#endif
