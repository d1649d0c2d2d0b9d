/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text for people: units, colour, width, lines that flow. It must not know
 * what is being said.
 */
#ifndef VMSCOPE_TEXT_H
#define VMSCOPE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct vs_style {
	FILE *out;
	int width;		/* columns of the terminal */
	bool terminal;		/* rows are cut to the width */
	bool color;
	bool bytes;		/* plain bytes instead of 1.5G */
	bool raw;
	bool headings;
};

/* "0", "4K", "1.02G"; "-" when not known. At most 5 columns. Returns @text. */
const char *vs_human(uint64_t bytes, char *text, size_t size);

/* As the style wants it: vs_human() or plain bytes. */
const char *vs_amount(const struct vs_style *style, uint64_t bytes, char *text, size_t size);

/* A text for each of a few amounts in one line or row. */
#define VS_AMOUNTS	8

struct vs_amounts {
	const struct vs_style *style;
	int nr;
	char text[VS_AMOUNTS][32];
};

/* vs_amount(), whose text stands until VS_AMOUNTS more were asked for. */
const char *vs_next_amount(struct vs_amounts *amounts, uint64_t bytes);

/* vs_amount(), less than nothing too. */
const char *vs_signed_amount(const struct vs_style *style, int64_t bytes, char *text, size_t size);

/* "12 us", "3.4 ms". */
const char *vs_duration(uint64_t ns, char *text, size_t size);

/* "274,312" */
const char *vs_count(uint64_t number, char *text, size_t size);

/* As the style wants it: vs_count() or plain digits. */
const char *vs_number(const struct vs_style *style, uint64_t number, char *text, size_t size);

/* "4.7%", "35%"; "-" of nothing. */
const char *vs_percent(uint64_t part, uint64_t whole, char *text, size_t size);

/* Length of the valid UTF-8 sequence at the start, 0 when it is none. */
size_t vs_utf8_length(const char *text);

/* A copy without control characters, so that names cannot drive a terminal. */
const char *vs_clean(const char *from, char *text, size_t size);

/*
 * Where text is not plain ASCII, what it means depends on the locale. Loading
 * one costs more than many a look at a process, so it waits for such a text.
 */
void vs_need_locale(const char *text);

/* Columns that a text takes. */
int vs_columns(const char *text);

/* Bytes of a text that take no more than so many columns. */
size_t vs_head(const char *text, int columns);

/* The end of a text that is too long, behind "..."; cleans as well. */
const char *vs_tail(const char *from, int columns, char *text, size_t size);

/* There, what matters less is left out. */
bool vs_is_narrow(const struct vs_style *style);

void vs_bold(const struct vs_style *style, bool on);
void vs_dim(const struct vs_style *style, bool on);

/*
 * A paragraph: a label, then items that stay whole and flow into further lines
 * behind the label's width.
 */
struct vs_flow {
	const struct vs_style *style;
	int indent;
	int column;
	int lines;
	bool first;
};

void vs_flow_begin(struct vs_flow *flow, const struct vs_style *style, const char *label,
		   int indent);
void vs_flow_item(struct vs_flow *flow, const char *separator, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Prose, that breaks at spaces. */
void vs_flow_words(struct vs_flow *flow, const char *text);
/* Ends the last line; returns the number of lines. */
int vs_flow_end(struct vs_flow *flow);

#endif
