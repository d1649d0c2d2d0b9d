/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own view of a process: smaps, pagemap, kpageflags, kpagecount;
 * knows nothing of vmscope.
 */
#ifndef SELFTESTS_PROC_H
#define SELFTESTS_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* X(name in smaps, name here) */
#define SMAPS_FIELDS(X)			\
	X("Rss", RSS)			\
	X("Pss", PSS)			\
	X("Pss_Dirty", PSS_DIRTY)	\
	X("Shared_Clean", SHARED_CLEAN)	\
	X("Shared_Dirty", SHARED_DIRTY)	\
	X("Private_Clean", PRIVATE_CLEAN) \
	X("Private_Dirty", PRIVATE_DIRTY) \
	X("Referenced", REFERENCED)	\
	X("Anonymous", ANONYMOUS)	\
	X("KSM", KSM)			\
	X("LazyFree", LAZYFREE)		\
	X("AnonHugePages", ANON_HUGE)	\
	X("ShmemPmdMapped", SHMEM_PMD)	\
	X("FilePmdMapped", FILE_PMD)	\
	X("Shared_Hugetlb", SHARED_HUGETLB) \
	X("Private_Hugetlb", PRIVATE_HUGETLB) \
	X("Swap", SWAP)			\
	X("Locked", LOCKED)		\
	X("KernelPageSize", PAGE_SIZE)

enum smaps_field {
#define X(text, name) SMAPS_##name,
	SMAPS_FIELDS(X)
#undef X
	SMAPS_NR
};

extern const char *const smaps_names[SMAPS_NR];

struct smaps {
	uint64_t start;
	uint64_t end;
	uint64_t offset;
	uint64_t inode;
	unsigned int major;
	unsigned int minor;
	char perms[8];
	char name[256];
	char flags[128];		/* the line VmFlags, spaces kept */
	uint64_t kb[SMAPS_NR];
	uint32_t present;		/* bit n: field n was there */
};

/* All mappings of @pid, in *@maps to be freed by the caller; their number or -errno. */
ssize_t smaps_read(pid_t pid, struct smaps **maps);

/* The same of those that begin before @end: the kernel is not asked for the rest. */
ssize_t smaps_read_before(pid_t pid, uint64_t end, struct smaps **maps);

#define PM_FRAME	((1ull << 55) - 1)
#define PM_SOFT_DIRTY	(1ull << 55)
#define PM_EXCLUSIVE	(1ull << 56)
#define PM_UFFD_WP	(1ull << 57)
#define PM_GUARD	(1ull << 58)
#define PM_FILE		(1ull << 61)
#define PM_SWAP		(1ull << 62)
#define PM_PRESENT	(1ull << 63)

/* pagemap words of @pages pages from @start on; 0 or -errno. */
int pagemap_read(pid_t pid, uint64_t start, size_t pages, uint64_t *words);
uint64_t pagemap_word(pid_t pid, uint64_t address);

enum {
	KPF_LOCKED = 0, KPF_REFERENCED = 2, KPF_DIRTY = 4, KPF_LRU = 5,
	KPF_ACTIVE = 6, KPF_WRITEBACK = 8, KPF_RECLAIM = 9, KPF_ANON = 12,
	KPF_SWAPCACHE = 13, KPF_SWAPBACKED = 14, KPF_HEAD = 15, KPF_TAIL = 16,
	KPF_HUGE = 17, KPF_UNEVICTABLE = 18, KPF_HWPOISON = 19, KPF_NOPAGE = 20,
	KPF_KSM = 21, KPF_THP = 22, KPF_ZERO_PAGE = 24, KPF_MLOCKED = 33,
};

/* Of one frame; ~0 when the kernel gives none. */
uint64_t kpage_flags(uint64_t frame);
uint64_t kpage_count(uint64_t frame);

/* The running kernel as major * 100 + minor: 601, 612, 702. */
unsigned int kernel_version(void);
/* True on the kernel built for debugging, where everything is slower. */
bool kernel_is_debug(void);
/* The number behind @field in a table like /proc/PID/status, or 0. */
uint64_t table_field(const char *path, const char *field);
/* A field of /proc/meminfo in KiB, 0 when there is none. */
uint64_t meminfo(const char *field);
/* A field of /proc/vmstat. */
uint64_t vmstat(const char *field);

#endif
