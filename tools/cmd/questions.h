/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions: what each analysis needs of a walk, and who shows its answer, so
 * that any number of them share one walk. It must not know how a walk is done.
 */
#ifndef VMSCOPE_QUESTIONS_H
#define VMSCOPE_QUESTIONS_H

#include "../lib/source.h"
#include "../render/report.h"

struct vs_options;

/**
 * struct vs_question - one question about a process
 * @name: of the verb, and of the member of the JSON report
 * @want: VS_WANT_* beside the process itself; details among them are needed
 * @fill: VS_WANT_* beside these when --fill asks for them
 * @need: attributes of extents without which there is no answer (0: no extents)
 * @wish: attributes that make it better where the source can tell them
 * @holes: extents of untouched pages as well
 * @begin: a state for one look, NULL without memory; the model has the kernel
 *	and the process, and lives as long as the state
 * @extent: each extent, cut at least as finely as was asked for: bits that
 *	others asked for are set as well; 0, or not 0 without memory
 * @detail: each detail of any kind; likewise
 * @finish: everything was read; 0, or not 0 without memory
 * @live: then: who else is to be asked, of a running process; NULL: nobody
 * @end: frees the state
 * @screen: the answer for people, behind title and cost
 * @json: the answer for programs
 */
struct vs_question {
	const char *name;
	unsigned int want;
	unsigned int fill;
	uint64_t need;
	uint64_t wish;
	bool holes;
	void *(*begin)(const struct vs_model *model);
	int (*extent)(void *state, const struct vs_vma *vma, const struct vs_extent *extent);
	int (*detail)(void *state, const struct vs_vma *vma, const struct vs_detail *detail);
	int (*finish)(void *state);
	int (*live)(void *state, const struct vs_options *options);
	void (*end)(void *state);
	void (*screen)(const struct vs_style *style, const struct vs_report *report,
		       const void *state);
	json_t *(*json)(const struct vs_report *report, const void *state);
};

#define VS_MAX_QUESTIONS	16

extern const struct vs_question vs_questions[];

/* The question of that name, NULL when there is none. */
const struct vs_question *vs_question_find(const char *name, size_t length);

/*
 * The questions of a list such as "swap,age", each once, in the order given.
 * Returns their number, 0 when a word is none.
 */
int vs_questions_parse(const char *text, const struct vs_question **question);

#endif
