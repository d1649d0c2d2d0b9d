/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Knobs of the test build (VMSCOPE_TEST=1): they widen the window in which a
 * table could be freed under the walker, and take the protection away, so that
 * the race test can show that it would notice. In any other build they are
 * nothing at all.
 */
#ifndef VMS_TEST_H
#define VMS_TEST_H

enum test_unsafe {
	TEST_SAFE,
	TEST_UNSAFE_IRQ,	/* interrupts off, whatever the kernel frees by */
	TEST_UNSAFE_RCU,	/* rcu_read_lock() and nothing else */
};

#ifdef VMSCOPE_TEST

#include <linux/delay.h>

extern unsigned int test_delay_us;
extern unsigned int test_unsafe;

static inline void test_widen_window(void)
{
	if (test_delay_us)
		udelay(test_delay_us);
}

static inline unsigned int test_unsafe_mode(void)
{
	return READ_ONCE(test_unsafe);
}

#else

static inline void test_widen_window(void) {}

static inline unsigned int test_unsafe_mode(void)
{
	return TEST_SAFE;
}

#endif

#endif /* VMS_TEST_H */
