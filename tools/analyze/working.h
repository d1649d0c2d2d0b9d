/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The working set between several looks at one process: what is known to have
 * been used in each interval, and what may have been. It must not know who
 * waits between the looks, nor how it is shown.
 *
 * Accessed bits stay set until somebody clears them. Of a page whose bit was
 * set in both looks, nothing is known of the time between; known to be used is
 * a page that
 *
 *   is new: it had no frame before;
 *   came back: it was in swap before;
 *   was touched: its accessed bit was not set before and is now;
 *   was written: its dirty bit was not set before and is now;
 *   was promoted: it was idle before, and stands in a younger generation now
 *   (only where nobody else maps it, who could have done it).
 *
 * Where accessed bits are cleared at the begin of the interval, those that are
 * set at its end tell all.
 */
#ifndef VMSCOPE_WORKING_H
#define VMSCOPE_WORKING_H

#include "rows.h"
#include "strip.h"

#define VS_WORKING_NEED	(VS_ATTR_STATE | VS_ATTR_YOUNG)
#define VS_WORKING_WISH	(VS_ATTR_DIRTY | VS_ATTR_SHARED | VS_ATTR_GEN)

/* Bytes. The five ways of being used add up to used. */
struct vs_working_figures {
	uint64_t resident;
	uint64_t used;			/* known to be */
	uint64_t maybe;			/* not known: accessed before, and not cleared since */
	uint64_t fresh;			/* new */
	uint64_t back;
	uint64_t touched;
	uint64_t written;
	uint64_t promoted;
	uint64_t gone;			/* had a frame before and has none now; not by mapping */
	uint64_t never;			/* in memory in all looks, and idle in all */
};

/* Neighbouring pages alike in one look. */
struct vs_working_run {
	uint64_t page;
	uint32_t pages;
	uint32_t state;
};

struct vs_working_look {
	struct vs_working_run *run;
	size_t nr, max;
};

struct vs_working {
	const struct vs_model *model;
	struct vs_working_look before;	/* the look that this one is compared with */
	struct vs_working_look now;
	size_t cursor;			/* in before */
	unsigned int looks;		/* that were finished */
	bool cleared;			/* between before and now */
	struct vs_working_figures figures;	/* of the interval that ends now */
	struct vs_rows rows;		/* the same by mapping */
	struct vs_strip strip;		/* used in any interval so far, or maybe */
};

void vs_working_init(struct vs_working *working, const struct vs_model *model);
void vs_working_free(struct vs_working *working);

/* A look begins; whether accessed bits were cleared since the last. */
void vs_working_begin(struct vs_working *working, bool cleared);
/* 0, or -1 without memory. */
int vs_working_extent(struct vs_working *working, const struct vs_vma *vma,
		      const struct vs_extent *extent);
/* The look is complete; with the second the figures are those of an interval. */
void vs_working_end(struct vs_working *working);

/* The mappings of which most is known to have been used. */
size_t vs_working_top(const struct vs_working *working, uint32_t *index, size_t max);

#endif
