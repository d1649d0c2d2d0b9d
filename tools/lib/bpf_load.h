/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What all who load BPF programs have in common. It must not know any program.
 */
#ifndef VMSCOPE_BPF_LOAD_H
#define VMSCOPE_BPF_LOAD_H

#include "error.h"

#define VS_BPF_MISSING	"this vmscope was built without BPF (clang, bpftool and libbpf)"

/* What libbpf has to say is said in our words. */
void vs_bpf_begin(void);

/* Why a program could not be loaded; returns -1. */
int vs_bpf_failure(int err, struct vs_error *error);

#endif
