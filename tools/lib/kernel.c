// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What can be known of the running kernel without the module. It must not know
 * any process.
 */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kernel.h"

void vs_kernel_identify(struct vs_kernel *kernel)
{
	struct utsname name;

	if (!uname(&name)) {
		snprintf(kernel->release, sizeof(kernel->release), "%.63s", name.release);
		snprintf(kernel->machine, sizeof(kernel->machine), "%.31s", name.machine);
	}
	kernel->page_shift = __builtin_ctzl(sysconf(_SC_PAGESIZE));
}

/* The kernel clears the flag when it runs with four levels. */
static bool cpu_flag_la57(void)
{
	char line[8192];
	bool found = false;
	FILE *file = fopen("/proc/cpuinfo", "re");

	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, "flags", 5))
			continue;
		found = strstr(line, " la57 ") || strstr(line, " la57\n");
		break;
	}
	fclose(file);
	return found;
}

void vs_kernel_guess_geometry(struct vs_kernel *kernel)
{
	static const unsigned int shift[VS_MAX_LEVELS] = { 12, 21, 30, 39, 48 };

	if (kernel->levels || strcmp(kernel->machine, "x86_64"))
		return;
	kernel->levels = cpu_flag_la57() ? 5 : 4;
	for (int i = 0; i < VS_MAX_LEVELS; i++) {
		kernel->level[i].shift = shift[i];
		kernel->level[i].entries = 512;
		kernel->level[i].leaf = i <= VS_LEVEL_PUD;
	}
	if (kernel->levels == 4) {
		kernel->level[VS_LEVEL_P4D].entries = 1;
		kernel->level[VS_LEVEL_PGD].shift = 39;
	}
}
