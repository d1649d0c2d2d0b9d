/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Buckets of times: the same for every program that takes times, and for who reads them.
 * It must not know of any program.
 */
#ifndef VMSCOPE_BPF_LATENCY_H
#define VMSCOPE_BPF_LATENCY_H

/* Bucket 0: no time at all; bucket n: from 2^(n-1) ns to below 2^n; the last: longer, too. */
#define LATENCY_BUCKETS		40

static inline __attribute__((always_inline)) unsigned int latency_bucket(unsigned long long ns)
{
	unsigned int bucket = 0;

	for (unsigned int shift = 32; shift; shift >>= 1)
		if (ns >> shift) {
			bucket += shift;
			ns >>= shift;
		}
	bucket += ns ? 1 : 0;
	return bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1;
}

#endif
