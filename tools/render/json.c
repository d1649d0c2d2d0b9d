// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * JSON by jansson, written piece by piece. It must not know the schema.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "text.h"

static void dump(struct vs_json *json, json_t *value)
{
	if (!value) {
		json->failed = true;
		fputs("null", json->out);
		return;
	}
	json_dumpf(value, json->out, JSON_ENCODE_ANY);
	json_decref(value);
}

/* The next thing begins a line, unless all are on one. */
static void next_line(struct vs_json *json, const char *indent)
{
	if (json->line)
		return;
	fputc('\n', json->out);
	fputs(indent, json->out);
}

static void name_member(struct vs_json *json, const char *name)
{
	if (json->member)
		fputc(',', json->out);
	next_line(json, " ");
	fprintf(json->out, "\"%s\": ", name);
	json->member = true;
}

void vs_json_begin(struct vs_json *json, FILE *out)
{
	memset(json, 0, sizeof(*json));
	json->out = out;
	fputc('{', out);
}

void vs_json_begin_line(struct vs_json *json, FILE *out)
{
	vs_json_begin(json, out);
	json->line = true;
}

void vs_json_member(struct vs_json *json, const char *name, json_t *value)
{
	name_member(json, name);
	dump(json, value);
}

void vs_json_array(struct vs_json *json, const char *name)
{
	name_member(json, name);
	fputc('[', json->out);
	json->element = false;
}

void vs_json_element(struct vs_json *json, json_t *value)
{
	if (json->element)
		fputc(',', json->out);
	next_line(json, "  ");
	json->element = true;
	dump(json, value);
}

void vs_json_array_end(struct vs_json *json)
{
	if (json->element)
		next_line(json, " ");
	fputc(']', json->out);
}

int vs_json_end(struct vs_json *json)
{
	next_line(json, "");
	fputs("}\n", json->out);
	return json->failed ? -ENOMEM : 0;
}

json_t *vs_json_bytes(uint64_t bytes)
{
	return bytes == UINT64_MAX ? json_null() : json_integer(bytes);
}

json_t *vs_json_hex(uint64_t value)
{
	return json_sprintf("0x%" PRIx64, value);
}

json_t *vs_json_text(const char *text)
{
	const char *from = text;
	json_t *value;
	char *clean;
	size_t at = 0;

	if (!text)
		return json_null();
	value = json_string(text);
	if (value)
		return value;
	clean = malloc(strlen(text) * 3 + 1);
	if (!clean)
		return NULL;
	while (*from) {
		size_t length = vs_utf8_length(from);

		memcpy(clean + at, length ? from : "\xef\xbf\xbd", length ? length : 3);
		at += length ? length : 3;
		from += length ? length : 1;
	}
	value = json_stringn(clean, at);
	free(clean);
	return value;
}
