// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables counted, by level and by how full they are.
 */
#include <linux/bitops.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "tables.h"

void tables_begin(struct tables *t)
{
	u32 used;

	for (used = t->used; used; used &= used - 1)
		memset(&t->level[__ffs(used)], 0, sizeof(t->level[0]));
	t->used = 0;
	t->deposited = 0;
}

void tables_add(struct tables *t, enum table_level level, unsigned int used,
		bool shared)
{
	struct tables_level *l = &t->level[level];

	l->tables++;
	l->shared += shared;
	l->used += used;
	l->by_used[min(fls(used), TABLES_BUCKETS - 1)]++;
	t->used |= BIT(level);
}
