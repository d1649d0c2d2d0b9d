// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the verbs share: errors, style, a session. It must not know any verb.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd.h"

void vs_say(const char *format, ...)
{
	char text[1024], clean[2048];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	/* Names of processes and files may hold anything. */
	fprintf(stderr, "vmscope: %s\n", vs_clean(text, clean, sizeof(clean)));
}

int vs_fail(const struct vs_error *error)
{
	static const enum vs_exit code[] = {
		[VS_FAIL_NONE] = VS_EXIT_CANNOT,
		[VS_FAIL_INPUT] = VS_EXIT_USAGE,
		[VS_FAIL_GONE] = VS_EXIT_GONE,
		[VS_FAIL_CANNOT] = VS_EXIT_CANNOT,
		[VS_FAIL_PERMISSION] = VS_EXIT_PERMISSION,
		[VS_FAIL_MISMATCH] = VS_EXIT_CANNOT,
		[VS_FAIL_PARTIAL] = VS_EXIT_PARTIAL,
	};

	vs_say("%s", error->text);
	return code[error->fail];
}

/* fd: the terminal, if it is one; otherwise -1. */
static int terminal_width(int fd)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	long width = columns ? strtol(columns, NULL, 10) : 0;

	if (width <= 0 && fd >= 0 && !ioctl(fd, TIOCGWINSZ, &size))
		width = size.ws_col;
	if (width <= 0)
		width = 80;
	return width < 20 ? 20 : width > 400 ? 400 : width;
}

void vs_style_init(struct vs_style *style, const struct vs_options *options)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	memset(style, 0, sizeof(*style));
	style->out = stdout;
	style->terminal = isatty(STDOUT_FILENO);
	style->width = terminal_width(style->terminal ? STDOUT_FILENO : -1);
	style->bytes = options->bytes;
	style->raw = options->raw;
	style->headings = !options->noheadings;
	if (options->color == VS_AUTO)
		style->color = style->terminal && !(no_color && *no_color) && term &&
			strcmp(term, "dumb");
	else
		style->color = options->color == VS_ALWAYS;
}

const char *vs_target_argument(const struct vs_options *options)
{
	return options->from ? NULL : options->argument[0];
}

char **vs_more_arguments(const struct vs_options *options, int *nr)
{
	int skip = options->from ? 0 : 1;

	*nr = options->nr_arguments - skip;
	return options->argument + skip;
}

/* One of several: on a terminal, what of its command line fits. */
static void put_match(pid_t pid, const char *command)
{
	bool terminal = isatty(STDERR_FILENO);
	int room = terminal_width(terminal ? STDERR_FILENO : -1) - 11;
	char clean[600];

	vs_clean(command, clean, sizeof(clean));
	if (terminal && vs_columns(clean) > room)
		fprintf(stderr, "  %7d  %.*s...\n", pid, (int)vs_head(clean, room - 3), clean);
	else
		fprintf(stderr, "  %7d  %s\n", pid, clean);
}

int vs_find_target(const char *text, struct vs_target *target)
{
	struct vs_matches matches;
	struct vs_error error;
	size_t shown;

	if (!vs_target_find(text, target, &matches, &error))
		return VS_EXIT_OK;
	vs_fail(&error);
	shown = sizeof(matches.match) / sizeof(matches.match[0]);
	if (matches.found < shown)
		shown = matches.found;
	for (size_t i = 0; matches.found > 1 && i < shown; i++)
		put_match(matches.match[i].pid, matches.match[i].command);
	if (matches.found > shown)
		fprintf(stderr, "  ... and %zu more\n", matches.found - shown);
	return error.fail == VS_FAIL_GONE ? VS_EXIT_GONE :
		error.fail == VS_FAIL_CANNOT ? VS_EXIT_CANNOT : VS_EXIT_USAGE;
}

static void start(struct vs_session *session, const struct vs_options *options)
{
	memset(session, 0, sizeof(*session));
	session->options = options;
	session->target.pidfd = -1;
	vs_model_init(&session->model);
	session->report.verb = options->verb->name;
	session->report.model = &session->model;
	session->report.requested = options->from ? "file" : options->source;
	session->report.file = options->from;
}

int vs_session_open_as(struct vs_session *session, const struct vs_options *options,
		       const char *target, const struct vs_source_ops *ops)
{
	struct vs_error error;
	int err;

	start(session, options);
	if (target) {
		err = vs_find_target(target, &session->target);
		if (err)
			return err;
	}
	if (vs_source_open(&session->source, ops, &session->target, options->from, &error))
		return vs_fail(&error);
	return VS_EXIT_OK;
}

static int open_auto(struct vs_session *session)
{
	struct vs_error error;

	if (!vs_source_open(&session->source, &vs_source_module, &session->target, NULL, &error))
		return VS_EXIT_OK;
	vs_source_close(&session->source);
	if (!vs_source_may_fall_back(&error))
		return vs_fail(&error);
	snprintf(session->fallback, sizeof(session->fallback), "%s", error.text);
	session->report.fallback = session->fallback;
	if (vs_source_open(&session->source, &vs_source_proc, &session->target, NULL, &error))
		return vs_fail(&error);
	return VS_EXIT_OK;
}

int vs_session_open(struct vs_session *session, const struct vs_options *options,
		    const char *target)
{
	int err;

	if (options->from)
		return vs_session_open_as(session, options, NULL, &vs_source_file);
	if (!strcmp(options->source, "module"))
		return vs_session_open_as(session, options, target, &vs_source_module);
	if (!strcmp(options->source, "proc"))
		return vs_session_open_as(session, options, target, &vs_source_proc);
	start(session, options);
	err = vs_find_target(target, &session->target);
	return err ? err : open_auto(session);
}

int vs_session_collect(struct vs_session *session, const struct vs_request *request)
{
	struct vs_error error;

	if (!vs_source_collect(&session->source, request, &session->model, &error))
		return VS_EXIT_OK;
	if (session->report.fallback && error.fail == VS_FAIL_PERMISSION)
		vs_say("not the module: %s", session->report.fallback);
	return vs_fail(&error);
}

void vs_session_close(struct vs_session *session)
{
	vs_source_close(&session->source);
	vs_target_release(&session->target);
	vs_model_free(&session->model);
}

int vs_session_result(const struct vs_session *session)
{
	const char *next = session->report.file ? "it was so when it was recorded" :
		"wait, or give it longer with --timeout";
	const struct vs_model *model = &session->model;

	if (model->cut != VS_COMPLETE) {
		vs_say("process %d keeps its memory map locked: nothing was read from 0x%" PRIx64 " on: %s",
		       model->process.pid, model->cut, next);
		return VS_EXIT_PARTIAL;
	}
	if (model->cost.marks & VS_MARK_SKIPPED) {
		vs_say("process %d keeps parts of its memory map locked, which were not read: %s",
		       model->process.pid, next);
		return VS_EXIT_PARTIAL;
	}
	return VS_EXIT_OK;
}
