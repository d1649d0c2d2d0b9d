/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first few of many, by insertion: for few. It must not know what of.
 */
#ifndef VMSCOPE_TOP_H
#define VMSCOPE_TOP_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Number @i comes at place @at of the @nr that are there; what is pushed beyond
 * @max is left out. Returns how many are there now.
 */
static inline size_t vs_top_insert(uint32_t *index, size_t nr, size_t max, size_t at, uint32_t i)
{
	if (at >= max)
		return nr;
	if (nr < max)
		nr++;
	memmove(&index[at + 1], &index[at], (nr - 1 - at) * sizeof(*index));
	index[at] = i;
	return nr;
}

#endif
