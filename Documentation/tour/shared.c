// SPDX-License-Identifier: GPL-2.0-or-later
/* shared.c: parent and child map one piece of memory, at different addresses. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static char *map(int memory, unsigned long address)
{
	return mmap((void *)address, 4096, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_FIXED_NOREPLACE, memory, 0);
}

int main(void)
{
	int memory = memfd_create("blackboard", 0);

	ftruncate(memory, 4096);
	if (fork() == 0) {
		prctl(PR_SET_NAME, "shared-child");
		sprintf(map(memory, 0xc0000000), "hello");
		raise(SIGSTOP);
		return 0;
	}
	waitpid(-1, NULL, WUNTRACED);	/* until the child has stopped */
	dprintf(1, "the parent reads: %s\n", map(memory, 0x80000000));
	raise(SIGSTOP);
	wait(NULL);
}
