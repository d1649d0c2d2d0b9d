// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What mappings are of, by name. It must not know who maps them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "objects.h"
#include "select.h"

#define DELETED	" (deleted)"

static const char * const word[VS_OBJECT_NR] = {
	[VS_OBJECT_FILE] = "file",
	[VS_OBJECT_SYSV] = "sysv_shm",
	[VS_OBJECT_POSIX] = "posix_shm",
	[VS_OBJECT_MEMFD] = "memfd",
	[VS_OBJECT_SHARED_ANON] = "shared_anon",
	[VS_OBJECT_HUGETLB] = "hugetlb",
	[VS_OBJECT_HEAP] = "heap",
	[VS_OBJECT_STACK] = "stack",
	[VS_OBJECT_ANON] = "anon",
	[VS_OBJECT_SPECIAL] = "special",
};

const char *vs_object_word(enum vs_object_type type)
{
	return word[type];
}

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* The names that the kernel gives: ipc/shm.c, mm/shmem.c, mm/memfd.c. */
enum vs_object_type vs_object_type(const struct vs_model *model, const struct vs_vma *vma)
{
	const char *name = vs_model_name(model, vma);

	switch (vma->name_kind) {
	case VS_NAME_HEAP:
		return VS_OBJECT_HEAP;
	case VS_NAME_STACK:
		return VS_OBJECT_STACK;
	case VS_NAME_SPECIAL:
		return VS_OBJECT_SPECIAL;
	}
	/* 0 is a number that System V shared memory can have */
	if (!vma->inode && vma->name_kind != VS_NAME_FILE)
		return vma->flags & VS_VM_SHARED ? VS_OBJECT_SHARED_ANON : VS_OBJECT_ANON;
	/* a name that the program gave its shared memory is none of a file */
	if (vma->name_kind == VS_NAME_ANON)
		return VS_OBJECT_SHARED_ANON;
	if (begins(name, "/SYSV"))
		return VS_OBJECT_SYSV;
	if (begins(name, "/memfd:"))
		return VS_OBJECT_MEMFD;
	if (begins(name, "/dev/shm/"))
		return VS_OBJECT_POSIX;
	if (begins(name, "/dev/zero"))
		return VS_OBJECT_SHARED_ANON;
	if (begins(name, "/anon_hugepage"))
		return VS_OBJECT_HUGETLB;
	return VS_OBJECT_FILE;
}

void vs_object_key(const struct vs_model *model, const struct vs_vma *vma,
		   struct vs_object_key *key)
{
	*key = (struct vs_object_key){
		.inode = vma->inode,
		.dev_major = vma->dev_major,
		.dev_minor = vma->dev_minor,
		.type = vs_object_type(model, vma),
	};
}

void vs_object_name(const struct vs_model *model, const struct vs_vma *vma, char *text,
		    size_t size)
{
	const char *name = vs_model_name(model, vma);
	size_t length = strlen(name);

	if (length > strlen(DELETED) && !strcmp(name + length - strlen(DELETED), DELETED))
		length -= strlen(DELETED);
	switch (vs_object_type(model, vma)) {
	case VS_OBJECT_SYSV:
		snprintf(text, size, "shmid %" PRIu64 " (key 0x%.*s)", vma->inode,
			 length > 5 ? (int)length - 5 : 0, name + 5);
		return;
	case VS_OBJECT_MEMFD:
		snprintf(text, size, "%.*s", (int)length - 7, name + 7);
		return;
	case VS_OBJECT_POSIX:
		snprintf(text, size, "%.*s", (int)length - 8, name + 8);
		return;
	case VS_OBJECT_SHARED_ANON:
		snprintf(text, size, "shared anonymous memory");
		return;
	case VS_OBJECT_ANON:
		snprintf(text, size, "anonymous memory");
		return;
	default:
		vs_field_text(model, vma, VS_FIELD_NAME, text, size);
	}
}
