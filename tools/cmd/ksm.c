// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmscope ksm: what KSM merged, with whom, and why not more. It must not know
 * how that is found out, nor how it is printed.
 */
#include <stdlib.h>

#include "../render/ksm.h"
#include "crowd.h"

struct look {
	struct vs_session session;
	struct vs_crowd crowd;
	struct vs_ksm ksm;
};

static int no_memory(void)
{
	vs_say("out of memory: look at fewer processes");
	return VS_EXIT_CANNOT;
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
	const struct vs_model *model = &session->model;
	struct vs_request request;
	int err;

	err = vs_crowd_target(&look->crowd, session, "ksm");
	if (!err)
		err = check_key(model);
	if (err)
		return err;
	vs_ksm_begin(&look->ksm, model, &look->crowd.members);
	if (vs_ksm_next(&look->ksm, model))
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
	const struct vs_visit visit = {
		.need = VS_KSM_OTHERS,
		.extent = vs_ksm_other,
		.context = &look->ksm,
	};

	return look->ksm.process[0].merged ? vs_crowd_visit_others(&look->crowd, &visit) :
		VS_EXIT_OK;
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
		vs_crowd_add_cost(&look->crowd, &look->session.model.cost);
		partial = vs_session_result(&look->session);
		print(look, &look->session.report);
		result = vs_crowd_result(&look->crowd);
		result = result ? result : partial;
	}
	return result;
}

/* ------------------------------------------------------------ many of them */

static int ask_many(struct look *look, const struct vs_options *options)
{
	const struct vs_visit visit = {
		.need = VS_KSM_NEED,
		.wish = VS_KSM_WISH,
		.begin = vs_ksm_next,
		.extent = vs_ksm_extent,
		.context = &look->ksm,
	};
	struct vs_report report;
	struct vs_model model;
	int err;

	vs_crowd_begin(&look->crowd, options, NULL);
	vs_ksm_begin(&look->ksm, NULL, &look->crowd.members);
	err = vs_crowd_visit_all(&look->crowd, &visit);
	if (!err && !look->crowd.members.count[VS_MEMBER_READ])
		return vs_crowd_result(&look->crowd);
	if (!err && vs_ksm_finish(&look->ksm))
		err = no_memory();
	if (err)
		return err;
	vs_crowd_report(&look->crowd, &report, &model);
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
