// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmscope faults: page faults of a process, or of a command from its beginning to
 * its end. It must not know how they are counted, nor how they are printed.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../lib/command.h"
#include "../lib/kernel.h"
#include "../render/faults.h"
#include "cmd.h"
#include "fault_stream.h"

struct look {
	const struct vs_options *options;
	struct vs_watch *watch;
	struct vs_stream stream;
	struct vs_style style;
	struct vs_target target;
	struct vs_command command;
	struct vs_fault_answer answer;
	struct vs_error error;
	FILE *out;
};

/* ----------------------------------------------------------------- one by one */

static void tell(void *context, const struct vs_told_fault *fault)
{
	const struct look *look = context;

	if (look->options->json)
		vs_told_json(look->out, fault);
	else
		vs_told_line(&look->style, fault);
}

static void tell_lost(void *context, uint64_t nr)
{
	const struct look *look = context;

	if (look->options->json)
		vs_told_lost_json(look->out, nr);
	else
		vs_told_lost(&look->style, nr);
}

static struct vs_watch *open_watch(struct look *look, bool follow)
{
	if (!look->options->follow)
		return vs_watch_open(follow, NULL, &look->error);
	look->stream.tell = tell;
	look->stream.lost = tell_lost;
	look->stream.context = look;
	return vs_watch_open(follow, &look->stream, &look->error);
}

static int begin_watch(struct look *look, pid_t pid)
{
	if (vs_watch_begin(look->watch, pid, &look->error))
		return -1;
	if (look->options->follow && !look->options->json)
		vs_told_head(&look->style);
	return 0;
}

/* -------------------------------------------------------------------- waiting */

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* How long at most, when faults are told meanwhile. */
static uint64_t at_once(const struct look *look, uint64_t left)
{
	const uint64_t most = VS_STREAM_MS * 1000000ull;

	return look->options->follow && left > most ? most : left;
}

/*
 * Tells what there is to tell until the process has ended, its time is over, or
 * something comes through @stop. Returns 0 or -1.
 */
static int tell_until_end(struct look *look, int pidfd, int stop, uint64_t ns)
{
	struct pollfd wait[3] = {
		{ .fd = pidfd, .events = POLLIN },
		{ .fd = stop, .events = POLLIN },
		{ .fd = vs_watch_fd(look->watch), .events = POLLIN },
	};
	uint64_t end = ns ? now() + ns : UINT64_MAX, at = now();

	while (at < end) {
		uint64_t left = at_once(look, end - at);
		struct timespec time = { left / 1000000000, left % 1000000000 };
		int result = ppoll(wait, 3, &time, NULL);

		if (result < 0 && errno != EINTR)
			return -1;
		if (result > 0 && (wait[0].revents || wait[1].revents))
			return 0;
		vs_watch_tell(look->watch);
		fflush(look->out);
		at = now();
	}
	return 0;
}

/* ------------------------------------------------------------------ a process */

/* Until the time is over, the process has ended, or somebody says stop. */
static int wait_for_end(struct look *look)
{
	sigset_t stop, before;
	int result, fd;

	sigemptyset(&stop);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, &before);
	fd = signalfd(-1, &stop, SFD_CLOEXEC);
	result = tell_until_end(look, look->target.pidfd, fd, look->options->duration_ns);
	close(fd);
	/* One that came is taken by the report, not by the process. */
	while (!result && sigtimedwait(&stop, NULL, &(struct timespec){ 0 }) > 0)
		;
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (!result)
		return VS_EXIT_OK;
	vs_say("cannot wait for process %d: %s", look->target.pid, strerror(errno));
	return VS_EXIT_CANNOT;
}

static int watch_process(struct look *look)
{
	int result = vs_find_target(look->options->argument[0], &look->target);

	if (result)
		return result;
	look->watch = open_watch(look, false);
	if (!look->watch || begin_watch(look, look->target.pid))
		return vs_fail(&look->error);
	return wait_for_end(look);
}

/* ------------------------------------------------------------------ a command */

static int tell_command(struct look *look)
{
	int pidfd, result;

	if (!look->options->follow)
		return 0;
	pidfd = syscall(SYS_pidfd_open, look->command.pid, 0);
	result = pidfd < 0 ? -1 : tell_until_end(look, pidfd, -1, 0);
	if (result)
		vs_error_set(&look->error, VS_FAIL_CANNOT, "cannot wait for process %d: %s",
			     look->command.pid, strerror(errno));
	if (pidfd >= 0)
		close(pidfd);
	return result;
}

/* What ends the command from the terminal is not meant for the one who reports. */
static int run_command(struct look *look)
{
	struct vs_command *command = &look->command;
	struct vs_error *error = &look->error;

	if (vs_command_prepare(command, look->options->argument, error))
		return vs_fail(error);
	look->watch = open_watch(look, true);
	if (!look->watch || begin_watch(look, command->pid))
		return vs_fail(error);
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	if (vs_command_go(command, look->options->argument[0], error) ||
	    tell_command(look) || vs_command_wait(command, error))
		return vs_fail(error);
	look->answer.have_usage = true;
	look->answer.status = command->status;
	look->answer.usage_minor = command->minor;
	look->answer.usage_major = command->major;
	return VS_EXIT_OK;
}

/* --------------------------------------------------------------------- report */

static int open_output(struct look *look)
{
	const char *file = look->options->write;

	look->out = file ? fopen(file, "we") : stdout;
	if (!look->out) {
		vs_say("%s: %s", file, strerror(errno));
		return VS_EXIT_CANNOT;
	}
	vs_style_init(&look->style, look->options);
	look->style.out = look->out;
	if (look->out != stdout)
		look->style.terminal = look->style.color = false;
	return VS_EXIT_OK;
}

static int close_output(struct look *look)
{
	if (!look->out || look->out == stdout)
		return VS_EXIT_OK;
	if (!ferror(look->out) && !fclose(look->out))
		return VS_EXIT_OK;
	vs_say("%s: %s: some of it is lost", look->options->write, strerror(errno));
	return VS_EXIT_PARTIAL;
}

static void print(struct look *look)
{
	const struct vs_options *options = look->options;
	struct vs_report report = { .verb = "faults", .requested = "bpf" };
	struct vs_model model;
	char **command = options->command ? options->argument : NULL;

	vs_model_init(&model);
	model.origin = VS_ORIGIN_BPF;
	vs_kernel_identify(&model.kernel);
	vs_kernel_guess_geometry(&model.kernel);
	model.process.pid = look->target.pid;
	report.model = &model;
	if (options->json)
		vs_faults_json(look->out, &report, &look->answer, command);
	else if (options->follow)
		fputc('\n', look->out);
	if (!options->json)
		vs_faults_screen(&look->style, &report, &look->answer, command);
	vs_model_free(&model);
}

static int report(struct look *look)
{
	int result;

	if (vs_watch_end(look->watch, &look->answer.faults, &look->error))
		return vs_fail(&look->error);
	if (vs_faults_analyze(&look->answer)) {
		vs_say("out of memory");
		return VS_EXIT_CANNOT;
	}
	print(look);
	/* who reads it need not wait until all is detached, which takes a second or two */
	fflush(look->out);
	result = close_output(look);
	return result ? result : vs_faults_complete(&look->answer) ? VS_EXIT_OK : VS_EXIT_PARTIAL;
}

int vs_cmd_faults(const struct vs_options *options)
{
	struct look look = {
		.options = options,
		.target = { .pidfd = -1 },
		.command = { .go = -1, .failed = -1 },
	};
	int result;

	if (options->causes && !strcmp(options->causes, "help"))
		return vs_fault_causes_list();
	if (options->command && options->duration_ns) {
		vs_say("faults: a COMMAND is watched until it ends: leave out --duration");
		return VS_EXIT_USAGE;
	}
	result = vs_fault_stream_choose(options, &look.stream);
	if (!result)
		result = open_output(&look);
	if (!result)
		result = options->command ? run_command(&look) : watch_process(&look);
	if (!result)
		result = report(&look);
	vs_watch_close(look.watch);
	vs_command_release(&look.command);
	vs_faults_end(&look.answer);
	vs_target_release(&look.target);
	return result;
}
