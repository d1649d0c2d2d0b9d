/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the programs that count memory events are attached, as far as this kernel
 * has what they want. It must not know what they count.
 */
#ifndef VMSCOPE_EVENT_HOOKS_H
#define VMSCOPE_EVENT_HOOKS_H

#include "error.h"
#include "event_log.h"
#include "event_reasons.h"

struct events_bpf;

struct vs_event_hooks {
	struct events_bpf *bpf;
	const char *missing[VS_EVENT_MISSING];
	size_t nr_missing;
	struct vs_event_reasons reasons;
};

/*
 * Everything that can be is attached; into one that is empty. @room: for processes, and as
 * many mappings; 0: as is usual.
 */
int vs_event_hooks_open(struct vs_event_hooks *hooks, enum vs_event_scope scope,
			uint32_t room, struct vs_error *error);
void vs_event_hooks_close(struct vs_event_hooks *hooks);

/* Events that a program did not see, for it was counting another one on that CPU. */
uint64_t vs_event_hooks_missed(const struct vs_event_hooks *hooks);

#endif
