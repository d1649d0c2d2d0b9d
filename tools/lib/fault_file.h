/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Page faults in a recorded file: what was counted, and what was told one by one. It
 * must not know how they are counted, nor how they are shown.
 */
#ifndef VMSCOPE_FAULT_FILE_H
#define VMSCOPE_FAULT_FILE_H

#include "fault_stream.h"
#include "model.h"

/* Who was watched, and where. */
struct vs_fault_run {
	struct vs_kernel kernel;
	int32_t pid;
	uint32_t have_usage;		/* of a command of ours, as wait4() told */
	int32_t status;
	uint32_t scope;			/* enum vs_fault_scope */
	uint64_t usage_minor;
	uint64_t usage_major;
	uint64_t recorded_at;
};

/* ---------------------------------------------------------------------- writing */

struct vs_fault_recorder;

/* It takes its name only when vs_fault_record_finish() succeeds. NULL: see the error. */
struct vs_fault_recorder *vs_fault_record_start(const char *file, struct vs_error *error);
void vs_fault_record_told(struct vs_fault_recorder *recorder, const struct vs_told_fault *fault);
void vs_fault_record_lost(struct vs_fault_recorder *recorder, uint64_t nr);

/*
 * @command: its words, ended by NULL; or NULL. @cgroup: or NULL. Frees the recorder, too;
 * 0 or -1.
 */
int vs_fault_record_finish(struct vs_fault_recorder *recorder, const struct vs_fault_run *run,
			   char **command, const char *cgroup, const struct vs_faults *faults,
			   struct vs_error *error);
void vs_fault_record_abandon(struct vs_fault_recorder *recorder);

/* ---------------------------------------------------------------------- reading */

struct vs_fault_file;

/* Believes nothing that the file says. NULL: see the error. */
struct vs_fault_file *vs_fault_file_open(const char *name, struct vs_error *error);
void vs_fault_file_close(struct vs_fault_file *file);

const struct vs_fault_run *vs_fault_file_run(const struct vs_fault_file *file);
/* Its words, ended by NULL; or NULL. */
char **vs_fault_file_command(const struct vs_fault_file *file);
/* Or NULL. */
const char *vs_fault_file_cgroup(const struct vs_fault_file *file);

/* What was told, in the same order, to tell() and lost() of @stream. */
void vs_fault_file_tell(const struct vs_fault_file *file, const struct vs_stream *stream);

/*
 * What was counted: from now on the caller's, to be freed. Names of what was missing
 * are there as long as the file.
 */
void vs_fault_file_faults(struct vs_fault_file *file, struct vs_faults *faults);

#endif
