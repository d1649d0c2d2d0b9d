// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the processes of a group have in common, for people and as JSON. It
 * must not collect anything.
 */
#include <inttypes.h>
#include <string.h>

#include "members.h"
#include "share.h"
#include "table.h"

/* Rows of the first screen, and columns of the widest. */
#define ROWS		12
#define COLUMNS		(ROWS + 8)

static void summary(const struct vs_style *style, const struct vs_matrix *matrix)
{
	char once[32], common[32], rss[32], pss[32], swap[32], tables[32];
	struct vs_flow flow;

	vs_flow_begin(&flow, style, "share ", 6);
	vs_flow_item(&flow, "", "%s in memory,", vs_amount(style, matrix->once, once,
								  sizeof(once)));
	vs_flow_item(&flow, " ", "each page counted once");
	vs_flow_item(&flow, "; ", "%s mapped by several of them",
		     vs_amount(style, matrix->common, common, sizeof(common)));
	vs_flow_item(&flow, "; ", "their RSS adds up to %s",
		     vs_amount(style, matrix->resident, rss, sizeof(rss)));
	vs_flow_item(&flow, ", ", "their PSS to %s",
		     vs_amount(style, matrix->pss, pss, sizeof(pss)));
	vs_flow_item(&flow, "; ", "swap %s", vs_amount(style, matrix->swap, swap, sizeof(swap)));
	vs_flow_item(&flow, ", ", "page tables %s",
		     vs_amount(style, matrix->tables, tables, sizeof(tables)));
	vs_flow_end(&flow);
}

static uint32_t choose(const struct vs_style *style, const struct vs_matrix *matrix)
{
	uint32_t most = ROWS;

	if (style->terminal && style->width < 38 + 6 * ROWS)
		most = style->width < 50 ? 1 : (style->width - 38) / 6;
	return matrix->nr < most ? matrix->nr : most;
}

static void put_row(const struct vs_style *style, const struct vs_matrix *matrix,
		    struct vs_table *table, uint32_t i, uint32_t columns)
{
	const struct vs_matrix_row *row = &matrix->row[i];
	const struct vs_member *member = &matrix->members->member[row->member];
	char text[COLUMNS][40];
	const char *cell[COLUMNS];
	uint32_t n = 0;

	snprintf(text[0], sizeof(text[0]), "%u", i + 1);
	snprintf(text[1], sizeof(text[1]), "%d", member->pid);
	vs_amount(style, row->resident, text[2], sizeof(text[2]));
	vs_amount(style, row->alone, text[3], sizeof(text[3]));
	for (; n < 4; n++)
		cell[n] = text[n];
	for (uint32_t j = 0; j < columns; j++, n++) {
		uint64_t bytes = vs_matrix_pair(matrix, i, j);

		cell[n] = i == j ? "=" : !bytes ? "-" :
			vs_amount(style, bytes, text[n], sizeof(text[n]));
	}
	cell[n] = member->comm;
	vs_table_row(table, cell);
}

static void rows(const struct vs_style *style, const struct vs_matrix *matrix)
{
	uint32_t columns = choose(style, matrix), shown = matrix->nr < ROWS ? matrix->nr : ROWS;
	struct vs_column head[COLUMNS] = {
		{ .name = "#", .right = true, .width = 2 },
		{ .name = "PID", .right = true, .width = 7 },
		{ .name = "RES", .right = true, .width = 5 },
		{ .name = "ALONE", .right = true, .width = 5 },
	};
	char name[ROWS][16];
	struct vs_table *table;

	for (uint32_t i = 0; i < columns; i++) {
		snprintf(name[i], sizeof(name[i]), "#%u", i + 1);
		head[i + 4] = (struct vs_column){ .name = name[i], .right = true, .width = 5 };
	}
	head[columns + 4] = (struct vs_column){ .name = "NAME", .fills = true };
	table = shown ? vs_table_new(style, head, columns + 5) : NULL;
	if (!table)
		return;
	for (uint32_t i = 0; i < shown; i++)
		put_row(style, matrix, table, i, columns);
	vs_table_end(table);
	if (shown < matrix->nr)
		fprintf(style->out, "%u more processes: --json has all of them\n",
			matrix->nr - shown);
}

void vs_matrix_screen(const struct vs_style *style, const struct vs_report *report,
		      const struct vs_matrix *matrix)
{
	vs_members_begin(style, report, matrix->members, false);
	fputc('\n', style->out);
	summary(style, matrix);
	fputc('\n', style->out);
	rows(style, matrix);
}

static json_t *row_json(const struct vs_matrix *matrix, uint32_t i)
{
	const struct vs_matrix_row *row = &matrix->row[i];
	const struct vs_member *member = &matrix->members->member[row->member];
	json_t *with = json_array();

	for (uint32_t j = 0; j < matrix->nr; j++) {
		uint64_t bytes = i == j ? 0 : vs_matrix_pair(matrix, i, j);

		if (bytes)
			json_array_append_new(with, json_pack("{s:i, s:I}", "pid",
				matrix->members->member[matrix->row[j].member].pid,
				"bytes", (json_int_t)bytes));
	}
	return json_pack("{s:i, s:o, s:I, s:o, s:I, s:I, s:I, s:o, s:o, s:o}",
		"pid", member->pid, "comm", vs_json_text(member->comm),
		"resident", (json_int_t)row->resident, "pss", vs_json_bytes(member->pss),
		"mapped_once", (json_int_t)row->alone, "distinct", (json_int_t)row->distinct,
		"common", (json_int_t)row->common, "swap", vs_json_bytes(member->swap),
		"page_tables", vs_json_bytes(member->tables), "with", with);
}

void vs_matrix_json(const struct vs_report *report, const struct vs_matrix *matrix)
{
	struct vs_json json;

	vs_members_begin_json(&json, report, matrix->members, false,
			      vs_frames_memory(&matrix->map));
	vs_json_member(&json, "group", json_pack("{s:o, s:I, s:I, s:I, s:o, s:I, s:I}",
		"where", matrix->members->where ? vs_json_text(matrix->members->where) :
		json_null(),
		"counted_once", (json_int_t)matrix->once, "common", (json_int_t)matrix->common,
		"resident", (json_int_t)matrix->resident, "pss", vs_json_bytes(matrix->pss),
		"swap", (json_int_t)matrix->swap, "page_tables", (json_int_t)matrix->tables));
	vs_json_array(&json, "matrix");
	for (uint32_t i = 0; i < matrix->nr; i++)
		vs_json_element(&json, row_json(matrix, i));
	vs_json_array_end(&json);
	vs_json_end(&json);
}
