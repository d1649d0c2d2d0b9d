// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * On which NUMA node memory is. It must not know how it is shown.
 */
#include <stdlib.h>
#include <string.h>

#include "numa.h"

void *vs_numa_begin(const struct vs_model *model)
{
	struct vs_numa *numa = calloc(1, sizeof(*numa));

	if (!numa)
		return NULL;
	numa->model = model;
	vs_rows_init(&numa->rows, model, sizeof(struct vs_numa_row));
	return numa;
}

/* Machines have few nodes: the place of one is searched for. */
static int place_of(struct vs_numa *numa, int node)
{
	int i;

	for (i = 0; i < numa->nr; i++)
		if (numa->node[i] == node)
			return i;
	if (i == VS_NUMA_NODES) {
		numa->crowded = true;
		return i - 1;
	}
	numa->node[numa->nr++] = node;
	return i;
}

int vs_numa_extent(void *state, const struct vs_vma *vma, const struct vs_extent *extent)
{
	struct vs_numa *numa = state;
	uint64_t bytes = (uint64_t)extent->pages << numa->model->kernel.page_shift;
	unsigned int leaf = (extent->attributes & VS_ATTR_LEAF) >> VS_ATTR_LEAF_SHIFT;
	struct vs_numa_row *row;
	int place;

	if ((extent->attributes & VS_ATTR_STATE) != VS_STATE_PRESENT)
		return 0;
	row = vs_row(&numa->rows, vma);
	if (!row)
		return -1;
	place = place_of(numa, (extent->attributes & VS_ATTR_NODE) >> VS_ATTR_NODE_SHIFT);
	row->resident += bytes;
	row->bytes[place][leaf] += bytes;
	numa->total.resident += bytes;
	numa->total.bytes[place][leaf] += bytes;
	return 0;
}

static void swap_places(struct vs_numa_row *row, int a, int b)
{
	uint64_t bytes[VS_LEAF_NR];

	memcpy(bytes, row->bytes[a], sizeof(bytes));
	memcpy(row->bytes[a], row->bytes[b], sizeof(bytes));
	memcpy(row->bytes[b], bytes, sizeof(bytes));
}

/* Nodes in ascending order, in whatever order they were met. */
int vs_numa_finish(void *state)
{
	struct vs_numa *numa = state;
	int last = numa->crowded ? numa->nr - 1 : numa->nr;

	for (int i = 0; i < last; i++) {
		int least = i, node;

		for (int n = i + 1; n < last; n++)
			if (numa->node[n] < numa->node[least])
				least = n;
		if (least == i)
			continue;
		node = numa->node[i];
		numa->node[i] = numa->node[least];
		numa->node[least] = node;
		swap_places(&numa->total, i, least);
		for (size_t r = 0; r < numa->rows.nr; r++)
			swap_places((struct vs_numa_row *)vs_row_at(&numa->rows, r), i, least);
	}
	return 0;
}

void vs_numa_end(void *state)
{
	struct vs_numa *numa = state;

	vs_rows_free(&numa->rows);
	free(numa);
}

uint64_t vs_numa_on_node(const struct vs_numa_row *row, int place)
{
	uint64_t bytes = 0;

	for (int leaf = 0; leaf < VS_LEAF_NR; leaf++)
		bytes += row->bytes[place][leaf];
	return bytes;
}

static int by_resident(const void *one, const void *other)
{
	const struct vs_numa_row *a = one, *b = other;

	return (a->resident < b->resident) - (a->resident > b->resident);
}

size_t vs_numa_top(const struct vs_numa *numa, uint32_t *index, size_t max)
{
	return vs_rows_top(&numa->rows, by_resident, index, max);
}
