// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Clearing the accessed bits of a process. It must not know why.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clear.h"

/* As fs/proc/task_mmu.c clear_refs_write() has it. */
const char * const vs_clear_effects[] = {
	"accessed bits and the referenced state of all its pages are lost: smaps' Referenced, idle page tracking and DAMON see them idle",
	"reclaim takes them for unused: under memory pressure it may evict what is in use",
	"its memory map is locked for writing while its page tables are walked: page faults wait",
	"the TLB is not flushed: what stays in it is used without being noticed",
	NULL,
};

static int complain(const struct vs_target *target, int number, struct vs_error *error)
{
	if (number == ENOENT || number == ESRCH || !vs_target_alive(target))
		return vs_error_set(error, VS_FAIL_GONE, "process %d has ended", target->pid);
	if (number == EACCES || number == EPERM)
		return vs_error_set(error, VS_FAIL_PERMISSION,
			"--clear: no permission to write /proc/%d/clear_refs: be root or its owner",
			target->pid);
	return vs_error_set(error, VS_FAIL_CANNOT, "--clear: /proc/%d/clear_refs: %s", target->pid,
			    strerror(number));
}

int vs_clear_accessed(const struct vs_target *target, struct vs_error *error)
{
	char path[64];
	int fd, number = 0;

	snprintf(path, sizeof(path), "/proc/%d/clear_refs", target->pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return complain(target, errno, error);
	/* the file is of one process, which may be another since the pid was found */
	if (!vs_target_alive(target))
		number = ESRCH;
	else if (write(fd, "1", 1) != 1)
		number = errno;
	close(fd);
	return number ? complain(target, number, error) : 0;
}
