// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Page faults one by one, for people and as JSON. It must not collect anything.
 *
 * A program has tens of thousands of them in a second, and while they are written
 * nobody makes room for more: so these lines are put together without printf().
 */
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "faults.h"

/* Below so many columns, what matters less is left out. */
#define WIDE		60

#define WHO_WIDTH	11
#define US_WIDTH	9
#define CAUSE_WIDTH	14
#define ADDRESS_WIDTH	12

/* One line, that is long enough for all of it. */
struct line {
	char text[512];			/* and room for a 0 */
	size_t length;
};

static const char * const kinds[] = {
	[VS_TOLD_MINOR] = "minor",
	[VS_TOLD_MAJOR] = "major",
	[VS_TOLD_FAILED] = "failed",
	[VS_TOLD_WRONG] = "wrong",
};

static const char *signal_name(const struct vs_told_fault *fault)
{
	return fault->signal == SIGBUS ? "SIGBUS" : "SIGSEGV";
}

/* ------------------------------------------------------------ parts of a line */

/* All of what is put there is much shorter than a line can be. */
static void put_char(struct line *line, char c)
{
	line->text[line->length++] = c;
}

static void put(struct line *line, const char *text)
{
	while (*text)
		put_char(line, *text++);
}

static void fill_up(struct line *line, size_t length)
{
	while (line->length < length)
		put_char(line, ' ');
}

/* And a space behind it. */
static void put_left(struct line *line, const char *text, size_t width)
{
	size_t end = line->length + width;

	put(line, text);
	fill_up(line, end);
	put_char(line, ' ');
}

/* At least so many digits, filled up with @fill. */
static void put_number(struct line *line, uint64_t number, unsigned int base, int width, char fill)
{
	uint64_t rest = number;
	int digits = 1;
	char *at;

	while (rest >= base) {
		rest /= base;
		digits++;
	}
	while (width-- > digits)
		put_char(line, fill);
	line->length += digits;
	at = line->text + line->length;
	do {
		*--at = "0123456789abcdef"[number % base];
		number /= base;
	} while (number);
}

static void put_time(struct line *line, uint64_t ns)
{
	put_number(line, ns / 1000000000, 10, 3, ' ');
	put_char(line, '.');
	put_number(line, ns / 1000 % 1000000, 10, 6, '0');
	put_char(line, ' ');
}

/* The thread, behind its process where it is not the first one. */
static void put_who(struct line *line, const struct vs_told_fault *fault)
{
	size_t end = line->length + WHO_WIDTH;

	put_number(line, fault->pid, 10, 1, ' ');
	if (fault->tid != fault->pid) {
		put_char(line, '/');
		put_number(line, fault->tid, 10, 1, ' ');
	}
	fill_up(line, end);
	put_char(line, ' ');
}

static void put_us(struct line *line, const struct vs_told_fault *fault)
{
	if (!fault->placed || fault->what == VS_TOLD_WRONG) {
		put(line, "        - ");
		return;
	}
	put_number(line, fault->ns / 1000, 10, US_WIDTH - 2, ' ');
	put_char(line, '.');
	put_number(line, fault->ns / 100 % 10, 10, 1, '0');
	put_char(line, ' ');
}

static void put_address(struct line *line, const struct vs_told_fault *fault)
{
	if (fault->placed)
		put_number(line, fault->address, 16, ADDRESS_WIDTH, '0');
	else
		put(line, "           -");
	put_char(line, ' ');
}

static void put_cause(struct line *line, const struct vs_told_fault *fault)
{
	if (fault->what == VS_TOLD_WRONG)
		put_left(line, signal_name(fault), CAUSE_WIDTH);
	else if (fault->what == VS_TOLD_FAILED)
		put_left(line, "-", CAUSE_WIDTH);
	else
		put_left(line, vs_cause_name(fault->cause), CAUSE_WIDTH);
}

static uint64_t offset_of(const struct vs_told_fault *fault)
{
	return (fault->vma->offset + fault->address) & ~4095ull;
}

static void put_place(struct line *line, const struct vs_told_fault *fault)
{
	const struct vs_told_vma *vma = fault->vma;
	char clean[4 * VS_FAULT_NAME];

	if (!vma) {
		put_char(line, '-');
	} else if (vma->kind != VS_FAULT_VMA_FILE) {
		put(line, vs_fault_vma_name(vma->kind, vma->name));
	} else {
		put(line, vs_clean(vma->name, clean, sizeof(clean)));
		if (fault->placed) {
			put(line, "+0x");
			put_number(line, offset_of(fault), 16, 1, '0');
		}
	}
}

/* On a terminal no line is wider than it; no character is cut in two. */
static void end_line(const struct vs_style *style, struct line *line)
{
	if (style->terminal && line->length > (size_t)style->width) {
		line->text[line->length] = 0;
		line->length = vs_head(line->text, style->width);
	}
	put_char(line, '\n');
	fwrite_unlocked(line->text, 1, line->length, style->out);
}

/* ------------------------------------------------------------------ for people */

void vs_told_head(const struct vs_style *style)
{
	struct line line;

	line.length = 0;
	if (style->width >= WIDE) {
		put_left(&line, "      TIME", 10);
		put_left(&line, "PID/TID", WHO_WIDTH);
		put_left(&line, "KIND", 6);
	}
	put_left(&line, "ADDRESS", ADDRESS_WIDTH);
	if (style->width >= WIDE)
		put_left(&line, "       US", US_WIDTH);
	put_left(&line, "CAUSE", CAUSE_WIDTH);
	put(&line, "MAPPING");
	end_line(style, &line);
}

void vs_told_line(const struct vs_style *style, const struct vs_told_fault *fault)
{
	struct line line;

	line.length = 0;
	if (style->width >= WIDE) {
		put_time(&line, fault->at_ns);
		put_who(&line, fault);
		put_left(&line, kinds[fault->what], 6);
	}
	put_address(&line, fault);
	if (style->width >= WIDE)
		put_us(&line, fault);
	put_cause(&line, fault);
	put_place(&line, fault);
	end_line(style, &line);
}

void vs_told_lost(const struct vs_style *style, uint64_t nr)
{
	char number[32];

	fprintf(style->out, "LOST %s here, for want of room\n",
		vs_number(style, nr, number, sizeof(number)));
}

/* --------------------------------------------------------------------- as JSON */

static void write_json(FILE *out, json_t *value)
{
	json_dumpf(value, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(value);
}

static json_t *vma_json(const struct vs_told_fault *fault)
{
	const struct vs_told_vma *vma = fault->vma;
	json_t *file = json_null();

	if (!vma)
		return json_null();
	if (vma->kind == VS_FAULT_VMA_FILE)
		file = json_pack("{s:I, s:I, s:I, s:o}", "dev_major", (json_int_t)vma->dev_major,
			"dev_minor", (json_int_t)vma->dev_minor,
			"inode", (json_int_t)vma->inode,
			"offset", fault->placed ? json_integer(offset_of(fault)) : json_null());
	return json_pack("{s:o, s:b, s:o}", "name",
			 vs_json_text(vs_fault_vma_name(vma->kind, vma->name)),
			 "foreign", vma->foreign, "file", file);
}

void vs_told_json(FILE *out, const struct vs_told_fault *fault)
{
	bool wrong = fault->what == VS_TOLD_WRONG, failed = fault->what == VS_TOLD_FAILED;

	write_json(out, json_pack("{s:I, s:I, s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o}",
		"at_ns", (json_int_t)fault->at_ns,
		"pid", (json_int_t)fault->pid, "tid", (json_int_t)fault->tid,
		"kind", kinds[fault->what],
		"cause", wrong || failed ? json_null() : json_string(vs_cause_id(fault->cause)),
		"signal", wrong ? json_string(signal_name(fault)) : json_null(),
		"address", fault->placed ? vs_json_hex(fault->address) : json_null(),
		"write", wrong || !fault->placed ? json_null() : json_boolean(fault->write),
		"time_ns", wrong || !fault->placed ? json_null() : json_integer(fault->ns),
		"mapping", vma_json(fault)));
}

void vs_told_lost_json(FILE *out, uint64_t nr)
{
	write_json(out, json_pack("{s:I}", "lost", (json_int_t)nr));
}
