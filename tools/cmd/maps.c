// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmscope maps: every mapping. It must not know how tables are printed.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "../render/screens.h"

static const char default_columns[] = "start,size,perm,pss,rss,uss,swap,huge,name";
static const char narrow_columns[] = "start,pss,rss,name";

static const char *usual_columns(const struct vs_options *options)
{
	struct vs_style style;

	vs_style_init(&style, options);
	return style.terminal && !style.raw && style.width < 70 ? narrow_columns : default_columns;
}

static int list_columns(void)
{
	for (int i = 0; i < VS_FIELD_NR; i++) {
		char name[32];
		size_t n;

		for (n = 0; vs_field_name(i)[n]; n++)
			name[n] = toupper((unsigned char)vs_field_name(i)[n]);
		name[n] = 0;
		printf("%16s  %s\n", name, vs_field_help(i));
	}
	return VS_EXIT_OK;
}

static void add_column(struct vs_fields *fields, int field)
{
	for (int i = 0; i < fields->nr; i++)
		if (fields->field[i] == field)
			return;
	fields->field[fields->nr++] = field;
}

static int add_columns(struct vs_fields *fields, const char *text)
{
	for (; *text; text += *text == ',') {
		size_t length = strcspn(text, ",");
		int field = vs_field_by_name(text, length);
		bool all = length == 3 && !strncasecmp(text, "all", 3);

		if (field < 0 && length && !all) {
			vs_say("maps: no column '%.*s': 'vmscope maps -o help' lists them",
			       (int)length, text);
			return VS_EXIT_USAGE;
		}
		for (int i = 0; all && i < VS_FIELD_NR; i++)
			add_column(fields, i);
		if (field >= 0)
			add_column(fields, field);
		text += length;
	}
	return VS_EXIT_OK;
}

static int choose_columns(const struct vs_options *options, struct vs_fields *fields)
{
	const char *text = options->columns;
	int err = VS_EXIT_OK;

	fields->nr = 0;
	if (!text && options->json)
		return add_columns(fields, "all");
	if (!text || *text == '+')
		err = add_columns(fields, usual_columns(options));
	if (!err && text)
		err = add_columns(fields, text + (*text == '+'));
	if (!err && !fields->nr) {
		vs_say("maps: -o names no column: 'vmscope maps -o help' lists them");
		err = VS_EXIT_USAGE;
	}
	return err;
}

static int print(const struct vs_options *options, const struct vs_session *session,
		 const struct vs_fields *fields, const struct vs_filter *filter,
		 const struct vs_sort *sort)
{
	struct vs_style style;
	uint32_t *index;
	size_t nr;
	int err;

	index = vs_select(&session->model, filter, sort, &nr);
	vs_style_init(&style, options);
	if (!index)
		err = -ENOMEM;
	else if (options->json)
		err = vs_maps_json(stdout, &session->report, fields, index, nr);
	else
		err = vs_maps_screen(&style, &session->report, fields, index, nr);
	free(index);
	if (err) {
		vs_say("out of memory: choose fewer columns");
		return VS_EXIT_CANNOT;
	}
	/* Where the figures come from must never go unsaid. */
	if (session->report.fallback && !options->json)
		vs_say("figures are from procfs: %s", session->report.fallback);
	return vs_session_result(session);
}

static int look(const struct vs_options *options, const struct vs_fields *fields,
		const struct vs_filter *filter, const struct vs_sort *sort)
{
	struct vs_request request = {
		.want = VS_WANT_PROCESS | VS_WANT_VMAS | VS_WANT_TALLIES,
		.jobs = options->jobs,
		.timeout_ns = options->timeout_ns,
	};
	struct vs_session session;
	int result;

	result = vs_session_open(&session, options, vs_target_argument(options));
	if (!result)
		result = vs_session_collect(&session, &request);
	if (!result)
		result = print(options, &session, fields, filter, sort);
	vs_session_close(&session);
	return result;
}

int vs_cmd_maps(const struct vs_options *options)
{
	struct vs_filter filter = { 0 };
	struct vs_fields fields;
	struct vs_sort sort;
	struct vs_error error;
	int result;

	if (options->list_columns || (options->columns && !strcmp(options->columns, "help")))
		return list_columns();
	result = choose_columns(options, &fields);
	if (result)
		return result;
	if ((options->filter && vs_filter_parse(options->filter, &filter, &error)) ||
	    (options->sort && vs_sort_parse(options->sort, &sort, &error)))
		result = vs_fail(&error);
	else
		result = look(options, &fields, &filter, options->sort ? &sort : NULL);
	vs_filter_free(&filter);
	return result;
}
