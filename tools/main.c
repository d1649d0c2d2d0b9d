// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Entry of the command: chooses the verb, and notices output that was lost. It
 * must not know what any verb does.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"

/* Files that are opened must not land on a standard descriptor. */
static int standard_descriptors(void)
{
	bool closed = fcntl(STDOUT_FILENO, F_GETFD) < 0;

	while (fcntl(STDERR_FILENO, F_GETFD) < 0)
		if (open("/dev/null", O_RDWR) < 0)
			return VS_EXIT_CANNOT;
	if (fcntl(STDIN_FILENO, F_GETFD) < 0)
		(void)!open("/dev/null", O_RDWR);
	if (!closed)
		return VS_EXIT_OK;
	vs_say("standard output is closed: there is nowhere to print to");
	return VS_EXIT_PARTIAL;
}

static int finish(int result)
{
	int lost = ferror(stdout);
	int err;

	if (fflush(stdout))
		lost = 1;
	err = errno;
	if (!lost && !close(STDOUT_FILENO))
		return result;
	if (!lost)
		err = errno;
	if (err != EPIPE)
		vs_say("writing the output: %s: some of it is lost", strerror(err));
	return VS_EXIT_PARTIAL;
}

static bool is_option(const char *word)
{
	return word[0] == '-';
}

int main(int argc, char **argv)
{
	const struct vs_verb *verb = NULL;
	struct vs_options options;
	int result = standard_descriptors();

	if (result)
		return result;
	if (argc < 2) {
		fprintf(stderr, "vmscope: no TARGET: usage: vmscope [VERB] TARGET; see 'vmscope help'\n");
		return VS_EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		verb = vs_verb_find("help");
	else if (!is_option(argv[1]))
		verb = vs_verb_find(argv[1]);
	if (!verb && argc > 2 && !is_option(argv[1]) && !is_option(argv[2])) {
		vs_say("no verb '%s': 'vmscope help' lists them", argv[1]);
		return VS_EXIT_USAGE;
	}
	if (verb) {
		argc--;
		argv++;
	} else {
		verb = vs_verb_find("show");
	}
	result = vs_options_parse(argc, argv, verb, &options);
	if (!result)
		result = options.verb->run(&options);
	free(options.walk);
	return finish(result);
}
