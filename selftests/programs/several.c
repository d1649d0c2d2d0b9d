// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Starts so many of a program at once and says of each what wait4() tells of its page
 * faults, from its fork to its exit. Knows nothing of who counts them.
 *
 * Usage: several NUMBER COMMAND [ARGUMENT]...
 *
 * A line for each, in the order of their start: "ran 0 PID MINOR MAJOR". What they print
 * themselves is dropped. Exit status 2 when one of them ends with another status than 0.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void die(const char *what, int error)
{
	fprintf(stderr, "several: %s: %s\n", what, strerror(error));
	exit(2);
}

int main(int argc, char **argv)
{
	posix_spawn_file_actions_t silent;
	int number = argc > 2 ? atoi(argv[1]) : 0;
	pid_t *pid = calloc(number > 0 ? number : 1, sizeof(*pid));

	if (number < 1 || !pid)
		die("usage: several NUMBER COMMAND [ARGUMENT]...", EINVAL);
	posix_spawn_file_actions_init(&silent);
	posix_spawn_file_actions_addopen(&silent, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	for (int i = 0; i < number; i++) {
		int error = posix_spawn(&pid[i], argv[2], &silent, NULL, argv + 2, environ);

		if (error)
			die(argv[2], error);
	}
	for (int i = 0; i < number; i++) {
		struct rusage usage;
		int status;

		if (wait4(pid[i], &status, 0, &usage) < 0)
			die("wait4", errno);
		if (status) {
			fprintf(stderr, "several: %s: wait status %#x\n", argv[2], status);
			return 2;
		}
		printf("ran 0 %d %ld %ld\n", pid[i], usage.ru_minflt, usage.ru_majflt);
	}
	return 0;
}
