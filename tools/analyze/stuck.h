/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages that cannot be moved, split or reclaimed as others can, and why. It
 * must not know how that is shown.
 */
#ifndef VMSCOPE_STUCK_H
#define VMSCOPE_STUCK_H

#include "rows.h"

#define VS_STUCK_NEED	(VS_ATTR_STATE | VS_ATTR_PINNED)
#define VS_STUCK_WISH	(VS_ATTR_KIND | VS_ATTR_EXTRA_REFS | VS_ATTR_DEFERRED | VS_ATTR_LRU | \
			 VS_ATTR_UNEVICTABLE | VS_ATTR_MLOCKED | VS_ATTR_WRITEBACK | \
			 VS_ATTR_LOCKED)

/* Runs that are remembered with their addresses; all are counted. */
#define VS_STUCK_RUNS	65536

enum vs_stuck_reason {
	VS_STUCK_PINNED,
	VS_STUCK_REFERENCED,
	VS_STUCK_OFF_LIST,
	VS_STUCK_MLOCKED,
	VS_STUCK_UNEVICTABLE,
	VS_STUCK_DEFERRED,
	VS_STUCK_WRITEBACK,
	VS_STUCK_LOCKED,
	VS_STUCK_MIGRATING,
	VS_STUCK_HWPOISON,
	VS_STUCK_DEVICE,
	VS_STUCK_NR,
};

/* What a reason is called, what it keeps from happening, and what it is. */
struct vs_stuck_word {
	const char *name;
	const char *blocks;		/* words with ", " between them */
	const char *help;
	uint64_t needs;			/* attributes without which it is not told */
};

extern const struct vs_stuck_word vs_stuck_words[VS_STUCK_NR];

/* Bytes. A page can have several reasons. */
struct vs_stuck_row {
	uint64_t stuck;			/* for any reason, each page once */
	uint64_t reason[VS_STUCK_NR];
};

struct vs_stuck_run {
	uint64_t start;
	uint64_t bytes;
	uint32_t reasons;		/* bit n: enum vs_stuck_reason */
	uint32_t vma;			/* index in the model */
};

struct vs_stuck {
	const struct vs_model *model;
	struct vs_rows rows;		/* struct vs_stuck_row */
	struct vs_stuck_row total;
	uint64_t resident;
	uint64_t elsewhere;		/* stuck, and not resident: migrating, lost, a device's */
	uint64_t reason_runs[VS_STUCK_NR];
	struct vs_stuck_run *run;
	size_t nr, max;
	uint64_t runs;			/* that there are; nr of them are remembered */
	struct vs_stuck_run last;	/* of all, to tell where the next begins */
};

void *vs_stuck_begin(const struct vs_model *model);
int vs_stuck_extent(void *state, const struct vs_vma *vma, const struct vs_extent *extent);
int vs_stuck_finish(void *state);
void vs_stuck_end(void *state);

/* Whether the source can tell of the reason at all. */
bool vs_stuck_told(const struct vs_stuck *stuck, enum vs_stuck_reason reason);

/* The mappings with the most stuck memory, and the longest runs. */
size_t vs_stuck_top(const struct vs_stuck *stuck, uint32_t *index, size_t max);
size_t vs_stuck_longest(const struct vs_stuck *stuck, uint32_t *index, size_t max);

#endif
