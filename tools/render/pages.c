// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Printing extents as they come. It must not collect anything.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../analyze/attributes.h"
#include "../analyze/select.h"
#include "pages.h"

enum {
	COL_START,
	COL_END,
	COL_SIZE,
	COL_PAGES,
	COL_STATE,
	COL_KIND,
	COL_LEAF,
	COL_ORDER,
	COL_FRAME,
	COL_MAPCOUNT,
	COL_REFCOUNT,
	COL_NODE,
	COL_GEN,
	COL_FLAGS,
	COL_MARKS,
	COL_NAME,
	COL_NR,
};

static const struct {
	const char *name;
	const char *help;
	int width;
	bool right;
	uint64_t key;			/* shown when the key has one of these */
} known[COL_NR] = {
	[COL_START] = { "START", "first byte", 12, false, ~0ull },
	[COL_END] = { "END", "byte after the last", 12, false, 0 },
	[COL_SIZE] = { "SIZE", "bytes of the run", 5, true, ~0ull },
	[COL_PAGES] = { "PAGES", "base pages of the run", 5, true, 0 },
	[COL_STATE] = { "STATE", "what the pages are", 7, false, VS_ATTR_STATE },
	[COL_KIND] = { "KIND", "what they belong to", 14, false, VS_ATTR_KIND },
	[COL_LEAF] = { "LEAF", "size of the entries that map them", 4, false, VS_ATTR_LEAF },
	[COL_ORDER] = { "ORDER", "log2 of the pages of their folios", 5, true, VS_ATTR_ORDER },
	[COL_FRAME] = { "FRAME", "first frame (~: they do not follow each other; =: all the same), or swap area:slot", 9, true, VS_KEY_FRAME },
	[COL_MAPCOUNT] = { "MAPS", "mappings of each page", 4, true, VS_KEY_MAPCOUNT },
	[COL_REFCOUNT] = { "REFS", "references of the folio", 4, true, VS_KEY_REFCOUNT },
	[COL_NODE] = { "NODE", "NUMA node", 4, true, VS_ATTR_NODE },
	[COL_GEN] = { "GEN", "multi-gen LRU generation, 1: the youngest", 3, true, VS_ATTR_GEN },
	[COL_FLAGS] = { "FLAGS", "flags of the key that are set", 12, false, ~0xffffull },
	[COL_MARKS] = { "MARKS", "what limits the truth of the row", 5, false, 0 },
	[COL_NAME] = { "MAPPING", "mapping that they are in", 0, false, ~0ull },
};

void vs_pages_columns(FILE *out)
{
	for (int i = 0; i < COL_NR; i++)
		fprintf(out, "%16s  %s\n", known[i].name, known[i].help);
}

static void add_column(struct vs_pages *pages, int column)
{
	for (int i = 0; i < pages->nr; i++)
		if (pages->column[i] == column)
			return;
	pages->column[pages->nr++] = column;
}

/*
 * On a narrow terminal only what says where and what the pages are; on one of
 * 80 columns the name of the mapping needs the room of the order.
 */
static bool is_usual(const struct vs_pages *pages, int column)
{
	const struct vs_style *style = pages->style;
	bool narrow = style->terminal && !style->raw && style->width < 70;
	bool tight = style->terminal && !style->raw && style->width < 90;

	if (!(known[column].key & pages->key) || (tight && column == COL_ORDER))
		return false;
	return !narrow || column == COL_START || column == COL_SIZE || column == COL_STATE ||
		column == COL_FRAME;
}

static int choose_columns(struct vs_pages *pages, const char *text)
{
	if (!text || *text == '+')
		for (int i = 0; i < COL_NR; i++)
			if (is_usual(pages, i))
				add_column(pages, i);
	text += text && *text == '+';
	while (text && *text) {
		size_t length = strcspn(text, ",");
		int i;

		for (i = 0; i < COL_NR; i++)
			if (strlen(known[i].name) == length &&
			    !strncasecmp(known[i].name, text, length))
				break;
		if (i == COL_NR && length) {
			snprintf(pages->complaint, sizeof(pages->complaint),
				 "no column '%.*s': 'vmscope pages -o help' lists them",
				 (int)length, text);
			return -1;
		}
		if (length)
			add_column(pages, i);
		text += length;
		text += *text == ',';
	}
	if (pages->nr)
		return 0;
	snprintf(pages->complaint, sizeof(pages->complaint),
		 "-o names no column: 'vmscope pages -o help' lists them");
	return -1;
}

int vs_pages_begin(struct vs_pages *pages, const struct vs_style *style,
		   const struct vs_report *report, uint64_t key, const char *columns,
		   bool as_json)
{
	struct vs_column column[VS_PAGES_COLUMNS] = { 0 };

	memset(pages, 0, sizeof(*pages));
	pages->style = style;
	pages->report = report;
	pages->key = key;
	pages->as_json = as_json;
	if (choose_columns(pages, columns))
		return -1;
	if (as_json) {
		vs_json_begin(&pages->json, style->out);
		return 0;
	}
	for (int i = 0; i < pages->nr; i++) {
		column[i].name = known[pages->column[i]].name;
		column[i].width = style->raw ? 0 : known[pages->column[i]].width;
		column[i].right = known[pages->column[i]].right;
		column[i].fills = pages->column[i] == COL_NAME && i + 1 == pages->nr;
	}
	pages->table = vs_table_new(style, column, pages->nr);
	if (pages->table)
		return 0;
	snprintf(pages->complaint, sizeof(pages->complaint), "out of memory");
	return -1;
}

static unsigned int state_of(const struct vs_extent *extent)
{
	return extent->attributes & VS_ATTR_STATE;
}

/* Only frames that the kernel manages have a kind, a leaf and an order. */
static bool has_folio(const struct vs_pages *pages, const struct vs_extent *extent)
{
	unsigned int state = state_of(extent);

	if (!(pages->key & VS_ATTR_STATE))
		return true;
	return state == VS_STATE_PRESENT || state == VS_STATE_MIGRATING ||
		state == VS_STATE_HWPOISON || state == VS_STATE_DEVICE;
}

static bool is_mapped(const struct vs_pages *pages, const struct vs_extent *extent)
{
	unsigned int state = state_of(extent);

	return has_folio(pages, extent) || state == VS_STATE_ZERO || state == VS_STATE_SPECIAL;
}

static const char *frame_list(struct vs_pages *pages, const struct vs_extent *extent)
{
	size_t need = (size_t)extent->pages * 17 + 1, at = 0;

	if (need > pages->frames_size) {
		char *more = realloc(pages->frames, need);

		if (!more)
			return "?";
		pages->frames = more;
		pages->frames_size = need;
	}
	for (uint32_t i = 0; i < extent->pages; i++)
		at += snprintf(pages->frames + at, need - at, "%s%" PRIx64, i ? "," : "",
			       extent->frame + extent->list[i]);
	return pages->frames;
}

/* Whether its frames are slots. */
static bool is_in_swap(const struct vs_pages *pages, const struct vs_extent *extent)
{
	return (pages->key & VS_ATTR_STATE && state_of(extent) == VS_STATE_SWAPPED) ||
	       extent->attributes & VS_ATTR_SHMEM_SWAPPED;
}

static const char *frame_cell(struct vs_pages *pages, const struct vs_extent *extent, char *text,
			      size_t size)
{
	if (is_in_swap(pages, extent)) {
		if (extent->encoding == VS_FRAMES_NONE)
			return "-";
		snprintf(text, size, "%u:%" PRIx64 "%s", extent->swap_type,
			 extent->encoding == VS_FRAMES_LIST ?
			 extent->frame + extent->list[0] : extent->frame,
			 extent->encoding == VS_FRAMES_LIST ? "~" : "");
		return text;
	}
	switch (extent->encoding) {
	case VS_FRAMES_NONE:
		return "-";
	case VS_FRAMES_LIST:
		if (pages->style->raw)
			return frame_list(pages, extent);
		snprintf(text, size, "%" PRIx64 "~", extent->frame + extent->list[0]);
		return text;
	}
	snprintf(text, size, "%" PRIx64 "%s", extent->frame,
		 extent->encoding == VS_FRAMES_SAME ? "=" : "");
	return text;
}

static const char *pages_cell(struct vs_pages *pages, const struct vs_model *model,
			      const struct vs_vma *vma, const struct vs_extent *extent, int column,
			      char *text, size_t size)
{
	uint64_t bytes = (uint64_t)extent->pages << model->kernel.page_shift;
	uint64_t attributes = extent->attributes;
	bool folio = has_folio(pages, extent);
	char amount[32];

	snprintf(text, size, "-");
	switch (column) {
	case COL_START:
		snprintf(text, size, "%012" PRIx64, extent->start);
		break;
	case COL_END:
		snprintf(text, size, "%012" PRIx64, extent->start + bytes);
		break;
	case COL_SIZE:
		snprintf(text, size, "%s", vs_amount(pages->style, bytes, amount, sizeof(amount)));
		break;
	case COL_PAGES:
		snprintf(text, size, "%u", extent->pages);
		break;
	case COL_STATE:
		if (pages->key & VS_ATTR_STATE)
			return vs_state_name(attributes & VS_ATTR_STATE);
		break;
	case COL_KIND:
		if (folio && pages->key & VS_ATTR_KIND)
			return vs_kind_told(model, attributes);
		break;
	case COL_LEAF:
		if (is_mapped(pages, extent) && pages->key & VS_ATTR_LEAF)
			return vs_leaf_name((attributes & VS_ATTR_LEAF) >> VS_ATTR_LEAF_SHIFT);
		break;
	case COL_ORDER:
		if (folio && pages->key & VS_ATTR_ORDER)
			snprintf(text, size, "%u", (unsigned int)
				 ((attributes & VS_ATTR_ORDER) >> VS_ATTR_ORDER_SHIFT));
		break;
	case COL_FRAME:
		return frame_cell(pages, extent, text, size);
	case COL_MAPCOUNT:
		if (folio && pages->key & VS_KEY_MAPCOUNT)
			snprintf(text, size, "%u", extent->mapcount);
		break;
	case COL_REFCOUNT:
		if (folio && pages->key & VS_KEY_REFCOUNT)
			snprintf(text, size, "%u", extent->refcount);
		break;
	case COL_NODE:
		if (folio && pages->key & VS_ATTR_NODE)
			snprintf(text, size, "%u", (unsigned int)
				 ((attributes & VS_ATTR_NODE) >> VS_ATTR_NODE_SHIFT));
		break;
	case COL_GEN:
		if (folio && attributes & VS_ATTR_GEN)
			snprintf(text, size, "%u", (unsigned int)
				 ((attributes & VS_ATTR_GEN) >> VS_ATTR_GEN_SHIFT));
		break;
	case COL_FLAGS:
		vs_attribute_flags(attributes, text, size);
		if (!*text)
			snprintf(text, size, "-");
		break;
	case COL_MARKS: {
		struct vs_vma marked = { .marks = extent->marks };

		vs_field_text(model, &marked, VS_FIELD_MARKS, text, size);
		break;
	}
	case COL_NAME:
		vs_field_text(model, vma, VS_FIELD_NAME, text, size);
		break;
	}
	return text;
}

static json_t *frames_json(const struct vs_extent *extent)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < extent->pages; i++)
		json_array_append_new(list, json_integer(extent->frame + extent->list[i]));
	return list;
}

static void place_json(json_t *json, const struct vs_pages *pages, const struct vs_extent *extent)
{
	bool swapped = is_in_swap(pages, extent);
	const char *one = swapped ? "slot" : "frame";
	const char *many = swapped ? "slots" : "frames";

	if (!(pages->key & VS_KEY_FRAME))
		return;
	if (swapped)
		json_object_set_new(json, "swap_area", json_integer(extent->swap_type));
	if (extent->encoding == VS_FRAMES_LIST)
		json_object_set_new(json, many, frames_json(extent));
	else
		json_object_set_new(json, one, extent->encoding == VS_FRAMES_NONE ?
				    json_null() : json_integer(extent->frame));
	if (extent->encoding == VS_FRAMES_SAME)
		json_object_set_new(json, "same_frame", json_true());
}

static json_t *extent_json(const struct vs_pages *pages, const struct vs_model *model,
			   const struct vs_vma *vma, const struct vs_extent *extent)
{
	uint64_t attributes = extent->attributes, key = pages->key;
	json_t *json = json_object(), *flags = json_array();
	bool folio = has_folio(pages, extent);

	json_object_set_new(json, "start", vs_json_hex(extent->start));
	json_object_set_new(json, "bytes",
		json_integer((json_int_t)extent->pages << model->kernel.page_shift));
	json_object_set_new(json, "mapping", vs_json_hex(vma->start));
	if (key & VS_ATTR_STATE)
		json_object_set_new(json, "state", json_string(vs_state_name(state_of(extent))));
	if (key & VS_ATTR_KIND)
		json_object_set_new(json, "kind", folio ?
			json_string(vs_kind_told(model, attributes)) : json_null());
	if (key & VS_ATTR_LEAF)
		json_object_set_new(json, "leaf", is_mapped(pages, extent) ?
			json_string(vs_leaf_name((attributes & VS_ATTR_LEAF) >>
						 VS_ATTR_LEAF_SHIFT)) : json_null());
	if (key & VS_ATTR_ORDER)
		json_object_set_new(json, "order", folio ? json_integer(
			(attributes & VS_ATTR_ORDER) >> VS_ATTR_ORDER_SHIFT) : json_null());
	if (key & VS_ATTR_NODE)
		json_object_set_new(json, "node", folio ? json_integer(
			(attributes & VS_ATTR_NODE) >> VS_ATTR_NODE_SHIFT) : json_null());
	if (key & VS_ATTR_GEN)
		json_object_set_new(json, "generation", attributes & VS_ATTR_GEN ? json_integer(
			(attributes & VS_ATTR_GEN) >> VS_ATTR_GEN_SHIFT) : json_null());
	if (key & VS_KEY_MAPCOUNT)
		json_object_set_new(json, "mapcount",
				    folio ? json_integer(extent->mapcount) : json_null());
	if (key & VS_KEY_REFCOUNT)
		json_object_set_new(json, "refcount",
				    folio ? json_integer(extent->refcount) : json_null());
	place_json(json, pages, extent);
	for (const struct vs_attribute *a = vs_attributes; a->name; a++)
		if (a->flag && attributes & a->mask)
			json_array_append_new(flags, json_string(a->name));
	json_object_set_new(json, "flags", flags);
	json_object_set_new(json, "marks", vs_marks_json(extent->marks));
	return json;
}

/* The head can be written once the model says who is looked at. */
static void begin_json(struct vs_pages *pages)
{
	json_t *key = json_array();

	for (const struct vs_attribute *a = vs_attributes; a->name; a++)
		if (pages->key & a->mask)
			json_array_append_new(key, json_string(a->name));
	vs_report_head(&pages->json, pages->report);
	vs_report_physical(&pages->json, pages->report);
	vs_json_member(&pages->json, "key", key);
	vs_json_array(&pages->json, "pages");
}

int vs_pages_extent(void *context, const struct vs_model *model, const struct vs_vma *vma,
		    const struct vs_extent *extent)
{
	struct vs_pages *pages = context;
	static char text[VS_PAGES_COLUMNS][4200];
	const char *cell[VS_PAGES_COLUMNS];

	if (pages->as_json && !pages->runs)
		begin_json(pages);
	pages->runs++;
	pages->bytes += (uint64_t)extent->pages << model->kernel.page_shift;
	if (pages->as_json) {
		vs_json_element(&pages->json, extent_json(pages, model, vma, extent));
		return ferror(pages->style->out);
	}
	for (int i = 0; i < pages->nr; i++)
		cell[i] = pages_cell(pages, model, vma, extent, pages->column[i], text[i],
				     sizeof(text[i]));
	return vs_table_row(pages->table, cell) || ferror(pages->style->out);
}

static void footnote(const struct vs_pages *pages)
{
	const char *reason = vs_physical_missing(pages->report->model);
	struct vs_flow flow;

	if (pages->style->raw || !pages->style->headings)
		return;
	if (!pages->runs && !pages->failed && pages->report->model->cut == VS_COMPLETE)
		fprintf(pages->style->out, "no pages there: all of it is untouched or unmapped\n");
	if (!reason || !(pages->key & VS_KEY_FRAME) || !pages->runs)
		return;
	vs_flow_begin(&flow, pages->style, "", 0);
	vs_flow_words(&flow, "FRAME is '-':");
	vs_flow_words(&flow, reason);
	vs_flow_end(&flow);
}

void vs_pages_end(struct vs_pages *pages)
{
	if (pages->as_json) {
		if (!pages->runs)
			begin_json(pages);
		vs_json_array_end(&pages->json);
		vs_report_cost_json(&pages->json, pages->report, NULL);
		vs_json_end(&pages->json);
	} else {
		vs_table_end(pages->table);
		footnote(pages);
	}
	free(pages->frames);
}
