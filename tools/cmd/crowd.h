/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many processes looked at one after the other, each address space once. It
 * must not know what is asked of them.
 */
#ifndef VMSCOPE_CROWD_H
#define VMSCOPE_CROWD_H

#include "../analyze/members.h"
#include "../lib/everyone.h"
#include "cmd.h"

/* What is asked of each process; as struct vs_request has it. */
struct vs_visit {
	unsigned int want;		/* beside the process itself and its mappings */
	uint64_t need, wish;		/* attributes of extents */
	/* Before it is read; may change the request. Not 0 stops everything. */
	int (*begin)(void *context, uint32_t member, const struct vs_model *model,
		     struct vs_request *request);
	int (*extent)(void *context, const struct vs_model *model, const struct vs_vma *vma,
		      const struct vs_extent *extent);
	/* After it was read. */
	int (*end)(void *context, uint32_t member, const struct vs_model *model);
	void *context;
};

struct vs_crowd {
	const struct vs_options *options;
	const struct vs_source_ops *ops;	/* NULL: not decided yet */
	struct vs_members members;
	struct vs_kernel kernel;		/* of the first that was read */
	enum vs_origin origin;
	char fallback[640];			/* why it is not the module */
	struct vs_error error;			/* the last that kept one from being read */
};

void vs_crowd_begin(struct vs_crowd *crowd, const struct vs_options *options,
		    const struct vs_source_ops *ops);
void vs_crowd_end(struct vs_crowd *crowd);

/*
 * Look at a process. That it is gone, not ours or not to be read is noted, no
 * failure; VS_EXIT_OK, or another when the look as a whole cannot go on.
 */
int vs_crowd_visit(struct vs_crowd *crowd, pid_t pid, const struct vs_visit *visit);

/* Who is meant by --all, --cgroup or the arguments. */
int vs_crowd_everyone(struct vs_crowd *crowd, struct vs_everyone *everyone);

/* What has to be said in the end, and the exit code for it. */
int vs_crowd_result(const struct vs_crowd *crowd);

/*
 * Look at this command itself, so that its own mappings are no riddle. It is no
 * member that is counted.
 */
int vs_crowd_visit_self(struct vs_crowd *crowd, const struct vs_visit *visit);

/* What stands for all of them in the head of a report; owns nothing. */
void vs_crowd_model(const struct vs_crowd *crowd, struct vs_model *model);

/* VS_EXIT_OK when frames can be seen, or says why not. */
int vs_crowd_frames(const struct vs_model *model, const char *verb);

#endif
