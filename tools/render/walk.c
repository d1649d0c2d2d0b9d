// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A walk as the textbooks draw it. It must not collect anything.
 */
#include <inttypes.h>
#include <string.h>

#include "../analyze/attributes.h"
#include "../analyze/decode.h"
#include "screens.h"

/* A field of the address: the index into a table, or the offset. */
struct part {
	const char *name;
	unsigned int high, low;		/* bits, both included */
	char value[24];
	int width;
};

#define MAX_PARTS	(VS_MAX_LEVELS + 2)

static bool in_use(const struct vs_kernel *kernel, int level)
{
	return kernel->level[level].entries > 1;
}

static uint64_t bits_of(uint64_t address, unsigned int high, unsigned int low)
{
	uint64_t value = address >> low;

	return high - low == 63 ? value : value & ((1ull << (high - low + 1)) - 1);
}

static void add_part(struct part *part, int *nr, const char *name, uint64_t address,
		     unsigned int high, unsigned int low, const char *format)
{
	struct part *p = &part[(*nr)++];
	uint64_t value = bits_of(address, high, low);

	p->name = name;
	p->high = high;
	p->low = low;
	p->width = high - low + 1;
	if (!format)
		p->value[0] = 0;
	else if (*format == 'x')
		snprintf(p->value, sizeof(p->value), "0x%" PRIx64, value);
	else
		snprintf(p->value, sizeof(p->value), "%" PRIu64, value);
	if (p->width < (int)strlen(name))
		p->width = strlen(name);
}

/* Below an entry that maps the page itself, all bits are offset. */
static int split(const struct vs_kernel *kernel, const struct vs_walk *walk, struct part *part)
{
	unsigned int top = 0, below = 64;
	int nr = 0, lowest = VS_LEVEL_PTE;

	if (walk->stop == VS_STOP_LEAF && walk->stop_level < VS_MAX_LEVELS &&
	    walk->step[walk->stop_level].read)
		lowest = walk->stop_level;
	for (int level = VS_MAX_LEVELS - 1; level >= lowest; level--) {
		const struct vs_level_info *info = &kernel->level[level];

		if (!in_use(kernel, level))
			continue;
		top = info->shift + __builtin_ctz(info->entries) - 1;
		if (below == 64 && top < 63 && strcmp(kernel->machine, "i686"))
			add_part(part, &nr, "sign", walk->address, 63, top + 1, NULL);
		add_part(part, &nr, vs_level_name(level), walk->address, top, info->shift, "d");
		below = info->shift;
	}
	if (below && below < 64)
		add_part(part, &nr, "offset", walk->address, below - 1, 0, "x");
	return nr;
}

static void centered(FILE *out, const char *text, int width)
{
	int left = (width - (int)strlen(text)) / 2;

	if (left < 0)
		left = 0;
	fprintf(out, "%*s%-*s", left, "", width - left, text);
}

static void rule_line(FILE *out, const struct part *part, int nr)
{
	for (int i = 0; i < nr; i++) {
		fputc('+', out);
		for (int n = 0; n < part[i].width; n++)
			fputc('-', out);
	}
	fputs("+\n", out);
}

static void binary(const struct part *part, uint64_t address, char *text)
{
	for (unsigned int bit = part->high + 1; bit-- > part->low; )
		*text++ = address >> bit & 1 ? '1' : '0';
	*text = 0;
}

static void draw_wide(const struct vs_style *style, const struct part *part, int nr,
		      uint64_t address)
{
	FILE *out = style->out;
	char text[80];

	for (int i = 0; i < nr; i++) {
		char low[8];

		snprintf(low, sizeof(low), "%u", part[i].low);
		fprintf(out, " %-*u%s", part[i].width - (int)strlen(low), part[i].high, low);
	}
	fputc('\n', out);
	rule_line(out, part, nr);
	for (int row = 0; row < 3; row++) {
		for (int i = 0; i < nr; i++) {
			fputc('|', out);
			binary(&part[i], address, text);
			if (row == 1)
				vs_bold(style, true);
			centered(out, row == 0 ? text : row == 1 ? part[i].name : part[i].value,
				 part[i].width);
			if (row == 1)
				vs_bold(style, false);
		}
		fputs("|\n", out);
	}
	rule_line(out, part, nr);
}

static void draw_narrow(const struct vs_style *style, const struct part *part, int nr,
			uint64_t address)
{
	char text[80];

	for (int i = 0; i < nr; i++) {
		binary(&part[i], address, text);
		fprintf(style->out, "%2u-%-2u %-7s%-6s %s\n", part[i].high, part[i].low,
			part[i].name, part[i].value, text);
	}
}

static void draw_split(const struct vs_style *style, const struct vs_kernel *kernel,
		       const struct vs_walk *walk)
{
	struct part part[MAX_PARTS];
	int nr, width = 1;

	if (!kernel->levels) {
		fprintf(style->out, "(the levels of this machine are not known without the module)\n");
		return;
	}
	nr = split(kernel, walk, part);
	for (int i = 0; i < nr; i++)
		width += part[i].width + 1;
	if (width <= style->width)
		draw_wide(style, part, nr, walk->address);
	else
		draw_narrow(style, part, nr, walk->address);
}

static bool is_leaf_step(const struct vs_walk *walk, int level)
{
	return walk->stop == VS_STOP_LEAF && walk->stop_level == level;
}

static void step_ending(struct vs_flow *flow, const struct vs_model *model,
			const struct vs_walk *walk, int level)
{
	int next = level - 1;

	if (is_leaf_step(walk, level)) {
		if (walk->frame)
			vs_flow_item(flow, " ", "-> page in frame 0x%" PRIx64, walk->frame);
		return;
	}
	while (next >= 0 && !walk->step[next].read)
		next--;
	if (next >= 0 && model->kernel.physical == VS_PHYSICAL_YES)
		vs_flow_item(flow, " ", "-> table in frame 0x%" PRIx64, walk->step[next].table);
}

static void draw_step(const struct vs_style *style, const struct vs_model *model,
		      const struct vs_walk *walk, int level)
{
	const struct vs_step *step = &walk->step[level];
	bool seen = model->kernel.physical == VS_PHYSICAL_YES;
	struct vs_bit bit[VS_BITS_MAX];
	struct vs_flow flow;
	int nr;

	vs_flow_begin(&flow, style, vs_level_name(level), 5);
	vs_flow_item(&flow, "", "entry %u of %u", step->index, model->kernel.level[level].entries);
	if (seen)
		vs_flow_item(&flow, " ", "in table frame 0x%" PRIx64, step->table);
	vs_flow_end(&flow);
	vs_flow_begin(&flow, style, "", 5);
	if (!seen) {
		vs_flow_item(&flow, " ", "raw -");
	} else {
		vs_flow_item(&flow, " ", "raw 0x%016" PRIx64, step->raw);
		if (!step->raw)
			vs_flow_item(&flow, " ", "empty");
		nr = vs_decode_entry(&model->kernel, level, step->raw, is_leaf_step(walk, level),
				     bit);
		for (int i = 0; i < nr; i++)
			vs_flow_item(&flow, " ", "%s", bit[i].name);
	}
	step_ending(&flow, model, walk, level);
	vs_flow_end(&flow);
}

static void draw_page(const struct vs_style *style, const struct vs_model *model,
		      const struct vs_walk *walk)
{
	unsigned int state = walk->attributes & VS_ATTR_STATE;
	char flags[600];
	struct vs_flow flow;

	if (walk->stop != VS_STOP_LEAF && walk->stop != VS_STOP_NONPRESENT)
		return;
	vs_flow_begin(&flow, style, "page", 5);
	vs_flow_item(&flow, "", "%s", vs_state_name(state));
	if (state == VS_STATE_PRESENT && walk->known & VS_ATTR_KIND)
		vs_flow_item(&flow, ", ", "%s", vs_kind_told(model, walk->attributes));
	if (state == VS_STATE_PRESENT && walk->known & VS_ATTR_ORDER)
		vs_flow_item(&flow, ", ", "folio of order %u", (unsigned int)
			     ((walk->attributes & VS_ATTR_ORDER) >> VS_ATTR_ORDER_SHIFT));
	if (state == VS_STATE_PRESENT && walk->known & VS_KEY_MAPCOUNT)
		vs_flow_item(&flow, ", ", "mapped %u time%s", walk->mapcount,
			     walk->mapcount == 1 ? "" : "s");
	if (state == VS_STATE_PRESENT && walk->known & VS_KEY_REFCOUNT)
		vs_flow_item(&flow, ", ", "%u reference%s", walk->refcount,
			     walk->refcount == 1 ? "" : "s");
	vs_attribute_flags(walk->attributes, flags, sizeof(flags));
	if (*flags)
		vs_flow_item(&flow, "; ", "flags:");
	for (char *flag = flags, *comma; *flag; flag = comma) {
		comma = flag + strcspn(flag, ",");
		vs_flow_item(&flow, " ", "%.*s", (int)(comma - flag), flag);
		comma += *comma == ',';
	}
	vs_flow_end(&flow);
}

static void draw_mapping(const struct vs_style *style, const struct vs_model *model,
			 const struct vs_walk *walk)
{
	const struct vs_vma *vma = walk->vma_end ? vs_model_find(model, walk->address) : NULL;
	char name[4200], perm[8], clean[4200];
	struct vs_flow flow;

	vs_flow_begin(&flow, style, "", 0);
	vs_bold(style, true);
	vs_flow_item(&flow, "", "0x%" PRIx64, walk->address);
	vs_bold(style, false);
	if (walk->vma_end)
		vs_flow_item(&flow, " ", "in %" PRIx64 "-%" PRIx64, walk->vma_start, walk->vma_end);
	else if (walk->stop != VS_STOP_LOCKED)
		vs_flow_item(&flow, " ", "in no mapping");
	if (vma) {
		vs_field_text(model, vma, VS_FIELD_PERM, perm, sizeof(perm));
		vs_field_text(model, vma, VS_FIELD_NAME, name, sizeof(name));
		vs_flow_item(&flow, " ", "%s", perm);
		vs_flow_item(&flow, " ", "%s", vs_clean(name, clean, sizeof(clean)));
	}
	vs_flow_end(&flow);
}

static void draw_sentence(const struct vs_style *style, const struct vs_model *model,
			  const struct vs_walk *walk)
{
	char text[300];
	struct vs_flow flow;

	vs_flow_begin(&flow, style, "=>", 5);
	vs_flow_words(&flow, vs_walk_sentence(&model->kernel, walk, text, sizeof(text)));
	if (walk->marks & VS_MARK_RACY)
		vs_flow_words(&flow, "Marked racy: it was read without a lock, or while the layout changed.");
	if (walk->stop == VS_STOP_LEAF && !walk->physical && vs_physical_missing(model))
		vs_flow_item(&flow, " ", "(%s)", vs_physical_missing(model));
	vs_flow_end(&flow);
}

static void draw_walk(const struct vs_style *style, const struct vs_model *model,
		      const struct vs_walk *walk)
{
	struct vs_flow flow;

	draw_mapping(style, model, walk);
	fputc('\n', style->out);
	draw_split(style, &model->kernel, walk);
	fputc('\n', style->out);
	if (model->origin == VS_ORIGIN_PROC) {
		vs_flow_begin(&flow, style, "", 0);
		vs_flow_words(&flow, "The tables themselves cannot be read through procfs; pagemap tells the end of the walk.");
		vs_flow_end(&flow);
	}
	for (int level = VS_MAX_LEVELS - 1; level >= 0; level--)
		if (walk->step[level].read && in_use(&model->kernel, level))
			draw_step(style, model, walk, level);
	draw_page(style, model, walk);
	draw_sentence(style, model, walk);
}

void vs_walk_screen(const struct vs_style *style, const struct vs_report *report)
{
	vs_report_title(style, report);
	for (size_t i = 0; i < report->model->nr_walks; i++) {
		fputc('\n', style->out);
		draw_walk(style, report->model, &report->model->walk[i]);
	}
}

static json_t *step_json(const struct vs_model *model, const struct vs_walk *walk, int level)
{
	const struct vs_step *step = &walk->step[level];
	bool seen = model->kernel.physical == VS_PHYSICAL_YES;
	struct vs_bit bit[VS_BITS_MAX];
	json_t *bits = json_array();
	int nr = 0;

	if (seen)
		nr = vs_decode_entry(&model->kernel, level, step->raw, is_leaf_step(walk, level),
				     bit);
	for (int i = 0; i < nr; i++)
		json_array_append_new(bits, json_string(bit[i].name));
	return json_pack("{s:s, s:i, s:o, s:o, s:o}", "level", vs_level_name(level),
			 "index", step->index,
			 "table_frame", seen ? json_integer(step->table) : json_null(),
			 "raw", seen ? vs_json_hex(step->raw) : json_null(), "bits", bits);
}

static json_t *walk_json(const struct vs_model *model, const struct vs_walk *walk)
{
	unsigned int state = walk->attributes & VS_ATTR_STATE;
	bool ended = walk->stop == VS_STOP_LEAF || walk->stop == VS_STOP_NONPRESENT;
	bool page = walk->stop == VS_STOP_LEAF && state == VS_STATE_PRESENT;
	json_t *json = json_object(), *steps = json_array(), *flags = json_array();
	char sentence[300];

	for (int level = VS_MAX_LEVELS - 1; level >= 0; level--)
		if (walk->step[level].read && in_use(&model->kernel, level))
			json_array_append_new(steps, step_json(model, walk, level));
	for (const struct vs_attribute *a = vs_attributes; a->name; a++)
		if (a->flag && walk->attributes & a->mask)
			json_array_append_new(flags, json_string(a->name));
	json_object_set_new(json, "address", vs_json_hex(walk->address));
	json_object_set_new(json, "mapping",
			    walk->vma_end ? vs_json_hex(walk->vma_start) : json_null());
	json_object_set_new(json, "steps", steps);
	json_object_set_new(json, "steps_reason", model->origin == VS_ORIGIN_PROC ?
		json_string("page tables cannot be read through procfs: load the module") :
		json_null());
	json_object_set_new(json, "stop", json_string(vs_stop_name(walk->stop)));
	json_object_set_new(json, "sentence", json_string(
		vs_walk_sentence(&model->kernel, walk, sentence, sizeof(sentence))));
	json_object_set_new(json, "physical",
			    walk->physical ? vs_json_hex(walk->physical) : json_null());
	json_object_set_new(json, "state", ended ? json_string(vs_state_name(state)) : json_null());
	json_object_set_new(json, "kind", page && walk->known & VS_ATTR_KIND ?
		json_string(vs_kind_told(model, walk->attributes)) : json_null());
	json_object_set_new(json, "mapcount", page && walk->known & VS_KEY_MAPCOUNT ?
			    json_integer(walk->mapcount) : json_null());
	json_object_set_new(json, "refcount", page && walk->known & VS_KEY_REFCOUNT ?
			    json_integer(walk->refcount) : json_null());
	json_object_set_new(json, "flags", flags);
	json_object_set_new(json, "marks", vs_marks_json(walk->marks));
	return json;
}

int vs_walk_json(FILE *out, const struct vs_report *report)
{
	struct vs_json json;

	vs_json_begin(&json, out);
	vs_report_head(&json, report);
	vs_report_physical(&json, report);
	vs_report_cost_json(&json, report, NULL);
	vs_json_array(&json, "walks");
	for (size_t i = 0; i < report->model->nr_walks; i++)
		vs_json_element(&json, walk_json(report->model, &report->model->walk[i]));
	vs_json_array_end(&json);
	return vs_json_end(&json);
}
