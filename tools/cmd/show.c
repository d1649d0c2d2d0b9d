// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmscope show: the first screen. It must not know how it is drawn.
 */
#include "cmd.h"
#include "../render/screens.h"

/*
 * Without permission for the list of mappings the kernel's own counters are
 * still there for everybody.
 */
static int collect(struct vs_session *session, struct vs_request *request)
{
	struct vs_error error;

	if (!vs_source_collect(&session->source, request, &session->model, &error))
		return vs_session_result(session);
	if (error.fail != VS_FAIL_PERMISSION || session->source.ops != &vs_source_proc)
		return -vs_fail(&error);
	vs_model_clear(&session->model);
	session->model.have_vmas = false;
	request->want = VS_WANT_PROCESS;
	if (vs_source_collect(&session->source, request, &session->model, &error))
		return -vs_fail(&error);
	return VS_EXIT_PARTIAL;
}

int vs_cmd_show(const struct vs_options *options)
{
	struct vs_request request = {
		.want = VS_WANT_PROCESS | VS_WANT_VMAS | VS_WANT_TALLIES,
		.jobs = options->jobs,
		.timeout_ns = options->timeout_ns,
	};
	struct vs_session session;
	struct vs_style style;
	int result;

	result = vs_session_open(&session, options, vs_target_argument(options));
	if (!result) {
		result = collect(&session, &request);
		vs_style_init(&style, options);
		if (result < 0)
			result = -result;
		else if (options->json)
			vs_show_json(stdout, &session.report);
		else
			vs_show_screen(&style, &session.report);
	}
	vs_session_close(&session);
	return result;
}
