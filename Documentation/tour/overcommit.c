// SPDX-License-Identifier: GPL-2.0-or-later
/* overcommit.c: asks for a terabyte, and writes a byte of it. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>

int main(void)
{
	char *memory = mmap((void *)0x10000000000, 1L << 40, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (memory == MAP_FAILED) {
		perror("overcommit");
		return 1;
	}
	madvise(memory, 1L << 40, MADV_NOHUGEPAGE);
	memory[0] = 'x';
	raise(SIGSTOP);
}
