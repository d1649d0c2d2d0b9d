// SPDX-License-Identifier: GPL-2.0-or-later
/* library.c: calls the C library. */
#include <signal.h>
#include <stdio.h>

int main(void)
{
	printf("printf() is at %p\n", printf);
	fflush(stdout);
	raise(SIGSTOP);
}
