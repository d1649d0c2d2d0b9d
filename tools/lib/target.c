// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Finding the process that is meant. It must not know what will be asked of it.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proc_read.h"
#include "target.h"

static int hold(pid_t pid, struct vs_target *target)
{
	target->pid = pid;
	target->pidfd = syscall(SYS_pidfd_open, pid, 0);
	return target->pidfd < 0 ? -errno : 0;
}

static int hold_pid(pid_t pid, const char *text, struct vs_target *target, struct vs_error *error)
{
	int err = hold(pid, target);

	if (err == -EINVAL || err == -ENOENT) {
		/* A thread: its memory is its group's. */
		long leader = vs_proc_status_number(pid, "Tgid");

		err = leader > 0 && leader != pid ? hold(leader, target) : -ESRCH;
	}
	if (err == -ENOSYS)
		err = kill(pid, 0) && errno == ESRCH ? -ESRCH : 0;
	if (err == -ESRCH)
		return vs_error_set(error, VS_FAIL_GONE,
			"no process %s in this pid namespace: look for it with 'ps -e'", text);
	if (err)
		return vs_error_set(error, VS_FAIL_CANNOT, "cannot hold process %s: %s",
				    text, strerror(-err));
	return 0;
}

static void add_match(struct vs_matches *matches, pid_t pid)
{
	size_t n = matches->found++;
	struct vs_match *match;

	if (n >= sizeof(matches->match) / sizeof(matches->match[0]))
		return;
	match = &matches->match[n];
	match->pid = pid;
	vs_proc_command(pid, match->command, sizeof(match->command));
}

/* Has exited, and nobody has asked for its exit status yet. */
static bool is_zombie(pid_t pid)
{
	struct vs_proc_status status;

	return !vs_proc_status(pid, &status) && (status.state == 'Z' || status.state == 'X');
}

/* Return: 0, or less on errors; @zombie is one of that name that has exited, or 0. */
static int find_name(const char *text, struct vs_matches *matches, pid_t *zombie,
		     struct vs_error *error)
{
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	if (!proc)
		return vs_error_set(error, VS_FAIL_CANNOT,
			"cannot look for a process named '%s': /proc: %s: mount it, or give a pid",
			text, strerror(errno));
	while ((entry = readdir(proc))) {
		char path[64], comm[64];
		long pid = strtol(entry->d_name, NULL, 10);

		if (!isdigit((unsigned char)entry->d_name[0]) || pid == getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
		if (vs_read_line(path, comm, sizeof(comm)) || strcmp(comm, text))
			continue;
		if (is_zombie(pid))
			*zombie = pid;
		else
			add_match(matches, pid);
	}
	closedir(proc);
	return 0;
}

int vs_target_find(const char *text, struct vs_target *target, struct vs_matches *matches,
		   struct vs_error *error)
{
	pid_t zombie = 0;
	char *end;
	long pid;

	target->pid = -1;
	target->pidfd = -1;
	matches->found = 0;
	if (!*text)
		return vs_error_set(error, VS_FAIL_INPUT,
				    "empty TARGET: give a pid, 'self' or a process name");
	if (!strcmp(text, "self"))
		return hold_pid(getpid(), text, target, error);

	errno = 0;
	pid = strtol(text, &end, 10);
	if (!*end && (isdigit((unsigned char)*text) || *text == '-' || *text == '+')) {
		if (errno || pid <= 0 || pid > INT_MAX)
			return vs_error_set(error, VS_FAIL_INPUT,
				"'%s' is no pid: pids are whole numbers from 1", text);
		return hold_pid(pid, text, target, error);
	}

	if (find_name(text, matches, &zombie, error))
		return -1;
	if (matches->found == 1)
		return hold_pid(matches->match[0].pid, text, target, error);
	if (!matches->found && zombie)
		return hold_pid(zombie, text, target, error);
	if (!matches->found)
		return vs_error_set(error, VS_FAIL_GONE,
			"no process named '%s': names match exactly, as 'ps -eo pid,comm' shows them",
			text);
	return vs_error_set(error, VS_FAIL_INPUT,
		"%zu processes are named '%s': choose one by its pid", matches->found, text);
}

void vs_target_release(struct vs_target *target)
{
	if (target->pidfd >= 0)
		close(target->pidfd);
	target->pidfd = -1;
}

bool vs_target_alive(const struct vs_target *target)
{
	struct pollfd poller = { .fd = target->pidfd, .events = POLLIN };

	if (target->pidfd < 0)
		return true;
	return poll(&poller, 1, 0) == 0;
}
