/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Adds the extents of a scan up and compares them with its tallies; knows
 * nothing of procfs.
 */
#ifndef SELFTESTS_SUMS_H
#define SELFTESTS_SUMS_H

#include "scan.h"

/*
 * @s must hold VMAs, tallies, and extents with HOLES and the full key. Checks
 * that extents tile each VMA and that each figure of its tally is what the
 * extents add up to. Returns NULL or the first difference.
 */
const char *sums_check(const struct scan *s);

#endif
