// SPDX-License-Identifier: GPL-2.0-or-later
/* equal.c: 64 pages alike; waits until they are merged, and writes to one. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int merged(void)
{
	FILE *file = fopen("/proc/self/ksm_merging_pages", "r");
	int pages = 0;

	fscanf(file, "%d", &pages);
	fclose(file);
	return pages;
}

int main(void)
{
	char *memory = mmap((void *)0x80000000, 64 * 4096, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	memset(memory, 'x', 64 * 4096);
	madvise(memory, 64 * 4096, MADV_MERGEABLE);
	while (merged() < 64)
		usleep(1000);
	raise(SIGSTOP);
	memory[0] = 'y';
	raise(SIGSTOP);
}
