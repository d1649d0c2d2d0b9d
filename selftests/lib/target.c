// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A child process to look at, and descriptors of vmscope for it; knows nothing
 * of what the child's memory holds.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target.h"

/* Where a program started by target_start_program() finds its pipes. */
#define PIPE_IN		100
#define PIPE_OUT	101

void *shared_alloc(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

int vmscope_ioctl(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? -errno : 0;
}

int device_open(void)
{
	int fd = open(VMSCOPE_DEVICE, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int drop_capability(int capability)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return errno;
	data[capability / 32].effective &= ~(1u << capability % 32);
	data[capability / 32].permitted &= ~(1u << capability % 32);
	return syscall(SYS_capset, &head, data) ? errno : 0;
}

int target_open(int device, pid_t pid)
{
	struct vmscope_open arg = { .size = sizeof(arg), .pid = pid };
	int error = vmscope_ioctl(device, VMSCOPE_OPEN, &arg);

	return error ? error : arg.fd;
}

static struct vmscope_info info;

static void ask_info(void)
{
	int device = device_open();

	info.size = sizeof(info);
	if (device < 0 || vmscope_ioctl(device, VMSCOPE_INFO, &info))
		abort();
	close(device);
}

/* Several threads may be the first. */
const struct vmscope_info *vmscope_info(void)
{
	static pthread_once_t asked = PTHREAD_ONCE_INIT;

	pthread_once(&asked, ask_info);
	return &info;
}

static void child_loop(int in, int out, target_fn fn, void *arg)
{
	int answer = fn(arg, 0);
	unsigned int step;

	while (write(out, &answer, sizeof(answer)) == sizeof(answer) &&
	       read(in, &step, sizeof(step)) == sizeof(step))
		answer = fn(arg, step);
	_exit(0);
}

static int get_answer(struct target *t)
{
	int answer;

	if (read(t->from, &answer, sizeof(answer)) != sizeof(answer))
		return EPIPE;	/* the child died */
	return answer;
}

static int open_child(struct target *t)
{
	int device, error = get_answer(t);

	if (error)
		return error;
	device = device_open();
	if (device < 0)
		return -device;
	t->fd = target_open(device, t->pid);
	close(device);
	return t->fd < 0 ? -t->fd : 0;
}

static int make_pipes(int down[2], int up[2])
{
	if (pipe2(down, O_CLOEXEC))
		return errno;
	if (pipe2(up, O_CLOEXEC)) {
		close(down[0]);
		close(down[1]);
		return errno;
	}
	return 0;
}

/*
 * Fork, with a pipe down to the child and one up from it; the child dies with
 * this process. Its pid, 0 in the child, or -errno.
 */
static pid_t fork_with_pipes(int down[2], int up[2])
{
	int error = make_pipes(down, up);
	pid_t pid;

	if (error)
		return -error;
	pid = fork();
	if (pid < 0) {
		error = errno;
		close(down[0]);
		close(down[1]);
		close(up[0]);
		close(up[1]);
		return -error;
	}
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static int adopt(struct target *t, pid_t pid, int down[2], int up[2])
{
	if (pid < 0)
		return -pid;
	close(down[0]);
	close(up[1]);
	t->pid = pid;
	t->to = down[1];
	t->from = up[0];
	t->fd = -1;
	return open_child(t);
}

int target_start(struct target *t, target_fn fn, void *arg)
{
	int down[2], up[2];
	pid_t pid = fork_with_pipes(down, up);

	if (!pid) {
		close(down[1]);
		close(up[0]);
		child_loop(down[0], up[1], fn, arg);
	}
	return adopt(t, pid, down, up);
}

int target_start_program(struct target *t, char *const argv[])
{
	int down[2], up[2];
	pid_t pid = fork_with_pipes(down, up);

	if (!pid) {
		dup2(down[0], PIPE_IN);
		dup2(up[1], PIPE_OUT);
		execv(argv[0], argv);
		_exit(127);
	}
	return adopt(t, pid, down, up);
}

static int copy_self(const char *path)
{
	static char block[65536];
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	ssize_t n = 1;

	if (from < 0 || to < 0)
		return errno;
	while ((n = read(from, block, sizeof(block))) > 0)
		if (write(to, block, n) != n)
			break;
	close(from);
	close(to);
	return n ? EIO : 0;
}

int target_start_copy(struct target *t, char *argument, char *another)
{
	char path[64];
	int error;

	snprintf(path, sizeof(path), "/tmp/target.%d", getpid());
	error = copy_self(path);
	if (!error)
		error = target_start_program(t, (char *[]){ path, argument,
							    another, NULL });
	unlink(path);
	return error;
}

void target_ready(int error)
{
	unsigned int step;

	if (write(PIPE_OUT, &error, sizeof(error)) != sizeof(error))
		_exit(1);
	while (read(PIPE_IN, &step, sizeof(step)) == sizeof(step))
		;
	_exit(0);
}

int target_step(struct target *t, unsigned int step)
{
	if (write(t->to, &step, sizeof(step)) != sizeof(step))
		return EPIPE;
	return get_answer(t);
}

void target_stop(struct target *t)
{
	if (t->pid > 0) {
		kill(t->pid, SIGKILL);
		waitpid(t->pid, NULL, 0);
	}
	if (t->fd >= 0)
		close(t->fd);
	if (t->to > 0)
		close(t->to);
	if (t->from > 0)
		close(t->from);
	memset(t, 0, sizeof(*t));
	t->fd = -1;
}
