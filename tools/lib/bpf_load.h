/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What all who load BPF programs have in common. It must not know any program.
 */
#ifndef VMSCOPE_BPF_LOAD_H
#define VMSCOPE_BPF_LOAD_H

#include <sys/types.h>

#include "error.h"

struct bpf_program;
struct btf;

#define VS_BPF_MISSING	"this vmscope was built without BPF (clang, bpftool and libbpf)"

/* What libbpf has to say is said in our words. */
void vs_bpf_begin(void);

/* Why a program could not be loaded; returns -1. */
int vs_bpf_failure(int err, struct vs_error *error);

/* The kernel's own types, the caller's to be freed; NULL: see errno. */
struct btf *vs_bpf_kernel_types(void);

/* What a program is attached to, or is called by. */
const char *vs_bpf_function_of(const struct bpf_program *program);

/*
 * All that an iterator says of one task, or with 0 of every one; its bytes are in @text.
 * Returns their number, or -1.
 */
ssize_t vs_bpf_iterate(const struct bpf_program *program, pid_t tid, void *text, size_t size);

/* All that it says of every task, which is the caller's to be freed; NULL: see errno. */
void *vs_bpf_iterate_all(const struct bpf_program *program, size_t *length);

/* Runs one over the control group of that descriptor alone; 0 or -1. */
int vs_bpf_visit_cgroup(const struct bpf_program *program, int fd);

/* Programs that run now end before it returns: what they count is read whole. */
void vs_bpf_quiesce(void);

#endif
