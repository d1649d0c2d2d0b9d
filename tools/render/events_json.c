// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory events as JSON. It must not collect anything.
 */
#include <string.h>

#include "events.h"
#include "watched.h"

static json_t *lost_json(const struct vs_events *events)
{
	return json_pack("{s:b, s:I, s:I, s:I, s:I, s:I}",
		"complete", !vs_events_lost(events),
		"no_process", (json_int_t)events->lost_processes,
		"no_mapping", (json_int_t)events->lost_vmas,
		"no_time", (json_int_t)events->lost_times,
		"not_followed", (json_int_t)events->lost_followed,
		"recursion", (json_int_t)events->lost_recursion);
}

static json_t *at_json(const struct vs_pressure *pressure)
{
	return json_pack("{s:f, s:f, s:I, s:I}", "some_avg10_percent", pressure->some_avg10,
		"full_avg10_percent", pressure->full_avg10,
		"some_us", (json_int_t)pressure->some_us, "full_us", (json_int_t)pressure->full_us);
}

static json_t *pressure_json(const struct vs_pressure pressure[2], const char *cgroup)
{
	const char *reason = vs_pressure_missing(pressure[0].err ? &pressure[0] : &pressure[1]);

	return json_pack("{s:o, s:o, s:o, s:o}", "cgroup", vs_json_text(cgroup),
		"before", reason ? json_null() : at_json(&pressure[0]),
		"after", reason ? json_null() : at_json(&pressure[1]),
		"reason", vs_json_text(reason));
}

/* What happened of one kind, as far as it can be told of it. */
static json_t *count_json(enum vs_event event, const struct vs_event_count *count, bool timed)
{
	const struct vs_event_kind *kind = &vs_event_kinds[event];
	json_t *one = json_pack("{s:I}", "times", (json_int_t)count->times);

	if (kind->unit)
		json_object_set_new(one, kind->unit == VS_UNIT_PAGES ? "pages" : "bytes",
				    json_integer(count->amount));
	if (kind->failed)
		json_object_set_new(one, kind->failed, json_integer(count->failed));
	if (timed && count->ns)
		json_object_set_new(one, "time_ns", json_integer(count->ns));
	return one;
}

/* What the kernel counted of the same matter on the whole host. */
static json_t *vmstat_json(const struct vs_event_answer *answer, const char *names)
{
	json_t *lines = json_object();
	char text[200], *rest = text, *name;
	uint64_t by;

	snprintf(text, sizeof(text), "%s", names ? names : "");
	while ((name = strsep(&rest, " ")))
		if (*name && vs_event_grown(answer, name, &by))
			json_object_set_new(lines, name, json_integer(by));
	return lines;
}

static json_t *reasons_json(const struct vs_events *events, enum vs_event event)
{
	json_t *list = json_array();

	for (size_t i = 0; i < events->nr_reasons; i++) {
		const struct vs_event_reason *from = &events->reason[i];
		json_t *one;

		if (from->event != event)
			continue;
		one = json_pack("{s:s, s:I}", "reason", from->name,
				"times", (json_int_t)from->count.times);
		if (event == VS_EVENT_MIGRATE || event == VS_EVENT_TLB_FLUSH) {
			json_object_set_new(one, "pages", json_integer(from->count.amount));
			json_object_set_new(one, vs_event_kinds[event].failed,
					    json_integer(from->count.failed));
		}
		json_array_append_new(list, one);
	}
	return list;
}

static json_t *event_json(const struct vs_event_answer *answer, enum vs_event event)
{
	const struct vs_event_total *total = &answer->events.total[event];
	json_t *one = count_json(event, &total->count, false);

	json_object_set_new(one, "event", json_string(vs_event_kinds[event].id));
	json_object_set_new(one, "latency", total->latency.ns ?
			    vs_watched_latency_json(&total->latency, "times") : json_null());
	json_object_set_new(one, "reasons", reasons_json(&answer->events, event));
	json_object_set_new(one, "vmstat", vmstat_json(answer, vs_event_kinds[event].vmstat));
	return one;
}

static json_t *process_json(const struct vs_event_process *process)
{
	json_t *events = json_object();

	for (int i = 0; i < VS_EVENTS; i++)
		if (process->of[i].times)
			json_object_set_new(events, vs_event_kinds[i].id,
					    count_json(i, &process->of[i], true));
	return json_pack("{s:I, s:o, s:o}", "pid", (json_int_t)process->pid,
		"comm", vs_json_text(process->comm), "events", events);
}

static json_t *mapping_json(const struct vs_event_vma *vma)
{
	return json_pack("{s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I}",
		"start", vs_json_hex(vma->start), "end", vs_json_hex(vma->end),
		"name", vs_json_text(vs_event_vma_name(vma)), "pid", (json_int_t)vma->pid,
		"swap_out_pages", (json_int_t)vma->of[VS_EVENT_IN_SWAP_OUT],
		"swap_in", (json_int_t)vma->of[VS_EVENT_IN_SWAP_IN],
		"thp_fault", (json_int_t)vma->of[VS_EVENT_IN_THP_FAULT],
		"thp_fallback", (json_int_t)vma->of[VS_EVENT_IN_THP_FALLBACK],
		"thp_split_pmd", (json_int_t)vma->of[VS_EVENT_IN_THP_SPLIT_PMD]);
}

json_t *vs_event_kill_json(const struct vs_event_kill *kill)
{
	return json_pack("{s:I, s:o, s:I, s:o, s:b, s:o, s:i, s:I, s:I, s:I, s:I, s:I, s:I}",
		"pid", (json_int_t)kill->pid, "comm", vs_json_text(kill->comm),
		"asked_by_pid", (json_int_t)kill->asked,
		"asked_by_comm", vs_json_text(kill->asked_comm), "cgroup", kill->cgroup,
		"order", kill->order < 0 ? json_null() : json_integer(kill->order),
		"score", (int)vs_event_score(kill), "after_ns", (json_int_t)kill->after_ns,
		"anon", (json_int_t)kill->anon, "file", (json_int_t)kill->file,
		"shmem", (json_int_t)kill->shmem, "swap", (json_int_t)kill->swap,
		"page_tables", (json_int_t)kill->tables);
}

static json_t *target_json(const struct vs_report *report, const struct vs_event_answer *answer)
{
	return answer->scope == VS_EVENTS_PROCESS ?
		json_pack("{s:i}", "pid", (int)report->model->process.pid) : json_null();
}

void vs_events_json(FILE *out, const struct vs_report *report,
		    const struct vs_event_answer *answer, char **command)
{
	const struct vs_events *events = &answer->events;
	struct vs_json json;

	vs_json_begin(&json, out);
	vs_report_around(&json, report);
	vs_json_member(&json, "target", target_json(report, answer));
	vs_json_member(&json, "command", vs_watched_command_json(command, answer->status));
	vs_json_member(&json, "cost", vs_watched_cost_json(events->watched_ns, events->attach_ns,
						   events->missing, events->nr_missing));
	vs_json_member(&json, "lost", lost_json(events));
	vs_json_array(&json, "pressure");
	vs_json_element(&json, pressure_json(answer->host, NULL));
	if (*answer->cgroup)
		vs_json_element(&json, pressure_json(answer->group, answer->cgroup));
	vs_json_array_end(&json);
	vs_json_array(&json, "events");
	for (int i = 0; i < VS_EVENTS; i++)
		vs_json_element(&json, event_json(answer, i));
	vs_json_array_end(&json);
	vs_json_array(&json, "processes");
	for (size_t i = 0; i < events->nr_processes; i++)
		vs_json_element(&json, process_json(&events->process[i]));
	vs_json_array_end(&json);
	vs_json_array(&json, "mappings");
	for (size_t i = 0; i < events->nr_vmas; i++)
		vs_json_element(&json, mapping_json(&events->vma[i]));
	vs_json_array_end(&json);
	vs_json_array(&json, "kills");
	for (size_t i = 0; i < events->nr_kills; i++)
		vs_json_element(&json, vs_event_kill_json(&events->kill[i]));
	vs_json_array_end(&json);
	vs_json_end(&json);
}
