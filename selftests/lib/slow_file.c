// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file, and a disk made of it, whose server answers when the test lets it;
 * knows nothing of who waits for the answer.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <linux/loop.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"
#include "slow_file.h"

#define NODE_FILE	2
#define MAX_WRITE	65536

/* ------------------------------------------------------------- the server */

static void answer(int fuse, const struct fuse_in_header *in, int error,
		   const void *data, size_t size)
{
	struct fuse_out_header head = {
		.len = sizeof(head) + size, .error = error, .unique = in->unique,
	};
	struct iovec part[] = { { &head, sizeof(head) }, { (void *)data, size } };

	if (writev(fuse, part, 2) != (ssize_t)head.len)
		_exit(1);
}

static void fill_attributes(const struct slow_file *f, struct fuse_attr *a, uint64_t node)
{
	memset(a, 0, sizeof(*a));
	a->ino = node;
	a->nlink = 1;
	a->size = node == NODE_FILE ? f->size : 0;
	a->blksize = 4096;
	a->mode = node == NODE_FILE ? S_IFREG | 0600 : S_IFDIR | 0700;
}

static size_t within(const struct slow_file *f, uint64_t offset, size_t size)
{
	if (offset >= f->size)
		return 0;
	return size < f->size - offset ? size : f->size - offset;
}

static void serve_one(int fuse, const struct slow_file *f, char *content, uint32_t flags,
		      const char *request)
{
	const struct fuse_in_header *in = (const void *)request;
	const struct fuse_write_in *w = (const void *)(in + 1);
	const struct fuse_read_in *r = (const void *)(in + 1);
	struct fuse_entry_out entry = { .nodeid = NODE_FILE, .attr_valid = 1000,
					.entry_valid = 1000 };
	struct fuse_attr_out attr = { .attr_valid = 1000 };
	struct fuse_init_out init = { .major = FUSE_KERNEL_VERSION, .minor = 31,
				      .max_write = MAX_WRITE, .flags = flags };
	struct fuse_open_out open = { .fh = 1, .open_flags = FOPEN_KEEP_CACHE };
	struct fuse_write_out written = { .size = 0 };

	switch (in->opcode) {
	case FUSE_INIT:
		return answer(fuse, in, 0, &init, sizeof(init));
	case FUSE_LOOKUP:
		fill_attributes(f, &entry.attr, NODE_FILE);
		return answer(fuse, in, 0, &entry, sizeof(entry));
	case FUSE_SETATTR:
	case FUSE_GETATTR:
		fill_attributes(f, &attr.attr, in->nodeid);
		return answer(fuse, in, 0, &attr, sizeof(attr));
	case FUSE_OPEN:
		return answer(fuse, in, 0, &open, sizeof(open));
	case FUSE_READ:
		return answer(fuse, in, 0, content + r->offset,
			      within(f, r->offset, r->size));
	case FUSE_WRITE:
		written.size = within(f, w->offset, w->size);
		memcpy(content + w->offset, w + 1, written.size);
		return answer(fuse, in, 0, &written, sizeof(written));
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		return;		/* no reply */
	case FUSE_FLUSH:
	case FUSE_RELEASE:
		return answer(fuse, in, 0, NULL, 0);
	default:
		return answer(fuse, in, -ENOSYS, NULL, 0);
	}
}

static void serve(int fuse, struct slow_file *f, char *content, uint32_t flags)
{
	static char request[MAX_WRITE + 4096];
	const struct fuse_in_header *in = (const void *)request;

	while (read(fuse, request, sizeof(request)) > 0) {
		if (f->hold && in->opcode == f->hold)
			f->held = true;
		while (f->held && !f->release)
			usleep(1000);
		serve_one(fuse, f, content, flags, request);
	}
	_exit(0);
}

/* ---------------------------------------------------------- start and stop */

/* The server's own copy of the image. */
static char *map_content(size_t size, const char *image)
{
	int fd = image ? open(image, O_RDONLY | O_CLOEXEC) : -1;
	char *p;

	if (image && fd < 0)
		return NULL;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | (image ? 0 : MAP_ANONYMOUS), fd, 0);
	if (fd >= 0)
		close(fd);
	return p == MAP_FAILED ? NULL : p;
}

int slow_file_start(struct slow_file *f, size_t size, const char *image, uint32_t flags)
{
	char *content, options[128];
	int fuse;

	run_command("modprobe -q fuse");
	fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fuse < 0)
		return ENODEV;
	content = map_content(size, image);
	if (!content)
		return errno;
	f->size = size;
	strcpy(f->dir, "/tmp/slow.XXXXXX");
	if (!mkdtemp(f->dir))
		return EIO;
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40700,user_id=0,group_id=0", fuse);
	if (mount("slow", f->dir, "fuse", 0, options))
		return errno;
	snprintf(f->path, sizeof(f->path), "%s/file", f->dir);
	f->server = fork();
	if (!f->server) {
		/* Without its server the file system gives up, and nobody waits. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(fuse, f, content, flags);
	}
	close(fuse);
	munmap(content, size);
	return f->server < 0 ? errno : 0;
}

void slow_file_stop(struct slow_file *f)
{
	f->release = true;
	if (f->server > 0) {
		kill(f->server, SIGKILL);
		waitpid(f->server, NULL, 0);
	}
	umount2(f->dir, MNT_DETACH);
	rmdir(f->dir);
}

bool slow_file_wait(const struct slow_file *f)
{
	int i;

	for (i = 0; i < 10000 && !f->held; i++)
		usleep(1000);
	return f->held;
}

/* Where the file becomes a disk of its own; 0 or an errno. */
static int attach(const struct slow_file *f, int disk)
{
	struct loop_config config = { .info.lo_flags = LO_FLAGS_AUTOCLEAR };
	int file = open(f->path, O_RDWR | O_CLOEXEC), error;

	if (file < 0)
		return errno;
	config.fd = file;
	error = ioctl(disk, LOOP_CONFIGURE, &config) ? errno : 0;
	close(file);
	return error;
}

int slow_disk_open(const struct slow_file *f, char *path, size_t size)
{
	int control, disk, number, error;

	run_command("modprobe -q loop");
	control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	if (control < 0)
		return -ENODEV;
	number = ioctl(control, LOOP_CTL_GET_FREE);
	close(control);
	snprintf(path, size, "/dev/loop%d", number);
	disk = open(path, O_RDWR | O_CLOEXEC);
	if (disk < 0)
		return -errno;
	error = attach(f, disk);
	if (error)
		close(disk);
	return error ? -error : disk;
}
