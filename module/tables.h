/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page tables counted: how many there are of each level and how full they are;
 * knows nothing of pages, locks or records.
 */
#ifndef VMS_TABLES_H
#define VMS_TABLES_H

#include <linux/bitops.h>
#include <linux/minmax.h>
#include <linux/types.h>

#include "page.h"

/* Tables by used entries: 0, 1, 2-3, 4-7, ... up to 16384 and more. */
#define TABLES_BUCKETS	16

struct tables_level {
	u64 tables;
	u64 shared;
	u64 used;
	u32 by_used[TABLES_BUCKETS];
};

/**
 * struct tables - the tables of one VMA, or of a part of it
 * @level: of all levels but the root
 * @used: levels that have any, as a mask
 * @deposited: PTE tables that are kept for when a huge page is split; they are
 *	in no level, for nothing points to them
 */
struct tables {
	struct tables_level level[LEVEL_PGD];
	u32 used;
	u64 deposited;
};

static inline bool tables_any(const struct tables *t)
{
	return t->used || t->deposited;
}

void tables_clear(struct tables *t);

/* Start anew. The first time, zero it. */
static inline void tables_begin(struct tables *t)
{
	if (tables_any(t))
		tables_clear(t);
}

#define TABLE_NO_BASE	1

/**
 * struct open_table - a table that was counted, but not yet how full it is, for
 * entries of it may still be met
 * @sums: where it was counted; NULL when no table of the level is open
 * @table: its first entry
 * @base: address that this maps, TABLE_NO_BASE when none is open
 * @used: entries met that are not empty
 */
struct open_table {
	struct tables_level *sums;
	const void *table;
	unsigned long base;
	unsigned int used;
};

/**
 * struct open_tables - those that a walk is in, one of each level
 * @met: used entries that were met in a table before it was told of; a table that
 *	is opened is one of the table above
 */
struct open_tables {
	struct open_table open[LEVEL_PGD];
	unsigned int met[LEVEL_NR];
};

void tables_open_none(struct open_tables *o);

/* What was met is in the table that is open. Return: false when it is not. */
static __always_inline bool tables_go_on(struct open_tables *o,
					 enum table_level level,
					 unsigned long base)
{
	if (o->open[level].base != base)
		return false;
	o->open[level].used += o->met[level];
	o->met[level] = 0;
	return true;
}

static inline void tables_add_used(struct tables_level *sums, unsigned int used)
{
	sums->used += used;
	sums->by_used[min(fls(used), TABLES_BUCKETS - 1)]++;
}

/* All of its entries were met; without an open one, nothing happens. */
static inline void tables_close(struct open_tables *o, enum table_level level)
{
	struct open_table *open = &o->open[level];

	if (!open->sums)
		return;
	tables_add_used(open->sums, open->used);
	open->sums = NULL;
	open->base = TABLE_NO_BASE;
}

static inline struct tables_level *
tables_add_one(struct tables *t, enum table_level level, bool shared)
{
	struct tables_level *sums = &t->level[level];

	t->used |= BIT(level);
	sums->tables++;
	sums->shared += shared;
	return sums;
}

/* What was met in a table; the table itself is met in the one above. */
static inline unsigned int tables_take_met(struct open_tables *o,
					   enum table_level level)
{
	unsigned int used = o->met[level];

	o->met[level] = 0;
	o->met[level + 1]++;
	return used;
}

/* All of a table was met: count it in @t. */
static inline void tables_add(struct open_tables *o, struct tables *t,
			      enum table_level level, bool shared)
{
	tables_add_used(tables_add_one(t, level, shared),
			tables_take_met(o, level));
}

/* Something was met in a table that was counted before. None is open. */
static inline void tables_pass(struct open_tables *o, enum table_level level)
{
	o->met[level] = 0;
}

/* Some of a table was met for the first time: count it in @t. None is open. */
static inline void tables_open(struct open_tables *o, struct tables *t,
			       enum table_level level, const void *table,
			       unsigned long base, bool shared)
{
	o->open[level] = (struct open_table){
		.sums = tables_add_one(t, level, shared),
		.table = table,
		.base = base,
		.used = tables_take_met(o, level),
	};
}

/* Not all were, but they may be read. */
void tables_close_counted(struct open_tables *o, enum table_level level);

/* The levels of @t, which was sent, stand at @sent until all are closed. */
void tables_sent(struct open_tables *o, const struct tables *t,
		 struct tables_level *sent);

#endif /* VMS_TABLES_H */
