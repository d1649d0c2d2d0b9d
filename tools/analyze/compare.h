/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The module's figures beside those of procfs, and what is known of the faults
 * of procfs. It must not know how either was collected.
 */
#ifndef VMSCOPE_COMPARE_H
#define VMSCOPE_COMPARE_H

#include "figures.h"

enum vs_reason {
	VS_UNEXPLAINED,
	VS_CHANGED,		/* the target changed in between */
	VS_KNOWN,		/* a known fault of procfs */
};

struct vs_difference {
	uint64_t start;		/* of the mapping or page */
	uint64_t end;
	const char *field;
	uint64_t module, proc;	/* the two values */
	enum vs_reason reason;
	const char *why;	/* in words */
};

struct vs_comparison {
	struct vs_difference *difference;
	size_t nr, max;
	size_t beyond;		/* differences that were not kept */
	uint64_t mappings, fields, pages, page_fields;
};

void vs_comparison_free(struct vs_comparison *comparison);
size_t vs_count_reason(const struct vs_comparison *comparison, enum vs_reason reason);

/*
 * All mappings of the module's look with what smaps said before and after.
 * What differs between these two cannot be blamed on the module.
 */
void vs_compare_mappings(const struct vs_model *module, const struct vs_model *before,
			 const struct vs_model *after, struct vs_comparison *comparison);

/* One page, from an extent. */
struct vs_page {
	uint64_t attributes;
	uint64_t frame;
	uint32_t mapcount;
	uint8_t swap_type;
	bool met;		/* an extent covered it; the others are untouched */
};

/* What the two sources can tell: bits of keys. */
struct vs_page_keys {
	uint64_t module, proc;
};

void vs_compare_page(const struct vs_kernel *kernel, const struct vs_page_keys *keys,
		     const struct vs_vma *vma, uint64_t address, const struct vs_page *module,
		     const struct vs_page *before, const struct vs_page *after,
		     struct vs_comparison *comparison);

/*
 * Keep as unexplained only what a further look found again; what agreed then
 * had changed in between.
 */
void vs_compare_again(struct vs_comparison *first, const struct vs_comparison *again);

/* What is never compared on this kernel, and why; NULL-terminated. */
const char * const *vs_not_compared(const struct vs_kernel *kernel);

#endif
