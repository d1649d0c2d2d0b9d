/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page-table bills of many processes, shown. It must not know options, nor
 * collect anything.
 */
#ifndef VMSCOPE_TABLES_EVERYONE_REPORT_H
#define VMSCOPE_TABLES_EVERYONE_REPORT_H

#include "../analyze/tables_everyone.h"
#include "members.h"

/* The largest, as many as fit 24 lines. */
void vs_tables_everyone_screen(const struct vs_style *style, const struct vs_report *report,
			       const struct vs_tables_everyone *everyone, const char *cgroup,
			       const struct vs_members *members);
/* All of them. 0 or -ENOMEM. */
int vs_tables_everyone_json(FILE *out, const struct vs_report *report,
			    const struct vs_tables_everyone *everyone, const char *cgroup,
			    const struct vs_members *members);

#endif
