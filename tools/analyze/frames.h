/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which address spaces map the same frames: runs of frames, each with the set
 * of those who map it. It must not know whose address spaces they are, nor
 * what is asked of them.
 *
 * The address spaces are read one after the other. What the first of them has
 * found becomes a piece: pages that are neighbours in its memory, with their
 * frames. Another that maps the same frames in the same order is one
 * comparison of two lists, after which the piece belongs to both; one that
 * maps a part of them parts the piece. So memory is bounded by the runs and
 * lists of frames that differ, not by the sum of all address spaces.
 */
#ifndef VMSCOPE_FRAMES_H
#define VMSCOPE_FRAMES_H

#include "../lib/model.h"
#include "frame_table.h"
#include "sets.h"

#define VS_NO_LIST	UINT32_MAX

/* Pages that are neighbours where they were found first, and mapped by the same. */
struct vs_piece {
	uint64_t frame;			/* of the first page, or base of the list */
	uint64_t address;		/* where it was found first */
	uint32_t list;			/* offset in the pool; VS_NO_LIST: frames are consecutive */
	uint32_t pages;
	uint32_t set;
	uint32_t mapcount;		/* as it was when it was found */
	uint32_t kind;
	uint32_t reserved;
};

struct vs_frame_map {
	unsigned int page_shift;
	struct vs_frame_table table;	/* from a frame to its piece */
	struct vs_piece *piece;		/* from 1 on */
	uint32_t nr_pieces;
	size_t max_pieces;
	uint32_t *pool;
	size_t nr_pool, max_pool;
	struct vs_sets sets;		/* of those who map a piece */
	/* Each part of a piece that another than the first is found to map; may be NULL. */
	int (*match)(void *context, const struct vs_piece *piece, uint64_t address,
		     uint32_t pages, uint32_t times);
	/* Pages of somebody who came later that are in no piece; may be NULL. */
	int (*unknown)(void *context, uint64_t address, uint64_t pages);
	void *context;
	uint64_t taken;			/* pages, of those that were in a piece or became one */
};

/* 0 or -ENOMEM. */
int vs_frames_init(struct vs_frame_map *frames, unsigned int page_shift);
void vs_frames_free(struct vs_frame_map *frames);

/*
 * Take what a member maps; members come one after the other, each with all that
 * it has. Frames that are new become pieces when asked for. 0 or -ENOMEM.
 */
int vs_frames_take(struct vs_frame_map *frames, uint32_t member, const struct vs_extent *extent,
		   bool add);

/*
 * The same of pages that were taken before, but where they were unknown: they
 * become pieces, and what was known then is left alone.
 */
int vs_frames_take_rest(struct vs_frame_map *frames, uint32_t member,
			const struct vs_extent *extent);

/* The frame of a page of a piece. */
uint64_t vs_piece_frame(const struct vs_frame_map *frames, const struct vs_piece *piece,
			uint32_t page);

/* Bytes of memory that it takes. */
size_t vs_frames_memory(const struct vs_frame_map *frames);

/* The piece that has the frame, NULL when there is none. */
const struct vs_piece *vs_frames_find(const struct vs_frame_map *frames, uint64_t frame);

#endif
