// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What became of a look at many processes. It must not know what they were
 * asked.
 */
#include "members.h"

static const char * const state_word[VS_MEMBER_NR] = {
	[VS_MEMBER_READ] = "read",
	[VS_MEMBER_SAME] = "same_address_space",
	[VS_MEMBER_GONE] = "gone",
	[VS_MEMBER_DENIED] = "not_permitted",
	[VS_MEMBER_FAILED] = "failed",
	[VS_MEMBER_LATE] = "appeared",
};

const char *vs_member_name(const struct vs_member *member, char *text, size_t size)
{
	char comm[300];

	/* One that ended before it was looked at has a number alone. */
	snprintf(text, size, "%d%s%s", member->pid, *member->comm ? " " : "",
		 vs_clean(member->comm, comm, sizeof(comm)));
	return text;
}

/* "12 processes of this host  Linux 6.12  source module" */
static void title(const struct vs_style *style, const struct vs_report *report,
		  const struct vs_members *members)
{
	const struct vs_model *model = report->model;
	char where[300], kernel[300];
	struct vs_flow flow;

	vs_flow_begin(&flow, style, "", 0);
	vs_bold(style, true);
	vs_flow_item(&flow, "  ", "%u process%s", members->nr, members->nr == 1 ? "" : "es");
	vs_bold(style, false);
	if (members->where)
		vs_flow_item(&flow, " ", "of %s", vs_clean(members->where, where, sizeof(where)));
	vs_flow_item(&flow, "  ", "Linux %s",
		     vs_clean(model->kernel.release, kernel, sizeof(kernel)));
	vs_flow_item(&flow, "  ", "source %s",
		     model->origin == VS_ORIGIN_MODULE ? "module" : "proc");
	vs_flow_end(&flow);
	if (!report->fallback)
		return;
	vs_flow_begin(&flow, style, "note  ", 6);
	vs_flow_words(&flow, "not the module:");
	vs_flow_words(&flow, report->fallback);
	vs_flow_end(&flow);
}

/* Who they are, as far as a line has room. */
static void name_some(struct vs_flow *flow, const struct vs_members *members,
		      enum vs_member_state state)
{
	char text[400], with[400];
	int nr = 0;

	for (uint32_t i = 0; i < members->nr && nr < 3; i++) {
		const struct vs_member *member = &members->member[i];

		if (member->state != state)
			continue;
		vs_member_name(member, text, sizeof(text));
		if (state == VS_MEMBER_SAME)
			vs_flow_item(flow, nr ? ", " : " ", "%s%s with %s", nr ? "" : "(", text,
				     vs_member_name(&members->member[member->same_as], with,
						    sizeof(with)));
		else
			vs_flow_item(flow, nr ? ", " : " ", "%s%s", nr ? "" : "(", text);
		nr++;
	}
	if (nr)
		vs_flow_item(flow, "", members->count[state] > (uint32_t)nr ? ", ...)" : ")");
}

static void looked_at(const struct vs_style *style, const struct vs_members *members, bool asked)
{
	uint32_t read = members->count[VS_MEMBER_READ] - asked;
	struct vs_flow flow;

	vs_flow_begin(&flow, style, "read  ", 6);
	vs_flow_item(&flow, "", "%u %sprocess%s", read, asked ? "other " : "",
		     read == 1 ? "" : "es");
	if (members->count[VS_MEMBER_SAME]) {
		vs_flow_item(&flow, "; ", "%u %s the address space of another",
			     members->count[VS_MEMBER_SAME],
			     members->count[VS_MEMBER_SAME] == 1 ? "has" : "have");
		name_some(&flow, members, VS_MEMBER_SAME);
	}
	if (members->count[VS_MEMBER_GONE]) {
		vs_flow_item(&flow, "; ", "%u ended meanwhile", members->count[VS_MEMBER_GONE]);
		name_some(&flow, members, VS_MEMBER_GONE);
	}
	if (members->count[VS_MEMBER_LATE]) {
		vs_flow_item(&flow, "; ", "%u appeared meanwhile", members->count[VS_MEMBER_LATE]);
		name_some(&flow, members, VS_MEMBER_LATE);
	}
	if (members->count[VS_MEMBER_DENIED]) {
		vs_flow_item(&flow, "; ", "%u NOT PERMITTED", members->count[VS_MEMBER_DENIED]);
		name_some(&flow, members, VS_MEMBER_DENIED);
	}
	if (members->count[VS_MEMBER_FAILED]) {
		vs_flow_item(&flow, "; ", "%u NOT READ", members->count[VS_MEMBER_FAILED]);
		name_some(&flow, members, VS_MEMBER_FAILED);
	}
	if (members->partial)
		vs_flow_item(&flow, "; ", "of %u PARTS were locked", members->partial);
	vs_flow_end(&flow);
}

json_t *vs_members_json(const struct vs_members *members)
{
	json_t *json = json_object(), *others = json_array();

	for (int i = 0; i < VS_MEMBER_NR; i++)
		json_object_set_new(json, state_word[i], json_integer(members->count[i]));
	json_object_set_new(json, "partial", json_integer(members->partial));
	for (uint32_t i = 0; i < members->nr; i++) {
		const struct vs_member *member = &members->member[i];
		json_t *one;

		if (member->state == VS_MEMBER_READ && !member->partial)
			continue;
		one = json_object();
		json_object_set_new(one, "pid", json_integer(member->pid));
		json_object_set_new(one, "comm", vs_json_text(member->comm));
		json_object_set_new(one, "state", json_string(member->partial ? "partial" :
							      state_word[member->state]));
		json_object_set_new(one, "same_as", member->state == VS_MEMBER_SAME ?
				    json_integer(members->member[member->same_as].pid) :
				    json_null());
		json_object_set_new(one, "reason", member->why ? vs_json_text(member->why) :
				    json_null());
		json_array_append_new(others, one);
	}
	json_object_set_new(json, "notes", others);
	return json;
}

void vs_members_begin(const struct vs_style *style, const struct vs_report *report,
		      const struct vs_members *members, bool asked)
{
	if (asked) {
		vs_report_begin(style, report);
	} else {
		title(style, report, members);
		vs_report_cost(style, report, NULL);
	}
	looked_at(style, members, asked);
}

void vs_members_begin_json(struct vs_json *json, const struct vs_report *report,
			   const struct vs_members *members, bool asked, uint64_t index)
{
	if (asked) {
		vs_report_begin_json(json, stdout, report);
	} else {
		vs_json_begin(json, stdout);
		vs_report_head(json, report);
		vs_report_cost_json(json, report, NULL);
	}
	vs_json_member(json, "processes", vs_members_json(members));
	vs_json_member(json, "index_memory", json_integer(index));
}
