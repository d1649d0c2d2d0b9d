/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Used and idle memory in address order, in groups of mappings, with all gaps
 * cut out: as runs, and as the cells of a strip. Memory for it is bounded: of
 * very many runs neighbours become one that is used in part. It must not know
 * what used means, nor how a strip is drawn.
 */
#ifndef VMSCOPE_STRIP_H
#define VMSCOPE_STRIP_H

#include "../lib/model.h"

/* Runs of a group before neighbours are put together. */
#define VS_STRIP_RUNS	4096

enum vs_strip_group {
	VS_STRIP_HEAP,
	VS_STRIP_ANON,
	VS_STRIP_FILES,
	VS_STRIP_SHARED,
	VS_STRIP_HUGETLB,
	VS_STRIP_STACK,
	VS_STRIP_GROUPS,
};

/* Bytes. Neighbours that are all used, or all idle, are one run. */
struct vs_strip_run {
	uint64_t start;
	uint64_t end;
	uint64_t resident;
	uint64_t used;
};

struct vs_strip_part {
	struct vs_strip_run *run;	/* VS_STRIP_RUNS of them, or NULL */
	size_t nr;
	uint64_t grain;			/* runs below are put together, 0: none was */
	uint64_t resident;
	uint64_t used;
};

struct vs_strip {
	struct vs_strip_part part[VS_STRIP_GROUPS];
};

/* The next resident bytes in address order, and how many are used; 0, or -1 without memory. */
int vs_strip_add(struct vs_strip *strip, enum vs_strip_group group, uint64_t start,
		 uint64_t bytes, uint64_t used);
enum vs_strip_group vs_strip_group_of(const struct vs_vma *vma);
void vs_strip_free(struct vs_strip *strip);

/* "heap", "anon", ... */
const char *vs_strip_name(enum vs_strip_group group);

/* The part in cells of so many resident bytes each; returns how many it needs. */
size_t vs_strip_cells(const struct vs_strip_part *part, uint64_t each,
		      struct vs_strip_run *cell, size_t max);

#endif
