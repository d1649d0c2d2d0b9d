// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Filling in errors; it must not know what caused them.
 */
#include <stdarg.h>
#include <stdio.h>

#include "error.h"

int vs_error_set(struct vs_error *error, enum vs_fail fail, const char *format, ...)
{
	va_list list;

	error->fail = fail;
	va_start(list, format);
	vsnprintf(error->text, sizeof(error->text), format, list);
	va_end(list);
	return -1;
}

int vs_error_memory(struct vs_error *error)
{
	return vs_error_set(error, VS_FAIL_CANNOT,
			    "out of memory: free some, or ask for a smaller range");
}
