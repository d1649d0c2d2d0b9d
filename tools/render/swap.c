// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where swapped pages are, for people and as JSON. It must not collect
 * anything.
 */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "../analyze/swap.h"
#include "answers.h"
#include "table.h"

#define FIGURE(member)	offsetof(struct vs_swap_row, member)

#define ONLY_THE_MODULE	"only the module can tell"

static const struct vs_answer_column columns[] = {
	{ "swapped", "SWAP", "in swap", FIGURE(swapped), VS_UNIT_BYTES },
	{ "runs", "RUNS", "runs of slots", FIGURE(runs), VS_UNIT_NUMBER },
	{ "pss", "PSS", "its share of the entries", FIGURE(pss), VS_UNIT_BYTES },
	{ "shared", "SHARE", "with other references", FIGURE(shared), VS_UNIT_BYTES },
	{ "cached", "CACHE", "in the swap cache as well", FIGURE(cached), VS_UNIT_BYTES },
	{ "zswap", "ZSWAP", "in zswap", FIGURE(zswap), VS_UNIT_BYTES },
	{ "shmem", "SHMEM", "of shared memory", FIGURE(shmem), VS_UNIT_BYTES },
	{ "anon", NULL, "anonymous", FIGURE(anon), VS_UNIT_BYTES },
	{ "exclusive", NULL, "entries marked exclusive", FIGURE(exclusive), VS_UNIT_BYTES },
	{ "upward", NULL, "runs behind the one before", FIGURE(upward), VS_UNIT_NUMBER },
	{ "longest", NULL, "longest run", FIGURE(longest), VS_UNIT_BYTES },
	{ "compressed", NULL, "what zswap needs for it", FIGURE(compressed), VS_UNIT_BYTES },
	{ "zero", NULL, "zeros, stored nowhere", FIGURE(zero), VS_UNIT_BYTES },
	{ "freed", NULL, "free by the time of asking", FIGURE(freed), VS_UNIT_BYTES },
	{ 0 },
};

static const char *place_name(const struct vs_swap_place *place, char *text, size_t size)
{
	char clean[300];

	if (place->area)
		snprintf(text, size, "%s",
			 vs_tail(place->area->name, 40, clean, sizeof(clean)));
	else
		snprintf(text, size, "area %u", place->type);
	return text;
}

static uint64_t pages_of(const struct vs_swap *swap, uint64_t bytes)
{
	return bytes >> swap->model->kernel.page_shift;
}

/* An item of a line, left out when it is nothing. */
static void item(struct vs_flow *flow, const struct vs_style *style, const char *label,
		 uint64_t bytes)
{
	char text[32];

	if (bytes && bytes != VS_UNKNOWN)
		vs_flow_item(flow, ", ", "%s %s", label, vs_amount(style, bytes, text, sizeof(text)));
}

static void say_summary(const struct vs_style *style, const struct vs_swap *swap)
{
	const struct vs_swap_row *total = &swap->total;
	struct vs_flow flow;
	char text[32];

	vs_flow_begin(&flow, style, "swap", 6);
	vs_flow_item(&flow, "", "%s in swap", vs_amount(style, total->swapped, text, sizeof(text)));
	if (total->shmem) {
		item(&flow, style, "anonymous", total->anon);
		item(&flow, style, "shmem", total->shmem);
	}
	if (total->pss != VS_UNKNOWN && total->anon)
		vs_flow_item(&flow, ", ", "its own share %s",
			     vs_amount(style, total->pss, text, sizeof(text)));
	vs_flow_end(&flow);
}

static void say_slots(const struct vs_style *style, const struct vs_swap_row *sum,
		      struct vs_flow *flow)
{
	char text[32], more[32];

	item(flow, style, "shared", sum->shared);
	item(flow, style, "in the swap cache", sum->cached);
	if (sum->zswap && sum->zswap != VS_UNKNOWN) {
		vs_flow_item(flow, ", ", "zswap %s in %s",
			     vs_amount(style, sum->zswap, text, sizeof(text)),
			     vs_amount(style, sum->compressed, more, sizeof(more)));
		if (sum->compressed)
			vs_flow_item(flow, " ", "(%.1f to 1)",
				     (double)sum->zswap / sum->compressed);
	}
	item(flow, style, "zeros", sum->zero);
	item(flow, style, "freed meanwhile", sum->freed);
}

static void say_zram(const struct vs_style *style, const struct vs_swap_place *place,
		     struct vs_flow *flow)
{
	if (!place->have_zram)
		return;
	item(flow, style, "incompressible", place->zram.huge);
	item(flow, style, "equal words", place->zram.same);
	item(flow, style, "idle", place->zram.idle);
	item(flow, style, "written back", place->zram.written);
	item(flow, style, "recompressed", place->zram.recompressed);
}

static void say_place(const struct vs_style *style, const struct vs_swap *swap,
		      const struct vs_swap_place *place)
{
	const struct vs_swap_row *sum = &place->sum;
	uint64_t pages = pages_of(swap, sum->swapped);
	char text[300], runs[32], amount[32];
	struct vs_flow flow;

	vs_flow_begin(&flow, style, "area", 6);
	vs_flow_item(&flow, "", "%s:", place_name(place, text, sizeof(text)));
	vs_flow_item(&flow, " ", "%s in %s run%s of slots",
		     vs_amount(style, sum->swapped, amount, sizeof(amount)),
		     vs_count(sum->runs, runs, sizeof(runs)), sum->runs == 1 ? "" : "s");
	if (sum->runs > 1)
		item(&flow, style, "longest", sum->longest);
	if (sum->runs > 2) {
		vs_flow_item(&flow, ", ", "%.1f per 1,000 pages", sum->runs * 1000.0 / pages);
		vs_flow_item(&flow, ", ", "%" PRIu64 "%% in the order of addresses",
			     sum->upward * 100 / (sum->runs - 1));
	}
	say_slots(style, sum, &flow);
	say_zram(style, place, &flow);
	vs_flow_end(&flow);
}

static void say_reading(const struct vs_style *style, const struct vs_swap_place *place, bool shmem)
{
	const struct vs_swap_reading *reading = &place->reading[shmem];
	char text[300];
	struct vs_flow flow;

	if (!reading->needed)
		return;
	vs_flow_begin(&flow, style, "read", 6);
	vs_flow_item(&flow, "", "%s%s:", place_name(place, text, sizeof(text)),
		     shmem ? ", shmem" : "");
	if (reading->how == VS_READ_ONE) {
		vs_flow_words(&flow, "page by page");
	} else if (reading->how == VS_READ_SLOTS) {
		vs_flow_item(&flow, " ", "%" PRIu64 " slots at a time,", reading->window);
		vs_flow_item(&flow, " ", "%.2f pages read for each that is needed;",
			     (double)reading->read / reading->needed);
		vs_flow_item(&flow, " ", "of %" PRIu64 " neighbours %.1f are its next pages",
			     reading->window - 1, (double)reading->following / reading->needed);
	} else {
		vs_flow_item(&flow, " ", "%" PRIu64 " pages of the mapping at a time,",
			     reading->window);
		vs_flow_item(&flow, " ", "none for nothing,");
		vs_flow_item(&flow, " ", "in %.1f requests a read",
			     (double)reading->requests / reading->windows);
	}
	vs_flow_end(&flow);
}

static void say_missing(const struct vs_style *style, const char *what, const char *why)
{
	struct vs_flow flow;

	vs_flow_begin(&flow, style, "?", 6);
	vs_flow_item(&flow, "", "%s:", what);
	vs_flow_words(&flow, why);
	vs_flow_end(&flow);
}

static const char *why_no_slots(const struct vs_swap *swap)
{
	if (swap->model->recorded_at)
		return "a recorded snapshot does not hold them";
	return swap->why_no_slots;
}

static const char *why_no_places(const struct vs_swap *swap)
{
	const char *why = vs_physical_missing(swap->model);

	return !swap->unplaced ? NULL : why ? why : "the source does not show slots";
}

/* The reason for each figure that is not there, once. */
static void say_all_missing(const struct vs_style *style, const struct vs_swap *swap)
{
	if (!(swap->model->kernel.key & VS_ATTR_SHMEM_SWAPPED))
		say_missing(style, "shared memory in swap", ONLY_THE_MODULE);
	if (why_no_places(swap))
		say_missing(style, "areas and slots", why_no_places(swap));
	else if (swap->why_no_names)
		say_missing(style, "names of areas", swap->why_no_names);
	if (!swap->have_slots)
		say_missing(style, "who shares a slot, swap cache, zswap", why_no_slots(swap));
	else if (*swap->why_no_zswap)
		say_missing(style, "zswap", swap->why_no_zswap);
	if (swap->least)
		say_missing(style, "its own share",
			    "some slots have more references than can be told");
	for (int i = 0; i < swap->nr_places; i++)
		if (*swap->place[i].why_no_zram)
			say_missing(style, "what zram stores how", swap->place[i].why_no_zram);
}

/* ------------------------------------------------------------------ parts */

static const char *cache_text(const struct vs_swap_part *part, char *text, size_t size)
{
	if (part->flags & VS_SLOT_FRAME)
		snprintf(text, size, "%" PRIx64, part->frame);
	else
		snprintf(text, size, "%s", part->flags & VS_SLOT_CACHED ? "yes" : "");
	return text;
}

static const char *zram_text(const struct vs_swap_part *part, char *text)
{
	static const struct {
		unsigned int state;
		char letter;
	} known[] = {
		{ VS_ZRAM_SAME, 's' }, { VS_ZRAM_WRITTEN, 'w' }, { VS_ZRAM_HUGE, 'h' },
		{ VS_ZRAM_IDLE, 'i' }, { VS_ZRAM_RECOMPRESSED, 'r' },
		{ VS_ZRAM_INCOMPRESSIBLE, 'n' },
	};
	size_t at = 0;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (part->zram & known[i].state)
			text[at++] = known[i].letter;
	if (!at && part->in_zram)
		text[at++] = '.';
	text[at] = 0;
	return text;
}

/* The last part of the area's name, or its number. */
static const char *slot_text(const struct vs_swap *swap, const struct vs_swap_run *run, char *text,
			     size_t size)
{
	const struct vs_swap_area *area = NULL;
	const char *last;
	char clean[40];

	for (int i = 0; i < swap->nr_places; i++)
		if (swap->place[i].type == run->type)
			area = swap->place[i].area;
	if (area) {
		last = strrchr(area->name, '/');
		snprintf(text, size, "%s:%x",
			 vs_tail(last ? last + 1 : area->name, 16, clean, sizeof(clean)), run->slot);
	} else {
		snprintf(text, size, "%u:%x", run->type, run->slot);
	}
	return text;
}

static void show_parts(const struct vs_style *style, const struct vs_swap *swap)
{
	static const struct vs_column head[] = {
		{ .name = "START", .width = 12 },
		{ .name = "SIZE", .width = 5, .right = true },
		{ .name = "AREA:SLOT", .width = 9, .right = true },
		{ .name = "REFS", .width = 4, .right = true },
		{ .name = "CACHE", .width = 6, .right = true },
		{ .name = "ZSWAP", .width = 5, .right = true },
		{ .name = "ZRAM", .width = 4 },
	};
	const int shift = swap->model->kernel.page_shift;
	struct vs_table *table = vs_table_new(style, head, 7);

	for (size_t i = 0; table && i < swap->nr_parts; i++) {
		const struct vs_swap_part *part = &swap->part[i];
		char text[7][40];
		const char *cell[7] = { text[0], text[1], text[2], text[3], text[4], text[5],
					text[6] };

		snprintf(text[0], sizeof(text[0]), "%012" PRIx64, part->run.page << shift);
		cell[1] = vs_amount(style, (uint64_t)part->run.pages << shift, text[1],
				    sizeof(text[1]));
		slot_text(swap, &part->run, text[2], sizeof(text[2]));
		*text[3] = *text[5] = 0;
		if (part->flags & VS_SLOT_KNOWN)
			snprintf(text[3], sizeof(text[3]), "%s%u",
				 part->flags & VS_SLOT_LEAST ? ">" : "", part->count);
		cache_text(part, text[4], sizeof(text[4]));
		if (part->flags & VS_SLOT_ZSWAP)
			cell[5] = vs_amount(style, part->length, text[5], sizeof(text[5]));
		zram_text(part, text[6]);
		if (vs_table_row(table, cell))
			break;
	}
	vs_table_end(table);
}

void vs_swap_screen(const struct vs_style *style, const struct vs_report *report,
		    const void *state)
{
	const struct vs_swap *swap = state;
	uint32_t index[VS_ANSWER_ROWS];

	(void)report;
	if (!swap->total.swapped) {
		fputs("swap  nothing of it is in swap\n", style->out);
		if (!(swap->model->kernel.key & VS_ATTR_SHMEM_SWAPPED))
			say_missing(style, "shared memory in swap", ONLY_THE_MODULE);
		return;
	}
	say_summary(style, swap);
	for (int i = 0; i < swap->nr_places; i++)
		say_place(style, swap, &swap->place[i]);
	for (int i = 0; i < swap->nr_places; i++) {
		say_reading(style, &swap->place[i], false);
		say_reading(style, &swap->place[i], true);
	}
	say_all_missing(style, swap);
	if (swap->keep_parts)
		show_parts(style, swap);
	else
		vs_answer_rows(style, &swap->rows, columns, index,
			       vs_swap_top(swap, index, VS_ANSWER_ROWS), &swap->total);
}

/* ------------------------------------------------------------------- JSON */

static json_t *ratio(uint64_t one, uint64_t other)
{
	return other ? json_real((double)one / other) : json_null();
}

static json_t *reading_json(const struct vs_swap_reading *reading)
{
	static const char * const how[] = { NULL, "page", "slots", "addresses" };
	json_t *json;

	if (!reading->needed)
		return json_null();
	json = json_object();
	json_object_set_new(json, "by", json_string(how[reading->how]));
	json_object_set_new(json, "window_pages", json_integer(reading->window));
	json_object_set_new(json, "reads", json_integer(reading->windows));
	json_object_set_new(json, "requests", json_integer(reading->requests));
	json_object_set_new(json, "pages_read", json_integer(reading->read));
	json_object_set_new(json, "pages_needed", json_integer(reading->needed));
	json_object_set_new(json, "amplification", ratio(reading->read, reading->needed));
	json_object_set_new(json, "following", ratio(reading->following, reading->needed));
	return json;
}

static json_t *zram_json(const struct vs_swap_place *place)
{
	const struct vs_swap_zram *zram = &place->zram;
	json_t *json;

	if (!place->have_zram)
		return json_null();
	json = json_object();
	json_object_set_new(json, "stored", vs_json_bytes(zram->stored));
	json_object_set_new(json, "same", vs_json_bytes(zram->same));
	json_object_set_new(json, "written_back", vs_json_bytes(zram->written));
	json_object_set_new(json, "huge", vs_json_bytes(zram->huge));
	json_object_set_new(json, "idle", vs_json_bytes(zram->idle));
	json_object_set_new(json, "recompressed", vs_json_bytes(zram->recompressed));
	json_object_set_new(json, "incompressible", vs_json_bytes(zram->incompressible));
	return json;
}

static json_t *place_json(const struct vs_swap *swap, const struct vs_swap_place *place)
{
	const struct vs_swap_area *area = place->area;
	json_t *json = json_object();

	json_object_set_new(json, "number", json_integer(place->type));
	json_object_set_new(json, "name", area ? vs_json_text(area->name) : json_null());
	json_object_set_new(json, "kind", !area ? json_null() :
			    json_string(place->is_zram ? "zram" : area->is_file ? "file" :
					area->rotating ? "disk" : "solid state"));
	json_object_set_new(json, "size", area ? vs_json_bytes(area->size) : json_null());
	json_object_set_new(json, "used", area ? vs_json_bytes(area->used) : json_null());
	json_object_set_new(json, "figures", vs_answer_figures(columns, &place->sum));
	json_object_set_new(json, "runs_per_1000_pages",
			    ratio(place->sum.runs * 1000, pages_of(swap, place->sum.swapped)));
	json_object_set_new(json, "reading", reading_json(&place->reading[0]));
	json_object_set_new(json, "reading_shmem", reading_json(&place->reading[1]));
	json_object_set_new(json, "zram", zram_json(place));
	return json;
}

static void reason(json_t *reasons, const char *key, const char *why)
{
	if (why && *why && !json_object_get(reasons, key))
		json_object_set_new(reasons, key, json_string(why));
}

static json_t *reasons_json(const struct vs_swap *swap)
{
	json_t *reasons = json_object();

	if (!(swap->model->kernel.key & VS_ATTR_SHMEM_SWAPPED))
		reason(reasons, "shmem", ONLY_THE_MODULE);
	reason(reasons, "slots", why_no_places(swap));
	reason(reasons, "name", swap->model->recorded_at && !swap->model->swaps ?
	       "this snapshot does not hold it" : swap->why_no_names);
	if (!swap->have_swaps)
		reason(reasons, "reading", "how this machine reads swap is not known");
	if (!swap->have_slots && swap->total.swapped) {
		reason(reasons, "references", why_no_slots(swap));
		reason(reasons, "zswap", why_no_slots(swap));
	}
	reason(reasons, "zswap", swap->why_no_zswap);
	if (swap->least)
		reason(reasons, "pss", "some slots have more references than can be told");
	for (int i = 0; i < swap->nr_places; i++)
		reason(reasons, "zram", swap->place[i].why_no_zram);
	return reasons;
}

static json_t *part_json(const struct vs_swap *swap, const struct vs_swap_part *part)
{
	const int shift = swap->model->kernel.page_shift;
	bool known = part->flags & VS_SLOT_KNOWN;
	json_t *json = json_object();
	char letters[8];

	json_object_set_new(json, "start", vs_json_hex(part->run.page << shift));
	json_object_set_new(json, "bytes", vs_json_bytes((uint64_t)part->run.pages << shift));
	json_object_set_new(json, "area", json_integer(part->run.type));
	json_object_set_new(json, "slot", json_integer(part->run.slot));
	json_object_set_new(json, "shmem", json_boolean(part->run.shmem));
	json_object_set_new(json, "references", known ? json_integer(part->count) : json_null());
	json_object_set_new(json, "cached",
			    known ? json_boolean(part->flags & VS_SLOT_CACHED) : json_null());
	json_object_set_new(json, "frame",
			    part->flags & VS_SLOT_FRAME ? vs_json_hex(part->frame) : json_null());
	json_object_set_new(json, "zero",
			    known ? json_boolean(part->flags & VS_SLOT_ZERO) : json_null());
	json_object_set_new(json, "zswap", !(part->flags & VS_SLOT_ZSWAP_KNOWN) ? json_null() :
			    json_boolean(part->flags & VS_SLOT_ZSWAP));
	json_object_set_new(json, "compressed", part->flags & VS_SLOT_ZSWAP ?
			    vs_json_bytes(part->length) : json_null());
	json_object_set_new(json, "zram", part->in_zram ? json_string(zram_text(part, letters)) :
			    json_null());
	return json;
}

json_t *vs_swap_json(const struct vs_report *report, const void *state)
{
	const struct vs_swap *swap = state;
	json_t *json = json_object(), *areas = json_array(), *runs = json_array();

	(void)report;
	for (int i = 0; i < swap->nr_places; i++)
		json_array_append_new(areas, place_json(swap, &swap->place[i]));
	for (size_t i = 0; i < swap->nr_parts; i++)
		json_array_append_new(runs, part_json(swap, &swap->part[i]));
	json_object_set_new(json, "total", vs_answer_figures(columns, &swap->total));
	json_object_set_new(json, "areas", areas);
	json_object_set_new(json, "page_cluster", swap->have_swaps ?
			    json_integer(swap->swaps.cluster) : json_null());
	json_object_set_new(json, "mappings", vs_answer_mappings(&swap->rows, columns));
	json_object_set_new(json, "missing", reasons_json(swap));
	if (swap->keep_parts)
		json_object_set_new(json, "runs", runs);
	else
		json_decref(runs);
	return json;
}
