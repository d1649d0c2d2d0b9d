/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs in faults.bpf.c and their loader have between them, in types
 * of fixed width. It knows nothing of the kernel.
 */
#ifndef VMSCOPE_BPF_FAULTS_H
#define VMSCOPE_BPF_FAULTS_H

#include "latency.h"
#include "vma_kind.h"

/* Whose faults are counted. */
enum fault_scope {
	FAULTS_OF_PROCESS,
	FAULTS_OF_COMMAND,	/* and of what it starts */
	FAULTS_OF_SYSTEM,	/* of everybody but the kernel itself */
	FAULTS_OF_CGROUP	/* of a control group and those below it */
};

/* What a fault came from; of one that is tried again, all its attempts together. */
enum fault_cause {
	FAULT_ANON_ZERO,	/* a new page, filled with zeros */
	FAULT_STACK_GROWTH,	/* the same, and the stack grew for it */
	FAULT_ZERO_PAGE,	/* the page of zeros that all share, to read */
	FAULT_THP,		/* a huge page */
	FAULT_HUGETLB,
	FAULT_FILE_MAPPED,	/* of a file and in memory: that page alone */
	FAULT_FILE_AROUND,	/* and its neighbours with it */
	FAULT_FILE_MAJOR,	/* of a file: it was waited for */
	FAULT_SHMEM,
	FAULT_COW_COPY,		/* written to where others have the page, or a file */
	FAULT_COW_REUSE,	/* and nobody else had it any more */
	FAULT_WRITE_NOTIFY,	/* the first write to a page of a shared file */
	FAULT_SWAP_CACHE,	/* swapped out, but in memory */
	FAULT_SWAP_ZSWAP,
	FAULT_SWAP_ZRAM,
	FAULT_SWAP_DISK,
	FAULT_SWAP_OTHER,	/* it is not known from where, or it was all zeros */
	FAULT_KSM_BREAK,	/* written to what KSM had merged */
	FAULT_NUMA_HINT,
	FAULT_MIGRATION,	/* waited until the page had moved */
	FAULT_USERFAULTFD,
	FAULT_SPURIOUS,		/* there was nothing left to do */
	FAULT_OTHER,		/* not known */
	FAULT_CAUSES
};

/* What is seen to happen inside of a fault. */
#define FAULT_SAW_NEW_ANON	(1u << 0)	/* a new anonymous page */
#define FAULT_SAW_FILE		(1u << 1)	/* the file was asked for a page */
#define FAULT_SAW_AROUND	(1u << 2)	/* for all that it has at hand */
#define FAULT_SAW_WP		(1u << 3)	/* a write to a page that allowed none */
#define FAULT_SAW_SWAP		(1u << 4)	/* the entry is none of a page */
#define FAULT_SAW_SWAP_READ	(1u << 5)
#define FAULT_SAW_IO		(1u << 6)	/* of a disk */
#define FAULT_SAW_ZRAM		(1u << 7)	/* of one that is zram */
#define FAULT_SAW_ZSWAP		(1u << 8)
#define FAULT_SAW_HUGE		(1u << 9)
#define FAULT_SAW_HUGE_WP	(1u << 10)
#define FAULT_SAW_NUMA		(1u << 11)
#define FAULT_SAW_MIGRATION	(1u << 12)
#define FAULT_SAW_USERFAULT	(1u << 13)
#define FAULT_SAW_GROWTH	(1u << 14)
#define FAULT_SAW_KSM		(1u << 15)
#define FAULT_SAW_NOT_ALL	(1u << 16)	/* something may have been missed */

/* In latencies: of one cause first those that are minor. */
#define FAULT_LATENCIES		(2 * FAULT_CAUSES)

/**
 * struct fault_latency - how long faults of one cause took, on one CPU
 * @ns: all of them together
 * @most_ns: the longest
 * @bucket: how many, by time
 */
struct fault_latency {
	unsigned long long ns;
	unsigned long long most_ns;
	unsigned long long bucket[LATENCY_BUCKETS];
};

#define FAULT_COMM		16
#define FAULT_NAME		48

/* Parts of a mapping whose faults are counted apart. */
#define FAULT_PARTS		32
/* A part is a page or more. */
#define FAULT_PART_LEAST	12

/**
 * struct fault_thread - what a thread did since it was seen first
 * @minor: faults that were seen and that the kernel accounts as such
 * @major: as well
 * @failed: ended in a signal, accounted nowhere
 * @wrong: signals for an access that was none of its
 * @kernel_minor: what the kernel added to its own counter meanwhile; what is
 *	missing of it in @minor was lost
 * @kernel_major: as well
 * @unplaced: of @minor and @major, those whose mapping was not seen
 * @ns: time in @minor and @major but @unplaced
 * @ended: it is no more
 */
struct fault_thread {
	unsigned int tid;
	unsigned int tgid;
	unsigned int ended;
	unsigned int reserved;
	unsigned long long minor;
	unsigned long long major;
	unsigned long long failed;
	unsigned long long wrong;
	unsigned long long kernel_minor;
	unsigned long long kernel_major;
	unsigned long long unplaced;
	unsigned long long ns;
	char comm[FAULT_COMM];
};

/**
 * struct fault_vma - what happened in one mapping, from when it was seen first
 * @tgid: who was in it first
 * @kind: VMA_KIND_*
 * @flags: its vm_flags
 * @start: as it was at its last fault, as are @end and @pgoff
 * @pgoff: pages, of @start in its file
 * @inode: of its file, or 0
 * @device: of its file, as the kernel keeps it
 * @foreign: who was in it last has another address space, as a debugger has
 * @ended: it is no more
 * @shmem: its file is one of shared memory
 * @part_shift: a part has 2^@part_shift bytes, and is aligned to them
 * @told: its number in the stream, or 0
 * @file: the kernel's pointer, by which a mapping that took another's place is
 *	known, as by @mm
 * @minor: faults as the kernel accounts them
 * @major: as well
 * @failed: ended in a signal, accounted nowhere
 * @ns: time in @minor and @major
 * @most_ns: the longest
 * @cause: of @minor and @major, by enum fault_cause
 * @part: of @minor and @major, by (address >> @part_shift) % FAULT_PARTS; of one that came
 *	in the moment in which a mapping that had grown got larger parts, nothing
 * @name: the last part of its file's path
 */
struct fault_vma {
	unsigned int tgid;
	unsigned int device;
	unsigned char kind;
	unsigned char foreign;
	unsigned char ended;
	unsigned char shmem;
	unsigned char part_shift;
	unsigned char reserved[3];
	unsigned long long flags;
	unsigned long long start;
	unsigned long long end;
	unsigned long long pgoff;
	unsigned long long inode;
	unsigned long long file;
	unsigned long long mm;
	unsigned long long minor;
	unsigned long long major;
	unsigned long long failed;
	unsigned long long ns;
	unsigned long long most_ns;
	unsigned int cause[FAULT_CAUSES];
	unsigned int told;
	unsigned int part[FAULT_PARTS];
	char name[FAULT_NAME];
};

/* What is known of a signal. */
#define FAULT_KNOWN_ACCESS	(1u << 0)
#define FAULT_KNOWN_VMA		(1u << 1)	/* the mapping there was looked for */

/**
 * struct fault_signal - an access that ended in a signal
 * @signal: SIGSEGV or SIGBUS
 * @code: si_code
 * @known: FAULT_KNOWN_*
 * @error: x86's error code of the page fault
 * @trap: x86's number of the exception
 * @address: si_addr
 * @start: of the mapping there, 0 to 0 when there is none
 * @flags: its vm_flags
 * @heap: where [heap] begins
 * @heap_end: and where it ends
 */
struct fault_signal {
	unsigned int tid;
	unsigned int tgid;
	int signal;
	int code;
	unsigned int known;
	unsigned int trap;
	unsigned long long error;
	unsigned long long address;
	unsigned long long start;
	unsigned long long end;
	unsigned long long flags;
	unsigned long long heap;
	unsigned long long heap_end;
};

/* The first ones are kept, the others counted. */
#define FAULT_SIGNALS		64

/* What is told of in the stream. FAILED and WRONG have the cause FAULT_CAUSES. */
#define FAULT_TOLD_MINOR	0
#define FAULT_TOLD_MAJOR	1
#define FAULT_TOLD_FAILED	2	/* ended in a signal, accounted nowhere */
#define FAULT_TOLD_WRONG	3	/* a signal for an access that was none of its */
#define FAULT_TOLD_VMA		4	/* a struct fault_told_vma */

#define FAULT_TOLD_WRITE	(1u << 0)	/* or something else */
#define FAULT_TOLD_PLACED	(1u << 1)	/* its address and time are known */

/**
 * struct fault_told - a fault, as it ends
 * @what: FAULT_TOLD_*
 * @cause: enum fault_cause, of all its attempts
 * @flags: FAULT_TOLD_WRITE and FAULT_TOLD_PLACED
 * @signal: of WRONG
 * @vma: the number of its mapping, which was told before; 0: it is not known
 * @at: when it ended, on the clock of ktime_get_ns()
 * @ns: how long it took
 * @dropped: how many found the buffer full until now
 */
struct fault_told {
	unsigned char what;
	unsigned char cause;
	unsigned char flags;
	unsigned char signal;
	unsigned int vma;
	unsigned int tid;
	unsigned int tgid;
	unsigned long long at;
	unsigned long long address;
	unsigned long long ns;
	unsigned long long dropped;
};

/**
 * struct fault_told_vma - a mapping, before its first fault
 * @what: FAULT_TOLD_VMA
 * @start: at that time, as is @pgoff; their difference stays
 *
 * All others as in struct fault_vma.
 */
struct fault_told_vma {
	unsigned char what;
	unsigned char kind;
	unsigned char foreign;
	unsigned char reserved;
	unsigned int vma;
	unsigned int device;
	unsigned int reserved_too;
	unsigned long long start;
	unsigned long long pgoff;
	unsigned long long inode;
	char name[FAULT_NAME];
};

/* Addresses of one stack that are kept at most. */
#define FAULT_FRAMES		127

struct fault_stack_key {
	unsigned long long hash;	/* of all that is below, but for what is counted */
	unsigned int tgid;
	unsigned int nr;
};

/**
 * struct fault_stack - faults that came about at one place of a program
 * @first: when the first one of them ended, on the clock of ktime_get_ns()
 * @minor: faults as the kernel accounts them
 * @major: as well
 * @ns: time in them, as far as it is known
 * @starting: there was no program yet: execve() made it
 * @nr: of @frame; 0: there is no stack
 * @comm: of the thread
 * @frame: where it happened, then where each function returns to, as far as
 *	frame pointers lead there
 */
struct fault_stack {
	unsigned long long first;
	unsigned long long minor;
	unsigned long long major;
	unsigned long long ns;
	unsigned int tgid;
	unsigned int starting;
	unsigned int nr;
	unsigned int reserved;
	char comm[FAULT_COMM];
	unsigned long long frame[FAULT_FRAMES];
};

/*
 * Unless more or fewer are asked for: mappings that there are, those that ended, and
 * threads that ended. So many times as many of the system, and of a control group; and
 * stacks of each, a kibibyte when they are there.
 */
#define FAULT_ROOM		16384
#define FAULT_CROWD		4
#define FAULT_STACKS_EACH	4

#endif
