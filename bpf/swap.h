/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs in swap.bpf.c and their loader have between them, in types
 * of fixed width. It knows nothing of the kernel.
 */
#ifndef VMSCOPE_BPF_SWAP_H
#define VMSCOPE_BPF_SWAP_H

/* Slots asked for in one run; a power of two, by which the verifier sees the bound. */
#define SWAP_SLOTS		1024

#define SWAP_AREAS		32

/* What could be told of a slot, and what it is. */
#define SWAP_KNOWN_COUNT	(1u << 0)	/* the area is there, and so is the slot */
#define SWAP_COUNT_LEAST	(1u << 1)	/* more references than the count says */
#define SWAP_CACHED		(1u << 2)	/* its page is in memory as well */
#define SWAP_KNOWN_FRAME	(1u << 3)	/* and in this frame */
#define SWAP_KNOWN_ZSWAP	(1u << 4)	/* zswap was asked */
#define SWAP_ZSWAP		(1u << 5)	/* it holds the page */
#define SWAP_ZERO		(1u << 6)	/* nothing but zeros, stored nowhere */

/**
 * struct swap_slot - a question and its answer
 * @type: number of the area
 * @slot: in it
 * @flags: out: SWAP_*
 * @count: out: references by page tables, and by a shmem object
 * @frame: out: of the page in the swap cache
 * @length: out: bytes that it takes in zswap, 0 for a page of equal words
 */
struct swap_slot {
	unsigned int type;
	unsigned int slot;
	unsigned int flags;
	unsigned int count;
	unsigned long long frame;
	unsigned int length;
	unsigned int reserved;
};

/**
 * struct swap_area - an area as the kernel numbers it
 * @active: it has a file or device
 * @pages: that can be used
 */
struct swap_area {
	unsigned int active;
	unsigned int pages;
};

/* What this kernel can tell, found when the areas are read. */
#define SWAP_TELLS_COUNT	(1u << 0)
#define SWAP_TELLS_FRAME	(1u << 1)
#define SWAP_TELLS_ZSWAP	(1u << 2)

#endif
