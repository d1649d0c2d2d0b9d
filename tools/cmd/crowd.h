/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many processes looked at one after the other, each address space once. It
 * must not know what is asked of them.
 */
#ifndef VMSCOPE_CROWD_H
#define VMSCOPE_CROWD_H

#include "../analyze/members.h"
#include "../analyze/range.h"
#include "../lib/everyone.h"
#include "cmd.h"

/* What is asked of each process; as struct vs_request has it. */
struct vs_visit {
	unsigned int want;		/* beside the process itself and its mappings */
	unsigned int may_want;		/* details that are read where they can be had */
	uint64_t need, wish;		/* attributes of extents */
	bool bare;			/* extents come alone, their mappings may be NULL */
	bool parents;			/* whose child each one is matters */
	bool whole;			/* one mapping that stands for all of them will do */
	/* Before it is read; members.now is its number. Not 0: no memory. */
	int (*begin)(void *context, const struct vs_model *model);
	int (*extent)(void *context, const struct vs_model *model, const struct vs_vma *vma,
		      const struct vs_extent *extent);
	int (*detail)(void *context, const struct vs_model *model, const struct vs_vma *vma,
		      const struct vs_detail *detail);
	/*
	 * What of it to read once more, with the attributes of @closer, until there is
	 * nothing: false.
	 */
	bool (*again)(void *context, struct vs_range *range);
	uint64_t closer;
	int (*closer_extent)(void *context, const struct vs_model *model, const struct vs_vma *vma,
			     const struct vs_extent *extent);
	/* After it was read; as begin. */
	int (*end)(void *context, const struct vs_model *model);
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
 * All are looked at for the sake of the session's process: who that is becomes
 * the first member, and whoever asks reads the rest. VS_EXIT_OK, or says why it
 * cannot be compared with others.
 */
int vs_crowd_target(struct vs_crowd *crowd, struct vs_session *session, const char *verb);

/*
 * Look at a process. That it is gone, not ours or not to be read is noted, no
 * failure; VS_EXIT_OK, or another when the look as a whole cannot go on.
 */
int vs_crowd_visit(struct vs_crowd *crowd, pid_t pid, const struct vs_visit *visit);

/* At who is meant by --all, --cgroup or the arguments. */
int vs_crowd_visit_all(struct vs_crowd *crowd, const struct vs_visit *visit);

/* At all of the host but the first member. */
int vs_crowd_visit_others(struct vs_crowd *crowd, const struct vs_visit *visit);

/*
 * Look at this command itself, so that its own mappings are no riddle. It is no
 * member that is counted.
 */
int vs_crowd_visit_self(struct vs_crowd *crowd, const struct vs_visit *visit);

/* Whether there is anybody of whom something should have been told. */
bool vs_crowd_gaps(const struct vs_crowd *crowd);

/* What has to be said in the end, and the exit code for it. */
int vs_crowd_result(const struct vs_crowd *crowd);

/* The head of a report on all of them: a model that stands for them, and owns nothing. */
void vs_crowd_report(const struct vs_crowd *crowd, struct vs_report *report,
		     struct vs_model *model);

/* What all of the looks cost, beside what is there. */
void vs_crowd_add_cost(const struct vs_crowd *crowd, struct vs_cost *cost);

#endif
