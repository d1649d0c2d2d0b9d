// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A family after fork, for people and as JSON. It must not collect anything.
 */
#include <inttypes.h>

#include "family.h"
#include "members.h"
#include "table.h"

/* Of each table on the first screen; all are in the JSON. */
#define ROWS	6

static const struct vs_member *who(const struct vs_family *family, uint32_t number)
{
	return &family->members->member[family->of[number].member];
}

static void summary(const struct vs_style *style, const struct vs_family *family)
{
	char once[32], storm[32], count[32];
	uint64_t odd = 0, reuse = 0, ksm = 0;
	struct vs_flow flow;

	for (uint32_t i = 0; i < family->nr; i++) {
		odd += family->of[i].odd;
		reuse += family->of[i].reuse;
		ksm += family->of[i].ksm;
	}
	vs_flow_begin(&flow, style, "family ", 6);
	vs_flow_item(&flow, "", "%u process%s, %s anonymous,", family->nr,
		     family->nr == 1 ? "" : "es", vs_amount(style, family->once, once,
							     sizeof(once)));
	vs_flow_item(&flow, " ", "each page counted once");
	vs_flow_item(&flow, "; ", "if all wrote to all of it,");
	vs_flow_item(&flow, " ", "%s more", vs_amount(style, family->storm, storm, sizeof(storm)));
	if (family->outside)
		vs_flow_item(&flow, "; ", "%s mappings of it not found",
			     vs_count(family->outside, count, sizeof(count)));
	if (ksm) {
		vs_flow_item(&flow, "; ", "COPY has %s",
			     vs_amount(style, ksm, once, sizeof(once)));
		vs_flow_words(&flow, "more that KSM merged");
	}
	vs_flow_end(&flow);
	vs_flow_begin(&flow, style, "bits  ", 6);
	if (odd)
		vs_flow_item(&flow, "", "exclusive bits CONTRADICT %s",
			     vs_amount(style, odd, once, sizeof(once)));
	else
		vs_flow_item(&flow, "", "exclusive bits agree");
	vs_flow_item(&flow, " ", "with the mapcounts");
	if (reuse) {
		vs_flow_item(&flow, "; ", "%s REUSE:",
			     vs_amount(style, reuse, storm, sizeof(storm)));
		vs_flow_words(&flow, "mapped once, but not marked exclusive: written to without a copy");
	}
	vs_flow_end(&flow);
}

static void members(const struct vs_style *style, const struct vs_family *family)
{
	static const struct vs_column head[] = {
		{ .name = "PID", .right = true, .width = 7 },
		{ .name = "ANON", .right = true, .width = 5 },
		{ .name = "OWN", .right = true, .width = 5, .from = 60 },
		{ .name = "REUSE", .right = true, .width = 5, .from = 60 },
		{ .name = "SHARE", .right = true, .width = 5 },
		{ .name = "COPY", .right = true, .width = 5 },
		{ .name = "NAME", .fills = true },
	};
	struct vs_table *table = vs_table_new(style, head, 7);

	for (uint32_t i = 0; table && i < family->nr && i < ROWS; i++) {
		const struct vs_family_member *of = &family->of[i];
		struct vs_amounts a = { .style = style };
		char pid[16];
		const char *cell[] = {
			pid, vs_next_amount(&a, of->anon), vs_next_amount(&a, of->exclusive),
			vs_next_amount(&a, of->reuse), vs_next_amount(&a, of->shared),
			vs_next_amount(&a, of->would_copy), who(family, i)->comm,
		};

		snprintf(pid, sizeof(pid), "%d", who(family, i)->pid);
		vs_table_row(table, cell);
	}
	vs_table_end(table);
	if (family->nr > ROWS)
		fprintf(style->out, "%u more: --json has all of them\n", family->nr - ROWS);
}

static void pairs(const struct vs_style *style, const struct vs_family *family)
{
	static const struct vs_column head[] = {
		{ .name = "PARENT", .right = true, .width = 7 },
		{ .name = "CHILD", .right = true, .width = 7 },
		{ .name = "SHARE", .right = true, .width = 5 },
		{ .name = "CHCPD", .right = true, .width = 5, .below = 64 },
		{ .name = "PACPD", .right = true, .width = 5, .below = 64 },
		{ .name = "CHILD COPIED", .right = true, .width = 12, .from = 64 },
		{ .name = "PARENT COPIED", .right = true, .width = 13, .from = 64 },
		{ .name = "BOTH", .right = true, .width = 5, .from = 64 },
		{ .name = "OTHER", .right = true, .width = 5, .from = 64 },
	};
	struct vs_table *table = family->nr_pairs ? vs_table_new(style, head, 9) : NULL;

	for (uint32_t i = 0; table && i < family->nr_pairs && i < ROWS; i++) {
		const struct vs_family_pair *pair = &family->pair[i];
		struct vs_amounts a = { .style = style };
		const char *by_child = vs_next_amount(&a, pair->child_copied);
		const char *by_parent = vs_next_amount(&a, pair->parent_copied);
		char parent[16], child[16];
		const char *cell[] = {
			parent, child, vs_next_amount(&a, pair->shared), by_child, by_parent,
			by_child, by_parent, vs_next_amount(&a, pair->both),
			vs_next_amount(&a, pair->unclear),
		};

		snprintf(parent, sizeof(parent), "%s%d", pair->born ? "" : "~",
			 who(family, pair->parent)->pid);
		snprintf(child, sizeof(child), "%d", who(family, pair->child)->pid);
		vs_table_row(table, cell);
	}
	vs_table_end(table);
}

static void odd(const struct vs_style *style, const struct vs_family *family)
{
	struct vs_flow flow;

	for (uint32_t i = 0; i < family->nr; i++) {
		const struct vs_family_member *of = &family->of[i];

		if (!of->nr_odd)
			continue;
		vs_flow_begin(&flow, style, "exclusive and mapped more than once: ", 6);
		vs_flow_item(&flow, "", "pid %d", who(family, i)->pid);
		for (uint32_t n = 0; n < of->nr_odd && n < 4; n++)
			vs_flow_item(&flow, " ", "%" PRIx64, of->odd_at[n]);
		vs_flow_end(&flow);
	}
}

void vs_family_screen(const struct vs_style *style, const struct vs_report *report,
		      const struct vs_family *family)
{
	vs_members_begin(style, report, family->everyone, true);
	fputc('\n', style->out);
	summary(style, family);
	members(style, family);
	pairs(style, family);
	odd(style, family);
}

/* ------------------------------------------------------------------ JSON */

static json_t *member_json(const struct vs_family *family, uint32_t i)
{
	const struct vs_family_member *of = &family->of[i];
	json_t *at = json_array();

	for (uint32_t n = 0; n < of->nr_odd; n++)
		json_array_append_new(at, vs_json_hex(of->odd_at[n]));
	return json_pack("{s:i, s:i, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
		"pid", who(family, i)->pid, "parent", who(family, i)->parent,
		"comm", vs_json_text(who(family, i)->comm),
		"anon", (json_int_t)of->anon, "exclusive", (json_int_t)of->exclusive,
		"reuse", (json_int_t)of->reuse, "shared", (json_int_t)of->shared,
		"would_copy", (json_int_t)of->would_copy,
		"page_cache_would_copy", (json_int_t)of->cache, "swap", (json_int_t)of->swap,
		"contradictions", (json_int_t)of->odd, "contradictions_at", at);
}

static json_t *pair_json(const struct vs_family *family, const struct vs_family_pair *pair)
{
	return json_pack("{s:i, s:i, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
		"parent", who(family, pair->parent)->pid, "child", who(family, pair->child)->pid,
		"born", pair->born, "shared", (json_int_t)pair->shared,
		"child_copied", (json_int_t)pair->child_copied,
		"parent_copied", (json_int_t)pair->parent_copied,
		"both_wrote", (json_int_t)pair->both, "unclear", (json_int_t)pair->unclear,
		"only_parent", (json_int_t)pair->only_parent,
		"only_child", (json_int_t)pair->only_child);
}

void vs_family_json(const struct vs_report *report, const struct vs_family *family)
{
	struct vs_json json;

	vs_members_begin_json(&json, report, family->everyone, true,
			      vs_frames_memory(&family->map));
	vs_json_member(&json, "family", json_pack("{s:I, s:I, s:I}",
		"counted_once", (json_int_t)family->once, "write_storm", (json_int_t)family->storm,
		"mappings_outside", (json_int_t)family->outside));
	vs_json_array(&json, "members");
	for (uint32_t i = 0; i < family->nr; i++)
		vs_json_element(&json, member_json(family, i));
	vs_json_array_end(&json);
	vs_json_array(&json, "pairs");
	for (uint32_t i = 0; i < family->nr_pairs; i++)
		vs_json_element(&json, pair_json(family, &family->pair[i]));
	vs_json_array_end(&json);
	vs_json_end(&json);
}
