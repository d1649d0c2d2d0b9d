// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The host's memory, for people and as JSON. It must not collect anything.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "members.h"
#include "table.h"

#define TOP_GROUPS	3
/* Beside control groups, so that all of it fits 24 lines. */
#define FEW_VICTIMS	2
#define TOP_FOREIGN	1

static const char * const policy_name[] = {
	[VS_OVERCOMMIT_GUESS] = "guess",
	[VS_OVERCOMMIT_ALWAYS] = "always",
	[VS_OVERCOMMIT_NEVER] = "never",
	[VS_OVERCOMMIT_UNKNOWN] = "unknown",
};

/* "-3.1M": what is left can be less than nothing. */
/* All memory in one paragraph, so that it is seen to add up. */
static void show_parts(const struct vs_style *style, const struct vs_host *host)
{
	char amount[40];
	struct vs_flow flow;

	vs_flow_begin(&flow, style, "memory", 8);
	flow.first = true;
	vs_flow_item(&flow, "", "%s =", vs_amount(style, host->memory.line[VS_MEM_TOTAL], amount,
						  sizeof(amount)));
	for (int i = 0; i < host->nr_parts; i++) {
		if (!host->part[i].bytes)
			continue;
		vs_flow_item(&flow, i ? " + " : " ", "%s %s",
			     vs_amount(style, host->part[i].bytes, amount, sizeof(amount)),
			     host->part[i].label);
	}
	vs_flow_item(&flow, " + ", "%s unexplained",
		     vs_signed_amount(style, host->unexplained, amount, sizeof(amount)));
	vs_flow_end(&flow);
}

static void show_lines(const struct vs_style *style, const struct vs_host *host)
{
	struct vs_column head[] = {
		{ .name = "COUNTED ONCE", .width = style->raw ? 0 : 12 },
		{ .name = "KERNEL", .width = 6, .right = true },
		{ .name = "PROCESSES", .width = 6, .right = true },
		{ .name = "LEFT", .width = 6, .right = true },
		{ .name = "WHAT IS LEFT CAN BE", .fills = true, .from = 60 },
	};
	struct vs_table *table = vs_table_new(style, head, 5);

	for (int i = 0; table && i < VS_HOST_LINES; i++) {
		const struct vs_host_sum *line = &host->line[i];
		char kernel[40], processes[40], left[40] = "-";
		const char *cell[5] = { line->label, "-", "-", left, line->rest };
		int64_t rest;

		if (!line->processes && (!line->kernel || line->kernel == VS_UNKNOWN))
			continue;
		cell[1] = vs_amount(style, line->kernel, kernel, sizeof(kernel));
		cell[2] = vs_amount(style, line->processes, processes, sizeof(processes));
		if (vs_host_rest(line, &rest))
			vs_signed_amount(style, rest, left, sizeof(left));
		if (vs_table_row(table, cell))
			break;
	}
	vs_table_end(table);
}

static void show_groups(const struct vs_style *style, const struct vs_host *host)
{
	struct vs_column head[] = {
		{ .name = "USED", .width = 5, .right = true },
		{ .name = "ANON", .width = 5, .right = true },
		{ .name = "MAPPED-ANON", .width = 5, .right = true },
		{ .name = "FILE", .width = 5, .right = true },
		{ .name = "MAPPED-FILE", .width = 5, .right = true },
		{ .name = "CONTROL GROUP", .fills = true },
	};
	uint32_t index[TOP_GROUPS];
	size_t nr = vs_host_top_groups(host, index, TOP_GROUPS);
	struct vs_table *table = nr ? vs_table_new(style, head, 6) : NULL;

	for (size_t i = 0; table && i < nr; i++) {
		const struct vs_host_group *group = &host->group[index[i]];
		const uint64_t figure[5] = {
			group->memory.current, group->memory.anon, group->pss_anon,
			group->memory.file_mapped, group->pss_mapped,
		};
		char text[5][40];
		const char *cell[6];

		for (int n = 0; n < 5; n++)
			cell[n] = vs_amount(style, figure[n], text[n], sizeof(text[n]));
		cell[5] = group->path;
		if (vs_table_row(table, cell))
			break;
	}
	vs_table_end(table);
}

/* Who is used by whom without being paid for. */
static void show_foreign(const struct vs_style *style, const struct vs_host *host)
{
	struct vs_host_pair top[TOP_FOREIGN];
	size_t all = vs_host_top_foreign(host, top, TOP_FOREIGN);
	struct vs_flow flow;

	if (!all && !host->foreign_reason)
		return;
	vs_flow_begin(&flow, style, "foreign", 9);
	flow.first = true;
	for (size_t i = 0; i < all && i < TOP_FOREIGN; i++) {
		const char *payer = top[i].paid->path;
		char amount[40], path[300];

		vs_flow_item(&flow, i ? ", " : "", "%s",
			     vs_amount(style, vs_host_paid_bytes(top[i].paid), amount, sizeof(amount)));
		vs_flow_words(&flow, "of");
		vs_flow_words(&flow, vs_clean(top[i].group->path, path, sizeof(path)));
		vs_flow_words(&flow, "charged to");
		vs_flow_words(&flow, payer ? vs_clean(payer, path, sizeof(path)) : "others");
	}
	if (all > TOP_FOREIGN)
		vs_flow_item(&flow, ", ", "%zu more (-J)", all - TOP_FOREIGN);
	if (host->foreign_reason)
		vs_flow_words(&flow, host->foreign_reason);
	vs_flow_end(&flow);
}

static void show_commit(const struct vs_style *style, const struct vs_host *host)
{
	char limit[32], promised[32];
	struct vs_flow flow;

	vs_flow_begin(&flow, style, "commit", 8);
	flow.first = true;
	vs_flow_item(&flow, "", "%s promised of a limit of %s,",
		     vs_amount(style, host->memory.line[VS_MEM_COMMITTED], promised, sizeof(promised)),
		     vs_amount(style, host->memory.line[VS_MEM_COMMIT_LIMIT], limit, sizeof(limit)));
	vs_flow_words(&flow, host->memory.overcommit == VS_OVERCOMMIT_NEVER ?
		      "which is kept (vm.overcommit_memory is 2)" :
		      host->memory.overcommit == VS_OVERCOMMIT_ALWAYS ?
		      "which nobody looks at (vm.overcommit_memory is 1)" :
		      "which only obvious excess is held to (vm.overcommit_memory is 0)");
	vs_flow_end(&flow);
}

/* Who goes first, and what it is for: the OOM killer weighs bytes and a wish. */
static void show_victims(const struct vs_style *style, const struct vs_host *host, size_t nr)
{
	struct vs_column head[] = {
		{ .name = "OOM KILLS", .width = style->raw ? 0 : 9 },
		{ .name = "SCORE", .width = 5, .right = true },
		{ .name = "RSS", .width = 5, .right = true },
		{ .name = "SWAP", .width = 5, .right = true },
		{ .name = "PT", .width = 5, .right = true },
		{ .name = "COMMIT", .width = 5, .right = true },
		{ .name = "ADJUST", .width = 5, .right = true },
		{ .name = "PROCESS", .fills = true },
	};
	const int columns = sizeof(head) / sizeof(head[0]);
	struct vs_table *table = host->nr ? vs_table_new(style, head, columns) : NULL;

	for (size_t i = 0; table && i < host->nr && i < nr; i++) {
		const struct vs_host_process *process = &host->process[i];
		char text[7][40], name[100], clean[300];
		const char *cell[8];

		snprintf(text[0], sizeof(text[0]), process->dies ? "%zu." : "never", i + 1);
		if (process->oom.score < 0)
			snprintf(text[1], sizeof(text[1]), "-");
		else
			snprintf(text[1], sizeof(text[1]), "%" PRId64, process->oom.score);
		snprintf(text[6], sizeof(text[6]), "%+" PRId64, process->oom.adjust);
		snprintf(name, sizeof(name), "%d %s", process->pid, process->comm);
		cell[0] = text[0];
		cell[1] = text[1];
		cell[2] = vs_amount(style, process->rss, text[2], sizeof(text[2]));
		cell[3] = vs_amount(style, process->swap, text[3], sizeof(text[3]));
		cell[4] = vs_amount(style, process->tables, text[4], sizeof(text[4]));
		cell[5] = vs_amount(style, process->committed, text[5], sizeof(text[5]));
		cell[6] = text[6];
		cell[7] = vs_clean(name, clean, sizeof(clean));
		if (vs_table_row(table, cell))
			break;
	}
	vs_table_end(table);
}

void vs_host_screen(const struct vs_style *style, const struct vs_report *report,
		    const struct vs_members *members, const struct vs_host *host)
{
	bool groups = host->nr_groups > 1;

	vs_members_begin(style, report, members, false);
	show_parts(style, host);
	if (!groups)
		fputc('\n', style->out);
	show_lines(style, host);
	if (groups) {
		show_groups(style, host);
		show_foreign(style, host);
	} else {
		fputc('\n', style->out);
	}
	show_commit(style, host);
	show_victims(style, host, groups ? FEW_VICTIMS : VS_HOST_VICTIMS);
}

static json_t *parts_json(const struct vs_host *host)
{
	json_t *json = json_object();

	json_object_set_new(json, "total", vs_json_bytes(host->memory.line[VS_MEM_TOTAL]));
	for (int i = 0; i < host->nr_parts; i++)
		json_object_set_new(json, host->part[i].key, vs_json_bytes(host->part[i].bytes));
	json_object_set_new(json, "unexplained", json_integer(host->unexplained));
	return json;
}

static json_t *lines_json(const struct vs_host *host)
{
	json_t *json = json_object();

	for (int i = 0; i < VS_HOST_LINES; i++) {
		const struct vs_host_sum *line = &host->line[i];
		json_t *one = json_object();
		int64_t rest;

		json_object_set_new(one, "kernel", vs_json_bytes(line->kernel));
		json_object_set_new(one, "processes", vs_json_bytes(line->processes));
		json_object_set_new(one, "remainder", vs_host_rest(line, &rest) ?
				    json_integer(rest) : json_null());
		json_object_set_new(one, "remainder_can_be", json_string(line->rest));
		json_object_set_new(json, line->key, one);
	}
	return json;
}

static json_t *payers_json(const struct vs_host_payers *payers)
{
	json_t *list = json_array();

	for (size_t i = 0; i < payers->nr; i++) {
		const struct vs_host_paid *paid = &payers->paid[i];
		json_t *json = json_object();

		json_object_set_new(json, "path", paid->path ? vs_json_text(paid->path) : json_null());
		json_object_set_new(json, "bytes", vs_json_bytes(vs_host_paid_bytes(paid)));
		json_array_append_new(list, json);
	}
	return list;
}

static json_t *groups_json(const struct vs_host *host)
{
	uint32_t *index = calloc(host->nr_groups + 1, sizeof(*index));
	size_t nr = index ? vs_host_top_groups(host, index, host->nr_groups) : 0;
	json_t *list = json_array();

	for (size_t i = 0; i < nr; i++) {
		const struct vs_host_group *group = &host->group[index[i]];
		json_t *json = json_object();

		json_object_set_new(json, "path", vs_json_text(group->path));
		json_object_set_new(json, "processes", json_integer(group->processes));
		json_object_set_new(json, "current", vs_json_bytes(group->memory.current));
		json_object_set_new(json, "swap", vs_json_bytes(group->memory.swap));
		json_object_set_new(json, "anon", vs_json_bytes(group->memory.anon));
		json_object_set_new(json, "anon_of_processes", vs_json_bytes(group->pss_anon));
		json_object_set_new(json, "file_mapped", vs_json_bytes(group->memory.file_mapped));
		json_object_set_new(json, "mapped_of_processes", vs_json_bytes(group->pss_mapped));
		json_object_set_new(json, "shmem", vs_json_bytes(group->memory.shmem));
		json_object_set_new(json, "page_tables", vs_json_bytes(group->memory.tables));
		json_object_set_new(json, "foreign", vs_json_bytes(group->foreign));
		json_object_set_new(json, "foreign_charged_to", payers_json(&group->others));
		json_array_append_new(list, json);
	}
	free(index);
	return list;
}

static json_t *processes_json(const struct vs_host *host)
{
	json_t *list = json_array();

	for (size_t i = 0; i < host->nr; i++) {
		const struct vs_host_process *process = &host->process[i];
		json_t *json = json_object();

		json_object_set_new(json, "pid", json_integer(process->pid));
		json_object_set_new(json, "comm", vs_json_text(process->comm));
		json_object_set_new(json, "anonymous", vs_json_bytes(process->pss_anon));
		json_object_set_new(json, "mapped", vs_json_bytes(process->pss_mapped));
		json_object_set_new(json, "hugetlb", vs_json_bytes(process->hugetlb));
		json_object_set_new(json, "rss", vs_json_bytes(process->rss));
		json_object_set_new(json, "swap", vs_json_bytes(process->swap));
		json_object_set_new(json, "page_tables", vs_json_bytes(process->tables));
		json_object_set_new(json, "committed", vs_json_bytes(process->committed));
		json_object_set_new(json, "foreign", vs_json_bytes(process->foreign));
		json_object_set_new(json, "oom_score", process->oom.score < 0 ? json_null() :
				    json_integer(process->oom.score));
		json_object_set_new(json, "oom_score_adj", json_integer(process->oom.adjust));
		json_object_set_new(json, "oom_weight", process->dies ?
				    json_integer(process->badness) : json_null());
		json_object_set_new(json, "control_group", process->group == VS_HOST_NO_GROUP ?
				    json_null() : vs_json_text(host->group[process->group].path));
		json_array_append_new(list, json);
	}
	return list;
}

int vs_host_json(FILE *out, const struct vs_report *report, const struct vs_members *members,
		 const struct vs_host *host)
{
	json_t *commit = json_object();
	struct vs_json json;

	json_object_set_new(commit, "policy", json_string(policy_name[host->memory.overcommit]));
	json_object_set_new(commit, "limit", vs_json_bytes(host->memory.line[VS_MEM_COMMIT_LIMIT]));
	json_object_set_new(commit, "committed", vs_json_bytes(host->memory.line[VS_MEM_COMMITTED]));
	json_object_set_new(commit, "ratio", vs_json_bytes(host->memory.overcommit_ratio));
	vs_json_begin(&json, out);
	vs_report_head(&json, report);
	vs_report_cost_json(&json, report, NULL);
	vs_json_member(&json, "members", vs_members_json(members));
	vs_json_member(&json, "memory", parts_json(host));
	vs_json_member(&json, "sums", lines_json(host));
	vs_json_member(&json, "overcommit", commit);
	vs_json_member(&json, "control_groups", groups_json(host));
	vs_json_member(&json, "foreign_reason", host->foreign_reason ?
		       json_string(host->foreign_reason) : json_null());
	vs_json_member(&json, "processes", processes_json(host));
	return vs_json_end(&json);
}
