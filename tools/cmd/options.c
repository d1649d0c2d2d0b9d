// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Options: one table, of which each verb takes some groups. It must not know
 * what they lead to.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

enum {
	OPT_SOURCE = 256,
	OPT_FROM,
	OPT_COLOR,
	OPT_JOBS,
	OPT_TIMEOUT,
	OPT_RAW,
	OPT_NOHEADINGS,
	OPT_LIST_COLUMNS,
	OPT_SORT,
	OPT_FILTER,
	OPT_KEY,
	OPT_HOLES,
	OPT_PAGES,
	OPT_FILL,
	OPT_UNPACED,
	OPT_WALK,
	OPT_VERIFY,
	OPT_ALL,
	OPT_SYSTEM,
	OPT_CGROUP,
	OPT_INTERVAL,
	OPT_COUNT,
	OPT_CLEAR,
	OPT_STUCK,
	OPT_FAMILY,
	OPT_RUNS,
	OPT_NO_BPF,
	OPT_CAUSE,
	OPT_SLOWER,
	OPT_RANGE,
	OPT_BUFFER,
	OPT_ROOM,
	OPT_STACKS,
	OPT_RECORD,
	OPT_FAULTS,
	OPT_VERSION,
};

static const struct {
	const char *name;
	int value;			/* the letter, when it is one */
	const char *argument;
	unsigned int groups;		/* 0: every verb */
	const char *help;
} known[] = {
	{ "source", OPT_SOURCE, "auto|module|proc", VS_OPT_SOURCE,
	  "where figures come from; auto: the module if it can, and says so if not" },
	{ "from", OPT_FROM, "FILE", VS_OPT_FROM, "read a recorded snapshot, no TARGET" },
	{ "timeout", OPT_TIMEOUT, "MS", VS_OPT_SOURCE,
	  "how long to wait for locks of the target that stay taken (1000)" },
	{ "jobs", OPT_JOBS, "N", VS_OPT_JOBS, "threads that scan (auto: more for large processes)" },
	{ "json", 'J', NULL, VS_OPT_FORMAT, "JSON, schema " VS_SCHEMA },
	{ "bytes", 'b', NULL, VS_OPT_FORMAT, "plain bytes instead of 1.5G" },
	{ "color", OPT_COLOR, "auto|always|never", VS_OPT_COLOR, "colours; NO_COLOR is honoured" },
	{ "faults", OPT_FAULTS, "TIME", VS_OPT_WINDOW,
	  "watch its page faults first, for so long, as in 1s or 500ms" },
	{ "output", 'o', "COLUMNS", VS_OPT_TABLE,
	  "columns: a,b replaces, +a,b adds; 'help' lists them" },
	{ "list-columns", OPT_LIST_COLUMNS, NULL, VS_OPT_TABLE, "list the columns" },
	{ "raw", OPT_RAW, NULL, VS_OPT_TABLE, "bytes, one space between columns, \\x20 in names" },
	{ "noheadings", OPT_NOHEADINGS, NULL, VS_OPT_TABLE, "no heading" },
	{ "sort", OPT_SORT, "COLUMN[:asc|:desc]", VS_OPT_SELECT, "order of the rows" },
	{ "filter", OPT_FILTER, "EXPR", VS_OPT_SELECT,
	  "rows that match all of 'rss>1M,name~libc,perm=rw-p'" },
	{ "key", OPT_KEY, "ATTRIBUTES", VS_OPT_KEY,
	  "what parts two runs: a,b replaces, +a,b adds; 'help' lists them" },
	{ "holes", OPT_HOLES, NULL, VS_OPT_KEY, "untouched pages as well" },
	{ "write", 'w', "FILE", VS_OPT_RECORD, "the file to write" },
	{ "pages", OPT_PAGES, NULL, VS_OPT_PAGES,
	  "pages one by one as well" },
	{ "fill", OPT_FILL, NULL, VS_OPT_FILL,
	  "read huge pages and count what of them is zero" },
	{ "unpaced", OPT_UNPACED, NULL, VS_OPT_FILL,
	  "with --fill: as fast as it goes, not a quarter of a CPU" },
	{ "walk", OPT_WALK, "ADDRESS", VS_OPT_RECORD, "the translation of an address as well" },
	{ "verify", OPT_VERIFY, NULL, VS_OPT_RECORD, "procfs before and after as well" },
	{ "all", OPT_ALL, NULL, VS_OPT_EVERYONE, "every process of the host, no TARGET" },
	{ "system", OPT_SYSTEM, NULL, VS_OPT_FAULTS, "every process of the host, no TARGET" },
	{ "cgroup", OPT_CGROUP, "PATH", VS_OPT_EVERYONE | VS_OPT_FAULTS,
	  "every process of a control group and those below it, no TARGET" },
	{ "interval", OPT_INTERVAL, "TIME", VS_OPT_WATCH,
	  "look again after so long, as in 1s or 500ms, and estimate the working set (1s)" },
	{ "count", OPT_COUNT, "N", VS_OPT_WATCH, "so many intervals (5)" },
	{ "clear", OPT_CLEAR, NULL, VS_OPT_WATCH,
	  "clear accessed bits before each interval, which disturbs the process and reclaim" },
	{ "stuck", OPT_STUCK, NULL, VS_OPT_STUCK,
	  "only pages that cannot be moved, split or reclaimed, and why" },
	{ "family", OPT_FAMILY, NULL, VS_OPT_FAMILY,
	  "its parents and children: what they still share since the fork" },
	{ "runs", OPT_RUNS, NULL, VS_OPT_SLOTS, "each run of slots alike, instead of mappings" },
	{ "no-bpf", OPT_NO_BPF, NULL, VS_OPT_SLOTS, "load no BPF program: slots are not asked about" },
	{ "duration", 'd', "TIME", VS_OPT_FAULTS | VS_OPT_EVENTS | VS_OPT_KILLS,
	  "watch so long, as in 5s or 500ms (until TARGET ends, or Ctrl-C)" },
	{ "follow", 'f', NULL, VS_OPT_FAULTS, "each fault as it happens, a line each" },
	{ "cause", OPT_CAUSE, "CAUSES", VS_OPT_FAULTS,
	  "with --follow, --stacks: only faults of these causes; 'help' lists them" },
	{ "slower", OPT_SLOWER, "TIME", VS_OPT_FAULTS,
	  "with --follow, --stacks: only those that took so long, as in 100us or 5ms" },
	{ "range", OPT_RANGE, "RANGE", VS_OPT_FAULTS,
	  "with --follow, --stacks: only those there: START-END, START+LENGTH, a file's name, [heap], [stack], [anon]" },
	{ "buffer", OPT_BUFFER, "SIZE", VS_OPT_FAULTS,
	  "with --follow: room for those that nobody read yet (4M)" },
	{ "room", OPT_ROOM, "N", VS_OPT_FAULTS | VS_OPT_EVENTS,
	  "faults: for so many mappings and threads, and four times as many stacks (16384; of many processes 65536); events: for so many processes and mappings (4096)" },
	{ "stacks", OPT_STACKS, "[=tree|folded]", VS_OPT_FAULTS,
	  "user stacks: a tree below the report, or lines for flame graphs in its place" },
	{ "record", OPT_RECORD, "FILE", VS_OPT_FAULTS,
	  "keep all of it in a file as well, which --from reads" },
	{ "write", 'w', "FILE", VS_OPT_FAULTS | VS_OPT_EVENTS | VS_OPT_KILLS,
	  "write the report there, not to standard output" },
	{ "help", 'h', NULL, 0, "this text" },
	{ "version", OPT_VERSION, NULL, 0, "version of the command" },
};

#define NR_KNOWN	(sizeof(known) / sizeof(known[0]))

static bool takes(unsigned int groups, size_t i)
{
	return !known[i].groups || known[i].groups & groups;
}

void vs_options_help(const struct vs_style *style, unsigned int groups)
{
	int indent = style->width < 70 ? 8 : 34;
	struct vs_flow flow;

	for (size_t i = 0; i < NR_KNOWN; i++) {
		char letter[8] = "   ", name[80];

		if (!takes(groups, i))
			continue;
		if (known[i].value < 256)
			snprintf(letter, sizeof(letter), "-%c,", known[i].value);
		snprintf(name, sizeof(name), "  %s --%s%s%s", letter, known[i].name,
			 known[i].argument && *known[i].argument != '[' ? " " : "",
			 known[i].argument ? known[i].argument : "");
		if (strlen(name) >= (size_t)indent) {
			fprintf(style->out, "%s\n", name);
			*name = 0;
		}
		vs_flow_begin(&flow, style, name, indent);
		vs_flow_words(&flow, known[i].help);
		vs_flow_end(&flow);
	}
}

static int wrong_value(const char *option, const char *value, const char *right)
{
	vs_say("--%s: '%s' is not known: write %s", option, value, right);
	return VS_EXIT_USAGE;
}

static int parse_color(const char *value, struct vs_options *options)
{
	if (!value || !strcmp(value, "always"))
		options->color = VS_ALWAYS;
	else if (!strcmp(value, "never"))
		options->color = VS_NEVER;
	else if (!strcmp(value, "auto"))
		options->color = VS_AUTO;
	else
		return wrong_value("color", value, "auto, always or never");
	return VS_EXIT_OK;
}

static int parse_source(const char *value, struct vs_options *options)
{
	if (strcmp(value, "auto") && strcmp(value, "module") && strcmp(value, "proc"))
		return wrong_value("source", value, "auto, module or proc");
	options->source = value;
	return VS_EXIT_OK;
}

static int parse_stacks(const char *value, struct vs_options *options)
{
	if (!value || !strcmp(value, "tree"))
		options->stacks = VS_STACKS_TREE;
	else if (!strcmp(value, "folded"))
		options->stacks = VS_STACKS_FOLDED;
	else
		return wrong_value("stacks", value, "tree or folded");
	return VS_EXIT_OK;
}

static int parse_number(const char *option, const char *value, unsigned long least,
			unsigned long most, unsigned long *number)
{
	char *end;

	errno = 0;
	*number = strtoul(value, &end, 10);
	if (errno || *end || end == value || *value == '-' || *number < least || *number > most) {
		vs_say("--%s: '%s' is no number from %lu to %lu", option, value, least, most);
		return VS_EXIT_USAGE;
	}
	return VS_EXIT_OK;
}

/* "1s", "500ms", "2": seconds without a unit; not less than @least, as a text and in ns. */
static int parse_time(const char *option, const char *value, const char *least_text,
		      uint64_t least, uint64_t *ns)
{
	uint64_t unit = 1000000000;
	char *end;
	double number;

	errno = 0;
	number = strtod(value, &end);
	if (!strcmp(end, "ms"))
		unit = 1000000;
	else if (!strcmp(end, "us"))
		unit = 1000;
	else if (strcmp(end, "s") && *end)
		number = 0;
	if (errno || end == value || !(number * unit >= least) ||
	    !(number * unit <= 86400e9)) {
		vs_say("--%s: '%s' is no time from %s to 86400s", option, value, least_text);
		return VS_EXIT_USAGE;
	}
	*ns = number * unit;
	return VS_EXIT_OK;
}

static int add_walk(const char *value, struct vs_options *options)
{
	const char **more;

	if (options->nr_walks == VS_MAX_WALKS) {
		vs_say("--walk: at most %d addresses", VS_MAX_WALKS);
		return VS_EXIT_USAGE;
	}
	more = reallocarray(options->walk, options->nr_walks + 1, sizeof(*more));
	if (!more) {
		vs_say("out of memory");
		return VS_EXIT_CANNOT;
	}
	options->walk = more;
	options->walk[options->nr_walks++] = value;
	return VS_EXIT_OK;
}

static int take(int value, struct vs_options *options)
{
	unsigned long number;

	switch (value) {
	case OPT_SOURCE:
		return parse_source(optarg, options);
	case OPT_COLOR:
		return parse_color(optarg, options);
	case OPT_JOBS:
		if (!strcmp(optarg, "auto"))
			return VS_EXIT_OK;
		if (parse_number("jobs", optarg, 1, 256, &number))
			return VS_EXIT_USAGE;
		options->jobs = number;
		break;
	case OPT_TIMEOUT:
		if (parse_number("timeout", optarg, 1, 3600000, &number))
			return VS_EXIT_USAGE;
		options->timeout_ns = number * 1000000ull;
		break;
	case OPT_INTERVAL:
		return parse_time("interval", optarg, "1ms", 1000000, &options->interval_ns);
	case 'd':
		return parse_time("duration", optarg, "1ms", 1000000, &options->duration_ns);
	case OPT_FAULTS:
		return parse_time("faults", optarg, "1ms", 1000000, &options->faults_ns);
	case OPT_SLOWER:
		return parse_time("slower", optarg, "1us", 1000, &options->slower_ns);
	case 'f':
		options->follow = true;
		break;
	case OPT_CAUSE:
		options->causes = optarg;
		break;
	case OPT_RANGE:
		options->range = optarg;
		break;
	case OPT_RECORD:
		options->record = optarg;
		break;
	case OPT_BUFFER:
		options->buffer = optarg;
		break;
	case OPT_ROOM:
		if (parse_number("room", optarg, 64, 1000000, &number))
			return VS_EXIT_USAGE;
		options->room = number;
		break;
	case OPT_STACKS:
		return parse_stacks(optarg, options);
	case OPT_COUNT:
		if (parse_number("count", optarg, 1, 100000, &number))
			return VS_EXIT_USAGE;
		options->count = number;
		break;
	case OPT_CLEAR:
		options->clear = true;
		break;
	case OPT_STUCK:
		options->stuck = true;
		break;
	case OPT_WALK:
		return add_walk(optarg, options);
	case OPT_FROM:
		options->from = optarg;
		break;
	case OPT_SORT:
		options->sort = optarg;
		break;
	case OPT_FILTER:
		options->filter = optarg;
		break;
	case OPT_KEY:
		options->key = optarg;
		break;
	case OPT_RAW:
		options->raw = true;
		options->bytes = true;
		break;
	case OPT_NOHEADINGS:
		options->noheadings = true;
		break;
	case OPT_LIST_COLUMNS:
		options->list_columns = true;
		break;
	case OPT_HOLES:
		options->holes = true;
		break;
	case OPT_PAGES:
		options->pages = true;
		break;
	case OPT_ALL:
		options->everyone = true;
		break;
	case OPT_SYSTEM:
		options->everyone = true;
		options->system = true;
		break;
	case OPT_CGROUP:
		options->everyone = true;
		options->cgroup = optarg;
		break;
	case OPT_FILL:
		options->fill = true;
		break;
	case OPT_UNPACED:
		options->unpaced = true;
		break;
	case OPT_VERIFY:
		options->verify = true;
		break;
	case OPT_FAMILY:
		options->family = true;
		break;
	case OPT_RUNS:
		options->runs = true;
		break;
	case OPT_NO_BPF:
		options->no_bpf = true;
		break;
	case 'J':
		options->json = true;
		break;
	case 'b':
		options->bytes = true;
		break;
	case 'o':
		options->columns = optarg;
		break;
	case 'w':
		options->write = optarg;
		break;
	}
	return VS_EXIT_OK;
}

static void tell_unknown(const struct vs_verb *verb, int value, char **argv)
{
	const char *word = argv[optind - 1];

	if (value == ':')
		vs_say("%s: option '%s' needs a value: see 'vmscope help %s'", verb->name, word,
		       verb->name);
	else if (optopt && optopt < 256)
		vs_say("%s: no option '-%c': see 'vmscope help %s'", verb->name, optopt,
		       verb->name);
	else
		vs_say("%s: no option '%s': see 'vmscope help %s'", verb->name, word, verb->name);
}

static int check_arguments(const struct vs_verb *verb, struct vs_options *options)
{
	int least = verb->least, most = verb->most;
	const char *instead = options->from ? " with --from" :
		options->cgroup ? " with --cgroup" : options->system ? " with --system" :
		options->everyone ? " with --all" : "";

	/* A snapshot is of one target, and walk shows all that it holds. */
	if ((options->from || options->everyone) && most) {
		least = 0;
		most = options->everyone ? 0 : most - 1;
	}
	if (options->from && options->everyone && !(verb->options & VS_OPT_FAULTS)) {
		vs_say("%s: --from is of one process: leave out%s", verb->name,
		       options->cgroup ? " --cgroup" : " --all");
		return VS_EXIT_USAGE;
	}
	if (options->list_columns || (options->columns && !strcmp(options->columns, "help")) ||
	    (options->key && !strcmp(options->key, "help")) ||
	    (options->causes && !strcmp(options->causes, "help")))
		least = 0;
	if (options->nr_arguments < least) {
		vs_say("%s: missing %s: usage: vmscope %s %s", verb->name,
		       options->nr_arguments || options->from ? "argument" : "TARGET",
		       verb->name, verb->arguments);
		return VS_EXIT_USAGE;
	}
	if (options->command)
		most = options->nr_arguments;
	if (options->nr_arguments > most) {
		vs_say("%s: '%s' is one argument too many%s: usage: vmscope %s %s", verb->name,
		       options->argument[most], instead, verb->name, verb->arguments);
		return VS_EXIT_USAGE;
	}
	return VS_EXIT_OK;
}

/* Words behind "--", -1 without one; getopt_long() changes their order. */
static int words_behind_dashes(int argc, char **argv)
{
	for (int at = 1; at < argc; at++)
		if (!strcmp(argv[at], "--"))
			return argc - at - 1;
	return -1;
}

int vs_options_parse(int argc, char **argv, const struct vs_verb *verb,
		     struct vs_options *options)
{
	struct option option[NR_KNOWN + 1] = { 0 };
	char letters[2 * NR_KNOWN + 2] = ":";
	int value, at = 1, n = 0, behind = words_behind_dashes(argc, argv);

	memset(options, 0, sizeof(*options));
	options->verb = verb;
	options->verb_text = argv[0];
	options->source = "auto";
	for (size_t i = 0; i < NR_KNOWN; i++) {
		if (!takes(verb->options, i))
			continue;
		option[n].name = known[i].name;
		option[n].has_arg = !known[i].argument ? no_argument :
			known[i].value == OPT_COLOR || *known[i].argument == '[' ?
			optional_argument : required_argument;
		option[n++].val = known[i].value;
		if (known[i].value < 256) {
			letters[at++] = known[i].value;
			if (known[i].argument)
				letters[at++] = ':';
		}
	}
	opterr = 0;
	while ((value = getopt_long(argc, argv, letters, option, NULL)) != -1) {
		int err;

		if (value == '?' || value == ':') {
			tell_unknown(verb, value, argv);
			return VS_EXIT_USAGE;
		}
		if (value == 'h' || value == OPT_VERSION) {
			options->verb = vs_verb_find("help");
			options->argument = argv + argc;
			options->list_columns = value == OPT_VERSION;
			options->columns = verb->name;
			return VS_EXIT_OK;
		}
		err = take(value, options);
		if (err)
			return err;
	}
	options->argument = argv + optind;
	options->nr_arguments = argc - optind;
	options->command = verb->options & (VS_OPT_FAULTS | VS_OPT_EVENTS) && behind > 0 &&
		behind == options->nr_arguments;
	return check_arguments(verb, options);
}
