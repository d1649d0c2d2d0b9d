// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmscope pages: runs of like pages. It must not know how they are printed.
 */
#include <stdlib.h>
#include <string.h>

#include "../analyze/attributes.h"
#include "../analyze/range.h"
#include "../render/pages.h"
#include "cmd.h"

static int list_attributes(void)
{
	for (const struct vs_attribute *a = vs_attributes; a->name; a++)
		printf("%16s  %s\n", a->name, a->help);
	printf("%16s  all that the source can tell\n", "all");
	return VS_EXIT_OK;
}

/* The ranges that are meant; none: everything. */
static int find_ranges(struct vs_session *session, const char *text, struct vs_range **range,
		       int *nr)
{
	struct vs_request request = { .want = VS_WANT_PROCESS | VS_WANT_KEY };
	struct vs_range one;
	struct vs_error error;
	int err;

	*range = NULL;
	*nr = 0;
	err = vs_session_collect(session, &request);
	if (err || !text)
		return err;
	err = vs_range_parse(text, &session->model.kernel, &one, &error);
	if (err < 0)
		return vs_fail(&error);
	if (!err) {
		*range = malloc(sizeof(one));
		if (!*range)
			return VS_EXIT_CANNOT;
		**range = one;
		*nr = 1;
		return VS_EXIT_OK;
	}
	request.want = VS_WANT_VMAS;
	err = vs_session_collect(session, &request);
	if (err)
		return err;
	*nr = vs_ranges_by_name(text, &session->model, range, &error);
	vs_model_clear(&session->model);
	return *nr <= 0 ? vs_fail(&error) : VS_EXIT_OK;
}

static int choose_key(const struct vs_options *options, const struct vs_session *session,
		      uint64_t *key)
{
	uint64_t available = session->model.kernel.key;
	struct vs_error error;

	*key = VS_KEY_DEFAULT & available;
	if (options->key && vs_key_parse(options->key, available, key, &error))
		return vs_fail(&error);
	return VS_EXIT_OK;
}

static int read_pages(struct vs_session *session, struct vs_pages *pages,
		      const struct vs_range *range, int nr)
{
	struct vs_request request = {
		.want = VS_WANT_PROCESS | VS_WANT_EXTENTS | VS_WANT_VMAS,
		.key = pages->key,
		.holes = session->options->holes,
		.timeout_ns = session->options->timeout_ns,
		.extent = vs_pages_extent,
		.context = pages,
	};
	int err = VS_EXIT_OK;

	if (!nr)
		return vs_session_collect(session, &request);
	for (int i = 0; !err && i < nr; i++) {
		request.start = range[i].start;
		request.end = range[i].end;
		err = vs_session_collect(session, &request);
	}
	return err;
}

static int look(const struct vs_options *options, struct vs_session *session)
{
	struct vs_range *range = NULL;
	struct vs_pages pages;
	struct vs_style style;
	int err, more, nr = 0;
	char **argument = vs_more_arguments(options, &more);
	uint64_t key;

	err = find_ranges(session, more > 0 ? argument[0] : NULL, &range, &nr);
	if (!err)
		err = choose_key(options, session, &key);
	if (!err) {
		vs_style_init(&style, options);
		err = vs_pages_begin(&pages, &style, &session->report, key, options->columns,
				     options->json) ? VS_EXIT_USAGE : VS_EXIT_OK;
		if (err)
			vs_say("pages: %s", pages.complaint);
	}
	if (!err) {
		err = read_pages(session, &pages, range, nr);
		pages.failed = err;
		vs_pages_end(&pages);
	}
	free(range);
	if (!err && session->report.fallback && !options->json)
		vs_say("figures are from procfs: %s", session->report.fallback);
	return err ? err : vs_session_result(session);
}

/* A question like any other, which can be asked together with more. */
static int stuck_pages(const struct vs_options *options)
{
	struct vs_options ask = *options;
	int more;

	vs_more_arguments(options, &more);
	if (more > 0 || options->key || options->columns || options->holes) {
		vs_say("pages: --stuck looks at the whole process and has columns of its own: leave RANGE, --key, -o and --holes out");
		return VS_EXIT_USAGE;
	}
	ask.verb_text = "stuck";
	ask.verb = vs_verb_find("stuck");
	return vs_cmd_ask(&ask);
}

int vs_cmd_pages(const struct vs_options *options)
{
	struct vs_session session;
	int result;

	if (options->stuck)
		return stuck_pages(options);
	if (options->key && !strcmp(options->key, "help"))
		return list_attributes();
	if (options->list_columns || (options->columns && !strcmp(options->columns, "help"))) {
		vs_pages_columns(stdout);
		return VS_EXIT_OK;
	}
	result = vs_session_open(&session, options, vs_target_argument(options));
	if (!result)
		result = look(options, &session);
	vs_session_close(&session);
	return result;
}
