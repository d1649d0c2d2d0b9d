/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * On which NUMA node memory is, by mapping and by the size of the entries that
 * map it. It must not know how it is shown.
 */
#ifndef VMSCOPE_NUMA_H
#define VMSCOPE_NUMA_H

#include "rows.h"

#define VS_NUMA_NEED	(VS_ATTR_STATE | VS_ATTR_NODE)
#define VS_NUMA_WISH	VS_ATTR_LEAF

/* Nodes that are told apart; those beyond share the last place. */
#define VS_NUMA_NODES	16

struct vs_numa_row {
	uint64_t resident;
	uint64_t bytes[VS_NUMA_NODES][VS_LEAF_NR];
};

struct vs_numa {
	const struct vs_model *model;
	struct vs_rows rows;		/* struct vs_numa_row */
	struct vs_numa_row total;
	int node[VS_NUMA_NODES];	/* number of each place, in ascending order once finished */
	int nr;
	bool crowded;			/* the last place holds several nodes */
};

void *vs_numa_begin(const struct vs_model *model);
int vs_numa_extent(void *state, const struct vs_vma *vma, const struct vs_extent *extent);
int vs_numa_finish(void *state);
void vs_numa_end(void *state);

/* Bytes on the node at a place, of all leaf sizes. */
uint64_t vs_numa_on_node(const struct vs_numa_row *row, int place);

/* The mappings with the most resident memory. */
size_t vs_numa_top(const struct vs_numa *numa, uint32_t *index, size_t max);

#endif
