/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of members, each kept once, so that equal sets have one number. It must
 * not know who the members are, nor what they have in common.
 */
#ifndef VMSCOPE_SETS_H
#define VMSCOPE_SETS_H

#include <stddef.h>
#include <stdint.h>

/* A set is the set before it and one more. 0 is the empty set. */
struct vs_set {
	uint32_t before;
	uint32_t member;
	uint32_t times;			/* that this one is in it */
	uint32_t next;			/* in its hash chain */
};

struct vs_sets {
	struct vs_set *set;
	uint32_t nr;
	size_t max;
	uint32_t *chain;		/* by hash */
	uint32_t nr_chains;
	uint32_t last_set, last_member, last_times, last_result;
};

/* 0 or -ENOMEM; to be freed in any case. */
int vs_sets_init(struct vs_sets *sets);
void vs_sets_free(struct vs_sets *sets);
/* Bytes of memory that they take. */
size_t vs_sets_memory(const struct vs_sets *sets);

/*
 * The set that has @member @times more often than @set has; members come one
 * after the other. 0 without memory.
 */
uint32_t vs_set_with(struct vs_sets *sets, uint32_t set, uint32_t member, uint32_t times);

/* How often a member is in a set. */
uint32_t vs_set_times(const struct vs_sets *sets, uint32_t set, uint32_t member);

/* How many members are in a set, and how often all of them. */
uint32_t vs_set_members(const struct vs_sets *sets, uint32_t set, uint64_t *times);

#endif
