// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What keeps pages where they are: pins, references that nothing explains,
 * mlock, and huge pages that wait to be split; knows nothing of reclaim.
 */
#include "kselftest_harness.h"
#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include "leaf.h"

#define PAGES		64
#define SIZE		(PAGES * PAGE_SIZE)
#define HELD		8
#define THP		"/sys/kernel/mm/transparent_hugepage/"
#define SPLIT		"/sys/kernel/debug/split_huge_pages"

struct shared {
	struct region r;
	bool huge;
	int fd;
	int error;
};

FIXTURE(stuck) {
	struct target t;
	struct shared *s;
};

FIXTURE_SETUP(stuck)
{
	self->t.fd = -1;
	self->s = shared_alloc(sizeof(*self->s));
	ASSERT_NE(NULL, self->s);
	keep_pages_still();
}

FIXTURE_TEARDOWN(stuck)
{
	target_stop(&self->t);
}

static char *memory_of(const struct shared *s)
{
	return (char *)(uintptr_t)s->r.start;
}

static int map_region(struct shared *s)
{
	size_t size = s->huge ? PMD_SIZE : SIZE;
	char *p = map_anon(size, s->huge ? PMD_SIZE : PAGE_SIZE);

	if (!p)
		return ENOMEM;
	s->r = region_of(p, size);
	if (s->huge)
		return make_thp(p, size);
	touch(p, size);
	return 0;
}

/* Background work that holds a page for a moment is given time to end. */
static long settled(const struct target *t, const struct region *r, uint64_t attribute,
		    long expected)
{
	long pages = -1;
	int try;

	for (try = 0; try < 5 && pages != expected; try++) {
		settle();
		pages = scan_count(t->fd, r->start, r->end, attribute, 0);
	}
	return pages;
}

#define EXPECT_PAGES(expected, attribute)					\
	EXPECT_EQ(expected, settled(&self->t, &self->s->r,			\
				    VMSCOPE_ATTR_##attribute, expected))
#define EXPECT_SAME_PLAIN(attribute)						\
	EXPECT_EQ(scan_count(self->t.fd, self->s->r.start, self->s->r.end,	\
			     VMSCOPE_ATTR_##attribute, 0),			\
		  scan_count(self->t.fd, self->s->r.start, self->s->r.end,	\
			     VMSCOPE_ATTR_##attribute, VMSCOPE_SCAN_PLAIN))

/* ----------------------------------------------------------------- pinned */

static int ring_register(int ring, unsigned int what, const void *arg, unsigned int nr)
{
	return syscall(__NR_io_uring_register, ring, what, arg, nr) < 0 ? errno : 0;
}

static int build_pinned(void *arg, unsigned int step)
{
	struct io_uring_params params = { 0 };
	struct shared *s = arg;
	struct iovec vec;
	int error;

	if (step)
		return ring_register(s->fd, IORING_UNREGISTER_BUFFERS, NULL, 0);
	error = map_region(s);
	if (error)
		return error;
	write_file("/proc/sys/kernel/io_uring_disabled", "0");
	s->fd = syscall(__NR_io_uring_setup, 2, &params);
	if (s->fd < 0)
		return errno;
	vec = (struct iovec) { memory_of(s) + PAGE_SIZE, HELD * PAGE_SIZE };
	return ring_register(s->fd, IORING_REGISTER_BUFFERS, &vec, 1);
}

TEST_F(stuck, a_registered_buffer_is_pinned)
{
	ASSERT_BUILT(target_start(&self->t, build_pinned, self->s), "io_uring");
	EXPECT_PAGES(HELD, PINNED);
	EXPECT_PAGES(0, EXTRA_REFS);
	EXPECT_SAME_PLAIN(EXTRA_REFS);
	ASSERT_EQ(0, target_step(&self->t, 1));
	EXPECT_PAGES(0, PINNED);
	EXPECT_PAGES(0, EXTRA_REFS);
}

TEST_F(stuck, a_pin_holds_the_whole_huge_page)
{
	self->s->huge = true;
	ASSERT_BUILT(target_start(&self->t, build_pinned, self->s), "huge page");
	EXPECT_PAGES(PMD_SIZE / PAGE_SIZE, PINNED);
	EXPECT_PAGES(0, EXTRA_REFS);
	ASSERT_EQ(0, target_step(&self->t, 1));
	EXPECT_PAGES(0, PINNED);
}

/* ------------------------------------------------------- extra references */

static int build_referenced(void *arg, unsigned int step)
{
	static int ends[2];
	struct shared *s = arg;
	char data[PAGE_SIZE];
	struct iovec vec;
	int error, i;

	for (i = 0; step && i < HELD; i++)
		if (read(ends[0], data, sizeof(data)) != sizeof(data))
			return EIO;
	if (step)
		return 0;
	error = map_region(s);
	if (error)
		return error;
	if (pipe(ends))
		return errno;
	vec = (struct iovec) { memory_of(s) + 2 * PAGE_SIZE, HELD * PAGE_SIZE };
	return vmsplice(ends[1], &vec, 1, 0) == HELD * PAGE_SIZE ? 0 : EIO;
}

TEST_F(stuck, pages_in_a_pipe_have_extra_references)
{
	ASSERT_BUILT(target_start(&self->t, build_referenced, self->s), "vmsplice");
	EXPECT_PAGES(HELD, EXTRA_REFS);
	EXPECT_PAGES(0, PINNED);
	EXPECT_SAME_PLAIN(EXTRA_REFS);
	ASSERT_EQ(0, target_step(&self->t, 1));
	EXPECT_PAGES(0, EXTRA_REFS);
}

TEST_F(stuck, and_so_has_a_huge_page)
{
	self->s->huge = true;
	ASSERT_BUILT(target_start(&self->t, build_referenced, self->s), "huge page");
	EXPECT_PAGES(PMD_SIZE / PAGE_SIZE, EXTRA_REFS);
	ASSERT_EQ(0, target_step(&self->t, 1));
	EXPECT_PAGES(0, EXTRA_REFS);
}

/* ------------------------------------------------------------- explained */

static int build_quiet(void *arg, unsigned int step)
{
	(void)step;
	return map_region(arg);
}

TEST_F(stuck, nothing_holds_quiet_memory)
{
	ASSERT_BUILT(target_start(&self->t, build_quiet, self->s), "memory");
	EXPECT_PAGES(0, EXTRA_REFS);
	EXPECT_PAGES(0, PINNED);
	EXPECT_PAGES(0, MLOCKED);
	EXPECT_PAGES(0, DEFERRED);
}

TEST_F(stuck, nothing_holds_a_quiet_huge_page)
{
	self->s->huge = true;
	ASSERT_BUILT(target_start(&self->t, build_quiet, self->s), "huge page");
	EXPECT_PAGES(0, EXTRA_REFS);
	EXPECT_PAGES(0, PINNED);
	EXPECT_PAGES(0, DEFERRED);
}

static int build_forked(void *arg, unsigned int step)
{
	int error = build_quiet(arg, step);

	return error ? error : fork_waiting() < 0 ? errno : 0;
}

TEST_F(stuck, fork_explains_its_references)
{
	ASSERT_BUILT(target_start(&self->t, build_forked, self->s), "fork");
	EXPECT_PAGES(0, EXTRA_REFS);
}

TEST_F(stuck, fork_explains_those_of_huge_pages)
{
	self->s->huge = true;
	ASSERT_BUILT(target_start(&self->t, build_forked, self->s), "huge page");
	EXPECT_PAGES(0, EXTRA_REFS);
}

/* Mapped as a whole by one process and page by page by the other. */
static int build_both_ways(void *arg, unsigned int step)
{
	struct shared *s = arg;
	int error = build_forked(arg, step);

	if (!error && mprotect(memory_of(s), PAGE_SIZE, PROT_READ))
		error = errno;
	return error;
}

TEST_F(stuck, being_mapped_both_ways_explains_them)
{
	self->s->huge = true;
	ASSERT_BUILT(target_start(&self->t, build_both_ways, self->s), "huge page");
	EXPECT_PAGES(0, EXTRA_REFS);
}

static int build_file(void *arg, unsigned int step)
{
	struct shared *s = arg;
	int fd;
	char *p;

	(void)step;
	if (s->fd)
		fd = file_on("ext4", SIZE);
	else
		fd = memfd_create("stuck", 0);
	if (fd < 0 || (!s->fd && ftruncate(fd, SIZE)))
		return fd < 0 ? -fd : errno;
	p = map_file(SIZE, PAGE_SIZE, MAP_SHARED, fd);
	if (!p)
		return ENOMEM;
	s->r = region_of(p, SIZE);
	touch(p, SIZE);
	return 0;
}

TEST_F(stuck, page_cache_explains_its_references)
{
	ASSERT_BUILT(target_start(&self->t, build_file, self->s), "memfd");
	EXPECT_PAGES(0, EXTRA_REFS);
	EXPECT_SAME_PLAIN(EXTRA_REFS);
}

TEST_F(stuck, page_cache_of_a_disk_explains_them)
{
	self->s->fd = 1;
	ASSERT_BUILT(target_start(&self->t, build_file, self->s), "ext4");
	EXPECT_PAGES(0, EXTRA_REFS);
}

static int build_swap_cache(void *arg, unsigned int step)
{
	struct shared *s = arg;
	int error = build_quiet(arg, step);

	if (!error)
		error = page_out(memory_of(s), SIZE);
	if (!error)
		read_all(memory_of(s), SIZE);
	return error;
}

TEST_F(stuck, the_swap_cache_explains_its_references)
{
	int error = swap_on();

	if (error)
		SKIP(return, "swap in zram: %s", strerror(error));
	ASSERT_BUILT(target_start(&self->t, build_swap_cache, self->s), "MADV_PAGEOUT");
	EXPECT_PAGES(0, EXTRA_REFS);
	EXPECT_SAME_PLAIN(EXTRA_REFS);
}

/* ---------------------------------------------------------------- mlocked */

static int build_mlocked(void *arg, unsigned int step)
{
	struct shared *s = arg;
	int error;

	if (step)
		return munlock(memory_of(s), SIZE) ? errno : 0;
	error = map_region(s);
	if (!error && mlock(memory_of(s), HELD * PAGE_SIZE))
		error = errno;
	return error;
}

TEST_F(stuck, mlocked_pages_are_mlocked)
{
	ASSERT_BUILT(target_start(&self->t, build_mlocked, self->s), "mlock");
	EXPECT_PAGES(HELD, MLOCKED);
	EXPECT_PAGES(HELD, UNEVICTABLE);
	ASSERT_EQ(0, target_step(&self->t, 1));
	EXPECT_PAGES(0, MLOCKED);
}

/* --------------------------------------------------------------- deferred */

static int build_partial(void *arg, unsigned int step)
{
	struct shared *s = arg;
	int error;

	if (step)
		return write_file(SPLIT, "1");
	s->huge = true;
	error = map_region(s);
	if (!error && madvise(memory_of(s), PMD_SIZE / 2, MADV_DONTNEED))
		error = errno;
	s->r.start += PMD_SIZE / 2;
	return error;
}

TEST_F(stuck, what_is_left_of_a_huge_page_waits_to_be_split)
{
	ASSERT_BUILT(target_start(&self->t, build_partial, self->s), "huge page");
	EXPECT_EQ(PMD_SIZE / PAGE_SIZE / 2,
		  scan_count(self->t.fd, self->s->r.start, self->s->r.end,
			     VMSCOPE_ATTR_DEFERRED, 0));
	EXPECT_SAME_PLAIN(DEFERRED);
	ASSERT_EQ(0, target_step(&self->t, 1));
	EXPECT_PAGES(0, DEFERRED);
}

TEST(all_of_it_is_announced)
{
	uint64_t always = VMSCOPE_ATTR_PINNED | VMSCOPE_ATTR_EXTRA_REFS;

	EXPECT_EQ(always, vmscope_info()->key & always);
	EXPECT_EQ(!access(THP "enabled", F_OK),
		  !!(vmscope_info()->key & VMSCOPE_ATTR_DEFERRED));
}

/*
 * For command.sh: a pinned buffer, pages in a pipe, mlocked pages and the rest
 * of a huge page, until standard input ends. Where they are goes to standard
 * output.
 */
static int hold(void)
{
	static int (* const build[])(void *, unsigned int) = {
		build_pinned, build_referenced, build_mlocked, build_partial,
	};
	struct shared s[4] = { 0 };
	size_t i;
	char c;

	keep_pages_still();
	for (i = 0; i < ARRAY_SIZE(build); i++) {
		if (build[i](&s[i], 0))
			return 1;
		printf("%lx%c", (unsigned long)s[i].r.start, i < 3 ? ' ' : '\n');
	}
	settle();
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	return 0;
}

VMSCOPE_TEST_MAIN_OR(hold)
