// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who maps the same memory as a process, for people and as JSON. It must not
 * collect anything, nor know how a range is shown.
 */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "../analyze/objects.h"
#include "../analyze/select.h"
#include "answers.h"
#include "members.h"
#include "share.h"
#include "share_range.h"
#include "table.h"

#define NAME		4200
#define MAX_CELLS	(VS_SHARE_CLASSES + 3)

/* Partners and objects on the first screen; all are in the JSON. */
#define SHOWN		3

#define FIGURE(member)	offsetof(struct vs_share_row, member)

static const struct vs_answer_column columns[] = {
	{ "resident", "RES", "in memory", FIGURE(resident), VS_UNIT_BYTES },
	{ "mapped_once", "ONCE", "mapped once: here", FIGURE(alone), VS_UNIT_BYTES },
	{ "mapped_more", "MORE", "mapped more than once", FIGURE(shared), VS_UNIT_BYTES },
	{ "swap", "SWAP", "in swap", FIGURE(swap), VS_UNIT_BYTES },
	{ 0 },
};

/* --------------------------------------------------------------- summary */

static void summary(const struct vs_style *style, const struct vs_share *share)
{
	char a[32], b[32], c[32];
	struct vs_flow flow;

	vs_flow_begin(&flow, style, "share ", 6);
	vs_flow_item(&flow, "", "%s resident:", vs_amount(style, share->total.resident, a, sizeof(a)));
	vs_flow_item(&flow, " ", "%s mapped once, by it;",
		     vs_amount(style, share->total.alone, b, sizeof(b)));
	vs_flow_item(&flow, " ", "%s also by others found here",
		     vs_amount(style, share->found, c, sizeof(c)));
	vs_flow_end(&flow);
}

static void freed_item(struct vs_flow *flow, uint64_t bytes, const char *what, bool *any)
{
	char text[32];

	if (!bytes)
		return;
	vs_flow_item(flow, *any ? ", " : " ", "%s %s", vs_amount(flow->style, bytes, text,
								  sizeof(text)), what);
	*any = true;
}

/* What would become of what nobody else maps. */
static void what_is_freed(const struct vs_style *style, const struct vs_share *share)
{
	uint64_t tables = share->model->process.tables;
	struct vs_flow flow;
	bool any = false;

	vs_flow_begin(&flow, style, "freed ", 6);
	vs_flow_item(&flow, "", "if it ended:");
	freed_item(&flow, share->freed, "anonymous", &any);
	freed_item(&flow, tables == VS_UNKNOWN ? 0 : tables, "page tables", &any);
	freed_item(&flow, share->swap_exclusive, "swap", &any);
	freed_item(&flow, share->hugetlb, "hugetlb", &any);
	if (!any)
		vs_flow_item(&flow, " ", "nothing");
	any = false;
	if (share->cache || share->shmem || share->swap_other)
		vs_flow_item(&flow, "; ", "not freed at once:");
	freed_item(&flow, share->cache, "page cache", &any);
	freed_item(&flow, share->shmem, "shared memory", &any);
	freed_item(&flow, share->swap_other, "swap shared by fork", &any);
	vs_flow_end(&flow);
}

/* ------------------------------------------------------ kinds by mappers */

/* Classes that have a column: those that occur, the last ones put together. */
static int choose_classes(const struct vs_style *style, const struct vs_share *share,
			  unsigned int *first)
{
	int most = (style->width - 24) / 6, nr = 0;

	if (!style->terminal)
		most = VS_SHARE_CLASSES;
	for (unsigned int i = 0; i < VS_SHARE_CLASSES; i++)
		if (share->class[i] && nr < most)
			first[nr++] = i;
	return nr;
}

static uint64_t class_sum(const uint64_t *class, const unsigned int *first, int i, int nr)
{
	unsigned int end = i + 1 == nr ? VS_SHARE_CLASSES : first[i] + 1;
	uint64_t sum = 0;

	for (unsigned int n = first[i]; n < end; n++)
		sum += class[n];
	return sum;
}

static void class_row(const struct vs_style *style, struct vs_table *table, const char *name,
		      const uint64_t *class, const unsigned int *first, int nr)
{
	char text[MAX_CELLS][40];
	const char *cell[MAX_CELLS];
	uint64_t all = 0;

	for (unsigned int i = 0; i < VS_SHARE_CLASSES; i++)
		all += class[i];
	if (!all)
		return;
	cell[0] = name;
	cell[1] = vs_amount(style, all, text[1], sizeof(text[1]));
	for (int i = 0; i < nr; i++) {
		uint64_t sum = class_sum(class, first, i, nr);

		cell[i + 2] = sum ? vs_amount(style, sum, text[i + 2], sizeof(text[i + 2])) : "-";
	}
	vs_table_row(table, cell);
}

/* The last column is open upwards when classes beyond it occur. */
static void class_heading(const struct vs_share *share, const unsigned int *first, int i, int nr,
			  char *text, size_t size)
{
	uint64_t least, most;
	unsigned int n;

	for (n = first[i] + 1; i + 1 == nr && n < VS_SHARE_CLASSES && !share->class[n]; n++)
		;
	if (i + 1 == nr && n < VS_SHARE_CLASSES) {
		vs_share_class_range(first[i], &least, &most);
		snprintf(text, size, "%" PRIu64 "+", least);
		return;
	}
	vs_share_class_name(first[i], text, size);
}

static void kinds(const struct vs_style *style, const struct vs_share *share)
{
	unsigned int first[VS_SHARE_CLASSES];
	int nr = choose_classes(style, share, first);
	struct vs_column head[MAX_CELLS] = {
		{ .name = "MAPPED", .width = 17 }, { .name = "RES", .right = true, .width = 5 },
	};
	char name[VS_SHARE_CLASSES][24];
	struct vs_table *table;

	for (int i = 0; i < nr; i++) {
		class_heading(share, first, i, nr, name[i], sizeof(name[i]));
		head[i + 2] = (struct vs_column){ .name = name[i], .right = true, .width = 5 };
	}
	table = share->total.resident ? vs_table_new(style, head, nr + 2) : NULL;
	if (!table)
		return;
	for (int kind = 0; kind < VS_KIND_NR; kind++)
		class_row(style, table, vs_kind_name(kind), share->kind[kind], first, nr);
	class_row(style, table, "all: times mapped", share->class, first, nr);
	vs_table_end(table);
}

/* -------------------------------------------------------------- partners */

static void partners(const struct vs_style *style, const struct vs_share *share)
{
	static const struct vs_column head[] = {
		{ .name = "PID", .right = true, .width = 7 },
		{ .name = "BOTH", .right = true, .width = 5 },
		{ .name = "ONLY2", .right = true, .width = 5 },
		{ .name = "WITH WHOM", .fills = true },
	};
	uint32_t shown = share->nr_partners < SHOWN ? share->nr_partners : SHOWN;
	struct vs_table *table = shown ? vs_table_new(style, head, 4) : NULL;

	if (!table)
		return;
	for (uint32_t i = 0; i < shown; i++) {
		const struct vs_partner *partner = &share->partner[i];
		const struct vs_member *member = &share->members->member[partner->member];
		char pid[16], both[40], only[40];
		const char *cell[] = { pid, both, only, member->comm };

		snprintf(pid, sizeof(pid), "%d", member->pid);
		vs_amount(style, partner->shared, both, sizeof(both));
		vs_amount(style, partner->only, only, sizeof(only));
		vs_table_row(table, cell);
	}
	vs_table_end(table);
}

static void objects(const struct vs_style *style, const struct vs_share *share)
{
	static const struct vs_column head[] = {
		{ .name = "OTHERS", .right = true, .width = 7 },
		{ .name = "SHARE", .right = true, .width = 5 },
		{ .name = "TYPE", .width = 11 },
		{ .name = "OF WHAT", .fills = true },
	};
	uint32_t shown = share->nr_objects < SHOWN ? share->nr_objects : SHOWN;
	struct vs_table *table = shown ? vs_table_new(style, head, 4) : NULL;

	if (!table)
		return;
	for (uint32_t i = 0; i < shown; i++) {
		const struct vs_object *object = &share->object[i];
		char nr[16], bytes[40], name[NAME];
		const char *cell[] = { nr, bytes, vs_object_word(object->key.type), name };

		snprintf(nr, sizeof(nr), "%u", object->members);
		vs_amount(style, object->shared, bytes, sizeof(bytes));
		vs_object_name(share->model, object->vma, name, sizeof(name));
		vs_table_row(table, cell);
	}
	vs_table_end(table);
}

/* What the two tables leave out. */
static void more_line(const struct vs_style *style, const struct vs_share *share)
{
	uint32_t others = share->nr_partners > SHOWN ? share->nr_partners - SHOWN : 0;
	uint32_t objects = share->nr_objects > SHOWN ? share->nr_objects - SHOWN : 0;
	struct vs_flow flow;

	if (!others && !objects)
		return;
	vs_flow_begin(&flow, style, "", 0);
	if (others)
		vs_flow_item(&flow, "", "%u more process%s", others, others == 1 ? "" : "es");
	if (objects)
		vs_flow_item(&flow, others ? " and " : "", "%u more object%s", objects,
			     objects == 1 ? "" : "s");
	vs_flow_item(&flow, ": ", "--json has all of them");
	vs_flow_end(&flow);
}

static void remainder_line(const struct vs_style *style, const struct vs_share *share)
{
	char bytes[32], count[32];
	struct vs_flow flow;

	if (share->missing) {
		vs_flow_begin(&flow, style, "not found  ", 6);
		vs_flow_item(&flow, "", "%s mappings of %s:", vs_count(share->missing_mappings, count,
								       sizeof(count)),
			     vs_amount(style, share->missing, bytes, sizeof(bytes)));
		vs_flow_words(&flow, "no process that was read has them: ended meanwhile, not permitted, or in another pid namespace");
		vs_flow_end(&flow);
	}
	if (share->moved) {
		vs_flow_begin(&flow, style, "changed  ", 6);
		vs_flow_item(&flow, "", "%s",
			     vs_amount(style, share->moved, bytes, sizeof(bytes)));
		vs_flow_words(&flow, "got mapped more often while others were read");
		vs_flow_end(&flow);
	}
}

/* ---------------------------------------------------------------- screen */

void vs_share_screen(const struct vs_style *style, const struct vs_report *report,
		     const struct vs_share *share)
{
	vs_members_begin(style, report, share->members, true);
	fputc('\n', style->out);
	if (share->ranged) {
		vs_share_range_screen(style, share);
		remainder_line(style, share);
		return;
	}
	summary(style, share);
	what_is_freed(style, share);
	kinds(style, share);
	partners(style, share);
	objects(style, share);
	more_line(style, share);
	remainder_line(style, share);
}

/* ------------------------------------------------------------------ JSON */

static json_t *classes_json(const uint64_t *class)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < VS_SHARE_CLASSES; i++) {
		uint64_t least, most;

		if (!class[i])
			continue;
		vs_share_class_range(i, &least, &most);
		json_array_append_new(list, json_pack("{s:o, s:o, s:I}",
			"least", i ? json_integer(least) : json_null(),
			"most", i && most ? json_integer(most) : json_null(),
			"bytes", (json_int_t)class[i]));
	}
	return list;
}

static json_t *kinds_json(const struct vs_share *share)
{
	json_t *json = json_object();

	for (int kind = 0; kind < VS_KIND_NR; kind++) {
		json_t *classes = classes_json(share->kind[kind]);

		if (json_array_size(classes))
			json_object_set_new(json, vs_kind_name(kind), classes);
		else
			json_decref(classes);
	}
	return json;
}

static json_t *freed_json(const struct vs_share *share)
{
	return json_pack("{s:I, s:o, s:I, s:I, s:I, s:I, s:I}",
		"anonymous", (json_int_t)share->freed,
		"page_tables", vs_json_bytes(share->model->process.tables),
		"swap", (json_int_t)share->swap_exclusive,
		"stays_as_page_cache", (json_int_t)share->cache,
		"stays_as_shared_memory", (json_int_t)share->shmem,
		"hugetlb", (json_int_t)share->hugetlb,
		"swap_shared_by_fork", (json_int_t)share->swap_other);
}

static json_t *partners_json(const struct vs_share *share)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < share->nr_partners; i++) {
		const struct vs_partner *partner = &share->partner[i];
		const struct vs_member *member = &share->members->member[partner->member];

		json_array_append_new(list, json_pack("{s:i, s:o, s:I, s:I}",
			"pid", member->pid, "comm", vs_json_text(member->comm),
			"shared", (json_int_t)partner->shared,
			"only_both", (json_int_t)partner->only));
	}
	return list;
}

static json_t *objects_json(const struct vs_share *share)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < share->nr_objects; i++) {
		const struct vs_object *object = &share->object[i];
		char name[NAME];

		vs_object_name(share->model, object->vma, name, sizeof(name));
		json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:I, s:i}",
			"type", vs_object_word(object->key.type), "name", vs_json_text(name),
			"inode", object->key.inode || object->key.type == VS_OBJECT_SYSV ?
			json_integer(object->key.inode) : json_null(),
			"shared", (json_int_t)object->shared, "others", (int)object->members));
	}
	return list;
}

static json_t *remainder_json(const struct vs_share *share)
{
	bool known = share->model->kernel.key & VS_KEY_MAPCOUNT;

	return json_pack("{s:o, s:o, s:I}",
		"bytes", known ? json_integer(share->missing) : json_null(),
		"mappings", known ? json_integer(share->missing_mappings) : json_null(),
		"changed_bytes", (json_int_t)share->moved);
}

void vs_share_json(const struct vs_report *report, const struct vs_share *share)
{
	struct vs_json json;

	vs_members_begin_json(&json, report, share->members, true, vs_frames_memory(&share->map));
	if (share->ranged)
		vs_json_member(&json, "range", vs_share_range_json(share));
	vs_json_member(&json, "total", vs_answer_figures(columns, &share->total));
	vs_json_member(&json, "found_elsewhere", json_integer(share->found));
	vs_json_member(&json, "by_mappings", classes_json(share->class));
	vs_json_member(&json, "by_kind", kinds_json(share));
	vs_json_member(&json, "if_it_ended", share->ranged ? json_null() : freed_json(share));
	vs_json_member(&json, "not_found", remainder_json(share));
	vs_json_member(&json, "partners", partners_json(share));
	vs_json_member(&json, "objects", objects_json(share));
	vs_json_array(&json, "mappings");
	if (!share->ranged) {
		json_t *all = vs_answer_mappings(&share->rows, columns), *one;
		size_t i;

		json_array_foreach(all, i, one)
			vs_json_element(&json, json_incref(one));
		json_decref(all);
	}
	vs_json_array_end(&json);
	vs_share_mates_json(&json, share);
	vs_json_end(&json);
}
