/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which faults "vmscope faults --follow" tells one by one, and of which --stacks has
 * the stacks. It must not know how they are counted, nor how they are printed.
 */
#ifndef VMSCOPE_CMD_FAULT_STREAM_H
#define VMSCOPE_CMD_FAULT_STREAM_H

#include "../lib/fault_stream.h"
#include "cmd.h"

/* As the options have it; VS_EXIT_OK, or says what is wrong. */
int vs_fault_stream_choose(const struct vs_options *options, struct vs_stream *stream);

/* The causes that there are, for --cause. */
int vs_fault_causes_list(void);

#endif
