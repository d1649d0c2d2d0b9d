// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Choosing and ordering mappings. It must not know how rows are shown.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "select.h"

enum {
	OP_EQUAL,
	OP_NOT_EQUAL,
	OP_LESS,
	OP_AT_MOST,
	OP_MORE,
	OP_AT_LEAST,
	OP_MATCH,
	OP_NO_MATCH,
};

static const struct {
	const char *name;
	const char *help;
	bool text;
} own[VS_FIELD_FIGURE] = {
	[VS_FIELD_START] = { "start", "first byte" },
	[VS_FIELD_END] = { "end", "byte after the last" },
	[VS_FIELD_PERM] = { "perm", "read, write, execute; private or shared", true },
	[VS_FIELD_OFFSET] = { "offset", "where in the file it begins" },
	[VS_FIELD_DEV] = { "dev", "device of the file", true },
	[VS_FIELD_INODE] = { "inode", "inode of the file" },
	[VS_FIELD_NAME] = { "name", "file, or the kernel's or the program's name for it", true },
	[VS_FIELD_FLAGS] = { "flags", "further flags: locked, hugepage, mergeable, ...", true },
	[VS_FIELD_PAGE] = { "page", "page size that faults use" },
	[VS_FIELD_POLICY] = { "policy", "memory policy of its own (MPOL_*)", true },
	[VS_FIELD_PKEY] = { "pkey", "protection key" },
	[VS_FIELD_MARKS] = { "marks", "what limits the truth of the row", true },
};

const char *vs_field_name(int field)
{
	return field < VS_FIELD_FIGURE ? own[field].name :
		vs_figure_info(field - VS_FIELD_FIGURE)->name;
}

const char *vs_field_help(int field)
{
	return field < VS_FIELD_FIGURE ? own[field].help :
		vs_figure_info(field - VS_FIELD_FIGURE)->help;
}

bool vs_field_is_text(int field)
{
	return field < VS_FIELD_FIGURE && own[field].text;
}

int vs_field_by_name(const char *name, size_t length)
{
	for (int i = 0; i < VS_FIELD_NR; i++) {
		const char *known = vs_field_name(i);

		if (strlen(known) == length && !strncasecmp(known, name, length))
			return i;
	}
	return -1;
}

struct bit_name {
	uint64_t bit;
	const char *name;
};

static void list_bits(uint64_t bits, const struct bit_name *known, size_t nr, char *text,
		      size_t size)
{
	size_t at = 0;

	text[0] = 0;
	for (size_t i = 0; i < nr && at < size; i++)
		if (bits & known[i].bit)
			at += snprintf(text + at, size - at, "%s%s", at ? "," : "",
				       known[i].name);
}

static void list_flags(uint64_t flags, char *text, size_t size)
{
	static const struct bit_name known[] = {
		{ VS_VM_GROWSDOWN, "growsdown" }, { VS_VM_PFNMAP, "pfnmap" },
		{ VS_VM_LOCKED, "locked" }, { VS_VM_IO, "io" },
		{ VS_VM_SEQ_READ, "seqread" }, { VS_VM_RAND_READ, "randread" },
		{ VS_VM_DONTCOPY, "dontcopy" }, { VS_VM_DONTEXPAND, "dontexpand" },
		{ VS_VM_LOCKONFAULT, "lockonfault" }, { VS_VM_NORESERVE, "noreserve" },
		{ VS_VM_HUGETLB, "hugetlb" }, { VS_VM_SYNC, "sync" },
		{ VS_VM_WIPEONFORK, "wipeonfork" }, { VS_VM_DONTDUMP, "dontdump" },
		{ VS_VM_SOFTDIRTY, "softdirty" }, { VS_VM_MIXEDMAP, "mixedmap" },
		{ VS_VM_HUGEPAGE, "hugepage" }, { VS_VM_NOHUGEPAGE, "nohugepage" },
		{ VS_VM_MERGEABLE, "mergeable" }, { VS_VM_UFFD_MISSING, "uffd-missing" },
		{ VS_VM_UFFD_WP, "uffd-wp" }, { VS_VM_UFFD_MINOR, "uffd-minor" },
		{ VS_VM_UFFD_RWP, "uffd-rwp" },
		{ VS_VM_SHADOW_STACK, "shadowstack" }, { VS_VM_DROPPABLE, "droppable" },
		{ VS_VM_SEALED, "sealed" }, { VS_VM_GUARD, "guard" },
	};

	list_bits(flags, known, sizeof(known) / sizeof(known[0]), text, size);
}

static void list_marks(unsigned int marks, char *text, size_t size)
{
	static const struct bit_name known[] = {
		{ VS_MARK_LAYOUT, "layout" }, { VS_MARK_RACY, "racy" },
		{ VS_MARK_UNVERIFIED, "unverified" }, { VS_MARK_SKIPPED, "skipped" },
		{ VS_MARK_NO_NAME, "no-name" },
	};

	list_bits(marks, known, sizeof(known) / sizeof(known[0]), text, size);
}

static void name_text(const struct vs_model *model, const struct vs_vma *vma, char *text,
		      size_t size)
{
	const char *name = vs_model_name(model, vma);

	if (vma->name_kind == VS_NAME_ANON)
		snprintf(text, size, "[anon:%s]", name);
	else if (!*name && vma->flags & VS_VM_ANON)
		snprintf(text, size, "[anon]");
	else
		snprintf(text, size, "%s", name);
}

static const char *policy_name(unsigned int policy)
{
	static const char * const name[] = {
		"default", "prefer", "bind", "interleave", "local", "prefer-many", "weighted",
	};

	if (policy == 0xff)
		return "";
	return policy < sizeof(name) / sizeof(name[0]) ? name[policy] : "?";
}

const char *vs_permissions(uint64_t flags, char text[5])
{
	text[0] = flags & VS_VM_READ ? 'r' : '-';
	text[1] = flags & VS_VM_WRITE ? 'w' : '-';
	text[2] = flags & VS_VM_EXEC ? 'x' : '-';
	text[3] = flags & VS_VM_MAYSHARE ? 's' : 'p';
	text[4] = 0;
	return text;
}

void vs_field_text(const struct vs_model *model, const struct vs_vma *vma, int field,
		   char *text, size_t size)
{
	char permissions[5];

	text[0] = 0;
	switch (field) {
	case VS_FIELD_PERM:
		snprintf(text, size, "%s", vs_permissions(vma->flags, permissions));
		break;
	case VS_FIELD_DEV:
		snprintf(text, size, "%02x:%02x", vma->dev_major, vma->dev_minor);
		break;
	case VS_FIELD_NAME:
		name_text(model, vma, text, size);
		break;
	case VS_FIELD_FLAGS:
		list_flags(vma->flags, text, size);
		break;
	case VS_FIELD_POLICY:
		snprintf(text, size, "%s", policy_name(vma->policy));
		break;
	case VS_FIELD_MARKS:
		list_marks(vma->marks, text, size);
		break;
	}
}

uint64_t vs_field_number(const struct vs_model *model, const struct vs_vma *vma, int field)
{
	switch (field) {
	case VS_FIELD_START:
		return vma->start;
	case VS_FIELD_END:
		return vma->end;
	case VS_FIELD_OFFSET:
		return vma->offset;
	case VS_FIELD_INODE:
		return vma->inode;
	case VS_FIELD_PAGE:
		return 1ull << vma->page_shift;
	case VS_FIELD_PKEY:
		return vma->pkey;
	}
	if (field >= VS_FIELD_FIGURE)
		return vs_figure(model, vma, field - VS_FIELD_FIGURE);
	return 0;
}

int vs_parse_bytes(const char *text, uint64_t *bytes)
{
	static const char units[] = "BKMGTPE";
	const char *unit;
	double value;
	char *end;

	errno = 0;
	*bytes = strtoull(text, &end, 0);
	if (end == text || *text == '-')
		return -1;
	if (!*end)
		return errno ? -1 : 0;
	value = strtod(text, &end);
	unit = *end ? strchr(units, *end & ~0x20) : NULL;
	if (!unit || errno)
		return -1;
	end++;
	if (*end == 'i' && (end[1] & ~0x20) == 'B')
		end += 2;
	value *= 1ull << 10 * (unit - units);
	if (*end || value < 0 || value >= 18446744073709551616.0)
		return -1;
	*bytes = value;
	return 0;
}

static const char *parse_op(const char *text, int *op)
{
	static const struct {
		const char *sign;
		int op;
	} known[] = {
		{ "<=", OP_AT_MOST }, { ">=", OP_AT_LEAST }, { "!=", OP_NOT_EQUAL },
		{ "==", OP_EQUAL }, { "!~", OP_NO_MATCH }, { "=", OP_EQUAL },
		{ "<", OP_LESS }, { ">", OP_MORE }, { "~", OP_MATCH },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t length = strlen(known[i].sign);

		if (!strncmp(text, known[i].sign, length)) {
			*op = known[i].op;
			return text + length;
		}
	}
	return NULL;
}

static int text_condition(struct vs_condition *condition, struct vs_error *error)
{
	if (condition->op == OP_EQUAL || condition->op == OP_NOT_EQUAL)
		return 0;
	if (condition->op != OP_MATCH && condition->op != OP_NO_MATCH)
		return vs_error_set(error, VS_FAIL_INPUT,
			"filter: %s is text: compare it with = != ~ or !~",
			vs_field_name(condition->field));
	if (regcomp(&condition->regex, condition->text, REG_EXTENDED | REG_NOSUB))
		return vs_error_set(error, VS_FAIL_INPUT,
			"filter: '%s' is no regular expression (see regex(7))", condition->text);
	condition->regex_used = true;
	return 0;
}

static int number_condition(struct vs_condition *condition, struct vs_error *error)
{
	if (condition->op == OP_MATCH || condition->op == OP_NO_MATCH)
		return vs_error_set(error, VS_FAIL_INPUT,
			"filter: %s is a number: compare it with = != < <= > or >=",
			vs_field_name(condition->field));
	if (vs_parse_bytes(condition->text, &condition->number))
		return vs_error_set(error, VS_FAIL_INPUT,
			"filter: '%s' is no number: write 4096, 0x1000, 4K or 1.5G",
			condition->text);
	return 0;
}

static int parse_condition(const char *text, size_t length, struct vs_condition *condition,
			   struct vs_error *error)
{
	size_t name = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
	const char *value = parse_op(text + name, &condition->op);

	if (!name || !value || value > text + length)
		return vs_error_set(error, VS_FAIL_INPUT,
			"filter: '%.*s' is not COLUMN OPERATOR VALUE: write for example 'rss>1M,name~libc'",
			(int)length, text);
	condition->field = vs_field_by_name(text, name);
	if (condition->field < 0)
		return vs_error_set(error, VS_FAIL_INPUT,
			"filter: no column '%.*s': 'vmscope maps -o help' lists them",
			(int)name, text);
	if ((size_t)(text + length - value) >= sizeof(condition->text))
		return vs_error_set(error, VS_FAIL_INPUT, "filter: '%.*s' is too long",
				    (int)length, text);
	memcpy(condition->text, value, text + length - value);
	condition->text[text + length - value] = 0;
	return vs_field_is_text(condition->field) ? text_condition(condition, error) :
		number_condition(condition, error);
}

int vs_filter_parse(const char *text, struct vs_filter *filter, struct vs_error *error)
{
	while (*text) {
		size_t length = strcspn(text, ",");

		if (filter->nr == VS_FILTER_MAX)
			return vs_error_set(error, VS_FAIL_INPUT,
				"filter: more than %d conditions", VS_FILTER_MAX);
		memset(&filter->condition[filter->nr], 0, sizeof(filter->condition[0]));
		if (parse_condition(text, length, &filter->condition[filter->nr], error))
			return -1;
		filter->nr++;
		text += length;
		text += *text == ',';
	}
	return 0;
}

void vs_filter_free(struct vs_filter *filter)
{
	for (int i = 0; i < filter->nr; i++)
		if (filter->condition[i].regex_used)
			regfree(&filter->condition[i].regex);
	filter->nr = 0;
}

static bool match_text(const struct vs_condition *condition, const struct vs_model *model,
		       const struct vs_vma *vma)
{
	char text[4200];

	vs_field_text(model, vma, condition->field, text, sizeof(text));
	switch (condition->op) {
	case OP_EQUAL:
		return !strcmp(text, condition->text);
	case OP_NOT_EQUAL:
		return strcmp(text, condition->text);
	case OP_MATCH:
		return !regexec(&condition->regex, text, 0, NULL, 0);
	default:
		return regexec(&condition->regex, text, 0, NULL, 0);
	}
}

static bool match_number(const struct vs_condition *condition, const struct vs_model *model,
			 const struct vs_vma *vma)
{
	uint64_t value = vs_field_number(model, vma, condition->field);

	if (value == VS_UNKNOWN)
		return false;
	switch (condition->op) {
	case OP_EQUAL:
		return value == condition->number;
	case OP_NOT_EQUAL:
		return value != condition->number;
	case OP_LESS:
		return value < condition->number;
	case OP_AT_MOST:
		return value <= condition->number;
	case OP_MORE:
		return value > condition->number;
	default:
		return value >= condition->number;
	}
}

bool vs_filter_match(const struct vs_filter *filter, const struct vs_model *model,
		     const struct vs_vma *vma)
{
	for (int i = 0; i < filter->nr; i++) {
		const struct vs_condition *condition = &filter->condition[i];

		if (vs_field_is_text(condition->field) ? !match_text(condition, model, vma) :
		    !match_number(condition, model, vma))
			return false;
	}
	return true;
}

int vs_sort_parse(const char *text, struct vs_sort *sort, struct vs_error *error)
{
	size_t length = strcspn(text, ":");
	const char *order = text + length;

	sort->field = vs_field_by_name(text, length);
	if (sort->field < 0)
		return vs_error_set(error, VS_FAIL_INPUT,
			"sort: no column '%.*s': 'vmscope maps -o help' lists them",
			(int)length, text);
	sort->descending = sort->field >= VS_FIELD_FIGURE;
	if (!*order)
		return 0;
	if (!strcmp(order, ":desc"))
		sort->descending = true;
	else if (!strcmp(order, ":asc"))
		sort->descending = false;
	else
		return vs_error_set(error, VS_FAIL_INPUT,
			"sort: '%s' is no order: write %.*s:asc or %.*s:desc", order + 1,
			(int)length, text, (int)length, text);
	return 0;
}

struct sort_context {
	const struct vs_model *model;
	const struct vs_sort *sort;
};

static int compare(const void *a, const void *b, void *data)
{
	const struct sort_context *context = data;
	const struct vs_vma *first = &context->model->vma[*(const uint32_t *)a];
	const struct vs_vma *second = &context->model->vma[*(const uint32_t *)b];
	int field = context->sort->field;
	int order;

	if (vs_field_is_text(field)) {
		char x[4200], y[4200];

		vs_field_text(context->model, first, field, x, sizeof(x));
		vs_field_text(context->model, second, field, y, sizeof(y));
		order = strcmp(x, y);
	} else {
		uint64_t x = vs_field_number(context->model, first, field);
		uint64_t y = vs_field_number(context->model, second, field);

		/* What is not known comes last in a descending order. */
		if (field >= VS_FIELD_FIGURE) {
			x++;
			y++;
		}
		order = x < y ? -1 : x > y;
	}
	if (context->sort->descending)
		order = -order;
	if (!order)
		order = first->start < second->start ? -1 : 1;
	return order;
}

uint32_t *vs_select(const struct vs_model *model, const struct vs_filter *filter,
		    const struct vs_sort *sort, size_t *nr)
{
	struct sort_context context = { model, sort };
	uint32_t *index = malloc((model->nr_vmas + 1) * sizeof(*index));

	*nr = 0;
	if (!index)
		return NULL;
	for (size_t i = 0; i < model->nr_vmas; i++)
		if (!filter || vs_filter_match(filter, model, &model->vma[i]))
			index[(*nr)++] = i;
	if (sort)
		qsort_r(index, *nr, sizeof(*index), compare, &context);
	return index;
}

size_t vs_top(const struct vs_model *model, enum vs_figure figure, uint32_t *index, size_t max)
{
	uint64_t best[64];
	size_t nr = 0;

	if (max > sizeof(best) / sizeof(best[0]))
		max = sizeof(best) / sizeof(best[0]);
	for (size_t i = 0; i < model->nr_vmas; i++) {
		uint64_t value = vs_figure(model, &model->vma[i], figure);
		size_t at;

		if (!value || value == VS_UNKNOWN)
			continue;
		for (at = nr; at > 0 && best[at - 1] < value; at--)
			;
		if (at == max)
			continue;
		if (nr < max)
			nr++;
		memmove(&best[at + 1], &best[at], (nr - at - 1) * sizeof(*best));
		memmove(&index[at + 1], &index[at], (nr - at - 1) * sizeof(*index));
		best[at] = value;
		index[at] = i;
	}
	return nr;
}
