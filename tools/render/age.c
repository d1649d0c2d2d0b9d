// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How lately memory was used, for people and as JSON. It must not collect
 * anything.
 */
#include <stddef.h>

#include "../analyze/age.h"
#include "answers.h"
#include "strip.h"

/* With the strips the screen has 24 lines. */
#define ROWS	8

#define FIGURE(member)	offsetof(struct vs_age_row, member)

static const struct vs_answer_column columns[] = {
	{ "resident", "RES", "in memory", FIGURE(resident), VS_UNIT_BYTES },
	{ "young", "YOUNG", "accessed bit set", FIGURE(young), VS_UNIT_BYTES },
	{ "idle", "IDLE", "accessed bit not set", FIGURE(idle), VS_UNIT_BYTES },
	{ "dirty", "DIRTY", "written to", FIGURE(dirty), VS_UNIT_BYTES },
	{ "active", "ACTIV", "on an active list", FIGURE(active), VS_UNIT_BYTES },
	{ "inactive", "INACT", "on an inactive list", FIGURE(inactive), VS_UNIT_BYTES },
	{ "unevictable", NULL, "not to be reclaimed", FIGURE(unevictable), VS_UNIT_BYTES },
	{ "no_lru", NULL, "on no list", FIGURE(no_lru), VS_UNIT_BYTES },
	{ "referenced", NULL, "folio: referenced", FIGURE(referenced), VS_UNIT_BYTES },
	{ "generation_1", NULL, "in the youngest generation", FIGURE(generation[0]), VS_UNIT_BYTES },
	{ "generation_2", NULL, "the one before", FIGURE(generation[1]), VS_UNIT_BYTES },
	{ "generation_3", NULL, "the one before that", FIGURE(generation[2]), VS_UNIT_BYTES },
	{ "generation_4", NULL, "the fourth", FIGURE(generation[3]), VS_UNIT_BYTES },
	{ 0 },
};

/* What people see where folios are in generations. */
static const struct vs_answer_column by_generation[] = {
	{ "resident", "RES", "in memory", FIGURE(resident), VS_UNIT_BYTES },
	{ "young", "YOUNG", "accessed bit set", FIGURE(young), VS_UNIT_BYTES },
	{ "idle", "IDLE", "accessed bit not set", FIGURE(idle), VS_UNIT_BYTES },
	{ "dirty", "DIRTY", "written to", FIGURE(dirty), VS_UNIT_BYTES },
	{ "generation_1", "GEN1", "in the youngest generation", FIGURE(generation[0]), VS_UNIT_BYTES },
	{ "generation_2", "GEN2", "the one before", FIGURE(generation[1]), VS_UNIT_BYTES },
	{ "generation_3", "GEN3", "the one before that", FIGURE(generation[2]), VS_UNIT_BYTES },
	{ "generation_4", "GEN4", "the fourth", FIGURE(generation[3]), VS_UNIT_BYTES },
	{ 0 },
};

void vs_age_screen(const struct vs_style *style, const struct vs_report *report,
		   const void *state)
{
	const struct vs_age *age = state;
	uint32_t index[VS_ANSWER_ROWS];
	size_t nr = vs_age_top(age, index, ROWS);
	char young[32], resident[32];
	struct vs_flow flow;

	(void)report;
	vs_flow_begin(&flow, style, "age", 6);
	vs_flow_item(&flow, "", "%s of %s resident",
		     vs_amount(style, age->total.young, young, sizeof(young)),
		     vs_amount(style, age->total.resident, resident, sizeof(resident)));
	vs_flow_words(&flow, "was used since its accessed bits were cleared last");
	vs_flow_end(&flow);
	vs_answer_rows(style, &age->rows, vs_age_has_generations(age) ? by_generation : columns,
		       index, nr, &age->total);
	vs_strip_screen(style, &age->strip, "young");
}

json_t *vs_age_json(const struct vs_report *report, const void *state)
{
	const struct vs_age *age = state;
	json_t *json = json_object();

	(void)report;
	json_object_set_new(json, "total", vs_answer_figures(columns, &age->total));
	json_object_set_new(json, "runs", vs_strip_json(&age->strip, "young"));
	json_object_set_new(json, "mappings", vs_answer_mappings(&age->rows, columns));
	return json;
}
