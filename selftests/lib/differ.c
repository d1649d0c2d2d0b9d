// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sentence in which a check says what is not as expected; knows nothing of
 * what was checked.
 */
#include <stdarg.h>
#include <stdio.h>

#include "differ.h"

const char *differ(const char *format, ...)
{
	static char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return text;
}
