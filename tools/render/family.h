/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A family after fork, for people and as JSON. It must not collect anything,
 * nor know options or exit codes.
 */
#ifndef VMSCOPE_RENDER_FAMILY_H
#define VMSCOPE_RENDER_FAMILY_H

#include "../analyze/family.h"
#include "report.h"

void vs_family_screen(const struct vs_style *style, const struct vs_report *report,
		      const struct vs_family *family);
void vs_family_json(const struct vs_report *report, const struct vs_family *family);

#endif
