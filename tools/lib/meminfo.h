/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel says of the host's memory as a whole and of its control
 * groups. It must not know what the figures are compared with.
 */
#ifndef VMSCOPE_MEMINFO_H
#define VMSCOPE_MEMINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

/* Lines of /proc/meminfo that are used, in bytes or VS_UNKNOWN. */
enum vs_meminfo {
	VS_MEM_TOTAL,
	VS_MEM_FREE,
	VS_MEM_AVAILABLE,
	VS_MEM_BUFFERS,
	VS_MEM_CACHED,
	VS_MEM_SWAP_CACHED,
	VS_MEM_ANON,
	VS_MEM_MAPPED,
	VS_MEM_SHMEM,
	VS_MEM_SLAB,
	VS_MEM_KERNEL_STACK,
	VS_MEM_TABLES,
	VS_MEM_SECONDARY_TABLES,
	VS_MEM_VMALLOC,
	VS_MEM_PERCPU,
	VS_MEM_HUGETLB,
	VS_MEM_ZSWAP,
	VS_MEM_ZSWAPPED,
	VS_MEM_SWAP_TOTAL,
	VS_MEM_SWAP_FREE,
	VS_MEM_COMMIT_LIMIT,
	VS_MEM_COMMITTED,
	VS_MEM_NR,
};

/* How the kernel deals with promises of memory: Documentation/mm/overcommit-accounting. */
enum vs_overcommit {
	VS_OVERCOMMIT_GUESS,
	VS_OVERCOMMIT_ALWAYS,
	VS_OVERCOMMIT_NEVER,
	VS_OVERCOMMIT_UNKNOWN,
};

struct vs_host_memory {
	uint64_t line[VS_MEM_NR];
	enum vs_overcommit overcommit;
	uint64_t overcommit_ratio;	/* percent, or VS_UNKNOWN: a number of bytes is set instead */
	uint64_t nr_swap_areas;
};

/* 0 or -1. Folds the kernel's per-CPU counters first where the caller may. */
int vs_host_memory_read(struct vs_host_memory *memory, struct vs_error *error);

/* How near a process is to being killed when memory runs out. */
struct vs_oom {
	int64_t score;			/* as the kernel tells, 0 to 2000; -1: not known */
	int64_t adjust;			/* oom_score_adj, -1000 to 1000 */
};

int64_t vs_oom_score(pid_t pid);
int64_t vs_oom_adjust(pid_t pid);

/* The control group (v2) of a process, "/" first; false when there is none. */
bool vs_cgroup_of(pid_t pid, char *path, size_t size);

/* memory.stat and memory.current of a control group; bytes or VS_UNKNOWN. */
struct vs_cgroup_memory {
	uint64_t current;
	uint64_t anon;
	uint64_t file_mapped;
	uint64_t shmem;
	uint64_t tables;
	uint64_t swap;
	uint64_t inode;			/* by which the kernel names the group */
};

void vs_cgroup_memory_read(const char *path, struct vs_cgroup_memory *memory);

/*
 * The inode of the group that pays for what the processes of this one touch: it,
 * or the nearest above that counts memory. VS_UNKNOWN: no group of version 2 does.
 */
uint64_t vs_cgroup_payer(const char *path);

/* The path of the group with this inode, "/" first; false when there is none. */
bool vs_cgroup_find(uint64_t inode, char *path, size_t size);

#endif
