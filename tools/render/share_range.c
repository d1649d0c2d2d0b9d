// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where others have the pages of a range, for people and as JSON. It must not
 * collect anything, nor know what else is told of a process that shares memory.
 */
#include <inttypes.h>

#include "../analyze/select.h"
#include "share_range.h"
#include "table.h"

#define NAME		4200

static void summary(const struct vs_style *style, const struct vs_share *share)
{
	char resident[32], found[32], name[NAME], class[24], bytes[32];
	const struct vs_vma *vma = vs_model_find(share->model, share->range.start);
	struct vs_flow flow;
	bool any = false;

	*name = 0;
	if (vma)
		vs_field_text(share->model, vma, VS_FIELD_NAME, name, sizeof(name));
	vs_flow_begin(&flow, style, "range ", 6);
	vs_flow_item(&flow, "", "%" PRIx64 "-%" PRIx64, share->range.start, share->range.end);
	if (*name)
		vs_flow_item(&flow, "  ", "%s", vs_clean(name, name, sizeof(name)));
	if (!share->total.resident)
		vs_flow_item(&flow, "  ", "nothing of it is in memory");
	else
		vs_flow_item(&flow, "  ", "%s resident",
			     vs_amount(style, share->total.resident, resident, sizeof(resident)));
	if (share->total.resident)
		vs_flow_item(&flow, ", ", "%s mapped elsewhere too",
			     vs_amount(style, share->found, found, sizeof(found)));
	for (unsigned int i = 0; i < VS_SHARE_CLASSES; i++) {
		if (!share->class[i])
			continue;
		vs_flow_item(&flow, any ? ", " : "; ", "%s%s %s time%s", any ? "" : "mapped ",
			     vs_amount(style, share->class[i], bytes, sizeof(bytes)),
			     vs_share_class_name(i, class, sizeof(class)), i == 1 ? "" : "s");
		any = true;
	}
	if (share->total.resident == 1ull << share->model->kernel.page_shift)
		vs_flow_item(&flow, "; ", "frame 0x%" PRIx64, share->frame);
	vs_flow_end(&flow);
}

/* What stands behind it is cut to what is left of the line. */
static int longest_name(const struct vs_share *share)
{
	int width = 8;

	for (size_t i = 0; i < share->nr_mates; i++) {
		int columns = vs_columns(share->members->member[share->mate[i].member].comm);

		width = columns > width ? columns : width;
	}
	return width;
}

static void mates(const struct vs_style *style, const struct vs_share *share)
{
	struct vs_column head[] = {
		{ .name = "ADDRESS", .width = 12 },
		{ .name = "BYTES", .right = true, .width = 5, .from = 70 },
		{ .name = "PID", .right = true, .width = 5, .below = 70 },
		{ .name = "PID", .right = true, .width = 7, .from = 70 },
		{ .name = "WHO", .width = longest_name(share), .from = 70 },
		{ .name = "THERE", .width = 12 },
		{ .name = "PERM", .width = 4, .from = 70 },
		{ .name = "MAPPING", .fills = true },
	};
	struct vs_table *table = share->nr_mates ? vs_table_new(style, head, 8) : NULL;

	if (!table)
		return;
	for (size_t i = 0; i < share->nr_mates; i++) {
		const struct vs_mate *mate = &share->mate[i];
		const struct vs_member *member = &share->members->member[mate->member];
		uint64_t pages = mate->times > 1 ? mate->times : mate->pages;
		char here[20], bytes[40], pid[16], there[20], perm[5];
		const char *cell[] = { here, bytes, pid, pid, member->comm, there,
				       vs_permissions(mate->flags, perm), share->names + mate->name };

		snprintf(here, sizeof(here), "%012" PRIx64, mate->address);
		vs_amount(style, pages << share->model->kernel.page_shift, bytes, sizeof(bytes));
		snprintf(pid, sizeof(pid), "%d", member->pid);
		snprintf(there, sizeof(there), "%012" PRIx64, mate->there);
		if (vs_table_row(table, cell))
			break;
	}
	vs_table_end(table);
}

void vs_share_range_screen(const struct vs_style *style, const struct vs_share *share)
{
	summary(style, share);
	mates(style, share);
}

/* ------------------------------------------------------------------ JSON */

static json_t *mate_json(const struct vs_share *share, const struct vs_mate *mate)
{
	const struct vs_member *member = &share->members->member[mate->member];
	json_t *json = json_object();
	char perm[5];

	json_object_set_new(json, "address", vs_json_hex(mate->address));
	json_object_set_new(json, "pages", json_integer(mate->times > 1 ? 1 : mate->pages));
	json_object_set_new(json, "times", json_integer(mate->times));
	json_object_set_new(json, "pid", json_integer(member->pid));
	json_object_set_new(json, "comm", vs_json_text(member->comm));
	json_object_set_new(json, "there", vs_json_hex(mate->there));
	json_object_set_new(json, "perm", json_string(vs_permissions(mate->flags, perm)));
	json_object_set_new(json, "name", share->names[mate->name] ?
			    vs_json_text(share->names + mate->name) : json_null());
	return json;
}

json_t *vs_share_range_json(const struct vs_share *share)
{
	json_t *json = json_object();

	json_object_set_new(json, "start", vs_json_hex(share->range.start));
	json_object_set_new(json, "end", vs_json_hex(share->range.end));
	json_object_set_new(json, "frame", share->total.resident ==
			    1ull << share->model->kernel.page_shift ?
			    vs_json_hex(share->frame) : json_null());
	return json;
}

void vs_share_mates_json(struct vs_json *json, const struct vs_share *share)
{
	vs_json_array(json, "elsewhere");
	for (size_t i = 0; i < share->nr_mates; i++)
		vs_json_element(json, mate_json(share, &share->mate[i]));
	vs_json_array_end(json);
}
