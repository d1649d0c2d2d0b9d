// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The directory in debugfs as a program sees it; knows no test.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "debugfs.h"
#include "proc.h"

const char *const views[NR_VIEWS] = {
	"vmas", "walk", "tables", "swap", "ksm", "thp",
};

int send_command(int fd, const char *text)
{
	ssize_t n = write(fd, text, strlen(text));

	return n < 0 ? -errno : n == (ssize_t)strlen(text) ? 0 : -EIO;
}

static int command_pid(int fd, const char *word, pid_t pid)
{
	char text[64];

	snprintf(text, sizeof(text), "%s %d\n", word, pid);
	return send_command(fd, text);
}

int attach(int fd, pid_t pid)
{
	return command_pid(fd, "attach", pid);
}

int detach(int fd, pid_t pid)
{
	return command_pid(fd, "detach", pid);
}

int open_view(pid_t pid, const char *view, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), DEBUGFS "/%d/%s", pid, view);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

char *read_text(int fd, size_t chunk)
{
	size_t size = 1 << 16, used = 0;
	char *text = malloc(size + 1);
	ssize_t n;

	while ((n = read(fd, text + used, chunk < size - used ? chunk : size - used)) > 0) {
		used += n;
		if (used == size)
			text = realloc(text, (size *= 2) + 1);
	}
	if (n < 0) {
		free(text);
		return NULL;
	}
	text[used] = '\0';
	return text;
}

char *read_view(pid_t pid, const char *view, size_t chunk)
{
	int fd = open_view(pid, view, O_RDONLY);
	char *text;

	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	text = read_text(fd, chunk);
	close(fd);
	return text;
}

#define SIZE	(64 * PAGE_SIZE)

int view_build_anon(void *arg, unsigned int step)
{
	struct viewed *memory = arg;
	char *p = map_anon(SIZE, PAGE_SIZE);

	(void)step;
	if (!p)
		return ENOMEM;
	touch(p, SIZE);
	memory->anon = region_of(p, SIZE);
	return 0;
}

int view_build_all(void *arg, unsigned int step)
{
	struct viewed *memory = arg;
	char *p;

	view_build_anon(arg, step);
	p = map_anon(SIZE, PAGE_SIZE);
	touch(p, SIZE);
	memory->swapped = region_of(p, SIZE);
	memory->no_swap = page_out(p, SIZE);
	p = map_anon(SIZE, PAGE_SIZE);
	memset(p, 0x5a, SIZE);
	memory->ksm = region_of(p, SIZE);
	memory->no_ksm = ksm_merge(p, SIZE);
	p = map_anon(PMD_SIZE, PMD_SIZE);
	memory->huge = region_of(p, PMD_SIZE);
	memory->no_huge = make_thp(p, PMD_SIZE);
	return 0;
}

int view_build_many(void *arg, unsigned int step)
{
	size_t i, many = kernel_is_debug() ? 400 : 1500;
	char *p = map_anon(2 * many * PAGE_SIZE, PAGE_SIZE);

	(void)arg;
	(void)step;
	if (!p)
		return ENOMEM;
	touch(p, 2 * many * PAGE_SIZE);
	for (i = 0; i < many; i++)
		if (mprotect(p + 2 * i * PAGE_SIZE, PAGE_SIZE, PROT_READ))
			return errno;
	return 0;
}
