/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drawing used and idle memory as strips, one line for each group of mappings.
 * It must not know what used means.
 */
#ifndef VMSCOPE_RENDER_STRIP_H
#define VMSCOPE_RENDER_STRIP_H

#include <jansson.h>

#include "../analyze/strip.h"
#include "text.h"

/* A line of explanation, then the strips; used: a word such as "young". */
void vs_strip_screen(const struct vs_style *style, const struct vs_strip *strip,
		     const char *used);
/* How many lines it has. */
int vs_strip_height(const struct vs_style *style, const struct vs_strip *strip);

/* All runs, by group in address order. */
json_t *vs_strip_json(const struct vs_strip *strip, const char *used);

#endif
