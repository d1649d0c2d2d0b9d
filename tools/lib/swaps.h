/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The machine's swap areas and how the kernel reads them, from procfs and
 * sysfs. It must not know any process.
 */
#ifndef VMSCOPE_SWAPS_H
#define VMSCOPE_SWAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VS_MAX_SWAPS	32

struct vs_swap_area {
	char name[256];			/* path as the kernel knows it */
	uint64_t size;			/* bytes */
	uint64_t used;
	int32_t priority;
	int16_t zram;			/* number of the zram device that it is, or -1 */
	bool rotating;			/* a disk that seeks */
	bool is_file;
};

struct vs_swaps {
	int nr;
	struct vs_swap_area area[VS_MAX_SWAPS];	/* in the order of their numbers, without gaps */
	unsigned int cluster;		/* vm.page-cluster */
	bool by_address;		/* readahead follows addresses where no disk seeks */
	bool zswap;			/* enabled */
};

/* As they were when a process was looked at, for those who were not there. */
struct vs_swaps_then {
	struct vs_swaps swaps;
	uint32_t have_numbers;		/* which of them have which numbers is known: */
	uint32_t pages[VS_MAX_SWAPS];	/* usable ones by number, 0 where there is no area */
};

/* 0 or -errno. */
int vs_swaps_read(struct vs_swaps *swaps);

/* Whether the areas are the same ones. */
bool vs_swaps_same(const struct vs_swaps *one, const struct vs_swaps *other);

/* What zram says of a page that it stores. */
#define VS_ZRAM_SAME		(1u << 0)	/* one word over and over, no memory */
#define VS_ZRAM_WRITTEN		(1u << 1)	/* written back to a device */
#define VS_ZRAM_HUGE		(1u << 2)	/* stored as it is: it does not compress */
#define VS_ZRAM_IDLE		(1u << 3)
#define VS_ZRAM_RECOMPRESSED	(1u << 4)
#define VS_ZRAM_INCOMPRESSIBLE	(1u << 5)

/*
 * Tells of each page that a zram device stores, in ascending order; 0, or
 * -errno: -ENOENT where the kernel keeps no such list.
 */
int vs_zram_states(int device, void (*tell)(void *context, uint64_t page, unsigned int state),
		   void *context);

#endif
