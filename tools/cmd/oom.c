// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmscope oom: whom the kernel kills because no memory is left, and what was mapped
 * there, while it is watched. It must not know how it is seen, nor how it is printed.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "../lib/clock.h"
#include "../lib/kernel.h"
#include "../lib/oom_log.h"
#include "../render/oom.h"
#include "watch.h"

struct look {
	const struct vs_options *options;
	struct vs_oom_watch *watch;
	struct vs_oom_log log;
	struct vs_style style;
	bool told;			/* a kill was printed */
	struct vs_error error;
	FILE *out;
};

static void tell(struct look *look, struct vs_oom_kill *kill)
{
	if (look->told)
		fputc('\n', look->out);
	look->told = true;
	vs_oom_screen(&look->style, kill);
	vs_oom_kill_told(kill);
	fflush(look->out);
}

/* Each when it is gone, for one may never go; at the end those that still are there, too. */
static void tell_new(struct look *look, bool end)
{
	for (size_t i = 0; !look->options->json && i < look->log.nr_kills; i++) {
		struct vs_oom_kill *kill = &look->log.kill[i];

		if (!kill->told && (end || kill->gone))
			tell(look, kill);
	}
}

/* Until the time is over, or somebody says stop. */
static int watch(struct look *look, int stop)
{
	uint64_t ns = look->options->duration_ns, end = ns ? vs_now() + ns : UINT64_MAX, at = vs_now();
	struct pollfd wait[2] = {
		{ .fd = stop, .events = POLLIN },
		{ .fd = vs_oom_watch_fd(look->watch), .events = POLLIN },
	};

	while (at < end && !wait[0].revents) {
		uint64_t left = end - at;
		struct timespec time = { left / 1000000000, left % 1000000000 };

		if (ppoll(wait, 2, ns ? &time : NULL, NULL) < 0 && errno != EINTR)
			return vs_error_set(&look->error, VS_FAIL_CANNOT, "cannot wait: %s",
					    strerror(errno));
		if (vs_oom_watch_take(look->watch, &look->error))
			return -1;
		tell_new(look, false);
		at = vs_now();
	}
	return 0;
}

static int watch_until_stop(struct look *look)
{
	struct vs_stopping stop;
	int result;

	vs_stopping_begin(&stop);
	result = watch(look, stop.fd);
	vs_stopping_end(&stop, !result);
	return result;
}

static void report(struct look *look)
{
	struct vs_report report = { .verb = "oom", .requested = "bpf" };
	struct vs_model model;

	tell_new(look, true);
	if (!look->options->json) {
		if (!look->log.nr_kills)
			fputs("Nobody was killed for want of memory.\n", look->out);
		return;
	}
	vs_model_init(&model);
	model.origin = VS_ORIGIN_BPF;
	vs_kernel_identify(&model.kernel);
	vs_kernel_guess_geometry(&model.kernel);
	report.model = &model;
	vs_oom_json(look->out, &report, &look->log);
	vs_model_free(&model);
}

/* What was seen is told even if the watch fails. */
static int look_at(struct look *look)
{
	const struct vs_oom_log *log = &look->log;
	int failed;

	look->watch = vs_oom_watch_open(&look->log, &look->error);
	if (!look->watch)
		return vs_fail(&look->error);
	failed = watch_until_stop(look);
	report(look);
	fflush(look->out);
	if (log->lost)
		vs_say("%llu kills found no place", (unsigned long long)log->lost);
	if (log->lost_vmas)
		vs_say("%llu mappings found no place", (unsigned long long)log->lost_vmas);
	if (failed)
		return vs_fail(&look->error);
	return log->lost || log->lost_vmas ? VS_EXIT_PARTIAL : VS_EXIT_OK;
}

int vs_cmd_oom(const struct vs_options *options)
{
	struct look look = { .options = options };
	int result, closed;

	look.out = vs_output_open(options, &look.style);
	if (!look.out)
		return VS_EXIT_CANNOT;
	result = look_at(&look);
	closed = vs_output_close(options, look.out);
	vs_oom_watch_close(look.watch);
	vs_oom_log_free(&look.log);
	return closed ? closed : result;
}
