// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmscope host: whether the memory of all processes adds up to what the kernel
 * counts. It must not know how sums are made, nor how they are printed.
 */
#include "../render/host.h"
#include "crowd.h"

/* Why it is not known who pays for pages, or NULL. */
static const char *foreign_reason(const struct vs_crowd *crowd, const struct vs_host *host)
{
	if (crowd->origin != VS_ORIGIN_MODULE)
		return "only the module sees who pays for a page";
	if (!(crowd->kernel.details >> VS_DETAIL_CHARGES & 1))
		return crowd->kernel.physical == VS_PHYSICAL_NO_CAPABILITY ?
			"who pays for a page is shown with CAP_SYS_ADMIN only" :
			"this module does not tell who pays for a page";
	for (size_t i = 0; i < host->nr_groups; i++)
		if (host->group[i].payer != VS_UNKNOWN)
			return NULL;
	return "no control group of version 2 counts memory here";
}

/* Everybody, and this command itself, which has memory as well. */
static int read_host(struct vs_crowd *crowd, struct vs_host *host)
{
	const struct vs_visit visit = {
		.want = VS_WANT_TALLIES,
		.may_want = VS_WANT_CHARGES,
		.whole = true,
		.begin = vs_host_begin,
		.detail = vs_host_detail,
		.end = vs_host_add,
		.context = host,
	};
	struct vs_error error;
	int err = vs_crowd_visit_all(crowd, &visit);

	if (!err)
		err = vs_crowd_visit_self(crowd, &visit);
	/* the kernel's figures last: what ended meanwhile is in neither */
	if (!err && vs_host_memory_read(&host->memory, &error))
		err = vs_fail(&error);
	/* a screen shows few */
	if (!err)
		vs_host_finish(host, crowd->options->json ? host->nr : VS_HOST_VICTIMS);
	host->foreign_reason = foreign_reason(crowd, host);
	return err;
}

static void print(const struct vs_crowd *crowd, const struct vs_host *host)
{
	struct vs_model model;
	struct vs_report report;
	struct vs_style style;

	vs_crowd_report(crowd, &report, &model);
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
