// SPDX-License-Identifier: GPL-2.0-or-later
/* fill.c: writes to all of 1 MiB, as often as it is told to. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

int main(int argc, char **argv)
{
	int times = argc > 1 ? atoi(argv[1]) : 1;
	char *memory = mmap((void *)0x80000000, 1 << 20, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	while (times--)
		memset(memory, 'x', 1 << 20);
}
