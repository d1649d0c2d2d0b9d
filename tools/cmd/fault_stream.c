// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which faults "vmscope faults --follow" tells one by one, and of which --stacks has
 * the stacks. It must not know how they are counted, nor how they are printed.
 */
#include <stdio.h>
#include <string.h>

#include "../analyze/range.h"
#include "../analyze/select.h"
#include "../lib/kernel.h"
#include "../render/faults.h"
#include "fault_stream.h"

/* What most programs have in a second or two. */
#define BUFFER		(4ull << 20)
#define MOST_BUFFER	(1ull << 30)

/* What has no cause, by its name. */
#define INVALID		"invalid"

static bool is_name(const char *text, size_t length, const char *name)
{
	return strlen(name) == length && !memcmp(text, name, length);
}

int vs_fault_causes_list(void)
{
	for (int i = 0; i < VS_FAULT_CAUSES; i++)
		printf("%-15s %s\n", vs_cause_id(i), vs_cause_name(i));
	printf("%-15s ended in a signal\n", INVALID);
	return VS_EXIT_OK;
}

static int choose_causes(const char *text, struct vs_stream *stream)
{
	const char *at = text;
	size_t length;

	for (;;) {
		int cause = 0;

		length = strcspn(at, ",");
		while (cause < VS_FAULT_CAUSES && !is_name(at, length, vs_cause_id(cause)))
			cause++;
		if (cause == VS_FAULT_CAUSES && !is_name(at, length, INVALID))
			break;
		stream->causes |= 1u << (cause == VS_FAULT_CAUSES ? VS_NO_CAUSE : cause);
		if (!at[length])
			return VS_EXIT_OK;
		at += length + 1;
	}
	vs_say("--cause: no cause '%.*s': 'vmscope faults --cause help' lists them", (int)length,
	       at);
	return VS_EXIT_USAGE;
}

/* Of a mapping programs know what it is, and the last part of its file's path. */
static int choose_mappings(const char *text, struct vs_stream *stream)
{
	const char *last = strrchr(text, '/');

	if (last) {
		vs_say("--range: '%s': of a path only the last part is known while faults happen: write '%s'",
		       text, last + 1);
		return VS_EXIT_USAGE;
	}
	stream->named = true;
	stream->kind = VS_FAULT_VMA_ANON;
	while (stream->kind <= VS_FAULT_VMA_SPECIAL) {
		if (!strcmp(text, vs_fault_vma_name(stream->kind, "")))
			return VS_EXIT_OK;
		stream->kind++;
	}
	if (!*text || *text == '[') {
		vs_say("--range: '%s' is neither START-END nor START+LENGTH nor the name of a file nor [heap], [stack], [anon] or [special]",
		       text);
		return VS_EXIT_USAGE;
	}
	stream->kind = VS_FAULT_VMA_FILE;
	/* no more of it is known either */
	memcpy(stream->name, text, strnlen(text, sizeof(stream->name) - 1));
	return VS_EXIT_OK;
}

static int choose_range(const char *text, struct vs_stream *stream)
{
	struct vs_kernel kernel = { 0 };
	struct vs_range range;
	struct vs_error error;
	int result;

	vs_kernel_identify(&kernel);
	vs_kernel_guess_geometry(&kernel);
	result = vs_range_parse(text, &kernel, &range, &error);
	if (result > 0)
		return choose_mappings(text, stream);
	if (result < 0)
		return vs_fail(&error);
	stream->start = range.start;
	stream->end = range.end;
	return VS_EXIT_OK;
}

static int choose_buffer(const char *text, struct vs_stream *stream)
{
	uint64_t bytes = BUFFER;

	if (text && (vs_parse_bytes(text, &bytes) || !bytes || bytes > MOST_BUFFER)) {
		vs_say("--buffer: '%s' is no size up to 1G: write 64K or 16M", text);
		return VS_EXIT_USAGE;
	}
	stream->buffer = bytes;
	return VS_EXIT_OK;
}

/* What would filter has nothing to filter. */
static int refuse_without(const struct vs_options *options)
{
	const char *given = options->causes ? "cause" : options->slower_ns ? "slower" :
		options->range ? "range" : NULL;

	if (given && !options->stacks)
		vs_say("faults: --%s is for single faults and stacks: add --follow or --stacks",
		       given);
	else if (options->buffer)
		vs_say("faults: --buffer is for single faults: add --follow");
	else
		return VS_EXIT_OK;
	return VS_EXIT_USAGE;
}

int vs_fault_stream_choose(const struct vs_options *options, struct vs_stream *stream)
{
	int result = options->follow ? VS_EXIT_OK : refuse_without(options);

	if (!result)
		result = choose_buffer(options->buffer, stream);
	if (!result && options->causes)
		result = choose_causes(options->causes, stream);
	if (!result && options->range)
		result = choose_range(options->range, stream);
	stream->slower_ns = options->slower_ns;
	return result;
}
