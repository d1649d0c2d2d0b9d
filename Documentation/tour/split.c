// SPDX-License-Identifier: GPL-2.0-or-later
/* split.c: a byte at an address of which each part is easy to tell. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>

int main(void)
{
	char *page = mmap((void *)0x8080604000, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	page[5] = 'x';
	dprintf(1, "the byte is at %p\n", &page[5]);
	raise(SIGSTOP);
}
