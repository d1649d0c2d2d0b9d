/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which function of a file is at an offset. It must not know who executes it.
 */
#ifndef VMSCOPE_SYMBOLS_H
#define VMSCOPE_SYMBOLS_H

#include <stdint.h>

#include "images.h"

struct vs_symbols;

/* NULL without memory. */
struct vs_symbols *vs_symbols_new(void);
void vs_symbols_free(struct vs_symbols *symbols);

/*
 * NULL: the file is not there any more, is another one, or does not say. The text stands
 * until vs_symbols_free().
 */
const char *vs_symbols_find(struct vs_symbols *symbols, const struct vs_image *image,
			    uint64_t offset);

#endif
