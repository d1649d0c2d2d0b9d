// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd.h"
int vs_cmd_verify(const struct vs_options *options)
{
	(void)options;
	return VS_EXIT_CANNOT;
}
