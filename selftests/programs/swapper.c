// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Has memory of its own swapped out in one way or another, says where, and goes a step
 * further whenever there is a line to read. Knows nothing of who looks at it.
 *
 * Usage: swapper WAY [N]
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"
#include "proc.h"

#define TRIES		100
#define CHILDREN	100

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static char *anon(size_t size)
{
	char *at = map_anon(size, PAGE_SIZE);

	if (!at)
		die("mmap");
	return at;
}

/* Pages that are equal, but not of one byte: nobody keeps those. */
static char *equal_pages(size_t size)
{
	char *at = anon(size);

	for (size_t i = 0; i < size; i++)
		at[i] = i;
	return at;
}

static char *filled(size_t size)
{
	char *at = equal_pages(size);

	for (size_t i = 0; i < size; i += PAGE_SIZE)
		*(size_t *)(at + i) = i;
	return at;
}

static void out(char *at, size_t size)
{
	errno = page_out(at, size);
	if (errno)
		die("pages do not go out");
}

/* One page, which is in no batch. */
static void out_singly(char *page)
{
	for (int i = 0; i < TRIES; i++) {
		madvise(page, PAGE_SIZE, MADV_PAGEOUT);
		if (pagemap_word(getpid(), (uintptr_t)page) & PM_SWAP)
			return;
		settle();
		usleep(10000);
	}
	die("a page does not go out");
}

/* Until the next line. */
static void step(void)
{
	char byte = 0;

	while (byte != '\n')
		if (read(0, &byte, 1) != 1)
			exit(0);
}

static void say(pid_t pid, const char *at)
{
	if (pid)
		printf("%d ", pid);
	printf("%#lx\n", (unsigned long)at);
	fflush(stdout);
}

/* ---------------------------------------------------------------------- ways */

/* N children have it as well, until the next step. */
static void fork_of(size_t n, size_t size)
{
	pid_t pid[CHILDREN];
	char *at = filled(size);

	if (n > CHILDREN)
		n = CHILDREN;
	out(at, size);
	for (size_t i = 0; i < n; i++)
		pid[i] = fork_waiting();
	say(pid[0], at);
	step();
	for (size_t i = 0; i < n; i++) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	puts("alone");
	fflush(stdout);
}

static void way_fork(size_t n)
{
	fork_of(n, 4 * MIB);
}

static void way_many(size_t n)
{
	fork_of(n, MIB);
}

/* The child has not read its pages. */
static void way_read_back(size_t n)
{
	char *at = filled(n * MIB);
	pid_t pid;

	out(at, n * MIB);
	pid = fork_waiting();
	read_all(at, n * MIB);
	say(pid, at);
}

/* First those of even numbers. */
static void way_pattern(size_t n)
{
	char *at = filled(n * MIB);

	settle();
	for (int odd = 0; odd < 2; odd++)
		for (size_t page = odd; page < n * MIB / PAGE_SIZE; page += 2)
			out_singly(at + page * PAGE_SIZE);
	say(0, at);
}

/* Every other slot belongs to a mapping that is gone by the time of the question. */
static void way_interleaved(size_t n)
{
	char *at = filled(n * MIB), *other = filled(n * MIB);

	settle();
	for (size_t i = 0; i < n * MIB; i += PAGE_SIZE) {
		out_singly(at + i);
		out_singly(other + i);
	}
	munmap(other, n * MIB);
	say(0, at);
}

static void way_equal_pages(size_t n)
{
	char *at = equal_pages(n * MIB);

	out(at, n * MIB);
	say(0, at);
}

/* KSM may merge it; ksmd does not look into swap. */
static void way_mergeable(size_t n)
{
	char *at = equal_pages(n * MIB);

	out(at, n * MIB);
	if (madvise(at, n * MIB, MADV_MERGEABLE))
		die("MADV_MERGEABLE");
	say(0, at);
}

/* One half, and at the next step the other. */
static void way_halves(size_t n)
{
	char *at = equal_pages(n * MIB);

	for (int half = 0; half < 2; half++) {
		out(at + half * n * MIB / 2, n * MIB / 2);
		say(0, at);
		step();
	}
}

/* All of it is out once more at each step. */
static void way_again(size_t n)
{
	char *at = equal_pages(n * MIB);

	for (;;) {
		out(at, n * MIB);
		say(0, at);
		step();
	}
}

/* What no compression makes shorter, all the same byte, all zeros. */
static void way_sorts(size_t n)
{
	const size_t size = n * MIB;
	char *at = anon(3 * size);

	for (size_t i = 0; i < size; i += 256)
		if (getrandom(at + i, 256, 0) != 256)
			die("getrandom");
	memset(at + size, 0xff, size);
	memset(at + 2 * size, 0, size);
	out(at, 3 * size);
	say(0, at);
}

static bool is_cached(char *at, size_t size)
{
	static unsigned char here[1024];

	if (size > sizeof(here) * PAGE_SIZE || mincore(at, size, here))
		die("mincore");
	for (size_t i = 0; i < size / PAGE_SIZE; i++)
		if (here[i] & 1)
			return true;
	return false;
}

/* A mapping of all, and one of its second half. */
static void way_shmem(size_t n)
{
	const size_t size = n * MIB;
	int fd = memfd_create("swapped", 0);
	char *at;

	if (fd < 0 || ftruncate(fd, size))
		die("memfd");
	at = map_file(size, PAGE_SIZE, MAP_SHARED, fd);
	if (!at || mmap(NULL, size / 2, PROT_READ, MAP_SHARED, fd, size / 2) == MAP_FAILED)
		die("mmap");
	touch(at, size);
	for (int i = 0; is_cached(at, size); i++) {
		if (i == TRIES)
			die("shared pages do not go out");
		settle();
		madvise(at, size, MADV_PAGEOUT);
		usleep(20000);
	}
	say(0, at);
}

static const struct {
	const char *name;
	void (*way)(size_t n);
	size_t n;
} ways[] = {
	{ "fork", way_fork, 1 },			/* children */
	{ "many", way_many, 70 },
	{ "read_back", way_read_back, 4 },		/* MiB */
	{ "pattern", way_pattern, 2 },
	{ "interleaved", way_interleaved, 1 },
	{ "equal_pages", way_equal_pages, 4 },
	{ "mergeable", way_mergeable, 1 },
	{ "halves", way_halves, 4 },
	{ "again", way_again, 16 },
	{ "sorts", way_sorts, 1 },
	{ "shmem", way_shmem, 2 },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strcmp(ways[i].name, argv[1]))
			continue;
		ways[i].way(argc > 2 ? strtoul(argv[2], NULL, 0) : ways[i].n);
		step();
		return 0;
	}
	fprintf(stderr, "no way %s\n", argc > 1 ? argv[1] : "");
	return 2;
}
