// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What KSM merged, for people and as JSON. It must not collect anything.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "../analyze/select.h"
#include "answers.h"
#include "ksm.h"
#include "members.h"
#include "table.h"

#define NAME	4200

/* Mappings, processes and groups on the first screen; all are in the JSON. */
#define ROWS	4
#define GROUPS	3

#define FIGURE(member)	offsetof(struct vs_ksm_row, member)

static const struct vs_answer_column columns[] = {
	{ "merged", "MERGD", "merged by KSM", FIGURE(merged), VS_UNIT_BYTES },
	{ "zero", "ZERO", "KSM zero pages", FIGURE(zero), VS_UNIT_BYTES },
	{ "anon", "ANON", "other anonymous memory in RAM", FIGURE(anon), VS_UNIT_BYTES },
	{ "huge", "HUGE", "of that: by huge entries", FIGURE(huge), VS_UNIT_BYTES },
	{ "cache", "CACHE", "page cache and shared memory", FIGURE(cache), VS_UNIT_BYTES },
	{ "swap", "SWAP", "in swap", FIGURE(swap), VS_UNIT_BYTES },
	{ 0 },
};

/* --------------------------------------------------------------- summary */

static void merged(const struct vs_style *style, const struct vs_ksm *ksm)
{
	char a[32], b[32], c[32], d[32];
	uint64_t own = 0, mergeable = 0, zero = 0, other = 0, saved = 0;
	struct vs_flow flow;

	for (uint32_t i = 0; i < ksm->nr; i++) {
		own += ksm->process[i].merged;
		mergeable += ksm->process[i].mergeable;
		other += ksm->process[i].other_anon;
		saved += ksm->process[i].saved;
		zero += ksm->zero_known ? ksm->process[i].zero : 0;
	}
	vs_flow_begin(&flow, style, "ksm   ", 6);
	vs_flow_item(&flow, "", "%s merged", vs_amount(style, own, a, sizeof(a)));
	vs_flow_item(&flow, " ", "of %s mergeable", vs_amount(style, mergeable, b, sizeof(b)));
	if (ksm->zero_known)
		vs_flow_item(&flow, ", ", "%s in zero pages", vs_amount(style, zero, c, sizeof(c)));
	if (!mergeable) {
		vs_flow_item(&flow, "; ", "no");
		vs_flow_words(&flow, "anonymous memory has MADV_MERGEABLE or PR_SET_MEMORY_MERGE");
	}
	if (other)
		vs_flow_item(&flow, "; ", "%s anonymous is not mergeable",
			     vs_amount(style, other, d, sizeof(d)));
	vs_flow_end(&flow);
	if (!ksm->frames)
		return;
	vs_flow_begin(&flow, style, "saves ", 6);
	vs_flow_item(&flow, "", "%s here,", vs_amount(style, saved, a, sizeof(a)));
	vs_flow_item(&flow, " ", "%s with all who share it:",
		     vs_amount(style, ksm->saved, b, sizeof(b)));
	vs_flow_item(&flow, " ", "%s mappings of", vs_count(ksm->mappings, c, sizeof(c)));
	vs_flow_item(&flow, " ", "%s frame%s", vs_count(ksm->frames, d, sizeof(d)),
		     ksm->frames == 1 ? "" : "s");
	if (ksm->missing)
		vs_flow_item(&flow, "; ", "%s mappings were not found in any process",
			     vs_count(ksm->missing, a, sizeof(a)));
	vs_flow_end(&flow);
}

static void what_it_gains(const struct vs_style *style, const struct vs_ksm *ksm)
{
	const struct vs_ksm_process *told = &ksm->process[0].told;
	char merging[32], items[32], text[40];
	struct vs_flow flow;
	int64_t bytes;

	if (!vs_ksm_profit(told, 1ull << ksm->page_shift, &bytes))
		return;
	vs_flow_begin(&flow, style, "profit ", 6);
	vs_flow_item(&flow, "", "%s as the kernel counts:",
		     vs_signed_amount(style, bytes, text, sizeof(text)));
	vs_flow_item(&flow, " ", "%s pages merged", vs_count(told->merging, merging,
							      sizeof(merging)));
	if (told->zero_pages != VS_UNKNOWN)
		vs_flow_item(&flow, ", ", "%" PRIu64 " zero pages", told->zero_pages);
	vs_flow_item(&flow, ", ", "less %s items of %u bytes",
		     vs_count(told->rmap_items, items, sizeof(items)), vs_ksm_rmap_item_size());
	if (told->profit_known && (int64_t)told->profit != bytes)
		vs_flow_item(&flow, "; ", "ksm_stat says %s",
			     vs_signed_amount(style, told->profit, text, sizeof(text)));
	vs_flow_end(&flow);
}

static void host(const struct vs_style *style, const struct vs_ksm *ksm)
{
	const struct vs_ksm_host *told = &ksm->host;
	char shared[32], sharing[32], unshared[32], changing[32], time[32];
	struct vs_flow flow;
	uint64_t ms;

	vs_flow_begin(&flow, style, "ksmd  ", 6);
	if (!told->exists) {
		vs_flow_item(&flow, "", "this kernel has no KSM");
		vs_flow_end(&flow);
		return;
	}
	vs_flow_item(&flow, "", told->run == 1 ? "runs" : told->run == 2 ?
		     "unmerges everything" : "is OFF");
	vs_flow_item(&flow, ": ", "%" PRIu64 " pages each %" PRIu64 " ms", told->pages_to_scan,
		     told->sleep_ms);
	vs_flow_item(&flow, ", ", "%" PRIu64 " full scans", told->full_scans);
	ms = vs_ksm_scan_time(ksm, ksm->total.merged + ksm->total.anon);
	if (ksm->model && ksm->total.merged + ksm->total.anon && ms != VS_UNKNOWN) {
		vs_flow_item(&flow, "; ", "one scan of");
		vs_flow_words(&flow, "this process takes");
		vs_flow_item(&flow, " ", "%s", vs_duration(ms * 1000000, time, sizeof(time)));
	}
	vs_flow_item(&flow, "; ", "of the host:");
	vs_flow_item(&flow, " ", "%s pages stand for",
		     vs_count(told->shared, shared, sizeof(shared)));
	vs_flow_item(&flow, " ", "%s more", vs_count(told->sharing, sharing, sizeof(sharing)));
	vs_flow_item(&flow, ", ", "%s with no equal", vs_count(told->unshared, unshared,
							     sizeof(unshared)));
	vs_flow_item(&flow, ", ", "%s changing", vs_count(told->volatile_pages, changing,
							  sizeof(changing)));
	vs_flow_end(&flow);
}

/* -------------------------------------------------------------- mappings */

static void mappings(const struct vs_style *style, const struct vs_ksm *ksm)
{
	static const struct vs_column head[] = {
		{ .name = "START", .width = 12 },
		{ .name = "MERGD", .right = true, .width = 5 },
		{ .name = "ZERO", .right = true, .width = 5, .from = 60 },
		{ .name = "ANON", .right = true, .width = 5, .from = 60 },
		{ .name = "NAME: WHY NOTHING", .fills = true, .from = 60 },
		{ .name = "WHY NOTHING", .fills = true, .below = 60 },
	};
	uint32_t index[ROWS];
	size_t nr = vs_ksm_top(ksm, index, ROWS);
	struct vs_table *table = nr ? vs_table_new(style, head, 6) : NULL;

	for (size_t i = 0; table && i < nr; i++) {
		const struct vs_vma *vma = &ksm->model->vma[index[i]];
		const struct vs_ksm_row *row = vs_row_at(&ksm->rows, index[i]);
		enum vs_ksm_reason reason = vs_ksm_reason(ksm, row);
		struct vs_amounts a = { .style = style };
		char start[20], name[NAME], why[NAME + 100];
		const char *cell[] = {
			start, vs_next_amount(&a, row->merged),
			ksm->zero_known ? vs_next_amount(&a, row->zero) : "-",
			vs_next_amount(&a, row->anon), why, vs_ksm_reason_word(reason),
		};

		snprintf(start, sizeof(start), "%012" PRIx64, vma->start);
		vs_field_text(ksm->model, vma, VS_FIELD_NAME, name, sizeof(name));
		snprintf(why, sizeof(why), "%s%s%s", name, reason ? ": " : "",
			 vs_ksm_reason_text(reason));
		vs_table_row(table, cell);
	}
	vs_table_end(table);
}

static void processes(const struct vs_style *style, const struct vs_ksm *ksm)
{
	static const struct vs_column head[] = {
		{ .name = "PID", .right = true, .width = 7 },
		{ .name = "MERGD", .right = true, .width = 5 },
		{ .name = "ZERO", .right = true, .width = 5 },
		{ .name = "SAVES", .right = true, .width = 5 },
		{ .name = "OF", .right = true, .width = 5 },
		{ .name = "NAME", .fills = true },
	};
	struct vs_table *table = vs_table_new(style, head, 6);

	for (uint32_t i = 0; table && i < ksm->nr && i < ROWS + GROUPS; i++) {
		const struct vs_ksm_member *process = &ksm->process[i];
		const struct vs_member *member = &ksm->members->member[process->member];
		struct vs_amounts a = { .style = style };
		char pid[16];
		const char *cell[] = {
			pid, vs_next_amount(&a, process->merged),
			vs_next_amount(&a, process->zero), vs_next_amount(&a, process->saved),
			vs_next_amount(&a, process->mergeable), member->comm,
		};

		if (!process->merged && !process->mergeable)
			break;
		snprintf(pid, sizeof(pid), "%d", member->pid);
		vs_table_row(table, cell);
	}
	vs_table_end(table);
}

/* ---------------------------------------------------------------- groups */

static const char *who(const struct vs_ksm *ksm, uint32_t set, char *text, size_t size)
{
	size_t at = 0;

	*text = 0;
	for (; set && at < size; set = ksm->map.sets.set[set].before) {
		const struct vs_member *member =
			&ksm->members->member[ksm->map.sets.set[set].member];

		at += snprintf(text + at, size - at, "%s%d %s", at ? ", " : "", member->pid,
			       member->comm);
	}
	return text;
}

static void groups(const struct vs_style *style, const struct vs_ksm *ksm)
{
	static const struct vs_column head[] = {
		{ .name = "FRAME", .width = 9 },
		{ .name = "MAPPED", .right = true, .width = 6 },
		{ .name = "SAVES", .right = true, .width = 5 },
		{ .name = "PROCS", .right = true, .width = 5 },
		{ .name = "WHO", .fills = true },
	};
	uint32_t nr = ksm->nr_groups < GROUPS ? ksm->nr_groups : GROUPS;
	struct vs_table *table = nr ? vs_table_new(style, head, 5) : NULL;

	for (uint32_t i = 0; table && i < nr; i++) {
		const struct vs_ksm_group *group = &ksm->group[i];
		char frame[20], mapped[32], saved[40], procs[16], names[300];
		const char *cell[] = { frame, mapped, saved, procs,
				       who(ksm, group->set, names, sizeof(names)) };

		snprintf(frame, sizeof(frame), "0x%" PRIx64, group->frame);
		vs_count(group->mappings, mapped, sizeof(mapped));
		vs_amount(style, (group->mappings - 1) << ksm->page_shift, saved, sizeof(saved));
		snprintf(procs, sizeof(procs), "%u", group->members);
		vs_table_row(table, cell);
	}
	vs_table_end(table);
}

static size_t mappings_shown(const struct vs_ksm *ksm)
{
	uint32_t index[ROWS];

	return vs_ksm_top(ksm, index, ROWS);
}

static uint32_t processes_shown(const struct vs_ksm *ksm, uint32_t *all)
{
	for (*all = 0; *all < ksm->nr; ++*all)
		if (!ksm->process[*all].merged && !ksm->process[*all].mergeable)
			break;
	return *all < ROWS + GROUPS ? *all : ROWS + GROUPS;
}

/* What the tables leave out; of the groups the JSON has the largest. */
static void more(const struct vs_style *style, const struct vs_ksm *ksm)
{
	uint64_t groups = ksm->frames - (ksm->nr_groups < GROUPS ? ksm->nr_groups : GROUPS);
	uint64_t others = 0;
	char count[32], frames[32];
	struct vs_flow flow;
	uint32_t all;

	if (!ksm->model) {
		others = processes_shown(ksm, &all);
		others = all - others;
	} else {
		others = vs_rows_used(&ksm->rows) - mappings_shown(ksm);
	}
	if ((!others && !groups) || style->raw)
		return;
	vs_flow_begin(&flow, style, "", 0);
	if (others)
		vs_flow_item(&flow, "", "%s more %s%s", vs_count(others, count, sizeof(count)),
			     ksm->model ? "mapping" : "process",
			     others == 1 ? "" : ksm->model ? "s" : "es");
	if (groups)
		vs_flow_item(&flow, others ? " and " : "", "%s more frame%s",
			     vs_count(groups, frames, sizeof(frames)), groups == 1 ? "" : "s");
	vs_flow_item(&flow, ": ", "--json has %s",
		     ksm->frames > ksm->nr_groups ? "many of them" : "all of them");
	vs_flow_end(&flow);
}

void vs_ksm_screen(const struct vs_style *style, const struct vs_report *report,
		   const struct vs_ksm *ksm)
{
	vs_members_begin(style, report, ksm->members, ksm->model);
	fputc('\n', style->out);
	merged(style, ksm);
	if (ksm->model)
		what_it_gains(style, ksm);
	host(style, ksm);
	if (ksm->model)
		mappings(style, ksm);
	else
		processes(style, ksm);
	groups(style, ksm);
	more(style, ksm);
}

/* ------------------------------------------------------------------ JSON */

static json_t *told_json(const struct vs_ksm *ksm, const struct vs_ksm_process *told)
{
	int64_t bytes;
	bool known = vs_ksm_profit(told, 1ull << ksm->page_shift, &bytes);

	return json_pack("{s:o, s:o, s:o, s:i, s:o, s:o}",
		"merging_pages", vs_json_bytes(told->merging),
		"rmap_items", vs_json_bytes(told->rmap_items),
		"zero_pages", vs_json_bytes(told->zero_pages),
		"rmap_item_size", (int)vs_ksm_rmap_item_size(),
		"profit", known ? json_integer(bytes) : json_null(),
		"ksm_stat_profit", told->profit_known ? json_integer((int64_t)told->profit) :
		json_null());
}

static json_t *process_json(const struct vs_ksm *ksm, const struct vs_ksm_member *process)
{
	const struct vs_member *member = &ksm->members->member[process->member];

	return json_pack("{s:i, s:o, s:I, s:o, s:I, s:I, s:I, s:o}",
		"pid", member->pid, "comm", vs_json_text(member->comm),
		"merged", (json_int_t)process->merged, "zero", vs_json_bytes(process->zero),
		"mergeable", (json_int_t)process->mergeable,
		"not_mergeable", (json_int_t)process->other_anon,
		"saved", (json_int_t)process->saved,
		"kernel", told_json(ksm, &process->told));
}

static json_t *host_json(const struct vs_ksm_host *told)
{
	if (!told->exists)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"run", vs_json_bytes(told->run),
		"pages_to_scan", vs_json_bytes(told->pages_to_scan),
		"sleep_ms", vs_json_bytes(told->sleep_ms),
		"full_scans", vs_json_bytes(told->full_scans),
		"pages_shared", vs_json_bytes(told->shared),
		"pages_sharing", vs_json_bytes(told->sharing),
		"pages_unshared", vs_json_bytes(told->unshared),
		"pages_volatile", vs_json_bytes(told->volatile_pages),
		"zero_pages", vs_json_bytes(told->zero_pages));
}

static json_t *classes_json(const struct vs_ksm *ksm)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < VS_SHARE_CLASSES; i++) {
		uint64_t least, most;

		if (!ksm->class[i].frames)
			continue;
		vs_share_class_range(i, &least, &most);
		json_array_append_new(list, json_pack("{s:I, s:o, s:I, s:I}",
			"least", (json_int_t)least, "most", most ? json_integer(most) : json_null(),
			"frames", (json_int_t)ksm->class[i].frames,
			"mappings", (json_int_t)ksm->class[i].mappings));
	}
	return list;
}

static json_t *group_json(const struct vs_ksm *ksm, const struct vs_ksm_group *group)
{
	json_t *list = json_array();

	for (uint32_t set = group->set; set; set = ksm->map.sets.set[set].before)
		json_array_append_new(list, json_pack("{s:i, s:i}", "pid",
			ksm->members->member[ksm->map.sets.set[set].member].pid,
			"times", (int)ksm->map.sets.set[set].times));
	return json_pack("{s:o, s:I, s:I, s:I, s:o}", "frame", vs_json_hex(group->frame),
		"mappings", (json_int_t)group->mappings, "found", (json_int_t)group->found,
		"saved", (json_int_t)((group->mappings - 1) << ksm->page_shift),
		"sharers", list);
}

static json_t *groups_json(const struct vs_ksm *ksm)
{
	json_t *largest = json_array();

	for (uint32_t i = 0; i < ksm->nr_groups; i++)
		json_array_append_new(largest, group_json(ksm, &ksm->group[i]));
	return json_pack("{s:I, s:I, s:I, s:I, s:o, s:o}", "frames", (json_int_t)ksm->frames,
		"mappings", (json_int_t)ksm->mappings, "saved", (json_int_t)ksm->saved,
		"not_found", (json_int_t)ksm->missing, "by_mappings", classes_json(ksm),
		"largest", largest);
}

/* All that are mergeable, and those that have merged pages all the same. */
static void mappings_json(struct vs_json *json, const struct vs_ksm *ksm)
{
	static const struct vs_ksm_row nothing;

	for (size_t i = 0; i < ksm->model->nr_vmas; i++) {
		const struct vs_vma *vma = &ksm->model->vma[i];
		const struct vs_ksm_row *row = vs_row_at(&ksm->rows, i);
		enum vs_ksm_reason reason;
		json_t *one;

		if (!row)
			row = &nothing;
		if (!(vma->flags & VS_VM_MERGEABLE) && !row->merged)
			continue;
		reason = vs_ksm_reason(ksm, row);
		one = vs_answer_figures(columns, row);
		if (!ksm->zero_known)
			json_object_set_new(one, "zero", json_null());
		json_object_update_new(one, vs_answer_mapping(ksm->model, vma));
		json_object_set_new(one, "mergeable", json_boolean(vma->flags & VS_VM_MERGEABLE));
		json_object_set_new(one, "reason", reason == VS_KSM_MERGES ? json_null() :
				    json_string(vs_ksm_reason_word(reason)));
		vs_json_element(json, one);
	}
}

void vs_ksm_json(const struct vs_report *report, const struct vs_ksm *ksm)
{
	struct vs_json json;

	vs_members_begin_json(&json, report, ksm->members, ksm->model,
			      vs_frames_memory(&ksm->map));
	vs_json_member(&json, "ksmd", host_json(&ksm->host));
	vs_json_array(&json, "merged");
	for (uint32_t i = 0; i < ksm->nr; i++)
		vs_json_element(&json, process_json(ksm, &ksm->process[i]));
	vs_json_array_end(&json);
	vs_json_member(&json, "groups", groups_json(ksm));
	vs_json_array(&json, "mappings");
	if (ksm->model)
		mappings_json(&json, ksm);
	vs_json_array_end(&json);
	vs_json_end(&json);
}
