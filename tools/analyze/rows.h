/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A record of an analysis for each mapping. It must not know what is in it.
 */
#ifndef VMSCOPE_ROWS_H
#define VMSCOPE_ROWS_H

#include "../lib/model.h"

struct vs_rows {
	const struct vs_model *model;
	size_t size;			/* of one record */
	size_t nr;
	char *data;
};

void vs_rows_init(struct vs_rows *rows, const struct vs_model *model, size_t size);
void vs_rows_free(struct vs_rows *rows);

/* The mapping's record, zeroed when it is new; NULL without memory. */
void *vs_row(struct vs_rows *rows, const struct vs_vma *vma);

/* The record of the mapping with this index, NULL when it was never asked for. */
const void *vs_row_at(const struct vs_rows *rows, size_t index);

/*
 * The mappings whose records come first in an order (as qsort's), those that
 * the order puts level by address. Returns how many of max; only mappings with
 * a record that is not all zero are in it.
 */
size_t vs_rows_top(const struct vs_rows *rows, int (*order)(const void *, const void *),
		   uint32_t *index, size_t max);

/* How many there are of these. */
size_t vs_rows_used(const struct vs_rows *rows);

#endif
