// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The processes of a look at many. It must not know how they are read.
 */
#include <stdlib.h>

#include "members.h"

struct vs_member *vs_members_add(struct vs_members *members, pid_t pid)
{
	struct vs_member *member;

	if (members->nr == members->max) {
		uint32_t max = members->max ? members->max * 2 : 1024;

		member = reallocarray(members->member, max, sizeof(*member));
		if (!member)
			return NULL;
		members->member = member;
		members->max = max;
	}
	member = &members->member[members->nr++];
	*member = (struct vs_member){
		.pid = pid,
		.mm = VS_UNKNOWN,
		.pss = VS_UNKNOWN,
		.swap = VS_UNKNOWN,
		.tables = VS_UNKNOWN,
	};
	return member;
}

void vs_members_free(struct vs_members *members)
{
	for (uint32_t i = 0; i < members->nr; i++)
		free(members->member[i].why);
	free(members->member);
	free(members->by_mm);
	*members = (struct vs_members){ 0 };
}

/* The number of an address space is random where it comes from the module. */
static uint32_t place_of(const struct vs_members *members, uint64_t mm)
{
	return mm & (members->max_by_mm - 1);
}

static uint32_t next_place(const struct vs_members *members, uint32_t place)
{
	return (place + 1) & (members->max_by_mm - 1);
}

static void enter(struct vs_members *members, uint32_t number)
{
	uint32_t place = place_of(members, members->member[number].mm);

	while (members->by_mm[place])
		place = next_place(members, place);
	members->by_mm[place] = number + 1;
	members->nr_by_mm++;
}

/* No more than half of the places are taken. */
static bool make_places(struct vs_members *members)
{
	uint32_t max = members->max_by_mm ? members->max_by_mm * 2 : 256;
	uint32_t *old = members->by_mm, *more;

	if (members->nr_by_mm < members->max_by_mm / 2)
		return true;
	more = calloc(max, sizeof(*more));
	if (!more)
		return false;
	members->by_mm = more;
	members->max_by_mm = max;
	members->nr_by_mm = 0;
	for (uint32_t i = 0; i < max / 2; i++)
		if (old && old[i])
			enter(members, old[i] - 1);
	free(old);
	return true;
}

bool vs_members_set_mm(struct vs_members *members, uint32_t number, uint64_t mm)
{
	members->member[number].mm = mm;
	if (mm == VS_UNKNOWN)
		return true;
	if (!make_places(members))
		return false;
	enter(members, number);
	return true;
}

uint32_t vs_members_find_mm(const struct vs_members *members, uint64_t mm, uint32_t none)
{
	uint32_t first = none;

	if (mm == VS_UNKNOWN || !members->max_by_mm)
		return none;
	for (uint32_t place = place_of(members, mm); members->by_mm[place];
	     place = next_place(members, place)) {
		uint32_t number = members->by_mm[place] - 1;
		const struct vs_member *member = &members->member[number];

		if (member->mm == mm && member->state == VS_MEMBER_READ && number < first)
			first = number;
	}
	return first;
}
