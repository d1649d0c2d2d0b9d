// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * User stacks of page faults: a tree for people, lines for programs that draw flame
 * graphs, and JSON. It must not collect anything.
 */
#include <inttypes.h>
#include <string.h>

#include "stacks.h"

/* Longer names are cut: those of templates have no end. */
#define NAME		1024
/* Deeper ways are not drawn further in. */
#define MOST_INDENT	256

/* What has less than so many of a hundred is not shown alone. */
#define LEAST_PERCENT	1

/* As in the lines for programs, in which ';' has a meaning. */
static const char *frame_text(const struct vs_stacks *stacks, const struct vs_frame *frame,
			      char text[NAME])
{
	char file[NAME / 2];

	switch (frame->kind) {
	case VS_FRAME_NAMED:
		vs_clean(stacks->text + frame->name, text, NAME);
		break;
	case VS_FRAME_IN_FILE:
		snprintf(text, NAME, "%s+0x%" PRIx64,
			 vs_clean(stacks->text + frame->file, file, sizeof(file)), frame->offset);
		break;
	case VS_FRAME_NONE:
		return "[no stack]";
	case VS_FRAME_STARTING:
		return "[exec]";
	case VS_FRAME_DEEPER:
		return "[deeper]";
	default:
		return "[unknown]";
	}
	for (char *at = text; (at = strchr(at, ';')); )
		*at = ':';
	return text;
}

static const char *comm_text(const char *comm, char text[NAME])
{
	vs_clean(comm, text, NAME);
	for (char *at = text; (at = strchr(at, ';')); )
		*at = ':';
	return text;
}

/* ----------------------------------------------------------------------- a tree */

struct drawing {
	const struct vs_style *style;
	const struct vs_stack_tree *tree;
	char indent[MOST_INDENT];
};

static void draw_head(const struct vs_style *style)
{
	if (vs_is_narrow(style))
		fputs("   FAULTS  FRAME\n", style->out);
	else
		fputs("   FAULTS      SELF   MAJOR     TIME  FRAME\n", style->out);
}

/* Cut where the terminal ends. */
static void draw_line(const struct drawing *d, const struct vs_stack_node *figures,
		      const char *before, const char *text)
{
	const struct vs_style *style = d->style;
	char faults[32], self[32], major[32], time[32], line[MOST_INDENT + NAME + 160];

	vs_number(style, figures->faults, faults, sizeof(faults));
	if (vs_is_narrow(style))
		snprintf(line, sizeof(line), "%9s  %s%s%s", faults, d->indent, before, text);
	else
		snprintf(line, sizeof(line), "%9s %9s %7s %8s  %s%s%s", faults,
			 vs_number(style, figures->self, self, sizeof(self)),
			 vs_number(style, figures->major, major, sizeof(major)),
			 vs_duration(figures->ns, time, sizeof(time)), d->indent, before, text);
	if (style->terminal) {
		vs_need_locale(line);
		line[vs_head(line, style->width)] = 0;
	}
	fprintf(style->out, "%s\n", line);
}

/* The last one of those that called nothing but themselves. */
static const struct vs_stack_node *last_of(const struct vs_stack_node *node, unsigned int *nr)
{
	for (*nr = 1; !node->self && node->child && !node->child->next &&
	     node->child->frame == node->frame; ++*nr)
		node = node->child;
	return node;
}

/*
 * With its file, where that is another one than its caller's; one that calls itself is
 * one line. Returns whose callees go below it.
 */
static const struct vs_stack_node *draw_frame(const struct drawing *d,
					      const struct vs_stack_node *caller,
					      const struct vs_stack_node *node,
					      const char *before)
{
	const struct vs_stacks *stacks = d->tree->stacks;
	const struct vs_frame *frame = node->frame;
	char name[NAME], file[NAME / 2], text[2 * NAME];
	bool elsewhere = frame->kind == VS_FRAME_NAMED &&
		(!caller->frame || caller->frame->file != frame->file);
	unsigned int nr;
	int length;

	node = last_of(node, &nr);
	length = snprintf(text, sizeof(text), "%s", frame_text(stacks, frame, name));
	if (elsewhere)
		length += snprintf(text + length, sizeof(text) - length, " (%s)",
				   vs_clean(stacks->text + frame->file, file, sizeof(file)));
	if (nr > 1)
		snprintf(text + length, sizeof(text) - length, " (%u times)", nr);
	draw_line(d, node, before, text);
	return node;
}

static bool is_shown(const struct drawing *d, const struct vs_stack_node *node)
{
	return node->faults * 100 >= d->tree->all->faults * LEAST_PERCENT;
}

/* Those that are not shown, together. */
static size_t sum_others(const struct drawing *d, const struct vs_stack_node *node,
			 struct vs_stack_node *others)
{
	size_t nr = 0;

	*others = (struct vs_stack_node){ 0 };
	for (node = node->child; node; node = node->next) {
		if (is_shown(d, node))
			continue;
		others->faults += node->faults;
		others->major += node->major;
		others->ns += node->ns;
		nr++;
	}
	return nr;
}

static void draw_others(const struct drawing *d, const struct vs_stack_node *others, size_t nr,
			const char *before)
{
	char text[64];

	snprintf(text, sizeof(text), "(%zu other%s below %d%%)", nr, nr == 1 ? "" : "s",
		 LEAST_PERCENT);
	draw_line(d, others, before, text);
}

/* What a function called goes below it; further in only where there are several ways. */
static void draw_below(struct drawing *d, const struct vs_stack_node *node)
{
	const struct vs_stack_node *child = node->child, *next;
	struct vs_stack_node others;
	size_t nr = sum_others(d, node, &others), length = strlen(d->indent);

	if (child && !child->next && !nr) {
		draw_below(d, draw_frame(d, node, child, ""));
		return;
	}
	for (; child && is_shown(d, child); child = next) {
		bool last;

		next = child->next;
		last = !nr && !next;
		child = draw_frame(d, node, child, last ? "`-" : "|-");
		if (length + 3 < sizeof(d->indent))
			strcpy(d->indent + length, last ? "  " : "| ");
		draw_below(d, child);
		d->indent[length] = 0;
	}
	if (nr)
		draw_others(d, &others, nr, "`-");
}

static void draw_rest(const struct drawing *d, uint64_t faults, const char *what)
{
	const struct vs_stack_node rest = { .faults = faults, .self = faults };

	if (faults)
		draw_line(d, &rest, "", what);
}

void vs_stacks_tree(const struct vs_style *style, const struct vs_stack_tree *tree)
{
	struct drawing d = { .style = style, .tree = tree };
	const struct vs_stack_node *node = tree->all->child;
	struct vs_stack_node others;
	char name[NAME], number[32];
	size_t nr = sum_others(&d, tree->all, &others);

	fputc('\n', style->out);
	draw_head(style);
	for (; node && is_shown(&d, node); node = node->next) {
		vs_bold(style, true);
		draw_line(&d, node, "", comm_text(node->comm, name));
		vs_bold(style, false);
		strcpy(d.indent, "  ");
		draw_below(&d, node);
		*d.indent = 0;
	}
	if (nr)
		draw_others(&d, &others, nr, "");
	draw_rest(&d, tree->filtered, "[left out by filters]");
	draw_rest(&d, tree->no_place, "[found no place]");
	draw_rest(&d, tree->lost, "[lost]");
	if (tree->stacks->mappings_lost)
		fprintf(style->out, "%s mappings LOST: what was there is [unknown]\n",
			vs_number(style, tree->stacks->mappings_lost, number, sizeof(number)));
}

/* ------------------------------------------------------------ lines for programs */

/* The way to it, a name for each level. */
struct way {
	const struct way *before;
	const char *text;
};

static void write_way(FILE *out, const struct way *way)
{
	if (way->before) {
		write_way(out, way->before);
		fputc(';', out);
	}
	fputs(way->text, out);
}

static void fold(FILE *out, const struct vs_stacks *stacks, const struct vs_stack_node *node,
		 const struct way *before)
{
	char name[NAME];
	struct way way = { before, node->comm ? comm_text(node->comm, name) :
			   frame_text(stacks, node->frame, name) };

	if (node->self) {
		write_way(out, &way);
		fprintf(out, " %" PRIu64 "\n", node->self);
	}
	for (node = node->child; node; node = node->next)
		fold(out, stacks, node, &way);
}

void vs_stacks_folded(FILE *out, const struct vs_stack_tree *tree)
{
	for (const struct vs_stack_node *node = tree->all->child; node; node = node->next)
		fold(out, tree->stacks, node, NULL);
	if (tree->no_place)
		fprintf(out, "[found no place] %" PRIu64 "\n", tree->no_place);
	if (tree->lost)
		fprintf(out, "[lost] %" PRIu64 "\n", tree->lost);
}

/* ------------------------------------------------------------------------- JSON */

static json_t *frame_json(const struct vs_stacks *stacks, const struct vs_frame *frame)
{
	bool named = frame->kind == VS_FRAME_NAMED, in_file = frame->kind == VS_FRAME_IN_FILE;
	char text[NAME];

	return json_pack("{s:o, s:o, s:o, s:o}",
		"name", vs_json_text(frame_text(stacks, frame, text)),
		"function", named ? vs_json_text(stacks->text + frame->name) : json_null(),
		"file", named || in_file ? vs_json_text(stacks->text + frame->file) : json_null(),
		"offset", in_file ? json_integer(frame->offset) : json_null());
}

static json_t *stack_json(const struct vs_stacks *stacks, const struct vs_stack *stack)
{
	json_t *frames = json_array();

	for (uint32_t i = 0; i < stack->nr; i++)
		json_array_append_new(frames, json_integer(stacks->at[stack->first + i]));
	return json_pack("{s:I, s:o, s:I, s:I, s:I, s:o}", "pid", (json_int_t)stack->pid,
		"comm", vs_json_text(stack->comm), "minor", (json_int_t)stack->minor,
		"major", (json_int_t)stack->major, "time_ns", (json_int_t)stack->ns,
		"frames", frames);
}

json_t *vs_stacks_json(const struct vs_stack_tree *tree)
{
	const struct vs_stacks *stacks = tree->stacks;
	json_t *frames, *list;

	if (!tree->all)
		return json_null();
	frames = json_array();
	list = json_array();
	for (size_t i = 0; i < stacks->nr_frames; i++)
		json_array_append_new(frames, frame_json(stacks, &stacks->frame[i]));
	for (size_t i = 0; i < stacks->nr_stacks; i++)
		json_array_append_new(list, stack_json(stacks, &stacks->stack[i]));
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o}",
		"faults", (json_int_t)tree->all->faults, "filtered", (json_int_t)tree->filtered,
		"no_place", (json_int_t)tree->no_place, "lost", (json_int_t)tree->lost,
		"mappings_lost", (json_int_t)stacks->mappings_lost, "frames", frames,
		"stacks", list);
}
