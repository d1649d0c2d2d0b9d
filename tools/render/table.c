// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tables by libsmartcols, in batches. It must not know what the cells mean.
 */
#include <errno.h>
#include <libsmartcols.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

#define BATCH	256

struct vs_table {
	const struct vs_style *style;
	struct libscols_table *smart;
	struct vs_column column[VS_TABLE_COLUMNS];
	int cell[VS_TABLE_COLUMNS];	/* of the row, where a column's text is */
	int nr;
	int rows;
	bool started;
};

static void choose_columns(struct vs_table *table, const struct vs_column *column, int nr)
{
	int width = table->style->terminal ? table->style->width : INT_MAX;

	for (int i = 0; i < nr; i++) {
		if (width < column[i].from || (column[i].below && width >= column[i].below))
			continue;
		table->cell[table->nr] = i;
		table->column[table->nr++] = column[i];
	}
}

/* The column that fills the line gets what the others leave of it. */
static void fit_columns(struct vs_table *table)
{
	int used = 0, fills = -1, name;

	for (int i = 0; i < table->nr; i++) {
		name = table->style->headings ? strlen(table->column[i].name) : 0;
		if (table->column[i].width < name)
			table->column[i].width = name;
		if (table->column[i].fills && fills < 0)
			fills = i;
		else
			used += table->column[i].width;
	}
	if (fills < 0 || !table->style->terminal || table->style->raw)
		return;
	used += table->nr - 1;
	table->column[fills].width = table->style->width - used;
	if (table->column[fills].width < 8)
		table->column[fills].width = 8;
}

static int add_columns(struct vs_table *table)
{
	for (int i = 0; i < table->nr; i++)
		if (!scols_table_new_column(table->smart, table->column[i].name, 0,
					    table->column[i].right ? SCOLS_FL_RIGHT : 0))
			return -ENOMEM;
	return 0;
}

struct vs_table *vs_table_new(const struct vs_style *style, const struct vs_column *column,
			      int nr)
{
	struct vs_table *table = calloc(1, sizeof(*table));

	if (!table || nr > VS_TABLE_COLUMNS) {
		free(table);
		return NULL;
	}
	table->style = style;
	choose_columns(table, column, nr);
	fit_columns(table);
	table->smart = scols_new_table();
	if (!table->smart || add_columns(table)) {
		scols_unref_table(table->smart);
		free(table);
		return NULL;
	}
	/* The widths are decided here, the same for all batches. */
	scols_table_set_termforce(table->smart, SCOLS_TERMFORCE_NEVER);
	scols_table_set_stream(table->smart, style->out);
	scols_table_enable_raw(table->smart, style->raw);
	/* The cells are clean already; raw output needs its blanks encoded. */
	scols_table_enable_noencoding(table->smart, !style->raw);
	scols_table_enable_noheadings(table->smart, !style->headings);
	return table;
}

static void print_batch(struct vs_table *table)
{
	scols_print_table(table->smart);
	scols_table_remove_lines(table->smart);
	scols_table_enable_noheadings(table->smart, 1);
	table->rows = 0;
	table->started = true;
}

/*
 * The library gives each batch the widths that its own cells need, whatever
 * is asked for: so the cells come with the width of their column.
 */
static void pad(const struct vs_table *table, int i, char *text, size_t size)
{
	const struct vs_column *column = &table->column[i];
	int gap = column->width - vs_columns(text);
	size_t length = strlen(text);

	if (gap <= 0 || length + gap >= size || (i + 1 == table->nr && !column->right))
		return;
	if (column->right) {
		memmove(text + gap, text, length + 1);
		memset(text, ' ', gap);
	} else {
		memset(text + length, ' ', gap);
		text[length + gap] = 0;
	}
}

static int add_row(struct vs_table *table, const char * const *cell)
{
	struct libscols_line *line;
	char cut[4200];

	if (table->rows == BATCH)
		print_batch(table);
	line = scols_table_new_line(table->smart, NULL);
	if (!line)
		return -ENOMEM;
	for (int i = 0; i < table->nr; i++) {
		const char *text = cell[table->cell[i]];

		if (!table->style->raw) {
			text = table->column[i].fills && table->style->terminal ?
				vs_tail(text, table->column[i].width, cut, sizeof(cut)) :
				vs_clean(text, cut, sizeof(cut));
			pad(table, i, cut, sizeof(cut));
		}
		vs_need_locale(text);
		if (scols_line_set_data(line, i, text))
			return -ENOMEM;
	}
	table->rows++;
	return 0;
}

/* The column whose text goes on in further rows, where lines have an end; or -1. */
static int find_wrapping(const struct vs_table *table)
{
	for (int i = 0; i < table->nr; i++)
		if (table->column[i].wraps && table->style->terminal && !table->style->raw)
			return i;
	return -1;
}

/* As much of a text as fits, up to a blank; all of it where it has none. */
static size_t fitting(const char *text, size_t columns)
{
	size_t length = strlen(text), blank = 0;

	if (length <= columns)
		return length;
	for (size_t i = 0; i <= columns; i++)
		if (text[i] == ' ')
			blank = i;
	return blank ? blank : length;
}

int vs_table_row(struct vs_table *table, const char * const *cell)
{
	int wraps = find_wrapping(table), err;
	const char *further[VS_TABLE_COLUMNS];
	const char *text;
	char part[256];

	if (wraps < 0)
		return add_row(table, cell);
	text = cell[table->cell[wraps]];
	memcpy(further, cell, (table->cell[table->nr - 1] + 1) * sizeof(*cell));
	do {
		size_t length = fitting(text, table->column[wraps].width);

		snprintf(part, sizeof(part), "%.*s", (int)length, text);
		further[table->cell[wraps]] = part;
		err = add_row(table, further);
		for (int i = 0; i < table->nr; i++)
			further[table->cell[i]] = "";
		text += length + (text[length] == ' ');
	} while (!err && *text);
	return err;
}

static void print_heading(struct vs_table *table)
{
	if (!table->style->headings)
		return;
	for (int i = 0; i < table->nr; i++) {
		const struct vs_column *column = &table->column[i];
		int width = table->style->raw || (i + 1 == table->nr && !column->right) ?
			0 : column->width;

		fprintf(table->style->out, "%s%*s", i ? " " : "",
			column->right ? width : -width, column->name);
	}
	fputc('\n', table->style->out);
}

int vs_table_end(struct vs_table *table)
{
	if (!table)
		return 0;
	if (table->rows)
		print_batch(table);
	else if (!table->started)
		print_heading(table);
	scols_unref_table(table->smart);
	free(table);
	return 0;
}
