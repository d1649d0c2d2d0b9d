// SPDX-License-Identifier: GPL-2.0-or-later
/* locked.c: has 16 of 64 pages locked in memory, and touches none. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>

int main(void)
{
	char *memory = mmap((void *)0x80000000, 64 * 4096, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	mlock(memory, 16 * 4096);
	raise(SIGSTOP);
}
