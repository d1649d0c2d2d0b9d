// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Targets that end, turn into something else or are in the way, and what an
 * open target costs; knows nothing of what a scan finds.
 */
#include "kselftest_harness.h"
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/reg.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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
	static __thread char buffer[65536];
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

struct looker {
	pthread_t thread;
	int fd;
	int error;
};

static void *look_on(void *arg)
{
	struct looker *l = arg;
	double end = now() + 20;

	while (!l->error && now() < end)
		l->error = scan_call(l->fd, 0, 0, NULL);
	return NULL;
}

/*
 * Each of them keeps the memory for the time of a call, and with so many one is
 * always in a call: together they must not keep it for ever.
 */
TEST_F(lifetime, exit_under_many_who_look)
{
	struct looker looker[12] = { };
	int device = device_open(), i;

	ASSERT_EQ(0, target_start(&self->t, build_anything, self->r));
	for (i = 0; i < 12; i++) {
		looker[i].fd = target_open(device, self->t.pid);
		ASSERT_LE(0, looker[i].fd);
		ASSERT_EQ(0, pthread_create(&looker[i].thread, NULL, look_on,
					    &looker[i]));
	}
	usleep(100000);
	kill(self->t.pid, SIGKILL);
	for (i = 0; i < 12; i++) {
		pthread_join(looker[i].thread, NULL);
		EXPECT_EQ(-ESRCH, looker[i].error);
		close(looker[i].fd);
	}
	close(device);
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

#define CGROUP	"/sys/fs/cgroup/vmscope-lifetime"
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

/* What the kernel holds for the processes of a cgroup, as the cgroup is charged for it. */
static uint64_t charged_kb(void)
{
	return table_field(CGROUP "/memory.stat", "kernel") / 1024;
}

/* Use a target for all that it can do. */
static int use_fully(int fd)
{
	struct vmscope_translation answer[16] = { { .address = (uintptr_t)&fd } };
	struct vmscope_translate translate = {
		.size = sizeof(translate), .count = 16, .stride = sizeof(answer[0]),
		.translations = (uintptr_t)answer,
	};
	struct scan s;
	int error = scan_everything(fd, 0, 0, &s);

	scan_free(&s);
	return error ? error : vmscope_ioctl(fd, VMSCOPE_TRANSLATE, &translate);
}

/*
 * Exact where the sum above is coarse: all is charged, it is no more than the
 * limit, and after the last one is closed there is nothing left.
 */
TEST_F(lifetime, open_target_is_charged_to_its_cgroup)
{
	struct rlimit limit = { MOST + 100, MOST + 100 };
	static int fd[MOST];
	uint64_t before, during, after;
	int device = device_open(), i;
	char pid[16];

	write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	mkdir(CGROUP, 0700);
	snprintf(pid, sizeof(pid), "%d", getpid());
	if (write_file(CGROUP "/cgroup.procs", pid) || access(CGROUP "/memory.stat", F_OK))
		SKIP(return, "no memory cgroup (version 2)");
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	fd[0] = target_open(device, 0);
	ASSERT_EQ(0, use_fully(fd[0]));
	close(fd[0]);
	before = charged_kb();
	for (i = 0; i < OPEN; i++) {
		fd[i] = target_open(device, 0);
		ASSERT_LE(0, fd[i]);
		ASSERT_EQ(0, use_fully(fd[i]));
	}
	during = charged_kb();
	EXPECT_GE(before + OPEN * 64ul, during);
	/* Less than this is not all of it. */
	EXPECT_LE(before + OPEN * 8ul, during);
	for (i = 0; i < OPEN; i++)
		close(fd[i]);
	after = charged_kb();
	for (i = 0; i < 50 && after > before + OPEN; i++) {
		usleep(100000);
		after = charged_kb();
	}
	EXPECT_GE(before + OPEN, after);
	TH_LOG("%lu bytes for each open target, %lu kB left after closing %u",
	       (unsigned long)(during - before) * 1024 / OPEN,
	       (unsigned long)(after > before ? after - before : 0), OPEN);
	write_file("/sys/fs/cgroup/cgroup.procs", pid);
	rmdir(CGROUP);
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

/* A child that scans the whole again and again, from now on. */
static pid_t start_scanning(int fd, const struct region *r)
{
	pid_t child = fork();

	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			whole_scan(fd, r);
	}
	return child;
}

static double time_to_kill(pid_t child)
{
	double begin = now();

	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return now() - begin;
}

/*
 * A scan looks for signals between two sections, so that a large one ends far
 * sooner than it would by itself. The quickest of several, for the machine may
 * be busy with other things.
 */
TEST_F(lifetime, fatal_signal_stops_a_scan)
{
	double begin, whole, killed = 1000;
	int round;

	ASSERT_EQ(0, target_start(&self->t, build_tables, self->r));
	begin = now();
	ASSERT_EQ(0, whole_scan(self->t.fd, self->r));
	whole = now() - begin;
	ASSERT_LT(0.1, whole) TH_LOG("too quick to tell: %.3f s", whole);
	for (round = 0; round < 8; round++) {
		pid_t child = start_scanning(self->t.fd, self->r);
		double took;

		usleep(20000 + round * 7000);
		took = time_to_kill(child);
		killed = took < killed ? took : killed;
		EXPECT_GT(whole / 2 + 0.2, took);
	}
	EXPECT_GT(whole / 8, killed);
	TH_LOG("whole scan %.3f s, killed in %.4f s", whole, killed);
}

/* Who waits for its turn at a target can be killed, too. */
TEST_F(lifetime, fatal_signal_ends_the_wait_for_a_target)
{
	double begin, whole, killed = 1000;
	pid_t busy;
	int round;

	ASSERT_EQ(0, target_start(&self->t, build_tables, self->r));
	begin = now();
	ASSERT_EQ(0, whole_scan(self->t.fd, self->r));
	whole = now() - begin;
	busy = start_scanning(self->t.fd, self->r);
	usleep(20000);
	for (round = 0; round < 8; round++) {
		pid_t child = start_scanning(self->t.fd, self->r);
		double took;

		usleep(10000);
		took = time_to_kill(child);
		killed = took < killed ? took : killed;
	}
	EXPECT_EQ(0, waitpid(busy, NULL, WNOHANG));
	time_to_kill(busy);
	EXPECT_GT(whole / 8, killed);
	TH_LOG("whole scan %.3f s, killed in %.4f s", whole, killed);
}

/* What a child does without end, and where it and the test read the answer. */
struct endless {
	int fd;
	int (*call)(struct endless *e);
	const struct region *r;
	struct vmscope_translate translate;
	struct vmscope_translation answer[VMSCOPE_TRANSLATE_MAX];
	char buffer[65536];
};

static int scan_endlessly(struct endless *e)
{
	return whole_scan(e->fd, e->r);
}

/* Addresses of a region that is mapped, all that one call takes. */
static int translate_endlessly(struct endless *e)
{
	size_t i;

	for (i = 0; i < VMSCOPE_TRANSLATE_MAX; i++)
		e->answer[i] = (struct vmscope_translation) {
			.address = e->r->start + i * PMD_SIZE,
		};
	e->translate = (struct vmscope_translate) {
		.size = sizeof(e->translate),
		.translations = (uintptr_t)e->answer,
		.count = VMSCOPE_TRANSLATE_MAX,
		.stride = sizeof(e->answer[0]),
	};
	return vmscope_ioctl(e->fd, VMSCOPE_TRANSLATE, &e->translate);
}

static int survey_endlessly(struct endless *e)
{
	struct vmscope_survey arg = {
		.size = sizeof(arg), .buffer = (uintptr_t)e->buffer,
		.buffer_size = sizeof(e->buffer), .records = RECORD(TALLY),
	};

	return vmscope_ioctl(e->fd, VMSCOPE_SURVEY, &arg);
}

/*
 * What a killed process is told it never sees; its tracer does, where it stands
 * still once more on its way out. 1: it was not in a call.
 */
static long killed_in_a_call(struct endless *e, useconds_t after)
{
	pid_t child = fork();
	long result = 1;
	int status;

	if (!child) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		for (;;)
			e->call(e);
	}
	waitpid(child, &status, 0);
	ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL);
	ptrace(PTRACE_CONT, child, 0, 0);
	usleep(after);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8)) {
		if (ptrace(PTRACE_PEEKUSER, child, 8 * ORIG_RAX, 0) == SYS_ioctl)
			result = ptrace(PTRACE_PEEKUSER, child, 8 * RAX, 0);
		ptrace(PTRACE_CONT, child, 0, 0);
		waitpid(child, NULL, 0);
	}
	return result;
}

TEST_F(lifetime, fatal_signal_is_eintr)
{
	struct endless *e = shared_alloc(sizeof(*e));
	long result = 1;
	int round;

	ASSERT_EQ(0, target_start(&self->t, build_tables, self->r));
	*e = (struct endless) { .fd = self->t.fd, .call = scan_endlessly, .r = self->r };
	for (round = 0; round < 20 && result >= 0; round++)
		result = killed_in_a_call(e, 20000 + round * 5000);
	EXPECT_EQ(-EINTR, result);
}

/* What was answered before is kept: that much is done, and nothing has failed. */
TEST_F(lifetime, fatal_signal_leaves_a_translation_what_it_answered)
{
	struct endless *e = shared_alloc(sizeof(*e));
	bool cut_short = false;
	uint32_t i;
	int round;

	ASSERT_EQ(0, target_start(&self->t, build_tables, self->r));
	*e = (struct endless) { .fd = self->t.fd, .call = translate_endlessly, .r = self->r };
	for (round = 0; round < 60 && !cut_short; round++) {
		long result = killed_in_a_call(e, 10000 + round * 1700);

		if (result < 0) {
			EXPECT_EQ(-EINTR, result);
			EXPECT_EQ(0, e->translate.done);
		}
		cut_short = !result && e->translate.done &&
			    e->translate.done < VMSCOPE_TRANSLATE_MAX;
	}
	EXPECT_TRUE(cut_short);
	for (i = 0; i < VMSCOPE_TRANSLATE_MAX; i++) {
		EXPECT_EQ(self->r->start + i * PMD_SIZE, e->answer[i].address);
		EXPECT_EQ(i < e->translate.done ? VMSCOPE_STATE_ZERO : 0,
			  e->answer[i].attributes & VMSCOPE_ATTR_STATE);
	}
	TH_LOG("%u answered", e->translate.done);
}

/* Who waits for its turn at the target has been answered nothing. */
TEST_F(lifetime, fatal_signal_before_a_translation_is_eintr)
{
	struct endless *e = shared_alloc(sizeof(*e));
	long result = 1;
	pid_t busy;
	int round;

	ASSERT_EQ(0, target_start(&self->t, build_tables, self->r));
	*e = (struct endless) { .fd = self->t.fd, .call = translate_endlessly, .r = self->r };
	busy = start_scanning(self->t.fd, self->r);
	for (round = 0; round < 20 && result >= 0; round++)
		result = killed_in_a_call(e, 20000 + round * 5000);
	EXPECT_EQ(-EINTR, result);
	EXPECT_EQ(0, e->translate.done);
	time_to_kill(busy);
}

TEST_F(lifetime, fatal_signal_ends_a_survey)
{
	struct endless *e = shared_alloc(sizeof(*e));
	int device = device_open(), round;
	long result = 1;

	ASSERT_LE(0, device);
	ASSERT_EQ(0, target_start(&self->t, build_tables, self->r));
	*e = (struct endless) { .fd = device, .call = survey_endlessly, .r = self->r };
	for (round = 0; round < 20 && result >= 0; round++)
		result = killed_in_a_call(e, 20000 + round * 5000);
	EXPECT_EQ(-EINTR, result);
	close(device);
}

/* ------------------------------------------------------------------ layout */

/* Split and join the mapping that is being scanned, without end. */
static void *split_and_join(void *arg)
{
	const struct region *r = arg;
	char *middle = (char *)(r->start + (r->end - r->start) / 2);

	for (;;) {
		mprotect(middle, PAGE_SIZE, PROT_NONE);
		usleep(200);
		mprotect(middle, PAGE_SIZE, PROT_READ);
		usleep(200);
	}
	return NULL;
}

static int build_splitting(void *arg, unsigned int step)
{
	pthread_t thread;
	int error = build_tables(arg, step);

	return error ? error : pthread_create(&thread, NULL, split_and_join, arg);
}

/* Every byte is told of once, and what cannot be trusted is marked. */
TEST_F(lifetime, layout_that_changes_during_a_scan_is_marked)
{
	const uint32_t honest = VMSCOPE_MARK_LAYOUT | VMSCOPE_MARK_RACY;
	uint64_t rewalks = 0;
	uint32_t marks = 0;
	int round;
	size_t i;

	ASSERT_EQ(0, target_start(&self->t, build_splitting, self->r));
	for (round = 0; round < 3; round++) {
		struct scan s = { .start = self->r->start, .end = self->r->end };
		uint64_t bytes = 0;

		ASSERT_EQ(0, scan_run(self->t.fd, &s)) TH_LOG("%s", s.error);
		for (i = 0; i < s.nr_tallies; i++) {
			EXPECT_EQ(s.tally[i].end - s.tally[i].start,
				  tally_bytes(&s.tally[i]));
			bytes += tally_bytes(&s.tally[i]);
		}
		EXPECT_EQ(self->r->end - self->r->start, bytes);
		marks |= s.marks;
		rewalks += s.rewalks;
		scan_free(&s);
	}
	EXPECT_NE(0, marks & honest);
	EXPECT_NE(0, marks & VMSCOPE_MARK_LAYOUT);
	TH_LOG("marks %x, %lu walked again", marks, (unsigned long)rewalks);
}

/* -------------------------------------------------------------- many users */

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
