// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * FILL beside other records and other work: what else is asked for, who writes
 * and splits meanwhile, its pace, and who may ask; knows nothing of what counts.
 */
#include "kselftest_harness.h"
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include "filled.h"
#include "leaf.h"

#define NOBODY		65534

HUGE_FIXTURE(beside)

/* -------------------------------------------------------- beside the others */

static void expect_like_without(struct __test_metadata *_metadata, struct target *t,
				const struct shared *shared, size_t buffer)
{
	struct scan plain, alone, with = {
		.start = shared->r.start, .end = shared->r.end,
		.records = RECORD(VMA) | RECORD(TALLY) | RECORD(EXTENT) | RECORD(FILL),
		.key = scan_full_key() & ~(VMSCOPE_ATTR_REFERENCED | VMSCOPE_ATTR_LRU |
					   VMSCOPE_ATTR_ACTIVE | VMSCOPE_KEY_REFCOUNT),
		.flags = VMSCOPE_SCAN_HOLES | VMSCOPE_SCAN_UNPACED,
		.buffer_size = buffer,
	};
	uint64_t address;

	ASSERT_EQ(0, scan_everything(t->fd, shared->r.start, shared->r.end, &plain));
	ASSERT_EQ(0, scan_fill(t, &shared->r, &alone)) TH_LOG("%s", alone.error);
	ASSERT_EQ(0, scan_run(t->fd, &with)) TH_LOG("%s", with.error);
	EXPECT_EQ(0, memcmp(&alone.fill, &with.fill, sizeof(with.fill)));
	EXPECT_SAME(scan_differ(&plain, &with));
	for (address = shared->r.start; address < shared->r.end; address += PAGE_SIZE) {
		struct scan_page a, b;

		ASSERT_TRUE(scan_page(&plain, address, &a));
		ASSERT_TRUE(scan_page(&with, address, &b));
		ASSERT_EQ(a.frame, b.frame);
		ASSERT_EQ(a.mapcount, b.mapcount);
		ASSERT_EQ(a.attributes & with.key, b.attributes);
	}
	EXPECT_EQ(5, with.fill.folios);
	EXPECT_EQ(zeros(shared, 0, 5 * PAGES), with.fill.zero);
	scan_free(&plain);
	scan_free(&alone);
	scan_free(&with);
}

TEST_F(beside, extents_and_sums_are_those_of_a_scan_without)
{
	ASSERT_BUILT(target_start(&self->t, build_several, self->s), "huge page");
	expect_like_without(_metadata, &self->t, self->s, 0);
}

/* Every eighth page is dropped: there are many extents. */
static int build_many_extents(void *arg, unsigned int step)
{
	struct shared *s = arg;
	int error = build_several(arg, step);
	size_t i;

	for (i = 0; !error && i < 5 * PAGES; i += 8) {
		if (madvise((void *)(s->r.start + i * PAGE_SIZE), PAGE_SIZE,
			    MADV_DONTNEED))
			error = errno;
		s->written[i] = 2;	/* not zero: not there */
	}
	return error;
}

/* The buffer is full again and again inside a folio. */
TEST_F(beside, small_buffers)
{
	size_t size;

	ASSERT_BUILT(target_start(&self->t, build_many_extents, self->s), "huge page");
	for (size = 1536; size < 2600; size += 136)
		expect_like_without(_metadata, &self->t, self->s, size);
}

/* ------------------------------------------------------------- meanwhile */

static void *write_on(void *arg)
{
	struct shared *s = arg;
	size_t n = 5 * PAGES;
	size_t i;

	for (i = 0; !s->stop; i = (i * 5 + 3) % n)
		((volatile char *)s->r.start)[i * PAGE_SIZE + i % PAGE_SIZE] ^= 1;
	return NULL;
}

/* Huge pages are taken apart and put together while they are read. */
static void *split_on(void *arg)
{
	struct shared *s = arg;
	char *p = (char *)s->r.start;
	size_t i;

	for (i = 0; !s->stop; i++) {
		char *folio = p + i % 5 * PMD_SIZE;

		madvise(folio + 100 * PAGE_SIZE, PAGE_SIZE, MADV_DONTNEED);
		if (i % 3 == 0)
			madvise(folio, PMD_SIZE, MADV_DONTNEED);
		*(volatile char *)folio = 0;
		madvise(folio, PMD_SIZE, MADV_COLLAPSE);
		mprotect(folio + PAGE_SIZE, PAGE_SIZE, PROT_READ);
		mprotect(folio + PAGE_SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE);
		s->rounds++;
	}
	return NULL;
}

static int run_beside(void *arg, void *(*run)(void *))
{
	pthread_t thread;
	int error = build_several(arg, 0);

	return error ? error : pthread_create(&thread, NULL, run, arg);
}

static int build_written(void *arg, unsigned int step)
{
	(void)step;
	return run_beside(arg, write_on);
}

static int build_split(void *arg, unsigned int step)
{
	(void)step;
	return run_beside(arg, split_on);
}

TEST_F(beside, written_meanwhile)
{
	struct scan s;
	int i;

	ASSERT_BUILT(target_start(&self->t, build_written, self->s), "huge page");
	for (i = 0; i < 30; i++) {
		ASSERT_EQ(0, scan_fill(&self->t, &self->s->r, &s)) TH_LOG("%s", s.error);
		EXPECT_EQ(5, s.fill.folios);
		EXPECT_EQ(5 * PAGES, s.fill.pages);
		scan_free(&s);
	}
	self->s->stop = 1;
}

TEST_F(beside, split_meanwhile)
{
	struct scan s;
	int i;

	ASSERT_BUILT(target_start(&self->t, build_split, self->s), "huge page");
	/* where both want mmap_lock, a look takes as long as thirty rounds */
	for (i = 0; i < 20 || self->s->rounds < 600; i++) {
		ASSERT_EQ(0, scan_fill(&self->t, &self->s->r, &s)) TH_LOG("%s", s.error);
		EXPECT_GE(5 * PAGES, s.fill.pages + s.fill.unread);
		EXPECT_TRUE(fill_adds_up(&s));
		scan_free(&s);
	}
	self->s->stop = 1;
}

/* ------------------------------------------------------- pace and permission */

static int build_eight(void *arg, unsigned int step)
{
	(void)step;
	return map_zeros(arg, 8 * PMD_SIZE);
}

TEST_F(beside, takes_a_quarter_of_a_processor)
{
	uint64_t held = 0, wall = 0;
	int i;

	ASSERT_BUILT(target_start(&self->t, build_eight, self->s), "huge page");
	/* The pauses are made across calls. */
	for (i = 0; i < 1000 && held < 20000000; i++) {
		struct scan s = {
			.start = self->s->r.start, .end = self->s->r.end,
			.records = RECORD(FILL),
		};

		ASSERT_EQ(0, scan_run(self->t.fd, &s)) TH_LOG("%s", s.error);
		EXPECT_EQ(8, s.fill.used[0]);
		held += s.held_ns;
		wall += s.wall_ns;
		scan_free(&s);
	}
	/* Up to a millisecond at the end has no pause behind it. */
	EXPECT_LT(3 * (held - 1000000), wall);
}

/*
 * Of what its call took, the part that was read and not paused; the most of several calls,
 * for others may want the processor between two sections. Not a time: a busy host gives who
 * never pauses less of itself than who does.
 */
static double busiest(struct __test_metadata *_metadata, const struct target *t,
		      const struct region *r, uint32_t flags)
{
	double busiest = 0;
	int i;

	for (i = 0; i < 10; i++) {
		struct scan s = {
			.start = r->start, .end = r->end,
			.records = RECORD(FILL), .flags = flags,
		};

		EXPECT_EQ(0, scan_run(t->fd, &s)) TH_LOG("%s", s.error);
		if ((double)s.held_ns / s.wall_ns > busiest)
			busiest = (double)s.held_ns / s.wall_ns;
		scan_free(&s);
	}
	return busiest;
}

TEST_F(beside, pauses_unless_asked_not_to)
{
	ASSERT_BUILT(target_start(&self->t, build_eight, self->s), "huge page");
	EXPECT_LT(0.5, busiest(_metadata, &self->t, &self->s->r, VMSCOPE_SCAN_UNPACED));
	EXPECT_GT(0.5, busiest(_metadata, &self->t, &self->s->r, 0));
}

/* Who may open a target could read all of it; who may not is refused there. */
TEST_F(beside, only_for_who_may_read_it_all)
{
	int device = device_open(), status;
	pid_t child;

	ASSERT_LE(0, device);
	ASSERT_BUILT(target_start(&self->t, build_several, self->s), "huge page");
	child = fork();
	if (!child) {
		struct target me = { .fd = -1 };
		struct shared *mine = shared_alloc(sizeof(*mine));
		struct scan s;

		if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))
			_exit(1);
		prctl(PR_SET_DUMPABLE, 1);
		if (target_open(device, self->t.pid) != -EPERM)
			_exit(2);
		me.fd = target_open(device, 0);
		if (me.fd < 0)
			_exit(3);
		if (build_several(mine, 0))
			_exit(0);	/* as unlikely as above */
		if (scan_fill(&me, &mine->r, &s))
			_exit(4);
		_exit(s.fill.pages == 5 * PAGES ? 0 : 5);
	}
	waitpid(child, &status, 0);
	EXPECT_EQ(0, status);
	close(device);
}

VMSCOPE_TEST_MAIN
