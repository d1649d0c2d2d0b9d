// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sets of members, each kept once. It must not know who the members are.
 */
#include <errno.h>
#include <stdlib.h>

#include "grow.h"
#include "sets.h"

#define NR_CHAINS	1024

int vs_sets_init(struct vs_sets *sets)
{
	*sets = (struct vs_sets){ .nr = 1, .max = 256, .nr_chains = NR_CHAINS };
	sets->set = calloc(sets->max, sizeof(*sets->set));
	sets->chain = calloc(NR_CHAINS, sizeof(*sets->chain));
	if (!sets->set || !sets->chain)
		return -ENOMEM;
	sets->set[0].member = UINT32_MAX;
	return 0;
}

void vs_sets_free(struct vs_sets *sets)
{
	free(sets->set);
	free(sets->chain);
	*sets = (struct vs_sets){ 0 };
}

size_t vs_sets_memory(const struct vs_sets *sets)
{
	return sets->max * sizeof(*sets->set) + sets->nr_chains * sizeof(*sets->chain);
}

static uint32_t *chain_of(const struct vs_sets *sets, uint32_t before, uint32_t member,
			  uint32_t times)
{
	uint32_t hash = (before * 31 + member) * 2654435761u + times * 40503u;

	return &sets->chain[(hash ^ hash >> 15) & (sets->nr_chains - 1)];
}

static int more_chains(struct vs_sets *sets)
{
	uint32_t nr = sets->nr_chains * 4;
	uint32_t *chain = calloc(nr, sizeof(*chain));

	if (!chain)
		return -ENOMEM;
	free(sets->chain);
	sets->chain = chain;
	sets->nr_chains = nr;
	for (uint32_t i = 1; i < sets->nr; i++) {
		struct vs_set *set = &sets->set[i];
		uint32_t *head = chain_of(sets, set->before, set->member, set->times);

		set->next = *head;
		*head = i;
	}
	return 0;
}

/* The one set that is @before and this member; 0 without memory. */
static uint32_t intern(struct vs_sets *sets, uint32_t before, uint32_t member, uint32_t times)
{
	uint32_t *head = chain_of(sets, before, member, times);

	for (uint32_t i = *head; i; i = sets->set[i].next) {
		const struct vs_set *set = &sets->set[i];

		if (set->before == before && set->member == member && set->times == times)
			return i;
	}
	if (vs_grow(&sets->set, &sets->max, sets->nr + 1, sizeof(*sets->set)))
		return 0;
	if (sets->nr >= sets->nr_chains) {
		if (more_chains(sets))
			return 0;
		head = chain_of(sets, before, member, times);
	}
	sets->set[sets->nr] = (struct vs_set){ before, member, times, *head };
	*head = sets->nr;
	return sets->nr++;
}

/* Who is in the set already is its last. */
uint32_t vs_set_with(struct vs_sets *sets, uint32_t set, uint32_t member,
			    uint32_t times)
{
	const struct vs_set *last = &sets->set[set];
	uint32_t result;

	if (sets->last_result && set == sets->last_set && member == sets->last_member &&
	    times == sets->last_times)
		return sets->last_result;
	if (set && last->member == member)
		result = intern(sets, last->before, member, last->times + times);
	else
		result = intern(sets, set, member, times);
	sets->last_set = set;
	sets->last_member = member;
	sets->last_times = times;
	sets->last_result = result;
	return result;
}

uint32_t vs_set_times(const struct vs_sets *sets, uint32_t set, uint32_t member)
{
	for (; set; set = sets->set[set].before)
		if (sets->set[set].member == member)
			return sets->set[set].times;
	return 0;
}

uint32_t vs_set_members(const struct vs_sets *sets, uint32_t set, uint64_t *times)
{
	uint32_t members = 0;

	*times = 0;
	for (; set; set = sets->set[set].before) {
		*times += sets->set[set].times;
		members++;
	}
	return members;
}
