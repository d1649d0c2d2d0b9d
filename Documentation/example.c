// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A whole user of the kernel interface: prints the resident and swapped bytes of each
 * mapping of a process. Explained in uapi.rst; knows no library.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../module/uapi/vmscope.h"

#define PAGE 4096 /* vmscope_info.page_shift has the real one */

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* A target for the process that @pid names now, and not for a later one. */
static int open_target(pid_t pid)
{
	struct vmscope_open arg = { .size = sizeof(arg), .pid = pid };
	struct pollfd held = { .events = POLLIN };
	int device = open(VMSCOPE_DEVICE, O_RDWR | O_CLOEXEC);

	if (device < 0)
		fail(VMSCOPE_DEVICE);
	held.fd = syscall(SYS_pidfd_open, pid, 0);
	if (held.fd < 0 || ioctl(device, VMSCOPE_OPEN, &arg))
		fail("open");
	/* The pidfd is readable when its process has exited: the pid may be another's. */
	if (poll(&held, 1, 0)) {
		errno = ESRCH;
		fail("open");
	}
	close(held.fd);
	close(device);
	return arg.fd;
}

/* Counter @number of a TALLY; the values follow in the order of the bits that are set. */
static uint64_t counter(const struct vmscope_tally *tally, unsigned int number)
{
	uint64_t bit = 1ull << number;

	if (!(tally->counters & bit))
		return 0;
	return tally->value[__builtin_popcountll(tally->cells) +
			    __builtin_popcountll(tally->counters & (bit - 1))];
}

/* Resident pages: all cells but those of hugetlb, which smaps counts apart. */
static uint64_t resident(const struct vmscope_tally *tally)
{
	const __aligned_u64 *value = tally->value;
	uint64_t sum = 0;

	for (unsigned int cell = 0; cell < VMSCOPE_CELL_NR; cell++) {
		if (!(tally->cells & 1ull << cell))
			continue;
		if (cell / 8 != VMSCOPE_KIND_HUGETLB)
			sum += *value;
		value++;
	}
	return sum;
}

static void print_record(const struct vmscope_record *record)
{
	const struct vmscope_vma *vma = (const void *)record;
	const struct vmscope_tally *tally = (const void *)record;

	switch (record->type) {
	case VMSCOPE_RECORD_VMA:
		printf("%012llx-%012llx %s\n", vma->start, vma->end,
		       vma->name_size ? vma->name : "");
		break;
	case VMSCOPE_RECORD_TALLY:
		printf("  resident %" PRIu64 " swapped %" PRIu64 "%s\n", resident(tally) * PAGE,
		       counter(tally, VMSCOPE_COUNT_STATE + VMSCOPE_STATE_SWAPPED) * PAGE,
		       record->marks & ~VMSCOPE_MARK_PART ? " (marked)" : "");
		break;
	default: /* a type of the future: skip it */
		break;
	}
}

int main(int argc, char **argv)
{
	static _Alignas(8) char buffer[65536];
	struct vmscope_scan scan = {
		.size = sizeof(scan),
		.end = 1ull << 56, /* what lies beyond the target's end is ignored */
		.buffer = (uintptr_t)buffer,
		.buffer_size = sizeof(buffer),
		.records = 1 << VMSCOPE_RECORD_VMA | 1 << VMSCOPE_RECORD_TALLY,
	};
	int target = open_target(argc > 1 ? atoi(argv[1]) : getpid());

	while (scan.start < scan.end) {
		if (ioctl(target, VMSCOPE_SCAN, &scan))
			fail("scan");
		for (size_t at = 0; at < scan.used;
		     at += ((struct vmscope_record *)(buffer + at))->size)
			print_record((const void *)(buffer + at));
		scan.start = scan.next;
	}
	return 0;
}
