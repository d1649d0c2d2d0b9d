// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmscope tables: of one process a question like others, of many a list of
 * them. It must not know how either is shown.
 */
#include <string.h>

#include "../analyze/tables_everyone.h"
#include "../render/tables_everyone.h"
#include "crowd.h"

/* What ails the source itself is said once, and not of each process. */
static int check_source(struct vs_crowd *crowd, const struct vs_options *options)
{
	const struct vs_request request = { .want = VS_WANT_PROCESS };
	struct vs_session session;
	int err;

	err = vs_session_open_as(&session, options, "self", crowd->ops);
	if (!err)
		err = vs_session_collect(&session, &request);
	if (!err && vs_wanted_details(VS_WANT_TABLES) & ~session.model.kernel.details) {
		vs_say("%s: the source cannot tell page tables: load the module of this version",
		       options->verb->name);
		err = VS_EXIT_CANNOT;
	}
	/* though nobody else should be read */
	crowd->kernel = session.model.kernel;
	crowd->origin = session.model.origin;
	vs_session_close(&session);
	return err;
}

static void print(const struct vs_crowd *crowd, const struct vs_tables_everyone *everyone)
{
	const struct vs_options *options = crowd->options;
	struct vs_report report;
	struct vs_model model;
	struct vs_style style;

	vs_crowd_report(crowd, &report, &model);
	vs_style_init(&style, options);
	if (options->json)
		vs_tables_everyone_json(stdout, &report, everyone, options->cgroup,
					&crowd->members);
	else
		vs_tables_everyone_screen(&style, &report, everyone, options->cgroup,
					  &crowd->members);
}

static int of_everyone(const struct vs_options *options)
{
	struct vs_tables_everyone everyone = { 0 };
	const struct vs_visit visit = {
		.want = VS_WANT_TABLES,
		.begin = vs_tables_everyone_begin,
		.detail = vs_tables_everyone_detail,
		.end = vs_tables_everyone_done,
		.context = &everyone,
	};
	struct vs_crowd crowd;
	int result;

	vs_crowd_begin(&crowd, options, !strcmp(options->source, "proc") ? &vs_source_proc :
		       &vs_source_module);
	result = check_source(&crowd, options);
	if (!result)
		result = vs_crowd_visit_all(&crowd, &visit);
	if (!result) {
		vs_tables_everyone_sort(&everyone);
		print(&crowd, &everyone);
		/* who is missing stands in the report */
		result = vs_crowd_gaps(&crowd) ? VS_EXIT_PARTIAL : VS_EXIT_OK;
	}
	vs_tables_everyone_free(&everyone);
	vs_crowd_end(&crowd);
	return result;
}

int vs_cmd_tables(const struct vs_options *options)
{
	return options->everyone ? of_everyone(options) : vs_cmd_ask(options);
}
