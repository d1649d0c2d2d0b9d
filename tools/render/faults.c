// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Page faults, for people. It must not collect anything.
 */
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "../analyze/select.h"
#include "faults.h"
#include "strip.h"
#include "table.h"
#include "watched.h"

/* Rows of the tables on the first screen; all are in the JSON. */
#define LINES		24
#define LEAST_VMAS	1
#define VMAS_AND_STRIP	3
#define MOST_CAUSES	6
#define WHO		2
#define WHO_OF_MANY	6

const char *vs_fault_vma_name(enum vs_fault_vma_kind kind, const char *name)
{
	switch (kind) {
	case VS_FAULT_VMA_HEAP:
		return "[heap]";
	case VS_FAULT_VMA_STACK:
		return "[stack]";
	case VS_FAULT_VMA_ANON:
		return "[anon]";
	case VS_FAULT_VMA_SPECIAL:
		return "[special]";
	case VS_FAULT_VMA_FILE:
		break;
	}
	return name;
}

const char *vs_fault_name(const struct vs_fault_vma *vma)
{
	return vs_fault_vma_name(vma->kind, vma->name);
}

/* ------------------------------------------------------------ wrong accesses */

const char *vs_fault_signal_name(const struct vs_fault_signal *signal)
{
	return signal->signal == SIGBUS ? "SIGBUS" : "SIGSEGV";
}

const char *vs_fault_access_name(const struct vs_fault_signal *signal)
{
	static const char * const name[] = {
		[VS_ACCESS_READ] = "read",
		[VS_ACCESS_WRITE] = "write",
		[VS_ACCESS_EXECUTE] = "execute",
	};

	return signal->access < VS_ACCESS_NO_ADDRESS ? name[signal->access] : NULL;
}

static const char *inside(const struct vs_fault_signal *signal, const char *name, char *text,
			  size_t size)
{
	char rights[5];

	if (signal->signal == SIGBUS)
		snprintf(text, size, "in %s, where its file has no page", name);
	else
		snprintf(text, size, "in %s, which is %.3s", name,
			 vs_permissions(signal->flags, rights));
	return text;
}

const char *vs_fault_place_text(const struct vs_faults *faults,
				const struct vs_fault_signal *signal, char *text, size_t size)
{
	struct vs_fault_place place;
	const char *name;
	char amount[32];

	vs_fault_place(faults, signal, &place);
	name = place.heap ? "[heap]" : place.vma ? vs_fault_name(place.vma) : "a mapping";
	if (place.distance < 4096)
		snprintf(amount, sizeof(amount), "%" PRIu64 " bytes", place.distance);
	else
		vs_human(place.distance, amount, sizeof(amount));
	switch (place.where) {
	case VS_WHERE_NULL:
		return "in the first page, where nothing is mapped";
	case VS_WHERE_INSIDE:
		return inside(signal, name, text, size);
	case VS_WHERE_BELOW:
		snprintf(text, size, "%s below %s", amount, name);
		return text;
	case VS_WHERE_ABOVE:
		snprintf(text, size, "%s above the end of %s", amount, name);
		return text;
	case VS_WHERE_GUARD:
		snprintf(text, size, "%s below [stack], which may not grow there", amount);
		return text;
	case VS_WHERE_FAR:
		return "nothing is mapped there, or near";
	case VS_WHERE_UNKNOWN:
		break;
	}
	return signal->access == VS_ACCESS_NO_ADDRESS ?
		"the processor tells no address" : "what is mapped there is not known";
}

static bool is_like(const struct vs_fault_signal *one, const struct vs_fault_signal *other)
{
	return one->signal == other->signal && one->code == other->code &&
		one->address == other->address && one->access == other->access &&
		one->pid == other->pid;
}

static bool came_before(const struct vs_faults *faults, size_t i)
{
	for (size_t before = 0; before < i; before++)
		if (is_like(&faults->signal[before], &faults->signal[i]))
			return true;
	return false;
}

/* The first ones that differ. */
static int tell_wrong(const struct vs_style *style, const struct vs_faults *faults)
{
	char number[32], text[200];
	struct vs_flow flow;
	int told = 0, most = vs_is_narrow(style) ? 1 : 2;

	if (!faults->all_signals)
		return 0;
	vs_flow_begin(&flow, style, "wrong   ", 8);
	vs_flow_item(&flow, "", "%s access%s ended in a signal",
		     vs_count(faults->all_signals, number, sizeof(number)),
		     faults->all_signals == 1 ? "" : "es");
	for (size_t i = 0; i < faults->nr_signals && told < most; i++) {
		const struct vs_fault_signal *signal = &faults->signal[i];
		const char *access = vs_fault_access_name(signal);

		if (came_before(faults, i))
			continue;
		vs_flow_item(&flow, told++ ? "; " : ": ", "%s,", vs_fault_signal_name(signal));
		if (signal->access != VS_ACCESS_NO_ADDRESS)
			vs_flow_item(&flow, " ", "%s 0x%" PRIx64 ",", access ? access : "at",
				     signal->address);
		vs_flow_words(&flow, vs_fault_place_text(faults, signal, text, sizeof(text)));
	}
	return vs_flow_end(&flow);
}

/* --------------------------------------------------------------------- summary */

static int tell_title(const struct vs_style *style, const struct vs_report *report,
		      const struct vs_fault_answer *answer, char **command)
{
	const struct vs_model *model = report->model;
	struct vs_flow flow;
	char when[40], group[300];
	const char *name;

	if (answer->scope == VS_FAULTS_OF_SYSTEM)
		name = "every process";
	else if (answer->scope == VS_FAULTS_OF_CGROUP)
		name = group;
	else
		name = command ? basename(command[0]) :
			answer->nr_processes ? answer->process[0].comm : "no fault";
	snprintf(group, sizeof(group), "control group %s", answer->cgroup ? answer->cgroup : "");
	vs_watched_title(&flow, style, report, name, command ? 0 : model->process.pid);
	if (model->recorded_at)
		vs_flow_item(&flow, vs_is_narrow(style) ? "  " : ", ", "recorded %s",
			     vs_recorded_when(model, when, sizeof(when)));
	return vs_flow_end(&flow);
}

static int tell_cost(const struct vs_style *style, const struct vs_fault_answer *answer,
		     char **command)
{
	const struct vs_faults *faults = &answer->faults;
	bool no_fentry = false;
	struct vs_flow flow;
	char text[80];

	vs_watched_cost(&flow, style, faults->watched_ns, faults->attach_ns, command,
			answer->status);
	for (size_t i = 0; i < faults->nr_missing; i++) {
		vs_flow_item(&flow, i ? ", " : "; ", "%s", i ? "no" : "this kernel has no");
		vs_flow_words(&flow, vs_clean(faults->missing[i], text, sizeof(text)));
		no_fentry |= !strcmp(faults->missing[i], VS_FAULT_NO_FENTRY);
	}
	if (no_fentry)
		vs_flow_item(&flow, "; ", "kprobes may miss ends of faults that wait");
	return vs_flow_end(&flow);
}

static void lost(struct vs_flow *flow, const struct vs_fault_answer *answer)
{
	const struct vs_faults *faults = &answer->faults;
	const struct {
		uint64_t number;
		const char *what;
	} kind[] = {
		{ answer->total.lost_minor, "minor of them" },
		{ answer->total.lost_major, "major of them" },
		{ faults->lost_storage, "of threads that found no place" },
		{ vs_faults_not_followed(answer), "that wait4() tells besides" },
		{ faults->lost_threads, "threads that found no place" },
	};
	uint64_t unplaced = faults->lost_vmas + answer->total.unplaced;
	char number[32];
	bool any = false;

	for (size_t i = 0; i < sizeof(kind) / sizeof(kind[0]); i++) {
		if (!kind[i].number)
			continue;
		vs_flow_item(flow, any ? ", " : "; ", "%s%s", any ? "" : "LOST ",
			     vs_count(kind[i].number, number, sizeof(number)));
		vs_flow_words(flow, kind[i].what);
		any = true;
	}
	if (!any)
		vs_flow_item(flow, "; ", "none lost");
	if (unplaced)
		vs_flow_item(flow, "; ", "%s in mappings that found no place",
			     vs_count(unplaced, number, sizeof(number)));
	if (faults->lost_vmas || faults->lost_threads || faults->stacks.no_place)
		vs_flow_item(flow, "; ", "more place: vmscope faults --room N");
}

/* Both sums, on a line that goes on. */
static void begin_sums(struct vs_flow *flow, const struct vs_style *style,
		       const struct vs_fault_sum *sum)
{
	char minor[32], major[32];

	vs_flow_begin(flow, style, "faults", 8);
	vs_flow_item(flow, "", "%s minor,", vs_number(style, sum->minor, minor, sizeof(minor)));
	vs_flow_item(flow, " ", "%s major", vs_number(style, sum->major, major, sizeof(major)));
}

static int tell_sums(const struct vs_style *style, const struct vs_fault_answer *answer)
{
	const struct vs_fault_sum *sum = &answer->total;
	struct vs_flow flow;
	char failed[32];

	begin_sums(&flow, style, sum);
	lost(&flow, answer);
	if (sum->failed)
		vs_flow_item(&flow, "; ", "%s failed", vs_number(style, sum->failed, failed,
								 sizeof(failed)));
	return vs_flow_end(&flow);
}

int vs_faults_line(const struct vs_style *style, const struct vs_fault_answer *answer)
{
	uint64_t watched = answer->faults.watched_ns;
	char time[32], share[16];
	struct vs_flow flow;

	begin_sums(&flow, style, &answer->total);
	vs_flow_item(&flow, " ", "in %s", vs_duration(watched, time, sizeof(time)));
	lost(&flow, answer);
	if (answer->nr_causes)
		vs_flow_item(&flow, "; ", "most time: %s, %s",
			     vs_cause_name(answer->cause[0].cause),
			     vs_duration(answer->cause[0].latency.ns, time, sizeof(time)));
	if (answer->major.ns)
		vs_flow_item(&flow, "; ", "%s of the time in major",
			     vs_percent(answer->major.ns, watched, share, sizeof(share)));
	return vs_flow_end(&flow);
}

static int tell_stream(const struct vs_style *style, const struct vs_fault_answer *answer)
{
	const struct vs_stream_sums *stream = &answer->faults.stream;
	char seen[32], lines[32], filtered[32], dropped[32], size[32];
	struct vs_flow flow;

	if (!stream->asked)
		return 0;
	vs_flow_begin(&flow, style, "stream  ", 8);
	vs_flow_item(&flow, "", "seen %s,", vs_number(style, vs_faults_seen(answer), seen,
						      sizeof(seen)));
	vs_flow_item(&flow, " ", "lost %s", vs_number(style, stream->dropped, dropped,
						      sizeof(dropped)));
	if (stream->dropped) {
		vs_flow_item(&flow, " ", "for want of room in %s:",
			     vs_human(stream->buffer, size, sizeof(size)));
		vs_flow_words(&flow, "see --buffer");
	}
	vs_flow_item(&flow, "; ", "%s lines", vs_number(style, stream->told, lines,
							sizeof(lines)));
	if (stream->filtered)
		vs_flow_item(&flow, ", ", "%s left out by filters",
			     vs_number(style, stream->filtered, filtered, sizeof(filtered)));
	return vs_flow_end(&flow);
}

static int tell_times(const struct vs_style *style, const struct vs_fault_answer *answer)
{
	uint64_t watched = answer->faults.watched_ns;
	char minor[32], major[32], share[16];
	struct vs_flow flow;

	if (!answer->minor.ns && !answer->major.ns)
		return 0;
	vs_flow_begin(&flow, style, "time    ", 8);
	vs_flow_item(&flow, "", "%s in minor", vs_duration(answer->minor.ns, minor, sizeof(minor)));
	if (answer->major.ns) {
		vs_flow_item(&flow, ", ", "%s in major:",
			     vs_duration(answer->major.ns, major, sizeof(major)));
		vs_flow_item(&flow, " ", "%s of the time watched",
			     vs_percent(answer->major.ns, watched, share, sizeof(share)));
	}
	return vs_flow_end(&flow);
}

/* ---------------------------------------------------------------------- tables */

static size_t rows_of(size_t nr, size_t most)
{
	return nr < most ? nr : most;
}

/* Of everybody the first question is who. */
static size_t processes_to_tell(const struct vs_fault_answer *answer)
{
	bool crowd = answer->scope >= VS_FAULTS_OF_SYSTEM;

	if (answer->nr_processes < 2 && !crowd)
		return 0;
	return rows_of(answer->nr_processes, crowd ? WHO_OF_MANY : WHO);
}

static int process_lines(const struct vs_fault_answer *answer)
{
	size_t shown = processes_to_tell(answer);

	return shown ? 1 + shown + (answer->nr_processes > shown) : 0;
}

static void process_table(const struct vs_style *style, const struct vs_fault_answer *answer)
{
	static const struct vs_column head[] = {
		{ .name = "PID", .right = true, .width = 7 },
		{ .name = "THREADS", .right = true, .width = 7, .from = 60 },
		{ .name = "MINOR", .right = true, .width = 9 },
		{ .name = "MAJOR", .right = true, .width = 7 },
		{ .name = "LOST", .right = true, .width = 4, .from = 60 },
		{ .name = "WRONG", .right = true, .width = 5, .from = 60 },
		{ .name = "NAME", .fills = true },
	};
	size_t nr = answer->nr_processes, shown = processes_to_tell(answer);
	struct vs_table *table = shown ? vs_table_new(style, head, 7) : NULL;

	for (size_t i = 0; table && i < shown; i++) {
		const struct vs_fault_process *process = &answer->process[i];
		char pid[16], threads[16], minor[32], major[32], missing[32], bad[32], comm[64];
		const char *cell[] = { pid, threads, minor, major, missing, bad, comm };

		snprintf(pid, sizeof(pid), "%u", process->pid);
		snprintf(threads, sizeof(threads), "%u", process->threads);
		vs_number(style, process->sum.minor, minor, sizeof(minor));
		vs_number(style, process->sum.major, major, sizeof(major));
		vs_number(style, process->sum.lost_minor + process->sum.lost_major, missing,
			  sizeof(missing));
		vs_number(style, process->sum.wrong, bad, sizeof(bad));
		vs_clean(process->comm, comm, sizeof(comm));
		vs_table_row(table, cell);
	}
	vs_table_end(table);
	if (shown && nr > shown)
		fprintf(style->out, "and %zu more processes\n", nr - shown);
}

/* Those of the one process that there is. */
static uint32_t threads_to_tell(const struct vs_fault_answer *answer)
{
	return answer->nr_processes == 1 && answer->process->threads > 1 ?
		rows_of(answer->process->threads, WHO) : 0;
}

/* The busiest of them. */
static void thread_table(const struct vs_style *style, const struct vs_fault_answer *answer)
{
	static const struct vs_column head[] = {
		{ .name = "THREAD", .right = true, .width = 7 },
		{ .name = "MINOR", .right = true, .width = 9 },
		{ .name = "MAJOR", .right = true, .width = 7 },
		{ .name = "NAME", .fills = true },
	};
	const struct vs_fault_process *process = answer->process;
	uint32_t shown = threads_to_tell(answer);
	struct vs_table *table = shown ? vs_table_new(style, head, 4) : NULL;

	for (uint32_t i = 0; table && i < shown; i++) {
		const struct vs_fault_thread *one = &answer->faults.thread[process->first + i];
		char tid[16], minor[32], major[32], comm[64];
		const char *cell[] = { tid, minor, major, comm };
		struct vs_fault_sum sum = { 0 };

		vs_fault_sum_add(&sum, one);
		snprintf(tid, sizeof(tid), "%u", one->tid);
		vs_number(style, sum.minor, minor, sizeof(minor));
		vs_number(style, sum.major, major, sizeof(major));
		vs_clean(one->comm, comm, sizeof(comm));
		vs_table_row(table, cell);
	}
	vs_table_end(table);
}

static void mapping_table(const struct vs_style *style, const struct vs_fault_answer *answer,
			  size_t rows)
{
	static const struct vs_column head[] = {
		{ .name = "START", .width = 12 },
		{ .name = "SIZE", .right = true, .width = 5, .from = 60 },
		{ .name = "MINOR", .right = true, .width = 9 },
		{ .name = "MAJOR", .right = true, .width = 5 },
		{ .name = "TIME", .right = true, .width = 7, .from = 60 },
		{ .name = "PID", .right = true, .width = 7, .from = 60 },
		{ .name = "NAME", .fills = true },
	};
	const struct vs_faults *faults = &answer->faults;
	struct vs_table *table = faults->nr_vmas ? vs_table_new(style, head, 7) : NULL;

	for (size_t i = 0; table && i < faults->nr_vmas && i < rows; i++) {
		const struct vs_fault_vma *vma = &faults->vma[i];
		char start[20], bytes[32], minor[32], major[32], time[32], pid[16], name[200];
		const char *cell[] = { start, bytes, minor, major, time, pid, name };

		snprintf(start, sizeof(start), "%012" PRIx64, vma->start);
		vs_amount(style, vma->end - vma->start, bytes, sizeof(bytes));
		vs_number(style, vma->minor, minor, sizeof(minor));
		vs_number(style, vma->major, major, sizeof(major));
		vs_duration(vma->ns, time, sizeof(time));
		snprintf(pid, sizeof(pid), "%u", vma->pid);
		vs_clean(vs_fault_name(vma), name, sizeof(name));
		vs_table_row(table, cell);
	}
	vs_table_end(table);
	if (faults->nr_vmas > rows)
		fprintf(style->out, "and %zu more mappings\n", faults->nr_vmas - rows);
}

/* Of the one process that there is; the number of its lines, 0: there is none. */
static int make_strip(const struct vs_style *style, const struct vs_fault_answer *answer,
		      struct vs_strip *strip)
{
	memset(strip, 0, sizeof(*strip));
	if (answer->nr_processes != 1 || !answer->faults.nr_vmas ||
	    vs_faults_strip(answer, answer->process->pid, strip))
		return 0;
	return vs_strip_height(style, strip);
}

void vs_faults_screen(const struct vs_style *style, const struct vs_report *report,
		      const struct vs_fault_answer *answer, char **command)
{
	int lines = tell_title(style, report, answer, command) + tell_cost(style, answer, command);
	int left, others, threads = threads_to_tell(answer);
	struct vs_strip strip;
	int height;

	fputc('\n', style->out);
	lines += tell_sums(style, answer);
	lines += tell_stream(style, answer);
	lines += tell_times(style, answer);
	lines += tell_wrong(style, &answer->faults);
	/* with a head each, and how many more mappings there are */
	others = process_lines(answer) + (threads ? 1 + threads : 0) + LEAST_VMAS + 2;
	left = LINES - lines - 1;
	left -= vs_causes_table(style, answer, left - others < MOST_CAUSES + 1 ?
				left - others : MOST_CAUSES + 1);
	process_table(style, answer);
	thread_table(style, answer);
	left -= others - LEAST_VMAS;
	height = make_strip(style, answer, &strip);
	if (height && left - height < VMAS_AND_STRIP)
		height = 0;
	left -= height;
	mapping_table(style, answer, left < LEAST_VMAS ? LEAST_VMAS : left);
	if (height)
		vs_strip_screen(style, &strip, "pages had a fault");
	vs_strip_free(&strip);
}
