/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Extents as a table or as JSON, one by one as they come. It must not collect
 * anything.
 */
#ifndef VMSCOPE_PAGES_H
#define VMSCOPE_PAGES_H

#include "report.h"
#include "table.h"

#define VS_PAGES_COLUMNS	16

struct vs_pages {
	const struct vs_style *style;
	const struct vs_report *report;
	uint64_t key;
	bool as_json;
	struct vs_json json;
	struct vs_table *table;
	int column[VS_PAGES_COLUMNS];
	int nr;
	uint64_t runs;
	uint64_t bytes;
	bool failed;			/* the reading ended early: what is missing is not known */
	char *frames;			/* text of the longest list so far */
	size_t frames_size;
	char complaint[160];
};

/* The columns that there are, for people. */
void vs_pages_columns(FILE *out);

/* columns as in -o, NULL: those of the key. -1 with the complaint set. */
int vs_pages_begin(struct vs_pages *pages, const struct vs_style *style,
		   const struct vs_report *report, uint64_t key, const char *columns,
		   bool as_json);

/* For vs_request.extent; the context is the struct vs_pages. */
int vs_pages_extent(void *context, const struct vs_model *model, const struct vs_vma *vma,
		    const struct vs_extent *extent);

void vs_pages_end(struct vs_pages *pages);

#endif
