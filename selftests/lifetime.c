// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Targets that end, turn into something else or are in the way, and what an
 * open target costs; knows nothing of what a scan finds.
 */
#include "kselftest_harness.h"
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include "leaf.h"

FIXTURE(lifetime) {
	struct target t;
	struct region *r;
};

FIXTURE_SETUP(lifetime)
{
	self->t.fd = -1;
	self->r = shared_alloc(sizeof(*self->r));
	ASSERT_NE(NULL, self->r);
}

FIXTURE_TEARDOWN(lifetime)
{
	target_stop(&self->t);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static int scan_call(int fd, uint64_t start, uint64_t budget, uint64_t *next)
{
	static char buffer[65536];
	struct vmscope_scan arg = {
		.size = sizeof(arg), .start = start,
		.end = vmscope_info()->task_size,
		.buffer = (uintptr_t)buffer, .buffer_size = sizeof(buffer),
		.records = RECORD(VMA) | RECORD(TALLY), .budget = budget,
	};
	int error = vmscope_ioctl(fd, VMSCOPE_SCAN, &arg);

	if (next)
		*next = arg.next;
	return error;
}

static void expect_gone(struct __test_metadata *_metadata, int fd)
{
	struct vmscope_target totals = { .size = sizeof(totals) };
	struct vmscope_info info = { .size = sizeof(info) };
	struct vmscope_translation answer = { .address = 0x400000 };
	struct vmscope_translate translate = {
		.size = sizeof(translate), .count = 1, .stride = sizeof(answer),
		.translations = (uintptr_t)&answer,
	};

	EXPECT_EQ(-ESRCH, scan_call(fd, 0, 0, NULL));
	EXPECT_EQ(-ESRCH, vmscope_ioctl(fd, VMSCOPE_TARGET, &totals));
	EXPECT_EQ(-ESRCH, vmscope_ioctl(fd, VMSCOPE_TRANSLATE, &translate));
	EXPECT_EQ(0, vmscope_ioctl(fd, VMSCOPE_INFO, &info));
}

/* Everything is slower on a debug kernel: less of it there. */
#define MEMORY	(kernel_is_debug() ? 16 * MIB : 64 * MIB)
#define ROUNDS	(kernel_is_debug() ? 5 : 15)

static int build_anything(void *arg, unsigned int step)
{
	struct region *r = arg;
	char *p = map_anon(MEMORY, PMD_SIZE);

	(void)step;
	if (!p)
		return ENOMEM;
	touch(p, MEMORY);
	*r = (struct region) { (uintptr_t)p, (uintptr_t)p + MEMORY };
	return 0;
}

TEST_F(lifetime, exit_between_two_calls)
{
	uint64_t next;

	ASSERT_EQ(0, target_start(&self->t, build_anything, self->r));
	ASSERT_EQ(0, scan_call(self->t.fd, 0, 1, &next));
	kill(self->t.pid, SIGKILL);
	waitpid(self->t.pid, NULL, 0);
	EXPECT_EQ(-ESRCH, scan_call(self->t.fd, next, 1, NULL));
	expect_gone(_metadata, self->t.fd);
	self->t.pid = 0;
}

/* Killed while calls are under way; none may hang, crash or fail otherwise. */
TEST_F(lifetime, exit_during_a_call)
{
	int round, error;

	for (round = 0; round < ROUNDS; round++) {
		double end;

		ASSERT_EQ(0, target_start(&self->t, build_anything, self->r));
		if (!fork()) {
			usleep(round * 300);
			kill(self->t.pid, SIGKILL);
			_exit(0);
		}
		for (end = now() + 20, error = 0; !error && now() < end;)
			error = scan_call(self->t.fd, 0, 0, NULL);
		EXPECT_EQ(-ESRCH, error);
		expect_gone(_metadata, self->t.fd);
		target_stop(&self->t);
		wait(NULL);
	}
}

static int exec_on_step(void *arg, unsigned int step)
{
	if (!step)
		return build_anything(arg, 0);
	if (step == 2)
		usleep(2000);
	execl("/bin/sleep", "sleep", "100", NULL);
	return errno;
}

TEST_F(lifetime, exec_leaves_the_old_target_gone)
{
	unsigned int step = 1;
	uint64_t next;
	int device = device_open(), fd, i;

	ASSERT_EQ(0, target_start(&self->t, exec_on_step, self->r));
	ASSERT_EQ(0, scan_call(self->t.fd, 0, 1, &next));
	ASSERT_EQ(4, write(self->t.to, &step, 4));
	for (i = 0; i < 5000 && scan_call(self->t.fd, 0, 0, NULL) != -ESRCH; i++)
		usleep(1000);
	EXPECT_EQ(-ESRCH, scan_call(self->t.fd, next, 1, NULL));
	expect_gone(_metadata, self->t.fd);
	/* The same pid can be opened anew: another address space. */
	fd = target_open(device, self->t.pid);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, scan_call(fd, 0, 0, NULL));
	close(fd);
	close(device);
}

TEST_F(lifetime, exec_during_a_call)
{
	int round;

	for (round = 0; round < ROUNDS; round++) {
		unsigned int step = 2;
		double end;
		int error;

		ASSERT_EQ(0, target_start(&self->t, exec_on_step, self->r));
		ASSERT_EQ(4, write(self->t.to, &step, 4));
		for (end = now() + 20, error = 0; !error && now() < end;)
			error = scan_call(self->t.fd, 0, 0, NULL);
		EXPECT_EQ(-ESRCH, error);
		target_stop(&self->t);
	}
}

/* ------------------------------------------------------------------ memory */

static uint64_t free_kb(void)
{
	write_file("/proc/sys/vm/drop_caches", "3");
	usleep(200000);
	return meminfo("MemFree:");
}

/* Enough to stand out from what the kernel keeps on lists of freed pages. */
#define MUCH	(kernel_is_debug() ? 128 * MIB : 512 * MIB)

static int build_much(void *arg, unsigned int step)
{
	char *p = map_anon(MUCH, PMD_SIZE);

	(void)arg;
	(void)step;
	if (!p)
		return ENOMEM;
	touch(p, MUCH);
	return 0;
}

TEST_F(lifetime, open_target_keeps_no_memory_of_a_dead_process)
{
	uint64_t during, after = 0;
	int i;

	ASSERT_EQ(0, target_start(&self->t, build_much, NULL));
	ASSERT_EQ(0, scan_call(self->t.fd, 0, 0, NULL));
	during = free_kb();
	kill(self->t.pid, SIGKILL);
	waitpid(self->t.pid, NULL, 0);
	self->t.pid = 0;
	for (i = 0; i < 20; i++) {
		after = free_kb();
		if (after > during + MUCH / 2 / 1024)
			break;
	}
	EXPECT_GT(after, during + MUCH / 2 / 1024)
		TH_LOG("free with it %lu kB, after its death %lu kB",
		       (unsigned long)during, (unsigned long)after);
	EXPECT_EQ(-ESRCH, scan_call(self->t.fd, 0, 0, NULL));
}

#define MOST	1000
#define OPEN	(kernel_is_debug() ? 200 : MOST)

TEST_F(lifetime, open_target_takes_at_most_64_kib)
{
	struct rlimit limit = { MOST + 100, MOST + 100 };
	static int fd[MOST];
	uint64_t before, after, taken;
	int device = device_open(), i;

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	/* Once for what stays: slabs, per-CPU caches. */
	fd[0] = target_open(device, 0);
	ASSERT_EQ(0, scan_call(fd[0], 0, 0, NULL));
	close(fd[0]);
	before = free_kb();
	for (i = 0; i < OPEN; i++) {
		fd[i] = target_open(device, 0);
		ASSERT_LE(0, fd[i]);
		ASSERT_EQ(0, scan_call(fd[i], 0, 10, NULL));
	}
	after = free_kb();
	taken = before > after ? before - after : 0;
	EXPECT_GE(OPEN * 64ul, taken);
	TH_LOG("%lu bytes for each open target", (unsigned long)taken * 1024 / OPEN);
	for (i = 0; i < OPEN; i++)
		close(fd[i]);
}

/* ----------------------------------------------------------------- signals */

/* Page tables full of nothing: much to walk, little memory. */
static int build_tables(void *arg, unsigned int step)
{
	struct region *r = arg;
	size_t size = kernel_is_debug() ? 16 * GIB : 48 * GIB, i;
	char *p = map_at(size, GIB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS |
			 MAP_NORESERVE, -1);

	(void)step;
	if (!p)
		return ENOMEM;
	madvise(p, size, MADV_NOHUGEPAGE);
	for (i = 0; i < size; i += PMD_SIZE)
		read_all(p + i, PAGE_SIZE);
	*r = (struct region) { (uintptr_t)p, (uintptr_t)p + size };
	return 0;
}

static int whole_scan(int fd, const struct region *r)
{
	char buffer[4096];
	struct vmscope_scan arg = {
		.size = sizeof(arg), .start = r->start, .end = r->end,
		.buffer = (uintptr_t)buffer, .buffer_size = sizeof(buffer),
		.records = RECORD(TALLY), .flags = VMSCOPE_SCAN_PLAIN,
	};

	return vmscope_ioctl(fd, VMSCOPE_SCAN, &arg);
}

TEST_F(lifetime, fatal_signal_stops_a_scan)
{
	double begin, whole, killed;
	int round;

	ASSERT_EQ(0, target_start(&self->t, build_tables, self->r));
	begin = now();
	ASSERT_EQ(0, whole_scan(self->t.fd, self->r));
	whole = now() - begin;
	for (round = 0; round < 5; round++) {
		pid_t child = fork();

		if (!child) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				whole_scan(self->t.fd, self->r);
		}
		usleep(30000 + round * 7000);
		begin = now();
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		killed = now() - begin;
		EXPECT_GT(whole / 3 + 0.2, killed)
			TH_LOG("whole scan %.3f s, killed after %.3f s", whole, killed);
	}
	TH_LOG("whole scan %.3f s, last one killed in %.3f s", whole, killed);
}

/* Operations on one target wait for each other and never hang. */
static void *scan_repeatedly(void *arg)
{
	int fd = *(int *)arg, i;
	long error = 0;

	for (i = 0; i < 200 && !error; i++) {
		char buffer[8192];
		struct vmscope_scan call = {
			.size = sizeof(call), .end = vmscope_info()->task_size,
			.buffer = (uintptr_t)buffer, .buffer_size = sizeof(buffer),
			.records = RECORD(TALLY),
		};

		error = vmscope_ioctl(fd, VMSCOPE_SCAN, &call);
	}
	return (void *)error;
}

TEST_F(lifetime, one_target_used_by_several_threads)
{
	pthread_t thread[4];
	void *error;
	int i;

	vmscope_info();
	ASSERT_EQ(0, target_start(&self->t, build_anything, self->r));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, scan_repeatedly,
					    &self->t.fd));
	for (i = 0; i < 4; i++) {
		pthread_join(thread[i], &error);
		EXPECT_EQ(NULL, error);
	}
}

VMSCOPE_TEST_MAIN
