// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes memory that could be in huge pages and for one reason each is not, says where as a JSON
 * object, and waits. Knows nothing of who looks at it; the policy is madvise meanwhile.
 *
 * Usage: huge_or_not [prctl]
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory.h"

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void die_of(int error, const char *what)
{
	errno = error;
	if (error)
		die(what);
}

static void say(const char *name, const char *at, size_t size)
{
	static const char *before = "{";

	printf("%s\"%s\": [%lu, %lu]", before, name, (unsigned long)at, (unsigned long)size);
	before = ", ";
}

/* The first @size bytes of a mapping of @all that begins so much behind a boundary, written. */
static char *mapping(const char *name, size_t behind, size_t all, size_t size)
{
	char *at = map_at(behind + all, PMD_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (!at || (behind && munmap(at, behind)))
		die(name);
	touch(at + behind, size);
	say(name, at + behind, all);
	return at + behind;
}

/* It is asked for when there is nothing left to be touched. */
static char *asked(const char *name, size_t size)
{
	char *at = mapping(name, 0, PMD_SIZE, size);

	if (madvise(at, PMD_SIZE, MADV_HUGEPAGE))
		die("MADV_HUGEPAGE");
	return at;
}

/* One half of the pages is the child's as well. */
static void shared(void)
{
	char *at = mapping("shared", 0, PMD_SIZE, PMD_SIZE);

	if (fork_waiting() < 0)
		die("fork");
	touch(at, PMD_SIZE / 2);
	if (madvise(at, PMD_SIZE, MADV_HUGEPAGE))
		die("MADV_HUGEPAGE");
}

static void swapped(size_t pages)
{
	char *at = asked("swapped", PMD_SIZE);

	die_of(page_out(at, pages * PAGE_SIZE), "pages do not go out");
}

/* A huge page, of which one page is given back. */
static void split(void)
{
	char *at = map_anon(PMD_SIZE, PMD_SIZE);

	if (!at)
		die("mmap");
	die_of(make_thp(at, PMD_SIZE), "a huge page");
	if (madvise(at, PAGE_SIZE, MADV_DONTNEED))
		die("MADV_DONTNEED");
	say("split", at, PMD_SIZE);
}

static void watched(void)
{
	char *at = asked("watched", PMD_SIZE - 4 * PAGE_SIZE);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register holes = {
		.range = { .start = (uintptr_t)at, .len = PMD_SIZE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &holes))
		die("userfaultfd");
}

static void file(const char *name, int fd, int flags)
{
	char *at = map_file(PMD_SIZE, PMD_SIZE, flags, fd);

	if (!at)
		die(name);
	if (flags & MAP_PRIVATE)
		touch(at, PMD_SIZE);
	else
		read_all(at, PMD_SIZE);
	say(name, at, PMD_SIZE);
}

static void files(void)
{
	int tmpfs = file_on("tmpfs", PMD_SIZE), ext4 = file_on("ext4", PMD_SIZE);
	char *at = map_at(PMD_SIZE, PMD_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			  -1);

	die_of(tmpfs < 0 ? -tmpfs : 0, "tmpfs");
	die_of(ext4 < 0 ? -ext4 : 0, "ext4");
	file("mount", tmpfs, MAP_SHARED);
	file("copies", tmpfs, MAP_PRIVATE);
	file("cache", ext4, MAP_SHARED);
	if (!at)
		die("shared memory");
	touch(at, PMD_SIZE);
	if (madvise(at, PMD_SIZE, MADV_HUGEPAGE))
		die("MADV_HUGEPAGE");
	say("object", at, PMD_SIZE);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "prctl")) {
		if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0))
			die("PR_SET_THP_DISABLE");
		asked("full", PMD_SIZE);
	} else {
		/* first: all that is there already is the child's as well */
		shared();
		mapping("small", 0, MIB, MIB);
		mapping("misaligned", PMD_SIZE / 4, PMD_SIZE * 3 / 2, PMD_SIZE * 3 / 2);
		mapping("ends", PMD_SIZE / 4, PMD_SIZE * 2, PMD_SIZE * 2);
		if (madvise(mapping("forbidden", 0, PMD_SIZE, PMD_SIZE), PMD_SIZE,
			    MADV_NOHUGEPAGE))
			die("MADV_NOHUGEPAGE");
		asked("full", PMD_SIZE);
		asked("holes", PMD_SIZE - 200 * PAGE_SIZE);
		split();
		watched();
		files();
		swapped(10);
	}
	puts("}");
	fflush(stdout);
	return read(0, &argc, 1) < 0;
}
