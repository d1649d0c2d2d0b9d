// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Kills for want of memory, seen by BPF programs where they happen. It must not know
 * what is made of them. Without libbpf nothing is seen.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf_load.h"
#include "clock.h"
#include "oom_log.h"

void vs_oom_log_free(struct vs_oom_log *log)
{
	for (size_t i = 0; i < log->nr_kills; i++)
		free(log->kill[i].vma);
	free(log->kill);
	memset(log, 0, sizeof(*log));
}

void vs_oom_kill_told(struct vs_oom_kill *kill)
{
	free(kill->vma);
	kill->vma = NULL;
	kill->nr_vmas = kill->room = 0;
	kill->told = true;
}

#ifdef VMSCOPE_BPF

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "oom.h"
#include "oom.skel.h"

struct vs_oom_watch {
	struct oom_bpf *bpf;
	struct ring_buffer *ring;
	struct vs_oom_log *log;
	uint64_t begun_ns;
};

/* -------------------------------------------------------------- what has come */

/* Room for one more; its address, or NULL. */
static void *one_more(void *list, size_t *nr, size_t *room, size_t size)
{
	char **at = list;

	if (*nr == *room) {
		size_t more = *room ? 2 * *room : 16;
		char *larger = reallocarray(*at, more, size);

		if (!larger)
			return NULL;
		*at = larger;
		*room = more;
	}
	return memset(*at + size * (*nr)++, 0, size);
}

/* The last one, for addresses are used again. */
static struct vs_oom_kill *kill_of(struct vs_oom_log *log, uint64_t mm)
{
	for (size_t i = log->nr_kills; i > 0; i--)
		if (log->kill[i - 1].mm == mm && !log->kill[i - 1].gone)
			return &log->kill[i - 1];
	return NULL;
}

static int take_kill(struct vs_oom_watch *watch, const struct oom_kill *from)
{
	struct vs_oom_log *log = watch->log;
	struct vs_oom_kill *to = one_more(&log->kill, &log->nr_kills, &log->room, sizeof(*to));

	if (!to)
		return -ENOMEM;
	to->mm = from->head.mm;
	vs_event_take_kill(&to->kill, &from->kill, watch->begun_ns);
	return 0;
}

static int take_vma(struct vs_oom_watch *watch, const struct oom_vma *from)
{
	struct vs_oom_kill *kill = kill_of(watch->log, from->head.mm);
	struct vs_oom_vma *to;

	if (!kill)
		return 0;
	to = one_more(&kill->vma, &kill->nr_vmas, &kill->room, sizeof(*to));
	if (!to)
		return -ENOMEM;
	to->kind = from->head.kind;
	to->start = from->start;
	to->end = from->end;
	to->flags = from->flags;
	to->offset = to->kind == VS_FAULT_VMA_FILE ? from->pgoff * sysconf(_SC_PAGESIZE) : 0;
	memcpy(to->name, from->name, sizeof(to->name));
	return 0;
}

static int take_end(struct vs_oom_watch *watch, const struct oom_end *from)
{
	struct vs_oom_kill *kill = kill_of(watch->log, from->head.mm);

	if (kill) {
		kill->lost = from->lost;
		kill->gone = true;
	}
	return 0;
}

static int take(void *context, void *data, size_t size)
{
	const struct oom_head *head = data;

	(void)size;
	switch (head->what) {
	case OOM_KILL:
		return take_kill(context, data);
	case OOM_VMA:
		return take_vma(context, data);
	}
	return take_end(context, data);
}

int vs_oom_watch_take(struct vs_oom_watch *watch, struct vs_error *error)
{
	int nr = ring_buffer__consume(watch->ring);

	watch->log->lost = watch->bpf->bss->lost_kills;
	watch->log->lost_vmas = watch->bpf->bss->lost_mappings;
	watch->log->watched_ns = vs_now() - watch->begun_ns;
	return nr < 0 ? vs_error_set(error, VS_FAIL_CANNOT, "reading what was seen: %s",
				     strerror(-nr)) : 0;
}

int vs_oom_watch_fd(const struct vs_oom_watch *watch)
{
	return ring_buffer__epoll_fd(watch->ring);
}

/* -------------------------------------------------------------------- attaching */

static int attach(struct vs_oom_watch *watch, struct vs_error *error)
{
	struct bpf_object_skeleton *skeleton = watch->bpf->skeleton;

	for (int i = 0; i < skeleton->prog_cnt; i++) {
		struct bpf_prog_skeleton *one = &skeleton->progs[i];
		const char *hook = strchr(bpf_program__section_name(*one->prog), '/');

		*one->link = bpf_program__attach(*one->prog);
		if (!*one->link)
			return vs_error_set(error, VS_FAIL_CANNOT,
				"this kernel lets no BPF program watch %s: %s", hook + 1,
				strerror(errno));
	}
	return 0;
}

static int begin(struct vs_oom_watch *watch, struct vs_error *error)
{
	uint64_t begun = vs_now();
	int err;

	vs_bpf_begin();
	watch->bpf = oom_bpf__open();
	if (!watch->bpf)
		return vs_bpf_failure(-errno, error);
	err = oom_bpf__load(watch->bpf);
	if (err)
		return vs_bpf_failure(err, error);
	watch->ring = ring_buffer__new(bpf_map__fd(watch->bpf->maps.ring), take, watch, NULL);
	if (!watch->ring)
		return vs_bpf_failure(-errno, error);
	watch->begun_ns = vs_now();
	watch->log->attach_ns = watch->begun_ns - begun;
	return attach(watch, error);
}

struct vs_oom_watch *vs_oom_watch_open(struct vs_oom_log *log, struct vs_error *error)
{
	struct vs_oom_watch *watch = calloc(1, sizeof(*watch));

	if (!watch) {
		vs_error_memory(error);
		return NULL;
	}
	watch->log = log;
	if (begin(watch, error)) {
		vs_oom_watch_close(watch);
		return NULL;
	}
	return watch;
}

void vs_oom_watch_close(struct vs_oom_watch *watch)
{
	if (!watch)
		return;
	ring_buffer__free(watch->ring);
	oom_bpf__destroy(watch->bpf);
	free(watch);
}

#else

struct vs_oom_watch *vs_oom_watch_open(struct vs_oom_log *log, struct vs_error *error)
{
	(void)log;
	vs_error_set(error, VS_FAIL_CANNOT, VS_BPF_MISSING);
	return NULL;
}

int vs_oom_watch_fd(const struct vs_oom_watch *watch)
{
	(void)watch;
	return -1;
}

int vs_oom_watch_take(struct vs_oom_watch *watch, struct vs_error *error)
{
	(void)watch;
	return vs_error_set(error, VS_FAIL_CANNOT, VS_BPF_MISSING);
}

void vs_oom_watch_close(struct vs_oom_watch *watch)
{
	(void)watch;
}

#endif
