// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What every report begins with. It must not know the verbs.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "report.h"

static const char * const lock_name[VS_LOCK_NR] = {
	[VS_LOCK_MMAP] = "mmap_lock",
	[VS_LOCK_VMA] = "VMA lock",
	[VS_LOCK_IRQ] = "interrupts off",
};

static const char * const lock_key[VS_LOCK_NR] = {
	[VS_LOCK_MMAP] = "mmap",
	[VS_LOCK_VMA] = "vma",
	[VS_LOCK_IRQ] = "irq",
};

static const char * const mark_name[] = {
	"layout", "racy", "unverified", "skipped", "no_name",
};

#define NR_MARKS	(sizeof(mark_name) / sizeof(mark_name[0]))

const char *vs_lock_name(enum vs_lock lock)
{
	return lock_name[lock];
}

static const char *source_name(const struct vs_model *model)
{
	return model->origin == VS_ORIGIN_MODULE ? "module" :
		model->origin == VS_ORIGIN_BPF ? "bpf" : "proc";
}

const char *vs_tables_source(const struct vs_model *model)
{
	if (model->process.tables == VS_UNKNOWN)
		return NULL;
	return model->origin == VS_ORIGIN_MODULE ? "module" : "status";
}

static uint64_t counter(const struct vs_process *process, enum vs_figure figure)
{
	switch (figure) {
	case VS_FIG_SIZE:
		return process->total_vm;
	case VS_FIG_RSS:
		if (process->rss_anon == VS_UNKNOWN)
			return VS_UNKNOWN;
		return process->rss_anon + process->rss_file + process->rss_shmem;
	case VS_FIG_SWAP:
		return process->swap;
	default:
		return VS_UNKNOWN;
	}
}

uint64_t vs_total_or_counter(const struct vs_model *model, const struct vs_totals *totals,
			     enum vs_figure figure)
{
	return model->have_vmas ? totals->figure[figure] : counter(&model->process, figure);
}

void vs_figure_origin(const struct vs_model *model, enum vs_figure figure, const char **source,
		      const char **reason)
{
	*source = vs_figure_source(model, figure);
	*reason = vs_figure_missing(model, figure);
	if (model->have_vmas)
		return;
	if (counter(&model->process, figure) != VS_UNKNOWN) {
		*source = "status";
		*reason = NULL;
	} else if (!*reason) {
		*source = NULL;
		*reason = vs_mappings_missing(model);
	}
}

const char *vs_figure_meaning(const struct vs_model *model, enum vs_figure figure)
{
	/* The one counter that means less than the figure. */
	if (figure == VS_FIG_SWAP && !model->have_vmas)
		return "in swap, swapped shared memory left out";
	return vs_figure_info(figure)->help;
}

const char *vs_recorded_when(const struct vs_model *model, char *text, size_t size)
{
	time_t when = model->recorded_at;
	struct tm tm;

	if (!gmtime_r(&when, &tm) || !strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(text, size, "?");
	return text;
}

int vs_report_title(const struct vs_style *style, const struct vs_report *report)
{
	const struct vs_model *model = report->model;
	char comm[300], kernel[300], when[40];
	struct vs_flow flow;
	int lines;

	vs_flow_begin(&flow, style, "", 0);
	vs_bold(style, true);
	vs_flow_item(&flow, "  ", "%s", vs_clean(model->process.comm, comm, sizeof(comm)));
	vs_bold(style, false);
	vs_flow_item(&flow, "  ", "pid %d", model->process.pid);
	vs_flow_item(&flow, "  ", "Linux %s", vs_clean(model->kernel.release, kernel, sizeof(kernel)));
	vs_flow_item(&flow, "  ", "source %s", source_name(model));
	if (model->recorded_at)
		vs_flow_item(&flow, ", ", "recorded %s", vs_recorded_when(model, when, sizeof(when)));
	lines = vs_flow_end(&flow);
	if (report->fallback) {
		vs_flow_begin(&flow, style, "note  ", 6);
		vs_flow_words(&flow, "not the module:");
		vs_flow_words(&flow, report->fallback);
		lines += vs_flow_end(&flow);
	}
	return lines;
}

static void cost_locks(struct vs_flow *flow, const struct vs_cost *cost)
{
	char longest[32], total[32], count[32];

	for (int i = 0; i < VS_LOCK_NR; i++) {
		const struct vs_hold *hold = &cost->lock[i];

		if (!hold->count)
			continue;
		vs_flow_item(flow, "; ", "longest %s %s", lock_name[i],
			     vs_duration(hold->longest_ns, longest, sizeof(longest)));
		vs_flow_item(flow, " ", "(%s in %s holds)",
			     vs_duration(hold->total_ns, total, sizeof(total)),
			     vs_count(hold->count, count, sizeof(count)));
	}
}

static uint64_t skipped_bytes(const struct vs_totals *totals)
{
	uint64_t bytes = totals ? totals->figure[VS_FIG_STATE + VS_STATE_SKIPPED] : VS_UNKNOWN;

	return bytes == VS_UNKNOWN ? 0 : bytes;
}

static void cost_marks(struct vs_flow *flow, const struct vs_report *report,
		       const struct vs_totals *totals)
{
	uint64_t skipped = skipped_bytes(totals);
	const struct vs_cost *cost = &report->model->cost;
	bool any = false;
	char text[32];

	vs_flow_item(flow, "; ", skipped ? "%s SKIPPED: their lock stayed taken" :
		     "nothing skipped", vs_human(skipped, text, sizeof(text)));
	for (size_t i = 0; totals && i < NR_MARKS; i++) {
		if (1u << i == VS_MARK_SKIPPED || !totals->marked[i])
			continue;
		vs_flow_item(flow, any ? ", " : "; ", "%zu mapping%s marked %s", totals->marked[i],
			     totals->marked[i] == 1 ? "" : "s", mark_name[i]);
		any = true;
	}
	if (!any && cost->marks & VS_MARK_RACY)
		vs_flow_item(flow, "; ", "the layout changed meanwhile");
	if (report->model->cut != VS_COMPLETE)
		vs_flow_item(flow, "; ", "STOPPED at 0x%" PRIx64 ": its lock stayed taken",
			     report->model->cut);
}

int vs_report_cost(const struct vs_style *style, const struct vs_report *report,
		   const struct vs_totals *totals)
{
	const struct vs_model *model = report->model;
	char wall[32], number[32];
	struct vs_flow flow;

	vs_flow_begin(&flow, style, "cost", 6);
	flow.first = true;
	vs_flow_item(&flow, "", "%s", vs_duration(model->cost.wall_ns, wall, sizeof(wall)));
	if (model->cost.jobs > 1)
		vs_flow_item(&flow, " ", "in %u threads", model->cost.jobs);
	if (!model->have_cost) {
		vs_flow_item(&flow, "; ", "procfs does not tell");
		vs_flow_words(&flow, "how long it held the target's locks");
		return vs_flow_end(&flow);
	}
	cost_locks(&flow, &model->cost);
	if (style->width >= 60) {
		vs_flow_item(&flow, "; ", "%s entries",
			     vs_count(model->cost.entries, number, sizeof(number)));
		vs_flow_item(&flow, " ", "in %s sections",
			     vs_count(model->cost.sections, number, sizeof(number)));
	}
	if (model->cost.waits)
		vs_flow_item(&flow, "; ", "waited %" PRIu64 " times", model->cost.waits);
	if (model->cost.rewalks)
		vs_flow_item(&flow, "; ", "read %" PRIu64 " mappings again", model->cost.rewalks);
	cost_marks(&flow, report, totals);
	return vs_flow_end(&flow);
}

void vs_report_begin(const struct vs_style *style, const struct vs_report *report)
{
	struct vs_totals totals;

	vs_totals(report->model, &totals);
	vs_report_title(style, report);
	vs_report_cost(style, report, &totals);
}

json_t *vs_marks_json(unsigned int marks)
{
	json_t *array = json_array();

	for (size_t i = 0; i < NR_MARKS; i++)
		if (marks & 1u << i)
			json_array_append_new(array, json_string(mark_name[i]));
	return array;
}

static json_t *source_json(const struct vs_report *report)
{
	const struct vs_model *model = report->model;
	json_t *source = json_object();
	char when[40];

	json_object_set_new(source, "name", json_string(source_name(model)));
	json_object_set_new(source, "requested", json_string(report->requested));
	json_object_set_new(source, "fallback_reason", vs_json_text(report->fallback));
	json_object_set_new(source, "file", vs_json_text(report->file));
	json_object_set_new(source, "recorded_at", model->recorded_at ?
			    json_string(vs_recorded_when(model, when, sizeof(when))) : json_null());
	json_object_set_new(source, "abi",
			    model->kernel.abi ? json_integer(model->kernel.abi) : json_null());
	return source;
}

const char *vs_physical_missing(const struct vs_model *model)
{
	switch (model->kernel.physical) {
	case VS_PHYSICAL_YES:
		return NULL;
	case VS_PHYSICAL_LOCKDOWN:
		return "kernel lockdown forbids frame numbers and raw entries";
	}
	return "frame numbers and raw entries need CAP_SYS_ADMIN";
}

static json_t *kernel_json(const struct vs_model *model)
{
	const struct vs_kernel *kernel = &model->kernel;
	json_t *json = json_object(), *levels = json_array();

	json_object_set_new(json, "release", vs_json_text(kernel->release));
	json_object_set_new(json, "machine", vs_json_text(kernel->machine));
	json_object_set_new(json, "page_size", json_integer(1ll << kernel->page_shift));
	json_object_set_new(json, "levels",
			    kernel->levels ? json_integer(kernel->levels) : json_null());
	for (int i = 0; kernel->levels && i < VS_MAX_LEVELS; i++)
		json_array_append_new(levels, json_pack("{s:i, s:i, s:b}",
			"shift", kernel->level[i].shift, "entries", kernel->level[i].entries,
			"leaf", kernel->level[i].leaf));
	json_object_set_new(json, "geometry", levels);
	return json;
}

static json_t *target_json(const struct vs_model *model)
{
	const struct vs_process *process = &model->process;
	json_t *json = json_object();

	json_object_set_new(json, "pid", json_integer(process->pid));
	json_object_set_new(json, "comm", vs_json_text(process->comm));
	json_object_set_new(json, "kernel_counters", json_pack(
		"{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"size", vs_json_bytes(process->total_vm),
		"rss_anon", vs_json_bytes(process->rss_anon),
		"rss_file", vs_json_bytes(process->rss_file),
		"rss_shmem", vs_json_bytes(process->rss_shmem),
		"swap", vs_json_bytes(process->swap),
		"locked", vs_json_bytes(process->locked_vm),
		"pinned", vs_json_bytes(process->pinned_vm),
		"highest_rss", vs_json_bytes(process->hiwater_rss),
		"highest_size", vs_json_bytes(process->hiwater_vm),
		"page_tables", vs_json_bytes(process->tables)));
	return json;
}

static json_t *locks_json(const struct vs_model *model)
{
	json_t *locks = json_array();

	if (!model->have_cost) {
		json_decref(locks);
		return json_null();
	}
	for (int i = 0; i < VS_LOCK_NR; i++)
		json_array_append_new(locks, json_pack("{s:s, s:I, s:I, s:I}",
			"lock", lock_key[i],
			"count", (json_int_t)model->cost.lock[i].count,
			"total_ns", (json_int_t)model->cost.lock[i].total_ns,
			"longest_ns", (json_int_t)model->cost.lock[i].longest_ns));
	return locks;
}

static json_t *cost_number(const struct vs_model *model, uint64_t number)
{
	return model->have_cost ? json_integer(number) : json_null();
}

static json_t *cost_json(const struct vs_model *model, const struct vs_totals *totals)
{
	const struct vs_cost *cost = &model->cost;
	json_t *json = json_object();

	json_object_set_new(json, "wall_ns", json_integer(cost->wall_ns));
	json_object_set_new(json, "jobs", json_integer(cost->jobs ? cost->jobs : 1));
	json_object_set_new(json, "locks", locks_json(model));
	json_object_set_new(json, "sections", cost_number(model, cost->sections));
	json_object_set_new(json, "entries", cost_number(model, cost->entries));
	json_object_set_new(json, "waits", cost_number(model, cost->waits));
	json_object_set_new(json, "rewalks", cost_number(model, cost->rewalks));
	json_object_set_new(json, "skipped_bytes", cost_number(model, skipped_bytes(totals)));
	json_object_set_new(json, "stopped_at",
			    model->cut == VS_COMPLETE ? json_null() : vs_json_hex(model->cut));
	json_object_set_new(json, "marks", vs_marks_json(cost->marks));
	json_object_set_new(json, "reason", model->have_cost ? json_null() :
		json_string("procfs does not tell how long it held the target's locks"));
	return json;
}

void vs_report_around(struct vs_json *json, const struct vs_report *report)
{
	vs_json_member(json, "schema", json_string(VS_SCHEMA));
	vs_json_member(json, "verb", json_string(report->verb));
	vs_json_member(json, "tool", json_pack("{s:s}", "version", VS_VERSION));
	vs_json_member(json, "source", source_json(report));
	vs_json_member(json, "kernel", kernel_json(report->model));
}

void vs_report_head(struct vs_json *json, const struct vs_report *report)
{
	vs_report_around(json, report);
	/* a report on many processes has no target */
	vs_json_member(json, "target", report->model->process.pid ? target_json(report->model) :
		       json_null());
}

void vs_report_cost_json(struct vs_json *json, const struct vs_report *report,
			 const struct vs_totals *totals)
{
	vs_json_member(json, "cost", cost_json(report->model, totals));
}

void vs_report_begin_json(struct vs_json *json, FILE *out, const struct vs_report *report)
{
	struct vs_totals totals;

	vs_totals(report->model, &totals);
	vs_json_begin(json, out);
	vs_report_head(json, report);
	vs_report_cost_json(json, report, &totals);
}

static json_t *figure_json(const char *source, const char *reason, const char *help)
{
	return json_pack("{s:s, s:o, s:o, s:s}", "unit", "bytes",
			 "source", vs_json_text(source), "reason", vs_json_text(reason),
			 "meaning", help);
}

void vs_report_physical(struct vs_json *json, const struct vs_report *report)
{
	const struct vs_model *model = report->model;

	vs_json_member(json, "physical", json_pack("{s:b, s:o}",
		"visible", model->kernel.physical == VS_PHYSICAL_YES,
		"reason", vs_json_text(vs_physical_missing(model))));
}

void vs_report_figures(struct vs_json *json, const struct vs_report *report)
{
	const struct vs_model *model = report->model;
	const char *source, *reason;
	json_t *figures = json_object();

	for (int i = 0; i < VS_FIG_NR; i++) {
		vs_figure_origin(model, i, &source, &reason);
		json_object_set_new(figures, vs_figure_info(i)->name,
				    figure_json(source, reason, vs_figure_meaning(model, i)));
	}
	source = vs_tables_source(model);
	reason = source ? NULL : "the kernel does not tell it";
	json_object_set_new(figures, "pt",
		figure_json(source, reason, "page tables of all levels but the root"));
	vs_json_member(json, "figures", figures);
}
