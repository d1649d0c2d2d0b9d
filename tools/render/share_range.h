/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where others have the pages of a range: a part of the report on one process.
 * It must not collect anything, nor know the rest of the report.
 */
#ifndef VMSCOPE_RENDER_SHARE_RANGE_H
#define VMSCOPE_RENDER_SHARE_RANGE_H

#include "../analyze/share.h"
#include "report.h"

/* What is known of the range itself, and where its pages are mapped besides. */
void vs_share_range_screen(const struct vs_style *style, const struct vs_share *share);

json_t *vs_share_range_json(const struct vs_share *share);
/* The member "elsewhere"; without a range there is nothing in it. */
void vs_share_mates_json(struct vs_json *json, const struct vs_share *share);

#endif
