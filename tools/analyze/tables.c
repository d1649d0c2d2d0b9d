// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The page-table bill, summed up. It must not know how it is shown.
 */
#include <stdlib.h>

#include "figures.h"
#include "tables.h"

/* A page table is a page, on every machine that the module knows. */
static uint64_t page_bytes(const struct vs_model *model)
{
	return 1ull << model->kernel.page_shift;
}

uint64_t vs_level_entries(const struct vs_model *model, enum vs_level level)
{
	return model->kernel.level[level].entries;
}

void *vs_tables_begin(const struct vs_model *model)
{
	struct vs_tables_sums *sums = calloc(1, sizeof(*sums));

	if (!sums)
		return NULL;
	sums->model = model;
	sums->table_bytes = page_bytes(model);
	vs_rows_init(&sums->rows, model, sizeof(struct vs_tables_row));
	return sums;
}

static uint64_t fewer_than(const struct vs_table_level *level, uint64_t used)
{
	uint64_t tables = 0;

	/* class n begins at 1 << (n - 1) */
	for (int i = 1; i < VS_TABLE_BUCKETS && 1ull << (i - 1) < used; i++)
		tables += level->by_used[i];
	return tables;
}

static void add_level(struct vs_table_level *to, const struct vs_table_level *from)
{
	to->tables += from->tables;
	to->shared += from->shared;
	to->used += from->used;
	for (int i = 0; i < VS_TABLE_BUCKETS; i++)
		to->by_used[i] += from->by_used[i];
}

static void add(const struct vs_tables_sums *sums, struct vs_tables_row *row,
		const struct vs_tables *tables)
{
	uint64_t entries = vs_level_entries(sums->model, VS_LEVEL_PTE);

	row->pte += tables->level[VS_LEVEL_PTE].tables;
	row->pmd += tables->level[VS_LEVEL_PMD].tables;
	row->pud += tables->level[VS_LEVEL_PUD].tables;
	row->p4d += tables->level[VS_LEVEL_P4D].tables;
	row->deposited += tables->deposited;
	row->tables = row->pte + row->pmd + row->pud + row->p4d + row->deposited;
	row->bytes = row->tables * sums->table_bytes;
	row->shared += tables->level[VS_LEVEL_PMD].shared;
	row->used += tables->level[VS_LEVEL_PTE].used;
	row->full = row->pte && entries ? row->used * 100 / (row->pte * entries) : 0;
	/* tables of the levels above have few entries wherever memory is small */
	row->few += fewer_than(&tables->level[VS_LEVEL_PTE], VS_TABLES_FEW);
	for (int i = 0; i < VS_LEVEL_PGD; i++)
		row->empty += tables->level[i].by_used[0];
}

int vs_tables_detail(void *state, const struct vs_vma *vma, const struct vs_detail *detail)
{
	const struct vs_tables *tables = (const void *)detail->word;
	struct vs_tables_sums *sums = state;
	struct vs_tables_row *row;

	if (detail->kind != VS_DETAIL_TABLES)
		return 0;
	row = vs_row(&sums->rows, vma);
	if (!row)
		return -1;
	add(sums, row, tables);
	add(sums, &sums->total, tables);
	for (int i = 0; i < VS_LEVEL_PGD; i++)
		add_level(&sums->level[i], &tables->level[i]);
	return 0;
}

/* Entries of a level in use that are leaves; those of a table below are none. */
static uint64_t leaves_of(const struct vs_tables_sums *sums, enum vs_level level)
{
	uint64_t used = sums->level[level].used, below = sums->level[level - 1].tables;

	return used > below ? used - below : 0;
}

static uint64_t tables_with_entries(const struct vs_tables_sums *sums, enum vs_level level)
{
	return sums->level[level].tables - sums->level[level].by_used[0];
}

static uint64_t pieces(uint64_t bytes, uint64_t size)
{
	return (bytes + size - 1) / size;
}

/*
 * With leaves one level up, each table of this level that holds something gives
 * way to one leaf, and a huge leaf that is there already stays or is part of a
 * larger one.
 */
static void weigh_leaves(struct vs_tables_sums *sums)
{
	const struct vs_kernel *kernel = &sums->model->kernel;
	struct vs_tables_leaf *leaf = sums->leaf;
	const struct vs_tables_row *total = &sums->total;
	uint64_t upper = total->pud + total->p4d;
	/* a huge leaf split into those of one level below is a table of them */
	uint64_t puds = leaves_of(sums, VS_LEVEL_PUD);
	uint64_t pmds = leaves_of(sums, VS_LEVEL_PMD) + puds * kernel->level[VS_LEVEL_PMD].entries;

	for (int i = VS_LEVEL_PTE; i <= VS_LEVEL_PUD; i++) {
		if (!kernel->level[i].leaf || (i && kernel->level[i].entries <= 1))
			continue;
		leaf[i].size = 1ull << kernel->level[i].shift;
		leaf[i].packed = pieces(sums->mapped, leaf[i].size);
	}
	leaf[VS_LEVEL_PTE].leaves = leaf[VS_LEVEL_PTE].packed;
	leaf[VS_LEVEL_PTE].tables = total->pte + pmds + total->pmd + puds + upper;
	leaf[VS_LEVEL_PMD].leaves = tables_with_entries(sums, VS_LEVEL_PTE) + pmds;
	leaf[VS_LEVEL_PMD].tables = total->pmd + puds + upper;
	leaf[VS_LEVEL_PUD].leaves = tables_with_entries(sums, VS_LEVEL_PMD) + puds;
	leaf[VS_LEVEL_PUD].tables = upper;
}

/* What entries map, and how many of the TLB's would reach all of it. */
static void weigh_tlb(struct vs_tables_sums *sums, const struct vs_totals *totals)
{
	const struct vs_kernel *kernel = &sums->model->kernel;
	const uint64_t size[VS_LEAF_NR] = {
		[VS_LEAF_PTE] = 1ull << kernel->page_shift,
		/* arm64 with pages of 4 KiB: sixteen; the others have none */
		[VS_LEAF_CONT] = 16ull << kernel->page_shift,
		[VS_LEAF_PMD] = 1ull << kernel->level[VS_LEVEL_PMD].shift,
		[VS_LEAF_PUD] = 1ull << kernel->level[VS_LEVEL_PUD].shift,
	};

	for (int i = 0; i < VS_LEAF_NR; i++) {
		uint64_t bytes = totals->figure[VS_FIG_LEAF + i];

		if (bytes == VS_UNKNOWN)
			continue;
		sums->mapped += bytes;
		sums->tlb_now += pieces(bytes, size[i]);
	}
}

static void weigh_flat(struct vs_tables_sums *sums)
{
	const struct vs_model *model = sums->model;
	/* an entry is as large as those of a table's page allow */
	uint64_t entries = vs_level_entries(model, VS_LEVEL_PTE);
	uint64_t entry = entries ? sums->table_bytes / entries : 8;
	uint64_t span = 0;

	if (model->nr_vmas)
		span = model->vma[model->nr_vmas - 1].end - model->vma[0].start;
	sums->flat = (model->kernel.task_size >> model->kernel.page_shift) * entry;
	sums->flat_span = (span >> model->kernel.page_shift) * entry;
}

int vs_tables_finish(void *state)
{
	struct vs_tables_sums *sums = state;
	const struct vs_tables_row *total = &sums->total;
	struct vs_totals totals;

	vs_totals(sums->model, &totals);
	sums->resident = totals.figure[VS_FIG_RSS];
	sums->kernel = sums->model->process.tables;
	sums->charged = (total->tables - total->p4d) * sums->table_bytes;
	sums->root_bytes = sums->table_bytes;
	sums->wasted = (total->empty + total->few) * sums->table_bytes;
	weigh_tlb(sums, &totals);
	weigh_leaves(sums);
	weigh_flat(sums);
	return 0;
}

void vs_tables_end(void *state)
{
	struct vs_tables_sums *sums = state;

	vs_rows_free(&sums->rows);
	free(sums);
}

static int by_bytes(const void *one, const void *other)
{
	const struct vs_tables_row *a = one, *b = other;

	return (a->bytes < b->bytes) - (a->bytes > b->bytes);
}

size_t vs_tables_top(const struct vs_tables_sums *sums, uint32_t *index, size_t max)
{
	return vs_rows_top(&sums->rows, by_bytes, index, max);
}
