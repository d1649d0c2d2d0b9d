/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Page faults while somebody watches: who had them, and where. It must not know
 * how they are counted, nor what is made of them.
 */
#ifndef VMSCOPE_FAULT_LOG_H
#define VMSCOPE_FAULT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "stacks.h"

#define VS_FAULT_COMM	16
#define VS_FAULT_BUCKETS	40
#define VS_FAULT_NAME	48

/* What a fault came from; bpf/faults.h says it of each. */
enum vs_cause {
	VS_CAUSE_ANON_ZERO,
	VS_CAUSE_STACK_GROWTH,
	VS_CAUSE_ZERO_PAGE,
	VS_CAUSE_THP,
	VS_CAUSE_HUGETLB,
	VS_CAUSE_FILE_MAPPED,
	VS_CAUSE_FILE_AROUND,
	VS_CAUSE_FILE_MAJOR,
	VS_CAUSE_SHMEM,
	VS_CAUSE_COW_COPY,
	VS_CAUSE_COW_REUSE,
	VS_CAUSE_WRITE_NOTIFY,
	VS_CAUSE_SWAP_CACHE,
	VS_CAUSE_SWAP_ZSWAP,
	VS_CAUSE_SWAP_ZRAM,
	VS_CAUSE_SWAP_DISK,
	VS_CAUSE_SWAP_OTHER,
	VS_CAUSE_KSM_BREAK,
	VS_CAUSE_NUMA_HINT,
	VS_CAUSE_MIGRATION,
	VS_CAUSE_USERFAULTFD,
	VS_CAUSE_SPURIOUS,
	VS_CAUSE_OTHER,			/* not known */
	VS_FAULT_CAUSES
};

/* By pid and id of the initial pid namespace. */
struct vs_fault_thread {
	uint32_t tid;
	uint32_t pid;
	bool ended;
	uint64_t minor;			/* that were seen */
	uint64_t major;
	uint64_t failed;		/* ended in a signal, and are accounted nowhere */
	uint64_t wrong;			/* signals for a wrong access */
	uint64_t kernel_minor;		/* as the kernel counted in the same time */
	uint64_t kernel_major;
	uint64_t unplaced;		/* of minor and major, in a mapping that was not seen */
	uint64_t ns;			/* in all others of minor and major */
	char comm[VS_FAULT_COMM];
};

enum vs_fault_vma_kind {
	VS_FAULT_VMA_FILE,
	VS_FAULT_VMA_ANON,
	VS_FAULT_VMA_HEAP,
	VS_FAULT_VMA_STACK,
	VS_FAULT_VMA_SPECIAL,
};

/* Of a mapping, in address order. */
#define VS_FAULT_CELLS	32

/* A mapping as it was at its last fault. */
struct vs_fault_vma {
	uint32_t pid;			/* who was in it first */
	uint8_t kind;			/* enum vs_fault_vma_kind */
	bool foreign;			/* who was in it has another address space */
	bool ended;
	uint64_t flags;			/* the kernel's vm_flags */
	uint64_t start;
	uint64_t end;
	uint64_t offset;		/* in its file */
	uint64_t inode;
	uint32_t dev_major;
	uint32_t dev_minor;
	uint64_t minor;
	uint64_t major;
	uint64_t failed;
	uint64_t ns;			/* in minor and major */
	uint64_t most_ns;
	uint64_t cause[VS_FAULT_CAUSES];	/* of minor and major */
	/* minor and major by address; the first cell has @start in it, all are aligned */
	uint64_t cell_bytes;
	uint32_t nr_cells;
	uint32_t cell[VS_FAULT_CELLS];
	char name[VS_FAULT_NAME];	/* the last part of its file's path */
};

enum vs_fault_access {
	VS_ACCESS_UNKNOWN,
	VS_ACCESS_READ,
	VS_ACCESS_WRITE,
	VS_ACCESS_EXECUTE,
	VS_ACCESS_NO_ADDRESS,		/* no page fault: the processor tells no address */
};

/* An access that ended in a signal. */
struct vs_fault_signal {
	uint32_t tid;
	uint32_t pid;
	int signal;
	int code;			/* si_code */
	uint8_t access;			/* enum vs_fault_access */
	bool vma_known;			/* the mapping there was looked for */
	uint64_t address;
	uint64_t start;			/* of that mapping; start is end where there is none */
	uint64_t end;
	uint64_t flags;
	uint64_t heap;
	uint64_t heap_end;
};

/* How long faults took; bucket n has those below 2^n ns, the last all others. */
struct vs_fault_latency {
	uint64_t ns;
	uint64_t most_ns;
	uint64_t bucket[VS_FAULT_BUCKETS];
};

struct vs_fault_cause {
	struct vs_fault_latency minor, major;
};

#define VS_FAULT_MISSING	16
/* One of them: kprobes are in its place, which may miss ends of faults that wait. */
#define VS_FAULT_NO_FENTRY	"fentry"

/* Of those that were counted, in whichever way, each is one of these when they are told. */
struct vs_stream_sums {
	bool asked;
	uint64_t told;			/* one by one */
	uint64_t filtered;		/* not wanted */
	uint64_t dropped;		/* there was no room left */
	uint64_t buffer;		/* bytes of it */
};

/* What was counted, and what was not. */
struct vs_faults {
	struct vs_fault_thread *thread;
	size_t nr_threads;
	struct vs_fault_thread others;	/* what those had together that found no place */
	struct vs_fault_vma *vma;
	size_t nr_vmas;
	struct vs_fault_signal *signal;	/* the first ones */
	size_t nr_signals;
	uint64_t all_signals;
	struct vs_fault_cause cause[VS_FAULT_CAUSES];
	uint64_t watched_ns;
	uint64_t attach_ns;		/* until everything was in its place */
	uint64_t lost_vmas;		/* faults whose mapping found no place */
	uint64_t lost_threads;		/* that found no place: in others */
	uint64_t lost_storage;		/* faults of threads that found no place */
	struct vs_stream_sums stream;
	struct vs_stacks stacks;
	const char *missing[VS_FAULT_MISSING];	/* hooks that this kernel has not */
	size_t nr_missing;
};

void vs_faults_free(struct vs_faults *faults);

/* Whose faults are counted. */
enum vs_fault_scope {
	VS_FAULTS_OF_PROCESS,
	VS_FAULTS_OF_COMMAND,		/* and of what it starts */
	VS_FAULTS_OF_SYSTEM,		/* of everybody but the kernel itself */
	VS_FAULTS_OF_CGROUP,		/* of a control group and those below it */
};

struct vs_watch;
struct vs_stream;

struct vs_watch_choice {
	enum vs_fault_scope scope;
	bool stacks;			/* user stacks as well */
	uint32_t room;			/* for mappings, as much for threads; 0: as is usual */
	/*
	 * Where each fault is told besides, until the watch is closed, and which are wanted
	 * there and in stacks; or NULL.
	 */
	const struct vs_stream *stream;
};

/* NULL: see the error. */
struct vs_watch *vs_watch_open(const struct vs_watch_choice *choice, struct vs_error *error);

/*
 * From now on. @whom: the pid of the process, or of who is about to become the command; a
 * descriptor of the control group's directory; nothing for the system.
 */
int vs_watch_begin(struct vs_watch *watch, int whom, struct vs_error *error);

/* How long to wait at most before there may be something to tell, in ns. */
uint64_t vs_watch_patience(const struct vs_watch *watch);

/* To wait on, until there is something to tell; -1: nothing is told. */
int vs_watch_fd(const struct vs_watch *watch);

/* Tells what is there; returns whether there may be more. */
bool vs_watch_tell(struct vs_watch *watch);

/* No longer; what was counted is the caller's, to be freed. */
int vs_watch_end(struct vs_watch *watch, struct vs_faults *faults, struct vs_error *error);

void vs_watch_close(struct vs_watch *watch);

#endif
