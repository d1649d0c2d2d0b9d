// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmscope walk: the translation of addresses. It must not know how it is drawn.
 */
#include <stdlib.h>

#include "../analyze/range.h"
#include "../render/screens.h"
#include "cmd.h"

static int parse_addresses(char **text, int nr, uint64_t *address)
{
	for (int i = 0; i < nr; i++) {
		if (!vs_parse_address(text[i], &address[i]))
			continue;
		vs_say("walk: '%s' is no address: write hexadecimal as 'vmscope maps' shows it, with or without 0x",
		       text[i]);
		return VS_EXIT_USAGE;
	}
	return VS_EXIT_OK;
}

static int look(const struct vs_options *options, const struct vs_request *request)
{
	struct vs_session session;
	struct vs_style style;
	int result;

	result = vs_session_open(&session, options, vs_target_argument(options));
	if (!result)
		result = vs_session_collect(&session, request);
	if (!result) {
		vs_style_init(&style, options);
		if (options->json)
			vs_walk_json(stdout, &session.report);
		else
			vs_walk_screen(&style, &session.report);
		for (size_t i = 0; i < session.model.nr_walks; i++)
			if (session.model.walk[i].stop == VS_STOP_LOCKED)
				result = VS_EXIT_PARTIAL;
	}
	vs_session_close(&session);
	return result;
}

int vs_cmd_walk(const struct vs_options *options)
{
	struct vs_request request = {
		.want = VS_WANT_PROCESS | VS_WANT_VMAS | VS_WANT_WALKS,
		.timeout_ns = options->timeout_ns,
	};
	char **text;
	uint64_t *address;
	int nr, result;

	text = vs_more_arguments(options, &nr);
	address = calloc(nr + 1, sizeof(*address));
	if (!address) {
		vs_say("out of memory");
		return VS_EXIT_CANNOT;
	}
	request.address = address;
	request.nr_addresses = nr;
	result = parse_addresses(text, nr, address);
	if (!result)
		result = look(options, &request);
	free(address);
	return result;
}
