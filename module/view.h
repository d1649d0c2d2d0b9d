/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a view is made of: a kind, which says what to scan for and what to write,
 * and the state of an open one; knows nothing of files.
 */
#ifndef VMS_VIEW_H
#define VMS_VIEW_H

#include <linux/types.h>

#include "decode.h"
#include "scan.h"
#include "section.h"
#include "tables.h"
#include "translate.h"

#define KIB(pages)	((u64)(pages) << (PAGE_SHIFT - 10))

struct seq_file;
struct target;
struct view;

/**
 * struct view_kind - what makes a view
 * @name: of its file
 * @mode: likewise
 * @records: to scan for
 * @key: likewise
 * @runs: a line for each run of an extent, not for each extent
 * @head: the lines above; never empty
 * @meet: a record was met: add up what is shown below. Called once for each.
 *	Return: 1 when it is worth a line, 0, or an error.
 * @line: show it; called more than once where the text did not fit
 * @foot: the lines below; may be NULL
 * @answer: of a file that addresses are written to, find what is shown of the
 *	one at hand. Return: 1 or an error.
 */
struct view_kind {
	const char *name;
	umode_t mode;
	u64 records;
	u64 key;
	bool runs;
	void (*head)(struct seq_file *m, const struct view *v);
	int (*meet)(struct view *v, enum seen_type type);
	void (*line)(struct seq_file *m, const struct view *v);
	void (*foot)(struct seq_file *m, const struct view *v);
	int (*answer)(struct view *v);
};

/* Sums of a view, each used by one kind or more. */
enum sum {
	SUM_SIZE,
	SUM_RSS,
	SUM_PSS,
	SUM_SWAP,
	SUM_OBJECT,
	SUM_RUNS,
	SUM_KSM,
	SUM_MERGEABLE,
	SUM_NR,
};

/**
 * struct view - an open view
 * @kind: what it shows
 * @target: of what; this view's own
 * @at: what seq_file is shown next
 * @pos: its number
 * @err: what came instead of it
 * @next: the scan goes on here
 * @records: those not met yet
 * @seen: the record at hand
 * @run: the part of it at hand
 * @in_extent: there may be more runs of the extent at hand
 * @asked: one address was written, and is all that is shown
 * @answered: and it was
 * @address: it, or the first of the VMA at hand
 * @translation: of that address
 * @section: to translate in
 * @sum: so far
 * @count: likewise, of tallies
 * @tables: likewise
 */
struct view {
	const struct view_kind *kind;
	struct target *target;
	enum { AT_HEAD, AT_LINE, AT_FOOT, AT_END } at;
	loff_t pos;
	int err;
	unsigned long next;
	struct records records;
	struct seen seen;
	struct seen_run run;
	bool in_extent;
	bool asked;
	bool answered;
	unsigned long address;
	struct translation translation;
	struct section section;
	u64 sum[SUM_NR];
	u64 count[COUNT_NR];
	struct tables tables;
};

extern const struct view_kind view_vmas;
extern const struct view_kind view_walk;
extern const struct view_kind view_tables;
extern const struct view_kind view_swap;
extern const struct view_kind view_ksm;
extern const struct view_kind view_thp;

/* Parts of lines that several kinds have. */
extern const char *const view_level_names[LEVEL_NR];

void view_range(struct seq_file *m, unsigned long start, unsigned long end);
/* Below the head of a view that would show them. */
void view_explain_frames(struct seq_file *m, const struct view *v);
/* The end of a line: the name of the VMA, and what limits the line's truth. */
void view_end_line(struct seq_file *m, const struct view *v, u16 marks);
/* The same with the flags of the VMA in between; "-" keeps their column. */
void view_end_line_with_flags(struct seq_file *m, const struct view *v, u16 marks);

#endif /* VMS_VIEW_H */
