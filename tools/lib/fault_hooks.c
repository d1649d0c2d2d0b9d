// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Where the programs that count page faults are attached, as far as this kernel
 * has what they want. It must not know what they count.
 */
#ifdef VMSCOPE_BPF

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "bpf_load.h"
#include "fault_hooks.h"
#include "fault_stacks.h"
#include "fault_stream.h"
#include "faults.h"
#include "faults.skel.h"

/*
 * The ways to a function, and what needs none. The last of them is for kernels that have
 * neither of the others, as 6.1 on arm64: the programs of kprobe.multi, each by itself. A
 * kretprobe has few places for those who are inside (kernel/kprobes.c:register_kretprobe());
 * who finds none ends unseen.
 */
enum way {
	WAY_TRAMPOLINE,			/* fentry, fexit, and kprobe where it is rare */
	WAY_MULTI,			/* kprobe.multi */
	WAY_KPROBE,			/* kprobe and kretprobe */
	WAY_NONE,
};

static const struct {
	const char *prefix;
	enum way way;
} ways[] = {
	{ "fentry/", WAY_TRAMPOLINE },
	{ "fexit/", WAY_TRAMPOLINE },
	{ "kprobe/", WAY_TRAMPOLINE },
	{ "kprobe.multi/", WAY_MULTI },
	{ "kretprobe.multi/", WAY_MULTI },
};

/* include/linux/errno.h: no number that users should see, but bpf() has it. */
#define ENOTSUPP	524

#define NR_WAYS		(sizeof(ways) / sizeof(ways[0]))

/* What a program says that is attached to many, each of which is in the table below. */
#define MANY		"inside"

/*
 * Hooks without which the rest can do. Of those with the same name for people one is
 * enough: kernels have one or the other.
 */
static const struct hook {
	const char *function;
	const char *name;
	uint32_t sees;			/* FAULT_SAW_* */
	bool result;			/* by what it returns */
	bool rare;			/* no program of its own for a trampoline */
} hooks_there_may_be[] = {
	{ "vm_area_free", "vm_area_free", 0, false },
	{ "__vm_area_free", "vm_area_free", 0, false },
	{ "signal_generate", "signal_generate", 0, false },
	{ "folio_add_new_anon_rmap", "folio_add_new_anon_rmap", FAULT_SAW_NEW_ANON, false },
	{ "page_add_new_anon_rmap", "folio_add_new_anon_rmap", FAULT_SAW_NEW_ANON, false },
	{ "__do_fault", "__do_fault", FAULT_SAW_FILE, false },
	{ "filemap_map_pages", "filemap_map_pages", FAULT_SAW_AROUND, false },
	{ "do_wp_page", "do_wp_page", FAULT_SAW_WP, false },
	{ "do_swap_page", "do_swap_page", FAULT_SAW_SWAP, false, true },
	{ "swap_read_folio", "swap_read_folio", FAULT_SAW_SWAP_READ, false, true },
	{ "swap_readpage", "swap_read_folio", FAULT_SAW_SWAP_READ, false, true },
	{ "submit_bio", "submit_bio", FAULT_SAW_IO, false, true },
	/* where a program of its own knows its arguments */
	{ "bdev_read_page", "submit_bio", 0, false },
	{ "zswap_load", "zswap_load", FAULT_SAW_ZSWAP, true },
	{ "zswap_frontswap_load", "zswap_load", FAULT_SAW_ZSWAP, true },
	{ "do_huge_pmd_anonymous_page", "do_huge_pmd_anonymous_page", FAULT_SAW_HUGE, true },
	{ "do_huge_pmd_wp_page", "do_huge_pmd_wp_page", FAULT_SAW_HUGE_WP, true },
	{ "task_numa_fault", "task_numa_fault", FAULT_SAW_NUMA, false, true },
	{ "migration_entry_wait", "migration_entry_wait", FAULT_SAW_MIGRATION, false, true },
	{ "pmd_migration_entry_wait", "migration_entry_wait", FAULT_SAW_MIGRATION, false, true },
	{ "handle_userfault", "handle_userfault", FAULT_SAW_USERFAULT, false, true },
	{ "expand_downwards", "expand_downwards", FAULT_SAW_GROWTH, false, true },
};

#define NR_HOOKS	(sizeof(hooks_there_may_be) / sizeof(hooks_there_may_be[0]))

/* While they are attached. */
struct attaching {
	struct vs_fault_hooks *hooks;
	const struct btf *types;
	enum vs_fault_scope scope;
	enum way way;
	bool at_once;			/* the kernel has kprobe.multi */
	bool no_fentry;			/* it has trampolines for nobody */
	bool has[NR_HOOKS];		/* the kernel has the function */
	bool there[NR_HOOKS];		/* it is attached to */
};

static enum way way_of(const struct bpf_program *program)
{
	const char *section = bpf_program__section_name(program);

	for (size_t i = 0; i < NR_WAYS; i++)
		if (!strncmp(section, ways[i].prefix, strlen(ways[i].prefix)))
			return ways[i].way;
	return WAY_NONE;
}

static bool is_of_return(const struct bpf_program *program)
{
	return !strncmp(bpf_program__section_name(program), "kret", 4);
}

/* NULL: nothing can do without it. */
static const struct hook *optional(const struct bpf_program *program)
{
	for (size_t i = 0; i < NR_HOOKS; i++)
		if (!strcmp(hooks_there_may_be[i].function, vs_bpf_function_of(program)))
			return &hooks_there_may_be[i];
	return NULL;
}

static bool has_function(const struct attaching *a, const struct hook *hook)
{
	return a->has[hook - hooks_there_may_be];
}

/* All in one go: libbpf goes through a hundred thousand types for each. */
static void find_functions(struct attaching *a)
{
	__u32 nr = btf__type_cnt(a->types);

	for (__u32 id = 1; id < nr; id++) {
		const struct btf_type *type = btf__type_by_id(a->types, id);
		const char *name = btf_is_func(type) ?
			btf__name_by_offset(a->types, type->name_off) : NULL;

		/* Most differ in the first letter, and strcmp() is a call. */
		for (size_t i = 0; name && i < NR_HOOKS; i++)
			if (*hooks_there_may_be[i].function == *name &&
			    !strcmp(hooks_there_may_be[i].function, name))
				a->has[i] = true;
	}
}

/* -------------------------------------------------------------------- choosing */

/* Beside trampolines the rare ones are kprobes: all at once, where that can be. */
static bool is_of_way(const struct attaching *a, const struct bpf_program *program)
{
	const struct faults_bpf *bpf = a->hooks->bpf;
	enum way its = way_of(program);

	if (a->way == WAY_TRAMPOLINE && a->at_once && program == bpf->progs.saw_rare)
		return false;
	if (a->way == WAY_TRAMPOLINE && a->at_once && program == bpf->progs.saw_multi)
		return true;
	return its == WAY_NONE || its == (a->way == WAY_KPROBE ? WAY_MULTI : a->way);
}

/* A hook that is not there would take all others down with it. */
static void choose(const struct attaching *a)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, a->hooks->bpf->obj) {
		const struct hook *hook = optional(program);
		enum way its = way_of(program);

		if (!is_of_way(a, program))
			bpf_program__set_autoload(program, false);
		else if (its == WAY_TRAMPOLINE && hook && !has_function(a, hook))
			bpf_program__set_autoload(program, false);
		else if (its == WAY_MULTI && a->way == WAY_KPROBE)
			bpf_program__set_expected_attach_type(program, 0);
	}
	/* Not every kernel has control groups. */
	if (a->scope != VS_FAULTS_OF_CGROUP)
		bpf_program__set_autoload(a->hooks->bpf->progs.find_group, false);
}

/* Of everybody there is more. Returns for how many. */
static uint32_t room_for(const struct vs_watch_choice *choice)
{
	if (choice->room)
		return choice->room;
	return choice->scope >= VS_FAULTS_OF_SYSTEM ? FAULT_CROWD * FAULT_ROOM : FAULT_ROOM;
}

static void make_room(const struct attaching *a, uint32_t room)
{
	struct bpf_map *map[] = {
		a->hooks->bpf->maps.vmas, a->hooks->bpf->maps.ended_vmas,
		a->hooks->bpf->maps.ended_threads,
	};

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		bpf_map__set_max_entries(map[i], room);
}

/* Whether zswap_load() is one of those that return true, and not 0, for success. */
static bool zswap_says_true(const struct btf *types)
{
	int id = btf__find_by_name_kind(types, "zswap_load", BTF_KIND_FUNC);
	const struct btf_type *type = id > 0 ? btf__type_by_id(types, id) : NULL;

	type = type ? btf__type_by_id(types, type->type) : NULL;
	type = type ? btf__type_by_id(types, btf__resolve_type(types, type->type)) : NULL;
	return type && btf_is_int(type) && btf_int_encoding(type) & BTF_INT_BOOL;
}

/* ------------------------------------------------------------------- attaching */

static struct bpf_link *attach_multi(const struct bpf_program *program, const char **functions,
				     const __u64 *cookies, size_t nr)
{
	LIBBPF_OPTS(bpf_kprobe_multi_opts, options);

	options.syms = functions;
	options.cookies = cookies;
	options.cnt = nr;
	options.retprobe = is_of_return(program);
	return bpf_program__attach_kprobe_multi_opts(program, NULL, &options);
}

static bool is_multi(const struct attaching *a, const struct bpf_program *program)
{
	return a->way != WAY_KPROBE && way_of(program) == WAY_MULTI;
}

static struct bpf_link *attach_single(const struct attaching *a,
				      const struct bpf_program *program, const char *function,
				      __u64 cookie)
{
	LIBBPF_OPTS(bpf_kprobe_opts, options, .bpf_cookie = cookie,
		    .retprobe = is_of_return(program));

	return is_multi(a, program) ? attach_multi(program, &function, &cookie, 1) :
		bpf_program__attach_kprobe_opts(program, function, &options);
}

/* All at once, or where that cannot be or one of them is refused each for itself. */
static void attach_many(struct attaching *a, const struct bpf_program *program,
			struct bpf_link **link)
{
	const char *functions[NR_HOOKS];
	__u64 cookies[NR_HOOKS];
	size_t which[NR_HOOKS], nr = 0;

	for (size_t i = 0; i < NR_HOOKS; i++) {
		const struct hook *hook = &hooks_there_may_be[i];

		if (!hook->sees || hook->result != is_of_return(program) ||
		    !has_function(a, hook) || (a->way == WAY_TRAMPOLINE && !hook->rare))
			continue;
		functions[nr] = hook->function;
		cookies[nr] = hook->sees;
		which[nr++] = i;
	}
	if (is_multi(a, program))
		*link = attach_multi(program, functions, cookies, nr);
	for (size_t i = 0; i < nr; i++) {
		struct bpf_link *one = *link ? NULL :
			attach_single(a, program, functions[i], cookies[i]);

		if (one)
			a->hooks->single[a->hooks->nr_single++] = one;
		a->there[which[i]] = *link || one;
	}
}

static struct bpf_link *attach_one(const struct attaching *a, const struct bpf_program *program)
{
	if (way_of(program) != WAY_MULTI)
		return bpf_program__attach(program);
	return attach_single(a, program, vs_bpf_function_of(program), 0);
}

static int attach(struct attaching *a, struct vs_error *error)
{
	struct bpf_object_skeleton *skeleton = a->hooks->bpf->skeleton;

	for (int i = 0; i < skeleton->prog_cnt; i++) {
		struct bpf_prog_skeleton *one = &skeleton->progs[i];
		const struct bpf_program *program = *one->prog;
		const struct hook *hook = optional(program);

		if (!bpf_program__autoload(program) ||
		    bpf_program__expected_attach_type(program) == BPF_TRACE_ITER)
			continue;
		if (!strcmp(vs_bpf_function_of(program), MANY)) {
			attach_many(a, program, one->link);
			continue;
		}
		*one->link = attach_one(a, program);
		if (hook) {
			a->there[hook - hooks_there_may_be] = *one->link;
		} else if (!*one->link) {
			a->no_fentry = a->way == WAY_TRAMPOLINE && errno == ENOTSUPP;
			return vs_error_set(error, VS_FAIL_CANNOT,
				"this kernel lets no BPF program watch %s: %s",
				vs_bpf_function_of(program), strerror(errno));
		}
	}
	return 0;
}

/* Those of which none is there, by the name that all of them have. */
static void note_missing(struct attaching *a)
{
	struct vs_fault_hooks *hooks = a->hooks;

	if (a->way == WAY_KPROBE)
		hooks->missing[hooks->nr_missing++] = VS_FAULT_NO_FENTRY;
	for (size_t i = 0; i < NR_HOOKS; i++) {
		const struct hook *hook = &hooks_there_may_be[i];
		bool there = false;

		if (a->there[i])
			hooks->bpf->bss->can_see |= hook->sees;
		if (strcmp(hook->name, hook->function))
			continue;
		for (size_t other = i; other < NR_HOOKS; other++)
			if (!strcmp(hooks_there_may_be[other].name, hook->name))
				there = there || a->there[other];
		if (!there && hooks->nr_missing < VS_FAULT_MISSING)
			hooks->missing[hooks->nr_missing++] = hook->name;
	}
}

/* Into hooks that are empty, or were left by the other way. */
static int load(struct attaching *a, enum way by, const struct vs_watch_choice *choice,
		struct vs_error *error)
{
	struct vs_fault_hooks *hooks = a->hooks;
	uint32_t room = room_for(choice);
	int err;

	vs_fault_hooks_close(hooks);
	a->way = by;
	memset(a->there, 0, sizeof(a->there));
	hooks->bpf = faults_bpf__open();
	if (!hooks->bpf)
		return vs_bpf_failure(-errno, error);
	hooks->bpf->rodata->scope = a->scope;
	hooks->bpf->rodata->zswap_says_true = zswap_says_true(a->types);
	if (vs_stream_choose(hooks->bpf, choice->stream, error) ||
	    vs_fault_stacks_choose(hooks->bpf, choice->stacks ? FAULT_STACKS_EACH * room : 0,
				   error))
		return -1;
	choose(a);
	make_room(a, room);
	err = faults_bpf__load(hooks->bpf);
	if (err)
		return vs_bpf_failure(err, error);
	if (attach(a, error))
		return -1;
	note_missing(a);
	return 0;
}

/* Since 6.14, fprobe stands on fgraph; kernels that may be preempted anywhere are as new. */
static bool sees_each_return(const struct btf *types)
{
	return btf__find_by_name_kind(types, "fprobe_hlist", BTF_KIND_STRUCT) > 0;
}

static bool is_asked_for(const char *variable)
{
	const char *value = getenv(variable);

	return value && *value;
}

int vs_fault_hooks_open(struct vs_fault_hooks *hooks, const struct vs_watch_choice *choice,
			struct vs_error *error)
{
	struct attaching a = { .hooks = hooks, .scope = choice->scope };
	bool by_kprobes = is_asked_for("VMSCOPE_NO_FENTRY");
	struct btf *types;
	int err = -1;

	vs_bpf_begin();
	types = vs_bpf_kernel_types();
	if (!types)
		return vs_bpf_failure(-errno, error);
	a.types = types;
	a.at_once = btf__find_by_name_kind(types, "bpf_kprobe_multi_link", BTF_KIND_STRUCT) > 0;
	find_functions(&a);
	if (!by_kprobes && sees_each_return(types))
		err = load(&a, WAY_MULTI, choice, error);
	if (!by_kprobes && err)
		err = load(&a, WAY_TRAMPOLINE, choice, error);
	if (by_kprobes || (err && a.no_fentry))
		err = load(&a, WAY_KPROBE, choice, error);
	btf__free(types);
	return err;
}

void vs_fault_hooks_close(struct vs_fault_hooks *hooks)
{
	for (size_t i = 0; i < hooks->nr_single; i++)
		bpf_link__destroy(hooks->single[i]);
	faults_bpf__destroy(hooks->bpf);
	memset(hooks, 0, sizeof(*hooks));
}

#endif
