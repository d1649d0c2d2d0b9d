/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmscope swap: who is asked beside the walk. It must not know how slots are
 * added up, nor how the answer looks.
 */
#ifndef VMSCOPE_CMD_SWAP_H
#define VMSCOPE_CMD_SWAP_H

#include "cmd.h"

void *vs_ask_swap_begin(const struct vs_model *model);
int vs_ask_swap_live(void *state, const struct vs_options *options);

/* Around a look that is recorded. Begin: 0 or -errno. End: whether the areas stayed. */
struct vs_swaps_then;
int vs_swaps_begin(struct vs_swaps_then *then);
bool vs_swaps_end(struct vs_swaps_then *then);

#endif
