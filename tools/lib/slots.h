/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel keeps of a swap slot and no file shows: a second source,
 * beside the one for processes. It must not know what slots are asked for, nor
 * how they are asked about.
 */
#ifndef VMSCOPE_SLOTS_H
#define VMSCOPE_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define VS_SLOT_KNOWN		(1u << 0)	/* the slot is there; the count is told */
#define VS_SLOT_LEAST		(1u << 1)	/* of more references than the count says */
#define VS_SLOT_CACHED		(1u << 2)	/* its page is in memory as well */
#define VS_SLOT_FRAME		(1u << 3)	/* in the frame that is told */
#define VS_SLOT_ZSWAP_KNOWN	(1u << 4)	/* zswap was asked */
#define VS_SLOT_ZSWAP		(1u << 5)	/* and holds the page */
#define VS_SLOT_ZERO		(1u << 6)	/* zeros only, stored nowhere */

struct vs_slot {
	uint32_t type;			/* in: number of the area */
	uint32_t slot;			/* in */
	uint32_t flags;			/* VS_SLOT_* */
	uint32_t count;			/* references, 0: free by now */
	uint64_t frame;
	uint32_t length;		/* bytes in zswap */
	uint32_t reserved;
};

/* What this kernel can be asked. */
#define VS_SLOTS_COUNT		(1u << 0)
#define VS_SLOTS_FRAME		(1u << 1)
#define VS_SLOTS_ZSWAP		(1u << 2)

#define VS_SLOT_AREAS		32

struct vs_slots;

/* Begin to ask; NULL with the reason in the error. */
struct vs_slots *vs_slots_open(struct vs_error *error);
void vs_slots_close(struct vs_slots *slots);

/* VS_SLOTS_* */
unsigned int vs_slots_tell(const struct vs_slots *slots);

/* Usable pages of each area by its number, 0 where there is none; 0 or -1. */
int vs_slots_areas(struct vs_slots *slots, uint32_t pages[VS_SLOT_AREAS]);

/* Answer for each of them; 0 or -1. */
int vs_slots_ask(struct vs_slots *slots, struct vs_slot *slot, size_t nr);

#endif
