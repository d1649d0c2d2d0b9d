// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Examining the machine. It must not know how the findings are told.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "health.h"
#include "proc_read.h"
#include "source.h"

#define CAP_SYS_PTRACE	19
#define CAP_SYS_ADMIN	21

struct machine {
	struct vs_health *health;
	struct utsname name;
	uint64_t capabilities;
	bool secure_boot;
	bool no_modules;		/* the kernel cannot load any */
};

static struct vs_check *add(struct machine *machine, const char *name, enum vs_verdict verdict)
{
	struct vs_health *health = machine->health;
	struct vs_check *check = &health->check[health->nr];

	if (health->nr + 1 < VS_CHECKS_MAX)
		health->nr++;
	memset(check, 0, sizeof(*check));
	check->name = name;
	check->verdict = verdict;
	return check;
}

__attribute__((format(printf, 2, 3)))
static void found(struct vs_check *check, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(check->finding, sizeof(check->finding), format, list);
	va_end(list);
}

__attribute__((format(printf, 2, 3)))
static void next(struct vs_check *check, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(check->next, sizeof(check->next), format, list);
	va_end(list);
}

static void check_kernel(struct machine *machine)
{
	struct vs_check *check = add(machine, "kernel", VS_TOLD);

	uname(&machine->name);
	found(check, "Linux %s, %s", machine->name.release, machine->name.machine);
}

static uint64_t read_capabilities(void)
{
	char line[256];
	uint64_t capabilities = 0;
	FILE *file = fopen("/proc/self/status", "re");

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "CapEff:", 7))
			capabilities = strtoull(line + 7, NULL, 16);
	if (file)
		fclose(file);
	return capabilities;
}

static void check_user(struct machine *machine)
{
	struct vs_check *check = add(machine, "user", VS_WORKS);
	bool admin, ptrace;

	machine->capabilities = read_capabilities();
	admin = machine->capabilities >> CAP_SYS_ADMIN & 1;
	ptrace = machine->capabilities >> CAP_SYS_PTRACE & 1;
	found(check, "uid %u, CAP_SYS_ADMIN %s, CAP_SYS_PTRACE %s", geteuid(),
	      admin ? "yes" : "no", ptrace ? "yes" : "no");
	if (admin && ptrace)
		return;
	check->verdict = VS_LIMITED;
	next(check, "%s%s%s: run as root (sudo vmscope ...)",
	     ptrace ? "" : "processes of other users cannot be looked at",
	     ptrace || admin ? "" : ", and ",
	     admin ? "" : "frame numbers and raw entries stay hidden");
}

/* Whether modprobe would find it. */
static bool module_installed(const struct machine *machine, char *where, size_t size)
{
	char path[160], line[1024];
	bool there = false;
	FILE *file;

	snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep", machine->name.release);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!there && fgets(line, sizeof(line), file)) {
		char *colon = strchr(line, ':');

		if (!colon || !strstr(line, "/vmscope.ko"))
			continue;
		*colon = 0;
		snprintf(where, size, "%.*s", (int)size - 1, line);
		there = true;
	}
	fclose(file);
	return there;
}

static void check_module(struct machine *machine)
{
	struct vs_check *check = add(machine, "module", VS_WORKS);
	char where[200], path[160];

	if (!access("/sys/module/vmscope", F_OK)) {
		found(check, "loaded");
		return;
	}
	check->verdict = VS_MISSING;
	if (machine->no_modules) {
		found(check, "this kernel cannot load modules (CONFIG_MODULES)");
		next(check, "boot a kernel that can, or see it at work in a guest: make demo");
		return;
	}
	if (module_installed(machine, where, sizeof(where))) {
		found(check, "installed (%s), not loaded", where);
		next(check, "modprobe vmscope");
		return;
	}
	found(check, "not loaded, and not installed for this kernel");
	snprintf(path, sizeof(path), "/lib/modules/%s/build", machine->name.release);
	if (access(path, F_OK))
		next(check, "apt-get install linux-headers-%s, then in the source of vmscope: make && make install && modprobe vmscope",
		     machine->name.release);
	else
		next(check, "in the source of vmscope: make && make install && modprobe vmscope");
}

/* One mapping of our own through the source, all the way. */
static int try_source(const struct vs_source_ops *ops, struct vs_model *model,
		      struct vs_error *error)
{
	struct vs_request request = {
		.want = VS_WANT_PROCESS | VS_WANT_VMAS | VS_WANT_TALLIES | VS_WANT_KEY,
		.jobs = 1,
	};
	struct vs_matches matches;
	struct vs_source source;
	struct vs_target target;
	int err;

	if (vs_target_find("self", &target, &matches, error))
		return -1;
	err = vs_source_open(&source, ops, &target, NULL, error);
	if (!err)
		err = vs_source_collect(&source, &request, model, error);
	vs_source_close(&source);
	vs_target_release(&target);
	return err;
}

static void check_device(struct machine *machine)
{
	struct vs_check *check = add(machine, "device", VS_WORKS);
	struct vs_error error;
	struct vs_model model;

	vs_model_init(&model);
	if (try_source(&vs_source_module, &model, &error)) {
		check->verdict = VS_MISSING;
		machine->health->permission_missing = error.fail == VS_FAIL_PERMISSION;
		found(check, "%s", error.text);
	} else {
		machine->health->module_works = true;
		found(check, "answers, ABI %u, %u levels of page tables%s", model.kernel.abi,
		      model.kernel.levels,
		      model.kernel.test_build ? ", TEST BUILD with unsafe knobs" : "");
		if (model.kernel.test_build) {
			check->verdict = VS_LIMITED;
			next(check, "never run a test build where it matters: load the installed one");
		}
		check = add(machine, "raw entries",
			    model.kernel.physical == VS_PHYSICAL_YES ? VS_WORKS : VS_LIMITED);
		found(check, "%s", model.kernel.physical == VS_PHYSICAL_YES ? "visible" :
		      model.kernel.physical == VS_PHYSICAL_LOCKDOWN ?
		      "kernel lockdown forbids frame numbers and raw entries" :
		      "frame numbers and raw entries need CAP_SYS_ADMIN");
	}
	vs_model_free(&model);
}

/* The word in brackets is the one in force. */
static void check_lockdown(struct machine *machine)
{
	struct vs_check *check = add(machine, "lockdown", VS_WORKS);
	char line[128], *start, *end;

	if (vs_read_line("/sys/kernel/security/lockdown", line, sizeof(line))) {
		check->verdict = VS_TOLD;
		found(check, "not known: /sys/kernel/security/lockdown is not there");
		return;
	}
	start = strchr(line, '[');
	end = start ? strchr(start, ']') : NULL;
	if (!end)
		return;
	*end = 0;
	found(check, "%s", start + 1);
	if (!strcmp(start + 1, "none"))
		return;
	check->verdict = VS_LIMITED;
	if (!strcmp(start + 1, "integrity"))
		next(check, "the module must be signed with an enrolled key (mokutil --import); all figures work then");
	else
		next(check, "the module must be signed with an enrolled key (mokutil --import); frame numbers and raw entries stay hidden");
}

static void check_secure_boot(struct machine *machine)
{
	static const char path[] =
		"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
	struct vs_check *check = add(machine, "secure boot", VS_TOLD);
	unsigned char value[5] = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		found(check, access("/sys/firmware/efi", F_OK) ? "no UEFI, so none" :
		      "not known: the firmware's variables are not readable");
		return;
	}
	if (read(fd, value, sizeof(value)) == (ssize_t)sizeof(value) && value[4] == 1)
		machine->secure_boot = true;
	close(fd);
	found(check, "%s", machine->secure_boot ? "on" : "off");
	if (machine->secure_boot && !machine->health->module_works)
		next(check, "unsigned modules are refused: sign vmscope.ko with an enrolled key (mokutil --import)");
}

static void check_signatures(struct machine *machine)
{
	char line[16];
	struct vs_check *check;

	if (vs_read_line("/sys/module/module/parameters/sig_enforce", line, sizeof(line)))
		return;
	check = add(machine, "signatures", VS_WORKS);
	found(check, "%s", *line == 'Y' ? "only signed modules load" : "unsigned modules load");
	if (*line != 'Y' || machine->health->module_works)
		return;
	check->verdict = VS_LIMITED;
	next(check, "sign vmscope.ko with an enrolled key (mokutil --import)");
}

/* The kernel's configuration, as far as somebody left it to be read. */
static FILE *open_config(const struct machine *machine, bool *is_pipe)
{
	char path[160];
	FILE *file;

	*is_pipe = false;
	snprintf(path, sizeof(path), "/boot/config-%s", machine->name.release);
	file = fopen(path, "re");
	if (file)
		return file;
	snprintf(path, sizeof(path), "/lib/modules/%s/config", machine->name.release);
	file = fopen(path, "re");
	if (file || access("/proc/config.gz", R_OK))
		return file;
	*is_pipe = true;
	return popen("gzip -dc /proc/config.gz 2>/dev/null", "re");
}

static void check_config(struct machine *machine)
{
	static const struct {
		const char *option;
		const char *lost;	/* what does not work without it */
	} wanted[] = {
		{ "CONFIG_MODULES", "off: no module can be loaded" },
		{ "CONFIG_PROC_PAGE_MONITOR", "off: procfs has no smaps and pagemap; the module works" },
		{ "CONFIG_MEM_SOFT_DIRTY", "off: soft-dirty is always clear" },
		{ "CONFIG_TRANSPARENT_HUGEPAGE", "off: no transparent huge pages to see" },
		{ "CONFIG_KSM", "off: no merged pages to see" },
	};
	enum { NR = sizeof(wanted) / sizeof(wanted[0]) };
	bool on[NR] = { false }, is_pipe, any = false;
	char line[256];
	FILE *file = open_config(machine, &is_pipe);

	while (file && fgets(line, sizeof(line), file)) {
		any = true;
		for (int i = 0; i < NR; i++) {
			size_t length = strlen(wanted[i].option);

			if (!strncmp(line, wanted[i].option, length) && line[length] == '=')
				on[i] = true;
		}
	}
	if (file && is_pipe)
		pclose(file);
	else if (file)
		fclose(file);
	if (!any) {
		found(add(machine, "options", VS_TOLD), "the kernel's configuration is not readable (/boot/config-%s, /proc/config.gz)",
		      machine->name.release);
		return;
	}
	machine->no_modules = !on[0];
	for (int i = 0; i < NR; i++)
		found(add(machine, wanted[i].option + 7, on[i] ? VS_WORKS : VS_LIMITED), "%s",
		      on[i] ? "on" : wanted[i].lost);
}

static void check_proc(struct machine *machine)
{
	struct vs_check *check = add(machine, "procfs", VS_WORKS);
	struct vs_error error;
	struct vs_model model;

	vs_model_init(&model);
	if (try_source(&vs_source_proc, &model, &error)) {
		check->verdict = VS_MISSING;
		found(check, "%s", error.text);
	} else if (!model.smaps_fields) {
		check->verdict = VS_LIMITED;
		found(check, "maps, but no smaps (CONFIG_PROC_PAGE_MONITOR)");
	} else {
		found(check, "smaps and pagemap are readable; frame numbers %s",
		      model.kernel.physical == VS_PHYSICAL_YES ? "visible" :
		      "hidden (CAP_SYS_ADMIN)");
	}
	vs_model_free(&model);
}

static void check_btf(struct machine *machine)
{
	bool there = !access("/sys/kernel/btf/vmlinux", R_OK);

	found(add(machine, "BTF", there ? VS_WORKS : VS_TOLD), there ?
	      "types of the kernel are there for BPF programs" :
	      "no types of the kernel (CONFIG_DEBUG_INFO_BTF): BPF programs cannot be used");
}

void vs_health_check(struct vs_health *health)
{
	struct machine machine = { .health = health };

	health->nr = 0;
	health->module_works = false;
	health->permission_missing = false;
	check_kernel(&machine);
	check_config(&machine);
	check_user(&machine);
	check_module(&machine);
	check_device(&machine);
	check_lockdown(&machine);
	check_secure_boot(&machine);
	check_signatures(&machine);
	check_proc(&machine);
	check_btf(&machine);
}
