// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the kernel says of the host's memory, from procfs and cgroupfs. It must
 * not know what the figures are compared with.
 */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "meminfo.h"
#include "model.h"

#define CGROUP_ROOT	"/sys/fs/cgroup"

static const char * const line_name[VS_MEM_NR] = {
	[VS_MEM_TOTAL] = "MemTotal",
	[VS_MEM_FREE] = "MemFree",
	[VS_MEM_AVAILABLE] = "MemAvailable",
	[VS_MEM_BUFFERS] = "Buffers",
	[VS_MEM_CACHED] = "Cached",
	[VS_MEM_SWAP_CACHED] = "SwapCached",
	[VS_MEM_ANON] = "AnonPages",
	[VS_MEM_MAPPED] = "Mapped",
	[VS_MEM_SHMEM] = "Shmem",
	[VS_MEM_SLAB] = "Slab",
	[VS_MEM_KERNEL_STACK] = "KernelStack",
	[VS_MEM_TABLES] = "PageTables",
	[VS_MEM_SECONDARY_TABLES] = "SecPageTables",
	[VS_MEM_VMALLOC] = "VmallocUsed",
	[VS_MEM_PERCPU] = "Percpu",
	[VS_MEM_HUGETLB] = "Hugetlb",
	[VS_MEM_ZSWAP] = "Zswap",
	[VS_MEM_ZSWAPPED] = "Zswapped",
	[VS_MEM_SWAP_TOTAL] = "SwapTotal",
	[VS_MEM_SWAP_FREE] = "SwapFree",
	[VS_MEM_COMMIT_LIMIT] = "CommitLimit",
	[VS_MEM_COMMITTED] = "Committed_AS",
};

static bool read_number(const char *path, int64_t *number)
{
	FILE *file = fopen(path, "re");
	int got = file ? fscanf(file, "%" SCNd64, number) : 0;

	if (file)
		fclose(file);
	return got == 1;
}

/*
 * The kernel keeps what was counted lately for each CPU apart, and adds it up
 * when this file is read (mm/vmstat.c: vmstat_refresh()); root may.
 */
static void fold_counters(void)
{
	int fd = open("/proc/sys/vm/stat_refresh", O_RDONLY | O_CLOEXEC);
	char byte;

	if (fd < 0)
		return;
	(void)!read(fd, &byte, 1);
	close(fd);
}

static void take_line(struct vs_host_memory *memory, const char *line)
{
	size_t length = strcspn(line, ":");

	for (int i = 0; i < VS_MEM_NR; i++)
		if (strlen(line_name[i]) == length && !memcmp(line_name[i], line, length))
			memory->line[i] = strtoull(line + length + 1, NULL, 10) * 1024;
}

static uint64_t count_swap_areas(void)
{
	FILE *file = fopen("/proc/swaps", "re");
	uint64_t lines = 0;
	int byte;

	if (!file)
		return 0;
	while ((byte = getc(file)) != EOF)
		lines += byte == '\n';
	fclose(file);
	return lines ? lines - 1 : 0;
}

static void read_overcommit(struct vs_host_memory *memory)
{
	int64_t number;

	memory->overcommit = VS_OVERCOMMIT_UNKNOWN;
	if (read_number("/proc/sys/vm/overcommit_memory", &number) && number >= 0 &&
	    number < VS_OVERCOMMIT_UNKNOWN)
		memory->overcommit = number;
	memory->overcommit_ratio = VS_UNKNOWN;
	if (read_number("/proc/sys/vm/overcommit_kbytes", &number) && !number &&
	    read_number("/proc/sys/vm/overcommit_ratio", &number))
		memory->overcommit_ratio = number;
}

int vs_host_memory_read(struct vs_host_memory *memory, struct vs_error *error)
{
	char line[256];
	FILE *file;

	fold_counters();
	for (int i = 0; i < VS_MEM_NR; i++)
		memory->line[i] = VS_UNKNOWN;
	file = fopen("/proc/meminfo", "re");
	if (!file)
		return vs_error_set(error, VS_FAIL_CANNOT, "/proc/meminfo: %s: mount procfs there",
				    strerror(errno));
	while (fgets(line, sizeof(line), file))
		take_line(memory, line);
	fclose(file);
	memory->nr_swap_areas = count_swap_areas();
	read_overcommit(memory);
	return 0;
}

static int64_t read_of(pid_t pid, const char *name, int64_t otherwise)
{
	int64_t number;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return read_number(path, &number) ? number : otherwise;
}

int64_t vs_oom_score(pid_t pid)
{
	return read_of(pid, "oom_score", -1);
}

int64_t vs_oom_adjust(pid_t pid)
{
	return read_of(pid, "oom_score_adj", 0);
}

bool vs_cgroup_of(pid_t pid, char *path, size_t size)
{
	char name[64], line[4200];
	bool found = false;
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%d/cgroup", pid);
	file = fopen(name, "re");
	while (file && !found && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		if (strncmp(line, "0::", 3))
			continue;
		snprintf(path, size, "%s", line + 3);
		found = true;
	}
	if (file)
		fclose(file);
	return found;
}

static void take_stat(struct vs_cgroup_memory *memory, const char *path)
{
	static const struct {
		const char *name;
		size_t at;
	} known[] = {
		{ "anon", offsetof(struct vs_cgroup_memory, anon) },
		{ "file_mapped", offsetof(struct vs_cgroup_memory, file_mapped) },
		{ "shmem", offsetof(struct vs_cgroup_memory, shmem) },
		{ "pagetables", offsetof(struct vs_cgroup_memory, tables) },
	};
	char line[128];
	FILE *file = fopen(path, "re");

	while (file && fgets(line, sizeof(line), file)) {
		size_t length = strcspn(line, " ");

		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
			uint64_t value;

			if (strlen(known[i].name) != length ||
			    memcmp(known[i].name, line, length))
				continue;
			value = strtoull(line + length, NULL, 10);
			memcpy((char *)memory + known[i].at, &value, sizeof(value));
		}
	}
	if (file)
		fclose(file);
}

void vs_cgroup_memory_read(const char *path, struct vs_cgroup_memory *memory)
{
	char file[4400];
	struct stat about;
	int64_t number;

	*memory = (struct vs_cgroup_memory){
		VS_UNKNOWN, VS_UNKNOWN, VS_UNKNOWN, VS_UNKNOWN, VS_UNKNOWN, VS_UNKNOWN, VS_UNKNOWN,
	};
	snprintf(file, sizeof(file), CGROUP_ROOT "%s", path);
	if (!stat(file, &about))
		memory->inode = about.st_ino;
	snprintf(file, sizeof(file), CGROUP_ROOT "%s/memory.current", path);
	if (read_number(file, &number))
		memory->current = number;
	snprintf(file, sizeof(file), CGROUP_ROOT "%s/memory.swap.current", path);
	if (read_number(file, &number))
		memory->swap = number;
	snprintf(file, sizeof(file), CGROUP_ROOT "%s/memory.stat", path);
	take_stat(memory, file);
}

static bool counts_memory(const char *path)
{
	char file[4400], line[256] = "";
	FILE *controllers;

	/* the root has no memory.current, and counts where others may */
	if (*path) {
		snprintf(file, sizeof(file), CGROUP_ROOT "%s/memory.current", path);
		return !access(file, F_OK);
	}
	controllers = fopen(CGROUP_ROOT "/cgroup.controllers", "re");
	if (!controllers)
		return false;
	if (!fgets(line, sizeof(line), controllers))
		*line = 0;
	fclose(controllers);
	return strstr(line, "memory");
}

uint64_t vs_cgroup_payer(const char *path)
{
	char up[4200], file[4400];
	struct stat about;

	snprintf(up, sizeof(up), "%s", strcmp(path, "/") ? path : "");
	while (*up && !counts_memory(up))
		*strrchr(up, '/') = 0;
	snprintf(file, sizeof(file), CGROUP_ROOT "%s", up);
	if (!counts_memory(up) || stat(file, &about))
		return VS_UNKNOWN;
	return about.st_ino;
}

bool vs_cgroup_find(uint64_t inode, char *path, size_t size)
{
	char *root[] = { (char *)CGROUP_ROOT, NULL };
	FTS *tree = fts_open(root, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	bool found = false;
	FTSENT *entry;

	while (tree && !found && (entry = fts_read(tree))) {
		if (entry->fts_info != FTS_D || entry->fts_statp->st_ino != inode)
			continue;
		snprintf(path, size, "%s", entry->fts_path[strlen(CGROUP_ROOT)] ?
			 entry->fts_path + strlen(CGROUP_ROOT) : "/");
		found = true;
	}
	if (tree)
		fts_close(tree);
	return found;
}
