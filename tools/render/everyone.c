// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What reports on many processes have in common. It must not know what was
 * asked of them.
 */
#include <errno.h>
#include <stdlib.h>

#include "everyone.h"

static const struct {
	const char *key;
	const char *text;		/* behind the number */
	const char *hint;
	bool gap;
} why[VS_WHY_NR] = {
	[VS_WHY_SHARES] = { "shares", "more have the memory of one that was counted", NULL, false },
	[VS_WHY_GONE] = { "gone", "ended meanwhile", NULL, false },
	[VS_WHY_REFUSED] = { "refused", "may not be looked at", "run as root", true },
	[VS_WHY_LOCKED] = { "locked", "not read as a whole: their lock stayed taken",
			    "give it longer with --timeout", true },
	[VS_WHY_FAILED] = { "failed", "could not be looked at", "ask for one of them by its pid",
			    true },
};

int vs_missed_add(struct vs_missed *missed, pid_t pid, enum vs_why reason, pid_t with)
{
	if (missed->nr == missed->max) {
		size_t max = missed->max ? missed->max * 2 : 64;
		struct vs_missed_one *more = reallocarray(missed->one, max, sizeof(*more));

		if (!more)
			return -ENOMEM;
		missed->one = more;
		missed->max = max;
	}
	missed->one[missed->nr++] = (struct vs_missed_one){ pid, with, reason };
	return 0;
}

size_t vs_missed_count(const struct vs_missed *missed, enum vs_why reason)
{
	size_t count = 0;

	for (size_t i = 0; i < missed->nr; i++)
		count += missed->one[i].why == reason;
	return count;
}

bool vs_missed_gaps(const struct vs_missed *missed)
{
	for (size_t i = 0; i < missed->nr; i++)
		if (why[missed->one[i].why].gap)
			return true;
	return false;
}

void vs_missed_free(struct vs_missed *missed)
{
	free(missed->one);
	*missed = (struct vs_missed){ 0 };
}

void vs_everyone_title(const struct vs_style *style, const struct vs_report *report, size_t looked,
		       const char *where)
{
	char kernel[300], place[300], count[32];
	struct vs_flow flow;

	vs_flow_begin(&flow, style, "", 0);
	vs_bold(style, true);
	vs_flow_item(&flow, "  ", "%s", vs_clean(where ? where : "host", place, sizeof(place)));
	vs_bold(style, false);
	vs_flow_item(&flow, "  ", "%s address spaces", vs_count(looked, count, sizeof(count)));
	vs_flow_item(&flow, "  ", "Linux %s", vs_clean(report->model->kernel.release, kernel,
						       sizeof(kernel)));
	vs_flow_item(&flow, "  ", "source module");
	vs_flow_end(&flow);
	vs_report_cost(style, report, NULL);
}

void vs_everyone_missed(const struct vs_style *style, const struct vs_missed *missed)
{
	struct vs_flow flow;
	char count[32];

	if (!missed->nr)
		return;
	vs_flow_begin(&flow, style, "not", 8);
	flow.first = true;
	for (int i = 0; i < VS_WHY_NR; i++) {
		size_t nr = vs_missed_count(missed, i);

		if (!nr)
			continue;
		vs_flow_item(&flow, "; ", "%s", vs_count(nr, count, sizeof(count)));
		vs_flow_words(&flow, why[i].text);
		if (why[i].hint)
			vs_flow_item(&flow, ": ", "%s", why[i].hint);
	}
	vs_flow_end(&flow);
}

void vs_everyone_head(struct vs_json *json, const struct vs_report *report, const char *cgroup,
		      const struct vs_missed *missed)
{
	json_t *list = json_array();

	vs_report_around(json, report);
	vs_report_cost_json(json, report, NULL);
	vs_json_member(json, "cgroup", vs_json_text(cgroup));
	for (size_t i = 0; i < missed->nr; i++) {
		const struct vs_missed_one *one = &missed->one[i];

		json_array_append_new(list, json_pack("{s:i, s:s, s:o}", "pid", (int)one->pid,
			"why", why[one->why].key,
			"with", one->why == VS_WHY_SHARES ? json_integer(one->with) : json_null()));
	}
	vs_json_member(json, "not_counted", list);
}
