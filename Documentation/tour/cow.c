// SPDX-License-Identifier: GPL-2.0-or-later
/* cow.c: writes 64 pages, forks, and the child writes to 16 of them. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	char *memory = mmap((void *)0x80000000, 64 * 4096, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	for (int page = 0; page < 64; page++)
		memory[page * 4096] = 'x';
	raise(SIGSTOP);
	if (fork() == 0) {
		prctl(PR_SET_NAME, "cow-child");
		raise(SIGSTOP);
		for (int page = 0; page < 16; page++)
			memory[page * 4096] = 'y';
		raise(SIGSTOP);
		return 0;
	}
	for (int stop = 0; stop < 2; stop++) {
		waitpid(-1, NULL, WUNTRACED);	/* until the child has stopped */
		raise(SIGSTOP);
	}
	wait(NULL);
}
