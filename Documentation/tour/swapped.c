// SPDX-License-Identifier: GPL-2.0-or-later
/* swapped.c: has its pages swapped out; forks; reads them, and the child does not. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int sum;

int main(void)
{
	char *memory = mmap((void *)0x80000000, 64 * 4096, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	for (int byte = 0; byte < 64 * 4096; byte++)
		memory[byte] = byte / 64;
	raise(SIGSTOP);
	madvise(memory, 64 * 4096, MADV_PAGEOUT);
	raise(SIGSTOP);
	if (fork() == 0) {
		prctl(PR_SET_NAME, "swapped-child");
		raise(SIGSTOP);
		return 0;
	}
	waitpid(-1, NULL, WUNTRACED);	/* until the child has stopped */
	for (int page = 0; page < 64; page++)
		sum += memory[page * 4096];
	raise(SIGSTOP);
	wait(NULL);
}
