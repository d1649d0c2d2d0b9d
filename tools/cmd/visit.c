// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every process in turn. It must not know what is asked of them.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/everyone.h"
#include "visit.h"

/* An address space that was looked at, and who had it first. */
struct seen {
	uint64_t mm;
	pid_t pid;
};

struct round {
	struct vs_visit *visit;
	struct seen *seen;		/* one for each process, if need be */
	size_t nr_seen;
	bool no_memory;
};

static int find_everyone(const struct vs_options *options, struct vs_everyone *everyone)
{
	struct vs_error error;
	int err;

	err = options->cgroup ? vs_everyone_in_cgroup(options->cgroup, everyone, &error) :
		vs_everyone_on_host(everyone, &error);
	return err ? vs_fail(&error) : VS_EXIT_OK;
}

/* What ails the source itself is said once, and not of each process. */
static int check_source(struct vs_visit *visit)
{
	struct vs_request request = { .want = VS_WANT_PROCESS };
	struct vs_session session;
	int err;

	err = vs_session_open_as(&session, visit->options, "self",
				 !strcmp(visit->options->source, "proc") ? &vs_source_proc :
				 &vs_source_module);
	if (!err)
		err = vs_session_collect(&session, &request);
	if (!err && vs_wanted_details(visit->want) & ~session.model.kernel.details) {
		vs_say("%s: the source cannot tell page tables: load the module of this version",
		       visit->options->verb->name);
		err = VS_EXIT_CANNOT;
	}
	if (!err) {
		visit->around.origin = session.model.origin;
		visit->around.kernel = session.model.kernel;
	}
	vs_session_close(&session);
	return err;
}

static const struct seen *find_seen(const struct round *round, uint64_t mm)
{
	for (size_t i = 0; mm != VS_UNKNOWN && i < round->nr_seen; i++)
		if (round->seen[i].mm == mm)
			return &round->seen[i];
	return NULL;
}

static void miss(struct round *round, pid_t pid, enum vs_why why, pid_t with)
{
	if (vs_missed_add(&round->visit->missed, pid, why, with))
		round->no_memory = true;
}

static enum vs_why why_not(const struct vs_error *error)
{
	switch (error->fail) {
	case VS_FAIL_GONE:
		return VS_WHY_GONE;
	case VS_FAIL_PERMISSION:
		return VS_WHY_REFUSED;
	default:
		return VS_WHY_FAILED;
	}
}

/* The process is held and its source open. */
static int look(struct round *round, struct vs_source *source, struct vs_model *model,
		struct vs_error *error)
{
	struct vs_visit *visit = round->visit;
	struct vs_request request = { .want = VS_WANT_PROCESS };
	const struct seen *seen;
	pid_t pid = 0;

	if (vs_source_collect(source, &request, model, error))
		return -1;
	pid = model->process.pid;
	seen = find_seen(round, model->process.mm);
	if (seen) {
		miss(round, pid, VS_WHY_SHARES, seen->pid);
		return 0;
	}
	round->seen[round->nr_seen++] = (struct seen){ model->process.mm, pid };
	request = (struct vs_request){
		.want = VS_WANT_VMAS | visit->want,
		.timeout_ns = visit->options->timeout_ns,
		.detail = visit->detail,
		.context = visit->context,
	};
	if (visit->begin(visit->context, model)) {
		round->no_memory = true;
		return 0;
	}
	if (vs_source_collect(source, &request, model, error))
		return -1;
	if (visit->done(visit->context, model))
		round->no_memory = true;
	if (model->cut != VS_COMPLETE || model->cost.marks & VS_MARK_SKIPPED)
		miss(round, pid, VS_WHY_LOCKED, 0);
	vs_cost_add(&visit->around.cost, &model->cost);
	visit->around.cost.wall_ns += model->cost.wall_ns;
	visit->around.have_cost = model->have_cost;
	return 0;
}

static void visit_one(struct round *round, pid_t pid)
{
	struct vs_target target = { .pid = -1, .pidfd = -1 };
	struct vs_source source = { 0 };
	struct vs_matches matches;
	struct vs_error error;
	struct vs_model model;
	char text[16];
	int err;

	snprintf(text, sizeof(text), "%d", pid);
	vs_model_init(&model);
	err = vs_target_find(text, &target, &matches, &error);
	if (!err)
		err = vs_source_open(&source, &vs_source_module, &target, NULL, &error);
	if (!err)
		err = look(round, &source, &model, &error);
	if (err)
		miss(round, pid, why_not(&error), 0);
	vs_source_close(&source);
	vs_target_release(&target);
	vs_model_free(&model);
}

int vs_visit(struct vs_visit *visit)
{
	struct round round = { .visit = visit };
	struct vs_everyone everyone;
	int err;

	vs_model_init(&visit->around);
	visit->missed = (struct vs_missed){ 0 };
	err = check_source(visit);
	if (!err)
		err = find_everyone(visit->options, &everyone);
	if (err)
		return err;
	round.seen = calloc(everyone.nr + 1, sizeof(*round.seen));
	round.no_memory = !round.seen;
	for (size_t i = 0; i < everyone.nr && !round.no_memory; i++)
		visit_one(&round, everyone.pid[i]);
	vs_everyone_free(&everyone);
	free(round.seen);
	if (round.no_memory) {
		vs_say("out of memory");
		return VS_EXIT_CANNOT;
	}
	return vs_missed_gaps(&visit->missed) ? VS_EXIT_PARTIAL : VS_EXIT_OK;
}

void vs_visit_end(struct vs_visit *visit)
{
	vs_missed_free(&visit->missed);
	vs_model_free(&visit->around);
}
