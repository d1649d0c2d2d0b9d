// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One function for each interface that is measured, ours and the kernel's,
 * and the clock they are measured with; knows nothing of goals.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "measures.h"
#include "memory.h"
#include "proc.h"
#include "scan.h"

#define BUFFER		(64 * KIB)
#define PREAD		MIB
#define MAX_ROUNDS	15
#define MAX_FAMILY	512

const char *page_types_path;

/* What is read goes here, and is forgotten after each measurement. */
static struct room {
	char buffer[MIB];
	uint64_t words[PREAD / 8];
	uint64_t flags[PREAD / 8];
	uint64_t counts[PREAD / 8];
} room __attribute__((aligned(4096)));

/*
 * Processes that are built later would have all of it, and cost as much as was
 * read before: the memory goes, and the tables that map it.
 */
static int forget(void)
{
	void *p = mmap(&room, sizeof(room), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	return p == MAP_FAILED ? errno : 0;
}

static int open_proc(pid_t pid, const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* ------------------------------------------------------------------ ours */

static void note_reply(const struct vmscope_scan *arg, struct sample *s)
{
	int lock;

	s->calls++;
	s->records += arg->nr_records;
	s->bytes += arg->used;
	for (lock = 0; lock < VMSCOPE_LOCK_NR; lock++)
		if (arg->cost.lock[lock].longest_ns > s->longest[lock])
			s->longest[lock] = arg->cost.lock[lock].longest_ns;
}

static int scan_patiently(const struct target *t, struct sample *s,
			  uint64_t records, uint64_t key, uint32_t flags,
			  uint64_t timeout_ns)
{
	struct vmscope_scan arg = {
		.size = sizeof(arg),
		.flags = flags,
		.end = vmscope_info()->task_size,
		.buffer = (uintptr_t)room.buffer,
		.buffer_size = BUFFER,
		.records = records,
		.key = key,
		.timeout_ns = timeout_ns,
	};
	int error;

	do {
		error = vmscope_ioctl(t->fd, VMSCOPE_SCAN, &arg);
		if (error)
			return -error;
		note_reply(&arg, s);
		arg.start = arg.next;
	} while (arg.next < arg.end);
	return 0;
}

static int scan_all(const struct target *t, struct sample *s, uint64_t records,
		    uint64_t key, uint32_t flags)
{
	return scan_patiently(t, s, records, key, flags, 0);
}

static int tally(const struct target *t, struct sample *s)
{
	return scan_all(t, s, RECORD(TALLY), 0, 0);
}

static int tally_plain(const struct target *t, struct sample *s)
{
	return scan_all(t, s, RECORD(TALLY), 0, VMSCOPE_SCAN_PLAIN);
}

static int records(const struct target *t, struct sample *s)
{
	return scan_all(t, s, RECORD(VMA) | RECORD(TALLY), 0, 0);
}

static int fill(const struct target *t, struct sample *s)
{
	return scan_all(t, s, RECORD(FILL), 0, VMSCOPE_SCAN_UNPACED);
}

static int tables(const struct target *t, struct sample *s)
{
	return scan_all(t, s, RECORD(TALLY) | RECORD(TABLE), 0, 0);
}

static int charges(const struct target *t, struct sample *s)
{
	return scan_all(t, s, RECORD(TALLY) | RECORD(CHARGE), 0, 0);
}

/* Accessed and dirty bits stay out of the key, so their noise parts nothing. */
#define KEY_FRAMES	(VMSCOPE_ATTR_STATE | VMSCOPE_KEY_FRAME)

static int frames(const struct target *t, struct sample *s)
{
	return scan_all(t, s, RECORD(EXTENT), KEY_FRAMES, 0);
}

static int frames_plain(const struct target *t, struct sample *s)
{
	return scan_all(t, s, RECORD(EXTENT), KEY_FRAMES, VMSCOPE_SCAN_PLAIN);
}

static int extents(const struct target *t, struct sample *s)
{
	return scan_all(t, s, RECORD(EXTENT), vmscope_info()->key, 0);
}

static int extents_plain(const struct target *t, struct sample *s)
{
	return scan_all(t, s, RECORD(EXTENT), vmscope_info()->key,
			VMSCOPE_SCAN_PLAIN);
}

/* Without the patience to wait for a lock. */
static int lockless(const struct target *t, struct sample *s)
{
	int error;

	if (!(vmscope_info()->locks >> VMSCOPE_LOCK_IRQ & 1))
		return ENOSYS;
	error = scan_patiently(t, s, RECORD(TALLY) | RECORD(TABLE) | RECORD(CHARGE), 0, 0, 1);
	return error ? error : scan_patiently(t, s, RECORD(EXTENT),
					      vmscope_info()->key, 0, 1);
}

/* -------------------------------------------------------------- commands */

static int spawn(char *const argv[], struct sample *s)
{
	posix_spawn_file_actions_t files;
	struct rusage usage;
	int status, error;
	pid_t pid;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	error = posix_spawnp(&pid, argv[0], &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	if (error)
		return error == ENOENT ? ENOSYS : error;
	if (wait4(pid, &status, 0, &usage) != pid)
		return errno;
	s->memory = usage.ru_maxrss;
	return status ? EIO : 0;
}

static int spawn_on(const char *program, char *argument, const struct target *t,
		    struct sample *s)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", t->pid);
	return spawn((char *[]){ (char *)program, argument, pid, NULL }, s);
}

static int show(const struct target *t, struct sample *s)
{
	return spawn_on("vmscope", "show", t, s);
}

static int start(const struct target *t, struct sample *s)
{
	(void)t;
	return spawn((char *[]){ "true", NULL }, s);
}

/* The target first; their number, at most @max. */
static unsigned int family_of(const struct target *t, pid_t *pid, unsigned int max)
{
	unsigned int nr = 1;
	char path[64];
	FILE *children;

	pid[0] = t->pid;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", t->pid, t->pid);
	children = fopen(path, "r");
	while (children && nr < max && fscanf(children, "%d", &pid[nr]) == 1)
		nr++;
	if (children)
		fclose(children);
	return nr;
}

static int share(const struct target *t, struct sample *s)
{
	return spawn_on("vmscope", "share", t, s);
}

static int matrix(const struct target *t, struct sample *s)
{
	static char text[MAX_FAMILY][12];
	char *argv[MAX_FAMILY + 3] = { "vmscope", "share" };
	pid_t pid[MAX_FAMILY];
	unsigned int nr = family_of(t, pid, MAX_FAMILY), i;

	for (i = 0; i < nr; i++) {
		snprintf(text[i], sizeof(text[i]), "%d", pid[i]);
		argv[i + 2] = text[i];
	}
	return spawn(argv, s);
}

static int host(const struct target *t, struct sample *s)
{
	(void)t;
	return spawn((char *[]){ "vmscope", "host", NULL }, s);
}

static int page_types(const struct target *t, struct sample *s)
{
	if (!page_types_path)
		return ENOSYS;
	return spawn_on(page_types_path, "-p", t, s);
}

/* --------------------------------------------------------- the kernel's */

static int read_whole(const struct target *t, const char *name,
		      struct sample *s)
{
	int fd = open_proc(t->pid, name);
	ssize_t n;

	if (fd < 0)
		return errno;
	while ((n = read(fd, room.buffer, BUFFER)) > 0)
		s->bytes += n;
	close(fd);
	return n ? errno : 0;
}

static int rollup(const struct target *t, struct sample *s)
{
	return read_whole(t, "smaps_rollup", s);
}

static int rollups(const struct target *t, struct sample *s)
{
	pid_t pid[MAX_FAMILY];
	unsigned int nr = family_of(t, pid, MAX_FAMILY), i;
	int error = 0;

	for (i = 0; i < nr && !error; i++)
		error = rollup(&(struct target){ .pid = pid[i] }, s);
	return error;
}

static int smaps(const struct target *t, struct sample *s)
{
	return read_whole(t, "smaps", s);
}

typedef int (*words_fn)(const uint64_t *words, size_t n, struct sample *s);

static int read_vma(int pagemap, uint64_t start, uint64_t end, words_fn fn,
		    struct sample *s)
{
	while (start < end) {
		uint64_t bytes = (end - start) / PAGE_SIZE * 8;
		ssize_t n = pread(pagemap, room.words,
				  bytes < PREAD ? bytes : PREAD, start / PAGE_SIZE * 8);
		int error = 0;

		if (n <= 0)
			return n ? errno : 0;	/* vsyscall has none */
		s->bytes += n;
		if (fn)
			error = fn(room.words, n / 8, s);
		if (error)
			return error;
		start += n / 8 * PAGE_SIZE;
	}
	return 0;
}

/* Every mapping in /proc/PID/maps, preads of at most 1 MiB. */
static int read_pagemap(const struct target *t, words_fn fn, struct sample *s)
{
	int pagemap = open_proc(t->pid, "pagemap"), error = 0;
	int fd = open_proc(t->pid, "maps");
	FILE *maps = fd < 0 ? NULL : fdopen(fd, "r");
	char line[512];

	while (maps && !error && fgets(line, sizeof(line), maps)) {
		char *rest;
		uint64_t start = strtoull(line, &rest, 16);

		error = read_vma(pagemap, start, strtoull(rest + 1, NULL, 16),
				 fn, s);
	}
	if (!maps || pagemap < 0)
		error = EACCES;
	if (maps)
		fclose(maps);
	if (pagemap >= 0)
		close(pagemap);
	return error;
}

static int pagemap(const struct target *t, struct sample *s)
{
	return read_pagemap(t, NULL, s);
}

static int kpageflags = -1, kpagecount = -1;

/* Frames [first, first + n) from both files, n at most a pread of them. */
static int read_frames(uint64_t first, size_t n)
{
	if (pread(kpageflags, room.flags, n * 8, first * 8) < 0 ||
	    pread(kpagecount, room.counts, n * 8, first * 8) < 0)
		return errno;
	return 0;
}

/* One pread of each file for each run of frames. */
static int read_runs(const uint64_t *w, size_t n, struct sample *s)
{
	size_t i = 0, run;
	int error = 0;

	for (; i < n && !error; i += run) {
		run = 1;
		if (!(w[i] & PM_PRESENT) || !(w[i] & PM_FRAME))
			continue;
		while (i + run < n && w[i + run] & PM_PRESENT &&
		       (w[i + run] & PM_FRAME) == (w[i] & PM_FRAME) + run)
			run++;
		error = read_frames(w[i] & PM_FRAME, run);
		s->records++;
	}
	return error;
}

static int kpage(const struct target *t, struct sample *s)
{
	int error;

	kpageflags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	kpagecount = open("/proc/kpagecount", O_RDONLY | O_CLOEXEC);
	error = kpageflags < 0 || kpagecount < 0 ? errno :
		read_pagemap(t, read_runs, s);
	close(kpageflags);
	close(kpagecount);
	return error;
}

/* PAGEMAP_SCAN, 6.7 and later; the C library's headers may be older. */
struct scan_region {
	uint64_t start;
	uint64_t end;
	uint64_t categories;
};

struct scan_arg {
	uint64_t size;
	uint64_t flags;
	uint64_t start;
	uint64_t end;
	uint64_t walk_end;
	uint64_t vec;
	uint64_t vec_len;
	uint64_t max_pages;
	uint64_t category_inverted;
	uint64_t category_mask;
	uint64_t category_anyof_mask;
	uint64_t return_mask;
};

#define SCAN_IOCTL		_IOWR('f', 16, struct scan_arg)
#define SCAN_IS_FILE		(1u << 2)
#define SCAN_IS_PRESENT		(1u << 3)
#define SCAN_IS_SWAPPED		(1u << 4)
#define SCAN_IS_ZERO		(1u << 5)
#define SCAN_IS_HUGE		(1u << 6)
#define SCAN_IS_SOFT_DIRTY	(1u << 7)

static int pagemap_scan(const struct target *t, struct sample *s)
{
	struct scan_arg arg = {
		.size = sizeof(arg),
		.end = vmscope_info()->task_size,
		.vec = (uintptr_t)room.buffer,
		.vec_len = BUFFER / sizeof(struct scan_region),
		.category_anyof_mask = SCAN_IS_PRESENT | SCAN_IS_SWAPPED,
		.return_mask = SCAN_IS_FILE | SCAN_IS_PRESENT | SCAN_IS_SWAPPED |
			       SCAN_IS_ZERO | SCAN_IS_HUGE | SCAN_IS_SOFT_DIRTY,
	};
	int fd = open_proc(t->pid, "pagemap"), n = 0;

	if (fd < 0)
		return errno;
	do {
		n = ioctl(fd, SCAN_IOCTL, &arg);
		if (n > 0)
			s->records += n;
		arg.start = arg.walk_end;
	} while (n >= 0 && arg.walk_end < arg.end);
	close(fd);
	return n >= 0 ? 0 : errno == ENOTTY ? ENOSYS : errno;
}

/*
 * As lib/string.c:memchr_inv() of the kernel looks for what is not zero: eight
 * bytes at a time, here a page as mm/huge_memory.c:thp_underused() has it do.
 */
static const void *memchr_page(const void *page)
{
	const uint64_t *word = page;
	unsigned int words = PAGE_SIZE / sizeof(*word);

	while (words) {
		if (*word)
			return word;
		word++;
		words--;
	}
	return NULL;
}

/*
 * Of as much memory as was read there, here: of a single page again and again,
 * for that makes no difference to a count of instructions.
 */
static int memchr_all(const struct target *t, struct sample *s)
{
	static const char page[PAGE_SIZE] __attribute__((aligned(4096)));
	const void *volatile at = page;
	uint64_t i;

	(void)t;
	for (i = 0; i < s->pages; i++)
		s->records += !memchr_page(at);
	return 0;
}

/* -------------------------------------------------------------- the clock */

static int (*const functions[MEASURE_NR])(const struct target *t,
					  struct sample *s) = {
	[MEASURE_TALLY] = tally,
	[MEASURE_TALLY_PLAIN] = tally_plain,
	[MEASURE_RECORDS] = records,
	[MEASURE_TABLES] = tables,
	[MEASURE_CHARGES] = charges,
	[MEASURE_FRAMES] = frames,
	[MEASURE_FRAMES_PLAIN] = frames_plain,
	[MEASURE_EXTENTS] = extents,
	[MEASURE_EXTENTS_PLAIN] = extents_plain,
	[MEASURE_LOCKLESS] = lockless,
	[MEASURE_SHOW] = show,
	[MEASURE_START] = start,
	[MEASURE_FILL] = fill,
	[MEASURE_SHARE] = share,
	[MEASURE_MATRIX] = matrix,
	[MEASURE_HOST] = host,
	[MEASURE_ROLLUP] = rollup,
	[MEASURE_SMAPS] = smaps,
	[MEASURE_PAGEMAP] = pagemap,
	[MEASURE_PAGEMAP_SCAN] = pagemap_scan,
	[MEASURE_KPAGE] = kpage,
	[MEASURE_PAGE_TYPES] = page_types,
	[MEASURE_ROLLUPS] = rollups,
	[MEASURE_MEMCHR] = memchr_all,
};

const char *const measure_names[MEASURE_NR] = {
	[MEASURE_TALLY] = "TALLY",
	[MEASURE_TALLY_PLAIN] = "TALLY plain",
	[MEASURE_RECORDS] = "VMA+TALLY",
	[MEASURE_TABLES] = "TALLY+TABLE",
	[MEASURE_CHARGES] = "TALLY+CHARGE",
	[MEASURE_FRAMES] = "EXTENT frames",
	[MEASURE_FRAMES_PLAIN] = "EXTENT frames plain",
	[MEASURE_EXTENTS] = "EXTENT all",
	[MEASURE_EXTENTS_PLAIN] = "EXTENT all plain",
	[MEASURE_LOCKLESS] = "without locks",
	[MEASURE_SHOW] = "vmscope show",
	[MEASURE_START] = "true",
	[MEASURE_FILL] = "FILL",
	[MEASURE_SHARE] = "vmscope share",
	[MEASURE_MATRIX] = "vmscope share",
	[MEASURE_HOST] = "vmscope host",
	[MEASURE_ROLLUP] = "smaps_rollup",
	[MEASURE_SMAPS] = "smaps",
	[MEASURE_PAGEMAP] = "pagemap",
	[MEASURE_PAGEMAP_SCAN] = "PAGEMAP_SCAN",
	[MEASURE_KPAGE] = "pagemap+kpage*",
	[MEASURE_PAGE_TYPES] = "page-types -p",
	[MEASURE_ROLLUPS] = "smaps_rollup",
	[MEASURE_MEMCHR] = "memchr_inv",
};

static int by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

struct sample measure(enum measure_id id, const struct target *t, uint64_t pages,
		      unsigned int rounds)
{
	uint64_t took[MAX_ROUNDS], longest[VMSCOPE_LOCK_NR] = {};
	struct sample s = {};
	unsigned int i, lock;

	if (rounds > MAX_ROUNDS)
		rounds = MAX_ROUNDS;
	for (i = 0; i < rounds && !s.error; i++) {
		uint64_t begin;

		s = (struct sample){ .pages = pages };
		begin = now_ns();
		s.error = functions[id](t, &s);
		took[i] = now_ns() - begin;
		/* an interrupt's work inside a section is none of the section's */
		for (lock = 0; lock < VMSCOPE_LOCK_NR; lock++)
			if (!i || s.longest[lock] < longest[lock])
				longest[lock] = s.longest[lock];
	}
	if (!s.error)
		s.error = forget();
	if (s.error)
		return s;
	qsort(took, rounds, sizeof(took[0]), by_size);
	s.best = took[0];
	s.median = took[rounds / 2];
	memcpy(s.longest, longest, sizeof(longest));
	return s;
}
