/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processes of a look at many: who they are, and what became of the look
 * at each. It must not know how they are read.
 */
#ifndef VMSCOPE_MEMBERS_H
#define VMSCOPE_MEMBERS_H

#include <sys/types.h>

#include "../lib/model.h"

enum vs_member_state {
	VS_MEMBER_READ,
	VS_MEMBER_SAME,			/* the address space of one that was read before */
	VS_MEMBER_GONE,			/* exited before or while it was read */
	VS_MEMBER_DENIED,		/* not ours to look at */
	VS_MEMBER_FAILED,		/* could not be read for another reason */
	VS_MEMBER_LATE,			/* appeared when all were found: not read */
	VS_MEMBER_NR,
};

struct vs_member {
	pid_t pid;
	pid_t parent;			/* 0 when not known */
	char comm[64];
	enum vs_member_state state;
	uint32_t same_as;		/* VS_MEMBER_SAME: number of the other */
	bool self;			/* this command: read so that its mappings are known */
	bool partial;			/* some of it stayed locked and was not read */
	uint64_t mm;
	uint64_t pss;			/* bytes, or VS_UNKNOWN */
	uint64_t swap;
	uint64_t tables;
	char *why;			/* VS_MEMBER_DENIED, VS_MEMBER_FAILED; may be NULL */
};

struct vs_members {
	struct vs_member *member;
	uint32_t nr, max;
	uint32_t *by_mm;		/* numbers + 1, where their mm leads to */
	uint32_t nr_by_mm, max_by_mm;
	uint32_t now;			/* the one that is read just now */
	uint32_t count[VS_MEMBER_NR];
	uint32_t partial;
	struct vs_cost cost;		/* of all of them together */
	bool have_cost;
	const char *where;		/* "this host", a control group, NULL: those that were named */
};

/* A new one at the end, NULL without memory. */
struct vs_member *vs_members_add(struct vs_members *members, pid_t pid);
void vs_members_free(struct vs_members *members);

/* Its address space is known from now on; false without memory. */
bool vs_members_set_mm(struct vs_members *members, uint32_t number, uint64_t mm);

/* The first that was read and has this address space, or @none. */
uint32_t vs_members_find_mm(const struct vs_members *members, uint64_t mm, uint32_t none);

#endif
