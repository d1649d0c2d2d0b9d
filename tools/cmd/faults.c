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
#include <unistd.h>

#include "../lib/command.h"
#include "../lib/kernel.h"
#include "../render/faults.h"
#include "cmd.h"

struct look {
	const struct vs_options *options;
	struct vs_watch *watch;
	struct vs_target target;
	struct vs_command command;
	struct vs_fault_answer answer;
	struct vs_error error;
	FILE *out;
};

/* ------------------------------------------------------------------ a process */

/* Until the time is over, the process has ended, or somebody says stop. */
static int wait_for_end(struct look *look)
{
	uint64_t ns = look->options->duration_ns;
	struct timespec time = { ns / 1000000000, ns % 1000000000 };
	struct pollfd wait[2] = { { .fd = look->target.pidfd, .events = POLLIN } };
	sigset_t stop, before;
	int result;

	sigemptyset(&stop);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, &before);
	wait[1] = (struct pollfd){ .fd = signalfd(-1, &stop, SFD_CLOEXEC), .events = POLLIN };
	do
		result = ppoll(wait, 2, ns ? &time : NULL, NULL);
	while (result < 0 && errno == EINTR);
	close(wait[1].fd);
	/* One that came is taken by the report, not by the process. */
	while (result > 0 && sigtimedwait(&stop, NULL, &(struct timespec){ 0 }) > 0)
		;
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (result >= 0)
		return VS_EXIT_OK;
	vs_say("cannot wait for process %d: %s", look->target.pid, strerror(errno));
	return VS_EXIT_CANNOT;
}

static int watch_process(struct look *look)
{
	int result = vs_find_target(look->options->argument[0], &look->target);

	if (result)
		return result;
	look->watch = vs_watch_open(false, &look->error);
	if (!look->watch || vs_watch_begin(look->watch, look->target.pid, &look->error))
		return vs_fail(&look->error);
	return wait_for_end(look);
}

/* ------------------------------------------------------------------ a command */

/* What ends the command from the terminal is not meant for the one who reports. */
static int run_command(struct look *look)
{
	struct vs_command *command = &look->command;
	struct vs_error *error = &look->error;

	if (vs_command_prepare(command, look->options->argument, error))
		return vs_fail(error);
	look->watch = vs_watch_open(true, error);
	if (!look->watch || vs_watch_begin(look->watch, command->pid, error))
		return vs_fail(error);
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	if (vs_command_go(command, look->options->argument[0], error) ||
	    vs_command_wait(command, error))
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
	if (look->out)
		return VS_EXIT_OK;
	vs_say("%s: %s", file, strerror(errno));
	return VS_EXIT_CANNOT;
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
	struct vs_style style;
	char **command = options->command ? options->argument : NULL;

	vs_model_init(&model);
	model.origin = VS_ORIGIN_BPF;
	vs_kernel_identify(&model.kernel);
	vs_kernel_guess_geometry(&model.kernel);
	model.process.pid = look->target.pid;
	report.model = &model;
	vs_style_init(&style, options);
	style.out = look->out;
	if (look->out != stdout)
		style.terminal = style.color = false;
	if (options->json)
		vs_faults_json(look->out, &report, &look->answer, command);
	else
		vs_faults_screen(&style, &report, &look->answer, command);
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

	if (options->command && options->duration_ns) {
		vs_say("faults: a COMMAND is watched until it ends: leave out --duration");
		return VS_EXIT_USAGE;
	}
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
