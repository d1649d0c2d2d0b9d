// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmscope doctor: what works here. It must not know how it is examined or told.
 */
#include "../render/doctor.h"
#include "cmd.h"

int vs_cmd_doctor(const struct vs_options *options)
{
	struct vs_health health;
	struct vs_style style;

	vs_health_check(&health);
	vs_style_init(&style, options);
	if (options->json)
		vs_doctor_json(stdout, &health);
	else
		vs_doctor_screen(&style, &health);
	if (health.module_works)
		return VS_EXIT_OK;
	return health.permission_missing ? VS_EXIT_PERMISSION : VS_EXIT_CANNOT;
}
