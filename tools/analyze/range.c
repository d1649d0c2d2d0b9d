// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ranges of addresses as people write them. It must not know what will be read
 * there.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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

static bool bears_name(const struct vs_model *model, const struct vs_vma *vma, const char *name)
{
	char text[4200];
	const char *last;

	vs_field_text(model, vma, VS_FIELD_NAME, text, sizeof(text));
	if (!strcmp(text, name))
		return true;
	if (vma->name_kind == VS_NAME_ANON)
		return !strcmp(vs_model_name(model, vma), name);
	last = strrchr(text, '/');
	return last && !strcmp(last + 1, name);
}

int vs_ranges_by_name(const char *name, const struct vs_model *model, struct vs_range **range,
		      struct vs_error *error)
{
	struct vs_range *found = NULL;
	int nr = 0;

	for (size_t i = 0; i < model->nr_vmas; i++) {
		const struct vs_vma *vma = &model->vma[i];
		struct vs_range *more;

		if (!bears_name(model, vma, name))
			continue;
		if (nr && found[nr - 1].end == vma->start) {
			found[nr - 1].end = vma->end;
			continue;
		}
		more = reallocarray(found, nr + 1, sizeof(*found));
		if (!more) {
			free(found);
			return vs_error_memory(error);
		}
		found = more;
		found[nr].start = vma->start;
		found[nr++].end = vma->end;
	}
	*range = found;
	if (!nr)
		return vs_error_set(error, VS_FAIL_INPUT,
			"'%s' is neither START-END nor START+LENGTH nor the name of a mapping: 'vmscope maps' lists them",
			name);
	return nr;
}
