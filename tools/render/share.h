/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who maps the same memory, for people and as JSON. It must not collect
 * anything, nor know options or exit codes.
 */
#ifndef VMSCOPE_RENDER_SHARE_H
#define VMSCOPE_RENDER_SHARE_H

#include "../analyze/matrix.h"
#include "../analyze/share.h"
#include "report.h"

/* One process; of a range: where the others have it. */
void vs_share_screen(const struct vs_style *style, const struct vs_report *report,
		     const struct vs_share *share);
void vs_share_json(const struct vs_report *report, const struct vs_share *share);

/* A group. */
void vs_matrix_screen(const struct vs_style *style, const struct vs_report *report,
		      const struct vs_matrix *matrix);
void vs_matrix_json(const struct vs_report *report, const struct vs_matrix *matrix);

#endif
