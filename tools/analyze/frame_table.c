// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a frame's number to another number. It must not know what that stands for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "frame_table.h"

/* Frame numbers end here; what is beyond is no frame of memory. */
#define MAX_TOP		(1u << 22)

#define LEAF_SHIFT	VS_FRAME_LEAF_SHIFT
#define LEAF		VS_FRAME_LEAF
#define TOP_SHIFT	VS_FRAME_TOP_SHIFT
#define SLOTS		VS_FRAME_SLOTS

static uint32_t *leaf_of(uint64_t slot)
{
	return (uint32_t *)(uintptr_t)slot;
}

void vs_frame_table_free(struct vs_frame_table *table)
{
	for (size_t i = 0; i < table->nr_top; i++) {
		for (unsigned int n = 0; table->top[i] && n < SLOTS; n++)
			if (!(table->top[i][n] & 1))
				free(leaf_of(table->top[i][n]));
		free(table->top[i]);
	}
	free(table->top);
	*table = (struct vs_frame_table){ 0 };
}

size_t vs_frame_table_memory(const struct vs_frame_table *table)
{
	return table->bytes + table->nr_top * sizeof(*table->top);
}

uint64_t vs_frames_unknown(const struct vs_frame_table *table, uint64_t frame, uint64_t max)
{
	uint64_t n = 0;

	while (n < max) {
		uint64_t at = frame + n, top = at >> TOP_SHIFT, slot;

		if (top >= table->nr_top || !table->top[top]) {
			n += (1u << TOP_SHIFT) - (at & ((1u << TOP_SHIFT) - 1));
			continue;
		}
		slot = table->top[top][at >> LEAF_SHIFT & (SLOTS - 1)];
		if (slot & 1 || (slot && leaf_of(slot)[at & (LEAF - 1)]))
			return n;
		n += slot ? 1 : LEAF - (at & (LEAF - 1));
	}
	return max;
}

static uint64_t *slot_of(struct vs_frame_table *table, uint64_t frame)
{
	uint64_t top = frame >> TOP_SHIFT;

	if (top >= table->nr_top) {
		size_t nr = top + 16;
		uint64_t **bigger = top < MAX_TOP ?
			reallocarray(table->top, nr, sizeof(*bigger)) : NULL;

		if (!bigger)
			return NULL;
		memset(bigger + table->nr_top, 0, (nr - table->nr_top) * sizeof(*bigger));
		table->top = bigger;
		table->nr_top = nr;
	}
	if (!table->top[top]) {
		table->top[top] = calloc(SLOTS, sizeof(uint64_t));
		if (!table->top[top])
			return NULL;
		table->bytes += SLOTS * sizeof(uint64_t);
	}
	return &table->top[top][frame >> LEAF_SHIFT & (SLOTS - 1)];
}

/* The entries of the 64 frames around one, each by itself. */
static uint32_t *leaf_at(struct vs_frame_table *table, uint64_t frame)
{
	uint64_t *slot = slot_of(table, frame);
	uint32_t *leaf, all;

	if (!slot)
		return NULL;
	if (*slot && !(*slot & 1))
		return leaf_of(*slot);
	all = *slot >> 1;
	leaf = malloc(LEAF * sizeof(*leaf));
	if (!leaf)
		return NULL;
	for (unsigned int i = 0; i < LEAF; i++)
		leaf[i] = all;
	table->bytes += LEAF * sizeof(*leaf);
	*slot = (uintptr_t)leaf;
	return leaf;
}

int vs_frames_label(struct vs_frame_table *table, uint64_t frame, uint64_t nr, uint32_t id)
{
	while (nr) {
		uint64_t *slot = slot_of(table, frame);
		unsigned int first = frame & (LEAF - 1);
		unsigned int some = LEAF - first < nr ? LEAF - first : nr;
		uint32_t *leaf;

		if (!slot)
			return -ENOMEM;
		if (some == LEAF) {
			if (*slot && !(*slot & 1)) {
				free(leaf_of(*slot));
				table->bytes -= LEAF * sizeof(*leaf);
			}
			*slot = (uint64_t)id << 1 | 1;
		} else {
			leaf = leaf_at(table, frame);
			if (!leaf)
				return -ENOMEM;
			for (unsigned int i = 0; i < some; i++)
				leaf[first + i] = id;
		}
		frame += some;
		nr -= some;
	}
	return 0;
}

uint32_t *vs_frame_new_entry(struct vs_frame_table *table, uint64_t frame)
{
	uint32_t *leaf = leaf_at(table, frame);

	return leaf ? &leaf[frame & (LEAF - 1)] : NULL;
}
