/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's memory, for people and as JSON. It must not collect anything.
 */
#ifndef VMSCOPE_RENDER_HOST_H
#define VMSCOPE_RENDER_HOST_H

#include "../analyze/host.h"
#include "../analyze/members.h"
#include "report.h"

void vs_host_screen(const struct vs_style *style, const struct vs_report *report,
		    const struct vs_members *members, const struct vs_host *host);
int vs_host_json(FILE *out, const struct vs_report *report, const struct vs_members *members,
		 const struct vs_host *host);

#endif
