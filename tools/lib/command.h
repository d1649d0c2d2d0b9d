/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A command that is ours to run, from its first instruction to its end. It must
 * not know what for.
 */
#ifndef VMSCOPE_COMMAND_H
#define VMSCOPE_COMMAND_H

#include <stdint.h>
#include <sys/types.h>

#include "error.h"

struct vs_command {
	pid_t pid;
	int go;				/* a byte lets it begin */
	int failed;			/* why it could not, an errno, when it could not */
	int status;			/* of wait() */
	/* its page faults as wait4() tells them, and those of its children it waited for */
	uint64_t minor;
	uint64_t major;
};

/*
 * A process that waits to become the command. It touched all that it needs for
 * that: what happens from now on is the command's.
 */
int vs_command_prepare(struct vs_command *command, char **argv, struct vs_error *error);

/* Let it begin; an error when there is no such command. */
int vs_command_go(struct vs_command *command, const char *name, struct vs_error *error);

/* Until it ends. */
int vs_command_wait(struct vs_command *command, struct vs_error *error);

/* One that was prepared and did not begin is no more, too. */
void vs_command_release(struct vs_command *command);

#endif
