/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page faults, for people and as JSON. It must not collect anything, nor know
 * options or exit codes.
 */
#ifndef VMSCOPE_RENDER_FAULTS_H
#define VMSCOPE_RENDER_FAULTS_H

#include "../analyze/faults.h"
#include "../lib/fault_stream.h"
#include "report.h"

struct vs_stack_tree;

/* @command: its words, ended by NULL; or NULL, and the target is the model's process. */
void vs_faults_screen(const struct vs_style *style, const struct vs_report *report,
		      const struct vs_fault_answer *answer, char **command);
void vs_faults_json(FILE *out, const struct vs_report *report,
		    const struct vs_fault_answer *answer, const struct vs_stack_tree *tree,
		    char **command);

/* What they come to, as a paragraph of another report; returns the number of its lines. */
int vs_faults_line(const struct vs_style *style, const struct vs_fault_answer *answer);
/* The same as members of an object: cost, totals, what was lost, latency, causes. */
void vs_faults_sums_json(json_t *object, const struct vs_fault_answer *answer);

/* Its name for people, and in JSON. */
const char *vs_cause_name(enum vs_cause cause);
const char *vs_cause_id(enum vs_cause cause);
/* A table of the first ones; returns the number of lines, as many as are asked for at most. */
int vs_causes_table(const struct vs_style *style, const struct vs_fault_answer *answer, int lines);

/* The same faults one by one, as they happen: a line each. */
void vs_told_head(const struct vs_style *style);
void vs_told_line(const struct vs_style *style, const struct vs_told_fault *fault);
void vs_told_json(FILE *out, const struct vs_told_fault *fault);
/* So many were dropped. */
void vs_told_lost(const struct vs_style *style, uint64_t nr);
void vs_told_lost_json(FILE *out, uint64_t nr);

/* What all say of a mapping: "[heap]", the last part of a path; of a signal. */
const char *vs_fault_vma_name(enum vs_fault_vma_kind kind, const char *name);
const char *vs_fault_name(const struct vs_fault_vma *vma);
const char *vs_fault_signal_name(const struct vs_fault_signal *signal);
const char *vs_fault_access_name(const struct vs_fault_signal *signal);
/* "12 bytes below [heap]" */
const char *vs_fault_place_text(const struct vs_faults *faults,
				const struct vs_fault_signal *signal, char *text, size_t size);

#endif
