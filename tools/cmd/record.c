// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmscope record: a snapshot for later. It must not know the file's format.
 */
#include <stdlib.h>

#include "../analyze/range.h"
#include "../lib/swaps.h"
#include "cmd.h"
#include "swap.h"

struct recording {
	struct vs_recorder *recorder;
	struct vs_error error;
	bool failed;
};

static int take_extent(void *context, const struct vs_model *model, const struct vs_vma *vma,
		       const struct vs_extent *extent)
{
	struct recording *recording = context;

	if (vs_record_extent(recording->recorder, vma - model->vma, extent, &recording->error))
		recording->failed = true;
	return recording->failed;
}

static int take_detail(void *context, const struct vs_model *model, const struct vs_vma *vma,
		       const struct vs_detail *detail)
{
	struct recording *recording = context;

	if (vs_record_detail(recording->recorder, vma - model->vma, detail, &recording->error))
		recording->failed = true;
	return recording->failed;
}

static int parse_walks(const struct vs_options *options, uint64_t *address)
{
	for (int i = 0; i < options->nr_walks; i++) {
		if (!vs_parse_address(options->walk[i], &address[i]))
			continue;
		vs_say("--walk: '%s' is no address: write hexadecimal, as 'vmscope maps' shows it",
		       options->walk[i]);
		return VS_EXIT_USAGE;
	}
	return VS_EXIT_OK;
}

/* smaps around the look, for verify. */
static int record_proc(const struct vs_options *options, struct recording *recording,
		       enum vs_look look)
{
	struct vs_request request = {
		.want = VS_WANT_PROCESS | VS_WANT_VMAS | VS_WANT_TALLIES,
		.timeout_ns = options->timeout_ns,
	};
	struct vs_session session;
	int result;

	result = vs_session_open_as(&session, options, options->argument[0], &vs_source_proc);
	if (!result)
		result = vs_session_collect(&session, &request);
	if (!result && vs_record_model(recording->recorder, look, &session.model, 0, 0,
				       &recording->error))
		result = vs_fail(&recording->error);
	vs_session_close(&session);
	return result;
}

static int collect(const struct vs_options *options, struct vs_session *session,
		   struct recording *recording, uint64_t *address, uint64_t *key,
		   uint64_t *details)
{
	struct vs_request learn = {
		.want = VS_WANT_PROCESS | (options->pages ? VS_WANT_KEY : 0),
	};
	struct vs_request request = {
		.want = VS_WANT_PROCESS | VS_WANT_VMAS | VS_WANT_TALLIES | VS_WANT_THP,
		.unpaced = options->unpaced,
		.timeout_ns = options->timeout_ns,
		.address = address,
		.nr_addresses = options->nr_walks,
		.extent = take_extent,
		.detail = take_detail,
		.context = recording,
	};
	int err;

	*key = 0;
	err = vs_session_collect(session, &learn);
	if (err)
		return err;
	if (session->model.kernel.details & 1ull << VS_DETAIL_TABLES)
		request.want |= VS_WANT_TABLES;
	if (options->fill && !(session->model.kernel.details & 1ull << VS_DETAIL_FILL)) {
		vs_say("record: --fill: the source cannot tell what of huge pages is zero");
		return VS_EXIT_CANNOT;
	}
	if (options->fill)
		request.want |= VS_WANT_FILL;
	*details = vs_wanted_details(request.want);
	if (options->pages) {
		*key = request.key = session->model.kernel.key;
		request.want |= VS_WANT_EXTENTS;
	}
	if (options->nr_walks)
		request.want |= VS_WANT_WALKS;
	err = vs_session_collect(session, &request);
	if (!err && recording->failed)
		err = vs_fail(&recording->error);
	return err;
}

static int record(const struct vs_options *options, struct recording *recording,
		  uint64_t *address)
{
	struct vs_swaps_then swaps;
	struct vs_session session;
	uint64_t key, details;
	bool named = options->pages && !vs_swaps_begin(&swaps) && swaps.swaps.nr;
	int result;

	result = vs_session_open(&session, options, options->argument[0]);
	if (!result && options->verify)
		result = record_proc(options, recording, VS_LOOK_PROC_BEFORE);
	if (!result)
		result = collect(options, &session, recording, address, &key, &details);
	if (!result && vs_record_model(recording->recorder, VS_LOOK_MAIN, &session.model, key,
				       details, &recording->error))
		result = vs_fail(&recording->error);
	/* areas that came or went meanwhile are left out */
	if (!result && named && vs_swaps_end(&swaps) &&
	    vs_record_swaps(recording->recorder, &swaps, &recording->error))
		result = vs_fail(&recording->error);
	if (!result && options->verify)
		result = record_proc(options, recording, VS_LOOK_PROC_AFTER);
	if (!result && session.report.fallback)
		vs_say("figures are from procfs: %s", session.report.fallback);
	if (!result)
		result = vs_session_result(&session);
	vs_session_close(&session);
	return result;
}

int vs_cmd_record(const struct vs_options *options)
{
	struct recording recording = { 0 };
	uint64_t *address;
	int result;

	if (!options->write) {
		vs_say("record: which file? usage: vmscope record TARGET -w FILE");
		return VS_EXIT_USAGE;
	}
	address = calloc(options->nr_walks + 1, sizeof(*address));
	if (!address) {
		vs_say("out of memory");
		return VS_EXIT_CANNOT;
	}
	result = parse_walks(options, address);
	if (!result) {
		recording.recorder = vs_record_start(options->write, &recording.error);
		if (!recording.recorder)
			result = vs_fail(&recording.error);
	}
	if (!result) {
		result = record(options, &recording, address);
		if (result && result != VS_EXIT_PARTIAL)
			vs_record_abandon(recording.recorder);
		else if (vs_record_finish(recording.recorder, &recording.error))
			result = vs_fail(&recording.error);
	}
	free(address);
	return result;
}
