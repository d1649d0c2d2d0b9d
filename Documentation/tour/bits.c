// SPDX-License-Identifier: GPL-2.0-or-later
/* bits.c: pages that may be written, read, executed, and not touched at all. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>

int main(void)
{
	char *page = mmap((void *)0x80000000, 4 * 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	for (int i = 0; i < 4; i++)
		page[i * 4096] = 'x';
	mprotect(page + 1 * 4096, 4096, PROT_READ);
	mprotect(page + 2 * 4096, 4096, PROT_READ | PROT_EXEC);
	mprotect(page + 3 * 4096, 4096, PROT_NONE);
	raise(SIGSTOP);
}
