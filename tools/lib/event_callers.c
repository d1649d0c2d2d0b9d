// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which function of the kernel asked for an event that has no reason of its own. It
 * must not know how that is counted.
 */
#ifdef VMSCOPE_BPF

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "event_callers.h"

/* Functions with this in their names only pass it on. */
static const char * const on_the_way[] = {
	"split_huge", "split_folio", "folio_split", "unmap_folio", "rmap_walk", "try_to_unmap",
	"try_to_migrate",
};

static bool is_on_the_way(const char *name)
{
	for (size_t i = 0; i < sizeof(on_the_way) / sizeof(on_the_way[0]); i++)
		if (strstr(name, on_the_way[i]))
			return true;
	return false;
}

/* What a compiler made of a function has its name, and more behind a dot. */
static const char *caller(const struct vs_kernel_symbols *symbols, const struct event_path *path,
			  int *length)
{
	for (int i = 0; i < EVENT_FRAMES && path->at[i]; i++) {
		const char *name = vs_kernel_symbol(symbols, path->at[i]);

		if (!name || is_on_the_way(name))
			continue;
		*length = strcspn(name, ".");
		return name;
	}
	*length = strlen("unknown");
	return "unknown";
}

size_t vs_event_caller_add(struct vs_event_reason *reason, size_t nr, enum vs_event event,
			   const struct vs_kernel_symbols *symbols,
			   const struct event_path *path, const struct vs_event_count *count)
{
	struct vs_event_reason one = { .event = event, .is_function = true };
	int length;
	const char *name = caller(symbols, path, &length);
	size_t i;

	snprintf(one.name, sizeof(one.name), "%.*s", length, name);
	for (i = 0; i < nr; i++)
		if (reason[i].event == event && !strcmp(reason[i].name, one.name))
			break;
	if (i == nr)
		reason[nr++] = one;
	reason[i].count.times += count->times;
	reason[i].count.failed += count->failed;
	return nr;
}

#endif
