// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the answers to questions have in common. It must not know any question.
 */
#include <inttypes.h>
#include <string.h>

#include "../analyze/select.h"
#include "answers.h"
#include "table.h"

#define MAX_COLUMNS	16
#define NAME		4200

static uint64_t figure(const struct vs_answer_column *column, const void *row)
{
	uint64_t value;

	memcpy(&value, (const char *)row + column->offset, sizeof(value));
	return value;
}

static const char *cell(const struct vs_style *style, const struct vs_answer_column *column,
			const void *row, char *text, size_t size)
{
	uint64_t value = figure(column, row);

	if (column->unit == VS_UNIT_WORD)
		return column->word(value, false);
	if (value == VS_UNKNOWN)
		return "-";
	if (column->unit == VS_UNIT_NUMBER && !style->raw)
		return vs_count(value, text, size);
	if (column->unit == VS_UNIT_BYTES)
		return vs_amount(style, value, text, size);
	snprintf(text, size, "%" PRIu64, value);
	return text;
}

static int width(const struct vs_answer_column *column)
{
	int least = column->unit == VS_UNIT_WORD ? 11 : 5, name = strlen(column->name);

	return name > least ? name : least;
}

/*
 * Columns for people, as many as leave the name half of the line, or a little.
 * Those that narrow screens have as well get their room first.
 */
static int choose(const struct vs_style *style, const struct vs_answer_column *column,
		  const struct vs_answer_column **chosen)
{
	bool all = style->bytes || !style->terminal, full = false;
	int most = all ? MAX_COLUMNS : style->width / 10;
	int left = style->width - 12 - 9;	/* less START and the least of NAME */
	int nr = 0;

	for (const struct vs_answer_column *c = column; c->key; c++)
		if (c->narrow)
			left -= 1 + width(c);
	for (; column->key && nr < most && nr < MAX_COLUMNS; column++) {
		if (!column->name)
			continue;
		if (!column->narrow) {
			left -= 1 + width(column);
			full |= left < 0 && !all;
		}
		if (!full || column->narrow)
			chosen[nr++] = column;
	}
	return nr;
}

static uint64_t left_of(const struct vs_rows *rows, const struct vs_answer_column *column,
			const uint32_t *index, size_t nr, const void *total)
{
	uint64_t left = figure(column, total);

	for (size_t i = 0; i < nr; i++)
		left -= figure(column, vs_row_at(rows, index[i]));
	return left;
}

/* What is not in the table, by the first of the figures of which something is left. */
static void rest(const struct vs_style *style, const struct vs_rows *rows,
		 const struct vs_answer_column **chosen, int columns, const uint32_t *index,
		 size_t nr, const void *total)
{
	const struct vs_answer_column *column = NULL;
	struct vs_flow flow;
	uint64_t left = 0;
	char text[32];

	for (int i = 0; i < columns && !left; i++) {
		column = chosen[i];
		if (column->unit != VS_UNIT_WORD && figure(column, total) != VS_UNKNOWN)
			left = left_of(rows, column, index, nr, total);
	}
	if (!left || style->raw)
		return;
	vs_flow_begin(&flow, style, "", 0);
	vs_flow_item(&flow, "", "%s of %s in other mappings:",
		     cell(style, &(struct vs_answer_column){ .unit = column->unit }, &left, text,
			  sizeof(text)), column->name);
	vs_flow_words(&flow, "--json has all of them");
	vs_flow_end(&flow);
}

void vs_answer_rows(const struct vs_style *style, const struct vs_rows *rows,
		    const struct vs_answer_column *column, const uint32_t *index, size_t nr,
		    const void *total)
{
	const struct vs_answer_column *chosen[MAX_COLUMNS];
	struct vs_column head[MAX_COLUMNS + 2] = { 0 };
	int columns = choose(style, column, chosen);
	static char name[NAME];
	struct vs_table *table;

	head[0] = (struct vs_column){ .name = "START", .width = style->raw ? 0 : 12 };
	for (int i = 0; i < columns; i++)
		head[i + 1] = (struct vs_column){ .name = chosen[i]->name,
						  .right = chosen[i]->unit != VS_UNIT_WORD,
						  .width = style->raw ? 0 : width(chosen[i]) };
	head[columns + 1] = (struct vs_column){ .name = "NAME", .fills = true };
	table = nr ? vs_table_new(style, head, columns + 2) : NULL;
	if (!table)
		return;
	for (size_t n = 0; n < nr; n++) {
		const struct vs_vma *vma = &rows->model->vma[index[n]];
		char text[MAX_COLUMNS + 1][40];
		const char *cells[MAX_COLUMNS + 2];

		snprintf(text[0], sizeof(text[0]), "%012" PRIx64, vma->start);
		cells[0] = text[0];
		for (int i = 0; i < columns; i++)
			cells[i + 1] = cell(style, chosen[i], vs_row_at(rows, index[n]),
					    text[i + 1], sizeof(text[i + 1]));
		vs_field_text(rows->model, vma, VS_FIELD_NAME, name, sizeof(name));
		cells[columns + 1] = name;
		if (vs_table_row(table, cells))
			break;
	}
	vs_table_end(table);
	rest(style, rows, chosen, columns, index, nr, total);
}

static void put_figures(json_t *json, const struct vs_answer_column *column, const void *row)
{
	for (; column->key; column++)
		json_object_set_new(json, column->key, column->unit == VS_UNIT_WORD ?
				    vs_json_text(column->word(figure(column, row), true)) :
				    vs_json_bytes(figure(column, row)));
}

json_t *vs_answer_figures(const struct vs_answer_column *column, const void *row)
{
	json_t *json = json_object();

	put_figures(json, column, row);
	return json;
}

static bool has_figures(const struct vs_answer_column *column, const void *row)
{
	for (; column->key; column++)
		if (figure(column, row))
			return true;
	return false;
}

json_t *vs_answer_mapping(const struct vs_model *model, const struct vs_vma *vma)
{
	json_t *json = json_object();
	char name[NAME];

	vs_field_text(model, vma, VS_FIELD_NAME, name, sizeof(name));
	json_object_set_new(json, "start", vs_json_hex(vma->start));
	json_object_set_new(json, "end", vs_json_hex(vma->end));
	json_object_set_new(json, "name", vma->name_kind == VS_NAME_NONE ? json_null() :
			    vs_json_text(name));
	return json;
}

json_t *vs_answer_row(const struct vs_rows *rows, size_t index,
		      const struct vs_answer_column *column)
{
	const void *row = vs_row_at(rows, index);
	json_t *json;

	if (!row || !has_figures(column, row))
		return NULL;
	json = vs_answer_mapping(rows->model, &rows->model->vma[index]);
	put_figures(json, column, row);
	return json;
}

json_t *vs_answer_mappings(const struct vs_rows *rows, const struct vs_answer_column *column)
{
	json_t *list = json_array();

	for (size_t i = 0; i < rows->model->nr_vmas; i++) {
		json_t *json = vs_answer_row(rows, i, column);

		if (json)
			json_array_append_new(list, json);
	}
	return list;
}
