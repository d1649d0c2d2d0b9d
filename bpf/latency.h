/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Buckets of times: the same for every program that takes times, and for who reads them.
 * It must not know of any program.
 */
#ifndef VMSCOPE_BPF_LATENCY_H
#define VMSCOPE_BPF_LATENCY_H

/* Bucket 0: no time at all; bucket n: from 2^(n-1) ns to below 2^n; the last: longer, too. */
#define LATENCY_BUCKETS		40

#ifdef __bpf__

/*
 * Bits from the first one that is set. Not static: the verifier goes through such a function
 * once, not through all its 64 paths for every path that leads to a call.
 */
__noinline __u32 bits_of(__u64 ns)
{
	__u32 bits = 0;

	for (__u32 shift = 32; shift; shift >>= 1)
		if (ns >> shift) {
			bits += shift;
			ns >>= shift;
		}
	return bits + (ns ? 1 : 0);
}

static __always_inline unsigned long long *bucket_of(unsigned long long *bucket, __u64 ns)
{
	__u32 n = bits_of(ns);

	return &bucket[n < LATENCY_BUCKETS ? n : LATENCY_BUCKETS - 1];
}

#endif

#endif
