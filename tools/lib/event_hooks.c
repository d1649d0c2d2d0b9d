// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Where the programs that count memory events are attached, as far as this kernel
 * has what they want. It must not know what they count.
 */
#ifdef VMSCOPE_BPF

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "bpf_load.h"
#include "event_hooks.h"
#include "events.skel.h"

/* Of these, kernels have some or others; the last one is the name for all. */
static const char * const alike[] = {
	"split_huge_page_to_list", "split_huge_page_to_list_to_order",
	"__split_huge_page_to_list_to_order", "__folio_split", "folio_split",
};

/* The one of them that the others call, where there is one. */
#define INSIDE_OF_ALL	"__folio_split"

#define NR_ALIKE	(sizeof(alike) / sizeof(alike[0]))

/* In kernels without it others do all that it does. */
#define NOT_EVERYWHERE	"split_huge_pmd_locked"

static bool has_trampoline(const struct bpf_program *program)
{
	enum bpf_attach_type type = bpf_program__expected_attach_type(program);

	return type == BPF_TRACE_FENTRY || type == BPF_TRACE_FEXIT;
}

static bool is_iterator(const struct bpf_program *program)
{
	return bpf_program__expected_attach_type(program) == BPF_TRACE_ITER;
}

/* ------------------------------------------------------------- what kernels are */

/* Arguments of a tracepoint; 0: there is none of that name. */
static unsigned int arguments_of(const struct btf *types, const char *tracepoint)
{
	const struct btf_type *type;
	char name[80];
	int id;

	snprintf(name, sizeof(name), "btf_trace_%s", tracepoint);
	id = btf__find_by_name_kind(types, name, BTF_KIND_TYPEDEF);
	type = id > 0 ? btf__type_by_id(types, btf__type_by_id(types, id)->type) : NULL;
	type = type && btf_is_ptr(type) ? btf__type_by_id(types, type->type) : NULL;
	/* The first one is the program's own. */
	return type && btf_is_func_proto(type) && btf_vlen(type) ? btf_vlen(type) - 1 : 0;
}

/* ------------------------------------------------------------------- attaching */

static bool is_alike(const char *function)
{
	for (size_t i = 0; i < NR_ALIKE; i++)
		if (!strcmp(alike[i], function))
			return true;
	return false;
}

static void note_missing(struct vs_event_hooks *hooks, const char *function)
{
	for (size_t i = 0; i < hooks->nr_missing; i++)
		if (!strcmp(hooks->missing[i], function))
			return;
	if (hooks->nr_missing < VS_EVENT_MISSING)
		hooks->missing[hooks->nr_missing++] = function;
}

static void attach(struct vs_event_hooks *hooks)
{
	struct bpf_object_skeleton *skeleton = hooks->bpf->skeleton;
	bool alike_there = false;

	for (int i = 0; i < skeleton->prog_cnt; i++) {
		struct bpf_prog_skeleton *one = &skeleton->progs[i];
		const struct bpf_program *program = *one->prog;
		const char *function = vs_bpf_function_of(program);

		if (is_iterator(program))
			continue;
		if (bpf_program__autoload(program))
			*one->link = bpf_program__attach(program);
		if (is_alike(function))
			alike_there = alike_there || *one->link;
		else if (!*one->link && strcmp(function, NOT_EVERYWHERE))
			note_missing(hooks, function);
	}
	if (!alike_there)
		note_missing(hooks, alike[NR_ALIKE - 1]);
}

/* A trampoline to what is not there would take all others down with it. */
static void choose(struct vs_event_hooks *hooks, const struct btf *types, bool trampolines)
{
	bool inside = btf__find_by_name_kind(types, INSIDE_OF_ALL, BTF_KIND_FUNC) > 0;
	struct bpf_program *program;

	bpf_object__for_each_program(program, hooks->bpf->obj) {
		const char *function = vs_bpf_function_of(program);
		bool instead = inside && is_alike(function) && strcmp(function, INSIDE_OF_ALL);

		if (has_trampoline(program) &&
		    (!trampolines || instead ||
		     btf__find_by_name_kind(types, function, BTF_KIND_FUNC) <= 0))
			bpf_program__set_autoload(program, false);
	}
}

static void make_room(struct vs_event_hooks *hooks, uint32_t room)
{
	struct bpf_map *map[] = {
		hooks->bpf->maps.processes, hooks->bpf->maps.vmas, hooks->bpf->maps.watched,
	};

	for (size_t i = 0; room && i < sizeof(map) / sizeof(map[0]); i++)
		bpf_map__set_max_entries(map[i], room);
}

static int load(struct vs_event_hooks *hooks, const struct btf *types, enum vs_event_scope scope,
		uint32_t room, bool trampolines)
{
	hooks->bpf = events_bpf__open();
	if (!hooks->bpf)
		return -errno;
	hooks->bpf->rodata->everyone = scope == VS_EVENTS_EVERYONE;
	hooks->bpf->rodata->follow = scope == VS_EVENTS_COMMAND;
	hooks->bpf->rodata->scan_status_at = arguments_of(types, "mm_khugepaged_scan_pmd") - 2;
	hooks->bpf->rodata->migrate_reason_at = arguments_of(types, "mm_migrate_pages") - 1;
	choose(hooks, types, trampolines);
	make_room(hooks, room);
	return events_bpf__load(hooks->bpf);
}

int vs_event_hooks_open(struct vs_event_hooks *hooks, enum vs_event_scope scope,
			uint32_t room, struct vs_error *error)
{
	struct btf *types;
	int err;

	vs_bpf_begin();
	types = vs_bpf_kernel_types();
	if (!types)
		return vs_bpf_failure(-errno, error);
	err = load(hooks, types, scope, room, true);
	/* Of a function with other arguments than are known it takes none at all. */
	if (err && err != -EPERM) {
		vs_event_hooks_close(hooks);
		err = load(hooks, types, scope, room, false);
	}
	if (!err)
		vs_event_reasons_read(&hooks->reasons, types);
	btf__free(types);
	if (err)
		return vs_bpf_failure(err, error);
	attach(hooks);
	return 0;
}

void vs_event_hooks_close(struct vs_event_hooks *hooks)
{
	events_bpf__destroy(hooks->bpf);
	memset(hooks, 0, sizeof(*hooks));
}

uint64_t vs_event_hooks_missed(const struct vs_event_hooks *hooks)
{
	struct bpf_program *program;
	uint64_t missed = 0;

	bpf_object__for_each_program(program, hooks->bpf->obj) {
		struct bpf_prog_info info = { 0 };
		__u32 size = sizeof(info);
		int fd = bpf_program__fd(program);

		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size))
			missed += info.recursion_misses;
	}
	return missed;
}

#endif
