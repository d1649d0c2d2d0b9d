// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The questions, one row each. It must not know how they are answered.
 */
#include <string.h>

#include "../analyze/age.h"
#include "../analyze/numa.h"
#include "../analyze/stuck.h"
#include "../analyze/swap.h"
#include "../analyze/tables.h"
#include "../analyze/thp.h"
#include "../render/answers.h"
#include "questions.h"
#include "swap.h"

const struct vs_question vs_questions[] = {
	{
		.name = "age",
		.need = VS_AGE_NEED,
		.wish = VS_AGE_WISH,
		.begin = vs_age_begin,
		.extent = vs_age_extent,
		.finish = vs_age_finish,
		.end = vs_age_end,
		.screen = vs_age_screen,
		.json = vs_age_json,
	},
	{
		.name = "tables",
		.want = VS_WANT_TABLES,
		.begin = vs_tables_begin,
		.detail = vs_tables_detail,
		.finish = vs_tables_finish,
		.end = vs_tables_end,
		.screen = vs_tables_screen,
		.json = vs_tables_json,
	},
	{
		.name = "stuck",
		.need = VS_STUCK_NEED,
		.wish = VS_STUCK_WISH,
		.begin = vs_stuck_begin,
		.extent = vs_stuck_extent,
		.finish = vs_stuck_finish,
		.end = vs_stuck_end,
		.screen = vs_stuck_screen,
		.json = vs_stuck_json,
	},
	{
		.name = "swap",
		.need = VS_SWAP_NEED,
		.wish = VS_SWAP_WISH,
		.begin = vs_ask_swap_begin,
		.extent = vs_swap_extent,
		.finish = vs_swap_finish,
		.live = vs_ask_swap_live,
		.end = vs_swap_free,
		.screen = vs_swap_screen,
		.json = vs_swap_json,
	},
	{
		.name = "numa",
		.need = VS_NUMA_NEED,
		.wish = VS_NUMA_WISH,
		.begin = vs_numa_begin,
		.extent = vs_numa_extent,
		.finish = vs_numa_finish,
		.end = vs_numa_end,
		.screen = vs_numa_screen,
		.json = vs_numa_json,
	},
	{
		.name = "thp",
		.want = VS_WANT_THP,
		.fill = VS_WANT_FILL,
		.need = VS_THP_NEED,
		.wish = VS_THP_WISH,
		.begin = vs_thp_begin,
		.extent = vs_thp_extent,
		.detail = vs_thp_detail,
		.finish = vs_thp_finish,
		.end = vs_thp_end,
		.screen = vs_thp_screen,
		.json = vs_thp_json,
	},
	{ 0 },
};

const struct vs_question *vs_question_find(const char *name, size_t length)
{
	for (const struct vs_question *q = vs_questions; q->name; q++)
		if (strlen(q->name) == length && !memcmp(q->name, name, length))
			return q;
	return NULL;
}

int vs_questions_parse(const char *text, const struct vs_question **question)
{
	int nr = 0;

	while (*text) {
		size_t length = strcspn(text, ",");
		const struct vs_question *found = vs_question_find(text, length);
		int i;

		if (!found)
			return 0;
		for (i = 0; i < nr && question[i] != found; i++)
			;
		if (i == nr && nr < VS_MAX_QUESTIONS)
			question[nr++] = found;
		text += length;
		text += *text == ',';
	}
	return nr;
}
