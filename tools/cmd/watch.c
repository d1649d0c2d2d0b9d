// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the verbs share that watch until somebody says stop: how that is said, and where
 * the report goes. It must not know what is watched.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "watch.h"

static void stops(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
}

void vs_stopping_begin(struct vs_stopping *stop)
{
	sigset_t set;

	stops(&set);
	sigprocmask(SIG_BLOCK, &set, &stop->before);
	stop->fd = signalfd(-1, &set, SFD_CLOEXEC);
}

void vs_stopping_end(struct vs_stopping *stop, bool take)
{
	sigset_t set;

	close(stop->fd);
	stops(&set);
	while (take && sigtimedwait(&set, NULL, &(struct timespec){ 0 }) > 0)
		;
	sigprocmask(SIG_SETMASK, &stop->before, NULL);
}

int vs_wait_watching(int pidfd, uint64_t ns)
{
	struct timespec time = { ns / 1000000000, ns % 1000000000 };
	struct pollfd wait[2] = { { .fd = pidfd, .events = POLLIN } };
	struct vs_stopping stop;
	int result;

	vs_stopping_begin(&stop);
	wait[1] = (struct pollfd){ .fd = stop.fd, .events = POLLIN };
	do
		result = ppoll(wait, 2, ns ? &time : NULL, NULL);
	while (result < 0 && errno == EINTR);
	vs_stopping_end(&stop, result >= 0);
	return result < 0 ? -1 : 0;
}

FILE *vs_output_open(const struct vs_options *options, struct vs_style *style)
{
	FILE *out = options->write ? fopen(options->write, "we") : stdout;

	if (!out) {
		vs_say("%s: %s", options->write, strerror(errno));
		return NULL;
	}
	vs_style_init(style, options);
	style->out = out;
	if (out != stdout)
		style->terminal = style->color = false;
	return out;
}

int vs_output_close(const struct vs_options *options, FILE *out)
{
	if (!out || out == stdout || (!ferror(out) && !fclose(out)))
		return VS_EXIT_OK;
	vs_say("%s: %s: some of it is lost", options->write, strerror(errno));
	return VS_EXIT_PARTIAL;
}
