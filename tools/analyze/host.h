/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's memory, as the kernel counts it and as its processes explain it:
 * every page counted once, and what is left over. It must not know how
 * processes are read or how it is shown.
 */
#ifndef VMSCOPE_HOST_H
#define VMSCOPE_HOST_H

#include "../lib/meminfo.h"
#include "../lib/model.h"

/* What the kernel counts for all, against the sum over the processes. */
enum vs_host_line {
	VS_HOST_ANON,
	VS_HOST_MAPPED,
	VS_HOST_TABLES,
	VS_HOST_SWAP,
	VS_HOST_HUGETLB,
	VS_HOST_COMMIT,
	VS_HOST_LINES,
};

struct vs_host_sum {
	const char *key;		/* in JSON */
	const char *label;
	const char *rest;		/* what the remainder can be */
	uint64_t kernel;		/* bytes, or VS_UNKNOWN */
	uint64_t processes;
};

/* What a process adds; all in bytes, some perhaps VS_UNKNOWN. */
struct vs_host_process {
	pid_t pid;
	char comm[64];
	uint64_t pss_anon;		/* shares: each page once over all processes */
	uint64_t pss_mapped;		/* of file pages and shmem */
	uint64_t hugetlb;
	uint64_t rss;			/* as the OOM killer counts, with each mapper's pages in full */
	uint64_t swap;
	uint64_t tables;
	uint64_t committed;		/* private memory that it may write to */
	uint64_t foreign;		/* shares that another control group pays for */
	struct vs_oom oom;
	/* Known after vs_host_finish(): */
	bool dies;			/* false: is never killed */
	int64_t badness;		/* bytes, as the OOM killer weighs it */
	uint32_t group;			/* its control group, or VS_HOST_NO_GROUP */
};

#define VS_HOST_NO_GROUP	UINT32_MAX
/* Of those that would be killed, a screen shows no more. */
#define VS_HOST_VICTIMS		4

/* What a control group pays for. */
struct vs_host_paid {
	uint64_t payer;			/* its inode, or VS_CHARGE_OTHERS */
	uint64_t pss;			/* bytes << VS_PSS_SHIFT */
	char *path;			/* NULL: not known */
};

struct vs_host_payers {
	struct vs_host_paid *paid;
	size_t nr, max;
};

struct vs_host_group {
	char *path;
	uint64_t inode;			/* as the module names it, 0: not known */
	uint64_t payer;			/* inode of the one that its processes charge, or VS_UNKNOWN */
	struct vs_cgroup_memory memory;
	uint32_t processes;
	uint64_t pss_anon;
	uint64_t pss_mapped;
	uint64_t foreign;		/* of these shares, what other groups pay for */
	struct vs_host_payers others;	/* who they are, the largest first */
};

/* Where all memory is, by the kernel's own counters. */
struct vs_host_part {
	const char *key;
	const char *label;
	uint64_t bytes;
};

#define VS_HOST_PARTS	16

struct vs_host {
	struct vs_host_memory memory;
	struct vs_host_process *process;
	size_t nr, max;
	struct vs_host_group *group;
	size_t nr_groups, max_groups;
	struct vs_host_sum line[VS_HOST_LINES];
	struct vs_host_part part[VS_HOST_PARTS];
	int nr_parts;
	int64_t unexplained;		/* of all memory, less the parts */
	struct vs_host_payers now;	/* of the process that is read */
	const char *foreign_reason;	/* why it is not known, or NULL */
};

void vs_host_init(struct vs_host *host);
void vs_host_free(struct vs_host *host);

/* Before a process is read, and who pays for a part of it. 0, or -1 without memory. */
int vs_host_begin(void *host, const struct vs_model *model);
int vs_host_detail(void *host, const struct vs_model *model, const struct vs_vma *vma,
		   const struct vs_detail *detail);

/* A process, after it was read; as above. */
int vs_host_add(void *context, const struct vs_model *model);

/*
 * After the last one: sums, parts; the @first processes that OOM would kill are put
 * first, in that order, and the kernel is asked for its score of them.
 */
void vs_host_finish(struct vs_host *host, size_t first);

/* The control groups with the most memory, largest first. Returns how many of max. */
size_t vs_host_top_groups(const struct vs_host *host, uint32_t *index, size_t max);

uint64_t vs_host_paid_bytes(const struct vs_host_paid *paid);

struct vs_host_pair {
	const struct vs_host_group *group;
	const struct vs_host_paid *paid;
};

/* Who is used by whom, the most first. Returns of how many; up to max are filled. */
size_t vs_host_top_foreign(const struct vs_host *host, struct vs_host_pair *pair, size_t max);

/* The remainder of a line; false when one side is not known. */
bool vs_host_rest(const struct vs_host_sum *line, int64_t *rest);

#endif
