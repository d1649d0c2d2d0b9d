/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Many processes in one call: each is found, looked at as a whole and let go
 * again; knows nothing of how it is read.
 */
#ifndef VMS_SURVEY_H
#define VMS_SURVEY_H

#include <linux/types.h>

#include "scan.h"

/* Of the user's buffer: what the records of a process can take. */
#define SURVEY_ROOM	4096

/**
 * struct survey_request - what is asked for; see struct vmscope_survey
 * @records: of SCAN_WHOLE, or none: nothing of a process is read, then
 */
struct survey_request {
	pid_t first;
	u32 limit;
	void __user *buffer;
	u64 size;
	u64 records;
	u64 timeout_ns;
};

/**
 * struct survey_reply - what came of it
 * @next: pid to go on with, 0 behind the last process
 * @all: of all scans together, as far as that makes sense
 */
struct survey_reply {
	pid_t next;
	struct scan_reply all;
};

/*
 * Context: process context, no locks. Return: 0, -ENOMEM, -EFAULT or -EINTR.
 */
int survey_run(const struct survey_request *request, struct survey_reply *reply);

#endif /* VMS_SURVEY_H */
