// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Drawing the bar. It must not know where the parts come from.
 */
#include "bar.h"
#include "palette.h"

static void paint(const struct vs_style *style, const struct vs_paint *paint)
{
	if (style->color)
		fprintf(style->out, "\033[48;5;%u;38;5;%um", paint->background, paint->text);
}

static void unpaint(const struct vs_style *style)
{
	if (style->color)
		fputs("\033[0m", style->out);
}

/* Columns by share, at least one each; the largest part takes the rest. */
static void share_columns(const struct vs_part *part, int nr, int width, int *columns)
{
	uint64_t total = 0;
	int largest = 0, used = 0;

	for (int i = 0; i < nr; i++) {
		total += part[i].bytes;
		if (part[i].bytes > part[largest].bytes)
			largest = i;
	}
	for (int i = 0; i < nr; i++) {
		columns[i] = (double)part[i].bytes * width / total;
		if (!columns[i])
			columns[i] = 1;
		used += columns[i];
	}
	columns[largest] += width - used;
}

void vs_bar(const struct vs_style *style, const struct vs_part *part, int nr)
{
	int columns[VS_PARTS_MAX] = { 0 };

	if (!nr) {
		fprintf(style->out, "(nothing in memory or swap)\n");
		return;
	}
	share_columns(part, nr, style->width, columns);
	for (int i = 0; i < nr; i++) {
		const struct vs_paint *p = &vs_palette[part[i].id];

		paint(style, p);
		for (int n = 0; n < columns[i]; n++)
			fputc(p->letter, style->out);
		unpaint(style);
	}
	fputc('\n', style->out);
}

int vs_bar_legend(const struct vs_style *style, const struct vs_part *part, int nr)
{
	int column = 0, lines = 1;
	char text[32];

	if (!nr)
		return 0;
	for (int i = 0; i < nr; i++) {
		const struct vs_paint *p = &vs_palette[part[i].id];
		const char *amount = vs_amount(style, part[i].bytes, text, sizeof(text));
		int width = 3 + vs_columns(part[i].label) + vs_columns(amount);

		if (column && column + 2 + width > style->width) {
			fputc('\n', style->out);
			column = 0;
			lines++;
		} else if (column) {
			column += fprintf(style->out, "  ");
		}
		paint(style, p);
		fputc(p->letter, style->out);
		unpaint(style);
		fprintf(style->out, " %s ", part[i].label);
		vs_bold(style, true);
		fputs(amount, style->out);
		vs_bold(style, false);
		column += width;
	}
	fputc('\n', style->out);
	return lines;
}
