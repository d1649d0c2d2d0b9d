/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kills for want of memory, for people and as JSON. It must not collect anything, nor
 * know options or exit codes.
 */
#ifndef VMSCOPE_RENDER_OOM_H
#define VMSCOPE_RENDER_OOM_H

#include "../lib/oom_log.h"
#include "report.h"

/* One kill, on a screen of its own; sorts its mappings. */
void vs_oom_screen(const struct vs_style *style, struct vs_oom_kill *kill);
void vs_oom_json(FILE *out, const struct vs_report *report, const struct vs_oom_log *log);

#endif
