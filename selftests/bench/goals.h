/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has to be measured and how good it has to be; knows nothing of how it
 * is measured.
 */
#ifndef BENCH_GOALS_H
#define BENCH_GOALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layouts.h"
#include "measures.h"

/**
 * struct goal - one line of the table; a goal of 0 is none
 * @layout: what is looked at
 * @ours: with what
 * @against: the kernel's own interface; MEASURE_NR for none
 * @per_page: most instructions for each page
 * @total: most instructions in all
 * @ratio: how many times fewer instructions than @against
 * @memory: most KiB of the command
 * @without: a measure whose cost is none of ours; MEASURE_NR for none
 * @without_copy: @per_page is without the copy of the records to user space
 * @may_be_unread: @against does not read such memory on each kernel; there is no goal then
 */
struct goal {
	enum layout_id layout;
	enum measure_id ours;
	enum measure_id against;
	double per_page;
	double total;
	double ratio;
	uint64_t memory;
	enum measure_id without;
	bool without_copy;
	bool may_be_unread;
};

extern const struct goal goals[];
extern const size_t nr_goals;

/* Instructions of one section under each lock; 0: no goal. */
extern const uint64_t section_goals[VMSCOPE_LOCK_NR];

#endif
