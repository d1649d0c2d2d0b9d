// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * JSON by jansson, written piece by piece. It must not know the schema.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

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

static void name_member(struct vs_json *json, const char *name)
{
	fprintf(json->out, "%s\n \"%s\": ", json->member ? "," : "", name);
	json->member = true;
}

void vs_json_begin(struct vs_json *json, FILE *out)
{
	memset(json, 0, sizeof(*json));
	json->out = out;
	fputc('{', out);
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
	fputs(json->element ? ",\n  " : "\n  ", json->out);
	json->element = true;
	dump(json, value);
}

void vs_json_array_end(struct vs_json *json)
{
	fputs(json->element ? "\n ]" : "]", json->out);
}

int vs_json_end(struct vs_json *json)
{
	fputs("\n}\n", json->out);
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

/* Length of the valid UTF-8 sequence at the start, 0 when it is none. */
static size_t sequence(const unsigned char *text)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t least;
	} form[] = {
		{ 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 },
		{ 0xf8, 0xf0, 0x10000 },
	};

	for (size_t n = 0; n < sizeof(form) / sizeof(form[0]); n++) {
		uint32_t code = text[0] & ~form[n].mask;

		if ((text[0] & form[n].mask) != form[n].lead)
			continue;
		for (size_t i = 1; i <= n; i++) {
			if ((text[i] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (text[i] & 0x3f);
		}
		if (code < form[n].least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
			return 0;
		return n + 1;
	}
	return 0;
}

json_t *vs_json_text(const char *text)
{
	const unsigned char *from = (const unsigned char *)text;
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
		size_t length = sequence(from);

		memcpy(clean + at, length ? (const char *)from : "\xef\xbf\xbd", length ? length : 3);
		at += length ? length : 3;
		from += length ? length : 1;
	}
	value = json_stringn(clean, at);
	free(clean);
	return value;
}
