// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * User stacks of page faults as a tree: who called whom. It must not know how they are
 * found or shown.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stacks.h"

struct making {
	const struct vs_stacks *stacks;
	struct vs_stack_node *free;	/* as many as there can be */
};

/* Those with the same beginning are neighbours. */
static int by_way(const void *a, const void *b, void *context)
{
	const struct vs_stack *one = *(const struct vs_stack * const *)a;
	const struct vs_stack *two = *(const struct vs_stack * const *)b;
	const struct vs_stacks *stacks = context;
	int order = strcmp(one->comm, two->comm);

	if (order)
		return order;
	for (uint32_t i = 0; i < one->nr && i < two->nr; i++) {
		uint32_t first = stacks->at[one->first + i], second = stacks->at[two->first + i];

		if (first != second)
			return first < second ? -1 : 1;
	}
	return one->nr < two->nr ? -1 : one->nr > two->nr;
}

static void add(struct vs_stack_node *node, const struct vs_stack *stack)
{
	node->faults += stack->minor + stack->major;
	node->major += stack->major;
	node->ns += stack->ns;
}

/* The newest child is the first one; another one than that is new. */
static struct vs_stack_node *child_of(struct making *m, struct vs_stack_node *node,
				      const char *comm, const struct vs_frame *frame)
{
	struct vs_stack_node *child = node->child;

	if (child && child->frame == frame && (!comm || !strcmp(child->comm, comm)))
		return child;
	child = m->free++;
	child->comm = comm;
	child->frame = frame;
	child->next = node->child;
	node->child = child;
	return child;
}

static void add_stack(struct making *m, struct vs_stack_node *all, const struct vs_stack *stack)
{
	struct vs_stack_node *node = all;

	add(node, stack);
	node = child_of(m, node, stack->comm, NULL);
	add(node, stack);
	for (uint32_t i = 0; i < stack->nr; i++) {
		node = child_of(m, node, NULL,
				&m->stacks->frame[m->stacks->at[stack->first + i]]);
		add(node, stack);
	}
	node->self += stack->minor + stack->major;
}

/* In the same order each time: of as many faults by name. */
static int compare_nodes(const struct vs_stack_node *one, const struct vs_stack_node *two,
			 const char *text)
{
	int order;

	if (one->faults != two->faults)
		return one->faults > two->faults ? -1 : 1;
	if (one->comm)
		return strcmp(one->comm, two->comm);
	order = strcmp(text + one->frame->name, text + two->frame->name);
	if (!order)
		order = strcmp(text + one->frame->file, text + two->frame->file);
	if (order)
		return order;
	return one->frame->offset < two->frame->offset ? -1 : 1;
}

static struct vs_stack_node *merged(struct vs_stack_node *one, struct vs_stack_node *two,
				    const char *text)
{
	struct vs_stack_node *first = NULL, **end = &first;

	while (one && two) {
		struct vs_stack_node **less = compare_nodes(one, two, text) < 0 ? &one : &two;

		*end = *less;
		end = &(*end)->next;
		*less = *end;
	}
	*end = one ? one : two;
	return first;
}

static struct vs_stack_node *sorted(struct vs_stack_node *list, const char *text)
{
	struct vs_stack_node *middle = list, *second;

	if (!list || !list->next)
		return list;
	for (struct vs_stack_node *at = list->next; at && at->next; at = at->next->next)
		middle = middle->next;
	second = middle->next;
	middle->next = NULL;
	return merged(sorted(list, text), sorted(second, text), text);
}

/* No deeper than a stack. */
static void sort_all(struct vs_stack_node *node, const char *text)
{
	node->child = sorted(node->child, text);
	for (struct vs_stack_node *child = node->child; child; child = child->next)
		sort_all(child, text);
}

static uint64_t left(uint64_t of, uint64_t taken)
{
	return of > taken ? of - taken : 0;
}

int vs_stack_tree_make(struct vs_stack_tree *tree, const struct vs_fault_answer *answer)
{
	const struct vs_stacks *stacks = &answer->faults.stacks;
	const struct vs_stack **order = calloc(stacks->nr_stacks + 1, sizeof(*order));
	struct making m = { .stacks = stacks };

	*tree = (struct vs_stack_tree){ .stacks = stacks, .filtered = stacks->filtered,
					.no_place = stacks->no_place };
	/* at most one for each frame, one for each name, and all */
	tree->all = calloc(stacks->nr_at + stacks->nr_stacks + 1, sizeof(*tree->all));
	if (!order || !tree->all) {
		free(order);
		vs_stack_tree_free(tree);
		return -ENOMEM;
	}
	m.free = tree->all + 1;
	for (size_t i = 0; i < stacks->nr_stacks; i++)
		order[i] = &stacks->stack[i];
	qsort_r(order, stacks->nr_stacks, sizeof(*order), by_way, (void *)stacks);
	for (size_t i = 0; i < stacks->nr_stacks; i++)
		add_stack(&m, tree->all, order[i]);
	sort_all(tree->all, stacks->text);
	free(order);
	tree->lost = left(answer->total.minor + answer->total.major,
			  tree->all->faults + tree->no_place + tree->filtered);
	return 0;
}

void vs_stack_tree_free(struct vs_stack_tree *tree)
{
	free(tree->all);
	tree->all = NULL;
}
