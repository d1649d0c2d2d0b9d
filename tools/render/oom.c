// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Kills for want of memory, for people and as JSON. It must not collect anything.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "../analyze/select.h"
#include "events.h"
#include "faults.h"
#include "oom.h"
#include "table.h"

/* Rows on the screen; all are in the JSON. */
#define ROWS		16

static const char *name_of(const struct vs_oom_vma *vma)
{
	return vs_fault_vma_name(vma->kind, vma->name);
}

/* The largest first. */
static int by_size(const void *a, const void *b)
{
	const struct vs_oom_vma *one = a, *two = b;
	uint64_t first = one->end - one->start, second = two->end - two->start;

	if (first != second)
		return first > second ? -1 : 1;
	return one->start < two->start ? -1 : one->start > two->start;
}

static void tell_kill(const struct vs_style *style, const struct vs_event_kill *kill)
{
	char comm[64], asked[64], time[32];
	struct vs_flow flow;

	vs_clean(kill->comm, comm, sizeof(comm));
	vs_clean(kill->asked_comm, asked, sizeof(asked));
	vs_flow_begin(&flow, style, "killed  ", 8);
	vs_bold(style, true);
	vs_flow_item(&flow, "", "%s (%u)", comm, kill->pid);
	vs_bold(style, false);
	vs_flow_item(&flow, ", ", "score %u", vs_event_score(kill));
	vs_flow_item(&flow, ", ", "%s after the watch began",
		     vs_duration(kill->after_ns, time, sizeof(time)));
	vs_flow_item(&flow, "; ", "for %s", kill->cgroup ? "its cgroup" : "the host");
	if (kill->order < 0)
		vs_flow_item(&flow, ", ", "asked by sysrq");
	else
		vs_flow_item(&flow, ", ", "asked by %s (%u)", asked, kill->asked);
	if (kill->order > 0)
		vs_flow_item(&flow, " ", "for %u adjoining pages", 1u << kill->order);
	vs_flow_end(&flow);
}

static void tell_memory(const struct vs_style *style, const struct vs_event_kill *kill)
{
	struct vs_amounts amounts = { .style = style };
	struct vs_flow flow;

	vs_flow_begin(&flow, style, "memory  ", 8);
	vs_flow_item(&flow, "", "anon %s", vs_next_amount(&amounts, kill->anon));
	vs_flow_item(&flow, ", ", "file %s", vs_next_amount(&amounts, kill->file));
	vs_flow_item(&flow, ", ", "shmem %s", vs_next_amount(&amounts, kill->shmem));
	vs_flow_item(&flow, ", ", "swap %s", vs_next_amount(&amounts, kill->swap));
	vs_flow_item(&flow, ", ", "tables %s", vs_next_amount(&amounts, kill->tables));
	vs_flow_end(&flow);
}

static void tell_mappings(const struct vs_style *style, const struct vs_oom_kill *kill)
{
	char number[32], lost[32];
	struct vs_flow flow;

	vs_flow_begin(&flow, style, "mapped  ", 8);
	vs_flow_item(&flow, "", "%s mappings",
		     vs_count(kill->nr_vmas, number, sizeof(number)));
	if (kill->lost)
		vs_flow_item(&flow, ", ", "LOST %s more",
			     vs_count(kill->lost, lost, sizeof(lost)));
	if (!kill->gone)
		vs_flow_words(&flow, "so far: its address space is still there");
	vs_flow_end(&flow);
}

void vs_oom_screen(const struct vs_style *style, struct vs_oom_kill *kill)
{
	static const struct vs_column head[] = {
		{ .name = "START", .width = 12 },
		{ .name = "SIZE", .right = true, .width = 5 },
		{ .name = "PERM", .width = 4, .from = 60 },
		{ .name = "NAME", .fills = true },
	};
	struct vs_table *table;
	uint64_t rest = 0;
	char amount[32];

	tell_kill(style, &kill->kill);
	tell_memory(style, &kill->kill);
	tell_mappings(style, kill);
	qsort(kill->vma, kill->nr_vmas, sizeof(*kill->vma), by_size);
	table = kill->nr_vmas ? vs_table_new(style, head, 4) : NULL;
	for (size_t i = 0; i < kill->nr_vmas; i++) {
		const struct vs_oom_vma *vma = &kill->vma[i];
		char start[20], size[32], perm[5], name[200];
		const char *cell[] = { start, size, vs_permissions(vma->flags, perm), name };

		if (i >= ROWS) {
			rest += vma->end - vma->start;
			continue;
		}
		snprintf(start, sizeof(start), "%012" PRIx64, vma->start);
		vs_amount(style, vma->end - vma->start, size, sizeof(size));
		vs_clean(name_of(vma), name, sizeof(name));
		vs_table_row(table, cell);
	}
	vs_table_end(table);
	if (kill->nr_vmas > ROWS)
		fprintf(style->out, "and %zu more mappings of %s\n", kill->nr_vmas - ROWS,
			vs_amount(style, rest, amount, sizeof(amount)));
}

/* ------------------------------------------------------------------------ JSON */

static json_t *mapping_json(const struct vs_oom_vma *vma)
{
	char perm[5];

	return json_pack("{s:o, s:o, s:s, s:I, s:b, s:o}",
		"start", vs_json_hex(vma->start), "end", vs_json_hex(vma->end),
		"perm", vs_permissions(vma->flags, perm), "offset", (json_int_t)vma->offset,
		"file", vma->kind == VS_FAULT_VMA_FILE, "name", vs_json_text(name_of(vma)));
}

static json_t *kill_json(const struct vs_oom_kill *kill)
{
	json_t *one = vs_event_kill_json(&kill->kill), *mappings = json_array();

	for (size_t i = 0; i < kill->nr_vmas; i++)
		json_array_append_new(mappings, mapping_json(&kill->vma[i]));
	json_object_set_new(one, "gone", json_boolean(kill->gone));
	json_object_set_new(one, "lost_mappings", json_integer(kill->lost));
	json_object_set_new(one, "mappings", mappings);
	return one;
}

void vs_oom_json(FILE *out, const struct vs_report *report, const struct vs_oom_log *log)
{
	struct vs_json json;

	vs_json_begin(&json, out);
	vs_report_around(&json, report);
	vs_json_member(&json, "cost", json_pack("{s:I, s:I}",
		"watched_ns", (json_int_t)log->watched_ns,
		"attach_ns", (json_int_t)log->attach_ns));
	vs_json_member(&json, "lost_kills", json_integer(log->lost));
	vs_json_member(&json, "lost_mappings", json_integer(log->lost_vmas));
	vs_json_array(&json, "kills");
	for (size_t i = 0; i < log->nr_kills; i++)
		vs_json_element(&json, kill_json(&log->kill[i]));
	vs_json_array_end(&json);
	vs_json_end(&json);
}
