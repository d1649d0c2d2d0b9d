/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Page faults one by one, while somebody watches. It must not know how they are
 * counted, nor how they are shown.
 */
#ifndef VMSCOPE_FAULT_STREAM_H
#define VMSCOPE_FAULT_STREAM_H

#include "fault_log.h"

enum vs_told {
	VS_TOLD_MINOR,
	VS_TOLD_MAJOR,
	VS_TOLD_FAILED,			/* ended in a signal, and is accounted nowhere */
	VS_TOLD_WRONG,			/* a signal for a wrong access */
};

/* Where it was, by what stays as long as a mapping is there. */
struct vs_told_vma {
	uint8_t kind;			/* enum vs_fault_vma_kind */
	bool foreign;			/* who was in it has another address space */
	uint32_t dev_major;
	uint32_t dev_minor;
	uint64_t inode;
	uint64_t offset;		/* in its file, of address 0 */
	char name[VS_FAULT_NAME];	/* the last part of its file's path */
};

struct vs_told_fault {
	uint8_t what;			/* enum vs_told */
	uint8_t cause;			/* enum vs_cause, of MINOR and MAJOR */
	uint8_t signal;			/* of WRONG */
	bool write;
	bool placed;			/* its address and time are known */
	uint32_t tid;
	uint32_t pid;
	uint64_t at_ns;			/* when it ended, since it is watched */
	uint64_t address;
	uint64_t ns;
	const struct vs_told_vma *vma;	/* NULL: not known */
	uint32_t vma_number;		/* another one for each mapping */
};

/* A filter for those that have no cause. */
#define VS_NO_CAUSE	VS_FAULT_CAUSES

/* Which faults are wanted, as far as it is not zero; the kernel leaves out all others. */
struct vs_stream {
	uint32_t causes;		/* a bit each; VS_NO_CAUSE */
	uint64_t slower_ns;
	uint64_t start, end;		/* addresses */
	bool named;			/* in mappings of this kind, of files of this name */
	uint8_t kind;			/* enum vs_fault_vma_kind */
	char name[VS_FAULT_NAME];
	size_t buffer;			/* bytes, until somebody reads */
	/* NULL: none is told, and the rest is for stacks alone */
	void (*tell)(void *context, const struct vs_told_fault *fault);
	void (*lost)(void *context, uint64_t nr);	/* so many, before the next one */
	void *context;
};

struct vs_stream_reader;
struct faults_bpf;

/* Before the programs are loaded; @stream NULL: nothing is told. 0 or -1. */
int vs_stream_choose(struct faults_bpf *bpf, const struct vs_stream *stream,
		     struct vs_error *error);
/* When they are loaded, for as long as @stream is there. NULL: see the error. */
struct vs_stream_reader *vs_stream_open(struct faults_bpf *bpf, const struct vs_stream *stream,
					struct vs_error *error);
void vs_stream_close(struct vs_stream_reader *reader);

/* To wait on, beside a look each VS_STREAM_MS: not every fault wakes who waits. */
#define VS_STREAM_MS	100
int vs_stream_fd(const struct vs_stream_reader *reader);

/* Tells some of those that are there; returns whether there may be more. */
bool vs_stream_read(struct vs_stream_reader *reader, uint64_t begun_ns);

/* All of them, once nobody counts any more; what came of them. */
void vs_stream_end(struct vs_stream_reader *reader, uint64_t begun_ns,
		   struct vs_stream_sums *sums);

#endif
