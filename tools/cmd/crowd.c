// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many processes looked at one after the other. It must not know what is asked
 * of them.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../analyze/attributes.h"
#include "../lib/proc_read.h"
#include "crowd.h"

void vs_crowd_begin(struct vs_crowd *crowd, const struct vs_options *options,
		    const struct vs_source_ops *ops)
{
	memset(crowd, 0, sizeof(*crowd));
	/*
	 * What one process takes is taken again by the next: page by page, giving it
	 * back to the kernel in between costs as much as reading the process.
	 */
	mallopt(M_TRIM_THRESHOLD, 16 << 20);
	mallopt(M_MMAP_THRESHOLD, 16 << 20);
	crowd->options = options;
	crowd->ops = ops;
	if (!ops && !strcmp(options->source, "module"))
		crowd->ops = &vs_source_module;
	if (!ops && !strcmp(options->source, "proc"))
		crowd->ops = &vs_source_proc;
}

void vs_crowd_end(struct vs_crowd *crowd)
{
	vs_members_free(&crowd->members);
}

static int no_memory(void)
{
	vs_say("out of memory: look at fewer processes at once");
	return VS_EXIT_CANNOT;
}

/* By what anybody may read of it. */
static void name(struct vs_member *member)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/comm", member->pid);
	if (!*member->comm && vs_read_line(path, member->comm, sizeof(member->comm)))
		*member->comm = 0;
}

/* The process could not be read: note it by number, for the array may move. */
static void note(struct vs_crowd *crowd, uint32_t number, const struct vs_error *error)
{
	struct vs_member *member = &crowd->members.member[number];

	switch (error->fail) {
	case VS_FAIL_GONE:
	case VS_FAIL_INPUT:
		member->state = VS_MEMBER_GONE;
		break;
	case VS_FAIL_PERMISSION:
		member->state = VS_MEMBER_DENIED;
		break;
	default:
		member->state = VS_MEMBER_FAILED;
	}
	free(member->why);
	member->why = strdup(error->text);
	name(member);
	if (member->state != VS_MEMBER_GONE)
		crowd->error = *error;
}

/* The first to be read decides which source is used for all. */
static int open_source(struct vs_crowd *crowd, struct vs_source *source,
		       const struct vs_target *target, struct vs_error *error)
{
	if (crowd->ops)
		return vs_source_open(source, crowd->ops, target, NULL, error);
	if (!vs_source_open(source, &vs_source_module, target, NULL, error)) {
		crowd->ops = &vs_source_module;
		return 0;
	}
	if (error->fail == VS_FAIL_GONE || error->fail == VS_FAIL_INPUT ||
	    !vs_source_may_fall_back(error))
		return -1;
	vs_source_close(source);
	snprintf(crowd->fallback, sizeof(crowd->fallback), "%s", error->text);
	crowd->ops = &vs_source_proc;
	return vs_source_open(source, crowd->ops, target, NULL, error);
}

/* The first look at a member; VS_FAIL_* as the sources have it. */
static int look_at(struct vs_crowd *crowd, struct vs_source *source, const struct vs_visit *visit,
		   struct vs_model *model, struct vs_error *error)
{
	struct vs_request request = {
		.want = VS_WANT_VMAS | visit->want,
		.key = visit->need | (visit->wish & model->kernel.key),
		.bare = visit->bare,
		.timeout_ns = crowd->options->timeout_ns,
		.extent = visit->extent,
		.detail = visit->detail,
		.context = visit->context,
	};

	if (request.key)
		request.want |= VS_WANT_EXTENTS;
	if (!(vs_wanted_details(visit->may_want) & ~model->kernel.details))
		request.want |= visit->may_want;
	return vs_source_collect(source, &request, model, error);
}

static int look_closer(struct vs_crowd *crowd, struct vs_source *source,
		       const struct vs_visit *visit, struct vs_model *model, struct vs_error *error)
{
	struct vs_request request = {
		.want = VS_WANT_VMAS | VS_WANT_EXTENTS,
		.key = visit->need | (visit->closer & model->kernel.key),
		.bare = true,
		.timeout_ns = crowd->options->timeout_ns,
		.extent = visit->closer_extent,
		.context = visit->context,
	};
	struct vs_range range;
	uint64_t cut = model->cut;
	int err = 0;

	while (!err && visit->again && visit->again(visit->context, &range)) {
		vs_model_clear(model);
		request.start = range.start;
		request.end = range.end;
		err = vs_source_collect(source, &request, model, error);
		if (cut > model->cut)
			cut = model->cut;
	}
	model->cut = cut;
	return err;
}

/* VS_EXIT_OK when frames can be seen, or says why not. */
static int check_frames(const struct vs_model *model, const char *verb)
{
	const char *missing = vs_physical_missing(model);

	if (!missing)
		return VS_EXIT_OK;
	vs_say("%s: %s, and without them nobody can tell who maps the same memory%s", verb, missing,
	       model->kernel.physical == VS_PHYSICAL_LOCKDOWN ? "" : ": run as root");
	return model->kernel.physical == VS_PHYSICAL_LOCKDOWN ? VS_EXIT_CANNOT : VS_EXIT_PERMISSION;
}

static bool note_figures(struct vs_members *members, uint32_t number, const struct vs_model *model)
{
	struct vs_member *member = &members->member[number];

	memcpy(member->comm, model->process.comm, sizeof(member->comm));
	member->swap = model->process.swap;
	member->tables = model->process.tables;
	return vs_members_set_mm(members, number, model->process.mm);
}

/*
 * Who it is has been found out. Return: whether its memory is to be read, which is
 * not when that of another was the same, or nothing is any more: @result.
 */
static bool begin_member(struct vs_crowd *crowd, uint32_t number, const struct vs_visit *visit,
			 const struct vs_model *model, int *result)
{
	struct vs_members *members = &crowd->members;
	uint32_t same = vs_members_find_mm(members, model->process.mm, number);

	if (!note_figures(members, number, model)) {
		*result = no_memory();
		return false;
	}
	crowd->kernel = model->kernel;
	crowd->origin = model->origin;
	if (same < number) {
		members->member[number].state = VS_MEMBER_SAME;
		members->member[number].same_as = same;
		return false;
	}
	if (visit->need & VS_KEY_FRAME)
		*result = check_frames(model, crowd->options->verb->name);
	if (!*result && visit->begin && visit->begin(visit->context, model))
		*result = no_memory();
	return !*result;
}

static void end_member(struct vs_crowd *crowd, uint32_t number, const struct vs_visit *visit,
		       const struct vs_model *model, int *result)
{
	struct vs_members *members = &crowd->members;

	if (visit->end && visit->end(visit->context, model))
		*result = no_memory();
	if (model->cut != VS_COMPLETE || model->cost.marks & VS_MARK_SKIPPED)
		members->member[number].partial = true;
	members->have_cost |= model->have_cost;
}

static int read_member(struct vs_crowd *crowd, struct vs_source *source, uint32_t number,
		       const struct vs_visit *visit, struct vs_model *model,
		       struct vs_error *error, int *result)
{
	struct vs_members *members = &crowd->members;
	struct vs_request request = { .want = VS_WANT_PROCESS | VS_WANT_KEY };

	if (vs_source_collect(source, &request, model, error))
		return -1;
	if (!begin_member(crowd, number, visit, model, result))
		return 0;
	if (look_at(crowd, source, visit, model, error) ||
	    look_closer(crowd, source, visit, model, error))
		return -1;
	end_member(crowd, number, visit, model, result);
	vs_cost_add(&members->cost, &model->cost);
	members->cost.wall_ns += model->cost.wall_ns;
	return 0;
}

/* In what state it was left, and whether all of it was read. */
static void count(struct vs_members *members, uint32_t number)
{
	members->count[members->member[number].state]++;
	members->partial += members->member[number].partial;
}

/* A new one. Until it is known better, it is no address space to compare others with. */
static struct vs_member *add_member(struct vs_members *members, pid_t pid)
{
	struct vs_member *member = vs_members_add(members, pid);

	if (!member)
		return NULL;
	members->now = members->nr - 1;
	member->state = VS_MEMBER_FAILED;
	return member;
}

static int visit_one(struct vs_crowd *crowd, pid_t pid, bool self, const struct vs_visit *visit)
{
	struct vs_members *members = &crowd->members;
	uint32_t number = members->nr;
	struct vs_source source = { 0 };
	struct vs_target target;
	struct vs_matches matches;
	struct vs_model model;
	struct vs_error error;
	int result = VS_EXIT_OK;
	char text[16];

	if (!add_member(members, pid))
		return no_memory();
	members->member[number].self = self;
	if (visit->parents)
		members->member[number].parent = vs_proc_status_number(pid, "PPid");
	vs_model_init(&model);
	snprintf(text, sizeof(text), "%d", pid);
	if (vs_target_find(text, &target, &matches, &error) ||
	    open_source(crowd, &source, &target, &error) ||
	    read_member(crowd, &source, number, visit, &model, &error, &result))
		note(crowd, number, &error);
	else if (members->member[number].state != VS_MEMBER_SAME)
		members->member[number].state = VS_MEMBER_READ;
	if (!self)
		count(members, number);
	vs_source_close(&source);
	vs_target_release(&target);
	vs_model_free(&model);
	return result;
}

int vs_crowd_visit(struct vs_crowd *crowd, pid_t pid, const struct vs_visit *visit)
{
	return visit_one(crowd, pid, false, visit);
}

int vs_crowd_target(struct vs_crowd *crowd, struct vs_session *session, const char *verb)
{
	const struct vs_request request = { .want = VS_WANT_PROCESS | VS_WANT_KEY };
	const struct vs_model *model = &session->model;
	struct vs_member *member;
	int err = vs_session_collect(session, &request);

	if (!err)
		err = check_frames(model, verb);
	if (err)
		return err;
	member = vs_members_add(&crowd->members, model->process.pid);
	if (!member)
		return no_memory();
	memcpy(member->comm, model->process.comm, sizeof(member->comm));
	if (!vs_members_set_mm(&crowd->members, 0, model->process.mm))
		return no_memory();
	crowd->members.count[VS_MEMBER_READ]++;
	return VS_EXIT_OK;
}

static int named(const struct vs_options *options, struct vs_everyone *everyone)
{
	everyone->pid = calloc(options->nr_arguments, sizeof(*everyone->pid));
	if (!everyone->pid)
		return no_memory();
	for (int i = 0; i < options->nr_arguments; i++) {
		struct vs_target target;
		int err = vs_find_target(options->argument[i], &target);

		if (err)
			return err;
		everyone->pid[everyone->nr++] = target.pid;
		vs_target_release(&target);
	}
	return VS_EXIT_OK;
}

static int find_everyone(struct vs_crowd *crowd, struct vs_everyone *everyone)
{
	const struct vs_options *options = crowd->options;
	struct vs_error error;
	int err;

	if (!options->everyone)
		return named(options, everyone);
	err = options->cgroup ? vs_everyone_in_cgroup(options->cgroup, everyone, &error) :
		vs_everyone_on_host(everyone, &error);
	if (err)
		return vs_fail(&error);
	crowd->members.where = options->cgroup ? options->cgroup : "this host";
	if (everyone->nr)
		return VS_EXIT_OK;
	if (options->cgroup)
		vs_say("control group %s: no process in it or below it: see its cgroup.procs",
		       options->cgroup);
	else
		vs_say("no process to look at");
	return VS_EXIT_GONE;
}

/* ------------------------------------------------------ who comes too late */

/* Who has ended again, or has ended all but for its parent to hear of it, is not told of. */
static int add_late(struct vs_crowd *crowd, pid_t pid)
{
	struct vs_member *member;

	if (vs_proc_status_number(pid, "VmSize") <= 0)
		return VS_EXIT_OK;
	member = vs_members_add(&crowd->members, pid);
	if (!member)
		return no_memory();
	member->state = VS_MEMBER_LATE;
	name(member);
	crowd->members.count[VS_MEMBER_LATE]++;
	return VS_EXIT_OK;
}

/* Who has appeared since it was found out who is there, and was not read. */
static int note_late(struct vs_crowd *crowd)
{
	const char *cgroup = crowd->options->cgroup;
	const struct vs_members *members = &crowd->members;
	struct vs_everyone everyone;
	struct vs_error error;
	int err = VS_EXIT_OK;
	bool *known;

	/* no number was given after this command's own */
	if (vs_last_pid() == getpid())
		return VS_EXIT_OK;
	/* a group that is gone has nobody who came late */
	if (cgroup ? vs_everyone_in_cgroup(cgroup, &everyone, &error) :
		     vs_everyone_on_host(&everyone, &error))
		return VS_EXIT_OK;
	/* the last is of those who are not there any more */
	known = calloc(everyone.nr + 1, sizeof(*known));
	if (!known)
		err = no_memory();
	for (uint32_t i = 0; known && i < members->nr; i++)
		known[vs_everyone_find(&everyone, members->member[i].pid)] = true;
	for (size_t i = 0; !err && i < everyone.nr; i++)
		if (!known[i])
			err = add_late(crowd, everyone.pid[i]);
	free(known);
	vs_everyone_free(&everyone);
	return err;
}

/* ------------------------------------------------------- all in one go */

struct surveying {
	struct vs_crowd *crowd;
	const struct vs_visit *visit;
	bool self;
	pid_t own_pid;	/* asked for once, not for each process */
	int result;
};

static void count_surveyed(struct surveying *s)
{
	struct vs_members *members = &s->crowd->members;

	if (!s->self)
		count(members, members->now);
}

/* This command itself comes last, by itself, with all the memory that it has taken. */
static int begin_surveyed(void *context, const struct vs_model *model, const struct vs_error *error)
{
	struct surveying *s = context;
	struct vs_members *members = &s->crowd->members;

	if (!s->self && model->process.pid == s->own_pid)
		return VS_SURVEY_PASS;
	if (!add_member(members, model->process.pid)) {
		s->result = no_memory();
		return VS_SURVEY_STOP;
	}
	members->member[members->now].self = s->self;
	if (error)
		note(s->crowd, members->now, error);
	else if (begin_member(s->crowd, members->now, s->visit, model, &s->result))
		return 0;
	count_surveyed(s);
	return s->result ? VS_SURVEY_STOP : VS_SURVEY_PASS;
}

static int end_surveyed(void *context, const struct vs_model *model)
{
	struct surveying *s = context;
	struct vs_members *members = &s->crowd->members;

	members->member[members->now].state = VS_MEMBER_READ;
	end_member(s->crowd, members->now, s->visit, model, &s->result);
	count_surveyed(s);
	return s->result;
}

static int detail_surveyed(void *context, const struct vs_model *model, const struct vs_vma *vma,
			   const struct vs_detail *detail)
{
	struct surveying *s = context;

	return s->visit->detail(s->visit->context, model, vma, detail);
}

/* False: it cannot be had so, nobody was looked at. */
static bool survey(struct vs_crowd *crowd, bool self, const struct vs_visit *visit, int *result)
{
	struct surveying s = {
		.crowd = crowd,
		.visit = visit,
		.self = self,
		.own_pid = getpid(),
	};
	const struct vs_survey ask = {
		.only = self ? s.own_pid : 0,
		.want = visit->want,
		.may_want = visit->may_want,
		.timeout_ns = crowd->options->timeout_ns,
		.begin = begin_surveyed,
		.detail = detail_surveyed,
		.end = end_surveyed,
		.context = &s,
	};
	struct vs_model model;
	struct vs_error error;
	int err;

	if (!visit->whole || !crowd->options->everyone || crowd->options->cgroup ||
	    (crowd->ops && crowd->ops != &vs_source_module))
		return false;
	vs_model_init(&model);
	err = vs_source_survey(&vs_source_module, &ask, &model, &crowd->members.cost, &error);
	vs_model_free(&model);
	if (err == VS_SURVEY_CANNOT)
		return false;
	crowd->ops = &vs_source_module;
	crowd->members.where = "this host";
	*result = err ? vs_fail(&error) : s.result;
	return true;
}

int vs_crowd_visit_all(struct vs_crowd *crowd, const struct vs_visit *visit)
{
	struct vs_everyone everyone = { 0 };
	int err;

	if (!survey(crowd, false, visit, &err)) {
		err = find_everyone(crowd, &everyone);
		for (size_t i = 0; !err && i < everyone.nr; i++)
			err = vs_crowd_visit(crowd, everyone.pid[i], visit);
		vs_everyone_free(&everyone);
	}
	return err || !crowd->options->everyone ? err : note_late(crowd);
}

int vs_crowd_visit_self(struct vs_crowd *crowd, const struct vs_visit *visit)
{
	int err;

	if (survey(crowd, true, visit, &err))
		return err;
	return visit_one(crowd, getpid(), true, visit);
}

int vs_crowd_visit_others(struct vs_crowd *crowd, const struct vs_visit *visit)
{
	pid_t target = crowd->members.member[0].pid;
	struct vs_everyone everyone;
	struct vs_error error;
	int err = VS_EXIT_OK;

	if (vs_everyone_on_host(&everyone, &error))
		return vs_fail(&error);
	for (size_t i = 0; !err && i < everyone.nr; i++)
		if (everyone.pid[i] != target)
			err = vs_crowd_visit(crowd, everyone.pid[i], visit);
	vs_everyone_free(&everyone);
	return err ? err : note_late(crowd);
}

bool vs_crowd_gaps(const struct vs_crowd *crowd)
{
	const struct vs_members *members = &crowd->members;

	return members->count[VS_MEMBER_DENIED] || members->count[VS_MEMBER_FAILED] ||
		members->partial;
}

int vs_crowd_result(const struct vs_crowd *crowd)
{
	const struct vs_members *members = &crowd->members;
	uint32_t missing = members->count[VS_MEMBER_DENIED] + members->count[VS_MEMBER_FAILED];

	if (missing && !members->count[VS_MEMBER_READ])
		return vs_fail(&crowd->error);
	if (missing) {
		vs_say("%u of %u processes could not be looked at, the last because: %s", missing,
		       members->nr, crowd->error.text);
		return VS_EXIT_PARTIAL;
	}
	if (members->partial) {
		vs_say("%u of %u processes kept parts of their memory map locked, which were not read: wait, or give it longer with --timeout",
		       members->partial, members->nr);
		return VS_EXIT_PARTIAL;
	}
	return VS_EXIT_OK;
}

void vs_crowd_add_cost(const struct vs_crowd *crowd, struct vs_cost *cost)
{
	vs_cost_add(cost, &crowd->members.cost);
	cost->wall_ns += crowd->members.cost.wall_ns;
}

void vs_crowd_report(const struct vs_crowd *crowd, struct vs_report *report,
		     struct vs_model *model)
{
	vs_model_init(model);
	model->origin = crowd->origin;
	model->kernel = crowd->kernel;
	model->cost = crowd->members.cost;
	model->have_cost = crowd->members.have_cost;
	*report = (struct vs_report){
		.verb = crowd->options->verb->name,
		.model = model,
		.requested = crowd->options->source,
		.fallback = *crowd->fallback ? crowd->fallback : NULL,
	};
}
