// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the kernel calls its reasons for events. It must not know how they are counted.
 */
#ifdef VMSCOPE_BPF

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>

#include "event_reasons.h"

/* The enums that they come from, and what all names in them begin with. */
static const struct {
	const char *type;
	const char *prefix;
} enums[EVENT_WHYS] = {
	[EVENT_WHY_COMPACT] = { "compact_result", "COMPACT_" },
	[EVENT_WHY_THP_FAULT] = { "scan_result", "SCAN_" },
	[EVENT_WHY_SCAN] = { "scan_result", "SCAN_" },
	[EVENT_WHY_COLLAPSE] = { "scan_result", "SCAN_" },
	[EVENT_WHY_MIGRATE] = { "migrate_reason", "MR_" },
	[EVENT_WHY_TLB] = { "tlb_flush_reason", "TLB_" },
};

static void read_names(struct vs_event_reasons *reasons, const struct btf *types, int why)
{
	int id = btf__find_by_name_kind(types, enums[why].type, BTF_KIND_ENUM);
	const struct btf_type *type = id > 0 ? btf__type_by_id(types, id) : NULL;
	const char *prefix = enums[why].prefix;

	for (int i = 0; type && i < btf_vlen(type); i++) {
		const struct btf_enum *value = &btf_enum(type)[i];
		const char *name = btf__name_by_offset(types, value->name_off);
		char *to;

		if (value->val < 0 || value->val >= EVENT_REASONS)
			continue;
		to = reasons->name[why][value->val];
		if (!strncmp(name, prefix, strlen(prefix)))
			name += strlen(prefix);
		snprintf(to, sizeof(reasons->name[why][0]), "%s", name);
		for (; *to; to++)
			*to = tolower((unsigned char)*to);
	}
}

void vs_event_reasons_read(struct vs_event_reasons *reasons, const struct btf *types)
{
	for (int why = 0; why < EVENT_WHYS; why++)
		read_names(reasons, types, why);
}

#endif
