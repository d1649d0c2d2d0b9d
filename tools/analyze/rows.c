// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A record of an analysis for each mapping. It must not know what is in it.
 */
#include <stdlib.h>
#include <string.h>

#include "rows.h"
#include "top.h"

void vs_rows_init(struct vs_rows *rows, const struct vs_model *model, size_t size)
{
	*rows = (struct vs_rows){ .model = model, .size = size };
}

void vs_rows_free(struct vs_rows *rows)
{
	free(rows->data);
	rows->data = NULL;
	rows->nr = 0;
}

void *vs_row(struct vs_rows *rows, const struct vs_vma *vma)
{
	size_t index = vma - rows->model->vma;

	if (index >= rows->nr) {
		size_t nr = rows->nr * 2 > index + 1 ? rows->nr * 2 : index + 16;
		char *data = reallocarray(rows->data, nr, rows->size);

		if (!data)
			return NULL;
		memset(data + rows->nr * rows->size, 0, (nr - rows->nr) * rows->size);
		rows->data = data;
		rows->nr = nr;
	}
	return rows->data + index * rows->size;
}

const void *vs_row_at(const struct vs_rows *rows, size_t index)
{
	return index < rows->nr ? rows->data + index * rows->size : NULL;
}

static bool is_zero(const char *data, size_t size)
{
	while (size--)
		if (*data++)
			return false;
	return true;
}

size_t vs_rows_used(const struct vs_rows *rows)
{
	size_t used = 0;

	for (size_t i = 0; i < rows->nr; i++)
		used += !is_zero(rows->data + i * rows->size, rows->size);
	return used;
}

size_t vs_rows_top(const struct vs_rows *rows, int (*order)(const void *, const void *),
		   uint32_t *index, size_t max)
{
	size_t nr = 0;

	for (size_t i = 0; i < rows->nr && i < rows->model->nr_vmas; i++) {
		const char *row = rows->data + i * rows->size;
		size_t at;

		if (is_zero(row, rows->size))
			continue;
		/* an insertion: max is small, or the rows are wanted as they come */
		for (at = nr; at && order && order(row, vs_row_at(rows, index[at - 1])) < 0; at--)
			;
		nr = vs_top_insert(index, nr, max, at, i);
	}
	return nr;
}
