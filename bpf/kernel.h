/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's types as far as programs read them. The loader moves each access
 * to where the running kernel has the field, by its BTF; fields that some
 * kernels have not are asked for with bpf_core_field_exists(). A name behind
 * three underscores is the same type as another kernel has it.
 */
#ifndef VMSCOPE_BPF_KERNEL_H
#define VMSCOPE_BPF_KERNEL_H

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;

#define NULL	((void *)0)
#define true	1
#define false	0

/* include/uapi/linux/bpf.h, which wants headers of an architecture */
enum {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_F_NO_PREALLOC = 1,
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1,
	BPF_F_USER_STACK = 1 << 8,
	BPF_RB_NO_WAKEUP = 1,
	BPF_RB_FORCE_WAKEUP = 2,
	BPF_RB_AVAIL_DATA = 0,
	BPF_RINGBUF_HDR_SZ = 8,
};

#define __kernel __attribute__((preserve_access_index))

struct xarray {
	void *xa_head;
} __kernel;

struct xa_node {
	unsigned char shift;
	struct xarray *array;
	void *slots[64];
} __kernel;

struct address_space {
	struct xarray i_pages;
} __kernel;

struct rb_node {
	struct rb_node *rb_right;
	struct rb_node *rb_left;
} __kernel;

struct rb_root {
	struct rb_node *rb_node;
} __kernel;

struct page {
	unsigned long private;
} __kernel;

typedef struct {
	unsigned long val;
} swp_entry_t;

struct swap_cluster_info {
	void *table;			/* newer kernels */
	unsigned int *extend_table;	/* 7.2 has it */
} __kernel;

struct swap_info_struct {
	void *swap_file;
	unsigned int max;
	unsigned int pages;
	unsigned char *swap_map;	/* 6.1, 6.12 */
	unsigned long *zeromap;		/* 6.12 */
	struct swap_cluster_info *cluster_info;
} __kernel;

/* 6.1: one tree for each area. */
struct zswap_tree {
	struct rb_root rbroot;
} __kernel;

struct zswap_entry___tree {
	struct rb_node rbnode;
	unsigned long offset;
	unsigned int length;
} __kernel;

struct zswap_entry {
	swp_entry_t swpentry;
	unsigned int length;
} __kernel;

struct super_block {
	__u32 s_dev;
	unsigned long s_magic;
} __kernel;

struct inode {
	unsigned long i_ino;
	struct super_block *i_sb;
} __kernel;

struct qstr {
	const unsigned char *name;
} __kernel;

struct dentry {
	struct qstr d_name;
} __kernel;

struct path {
	struct dentry *dentry;
} __kernel;

struct file {
	struct path f_path;
	struct inode *f_inode;
} __kernel;

typedef struct {
	long counter;
} atomic_long_t;

struct percpu_counter {
	__s64 count;
} __kernel;

struct list_head {
	struct list_head *next;
} __kernel;

struct signal_struct {
	struct list_head thread_head;
} __kernel;

struct kernfs_node {
	__u64 id;
} __kernel;

struct cgroup {
	int level;
	struct kernfs_node *kn;
	struct cgroup *ancestors[];	/* by their level, itself the last */
} __kernel;

struct css_set {
	struct cgroup *dfl_cgrp;	/* of version 2 */
} __kernel;

struct task_struct;

struct mm_struct {
	unsigned long start_code;
	unsigned long start_brk;
	unsigned long brk;
	atomic_long_t pgtables_bytes;
	struct percpu_counter rss_stat[4];
	struct task_struct *owner;	/* with CONFIG_MEMCG */
} __kernel;

/* 6.1 */
struct mm_rss_stat {
	atomic_long_t count[4];
} __kernel;

struct mm_struct___old {
	struct mm_rss_stat rss_stat;
} __kernel;

struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
	unsigned long vm_pgoff;
	unsigned long vm_flags;
	struct mm_struct *vm_mm;
	struct file *vm_file;
	const void *vm_ops;
} __kernel;

/* x86 */
struct thread_struct {
	unsigned long error_code;
	unsigned long trap_nr;
} __kernel;

/* include/linux/compaction.h: kernels have them in places of their own, as all that follow */
enum compact_result {
	COMPACT_SKIPPED = 1,
};

/* mm/khugepaged.c */
enum scan_result {
	SCAN_PTE_MAPPED_HUGEPAGE = 10,
	SCAN_ADDRESS_RANGE = 23,
	SCAN_ALLOC_HUGE_PAGE_FAIL = 25,
};

/* include/linux/page-flags.h */
enum pageflags {
	PG_head = 16,
	PG_swapbacked = 19,
	PG_swapcache = 10,
};

typedef struct {
	int counter;
} atomic_t;

struct folio {
	void *mapping;
	atomic_t _mapcount;
	atomic_t _large_mapcount;	/* not 6.1 */
	atomic_t _entire_mapcount;
	unsigned int _folio_nr_pages;	/* 6.1, 6.12 */
} __kernel;

struct folio___new {
	unsigned int _nr_pages;
} __kernel;

typedef struct {
	unsigned long pte;
} pte_t;

struct vm_fault {
	struct vm_area_struct *vma;
	unsigned long address;
	struct page *page;
	pte_t orig_pte;
} __kernel;

struct ksm_rmap_item {
	struct mm_struct *mm;
	unsigned long address;
} __kernel;

struct oom_control {
	void *memcg;
	int order;
	unsigned long totalpages;
	long chosen_points;
} __kernel;

struct gendisk {
	char disk_name[32];
} __kernel;

struct block_device {
	struct gendisk *bd_disk;
} __kernel;

struct bio {
	struct block_device *bi_bdev;
} __kernel;

/* arch/x86/include/uapi/asm/ptrace.h, by the names that libbpf has for programs */
struct pt_regs {
	unsigned long r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
	unsigned long rax, rcx, rdx, rsi, rdi, orig_rax, rip, cs, eflags, rsp, ss;
};

/* arm64 */
struct user_pt_regs {
	unsigned long regs[31], sp, pc, pstate;
};

struct task_struct {
	unsigned int flags;
	int pid;
	int tgid;
	struct task_struct *group_leader;
	struct task_struct *real_parent;
	__u64 start_time;
	unsigned long min_flt;
	unsigned long maj_flt;
	char comm[16];
	struct mm_struct *mm;
	__u64 self_exec_id;
	struct signal_struct *signal;
	struct css_set *cgroups;
	void *bpf_storage;		/* NULL: no program keeps anything of it */
	struct list_head thread_node;
	struct thread_struct thread;
} __kernel;

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
} __kernel;

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} __kernel;

struct bpf_iter__cgroup {
	struct cgroup *cgroup;
} __kernel;

struct kernel_siginfo {
	int si_code;
	union {
		struct {
			void *_addr;
		} _sigfault;
	} _sifields;
} __kernel;

#endif
