/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * User stacks of page faults as a tree: who called whom. It must not know how they are
 * found or shown.
 */
#ifndef VMSCOPE_ANALYZE_STACKS_H
#define VMSCOPE_ANALYZE_STACKS_H

#include "faults.h"

/* A thread's name, or a frame that was reached on one way. */
struct vs_stack_node {
	const char *comm;		/* NULL: it is a frame */
	const struct vs_frame *frame;
	uint64_t faults;		/* minor and major, here and in all that it called */
	uint64_t major;			/* of them */
	uint64_t ns;
	uint64_t self;			/* of faults, those right here */
	struct vs_stack_node *child;	/* most faults first */
	struct vs_stack_node *next;
};

/* Each fault that was accounted is in one of them: the sum is the total. */
struct vs_stack_tree {
	const struct vs_stacks *stacks;
	struct vs_stack_node *all;	/* of which threads' names are the children */
	uint64_t filtered;		/* not wanted */
	uint64_t no_place;
	uint64_t lost;			/* nobody saw them */
};

/* When the faults have been analyzed; 0 or -ENOMEM. */
int vs_stack_tree_make(struct vs_stack_tree *tree, const struct vs_fault_answer *answer);
void vs_stack_tree_free(struct vs_stack_tree *tree);

#endif
