// SPDX-License-Identifier: GPL-2.0-or-later
/* levels.c: one page of 64, then all of them, then one far away. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>

static char *map(unsigned long at)
{
	return mmap((void *)at, 64 * 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
}

int main(void)
{
	char *near = map(0x8080600000), *far = map(0x10080600000);

	raise(SIGSTOP);
	near[0] = 'x';
	raise(SIGSTOP);
	for (int page = 0; page < 64; page++)
		near[page * 4096] = 'x';
	raise(SIGSTOP);
	far[0] = 'x';
	raise(SIGSTOP);
}
