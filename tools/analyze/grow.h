/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arrays that grow by a half. It must not know what is in them.
 */
#ifndef VMSCOPE_GROW_H
#define VMSCOPE_GROW_H

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

/* Room for @need elements in an array that has room for @max; 0 or -ENOMEM. */
static inline int vs_grow(void *array, size_t *max, size_t need, size_t element)
{
	void **at = array;
	size_t want = *max + *max / 2 + 256;
	void *bigger;

	if (need <= *max)
		return 0;
	if (want < need)
		want = need;
	bigger = reallocarray(*at, want, element);
	if (!bigger)
		return -ENOMEM;
	*at = bigger;
	*max = want;
	return 0;
}

#endif
