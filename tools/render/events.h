/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory events, for people and as JSON. It must not collect anything, nor know
 * options or exit codes.
 */
#ifndef VMSCOPE_RENDER_EVENTS_H
#define VMSCOPE_RENDER_EVENTS_H

#include "../analyze/events.h"
#include "report.h"

/*
 * @command: its words, ended by NULL; or NULL, and the target is the model's process,
 * or everyone.
 */
void vs_events_screen(const struct vs_style *style, const struct vs_report *report,
		      const struct vs_event_answer *answer, char **command);
void vs_events_json(FILE *out, const struct vs_report *report,
		    const struct vs_event_answer *answer, char **command);

/* What both say of a mapping: "[heap]", the last part of a path. */
const char *vs_event_vma_name(const struct vs_event_vma *vma);
/* Why pressure is not known; NULL: it is. */
const char *vs_pressure_missing(const struct vs_pressure *pressure);
/* What it is chosen by, in thousandths of the memory that counts. */
unsigned int vs_event_score(const struct vs_event_kill *kill);
json_t *vs_event_kill_json(const struct vs_event_kill *kill);

#endif
