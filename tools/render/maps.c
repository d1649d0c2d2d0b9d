// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The list of mappings, as a table and as JSON. It must not collect anything.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "screens.h"
#include "table.h"

#define CELL	4200

/* Whether a field is shown in bytes or human units, or as it is. */
static void field_cell(const struct vs_style *style, const struct vs_model *model,
		       const struct vs_vma *vma, int field, char *text, size_t size)
{
	char amount[32];
	uint64_t number;

	if (vs_field_is_text(field)) {
		vs_field_text(model, vma, field, text, size);
		return;
	}
	number = vs_field_number(model, vma, field);
	switch (field) {
	case VS_FIELD_START:
	case VS_FIELD_END:
		snprintf(text, size, "%012" PRIx64, number);
		break;
	case VS_FIELD_OFFSET:
		snprintf(text, size, "%" PRIx64, number);
		break;
	case VS_FIELD_INODE:
	case VS_FIELD_PKEY:
		snprintf(text, size, "%" PRIu64, number);
		break;
	default:
		snprintf(text, size, "%s", vs_amount(style, number, amount, sizeof(amount)));
	}
}

/* Numbers never take more than the largest one, human units five columns. */
static int field_width(const struct vs_style *style, const struct vs_model *model, int field,
		       const uint32_t *index, size_t nr)
{
	char text[CELL];
	int width = 0;

	if (field >= VS_FIELD_FIGURE && !style->bytes)
		return 5;
	for (size_t i = 0; i < nr; i++) {
		int columns;

		field_cell(style, model, &model->vma[index[i]], field, text, sizeof(text));
		columns = vs_columns(text);
		if (columns > width)
			width = columns;
	}
	return width;
}

static const char *upper(const char *name, char *text, size_t size)
{
	size_t i;

	for (i = 0; name[i] && i + 1 < size; i++)
		text[i] = toupper((unsigned char)name[i]);
	text[i] = 0;
	return text;
}

static void footnotes(const struct vs_style *style, const struct vs_report *report,
		      const struct vs_fields *fields)
{
	const char *said = NULL;

	for (int i = 0; i < fields->nr; i++) {
		char name[32];
		const char *reason;
		struct vs_flow flow;

		if (fields->field[i] < VS_FIELD_FIGURE)
			continue;
		reason = vs_figure_missing(report->model, fields->field[i] - VS_FIELD_FIGURE);
		if (!reason || (said && !strcmp(said, reason)))
			continue;
		said = reason;
		vs_flow_begin(&flow, style, "", 0);
		vs_flow_item(&flow, "", "%s is '-':",
			     upper(vs_field_name(fields->field[i]), name, sizeof(name)));
		vs_flow_words(&flow, reason);
		vs_flow_end(&flow);
	}
}

static struct vs_table *make_table(const struct vs_style *style, const struct vs_report *report,
				   const struct vs_fields *fields, const uint32_t *index, size_t nr)
{
	struct vs_column column[VS_FIELD_NR] = { 0 };
	char name[VS_FIELD_NR][32];

	for (int i = 0; i < fields->nr; i++) {
		int field = fields->field[i];

		column[i].name = upper(vs_field_name(field), name[i], sizeof(name[i]));
		column[i].right = !vs_field_is_text(field) && field != VS_FIELD_START &&
			field != VS_FIELD_END;
		column[i].fills = field == VS_FIELD_NAME && i + 1 == fields->nr;
		if (!style->raw && !column[i].fills)
			column[i].width = field_width(style, report->model, field, index, nr);
	}
	return vs_table_new(style, column, fields->nr);
}

static int table_rows(const struct vs_style *style, const struct vs_report *report,
		      const struct vs_fields *fields, const uint32_t *index, size_t nr,
		      struct vs_table *table)
{
	char *text = malloc((size_t)fields->nr * CELL);
	const char *cell[VS_FIELD_NR];
	int err = text ? 0 : -ENOMEM;

	for (size_t n = 0; !err && n < nr; n++) {
		for (int i = 0; i < fields->nr; i++) {
			field_cell(style, report->model, &report->model->vma[index[n]],
				   fields->field[i], text + i * CELL, CELL);
			cell[i] = text + i * CELL;
		}
		err = vs_table_row(table, cell);
	}
	free(text);
	return err;
}

int vs_maps_screen(const struct vs_style *style, const struct vs_report *report,
		   const struct vs_fields *fields, const uint32_t *index, size_t nr)
{
	struct vs_table *table = make_table(style, report, fields, index, nr);
	int err;

	if (!table)
		return -ENOMEM;
	err = table_rows(style, report, fields, index, nr, table);
	vs_table_end(table);
	if (!style->raw && style->headings)
		footnotes(style, report, fields);
	return err;
}

static json_t *field_json(const struct vs_model *model, const struct vs_vma *vma, int field)
{
	char text[CELL];

	switch (field) {
	case VS_FIELD_START:
		return vs_json_hex(vma->start);
	case VS_FIELD_END:
		return vs_json_hex(vma->end);
	case VS_FIELD_MARKS:
		return vs_marks_json(vma->marks);
	case VS_FIELD_NAME:
		if (vma->name_kind == VS_NAME_NONE)
			return json_null();
		break;
	case VS_FIELD_POLICY:
		if (vma->policy == 0xff)
			return json_null();
		break;
	}
	if (!vs_field_is_text(field))
		return vs_json_bytes(vs_field_number(model, vma, field));
	vs_field_text(model, vma, field, text, sizeof(text));
	return vs_json_text(text);
}

json_t *vs_mapping_json(const struct vs_model *model, const struct vs_vma *vma,
			const struct vs_fields *fields)
{
	json_t *json = json_object();
	int nr = fields ? fields->nr : VS_FIELD_NR;

	for (int i = 0; i < nr; i++) {
		int field = fields ? fields->field[i] : i;

		json_object_set_new(json, vs_field_name(field), field_json(model, vma, field));
	}
	return json;
}

int vs_maps_json(FILE *out, const struct vs_report *report, const struct vs_fields *fields,
		 const uint32_t *index, size_t nr)
{
	struct vs_json json;

	vs_report_begin_json(&json, out, report);
	vs_report_figures(&json, report);
	vs_json_array(&json, "maps");
	for (size_t i = 0; i < nr; i++)
		vs_json_element(&json,
			vs_mapping_json(report->model, &report->model->vma[index[i]], fields));
	vs_json_array_end(&json);
	return vs_json_end(&json);
}
