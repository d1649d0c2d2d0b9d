/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the programs that count page faults are attached, as far as this kernel
 * has what they want. It must not know what they count.
 */
#ifndef VMSCOPE_FAULT_HOOKS_H
#define VMSCOPE_FAULT_HOOKS_H

#include "error.h"
#include "fault_log.h"

struct faults_bpf;
struct bpf_link;

struct vs_fault_hooks {
	struct faults_bpf *bpf;
	struct bpf_link *single[64];	/* where one program is at several hooks */
	size_t nr_single;
	const char *missing[VS_FAULT_MISSING];
	size_t nr_missing;
};

/* Everything that can be is attached; into one that is empty. */
int vs_fault_hooks_open(struct vs_fault_hooks *hooks, const struct vs_watch_choice *choice,
			struct vs_error *error);
void vs_fault_hooks_close(struct vs_fault_hooks *hooks);

#endif
