/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What KSM merged, for people and as JSON. It must not collect anything, nor
 * know options or exit codes.
 */
#ifndef VMSCOPE_RENDER_KSM_H
#define VMSCOPE_RENDER_KSM_H

#include "../analyze/ksm.h"
#include "report.h"

void vs_ksm_screen(const struct vs_style *style, const struct vs_report *report,
		   const struct vs_ksm *ksm);
void vs_ksm_json(const struct vs_report *report, const struct vs_ksm *ksm);

#endif
