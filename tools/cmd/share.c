// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmscope share: who else maps the same memory. It must not know how processes
 * are joined, nor how the answer is printed.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../render/share.h"
#include "crowd.h"

static int no_memory(void)
{
	vs_say("out of memory: look at a smaller range, or at fewer processes");
	return VS_EXIT_CANNOT;
}

/* A second argument that is no process: START-END, 0xADDRESS, [heap], /a/file. */
static bool is_range(const char *text)
{
	const struct vs_kernel kernel = { .page_shift = 12 };
	struct vs_range range;
	struct vs_error error;
	uint64_t address;

	if (*text == '[' || *text == '/' || !strncmp(text, "0x", 2))
		return true;
	/* no pid is as long */
	if (!vs_parse_address(text, &address))
		return strlen(text) > 7;
	return vs_range_parse(text, &kernel, &range, &error) <= 0;
}

/* ----------------------------------------------------------- one process */

struct one {
	struct vs_session session;
	struct vs_crowd crowd;
	struct vs_share share;
};

/* One range: between those of a name nothing else may be. */
static int join_ranges(struct one *one, const char *text, const struct vs_range *range, int nr)
{
	const struct vs_model *model = &one->session.model;
	bool apart = false;
	char list[300] = "";

	for (int i = 0; i < nr; i++) {
		size_t length = strlen(list);

		snprintf(list + length, sizeof(list) - length, "%s%llx-%llx", i ? ", " : "",
			 (unsigned long long)range[i].start, (unsigned long long)range[i].end);
		if (i)
			apart |= model->vma[vs_model_first(model, range[i - 1].end)].start !=
				range[i].start;
	}
	one->share.range = (struct vs_range){ range[0].start, range[nr - 1].end };
	if (!apart)
		return VS_EXIT_OK;
	vs_say("share: '%s' is mapped at %d places, with others between them: write one of them: %s",
	       text, nr, list);
	return VS_EXIT_USAGE;
}

/* The range that was asked about: an address is its page. */
static int find_range(struct one *one, const char *text)
{
	const struct vs_kernel *kernel = &one->session.model.kernel;
	uint64_t page = 1ull << kernel->page_shift, address;
	struct vs_request request = { .want = VS_WANT_VMAS };
	struct vs_range *range;
	struct vs_error error;
	int nr, err;

	if (!vs_parse_address(text, &address)) {
		one->share.range.start = address & ~(page - 1);
		one->share.range.end = one->share.range.start + page;
		if (!kernel->task_size || address < kernel->task_size)
			return VS_EXIT_OK;
		vs_say("share: %s is no user address: they end at 0x%llx", text,
		       (unsigned long long)kernel->task_size);
		return VS_EXIT_USAGE;
	}
	err = vs_range_parse(text, kernel, &one->share.range, &error);
	if (err < 0)
		return vs_fail(&error);
	if (!err)
		return VS_EXIT_OK;
	err = vs_session_collect(&one->session, &request);
	if (err)
		return err;
	nr = vs_ranges_by_name(text, &one->session.model, &range, &error);
	if (!nr && !is_range(text)) {
		vs_say("no process named '%s', and process %d has no mapping of that name: 'ps -e' lists the ones, 'vmscope maps' the others",
		       text, one->session.target.pid);
		return VS_EXIT_GONE;
	}
	if (nr <= 0)
		return vs_fail(&error);
	err = join_ranges(one, text, range, nr);
	vs_model_clear(&one->session.model);
	free(range);
	return err;
}

/* What it maps elsewhere in its own memory can be the same pages, too. */
static int read_around(struct one *one)
{
	const struct vs_range *range = &one->share.range;
	struct vs_request request = { .want = VS_WANT_PROCESS | VS_WANT_KEY };
	struct vs_model model;
	struct vs_error error;
	int err;

	vs_model_init(&model);
	err = vs_source_collect(&one->session.source, &request, &model, &error);
	vs_share_next(&one->share, &model);
	request = (struct vs_request){
		.want = VS_WANT_VMAS | VS_WANT_EXTENTS,
		.key = VS_SHARE_OTHERS,
		.timeout_ns = one->session.options->timeout_ns,
		.extent = vs_share_other,
		.context = &one->share,
	};
	request.end = range->start;
	if (!err && range->start)
		err = vs_source_collect(&one->session.source, &request, &model, &error);
	vs_model_clear(&model);
	request.start = range->end;
	request.end = 0;
	if (!err)
		err = vs_source_collect(&one->session.source, &request, &model, &error);
	vs_model_free(&model);
	return err ? vs_fail(&error) : VS_EXIT_OK;
}

static int read_target(struct one *one, const char *range)
{
	struct vs_session *session = &one->session;
	const struct vs_model *model = &session->model;
	struct vs_request request;
	int err;

	err = vs_crowd_target(&one->crowd, session, "share");
	if (err)
		return err;
	if (vs_share_begin(&one->share, model, &one->crowd.members))
		return no_memory();
	if (range) {
		one->share.ranged = true;
		err = find_range(one, range);
	}
	if (err)
		return err;
	request = (struct vs_request){
		.want = VS_WANT_VMAS | VS_WANT_EXTENTS,
		.start = one->share.range.start,
		.end = one->share.range.end,
		.key = VS_SHARE_NEED | (VS_SHARE_WISH & model->kernel.key),
		.timeout_ns = session->options->timeout_ns,
		.extent = vs_share_target,
		.context = &one->share,
	};
	if (!range)
		request.want |= VS_WANT_TALLIES;
	err = vs_session_collect(session, &request);
	if (!err && range)
		err = read_around(one);
	return err;
}

static int read_others(struct one *one)
{
	const struct vs_visit visit = {
		.need = VS_SHARE_OTHERS,
		.bare = !one->share.ranged,	/* of a range it is told where others have it */
		.begin = vs_share_next,
		.extent = vs_share_other,
		.context = &one->share,
	};
	int err = vs_crowd_visit_others(&one->crowd, &visit);

	if (!err && one->session.model.process.pid != getpid())
		err = vs_crowd_visit_self(&one->crowd, &visit);
	return err;
}

static void print_one(struct one *one)
{
	const struct vs_options *options = one->session.options;
	struct vs_style style;

	vs_crowd_add_cost(&one->crowd, &one->session.model.cost);
	if (options->json) {
		vs_share_json(&one->session.report, &one->share);
		return;
	}
	vs_style_init(&style, options);
	vs_share_screen(&style, &one->session.report, &one->share);
}

static int ask_one(const struct vs_options *options, const char *range)
{
	struct one *one = calloc(1, sizeof(*one));
	int result, partial;

	if (!one)
		return no_memory();
	result = vs_session_open(&one->session, options, options->argument[0]);
	if (!result) {
		vs_crowd_begin(&one->crowd, options, one->session.source.ops);
		result = read_target(one, range);
	}
	if (!result)
		result = read_others(one);
	if (!result && vs_share_finish(&one->share))
		result = no_memory();
	if (!result) {
		partial = vs_session_result(&one->session);
		print_one(one);
		result = vs_crowd_result(&one->crowd);
		result = result ? result : partial;
	}
	vs_share_end(&one->share);
	vs_crowd_end(&one->crowd);
	vs_session_close(&one->session);
	free(one);
	return result;
}

/* ------------------------------------------------------------- many of them */

static int read_group(struct vs_crowd *crowd, struct vs_matrix *matrix)
{
	const struct vs_visit visit = {
		.need = VS_MATRIX_NEED,
		.bare = true,
		.begin = vs_matrix_next,
		.extent = vs_matrix_extent,
		.again = vs_matrix_again,
		.closer = VS_MATRIX_CLOSER,
		.closer_extent = vs_matrix_closer,
		.context = matrix,
	};
	int err = vs_crowd_visit_all(crowd, &visit);

	if (!err && !crowd->members.count[VS_MEMBER_READ])
		return vs_crowd_result(crowd);
	if (!err && vs_matrix_finish(matrix))
		err = no_memory();
	return err;
}

static void print_group(const struct vs_crowd *crowd, const struct vs_matrix *matrix)
{
	struct vs_report report;
	struct vs_style style;
	struct vs_model model;

	vs_crowd_report(crowd, &report, &model);
	if (crowd->options->json) {
		vs_matrix_json(&report, matrix);
		return;
	}
	vs_style_init(&style, crowd->options);
	vs_matrix_screen(&style, &report, matrix);
}

static int ask_group(const struct vs_options *options)
{
	struct vs_matrix matrix;
	struct vs_crowd crowd;
	int result;

	vs_crowd_begin(&crowd, options, NULL);
	vs_matrix_init(&matrix, &crowd.members);
	result = read_group(&crowd, &matrix);
	if (!result) {
		print_group(&crowd, &matrix);
		result = vs_crowd_result(&crowd);
	}
	vs_matrix_free(&matrix);
	vs_crowd_end(&crowd);
	return result;
}

/* ------------------------------------------------------------------------ */

/* What is the name of no process may be that of a mapping, such as libc.so.6. */
static bool is_process(const char *text)
{
	struct vs_target target;
	struct vs_matches matches;
	struct vs_error error;
	bool found = !vs_target_find(text, &target, &matches, &error) || matches.found;

	vs_target_release(&target);
	return found || !text[strspn(text, "0123456789")];
}

int vs_cmd_share(const struct vs_options *options)
{
	const char *range = NULL;

	if (options->family)
		return vs_cmd_family(options);
	if (!options->everyone && options->nr_arguments == 2 &&
	    (is_range(options->argument[1]) || !is_process(options->argument[1])))
		range = options->argument[1];
	if (range || (options->nr_arguments == 1 && !options->everyone))
		return ask_one(options, range);
	return ask_group(options);
}
