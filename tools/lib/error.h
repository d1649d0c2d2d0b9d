/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How the library reports that something failed: a class and one sentence that
 * names the thing and the next step. It must not know exit codes or print.
 */
#ifndef VMSCOPE_ERROR_H
#define VMSCOPE_ERROR_H

enum vs_fail {
	VS_FAIL_NONE,
	VS_FAIL_INPUT,		/* what was asked makes no sense */
	VS_FAIL_GONE,		/* the process, or its memory, is gone */
	VS_FAIL_CANNOT,		/* this machine or kernel cannot do it */
	VS_FAIL_PERMISSION,	/* somebody else could */
	VS_FAIL_MISMATCH,	/* module and command speak different versions */
	VS_FAIL_PARTIAL,	/* some of the data is missing */
};

struct vs_error {
	enum vs_fail fail;
	char text[640];
};

/* Fill in and return -1, so that callers can return it. */
int vs_error_set(struct vs_error *error, enum vs_fail fail, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

int vs_error_memory(struct vs_error *error);

#endif
