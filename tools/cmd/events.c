// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmscope events: what happens to memory beside the faults, on the host, to a
 * process, or to a command from its beginning to its end. It must not know how it is
 * counted, nor how it is printed.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/command.h"
#include "../lib/kernel.h"
#include "../lib/meminfo.h"
#include "../lib/proc_read.h"
#include "../render/events.h"
#include "watch.h"

struct look {
	const struct vs_options *options;
	struct vs_event_watch *watch;
	struct vs_target target;
	struct vs_command command;
	struct vs_event_answer *answer;
	struct vs_error error;
	char comm[64];
	struct vs_style style;
	FILE *out;
};

/* ------------------------------------------------- what the kernel itself counts */

/* Before (0) and after (1). */
static void read_counters(struct vs_event_answer *answer, int which)
{
	char path[300];

	answer->nr_vmstat[which] = vs_vmstat_read(answer->vmstat[which]);
	vs_pressure_read("/proc/pressure/memory", &answer->host[which]);
	if (!*answer->cgroup)
		return;
	snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.pressure", answer->cgroup);
	vs_pressure_read(path, &answer->group[which]);
}

static int begin(struct look *look, pid_t pid)
{
	struct vs_event_answer *answer = look->answer;

	look->watch = vs_event_watch_open(answer->scope, look->options->room, &look->error);
	if (!look->watch)
		return vs_fail(&look->error);
	read_counters(answer, 0);
	if (vs_event_watch_begin(look->watch, pid, &look->error))
		return vs_fail(&look->error);
	return VS_EXIT_OK;
}

/* ------------------------------------------------------- the host, or a process */

/* Until the time is over, the process has ended, or somebody says stop. */
static int wait_for_end(struct look *look)
{
	if (!vs_wait_watching(look->target.pidfd, look->options->duration_ns))
		return VS_EXIT_OK;
	vs_say("cannot wait: %s", strerror(errno));
	return VS_EXIT_CANNOT;
}

static int watch_host(struct look *look)
{
	int result;

	look->answer->scope = VS_EVENTS_EVERYONE;
	result = begin(look, 0);
	return result ? result : wait_for_end(look);
}

static int watch_process(struct look *look)
{
	struct vs_event_answer *answer = look->answer;
	int result = vs_find_target(look->options->argument[0], &look->target);
	char path[64];

	if (result)
		return result;
	answer->scope = VS_EVENTS_PROCESS;
	snprintf(path, sizeof(path), "/proc/%d/comm", look->target.pid);
	vs_read_line(path, look->comm, sizeof(look->comm));
	if (!vs_cgroup_of(look->target.pid, answer->cgroup, sizeof(answer->cgroup)))
		*answer->cgroup = 0;
	result = begin(look, look->target.pid);
	return result ? result : wait_for_end(look);
}

/* ------------------------------------------------------------------ a command */

/* What ends the command from the terminal is not meant for the one who reports. */
static int run_command(struct look *look)
{
	struct vs_command *command = &look->command;
	struct vs_error *error = &look->error;
	int result;

	look->answer->scope = VS_EVENTS_COMMAND;
	if (vs_command_prepare(command, look->options->argument, error))
		return vs_fail(error);
	result = begin(look, command->pid);
	if (result)
		return result;
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	if (vs_command_go(command, look->options->argument[0], error) ||
	    vs_command_wait(command, error))
		return vs_fail(error);
	look->answer->status = command->status;
	return VS_EXIT_OK;
}

/* --------------------------------------------------------------------- report */

static void print(struct look *look)
{
	const struct vs_options *options = look->options;
	struct vs_report report = { .verb = "events", .requested = "bpf" };
	struct vs_model model;
	char **command = options->command ? options->argument : NULL;

	vs_model_init(&model);
	model.origin = VS_ORIGIN_BPF;
	vs_kernel_identify(&model.kernel);
	vs_kernel_guess_geometry(&model.kernel);
	model.process.pid = look->target.pid;
	memcpy(model.process.comm, look->comm, sizeof(model.process.comm));
	report.model = &model;
	if (options->json)
		vs_events_json(look->out, &report, look->answer, command);
	else
		vs_events_screen(&look->style, &report, look->answer, command);
	vs_model_free(&model);
}

static int report(struct look *look)
{
	struct vs_event_answer *answer = look->answer;
	int result;

	if (vs_event_watch_end(look->watch, &answer->events, &look->error))
		return vs_fail(&look->error);
	read_counters(answer, 1);
	vs_events_analyze(answer);
	print(look);
	/* who reads it need not wait until all is detached, which takes a second */
	fflush(look->out);
	result = vs_output_close(look->options, look->out);
	if (!result && vs_events_lost(&answer->events))
		result = VS_EXIT_PARTIAL;
	return result;
}

static int look_at(struct look *look)
{
	const struct vs_options *options = look->options;
	int result;

	look->out = vs_output_open(options, &look->style);
	if (!look->out)
		return VS_EXIT_CANNOT;
	result = options->command ? run_command(look) :
		options->nr_arguments ? watch_process(look) : watch_host(look);
	return result ? result : report(look);
}

int vs_cmd_events(const struct vs_options *options)
{
	struct look look = {
		.options = options,
		.target = { .pidfd = -1 },
		.command = { .go = -1, .failed = -1 },
		.answer = calloc(1, sizeof(*look.answer)),
	};
	int result;

	if (options->command && options->duration_ns) {
		vs_say("events: a COMMAND is watched until it ends: leave out --duration");
		free(look.answer);
		return VS_EXIT_USAGE;
	}
	if (!look.answer) {
		vs_say("out of memory");
		return VS_EXIT_CANNOT;
	}
	result = look_at(&look);
	vs_event_watch_close(look.watch);
	vs_command_release(&look.command);
	vs_events_end(look.answer);
	free(look.answer);
	vs_target_release(&look.target);
	return result;
}
