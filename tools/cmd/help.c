// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmscope help: usage, from the table of verbs. It must not know any verb.
 */
#include <string.h>

#include "cmd.h"

static void help_all(void)
{
	printf("Usage: vmscope [VERB] TARGET [OPTIONS]\n"
	       "Where a process's memory really is, read from its page tables.\n"
	       "Verbs: (TARGET is a pid, 'self', or the exact name of a process)\n");
	for (const struct vs_verb *verb = vs_verbs; verb->name; verb++)
		printf("  %-7s %-18s %s\n", verb->name, verb->arguments, verb->help);
	printf("\nWithout a verb: show. 'vmscope help VERB' tells options, 'man vmscope' the rest.\n");
}

/* What the words of a usage stand for. */
static void help_words(const struct vs_style *style, const struct vs_verb *verb)
{
	static const struct {
		const char *word, *help;
	} words[] = {
		{ "TARGET", "a pid, 'self', or the exact name of a process" },
		{ "RANGE",
		  "START-END or START+LENGTH, in hexadecimal but for the length; or the name of a mapping: '[heap]', a path, the last part of a path (libc.so.6)" },
		{ "ADDRESS", "in hexadecimal, with or without 0x" },
		{ "CMD", "a command and its arguments, which is run" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct vs_flow flow;
		char name[16];

		if (!strstr(verb->arguments, words[i].word))
			continue;
		snprintf(name, sizeof(name), "  %s", words[i].word);
		vs_flow_begin(&flow, style, name, 11);
		if (!strcmp(words[i].word, "RANGE") && !strcmp(verb->name, "share"))
			vs_flow_words(&flow, "an address, for its page;");
		vs_flow_words(&flow, words[i].help);
		vs_flow_end(&flow);
	}
}

static int help_verb(const struct vs_options *options, const char *name)
{
	const struct vs_verb *verb = vs_verb_find(name);
	struct vs_style style;

	if (!verb) {
		vs_say("help: no verb '%s': 'vmscope help' lists them", name);
		return VS_EXIT_USAGE;
	}
	printf("Usage: vmscope %s %s%s[OPTIONS]\n%s\n\n", verb->name, verb->arguments,
	       *verb->arguments ? " " : "", verb->help);
	vs_style_init(&style, options);
	style.color = false;
	help_words(&style, verb);
	printf("%sOptions:\n", *verb->arguments ? "\n" : "");
	vs_options_help(&style, verb->options);
	return VS_EXIT_OK;
}

/*
 * Reached by the verb, and by --help (columns: the verb it stood behind) and
 * --version (list_columns).
 */
int vs_cmd_help(const struct vs_options *options)
{
	if (options->list_columns) {
		printf("vmscope %s\n", VS_VERSION);
		return VS_EXIT_OK;
	}
	if (options->nr_arguments)
		return help_verb(options, options->argument[0]);
	if (options->columns && strcmp(options->columns, "help"))
		return help_verb(options, options->columns);
	help_all();
	return VS_EXIT_OK;
}
