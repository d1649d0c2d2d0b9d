/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page-table bills of many processes, the largest first. It must not know
 * who they are nor how they are shown.
 */
#ifndef VMSCOPE_TABLES_EVERYONE_H
#define VMSCOPE_TABLES_EVERYONE_H

#include "tables.h"

struct vs_tables_process {
	int32_t pid;
	char comm[64];
	uint64_t resident;		/* as the kernel counts */
	uint64_t kernel;		/* bytes of tables, likewise */
	uint64_t wasted;
	struct vs_tables_row row;
};

struct vs_tables_everyone {
	struct vs_tables_process *process;
	size_t nr, max;
	struct vs_tables_process total;	/* no pid, no name */
	void *now;			/* the bill of the one at hand */
};

/* For one process after the other; 0, or not 0 without memory. */
int vs_tables_everyone_begin(void *context, const struct vs_model *model);
int vs_tables_everyone_detail(void *context, const struct vs_model *model,
			      const struct vs_vma *vma, const struct vs_detail *detail);
int vs_tables_everyone_done(void *context, const struct vs_model *model);

/* When all were looked at: puts them in order. */
void vs_tables_everyone_sort(struct vs_tables_everyone *everyone);
void vs_tables_everyone_free(struct vs_tables_everyone *everyone);

#endif
