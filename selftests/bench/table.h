/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints what was measured beside what was promised, for eyes and for
 * programs, and keeps count of what was missed; measures nothing.
 */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "goals.h"

struct table {
	const char *kernel;
	void *tsv;		/* FILE, or NULL */
	double gate;		/* 0.03: three percent beyond a goal is still met */
	unsigned int met;
	unsigned int missed;
	unsigned int skipped;
};

void table_begin(struct table *t);
/* One goal, from the samples of its layout. */
void table_goal(struct table *t, const struct goal *g, uint64_t pages,
		const struct sample *samples);
/* All the samples of a layout, for programs only. */
void table_samples(struct table *t, enum layout_id layout, uint64_t pages,
		   const struct sample *samples, uint32_t taken);
/* A goal whose layout this kernel cannot have. */
void table_skip(struct table *t, const struct goal *g, const char *why);
/* @all: every layout was looked at, so that one section under it was due. */
void table_section(struct table *t, enum vmscope_lock lock, uint64_t longest,
		   const char *where, bool all);
/* The last line; the exit status. */
int table_end(const struct table *t);

#endif
