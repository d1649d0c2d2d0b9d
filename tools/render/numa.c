// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * On which NUMA node memory is, for people and as JSON. It must not collect
 * anything.
 */
#include <inttypes.h>

#include "../analyze/numa.h"
#include "../analyze/select.h"
#include "answers.h"
#include "table.h"

#define NAME	4200

static const char *node_name(const struct vs_numa *numa, int place, char *text, size_t size)
{
	if (numa->crowded && place == VS_NUMA_NODES - 1)
		snprintf(text, size, "OTHER");
	else
		snprintf(text, size, "N%d", numa->node[place]);
	return text;
}

/* The process as a whole: nodes as rows, leaf sizes as columns. */
static void matrix(const struct vs_style *style, const struct vs_numa *numa)
{
	struct vs_column head[VS_LEAF_NR + 2] = { { .name = "NODE", .width = 5 } };
	struct vs_table *table;
	char name[VS_LEAF_NR][16];

	for (int leaf = 0; leaf < VS_LEAF_NR; leaf++) {
		snprintf(name[leaf], sizeof(name[leaf]), "%s", vs_leaf_name(leaf));
		head[leaf + 1] = (struct vs_column){ .name = name[leaf], .width = 5, .right = true };
	}
	head[VS_LEAF_NR + 1] = (struct vs_column){ .name = "SUM", .width = 5, .right = true };
	table = vs_table_new(style, head, VS_LEAF_NR + 2);
	if (!table)
		return;
	for (int place = 0; place < numa->nr; place++) {
		char text[VS_LEAF_NR + 2][32];
		const char *cell[VS_LEAF_NR + 2];

		cell[0] = node_name(numa, place, text[0], sizeof(text[0]));
		for (int leaf = 0; leaf < VS_LEAF_NR; leaf++)
			cell[leaf + 1] = vs_amount(style, numa->total.bytes[place][leaf],
						   text[leaf + 1], sizeof(text[0]));
		cell[VS_LEAF_NR + 1] = vs_amount(style, vs_numa_on_node(&numa->total, place),
						 text[VS_LEAF_NR + 1], sizeof(text[0]));
		if (vs_table_row(table, cell))
			break;
	}
	vs_table_end(table);
}

static void mappings(const struct vs_style *style, const struct vs_numa *numa)
{
	struct vs_column head[VS_NUMA_NODES + 3] = { { .name = "START", .width = 12 } };
	uint32_t index[VS_ANSWER_ROWS];
	size_t nr = vs_numa_top(numa, index, VS_ANSWER_ROWS);
	int most = style->bytes || !style->terminal ? VS_NUMA_NODES : (style->width - 36) / 6;
	int nodes = numa->nr < most ? numa->nr : most < 1 ? 1 : most;
	char name[VS_NUMA_NODES][16];
	struct vs_table *table;

	for (int place = 0; place < nodes; place++)
		head[place + 1] = (struct vs_column){
			.name = node_name(numa, place, name[place], sizeof(name[place])),
			.width = 5, .right = true };
	head[nodes + 1] = (struct vs_column){ .name = "POLICY" };
	head[nodes + 2] = (struct vs_column){ .name = "NAME", .fills = true };
	table = nr ? vs_table_new(style, head, nodes + 3) : NULL;
	if (!table)
		return;
	for (size_t n = 0; n < nr; n++) {
		const struct vs_vma *vma = &numa->model->vma[index[n]];
		static char text[VS_NUMA_NODES + 3][NAME];
		const char *cell[VS_NUMA_NODES + 3];

		snprintf(text[0], NAME, "%012" PRIx64, vma->start);
		for (int place = 0; place < nodes; place++)
			vs_amount(style, vs_numa_on_node(vs_row_at(&numa->rows, index[n]), place),
				  text[place + 1], NAME);
		vs_field_text(numa->model, vma, VS_FIELD_POLICY, text[nodes + 1], NAME);
		vs_field_text(numa->model, vma, VS_FIELD_NAME, text[nodes + 2], NAME);
		for (int i = 0; i < nodes + 3; i++)
			cell[i] = text[i];
		if (vs_table_row(table, cell))
			break;
	}
	vs_table_end(table);
}

void vs_numa_screen(const struct vs_style *style, const struct vs_report *report,
		    const void *state)
{
	const struct vs_numa *numa = state;
	char resident[32];

	(void)report;
	fprintf(style->out, "numa  %s resident on %d node%s, by the size of the entries that map it\n",
		vs_amount(style, numa->total.resident, resident, sizeof(resident)), numa->nr,
		numa->nr == 1 ? "" : "s");
	matrix(style, numa);
	fputc('\n', style->out);
	mappings(style, numa);
}

static json_t *nodes_json(const struct vs_numa *numa, const struct vs_numa_row *row)
{
	json_t *list = json_array();

	for (int place = 0; place < numa->nr; place++) {
		json_t *json;

		if (!vs_numa_on_node(row, place))
			continue;
		json = json_object();
		json_object_set_new(json, "node", numa->crowded && place == VS_NUMA_NODES - 1 ?
				    json_null() : json_integer(numa->node[place]));
		for (int leaf = 0; leaf < VS_LEAF_NR; leaf++)
			json_object_set_new(json, vs_leaf_name(leaf),
					    vs_json_bytes(row->bytes[place][leaf]));
		json_array_append_new(list, json);
	}
	return list;
}

json_t *vs_numa_json(const struct vs_report *report, const void *state)
{
	const struct vs_numa *numa = state;
	json_t *json = json_object(), *list = json_array();

	(void)report;
	for (size_t i = 0; i < numa->model->nr_vmas; i++) {
		const struct vs_numa_row *row = vs_row_at(&numa->rows, i);
		json_t *mapping;

		if (!row || !row->resident)
			continue;
		mapping = vs_answer_mapping(numa->model, &numa->model->vma[i]);
		json_object_set_new(mapping, "resident", vs_json_bytes(row->resident));
		json_object_set_new(mapping, "nodes", nodes_json(numa, row));
		json_array_append_new(list, mapping);
	}
	json_object_set_new(json, "resident", vs_json_bytes(numa->total.resident));
	json_object_set_new(json, "nodes", nodes_json(numa, &numa->total));
	json_object_set_new(json, "mappings", list);
	return json;
}
