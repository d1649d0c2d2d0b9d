/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the numbers of the model mean: every figure by name, how it follows
 * from the sums of each source, and why it may be missing. It must not know
 * how figures are shown.
 */
#ifndef VMSCOPE_FIGURES_H
#define VMSCOPE_FIGURES_H

#include "../lib/model.h"

enum vs_figure {
	VS_FIG_SIZE,
	VS_FIG_RSS,
	VS_FIG_PSS,
	VS_FIG_USS,
	VS_FIG_SWAP,
	VS_FIG_HUGE,
	VS_FIG_PSS_ANON,
	VS_FIG_PSS_FILE,
	VS_FIG_PSS_SHMEM,
	VS_FIG_PSS_DIRTY,
	VS_FIG_SHARED_CLEAN,
	VS_FIG_SHARED_DIRTY,
	VS_FIG_PRIVATE_CLEAN,
	VS_FIG_PRIVATE_DIRTY,
	VS_FIG_SHARED_HUGETLB,
	VS_FIG_PRIVATE_HUGETLB,
	VS_FIG_REFERENCED,
	VS_FIG_ANONYMOUS,
	VS_FIG_LAZYFREE,
	VS_FIG_ANON_HUGE,
	VS_FIG_SHMEM_PMD,
	VS_FIG_FILE_PMD,
	VS_FIG_SWAP_PSS,
	VS_FIG_SHMEM_SWAP,
	VS_FIG_LOCKED,
	VS_FIG_PROTNONE,
	VS_FIG_STATE,		/* + enum vs_state */
	VS_FIG_KIND = VS_FIG_STATE + VS_STATE_NR,	/* + enum vs_kind */
	VS_FIG_LEAF = VS_FIG_KIND + VS_KIND_NR,		/* + enum vs_leaf */
	VS_FIG_SMALL_FOLIO = VS_FIG_LEAF + VS_LEAF_NR,
	VS_FIG_LARGE_FOLIO,
	VS_FIG_REMAINDER,
	VS_FIG_NR,
};

struct vs_figure_info {
	const char *name;		/* in JSON, and of the column in capitals */
	const char *help;
	uint64_t cells;			/* from the module: sum of these cells */
	uint64_t counters;		/* and these counters */
	uint64_t minus;			/* less these counters */
	uint64_t smaps;			/* from smaps: sum of these fields */
};

const struct vs_figure_info *vs_figure_info(enum vs_figure figure);

/* Figure of that name in any case, or -1. */
int vs_figure_by_name(const char *name);

/* Bytes of one mapping, or VS_UNKNOWN. */
uint64_t vs_figure(const struct vs_model *model, const struct vs_vma *vma, enum vs_figure figure);

/* NULL when the source can give the figure, otherwise why not. */
const char *vs_figure_missing(const struct vs_model *model, enum vs_figure figure);

/* Why the list of mappings is not there, when it is not. */
const char *vs_mappings_missing(const struct vs_model *model);

/* Where the figure comes from: "module", "smaps"; NULL when missing. */
const char *vs_figure_source(const struct vs_model *model, enum vs_figure figure);

const char *vs_state_name(enum vs_state state);
const char *vs_kind_name(enum vs_kind kind);
/* As the source knows it: pagemap cannot tell who anonymous pages are shared with. */
const char *vs_kind_told(const struct vs_model *model, uint64_t attributes);
const char *vs_leaf_name(enum vs_leaf leaf);

/*
 * The process as a whole: each figure is the sum over its mappings. What the
 * kernel keeps itself (page tables) stands in the model.
 */
struct vs_totals {
	uint64_t figure[VS_FIG_NR];	/* bytes or VS_UNKNOWN */
	uint64_t order[32];		/* bytes in folios of each order */
	size_t marked[8];		/* mappings by number of the mark */
};

void vs_totals(const struct vs_model *model, struct vs_totals *totals);

/* One of these figures alone, but the size. */
uint64_t vs_total(const struct vs_model *model, enum vs_figure figure);

#endif
