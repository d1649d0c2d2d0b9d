/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs in faults.bpf.c and their loader have between them, in types
 * of fixed width. It knows nothing of the kernel.
 */
#ifndef VMSCOPE_BPF_FAULTS_H
#define VMSCOPE_BPF_FAULTS_H

/* Times by powers of two: bucket n has those below 2^n ns, the last all others. */
#define FAULT_BUCKETS		40

#define FAULT_MINOR		0
#define FAULT_IS_MAJOR		1

/**
 * struct fault_latency - how long minor or major faults took, on one CPU
 * @ns: all of them together
 * @most_ns: the longest
 * @bucket: how many, by time
 */
struct fault_latency {
	unsigned long long ns;
	unsigned long long most_ns;
	unsigned long long bucket[FAULT_BUCKETS];
};

#define FAULT_COMM		16
#define FAULT_NAME		48

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

/* What a mapping without a file is. */
#define FAULT_VMA_FILE		0
#define FAULT_VMA_ANON		1
#define FAULT_VMA_HEAP		2
#define FAULT_VMA_STACK		3
#define FAULT_VMA_SPECIAL	4	/* the kernel's own: [vdso] and the like */

/**
 * struct fault_vma - what happened in one mapping, from when it was seen first
 * @tgid: who was in it first
 * @kind: FAULT_VMA_*
 * @flags: its vm_flags
 * @start: as it was at its last fault, as are @end and @pgoff
 * @pgoff: pages, of @start in its file
 * @inode: of its file, or 0
 * @device: of its file, as the kernel keeps it
 * @foreign: who was in it last has another address space, as a debugger has
 * @ended: it is no more
 * @file: the kernel's pointer, by which a mapping that took another's place is
 *	known, as by @mm
 * @minor: faults as the kernel accounts them
 * @major: as well
 * @failed: ended in a signal, accounted nowhere
 * @ns: time in @minor and @major
 * @most_ns: the longest
 * @name: the last part of its file's path
 */
struct fault_vma {
	unsigned int tgid;
	unsigned int device;
	unsigned char kind;
	unsigned char foreign;
	unsigned char ended;
	unsigned char reserved[5];
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

/* Mappings, threads and processes that are kept at most, and as many that ended. */
#define FAULT_VMAS		16384
#define FAULT_THREADS		16384

#endif
