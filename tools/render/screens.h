/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each verb shows, for people and as JSON. It must not know options or
 * exit codes, nor collect anything.
 */
#ifndef VMSCOPE_SCREENS_H
#define VMSCOPE_SCREENS_H

#include "../analyze/faults.h"
#include "../analyze/select.h"
#include "report.h"

/* Page faults of a short time before the look. */
struct vs_show_faults {
	const struct vs_fault_answer *answer;	/* NULL: none could be watched */
	const char *missing;			/* why */
};

/* Fits 24 lines at 80 columns. @faults: NULL: nobody asked for them. */
void vs_show_screen(const struct vs_style *style, const struct vs_report *report,
		    const struct vs_show_faults *faults);
int vs_show_json(FILE *out, const struct vs_report *report,
		 const struct vs_show_faults *faults);

/* Fields to show, in order. */
struct vs_fields {
	int nr;
	int field[VS_FIELD_NR];
};

int vs_maps_screen(const struct vs_style *style, const struct vs_report *report,
		   const struct vs_fields *fields, const uint32_t *index, size_t nr);
int vs_maps_json(FILE *out, const struct vs_report *report, const struct vs_fields *fields,
		 const uint32_t *index, size_t nr);

/* One mapping as an object; the fields may be NULL: all. */
json_t *vs_mapping_json(const struct vs_model *model, const struct vs_vma *vma,
			const struct vs_fields *fields);

/* The translations in the model. */
void vs_walk_screen(const struct vs_style *style, const struct vs_report *report);
int vs_walk_json(FILE *out, const struct vs_report *report);

#endif
