// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lets things happen to its memory of known kinds and numbers, one step after the
 * other. Knows nothing of who counts them.
 *
 * Usage: happens STEP[:N]...   N pages, huge pages or calls
 *
 * A line for each step: its name, and what there is to say of it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE	4096ul
#define HUGE	(2ul << 20)

/* include/uapi/asm-generic/mman-common.h */
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

#define MOVE_PAGES_MAX	512

/* include/uapi/linux/mempolicy.h */
#define MPOL_BIND	2

/* At one go, and at most. */
#define STALL_PAGES	16
#define STALL_PAGES_MAX	16384

/* What the step before built. */
static char *memory, *huge;
static size_t pages, nr_huge;
/* What a step has to say, in one piece and without stdio: it changes no memory. */
static char line[200];
static char **next;

static void take_all(void);

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static char *map(size_t size, int prot)
{
	char *at = mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		die("mmap");
	return at;
}

static void advise(char *at, size_t size, int advice)
{
	if (madvise(at, size, advice))
		die("madvise");
}

static long number_in(const char *path, const char *key)
{
	char text[8192], *at;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (length < 0)
		return -1;
	text[length] = 0;
	at = strstr(text, key);
	return at ? atol(at + strlen(key)) : -1;
}

/* --------------------------------------------------------------------- steps */

/* A page that another processor has not put on its list yet cannot be taken from there. */
static void stay_here(void)
{
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here);
	if (sched_setaffinity(0, sizeof(here), &here))
		die("sched_setaffinity");
}

/* The system calls alone that the names say: each is made N times. */
static void step_build(size_t n)
{
	stay_here();
	/* A page before and one behind keep it from being joined with what else is mapped. */
	memory = map((n + 2) * PAGE, PROT_NONE) + PAGE;
	if (mprotect(memory, n * PAGE, PROT_READ | PROT_WRITE))
		die("mprotect");
	advise(memory, n * PAGE, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < n; i++)
		memset(memory + i * PAGE, 1 + i % 255, PAGE);
	pages = n;
	snprintf(line, sizeof(line), "%lx", (unsigned long)memory);
}

/* By page tables: the counters of /proc/self/status may be behind. */
static void tell_swapped(void)
{
	snprintf(line, sizeof(line), "%ld", number_in("/proc/self/smaps_rollup", "\nSwap:") / 4);
}

static void step_out(size_t n)
{
	advise(memory, n * PAGE, MADV_PAGEOUT);
	tell_swapped();
}

/* A child has them alone, and they go from there. */
static void step_give(size_t n)
{
	int fds[2], status = 0;
	char byte = 0;
	pid_t pid;

	if (pipe(fds))
		die("pipe");
	pid = fork();
	if (!pid) {
		if (read(fds[0], &byte, 1) == 1)
			step_out(n);
		_exit(atoi(line));
	}
	for (size_t i = 0; i < n; i++)
		((volatile char *)memory)[i * PAGE] = 1;
	if (write(fds[1], &byte, 1) != 1 || waitpid(pid, &status, 0) != pid)
		die("child");
	close(fds[0]);
	close(fds[1]);
	snprintf(line, sizeof(line), "%d", WEXITSTATUS(status));
}

static void step_in(size_t n)
{
	for (size_t i = 0; i < n; i++)
		((volatile char *)memory)[i * PAGE];
	tell_swapped();
}

/* Pages of a file that nobody else has mapped, one by one, before and after they are evicted. */
static void step_reread(size_t n)
{
	int fd = open("/usr/bin/perl", O_RDONLY | O_CLOEXEC);
	char *at;

	if (fd < 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		die("/usr/bin/perl");
	at = mmap(NULL, n * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		die("mmap");
	advise(at, n * PAGE, MADV_RANDOM);
	for (int time = 0; time < 2; time++) {
		if (time)
			advise(at, n * PAGE, MADV_PAGEOUT);
		for (size_t i = 0; i < n; i++)
			((volatile char *)at)[i * PAGE];
	}
	close(fd);
}

static void step_mmap(size_t n)
{
	for (size_t i = 0; i < n; i++)
		map(PAGE, PROT_READ);
}

static void step_munmap(size_t n)
{
	for (size_t i = 0; i < n; i++)
		munmap(memory - PAGE, PAGE);
}

static void step_brk(size_t n)
{
	for (size_t i = 0; i < n; i++)
		syscall(SYS_brk, 0);
}

static void step_mremap(size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (mremap(memory, pages * PAGE, pages * PAGE, 0) == MAP_FAILED)
			die("mremap");
}

static void step_mprotect(size_t n)
{
	for (size_t i = 0; i < n; i++)
		mprotect(memory, PAGE, PROT_READ | PROT_WRITE);
}

static void step_fork(size_t n)
{
	for (size_t i = 0; i < n; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
}

/* The child is a process of its own, before and behind its exec. */
static void step_exec(size_t n)
{
	for (size_t i = 0; i < n; i++) {
		pid_t pid = fork();

		if (!pid) {
			execl("/proc/self/exe", "happens", NULL);
			_exit(127);
		}
		waitpid(pid, NULL, 0);
	}
}

static char *map_huge(size_t n)
{
	char *at = map((n + 2) * HUGE, PROT_READ | PROT_WRITE);

	at = (char *)(((uintptr_t)at + 2 * HUGE - 1) & ~(HUGE - 1));
	nr_huge = n;
	return at;
}

static void step_huge(size_t n)
{
	huge = map_huge(n);
	advise(huge, n * HUGE, MADV_HUGEPAGE);
	for (size_t i = 0; i < n; i++)
		*(volatile char *)(huge + i * HUGE) = 1;
	snprintf(line, sizeof(line), "%lx", (unsigned long)huge);
}

static void step_sink(size_t n)
{
	memset(huge, 1, n * HUGE);
	advise(huge, n * HUGE, MADV_PAGEOUT);
	tell_swapped();
}

/* Of each huge page, one small page goes. */
static void step_split(size_t n)
{
	for (size_t i = 0; i < n; i++)
		advise(huge + i * HUGE + PAGE, PAGE, MADV_DONTNEED);
}

/* As much of each in small pages. */
static char *fill_small(size_t n, size_t bytes)
{
	char *at = map_huge(n);

	advise(at, n * HUGE, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < n; i++)
		for (size_t page = 0; page < bytes; page += PAGE)
			*(volatile char *)(at + i * HUGE + page) = 1;
	return at;
}

static void step_collapse(size_t n)
{
	char *at = fill_small(n, HUGE);

	advise(at, n * HUGE, MADV_HUGEPAGE);
	for (size_t i = 0; i < n; i++)
		advise(at + i * HUGE, HUGE, MADV_COLLAPSE);
}

/* A page of each is in a pipe as well: it cannot be moved. Says how many stay small. */
static void step_piped(size_t n)
{
	char *at = fill_small(n, HUGE);
	size_t small = 0;
	int fds[2];

	if (pipe(fds))
		die("pipe");
	for (size_t i = 0; i < n; i++) {
		struct iovec page = { at + i * HUGE, 1 };

		if (vmsplice(fds[1], &page, 1, 0) != 1)
			die("vmsplice");
	}
	/* From here on khugepaged may have a look, too. */
	advise(at, n * HUGE, MADV_HUGEPAGE);
	for (size_t i = 0; i < n; i++)
		small += madvise(at + i * HUGE, HUGE, MADV_COLLAPSE) != 0;
	snprintf(line, sizeof(line), "%zu", small);
}

/* Of each, half is another mapping: there is no room for a huge page. */
static void step_edge(size_t n)
{
	char *at = map_huge(n);

	advise(at, n * HUGE, MADV_HUGEPAGE);
	for (size_t i = 0; i < n; i++) {
		if (mprotect(at + i * HUGE + HUGE / 2, HUGE / 2, PROT_NONE))
			die("mprotect");
		*(volatile char *)(at + i * HUGE) = 1;
	}
}

static long stalls(void)
{
	static const char * const zone[] = { "_dma ", "_dma32 ", "_normal ", "_movable ", "_device " };
	long all = 0, of_zone;
	char key[40];

	for (size_t i = 0; i < sizeof(zone) / sizeof(zone[0]); i++) {
		snprintf(key, sizeof(key), "\nallocstall%s", zone[i]);
		of_zone = number_in("/proc/vmstat", key);
		all += of_zone > 0 ? of_zone : 0;
	}
	return all;
}

/* What it takes from now on is on that node alone. */
static void step_bind(size_t node)
{
	unsigned long nodes = 1ul << node;

	if (syscall(SYS_set_mempolicy, MPOL_BIND, &nodes, 8 * sizeof(nodes)))
		die("set_mempolicy");
}

/* Takes memory until the kernel has counted N more allocations that had to reclaim. */
static void step_stall(size_t n)
{
	long before = stalls();

	memory = map(STALL_PAGES_MAX * PAGE, PROT_READ | PROT_WRITE);
	advise(memory, STALL_PAGES_MAX * PAGE, MADV_NOHUGEPAGE);
	for (pages = 0; stalls() - before < (long)n && pages < STALL_PAGES_MAX; pages += STALL_PAGES)
		for (size_t i = pages; i < pages + STALL_PAGES; i++)
			memset(memory + i * PAGE, 1 + i % 255, PAGE);
	snprintf(line, sizeof(line), "%ld", stalls() - before);
}

/* Of the last N pages every other one goes: what is free then is in pieces. */
static void step_thin(size_t n)
{
	for (size_t i = n < pages ? pages - n : 0; i < pages; i += 2)
		advise(memory + i * PAGE, PAGE, MADV_DONTNEED);
}

/* To the other node, each page that is not there. */
static void step_move(size_t n)
{
	static void *page[MOVE_PAGES_MAX];
	static int node[MOVE_PAGES_MAX], status[MOVE_PAGES_MAX];
	size_t moved = 0;

	for (size_t i = 0; i < n && i < MOVE_PAGES_MAX; i++)
		page[i] = memory + i * PAGE;
	if (syscall(SYS_move_pages, 0, n, page, NULL, status, 0))
		die("move_pages");
	for (size_t i = 0; i < n; i++)
		node[i] = !status[i];
	if (syscall(SYS_move_pages, 0, n, page, node, status, 2 /* MPOL_MF_MOVE */))
		die("move_pages");
	for (size_t i = 0; i < n; i++)
		moved += status[i] == node[i];
	snprintf(line, sizeof(line), "%zu", moved);
}

/* Pages that are all the same, until ksmd has merged them. */
static void step_merge(size_t n)
{
	char *at = map((n + 2) * PAGE, PROT_NONE) + PAGE;
	long merged = 0;

	if (mprotect(at, n * PAGE, PROT_READ | PROT_WRITE))
		die("mprotect");
	memset(at, 7, n * PAGE);
	advise(at, n * PAGE, MADV_MERGEABLE);
	for (int i = 0; i < 6000 && merged < (long)n; i++) {
		usleep(10000);
		merged = number_in("/proc/self/ksm_merging_pages", "");
	}
	snprintf(line, sizeof(line), "%ld", merged);
}

/* N mappings, each of one page that is swapped out. */
static void step_patch(size_t n)
{
	char *at = map(2 * n * PAGE, PROT_READ | PROT_WRITE);

	advise(at, 2 * n * PAGE, MADV_NOHUGEPAGE);
	stay_here();
	for (size_t i = 0; i < n; i++) {
		*(volatile char *)(at + 2 * i * PAGE) = 1;
		if (mprotect(at + (2 * i + 1) * PAGE, PAGE, PROT_NONE))
			die("mprotect");
	}
	advise(at, 2 * n * PAGE, MADV_PAGEOUT);
	tell_swapped();
}

static int call_and_end(void *unused)
{
	(void)unused;
	syscall(SYS_brk, 0);
	syscall(SYS_exit, 0);
	return 0;
}

/* N processes, each of which makes one call and ends, and none goes before all have come. */
static void step_crowd(size_t n)
{
	const int shared = CLONE_VM | CLONE_VFORK | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_SYSVSEM;
	static char stack[1 << 14] __attribute__((aligned(16)));

	/* From one processor to another and back takes ten times as long. */
	stay_here();
	for (size_t i = 0; i < n; i++)
		if (clone(call_and_end, stack + sizeof(stack), shared | SIGCHLD, NULL) < 0)
			die("clone");
	for (size_t i = 0; i < n; i++)
		wait(NULL);
}

/* Until something comes through standard input. */
static void step_wait(size_t n)
{
	char byte;

	(void)n;
	if (read(0, &byte, 1) != 1)
		exit(0);
}

/* Twice as many mappings. */
static void step_cut(size_t n)
{
	char *at = map(2 * n * PAGE, PROT_READ);

	for (size_t i = 0; i < n; i++)
		if (mprotect(at + (2 * i + 1) * PAGE, PAGE, PROT_NONE))
			die("mprotect");
}

static int go_on(void *unused)
{
	(void)unused;
	while (number_in("/proc/self/status", "\nState:\tZ") < 0)
		usleep(1000);
	take_all();
	exit(0);
}

/* The main thread ends, and another, for which nothing is mapped, takes the other steps. */
static void step_leave(size_t n)
{
	static char stack[1 << 16] __attribute__((aligned(16)));

	(void)n;
	if (clone(go_on, stack + sizeof(stack), CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
		  CLONE_THREAD | CLONE_SYSVSEM, NULL) < 0)
		die("clone");
	syscall(SYS_exit, 0);
}

static const struct {
	const char *name;
	void (*step)(size_t n);
} steps[] = {
	{ "build", step_build },	{ "out", step_out },
	{ "give", step_give },	{ "sink", step_sink },
	{ "in", step_in },		{ "mmap", step_mmap },
	{ "munmap", step_munmap },	{ "brk", step_brk },
	{ "mremap", step_mremap },	{ "mprotect", step_mprotect },
	{ "fork", step_fork },		{ "exec", step_exec },
	{ "huge", step_huge },		{ "split", step_split },
	{ "collapse", step_collapse },	{ "move", step_move },
	{ "merge", step_merge },	{ "wait", step_wait },
	{ "cut", step_cut },		{ "leave", step_leave },
	{ "reread", step_reread },	{ "patch", step_patch },
	{ "crowd", step_crowd },	{ "edge", step_edge },
	{ "bind", step_bind },		{ "thin", step_thin },
	{ "stall", step_stall },	{ "piped", step_piped },
};

static void take(const char *word)
{
	size_t length = strcspn(word, ":"), n = word[length] ? strtoul(word + length + 1, NULL, 0) : 1;
	char text[300];
	int size;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (strlen(steps[i].name) != length || strncmp(steps[i].name, word, length))
			continue;
		*line = 0;
		if (steps[i].step == step_wait && write(1, "ready\n", 6) != 6)
			die("write");
		steps[i].step(n);
		size = snprintf(text, sizeof(text), "%s %s\n", steps[i].name, line);
		if (write(1, text, size) != size)
			die("write");
		return;
	}
	fprintf(stderr, "no step %s\n", word);
	exit(2);
}

static void take_all(void)
{
	while (*next)
		take(*next++);
}

int main(int argc, char **argv)
{
	(void)argc;
	next = argv + 1;
	take_all();
	return 0;
}
