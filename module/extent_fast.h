/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The block-wise path of extents; only a faster way to what extent.c comes to.
 */
#ifndef VMS_EXTENT_FAST_H
#define VMS_EXTENT_FAST_H

#include "extent.h"

/* Return: entries taken from the front; 0 leaves them to the plain path. */
unsigned int extent_fast_ptes(struct extents *x, const pte_t *pte,
			      unsigned long addr, unsigned int n);

#endif /* VMS_EXTENT_FAST_H */
