// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is said of every watch, whatever is watched: of whom, for how long, how it
 * ended. It must not know what was counted.
 */
#include <string.h>
#include <sys/wait.h>

#include "../analyze/faults.h"
#include "watched.h"

void vs_watched_title(struct vs_flow *flow, const struct vs_style *style,
		      const struct vs_report *report, const char *name, int pid)
{
	char clean[300], kernel[300];

	vs_flow_begin(flow, style, "", 0);
	vs_bold(style, true);
	vs_flow_item(flow, "  ", "%s", vs_clean(name, clean, sizeof(clean)));
	vs_bold(style, false);
	if (pid)
		vs_flow_item(flow, "  ", "pid %d", pid);
	vs_flow_item(flow, "  ", "Linux %s",
		     vs_clean(report->model->kernel.release, kernel, sizeof(kernel)));
	if (!vs_is_narrow(style))
		vs_flow_item(flow, "  ", "source bpf");
}

/* Signals of real time have no names. */
static void tell_signal(struct vs_flow *flow, int signal)
{
	const char *name = sigabbrev_np(signal);

	if (name)
		vs_flow_item(flow, "; ", "the command was killed by SIG%s", name);
	else
		vs_flow_item(flow, "; ", "the command was killed by signal %d", signal);
}

void vs_watched_cost(struct vs_flow *flow, const struct vs_style *style, uint64_t watched_ns,
		     uint64_t attach_ns, char **command, int status)
{
	char time[32], text[32];

	vs_flow_begin(flow, style, "cost    ", 8);
	vs_flow_item(flow, "", "watched for %s", vs_duration(watched_ns, time, sizeof(time)));
	if (!vs_is_narrow(style))
		vs_flow_item(flow, "; ", "%s until it could",
			     vs_duration(attach_ns, text, sizeof(text)));
	if (command && WIFSIGNALED(status))
		tell_signal(flow, WTERMSIG(status));
	else if (command)
		vs_flow_item(flow, "; ", "the command ended with %d", WEXITSTATUS(status));
}

json_t *vs_watched_command_json(char **command, int status)
{
	json_t *words;

	if (!command)
		return json_null();
	words = json_array();
	for (; *command; command++)
		json_array_append_new(words, vs_json_text(*command));
	return json_pack("{s:o, s:o, s:o}", "arguments", words,
		"exit_status", WIFEXITED(status) ?
		json_integer(WEXITSTATUS(status)) : json_null(),
		"signal", WIFSIGNALED(status) ? json_integer(WTERMSIG(status)) : json_null());
}

json_t *vs_watched_cost_json(uint64_t watched_ns, uint64_t attach_ns,
			     const char * const *missing, size_t nr_missing)
{
	json_t *list = json_array();

	for (size_t i = 0; i < nr_missing; i++)
		json_array_append_new(list, vs_json_text(missing[i]));
	return json_pack("{s:I, s:I, s:o}", "watched_ns", (json_int_t)watched_ns,
		"attach_ns", (json_int_t)attach_ns, "missing_hooks", list);
}

json_t *vs_watched_latency_json(const struct vs_fault_latency *latency, const char *what)
{
	json_t *list = json_array();

	for (int i = 0; i < VS_FAULT_BUCKETS; i++)
		if (latency->bucket[i])
			json_array_append_new(list, json_pack("{s:o, s:I}", "below_ns",
				i < VS_FAULT_BUCKETS - 1 ? json_integer(1ll << i) : json_null(),
				what, (json_int_t)latency->bucket[i]));
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o}",
		what, (json_int_t)vs_fault_times(latency),
		"time_ns", (json_int_t)latency->ns,
		"p50_ns", (json_int_t)vs_fault_percentile(latency, 50),
		"p99_ns", (json_int_t)vs_fault_percentile(latency, 99),
		"max_ns", (json_int_t)latency->most_ns, "histogram", list);
}
