/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who else maps a process's memory, from a join by frame over many processes.
 * It must not know how they are read, nor how the answer is shown.
 */
#ifndef VMSCOPE_SHARE_H
#define VMSCOPE_SHARE_H

#include "frames.h"
#include "members.h"
#include "objects.h"
#include "range.h"
#include "rows.h"

/* What the one that is asked about is read with, and what the others are. */
#define VS_SHARE_NEED		(VS_ATTR_STATE | VS_KEY_FRAME)
#define VS_SHARE_WISH		(VS_ATTR_KIND | VS_ATTR_SHARED | VS_ATTR_SWAP_EXCLUSIVE | \
				 VS_KEY_MAPCOUNT)
#define VS_SHARE_OTHERS		(VS_ATTR_STATE | VS_KEY_FRAME)

/* Classes by number of mappings: none known, 1, 2, 3-4, 5-8, ..., more. */
#define VS_SHARE_CLASSES	18

unsigned int vs_share_class(uint32_t mapcount);
/* "1", "3-4"; the first and last number of a class (0: no end). */
const char *vs_share_class_name(unsigned int class, char *text, size_t size);
void vs_share_class_range(unsigned int class, uint64_t *least, uint64_t *most);

/* Bytes of a mapping. */
struct vs_share_row {
	uint64_t resident;
	uint64_t alone;			/* mapped once */
	uint64_t shared;		/* mapped more often */
	uint64_t swap;
};

/* With whom. */
struct vs_partner {
	uint32_t member;
	uint64_t shared;		/* bytes that both map */
	uint64_t only;			/* and nobody else does */
};

struct vs_object {
	struct vs_object_key key;
	const struct vs_vma *vma;	/* one of its mappings */
	uint64_t shared;		/* bytes that others map too */
	uint32_t members;		/* others that do */
	uint64_t *seen;			/* bit n: member n maps some of it */
	uint32_t last_set;
};

/* A run of pages that another maps. */
struct vs_mate {
	uint64_t address;		/* with the one that is asked about */
	uint64_t there;			/* with the other */
	uint64_t pages;
	uint32_t member;
	uint32_t name;			/* in names; 0: no name */
	uint32_t times;			/* one page there after the other is the same one */
	uint32_t flags;			/* of VS_VM_*, what vs_permissions() tells of the mapping there */
};

struct vs_share {
	const struct vs_model *model;
	struct vs_members *members;
	struct vs_frame_map map;
	struct vs_rows rows;		/* struct vs_share_row */
	struct vs_share_row total;
	uint64_t kind[VS_KIND_NR][VS_SHARE_CLASSES];	/* bytes */
	uint64_t class[VS_SHARE_CLASSES];
	uint64_t frame;			/* of the first page */
	uint32_t mapcount;

	/* What would be freed if it ended, by what becomes of it. */
	uint64_t freed;			/* anonymous memory of its own */
	uint64_t cache;			/* page cache that nobody else maps: stays as cache */
	uint64_t shmem;			/* shared memory likewise: stays as long as it has a name */
	uint64_t hugetlb;
	uint64_t swap_exclusive;
	uint64_t swap_other;

	uint64_t found;			/* bytes that another was found to map */
	uint64_t missing;		/* bytes with more mappings than were found */
	uint64_t missing_mappings;	/* how many, of all these pages */
	uint64_t moved;			/* bytes with fewer: they changed meanwhile */

	struct vs_partner *partner;	/* by bytes, descending */
	uint32_t nr_partners;
	struct vs_object *object;	/* likewise */
	uint32_t nr_objects;

	/* Of a range only: where the others have it. */
	bool ranged;
	struct vs_range range;
	struct vs_mate *mate;
	size_t nr_mates, max_mates;
	char *names;
	size_t nr_names, max_names;
	/* while one is read */
	const struct vs_vma *now_vma;
	uint32_t now_name;
	const struct vs_model *now_model;
};

/* 0 or -ENOMEM. The model and the members live as long. */
int vs_share_begin(struct vs_share *share, const struct vs_model *model,
		   struct vs_members *members);
void vs_share_end(struct vs_share *share);

/* Each extent of the one that is asked about, member 0. */
int vs_share_target(void *context, const struct vs_model *model, const struct vs_vma *vma,
		    const struct vs_extent *extent);

/*
 * Now come the extents of another, members.now. Where this command itself has
 * a range is not kept. Returns 0.
 */
int vs_share_next(void *context, const struct vs_model *model);
int vs_share_other(void *context, const struct vs_model *model, const struct vs_vma *vma,
		   const struct vs_extent *extent);

/* Everything was read; 0 or -ENOMEM. */
int vs_share_finish(struct vs_share *share);

#endif
