/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The attribute word of a page by name, and keys written as lists of names. It
 * must not know how pages are shown.
 */
#ifndef VMSCOPE_ATTRIBUTES_H
#define VMSCOPE_ATTRIBUTES_H

#include "../lib/error.h"
#include "../lib/model.h"

struct vs_attribute {
	const char *name;
	uint64_t mask;
	const char *help;
	bool flag;			/* one bit, named in the list of flags */
};

/* Ends with a name of NULL. */
extern const struct vs_attribute vs_attributes[];

#define VS_KEY_DEFAULT	(VS_ATTR_STATE | VS_ATTR_KIND | VS_ATTR_LEAF | VS_ATTR_ORDER | \
			 VS_ATTR_DIRTY | VS_ATTR_SHARED | VS_KEY_FRAME)

/* "state,dirty" or "+young" or "all"; refuses what the source cannot tell. */
int vs_key_parse(const char *text, uint64_t available, uint64_t *key, struct vs_error *error);

/* Names of the flags that are set, with commas. */
const char *vs_attribute_flags(uint64_t attributes, char *text, size_t size);

/* Names of all that is in a key, with commas. */
const char *vs_key_names(uint64_t key, char *text, size_t size);

#endif
