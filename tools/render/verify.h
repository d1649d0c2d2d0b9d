/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The outcome of a comparison, for people and as JSON. It must not compare
 * anything.
 */
#ifndef VMSCOPE_VERIFY_H
#define VMSCOPE_VERIFY_H

#include "../analyze/compare.h"
#include "report.h"

struct vs_verdict_report {
	const struct vs_report *report;
	const struct vs_comparison *mappings;
	const struct vs_comparison *pages;
	const char *pages_missing;	/* why pages were not compared, or NULL */
};

void vs_verify_screen(const struct vs_style *style, const struct vs_verdict_report *verdict);
int vs_verify_json(FILE *out, const struct vs_verdict_report *verdict);

#endif
