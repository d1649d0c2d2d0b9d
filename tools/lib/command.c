// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A command that is ours to run. It must not know what for.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"

static bool is_program(const char *path)
{
	struct stat st;

	return !access(path, X_OK) && !stat(path, &st) && S_ISREG(st.st_mode);
}

/* As execvp() looks for it, but before there is a process. */
static int find_program(const char *name, char *path, size_t size)
{
	const char *list = getenv("PATH");

	if (strchr(name, '/'))
		return snprintf(path, size, "%s", name) < (int)size ? 0 : -1;
	for (const char *at = list ? list : "/bin:/usr/bin"; at && *name;) {
		const char *end = strchrnul(at, ':');
		int length = end - at;

		if (snprintf(path, size, "%.*s%s%s", length, at, length ? "/" : "./", name) <
		    (int)size && is_program(path))
			return 0;
		at = *end ? end + 1 : NULL;
	}
	return -1;
}

/*
 * In the child. The first call fails, for its name is empty; with it, all code and
 * stack that the second one needs is there.
 */
static void become(const char *path, char **argv, int go, int failed)
{
	char byte;
	int err;

	execve("", argv, environ);
	if (write(failed, "", 1) != 1 || read(go, &byte, 1) != 1)
		_exit(127);
	execve(path, argv, environ);
	err = errno;
	(void)!write(failed, &err, sizeof(err));
	_exit(127);
}

/* Its faults until now; it waits, and has none meanwhile. */
static int read_faults(struct vs_command *command)
{
	char path[64], line[1024], *at;
	unsigned long long minor, major;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", command->pid);
	file = fopen(path, "re");
	if (!file)
		return -1;
	at = fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	fclose(file);
	if (!at || sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %llu %*u %llu", &minor, &major) != 2)
		return -1;
	command->minor = minor;
	command->major = major;
	return 0;
}

/* The child says that it is ready before it waits for us: until it does wait. */
static bool waits(struct vs_command *command)
{
	char path[64], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", command->pid);
	file = fopen(path, "re");
	if (!file)
		return true;
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 'S';
	fclose(file);
	return state != 'R' && state != 'D';
}

int vs_command_prepare(struct vs_command *command, char **argv, struct vs_error *error)
{
	int go[2] = { -1, -1 }, failed[2] = { -1, -1 };
	char path[PATH_MAX], byte;

	*command = (struct vs_command){ .go = -1, .failed = -1 };
	if (find_program(argv[0], path, sizeof(path)))
		return vs_error_set(error, VS_FAIL_INPUT, "no command '%s' in PATH", argv[0]);
	if (!pipe2(go, O_CLOEXEC) && !pipe2(failed, O_CLOEXEC))
		command->pid = fork();
	else
		command->pid = -1;
	if (!command->pid) {
		close(go[1]);
		become(path, argv, go[0], failed[1]);
	}
	close(go[0]);
	close(failed[1]);
	command->go = go[1];
	command->failed = failed[0];
	if (command->pid < 0 || read(command->failed, &byte, 1) != 1)
		return vs_error_set(error, VS_FAIL_CANNOT, "cannot start a process: %s",
				    strerror(errno));
	while (!waits(command))
		usleep(1000);
	if (read_faults(command))
		return vs_error_set(error, VS_FAIL_CANNOT, "cannot read /proc/%d/stat: %s",
				    command->pid, strerror(errno));
	return 0;
}

int vs_command_go(struct vs_command *command, const char *name, struct vs_error *error)
{
	int err;

	if (write(command->go, "", 1) != 1)
		return vs_error_set(error, VS_FAIL_CANNOT, "'%s' does not begin: %s", name,
				    strerror(errno));
	/* closed by a call of exec that succeeds */
	if (read(command->failed, &err, sizeof(err)) == sizeof(err))
		return vs_error_set(error, VS_FAIL_INPUT, "cannot run '%s': %s", name,
				    strerror(err));
	return 0;
}

int vs_command_wait(struct vs_command *command, struct vs_error *error)
{
	struct rusage usage;
	pid_t pid;

	do
		pid = wait4(command->pid, &command->status, 0, &usage);
	while (pid < 0 && errno == EINTR);
	if (pid < 0)
		return vs_error_set(error, VS_FAIL_CANNOT, "waiting for process %d: %s",
				    command->pid, strerror(errno));
	command->pid = 0;
	command->minor = usage.ru_minflt - command->minor;
	command->major = usage.ru_majflt - command->major;
	return 0;
}

void vs_command_release(struct vs_command *command)
{
	if (command->go >= 0)
		close(command->go);
	if (command->failed >= 0)
		close(command->failed);
	if (command->pid > 0)
		waitpid(command->pid, NULL, 0);
}
