// SPDX-License-Identifier: GPL-2.0-or-later
/* huge.c: asks for huge pages, and uses 256 KiB of 2 MiB. */
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

int main(void)
{
	char *memory = mmap((void *)0x80000000, 2 << 20, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	madvise(memory, 2 << 20, MADV_HUGEPAGE);
	memset(memory, 'x', 256 << 10);
	raise(SIGSTOP);
}
