/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The check that every leaf kind goes through: a region is what it was built
 * as, in extents, tally and translation, and procfs agrees.
 */
#ifndef SELFTESTS_LEAF_H
#define SELFTESTS_LEAF_H

#include "memory.h"
#include "oracle.h"
#include "sums.h"
#include "target.h"

/*
 * Every page of @r has the attributes @expected under @mask. Returns NULL or
 * what differs.
 */
const char *leaf_check(const struct target *t, const struct region *r,
		       uint64_t mask, uint64_t expected);

/* As a page of the region is translated; the whole word, not masked. */
const char *leaf_translate(const struct target *t, uint64_t address,
			   struct vmscope_translation *result);

/*
 * For kselftest_harness.h: @call returns NULL or the text of a failure.
 */
#define EXPECT_SAME(call) do {						\
	const char *text_ = (call);					\
	EXPECT_EQ(NULL, text_)						\
		TH_LOG("%s", text_);					\
} while (0)

/* Fail, or skip where the machine cannot, with what @what could not do. */
#define ASSERT_BUILT(call, what) do {					\
	int errno_ = (call);						\
	if (errno_ == ENOSYS || errno_ == ENODEV || errno_ == ENOMEM)	\
		SKIP(return, "%s: %s", what, strerror(errno_));		\
	ASSERT_EQ(0, errno_)						\
		TH_LOG("%s: %s", what, strerror(errno_));		\
} while (0)

/* Run a block in a child; its failures are the test's. */
#define IN_CHILD(...) do {						\
	int status_;							\
	pid_t child_ = fork();						\
									\
	if (!child_) {							\
		__VA_ARGS__;						\
		_exit(0);						\
	}								\
	waitpid(child_, &status_, 0);					\
	EXPECT_EQ(0, status_);						\
} while (0)

/* Everything that must be the same for all pages of a kind. */
#define MASK_WHAT	(VMSCOPE_ATTR_STATE | VMSCOPE_ATTR_KIND | \
			 VMSCOPE_ATTR_LEAF | VMSCOPE_ATTR_ORDER)
#define MASK_STATE	VMSCOPE_ATTR_STATE

/*
 * What most tests start from: a target to be started, in self->t, and memory
 * shared with it in which it says where it built, with room for eight regions.
 */
#define REGION_FIXTURE(name)						\
	FIXTURE(name) {							\
		struct target t;					\
		struct region *r;					\
	};								\
									\
	FIXTURE_SETUP(name)						\
	{								\
		self->t.fd = -1;					\
		self->r = shared_alloc(8 * sizeof(*self->r));		\
		ASSERT_NE(NULL, self->r);				\
	}								\
									\
	FIXTURE_TEARDOWN(name)						\
	{								\
		target_stop(&self->t);					\
	}

/* The same for huge pages, with a struct shared of the test's own in self->s. */
#define HUGE_FIXTURE(name)						\
	FIXTURE(name) {							\
		struct target t;					\
		struct shared *s;					\
	};								\
									\
	FIXTURE_SETUP(name)						\
	{								\
		self->t.fd = -1;					\
		self->s = shared_alloc(sizeof(*self->s));		\
		ASSERT_NE(NULL, self->s);				\
		if (keep_pages_still())					\
			SKIP(return, "this kernel has no transparent huge pages"); \
		settle();						\
	}								\
									\
	FIXTURE_TEARDOWN(name)						\
	{								\
		target_stop(&self->t);					\
	}

/* End a program of tests as skipped, as a whole, where there is no module. */
#define SKIP_WITHOUT_MODULE() do {					\
	if (access(VMSCOPE_DEVICE, F_OK)) {				\
		ksft_print_header();					\
		ksft_exit_skip("the vmscope module is not loaded\n");	\
	}								\
} while (0)

/* A program of tests. */
#define VMSCOPE_TEST_MAIN						\
	int main(int argc, char **argv)					\
	{								\
		SKIP_WITHOUT_MODULE();					\
		return test_harness_run(argc, argv);			\
	}

/* The same; with --hold it calls @hold, for a script, and tests nothing. */
#define VMSCOPE_TEST_MAIN_OR(hold)					\
	int main(int argc, char **argv)					\
	{								\
		SKIP_WITHOUT_MODULE();					\
		if (argc > 1 && !strcmp(argv[1], "--hold"))		\
			return hold();					\
		return test_harness_run(argc, argv);			\
	}

/*
 * The same for tests that all look at one zoo, which @zoo becomes: this very
 * program, started with --zoo.
 */
#define VMSCOPE_TEST_MAIN_OF_ZOO(zoo)					\
	int main(int argc, char **argv)					\
	{								\
		int status;						\
									\
		if (argc > 1 && !strcmp(argv[1], "--zoo"))		\
			target_ready(zoo_build(argc > 2));		\
		SKIP_WITHOUT_MODULE();					\
		if (target_start_copy(&(zoo), "--zoo", NULL))		\
			ksft_exit_fail_msg("the zoo could not be built\n"); \
		status = test_harness_run(argc, argv);			\
		target_stop(&(zoo));					\
		return status;						\
	}

/* Emulated machines with a debug kernel are slow. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	120

#endif
