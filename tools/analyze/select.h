/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Choosing and ordering mappings: filter expressions, sort keys, the top few.
 * It must not know how rows are shown.
 */
#ifndef VMSCOPE_SELECT_H
#define VMSCOPE_SELECT_H

#include <regex.h>

#include "../lib/error.h"
#include "figures.h"

/*
 * A field of a mapping: its own properties first, then all figures
 * (VS_FIELD_FIGURE + enum vs_figure).
 */
enum vs_field {
	VS_FIELD_START,
	VS_FIELD_END,
	VS_FIELD_PERM,
	VS_FIELD_OFFSET,
	VS_FIELD_DEV,
	VS_FIELD_INODE,
	VS_FIELD_NAME,
	VS_FIELD_FLAGS,
	VS_FIELD_PAGE,
	VS_FIELD_POLICY,
	VS_FIELD_PKEY,
	VS_FIELD_MARKS,
	VS_FIELD_FIGURE,
	VS_FIELD_NR = VS_FIELD_FIGURE + VS_FIG_NR,
};

const char *vs_field_name(int field);
const char *vs_field_help(int field);
int vs_field_by_name(const char *name, size_t length);
bool vs_field_is_text(int field);

/* "rw-p", as the kernel shows it, of VS_VM_*. Returns @text. */
const char *vs_permissions(uint64_t flags, char text[5]);

/* Text of a field that has one; the figures and numbers have none. */
void vs_field_text(const struct vs_model *model, const struct vs_vma *vma, int field,
		   char *text, size_t size);
uint64_t vs_field_number(const struct vs_model *model, const struct vs_vma *vma, int field);

/* "12", "4K", "1.5G": bytes; 0 or -1. */
int vs_parse_bytes(const char *text, uint64_t *bytes);

#define VS_FILTER_MAX	8

struct vs_condition {
	int field;
	int op;
	uint64_t number;
	bool regex_used;
	char text[128];
	regex_t regex;
};

struct vs_filter {
	int nr;
	struct vs_condition condition[VS_FILTER_MAX];
};

/* "rss>1M,name~libc": conditions that must all hold. */
int vs_filter_parse(const char *text, struct vs_filter *filter, struct vs_error *error);
void vs_filter_free(struct vs_filter *filter);
bool vs_filter_match(const struct vs_filter *filter, const struct vs_model *model,
		     const struct vs_vma *vma);

struct vs_sort {
	int field;
	bool descending;
};

/* "pss:desc"; figures sort in descending order unless told otherwise. */
int vs_sort_parse(const char *text, struct vs_sort *sort, struct vs_error *error);

/* Indexes of the mappings that match, ordered (sort may be NULL); NULL without memory. */
uint32_t *vs_select(const struct vs_model *model, const struct vs_filter *filter,
		    const struct vs_sort *sort, size_t *nr);

/* The largest by a figure, in descending order; returns how many of max. */
size_t vs_top(const struct vs_model *model, enum vs_figure figure, uint32_t *index, size_t max);

#endif
