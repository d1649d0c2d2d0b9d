/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ranges of addresses as people write them. It must not know what will be read
 * there.
 */
#ifndef VMSCOPE_RANGE_H
#define VMSCOPE_RANGE_H

#include "../lib/error.h"
#include "../lib/model.h"

struct vs_range {
	uint64_t start, end;
};

/* Hexadecimal, with or without 0x; 0 or -1. */
int vs_parse_address(const char *text, uint64_t *address);

/*
 * START-END or START+LENGTH. Returns 1 when the text is neither, so that it
 * may be a name; -1 with the error set when it is one and makes no sense.
 */
int vs_range_parse(const char *text, const struct vs_kernel *kernel, struct vs_range *range,
		   struct vs_error *error);

/*
 * The mappings of that name (whole path, last part of it, [heap], the plain name
 * of [anon:...], what share calls it), neighbours joined. Allocates; returns their
 * number, 0 or -1 with the error set: nothing has the name, or several paths end in it.
 */
int vs_ranges_by_name(const char *name, const struct vs_model *model, struct vs_range **range,
		      struct vs_error *error);

#endif
