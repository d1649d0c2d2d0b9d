// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Huge pages, for people and as JSON. It must not collect anything.
 */
#include <inttypes.h>
#include <stddef.h>

#include "../analyze/thp.h"
#include "../lib/thp.h"
#include "answers.h"

#define INDENT		7
/*
 * So that all of it fits the first screen: 24 lines less title, cost, a blank, the
 * head of the table, what is left out of it, and the shell's prompt.
 */
#define ROWS		8
#define LEAST_ROWS	3
#define ROOM		17
#define REASONS		4

#define FIGURE(member)	offsetof(struct vs_thp_row, member)

static const char *why(uint64_t value, bool json)
{
	return json ? vs_thp_why_key(value) : vs_thp_why_short(value);
}

/* WASTE stands first where content was read. */
static const struct vs_answer_column columns[] = {
	{ "waste", "WASTE", "zero pages in huge pages", FIGURE(waste), VS_UNIT_BYTES, NULL },
	{ "resident", "RES", "in memory", FIGURE(resident), VS_UNIT_BYTES, NULL },
	{ "pmd", "PMD", "mapped by leaves of the PMD level", FIGURE(pmd), VS_UNIT_BYTES, NULL },
	{ "why", "WHY NOT", "why the rest is not", FIGURE(why), VS_UNIT_WORD, why, true },
	{ "pte", "PTE", "huge pages mapped by single entries", FIGURE(pte), VS_UNIT_BYTES, NULL },
	{ "single", "SMALL", "single pages", FIGURE(single), VS_UNIT_BYTES, NULL },
	{ "huge", NULL, "in huge pages of any size", FIGURE(huge), VS_UNIT_BYTES, NULL },
	{ "contiguous", NULL, "huge pages mapped by contiguous entries", FIGURE(cont),
	  VS_UNIT_BYTES, NULL },
	{ "misaligned", NULL, "huge pages at no multiple of their size", FIGURE(misaligned),
	  VS_UNIT_BYTES, NULL },
	{ "partial", NULL, "of huge pages not mapped as a whole", FIGURE(partial), VS_UNIT_BYTES,
	  NULL },
	{ "unmapped", NULL, "what of these is not mapped", FIGURE(unmapped), VS_UNIT_BYTES, NULL },
	{ "hugetlb", NULL, "of hugetlb", FIGURE(hugetlb), VS_UNIT_BYTES, NULL },
	{ "could", NULL, "where huge pages would fit", FIGURE(could), VS_UNIT_BYTES, NULL },
	{ "looked", NULL, "read for what is zero", FIGURE(looked), VS_UNIT_BYTES, NULL },
	{ "unread", NULL, "of huge pages, not to be read", FIGURE(unread), VS_UNIT_BYTES, NULL },
	{ 0 },
};

static uint64_t size_of(const struct vs_thp_state *state, unsigned int order)
{
	return 1ull << (state->model->kernel.page_shift + order);
}

/* ------------------------------------------- for people: each says how many lines it took */

static int put_mapped(const struct vs_style *style, const struct vs_thp_state *state)
{
	const struct vs_thp_row *total = &state->total;
	struct vs_amounts a = { .style = style };
	struct vs_flow flow;

	vs_flow_begin(&flow, style, "thp", INDENT);
	vs_flow_item(&flow, "", "%s of %s", vs_next_amount(&a, total->huge),
		     vs_next_amount(&a, total->resident));
	vs_flow_words(&flow, "resident in huge pages:");
	vs_flow_item(&flow, " ", "%s by PMD", vs_next_amount(&a, total->pmd));
	if (total->cont)
		vs_flow_item(&flow, ", ", "%s by contiguous PTEs", vs_next_amount(&a, total->cont));
	vs_flow_item(&flow, ", ", "%s by single PTEs", vs_next_amount(&a, total->pte));
	return vs_flow_end(&flow);
}

static uint64_t all_of(const struct vs_thp_order *order)
{
	uint64_t bytes = 0;

	for (int leaf = 0; leaf < VS_LEAF_NR; leaf++)
		bytes += order->leaf[leaf];
	return bytes;
}

static int put_sizes(const struct vs_style *style, const struct vs_thp_state *state)
{
	struct vs_amounts a = { .style = style };
	const char *separator = "";
	struct vs_flow flow;
	char size[32];

	if (!state->total.huge && !state->total.hugetlb)
		return 0;
	vs_flow_begin(&flow, style, "sizes", INDENT);
	for (unsigned int order = 1; order < VS_THP_ORDERS; order++) {
		const struct vs_thp_order *of = &state->order[order];

		vs_human(size_of(state, order), size, sizeof(size));
		if (all_of(of)) {
			vs_flow_item(&flow, separator, "%s: %s", size, vs_next_amount(&a, all_of(of)));
			separator = ", ";
		}
		if (of->hugetlb) {
			vs_flow_item(&flow, separator, "hugetlb %s: %s", size,
				     vs_next_amount(&a, of->hugetlb));
			separator = ", ";
		}
	}
	return vs_flow_end(&flow);
}

/* What of large folios is not as it should be. */
static int put_odd(const struct vs_style *style, const struct vs_thp_state *state)
{
	const struct vs_thp_row *total = &state->total;
	struct vs_amounts a = { .style = style };
	struct vs_flow flow;
	char folios[32];

	if (!state->frames && total->pte) {
		vs_flow_begin(&flow, style, "odd", INDENT);
		vs_flow_words(&flow, "not known which of these are misaligned or partly mapped:");
		vs_flow_words(&flow, vs_physical_missing(state->model));
		return vs_flow_end(&flow);
	}
	if (!state->frames || (!total->misaligned && !total->partial))
		return 0;
	vs_flow_begin(&flow, style, "odd", INDENT);
	if (total->misaligned)
		vs_flow_item(&flow, "", "%s misaligned", vs_next_amount(&a, total->misaligned));
	if (total->partial) {
		vs_flow_item(&flow, total->misaligned ? "; " : "", "%s huge page%s partly mapped",
			     vs_count(state->partial_folios, folios, sizeof(folios)),
			     state->partial_folios == 1 ? "" : "s");
		vs_flow_item(&flow, ": ", "%s here", vs_next_amount(&a, total->partial));
		vs_flow_item(&flow, ", ", "%s not", vs_next_amount(&a, total->unmapped));
	}
	return vs_flow_end(&flow);
}

/* "64-127" */
static const char *bucket(const struct vs_thp_state *state, int n, char *text, size_t size)
{
	uint64_t from = n ? 1ull << (n - 1) : 0, to = n ? (1ull << n) - 1 : 0;

	if (to >= 1ull << state->pmd_order)
		to = 1ull << state->pmd_order;
	if (from >= to)
		snprintf(text, size, "%" PRIu64, from);
	else
		snprintf(text, size, "%" PRIu64 "-%" PRIu64, from, to);
	return text;
}

static int put_histogram(const struct vs_style *style, const struct vs_thp_state *state)
{
	char size[32], range[48], number[32];
	const char *separator = " ";
	struct vs_flow flow;
	uint64_t any = 0;

	for (int i = 0; i < VS_FILL_BUCKETS; i++)
		any += state->fill.used[i];
	if (!any)
		return 0;
	vs_flow_begin(&flow, style, "", INDENT);
	vs_flow_item(&flow, "", "huge pages of %s",
		     vs_human(size_of(state, state->pmd_order), size, sizeof(size)));
	vs_flow_item(&flow, " ", "by pages in use, of %u:", 1u << state->pmd_order);
	for (int i = 0; i < VS_FILL_BUCKETS; i++) {
		if (!state->fill.used[i])
			continue;
		vs_flow_item(&flow, separator, "%s: %s",
			     bucket(state, i, range, sizeof(range)),
			     vs_count(state->fill.used[i], number, sizeof(number)));
		separator = ", ";
	}
	return vs_flow_end(&flow);
}

static int put_fill(const struct vs_style *style, const struct vs_thp_state *state)
{
	const struct vs_thp_row *total = &state->total;
	struct vs_amounts a = { .style = style };
	struct vs_flow flow;
	int lines;

	if (!state->filled)
		return 0;
	vs_flow_begin(&flow, style, "fill", INDENT);
	vs_flow_item(&flow, "", "%s of %s read is zero: wasted", vs_next_amount(&a, total->waste),
		     vs_next_amount(&a, total->looked));
	if (total->unread)
		vs_flow_item(&flow, "; ", "%s could not be read", vs_next_amount(&a, total->unread));
	lines = vs_flow_end(&flow);
	return lines + put_histogram(style, state);
}

static int largest(const struct vs_thp_row *total, unsigned int done)
{
	int best = -1;

	for (int i = VS_WHY_NOTHING + 1; i < VS_WHY_NR; i++)
		if (total->reason[i] && !(done >> i & 1) &&
		    (best < 0 || total->reason[i] > total->reason[best]))
			best = i;
	return best;
}

/* The largest reasons, each in a sentence: the table has but a word. */
static int put_reasons(const struct vs_style *style, const struct vs_thp_state *state)
{
	const struct vs_thp_row *total = &state->total;
	uint64_t left = total->resident - total->pmd;
	struct vs_amounts a = { .style = style };
	unsigned int done = 0;
	struct vs_flow flow;
	int why, lines = 0;

	for (int n = 0; n < REASONS && (why = largest(total, done)) >= 0; n++) {
		vs_flow_begin(&flow, style, n ? "" : "why", INDENT);
		vs_flow_item(&flow, "", "%5s", vs_next_amount(&a, total->reason[why]));
		vs_flow_item(&flow, " ", "%s:", vs_thp_why_short(why));
		vs_flow_words(&flow, vs_thp_why_text(why));
		lines += vs_flow_end(&flow);
		done |= 1u << why;
		left -= total->reason[why];
	}
	if (!left)
		return lines;
	vs_flow_begin(&flow, style, "", INDENT);
	vs_flow_item(&flow, "", "%5s", vs_next_amount(&a, left));
	vs_flow_words(&flow, "for other reasons: --json has them");
	return lines + vs_flow_end(&flow);
}

static void put_size_words(struct vs_flow *flow, const struct vs_thp_state *state)
{
	const struct vs_thp *thp = &state->model->kernel.thp;
	char size[32];

	for (unsigned int order = 1; order < VS_THP_ORDERS; order++) {
		if (thp->size[order] <= VS_THP_NEVER || thp->size[order] == VS_THP_INHERIT)
			continue;
		vs_flow_item(flow, ", ", "%s %s",
			     vs_human(size_of(state, order), size, sizeof(size)),
			     vs_thp_word(thp->size[order]));
	}
}

static int put_policy(const struct vs_style *style, const struct vs_thp_state *state)
{
	const struct vs_thp *thp = &state->model->kernel.thp;
	struct vs_amounts a = { .style = style };
	struct vs_flow flow;

	if (thp->support != VS_THP_READ)
		return 0;
	vs_flow_begin(&flow, style, "policy", INDENT);
	vs_flow_item(&flow, "", "%s", vs_thp_word(thp->enabled));
	put_size_words(&flow, state);
	vs_flow_item(&flow, ", ", "shmem %s", vs_thp_word(thp->shmem));
	if (!state->model->process.thp)
		vs_flow_item(&flow, ", ", "forbidden to this process");
	if (thp->pages_to_scan != UINT32_MAX && thp->scan_sleep_ms != UINT32_MAX)
		vs_flow_item(&flow, "; ", "khugepaged: %s every %g s",
			     vs_next_amount(&a, (uint64_t)thp->pages_to_scan << state->model->kernel.page_shift),
			     thp->scan_sleep_ms / 1000.0);
	return vs_flow_end(&flow);
}

/* Without content the first column would be empty. */
static const struct vs_answer_column *shown(const struct vs_thp_state *state)
{
	return state->filled ? columns : columns + 1;
}

void vs_thp_screen(const struct vs_style *style, const struct vs_report *report,
		   const void *data)
{
	const struct vs_thp_state *state = data;
	int room = ROOM;
	uint32_t index[ROWS];
	size_t nr;

	(void)report;
	room -= put_mapped(style, state);
	room -= put_sizes(style, state);
	room -= put_odd(style, state);
	room -= put_fill(style, state);
	room -= put_reasons(style, state);
	room -= put_policy(style, state);
	if (room < LEAST_ROWS)
		room = LEAST_ROWS;
	nr = vs_thp_top(state, index, room < ROWS ? room : ROWS);
	vs_answer_rows(style, &state->rows, shown(state), index, nr, &state->total);
}

/* ---------------------------------------------------------------------- JSON */

static json_t *reasons_json(const struct vs_thp_row *row)
{
	json_t *json = json_object();

	for (int i = VS_WHY_NOTHING + 1; i < VS_WHY_NR; i++)
		if (row->reason[i])
			json_object_set_new(json, vs_thp_why_key(i),
					    vs_json_bytes(row->reason[i]));
	return json;
}

static json_t *known(const struct vs_thp_state *state, uint64_t bytes)
{
	return vs_json_bytes(state->frames ? bytes : VS_UNKNOWN);
}

static json_t *sizes_json(const struct vs_thp_state *state)
{
	json_t *list = json_array();

	for (unsigned int order = 0; order < VS_THP_ORDERS; order++) {
		const struct vs_thp_order *of = &state->order[order];
		json_t *json;

		if (!all_of(of) && !of->hugetlb)
			continue;
		json = json_object();
		json_object_set_new(json, "size", vs_json_bytes(size_of(state, order)));
		json_object_set_new(json, "pmd", vs_json_bytes(of->leaf[VS_LEAF_PMD]));
		json_object_set_new(json, "contiguous", vs_json_bytes(of->leaf[VS_LEAF_CONT]));
		json_object_set_new(json, "pte", vs_json_bytes(of->leaf[VS_LEAF_PTE]));
		json_object_set_new(json, "hugetlb", vs_json_bytes(of->hugetlb));
		json_object_set_new(json, "misaligned", known(state, of->misaligned));
		json_object_set_new(json, "partial", known(state, of->partial));
		json_object_set_new(json, "unmapped", known(state, of->unmapped));
		json_array_append_new(list, json);
	}
	return list;
}

static json_t *fill_json(const struct vs_thp_state *state)
{
	uint64_t pages = 1ull << state->pmd_order;
	json_t *json, *list = json_array();

	for (int i = 0; i <= (int)state->pmd_order + 1 && i < VS_FILL_BUCKETS; i++) {
		uint64_t from = i ? 1ull << (i - 1) : 0, to = i ? (1ull << i) - 1 : 0;

		json = json_object();
		json_object_set_new(json, "from", json_integer(from));
		json_object_set_new(json, "to", json_integer(to < pages ? to : pages));
		json_object_set_new(json, "folios", json_integer(state->fill.used[i]));
		json_array_append_new(list, json);
	}
	json = json_object();
	json_object_set_new(json, "folios", json_integer(state->fill.folios));
	json_object_set_new(json, "read", vs_json_bytes(state->total.looked));
	json_object_set_new(json, "zero", vs_json_bytes(state->total.waste));
	json_object_set_new(json, "unread", vs_json_bytes(state->total.unread));
	json_object_set_new(json, "pages", json_integer(pages));
	json_object_set_new(json, "histogram", list);
	return json;
}

static json_t *word_json(enum vs_thp_word word)
{
	return word ? json_string(vs_thp_word(word)) : json_null();
}

static json_t *number_json(uint64_t number, uint64_t unknown)
{
	return number == unknown ? json_null() : json_integer(number);
}

static json_t *khugepaged_json(const struct vs_thp *thp)
{
	json_t *json = json_object();

	json_object_set_new(json, "max_ptes_none", number_json(thp->max_ptes_none, UINT32_MAX));
	json_object_set_new(json, "max_ptes_swap", number_json(thp->max_ptes_swap, UINT32_MAX));
	json_object_set_new(json, "max_ptes_shared",
			    number_json(thp->max_ptes_shared, UINT32_MAX));
	json_object_set_new(json, "pages_to_scan", number_json(thp->pages_to_scan, UINT32_MAX));
	json_object_set_new(json, "scan_sleep_ms", number_json(thp->scan_sleep_ms, UINT32_MAX));
	json_object_set_new(json, "full_scans", number_json(thp->full_scans, VS_UNKNOWN));
	json_object_set_new(json, "pages_collapsed", number_json(thp->collapsed, VS_UNKNOWN));
	return json;
}

static json_t *policy_json(const struct vs_thp_state *state)
{
	const struct vs_thp *thp = &state->model->kernel.thp;
	json_t *json, *list = json_array();

	if (thp->support != VS_THP_READ) {
		json_decref(list);
		return json_null();
	}
	for (unsigned int order = 1; order < VS_THP_ORDERS; order++) {
		if (!thp->size[order] && !thp->shmem_size[order])
			continue;
		json = json_object();
		json_object_set_new(json, "size", vs_json_bytes(size_of(state, order)));
		json_object_set_new(json, "enabled", word_json(thp->size[order]));
		json_object_set_new(json, "shmem_enabled", word_json(thp->shmem_size[order]));
		json_array_append_new(list, json);
	}
	json = json_object();
	json_object_set_new(json, "enabled", word_json(thp->enabled));
	json_object_set_new(json, "shmem_enabled", word_json(thp->shmem));
	json_object_set_new(json, "defrag", word_json(thp->defrag));
	json_object_set_new(json, "sizes", list);
	json_object_set_new(json, "process", state->model->process.thp == VS_UNKNOWN ?
			    json_null() : json_boolean(state->model->process.thp));
	json_object_set_new(json, "khugepaged", khugepaged_json(thp));
	return json;
}

/* Why something is null. */
static json_t *missing_json(const struct vs_thp_state *state)
{
	const struct vs_thp *thp = &state->model->kernel.thp;
	json_t *json = json_object();

	if (!state->frames)
		json_object_set_new(json, "misaligned", json_string(vs_physical_missing(state->model)));
	if (!state->filled)
		json_object_set_new(json, "fill",
				    json_string("no content was read: ask with --fill"));
	if (thp->support != VS_THP_READ)
		json_object_set_new(json, "policy", json_string(thp->support == VS_THP_MISSING ?
				    "this kernel has no transparent huge pages" :
				    "/sys/kernel/mm/transparent_hugepage could not be read"));
	return json;
}

static json_t *mappings_json(const struct vs_thp_state *state)
{
	json_t *list = json_array();

	for (size_t i = 0; i < state->model->nr_vmas; i++) {
		json_t *json = vs_answer_row(&state->rows, i, columns);

		if (!json)
			continue;
		json_object_set_new(json, "reasons", reasons_json(vs_row_at(&state->rows, i)));
		json_array_append_new(list, json);
	}
	return list;
}

json_t *vs_thp_json(const struct vs_report *report, const void *data)
{
	const struct vs_thp_state *state = data;
	json_t *json = json_object(), *total = vs_answer_figures(columns, &state->total);

	(void)report;
	json_object_set_new(total, "reasons", reasons_json(&state->total));
	json_object_set_new(json, "total", total);
	json_object_set_new(json, "sizes", sizes_json(state));
	json_object_set_new(json, "partial_folios", state->frames ?
			    json_integer(state->partial_folios) : json_null());
	json_object_set_new(json, "fill", state->filled ? fill_json(state) : json_null());
	json_object_set_new(json, "policy", policy_json(state));
	json_object_set_new(json, "missing", missing_json(state));
	json_object_set_new(json, "mappings", mappings_json(state));
	return json;
}
