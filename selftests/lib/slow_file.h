/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file, and a disk made of it, whose server answers when the test lets it;
 * knows nothing of who waits for the answer.
 */
#ifndef SELFTESTS_SLOW_FILE_H
#define SELFTESTS_SLOW_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* In memory that the server shares, see shared_alloc(). */
struct slow_file {
	volatile uint32_t hold;		/* requests of this kind, FUSE_WRITE, wait */
	volatile bool held;		/* one does, and all after it */
	volatile bool release;		/* now and for ever they are answered */
	size_t size;
	pid_t server;
	char dir[32];
	char path[64];
};

/*
 * Mount a file system with one file of @size bytes, which are those of the file
 * @image where there is one; @flags: what FUSE_INIT answers. What is written
 * lives as long as the server. 0 or an errno.
 */
int slow_file_start(struct slow_file *f, size_t size, const char *image, uint32_t flags);
void slow_file_stop(struct slow_file *f);

/* Wait until a request is held: false when none comes. */
bool slow_file_wait(const struct slow_file *f);

/*
 * A loop device of the file, open, gone when the last one closes it; its path
 * in @path. A descriptor or -errno.
 */
int slow_disk_open(const struct slow_file *f, char *path, size_t size);

#endif
