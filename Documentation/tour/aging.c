// SPDX-License-Identifier: GPL-2.0-or-later
/* aging.c: writes to 64 pages; later it reads 16 of them, and writes to 4. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>

int sum;

int main(void)
{
	char *memory = mmap((void *)0x80000000, 64 * 4096, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	for (int page = 0; page < 64; page++)
		memory[page * 4096] = 'x';
	raise(SIGSTOP);
	for (int page = 0; page < 16; page++)
		sum += memory[page * 4096];
	for (int page = 0; page < 4; page++)
		memory[page * 4096] = 'y';
	raise(SIGSTOP);
}
