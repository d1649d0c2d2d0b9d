/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the answers to questions have in common: a table of mappings for
 * people, the same figures of all of them in JSON. It must not know options or
 * exit codes, nor collect anything.
 */
#ifndef VMSCOPE_ANSWERS_H
#define VMSCOPE_ANSWERS_H

#include "../analyze/rows.h"
#include "report.h"

/* Mappings that an answer shows to people, the largest; all are in the JSON. */
#define VS_ANSWER_ROWS	10

enum vs_unit {
	VS_UNIT_BYTES,
	VS_UNIT_NUMBER,
	VS_UNIT_WORD,			/* column.word says it */
};

/* One figure of a row, a uint64_t at an offset. The array ends with no key. */
struct vs_answer_column {
	const char *key;		/* in JSON */
	const char *name;		/* of the column; NULL: in JSON only */
	const char *help;
	size_t offset;
	enum vs_unit unit;
	const char *(*word)(uint64_t value, bool json);
	bool narrow;			/* before others where there is little room */
};

/*
 * The rows of these mappings; on narrow screens columns are left out from the
 * right, those that are not for narrow ones first. What is left of the total, by
 * the first column, is said below.
 */
void vs_answer_rows(const struct vs_style *style, const struct vs_rows *rows,
		    const struct vs_answer_column *column, const uint32_t *index, size_t nr,
		    const void *total);

/* The figures of one record, or of the total, as an object. */
json_t *vs_answer_figures(const struct vs_answer_column *column, const void *row);

/* Start, end and name of a mapping, by which its figures begin. */
json_t *vs_answer_mapping(const struct vs_model *model, const struct vs_vma *vma);

/* A mapping with its figures; NULL when all of them are zero. */
json_t *vs_answer_row(const struct vs_rows *rows, size_t index,
		      const struct vs_answer_column *column);

/* All mappings that have a record. */
json_t *vs_answer_mappings(const struct vs_rows *rows, const struct vs_answer_column *column);

/* ------------------------------------------------------------ the answers */

void vs_age_screen(const struct vs_style *style, const struct vs_report *report,
		   const void *state);
json_t *vs_age_json(const struct vs_report *report, const void *state);
void vs_stuck_screen(const struct vs_style *style, const struct vs_report *report,
		     const void *state);
json_t *vs_stuck_json(const struct vs_report *report, const void *state);

void vs_tables_screen(const struct vs_style *style, const struct vs_report *report,
		      const void *state);
json_t *vs_tables_json(const struct vs_report *report, const void *state);

void vs_swap_screen(const struct vs_style *style, const struct vs_report *report,
		    const void *state);
json_t *vs_swap_json(const struct vs_report *report, const void *state);

void vs_numa_screen(const struct vs_style *style, const struct vs_report *report,
		    const void *state);
json_t *vs_numa_json(const struct vs_report *report, const void *state);

void vs_thp_screen(const struct vs_style *style, const struct vs_report *report,
		   const void *state);
json_t *vs_thp_json(const struct vs_report *report, const void *state);

#endif
