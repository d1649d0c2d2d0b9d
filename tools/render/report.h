/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every report begins with: who was looked at, through which source, and
 * what the look cost. It must not know the verbs, nor how data is collected.
 */
#ifndef VMSCOPE_REPORT_H
#define VMSCOPE_REPORT_H

#include "../analyze/figures.h"
#include "json.h"
#include "text.h"

#define VS_SCHEMA	"vmscope.report/1"
#define VS_VERSION	"0.1"

struct vs_report {
	const char *verb;
	const struct vs_model *model;
	const char *requested;		/* "auto", "module", "proc", "file" */
	const char *fallback;		/* why it is not the module, or NULL */
	const char *file;		/* recorded file, or NULL */
};

/* Title and cost, for people; returns the number of lines. */
int vs_report_title(const struct vs_style *style, const struct vs_report *report);
int vs_report_cost(const struct vs_style *style, const struct vs_report *report,
		   const struct vs_totals *totals);

/* When, of one that is from a file. */
const char *vs_recorded_when(const struct vs_model *model, char *text, size_t size);

/* Both, of a look that read the sums of all mappings. */
void vs_report_begin(const struct vs_style *style, const struct vs_report *report);

/* Schema, tool, source, kernel: what every JSON report begins with. */
void vs_report_around(struct vs_json *json, const struct vs_report *report);
/* And the target, where there is one. */
void vs_report_head(struct vs_json *json, const struct vs_report *report);

/* What the look cost; the totals may be NULL. */
void vs_report_cost_json(struct vs_json *json, const struct vs_report *report,
			 const struct vs_totals *totals);

/* Begins the report: head and cost of a look that read the sums of all mappings. */
void vs_report_begin_json(struct vs_json *json, FILE *out, const struct vs_report *report);

/* Unit, source and, where a figure is missing, the reason, for each figure. */
void vs_report_figures(struct vs_json *json, const struct vs_report *report);

/* Where page tables' bytes come from: "module" or "status"; NULL when unknown. */
const char *vs_tables_source(const struct vs_model *model);

/*
 * A figure of the process. Without the list of mappings some are known from
 * counters that the kernel keeps itself.
 */
uint64_t vs_total_or_counter(const struct vs_model *model, const struct vs_totals *totals,
			     enum vs_figure figure);

/* Its source, or NULL and the reason why there is none. */
void vs_figure_origin(const struct vs_model *model, enum vs_figure figure, const char **source,
		      const char **reason);

/* What the figure means, from the source that it has. */
const char *vs_figure_meaning(const struct vs_model *model, enum vs_figure figure);

/* Why frame numbers and raw entries are not shown; NULL when they are. */
const char *vs_physical_missing(const struct vs_model *model);
void vs_report_physical(struct vs_json *json, const struct vs_report *report);

json_t *vs_marks_json(unsigned int marks);

/* "mmap_lock", "VMA lock", "interrupts off" */
const char *vs_lock_name(enum vs_lock lock);

#endif
