// SPDX-License-Identifier: GPL-2.0-or-later
/* demand.c: maps a file that is on the disk only, and reads two bytes of it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

char content[1 << 20];
int sum;

static void look_at(char *byte)
{
	struct rusage before, after;

	getrusage(RUSAGE_SELF, &before);
	sum += *byte;
	getrusage(RUSAGE_SELF, &after);
	dprintf(1, "%ld major and %ld minor page faults\n",
		after.ru_majflt - before.ru_majflt, after.ru_minflt - before.ru_minflt);
	raise(SIGSTOP);
}

int main(void)
{
	int file = open("data", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *map = mmap((void *)0x80000000, 1 << 20, PROT_READ, MAP_PRIVATE, file, 0);

	madvise(map, 1 << 20, MADV_RANDOM);		/* no readahead */
	write(file, content, 1 << 20);
	fsync(file);
	posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);	/* out of memory with it */
	raise(SIGSTOP);
	look_at(map + 1);
	pread(file, content, 1 << 20, 0);		/* and into memory again */
	look_at(map + 512 * 1024);
}
