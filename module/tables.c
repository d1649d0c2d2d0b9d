// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables counted, by level and by how full they are.
 */
#include <linux/bitops.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "entry.h"
#include "tables.h"

void tables_begin(struct tables *t)
{
	u32 used;

	for (used = t->used; used; used &= used - 1)
		memset(&t->level[__ffs(used)], 0, sizeof(t->level[0]));
	t->used = 0;
	t->deposited = 0;
}

void tables_open_none(struct open_tables *o)
{
	enum table_level level;

	memset(o, 0, sizeof(*o));
	for (level = 0; level < LEVEL_PGD; level++)
		o->open[level].base = TABLE_NO_BASE;
}

static void add_used(struct tables_level *sums, unsigned int used)
{
	sums->used += used;
	sums->by_used[min(fls(used), TABLES_BUCKETS - 1)]++;
}

void tables_close(struct open_tables *o, enum table_level level)
{
	struct open_table *open = &o->open[level];

	if (!open->sums)
		return;
	add_used(open->sums, open->used);
	open->sums = NULL;
	open->base = TABLE_NO_BASE;
}

void tables_pass(struct open_tables *o, enum table_level level)
{
	tables_close(o, level);
	o->met[level] = 0;
}

static struct tables_level *add_table(struct tables *t, enum table_level level,
				      bool shared)
{
	struct tables_level *sums = &t->level[level];

	t->used |= BIT(level);
	sums->tables++;
	sums->shared += shared;
	return sums;
}

/* What was met in a table; the table itself is met in the one above. */
static unsigned int take_met(struct open_tables *o, enum table_level level)
{
	unsigned int used = o->met[level];

	o->met[level] = 0;
	o->met[level + 1]++;
	return used;
}

void tables_add(struct open_tables *o, struct tables *t, enum table_level level,
		bool shared)
{
	add_used(add_table(t, level, shared), take_met(o, level));
}

void tables_open(struct open_tables *o, struct tables *t, enum table_level level,
		 const void *table, unsigned long base, bool shared)
{
	tables_close(o, level);
	o->open[level] = (struct open_table){
		.sums = add_table(t, level, shared),
		.table = table,
		.base = base,
		.used = take_met(o, level),
	};
}

void tables_close_counted(struct open_tables *o, enum table_level level)
{
	struct open_table *open = &o->open[level];

	open->used = arch_count_used(open->table, entry_per_table(level));
	tables_close(o, level);
}

void tables_sent(struct open_tables *o, const struct tables *t,
		 struct tables_level *sent)
{
	u32 used;

	for (used = t->used; used; used &= used - 1, sent++) {
		enum table_level level = __ffs(used);

		if (o->open[level].sums == &t->level[level])
			o->open[level].sums = sent;
	}
}
