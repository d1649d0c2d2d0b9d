// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The verbs, one row each; usage is printed from here. It must not know what
 * they do.
 */
#include <string.h>

#include "cmd.h"
#include "questions.h"

#define LOOK	(VS_OPT_SOURCE | VS_OPT_FROM | VS_OPT_FORMAT)
#define ASK	(LOOK | VS_OPT_COLOR)
#define SWAP	(ASK | VS_OPT_SLOTS)

const struct vs_verb vs_verbs[] = {
	{ "show", vs_cmd_show, "what the process holds, at a glance",
	  "TARGET", LOOK | VS_OPT_COLOR | VS_OPT_JOBS | VS_OPT_WINDOW, 1, 1 },
	{ "maps", vs_cmd_maps, "every mapping, in columns of your choice",
	  "TARGET", LOOK | VS_OPT_TABLE | VS_OPT_SELECT | VS_OPT_JOBS, 1, 1 },
	{ "pages", vs_cmd_pages, "runs of like pages and their frames",
	  "TARGET [RANGE]", ASK | VS_OPT_TABLE | VS_OPT_KEY | VS_OPT_STUCK, 1, 2 },
	{ "walk", vs_cmd_walk, "the translation of an address, level by level",
	  "TARGET ADDRESS...", LOOK | VS_OPT_COLOR, 2, 1 + VS_MAX_WALKS },
	{ "age", vs_cmd_age, "how lately its memory was used",
	  "TARGET", ASK | VS_OPT_WATCH, 1, 1 },
	{ "tables", vs_cmd_tables, "the page-table bill, and how full tables are",
	  "TARGET | --all", ASK | VS_OPT_EVERYONE, 1, 1 },
	{ "share", vs_cmd_share, "who else maps the same memory",
	  "TARGET... [RANGE]",
	  VS_OPT_SOURCE | VS_OPT_FORMAT | VS_OPT_COLOR | VS_OPT_EVERYONE | VS_OPT_FAMILY, 1,
	  VS_MAX_TARGETS },
	{ "ksm", vs_cmd_ksm, "what KSM merged, with whom, and why not more",
	  "TARGET... | --all", VS_OPT_SOURCE | VS_OPT_FORMAT | VS_OPT_COLOR | VS_OPT_EVERYONE, 1,
	  VS_MAX_TARGETS },
	{ "swap", vs_cmd_ask, "where its swapped pages are, and who else has them",
	  "TARGET", SWAP, 1, 1 },
	{ "numa", vs_cmd_ask, "on which NUMA node its memory is",
	  "TARGET", ASK, 1, 1 },
	{ "host", vs_cmd_host, "where all memory is, and whether it adds up",
	  "", VS_OPT_SOURCE | VS_OPT_FORMAT | VS_OPT_COLOR, 0, 0 },
	{ "thp", vs_cmd_ask, "its huge pages, how full they are, why no more",
	  "TARGET", ASK | VS_OPT_FILL, 1, 1 },
	{ "faults", vs_cmd_faults, "its page faults, counted while they happen",
	  "TARGET | -- CMD...",
	  VS_OPT_FROM | VS_OPT_FORMAT | VS_OPT_COLOR | VS_OPT_FAULTS, 1, 1 },
	{ "events", vs_cmd_events, "swapping, reclaim, THP, KSM and kills meanwhile",
	  "[TARGET|-- CMD...]", VS_OPT_FORMAT | VS_OPT_COLOR | VS_OPT_EVENTS, 0, 1 },
	{ "oom", vs_cmd_oom, "whom the kernel kills for memory, its mappings too",
	  "", VS_OPT_FORMAT | VS_OPT_COLOR | VS_OPT_KILLS, 0, 0 },
	{ "verify", vs_cmd_verify, "compare the module with procfs, field by field",
	  "TARGET", VS_OPT_FROM | VS_OPT_FORMAT | VS_OPT_COLOR, 1, 1 },
	{ "record", vs_cmd_record, "write a snapshot, which --from of every verb reads",
	  "TARGET -w FILE", VS_OPT_SOURCE | VS_OPT_RECORD | VS_OPT_PAGES | VS_OPT_FILL, 1, 1 },
	{ "doctor", vs_cmd_doctor, "what works here, and why the rest does not",
	  "", VS_OPT_FORMAT | VS_OPT_COLOR, 0, 0 },
	{ "help", vs_cmd_help, "this text, or the options of a verb",
	  "[VERB]", 0, 0, 1 },
	{ 0 },
};

/* Several questions in one walk. */
static const struct vs_verb several = {
	"ask", vs_cmd_ask, "several questions, one walk", "TARGET", SWAP | VS_OPT_FILL, 1, 1
};

const struct vs_verb *vs_verb_find(const char *name)
{
	const struct vs_question *question[VS_MAX_QUESTIONS];

	for (const struct vs_verb *verb = vs_verbs; verb->name; verb++)
		if (!strcmp(verb->name, name))
			return verb;
	return vs_questions_parse(name, question) ? &several : NULL;
}
