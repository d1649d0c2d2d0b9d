// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Text for people. It must not know what is being said.
 */
#include <inttypes.h>
#include <locale.h>
#include <stdarg.h>
#include <string.h>

#include "text.h"

const char *vs_human(uint64_t bytes, char *text, size_t size)
{
	static const char units[] = "BKMGTPE";
	uint64_t whole, part;
	int unit = 0;

	if (bytes == UINT64_MAX || !bytes) {
		snprintf(text, size, bytes ? "-" : "0");
		return text;
	}
	while (unit < 6 && bytes >> 10 * unit >= 1024)
		unit++;
	/* In thousandths, rounded to three digits. */
	whole = bytes >> 10 * unit;
	part = unit ? ((bytes >> 10 * (unit - 1)) & 1023) * 1000 / 1024 : 0;
	if (whole >= 100)
		part = (part + 500) / 1000 * 1000;
	else if (whole >= 10)
		part = (part + 50) / 100 * 100;
	else
		part = (part + 5) / 10 * 10;
	whole += part / 1000;
	part %= 1000;
	if (!part)
		snprintf(text, size, "%" PRIu64 "%c", whole, units[unit]);
	else if (whole >= 10)
		snprintf(text, size, "%" PRIu64 ".%" PRIu64 "%c", whole, part / 100, units[unit]);
	else
		snprintf(text, size, "%" PRIu64 ".%02" PRIu64 "%c", whole, part / 10, units[unit]);
	return text;
}

const char *vs_amount(const struct vs_style *style, uint64_t bytes, char *text, size_t size)
{
	if (!style->bytes || bytes == UINT64_MAX)
		return vs_human(bytes, text, size);
	snprintf(text, size, "%" PRIu64, bytes);
	return text;
}

const char *vs_next_amount(struct vs_amounts *amounts, uint64_t bytes)
{
	char *text = amounts->text[amounts->nr++ % VS_AMOUNTS];

	return vs_amount(amounts->style, bytes, text, sizeof(amounts->text[0]));
}

const char *vs_signed_amount(const struct vs_style *style, int64_t bytes, char *text, size_t size)
{
	*text = '-';
	vs_amount(style, bytes < 0 ? -(uint64_t)bytes : (uint64_t)bytes, text + (bytes < 0),
		  size - 1);
	return text;
}

const char *vs_duration(uint64_t ns, char *text, size_t size)
{
	if (ns < 1000)
		snprintf(text, size, "%" PRIu64 " ns", ns);
	else if (ns < 10000)
		snprintf(text, size, "%" PRIu64 ".%" PRIu64 " us", ns / 1000, ns % 1000 / 100);
	else if (ns < 1000000)
		snprintf(text, size, "%" PRIu64 " us", ns / 1000);
	else if (ns < 1000000000)
		snprintf(text, size, "%" PRIu64 ".%" PRIu64 " ms", ns / 1000000,
			 ns % 1000000 / 100000);
	else
		snprintf(text, size, "%" PRIu64 ".%02" PRIu64 " s", ns / 1000000000,
			 ns % 1000000000 / 10000000);
	return text;
}

const char *vs_count(uint64_t number, char *text, size_t size)
{
	char plain[24];
	int digits = snprintf(plain, sizeof(plain), "%" PRIu64, number);
	size_t at = 0;

	for (int i = 0; i < digits && at + 2 < size; i++) {
		if (i && (digits - i) % 3 == 0)
			text[at++] = ',';
		text[at++] = plain[i];
	}
	text[at] = 0;
	return text;
}

const char *vs_number(const struct vs_style *style, uint64_t number, char *text, size_t size)
{
	if (!style->bytes)
		return vs_count(number, text, size);
	snprintf(text, size, "%" PRIu64, number);
	return text;
}

const char *vs_percent(uint64_t part, uint64_t whole, char *text, size_t size)
{
	double percent = whole ? 100.0 * part / whole : 0;

	if (!whole)
		return "-";
	snprintf(text, size, percent < 9.95 ? "%.1f%%" : "%.0f%%", percent);
	return text;
}

size_t vs_utf8_length(const char *from)
{
	const unsigned char *text = (const unsigned char *)from;
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

/* Controls of one byte or, as 0xc2 0x80 to 0xc2 0x9f, of two. */
static bool is_control(const unsigned char *byte)
{
	return byte[0] < 0x20 || byte[0] == 0x7f || (byte[0] == 0xc2 && byte[1] < 0xa0);
}

const char *vs_clean(const char *from, char *text, size_t size)
{
	size_t at = 0;

	while (*from && at + 5 < size) {
		size_t length = vs_utf8_length(from);

		if (!length || is_control((const unsigned char *)from)) {
			at += snprintf(text + at, size - at, "\\x%02x", (unsigned char)*from++);
			continue;
		}
		memcpy(text + at, from, length);
		at += length;
		from += length;
	}
	text[at] = 0;
	return text;
}

void vs_need_locale(const char *text)
{
	static bool loaded;

	for (; !loaded && *text; text++) {
		if (!(*text & 0x80))
			continue;
		setlocale(LC_CTYPE, "");
		loaded = true;
	}
}

int vs_columns(const char *text)
{
	int columns = 0;

	for (; *text; text++)
		columns += (*text & 0xc0) != 0x80;
	return columns;
}

size_t vs_head(const char *text, int columns)
{
	const char *end = text;

	while (*end && (columns -= (*end & 0xc0) != 0x80) >= 0)
		end++;
	return end - text;
}

const char *vs_tail(const char *from, int columns, char *text, size_t size)
{
	char clean[4200];
	const char *tail = vs_clean(from, clean, sizeof(clean));
	int surplus = vs_columns(tail) - columns;

	if (surplus <= 0 || columns < 8) {
		snprintf(text, size, "%s", tail);
		return text;
	}
	for (surplus += 3; surplus > 0; surplus--) {
		tail++;
		while ((*tail & 0xc0) == 0x80)
			tail++;
	}
	snprintf(text, size, "...%s", tail);
	return text;
}

bool vs_is_narrow(const struct vs_style *style)
{
	return style->width < 60;
}

void vs_bold(const struct vs_style *style, bool on)
{
	if (style->color)
		fputs(on ? "\033[1m" : "\033[0m", style->out);
}

void vs_dim(const struct vs_style *style, bool on)
{
	if (style->color)
		fputs(on ? "\033[2m" : "\033[0m", style->out);
}

void vs_flow_begin(struct vs_flow *flow, const struct vs_style *style, const char *label,
		   int indent)
{
	flow->style = style;
	flow->indent = indent;
	flow->lines = 1;
	flow->first = true;
	if (*label)
		vs_dim(style, true);
	flow->column = fprintf(style->out, "%-*s", indent, label);
	if (*label)
		vs_dim(style, false);
}

static void put_item(struct vs_flow *flow, const char *separator, const char *item)
{
	FILE *out = flow->style->out;
	int width = vs_columns(item);

	/* An item of nothing but colour takes no room. */
	if (!flow->first) {
		int gap = strlen(separator);

		/* what a separator says stays on the line: one column is kept for it */
		if (flow->column + gap + width >= flow->style->width &&
		    flow->column > flow->indent) {
			while (gap && separator[gap - 1] == ' ')
				gap--;
			fprintf(out, "%.*s\n%*s", gap, separator, flow->indent, "");
			flow->column = flow->indent;
			flow->lines++;
		} else {
			fputs(separator, out);
			flow->column += gap;
		}
	}
	fputs(item, out);
	flow->column += width;
	flow->first = false;
}

void vs_flow_item(struct vs_flow *flow, const char *separator, const char *format, ...)
{
	char item[1024];
	va_list list;

	va_start(list, format);
	vsnprintf(item, sizeof(item), format, list);
	va_end(list);
	put_item(flow, separator, item);
}

void vs_flow_words(struct vs_flow *flow, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, " ");

		vs_flow_item(flow, " ", "%.*s", (int)length, text);
		text += length;
		text += strspn(text, " ");
	}
}

int vs_flow_end(struct vs_flow *flow)
{
	fputc('\n', flow->style->out);
	return flow->lines;
}
