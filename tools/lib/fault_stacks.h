/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * User stacks of page faults, as BPF programs count them, by name. It must not know how
 * they are shown.
 */
#ifndef VMSCOPE_FAULT_STACKS_H
#define VMSCOPE_FAULT_STACKS_H

#include "error.h"
#include "images.h"
#include "stacks.h"

struct faults_bpf;

/* Before the programs are loaded, so many of them at most, or 0. Returns 0 or -1. */
int vs_fault_stacks_choose(struct faults_bpf *bpf, uint32_t most, struct vs_error *error);

/* What was counted, once nobody counts any more; the caller's, to be freed. 0 or -1. */
int vs_fault_stacks_end(struct faults_bpf *bpf, struct vs_images *images,
			struct vs_stacks *stacks);

#endif
