// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How lately memory was used, by mapping. It must not know how it is shown.
 */
#include <stdlib.h>

#include "age.h"

void *vs_age_begin(const struct vs_model *model)
{
	struct vs_age *age = calloc(1, sizeof(*age));

	if (!age)
		return NULL;
	age->model = model;
	vs_rows_init(&age->rows, model, sizeof(struct vs_age_row));
	return age;
}

/* The kernel takes the two youngest generations for what is active otherwise. */
static bool is_active(uint64_t attributes)
{
	uint64_t generation = (attributes & VS_ATTR_GEN) >> VS_ATTR_GEN_SHIFT;

	return generation ? generation <= 2 : attributes & VS_ATTR_ACTIVE;
}

static void add_generation(struct vs_age_row *row, uint64_t attributes, uint64_t bytes)
{
	uint64_t generation = (attributes & VS_ATTR_GEN) >> VS_ATTR_GEN_SHIFT;

	if (generation > VS_AGE_GENERATIONS)
		generation = VS_AGE_GENERATIONS;
	if (generation)
		row->generation[generation - 1] += bytes;
}

static void add(struct vs_age_row *row, uint64_t attributes, uint64_t bytes)
{
	row->resident += bytes;
	if (attributes & VS_ATTR_YOUNG)
		row->young += bytes;
	else
		row->idle += bytes;
	if (attributes & (VS_ATTR_DIRTY | VS_ATTR_FOLIO_DIRTY))
		row->dirty += bytes;
	if (attributes & VS_ATTR_REFERENCED)
		row->referenced += bytes;
	/* mlocked folios keep the active bit that they had */
	if (attributes & VS_ATTR_UNEVICTABLE)
		row->unevictable += bytes;
	else if (!(attributes & VS_ATTR_LRU))
		row->no_lru += bytes;
	else if (is_active(attributes))
		row->active += bytes;
	else
		row->inactive += bytes;
	add_generation(row, attributes, bytes);
}

int vs_age_extent(void *state, const struct vs_vma *vma, const struct vs_extent *extent)
{
	struct vs_age *age = state;
	uint64_t bytes = (uint64_t)extent->pages << age->model->kernel.page_shift;
	struct vs_age_row *row;

	if ((extent->attributes & VS_ATTR_STATE) != VS_STATE_PRESENT)
		return 0;
	row = vs_row(&age->rows, vma);
	if (!row)
		return -1;
	add(row, extent->attributes, bytes);
	add(&age->total, extent->attributes, bytes);
	return vs_strip_add(&age->strip, vs_strip_group_of(vma), extent->start, bytes,
			    extent->attributes & VS_ATTR_YOUNG ? bytes : 0);
}

int vs_age_finish(void *state)
{
	(void)state;
	return 0;
}

void vs_age_end(void *state)
{
	struct vs_age *age = state;

	vs_strip_free(&age->strip);
	vs_rows_free(&age->rows);
	free(age);
}

bool vs_age_has_generations(const struct vs_age *age)
{
	for (int i = 0; i < VS_AGE_GENERATIONS; i++)
		if (age->total.generation[i])
			return true;
	return false;
}

static int by_resident(const void *one, const void *other)
{
	const struct vs_age_row *a = one, *b = other;

	return (a->resident < b->resident) - (a->resident > b->resident);
}

size_t vs_age_top(const struct vs_age *age, uint32_t *index, size_t max)
{
	return vs_rows_top(&age->rows, by_resident, index, max);
}
