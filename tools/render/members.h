/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What became of a look at many processes, for people and as JSON. It must not
 * know what they were asked.
 */
#ifndef VMSCOPE_RENDER_MEMBERS_H
#define VMSCOPE_RENDER_MEMBERS_H

#include "../analyze/members.h"
#include "report.h"

/*
 * The head of a report: title, cost, how many were looked at and why others
 * were not. @asked: they were looked at for the sake of the first, which the
 * report is about; otherwise it is about all of them.
 */
void vs_members_begin(const struct vs_style *style, const struct vs_report *report,
		      const struct vs_members *members, bool asked);

/* Likewise; and the bytes that the index of their frames took. */
void vs_members_begin_json(struct vs_json *json, const struct vs_report *report,
			   const struct vs_members *members, bool asked, uint64_t index);

/* Counts, and those that were not read, each with the reason. */
json_t *vs_members_json(const struct vs_members *members);

/* "812 redis-server", cleaned. */
const char *vs_member_name(const struct vs_member *member, char *text, size_t size);

#endif
