/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How lately memory was used, by mapping, from the accessed bits of entries
 * and the LRU state of folios, and where idle memory lies. It must not know how it is shown.
 */
#ifndef VMSCOPE_AGE_H
#define VMSCOPE_AGE_H

#include "rows.h"
#include "strip.h"

#define VS_AGE_NEED	(VS_ATTR_STATE | VS_ATTR_YOUNG)
#define VS_AGE_WISH	(VS_ATTR_DIRTY | VS_ATTR_FOLIO_DIRTY | VS_ATTR_REFERENCED | VS_ATTR_LRU | \
			 VS_ATTR_ACTIVE | VS_ATTR_UNEVICTABLE | VS_ATTR_GEN)

/* Generations of the multi-gen LRU that are told apart; older ones are not known. */
#define VS_AGE_GENERATIONS	4

/* Bytes. Young and idle add up to resident, and so do the four LRU figures. */
struct vs_age_row {
	uint64_t resident;
	uint64_t young;			/* accessed bit set */
	uint64_t idle;			/* not set */
	uint64_t dirty;			/* entry or folio */
	uint64_t referenced;		/* folio */
	uint64_t active;
	uint64_t inactive;
	uint64_t unevictable;
	uint64_t no_lru;		/* on no list, or not told */
	uint64_t generation[VS_AGE_GENERATIONS];	/* the youngest first */
};

struct vs_age {
	const struct vs_model *model;
	struct vs_rows rows;		/* struct vs_age_row */
	struct vs_age_row total;
	struct vs_strip strip;
};

void *vs_age_begin(const struct vs_model *model);
int vs_age_extent(void *state, const struct vs_vma *vma, const struct vs_extent *extent);
int vs_age_finish(void *state);
void vs_age_end(void *state);

/* Whether folios are in generations, and not on active and inactive lists. */
bool vs_age_has_generations(const struct vs_age *age);

/* The mappings with the most resident memory. */
size_t vs_age_top(const struct vs_age *age, uint32_t *index, size_t max);

#endif
