/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The findings about a machine, for people and as JSON. It must not examine
 * anything.
 */
#ifndef VMSCOPE_DOCTOR_H
#define VMSCOPE_DOCTOR_H

#include "../lib/health.h"
#include "text.h"

void vs_doctor_screen(const struct vs_style *style, const struct vs_health *health);
int vs_doctor_json(FILE *out, const struct vs_health *health);

#endif
