// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is mapped to be executed, in processes that may be gone when somebody asks: by
 * what the kernel tells of them for profilers. It must not know who asks.
 *
 * Events of perf say who maps a file, forks and becomes another program, each with its
 * time; what was mapped before is in procfs. Nothing is ever taken away: who asks says
 * when it was, and is told of the last mapping before. Each process has a chain of
 * events, the newest first, which a fork leads on to its parent's.
 */
#ifdef VMSCOPE_BPF

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "clock.h"
#include "images.h"

/* include/linux/threads.h: PID_MAX_LIMIT */
#define PIDS		(4u << 20)
/* For each CPU: what some hundred programs have to tell when they start. */
#define PAGES		64
/* So many are kept: of each program that starts about ten. */
#define MOST		(4u << 20)
/* Within this time what a CPU has to tell is there for others to read. */
#define LATE_NS		10000000

enum kind {
	MAPPED,
	FORKED,
	EXECUTED,
	BEGUN,				/* what it had before is not known */
	NOT_OURS,			/* its pid is somebody else's */
};

struct event {
	uint64_t at;
	uint64_t start;
	uint64_t end;
	uint64_t offset;
	uint32_t before;		/* of the same process, 0: none; a number while it is fresh */
	uint32_t pid;
	uint32_t file;			/* or the parent */
	uint8_t kind;
};

struct file {
	char *path;
	uint32_t dev_major;
	uint32_t dev_minor;
	uint64_t inode;
	uint32_t number;
};

struct vs_images {
	struct perf_buffer *buffer;
	int map;			/* that it wants */
	bool follow;
	bool everyone;
	struct event *event;		/* from 1 on, by time */
	uint32_t nr, room;
	uint32_t *last;			/* of each pid */
	struct event *fresh;		/* not in order yet */
	size_t nr_fresh, room_fresh;
	uint32_t numbered;
	struct file **file;		/* by their number */
	uint32_t nr_files, room_files;
	void *files;			/* by what they are: a tree of tsearch() */
	uint64_t lost;			/* for want of memory, or */
	uint64_t lost_by_kernel;
};

/* include/uapi/linux/perf_event.h has their layout in comments. */
struct told_map {
	struct perf_event_header header;
	uint32_t pid, tid;
	uint64_t start, length, offset;
	uint32_t dev_major, dev_minor;
	uint64_t inode, generation;
	uint32_t prot, flags;
	char path[];
};

struct told_task {
	struct perf_event_header header;
	uint32_t pid, parent, tid, parent_tid;
	uint64_t time;
};

struct told_comm {
	struct perf_event_header header;
	uint32_t pid, tid;
};

/* ----------------------------------------------------------------------- files */

static int compare_files(const void *a, const void *b)
{
	const struct file *one = a, *two = b;

	if (one->inode != two->inode)
		return one->inode < two->inode ? -1 : 1;
	if (one->dev_major != two->dev_major)
		return one->dev_major < two->dev_major ? -1 : 1;
	if (one->dev_minor != two->dev_minor)
		return one->dev_minor < two->dev_minor ? -1 : 1;
	return strcmp(one->path, two->path);
}

static bool has_room_for_file(struct vs_images *images)
{
	uint32_t room = 2 * images->room_files + 64;
	struct file **more;

	if (images->nr_files < images->room_files)
		return true;
	more = reallocarray(images->file, room, sizeof(*more));
	if (!more)
		return false;
	images->file = more;
	images->room_files = room;
	return true;
}

/* Its number, or -1 without memory. */
static int64_t number_of(struct vs_images *images, const struct file *what)
{
	struct file *own, **found = tfind(what, &images->files, compare_files);

	if (found)
		return (*found)->number;
	own = malloc(sizeof(*own));
	if (!own || !has_room_for_file(images)) {
		free(own);
		return -1;
	}
	*own = *what;
	own->path = strdup(what->path);
	if (!own->path || !tsearch(own, &images->files, compare_files)) {
		free(own->path);
		free(own);
		return -1;
	}
	own->number = images->nr_files;
	images->file[images->nr_files++] = own;
	return own->number;
}

/* ---------------------------------------------------------------------- events */

/* In the order in which they come; what finds no memory is lost. */
static void add_fresh(struct vs_images *images, const struct event *event)
{
	if (images->nr_fresh == images->room_fresh) {
		size_t room = 2 * images->room_fresh + 256;
		struct event *more = reallocarray(images->fresh, room, sizeof(*more));

		if (!more) {
			images->lost++;
			return;
		}
		images->fresh = more;
		images->room_fresh = room;
	}
	images->fresh[images->nr_fresh] = *event;
	images->fresh[images->nr_fresh++].before = images->numbered++;
}

static void add_mapping(struct vs_images *images, const struct event *event,
			const struct file *file)
{
	struct event own = *event;
	int64_t number = number_of(images, file);

	own.kind = MAPPED;
	own.file = number;
	if (number < 0)
		images->lost++;
	else
		add_fresh(images, &own);
}

/* perf's words for what has no file, and those of procfs. */
static const char *name_of(const char *path)
{
	return !*path || !strcmp(path, "//anon") ? "[anon]" : path;
}

static bool has_room(struct vs_images *images)
{
	uint32_t room = 2 * images->room + 1024;
	struct event *more;

	if (images->nr + 1 < images->room)
		return true;
	if (images->room >= MOST)
		return false;
	more = reallocarray(images->event, room, sizeof(*more));
	if (!more)
		return false;
	images->event = more;
	images->room = room;
	return true;
}

static void keep(struct vs_images *images, const struct event *event)
{
	struct event *own;

	/* the kernel has no number for who is gone already */
	if (event->pid >= PIDS)
		return;
	if (!has_room(images)) {
		images->lost++;
		return;
	}
	own = &images->event[++images->nr];
	*own = *event;
	own->before = images->last[event->pid];
	images->last[event->pid] = images->nr;
}

static bool is_ours(const struct vs_images *images, uint32_t pid)
{
	uint32_t last = pid < PIDS ? images->last[pid] : 0;

	return images->everyone || (last && images->event[last].kind != NOT_OURS);
}

/* A pid that was ours before can come again. */
static void keep_fork(struct vs_images *images, const struct event *event)
{
	struct event other = *event;

	if (images->everyone || (images->follow && is_ours(images, event->file))) {
		keep(images, event);
	} else if (is_ours(images, event->pid)) {
		other.kind = NOT_OURS;
		keep(images, &other);
	}
}

static int by_time(const void *a, const void *b)
{
	const struct event *one = a, *two = b;

	if (one->at != two->at)
		return one->at < two->at ? -1 : 1;
	return one->before < two->before ? -1 : one->before > two->before;
}

/* All up to a time, in its order. */
static void settle(struct vs_images *images, uint64_t until)
{
	size_t left = 0;

	qsort(images->fresh, images->nr_fresh, sizeof(*images->fresh), by_time);
	for (size_t i = 0; i < images->nr_fresh; i++) {
		const struct event *event = &images->fresh[i];

		if (event->at >= until)
			images->fresh[left++] = *event;
		else if (event->kind == FORKED)
			keep_fork(images, event);
		else if (is_ours(images, event->pid))
			keep(images, event);
	}
	images->nr_fresh = left;
}

/* --------------------------------------------------------------------- reading */

static void take_map(struct vs_images *images, const struct told_map *told, struct event *event)
{
	struct file file = {
		.path = (char *)name_of(told->path),
		.dev_major = told->dev_major,
		.dev_minor = told->dev_minor,
		.inode = told->inode,
	};

	event->pid = told->pid;
	event->start = told->start;
	event->end = told->start + told->length;
	event->offset = told->offset;
	add_mapping(images, event, &file);
}

static void take_task(struct vs_images *images, const struct told_task *told,
		      struct event *event)
{
	/* a thread */
	if (told->pid == told->parent)
		return;
	event->kind = FORKED;
	event->pid = told->pid;
	event->file = told->parent;
	add_fresh(images, event);
}

static void take_comm(struct vs_images *images, const struct told_comm *told,
		      struct event *event)
{
	if (!(told->header.misc & PERF_RECORD_MISC_COMM_EXEC))
		return;
	event->kind = EXECUTED;
	event->pid = told->pid;
	add_fresh(images, event);
}

/* Each ends with its time. */
static enum bpf_perf_event_ret take(void *context, int cpu, struct perf_event_header *header)
{
	struct vs_images *images = context;
	struct event event = { 0 };

	(void)cpu;
	memcpy(&event.at, (char *)header + header->size - sizeof(event.at), sizeof(event.at));
	switch (header->type) {
	case PERF_RECORD_MMAP2:
		take_map(images, (void *)header, &event);
		break;
	case PERF_RECORD_FORK:
		take_task(images, (void *)header, &event);
		break;
	case PERF_RECORD_COMM:
		take_comm(images, (void *)header, &event);
		break;
	}
	return LIBBPF_PERF_EVENT_CONT;
}

/* A record of it comes with the next one that finds room only, perhaps never. */
static void ask_what_is_lost(struct vs_images *images)
{
	images->lost_by_kernel = 0;
	for (size_t i = 0; i < perf_buffer__buffer_cnt(images->buffer); i++) {
		uint64_t told[2] = { 0 };

		if (read(perf_buffer__buffer_fd(images->buffer, i), told, sizeof(told)) ==
		    sizeof(told))
			images->lost_by_kernel += told[1];
	}
}

/* What one CPU tells may refer to what another one has told, but nobody has read yet. */
void vs_images_read(struct vs_images *images, bool last)
{
	uint64_t until = vs_now() - LATE_NS;

	perf_buffer__consume(images->buffer);
	settle(images, last ? UINT64_MAX : until);
	if (last)
		ask_what_is_lost(images);
}

/* What was there before anybody told. */
static int read_maps(struct vs_images *images, pid_t pid)
{
	char path[64], *line = NULL;
	size_t size = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "re");
	if (!f)
		return -1;
	while (getline(&line, &size, f) > 0) {
		struct event event = { .pid = pid };
		struct file file = { 0 };
		char rights[8];
		int name = 0;

		line[strcspn(line, "\n")] = 0;
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %x:%x %" SCNu64 " %n",
			   &event.start, &event.end, rights, &event.offset, &file.dev_major,
			   &file.dev_minor, &file.inode, &name) < 7 || rights[2] != 'x')
			continue;
		file.path = (char *)name_of(line + name);
		add_mapping(images, &event, &file);
	}
	free(line);
	fclose(f);
	return 0;
}

/* Who has exited meanwhile has no fault any more either. */
static int begin_everyone(struct vs_images *images, struct vs_error *error)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	if (!proc)
		return vs_error_set(error, VS_FAIL_CANNOT, "/proc cannot be listed: %s",
				    strerror(errno));
	images->everyone = true;
	while ((entry = readdir(proc))) {
		struct event begin = { .kind = BEGUN, .pid = atoi(entry->d_name) };

		if (!begin.pid)
			continue;
		keep(images, &begin);
		read_maps(images, begin.pid);
	}
	closedir(proc);
	return 0;
}

int vs_images_begin(struct vs_images *images, pid_t pid, bool follow, struct vs_error *error)
{
	const struct event begin = { .kind = BEGUN, .pid = pid };

	if (!pid)
		return begin_everyone(images, error);
	images->follow = follow;
	if ((uint32_t)pid >= PIDS)
		return vs_error_set(error, VS_FAIL_CANNOT, "%d is no pid", pid);
	keep(images, &begin);
	if (read_maps(images, pid))
		return vs_error_set(error, VS_FAIL_GONE, "process %d has exited", pid);
	return 0;
}

/* -------------------------------------------------------------------- the kernel */

struct vs_images *vs_images_open(struct vs_error *error)
{
	struct vs_images *images = calloc(1, sizeof(*images));
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.sample_type = PERF_SAMPLE_TIME,
		.read_format = 1u << 4,	/* PERF_FORMAT_LOST, since 6.0 */
		.sample_id_all = 1,
		.mmap = 1,
		.mmap2 = 1,
		.comm = 1,
		.comm_exec = 1,
		.task = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
		.watermark = 1,
		.wakeup_watermark = 1u << 31,
	};

	if (!images) {
		vs_error_memory(error);
		return NULL;
	}
	images->last = calloc(PIDS, sizeof(*images->last));
	images->map = bpf_map_create(BPF_MAP_TYPE_PERF_EVENT_ARRAY, "vmscope_images", 4, 4,
				     libbpf_num_possible_cpus(), NULL);
	if (images->last && images->map >= 0)
		images->buffer = perf_buffer__new_raw(images->map, PAGES, &attr, take, images,
						      NULL);
	if (images->buffer)
		return images;
	vs_error_set(error, VS_FAIL_CANNOT, "the kernel does not tell what is mapped: %s",
		     strerror(errno));
	vs_images_close(images);
	return NULL;
}

static void free_file(void *file)
{
	free(((struct file *)file)->path);
	free(file);
}

void vs_images_close(struct vs_images *images)
{
	if (!images)
		return;
	perf_buffer__free(images->buffer);
	if (images->map >= 0)
		close(images->map);
	tdestroy(images->files, free_file);
	free(images->file);
	free(images->event);
	free(images->fresh);
	free(images->last);
	free(images);
}

/* ---------------------------------------------------------------------- asking */

static void tell_image(const struct vs_images *images, const struct event *event,
		       struct vs_image *image)
{
	const struct file *file = images->file[event->file];

	*image = (struct vs_image){
		.path = file->path,
		.dev_major = file->dev_major,
		.dev_minor = file->dev_minor,
		.inode = file->inode,
		.pid = event->pid,
		.start = event->start,
		.end = event->end,
		.number = event->file,
	};
}

bool vs_images_find(const struct vs_images *images, pid_t pid, uint64_t address, uint64_t at,
		    struct vs_image *image, uint64_t *offset)
{
	uint32_t i = (uint32_t)pid < PIDS ? images->last[pid] : 0;

	while (i) {
		const struct event *event = &images->event[i];

		i = event->before;
		if (event->at > at)
			continue;
		switch (event->kind) {
		case FORKED:
			/* as it was for the parent then */
			at = event->at;
			i = images->last[event->file];
			break;
		case EXECUTED:
		case NOT_OURS:
		case BEGUN:
			return false;
		case MAPPED:
			if (address < event->start || address >= event->end)
				break;
			tell_image(images, event, image);
			*offset = address - event->start + event->offset;
			return true;
		}
	}
	return false;
}

uint64_t vs_images_lost(const struct vs_images *images)
{
	return images->lost + images->lost_by_kernel;
}

#endif
