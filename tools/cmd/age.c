// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmscope age: one look is a question like any other; several looks make an
 * estimate of the working set. It must not know how either is shown.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../analyze/age.h"
#include "../analyze/attributes.h"
#include "../lib/clear.h"
#include "../lib/clock.h"
#include "../render/answers.h"
#include "../render/working.h"
#include "cmd.h"

#define DEFAULT_NS	1000000000ull
#define DEFAULT_COUNT	5

/* All looks of one run. */
struct watching {
	struct vs_session *session;
	struct vs_style style;
	struct vs_working working;
	struct vs_age *age;		/* of the last look */
	struct vs_interval *interval;
	struct vs_watch watch;
	uint64_t key;
	bool memory;			/* was short */
};

static void wait_for(uint64_t ns)
{
	struct timespec left = { ns / 1000000000, ns % 1000000000 };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

static int extent(void *context, const struct vs_model *model, const struct vs_vma *vma,
		  const struct vs_extent *extent)
{
	struct watching *w = context;

	(void)model;
	w->memory = vs_age_extent(w->age, vma, extent) ||
		vs_working_extent(&w->working, vma, extent);
	return w->memory ? -1 : 0;
}

static int no_memory(void)
{
	vs_say("age: out of memory: look at a smaller process, or once");
	return VS_EXIT_CANNOT;
}

/* One look; what it costs adds up over all of them. */
static int look(struct watching *w, bool cleared)
{
	struct vs_model *model = &w->session->model;
	struct vs_request request = {
		.want = VS_WANT_PROCESS | VS_WANT_VMAS | VS_WANT_TALLIES | VS_WANT_EXTENTS,
		.key = w->key,
		.timeout_ns = w->session->options->timeout_ns,
		.extent = extent,
		.context = w,
	};
	int err;

	vs_model_clear(model);
	if (w->age)
		vs_age_end(w->age);
	w->age = vs_age_begin(model);
	if (!w->age)
		return no_memory();
	vs_working_begin(&w->working, cleared);
	err = vs_session_collect(w->session, &request);
	if (!err && w->memory)
		err = no_memory();
	if (!err)
		vs_working_end(&w->working);
	return err;
}

static int clear(struct watching *w, struct vs_interval *interval)
{
	uint64_t start = vs_now();
	struct vs_error error;

	if (vs_clear_accessed(&w->session->target, &error))
		return vs_fail(&error);
	interval->clear_ns = vs_now() - start;
	if (interval->clear_ns > w->watch.longest_clear_ns)
		w->watch.longest_clear_ns = interval->clear_ns;
	return VS_EXIT_OK;
}

static int one_interval(struct watching *w)
{
	const struct vs_options *options = w->session->options;
	struct vs_interval *interval = &w->interval[w->watch.nr];
	uint64_t start;
	int err = options->clear ? clear(w, interval) : VS_EXIT_OK;

	start = vs_now();
	if (!err) {
		wait_for(w->watch.interval_ns);
		interval->ns = vs_now() - start;
		err = look(w, options->clear);
	}
	if (err)
		return err;
	interval->figures = w->working.figures;
	w->watch.nr++;
	if (!options->json)
		vs_working_line(&w->style, interval, w->watch.nr);
	return VS_EXIT_OK;
}

static int choose_key(struct watching *w)
{
	struct vs_request request = { .want = VS_WANT_PROCESS | VS_WANT_KEY };
	uint64_t need = VS_AGE_NEED | VS_WORKING_NEED, lacking;
	int err = vs_session_collect(w->session, &request);
	char names[160];

	if (err)
		return err;
	lacking = need & ~w->session->model.kernel.key;
	w->key = need | ((VS_AGE_WISH | VS_WORKING_WISH) & w->session->model.kernel.key);
	if (!lacking)
		return VS_EXIT_OK;
	vs_key_names(lacking, names, sizeof(names));
	vs_say("age: the source cannot tell %s: 'vmscope doctor' tells what does not work here and why",
	       names);
	return VS_EXIT_CANNOT;
}

static void json(const struct watching *w, bool whole)
{
	const struct vs_report *report = &w->session->report;
	json_t *missing = json_object();
	struct vs_json json;

	vs_report_begin_json(&json, stdout, report);
	vs_json_member(&json, "age", whole ? vs_age_json(report, w->age) : json_null());
	vs_json_member(&json, "working", vs_working_json(&w->watch));
	if (!whole)
		json_object_set_new(missing, "age", json_string("the last look failed"));
	vs_json_member(&json, "missing", missing);
	vs_json_end(&json);
}

static void begin_screen(struct watching *w)
{
	vs_report_begin(&w->style, &w->session->report);
	vs_working_heading(&w->style);
}

/* The looks one after the other; what was seen before one failed is shown. */
static int watch(struct watching *w)
{
	const struct vs_options *options = w->session->options;
	unsigned int count = options->count ? options->count : DEFAULT_COUNT;
	int err = look(w, false);

	w->interval = calloc(count, sizeof(*w->interval));
	if (!w->interval)
		err = no_memory();
	if (err)
		return err;
	w->watch.interval = w->interval;
	if (!options->json)
		begin_screen(w);
	while (!err && w->watch.nr < count)
		err = one_interval(w);
	if (options->json)
		json(w, !err);
	else if (!err)
		vs_working_screen(&w->style, &w->watch);
	return err ? err : vs_session_result(w->session);
}

static int several(const struct vs_options *options)
{
	struct vs_session session;
	struct watching w = {
		.session = &session,
		.watch.working = &w.working,
		.watch.interval_ns = options->interval_ns ? options->interval_ns : DEFAULT_NS,
		.watch.cleared = options->clear,
	};
	int result;

	vs_style_init(&w.style, options);
	result = vs_session_open(&session, options, vs_target_argument(options));
	vs_working_init(&w.working, &session.model);
	if (!result)
		result = choose_key(&w);
	if (!result && options->clear && !options->json)
		vs_working_effects(&w.style);
	if (!result && options->clear && options->json)
		vs_say("age: --clear changes process %d: %s", session.target.pid,
		       vs_clear_effects[0]);
	if (!result)
		result = watch(&w);
	if (w.age)
		vs_age_end(w.age);
	vs_working_free(&w.working);
	free(w.interval);
	vs_session_close(&session);
	return result;
}

int vs_cmd_age(const struct vs_options *options)
{
	if (!options->interval_ns && !options->count && !options->clear)
		return vs_cmd_ask(options);
	if (!options->from)
		return several(options);
	vs_say("age: %s needs a live process: a recorded file is one look",
	       options->clear ? "--clear" : options->count ? "--count" : "--interval");
	return VS_EXIT_USAGE;
}
