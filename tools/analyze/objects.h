/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What mappings are of, by name: libraries and other files, System V and POSIX
 * shared memory, memfd, memory shared by fork. It must not know who maps them.
 */
#ifndef VMSCOPE_OBJECTS_H
#define VMSCOPE_OBJECTS_H

#include "../lib/model.h"

enum vs_object_type {
	VS_OBJECT_FILE,
	VS_OBJECT_SYSV,			/* shmid is the inode */
	VS_OBJECT_POSIX,
	VS_OBJECT_MEMFD,
	VS_OBJECT_SHARED_ANON,		/* mmap(MAP_SHARED | MAP_ANONYMOUS) */
	VS_OBJECT_HUGETLB,
	VS_OBJECT_HEAP,
	VS_OBJECT_STACK,
	VS_OBJECT_ANON,
	VS_OBJECT_SPECIAL,
	VS_OBJECT_NR,
};

/* One word for people and JSON. */
const char *vs_object_word(enum vs_object_type type);

enum vs_object_type vs_object_type(const struct vs_model *model, const struct vs_vma *vma);

/* Two mappings of one object have one key. */
struct vs_object_key {
	uint64_t inode;
	uint32_t dev_major, dev_minor;
	uint32_t type;
	uint32_t reserved;
};

void vs_object_key(const struct vs_model *model, const struct vs_vma *vma,
		   struct vs_object_key *key);

/* "/usr/lib/libc.so.6", "shmid 5 (key 0x1234)", "/name", "[heap]" */
void vs_object_name(const struct vs_model *model, const struct vs_vma *vma, char *text,
		    size_t size);

#endif
