/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * User stacks in a recorded file of page faults. It must not know how they are found,
 * nor how they are shown.
 */
#ifndef VMSCOPE_STACKS_FILE_H
#define VMSCOPE_STACKS_FILE_H

#include "file_format.h"
#include "stacks.h"

/* 0 or -1. */
int vs_stacks_record(struct vs_recorder *out, const struct vs_stacks *stacks,
		     struct vs_error *error);

/*
 * What is in the file, to be freed; nothing where nobody asked for them. Believes nothing
 * that it says. 0 or -1.
 */
int vs_stacks_load(const struct vs_file *file, struct vs_stacks *stacks,
		   struct vs_error *error);

#endif
