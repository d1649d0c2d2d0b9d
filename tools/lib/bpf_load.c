// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What all who load BPF programs have in common. It must not know any program.
 */
#ifdef VMSCOPE_BPF

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/membarrier.h>

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

const char *vs_bpf_function_of(const struct bpf_program *program)
{
	const char *section = bpf_program__section_name(program);
	const char *slash = strchr(section, '/');

	return slash ? slash + 1 : section;
}

ssize_t vs_bpf_iterate(const struct bpf_program *program, pid_t tid, void *text, size_t size)
{
	LIBBPF_OPTS(bpf_iter_attach_opts, options);
	union bpf_iter_link_info info = { .task.tid = tid };
	struct bpf_link *link;
	size_t length = 0;
	ssize_t part = -1;
	int fd;

	options.link_info = &info;
	options.link_info_len = sizeof(info);
	link = bpf_program__attach_iter(program, &options);
	if (!link)
		return -1;
	fd = bpf_iter_create(bpf_link__fd(link));
	while (fd >= 0 && length < size) {
		part = read(fd, (char *)text + length, size - length);
		if (!part || (part < 0 && errno != EINTR && errno != EAGAIN))
			break;
		length += part > 0 ? part : 0;
	}
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return part < 0 ? -1 : (ssize_t)length;
}

void vs_bpf_quiesce(void)
{
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

#endif
