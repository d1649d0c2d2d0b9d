/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whom the kernel killed because no memory was left, and what was mapped there. It
 * must not know how that is seen.
 */
#ifndef VMSCOPE_OOM_LOG_H
#define VMSCOPE_OOM_LOG_H

#include "event_log.h"

struct vs_oom_vma {
	uint8_t kind;			/* enum vs_fault_vma_kind */
	uint64_t start;
	uint64_t end;
	uint64_t offset;		/* in its file */
	uint64_t flags;			/* VS_VM_READ to VS_VM_GROWSDOWN, which are the kernel's vm_flags */
	char name[VS_FAULT_NAME];	/* the last part of its file's path */
};

struct vs_oom_kill {
	struct vs_event_kill kill;
	uint64_t mm;			/* by which its mappings are known */
	struct vs_oom_vma *vma;		/* in the order in which they went */
	size_t nr_vmas, room;
	uint64_t lost;			/* mappings that found no place */
	bool gone;			/* and these are all mappings that it had */
	bool told;			/* and its mappings are not kept any more */
};

struct vs_oom_log {
	struct vs_oom_kill *kill;
	size_t nr_kills, room;
	uint64_t lost;			/* kills that found no place */
	uint64_t lost_vmas;		/* mappings, of whichever kill */
	uint64_t watched_ns;
	uint64_t attach_ns;
};

void vs_oom_log_free(struct vs_oom_log *log);

/* Somebody was told all of it: its mappings are given back. */
void vs_oom_kill_told(struct vs_oom_kill *kill);

struct vs_oom_watch;

/* NULL: see the error. From now on; what is seen goes to the log. */
struct vs_oom_watch *vs_oom_watch_open(struct vs_oom_log *log, struct vs_error *error);

/* Something has come when it can be read. */
int vs_oom_watch_fd(const struct vs_oom_watch *watch);

/* Takes what has come; 0 or -1. */
int vs_oom_watch_take(struct vs_oom_watch *watch, struct vs_error *error);

void vs_oom_watch_close(struct vs_oom_watch *watch);

#endif
