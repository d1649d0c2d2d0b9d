/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The directory in debugfs as a program sees it: attach, detach, read a view;
 * and targets worth a view. Knows no test.
 */
#ifndef SELFTESTS_DEBUGFS_H
#define SELFTESTS_DEBUGFS_H

#include "memory.h"
#include "target.h"

#define DEBUGFS		"/sys/kernel/debug/vmscope"
#define NR_VIEWS	6

extern const char *const views[NR_VIEWS];

/* Write a text to an open file: 0 or -errno. */
int send_command(int fd, const char *text);
/* The same through an open file of "control", for a pid. */
int attach(int fd, pid_t pid);
int detach(int fd, pid_t pid);

/* A descriptor or -errno. */
int open_view(pid_t pid, const char *view, int flags);
/*
 * All of an open file by reads of @chunk bytes, to be freed; NULL and errno
 * where a read fails.
 */
char *read_text(int fd, size_t chunk);
/* All of a view, likewise. */
char *read_view(pid_t pid, const char *view, size_t chunk);

/* What a target holds, for the test to know. */
struct viewed {
	struct region anon;
	struct region swapped;
	struct region ksm;
	struct region huge;
	int no_swap;
	int no_ksm;
	int no_huge;
};

/* For target_start(), with a struct viewed that is shared: anonymous memory alone. */
int view_build_anon(void *arg, unsigned int step);
/* Some of everything that a view shows. */
int view_build_all(void *arg, unsigned int step);
/* So many mappings that the text takes many reads; without an argument. */
int view_build_many(void *arg, unsigned int step);

/*
 * What most tests start from: an open "control", a target to be started, and
 * memory shared with it in which it says what it holds.
 */
#define VIEW_FIXTURE(name)						\
	FIXTURE(name) {							\
		int control;						\
		struct target t;					\
		struct viewed *memory;					\
	};								\
									\
	FIXTURE_SETUP(name)						\
	{								\
		self->t.fd = -1;					\
		self->memory = shared_alloc(sizeof(*self->memory));	\
		ASSERT_NE(NULL, self->memory);				\
		self->control = open(DEBUGFS "/control", O_RDWR | O_CLOEXEC); \
		if (self->control < 0 && errno == ENOENT)		\
			SKIP(return, "no " DEBUGFS			\
			     ": the kernel or the module is without debugfs"); \
		ASSERT_LE(0, self->control);				\
	}								\
									\
	FIXTURE_TEARDOWN(name)						\
	{								\
		target_stop(&self->t);					\
		if (self->control >= 0)					\
			close(self->control);				\
	}

#endif
