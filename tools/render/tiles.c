// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Drawing tiles. It must not know what they mean.
 */
#include "tiles.h"

static int tile_width(const struct vs_style *style)
{
	int width = style->bytes ? 20 : 13;

	return width > style->width ? style->width : width;
}

static void tile_value(const struct vs_style *style, const struct vs_tile *tile, int width)
{
	char number[32], text[48];
	const char *amount = vs_amount(style, tile->bytes, number, sizeof(number));

	if (tile->note)
		snprintf(text, sizeof(text), "%s [%d]", amount, tile->note);
	else
		snprintf(text, sizeof(text), "%s", amount);
	vs_bold(style, true);
	fprintf(style->out, "%s", text);
	vs_bold(style, false);
	if (width > vs_columns(text))
		fprintf(style->out, "%*s", width - vs_columns(text), "");
}

int vs_tiles(const struct vs_style *style, const struct vs_tile *tile, int nr)
{
	int width = tile_width(style), lines = 0;
	int row = style->width / width;

	for (int i = 0; i < nr; i += row) {
		int last = i + row < nr ? i + row : nr;

		for (int n = i; n < last; n++)
			fprintf(style->out, "%-*s", n + 1 < last ? width : 0, tile[n].name);
		fputc('\n', style->out);
		for (int n = i; n < last; n++)
			tile_value(style, &tile[n], n + 1 < last ? width : 0);
		fputc('\n', style->out);
		lines += 2;
	}
	return lines;
}
