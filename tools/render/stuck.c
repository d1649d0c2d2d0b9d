// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages that cannot be moved, split or reclaimed, for people and as JSON. It
 * must not collect anything.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "../analyze/select.h"
#include "../analyze/stuck.h"
#include "answers.h"
#include "table.h"

#define RUNS		8

#define REASON(which, key)						\
	{ key, NULL, NULL, offsetof(struct vs_stuck_row, reason[VS_STUCK_##which]), VS_UNIT_BYTES }

static const struct vs_answer_column columns[] = {
	{ "stuck", "STUCK", "for any reason", offsetof(struct vs_stuck_row, stuck), VS_UNIT_BYTES },
	REASON(PINNED, "pinned"),
	REASON(REFERENCED, "referenced"),
	REASON(OFF_LIST, "off_list"),
	REASON(MLOCKED, "mlocked"),
	REASON(UNEVICTABLE, "unevictable"),
	REASON(DEFERRED, "deferred"),
	REASON(WRITEBACK, "writeback"),
	REASON(LOCKED, "locked"),
	REASON(MIGRATING, "migrating"),
	REASON(HWPOISON, "hwpoison"),
	REASON(DEVICE, "device"),
	{ 0 },
};

static void reasons_screen(const struct vs_style *style, const struct vs_stuck *stuck)
{
	static const struct vs_column head[] = {
		{ .name = "REASON", .width = 11 },
		{ .name = "SIZE", .width = 5, .right = true },
		{ .name = "RUNS", .width = 4, .right = true, .from = 50 },
		{ .name = "BLOCKS", .fills = true, .wraps = true },
	};
	struct vs_table *table = vs_table_new(style, head, 4);

	for (int i = 0; table && i < VS_STUCK_NR; i++) {
		char size[32], runs[32];
		const char *cell[] = { vs_stuck_words[i].name, size, runs,
				       vs_stuck_words[i].blocks };

		if (!stuck->total.reason[i])
			continue;
		snprintf(size, sizeof(size), "%s",
			 vs_amount(style, stuck->total.reason[i], runs, sizeof(runs)));
		snprintf(runs, sizeof(runs), "%" PRIu64, stuck->reason_runs[i]);
		if (vs_table_row(table, cell))
			break;
	}
	vs_table_end(table);
}

static const char *reason_names(uint32_t reasons, char *text, size_t size)
{
	size_t at = 0;

	*text = 0;
	for (int i = 0; i < VS_STUCK_NR && at < size; i++)
		if (reasons & 1u << i)
			at += snprintf(text + at, size - at, "%s%s", at ? "," : "",
				       vs_stuck_words[i].name);
	return text;
}

static void runs_screen(const struct vs_style *style, const struct vs_stuck *stuck)
{
	static const struct vs_column head[] = {
		{ .name = "START", .width = 12 },
		{ .name = "SIZE", .width = 5, .right = true },
		{ .name = "REASONS", .width = 10 },
		{ .name = "NAME", .fills = true },
	};
	struct vs_table *table = vs_table_new(style, head, 4);
	uint32_t index[RUNS];
	size_t nr = vs_stuck_longest(stuck, index, RUNS);

	for (size_t i = 0; table && i < nr; i++) {
		const struct vs_stuck_run *run = &stuck->run[index[i]];
		char start[32], size[32], reasons[160];
		static char name[4200];
		const char *cell[] = { start, size, reasons, name };

		snprintf(start, sizeof(start), "%012" PRIx64, run->start);
		snprintf(size, sizeof(size), "%s",
			 vs_amount(style, run->bytes, reasons, sizeof(reasons)));
		reason_names(run->reasons, reasons, sizeof(reasons));
		vs_field_text(stuck->model, &stuck->model->vma[run->vma], VS_FIELD_NAME, name,
			      sizeof(name));
		if (vs_table_row(table, cell))
			break;
	}
	vs_table_end(table);
	if (stuck->runs > nr && !style->raw)
		fprintf(style->out, "%" PRIu64 " more runs: --json has %s\n", stuck->runs - nr,
			stuck->runs == stuck->nr ? "all of them" : "many of them");
}

static void untold(const struct vs_style *style, const struct vs_stuck *stuck)
{
	struct vs_flow flow;
	bool any = false;

	for (int i = 0; i < VS_STUCK_NR; i++) {
		if (vs_stuck_told(stuck, i))
			continue;
		if (!any)
			vs_flow_begin(&flow, style, "", 6);
		vs_flow_item(&flow, any ? ", " : "", "%s%s", any ? "" : "not told by this source: ",
			     vs_stuck_words[i].name);
		any = true;
	}
	if (any)
		vs_flow_end(&flow);
}

void vs_stuck_screen(const struct vs_style *style, const struct vs_report *report,
		     const void *state)
{
	const struct vs_stuck *stuck = state;
	char one[32], other[32];
	struct vs_flow flow;

	(void)report;
	vs_flow_begin(&flow, style, "stuck", 6);
	vs_flow_item(&flow, "", "%s of %s resident", vs_amount(style, stuck->total.stuck, one,
							       sizeof(one)),
		     vs_amount(style, stuck->resident, other, sizeof(other)));
	if (stuck->elsewhere)
		vs_flow_item(&flow, " ", "and %s that is migrating, lost or a device's",
			     vs_amount(style, stuck->elsewhere, one, sizeof(one)));
	vs_flow_words(&flow, stuck->total.stuck ?
		      "cannot be moved, split, reclaimed or used as other memory can" :
		      "is stuck: all of it can be moved, split and reclaimed as the kernel likes");
	vs_flow_end(&flow);
	untold(style, stuck);
	if (!stuck->total.stuck)
		return;
	reasons_screen(style, stuck);
	fputc('\n', style->out);
	runs_screen(style, stuck);
}

static json_t *blocks_json(const char *blocks)
{
	json_t *list = json_array();

	while (*blocks) {
		size_t length = strcspn(blocks, ",");

		json_array_append_new(list, json_stringn(blocks, length));
		blocks += length;
		blocks += strspn(blocks, ", ");
	}
	return list;
}

/* The key of a reason: its name as the columns have it. */
static const char *key_of(int reason)
{
	return columns[reason + 1].key;
}

static json_t *reasons_json(const struct vs_stuck *stuck)
{
	json_t *json = json_object();

	for (int i = 0; i < VS_STUCK_NR; i++) {
		bool told = vs_stuck_told(stuck, i);
		json_t *reason = json_object();

		json_object_set_new(reason, "bytes", told ?
				    vs_json_bytes(stuck->total.reason[i]) : json_null());
		json_object_set_new(reason, "runs", told ?
				    vs_json_bytes(stuck->reason_runs[i]) : json_null());
		json_object_set_new(reason, "blocks", blocks_json(vs_stuck_words[i].blocks));
		json_object_set_new(reason, "what", json_string(vs_stuck_words[i].help));
		if (!told)
			json_object_set_new(reason, "reason",
					    json_string("the source cannot tell"));
		json_object_set_new(json, key_of(i), reason);
	}
	return json;
}

static json_t *runs_json(const struct vs_stuck *stuck)
{
	json_t *list = json_array();

	for (size_t i = 0; i < stuck->nr; i++) {
		const struct vs_stuck_run *run = &stuck->run[i];
		json_t *json = json_object(), *reasons = json_array();

		for (int n = 0; n < VS_STUCK_NR; n++)
			if (run->reasons & 1u << n)
				json_array_append_new(reasons, json_string(key_of(n)));
		json_object_set_new(json, "start", vs_json_hex(run->start));
		json_object_set_new(json, "bytes", vs_json_bytes(run->bytes));
		json_object_set_new(json, "mapping",
				    vs_json_hex(stuck->model->vma[run->vma].start));
		json_object_set_new(json, "reasons", reasons);
		json_array_append_new(list, json);
	}
	return list;
}

json_t *vs_stuck_json(const struct vs_report *report, const void *state)
{
	const struct vs_stuck *stuck = state;
	json_t *json = json_object();

	(void)report;
	json_object_set_new(json, "resident", vs_json_bytes(stuck->resident));
	json_object_set_new(json, "stuck", vs_json_bytes(stuck->total.stuck));
	json_object_set_new(json, "reasons", reasons_json(stuck));
	json_object_set_new(json, "mappings", vs_answer_mappings(&stuck->rows, columns));
	json_object_set_new(json, "runs", runs_json(stuck));
	json_object_set_new(json, "runs_left_out", vs_json_bytes(stuck->runs - stuck->nr));
	return json;
}
