/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the bits of a page-table entry mean on each machine, and what became of
 * a walk, in words. It must not know how it is drawn.
 */
#ifndef VMSCOPE_DECODE_H
#define VMSCOPE_DECODE_H

#include "../lib/model.h"

struct vs_bit {
	uint64_t mask;
	const char *name;
};

#define VS_BITS_MAX	32

/*
 * The named bits of an entry that are set; numbers among them (protection key,
 * memory type) come as text of their own. Returns how many.
 */
int vs_decode_entry(const struct vs_kernel *kernel, enum vs_level level, uint64_t raw, bool leaf,
		    struct vs_bit *bit);

const char *vs_level_name(enum vs_level level);

/* Why and how a walk ended, one sentence. */
const char *vs_walk_sentence(const struct vs_kernel *kernel, const struct vs_walk *walk,
			     char *text, size_t size);

const char *vs_stop_name(enum vs_stop stop);

#endif
