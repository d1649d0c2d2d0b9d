// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The page-table bills of many processes. It must not know how they are shown.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tables_everyone.h"

int vs_tables_everyone_begin(void *context, const struct vs_model *model)
{
	struct vs_tables_everyone *everyone = context;

	if (everyone->now)	/* the last one was lost half way */
		vs_tables_end(everyone->now);
	everyone->now = vs_tables_begin(model);
	return everyone->now ? 0 : -ENOMEM;
}

int vs_tables_everyone_detail(void *context, const struct vs_model *model,
			      const struct vs_vma *vma, const struct vs_detail *detail)
{
	struct vs_tables_everyone *everyone = context;

	(void)model;
	return vs_tables_detail(everyone->now, vma, detail);
}

static struct vs_tables_process *add_process(struct vs_tables_everyone *everyone)
{
	if (everyone->nr == everyone->max) {
		size_t max = everyone->max ? everyone->max * 2 : 256;
		struct vs_tables_process *more = reallocarray(everyone->process, max,
							      sizeof(*more));

		if (!more)
			return NULL;
		everyone->process = more;
		everyone->max = max;
	}
	return &everyone->process[everyone->nr++];
}

static void add_to_total(struct vs_tables_process *total, const struct vs_tables_process *one)
{
	struct vs_tables_row *to = &total->row;
	const struct vs_tables_row *from = &one->row;

	total->resident += one->resident;
	total->kernel += one->kernel;
	total->wasted += one->wasted;
	to->bytes += from->bytes;
	to->tables += from->tables;
	to->pte += from->pte;
	to->pmd += from->pmd;
	to->pud += from->pud;
	to->p4d += from->p4d;
	to->deposited += from->deposited;
	to->shared += from->shared;
	to->used += from->used;
	to->empty += from->empty;
	to->few += from->few;
}

int vs_tables_everyone_done(void *context, const struct vs_model *model)
{
	struct vs_tables_everyone *everyone = context;
	const struct vs_process *process = &model->process;
	const struct vs_tables_sums *sums = everyone->now;
	struct vs_tables_process *one = add_process(everyone);
	uint64_t entries = vs_level_entries(model, VS_LEVEL_PTE);

	if (!one)
		return -ENOMEM;
	*one = (struct vs_tables_process){
		.pid = process->pid,
		.resident = process->rss_anon + process->rss_file + process->rss_shmem,
		.kernel = process->tables,
		.wasted = (sums->total.empty + sums->total.few) * sums->table_bytes,
		.row = sums->total,
	};
	memcpy(one->comm, process->comm, sizeof(one->comm));
	add_to_total(&everyone->total, one);
	if (everyone->total.row.pte && entries)
		everyone->total.row.full = everyone->total.row.used * 100 /
			(everyone->total.row.pte * entries);
	vs_tables_end(everyone->now);
	everyone->now = NULL;
	return 0;
}

static int by_bytes(const void *one, const void *other)
{
	const struct vs_tables_process *a = one, *b = other;

	if (a->row.bytes != b->row.bytes)
		return a->row.bytes < b->row.bytes ? 1 : -1;
	return (a->pid > b->pid) - (a->pid < b->pid);
}

void vs_tables_everyone_sort(struct vs_tables_everyone *everyone)
{
	if (everyone->nr)
		qsort(everyone->process, everyone->nr, sizeof(*everyone->process), by_bytes);
}

void vs_tables_everyone_free(struct vs_tables_everyone *everyone)
{
	if (everyone->now)
		vs_tables_end(everyone->now);
	free(everyone->process);
	*everyone = (struct vs_tables_everyone){ 0 };
}
