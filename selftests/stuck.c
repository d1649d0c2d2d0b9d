// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process stuck in the kernel with its mmap_lock held for writing, by a file
 * system whose server does not answer; knows nothing of what its memory holds.
 */
#include "kselftest_harness.h"
#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include "clock.h"
#include "leaf.h"
#include "slow_file.h"

#define FILE_SIZE	(4 * PAGE_SIZE)
#define VMAS		40
#define VMA_SIZE	(16 * PAGE_SIZE)
#define TIMEOUT_NS	200000000ull

/* What the server and the stuck process tell the test. */
struct shared {
	struct slow_file file;
	volatile bool done;		/* the process came out again */
	struct region vma[VMAS];
	struct region locked;		/* its VMA is locked for writing */
};

FIXTURE(stuck) {
	struct shared *s;
	struct target t;
};

/* -------------------------------------------------- the process that hangs */

static void *overmap(void *arg)
{
	struct shared *s = arg;
	int fd = open(s->file.path, O_RDWR);
	char *p;

	if (fd < 0)
		_exit(3);
	p = map_at(FILE_SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	while (p && !s->file.held) {
		mmap(p, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		     fd, 0);
		touch(p, FILE_SIZE);
		/*
		 * Closing the old mapping writes it back, under mmap_lock, and
		 * waits for the times of the file. For the answer to a WRITE
		 * not every kernel waits.
		 */
		s->file.hold = FUSE_SETATTR;
		/*
		 * What is not overmapped keeps its pages, in a VMA that was split
		 * and is locked as well.
		 */
		s->locked = region_of(p, FILE_SIZE / 2);
		mmap(p + FILE_SIZE / 2, FILE_SIZE / 2, PROT_READ,
		     MAP_SHARED | MAP_FIXED, fd, FILE_SIZE / 2);
		s->file.hold = 0;
	}
	s->done = true;
	return NULL;
}

static int build(void *arg, unsigned int step)
{
	struct shared *s = arg;
	pthread_t thread;
	int i;

	(void)step;
	for (i = 0; i < VMAS; i++) {
		/* Executable, or it would merge with a stack beside it. */
		char *p = map_at(VMA_SIZE, PAGE_SIZE,
				 PROT_READ | PROT_WRITE | PROT_EXEC,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1);

		madvise(p, VMA_SIZE, MADV_NOHUGEPAGE);
		touch(p, VMA_SIZE);
		s->vma[i] = region_of(p, VMA_SIZE);
	}
	return pthread_create(&thread, NULL, overmap, s);
}

static int start_server(struct shared *s)
{
	return slow_file_start(&s->file, FILE_SIZE, NULL, FUSE_WRITEBACK_CACHE);
}

static bool wait_until_stuck(const struct shared *s)
{
	bool held = slow_file_wait(&s->file);

	usleep(100000);
	return held;
}

static void set_free(struct shared *s, struct target *t)
{
	s->file.release = true;
	target_stop(t);
	slow_file_stop(&s->file);
}

FIXTURE_SETUP(stuck)
{
	self->t.fd = -1;
	self->s = shared_alloc(sizeof(*self->s));
	ASSERT_NE(NULL, self->s);
	ASSERT_BUILT(start_server(self->s), "/dev/fuse");
	ASSERT_EQ(0, target_start(&self->t, build, self->s));
	ASSERT_TRUE(wait_until_stuck(self->s))
		TH_LOG("the process did not get stuck, done %d", self->s->done);
}

FIXTURE_TEARDOWN(stuck)
{
	set_free(self->s, &self->t);
}

/* Where a scan without any lock is safe, a stuck process is read in full. */
static bool reads_without_lock(void)
{
	return vmscope_info()->locks >> VMSCOPE_LOCK_IRQ & 1;
}

static bool reads_under_vma_lock(void)
{
	return vmscope_info()->locks >> VMSCOPE_LOCK_VMA & 1;
}

TEST_F(stuck, is_really_stuck)
{
	usleep(500000);
	EXPECT_FALSE(self->s->done);
}

TEST_F(stuck, scan_ends_in_time)
{
	char buffer[65536];
	struct vmscope_scan arg = {
		.size = sizeof(arg), .end = vmscope_info()->task_size,
		.buffer = (uintptr_t)buffer, .buffer_size = sizeof(buffer),
		.records = RECORD(VMA) | RECORD(TALLY), .timeout_ns = TIMEOUT_NS,
	};
	double begin = now(), took;
	int error = vmscope_ioctl(self->t.fd, VMSCOPE_SCAN, &arg);

	took = now() - begin;
	EXPECT_GT(TIMEOUT_NS / 1e9 + 3, took) TH_LOG("took %.3f s", took);
	EXPECT_FALSE(self->s->done);
	if (reads_without_lock() || reads_under_vma_lock()) {
		EXPECT_EQ(0, error);
		EXPECT_TRUE(arg.marks & (VMSCOPE_MARK_SKIPPED | VMSCOPE_MARK_RACY))
			TH_LOG("marks %x, %u records, next %llx", arg.marks,
			       arg.nr_records, arg.next);
	} else {
		EXPECT_EQ(-EBUSY, error);
	}
}

/*
 * VMAs that nobody locked are read as if nothing were wrong; a kernel that
 * reads under mmap_lock alone says that it cannot.
 */
TEST_F(stuck, unlocked_vmas_are_read_or_refused)
{
	struct scan s = { .timeout_ns = TIMEOUT_NS };
	int error = scan_run(self->t.fd, &s);
	size_t i, read = 0;

	if (!reads_without_lock() && !reads_under_vma_lock()) {
		EXPECT_EQ(-EBUSY, error);
		return;
	}
	ASSERT_EQ(0, error) TH_LOG("%s", s.error);
	for (i = 0; i < VMAS; i++) {
		const struct scan_tally *t = scan_find_tally(&s, self->s->vma[i].start);

		if (t && tally_state(t, VMSCOPE_STATE_PRESENT) == VMA_SIZE / PAGE_SIZE)
			read++;
	}
	EXPECT_EQ(VMAS, read);
	for (i = 0; i < s.nr_tallies; i++)
		EXPECT_EQ(s.tally[i].end - s.tally[i].start, tally_bytes(&s.tally[i]));
	scan_free(&s);
}

/*
 * Where nothing need be held, the VMA that stays locked is read as well, once
 * the time is up, and marked as read in that way.
 */
TEST_F(stuck, locked_vma_is_read_without_lock)
{
	struct scan s = { .timeout_ns = TIMEOUT_NS };
	const struct scan_tally *locked;
	const struct scan_vma *vma;
	size_t i;

	if (!reads_without_lock())
		SKIP(return, "this kernel is not read without a lock");
	ASSERT_EQ(0, scan_run(self->t.fd, &s)) TH_LOG("%s", s.error);
	EXPECT_FALSE(self->s->done);
	EXPECT_NE(0, s.longest_ns[VMSCOPE_LOCK_IRQ]);
	EXPECT_EQ(VMSCOPE_MARK_RACY,
		  s.marks & (VMSCOPE_MARK_SKIPPED | VMSCOPE_MARK_RACY));
	for (i = 0; i < s.nr_tallies; i++)
		EXPECT_EQ(0, tally_state(&s.tally[i], VMSCOPE_STATE_SKIPPED));
	vma = scan_find_vma(&s, self->s->locked.start);
	locked = scan_find_tally(&s, self->s->locked.start);
	ASSERT_NE(NULL, vma);
	ASSERT_NE(NULL, locked);
	EXPECT_EQ(self->s->locked.end, locked->end);
	EXPECT_TRUE(vma->head.record.marks & VMSCOPE_MARK_RACY);
	EXPECT_TRUE(locked->marks & VMSCOPE_MARK_RACY);
	EXPECT_EQ((locked->end - locked->start) / PAGE_SIZE,
		  tally_state(locked, VMSCOPE_STATE_PRESENT));
	scan_free(&s);
}

/* mmap_lock is not to be had, nothing else stands in for it but what is announced. */
TEST_F(stuck, locks_that_were_needed_are_counted)
{
	static char buffer[65536];
	struct vmscope_scan arg = {
		.size = sizeof(arg), .end = vmscope_info()->task_size,
		.buffer = (uintptr_t)buffer, .buffer_size = sizeof(buffer),
		.records = RECORD(TALLY), .timeout_ns = TIMEOUT_NS,
	};
	int error = vmscope_ioctl(self->t.fd, VMSCOPE_SCAN, &arg);

	if (!reads_without_lock() && !reads_under_vma_lock()) {
		EXPECT_EQ(-EBUSY, error);
		return;
	}
	ASSERT_EQ(0, error);
	EXPECT_EQ(arg.end, arg.next);
	EXPECT_EQ(0, arg.cost.lock[VMSCOPE_LOCK_MMAP].count);
	EXPECT_NE(0, arg.cost.lock[VMSCOPE_LOCK_VMA].count);
	EXPECT_EQ(reads_without_lock(), arg.cost.lock[VMSCOPE_LOCK_IRQ].count > 0);
}

TEST_F(stuck, default_timeout_is_a_second)
{
	char buffer[4096];
	struct vmscope_scan arg = {
		.size = sizeof(arg), .end = vmscope_info()->task_size,
		.buffer = (uintptr_t)buffer, .buffer_size = sizeof(buffer),
		.records = RECORD(TALLY),
	};
	double begin = now();

	vmscope_ioctl(self->t.fd, VMSCOPE_SCAN, &arg);
	EXPECT_GT(5, now() - begin);
}

TEST_F(stuck, translate_ends_in_time)
{
	struct vmscope_translation a[VMAS] = { 0 };
	struct vmscope_translate arg = {
		.size = sizeof(arg), .translations = (uintptr_t)a,
		.count = VMAS, .stride = sizeof(a[0]), .timeout_ns = TIMEOUT_NS,
	};
	double begin = now();
	int i;

	for (i = 0; i < VMAS; i++)
		a[i].address = self->s->vma[i].start;
	ASSERT_EQ(0, vmscope_ioctl(self->t.fd, VMSCOPE_TRANSLATE, &arg));
	EXPECT_GT(TIMEOUT_NS / 1e9 + 3, now() - begin);
	for (i = 0; i < VMAS; i++)
		EXPECT_TRUE(a[i].stop == VMSCOPE_STOP_LEAF ||
			    a[i].stop == VMSCOPE_STOP_LOCKED);
}

/* When the lock is free again, everything is as if nothing had been. */
TEST_F(stuck, released_process_is_read_in_full)
{
	struct scan s;
	int i;

	self->s->file.release = true;
	for (i = 0; i < 5000 && !self->s->done; i++)
		usleep(1000);
	ASSERT_TRUE(self->s->done);
	ASSERT_EQ(0, scan_everything(self->t.fd, 0, 0, &s)) TH_LOG("%s", s.error);
	EXPECT_EQ(0, s.marks & VMSCOPE_MARK_SKIPPED);
	EXPECT_SAME(sums_check(&s));
	scan_free(&s);
}

/*
 * For command.sh: a process that is stuck until standard input ends. On standard
 * output its pid and the address of memory that was there before.
 */
static int hold(void)
{
	struct shared *s = shared_alloc(sizeof(*s));
	struct target t = { .fd = -1 };
	int error = start_server(s);
	char c;

	if (!error)
		error = target_start(&t, build, s);
	if (!error && !wait_until_stuck(s))
		error = ETIMEDOUT;
	if (error)
		fprintf(stderr, "stuck: %s\n", strerror(error));
	else
		printf("%d %lx\n", t.pid, (unsigned long)s->vma[0].start);
	fflush(stdout);
	while (!error && read(0, &c, 1) > 0)
		;
	set_free(s, &t);
	return error == ENODEV ? KSFT_SKIP : !!error;
}

VMSCOPE_TEST_MAIN_OR(hold)
