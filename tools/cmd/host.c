// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmscope host: whether the memory of all processes adds up to what the kernel
 * counts. It must not know how sums are made, nor how they are printed.
 */
#include "../render/host.h"
#include "crowd.h"

static int add(void *context, uint32_t member, const struct vs_model *model)
{
	(void)member;
	return vs_host_add(context, model);
}

/* Everybody, and this command itself, which has memory as well. */
static int read_host(struct vs_crowd *crowd, struct vs_host *host)
{
	const struct vs_visit visit = {
		.want = VS_WANT_TALLIES,
		.end = add,
		.context = host,
	};
	struct vs_everyone everyone;
	struct vs_error error;
	int err = vs_crowd_everyone(crowd, &everyone);

	for (size_t i = 0; !err && i < everyone.nr; i++)
		err = vs_crowd_visit(crowd, everyone.pid[i], &visit);
	vs_everyone_free(&everyone);
	if (!err)
		err = vs_crowd_visit_self(crowd, &visit);
	/* the kernel's figures last: what ended meanwhile is in neither */
	if (!err && vs_host_memory_read(&host->memory, &error))
		err = vs_fail(&error);
	if (!err)
		vs_host_finish(host);
	return err;
}

static void print(const struct vs_crowd *crowd, const struct vs_host *host)
{
	struct vs_model model;
	struct vs_report report = {
		.verb = crowd->options->verb->name,
		.model = &model,
		.requested = crowd->options->source,
		.fallback = *crowd->fallback ? crowd->fallback : NULL,
	};
	struct vs_style style;

	vs_crowd_model(crowd, &model);
	vs_style_init(&style, crowd->options);
	if (crowd->options->json)
		vs_host_json(stdout, &report, &crowd->members, host);
	else
		vs_host_screen(&style, &report, &crowd->members, host);
}

int vs_cmd_host(const struct vs_options *options)
{
	struct vs_options all = *options;
	struct vs_crowd crowd;
	struct vs_host host;
	int result;

	all.everyone = true;
	vs_crowd_begin(&crowd, &all, NULL);
	vs_host_init(&host);
	result = read_host(&crowd, &host);
	if (!result) {
		print(&crowd, &host);
		result = vs_crowd_result(&crowd);
	}
	vs_host_free(&host);
	vs_crowd_end(&crowd);
	return result;
}
