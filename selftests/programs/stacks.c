// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program whose page faults come about in functions of known names, with frame pointers:
 * the scripts have their stacks counted. It knows nothing of who does.
 *
 * Usage: stacks [wait] N M K: touches N pages on a first way, in a child M pages on a second
 * one, has the kernel write to K pages for read(), and touches as many as DEEP calls deep.
 * Or: stacks many N: touches a page N times, each time on a way of its own.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE	4096ul
#define DEEP	200
#define IN_DEEP	5

#define APART	__attribute__((noinline, noclone))

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static char *memory(size_t pages)
{
	char *at = mmap(NULL, (pages + 1) * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED || madvise(at, (pages + 1) * PAGE, MADV_NOHUGEPAGE))
		die("mmap");
	return at;
}

/* Compilers give a function that calls none no frame, unless it asks for it. */
APART void touch(volatile char *at, size_t pages)
{
	__asm__ volatile("" : : "r"(__builtin_frame_address(0)));
	for (size_t i = 0; i < pages; i++)
		at[i * PAGE] = 1;
}

APART void first_way(char *at, size_t pages)
{
	touch(at, pages);
}

APART void second_way(char *at, size_t pages)
{
	touch(at, pages);
}

APART void by_read(int fd, char *at, size_t pages)
{
	for (size_t i = 0; i < pages; i++)
		if (read(fd, at + i * PAGE, 1) != 1)
			die("read");
}

APART void deep(char *at, size_t pages, int calls)
{
	if (calls)
		deep(at, pages, calls - 1);
	else
		touch(at, pages);
}

/* For each bit of its number one of two ways. */
APART void turn(char *at, size_t way, int bits);

APART void left(char *at, size_t way, int bits)
{
	turn(at, way / 2, bits - 1);
}

APART void right(char *at, size_t way, int bits)
{
	turn(at, way / 2, bits - 1);
}

APART void turn(char *at, size_t way, int bits)
{
	if (!bits)
		touch(at, 1);
	else if (way % 2)
		left(at, way, bits);
	else
		right(at, way, bits);
}

static int on_many_ways(size_t n)
{
	char *at = memory(1);

	for (size_t way = 0; way < n; way++) {
		turn(at, way, 20);
		if (madvise(at, PAGE, MADV_DONTNEED))
			die("MADV_DONTNEED");
	}
	return 0;
}

/* Until somebody writes a line. */
static void wait_for_line(void)
{
	char byte;

	if (write(STDOUT_FILENO, "ready\n", 6) != 6)
		die("write");
	while (read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n')
		;
}

int main(int argc, char **argv)
{
	int waits = argc > 1 && !strcmp(argv[1], "wait"), fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	size_t n[3] = { 0 };
	pid_t child;
	int status;

	if (argc == 3 && !strcmp(argv[1], "many"))
		return on_many_ways(strtoul(argv[2], NULL, 0));
	for (int i = 0; i < 3 && i + waits + 1 < argc; i++)
		n[i] = strtoul(argv[i + waits + 1], NULL, 0);
	if (fd < 0)
		die("/dev/zero");
	if (waits)
		wait_for_line();
	/* Or the stack itself has a fault in a function that is counted. */
	deep(NULL, 0, DEEP);
	first_way(memory(n[0]), n[0]);
	child = fork();
	if (child < 0)
		die("fork");
	deep(NULL, 0, DEEP);
	if (!child) {
		second_way(memory(n[1]), n[1]);
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || status)
		die("child");
	by_read(fd, memory(n[2]), n[2]);
	deep(memory(IN_DEEP), IN_DEEP, DEEP);
	if (waits)
		wait_for_line();
	return 0;
}
