/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which function of the kernel asked for an event that has no reason of its own. It
 * must not know how that is counted.
 */
#ifndef VMSCOPE_EVENT_CALLERS_H
#define VMSCOPE_EVENT_CALLERS_H

#include "event_log.h"
#include "events.h"
#include "kernel_symbols.h"

/*
 * Adds @count of @path to the reason of its caller among @nr ones, of which there is room for
 * one more. Returns how many there are then.
 */
size_t vs_event_caller_add(struct vs_event_reason *reason, size_t nr, enum vs_event event,
			   const struct vs_kernel_symbols *symbols,
			   const struct event_path *path, const struct vs_event_count *count);

#endif
