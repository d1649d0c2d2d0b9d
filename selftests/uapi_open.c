// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What VMSCOPE_OPEN accepts and refuses, as root; knows nothing of rights.
 */
#include "kselftest_harness.h"
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include "leaf.h"

FIXTURE(open) {
	int device;
	struct vmscope_open arg;
};

FIXTURE_SETUP(open)
{
	self->device = device_open();
	ASSERT_LE(0, self->device);
	self->arg = (struct vmscope_open) { .size = sizeof(self->arg) };
}

FIXTURE_TEARDOWN(open)
{
	close(self->device);
}

static int call(FIXTURE_DATA(open) *self)
{
	return vmscope_ioctl(self->device, VMSCOPE_OPEN, &self->arg);
}

static int exit_status(pid_t child)
{
	int status;

	return waitpid(child, &status, 0) == child && WIFEXITED(status) ?
		WEXITSTATUS(status) : -1;
}

static void end_child(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* Whatever the state of @child, its memory can be looked at; ends it. */
static void expect_readable(struct __test_metadata *_metadata, int device,
			    pid_t child)
{
	int fd = target_open(device, child);
	struct scan s;

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, scan_everything(fd, 0, 0, &s)) TH_LOG("%s", s.error);
	EXPECT_LT(3, s.nr_vmas);
	EXPECT_SAME(sums_check(&s));
	scan_free(&s);
	close(fd);
	end_child(child);
}

static uint64_t mm_of(int fd)
{
	struct vmscope_target totals = { .size = sizeof(totals) };

	return vmscope_ioctl(fd, VMSCOPE_TARGET, &totals) ? 0 : totals.mm;
}

TEST_F(open, reserved_must_be_zero)
{
	self->arg.__reserved = 1;
	EXPECT_EQ(-EINVAL, call(self));
}

TEST_F(open, negative_pid_is_einval)
{
	self->arg.pid = -1;
	EXPECT_EQ(-EINVAL, call(self));
	self->arg.pid = -2147483647 - 1;
	EXPECT_EQ(-EINVAL, call(self));
}

TEST_F(open, no_such_process_is_esrch)
{
	self->arg.pid = 0x3fffffff;
	EXPECT_EQ(-ESRCH, call(self));
	self->arg.pid = 2147483647;
	EXPECT_EQ(-ESRCH, call(self));
}

TEST_F(open, kernel_thread_is_enxio)
{
	self->arg.pid = 2;	/* kthreadd */
	EXPECT_EQ(-ENXIO, call(self));
}

TEST_F(open, zombie_is_esrch)
{
	siginfo_t info;

	self->arg.pid = fork();
	if (!self->arg.pid)
		_exit(0);
	ASSERT_EQ(0, waitid(P_PID, self->arg.pid, &info, WEXITED | WNOWAIT));
	EXPECT_EQ(-ESRCH, call(self));
	waitpid(self->arg.pid, NULL, 0);
	EXPECT_EQ(-ESRCH, call(self));
}

TEST_F(open, zero_is_the_caller)
{
	int by_pid = target_open(self->device, getpid());

	ASSERT_EQ(0, call(self));
	EXPECT_EQ(1, self->arg.physical);
	EXPECT_NE(0, mm_of(self->arg.fd));
	EXPECT_EQ(mm_of(by_pid), mm_of(self->arg.fd));
	close(by_pid);
	close(self->arg.fd);
}

TEST_F(open, child_by_fork_has_its_own_mm)
{
	pid_t child = fork_waiting();
	int own, its;

	own = target_open(self->device, 0);
	its = target_open(self->device, child);
	EXPECT_NE(0, mm_of(its));
	EXPECT_NE(mm_of(own), mm_of(its));
	end_child(child);
	close(own);
	close(its);
}

static int wait_in_thread(void *arg)
{
	*(volatile int *)arg = syscall(SYS_gettid);
	for (;;)
		pause();
	return 0;
}

/* CLONE_VM with or without CLONE_THREAD: one address space, one number. */
TEST_F(open, threads_and_vfork_children_share_the_mm)
{
	static char stack[2][65536] __attribute__((aligned(16)));
	static volatile int thread;
	int own = target_open(self->device, 0), fd, i;
	pid_t child = clone(wait_in_thread, stack[0] + 65536, CLONE_VM | SIGCHLD,
			    (void *)&thread);

	ASSERT_LT(0, child);
	ASSERT_LT(0, clone(wait_in_thread, stack[1] + 65536, CLONE_VM |
			   CLONE_THREAD | CLONE_SIGHAND | CLONE_FILES | CLONE_FS,
			   (void *)&thread));
	for (i = 0; i < 1000 && (!thread || thread == child); i++)
		usleep(1000);
	fd = target_open(self->device, child);
	EXPECT_EQ(mm_of(own), mm_of(fd));
	close(fd);
	fd = target_open(self->device, thread);
	ASSERT_LE(0, fd) TH_LOG("thread %d", thread);
	EXPECT_EQ(mm_of(own), mm_of(fd));
	close(fd);
	close(own);
	end_child(child);
}

static void *wait_for_ever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

/* The first thread is a zombie then, but the process is not gone. */
TEST_F(open, process_whose_first_thread_has_ended)
{
	char path[64], line[64] = "";
	pid_t child = fork();
	pthread_t thread;
	int fd, i;

	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pthread_create(&thread, NULL, wait_for_ever, NULL);
		syscall(SYS_exit, 0);
	}
	snprintf(path, sizeof(path), "/proc/%d/stat", child);
	for (i = 0; i < 1000 && !strstr(line, ") Z "); i++) {
		fd = open(path, O_RDONLY);
		ASSERT_LT(0, read(fd, line, sizeof(line) - 1));
		close(fd);
		usleep(1000);
	}
	ASSERT_NE(NULL, strstr(line, ") Z "));
	expect_readable(_metadata, self->device, child);
	EXPECT_EQ(-ESRCH, target_open(self->device, child));
}

TEST_F(open, stopped_process)
{
	pid_t child = fork_waiting();

	kill(child, SIGSTOP);
	ASSERT_EQ(child, waitpid(child, NULL, WUNTRACED));
	expect_readable(_metadata, self->device, child);
}

TEST_F(open, process_being_traced)
{
	pid_t child = fork();
	int status;

	if (!child) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		for (;;)
			pause();
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFSTOPPED(status));
	expect_readable(_metadata, self->device, child);
}

TEST_F(open, out_of_descriptors_is_emfile)
{
	struct rlimit limit, none;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	none = limit;
	none.rlim_cur = self->device + 1;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	EXPECT_EQ(-EMFILE, call(self));
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* Of the whole machine; who has CAP_SYS_ADMIN may go beyond it. */
TEST_F(open, out_of_files_is_enfile)
{
	long most = read_number("/proc/sys/fs/file-max");
	int file_max = open("/proc/sys/fs/file-max", O_WRONLY);
	char text[24];
	pid_t child;

	ASSERT_LT(0, most);
	ASSERT_LE(0, file_max);
	child = fork();
	if (!child) {
		drop_capability(CAP_SYS_ADMIN);
		_exit(pwrite(file_max, "1", 1, 0) == 1 ? -call(self) : 0);
	}
	EXPECT_EQ(ENFILE, exit_status(child));
	snprintf(text, sizeof(text), "%ld", most);
	EXPECT_LT(0, pwrite(file_max, text, strlen(text), 0));
	EXPECT_EQ(most, read_number("/proc/sys/fs/file-max"));
	close(file_max);
}

/* Whoever is told of the failure must not also be given the descriptor. */
TEST_F(open, answer_that_cannot_be_written_leaks_no_descriptor)
{
	struct vmscope_open *arg = (void *)map_anon(4096, 4096);
	int before = dup(0), after;

	*arg = self->arg;
	close(before);
	ASSERT_EQ(0, mprotect(arg, 4096, PROT_READ));
	EXPECT_EQ(-EFAULT, vmscope_ioctl(self->device, VMSCOPE_OPEN, arg));
	after = dup(0);
	EXPECT_EQ(before, after);
	close(after);
}

TEST_F(open, totals_name_the_leader)
{
	struct vmscope_target totals = { .size = sizeof(totals) };

	ASSERT_EQ(0, call(self));
	ASSERT_EQ(0, vmscope_ioctl(self->arg.fd, VMSCOPE_TARGET, &totals));
	EXPECT_EQ(0, strcmp("uapi_open", totals.comm)) TH_LOG("%s", totals.comm);
	EXPECT_EQ(sizeof(totals), totals.size);
	EXPECT_LT(totals.start_code, totals.end_code);
	EXPECT_LE(totals.start_brk, totals.brk);
	EXPECT_EQ(vmscope_info()->task_size, totals.task_size);
	close(self->arg.fd);
}

/* For unload.sh: a target that is open, and nothing else, until standard input ends. */
static int hold(void)
{
	int device = device_open(), fd = target_open(device, 0);
	char c;

	close(device);
	if (fd < 0 || write(1, "open\n", 5) != 5)
		return 1;
	while (read(0, &c, 1) > 0)
		;
	return 0;
}

VMSCOPE_TEST_MAIN_OR(hold)
