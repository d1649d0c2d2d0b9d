/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Large numbers with a name above each. It must not know what they mean.
 */
#ifndef VMSCOPE_TILES_H
#define VMSCOPE_TILES_H

#include "text.h"

struct vs_tile {
	const char *name;
	uint64_t bytes;
	int note;		/* number of the footnote: why not, or what is left out; 0: none */
};

/* Returns the number of lines. */
int vs_tiles(const struct vs_style *style, const struct vs_tile *tile, int nr);

#endif
