/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A family after fork: what parent and child still share, what was copied and
 * by whom, and what the next writes would copy. It must not know how processes
 * are read, nor how the answer is shown.
 */
#ifndef VMSCOPE_FAMILY_H
#define VMSCOPE_FAMILY_H

#include "frames.h"
#include "members.h"

#define VS_FAMILY_NEED	(VS_ATTR_STATE | VS_ATTR_KIND | VS_KEY_FRAME | VS_KEY_MAPCOUNT)
/* Who has frames of the others in the first place. */
#define VS_FAMILY_OTHERS	(VS_ATTR_STATE | VS_KEY_FRAME)

/* Private pages of one of them that are neighbours and alike. */
struct vs_family_run {
	uint64_t start;
	uint64_t frame;
	uint32_t pages;
	uint32_t list;			/* in the pool, or VS_NO_LIST */
	uint8_t kind;
};

/* Pages whose exclusive bit contradicts their mapcount, at most so many by address. */
#define VS_FAMILY_ODD	16

struct vs_family_member {
	uint32_t member;
	struct vs_family_run *run;
	size_t nr_runs, max_runs;
	uint32_t *pool;
	size_t nr_pool, max_pool;
	uint64_t anon;			/* bytes, merged ones left out */
	uint64_t exclusive;		/* of that: known to be its alone */
	uint64_t reuse;			/* not known to be, but mapped once: the next write takes it */
	uint64_t shared;		/* mapped more often */
	uint64_t would_copy;		/* of that: in writable mappings; and KSM's pages there */
	uint64_t ksm;			/* these */
	uint64_t cache;			/* page cache in writable private mappings: copied when written */
	uint64_t swap;
	uint64_t odd;			/* exclusive, and mapped more than once */
	uint64_t odd_at[VS_FAMILY_ODD];
	uint32_t nr_odd;
};

/* A parent and its child, page by page where both have one at the same address. */
struct vs_family_pair {
	uint32_t parent, child;		/* numbers of vs_family.of */
	bool born;			/* the one is the parent of the other; otherwise both have another */
	uint64_t shared;
	uint64_t child_copied;
	uint64_t parent_copied;
	uint64_t both;			/* both have written since */
	uint64_t unclear;		/* neither is known to have it alone */
	uint64_t only_parent;		/* the other has nothing there */
	uint64_t only_child;
};

struct vs_family {
	struct vs_members *members;	/* of the family */
	const struct vs_members *everyone;	/* among whom it was looked for */
	struct vs_frame_map map;
	unsigned int page_shift;
	struct vs_family_member *of;
	uint32_t nr, max;
	struct vs_family_pair *pair;
	uint32_t nr_pairs;
	uint64_t once;			/* anonymous bytes of all, each page once */
	uint64_t storm;			/* bytes copied if all of them wrote everything */
	uint64_t outside;		/* mappings of these pages by others than the family */
};

/* 0 or -ENOMEM. */
int vs_family_begin(struct vs_family *family, struct vs_members *members,
		    unsigned int page_shift);
void vs_family_end(struct vs_family *family);

/* The next of them, members.now; then its extents. 0 or -ENOMEM. */
int vs_family_next(void *context, const struct vs_model *model);
int vs_family_extent(void *context, const struct vs_model *model, const struct vs_vma *vma,
		     const struct vs_extent *extent);

/* Everything was read; 0 or -ENOMEM. */
int vs_family_finish(struct vs_family *family);

#endif
