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
		uint32_t max = members->max ? members->max * 2 : 64;

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
	free(members->member);
	*members = (struct vs_members){ 0 };
}

uint32_t vs_members_find_mm(const struct vs_members *members, uint64_t mm, uint32_t none)
{
	for (uint32_t i = 0; mm != VS_UNKNOWN && i < members->nr; i++)
		if (members->member[i].state == VS_MEMBER_READ && members->member[i].mm == mm)
			return i;
	return none;
}
