/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A question to every process of the host or of a control group, one after the
 * other, each address space once. It must not know the question.
 */
#ifndef VMSCOPE_VISIT_H
#define VMSCOPE_VISIT_H

#include "../render/everyone.h"
#include "cmd.h"

/**
 * struct vs_visit - what is asked of each, and what came of it
 * @options: say who is meant (--all, --cgroup)
 * @want: VS_WANT_* beside the process itself; all of it is read in one walk
 * @begin: of a process; the model has the kernel and the process. 0, or not 0
 *	without memory
 * @detail: as in struct vs_request
 * @done: everything was read, and the model goes away; as begin
 * @context: for all of these
 * @around: out: the kernel, and what it cost in sum
 * @missed: out: who was not looked at, and why
 */
struct vs_visit {
	const struct vs_options *options;
	unsigned int want;
	int (*begin)(void *context, const struct vs_model *model);
	int (*detail)(void *context, const struct vs_model *model, const struct vs_vma *vma,
		      const struct vs_detail *detail);
	int (*done)(void *context, const struct vs_model *model);
	void *context;
	struct vs_model around;
	struct vs_missed missed;
};

/* Returns VS_EXIT_OK, VS_EXIT_PARTIAL when there were gaps, or says what failed. */
int vs_visit(struct vs_visit *visit);
void vs_visit_end(struct vs_visit *visit);

#endif
