// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmscope verify: the module beside procfs. It takes the looks in the order
 * that lets a change of the target be told from a fault; it must not know what
 * is compared, or how the outcome is told.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../analyze/compare.h"
#include "../render/verify.h"
#include "cmd.h"

#define ROUNDS		4
#define WINDOW_PAGES	8192
#define NEAR_PAGES	64		/* gaps that are read through */
#define AGAIN_MOST	2000		/* differences worth a further look */

struct window {
	uint64_t start, end;
};

struct verification {
	struct vs_session module;
	struct vs_session proc;		/* its model: before */
	struct vs_model after;
	struct vs_request tallies;
	struct vs_comparison mappings;
	struct vs_comparison pages;
	const char *pages_missing;
	struct window *window;
	size_t nr_windows;
	bool no_memory;
	struct vs_page_keys keys;
	struct vs_page *page[3];	/* module, before, after */
};

static void pause_shortly(void)
{
	const struct timespec time = { .tv_nsec = 20000000 };

	nanosleep(&time, NULL);
}

/* ------------------------------------------------------------ mappings */

static int collect_after(struct verification *v)
{
	struct vs_error error;

	vs_model_clear(&v->after);
	if (vs_source_collect(&v->proc.source, &v->tallies, &v->after, &error))
		return vs_fail(&error);
	return VS_EXIT_OK;
}

static int look_at_mappings(struct verification *v, struct vs_comparison *comparison)
{
	int err;

	vs_model_clear(&v->proc.model);
	vs_model_clear(&v->module.model);
	err = vs_session_collect(&v->proc, &v->tallies);
	if (!err)
		err = vs_session_collect(&v->module, &v->tallies);
	if (!err)
		err = collect_after(v);
	if (!err)
		vs_compare_mappings(&v->module.model, &v->proc.model, &v->after, comparison);
	return err;
}

static int verify_mappings(struct verification *v)
{
	int err = look_at_mappings(v, &v->mappings);

	for (int round = 1; !err && round < ROUNDS &&
	     vs_count_reason(&v->mappings, VS_UNEXPLAINED); round++) {
		struct vs_comparison again = { 0 };

		pause_shortly();
		err = look_at_mappings(v, &again);
		if (!err)
			vs_compare_again(&v->mappings, &again);
		vs_comparison_free(&again);
	}
	return err;
}

/* --------------------------------------------------------------- pages */

static int add_window(struct verification *v, uint64_t start, uint64_t end)
{
	struct window *last = v->nr_windows ? &v->window[v->nr_windows - 1] : NULL;
	const unsigned int shift = v->module.model.kernel.page_shift;
	const uint64_t most = (uint64_t)WINDOW_PAGES << shift;

	if (last && start - last->end <= (uint64_t)NEAR_PAGES << shift &&
	    end - last->start <= most) {
		last->end = end;
		return 0;
	}
	while (start < end) {
		uint64_t until = end - start > most ? start + most : end;
		struct window *more;

		if (!(v->nr_windows & (v->nr_windows - 1))) {
			size_t room = v->nr_windows ? v->nr_windows * 2 : 1;

			more = reallocarray(v->window, room, sizeof(*more));
			if (!more) {
				v->no_memory = true;
				return -1;
			}
			v->window = more;
		}
		v->window[v->nr_windows++] = (struct window){ start, until };
		start = until;
	}
	return 0;
}

static int find_window(void *context, const struct vs_model *model, const struct vs_vma *vma,
		       const struct vs_extent *extent)
{
	uint64_t bytes = (uint64_t)extent->pages << model->kernel.page_shift;

	(void)vma;
	return add_window(context, extent->start, extent->start + bytes);
}

/* Where the pages are that the module sees. */
static int find_windows(struct verification *v)
{
	struct vs_request request = {
		.want = VS_WANT_PROCESS | VS_WANT_EXTENTS,
		.timeout_ns = v->tallies.timeout_ns,
		.key = VS_ATTR_STATE,
		.extent = find_window,
		.context = v,
	};
	struct vs_model model;
	struct vs_error error;
	int err = VS_EXIT_OK;

	vs_model_init(&model);
	if (vs_source_collect(&v->module.source, &request, &model, &error))
		err = vs_fail(&error);
	vs_model_free(&model);
	if (v->no_memory) {
		vs_say("out of memory: verify a smaller process");
		err = VS_EXIT_CANNOT;
	}
	return err;
}

struct filling {
	struct vs_page *page;
	uint64_t start;
	unsigned int shift;
};

static uint64_t frame_of(const struct vs_extent *extent, uint32_t n)
{
	switch (extent->encoding) {
	case VS_FRAMES_RUN:
		return extent->frame + n;
	case VS_FRAMES_SAME:
		return extent->frame;
	case VS_FRAMES_LIST:
		return extent->frame + extent->list[n];
	}
	return 0;
}

static int fill_pages(void *context, const struct vs_model *model, const struct vs_vma *vma,
		      const struct vs_extent *extent)
{
	const struct filling *filling = context;
	size_t at = (extent->start - filling->start) >> filling->shift;

	(void)model;
	(void)vma;
	for (uint32_t n = 0; n < extent->pages && at + n < WINDOW_PAGES; n++)
		filling->page[at + n] = (struct vs_page){
			.attributes = extent->attributes,
			.frame = frame_of(extent, n),
			.mapcount = extent->mapcount,
			.swap_type = extent->swap_type,
			.met = true,
		};
	return 0;
}

static int read_window(struct vs_session *session, struct vs_model *model, uint64_t key,
		       uint64_t timeout_ns, const struct window *window, struct vs_page *page)
{
	struct filling filling = {
		.page = page,
		.start = window->start,
		.shift = session->model.kernel.page_shift,
	};
	struct vs_request request = {
		.want = VS_WANT_EXTENTS,
		.timeout_ns = timeout_ns,
		.start = window->start,
		.end = window->end,
		.key = key,
		.extent = fill_pages,
		.context = &filling,
	};
	struct vs_error error;

	memset(page, 0, WINDOW_PAGES * sizeof(*page));
	if (vs_source_collect(&session->source, &request, model, &error))
		return vs_fail(&error);
	return VS_EXIT_OK;
}

static int compare_window(struct verification *v, const struct window *window,
			  struct vs_comparison *comparison)
{
	const struct vs_kernel *kernel = &v->module.model.kernel;
	const uint64_t patience = v->tallies.timeout_ns;
	struct vs_model scratch;
	int err;

	vs_model_init(&scratch);
	scratch.kernel = *kernel;
	err = read_window(&v->proc, &v->proc.model, v->keys.proc, patience, window, v->page[1]);
	if (!err)
		err = read_window(&v->module, &scratch, v->keys.module, patience, window, v->page[0]);
	if (!err)
		err = read_window(&v->proc, &v->proc.model, v->keys.proc, patience, window, v->page[2]);
	for (uint64_t at = window->start; !err && at < window->end;
	     at += 1ull << kernel->page_shift) {
		size_t n = (at - window->start) >> kernel->page_shift;
		const struct vs_vma *vma = vs_model_find(&v->proc.model, at);

		if (vma && (v->page[0][n].met || v->page[1][n].met))
			vs_compare_page(kernel, &v->keys, vma, at, &v->page[0][n], &v->page[1][n],
					&v->page[2][n], comparison);
	}
	vs_model_free(&scratch);
	return err;
}

/* Pages that differed without a reason, each by itself. */
static int compare_pages_again(struct verification *v)
{
	struct vs_comparison again = { 0 };
	uint64_t last = 0;
	int err = VS_EXIT_OK;

	for (size_t i = 0; !err && i < v->pages.nr; i++) {
		const struct vs_difference *difference = &v->pages.difference[i];
		struct window window = { difference->start, difference->end };

		if (difference->reason != VS_UNEXPLAINED || difference->start == last)
			continue;
		last = difference->start;
		err = compare_window(v, &window, &again);
	}
	if (!err)
		vs_compare_again(&v->pages, &again);
	vs_comparison_free(&again);
	return err;
}

static int learn_keys(struct verification *v)
{
	const struct vs_request request = {
		.want = VS_WANT_PROCESS | VS_WANT_KEY,
		.timeout_ns = v->tallies.timeout_ns,
	};
	int err = vs_session_collect(&v->proc, &request);

	v->keys.module = v->module.model.kernel.key;
	v->keys.proc = v->proc.model.kernel.key;
	return err;
}

static int verify_pages(struct verification *v)
{
	int err = learn_keys(v);

	if (!err && (v->module.model.kernel.physical != VS_PHYSICAL_YES ||
		     v->proc.model.kernel.physical != VS_PHYSICAL_YES)) {
		v->pages_missing = "frame numbers are hidden: run as root";
		return VS_EXIT_OK;
	}
	for (int i = 0; !err && i < 3; i++) {
		v->page[i] = calloc(WINDOW_PAGES, sizeof(*v->page[i]));
		if (!v->page[i]) {
			vs_say("out of memory");
			err = VS_EXIT_CANNOT;
		}
	}
	if (!err)
		err = find_windows(v);
	for (size_t i = 0; !err && i < v->nr_windows; i++)
		err = compare_window(v, &v->window[i], &v->pages);
	for (int round = 1; !err && round < ROUNDS; round++) {
		size_t open = vs_count_reason(&v->pages, VS_UNEXPLAINED);

		if (!open || open > AGAIN_MOST)
			break;
		pause_shortly();
		err = compare_pages_again(v);
	}
	return err;
}

/* -------------------------------------------------------- both and file */

static int verify_live(struct verification *v, const struct vs_options *options)
{
	int err;

	err = vs_session_open_as(&v->module, options, options->argument[0], &vs_source_module);
	if (!err)
		err = vs_session_open_as(&v->proc, options, options->argument[0], &vs_source_proc);
	if (!err)
		err = verify_mappings(v);
	return err ? err : verify_pages(v);
}

static int load(struct verification *v, enum vs_look look, struct vs_model *model)
{
	struct vs_error error;

	if (vs_file_look(&v->module.source, look, model, &error))
		return vs_fail(&error);
	return VS_EXIT_OK;
}

static int verify_file(struct verification *v, const struct vs_options *options)
{
	int err = vs_session_open_as(&v->module, options, NULL, &vs_source_file);

	if (!err)
		err = load(v, VS_LOOK_MAIN, &v->module.model);
	if (!err)
		err = load(v, VS_LOOK_PROC_BEFORE, &v->proc.model);
	if (!err)
		err = load(v, VS_LOOK_PROC_AFTER, &v->after);
	if (!err && v->module.model.origin != VS_ORIGIN_MODULE) {
		vs_say("%s: was recorded without the module: there is nothing to compare",
		       options->from);
		return VS_EXIT_USAGE;
	}
	if (!err)
		vs_compare_mappings(&v->module.model, &v->proc.model, &v->after, &v->mappings);
	v->pages_missing = "a snapshot holds no pagemap";
	return err;
}

static int tell(const struct verification *v, const struct vs_options *options)
{
	struct vs_verdict_report verdict = {
		.report = &v->module.report,
		.mappings = &v->mappings,
		.pages = &v->pages,
		.pages_missing = v->pages_missing,
	};
	struct vs_style style;

	vs_style_init(&style, options);
	if (options->json)
		vs_verify_json(stdout, &verdict);
	else
		vs_verify_screen(&style, &verdict);
	if (vs_count_reason(&v->mappings, VS_UNEXPLAINED) ||
	    vs_count_reason(&v->pages, VS_UNEXPLAINED))
		return VS_EXIT_FALSE;
	return vs_session_result(&v->module);
}

int vs_cmd_verify(const struct vs_options *options)
{
	struct verification *v = calloc(1, sizeof(*v));
	int result;

	if (!v) {
		vs_say("out of memory");
		return VS_EXIT_CANNOT;
	}
	v->module.target.pidfd = -1;
	v->proc.target.pidfd = -1;
	vs_model_init(&v->after);
	v->tallies.want = VS_WANT_PROCESS | VS_WANT_VMAS | VS_WANT_TALLIES;
	v->tallies.timeout_ns = options->timeout_ns;
	result = options->from ? verify_file(v, options) : verify_live(v, options);
	if (!result)
		result = tell(v, options);
	vs_model_free(&v->after);
	vs_comparison_free(&v->mappings);
	vs_comparison_free(&v->pages);
	for (int i = 0; i < 3; i++)
		free(v->page[i]);
	free(v->window);
	vs_session_close(&v->proc);
	vs_session_close(&v->module);
	free(v);
	return result;
}
