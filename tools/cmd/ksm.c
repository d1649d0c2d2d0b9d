// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmscope ksm: what KSM merged, with whom, and why not more. It must not know
 * how that is found out, nor how it is printed.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../render/ksm.h"
#include "crowd.h"

struct look {
	struct vs_session session;
	struct vs_crowd crowd;
	struct vs_ksm ksm;
	uint32_t now;
};

static int no_memory(void)
{
	vs_say("out of memory: look at fewer processes");
	return VS_EXIT_CANNOT;
}

static int next(void *context, uint32_t member, const struct vs_model *model,
		struct vs_request *request)
{
	struct look *look = context;

	(void)model;
	(void)request;
	look->now = member;
	return 0;
}

static int other(void *context, const struct vs_model *model, const struct vs_vma *vma,
		 const struct vs_extent *extent)
{
	struct look *look = context;

	(void)model;
	(void)vma;
	return vs_ksm_other(&look->ksm, look->now, extent);
}

/* What cannot be told at all. */
static int check_key(const struct vs_model *model)
{
	if (!(VS_KSM_NEED & ~model->kernel.key))
		return VS_EXIT_OK;
	vs_say("ksm: this source cannot tell what is merged and how often: load the module with 'modprobe vmscope'");
	return VS_EXIT_CANNOT;
}

static int read_target(struct look *look)
{
	struct vs_session *session = &look->session;
	struct vs_request request = { .want = VS_WANT_PROCESS | VS_WANT_KEY };
	struct vs_model *model = &session->model;
	struct vs_member *member;
	int err;

	err = vs_session_collect(session, &request);
	if (!err)
		err = vs_crowd_frames(model, "ksm");
	if (!err)
		err = check_key(model);
	if (err)
		return err;
	member = vs_members_add(&look->crowd.members, model->process.pid);
	if (!member)
		return no_memory();
	memcpy(member->comm, model->process.comm, sizeof(member->comm));
	member->mm = model->process.mm;
	look->crowd.members.count[VS_MEMBER_READ]++;
	if (vs_ksm_begin(&look->ksm, model, &look->crowd.members, model->kernel.page_shift) ||
	    vs_ksm_next(&look->ksm, 0, model->process.pid))
		return no_memory();
	request = (struct vs_request){
		.want = VS_WANT_VMAS | VS_WANT_TALLIES | VS_WANT_EXTENTS,
		.key = VS_KSM_NEED | (VS_KSM_WISH & model->kernel.key),
		.timeout_ns = session->options->timeout_ns,
		.extent = vs_ksm_extent,
		.context = &look->ksm,
	};
	return vs_session_collect(session, &request);
}

/* With nothing merged there is nobody to look for. */
static int read_others(struct look *look)
{
	struct vs_visit visit = {
		.need = VS_KSM_OTHERS,
		.begin = next,
		.extent = other,
		.context = look,
	};
	struct vs_everyone everyone;
	struct vs_error error;
	int err = VS_EXIT_OK;

	if (!look->ksm.process[0].merged)
		return VS_EXIT_OK;
	if (vs_everyone_on_host(&everyone, &error))
		return vs_fail(&error);
	for (size_t i = 0; !err && i < everyone.nr; i++)
		if (everyone.pid[i] != look->session.model.process.pid)
			err = vs_crowd_visit(&look->crowd, everyone.pid[i], &visit);
	vs_everyone_free(&everyone);
	return err;
}

static void print(struct look *look, struct vs_report *report)
{
	const struct vs_options *options = look->crowd.options;
	struct vs_style style;

	if (options->json) {
		vs_ksm_json(report, &look->ksm);
		return;
	}
	vs_style_init(&style, options);
	vs_ksm_screen(&style, report, &look->ksm);
}

static int ask_one(struct look *look, const struct vs_options *options)
{
	struct vs_cost *cost = &look->session.model.cost;
	int result, partial;

	result = vs_session_open(&look->session, options, options->argument[0]);
	if (!result) {
		vs_crowd_begin(&look->crowd, options, look->session.source.ops);
		result = read_target(look);
	}
	if (!result)
		result = read_others(look);
	if (!result && vs_ksm_finish(&look->ksm))
		result = no_memory();
	if (!result) {
		vs_cost_add(cost, &look->crowd.members.cost);
		cost->wall_ns += look->crowd.members.cost.wall_ns;
		partial = vs_session_result(&look->session);
		print(look, &look->session.report);
		result = vs_crowd_result(&look->crowd);
		result = result ? result : partial;
	}
	return result;
}

/* ------------------------------------------------------------ many of them */

static int next_of_many(void *context, uint32_t member, const struct vs_model *model,
			struct vs_request *request)
{
	struct look *look = context;

	(void)request;
	if (!look->ksm.map.piece &&
	    vs_ksm_begin(&look->ksm, NULL, &look->crowd.members, model->kernel.page_shift))
		return -1;
	return vs_ksm_next(&look->ksm, member, model->process.pid);
}

static int of_many(void *context, const struct vs_model *model, const struct vs_vma *vma,
		   const struct vs_extent *extent)
{
	struct look *look = context;

	return vs_ksm_extent(&look->ksm, model, vma, extent);
}

static int ask_many(struct look *look, const struct vs_options *options)
{
	struct vs_visit visit = {
		.need = VS_KSM_NEED,
		.wish = VS_KSM_WISH,
		.begin = next_of_many,
		.extent = of_many,
		.context = look,
	};
	struct vs_report report = { .verb = "ksm", .requested = options->source };
	struct vs_everyone everyone;
	struct vs_model model;
	int err;

	vs_crowd_begin(&look->crowd, options, NULL);
	err = vs_crowd_everyone(&look->crowd, &everyone);
	for (size_t i = 0; !err && i < everyone.nr; i++)
		err = vs_crowd_visit(&look->crowd, everyone.pid[i], &visit);
	vs_everyone_free(&everyone);
	if (!err && !look->crowd.members.count[VS_MEMBER_READ])
		return vs_crowd_result(&look->crowd);
	if (!err && vs_ksm_finish(&look->ksm))
		err = no_memory();
	if (err)
		return err;
	vs_crowd_model(&look->crowd, &model);
	report.model = &model;
	report.fallback = *look->crowd.fallback ? look->crowd.fallback : NULL;
	print(look, &report);
	return vs_crowd_result(&look->crowd);
}

int vs_cmd_ksm(const struct vs_options *options)
{
	struct look *look = calloc(1, sizeof(*look));
	bool many = options->everyone || options->nr_arguments > 1;
	int result;

	if (!look)
		return no_memory();
	look->session.target.pidfd = -1;
	result = many ? ask_many(look, options) : ask_one(look, options);
	vs_ksm_end(&look->ksm);
	vs_crowd_end(&look->crowd);
	vs_session_close(&look->session);
	free(look);
	return result;
}
