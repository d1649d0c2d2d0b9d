/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a process's swapped pages are, and what becomes of them: runs of slots
 * by mapping and by swap area, who else has them, what it takes to read them
 * back. It must not know how it is shown, nor how slots are asked about.
 */
#ifndef VMSCOPE_SWAP_H
#define VMSCOPE_SWAP_H

#include "../lib/slots.h"
#include "../lib/swaps.h"
#include "rows.h"

#define VS_SWAP_NEED	VS_ATTR_STATE
#define VS_SWAP_WISH	(VS_ATTR_SWAP_EXCLUSIVE | VS_ATTR_SHMEM_SWAPPED | VS_KEY_FRAME)

/*
 * Of a mapping, of an area, of all. Bytes but for runs and upward; VS_UNKNOWN
 * where nobody could tell.
 */
struct vs_swap_row {
	uint64_t swapped;		/* the sum of the next two */
	uint64_t anon;			/* swap entries */
	uint64_t shmem;			/* pages of a shmem object that are not mapped here */
	uint64_t exclusive;		/* entries marked as shared with nobody */
	uint64_t runs;			/* of pages whose slots follow each other */
	uint64_t upward;		/* runs behind the slots of the one before */
	uint64_t longest;		/* of them */
	uint64_t pss;			/* SwapPss: entries, each divided by its references */
	uint64_t shared;		/* slots with other references too */
	uint64_t cached;		/* in the swap cache: no reading, and free to drop */
	uint64_t zswap;			/* that zswap holds */
	uint64_t compressed;		/* what they take there */
	uint64_t zero;			/* zeros only, stored nowhere */
	uint64_t freed;			/* whose slots were free when they were asked about */
};

/* Pages that follow each other in addresses and in slots. */
struct vs_swap_run {
	uint64_t page;			/* address over the page size */
	uint64_t first;			/* pages in the runs before */
	uint32_t slot;
	uint32_t pages;
	uint32_t vma;
	uint8_t type;
	bool shmem;
	uint16_t reserved;
};

enum vs_reading {
	VS_READ_UNKNOWN,
	VS_READ_ONE,			/* one page for each fault */
	VS_READ_SLOTS,			/* the slots around it, whoever's they are */
	VS_READ_ADDRESSES,		/* the swapped pages at the addresses around it */
};

/* What it takes to read all of it back, touched in the order of addresses. */
struct vs_swap_reading {
	enum vs_reading how;
	uint64_t window;		/* pages of one read */
	uint64_t windows;		/* reads */
	uint64_t requests;		/* with a new position on the disk */
	uint64_t read;			/* pages */
	uint64_t needed;		/* pages of the process among them */
	uint64_t following;		/* sum over needed: next pages of the process in its read */
};

/* What zram says of the pages that it stores; bytes. */
struct vs_swap_zram {
	uint64_t stored;
	uint64_t same;
	uint64_t written;
	uint64_t huge;
	uint64_t idle;
	uint64_t recompressed;
	uint64_t incompressible;
};

/* One swap area, as far as this process goes. */
struct vs_swap_place {
	unsigned int type;
	const struct vs_swap_area *area;	/* NULL: which one it is cannot be told */
	struct vs_swap_row sum;
	struct vs_swap_reading reading[2];	/* entries, shmem */
	struct vs_swap_zram zram;
	bool is_zram;			/* and its device begins with slot 0 */
	bool have_zram;
	char why_no_zram[160];
};

/* Pages alike in all that is known of their slots. */
struct vs_swap_part {
	struct vs_swap_run run;
	uint32_t flags;			/* VS_SLOT_* */
	uint32_t count;
	uint64_t frame;
	uint64_t length;		/* in zswap, together */
	uint8_t zram;			/* VS_ZRAM_*, and */
	bool in_zram;
};

struct vs_swap {
	const struct vs_model *model;
	struct vs_rows rows;		/* struct vs_swap_row */
	struct vs_swap_row total;
	uint64_t unplaced;		/* bytes whose slots were not shown */

	struct vs_swap_run *run;	/* in the order of addresses */
	size_t nr_runs, max_runs;
	uint32_t *by_slot;		/* the same by area and slot */
	uint64_t pages;

	struct vs_swap_place *place;
	int nr_places;

	struct vs_swaps swaps;		/* of the machine, when live */
	bool have_swaps;
	bool have_slots;		/* references and swap cache are known */
	bool have_zswap;
	bool least;			/* a slot has more references than can be told */
	const char *why_no_names;
	char why_no_slots[640];
	char why_no_zswap[200];

	uint8_t *zram;			/* for each page, 0x80: stored, and VS_ZRAM_* */
	bool keep_parts;
	struct vs_swap_part *part;
	size_t nr_parts, max_parts;
};

struct vs_swap *vs_swap_new(const struct vs_model *model);
int vs_swap_extent(void *state, const struct vs_vma *vma, const struct vs_extent *extent);
int vs_swap_finish(void *state);
void vs_swap_free(void *state);

/*
 * What follows is about the running machine, in this order.
 *
 * The areas' names: pages holds the usable pages of each area by its number, or
 * is NULL when that is not known; same: no area came or went during the look.
 */
void vs_swap_name(struct vs_swap *swap, const uint32_t *pages, bool same);

/* Have zram states added by vs_swap_zram_tell(); not 0 without memory. */
int vs_swap_want_zram(struct vs_swap *swap);
struct vs_swap_zram_place {
	struct vs_swap *swap;
	struct vs_swap_place *place;
};
void vs_swap_zram_tell(void *context, uint64_t page, unsigned int state);

/*
 * Ask about every slot, in batches; ask() returns not 0 when it fails. Without
 * ask only the parts are made. Not 0 when it failed or memory is short.
 */
int vs_swap_ask(struct vs_swap *swap, int (*ask)(void *context, struct vs_slot *slot, size_t nr),
		void *context);

/* How reading back will go. */
void vs_swap_read_back(struct vs_swap *swap);

/* The mappings with most in swap. */
size_t vs_swap_top(const struct vs_swap *swap, uint32_t *index, size_t max);

#endif
