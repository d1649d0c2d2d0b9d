// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmscope show: the first screen. It must not know how it is drawn.
 */
#include <errno.h>
#include <string.h>

#include "../render/screens.h"
#include "watch.h"

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

/* A watch before the look, while nothing else is asked of the process. */
struct window {
	struct vs_watch *watch;
	struct vs_fault_answer answer;
	struct vs_error error;
};

static int see_faults(struct window *window, const struct vs_target *target, uint64_t ns)
{
	window->watch = vs_watch_open(&(struct vs_watch_choice){ .scope = VS_FAULTS_OF_PROCESS },
				      &window->error);
	if (!window->watch || vs_watch_begin(window->watch, target->pid, &window->error))
		return -1;
	if (vs_wait_watching(target->pidfd, ns))
		return vs_error_set(&window->error, VS_FAIL_CANNOT, "cannot wait: %s",
				    strerror(errno));
	if (vs_watch_end(window->watch, &window->answer.faults, &window->error))
		return -1;
	return vs_faults_analyze(&window->answer) ? vs_error_memory(&window->error) : 0;
}

/*
 * Before anything of its memory is held: it may start another program meanwhile. Its pid
 * in @pid, for the look.
 */
static int watch_first(struct window *window, const struct vs_options *options, char pid[16])
{
	struct vs_target target = { .pidfd = -1 };
	int result = vs_find_target(vs_target_argument(options), &target);

	if (!result)
		see_faults(window, &target, options->faults_ns);
	snprintf(pid, 16, "%d", target.pid);
	vs_target_release(&target);
	return result;
}

static int print(struct vs_session *session, struct window *window)
{
	const struct vs_options *options = session->options;
	struct vs_show_faults faults = { 0 }, *asked = options->faults_ns ? &faults : NULL;
	struct vs_style style;

	if (window->error.fail)
		faults.missing = window->error.text;
	else
		faults.answer = &window->answer;
	vs_style_init(&style, options);
	if (options->json)
		vs_show_json(stdout, &session->report, asked);
	else
		vs_show_screen(&style, &session->report, asked);
	/* who reads it need not wait until nobody watches any more, which takes a second */
	fflush(stdout);
	return !asked || (faults.answer && vs_faults_complete(faults.answer)) ?
		VS_EXIT_OK : VS_EXIT_PARTIAL;
}

int vs_cmd_show(const struct vs_options *options)
{
	struct vs_request request = {
		.want = VS_WANT_PROCESS | VS_WANT_VMAS | VS_WANT_TALLIES,
		.jobs = options->jobs,
		.timeout_ns = options->timeout_ns,
	};
	const char *target = vs_target_argument(options);
	struct vs_session session;
	struct window window = { 0 };
	int result = VS_EXIT_OK, printed;
	char pid[16];

	if (options->faults_ns && options->from) {
		vs_say("show: --from is what was recorded: leave out --faults");
		return VS_EXIT_USAGE;
	}
	if (options->faults_ns) {
		result = watch_first(&window, options, pid);
		if (result)
			return result;
		target = pid;
	}
	result = vs_session_open(&session, options, target);
	if (!result) {
		result = collect(&session, &request);
		printed = result < 0 ? -result : print(&session, &window);
		result = printed ? printed : result;
	}
	vs_watch_close(window.watch);
	vs_faults_end(&window.answer);
	vs_session_close(&session);
	return result;
}
