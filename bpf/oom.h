/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs in oom.bpf.c and their loader have between them, in types of
 * fixed width. It knows nothing of the kernel.
 */
#ifndef VMSCOPE_BPF_OOM_H
#define VMSCOPE_BPF_OOM_H

#include "events.h"

/* What comes through the ring: a kill, then its mappings, then its end. */
enum oom_what {
	OOM_KILL,
	OOM_VMA,
	OOM_END,
};

#define OOM_RING		(1 << 20)
/* Mappings leave so much of it for kills and their ends. */
#define OOM_RING_KEPT		(1 << 16)

/* Killed, and not gone yet, at most. */
#define OOM_VICTIMS		256

struct oom_head {
	unsigned int what;
	unsigned int kind;		/* of OOM_VMA: VMA_KIND_* */
	unsigned long long mm;		/* the kernel's pointer: whose it is */
};

struct oom_kill {
	struct oom_head head;
	struct event_kill kill;
};

struct oom_vma {
	struct oom_head head;
	unsigned long long start;
	unsigned long long end;
	unsigned long long pgoff;	/* pages, of @start in its file */
	unsigned long long flags;	/* its vm_flags */
	char name[EVENT_NAME];		/* the last part of its file's path */
};

struct oom_end {
	struct oom_head head;
	unsigned long long lost;	/* mappings that found no place in the ring */
};

#endif
