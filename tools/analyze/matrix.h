/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much memory each two processes of a group have in common, and what the
 * group costs counted once. It must not know how they are read, nor how the
 * answer is shown.
 */
#ifndef VMSCOPE_MATRIX_H
#define VMSCOPE_MATRIX_H

#include "frames.h"
#include "members.h"
#include "range.h"

/* What all of it is read with, and what is with nobody else so far once more. */
#define VS_MATRIX_NEED	(VS_ATTR_STATE | VS_KEY_FRAME)
#define VS_MATRIX_CLOSER (VS_ATTR_KIND | VS_ATTR_SHARED | VS_KEY_MAPCOUNT)

/* Bytes of one of them. */
struct vs_matrix_row {
	uint32_t member;
	uint64_t resident;		/* each mapping counted */
	uint64_t alone;			/* of that: mapped by nobody else anywhere */
	uint64_t distinct;		/* each frame counted once */
	uint64_t common;		/* of that: another of the group maps it */
	uint64_t pss;			/* bytes << VS_PSS_SHIFT */
};

struct vs_matrix {
	struct vs_members *members;
	struct vs_frame_map map;
	unsigned int page_shift;
	bool told;			/* the source tells what is shared */
	bool counted;			/* and how often each page is mapped */
	struct vs_range *rest;		/* of the one at hand, to be read once more */
	uint32_t nr_rest, max_rest, next_rest;
	struct vs_matrix_row *row;	/* those that were read, by resident, descending */
	uint32_t nr, max;
	uint64_t *pair;			/* see vs_matrix_pair() */
	uint64_t resident;		/* sums over the rows */
	uint64_t pss;			/* or VS_UNKNOWN */
	uint64_t swap;
	uint64_t tables;
	uint64_t once;			/* resident, each frame counted once */
	uint64_t common;		/* of that: mapped by more than one of the group */
};

void vs_matrix_init(struct vs_matrix *matrix, struct vs_members *members);
void vs_matrix_free(struct vs_matrix *matrix);

/*
 * The next member, members.now; then its extents; then, for each range that is
 * to be read once more, those. 0 or -ENOMEM; false when there is no other range.
 */
int vs_matrix_next(void *context, const struct vs_model *model);
int vs_matrix_extent(void *context, const struct vs_model *model, const struct vs_vma *vma,
		     const struct vs_extent *extent);
bool vs_matrix_again(void *context, struct vs_range *range);
int vs_matrix_closer(void *context, const struct vs_model *model, const struct vs_vma *vma,
		     const struct vs_extent *extent);

/* Everything was read; 0 or -ENOMEM. */
int vs_matrix_finish(struct vs_matrix *matrix);

/* Bytes that the members of two rows have in common. */
uint64_t vs_matrix_pair(const struct vs_matrix *matrix, uint32_t one, uint32_t other);

#endif
