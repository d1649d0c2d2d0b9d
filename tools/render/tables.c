// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The page-table bill, for people and as JSON. It must not collect anything.
 */
#include <inttypes.h>
#include <stddef.h>

#include "../analyze/decode.h"
#include "../analyze/tables.h"
#include "answers.h"
#include "table.h"

#define FIGURE(member)	offsetof(struct vs_tables_row, member)

static const struct vs_answer_column columns[] = {
	{ "bytes", "BYTES", "of page tables", FIGURE(bytes), VS_UNIT_BYTES },
	{ "tables", "TABLES", "their number", FIGURE(tables), VS_UNIT_NUMBER },
	{ "percent_full", "FULL%", "PTE entries in use", FIGURE(full), VS_UNIT_NUMBER },
	{ "empty", "EMPTY", "tables without an entry", FIGURE(empty), VS_UNIT_NUMBER },
	{ "few", "1-7", "PTE tables with 1 to 7 entries", FIGURE(few), VS_UNIT_NUMBER },
	{ "deposited", "KEPT", "for splitting huge pages", FIGURE(deposited), VS_UNIT_NUMBER },
	{ "shared", NULL, "with others, by hugetlb", FIGURE(shared), VS_UNIT_NUMBER },
	{ "used", NULL, "PTE entries in use", FIGURE(used), VS_UNIT_NUMBER },
	{ "pte", NULL, "PTE tables", FIGURE(pte), VS_UNIT_NUMBER },
	{ "pmd", NULL, "PMD tables", FIGURE(pmd), VS_UNIT_NUMBER },
	{ "pud", NULL, "PUD tables", FIGURE(pud), VS_UNIT_NUMBER },
	{ "p4d", NULL, "P4D tables", FIGURE(p4d), VS_UNIT_NUMBER },
	{ 0 },
};

/* Classes of fill that are one column for people: up to this many entries. */
static const struct {
	const char *name;
	uint64_t from, to;
} fills[] = {
	{ "EMPTY", 0, 0 }, { "1-7", 1, 7 }, { "8-63", 8, 63 }, { "64-255", 64, 255 },
	{ "256-511", 256, 511 }, { "512+", 512, UINT64_MAX },
};

#define NR_FILLS	(sizeof(fills) / sizeof(fills[0]))
#define MAX_CELLS	(4 + NR_FILLS)

/* Least entries of a class. */
static uint64_t class_from(int class)
{
	return class ? 1ull << (class - 1) : 0;
}

static uint64_t tables_filled(const struct vs_table_level *level, uint64_t from, uint64_t to)
{
	uint64_t tables = 0;

	for (int i = 0; i < VS_TABLE_BUCKETS; i++)
		if (class_from(i) >= from && class_from(i) <= to)
			tables += level->by_used[i];
	return tables;
}

/* ---------------------------------------------------------------- people */

static void first_line(const struct vs_style *style, const struct vs_tables_sums *sums)
{
	char bytes[32], count[32], share[32], resident[32];
	struct vs_flow flow;

	vs_flow_begin(&flow, style, "tables", 8);
	flow.first = true;
	vs_bold(style, true);
	vs_flow_item(&flow, "", "%s", vs_amount(style, sums->total.bytes, bytes, sizeof(bytes)));
	vs_bold(style, false);
	vs_flow_item(&flow, " ", "in %s page tables",
		     vs_number(style, sums->total.tables, count, sizeof(count)));
	if (sums->resident != VS_UNKNOWN)
		vs_flow_item(&flow, ", ", "%s of %s resident",
			     vs_percent(sums->total.bytes, sums->resident, share, sizeof(share)),
			     vs_amount(style, sums->resident, resident, sizeof(resident)));
	vs_flow_item(&flow, "; ", "and %s for the root",
		     vs_amount(style, sums->root_bytes, bytes, sizeof(bytes)));
	vs_flow_end(&flow);
}

static bool differs(const struct vs_tables_sums *sums)
{
	return sums->kernel != VS_UNKNOWN && sums->kernel != sums->charged;
}

/* What the kernel says, when it says something else. */
static void kernel_line(const struct vs_style *style, const struct vs_tables_sums *sums)
{
	char kernel[32], found[32];
	struct vs_flow flow;

	if (!differs(sums))
		return;
	vs_flow_begin(&flow, style, "", 8);
	flow.first = true;
	vs_flow_item(&flow, "", "the kernel counts %s where",
		     vs_amount(style, sums->kernel, kernel, sizeof(kernel)));
	vs_flow_item(&flow, " ", "%s was found:",
		     vs_amount(style, sums->charged, found, sizeof(found)));
	vs_flow_words(&flow, sums->model->cost.marks & VS_MARK_SKIPPED ?
		      "parts were not read" : "it changed meanwhile");
	vs_flow_end(&flow);
}

static void waste_line(const struct vs_style *style, const struct vs_tables_sums *sums)
{
	char empty[32], few[32], wasted[32];
	struct vs_flow flow;

	vs_flow_begin(&flow, style, "waste", 8);
	flow.first = true;
	if (!sums->wasted) {
		vs_flow_item(&flow, "", "no table is empty or nearly so");
	} else {
		vs_flow_item(&flow, "", "%s:", vs_amount(style, sums->wasted, wasted,
							 sizeof(wasted)));
		vs_flow_item(&flow, " ", "%s empty tables,",
			     vs_number(style, sums->total.empty, empty, sizeof(empty)));
		vs_flow_item(&flow, " ", "%s PTE tables",
			     vs_number(style, sums->total.few, few, sizeof(few)));
		vs_flow_item(&flow, " ", "with 1-%d entries", VS_TABLES_FEW - 1);
	}
	if (sums->total.shared)
		vs_flow_item(&flow, "; ", "hugetlb shares %s",
			     vs_number(style, sums->total.shared, few, sizeof(few)));
	vs_flow_end(&flow);
}

static void flat_line(const struct vs_style *style, const struct vs_tables_sums *sums)
{
	char flat[32], span[32];
	struct vs_flow flow;

	vs_flow_begin(&flow, style, "flat", 8);
	flow.first = true;
	vs_flow_words(&flow, "a single-level table would");
	vs_flow_item(&flow, " ", "take %s", vs_amount(style, sums->flat, flat, sizeof(flat)));
	vs_flow_item(&flow, ", ", "%s for the span in use",
		     vs_amount(style, sums->flat_span, span, sizeof(span)));
	vs_flow_end(&flow);
}

static void context_line(const struct vs_style *style, const struct vs_process *process)
{
	struct vs_flow flow;

	if (process->context_kind == VS_CONTEXT_NONE)
		return;
	vs_flow_begin(&flow, style, "TLB id", 8);
	flow.first = true;
	if (process->context_kind == VS_CONTEXT_ARM64) {
		vs_flow_item(&flow, "", "ASID %" PRIu64, process->context);
	} else {
		vs_flow_item(&flow, "", "context %" PRIu64, process->context);
		vs_flow_words(&flow, "(each CPU lends it a PCID of its own)");
	}
	vs_flow_end(&flow);
}

static int level_cells(const struct vs_style *style)
{
	return style->width >= 62 || !style->terminal ? MAX_CELLS : 6;
}

static void level_row(const struct vs_style *style, struct vs_table *table,
		      const struct vs_tables_sums *sums, enum vs_level level)
{
	const struct vs_table_level *figures = &sums->level[level];
	uint64_t entries = figures->tables * vs_level_entries(sums->model, level);
	char text[MAX_CELLS][32];
	const char *cell[MAX_CELLS];

	if (!figures->tables)
		return;
	cell[0] = vs_level_name(level);
	cell[1] = vs_number(style, figures->tables, text[1], sizeof(text[1]));
	cell[2] = vs_amount(style, figures->tables * sums->table_bytes, text[2], sizeof(text[2]));
	cell[3] = vs_percent(figures->used, entries, text[3], sizeof(text[3]));
	for (size_t i = 0; i < NR_FILLS; i++)
		cell[4 + i] = vs_number(style, tables_filled(figures, fills[i].from, fills[i].to),
					text[4 + i], sizeof(text[4 + i]));
	vs_table_row(table, cell);
}

static void levels(const struct vs_style *style, const struct vs_tables_sums *sums)
{
	struct vs_column head[MAX_CELLS] = {
		{ .name = "LEVEL" }, { .name = "TABLES", .right = true },
		{ .name = "BYTES", .right = true, .width = 5 },
		{ .name = "FULL", .right = true, .width = 5 },
	};
	char count[32], bytes[32];
	const char *cell[MAX_CELLS] = { "kept" };
	struct vs_table *table;

	for (size_t i = 0; i < NR_FILLS; i++)
		head[4 + i] = (struct vs_column){ .name = fills[i].name, .right = true,
						  .width = 5 };
	table = vs_table_new(style, head, level_cells(style));
	if (!table)
		return;
	for (int i = VS_LEVEL_PTE; i < VS_LEVEL_PGD; i++)
		level_row(style, table, sums, i);
	if (sums->total.deposited) {
		cell[1] = vs_number(style, sums->total.deposited, count, sizeof(count));
		cell[2] = vs_amount(style, sums->total.deposited * sums->table_bytes, bytes,
				    sizeof(bytes));
		for (size_t i = 3; i < MAX_CELLS; i++)
			cell[i] = "-";
		vs_table_row(table, cell);
	}
	vs_table_end(table);
}

static void leaf_row(const struct vs_style *style, const struct vs_tables_sums *sums,
		     struct vs_table *table, const char *name, uint64_t leaves, uint64_t packed,
		     uint64_t tables)
{
	char text[4][32];
	const char *cell[] = {
		name, vs_number(style, leaves, text[0], sizeof(text[0])),
		packed == VS_UNKNOWN ? "-" : vs_number(style, packed, text[1], sizeof(text[1])),
		vs_number(style, tables, text[2], sizeof(text[2])),
		vs_amount(style, tables * sums->table_bytes, text[3], sizeof(text[3])),
	};

	vs_table_row(table, cell);
}

static void leaves(const struct vs_style *style, const struct vs_tables_sums *sums)
{
	static const struct vs_column head[] = {
		{ .name = "LEAF" }, { .name = "TLB ENTRIES", .right = true },
		{ .name = "PACKED", .right = true, .width = 9 },
		{ .name = "TABLES", .right = true }, { .name = "BYTES", .right = true, .width = 5 },
	};
	struct vs_table *table = vs_table_new(style, head, sizeof(head) / sizeof(head[0]));
	char size[32];

	if (!table)
		return;
	leaf_row(style, sums, table, "now", sums->tlb_now, VS_UNKNOWN, sums->total.tables);
	for (size_t i = 0; i < sizeof(sums->leaf) / sizeof(sums->leaf[0]); i++) {
		const struct vs_tables_leaf *leaf = &sums->leaf[i];

		if (leaf->size)
			leaf_row(style, sums, table, vs_human(leaf->size, size, sizeof(size)),
				 leaf->leaves, leaf->packed, leaf->tables);
	}
	vs_table_end(table);
}

/* Rows of mappings, so that all of it fits 24 lines. */
#define TOP	4

static int rows_left(const struct vs_tables_sums *sums)
{
	return TOP - differs(sums) - !!sums->level[VS_LEVEL_P4D].tables;
}

void vs_tables_screen(const struct vs_style *style, const struct vs_report *report,
		      const void *state)
{
	const struct vs_tables_sums *sums = state;
	uint32_t index[TOP];
	size_t nr = vs_tables_top(sums, index, rows_left(sums));

	first_line(style, sums);
	kernel_line(style, sums);
	waste_line(style, sums);
	flat_line(style, sums);
	context_line(style, &report->model->process);
	levels(style, sums);
	leaves(style, sums);
	vs_answer_rows(style, &sums->rows, columns, index, nr, &sums->total);
}

/* ------------------------------------------------------------------ JSON */

static json_t *level_json(const struct vs_tables_sums *sums, enum vs_level level)
{
	const struct vs_table_level *figures = &sums->level[level];
	json_t *classes = json_array(), *json = json_object();

	json_object_set_new(json, "level", json_string(vs_level_name(level)));
	json_object_set_new(json, "tables", json_integer(figures->tables));
	json_object_set_new(json, "bytes", vs_json_bytes(figures->tables * sums->table_bytes));
	json_object_set_new(json, "entries_used", json_integer(figures->used));
	json_object_set_new(json, "entries",
		json_integer(figures->tables * vs_level_entries(sums->model, level)));
	json_object_set_new(json, "shared", json_integer(figures->shared));
	for (int i = 0; i < VS_TABLE_BUCKETS; i++)
		if (figures->by_used[i])
			json_array_append_new(classes, json_pack("{s:I, s:I}",
				"entries_from", (json_int_t)class_from(i),
				"tables", (json_int_t)figures->by_used[i]));
	json_object_set_new(json, "by_entries_used", classes);
	return json;
}

static json_t *leaf_json(const struct vs_tables_sums *sums, const struct vs_tables_leaf *leaf)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "size", (json_int_t)leaf->size,
			 "tlb_entries", (json_int_t)leaf->leaves,
			 "tlb_entries_packed", (json_int_t)leaf->packed,
			 "tables", (json_int_t)leaf->tables,
			 "bytes", (json_int_t)(leaf->tables * sums->table_bytes));
}

static json_t *context_json(const struct vs_process *process)
{
	static const char * const name[] = {
		[VS_CONTEXT_X86] = "x86_context", [VS_CONTEXT_ARM64] = "asid",
	};

	if (process->context_kind == VS_CONTEXT_NONE || process->context_kind > VS_CONTEXT_ARM64)
		return json_null();
	return json_pack("{s:s, s:I}", "kind", name[process->context_kind],
			 "id", (json_int_t)process->context);
}

json_t *vs_tables_json(const struct vs_report *report, const void *state)
{
	const struct vs_tables_sums *sums = state;
	json_t *levels = json_array(), *leaves = json_array(), *json = json_object();

	for (int i = VS_LEVEL_PTE; i < VS_LEVEL_PGD; i++)
		if (vs_level_entries(sums->model, i) > 1)
			json_array_append_new(levels, level_json(sums, i));
	for (size_t i = 0; i < sizeof(sums->leaf) / sizeof(sums->leaf[0]); i++)
		if (sums->leaf[i].size)
			json_array_append_new(leaves, leaf_json(sums, &sums->leaf[i]));
	json_object_set_new(json, "total", vs_answer_figures(columns, &sums->total));
	json_object_set_new(json, "root_bytes", vs_json_bytes(sums->root_bytes));
	json_object_set_new(json, "charged_bytes", vs_json_bytes(sums->charged));
	json_object_set_new(json, "kernel_bytes", vs_json_bytes(sums->kernel));
	json_object_set_new(json, "resident_bytes", vs_json_bytes(sums->resident));
	json_object_set_new(json, "wasted_bytes", vs_json_bytes(sums->wasted));
	json_object_set_new(json, "flat_bytes", vs_json_bytes(sums->flat));
	json_object_set_new(json, "flat_span_bytes", vs_json_bytes(sums->flat_span));
	json_object_set_new(json, "mapped_bytes", vs_json_bytes(sums->mapped));
	json_object_set_new(json, "tlb_entries", json_integer(sums->tlb_now));
	json_object_set_new(json, "levels", levels);
	json_object_set_new(json, "leaves", leaves);
	json_object_set_new(json, "context", context_json(&report->model->process));
	json_object_set_new(json, "mappings", vs_answer_mappings(&sums->rows, columns));
	return json;
}
