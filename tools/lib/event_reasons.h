/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel calls its reasons for events. It must not know how they are counted.
 */
#ifndef VMSCOPE_EVENT_REASONS_H
#define VMSCOPE_EVENT_REASONS_H

#include "events.h"

struct btf;

/* By number; "" where there is none. */
struct vs_event_reasons {
	char name[EVENT_WHYS][EVENT_REASONS][40];
};

/* As the enums in the kernel's types have them, into what is all zero. */
void vs_event_reasons_read(struct vs_event_reasons *reasons, const struct btf *types);

#endif
