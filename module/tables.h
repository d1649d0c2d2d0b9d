/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page tables counted: how many there are of each level and how full they are;
 * knows nothing of pages, locks or records.
 */
#ifndef VMS_TABLES_H
#define VMS_TABLES_H

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

/* Start anew. Cheap: clears only what was used. The first time, zero it. */
void tables_begin(struct tables *t);

/* A table with @used entries that are not empty. */
void tables_add(struct tables *t, enum table_level level, unsigned int used,
		bool shared);

static inline bool tables_any(const struct tables *t)
{
	return t->used || t->deposited;
}

#endif /* VMS_TABLES_H */
