/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The clock by which everything is timed. It knows nothing of what is.
 */
#ifndef VMSCOPE_CLOCK_H
#define VMSCOPE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds of CLOCK_MONOTONIC, which BPF programs and the kernel have as well. */
static inline uint64_t vs_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

#endif
