/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The processes of the host, or of a control group, and the control group itself. It
 * must not know what will be asked of them.
 */
#ifndef VMSCOPE_EVERYONE_H
#define VMSCOPE_EVERYONE_H

#include <stddef.h>
#include <sys/types.h>

#include "error.h"

struct vs_everyone {
	pid_t *pid;		/* in ascending order */
	size_t nr, max;
};

/*
 * All processes that have an address space of their own to look at: neither
 * kernel threads nor the caller. They can be gone when they are opened. 0 or -1.
 */
int vs_everyone_on_host(struct vs_everyone *everyone, struct vs_error *error);

/*
 * Those of a control group and the groups below it. The path is one of
 * /sys/fs/cgroup, or relative to it.
 */
int vs_everyone_in_cgroup(const char *path, struct vs_everyone *everyone, struct vs_error *error);

/*
 * The directory of a control group of version 2, the only ones that BPF programs know; its
 * descriptor or -1. The path likewise.
 */
int vs_cgroup_open(const char *path, struct vs_error *error);

void vs_everyone_free(struct vs_everyone *everyone);

/* Its place among them, or their number. */
size_t vs_everyone_find(const struct vs_everyone *everyone, pid_t pid);

/*
 * The number that a process or thread was given last, -1 when /proc does not say: while it is
 * the caller's, nobody has appeared since.
 */
pid_t vs_last_pid(void);

#endif
