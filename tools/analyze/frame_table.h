/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a frame's number to another number, by a table of two levels of which only
 * what is used is there: it is at most a thousandth of the machine's memory. It
 * must not know what the numbers stand for.
 */
#ifndef VMSCOPE_FRAME_TABLE_H
#define VMSCOPE_FRAME_TABLE_H

#include <stddef.h>
#include <stdint.h>

/*
 * A slot of the table stands for 64 frames: 0 for none, an odd value for one
 * number that they all have, or a pointer to the number of each.
 */
#define VS_FRAME_LEAF_SHIFT	6
#define VS_FRAME_LEAF		(1u << VS_FRAME_LEAF_SHIFT)
#define VS_FRAME_TOP_SHIFT	18
#define VS_FRAME_SLOTS		(1u << (VS_FRAME_TOP_SHIFT - VS_FRAME_LEAF_SHIFT))

/* All zero: empty. */
struct vs_frame_table {
	uint64_t **top;			/* by frame >> VS_FRAME_TOP_SHIFT */
	size_t nr_top;
	size_t bytes;			/* of what top leads to */
};

void vs_frame_table_free(struct vs_frame_table *table);
/* Bytes of memory that it takes. */
size_t vs_frame_table_memory(const struct vs_frame_table *table);

/* The number of a frame, 0 where it has none. Here, because every frame asks. */
static inline uint32_t vs_frame_id(const struct vs_frame_table *table, uint64_t frame)
{
	uint64_t top = frame >> VS_FRAME_TOP_SHIFT, slot;

	if (top >= table->nr_top || !table->top[top])
		return 0;
	slot = table->top[top][frame >> VS_FRAME_LEAF_SHIFT & (VS_FRAME_SLOTS - 1)];
	if (!slot || slot & 1)
		return slot >> 1;
	return ((uint32_t *)(uintptr_t)slot)[frame & (VS_FRAME_LEAF - 1)];
}

/* How many frames from this one on have no number, at most @max. */
uint64_t vs_frames_unknown(const struct vs_frame_table *table, uint64_t frame, uint64_t max);

/* From here on these frames have that number; 0 or -ENOMEM. */
int vs_frames_label(struct vs_frame_table *table, uint64_t frame, uint64_t nr, uint32_t id);
/* The next where room has to be made for it. */
uint32_t *vs_frame_new_entry(struct vs_frame_table *table, uint64_t frame);

/* Where the number of one frame stands, to be read and written; NULL without memory. */
static inline uint32_t *vs_frame_entry(struct vs_frame_table *table, uint64_t frame)
{
	uint64_t top = frame >> VS_FRAME_TOP_SHIFT, slot = 0;

	if (top < table->nr_top && table->top[top])
		slot = table->top[top][frame >> VS_FRAME_LEAF_SHIFT & (VS_FRAME_SLOTS - 1)];
	if (!slot || slot & 1)
		return vs_frame_new_entry(table, frame);
	return (uint32_t *)(uintptr_t)slot + (frame & (VS_FRAME_LEAF - 1));
}

#endif
