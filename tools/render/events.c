// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory events, for people. It must not collect anything.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "../analyze/faults.h"
#include "events.h"
#include "faults.h"
#include "table.h"
#include "watched.h"

/* Rows of the tables on the first screen; all are in the JSON. */
#define LINES		24
#define WHO		3
#define WHYS		6
#define KILLS		2
#define LEAST_EVENTS	3

const char *vs_event_vma_name(const struct vs_event_vma *vma)
{
	return vs_fault_vma_name(vma->kind, vma->name);
}

const char *vs_pressure_missing(const struct vs_pressure *pressure)
{
	if (!pressure->err)
		return NULL;
	if (pressure->err == -EOPNOTSUPP)
		return "the kernel counts it only when booted with psi=1";
	if (pressure->err == -ENOENT)
		return "this kernel does not count it";
	return strerror(-pressure->err);
}

unsigned int vs_event_score(const struct vs_event_kill *kill)
{
	return kill->points > 0 && kill->all ? kill->points * 1000 / kill->all : 0;
}

/* --------------------------------------------------------------------- summary */

static int tell_title(const struct vs_style *style, const struct vs_report *report,
		      const struct vs_event_answer *answer, char **command)
{
	const struct vs_process *process = &report->model->process;
	const char *name = command ? basename(command[0]) :
		answer->scope == VS_EVENTS_EVERYONE ? "memory events of the host" : process->comm;
	struct vs_flow flow;

	vs_watched_title(&flow, style, report, name,
			 answer->scope == VS_EVENTS_PROCESS ? process->pid : 0);
	return vs_flow_end(&flow);
}

static int tell_cost(const struct vs_style *style, const struct vs_event_answer *answer,
		     char **command)
{
	const struct vs_events *events = &answer->events;
	struct vs_flow flow;

	vs_watched_cost(&flow, style, events->watched_ns, events->attach_ns, command,
			answer->status);
	for (size_t i = 0; i < events->nr_missing; i++) {
		vs_flow_item(&flow, i ? ", " : "; ", "%s",
			     i ? "" : "not seen on this kernel: ");
		vs_flow_words(&flow, events->missing[i]);
	}
	return vs_flow_end(&flow);
}

static void tell_waits(struct vs_flow *flow, const char *whose, const struct vs_pressure *before,
		       const struct vs_pressure *after, uint64_t watched_ns)
{
	char some[16], full[16];

	if (before->err || after->err) {
		vs_flow_item(flow, "", "%s: ", whose);
		vs_flow_words(flow, vs_pressure_missing(before->err ? before : after));
		return;
	}
	vs_flow_item(flow, "", "%s: some %s,", whose,
		     vs_percent((after->some_us - before->some_us) * 1000, watched_ns, some,
				sizeof(some)));
	vs_flow_item(flow, " ", "all %s of the time",
		     vs_percent((after->full_us - before->full_us) * 1000, watched_ns, full,
				sizeof(full)));
	vs_flow_item(flow, " ", "(%.1f%% before,", before->some_avg10);
	vs_flow_item(flow, " ", "%.1f%% at the end)", after->some_avg10);
}

/* Who waited for memory, as the kernel counts it. */
static int tell_pressure(const struct vs_style *style, const struct vs_event_answer *answer)
{
	uint64_t watched = answer->events.watched_ns;
	struct vs_flow flow;
	int lines;

	vs_flow_begin(&flow, style, "waited  ", 8);
	tell_waits(&flow, "host", &answer->host[0], &answer->host[1], watched);
	lines = vs_flow_end(&flow);
	if (!*answer->cgroup || answer->group[0].err)
		return lines;
	vs_flow_begin(&flow, style, "        ", 8);
	tell_waits(&flow, "cgroup", &answer->group[0], &answer->group[1], watched);
	return lines + vs_flow_end(&flow);
}

static int tell_lost(const struct vs_style *style, const struct vs_events *events)
{
	const struct {
		uint64_t number;
		const char *what;
	} kind[] = {
		{ events->lost_recursion, "events beside others" },
		{ events->lost_processes, "events of processes that found no place" },
		{ events->lost_vmas, "events in mappings that found no place" },
		{ events->lost_times, "times that found no place" },
		{ events->lost_followed, "processes that were not followed" },
	};
	bool any = false;
	char number[32];
	struct vs_flow flow;

	vs_flow_begin(&flow, style, "lost    ", 8);
	for (size_t i = 0; i < sizeof(kind) / sizeof(kind[0]); i++) {
		if (!kind[i].number)
			continue;
		vs_flow_item(&flow, any ? ", " : "", "%s",
			     vs_count(kind[i].number, number, sizeof(number)));
		vs_flow_words(&flow, kind[i].what);
		any = true;
	}
	if (!any)
		vs_flow_item(&flow, "", "none");
	if (events->lost_processes || events->lost_vmas || events->lost_followed)
		vs_flow_item(&flow, "; ", "more place: vmscope events --room N");
	return vs_flow_end(&flow);
}

static int tell_kills(const struct vs_style *style, const struct vs_events *events)
{
	int lines = 0;

	for (size_t i = 0; i < events->nr_kills && i < KILLS; i++) {
		const struct vs_event_kill *kill = &events->kill[i];
		struct vs_amounts amounts = { .style = style };
		char comm[64], asked[64];
		struct vs_flow flow;

		vs_clean(kill->comm, comm, sizeof(comm));
		vs_clean(kill->asked_comm, asked, sizeof(asked));
		vs_flow_begin(&flow, style, "killed  ", 8);
		vs_flow_item(&flow, "", "%s (%u),", comm, kill->pid);
		vs_flow_item(&flow, " ", "score %u,", vs_event_score(kill));
		vs_flow_item(&flow, " ", "%s asked by %s (%u):",
			     kill->cgroup ? "for its cgroup," : "for the host,", asked,
			     kill->asked);
		vs_flow_item(&flow, " ", "anon %s,", vs_next_amount(&amounts, kill->anon));
		vs_flow_item(&flow, " ", "file %s,", vs_next_amount(&amounts, kill->file));
		vs_flow_item(&flow, " ", "shmem %s,", vs_next_amount(&amounts, kill->shmem));
		vs_flow_item(&flow, " ", "swap %s,", vs_next_amount(&amounts, kill->swap));
		vs_flow_item(&flow, " ", "tables %s", vs_next_amount(&amounts, kill->tables));
		lines += vs_flow_end(&flow);
	}
	if (events->all_kills > KILLS) {
		fprintf(style->out, "and %" PRIu64 " more kills\n", events->all_kills - KILLS);
		lines++;
	}
	return lines;
}

/* The most frequent ones of each kind. */
static int tell_reasons(const struct vs_style *style, const struct vs_events *events)
{
	size_t told = 0, most = vs_is_narrow(style) ? WHYS / 3 : WHYS;
	const struct vs_event_reason *before = NULL;
	char number[32], name[48];
	struct vs_flow flow;
	size_t of_kind = 0;

	if (!events->nr_reasons)
		return 0;
	vs_flow_begin(&flow, style, "why     ", 8);
	for (size_t i = 0; i < events->nr_reasons && told < most; i++) {
		const struct vs_event_reason *one = &events->reason[i];
		bool first = !before || before->event != one->event;

		of_kind = first ? 0 : of_kind + 1;
		before = one;
		if (of_kind > 1)
			continue;
		snprintf(name, sizeof(name), "%s%s", one->name, one->is_function ? "()" : "");
		for (char *at = name; *at && !one->is_function; at++)
			if (*at == '_')
				*at = ' ';
		if (first) {
			vs_flow_item(&flow, told ? "; " : "", "%s:",
				     vs_event_kinds[one->event].name);
			vs_flow_item(&flow, " ", "%s",
				     vs_number(style, one->count.times, number, sizeof(number)));
		} else {
			vs_flow_item(&flow, ", ", "%s",
				     vs_number(style, one->count.times, number, sizeof(number)));
		}
		vs_flow_words(&flow, name);
		told++;
	}
	return vs_flow_end(&flow);
}

/* ---------------------------------------------------------------------- tables */

static void add_event(const struct vs_style *style, struct vs_table *table, enum vs_event event,
		      const struct vs_event_total *total)
{
	const struct vs_event_kind *kind = &vs_event_kinds[event];
	const struct vs_fault_latency *latency = &total->latency;
	char times[32], memory[32] = "-", failed[32] = "-", time[32] = "-", half[32] = "-",
	     most[32] = "-", longest[32] = "-";
	const char *cell[] = { kind->name, times, memory, failed, time, half, most, longest };

	vs_number(style, total->count.times, times, sizeof(times));
	if (kind->unit)
		vs_amount(style, vs_event_bytes(event, total->count.amount), memory,
			  sizeof(memory));
	if (kind->failed)
		vs_number(style, total->count.failed, failed, sizeof(failed));
	if (latency->ns) {
		vs_duration(latency->ns, time, sizeof(time));
		vs_duration(vs_fault_percentile(latency, 50), half, sizeof(half));
		vs_duration(vs_fault_percentile(latency, 99), most, sizeof(most));
		vs_duration(latency->most_ns, longest, sizeof(longest));
	}
	vs_table_row(table, cell);
}

static size_t kinds_of(const struct vs_events *events)
{
	size_t nr = 0;

	for (int i = 0; i < VS_EVENTS; i++)
		nr += events->total[i].count.times > 0;
	return nr;
}

/* Returns the number of lines, as many as are asked for at most. */
static int event_table(const struct vs_style *style, const struct vs_events *events, size_t lines)
{
	static const struct vs_column head[] = {
		{ .name = "EVENT", .width = 16 },
		{ .name = "TIMES", .right = true, .width = 8 },
		{ .name = "MEMORY", .right = true, .width = 6 },
		{ .name = "FAILED", .right = true, .width = 7, .from = 60 },
		{ .name = "TIME", .right = true, .width = 8 },
		{ .name = "P50", .right = true, .width = 7, .from = 60 },
		{ .name = "P99", .right = true, .width = 7, .from = 60 },
		{ .name = "MAX", .right = true, .width = 7, .from = 60 },
	};
	size_t nr = kinds_of(events), rows = lines - 1, row = 0;
	struct vs_table *table = nr ? vs_table_new(style, head, 8) : NULL;

	if (!nr) {
		fputs("Nothing of all that happened.\n", style->out);
		return 1;
	}
	/* A line of its own for what is left out. */
	if (nr > rows)
		rows--;
	for (int i = 0; i < VS_EVENTS && row < rows; i++)
		if (events->total[i].count.times) {
			add_event(style, table, i, &events->total[i]);
			row++;
		}
	vs_table_end(table);
	if (nr > rows)
		fprintf(style->out, "and %zu more kinds\n", nr - rows);
	return 1 + (nr > rows ? rows + 1 : nr);
}

/* What a table of so many takes, with its head and how many more there are. */
static size_t lines_of(size_t nr)
{
	return nr ? 1 + (nr < WHO ? nr : WHO) + (nr > WHO) : 0;
}

static void process_table(const struct vs_style *style, const struct vs_events *events,
			  size_t rows)
{
	static const struct vs_column head[] = {
		{ .name = "PID", .right = true, .width = 7 },
		{ .name = "OUT", .right = true, .width = 5 },
		{ .name = "IN", .right = true, .width = 7 },
		{ .name = "REFAULT", .right = true, .width = 7, .from = 60 },
		{ .name = "STALL", .right = true, .width = 8 },
		{ .name = "CALLS", .right = true, .width = 7, .from = 60 },
		{ .name = "FORKS", .right = true, .width = 5, .from = 60 },
		{ .name = "NAME", .fills = true },
	};
	size_t nr = events->nr_processes;
	struct vs_table *table = nr ? vs_table_new(style, head, 8) : NULL;

	for (size_t i = 0; table && i < nr && i < rows; i++) {
		const struct vs_event_process *one = &events->process[i];
		char pid[16], out[32], in[32], refault[32], stall[32], calls[32], forks[32],
		     comm[64];
		const char *cell[] = { pid, out, in, refault, stall, calls, forks, comm };

		snprintf(pid, sizeof(pid), "%u", one->pid);
		vs_amount(style, vs_event_bytes(VS_EVENT_SWAP_OUT,
						one->of[VS_EVENT_SWAP_OUT].amount),
			  out, sizeof(out));
		vs_number(style, one->of[VS_EVENT_SWAP_IN].times, in, sizeof(in));
		vs_amount(style, vs_event_bytes(VS_EVENT_REFAULT_ANON,
						one->of[VS_EVENT_REFAULT_ANON].amount +
						one->of[VS_EVENT_REFAULT_FILE].amount),
			  refault, sizeof(refault));
		vs_duration(vs_event_stall(one), stall, sizeof(stall));
		vs_number(style, vs_event_calls(one), calls, sizeof(calls));
		vs_number(style, one->of[VS_EVENT_FORK].times, forks, sizeof(forks));
		vs_clean(one->pid ? one->comm : "[nobody]", comm, sizeof(comm));
		vs_table_row(table, cell);
	}
	vs_table_end(table);
	if (nr > rows)
		fprintf(style->out, "and %zu more processes\n", nr - rows);
}

static void mapping_table(const struct vs_style *style, const struct vs_events *events, size_t rows)
{
	static const struct vs_column head[] = {
		{ .name = "START", .width = 12 },
		{ .name = "SIZE", .right = true, .width = 5, .from = 60 },
		{ .name = "OUT", .right = true, .width = 5 },
		{ .name = "IN", .right = true, .width = 7 },
		{ .name = "THP", .right = true, .width = 6, .from = 60 },
		{ .name = "NO THP", .right = true, .width = 6, .from = 60 },
		{ .name = "SPLIT", .right = true, .width = 6, .from = 60 },
		{ .name = "NAME", .fills = true },
	};
	size_t nr = events->nr_vmas;
	struct vs_table *table = nr ? vs_table_new(style, head, 8) : NULL;

	for (size_t i = 0; table && i < nr && i < rows; i++) {
		const struct vs_event_vma *one = &events->vma[i];
		char start[20], size[32], out[32], in[32], huge[32], small[32], split[32],
		     name[200];
		const char *cell[] = { start, size, out, in, huge, small, split, name };

		snprintf(start, sizeof(start), "%012" PRIx64, one->start);
		vs_amount(style, one->end - one->start, size, sizeof(size));
		vs_amount(style, vs_event_bytes(VS_EVENT_SWAP_OUT,
						one->of[VS_EVENT_IN_SWAP_OUT]),
			  out, sizeof(out));
		vs_number(style, one->of[VS_EVENT_IN_SWAP_IN], in, sizeof(in));
		vs_number(style, one->of[VS_EVENT_IN_THP_FAULT], huge, sizeof(huge));
		vs_number(style, one->of[VS_EVENT_IN_THP_FALLBACK], small, sizeof(small));
		vs_number(style, one->of[VS_EVENT_IN_THP_SPLIT_PMD], split, sizeof(split));
		vs_clean(vs_event_vma_name(one), name, sizeof(name));
		vs_table_row(table, cell);
	}
	vs_table_end(table);
	if (nr > rows)
		fprintf(style->out, "and %zu more mappings\n", nr - rows);
}

void vs_events_screen(const struct vs_style *style, const struct vs_report *report,
		      const struct vs_event_answer *answer, char **command)
{
	const struct vs_events *events = &answer->events;
	size_t others = lines_of(events->nr_processes > 1 ? events->nr_processes : 0) +
		lines_of(events->nr_vmas), left = LINES - 1, lines;

	lines = tell_title(style, report, answer, command) + tell_cost(style, answer, command);
	lines += tell_pressure(style, answer);
	lines += tell_lost(style, events);
	lines += tell_kills(style, events);
	lines += tell_reasons(style, events);
	left -= lines < left ? lines : left;
	event_table(style, events, left > others + LEAST_EVENTS + 2 ? left - others :
		    LEAST_EVENTS + 2);
	if (events->nr_processes > 1)
		process_table(style, events, WHO);
	mapping_table(style, events, WHO);
}
