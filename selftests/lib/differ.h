/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sentence in which a check says what is not as expected; knows nothing of
 * what was checked.
 */
#ifndef SELFTESTS_DIFFER_H
#define SELFTESTS_DIFFER_H

/* As printf() has it; stands until the next one. */
const char *differ(const char *format, ...);

#endif
