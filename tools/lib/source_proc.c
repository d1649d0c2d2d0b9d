// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The second source: procfs, for machines where the module cannot be loaded.
 * It must not guess: what procfs does not say stays unknown in the model.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"
#include "patient.h"
#include "proc_read.h"
#include "source.h"
#include "thp.h"

/* Bits of /proc/PID/pagemap. */
#define PM_PFN		((1ull << 55) - 1)
#define PM_SOFT_DIRTY	(1ull << 55)
#define PM_EXCLUSIVE	(1ull << 56)
#define PM_UFFD_WP	(1ull << 57)
#define PM_GUARD	(1ull << 58)
#define PM_FILE		(1ull << 61)
#define PM_SWAP		(1ull << 62)
#define PM_PRESENT	(1ull << 63)

/* Bits of /proc/kpageflags. */
#define KPF_LOCKED	(1ull << 0)
#define KPF_REFERENCED	(1ull << 2)
#define KPF_DIRTY	(1ull << 4)
#define KPF_LRU		(1ull << 5)
#define KPF_ACTIVE	(1ull << 6)
#define KPF_WRITEBACK	(1ull << 8)
#define KPF_RECLAIM	(1ull << 9)
#define KPF_ANON	(1ull << 12)
#define KPF_SWAPCACHE	(1ull << 13)
#define KPF_SWAPBACKED	(1ull << 14)
#define KPF_HEAD	(1ull << 15)
#define KPF_HUGE	(1ull << 17)
#define KPF_UNEVICTABLE	(1ull << 18)
#define KPF_ZERO	(1ull << 24)
#define KPF_MLOCKED	(1ull << 33)

#define PAGEMAP_KEY	(VS_ATTR_STATE | VS_ATTR_KIND | VS_ATTR_SOFT_DIRTY | VS_ATTR_UFFD_WP | \
			 VS_ATTR_SHARED)
#define KPAGE_KEY	(VS_ATTR_REFERENCED | VS_ATTR_FOLIO_DIRTY | VS_ATTR_LRU | \
			 VS_ATTR_ACTIVE | VS_ATTR_UNEVICTABLE | VS_ATTR_MLOCKED | \
			 VS_ATTR_WRITEBACK | VS_ATTR_SWAPCACHE | VS_ATTR_SWAPBACKED | \
			 VS_ATTR_LOCKED | VS_ATTR_RECLAIM | VS_ATTR_HEAD)

#define BATCH		4096

struct proc_state {
	pid_t pid;
	const struct vs_target *target;
	struct vs_patient *pagemap;
	int kpageflags;
	int kpagecount;
	bool frames;			/* pagemap shows frame numbers to us */
	uint64_t pagemap_word[BATCH];
	uint64_t flags_word[BATCH];
	uint64_t count_word[BATCH];
};

static int proc_open(struct vs_source *source, const struct vs_target *target, const char *file,
		     struct vs_error *error)
{
	struct proc_state *state = calloc(1, sizeof(*state));

	(void)file;
	if (!state)
		return vs_error_memory(error);
	state->pid = target->pid;
	state->target = target;
	state->kpageflags = -1;
	state->kpagecount = -1;
	source->state = state;
	return 0;
}

static void proc_close(struct vs_source *source)
{
	struct proc_state *state = source->state;

	if (!state)
		return;
	if (state->pagemap)
		vs_patient_close(state->pagemap);
	if (state->kpageflags >= 0)
		close(state->kpageflags);
	if (state->kpagecount >= 0)
		close(state->kpagecount);
	free(state);
	source->state = NULL;
}

static int proc_failure(struct proc_state *state, const char *file, int err,
			struct vs_error *error)
{
	if (err == -ESRCH || !vs_target_alive(state->target) ||
	    (err == -ENOENT && access("/proc/self", F_OK) == 0 &&
	     vs_proc_status_number(state->pid, "Pid") < 0))
		return vs_error_set(error, VS_FAIL_GONE, "process %d is gone", state->pid);
	if (err == -EACCES || err == -EPERM)
		return vs_error_set(error, VS_FAIL_PERMISSION,
			"/proc/%d/%s: %s: run as root, or as the user who owns the process",
			state->pid, file, strerror(-err));
	if (err == -ENOMEM)
		return vs_error_memory(error);
	if (err == -ETIMEDOUT)
		return vs_error_set(error, VS_FAIL_PARTIAL,
			"/proc/%d/%s does not answer: process %d keeps its memory map locked, and procfs waits for it: see /proc/%d/stack, or try --source=module, which since Linux 6.4 can do without that lock",
			state->pid, file, state->pid, state->pid);
	return vs_error_set(error, VS_FAIL_CANNOT,
		"/proc/%d/%s: %s: 'vmscope doctor' tells what works here", state->pid, file,
		strerror(-err));
}

/* Whether pagemap shows frame numbers: ask it about a page of our own. */
static bool sees_frames(void)
{
	uint64_t word = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	off_t at = (uintptr_t)&word / sysconf(_SC_PAGESIZE) * sizeof(word);

	if (fd < 0)
		return false;
	if (pread(fd, &word, sizeof(word), at) != sizeof(word))
		word = 0;
	close(fd);
	return word & PM_PFN;
}

static int open_pagemap(struct proc_state *state, uint64_t patience_ns, struct vs_error *error)
{
	char path[64];

	if (state->pagemap)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/pagemap", state->pid);
	state->pagemap = vs_patient_open(path, patience_ns);
	if (!state->pagemap)
		return proc_failure(state, "pagemap", -errno, error);
	state->frames = sees_frames();
	if (state->frames) {
		state->kpageflags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
		state->kpagecount = open("/proc/kpagecount", O_RDONLY | O_CLOEXEC);
	}
	return 0;
}

static uint64_t available_key(const struct proc_state *state)
{
	uint64_t key = PAGEMAP_KEY | VS_KEY_FRAME;

	if (state->kpageflags >= 0)
		key |= KPAGE_KEY;
	if (state->kpagecount >= 0)
		key |= VS_KEY_MAPCOUNT;
	return key;
}

/*
 * Words of kpageflags or kpagecount for the frames of a batch: consecutive
 * frames in one read.
 */
static void read_frames(int fd, const uint64_t *pagemap, uint64_t *word, size_t pages)
{
	size_t i = 0;

	memset(word, 0, pages * sizeof(*word));
	while (fd >= 0 && i < pages) {
		uint64_t frame = pagemap[i] & PM_PFN;
		size_t run = 1;

		if (!(pagemap[i] & PM_PRESENT) || !frame) {
			i++;
			continue;
		}
		while (i + run < pages && (pagemap[i + run] & PM_PRESENT) &&
		       (pagemap[i + run] & PM_PFN) == frame + run)
			run++;
		if (pread(fd, word + i, run * sizeof(*word), frame * sizeof(*word)) < 0)
			memset(word + i, 0, run * sizeof(*word));
		i += run;
	}
}

static uint64_t folio_attributes(uint64_t flags)
{
	static const struct {
		uint64_t from, to;
	} map[] = {
		{ KPF_LOCKED, VS_ATTR_LOCKED }, { KPF_REFERENCED, VS_ATTR_REFERENCED },
		{ KPF_DIRTY, VS_ATTR_FOLIO_DIRTY }, { KPF_LRU, VS_ATTR_LRU },
		{ KPF_ACTIVE, VS_ATTR_ACTIVE }, { KPF_WRITEBACK, VS_ATTR_WRITEBACK },
		{ KPF_RECLAIM, VS_ATTR_RECLAIM }, { KPF_SWAPCACHE, VS_ATTR_SWAPCACHE },
		{ KPF_SWAPBACKED, VS_ATTR_SWAPBACKED }, { KPF_HEAD, VS_ATTR_HEAD },
		{ KPF_UNEVICTABLE, VS_ATTR_UNEVICTABLE }, { KPF_MLOCKED, VS_ATTR_MLOCKED },
	};
	uint64_t attributes = 0;

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (flags & map[i].from)
			attributes |= map[i].to;
	return attributes;
}

static enum vs_kind present_kind(const struct vs_vma *vma, uint64_t word, uint64_t flags)
{
	if (flags & KPF_HUGE || vma->flags & VS_VM_HUGETLB)
		return VS_KIND_HUGETLB;
	if (!(word & PM_FILE))
		return VS_KIND_ANON;
	if (flags & KPF_SWAPBACKED)
		return VS_KIND_SHMEM;
	return vma->flags & VS_VM_MAYSHARE ? VS_KIND_FILE_SHARED : VS_KIND_FILE_PRIVATE;
}

/* The page as far as procfs tells: attribute word, frame or swap slot. */
static void decode_page(const struct vs_vma *vma, uint64_t word, uint64_t flags,
			struct vs_extent *page)
{
	uint64_t attributes = 0;

	page->frame = 0;
	page->swap_type = 0;
	page->encoding = VS_FRAMES_NONE;
	if (word & PM_SOFT_DIRTY)
		attributes |= VS_ATTR_SOFT_DIRTY;
	if (word & PM_UFFD_WP)
		attributes |= VS_ATTR_UFFD_WP;
	if (word & PM_GUARD) {
		attributes |= VS_STATE_GUARD;
	} else if (word & PM_PRESENT) {
		page->frame = word & PM_PFN;
		page->encoding = page->frame ? VS_FRAMES_RUN : VS_FRAMES_NONE;
		if (flags & KPF_ZERO)
			attributes |= VS_STATE_ZERO;
		else
			attributes |= VS_STATE_PRESENT | folio_attributes(flags) |
				(uint64_t)present_kind(vma, word, flags) << VS_ATTR_KIND_SHIFT;
		if (!(word & PM_EXCLUSIVE) && !(flags & KPF_ZERO))
			attributes |= VS_ATTR_SHARED;
	} else if (word & PM_SWAP) {
		attributes |= VS_STATE_SWAPPED;
		page->swap_type = word & 0x1f;
		page->frame = (word & PM_PFN) >> 5;
		page->encoding = VS_FRAMES_RUN;
	} else {
		/* soft-dirty of a hole only tells of the mapping */
		attributes = VS_STATE_NONE;
	}
	page->attributes = attributes;
}

/* Extents being joined page by page. */
struct joiner {
	const struct vs_request *request;
	struct vs_model *model;
	const struct vs_vma *vma;
	struct vs_extent run;
};

static int flush_run(struct joiner *joiner)
{
	struct vs_extent *run = &joiner->run;
	int stop = 0;

	if (run->pages && ((run->attributes & VS_ATTR_STATE) != VS_STATE_NONE ||
			   joiner->request->holes))
		stop = joiner->request->extent(joiner->request->context, joiner->model,
					       joiner->vma, run);
	run->pages = 0;
	return stop;
}

static bool continues(const struct vs_extent *run, const struct vs_extent *page)
{
	if (!run->pages || run->pages == UINT32_MAX || run->attributes != page->attributes ||
	    run->encoding != page->encoding || run->mapcount != page->mapcount ||
	    run->swap_type != page->swap_type)
		return false;
	if (run->encoding == VS_FRAMES_SAME)
		return run->frame == page->frame;
	return run->encoding == VS_FRAMES_NONE || run->frame + run->pages == page->frame;
}

static int add_page(struct joiner *joiner, struct vs_extent *page)
{
	uint64_t key = joiner->request->key;
	int stop;

	if ((page->attributes & VS_ATTR_STATE) == VS_STATE_ZERO && page->encoding)
		page->encoding = VS_FRAMES_SAME;
	page->attributes &= key;
	if (!(key & VS_KEY_FRAME)) {
		page->encoding = VS_FRAMES_NONE;
		page->frame = 0;
		page->swap_type = 0;
	}
	if (!(key & VS_KEY_MAPCOUNT))
		page->mapcount = 0;
	if (continues(&joiner->run, page)) {
		joiner->run.pages++;
		return 0;
	}
	stop = flush_run(joiner);
	joiner->run = *page;
	joiner->run.pages = 1;
	return stop;
}

static int mapping_extents(struct proc_state *state, struct joiner *joiner, uint64_t start,
			   uint64_t end, struct vs_error *error)
{
	unsigned int shift = joiner->model->kernel.page_shift;

	while (start < end) {
		size_t pages = (end - start) >> shift;
		ssize_t got;

		if (pages > BATCH)
			pages = BATCH;
		got = vs_patient_read(state->pagemap, state->pagemap_word, pages * 8,
				      (start >> shift) * 8);
		if (got < 0)
			return proc_failure(state, "pagemap", -errno, error);
		if (!got)
			break;		/* not for us: [vsyscall] */
		pages = got / 8;
		read_frames(state->kpageflags, state->pagemap_word, state->flags_word, pages);
		read_frames(state->kpagecount, state->pagemap_word, state->count_word, pages);
		for (size_t i = 0; i < pages; i++) {
			struct vs_extent page = { .start = start + ((uint64_t)i << shift) };

			decode_page(joiner->vma, state->pagemap_word[i], state->flags_word[i],
				    &page);
			page.mapcount = state->count_word[i];
			if (add_page(joiner, &page))
				return 1;
		}
		start += (uint64_t)pages << shift;
	}
	return flush_run(joiner) ? 1 : 0;
}

static int collect_extents(struct proc_state *state, const struct vs_request *request,
			   struct vs_model *model, uint64_t end, struct vs_error *error)
{
	struct joiner joiner = { .request = request, .model = model };

	for (size_t i = vs_model_first(model, request->start); i < model->nr_vmas; i++) {
		const struct vs_vma *vma = &model->vma[i];
		uint64_t from = vma->start < request->start ? request->start : vma->start;
		uint64_t to = vma->end > end ? end : vma->end;
		int stop;

		if (from >= end)
			break;
		joiner.vma = vma;
		stop = mapping_extents(state, &joiner, from, to, error);
		if (stop < 0)
			return -1;
		if (stop)
			break;
	}
	return 0;
}

static void walk_page(struct proc_state *state, const struct vs_model *model,
		      const struct vs_vma *vma, struct vs_walk *walk)
{
	unsigned int shift = model->kernel.page_shift;
	struct vs_extent page = { 0 };
	uint64_t word, flags, count;

	if (vs_patient_read(state->pagemap, &word, 8, (walk->address >> shift) * 8) != 8) {
		walk->stop = errno == ETIMEDOUT ? VS_STOP_LOCKED : VS_STOP_UNREAD;
		return;
	}
	read_frames(state->kpageflags, &word, &flags, 1);
	read_frames(state->kpagecount, &word, &count, 1);
	decode_page(vma, word, flags, &page);
	walk->attributes = page.attributes;
	walk->known = available_key(state);
	walk->frame = page.frame;
	walk->swap_type = page.swap_type;
	walk->mapcount = count;
	walk->stop = VS_STOP_NONPRESENT;
	switch (page.attributes & VS_ATTR_STATE) {
	case VS_STATE_NONE:
		walk->stop = VS_STOP_NONE;
		break;
	case VS_STATE_PRESENT:
	case VS_STATE_ZERO:
		walk->stop = VS_STOP_LEAF;
		if (page.frame)
			walk->physical = (page.frame << shift) |
				(walk->address & ((1ull << shift) - 1));
	}
}

static int collect_walks(struct proc_state *state, const struct vs_request *request,
			 struct vs_model *model, struct vs_error *error)
{
	vs_kernel_guess_geometry(&model->kernel);
	model->walk = calloc(request->nr_addresses, sizeof(*model->walk));
	if (!model->walk)
		return vs_error_memory(error);
	model->nr_walks = request->nr_addresses;
	for (size_t i = 0; i < request->nr_addresses; i++) {
		struct vs_walk *walk = &model->walk[i];
		const struct vs_vma *vma = vs_model_find(model, request->address[i]);

		walk->address = request->address[i];
		if (!vma) {
			walk->stop = VS_STOP_NO_VMA;
			continue;
		}
		walk->vma_start = vma->start;
		walk->vma_end = vma->end;
		walk_page(state, model, vma, walk);
	}
	return 0;
}

static int collect_process(struct proc_state *state, struct vs_model *model,
			   struct vs_error *error)
{
	struct vs_proc_status status;
	int err = vs_proc_status(state->pid, &status);

	if (err)
		return proc_failure(state, "status", err, error);
	if (status.has_memory) {
		model->process = status.process;
		return 0;
	}
	if (status.state == 'Z' && state->target->pidfd >= 0 && vs_target_alive(state->target))
		return vs_error_set(error, VS_FAIL_CANNOT,
			"process %d (%s): its first thread has ended, and procfs shows no memory without it: name another thread, of /proc/%d/task, or look through the module",
			state->pid, status.process.comm, state->pid);
	if (status.state == 'Z' || status.state == 'X')
		return vs_error_set(error, VS_FAIL_GONE,
			"process %d (%s) has exited and waits for its parent: its memory is gone",
			state->pid, status.process.comm);
	return vs_error_set(error, VS_FAIL_INPUT,
		"process %d (%s) is a kernel thread: it has no user address space", state->pid,
		status.process.comm);
}

static int collect_mappings(struct proc_state *state, const struct vs_request *request,
			    struct vs_model *model, uint64_t end, struct vs_error *error)
{
	const char *name = request->want & VS_WANT_TALLIES ? "smaps" : "maps";
	char path[64];
	FILE *file;
	int err;

	snprintf(path, sizeof(path), "/proc/%d/%s", state->pid, name);
	file = vs_patient_stream(path, request->timeout_ns);
	if (!file && errno == ENOENT && *name == 's' && vs_target_alive(state->target)) {
		/* a kernel without CONFIG_PROC_PAGE_MONITOR */
		name = "maps";
		snprintf(path, sizeof(path), "/proc/%d/maps", state->pid);
		file = vs_patient_stream(path, request->timeout_ns);
	}
	if (!file)
		return proc_failure(state, name, -errno, error);
	err = vs_proc_read_smaps(file, model, request->start, end);
	fclose(file);
	if (err)
		return proc_failure(state, name, err, error);
	model->have_vmas = true;
	return 0;
}

static int proc_collect(struct vs_source *source, const struct vs_request *request,
			struct vs_model *model, struct vs_error *error)
{
	struct proc_state *state = source->state;
	uint64_t end = request->end ? request->end : UINT64_MAX;

	model->origin = VS_ORIGIN_PROC;
	if (request->want & VS_WANT_PROCESS) {
		vs_kernel_identify(&model->kernel);
		if (collect_process(state, model, error))
			return -1;
	}
	if (request->want & VS_WANT_THP) {
		vs_thp_read(&model->kernel.thp, model->kernel.page_shift);
		model->process.thp = vs_thp_process(model->process.pid);
	}
	if (request->want & (VS_WANT_EXTENTS | VS_WANT_WALKS | VS_WANT_KEY)) {
		if (open_pagemap(state, request->timeout_ns, error))
			return -1;
		model->kernel.key = available_key(state);
		model->kernel.physical = state->frames;
	}
	if (request->want & (VS_WANT_VMAS | VS_WANT_TALLIES) &&
	    collect_mappings(state, request, model, end, error))
		return -1;
	if (request->want & VS_WANT_EXTENTS &&
	    collect_extents(state, request, model, end, error))
		return -1;
	if (request->want & VS_WANT_WALKS && collect_walks(state, request, model, error))
		return -1;
	if (!vs_target_alive(state->target))
		return vs_error_set(error, VS_FAIL_GONE,
			"process %d exited while it was being looked at", state->pid);
	return 0;
}

const struct vs_source_ops vs_source_proc = {
	.name = "proc",
	.open = proc_open,
	.collect = proc_collect,
	.close = proc_close,
};
