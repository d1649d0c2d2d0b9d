// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Drawing used and idle memory as strips. It must not know what used means.
 */
#include "json.h"
#include "strip.h"

#define LABEL		14
#define MOST_CELLS	400

/* How much of a cell is used, so that it can be told without any colour. */
static char glyph(const struct vs_strip_run *cell)
{
	if (!cell->used)
		return '.';
	if (cell->used == cell->resident)
		return '#';
	return cell->used * 2 < cell->resident ? '-' : '+';
}

static uint64_t bytes_of_a_cell(const struct vs_strip *strip, int columns)
{
	uint64_t most = 0, each = 4096;

	for (int i = 0; i < VS_STRIP_GROUPS; i++)
		if (strip->part[i].resident > most)
			most = strip->part[i].resident;
	/* a round number, which can be said */
	while (each * columns < most)
		each *= 2;
	return each;
}

static void line(const struct vs_style *style, const struct vs_strip *strip, int group,
		 uint64_t each, int columns)
{
	const struct vs_strip_part *part = &strip->part[group];
	struct vs_strip_run cell[MOST_CELLS];
	size_t nr = vs_strip_cells(part, each, cell, columns);
	char amount[32];

	if (!nr)
		return;
	fprintf(style->out, "%-7s %5s ", vs_strip_name(group),
		vs_human(part->resident, amount, sizeof(amount)));
	for (size_t i = 0; i < nr; i++)
		fputc(glyph(&cell[i]), style->out);
	fputc('\n', style->out);
}

/* The explanation takes two lines of eighty columns, and four of forty. */
int vs_strip_height(const struct vs_style *style, const struct vs_strip *strip)
{
	int lines = vs_is_narrow(style) ? 4 : 2;

	for (int i = 0; i < VS_STRIP_GROUPS; i++)
		lines += strip->part[i].nr > 0;
	return lines;
}

void vs_strip_screen(const struct vs_style *style, const struct vs_strip *strip,
		     const char *used)
{
	int columns = style->width - LABEL < MOST_CELLS ? style->width - LABEL : MOST_CELLS;
	uint64_t each = bytes_of_a_cell(strip, columns);
	struct vs_flow flow;
	char amount[32];

	vs_flow_begin(&flow, style, "strip", 6);
	vs_flow_words(&flow, "in address order, gaps cut out; a sign is");
	vs_flow_item(&flow, " ", "%s:", vs_human(each, amount, sizeof(amount)));
	vs_flow_item(&flow, " ", "# all %s", used);
	vs_flow_item(&flow, ", ", "+ half or more");
	vs_flow_item(&flow, ", ", "- less");
	vs_flow_item(&flow, ", ", ". none");
	vs_flow_end(&flow);
	for (int i = 0; i < VS_STRIP_GROUPS; i++)
		line(style, strip, i, each, columns);
}

json_t *vs_strip_json(const struct vs_strip *strip, const char *used)
{
	json_t *list = json_array();

	for (int i = 0; i < VS_STRIP_GROUPS; i++) {
		const struct vs_strip_part *part = &strip->part[i];

		for (size_t n = 0; n < part->nr; n++) {
			const struct vs_strip_run *run = &part->run[n];
			json_t *json = json_object();

			json_object_set_new(json, "group", json_string(vs_strip_name(i)));
			json_object_set_new(json, "start", vs_json_hex(run->start));
			json_object_set_new(json, "end", vs_json_hex(run->end));
			json_object_set_new(json, "resident", vs_json_bytes(run->resident));
			json_object_set_new(json, used, vs_json_bytes(run->used));
			json_array_append_new(list, json);
		}
	}
	return list;
}
