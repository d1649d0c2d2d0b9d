/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts that a process's memory falls into: what is held (by kind), and
 * what its address space is (by state). It must not know how they are drawn.
 */
#ifndef VMSCOPE_PARTS_H
#define VMSCOPE_PARTS_H

#include "figures.h"

/* Each has a letter and a colour of its own in render/palette.h. */
enum vs_part_id {
	VS_PART_ANON,
	VS_PART_COW,
	VS_PART_KSM,
	VS_PART_FILE_PRIVATE,
	VS_PART_FILE_SHARED,
	VS_PART_SHMEM,
	VS_PART_HUGETLB,
	VS_PART_DEVICE,
	VS_PART_SWAP,
	VS_PART_NR,
};

struct vs_part {
	enum vs_part_id id;
	const char *label;
	uint64_t bytes;
};

#define VS_PARTS_MAX	16

/* What is held: resident pages by kind, and swap. Returns the number of parts. */
int vs_parts_held(const struct vs_model *model, const struct vs_totals *totals,
		  struct vs_part *part);

struct vs_state_part {
	const char *label;
	uint64_t bytes;
};

/* What the address space is; adds up to its size, remainder included. */
int vs_parts_of_size(const struct vs_model *model, const struct vs_totals *totals,
		     struct vs_state_part *part);

#endif
