/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * User stacks of page faults, by name. It must not know how they are found, nor how
 * they are shown.
 */
#ifndef VMSCOPE_STACKS_H
#define VMSCOPE_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VS_STACK_COMM	16

/* What is known of an address. */
enum vs_frame_kind {
	VS_FRAME_NAMED,			/* a function, and the file that has it */
	VS_FRAME_IN_FILE,		/* a file and an offset in it */
	VS_FRAME_UNKNOWN,		/* nothing */
	/* in place of addresses, alone or before the first one */
	VS_FRAME_NONE,			/* there is no stack */
	VS_FRAME_STARTING,		/* execve() makes the program */
	VS_FRAME_DEEPER,		/* what is left is deeper */
};

struct vs_frame {
	uint32_t kind;			/* enum vs_frame_kind */
	uint32_t name;			/* in the text, as is @file */
	uint32_t file;			/* the last part of its path */
	uint32_t reserved;
	uint64_t offset;		/* of VS_FRAME_IN_FILE */
};

/* Faults whose stacks have the same names. */
struct vs_stack {
	uint32_t pid;
	uint32_t nr;			/* of frames */
	uint64_t first;			/* in @at: who was called by nobody */
	uint64_t minor;
	uint64_t major;
	uint64_t ns;
	char comm[VS_STACK_COMM];	/* of the thread */
};

struct vs_stacks {
	bool asked;
	struct vs_stack *stack;
	size_t nr_stacks;
	uint32_t *at;			/* frames, stack after stack */
	size_t nr_at;
	struct vs_frame *frame;		/* each of them once */
	size_t nr_frames;
	char *text;			/* each ended by 0; the first one is empty */
	size_t nr_text;
	uint64_t filtered;		/* faults that were not wanted */
	uint64_t no_place;		/* faults whose stack found no place */
	uint64_t mappings_lost;		/* so many mappings nobody told of */
};

void vs_stacks_free(struct vs_stacks *stacks);

#endif
