// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The processes of the host, or of a control group, from procfs and cgroupfs.
 * It must not know what will be asked of them.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "everyone.h"
#include "proc_read.h"

#define CGROUP_ROOT	"/sys/fs/cgroup"

/* include/uapi/linux/magic.h */
#define CGROUP2_MAGIC	0x63677270

/* include/linux/sched.h: field 9 of /proc/PID/stat. */
#define PF_KTHREAD	0x00200000u

static int add(struct vs_everyone *everyone, pid_t pid)
{
	if (everyone->nr == everyone->max) {
		size_t max = everyone->max ? everyone->max * 2 : 256;
		pid_t *more = reallocarray(everyone->pid, max, sizeof(*more));

		if (!more)
			return -1;
		everyone->pid = more;
		everyone->max = max;
	}
	everyone->pid[everyone->nr++] = pid;
	return 0;
}

void vs_everyone_free(struct vs_everyone *everyone)
{
	free(everyone->pid);
	*everyone = (struct vs_everyone){ 0 };
}

static int by_pid(const void *one, const void *other)
{
	const pid_t *a = one, *b = other;

	return (*a > *b) - (*a < *b);
}

static void sort(struct vs_everyone *everyone)
{
	if (everyone->nr)
		qsort(everyone->pid, everyone->nr, sizeof(*everyone->pid), by_pid);
}

size_t vs_everyone_find(const struct vs_everyone *everyone, pid_t pid)
{
	const pid_t *found = everyone->nr ? bsearch(&pid, everyone->pid, everyone->nr,
						    sizeof(pid), by_pid) : NULL;

	return found ? (size_t)(found - everyone->pid) : everyone->nr;
}

/*
 * Kernel threads have nothing to look at. Who has exited is told when it is opened.
 * Who has an address space has a program; only where there is none the flags are
 * asked for, which takes four times as long.
 */
static bool has_memory(pid_t pid)
{
	char path[40], text[1024], *at;
	unsigned int flags;
	FILE *file;
	size_t got;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (readlink(path, text, sizeof(text)) >= 0)
		return true;
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	got = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[got] = 0;
	/* the name may hold anything, but no name holds the last parenthesis */
	at = strrchr(text, ')');
	if (!at || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %u", &flags) != 1)
		return false;
	return !(flags & PF_KTHREAD);
}

int vs_everyone_on_host(struct vs_everyone *everyone, struct vs_error *error)
{
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	*everyone = (struct vs_everyone){ 0 };
	if (!proc)
		return vs_error_set(error, VS_FAIL_CANNOT, "/proc: %s: mount procfs there",
				    strerror(errno));
	while ((entry = readdir(proc))) {
		pid_t pid = isdigit((unsigned char)*entry->d_name) ? atoi(entry->d_name) : 0;

		if (!pid || pid == getpid() || !has_memory(pid))
			continue;
		if (add(everyone, pid)) {
			closedir(proc);
			vs_everyone_free(everyone);
			return vs_error_memory(error);
		}
	}
	closedir(proc);
	sort(everyone);
	return 0;
}

static int add_members(struct vs_everyone *everyone, const char *group)
{
	char path[4400];
	FILE *file;
	int pid, err = 0;

	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	file = fopen(path, "re");
	/* the group can have been removed meanwhile */
	if (!file)
		return 0;
	while (!err && fscanf(file, "%d", &pid) == 1)
		if (pid > 0 && pid != getpid() && has_memory(pid))
			err = add(everyone, pid);
	fclose(file);
	return err;
}

static int walk_groups(const char *path, struct vs_everyone *everyone)
{
	char *const roots[] = { (char *)path, NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	FTSENT *entry;
	int err = fts ? 0 : -1;

	while (!err && (entry = fts_read(fts)))
		if (entry->fts_info == FTS_D)
			err = add_members(everyone, entry->fts_path);
	if (fts)
		fts_close(fts);
	return err;
}

/* Its path, when there is such a group; 0 or -1. */
static int find_group(const char *path, char whole[4200], struct vs_error *error)
{
	size_t root = strlen(CGROUP_ROOT);
	char procs[4300];
	bool inside = !strncmp(path, CGROUP_ROOT, root) && (!path[root] || path[root] == '/');

	snprintf(whole, 4200, "%s%s%s", inside ? "" : CGROUP_ROOT "/", path, *path ? "" : ".");
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", whole);
	if (access(procs, R_OK))
		return vs_error_set(error, errno == EACCES ? VS_FAIL_PERMISSION : VS_FAIL_INPUT,
			"%s: %s: name a control group below " CGROUP_ROOT, whole, strerror(errno));
	return 0;
}

int vs_cgroup_open(const char *path, struct vs_error *error)
{
	char whole[4200];
	struct statfs fs;
	int fd;

	if (find_group(path, whole, error))
		return -1;
	if (statfs(whole, &fs))
		return vs_error_set(error, VS_FAIL_CANNOT, "%s: %s", whole, strerror(errno));
	if (fs.f_type != CGROUP2_MAGIC)
		return vs_error_set(error, VS_FAIL_INPUT,
			"%s: of version 1, which cannot be watched: see 'findmnt -t cgroup2'",
			whole);
	fd = open(whole, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return vs_error_set(error, VS_FAIL_CANNOT, "%s: %s", whole, strerror(errno));
	return fd;
}

int vs_everyone_in_cgroup(const char *path, struct vs_everyone *everyone, struct vs_error *error)
{
	char whole[4200];

	*everyone = (struct vs_everyone){ 0 };
	if (find_group(path, whole, error))
		return -1;
	if (walk_groups(whole, everyone)) {
		vs_everyone_free(everyone);
		return vs_error_memory(error);
	}
	sort(everyone);
	return 0;
}

pid_t vs_last_pid(void)
{
	char line[80], *last;

	if (vs_read_line("/proc/loadavg", line, sizeof(line)))
		return -1;
	last = strrchr(line, ' ');
	return last ? atoi(last) : -1;
}
