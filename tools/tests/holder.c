// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process with known memory, to be looked at: says "ready" and waits. It
 * knows nothing of who looks.
 *
 *	holder [ANON_MIB [MAPPINGS]]
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	size_t bytes = (argc > 1 ? strtoul(argv[1], NULL, 10) : 1) << 20;
	size_t mappings = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	size_t page = sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, bytes + page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *many;

	if (memory == MAP_FAILED)
		return 1;
	/* small pages, whatever the machine prefers */
	madvise(memory, bytes, MADV_NOHUGEPAGE);
	memset(memory, 1, bytes);
	many = mmap(NULL, (mappings + 1) * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (many == MAP_FAILED)
		return 1;
	for (size_t i = 0; i < mappings; i += 2)
		if (mprotect(many + i * page, page, PROT_READ | PROT_WRITE))
			return 1;
	for (size_t i = 0; i < mappings; i += 8)
		many[i * page] = 1;
	printf("%lx\n", (unsigned long)memory);
	fflush(stdout);
	for (;;)
		pause();
}
