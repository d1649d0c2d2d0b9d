// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmscope oom: whom the kernel kills because no memory is left, and what was mapped
 * there, while it is watched. It must not know how it is seen, nor how it is printed.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "../lib/kernel.h"
#include "../lib/oom_log.h"
#include "../render/oom.h"
#include "cmd.h"

struct look {
	const struct vs_options *options;
	struct vs_oom_watch *watch;
	struct vs_oom_log log;
	struct vs_style style;
	size_t told;			/* kills that were printed */
	struct vs_error error;
	FILE *out;
};

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void tell(struct look *look, struct vs_oom_kill *kill)
{
	if (look->told++)
		fputc('\n', look->out);
	vs_oom_screen(&look->style, kill);
	fflush(look->out);
}

/* Each when it is gone, and in their order; at the end those that still are there, too. */
static void tell_new(struct look *look, bool end)
{
	while (!look->options->json && look->told < look->log.nr_kills &&
	       (end || look->log.kill[look->told].gone))
		tell(look, &look->log.kill[look->told]);
}

/* Until the time is over, or somebody says stop. */
static int watch(struct look *look, int stop)
{
	uint64_t ns = look->options->duration_ns, end = ns ? now() + ns : UINT64_MAX, at = now();
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
		at = now();
	}
	return 0;
}

static int watch_until_stop(struct look *look)
{
	sigset_t stop;
	int fd, result;

	sigemptyset(&stop);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	fd = signalfd(-1, &stop, SFD_CLOEXEC);
	result = watch(look, fd);
	close(fd);
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

static bool is_complete(const struct vs_oom_log *log)
{
	for (size_t i = 0; i < log->nr_kills; i++)
		if (log->kill[i].lost)
			return false;
	return !log->lost;
}

static int look_at(struct look *look)
{
	look->watch = vs_oom_watch_open(&look->log, &look->error);
	if (!look->watch || watch_until_stop(look))
		return vs_fail(&look->error);
	report(look);
	fflush(look->out);
	if (look->log.lost)
		vs_say("%llu kills found no place", (unsigned long long)look->log.lost);
	return is_complete(&look->log) ? VS_EXIT_OK : VS_EXIT_PARTIAL;
}

int vs_cmd_oom(const struct vs_options *options)
{
	struct look look = { .options = options };
	const char *file = options->write;
	int result;

	look.out = file ? fopen(file, "we") : stdout;
	if (!look.out) {
		vs_say("%s: %s", file, strerror(errno));
		return VS_EXIT_CANNOT;
	}
	vs_style_init(&look.style, options);
	look.style.out = look.out;
	if (file)
		look.style.terminal = look.style.color = false;
	result = look_at(&look);
	if (file && (ferror(look.out) || fclose(look.out))) {
		vs_say("%s: %s: some of it is lost", file, strerror(errno));
		result = VS_EXIT_PARTIAL;
	}
	vs_oom_watch_close(look.watch);
	vs_oom_log_free(&look.log);
	return result;
}
