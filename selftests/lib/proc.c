// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's own view of a process: smaps, pagemap, kpageflags, kpagecount;
 * knows nothing of vmscope.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "proc.h"

const char *const smaps_names[SMAPS_NR] = {
#define X(text, name) [SMAPS_##name] = text,
	SMAPS_FIELDS(X)
#undef X
};

/* They are looked for in 60,000 mappings. */
static const unsigned char smaps_lengths[SMAPS_NR] = {
#define X(text, name) [SMAPS_##name] = sizeof(text) - 1,
	SMAPS_FIELDS(X)
#undef X
};

/* As much of @line as fits, without its newline. */
static void copy_text(char *to, size_t size, const char *line)
{
	size_t n = strcspn(line, "\n");

	if (n >= size)
		n = size - 1;
	memcpy(to, line, n);
	to[n] = 0;
}

static bool parse_head(const char *line, struct smaps *m)
{
	int at = 0;

	if (line[0] >= 'A' && line[0] <= 'Z')
		return false;	/* a field */
	memset(m, 0, sizeof(*m));
	if (sscanf(line, "%lx-%lx %7s %lx %x:%x %lu %n", &m->start, &m->end,
		   m->perms, &m->offset, &m->major, &m->minor, &m->inode,
		   &at) < 7)
		return false;
	copy_text(m->name, sizeof(m->name), line + at);
	return true;
}

static void parse_field(const char *line, struct smaps *m)
{
	const char *colon = strchr(line, ':');
	int i;

	if (!colon)
		return;
	if (!strncmp(line, "VmFlags:", 8)) {
		copy_text(m->flags, sizeof(m->flags), line + 8);
		return;
	}
	for (i = 0; i < SMAPS_NR; i++) {
		size_t n = smaps_lengths[i];

		if (line + n != colon || memcmp(line, smaps_names[i], n))
			continue;
		m->kb[i] = strtoull(colon + 1, NULL, 10);
		m->present |= 1u << i;
	}
}

ssize_t smaps_read_before(pid_t pid, uint64_t end, struct smaps **maps)
{
	char path[64], line[4400];
	struct smaps *list = NULL, next;
	size_t nr = 0, have = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	file = fopen(path, "r");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		if (!parse_head(line, &next)) {
			if (nr)
				parse_field(line, &list[nr - 1]);
			continue;
		}
		if (next.start >= end)
			break;
		if (nr == have) {
			have = have ? have * 2 : 64;
			list = realloc(list, have * sizeof(*list));
			if (!list)
				abort();
		}
		list[nr++] = next;
	}
	fclose(file);
	*maps = list;
	return nr;
}

ssize_t smaps_read(pid_t pid, struct smaps **maps)
{
	return smaps_read_before(pid, UINT64_MAX, maps);
}

int pagemap_read(pid_t pid, uint64_t start, size_t pages, uint64_t *words)
{
	char path[64];
	ssize_t n = 0;
	size_t done = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (done < pages) {
		n = pread(fd, words + done, (pages - done) * 8,
			  (start / 4096 + done) * 8);
		if (n <= 0)
			break;
		done += n / 8;
	}
	close(fd);
	if (done < pages)
		return n < 0 ? -errno : -ESRCH;
	return 0;
}

uint64_t pagemap_word(pid_t pid, uint64_t address)
{
	uint64_t word = 0;

	pagemap_read(pid, address, 1, &word);
	return word;
}

static uint64_t read_word(int *fd, const char *path, uint64_t index)
{
	uint64_t word;

	if (*fd < 0)
		*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (pread(*fd, &word, 8, index * 8) != 8)
		return ~0ull;
	return word;
}

uint64_t kpage_flags(uint64_t frame)
{
	static int fd = -1;

	return read_word(&fd, "/proc/kpageflags", frame);
}

uint64_t kpage_count(uint64_t frame)
{
	static int fd = -1;

	return read_word(&fd, "/proc/kpagecount", frame);
}

unsigned int kernel_version(void)
{
	static unsigned int version;	/* asked once for each page that is compared */
	unsigned int major = 0, minor = 0;
	struct utsname name;

	if (version)
		return version;
	uname(&name);
	sscanf(name.release, "%u.%u", &major, &minor);
	version = major * 100 + minor;
	return version;
}

bool kernel_is_debug(void)
{
	const char *name = getenv("KERNEL_NAME");

	return name && !strcmp(name, "debug");
}

uint64_t table_field(const char *path, const char *field)
{
	size_t n = strlen(field);
	uint64_t value = 0;
	char line[256];
	FILE *file = fopen(path, "r");

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, field, n) && strchr(": ", line[n]))
			value = strtoull(line + n + 1, NULL, 10);
	fclose(file);
	return value;
}

uint64_t meminfo(const char *field)
{
	return table_field("/proc/meminfo", field);
}

uint64_t vmstat(const char *field)
{
	return table_field("/proc/vmstat", field);
}
