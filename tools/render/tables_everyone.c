// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The page-table bills of many processes, for people and as JSON. It must not
 * collect anything.
 */
#include <inttypes.h>

#include "table.h"
#include "tables_everyone.h"

#define ROWS	14

/* ------------------------------------------------------- who was counted */

/* Why not everybody is, beside those whose state says it. */
#define LOCKED	VS_MEMBER_NR

static const struct {
	const char *key;
	const char *text;		/* behind the number */
	const char *hint;
} why[] = {
	[VS_MEMBER_SAME] = { "shares", "more have the memory of one that was counted", NULL },
	[VS_MEMBER_GONE] = { "gone", "ended meanwhile", NULL },
	[VS_MEMBER_LATE] = { "appeared", "appeared meanwhile", NULL },
	[VS_MEMBER_DENIED] = { "refused", "may not be looked at", "run as root" },
	[LOCKED] = { "locked", "not read as a whole: their lock stayed taken",
		     "give it longer with --timeout" },
	[VS_MEMBER_FAILED] = { "failed", "could not be looked at", "ask for one of them by its pid" },
};

/* As they are told of. */
static const int reasons[] = {
	VS_MEMBER_SAME, VS_MEMBER_GONE, VS_MEMBER_LATE, VS_MEMBER_DENIED, LOCKED, VS_MEMBER_FAILED
};

#define NR_REASONS	(sizeof(reasons) / sizeof(reasons[0]))

static void title(const struct vs_style *style, const struct vs_report *report, size_t looked,
		  const char *cgroup)
{
	char kernel[300], place[300], count[32];
	struct vs_flow flow;

	vs_flow_begin(&flow, style, "", 0);
	vs_bold(style, true);
	vs_flow_item(&flow, "  ", "%s", vs_clean(cgroup ? cgroup : "host", place, sizeof(place)));
	vs_bold(style, false);
	vs_flow_item(&flow, "  ", "%s address spaces", vs_count(looked, count, sizeof(count)));
	vs_flow_item(&flow, "  ", "Linux %s", vs_clean(report->model->kernel.release, kernel,
						       sizeof(kernel)));
	vs_flow_item(&flow, "  ", "source module");
	vs_flow_end(&flow);
	vs_report_cost(style, report, NULL);
}

static void missed(const struct vs_style *style, const struct vs_members *members)
{
	struct vs_flow flow;
	char count[32];

	if (members->count[VS_MEMBER_READ] == members->nr && !members->partial)
		return;
	vs_flow_begin(&flow, style, "not", 8);
	flow.first = true;
	for (size_t i = 0; i < NR_REASONS; i++) {
		int reason = reasons[i];
		uint32_t nr = reason == LOCKED ? members->partial : members->count[reason];

		if (!nr)
			continue;
		vs_flow_item(&flow, "; ", "%s", vs_count(nr, count, sizeof(count)));
		vs_flow_words(&flow, why[reason].text);
		if (why[reason].hint)
			vs_flow_item(&flow, ": ", "%s", why[reason].hint);
	}
	vs_flow_end(&flow);
}

static json_t *missed_json(const struct vs_members *members)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < members->nr; i++) {
		const struct vs_member *one = &members->member[i];
		int reason = one->partial ? LOCKED : (int)one->state;

		if (reason != VS_MEMBER_READ)
			json_array_append_new(list, json_pack("{s:i, s:s, s:o}",
				"pid", (int)one->pid, "why", why[reason].key,
				"with", reason == VS_MEMBER_SAME ?
				json_integer(members->member[one->same_as].pid) : json_null()));
	}
	return list;
}

/* ---------------------------------------------------------------- bills */

static void summary(const struct vs_style *style, const struct vs_tables_everyone *everyone)
{
	const struct vs_tables_process *total = &everyone->total;
	char bytes[32], count[32], part[32];
	struct vs_flow flow;

	vs_flow_begin(&flow, style, "tables", 8);
	flow.first = true;
	vs_bold(style, true);
	vs_flow_item(&flow, "", "%s", vs_amount(style, total->row.bytes, bytes, sizeof(bytes)));
	vs_bold(style, false);
	vs_flow_item(&flow, " ", "in %s page tables",
		     vs_number(style, total->row.tables, count, sizeof(count)));
	vs_flow_item(&flow, ", ", "%s of their resident sizes",
		     vs_percent(total->row.bytes, total->resident, part, sizeof(part)));
	vs_flow_item(&flow, "; ", "%s in empty ones", vs_amount(style, total->wasted, bytes,
								 sizeof(bytes)));
	vs_flow_item(&flow, " ", "and PTE tables with 1-%d entries", VS_TABLES_FEW - 1);
	vs_flow_end(&flow);
}

/* Columns from the left, as many as leave room for a name. */
static const struct vs_column head[] = {
	{ .name = "PID", .right = true, .width = 7 },
	{ .name = "BYTES", .right = true, .width = 5 },
	{ .name = "%RSS", .right = true, .width = 5 },
	{ .name = "EMPTY", .right = true },
	{ .name = "1-7", .right = true, .width = 5 },
	{ .name = "FULL%", .right = true },
	{ .name = "PTE", .right = true, .width = 6 },
	{ .name = "PMD", .right = true, .width = 4 },
	{ .name = "PUD", .right = true, .width = 3 },
	{ .name = "KEPT", .right = true, .width = 5 },
	{ .name = "NAME", .fills = true },
};

#define NR_HEAD		((int)(sizeof(head) / sizeof(head[0])))

static int columns(const struct vs_style *style)
{
	int used = 0, nr;

	if (!style->terminal || style->bytes)
		return NR_HEAD - 1;
	for (nr = 0; nr < NR_HEAD - 1; nr++) {
		used += 1 + (head[nr].width > 5 ? head[nr].width : 5);
		if (used > style->width - 12)
			break;
	}
	return nr;
}

static void row(const struct vs_style *style, struct vs_table *table, int nr,
		const struct vs_tables_process *one)
{
	const struct vs_tables_row *r = &one->row;
	char text[NR_HEAD][32];
	const char *cell[NR_HEAD];
	const uint64_t figure[] = { r->empty, r->few, r->full, r->pte, r->pmd, r->pud,
				    r->deposited };

	snprintf(text[0], sizeof(text[0]), "%d", one->pid);
	cell[0] = text[0];
	cell[1] = vs_amount(style, r->bytes, text[1], sizeof(text[1]));
	cell[2] = vs_percent(r->bytes, one->resident, text[2], sizeof(text[2]));
	for (int i = 3; i < nr; i++)
		cell[i] = vs_number(style, figure[i - 3], text[i], sizeof(text[i]));
	cell[nr] = one->comm;
	vs_table_row(table, cell);
}

static void rest(const struct vs_style *style, const struct vs_tables_everyone *everyone,
		 size_t shown)
{
	char bytes[32], count[32];
	uint64_t left = 0;

	for (size_t i = shown; i < everyone->nr; i++)
		left += everyone->process[i].row.bytes;
	if (shown < everyone->nr)
		fprintf(style->out, "%s in %s others: all in --json\n",
			vs_amount(style, left, bytes, sizeof(bytes)),
			vs_count(everyone->nr - shown, count, sizeof(count)));
}

void vs_tables_everyone_screen(const struct vs_style *style, const struct vs_report *report,
			       const struct vs_tables_everyone *everyone, const char *cgroup,
			       const struct vs_members *members)
{
	size_t shown = everyone->nr < ROWS ? everyone->nr : ROWS;
	struct vs_column chosen[NR_HEAD];
	int nr = columns(style);
	struct vs_table *table;

	title(style, report, everyone->nr, cgroup);
	fputc('\n', style->out);
	summary(style, everyone);
	missed(style, members);
	for (int i = 0; i < nr; i++)
		chosen[i] = head[i];
	chosen[nr] = head[NR_HEAD - 1];
	table = vs_table_new(style, chosen, nr + 1);
	if (!table)
		return;
	for (size_t i = 0; i < shown; i++)
		row(style, table, nr, &everyone->process[i]);
	vs_table_end(table);
	rest(style, everyone, shown);
}

/* ------------------------------------------------------------------ JSON */

static json_t *figures_json(const struct vs_tables_process *one)
{
	const struct vs_tables_row *r = &one->row;
	json_t *json = json_object();

	json_object_set_new(json, "bytes", vs_json_bytes(r->bytes));
	json_object_set_new(json, "kernel_bytes", vs_json_bytes(one->kernel));
	json_object_set_new(json, "resident_bytes", vs_json_bytes(one->resident));
	json_object_set_new(json, "wasted_bytes", vs_json_bytes(one->wasted));
	json_object_set_new(json, "tables", json_integer(r->tables));
	json_object_set_new(json, "pte", json_integer(r->pte));
	json_object_set_new(json, "pmd", json_integer(r->pmd));
	json_object_set_new(json, "pud", json_integer(r->pud));
	json_object_set_new(json, "p4d", json_integer(r->p4d));
	json_object_set_new(json, "deposited", json_integer(r->deposited));
	json_object_set_new(json, "shared", json_integer(r->shared));
	json_object_set_new(json, "percent_full", json_integer(r->full));
	json_object_set_new(json, "empty", json_integer(r->empty));
	json_object_set_new(json, "few", json_integer(r->few));
	return json;
}

int vs_tables_everyone_json(FILE *out, const struct vs_report *report,
			    const struct vs_tables_everyone *everyone, const char *cgroup,
			    const struct vs_members *members)
{
	struct vs_json json;

	vs_json_begin(&json, out);
	vs_report_around(&json, report);
	vs_report_cost_json(&json, report, NULL);
	vs_json_member(&json, "cgroup", vs_json_text(cgroup));
	vs_json_member(&json, "not_counted", missed_json(members));
	vs_json_member(&json, "total", figures_json(&everyone->total));
	vs_json_array(&json, "processes");
	for (size_t i = 0; i < everyone->nr; i++) {
		json_t *one = figures_json(&everyone->process[i]);

		json_object_set_new(one, "pid", json_integer(everyone->process[i].pid));
		json_object_set_new(one, "comm", vs_json_text(everyone->process[i].comm));
		vs_json_element(&json, one);
	}
	vs_json_array_end(&json);
	return vs_json_end(&json);
}
