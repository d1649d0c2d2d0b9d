/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Clearing the accessed bits of a process: the one thing here that changes
 * anything, for those alone who ask for it. It must not know why they do.
 */
#ifndef VMSCOPE_CLEAR_H
#define VMSCOPE_CLEAR_H

#include "error.h"
#include "target.h"

/* Through /proc/PID/clear_refs; 0 or -1. */
int vs_clear_accessed(const struct vs_target *target, struct vs_error *error);

/* What that does beside what it is for, a sentence each; ends with NULL. */
extern const char * const vs_clear_effects[];

#endif
