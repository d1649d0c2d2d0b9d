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

#endif
