/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The working set between several looks, for people, line by line as it comes,
 * and as JSON. It must not collect anything, nor wait.
 */
#ifndef VMSCOPE_RENDER_WORKING_H
#define VMSCOPE_RENDER_WORKING_H

#include <jansson.h>

#include "../analyze/working.h"
#include "text.h"

struct vs_interval {
	uint64_t ns;			/* from one look, or clearing, to the next look */
	uint64_t clear_ns;		/* that clearing took, 0: nothing was cleared */
	struct vs_working_figures figures;
};

struct vs_watch {
	const struct vs_working *working;	/* of the last look */
	const struct vs_interval *interval;
	size_t nr;
	uint64_t interval_ns;		/* as asked for */
	uint64_t longest_clear_ns;
	bool cleared;
};

/* What clearing does, before anything is cleared. */
void vs_working_effects(const struct vs_style *style);

void vs_working_heading(const struct vs_style *style);
void vs_working_line(const struct vs_style *style, const struct vs_interval *interval,
		     unsigned int number);

/* Behind the lines of the intervals. */
void vs_working_screen(const struct vs_style *style, const struct vs_watch *watch);

json_t *vs_working_json(const struct vs_watch *watch);

#endif
