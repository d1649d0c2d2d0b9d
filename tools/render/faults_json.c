// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Page faults as JSON. It must not collect anything.
 */
#include <signal.h>

#include "faults.h"
#include "stacks.h"
#include "watched.h"

static const char * const scopes[] = {
	[VS_FAULTS_OF_PROCESS] = "process",
	[VS_FAULTS_OF_COMMAND] = "command",
	[VS_FAULTS_OF_SYSTEM] = "system",
	[VS_FAULTS_OF_CGROUP] = "cgroup",
};

static json_t *sum_json(const struct vs_fault_sum *sum)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
		"minor", (json_int_t)sum->minor, "major", (json_int_t)sum->major,
		"failed", (json_int_t)sum->failed, "wrong", (json_int_t)sum->wrong,
		"lost_minor", (json_int_t)sum->lost_minor,
		"lost_major", (json_int_t)sum->lost_major,
		"unplaced", (json_int_t)sum->unplaced, "time_ns", (json_int_t)sum->ns);
}

static json_t *command_json(const struct vs_fault_answer *answer, char **command)
{
	json_t *one = vs_watched_command_json(command, answer->status);

	if (command)
		json_object_set_new(one, "wait4", json_pack("{s:I, s:I}",
			"minor", (json_int_t)answer->usage_minor,
			"major", (json_int_t)answer->usage_major));
	return one;
}

static json_t *lost_json(const struct vs_fault_answer *answer)
{
	const struct vs_faults *faults = &answer->faults;

	return json_pack("{s:b, s:I, s:I, s:I, s:I}",
		"complete", vs_faults_complete(answer),
		"no_thread_storage", (json_int_t)faults->lost_storage,
		"not_followed", (json_int_t)vs_faults_not_followed(answer),
		"no_mapping", (json_int_t)(faults->lost_vmas + answer->total.unplaced),
		"threads", (json_int_t)faults->lost_threads);
}

static json_t *stream_json(const struct vs_fault_answer *answer)
{
	const struct vs_stream_sums *stream = &answer->faults.stream;

	if (!stream->asked)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "seen", (json_int_t)vs_faults_seen(answer),
		"lines", (json_int_t)stream->told, "filtered", (json_int_t)stream->filtered,
		"lost", (json_int_t)stream->dropped, "buffer_bytes", (json_int_t)stream->buffer);
}

static json_t *cause_json(const struct vs_fault_share *share)
{
	return json_pack("{s:s, s:I, s:I, s:o}", "cause", vs_cause_id(share->cause),
		"minor", (json_int_t)share->minor, "major", (json_int_t)share->major,
		"latency", vs_watched_latency_json(&share->latency, "faults"));
}

static json_t *thread_json(const struct vs_fault_thread *thread)
{
	struct vs_fault_sum sum = { 0 };
	json_t *one;

	vs_fault_sum_add(&sum, thread);
	one = sum_json(&sum);
	json_object_set_new(one, "tid", json_integer(thread->tid));
	json_object_set_new(one, "comm", vs_json_text(thread->comm));
	json_object_set_new(one, "ended", json_boolean(thread->ended));
	return one;
}

static json_t *process_json(const struct vs_faults *faults, const struct vs_fault_process *process)
{
	json_t *one = sum_json(&process->sum), *threads = json_array();

	json_object_set_new(one, "pid", json_integer(process->pid));
	json_object_set_new(one, "comm", vs_json_text(process->comm));
	json_object_set_new(one, "ended", json_boolean(process->ended));
	for (uint32_t i = 0; i < process->threads; i++)
		json_array_append_new(threads, thread_json(&faults->thread[process->first + i]));
	json_object_set_new(one, "threads", threads);
	return one;
}

/* How many of each, where there are any. */
static json_t *causes_json(const struct vs_fault_vma *vma)
{
	json_t *causes = json_object();

	for (int i = 0; i < VS_FAULT_CAUSES; i++)
		if (vma->cause[i])
			json_object_set_new(causes, vs_cause_id(i), json_integer(vma->cause[i]));
	return causes;
}

static json_t *cells_json(const struct vs_fault_vma *vma)
{
	json_t *cells = json_array();

	for (uint32_t i = 0; i < vma->nr_cells; i++)
		json_array_append_new(cells, json_integer(vma->cell[i]));
	return cells;
}

static json_t *mapping_json(const struct vs_fault_vma *vma)
{
	json_t *file = json_null();

	if (vma->kind == VS_FAULT_VMA_FILE)
		file = json_pack("{s:I, s:I, s:I, s:I}", "dev_major", (json_int_t)vma->dev_major,
			"dev_minor", (json_int_t)vma->dev_minor,
			"inode", (json_int_t)vma->inode, "offset", (json_int_t)vma->offset);
	return json_pack("{s:o, s:o, s:o, s:I, s:b, s:b, s:o, s:I, s:I, s:I, s:o, s:I, s:o, s:I, s:I}",
		"start", vs_json_hex(vma->start), "end", vs_json_hex(vma->end),
		"name", vs_json_text(vs_fault_name(vma)), "pid", (json_int_t)vma->pid,
		"ended", vma->ended, "foreign", vma->foreign, "file", file,
		"minor", (json_int_t)vma->minor, "major", (json_int_t)vma->major,
		"failed", (json_int_t)vma->failed, "causes", causes_json(vma),
		"cell_bytes", (json_int_t)vma->cell_bytes, "cells", cells_json(vma),
		"time_ns", (json_int_t)vma->ns,
		"max_ns", (json_int_t)vma->most_ns);
}

static json_t *signal_json(const struct vs_faults *faults, const struct vs_fault_signal *signal)
{
	bool told = signal->access != VS_ACCESS_NO_ADDRESS;
	char text[200];

	return json_pack("{s:s, s:i, s:I, s:I, s:o, s:o, s:o}",
		"signal", vs_fault_signal_name(signal), "code", signal->code,
		"pid", (json_int_t)signal->pid, "tid", (json_int_t)signal->tid,
		"address", told ? vs_json_hex(signal->address) : json_null(),
		"access", vs_json_text(vs_fault_access_name(signal)),
		"where", vs_json_text(vs_fault_place_text(faults, signal, text, sizeof(text))));
}

void vs_faults_sums_json(json_t *object, const struct vs_fault_answer *answer)
{
	const struct vs_faults *faults = &answer->faults;
	json_t *causes = json_array();

	for (size_t i = 0; i < answer->nr_causes; i++)
		json_array_append_new(causes, cause_json(&answer->cause[i]));
	json_object_set_new(object, "cost",
		vs_watched_cost_json(faults->watched_ns, faults->attach_ns, faults->missing,
				     faults->nr_missing));
	json_object_set_new(object, "totals", sum_json(&answer->total));
	json_object_set_new(object, "lost", lost_json(answer));
	json_object_set_new(object, "latency", json_pack("{s:o, s:o}",
		"minor", vs_watched_latency_json(&answer->minor, "faults"),
		"major", vs_watched_latency_json(&answer->major, "faults")));
	json_object_set_new(object, "causes", causes);
}

void vs_faults_json(FILE *out, const struct vs_report *report,
		    const struct vs_fault_answer *answer, const struct vs_stack_tree *tree,
		    char **command)
{
	const struct vs_faults *faults = &answer->faults;
	json_t *sums = json_object(), *value;
	struct vs_json json;
	const char *name;

	/* Behind lines it is a line as well. */
	if (faults->stream.asked)
		vs_json_begin_line(&json, out);
	else
		vs_json_begin(&json, out);
	vs_report_around(&json, report);
	vs_json_member(&json, "scope", json_string(scopes[answer->scope]));
	vs_json_member(&json, "target", answer->scope != VS_FAULTS_OF_PROCESS ? json_null() :
		       json_pack("{s:i}", "pid", (int)report->model->process.pid));
	vs_json_member(&json, "cgroup", vs_json_text(answer->cgroup));
	vs_json_member(&json, "command", command_json(answer, command));
	vs_faults_sums_json(sums, answer);
	json_object_foreach(sums, name, value)
		vs_json_member(&json, name, json_incref(value));
	json_decref(sums);
	vs_json_member(&json, "stream", stream_json(answer));
	vs_json_member(&json, "stacks", vs_stacks_json(tree));
	vs_json_array(&json, "processes");
	for (size_t i = 0; i < answer->nr_processes; i++)
		vs_json_element(&json, process_json(faults, &answer->process[i]));
	vs_json_array_end(&json);
	vs_json_array(&json, "mappings");
	for (size_t i = 0; i < faults->nr_vmas; i++)
		vs_json_element(&json, mapping_json(&faults->vma[i]));
	vs_json_array_end(&json);
	vs_json_array(&json, "wrong");
	for (size_t i = 0; i < faults->nr_signals; i++)
		vs_json_element(&json, signal_json(faults, &faults->signal[i]));
	vs_json_array_end(&json);
	vs_json_end(&json);
}
