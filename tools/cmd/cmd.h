/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the verbs share: options, exit codes, a session with a source. Only
 * this room knows options and exit codes; it must not know how a source works
 * or how a screen is drawn.
 */
#ifndef VMSCOPE_CMD_H
#define VMSCOPE_CMD_H

#include "../lib/source.h"
#include "../render/report.h"

enum vs_exit {
	VS_EXIT_OK = 0,
	VS_EXIT_FALSE = 1,
	VS_EXIT_USAGE = 2,
	VS_EXIT_GONE = 3,
	VS_EXIT_CANNOT = 4,
	VS_EXIT_PERMISSION = 5,
	VS_EXIT_PARTIAL = 6,
};

/* Groups of options; a verb takes some of them. */
#define VS_OPT_SOURCE	(1u << 0)
#define VS_OPT_FORMAT	(1u << 1)
#define VS_OPT_COLOR	(1u << 2)
#define VS_OPT_TABLE	(1u << 3)
#define VS_OPT_SELECT	(1u << 4)
#define VS_OPT_KEY	(1u << 5)
#define VS_OPT_RECORD	(1u << 6)
#define VS_OPT_FROM	(1u << 7)
#define VS_OPT_JOBS	(1u << 8)
#define VS_OPT_PAGES	(1u << 9)
#define VS_OPT_EVERYONE	(1u << 10)
#define VS_OPT_WATCH	(1u << 11)
#define VS_OPT_STUCK	(1u << 12)
#define VS_OPT_FAMILY	(1u << 13)
#define VS_OPT_SLOTS	(1u << 14)
#define VS_OPT_FILL	(1u << 15)
#define VS_OPT_FAULTS	(1u << 16)	/* and a command behind -- */
#define VS_OPT_EVENTS	(1u << 17)	/* as well */
#define VS_OPT_KILLS	(1u << 18)
#define VS_OPT_WINDOW	(1u << 19)

enum vs_when {
	VS_AUTO,
	VS_ALWAYS,
	VS_NEVER,
};

/* How stacks are shown. */
enum vs_stacks_as {
	VS_STACKS_NOT,
	VS_STACKS_TREE,
	VS_STACKS_FOLDED,
};

#define VS_MAX_WALKS	4096
/* Processes named on one line. */
#define VS_MAX_TARGETS	4096

struct vs_options {
	const struct vs_verb *verb;
	const char *verb_text;		/* as it was written: a list of questions, perhaps */
	const char *source;		/* "auto", "module", "proc" */
	const char *from;
	const char *write;
	const char *columns;
	const char *sort;
	const char *filter;
	const char *key;
	const char *cgroup;
	unsigned int jobs;
	uint64_t timeout_ns;
	enum vs_when color;
	bool json;
	bool bytes;
	bool raw;
	bool noheadings;
	bool list_columns;
	bool holes;
	bool pages;
	bool fill;
	bool unpaced;
	bool verify;
	bool everyone;			/* no TARGET: all of the host, or of cgroup */
	bool system;			/* all of the host, whatever else is given */
	bool clear;
	bool stuck;
	uint64_t interval_ns;		/* between looks, 0: not given */
	unsigned int count;		/* of intervals, 0: not given */
	bool family;
	bool runs;
	bool no_bpf;
	uint64_t duration_ns;		/* to watch, 0: not given */
	uint64_t faults_ns;		/* to watch first, 0: not given */
	bool follow;
	const char *causes;
	uint64_t slower_ns;		/* 0: not given */
	const char *range;
	const char *buffer;
	unsigned int room;		/* 0: not given */
	enum vs_stacks_as stacks;
	const char *record;
	bool command;			/* the arguments are one, behind -- */
	const char **walk;
	int nr_walks;
	char **argument;		/* behind the options */
	int nr_arguments;
};

struct vs_verb {
	const char *name;
	int (*run)(const struct vs_options *options);
	const char *help;
	const char *arguments;
	unsigned int options;		/* VS_OPT_* */
	int least, most;		/* arguments, TARGET included */
};

extern const struct vs_verb vs_verbs[];
const struct vs_verb *vs_verb_find(const char *name);

/* Returns VS_EXIT_OK or prints what is wrong. */
int vs_options_parse(int argc, char **argv, const struct vs_verb *verb,
		     struct vs_options *options);
/* The help of the options of these groups. */
void vs_options_help(const struct vs_style *style, unsigned int groups);

/* Prints "vmscope: ..." to stderr. */
void vs_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Prints the error and returns its exit code. */
int vs_fail(const struct vs_error *error);

void vs_style_init(struct vs_style *style, const struct vs_options *options);

/* Finds a process; VS_EXIT_OK, or says why not. */
int vs_find_target(const char *text, struct vs_target *target);

/* One look at one target through one source. */
struct vs_session {
	const struct vs_options *options;
	struct vs_target target;
	struct vs_source source;
	struct vs_model model;
	struct vs_report report;
	char fallback[640];
};

/* Finds the target (text; ignored with --from) and opens the source. */
int vs_session_open(struct vs_session *session, const struct vs_options *options,
		    const char *target);
/* Opens that source instead of the one that the options ask for. */
int vs_session_open_as(struct vs_session *session, const struct vs_options *options,
		       const char *target, const struct vs_source_ops *ops);
int vs_session_collect(struct vs_session *session, const struct vs_request *request);
void vs_session_close(struct vs_session *session);

/* VS_EXIT_PARTIAL when something was not looked at, otherwise VS_EXIT_OK. */
int vs_session_result(const struct vs_session *session);

/* The target's argument, or NULL with --from; and the arguments behind it. */
const char *vs_target_argument(const struct vs_options *options);
char **vs_more_arguments(const struct vs_options *options, int *nr);

int vs_cmd_show(const struct vs_options *options);
int vs_cmd_maps(const struct vs_options *options);
int vs_cmd_pages(const struct vs_options *options);
int vs_cmd_age(const struct vs_options *options);
int vs_cmd_walk(const struct vs_options *options);
int vs_cmd_verify(const struct vs_options *options);
int vs_cmd_record(const struct vs_options *options);
int vs_cmd_doctor(const struct vs_options *options);
int vs_cmd_tables(const struct vs_options *options);
/* The verbs that are questions, and lists of them. */
int vs_cmd_ask(const struct vs_options *options);
/* Who maps the same memory. */
int vs_cmd_share(const struct vs_options *options);
/* What parents and children still share since the fork. */
int vs_cmd_family(const struct vs_options *options);
int vs_cmd_ksm(const struct vs_options *options);
/* Whether all memory of the host adds up. */
int vs_cmd_host(const struct vs_options *options);
/* Page faults while they happen. */
int vs_cmd_faults(const struct vs_options *options);
/* What happens to memory beside them. */
int vs_cmd_events(const struct vs_options *options);
/* Whom the kernel kills for want of memory. */
int vs_cmd_oom(const struct vs_options *options);
int vs_cmd_help(const struct vs_options *options);

#endif
