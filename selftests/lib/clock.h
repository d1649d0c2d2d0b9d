/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clock that tests and benches measure with; knows nothing of what they do.
 */
#ifndef SELFTESTS_CLOCK_H
#define SELFTESTS_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* In seconds. */
static inline double now(void)
{
	return now_ns() / 1e9;
}

#endif
