/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is mapped to be executed, in processes that may be gone when somebody asks: by
 * what the kernel tells of them for profilers. It must not know who asks.
 */
#ifndef VMSCOPE_IMAGES_H
#define VMSCOPE_IMAGES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

/* A file that was mapped, or what stands for one: "[vdso]", "[anon]". */
struct vs_image {
	const char *path;
	uint32_t dev_major;
	uint32_t dev_minor;
	uint64_t inode;			/* 0: it is no file */
	pid_t pid;			/* who had it, and where */
	uint64_t start;
	uint64_t end;
	uint32_t number;		/* of the file, from 0 */
};

struct vs_images;

/* From now on the kernel tells; NULL: see the error. */
struct vs_images *vs_images_open(struct vs_error *error);
void vs_images_close(struct vs_images *images);

/* Whose: of a process, and with @follow of those that it starts; pid 0: everybody's. 0 or -1. */
int vs_images_begin(struct vs_images *images, pid_t pid, bool follow, struct vs_error *error);

/* Takes what there is to know, each VS_IMAGES_MS; @last: nothing will follow. */
#define VS_IMAGES_MS	100
void vs_images_read(struct vs_images *images, bool last);

/* What was at an address then, by vs_now(), and its offset in the file. */
bool vs_images_find(const struct vs_images *images, pid_t pid, uint64_t address, uint64_t at,
		    struct vs_image *image, uint64_t *offset);

/* How much the kernel had no room to tell. */
uint64_t vs_images_lost(const struct vs_images *images);

#endif
