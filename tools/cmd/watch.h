/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the verbs share that watch until somebody says stop: how that is said, and where
 * the report goes. It must not know what is watched.
 */
#ifndef VMSCOPE_CMD_WATCH_H
#define VMSCOPE_CMD_WATCH_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "cmd.h"

/* Ctrl-C, which ends the watch and not the report. */
struct vs_stopping {
	int fd;				/* can be read once it was said */
	sigset_t before;
};

void vs_stopping_begin(struct vs_stopping *stop);
/* @take: what was said is meant for the watch, and done with. */
void vs_stopping_end(struct vs_stopping *stop, bool take);

/*
 * Until the time is over (@ns; 0: it never is), the process of @pidfd (-1: none) has
 * ended, or somebody says stop. 0, or -1 and errno.
 */
int vs_wait_watching(int pidfd, uint64_t ns);

/* The file of --write, or standard output, and how it is written to; NULL: says why not. */
FILE *vs_output_open(const struct vs_options *options, struct vs_style *style);
/* NULL: none was opened. VS_EXIT_PARTIAL, and says so, when some of it is lost. */
int vs_output_close(const struct vs_options *options, FILE *out);

#endif
