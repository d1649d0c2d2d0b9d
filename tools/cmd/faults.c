// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmscope faults: page faults of a process, of a command from its beginning to its
 * end, of everybody, or of a control group. It must not know how they are counted, nor
 * how they are printed.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../lib/clock.h"
#include "../lib/command.h"
#include "../lib/everyone.h"
#include "../lib/fault_file.h"
#include "../lib/kernel.h"
#include "../render/faults.h"
#include "../render/stacks.h"
#include "fault_stream.h"
#include "watch.h"

struct look {
	const struct vs_options *options;
	struct vs_watch *watch;
	struct vs_stream stream;
	struct vs_fault_recorder *recorder;	/* NULL: nothing is kept */
	bool lines;			/* faults are told one by one */
	struct vs_style style;
	struct vs_target target;
	struct vs_command command;
	int group;			/* a control group's directory, or -1 */
	struct vs_fault_answer answer;
	struct vs_stack_tree tree;
	struct vs_error error;
	FILE *out;
};

/* ----------------------------------------------------------------- one by one */

static void tell(void *context, const struct vs_told_fault *fault)
{
	const struct look *look = context;

	if (look->recorder)
		vs_fault_record_told(look->recorder, fault);
	if (look->options->json)
		vs_told_json(look->out, fault);
	else
		vs_told_line(&look->style, fault);
}

static void tell_lost(void *context, uint64_t nr)
{
	const struct look *look = context;

	if (look->recorder)
		vs_fault_record_lost(look->recorder, nr);
	if (look->options->json)
		vs_told_lost_json(look->out, nr);
	else
		vs_told_lost(&look->style, nr);
}

static struct vs_watch *open_watch(struct look *look)
{
	const struct vs_watch_choice choice = {
		.scope = look->answer.scope,
		.stacks = look->options->stacks,
		.room = look->options->room,
		.stream = look->lines || look->options->stacks ? &look->stream : NULL,
	};

	look->stream.tell = look->lines ? tell : NULL;
	return vs_watch_open(&choice, &look->error);
}

static void begin_lines(struct look *look)
{
	if (look->lines && !look->options->json)
		vs_told_head(&look->style);
}

static int begin_watch(struct look *look, int whom)
{
	if (vs_watch_begin(look->watch, whom, &look->error))
		return -1;
	begin_lines(look);
	return 0;
}

/* -------------------------------------------------------------------- waiting */

/* How long at most, when something is told meanwhile. */
static uint64_t at_once(const struct look *look, uint64_t left)
{
	uint64_t most = vs_watch_patience(look->watch);

	return left > most ? most : left;
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
	uint64_t end = ns ? vs_now() + ns : UINT64_MAX, at = vs_now();

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
		at = vs_now();
	}
	return 0;
}

/* ------------------------------------------------------- a process, or everybody */

/* Until the time is over, the process has ended, or somebody says stop. */
static int wait_for_end(struct look *look)
{
	struct vs_stopping stop;
	int result;

	vs_stopping_begin(&stop);
	result = tell_until_end(look, look->target.pidfd, stop.fd, look->options->duration_ns);
	vs_stopping_end(&stop, !result);
	if (!result)
		return VS_EXIT_OK;
	vs_say("cannot wait: %s", strerror(errno));
	return VS_EXIT_CANNOT;
}

static int watch_process(struct look *look)
{
	int result = vs_find_target(look->options->argument[0], &look->target);

	if (result)
		return result;
	look->watch = open_watch(look);
	if (!look->watch || begin_watch(look, look->target.pid))
		return vs_fail(&look->error);
	return wait_for_end(look);
}

static int watch_everybody(struct look *look)
{
	const char *group = look->answer.cgroup;

	look->group = group ? vs_cgroup_open(group, &look->error) : -1;
	if (group && look->group < 0)
		return vs_fail(&look->error);
	look->watch = open_watch(look);
	if (!look->watch || begin_watch(look, look->group))
		return vs_fail(&look->error);
	return wait_for_end(look);
}

/* ------------------------------------------------------------------ a command */

static int tell_command(struct look *look)
{
	int pidfd, result;

	if (vs_watch_patience(look->watch) == UINT64_MAX)
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
	look->watch = open_watch(look);
	if (!look->watch || begin_watch(look, command->pid))
		return vs_fail(error);
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	if (vs_command_go(command, look->options->argument[0], error) ||
	    tell_command(look) || vs_command_wait(command, error))
		return vs_fail(error);
	return VS_EXIT_OK;
}

/* --------------------------------------------------------------------- report */

static void print_screen(const struct look *look, const struct vs_report *report,
			 char **command)
{
	if (look->lines)
		fputc('\n', look->out);
	vs_faults_screen(&look->style, report, &look->answer, command);
	if (look->tree.all)
		vs_stacks_tree(&look->style, &look->tree);
}

/* @file: where it is from, or NULL */
static void print(struct look *look, const struct vs_fault_run *run, char **command,
		  const char *file)
{
	struct vs_report report = {
		.verb = "faults", .requested = file ? "file" : "bpf", .file = file,
	};
	struct vs_model model;

	vs_model_init(&model);
	model.origin = VS_ORIGIN_BPF;
	model.kernel = run->kernel;
	model.process.pid = run->pid;
	model.recorded_at = file ? run->recorded_at : 0;
	report.model = &model;
	if (look->options->stacks == VS_STACKS_FOLDED)
		vs_stacks_folded(look->out, &look->tree);
	else if (look->options->json)
		vs_faults_json(look->out, &report, &look->answer, &look->tree, command);
	else
		print_screen(look, &report, command);
	vs_model_free(&model);
}

static int report(struct look *look, const struct vs_fault_run *run, char **command,
		  const char *file)
{
	int result;

	look->answer.scope = run->scope;
	look->answer.have_usage = run->have_usage;
	look->answer.status = run->status;
	look->answer.usage_minor = run->usage_minor;
	look->answer.usage_major = run->usage_major;
	if (vs_faults_analyze(&look->answer) ||
	    (look->answer.faults.stacks.asked &&
	     vs_stack_tree_make(&look->tree, &look->answer))) {
		vs_say("out of memory");
		return VS_EXIT_CANNOT;
	}
	print(look, run, command, file);
	/* who reads it need not wait until all is detached, which takes a second or two */
	fflush(look->out);
	result = vs_output_close(look->options, look->out);
	return result ? result : vs_faults_complete(&look->answer) ? VS_EXIT_OK : VS_EXIT_PARTIAL;
}

/* What was counted until now, and in the file, if there is to be one. */
static int report_watch(struct look *look)
{
	char **command = look->options->command ? look->options->argument : NULL;
	struct vs_fault_run run = {
		.pid = look->target.pid,
		.scope = look->answer.scope,
		.have_usage = command != NULL,
		.status = look->command.status,
		.usage_minor = look->command.minor,
		.usage_major = look->command.major,
		.recorded_at = time(NULL),
	};
	struct vs_faults *faults = &look->answer.faults;
	int result, kept = VS_EXIT_OK;

	if (vs_watch_end(look->watch, faults, &look->error))
		return vs_fail(&look->error);
	vs_kernel_identify(&run.kernel);
	vs_kernel_guess_geometry(&run.kernel);
	if (look->recorder &&
	    vs_fault_record_finish(look->recorder, &run, command, look->answer.cgroup, faults,
				   &look->error))
		kept = vs_fail(&look->error);
	look->recorder = NULL;
	result = report(look, &run, command, NULL);
	return kept ? kept : result;
}

/* --------------------------------------------------------------------- a file */

static int replay(struct look *look)
{
	struct vs_fault_file *file = vs_fault_file_open(look->options->from, &look->error);
	int result;

	if (!file)
		return vs_fail(&look->error);
	vs_fault_file_faults(file, &look->answer.faults);
	look->answer.cgroup = vs_fault_file_cgroup(file);
	if (look->options->stacks && !look->answer.faults.stacks.asked) {
		vs_say("%s: it holds no stacks: record it with --stacks", look->options->from);
		vs_fault_file_close(file);
		return VS_EXIT_USAGE;
	}
	look->lines = look->answer.faults.stream.asked &&
		look->options->stacks != VS_STACKS_FOLDED;
	begin_lines(look);
	look->stream.tell = tell;
	if (look->lines)
		vs_fault_file_tell(file, &look->stream);
	result = report(look, vs_fault_file_run(file), vs_fault_file_command(file),
			look->options->from);
	vs_fault_file_close(file);
	return result;
}

/* A file has all that there is to say. */
static int check_options(const struct vs_options *options)
{
	if (options->from && (options->command || options->duration_ns || options->follow ||
			      options->causes || options->slower_ns || options->range ||
			      options->buffer || options->room || options->record ||
			      options->everyone)) {
		vs_say("faults: --from shows what was recorded, all of it: leave out the rest");
		return VS_EXIT_USAGE;
	}
	if (options->system && options->cgroup) {
		vs_say("faults: --system is everybody: leave out --cgroup, or --system");
		return VS_EXIT_USAGE;
	}
	if (options->command && options->everyone) {
		vs_say("faults: a COMMAND is watched alone: leave out %s",
		       options->cgroup ? "--cgroup" : "--system");
		return VS_EXIT_USAGE;
	}
	if (options->stacks == VS_STACKS_FOLDED && (options->follow || options->json)) {
		vs_say("faults: --stacks=folded is all that is printed: leave out %s",
		       options->follow ? "--follow" : "--json");
		return VS_EXIT_USAGE;
	}
	if (options->command && options->duration_ns) {
		vs_say("faults: a COMMAND is watched until it ends: leave out --duration");
		return VS_EXIT_USAGE;
	}
	return VS_EXIT_OK;
}

static int begin_record(struct look *look)
{
	if (!look->options->record)
		return VS_EXIT_OK;
	look->recorder = vs_fault_record_start(look->options->record, &look->error);
	return look->recorder ? VS_EXIT_OK : vs_fail(&look->error);
}

static int watch(struct look *look)
{
	int result = begin_record(look);

	if (!result)
		result = look->options->command ? run_command(look) :
			look->options->everyone ? watch_everybody(look) : watch_process(look);
	if (!result)
		result = report_watch(look);
	vs_fault_record_abandon(look->recorder);
	vs_watch_close(look->watch);
	vs_command_release(&look->command);
	vs_target_release(&look->target);
	if (look->group >= 0)
		close(look->group);
	return result;
}

static enum vs_fault_scope scope_of(const struct vs_options *options)
{
	if (options->everyone)
		return options->cgroup ? VS_FAULTS_OF_CGROUP : VS_FAULTS_OF_SYSTEM;
	return options->command ? VS_FAULTS_OF_COMMAND : VS_FAULTS_OF_PROCESS;
}

int vs_cmd_faults(const struct vs_options *options)
{
	struct look look = {
		.options = options,
		.lines = options->follow,
		.stream = { .lost = tell_lost, .context = &look },
		.target = { .pidfd = -1 },
		.command = { .go = -1, .failed = -1 },
		.group = -1,
		.answer = { .scope = scope_of(options), .cgroup = options->cgroup },
	};
	int result;

	if (options->causes && !strcmp(options->causes, "help"))
		return vs_fault_causes_list();
	result = check_options(options);
	if (!result)
		result = vs_fault_stream_choose(options, &look.stream);
	if (!result) {
		look.out = vs_output_open(options, &look.style);
		result = look.out ? VS_EXIT_OK : VS_EXIT_CANNOT;
	}
	if (!result)
		result = options->from ? replay(&look) : watch(&look);
	vs_stack_tree_free(&look.tree);
	vs_faults_end(&look.answer);
	return result;
}
