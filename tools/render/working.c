// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The working set between several looks, for people and as JSON. It must not
 * collect anything, nor wait.
 */
#include <stddef.h>

#include "../lib/clear.h"
#include "answers.h"
#include "strip.h"
#include "working.h"

#define ROWS		5
#define FIGURE(member)	offsetof(struct vs_working_figures, member)

static const struct vs_answer_column columns[] = {
	{ "used", "USED", "known to have been used", FIGURE(used), VS_UNIT_BYTES },
	{ "maybe", "MAYBE", "accessed before: not known", FIGURE(maybe), VS_UNIT_BYTES },
	{ "resident", "RES", "in memory", FIGURE(resident), VS_UNIT_BYTES },
	{ "never", "NEVER", "idle in all looks", FIGURE(never), VS_UNIT_BYTES },
	{ "new", "NEW", "had no frame before", FIGURE(fresh), VS_UNIT_BYTES },
	{ "back", "BACK", "was in swap before", FIGURE(back), VS_UNIT_BYTES },
	{ "touched", "TOUCH", "accessed since", FIGURE(touched), VS_UNIT_BYTES },
	{ "written", "WRITE", "written to since", FIGURE(written), VS_UNIT_BYTES },
	{ "promoted", "PROMO", "in a younger generation", FIGURE(promoted), VS_UNIT_BYTES },
	{ 0 },
};

/* Of the process, there is one more. */
static const struct vs_answer_column more[] = {
	{ "gone", "GONE", "has no frame any more", FIGURE(gone), VS_UNIT_BYTES },
	{ 0 },
};

static uint64_t value(const struct vs_answer_column *column,
		      const struct vs_working_figures *figures)
{
	return *(const uint64_t *)((const char *)figures + column->offset);
}

static int shown(const struct vs_style *style)
{
	int columns_in = style->bytes || !style->terminal ? 9 : (style->width - 10) / 7;

	return columns_in > 9 ? 9 : columns_in;
}

void vs_working_heading(const struct vs_style *style)
{
	int width = style->bytes ? 16 : 6;

	fprintf(style->out, "%-8s", "INTERVAL");
	for (int i = 0; i < shown(style); i++)
		fprintf(style->out, " %*s", width, columns[i].name);
	fputc('\n', style->out);
	fflush(style->out);
}

void vs_working_line(const struct vs_style *style, const struct vs_interval *interval,
		     unsigned int number)
{
	int width = style->bytes ? 16 : 6;
	char text[32];

	fprintf(style->out, "%-8u", number);
	for (int i = 0; i < shown(style); i++)
		fprintf(style->out, " %*s", width,
			vs_amount(style, value(&columns[i], &interval->figures), text,
				  sizeof(text)));
	fputc('\n', style->out);
	fflush(style->out);
}

void vs_working_effects(const struct vs_style *style)
{
	struct vs_flow flow;

	vs_flow_begin(&flow, style, "clear", 6);
	vs_flow_words(&flow, "before each interval 1 is written to /proc/PID/clear_refs:");
	vs_flow_end(&flow);
	for (const char * const *effect = vs_clear_effects; *effect; effect++) {
		vs_flow_begin(&flow, style, "    -", 6);
		vs_flow_words(&flow, *effect);
		vs_flow_end(&flow);
	}
	fflush(style->out);
}

static uint64_t mean(const struct vs_interval *interval, size_t nr, size_t offset)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < nr; i++)
		sum += *(const uint64_t *)((const char *)&interval[i].figures + offset);
	return nr ? sum / nr : 0;
}

static void summary(const struct vs_style *style, const struct vs_watch *watch)
{
	uint64_t least = mean(watch->interval, watch->nr, FIGURE(used));
	uint64_t most = least + mean(watch->interval, watch->nr, FIGURE(maybe));
	char one[32], other[32];
	struct vs_flow flow;

	vs_flow_begin(&flow, style, "set", 6);
	if (watch->cleared) {
		vs_flow_item(&flow, "", "%s", vs_amount(style, least, one, sizeof(one)));
		vs_flow_words(&flow, "used in an interval, on average (what stayed in a TLB is not in it)");
	} else {
		vs_flow_item(&flow, "", "%s to %s",
			     vs_amount(style, least, one, sizeof(one)),
			     vs_amount(style, most, other, sizeof(other)));
		vs_flow_words(&flow, "used in an interval, on average: of pages accessed before a look, nothing is known after it, but with --clear");
	}
	vs_flow_end(&flow);
}

void vs_working_screen(const struct vs_style *style, const struct vs_watch *watch)
{
	const struct vs_working *working = watch->working;
	uint32_t index[ROWS];
	size_t nr = vs_working_top(working, index, ROWS);

	summary(style, watch);
	fprintf(style->out, "\nthe last interval, by mapping\n");
	vs_answer_rows(style, &working->rows, columns, index, nr, &working->figures);
	vs_strip_screen(style, &working->strip,
			watch->cleared ? "used in any interval" : "used, or maybe");
}

static json_t *clearing_json(const struct vs_watch *watch)
{
	json_t *json, *effects;

	if (!watch->cleared)
		return json_null();
	json = json_object();
	effects = json_array();
	for (const char * const *effect = vs_clear_effects; *effect; effect++)
		json_array_append_new(effects, json_string(*effect));
	json_object_set_new(json, "through", json_string("/proc/PID/clear_refs"));
	json_object_set_new(json, "effects", effects);
	json_object_set_new(json, "longest_ns", json_integer((json_int_t)watch->longest_clear_ns));
	return json;
}

static json_t *interval_json(const struct vs_interval *interval)
{
	json_t *json = vs_answer_figures(columns, &interval->figures);
	json_t *rest = vs_answer_figures(more, &interval->figures);

	json_object_update(json, rest);
	json_decref(rest);
	json_object_set_new(json, "ns", json_integer((json_int_t)interval->ns));
	json_object_set_new(json, "clear_ns", interval->clear_ns ?
			    json_integer((json_int_t)interval->clear_ns) : json_null());
	return json;
}

json_t *vs_working_json(const struct vs_watch *watch)
{
	const struct vs_working *working = watch->working;
	json_t *json = json_object(), *list = json_array();
	uint64_t least = mean(watch->interval, watch->nr, FIGURE(used));
	uint64_t maybe = mean(watch->interval, watch->nr, FIGURE(maybe));

	for (size_t i = 0; i < watch->nr; i++)
		json_array_append_new(list, interval_json(&watch->interval[i]));
	json_object_set_new(json, "clearing", clearing_json(watch));
	json_object_set_new(json, "interval_ns", json_integer((json_int_t)watch->interval_ns));
	json_object_set_new(json, "least", watch->nr ? vs_json_bytes(least) : json_null());
	json_object_set_new(json, "most", watch->nr ? vs_json_bytes(least + maybe) : json_null());
	json_object_set_new(json, "intervals", list);
	json_object_set_new(json, "mappings", vs_answer_mappings(&working->rows, columns));
	json_object_set_new(json, "runs", vs_strip_json(&working->strip, "used"));
	return json;
}
