// SPDX-License-Identifier: GPL-2.0-or-later
/* threads.c: a thread writes what main reads; no address space but one. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>

static void *writer(void *memory)
{
	sprintf(memory, "hello");
	raise(SIGSTOP);
	return NULL;
}

int main(void)
{
	pthread_t thread;
	char *memory = mmap((void *)0x80000000, 4096, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	pthread_create(&thread, NULL, writer, memory);
	pthread_join(thread, NULL);
}
