/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Small readers of procfs text, one per format. They must not know what the
 * values are for.
 */
#ifndef VMSCOPE_PROC_READ_H
#define VMSCOPE_PROC_READ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "model.h"

/* First line of a file without its newline; 0 or -errno. */
int vs_read_line(const char *path, char *line, size_t size);

/* Command line of a process, with spaces between the arguments; "..." ends a longer one. */
void vs_proc_command(pid_t pid, char *command, size_t size);

/* A number of /proc/PID/status, -1 when there is none. */
long vs_proc_status_number(pid_t pid, const char *key);

struct vs_proc_status {
	char state;
	bool has_memory;
	struct vs_process process;
};

/* The whole of /proc/PID/status that the model wants; 0 or -errno. */
int vs_proc_status(pid_t pid, struct vs_proc_status *status);

/*
 * Reads maps or smaps (the fields are optional) and adds the mappings that
 * touch [start, end) to the model; 0 or -errno.
 */
int vs_proc_read_smaps(FILE *file, struct vs_model *model, uint64_t start, uint64_t end);

/* Name of a field of smaps as the kernel writes it. */
const char *vs_smaps_field(enum vs_smaps field);

#endif
