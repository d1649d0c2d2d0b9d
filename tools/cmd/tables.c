// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmscope tables: of one process a question like others, of many a list of
 * them. It must not know how either is shown.
 */
#include "../analyze/tables_everyone.h"
#include "../render/tables_everyone.h"
#include "cmd.h"
#include "visit.h"

static int of_everyone(const struct vs_options *options)
{
	struct vs_tables_everyone everyone = { 0 };
	struct vs_visit visit = {
		.options = options,
		.want = VS_WANT_TABLES,
		.begin = vs_tables_everyone_begin,
		.detail = vs_tables_everyone_detail,
		.done = vs_tables_everyone_done,
		.context = &everyone,
	};
	struct vs_report report = {
		.verb = options->verb->name,
		.model = &visit.around,
		.requested = options->source,
	};
	struct vs_style style;
	int result;

	result = vs_visit(&visit);
	if (result == VS_EXIT_OK || result == VS_EXIT_PARTIAL) {
		vs_style_init(&style, options);
		vs_tables_everyone_sort(&everyone);
		if (options->json)
			vs_tables_everyone_json(stdout, &report, &everyone, options->cgroup,
						&visit.missed);
		else
			vs_tables_everyone_screen(&style, &report, &everyone, options->cgroup,
						  &visit.missed);
	}
	vs_tables_everyone_free(&everyone);
	vs_visit_end(&visit);
	return result;
}

int vs_cmd_tables(const struct vs_options *options)
{
	return options->everyone ? of_everyone(options) : vs_cmd_ask(options);
}
