/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A child process to look at, and descriptors of vmscope for it; knows nothing
 * of what the child's memory holds.
 */
#ifndef SELFTESTS_TARGET_H
#define SELFTESTS_TARGET_H

#include <stdint.h>
#include <sys/types.h>

#include "vmscope.h"

/**
 * typedef target_fn - what a target does, in the child
 * @arg: memory shared with the test, see shared_alloc()
 * @step: 0 when it starts, then what target_step() was given
 *
 * Return: 0, or an errno for the test to see.
 */
typedef int (*target_fn)(void *arg, unsigned int step);

struct target {
	pid_t pid;
	int fd;		/* of vmscope, -1 when not opened */
	int to;
	int from;
};

/* Memory that a child fork shares, zeroed. Never released. */
void *shared_alloc(size_t size);

/* A descriptor of the device, or -errno. */
int device_open(void);

/* Give up a capability, but not the user id; 0 or errno. */
int drop_capability(int capability);

/* A new vmscope target for @pid, or -errno. */
int target_open(int device, pid_t pid);

/*
 * Fork, run @fn with step 0 in the child, wait until it is done and open the
 * child with vmscope. The child then sleeps until target_step() or
 * target_stop(). Returns 0, or the errno of @fn or of opening.
 */
int target_start(struct target *t, target_fn fn, void *arg);

/* The same, but start a program that calls target_ready(). */
int target_start_program(struct target *t, char *const argv[]);

/*
 * The same with a copy of this program, so that nothing of it is shared by fork
 * nor, as it is linked statically, any page of a file with another process.
 */
int target_start_copy(struct target *t, char *argument, char *another);

/* Run another step in the child; its errno. */
int target_step(struct target *t, unsigned int step);

/* Kill the child, wait for it, close what is open. */
void target_stop(struct target *t);

/* What a program started by target_start_program() calls when it is ready. */
void target_ready(int error);

/* ioctl() that gives -errno. */
int vmscope_ioctl(int fd, unsigned long request, void *arg);

/* The answer of VMSCOPE_INFO, asked once. */
const struct vmscope_info *vmscope_info(void);

#endif
