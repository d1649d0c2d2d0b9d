/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bar of parts in their letters and colours, and its legend. It must not
 * know where the parts come from.
 */
#ifndef VMSCOPE_BAR_H
#define VMSCOPE_BAR_H

#include "../analyze/parts.h"
#include "text.h"

/* One line over the whole width; each part gets at least one column. */
void vs_bar(const struct vs_style *style, const struct vs_part *part, int nr);

/* "A anon 812M  F file 12M": returns the number of lines. */
int vs_bar_legend(const struct vs_style *style, const struct vs_part *part, int nr);

#endif
