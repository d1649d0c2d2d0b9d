/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reports on many processes: who was not looked at, and what they begin with. It
 * must not know what was asked, nor how processes are found.
 */
#ifndef VMSCOPE_EVERYONE_REPORT_H
#define VMSCOPE_EVERYONE_REPORT_H

#include <sys/types.h>

#include "report.h"

enum vs_why {
	VS_WHY_SHARES,			/* its address space is another's, too: counted there */
	VS_WHY_GONE,			/* it ended meanwhile */
	VS_WHY_REFUSED,			/* not permitted */
	VS_WHY_LOCKED,			/* parts of it were not read */
	VS_WHY_FAILED,
	VS_WHY_NR,
};

struct vs_missed_one {
	pid_t pid;
	pid_t with;			/* VS_WHY_SHARES */
	enum vs_why why;
};

struct vs_missed {
	struct vs_missed_one *one;
	size_t nr, max;
};

/* 0, or not 0 without memory. */
int vs_missed_add(struct vs_missed *missed, pid_t pid, enum vs_why why, pid_t with);
size_t vs_missed_count(const struct vs_missed *missed, enum vs_why why);
/* Whether there is anybody of whom something should have been told. */
bool vs_missed_gaps(const struct vs_missed *missed);
void vs_missed_free(struct vs_missed *missed);

/* How many were looked at, where; and cost, for people. */
void vs_everyone_title(const struct vs_style *style, const struct vs_report *report, size_t looked,
		       const char *where);
/* Who was missed, if anybody. */
void vs_everyone_missed(const struct vs_style *style, const struct vs_missed *missed);

/* Schema, tool, source, kernel, cost; the group, and who was missed. */
void vs_everyone_head(struct vs_json *json, const struct vs_report *report, const char *cgroup,
		      const struct vs_missed *missed);

#endif
