/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A JSON report written piece by piece, so that its length does not matter. It
 * must not know the schema.
 */
#ifndef VMSCOPE_JSON_H
#define VMSCOPE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct vs_json {
	FILE *out;
	bool member;		/* a member stands before */
	bool element;		/* an element of the open array stands before */
	bool line;		/* all of it on one */
	bool failed;		/* no memory */
};

void vs_json_begin(struct vs_json *json, FILE *out);
/* One that is a single line, where each line is a value. */
void vs_json_begin_line(struct vs_json *json, FILE *out);
/* Takes the value over. */
void vs_json_member(struct vs_json *json, const char *name, json_t *value);
void vs_json_array(struct vs_json *json, const char *name);
void vs_json_element(struct vs_json *json, json_t *value);
void vs_json_array_end(struct vs_json *json);
/* 0 or -ENOMEM. */
int vs_json_end(struct vs_json *json);

/* VS_UNKNOWN is null. */
json_t *vs_json_bytes(uint64_t bytes);
/* An address or raw entry: a string, since numbers end at 2^53 for many readers. */
json_t *vs_json_hex(uint64_t value);
/* Text from anywhere: bytes that are no UTF-8 become U+FFFD; NULL is null. */
json_t *vs_json_text(const char *text);

#endif
