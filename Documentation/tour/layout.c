// SPDX-License-Identifier: GPL-2.0-or-later
/* layout.c: says where its parts are. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static const char constant[] = "never changes";
static int data = 1;
static int bss;

int main(void)
{
	int local;

	dprintf(1, "text  %p  code\n", main);
	dprintf(1, "const %p  constant\n", constant);
	dprintf(1, "data  %p  data\n", &data);
	dprintf(1, "bss   %p  bss\n", &bss);
	dprintf(1, "heap  %p  malloc()\n", malloc(100));
	dprintf(1, "stack %p  local\n", &local);
	raise(SIGSTOP);
}
