/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finding the process that is meant, and holding on to its identity. It must
 * not know what will be asked of it.
 */
#ifndef VMSCOPE_TARGET_H
#define VMSCOPE_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "error.h"

struct vs_target {
	pid_t pid;
	int pidfd;		/* -1 where the kernel has none */
};

struct vs_match {
	pid_t pid;
	char command[128];
};

/* Processes that bear a name, when it is not one alone. */
struct vs_matches {
	struct vs_match match[16];
	size_t found;		/* may exceed what match[] holds */
};

/*
 * TEXT is a pid, "self", or the exact name of a process. Returns 0 with the
 * identity held until vs_target_release(). When several processes bear the
 * name, it fails with VS_FAIL_INPUT and matches->found > 1.
 */
int vs_target_find(const char *text, struct vs_target *target, struct vs_matches *matches,
		   struct vs_error *error);
void vs_target_release(struct vs_target *target);

/* Whether the process that was found still lives, so its pid is still its own. */
bool vs_target_alive(const struct vs_target *target);

#endif
