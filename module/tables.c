// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables counted, by level and by how full they are.
 */
#include <linux/bitops.h>
#include <linux/string.h>

#include "entry.h"
#include "tables.h"

void tables_clear(struct tables *t)
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
