/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs in events.bpf.c and their loader have between them, in types
 * of fixed width. It knows nothing of the kernel.
 */
#ifndef VMSCOPE_BPF_EVENTS_H
#define VMSCOPE_BPF_EVENTS_H

#include "latency.h"
#include "vma_kind.h"

/* What can happen; whose it is, and what its amount and failures are. */
enum event_kind {
	EVENT_SWAP_OUT,		/* unmapped into swap, of whose memory it is; pages */
	EVENT_SWAP_IN,		/* a fault that wanted it back, of who had it */
	EVENT_REFAULT_ANON,	/* read again after it was evicted, by whom; pages */
	EVENT_REFAULT_FILE,
	EVENT_RECLAIM,		/* who allocates had to reclaim; pages reclaimed */
	EVENT_RECLAIM_CGROUP,	/* the same, for the limit of a control group, or asked for */
	EVENT_KSWAPD_WAKE,	/* who woke it */
	EVENT_KSWAPD,		/* it reclaimed once, on one node */
	EVENT_COMPACT_STALL,	/* who allocates had to compact */
	EVENT_COMPACT,		/* one zone, by whoever */
	EVENT_THP_FAULT,	/* a huge page was wanted; failed: small ones instead */
	EVENT_THP_SCAN,		/* of 2 MiB, whose they are; failed: not to be collapsed */
	EVENT_THP_COLLAPSE,	/* whose memory it is */
	EVENT_THP_SPLIT,	/* a huge page became small ones, by whom */
	EVENT_THP_SPLIT_PMD,	/* only its entry, of whose memory it is */
	EVENT_KSM_MERGE,	/* one page, whose it is */
	EVENT_KSM_UNMERGE,	/* ksmd no longer counts it as merged */
	EVENT_MIGRATE,		/* a batch, by whom; pages, and those that failed */
	EVENT_OOM_KILL,		/* who was killed */
	EVENT_TLB_FLUSH,	/* who ran; pages, failed: all of them instead */
	EVENT_MMAP,		/* calls */
	EVENT_MUNMAP,
	EVENT_BRK,
	EVENT_MREMAP,
	EVENT_MPROTECT,
	EVENT_MADVISE,
	EVENT_FORK,		/* the parent; bytes of page tables that the child got */
	EVENT_EXEC,
	EVENT_TEARDOWN,		/* an address space went; bytes of its page tables */
	EVENT_KINDS
};

/* Kinds with reasons, as the kernel has them in an enum. */
enum event_reasons {
	EVENT_WHY_COMPACT,
	EVENT_WHY_THP_FAULT,	/* of those that failed */
	EVENT_WHY_SCAN,
	EVENT_WHY_COLLAPSE,
	EVENT_WHY_MIGRATE,
	EVENT_WHY_TLB,
	EVENT_WHYS
};

#define EVENT_REASONS		64	/* of each */

/**
 * struct event_count - what happened of one kind
 * @times: how often
 * @amount: of what, says enum event_kind
 * @failed: what that is, as well
 * @ns: how long it took, where that is known
 */
struct event_count {
	unsigned long long times;
	unsigned long long amount;
	unsigned long long failed;
	unsigned long long ns;
};

#define EVENT_FRAMES		16
#define EVENT_PATHS		512

/**
 * struct event_path - where in the kernel an event was asked for
 * @event: EVENT_THP_SPLIT, EVENT_THP_SPLIT_PMD
 * @at: addresses of the kernel's code, innermost first; 0: no more
 */
struct event_path {
	unsigned int event;
	unsigned int reserved;
	unsigned long long at[EVENT_FRAMES];
};

/**
 * struct event_total - of all processes that count, on one CPU
 * @most_ns: the longest
 * @bucket: how many, by time
 */
struct event_total {
	struct event_count count;
	unsigned long long most_ns;
	unsigned long long bucket[LATENCY_BUCKETS];
};

#define EVENT_COMM		16
#define EVENT_NAME		48

/* A pid can be given again. */
struct event_who {
	unsigned int tgid;
	unsigned int reserved;
	unsigned long long start;
};

struct event_process {
	char comm[EVENT_COMM];
	struct event_count of[EVENT_KINDS];
};

/* What is told by mapping. */
enum event_placed {
	EVENT_IN_SWAP_OUT,	/* pages */
	EVENT_IN_SWAP_IN,
	EVENT_IN_THP_FAULT,
	EVENT_IN_THP_FALLBACK,
	EVENT_IN_THP_SPLIT_PMD,
	EVENT_PLACED
};

/* By the kernel's pointers, which come again at once when a process is gone. */
struct event_where {
	struct event_who who;
	unsigned long long mm;
	unsigned long long start;
	unsigned long long file;
};

/**
 * struct event_vma - what happened in one mapping
 * @end: as it was when something happened there first
 * @name: the last part of its file's path
 */
struct event_vma {
	unsigned int kind;
	unsigned int reserved;
	unsigned long long end;
	unsigned long long of[EVENT_PLACED];
	char name[EVENT_NAME];
};

/**
 * struct event_kill - a process that the kernel chose to kill
 * @tgid: whom
 * @asked: whose allocation it was
 * @cgroup: not the host had no memory left, but a control group
 * @order: of that allocation, in pages by powers of two; -1: sysrq
 * @points: by which it was chosen, in pages
 * @all: pages that points are measured by
 * @anon: pages that it had, as are @file, @shmem and @swap
 * @tables: bytes of its page tables
 * @at: ns, of the clock since boot that stops in suspend
 */
struct event_kill {
	unsigned int tgid;
	unsigned int asked;
	unsigned int cgroup;
	int order;
	long long points;
	unsigned long long all;
	unsigned long long anon;
	unsigned long long file;
	unsigned long long shmem;
	unsigned long long swap;
	unsigned long long tables;
	unsigned long long at;
	char comm[EVENT_COMM];
	char asked_comm[EVENT_COMM];
};

/* The first ones are kept, all are counted. */
#define EVENT_KILLS		16

/* Kept at most. */
#define EVENT_PROCESSES		4096
#define EVENT_VMAS		4096

#endif
