// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The first screen: what a process holds, what its address space is, and where
 * most of it is. It must not collect anything.
 */
#include <string.h>

#include "bar.h"
#include "faults.h"
#include "screens.h"
#include "table.h"
#include "tiles.h"

#define SCREEN_LINES	24
#define MAX_TOP		64

/* Reasons why tiles are empty, numbered as they are met. */
struct notes {
	const char *reason[8];
	int nr;
};

static int note(struct notes *notes, const char *reason)
{
	if (!reason)
		return 0;
	for (int i = 0; i < notes->nr; i++)
		if (!strcmp(notes->reason[i], reason))
			return i + 1;
	notes->reason[notes->nr] = reason;
	return ++notes->nr;
}

static int show_tiles(const struct vs_style *style, const struct vs_report *report,
		      const struct vs_totals *totals, struct notes *notes)
{
	static const struct {
		const char *name;
		enum vs_figure figure;
	} shown[] = {
		{ "RSS", VS_FIG_RSS }, { "PSS", VS_FIG_PSS }, { "USS", VS_FIG_USS },
		{ "SWAP", VS_FIG_SWAP }, { "HUGE", VS_FIG_HUGE },
	};
	const struct vs_model *model = report->model;
	struct vs_tile tile[6];
	int n;

	for (n = 0; n < 5; n++) {
		const char *source, *reason;

		vs_figure_origin(model, shown[n].figure, &source, &reason);
		tile[n].name = shown[n].name;
		tile[n].bytes = vs_total_or_counter(model, totals, shown[n].figure);
		if (tile[n].bytes != VS_UNKNOWN)
			reason = shown[n].figure == VS_FIG_SWAP && !model->have_vmas ?
				"without shared memory, as the kernel's own counter tells it" : NULL;
		tile[n].note = note(notes, reason);
	}
	tile[n].name = "PT";
	tile[n].bytes = model->process.tables;
	tile[n].note = tile[n].bytes == VS_UNKNOWN ?
		note(notes, "this kernel does not tell its page tables") : 0;
	return vs_tiles(style, tile, 6);
}

static int show_size(const struct vs_style *style, const struct vs_report *report,
		     const struct vs_totals *totals)
{
	struct vs_state_part part[VS_STATE_NR + 3];
	struct vs_flow flow;
	char text[32];
	int nr;

	if (totals->figure[VS_FIG_SIZE] == VS_UNKNOWN)
		return 0;
	nr = vs_parts_of_size(report->model, totals, part);
	vs_flow_begin(&flow, style, "size", 6);
	vs_flow_item(&flow, "", "%s =",
		     vs_amount(style, totals->figure[VS_FIG_SIZE], text, sizeof(text)));
	for (int i = 0; i < nr; i++)
		vs_flow_item(&flow, i ? " + " : " ", "%s %s", part[i].label,
			     vs_amount(style, part[i].bytes, text, sizeof(text)));
	return vs_flow_end(&flow);
}

/* Columns of the list at the bottom, by the width of the screen. */
static const struct {
	int field;
	int least_width;
} top_column[] = {
	{ VS_FIELD_FIGURE + VS_FIG_PSS, 0 },
	{ VS_FIELD_FIGURE + VS_FIG_RSS, 0 },
	{ VS_FIELD_FIGURE + VS_FIG_USS, 60 },
	{ VS_FIELD_FIGURE + VS_FIG_SWAP, 50 },
	{ VS_FIELD_FIGURE + VS_FIG_HUGE, 70 },
	{ VS_FIELD_FIGURE + VS_FIG_REFERENCED, 130 },
	{ VS_FIELD_FIGURE + VS_FIG_PRIVATE_DIRTY, 130 },
	{ VS_FIELD_FIGURE + VS_FIG_SHARED_DIRTY, 160 },
	{ VS_FIELD_FIGURE + VS_FIG_LAZYFREE, 160 },
	{ VS_FIELD_FIGURE + VS_FIG_SIZE, 50 },
	{ VS_FIELD_PERM, 70 },
	{ VS_FIELD_START, 70 },
	{ VS_FIELD_NAME, 0 },
};

#define NR_TOP_COLUMNS	(sizeof(top_column) / sizeof(top_column[0]))

static void top_cell(const struct vs_style *style, const struct vs_model *model,
		     const struct vs_vma *vma, int field, char *text, size_t size)
{
	char amount[32];

	if (field == VS_FIELD_START)
		snprintf(text, size, "%012lx", (unsigned long)vma->start);
	else if (vs_field_is_text(field))
		vs_field_text(model, vma, field, text, size);
	else
		snprintf(text, size, "%s", vs_amount(style, vs_field_number(model, vma, field),
						     amount, sizeof(amount)));
}

static void top_rows(const struct vs_style *style, const struct vs_model *model,
		     const uint32_t *index, size_t nr)
{
	static const char * const name[VS_FIELD_NR] = {
		[VS_FIELD_PERM] = "PERM", [VS_FIELD_START] = "START", [VS_FIELD_NAME] = "MAPPING",
		[VS_FIELD_FIGURE + VS_FIG_PSS] = "PSS", [VS_FIELD_FIGURE + VS_FIG_RSS] = "RSS",
		[VS_FIELD_FIGURE + VS_FIG_USS] = "USS", [VS_FIELD_FIGURE + VS_FIG_SWAP] = "SWAP",
		[VS_FIELD_FIGURE + VS_FIG_HUGE] = "HUGE", [VS_FIELD_FIGURE + VS_FIG_SIZE] = "SIZE",
		[VS_FIELD_FIGURE + VS_FIG_REFERENCED] = "REFD",
		[VS_FIELD_FIGURE + VS_FIG_PRIVATE_DIRTY] = "PRIV_DIRTY",
		[VS_FIELD_FIGURE + VS_FIG_SHARED_DIRTY] = "SHARED_DIRTY",
		[VS_FIELD_FIGURE + VS_FIG_LAZYFREE] = "LAZYFREE",
	};
	struct vs_column column[NR_TOP_COLUMNS];
	int field[NR_TOP_COLUMNS], columns = 0;
	struct vs_style cut = *style;
	struct vs_table *table;

	cut.terminal = true;
	cut.headings = true;
	for (size_t i = 0; i < NR_TOP_COLUMNS; i++) {
		if (style->width < top_column[i].least_width)
			continue;
		field[columns] = top_column[i].field;
		column[columns] = (struct vs_column){
			.name = name[top_column[i].field],
			.right = top_column[i].field >= VS_FIELD_FIGURE,
			.width = top_column[i].field == VS_FIELD_START ? 12 :
				top_column[i].field < VS_FIELD_FIGURE ? 4 : style->bytes ? 12 : 5,
			.fills = top_column[i].field == VS_FIELD_NAME,
		};
		columns++;
	}
	table = vs_table_new(&cut, column, columns);
	if (!table)
		return;
	for (size_t n = 0; n < nr; n++) {
		static char text[NR_TOP_COLUMNS][4200];
		const char *cell[NR_TOP_COLUMNS];

		for (int i = 0; i < columns; i++) {
			top_cell(style, model, &model->vma[index[n]], field[i], text[i],
				 sizeof(text[i]));
			cell[i] = text[i];
		}
		if (vs_table_row(table, cell))
			break;
	}
	vs_table_end(table);
}

/* Which figure the list can be ordered by. */
static enum vs_figure top_figure(const struct vs_model *model)
{
	if (!vs_figure_missing(model, VS_FIG_PSS))
		return VS_FIG_PSS;
	return VS_FIG_SIZE;
}

static void show_top(const struct vs_style *style, const struct vs_report *report,
		     const struct vs_totals *totals, int lines)
{
	const struct vs_model *model = report->model;
	enum vs_figure by = top_figure(model);
	uint64_t rest = totals->figure[by];
	uint32_t index[MAX_TOP];
	char text[32];
	size_t nr;

	/* The heading and the line of the rest are among them. */
	if (lines < 5)
		lines = 5;
	nr = vs_top(model, by, index, lines - 2 < MAX_TOP ? lines - 2 : MAX_TOP);
	if (!nr)
		return;
	top_rows(style, model, index, nr);
	for (size_t i = 0; i < nr; i++)
		rest -= vs_figure(model, &model->vma[index[i]], by);
	if (model->nr_vmas <= nr)
		return;
	fprintf(style->out, "%*s in %zu more mappings", style->bytes ? 12 : 5,
		vs_amount(style, rest, text, sizeof(text)), model->nr_vmas - nr);
	if (style->width >= 60 && !report->file)
		fprintf(style->out, ": vmscope maps %d", model->process.pid);
	fputc('\n', style->out);
}

static int show_notes(const struct vs_style *style, const struct notes *notes)
{
	int lines = 0;

	for (int i = 0; i < notes->nr; i++) {
		struct vs_flow flow;
		char label[16];

		snprintf(label, sizeof(label), "[%d]", i + 1);
		vs_flow_begin(&flow, style, label, 6);
		vs_flow_words(&flow, notes->reason[i]);
		lines += vs_flow_end(&flow);
	}
	return lines;
}

static int show_faults(const struct vs_style *style, const struct vs_show_faults *faults)
{
	struct vs_flow flow;

	if (!faults)
		return 0;
	if (faults->answer)
		return vs_faults_line(style, faults->answer);
	vs_flow_begin(&flow, style, "faults", 8);
	vs_flow_item(&flow, "", "not watched:");
	vs_flow_words(&flow, faults->missing);
	return vs_flow_end(&flow);
}

/* Narrow screens have no line to spare. */
static int gap(const struct vs_style *style)
{
	if (style->width < 60)
		return 0;
	fputc('\n', style->out);
	return 1;
}

void vs_show_screen(const struct vs_style *style, const struct vs_report *report,
		    const struct vs_show_faults *faults)
{
	struct vs_part part[VS_PARTS_MAX];
	struct vs_totals totals;
	struct notes notes = { 0 };
	int lines, nr;

	vs_totals(report->model, &totals);
	nr = vs_parts_held(report->model, &totals, part);
	lines = vs_report_title(style, report);
	lines += vs_report_cost(style, report, &totals);
	lines += gap(style);
	vs_bar(style, part, nr);
	lines += 1 + vs_bar_legend(style, part, nr);
	lines += gap(style);
	lines += show_tiles(style, report, &totals, &notes);
	lines += show_size(style, report, &totals);
	lines += show_faults(style, faults);
	lines += show_notes(style, &notes);
	if (!report->model->have_vmas)
		return;
	lines += gap(style);
	/* One line stays for the prompt. */
	show_top(style, report, &totals, SCREEN_LINES - 1 - lines);
}

static json_t *totals_json(const struct vs_report *report, const struct vs_totals *totals)
{
	json_t *json = json_object();

	for (int i = 0; i < VS_FIG_NR; i++)
		json_object_set_new(json, vs_figure_info(i)->name,
			vs_json_bytes(vs_total_or_counter(report->model, totals, i)));
	json_object_set_new(json, "pt", vs_json_bytes(report->model->process.tables));
	return json;
}

static json_t *orders_json(const struct vs_model *model, const struct vs_totals *totals)
{
	json_t *json = json_object();
	char order[16];

	if (model->origin == VS_ORIGIN_PROC) {
		json_decref(json);
		return json_null();
	}
	for (int i = 0; i < 32; i++) {
		if (!totals->order[i])
			continue;
		snprintf(order, sizeof(order), "%d", i);
		json_object_set_new(json, order, json_integer(totals->order[i]));
	}
	return json;
}

static json_t *held_json(const struct vs_model *model, const struct vs_totals *totals)
{
	struct vs_part part[VS_PARTS_MAX];
	int nr = vs_parts_held(model, totals, part);
	json_t *json = json_array();

	for (int i = 0; i < nr; i++)
		json_array_append_new(json, json_pack("{s:s, s:I}", "part", part[i].label,
						      "bytes", (json_int_t)part[i].bytes));
	return json;
}

static json_t *faults_json(const struct vs_show_faults *faults)
{
	json_t *json = json_object();

	if (faults->answer)
		vs_faults_sums_json(json, faults->answer);
	json_object_set_new(json, "missing", vs_json_text(faults->missing));
	return json;
}

int vs_show_json(FILE *out, const struct vs_report *report,
		 const struct vs_show_faults *faults)
{
	const struct vs_model *model = report->model;
	uint32_t index[MAX_TOP];
	struct vs_totals totals;
	struct vs_json json;
	size_t nr;

	vs_totals(model, &totals);
	vs_json_begin(&json, out);
	vs_report_head(&json, report);
	vs_report_cost_json(&json, report, &totals);
	vs_report_figures(&json, report);
	if (faults)
		vs_json_member(&json, "faults", faults_json(faults));
	vs_json_member(&json, "totals", totals_json(report, &totals));
	vs_json_member(&json, "held", held_json(model, &totals));
	vs_json_member(&json, "folio_orders", orders_json(model, &totals));
	vs_json_member(&json, "folio_orders_reason", model->origin == VS_ORIGIN_PROC ?
		json_string("smaps does not tell it: load the module") : json_null());
	vs_json_member(&json, "mappings", json_integer(model->nr_vmas));
	vs_json_array(&json, "top");
	nr = vs_top(model, top_figure(model), index, 10);
	for (size_t i = 0; i < nr; i++)
		vs_json_element(&json, vs_mapping_json(model, &model->vma[index[i]], NULL));
	vs_json_array_end(&json);
	return vs_json_end(&json);
}
