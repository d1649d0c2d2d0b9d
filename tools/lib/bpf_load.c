// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What all who load BPF programs have in common. It must not know any program.
 */
#ifdef VMSCOPE_BPF

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "bpf_load.h"
#include "proc_read.h"

static int quiet(enum libbpf_print_level level, const char *format, va_list list)
{
	(void)level;
	(void)format;
	(void)list;
	return 0;
}

void vs_bpf_begin(void)
{
	libbpf_set_print(quiet);
}

/* Lockdown in its stricter form lets no program read the kernel's memory. */
static bool is_locked_down(void)
{
	char line[128];

	return !vs_read_line("/sys/kernel/security/lockdown", line, sizeof(line)) &&
	       strstr(line, "[confidentiality]");
}

int vs_bpf_failure(int err, struct vs_error *error)
{
	if (is_locked_down())
		return vs_error_set(error, VS_FAIL_CANNOT,
			"kernel lockdown lets no BPF program read the kernel's memory");
	if (err == -EPERM)
		return vs_error_set(error, VS_FAIL_PERMISSION,
			"loading a BPF program takes CAP_BPF and CAP_PERFMON: run as root");
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return vs_error_set(error, VS_FAIL_CANNOT,
			"this kernel does not describe its types (CONFIG_DEBUG_INFO_BTF)");
	return vs_error_set(error, VS_FAIL_CANNOT, "the kernel refuses the BPF program: %s",
			    strerror(-err));
}

#endif
