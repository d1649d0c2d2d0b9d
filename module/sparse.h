/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sparse tables: single pages and short runs of them, each counted and charged
 * in one look at it, and frames that are no pages. What the block-wise paths of
 * tallies and charges come to, for less where there is little to compare; knows
 * nothing of locks or records.
 */
#ifndef VMS_SPARSE_H
#define VMS_SPARSE_H

#include <linux/mm.h>

#include "charge.h"
#include "tally.h"

/**
 * sparse_ptes - count and charge pages from the front of a table
 * @t: the sums; its @cost is what was done
 * @c: who pays, NULL: that is not wanted
 * @pte: entries of a mapping that tally_fast_ptes() would not leave to the plain
 *	path; their table is locked
 * @n: how many
 * @anonymous: private anonymous memory, where only anonymous pages can be
 * @file_kind: kind of page cache in this mapping
 *
 * Return: entries taken; the next one is of something odd, or in the midst of a
 * run long enough for blocks.
 */
unsigned int sparse_ptes(struct tally *t, struct charges *c, const pte_t *pte,
			 unsigned int n, bool anonymous,
			 enum page_kind file_kind);

/**
 * sparse_frames - count entries of a mapping of frames from the front of a table
 * @t: as for sparse_ptes(), as are @pte and @n
 *
 * Nobody pays for such frames. Return: entries taken; the next one maps a page.
 */
unsigned int sparse_frames(struct tally *t, const pte_t *pte, unsigned int n);

#endif /* VMS_SPARSE_H */
