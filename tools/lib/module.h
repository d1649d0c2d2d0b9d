/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the module's source have between them: an open target, and
 * scans of it by one thread or several. For them alone: whoever wants a process
 * asks source.h.
 */
#ifndef VS_MODULE_H
#define VS_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "source.h"
#include "uapi/vmscope.h"

/* Room for the records of one call. */
#define MODULE_BUFFER	(64u << 10)

struct module_state {
	const struct vs_target *target;
	int device;
	int fd;				/* the target */
	struct vmscope_info info;
	uint32_t physical;
};

/* One thread's scan: its own target, its own buffer. */
struct module_scan {
	int fd;
	pid_t pid;
	const struct vs_request *request;
	uint64_t records;
	struct vs_model *model;
	char *buffer;
	size_t size;
	uint64_t position;		/* where the running call began */
	uint64_t timeout_ns;		/* for locks; shorter once one was waited for in vain */
	bool stopped;			/* the receiver has enough */
	struct vs_error *error;
};

/* Open the device and ask what it can. Return: 0 or -1 with the error set. */
int module_open_device(struct module_state *state, struct vs_error *error);
void module_fill_kernel(const struct module_state *state, struct vs_kernel *kernel);
void module_fill_process(struct vs_process *process, pid_t pid,
			 const struct vmscope_target *target, unsigned int shift);

/* Why a process could not be opened. Return: -1. */
int module_open_failure(pid_t pid, int err, struct vs_error *error);

/* Say that the process has ended. Return: -1. */
int module_gone(pid_t pid, struct vs_error *error);

/* Return: a descriptor of the target for the caller to close, or -1. */
int module_open_target(const struct module_state *state, uint32_t *physical,
		       struct vs_error *error);

/* The types of record that hold what is wanted. */
uint64_t module_record_mask(const struct vs_request *request);

/* Whether a record has a sound size within the rest of a buffer. */
bool module_record_fits(const struct vmscope_record *record, size_t rest);

/* Into scan->model, or handed on. Return: 0, -ENOMEM or -EPROTO. */
int module_take_record(struct module_scan *scan, const struct vmscope_record *record);
void module_take_cost(struct vs_cost *cost, const struct vmscope_cost *part, uint32_t marks);

/* Scan a range into scan->model. Return: 0 or -1 with the error set. */
int module_scan_range(struct module_scan *scan, uint64_t start, uint64_t end);

/* Scan in the calling thread, up to @end. Return: as above. */
int module_scan_alone(const struct module_state *state, const struct vs_request *request,
		      uint64_t records, uint64_t end, struct vs_model *model,
		      struct vs_error *error);

/* How many threads a request is worth, when it does not say. */
unsigned int module_choose_jobs(const struct vs_request *request, const struct vs_model *model);

/* Scan by @jobs threads; the sums are exactly those of one. Return: as above. */
int module_scan_together(const struct module_state *state, const struct vs_request *request,
			 uint64_t records, uint64_t end, unsigned int jobs,
			 struct vs_model *model, struct vs_error *error);

/* As vs_source_survey(). */
int module_survey(const struct vs_survey *survey, struct vs_model *model, struct vs_cost *cost,
		  struct vs_error *error);

#endif
