// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ranges of addresses as people write them. It must not know what will be read
 * there.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "objects.h"
#include "range.h"
#include "select.h"

static const char *hex(const char *text, uint64_t *address)
{
	char *end;

	/* strtoull would take signs and spaces */
	if (!strchr("0123456789abcdefABCDEF", *text) || !*text)
		return NULL;
	errno = 0;
	*address = strtoull(text, &end, 16);
	return errno ? NULL : end;
}

int vs_parse_address(const char *text, uint64_t *address)
{
	const char *end = hex(text, address);

	return end && !*end ? 0 : -1;
}

static int check(const char *text, const struct vs_kernel *kernel, struct vs_range *range,
		 struct vs_error *error)
{
	uint64_t page = 1ull << kernel->page_shift;

	if (range->end <= range->start)
		return vs_error_set(error, VS_FAIL_INPUT,
			"range %s: ends at or before its start: write START-END or START+LENGTH",
			text);
	if (range->start % page)
		return vs_error_set(error, VS_FAIL_INPUT,
			"range %s: 0x%" PRIx64 " is no multiple of the page size %" PRIu64 ": try 0x%" PRIx64,
			text, range->start, page, range->start & ~(page - 1));
	if (range->end % page)
		return vs_error_set(error, VS_FAIL_INPUT,
			"range %s: its end 0x%" PRIx64 " is no multiple of the page size %" PRIu64,
			text, range->end, page);
	if (kernel->task_size && range->start >= kernel->task_size)
		return vs_error_set(error, VS_FAIL_INPUT,
			"range %s: no user address: they end at 0x%" PRIx64, text,
			kernel->task_size);
	return 0;
}

int vs_range_parse(const char *text, const struct vs_kernel *kernel, struct vs_range *range,
		   struct vs_error *error)
{
	const char *end = hex(text, &range->start);
	uint64_t length;

	if (end && *end == '-') {
		end = hex(end + 1, &range->end);
		if (end && !*end)
			return check(text, kernel, range, error);
	} else if (end && *end == '+' && !vs_parse_bytes(end + 1, &length)) {
		if (length > UINT64_MAX - range->start)
			return vs_error_set(error, VS_FAIL_INPUT,
				"range %s: goes beyond the last address", text);
		range->end = range->start + length;
		return check(text, kernel, range, error);
	}
	return 1;
}

#define DELETED	" (deleted)"

/* How much of a mapping's name a text is. */
enum likeness {
	UNLIKE,
	LAST_PART,			/* of a path */
	ALL_OF_IT,
};

static bool is_same(const char *text, const char *end, const char *name)
{
	return strlen(name) == (size_t)(end - text) && !memcmp(text, name, end - text);
}

/* As it stands in "vmscope maps" or in "vmscope share", the file deleted or not. */
static enum likeness compare(const struct vs_model *model, const struct vs_vma *vma,
			     const char *name, char *text, size_t size)
{
	const char *end, *last;

	vs_object_name(model, vma, text, size);
	if (!strcmp(text, name))
		return ALL_OF_IT;
	vs_field_text(model, vma, VS_FIELD_NAME, text, size);
	if (!strcmp(text, name))
		return ALL_OF_IT;
	if (vma->name_kind == VS_NAME_ANON)
		return strcmp(vs_model_name(model, vma), name) ? UNLIKE : ALL_OF_IT;
	last = strrchr(text, '/');
	if (!last)
		return UNLIKE;
	end = last + strlen(last);
	if (end - last > (ptrdiff_t)strlen(DELETED) && !strcmp(end - strlen(DELETED), DELETED))
		end -= strlen(DELETED);
	if (is_same(text, end, name))
		return ALL_OF_IT;
	return !strcmp(last + 1, name) || is_same(last + 1, end, name) ? LAST_PART : UNLIKE;
}

/* The paths that end in a name, when it is the last part of several. */
struct candidates {
	int nr;
	char list[700];
};

static void add_candidate(struct candidates *all, const char *path)
{
	size_t length = strlen(all->list);
	char item[4202];

	snprintf(item, sizeof(item), "%s%s", all->nr ? ", " : "", path);
	/* mappings of a file follow each other: not told twice */
	if (all->nr && strstr(all->list, path))
		return;
	all->nr++;
	if (length + strlen(item) + 5 < sizeof(all->list))
		strcat(all->list, item);
	else if (strcmp(all->list + length - 3, "..."))
		strcat(all->list, ", ...");
}

static int add_range(struct vs_range **found, int nr, const struct vs_vma *vma)
{
	struct vs_range *more;

	if (nr && (*found)[nr - 1].end == vma->start) {
		(*found)[nr - 1].end = vma->end;
		return nr;
	}
	more = reallocarray(*found, nr + 1, sizeof(*more));
	if (!more)
		return -1;
	*found = more;
	more[nr] = (struct vs_range){ vma->start, vma->end };
	return nr + 1;
}

/* Those of which the name is @like. Return: their number, or -1 without memory. */
static int collect(const char *name, const struct vs_model *model, enum likeness like,
		   struct vs_range **found, struct candidates *candidates)
{
	char text[4200];
	int nr = 0;

	for (size_t i = 0; i < model->nr_vmas && nr >= 0; i++) {
		if (compare(model, &model->vma[i], name, text, sizeof(text)) != like)
			continue;
		nr = add_range(found, nr, &model->vma[i]);
		if (like == LAST_PART)
			add_candidate(candidates, text);
	}
	return nr;
}

int vs_ranges_by_name(const char *name, const struct vs_model *model, struct vs_range **range,
		      struct vs_error *error)
{
	struct candidates candidates = { 0 };
	int nr;

	*range = NULL;
	nr = collect(name, model, ALL_OF_IT, range, &candidates);
	if (!nr)
		nr = collect(name, model, LAST_PART, range, &candidates);
	if (nr > 0 && candidates.nr < 2)
		return nr;
	free(*range);
	*range = NULL;
	if (nr < 0)
		return vs_error_memory(error);
	if (candidates.nr)
		return vs_error_set(error, VS_FAIL_INPUT,
			"'%s' is the last part of %d names: write one of them: %s", name,
			candidates.nr, candidates.list);
	vs_error_set(error, VS_FAIL_INPUT,
		     "'%s' is neither START-END nor START+LENGTH nor the name of a mapping: 'vmscope maps' lists them",
		     name);
	return 0;
}
