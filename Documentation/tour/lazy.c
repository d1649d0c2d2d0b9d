// SPDX-License-Identifier: GPL-2.0-or-later
/* lazy.c: allocates 1 MiB, writes to all of it, and writes again. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static long page_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

int main(void)
{
	char *memory = malloc(1 << 20);

	raise(SIGSTOP);
	for (int letter = 'a'; letter <= 'b'; letter++) {
		long before = page_faults();

		memset(memory, letter, 1 << 20);
		dprintf(1, "%ld page faults\n", page_faults() - before);
		raise(SIGSTOP);
	}
}
