/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * User stacks of page faults: a tree for people, lines for programs that draw flame
 * graphs, and JSON. It must not collect anything.
 */
#ifndef VMSCOPE_RENDER_STACKS_H
#define VMSCOPE_RENDER_STACKS_H

#include "../analyze/stacks.h"
#include "json.h"
#include "text.h"

void vs_stacks_tree(const struct vs_style *style, const struct vs_stack_tree *tree);

/* "comm;frame;frame 12" */
void vs_stacks_folded(FILE *out, const struct vs_stack_tree *tree);

/* null where nobody asked for them */
json_t *vs_stacks_json(const struct vs_stack_tree *tree);

#endif
