// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What all who load BPF programs have in common. It must not know any program.
 */
#ifdef VMSCOPE_BPF

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/capability.h>
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

/*
 * Where programs of other kinds may be loaded by anybody (kernel.unprivileged_bpf_disabled=0),
 * one of ours is refused for what it does, and not for who asks.
 */
static bool has_the_right(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
	const uint64_t both = 1ull << CAP_BPF | 1ull << CAP_PERFMON;
	uint64_t has;

	if (syscall(SYS_capget, &header, data))
		return true;
	has = data[0].effective | (uint64_t)data[1].effective << 32;
	return has >> CAP_SYS_ADMIN & 1 || (has & both) == both;
}

int vs_bpf_failure(int err, struct vs_error *error)
{
	if (is_locked_down())
		return vs_error_set(error, VS_FAIL_CANNOT,
			"kernel lockdown lets no BPF program read the kernel's memory");
	if (err == -EPERM || !has_the_right())
		return vs_error_set(error, VS_FAIL_PERMISSION,
			"loading a BPF program takes CAP_BPF and CAP_PERFMON: run as root");
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return vs_error_set(error, VS_FAIL_CANNOT,
			"this kernel does not describe its types (CONFIG_DEBUG_INFO_BTF)");
	return vs_error_set(error, VS_FAIL_CANNOT, "the kernel refuses the BPF program: %s",
			    strerror(-err));
}

/* Whether these types are the kernel's own, and not a module's or a program's. */
static bool is_of_kernel(__u32 id)
{
	char name[8] = "";
	struct bpf_btf_info info = { .name = (uintptr_t)name, .name_len = sizeof(name) };
	__u32 size = sizeof(info);
	int fd = bpf_btf_get_fd_by_id(id);
	bool is = fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size) && info.kernel_btf &&
		!strcmp(name, "vmlinux");

	if (fd >= 0)
		close(fd);
	return is;
}

/*
 * By their number they come in one copy; as a file they are read page by page, and there
 * are a thousand. They have the first number of all, once somebody has asked for them; for
 * who may not ask by number there is the file.
 */
struct btf *vs_bpf_kernel_types(void)
{
	struct btf *types = is_of_kernel(1) ? btf__load_from_kernel_by_id(1) : NULL;

	return types ?: btf__load_vmlinux_btf();
}

const char *vs_bpf_function_of(const struct bpf_program *program)
{
	const char *section = bpf_program__section_name(program);
	const char *slash = strchr(section, '/');

	return slash ? slash + 1 : section;
}

/* An iterator that is run by reading from it. */
struct iteration {
	struct bpf_link *link;
	int fd;
};

static int begin_iteration(struct iteration *iteration, const struct bpf_program *program,
			   union bpf_iter_link_info *info)
{
	LIBBPF_OPTS(bpf_iter_attach_opts, options);

	options.link_info = info;
	options.link_info_len = sizeof(*info);
	iteration->link = bpf_program__attach_iter(program, &options);
	if (!iteration->link)
		return -1;
	iteration->fd = bpf_iter_create(bpf_link__fd(iteration->link));
	return iteration->fd < 0 ? -1 : 0;
}

/* As read(), but all that there is room for. */
static ssize_t read_iteration(const struct iteration *iteration, void *text, size_t size)
{
	size_t length = 0;

	while (length < size) {
		ssize_t part = read(iteration->fd, (char *)text + length, size - length);

		if (!part)
			break;
		if (part < 0 && errno != EINTR && errno != EAGAIN)
			return -1;
		length += part > 0 ? part : 0;
	}
	return length;
}

static void end_iteration(struct iteration *iteration)
{
	int err = errno;

	if (iteration->fd >= 0)
		close(iteration->fd);
	bpf_link__destroy(iteration->link);
	errno = err;
}

ssize_t vs_bpf_iterate(const struct bpf_program *program, pid_t tid, void *text, size_t size)
{
	union bpf_iter_link_info info = { .task.tid = tid };
	struct iteration iteration = { .fd = -1 };
	ssize_t length = begin_iteration(&iteration, program, &info);

	if (!length)
		length = read_iteration(&iteration, text, size);
	end_iteration(&iteration);
	return length;
}

void *vs_bpf_iterate_all(const struct bpf_program *program, size_t *length)
{
	union bpf_iter_link_info info = { 0 };
	struct iteration iteration = { .fd = -1 };
	size_t size = 1 << 16;
	char *text = NULL, *more;
	ssize_t part = begin_iteration(&iteration, program, &info);

	*length = 0;
	do {
		more = part < 0 ? NULL : realloc(text, size);
		if (!more)
			break;
		text = more;
		part = read_iteration(&iteration, text + *length, size - *length);
		*length += part > 0 ? part : 0;
		size *= 2;
	} while (part > 0);
	end_iteration(&iteration);
	if (more && !part)
		return text;
	free(text);
	return NULL;
}

int vs_bpf_visit_cgroup(const struct bpf_program *program, int fd)
{
	union bpf_iter_link_info info = {
		.cgroup = { .order = BPF_CGROUP_ITER_SELF_ONLY, .cgroup_fd = fd },
	};
	struct iteration iteration = { .fd = -1 };
	ssize_t length = begin_iteration(&iteration, program, &info);
	char none;

	if (!length)
		length = read_iteration(&iteration, &none, sizeof(none));
	end_iteration(&iteration);
	return length < 0 ? -1 : 0;
}

void vs_bpf_quiesce(void)
{
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

#endif
