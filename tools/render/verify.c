// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Telling the outcome of a comparison. It must not compare anything.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../analyze/select.h"
#include "table.h"
#include "verify.h"

/* Rows that people get to see; JSON has all. */
#define ROWS		20
#define ROWS_EXPLAINED	5

static const char * const reason_key[] = {
	[VS_UNEXPLAINED] = "unexplained",
	[VS_CHANGED] = "changed",
	[VS_KNOWN] = "known_fault",
};

static size_t count(const struct vs_verdict_report *verdict, enum vs_reason reason)
{
	return vs_count_reason(verdict->mappings, reason) + vs_count_reason(verdict->pages, reason);
}

static void row(struct vs_table *table, const struct vs_model *model,
		const struct vs_difference *difference)
{
	const struct vs_vma *vma = vs_model_find(model, difference->start);
	bool bits = !strcmp(difference->field, "VmFlags") || !strcmp(difference->field, "name") ||
		!strcmp(difference->field, "frame") || !strcmp(difference->field, "slot") ||
		!strcmp(difference->field, "offset");
	const char *format = bits ? "0x%" PRIx64 : "%" PRIu64;
	char start[24], module[24], proc[24], name[4200] = "";
	const char *cell[] = { start, difference->field, module, proc, name };

	snprintf(start, sizeof(start), "%012" PRIx64, difference->start);
	snprintf(module, sizeof(module), format, difference->module);
	snprintf(proc, sizeof(proc), format, difference->proc);
	if (vma)
		vs_field_text(model, vma, VS_FIELD_NAME, name, sizeof(name));
	vs_table_row(table, cell);
}

static size_t rows_of(struct vs_table *table, const struct vs_model *model,
		      const struct vs_comparison *comparison, enum vs_reason reason, size_t most)
{
	size_t shown = 0;

	for (size_t i = 0; i < comparison->nr && shown < most; i++) {
		if (comparison->difference[i].reason != reason)
			continue;
		row(table, model, &comparison->difference[i]);
		shown++;
	}
	return shown;
}

static void differences(const struct vs_style *style, const struct vs_verdict_report *verdict,
			enum vs_reason reason, const char *title)
{
	static const struct vs_column column[] = {
		{ .name = "START", .width = 12 }, { .name = "FIELD", .width = 14 },
		{ .name = "MODULE", .width = 10, .right = true },
		{ .name = "PROCFS", .width = 10, .right = true },
		{ .name = "MAPPING", .fills = true },
	};
	const struct vs_model *model = verdict->report->model;
	size_t most = reason == VS_UNEXPLAINED ? ROWS : ROWS_EXPLAINED;
	size_t all = count(verdict, reason), shown;
	struct vs_table *table;

	if (!all)
		return;
	fprintf(style->out, "\n%s\n", title);
	table = vs_table_new(style, column, 5);
	if (!table)
		return;
	shown = rows_of(table, model, verdict->mappings, reason, most);
	shown += rows_of(table, model, verdict->pages, reason, most - shown);
	vs_table_end(table);
	if (all > shown)
		fprintf(style->out, "... and %zu more (--json lists them)\n", all - shown);
}

/* One reason of each kind, said once. */
static void reasons(const struct vs_style *style, const struct vs_comparison *comparison)
{
	const char *said[8];
	int nr = 0;

	for (size_t i = 0; i < comparison->nr && nr < 8; i++) {
		const char *why = comparison->difference[i].why;
		struct vs_flow flow;
		int n;

		if (comparison->difference[i].reason == VS_UNEXPLAINED)
			continue;
		for (n = 0; n < nr && strcmp(said[n], why); n++)
			;
		if (n < nr)
			continue;
		said[nr++] = why;
		vs_flow_begin(&flow, style, "why", 6);
		vs_flow_words(&flow, why);
		vs_flow_end(&flow);
	}
}

static void sums(const struct vs_style *style, const struct vs_verdict_report *verdict)
{
	const struct vs_comparison *mappings = verdict->mappings, *pages = verdict->pages;
	char number[4][32];
	struct vs_flow flow;

	vs_flow_begin(&flow, style, "both", 6);
	vs_flow_item(&flow, "", "%s mappings,",
		     vs_count(mappings->mappings, number[0], sizeof(number[0])));
	vs_flow_item(&flow, " ", "%s values of smaps;",
		     vs_count(mappings->fields, number[1], sizeof(number[1])));
	if (verdict->pages_missing) {
		vs_flow_words(&flow, "pages not compared:");
		vs_flow_words(&flow, verdict->pages_missing);
	} else {
		vs_flow_item(&flow, " ", "%s pages,",
			     vs_count(pages->pages, number[2], sizeof(number[2])));
		vs_flow_item(&flow, " ", "%s values of pagemap,",
			     vs_count(pages->page_fields, number[3], sizeof(number[3])));
		vs_flow_words(&flow, "kpagecount, kpageflags");
	}
	vs_flow_end(&flow);
}

void vs_verify_screen(const struct vs_style *style, const struct vs_verdict_report *verdict)
{
	size_t unexplained = count(verdict, VS_UNEXPLAINED);
	size_t changed = count(verdict, VS_CHANGED), known = count(verdict, VS_KNOWN);
	const char * const *left_out = vs_not_compared(&verdict->report->model->kernel);
	struct vs_flow flow;
	char outcome[120];

	vs_report_title(style, verdict->report);
	vs_report_cost(style, verdict->report, NULL);
	sums(style, verdict);
	for (int i = 0; left_out[i]; i++) {
		vs_flow_begin(&flow, style, i ? "" : "not", 6);
		vs_flow_words(&flow, left_out[i]);
		vs_flow_end(&flow);
	}
	differences(style, verdict, VS_UNEXPLAINED, "Differences without an explanation:");
	differences(style, verdict, VS_KNOWN, "Differences by known faults of procfs:");
	differences(style, verdict, VS_CHANGED, "Differences because the target changed:");
	fputc('\n', style->out);
	reasons(style, verdict->mappings);
	reasons(style, verdict->pages);
	if (unexplained)
		snprintf(outcome, sizeof(outcome),
			 "DIFFERENT: %zu values differ without an explanation", unexplained);
	else if (changed || known)
		snprintf(outcome, sizeof(outcome),
			 "same: but for %zu that changed and %zu by known faults of procfs",
			 changed, known);
	else
		snprintf(outcome, sizeof(outcome),
			 "same: module and procfs agree in every value");
	vs_flow_begin(&flow, style, "", 0);
	vs_bold(style, true);
	vs_flow_words(&flow, outcome);
	vs_bold(style, false);
	vs_flow_end(&flow);
}

static void list_json(struct vs_json *json, const struct vs_comparison *comparison,
		      const char *what)
{
	for (size_t i = 0; i < comparison->nr; i++) {
		const struct vs_difference *difference = &comparison->difference[i];

		vs_json_element(json, json_pack("{s:s, s:o, s:o, s:s, s:I, s:I, s:s, s:s}",
			"of", what, "start", vs_json_hex(difference->start),
			"end", vs_json_hex(difference->end), "field", difference->field,
			"module", (json_int_t)difference->module,
			"procfs", (json_int_t)difference->proc,
			"verdict", reason_key[difference->reason], "reason", difference->why));
	}
}

int vs_verify_json(FILE *out, const struct vs_verdict_report *verdict)
{
	const char * const *left_out = vs_not_compared(&verdict->report->model->kernel);
	json_t *not_compared = json_array();
	struct vs_json json;

	for (int i = 0; left_out[i]; i++)
		json_array_append_new(not_compared, json_string(left_out[i]));
	vs_json_begin(&json, out);
	vs_report_head(&json, verdict->report);
	vs_report_cost_json(&json, verdict->report, NULL);
	vs_json_member(&json, "same", json_boolean(!count(verdict, VS_UNEXPLAINED)));
	vs_json_member(&json, "compared", json_pack("{s:I, s:I, s:I, s:I, s:o}",
		"mappings", (json_int_t)verdict->mappings->mappings,
		"values", (json_int_t)verdict->mappings->fields,
		"pages", (json_int_t)verdict->pages->pages,
		"page_values", (json_int_t)verdict->pages->page_fields,
		"pages_reason", vs_json_text(verdict->pages_missing)));
	vs_json_member(&json, "not_compared", not_compared);
	vs_json_member(&json, "counts", json_pack("{s:I, s:I, s:I}",
		"unexplained", (json_int_t)count(verdict, VS_UNEXPLAINED),
		"changed", (json_int_t)count(verdict, VS_CHANGED),
		"known_fault", (json_int_t)count(verdict, VS_KNOWN)));
	vs_json_array(&json, "differences");
	list_json(&json, verdict->mappings, "mapping");
	list_json(&json, verdict->pages, "page");
	vs_json_array_end(&json);
	return vs_json_end(&json);
}
