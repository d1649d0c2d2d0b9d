// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process that holds every kind of memory at once; knows nothing of vmscope.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/memfd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory.h"
#include "proc.h"
#include "zoo.h"

#define SMALL	(256 * PAGE_SIZE)

/* Runs of 1 to 7 pages with gaps, so that nothing is uniform. */
static void touch_ragged(char *p, size_t size)
{
	size_t i = 0, run = 1;

	while (i < size) {
		size_t n = run * PAGE_SIZE;

		touch(p + i, n < size - i ? n : size - i);
		i += n + run % 3 * PAGE_SIZE;
		run = run % 7 + 1;
	}
}

/* A mapping cut into many of one page to seventeen, by a flag of no matter. */
static void shatter(char *p, size_t size)
{
	static const size_t pages[] = { 1, 1, 2, 1, 5, 1, 16, 3, 1, 17 };
	size_t i = 0, n;

	for (n = 0; i < size; n++) {
		size_t piece = pages[n % 10] * PAGE_SIZE;

		if (piece > size - i)
			piece = size - i;
		if (n % 2)
			madvise(p + i, piece, MADV_DONTDUMP);
		i += piece;
	}
}

static void build_anon(void)
{
	char *p = map_anon(SMALL, PAGE_SIZE);

	touch(p, SMALL);
	shatter(p, SMALL / 4);
	p = map_anon(SMALL, PAGE_SIZE);
	touch_ragged(p, SMALL);
	shatter(p, SMALL / 4);
	p = map_anon(SMALL, PAGE_SIZE);
	read_all(p, SMALL);
	touch_ragged(p, SMALL / 2);
	shatter(p + SMALL / 4, SMALL / 2);
	p = map_anon(SMALL, PAGE_SIZE);
	touch_ragged(p, SMALL);
	mprotect(p + SMALL / 4, SMALL / 4, PROT_NONE);
	mprotect(p + SMALL / 2, SMALL / 4, PROT_READ);
	shatter(p + SMALL / 8, SMALL / 2);
	p = map_anon(SMALL, PAGE_SIZE);
	touch_ragged(p, SMALL);
	mlock(p, SMALL);
	shatter(p, SMALL / 4);
	p = map_anon(SMALL, PAGE_SIZE);
	touch_ragged(p, SMALL);
	madvise(p, SMALL / 2, MADV_FREE);
	shatter(p + SMALL / 4, SMALL / 2);
	p = map_anon(64 * MIB, PAGE_SIZE);
	touch(p + 20 * MIB, PAGE_SIZE);
	p = map_anon(SMALL, PAGE_SIZE);
	touch_ragged(p, SMALL);
	madvise(p, SMALL, MADV_GUARD_INSTALL);
	shatter(p, SMALL / 4);
	prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, p, SMALL, "zoo");
}

static void build_huge(void)
{
	char *p;

	p = map_anon(2 * PMD_SIZE, PMD_SIZE);
	make_thp(p, 2 * PMD_SIZE);
	p = map_anon(2 * PMD_SIZE, PMD_SIZE);
	madvise(p, 2 * PMD_SIZE, MADV_HUGEPAGE);
	read_all(p, 2 * PMD_SIZE);
	p = map_anon(3 * PMD_SIZE, PMD_SIZE);
	make_thp(p, 3 * PMD_SIZE);
	madvise(p + 9 * PAGE_SIZE, 3 * PAGE_SIZE, MADV_DONTNEED);
	mprotect(p + PMD_SIZE + 5 * PAGE_SIZE, PAGE_SIZE, PROT_READ);
	munmap(p + 2 * PMD_SIZE, PMD_SIZE / 2);
	if (!mthp_enable(64, true)) {
		p = map_at(SMALL, 64 * KIB, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1);
		touch_ragged(p, SMALL);
		madvise(p + 3 * PAGE_SIZE, PAGE_SIZE, MADV_DONTNEED);
		shatter(p, SMALL / 4);
		mthp_enable(64, false);
	}
}

/* @nr pages, and room for one more. */
static void build_hugetlb(size_t size, unsigned int nr, unsigned int flag, int flags)
{
	unsigned int i;
	int fd;
	char *p;

	if (hugetlb_reserve(size, nr))
		return;
	fd = memfd_create("zoo-huge", MFD_HUGETLB | flag);
	if (fd < 0 || ftruncate(fd, (nr + 1) * size))
		return;
	p = map_at((nr + 1) * size, size, PROT_READ | PROT_WRITE,
		   flags | MAP_NORESERVE, fd);
	for (i = 0; p && i < nr; i++)
		touch(p + i * size, PAGE_SIZE);
}

static void build_files(const char *type)
{
	int fd = file_on(type, SMALL);
	char *p;

	if (fd < 0)
		return;
	p = map_file(SMALL, PAGE_SIZE, MAP_SHARED, fd);
	read_all(p, SMALL / 2);
	touch_ragged(p, SMALL / 4);
	shatter(p, SMALL / 2);
	p = map_file(SMALL, PAGE_SIZE, MAP_PRIVATE, fd);
	read_all(p, SMALL);
	touch_ragged(p, SMALL);
	shatter(p, SMALL / 4);
	close(fd);
}

static void build_shmem(void)
{
	int fd = memfd_create("zoo", 0);
	char *p;

	p = map_file(SMALL, PAGE_SIZE, MAP_SHARED | MAP_ANONYMOUS, -1);
	touch_ragged(p, SMALL);
	shatter(p, SMALL / 4);
	if (fd < 0 || ftruncate(fd, 2 * PMD_SIZE))
		return;
	p = map_file(2 * PMD_SIZE, PMD_SIZE, MAP_SHARED, fd);
	madvise(p, 2 * PMD_SIZE, MADV_HUGEPAGE);
	touch(p, PMD_SIZE);
	madvise(p, PMD_SIZE, MADV_COLLAPSE);
	touch_ragged(p + PMD_SIZE, PMD_SIZE / 2);
	p = map_file(2 * PMD_SIZE, PAGE_SIZE, MAP_PRIVATE, fd);
	read_all(p, PMD_SIZE);
	touch_ragged(p, PMD_SIZE / 8);
	shatter(p, PMD_SIZE / 16);
}

/* Between copies the object is asked for what is swapped. */
static void build_copies_of_swapped(void)
{
	int fd = memfd_create("zoo-swapped", 0);
	char *p;

	if (fd < 0 || ftruncate(fd, SMALL))
		return;
	p = map_file(SMALL, PAGE_SIZE, MAP_SHARED, fd);
	touch(p, SMALL);
	page_out(p, SMALL / 2);
	munmap(p, SMALL);
	p = map_file(SMALL, PAGE_SIZE, MAP_PRIVATE, fd);
	read_all(p + SMALL / 4, SMALL / 8);
	touch_ragged(p + SMALL * 3 / 8, SMALL / 4);
}

static void build_swapped(void)
{
	char *p;

	if (swap_on())
		return;
	p = map_anon(SMALL, PAGE_SIZE);
	touch_ragged(p, SMALL);
	page_out(p, SMALL);
	read_all(p, SMALL / 4);
	shatter(p + SMALL / 8, SMALL / 4);
	p = map_file(SMALL, PAGE_SIZE, MAP_SHARED | MAP_ANONYMOUS, -1);
	touch_ragged(p, SMALL);
	settle();
	madvise(p, SMALL, 21 /* MADV_PAGEOUT */);
	read_all(p + SMALL / 8, SMALL / 8);
	shatter(p, SMALL / 4);
	build_copies_of_swapped();
}

static void build_ksm(void)
{
	char *p = map_anon(SMALL, PAGE_SIZE);

	memset(p, 0x6b, SMALL);
	ksm_merge(p, SMALL);
	ksm_stop();
	touch_ragged(p, SMALL / 2);
	shatter(p + SMALL / 4, SMALL / 2);
	mprotect(p + SMALL * 7 / 8, SMALL / 8, PROT_NONE);
}

/* Pages that are kept and that nobody can touch, small and large. */
static void build_out_of_reach(void)
{
	char *p = map_anon(SMALL, PAGE_SIZE), *q = map_anon(2 * PMD_SIZE, PMD_SIZE);
	int fd = file_on("ramfs", SMALL);

	touch(p, SMALL / 2);
	touch_ragged(p + SMALL / 2, SMALL / 2);
	mprotect(p, SMALL, PROT_NONE);
	make_thp(q, 2 * PMD_SIZE);
	madvise(q + 7 * PAGE_SIZE, PAGE_SIZE, MADV_DONTNEED);
	/* smaps of 6.1 leaves those out that are mapped whole: kernels.rst */
	mprotect(q, kernel_version() < 612 ? PMD_SIZE : 2 * PMD_SIZE, PROT_NONE);
	if (fd < 0)
		return;
	p = map_file(SMALL, PAGE_SIZE, MAP_PRIVATE, fd);
	read_all(p, SMALL);
	touch_ragged(p, SMALL);
	mprotect(p, SMALL, PROT_NONE);
	close(fd);
}

/* A child that shares all by fork and copies some of it. */
static int fork_sharer(char *p, char *q, size_t offset)
{
	int up[2];
	char c;

	if (pipe(up))
		return -1;
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		touch_ragged(p + offset, SMALL / 4);
		touch_ragged(q + offset, PMD_SIZE / 4);
		if (write(up[1], "", 1) == 1)
			for (;;)
				pause();
		_exit(0);
	}
	return read(up[0], &c, 1) == 1 ? 0 : -1;
}

/* Pages mapped once, twice and three times. */
static void build_sharing(void)
{
	char *p = map_anon(SMALL, PAGE_SIZE), *q = map_anon(2 * PMD_SIZE, PMD_SIZE);

	touch(p, SMALL / 2);
	touch_ragged(p + SMALL / 2, SMALL / 2);
	make_thp(q, 2 * PMD_SIZE);
	shatter(p, SMALL / 2);
	if (fork_sharer(p, q, 5 * PAGE_SIZE) || fork_sharer(p, q, SMALL / 4))
		_exit(1);
	touch_ragged(p + SMALL / 2, SMALL / 4);
}

/* What is mapped and yet no memory: the firmware of a PC. */
static void build_device(void)
{
	int fd = open("/dev/mem", O_RDONLY);
	char *p;

	if (fd < 0)
		return;
	p = mmap(NULL, 16 * PAGE_SIZE, PROT_READ, MAP_SHARED, fd, 0xf0000);
	if (p != MAP_FAILED) {
		read_all(p, 8 * PAGE_SIZE);
		mprotect(p + 4 * PAGE_SIZE, 4 * PAGE_SIZE, PROT_NONE);
	}
	close(fd);
}

/* Pages of the kernel's own, which a driver gives: an array of BPF. */
static void build_driver(void)
{
	union bpf_attr map = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
		.value_size = 20 * PAGE_SIZE, .max_entries = 1,
		.map_flags = BPF_F_MMAPABLE,
	};
	int fd = syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof(map));
	char *p;

	if (fd < 0)
		return;
	p = mmap(NULL, 20 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return;
	touch_ragged(p, 18 * PAGE_SIZE);
	mprotect(p + 12 * PAGE_SIZE, 4 * PAGE_SIZE, PROT_NONE);
}

/* The same ones each time. */
static bool dice(unsigned int percent)
{
	static uint32_t state = 1;

	state = state * 1664525 + 1013904223;
	return (state >> 16) % 100 < percent;
}

static void touch_some(char *p, size_t size, unsigned int percent)
{
	size_t i;

	for (i = 0; i < size; i += PAGE_SIZE)
		if (dice(percent))
			touch(p + i, PAGE_SIZE);
}

static void read_some(const char *p, size_t size, unsigned int percent)
{
	size_t i;

	for (i = 0; i < size; i += PAGE_SIZE)
		if (dice(percent))
			read_all(p + i, PAGE_SIZE);
}

static void free_some(char *p, size_t size, unsigned int percent)
{
	size_t i;

	for (i = 0; i < size; i += PAGE_SIZE)
		if (dice(percent))
			madvise(p + i, PAGE_SIZE, MADV_FREE);
}

/* A child that copies some of what it shares, and of a file maps some. */
static void share_some(char *file, char *copied, size_t size)
{
	int up[2];
	char c;

	if (pipe(up))
		return;
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		read_some(file, size, 40);
		touch_some(file, size, 5);
		touch_some(copied, size, 5);
		if (write(up[1], "", 1) == 1)
			for (;;)
				pause();
		_exit(0);
	}
	if (read(up[0], &c, 1) != 1)
		_exit(1);
	close(up[0]);
	close(up[1]);
}

/*
 * Neighbours that differ in kind, in who else maps them and in age, at random.
 * First of all, so that the children share nothing else.
 */
static void build_mixtures(void)
{
	const size_t size = 2 * SMALL;
	char *file, *copied, *lone;
	unsigned int i;
	int fd = file_on("ramfs", size);

	if (fd < 0)
		return;
	file = map_file(size, PMD_SIZE, MAP_PRIVATE, fd);
	copied = map_anon(size, PMD_SIZE);
	lone = map_anon(size, PMD_SIZE);
	read_some(file, size, 90);
	touch_some(file, size, 30);
	touch(copied, size);
	for (i = 0; i < 20; i++)
		share_some(file, copied, size);
	touch(lone, size);
	for (i = 0; i < 3; i++) {
		char *p = (char *[]){ file, copied, lone }[i];

		/* dirty bits of what cannot be written to stand elsewhere */
		mprotect(p, size / 2, PROT_READ);
		mprotect(p, size / 2, PROT_READ | PROT_WRITE);
		touch_some(p, size, 20);
	}
	settle();
	free_some(copied, size, 30);
	free_some(lone + size / 4, size / 2, 30);
	write_file("/proc/self/clear_refs", "1");
	for (i = 0; i < 3; i++) {
		char *p = (char *[]){ file, copied, lone }[i];

		read_some(p, size, 30);
		touch_some(p, size, 10);
	}
	close(fd);
}

int zoo_build(bool gigabyte)
{
	write_file("/sys/kernel/mm/transparent_hugepage/enabled", "madvise");
	build_mixtures();
	build_anon();
	build_huge();
	build_hugetlb(PMD_SIZE, 3, 21u << 26, MAP_SHARED);
	build_hugetlb(PMD_SIZE, 3, 21u << 26, MAP_PRIVATE);
	if (gigabyte)
		build_hugetlb(GIB, 1, 30u << 26, MAP_SHARED);
	build_device();
	build_driver();
	build_out_of_reach();
	build_files("ramfs");
	build_files("ext4");
	build_shmem();
	build_swapped();
	build_ksm();
	build_sharing();
	settle();
	return 0;
}
