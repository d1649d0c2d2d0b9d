/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is said of every watch, whatever is watched: of whom, for how long, how it
 * ended. It must not know what was counted.
 */
#ifndef VMSCOPE_RENDER_WATCHED_H
#define VMSCOPE_RENDER_WATCHED_H

#include "../lib/fault_log.h"
#include "report.h"
#include "text.h"

/* The title up to the source, which vs_flow_end() is to follow; @pid: 0: none is told. */
void vs_watched_title(struct vs_flow *flow, const struct vs_style *style,
		      const struct vs_report *report, const char *name, int pid);

/* The line of cost likewise; @command: its words, ended by NULL, or NULL: none was run. */
void vs_watched_cost(struct vs_flow *flow, const struct vs_style *style, uint64_t watched_ns,
		     uint64_t attach_ns, char **command, int status);

/* null where there was none; more members can be added. */
json_t *vs_watched_command_json(char **command, int status);
json_t *vs_watched_cost_json(uint64_t watched_ns, uint64_t attach_ns,
			     const char * const *missing, size_t nr_missing);
/* @what: the name of those that are counted. */
json_t *vs_watched_latency_json(const struct vs_fault_latency *latency, const char *what);

#endif
