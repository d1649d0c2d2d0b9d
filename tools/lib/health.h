/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What works on this machine and why the rest does not. It must not know how
 * it is told.
 */
#ifndef VMSCOPE_HEALTH_H
#define VMSCOPE_HEALTH_H

#include <stdbool.h>

enum vs_verdict {
	VS_WORKS,
	VS_LIMITED,		/* works, but something cannot be seen */
	VS_MISSING,
	VS_TOLD,		/* a fact, neither good nor bad */
};

struct vs_check {
	const char *name;
	enum vs_verdict verdict;
	char finding[320];
	char next[320];		/* what to do about it, or empty */
};

#define VS_CHECKS_MAX	24

struct vs_health {
	struct vs_check check[VS_CHECKS_MAX];
	int nr;
	bool module_works;
	bool permission_missing;	/* why it does not */
};

void vs_health_check(struct vs_health *health);

#endif
