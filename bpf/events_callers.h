/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who in the kernel asked for what it gives no reason for: the functions that led
 * there. A part of events.bpf.c; it knows no event.
 */
#ifndef VMSCOPE_BPF_EVENTS_CALLERS_H
#define VMSCOPE_BPF_EVENTS_CALLERS_H

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EVENT_PATHS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct event_path);
	__type(value, struct event_count);
} paths SEC(".maps");

static const struct event_count no_count;

/* @ctx: of the program that runs. */
static __always_inline void add_path(void *ctx, __u32 event, __u64 failed)
{
	struct event_path path = { .event = event };
	struct event_count *c;

	/* Without a stack it is one that nobody is known of. */
	bpf_get_stack(ctx, path.at, sizeof(path.at), 0);
	c = bpf_map_lookup_elem(&paths, &path);
	if (!c) {
		bpf_map_update_elem(&paths, &path, &no_count, BPF_NOEXIST);
		c = bpf_map_lookup_elem(&paths, &path);
	}
	if (c)
		add(c, 0, failed, 0);
}

#endif
