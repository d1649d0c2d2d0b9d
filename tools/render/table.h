/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables of any length in little memory: rows are printed in batches whose
 * columns all have the same widths. It must not know what the cells mean.
 */
#ifndef VMSCOPE_TABLE_H
#define VMSCOPE_TABLE_H

#include "text.h"

#define VS_TABLE_COLUMNS	96

struct vs_column {
	const char *name;
	int width;		/* least width, set before the first row */
	bool right;
	bool fills;		/* gets what the others leave; its text is cut at the front */
	bool wraps;		/* and it does, but its text goes on in further rows */
	int from, below;	/* only on terminals so wide, or not so wide; 0: on all */
};

struct vs_table;

struct vs_table *vs_table_new(const struct vs_style *style, const struct vs_column *column,
			      int nr);
/* A cell for each column, shown or not; the texts are copied. 0 or -ENOMEM. */
int vs_table_row(struct vs_table *table, const char * const *cell);
/* Prints what is left and frees, also what vs_table_new() failed to make; 0 or -ENOMEM. */
int vs_table_end(struct vs_table *table);

#endif
