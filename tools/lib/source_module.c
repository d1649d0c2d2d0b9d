// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The first source: the module, through its ioctls. It alone in user space
 * knows the uAPI header; it must not know what the figures mean.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kernel.h"
#include "source.h"
#include "uapi/vmscope.h"

/* The model's numbers are the contract's, so that records are copied. */
#define SAME(a, b)	_Static_assert((uint64_t)(a) == (uint64_t)(b), #a)
SAME(VS_STATE_NR, VMSCOPE_STATE_NR);
SAME(VS_STATE_PRESENT, VMSCOPE_STATE_PRESENT);
SAME(VS_STATE_SWAPPED, VMSCOPE_STATE_SWAPPED);
SAME(VS_STATE_DEVICE, VMSCOPE_STATE_DEVICE);
SAME(VS_STATE_GUARD, VMSCOPE_STATE_GUARD);
SAME(VS_STATE_SKIPPED, VMSCOPE_STATE_SKIPPED);
SAME(VS_KIND_NR, VMSCOPE_KIND_NR);
SAME(VS_KIND_KSM, VMSCOPE_KIND_KSM);
SAME(VS_KIND_SHMEM, VMSCOPE_KIND_SHMEM);
SAME(VS_KIND_HUGETLB, VMSCOPE_KIND_HUGETLB);
SAME(VS_LEAF_NR, VMSCOPE_LEAF_NR);
SAME(VS_LOCK_NR, VMSCOPE_LOCK_NR);
SAME(VS_LOCK_VMA, VMSCOPE_LOCK_VMA);
SAME(VS_LOCK_IRQ, VMSCOPE_LOCK_IRQ);
SAME(VS_LEVEL_PGD, VMSCOPE_LEVEL_PGD);
SAME(VS_MAX_LEVELS, VMSCOPE_MAX_LEVELS);
SAME(VS_ATTR_STATE, VMSCOPE_ATTR_STATE);
SAME(VS_ATTR_KIND, VMSCOPE_ATTR_KIND);
SAME(VS_ATTR_LEAF, VMSCOPE_ATTR_LEAF);
SAME(VS_ATTR_ORDER, VMSCOPE_ATTR_ORDER);
SAME(VS_ATTR_YOUNG, VMSCOPE_ATTR_YOUNG);
SAME(VS_ATTR_DIRTY, VMSCOPE_ATTR_DIRTY);
SAME(VS_ATTR_SOFT_DIRTY, VMSCOPE_ATTR_SOFT_DIRTY);
SAME(VS_ATTR_WRITE, VMSCOPE_ATTR_WRITE);
SAME(VS_ATTR_EXEC, VMSCOPE_ATTR_EXEC);
SAME(VS_ATTR_UFFD_WP, VMSCOPE_ATTR_UFFD_WP);
SAME(VS_ATTR_PROTNONE, VMSCOPE_ATTR_PROTNONE);
SAME(VS_ATTR_SPECIAL, VMSCOPE_ATTR_SPECIAL);
SAME(VS_ATTR_REFERENCED, VMSCOPE_ATTR_REFERENCED);
SAME(VS_ATTR_FOLIO_DIRTY, VMSCOPE_ATTR_FOLIO_DIRTY);
SAME(VS_ATTR_LRU, VMSCOPE_ATTR_LRU);
SAME(VS_ATTR_ACTIVE, VMSCOPE_ATTR_ACTIVE);
SAME(VS_ATTR_UNEVICTABLE, VMSCOPE_ATTR_UNEVICTABLE);
SAME(VS_ATTR_MLOCKED, VMSCOPE_ATTR_MLOCKED);
SAME(VS_ATTR_WRITEBACK, VMSCOPE_ATTR_WRITEBACK);
SAME(VS_ATTR_SWAPCACHE, VMSCOPE_ATTR_SWAPCACHE);
SAME(VS_ATTR_SWAPBACKED, VMSCOPE_ATTR_SWAPBACKED);
SAME(VS_ATTR_LOCKED, VMSCOPE_ATTR_LOCKED);
SAME(VS_ATTR_RECLAIM, VMSCOPE_ATTR_RECLAIM);
SAME(VS_ATTR_LAZYFREE, VMSCOPE_ATTR_LAZYFREE);
SAME(VS_ATTR_SHARED, VMSCOPE_ATTR_SHARED);
SAME(VS_ATTR_PINNED, VMSCOPE_ATTR_PINNED);
SAME(VS_ATTR_HEAD, VMSCOPE_ATTR_HEAD);
SAME(VS_ATTR_SWAP_EXCLUSIVE, VMSCOPE_ATTR_SWAP_EXCLUSIVE);
SAME(VS_ATTR_NODE, VMSCOPE_ATTR_NODE);
SAME(VS_KEY_FRAME, VMSCOPE_KEY_FRAME);
SAME(VS_KEY_MAPCOUNT, VMSCOPE_KEY_MAPCOUNT);
SAME(VS_KEY_REFCOUNT, VMSCOPE_KEY_REFCOUNT);
SAME(VS_MARK_LAYOUT, VMSCOPE_MARK_LAYOUT);
SAME(VS_MARK_RACY, VMSCOPE_MARK_RACY);
SAME(VS_MARK_UNVERIFIED, VMSCOPE_MARK_UNVERIFIED);
SAME(VS_MARK_SKIPPED, VMSCOPE_MARK_SKIPPED);
SAME(VS_MARK_NO_NAME, VMSCOPE_MARK_NO_NAME);
SAME(VS_MARK_PART, VMSCOPE_MARK_PART);
SAME(VS_VM_READ, VMSCOPE_VM_READ);
SAME(VS_VM_WRITE, VMSCOPE_VM_WRITE);
SAME(VS_VM_EXEC, VMSCOPE_VM_EXEC);
SAME(VS_VM_SHARED, VMSCOPE_VM_SHARED);
SAME(VS_VM_MAYSHARE, VMSCOPE_VM_MAYSHARE);
SAME(VS_VM_LOCKED, VMSCOPE_VM_LOCKED);
SAME(VS_VM_IO, VMSCOPE_VM_IO);
SAME(VS_VM_ACCOUNT, VMSCOPE_VM_ACCOUNT);
SAME(VS_VM_HUGETLB, VMSCOPE_VM_HUGETLB);
SAME(VS_VM_MIXEDMAP, VMSCOPE_VM_MIXEDMAP);
SAME(VS_VM_MERGEABLE, VMSCOPE_VM_MERGEABLE);
SAME(VS_VM_UFFD_MINOR, VMSCOPE_VM_UFFD_MINOR);
SAME(VS_VM_GUARD, VMSCOPE_VM_GUARD);
SAME(VS_VM_ANON, VMSCOPE_VM_ANON);
SAME(VS_NAME_FILE, VMSCOPE_NAME_FILE);
SAME(VS_NAME_ANON, VMSCOPE_NAME_ANON);
SAME(VS_NAME_SPECIAL, VMSCOPE_NAME_SPECIAL);
SAME(VS_NAME_HEAP, VMSCOPE_NAME_HEAP);
SAME(VS_NAME_STACK, VMSCOPE_NAME_STACK);
SAME(VS_CELL(VS_KIND_DEVICE, 7), VMSCOPE_CELL(VMSCOPE_KIND_DEVICE, 7));
SAME(VS_CELL_REFERENCED, VMSCOPE_CELL_REFERENCED);
SAME(VS_CELL_DIRTY, VMSCOPE_CELL_DIRTY);
SAME(VS_CELL_SHARED, VMSCOPE_CELL_SHARED);
SAME(VS_COUNT_LEAF, VMSCOPE_COUNT_LEAF);
SAME(VS_COUNT_LAZYFREE, VMSCOPE_COUNT_LAZYFREE);
SAME(VS_COUNT_PMD_FILE, VMSCOPE_COUNT_PMD_FILE);
SAME(VS_COUNT_SHMEM_SWAP, VMSCOPE_COUNT_SHMEM_SWAP);
SAME(VS_COUNT_PROTNONE, VMSCOPE_COUNT_PROTNONE);
SAME(VS_COUNT_PSS_ANON, VMSCOPE_COUNT_PSS_ANON);
SAME(VS_COUNT_PSS_DIRTY, VMSCOPE_COUNT_PSS_DIRTY);
SAME(VS_COUNT_ORDER, VMSCOPE_COUNT_ORDER);
SAME(VS_PSS_SHIFT, VMSCOPE_PSS_SHIFT);
SAME(VS_FRAMES_LIST, VMSCOPE_FRAMES_LIST);
SAME(VS_FRAMES_SAME, VMSCOPE_FRAMES_SAME);
SAME(VS_STOP_LOCKED, VMSCOPE_STOP_LOCKED);
SAME(VS_PHYSICAL_LOCKDOWN, 2);

#define BUFFER_SIZE	(64u << 10)
#define MAX_JOBS	256

/* For locks of a process that was seen to be stuck: no second wait for each call. */
#define HASTE_NS	20000000

/* From this resident size on, several threads are worth their start. */
#define LARGE_BYTES	(4ull << 30)

struct module_state {
	const struct vs_target *target;
	int device;
	int fd;				/* the target */
	struct vmscope_info info;
	uint32_t physical;
};

/* One thread's scan: its own target, its own buffer. */
struct scan {
	int fd;
	pid_t pid;
	const struct vs_request *request;
	uint64_t records;
	struct vs_model *model;
	char *buffer;
	size_t size;
	uint64_t position;		/* where the running call began */
	uint64_t timeout_ns;		/* for locks; shorter once one was waited for in vain */
	bool stopped;			/* the receiver has enough */
	struct vs_error *error;
};

static int gone(pid_t pid, struct vs_error *error)
{
	return vs_error_set(error, VS_FAIL_GONE, "process %d has exited: its memory is gone", pid);
}

static int open_device(struct module_state *state, struct vs_error *error)
{
	state->device = open(VMSCOPE_DEVICE, O_RDWR | O_CLOEXEC);
	if (state->device >= 0)
		return 0;
	switch (errno) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		return vs_error_set(error, VS_FAIL_CANNOT,
			VMSCOPE_DEVICE " does not exist: load the module with 'modprobe vmscope'");
	case EACCES:
	case EPERM:
		return vs_error_set(error, VS_FAIL_PERMISSION,
			VMSCOPE_DEVICE ": %s: run as root", strerror(errno));
	}
	return vs_error_set(error, VS_FAIL_CANNOT,
		VMSCOPE_DEVICE ": %s: 'vmscope doctor' tells more", strerror(errno));
}

static int ask_info(struct module_state *state, struct vs_error *error)
{
	memset(&state->info, 0, sizeof(state->info));
	state->info.size = sizeof(state->info);
	if (ioctl(state->device, VMSCOPE_INFO, &state->info))
		return vs_error_set(error, VS_FAIL_MISMATCH,
			VMSCOPE_DEVICE " does not answer as the vmscope module does (%s): load the module of this version, or use --source=proc",
			strerror(errno));
	if (state->info.abi != VMSCOPE_ABI)
		return vs_error_set(error, VS_FAIL_MISMATCH,
			"the loaded module speaks ABI %u, this command ABI %u: install both from one version, or use --source=proc",
			state->info.abi, VMSCOPE_ABI);
	return 0;
}

static int open_failure(pid_t pid, int err, struct vs_error *error)
{
	switch (err) {
	case ESRCH:
		return gone(pid, error);
	case ENXIO:
		return vs_error_set(error, VS_FAIL_INPUT,
			"process %d is a kernel thread: it has no user address space", pid);
	case EPERM:
	case EACCES:
		return vs_error_set(error, VS_FAIL_PERMISSION,
			"process %d: the module asks for CAP_SYS_PTRACE over it: run as root", pid);
	case ENOMEM:
		return vs_error_memory(error);
	}
	return vs_error_set(error, VS_FAIL_CANNOT, "process %d: the module refuses it: %s", pid,
			    strerror(err));
}

/* A new target of the process; -1 with the error set. */
static int open_target(const struct module_state *state, uint32_t *physical,
		       struct vs_error *error)
{
	struct vmscope_open open = {
		.size = sizeof(open),
		.pid = state->target->pid,
	};

	if (ioctl(state->device, VMSCOPE_OPEN, &open))
		return open_failure(state->target->pid, errno, error);
	*physical = open.physical;
	/* The pid may have been recycled before the call: the pidfd knows. */
	if (!vs_target_alive(state->target)) {
		close(open.fd);
		return gone(state->target->pid, error);
	}
	return open.fd;
}

static int module_open(struct vs_source *source, const struct vs_target *target,
		       const char *file, struct vs_error *error)
{
	struct module_state *state = calloc(1, sizeof(*state));

	(void)file;
	if (!state)
		return vs_error_memory(error);
	source->state = state;
	state->target = target;
	state->device = -1;
	state->fd = -1;
	if (open_device(state, error) || ask_info(state, error))
		return -1;
	state->fd = open_target(state, &state->physical, error);
	return state->fd < 0 ? -1 : 0;
}

static void module_close(struct vs_source *source)
{
	struct module_state *state = source->state;

	if (!state)
		return;
	if (state->fd >= 0)
		close(state->fd);
	if (state->device >= 0)
		close(state->device);
	free(state);
	source->state = NULL;
}

static void fill_kernel(const struct module_state *state, struct vs_kernel *kernel)
{
	const struct vmscope_info *info = &state->info;

	vs_kernel_identify(kernel);
	kernel->page_shift = info->page_shift;
	kernel->levels = info->levels;
	kernel->physical = state->physical;
	kernel->locks = info->locks;
	kernel->abi = info->abi;
	kernel->test_build = !!(info->features & VMSCOPE_FEATURE_TEST);
	kernel->task_size = info->task_size;
	kernel->key = info->key;
	for (int i = 0; i < VS_MAX_LEVELS; i++) {
		kernel->level[i].shift = info->level[i].shift;
		kernel->level[i].entries = info->level[i].entries;
		kernel->level[i].leaf = info->level[i].leaf;
	}
}

static int fill_process(const struct module_state *state, struct vs_model *model,
			struct vs_error *error)
{
	struct vmscope_target target = { .size = sizeof(target) };
	struct vs_process *process = &model->process;
	unsigned int shift = state->info.page_shift;

	if (ioctl(state->fd, VMSCOPE_TARGET, &target)) {
		if (errno == ESRCH)
			return gone(state->target->pid, error);
		return vs_error_set(error, VS_FAIL_CANNOT, "asking the module about process %d: %s",
				    state->target->pid, strerror(errno));
	}
	process->pid = state->target->pid;
	memcpy(process->comm, target.comm, sizeof(target.comm));
	process->comm[sizeof(target.comm) - 1] = 0;
	process->vmas = target.vmas;
	process->total_vm = target.total_vm << shift;
	process->locked_vm = target.locked_vm << shift;
	process->pinned_vm = target.pinned_vm << shift;
	process->data_vm = target.data_vm << shift;
	process->exec_vm = target.exec_vm << shift;
	process->stack_vm = target.stack_vm << shift;
	process->rss_anon = target.rss_anon << shift;
	process->rss_file = target.rss_file << shift;
	process->rss_shmem = target.rss_shmem << shift;
	process->swap = target.swap << shift;
	process->hiwater_rss = target.hiwater_rss << shift;
	process->hiwater_vm = target.hiwater_vm << shift;
	process->tables = target.tables;
	process->start_brk = target.start_brk;
	process->brk = target.brk;
	process->start_stack = target.start_stack;
	return 0;
}

/*
 * A call may begin inside a mapping that an earlier call has begun. When the
 * layout changed in between, both are cut where the call began, so that each
 * byte is counted once.
 */
static int take_vma(struct scan *scan, const struct vmscope_vma *record)
{
	struct vs_model *model = scan->model;
	struct vs_vma *last = model->nr_vmas ? &model->vma[model->nr_vmas - 1] : NULL;
	struct vs_vma *vma;
	uint64_t start = record->start;
	bool cut = false;

	if (last && last->start == record->start && last->end == record->end) {
		last->marks |= record->record.marks;
		return 0;
	}
	if (last && last->end > start) {
		last->end = scan->position;
		last->marks |= VS_MARK_LAYOUT;
		start = scan->position;
		cut = true;
	}
	vma = vs_model_add_vma(model);
	if (!vma)
		return -ENOMEM;
	vma->start = start;
	vma->end = record->end;
	vma->flags = record->flags;
	vma->offset = record->offset + (start - record->start);
	vma->inode = record->inode;
	vma->dev_major = record->dev_major;
	vma->dev_minor = record->dev_minor;
	vma->marks = record->record.marks | (cut ? VS_MARK_LAYOUT : 0);
	vma->page_shift = record->page_shift;
	vma->name_kind = record->name_kind;
	vma->pkey = record->pkey;
	vma->policy = record->policy;
	if (!record->name_size || record->name_kind == VS_NAME_NONE)
		return 0;
	return vs_model_set_name(model, vma, record->name,
				 strnlen(record->name, record->name_size));
}

static int take_tally(struct scan *scan, const struct vmscope_tally *record)
{
	struct vs_model *model = scan->model;
	struct vs_tally tally = {
		.cells = record->cells,
		.counters = record->counters,
		.value = (const uint64_t *)record->value,
	};
	struct vs_vma *vma;

	if (!model->nr_vmas)
		return -EPROTO;
	if (sizeof(*record) + vs_tally_values(&tally) * 8 > record->record.size)
		return -EPROTO;
	vma = &model->vma[model->nr_vmas - 1];
	vma->marks |= record->record.marks & ~VS_MARK_PART;
	vma->covered += record->end - record->start;
	return vs_model_add_tally(model, vma, &tally);
}

static int take_extent(struct scan *scan, const struct vmscope_extent *record)
{
	struct vs_model *model = scan->model;
	struct vs_extent extent = {
		.start = record->start,
		.attributes = record->attributes,
		.frame = record->frame,
		.pages = record->pages,
		.mapcount = record->mapcount,
		.refcount = record->refcount,
		.encoding = record->encoding,
		.swap_type = record->swap_type,
		.marks = record->record.marks,
		.list = record->list,
	};

	if (!model->nr_vmas)
		return -EPROTO;
	if (record->encoding == VMSCOPE_FRAMES_LIST &&
	    sizeof(*record) + (uint64_t)record->pages * 4 > record->record.size)
		return -EPROTO;
	if (!scan->stopped && scan->request->extent(scan->request->context, model,
						    &model->vma[model->nr_vmas - 1], &extent))
		scan->stopped = true;
	return 0;
}

static int take_record(struct scan *scan, const struct vmscope_record *record)
{
	switch (record->type) {
	case VMSCOPE_RECORD_VMA:
		if (record->size < sizeof(struct vmscope_vma) ||
		    record->size - sizeof(struct vmscope_vma) <
		    ((const struct vmscope_vma *)record)->name_size)
			return -EPROTO;
		return take_vma(scan, (const struct vmscope_vma *)record);
	case VMSCOPE_RECORD_TALLY:
		if (record->size < sizeof(struct vmscope_tally))
			return -EPROTO;
		return take_tally(scan, (const struct vmscope_tally *)record);
	case VMSCOPE_RECORD_EXTENT:
		if (record->size < sizeof(struct vmscope_extent))
			return -EPROTO;
		return take_extent(scan, (const struct vmscope_extent *)record);
	}
	return 0;
}

static int take_records(struct scan *scan, const struct vmscope_scan *call)
{
	const char *at = scan->buffer, *end = scan->buffer + call->used;

	if (call->used > scan->size)
		return -EPROTO;
	while (at < end) {
		const struct vmscope_record *record = (const void *)at;
		int err;

		if ((size_t)(end - at) < sizeof(*record) || record->size < sizeof(*record) ||
		    record->size % 8 || record->size > (size_t)(end - at))
			return -EPROTO;
		err = take_record(scan, record);
		if (err)
			return err;
		at += record->size;
	}
	return 0;
}

static void take_cost(struct vs_cost *cost, const struct vmscope_scan *call)
{
	for (int i = 0; i < VS_LOCK_NR; i++) {
		struct vs_hold *hold = &cost->lock[i];
		const struct vmscope_hold *part = &call->cost.lock[i];

		hold->count += part->count;
		hold->total_ns += part->total_ns;
		if (hold->longest_ns < part->longest_ns)
			hold->longest_ns = part->longest_ns;
	}
	cost->sections += call->cost.sections;
	cost->entries += call->cost.entries;
	cost->waits += call->cost.waits;
	cost->rewalks += call->cost.rewalks;
	cost->marks |= call->marks & ~VS_MARK_PART;
}

static int bigger_buffer(struct scan *scan, size_t need)
{
	char *buffer;

	if (need <= scan->size || need > 1u << 30)
		return vs_error_set(scan->error, VS_FAIL_CANNOT,
			"the module asks for a buffer of %zu bytes: a bug, please report it", need);
	buffer = realloc(scan->buffer, need);
	if (!buffer)
		return vs_error_memory(scan->error);
	scan->buffer = buffer;
	scan->size = need;
	return 0;
}

/* 0 to try again, 1 to stop with what there is, -1 to fail. */
static int scan_failure(struct scan *scan, int err, const struct vmscope_scan *call)
{
	switch (err) {
	case EMSGSIZE:
		return bigger_buffer(scan, call->used);
	case EINTR:
		return 0;
	case ESRCH:
		return gone(scan->pid, scan->error);
	case ENOMEM:
		return vs_error_memory(scan->error);
	case EBUSY:
		scan->timeout_ns = HASTE_NS;
		scan->model->cut = call->start;
		return 1;
	case EOPNOTSUPP:
		return vs_error_set(scan->error, VS_FAIL_CANNOT,
			"this kernel's module cannot tell all that was asked for: ask for less (--key)");
	}
	return vs_error_set(scan->error, VS_FAIL_CANNOT,
		"scanning process %d at 0x%" PRIx64 ": %s", scan->pid, (uint64_t)call->start,
		strerror(err));
}

static int scan_range(struct scan *scan, uint64_t start, uint64_t end)
{
	const struct vs_request *request = scan->request;
	bool extents = scan->records & 1ull << VMSCOPE_RECORD_EXTENT;

	while (start < end && !scan->stopped) {
		struct vmscope_scan call = {
			.size = sizeof(call),
			.flags = extents && request->holes ? VMSCOPE_SCAN_HOLES : 0,
			.start = start,
			.end = end,
			.buffer = (uintptr_t)scan->buffer,
			.buffer_size = scan->size,
			.records = scan->records,
			.key = extents ? request->key : 0,
			.timeout_ns = scan->timeout_ns,
		};
		int err;

		scan->position = start;
		if (ioctl(scan->fd, VMSCOPE_SCAN, &call)) {
			err = scan_failure(scan, errno, &call);
			if (err)
				return err < 0 ? -1 : 0;
			continue;
		}
		take_cost(&scan->model->cost, &call);
		if (call.marks & VMSCOPE_MARK_SKIPPED)
			scan->timeout_ns = HASTE_NS;
		err = take_records(scan, &call);
		if (err == -ENOMEM)
			return vs_error_memory(scan->error);
		if (err || call.next <= start)
			return vs_error_set(scan->error, VS_FAIL_CANNOT,
				"the module's answer at 0x%" PRIx64 " makes no sense: a bug, please report it",
				start);
		start = call.next;
	}
	return 0;
}

static int scan_alone(const struct module_state *state, const struct vs_request *request,
		      uint64_t records, uint64_t end, struct vs_model *model,
		      struct vs_error *error)
{
	struct scan scan = {
		.fd = state->fd,
		.pid = state->target->pid,
		.request = request,
		.records = records,
		.timeout_ns = request->timeout_ns,
		.model = model,
		.buffer = malloc(BUFFER_SIZE),
		.size = BUFFER_SIZE,
		.error = error,
	};
	int err;

	if (!scan.buffer)
		return vs_error_memory(error);
	err = scan_range(&scan, request->start, end);
	free(scan.buffer);
	return err;
}

/*
 * Several threads: the range is cut into pieces of about equal work, and each
 * thread takes the next piece with a target of its own. The pieces are joined
 * in order, and as all sums are integers they add up exactly.
 */
struct piece {
	uint64_t start, end;
	struct vs_model model;
};

struct crew {
	const struct module_state *state;
	const struct vs_request *request;
	uint64_t records;
	struct piece *piece;
	size_t nr;
	atomic_size_t next;
	atomic_bool failed;
	pthread_mutex_t lock;		/* of the error */
	struct vs_error *error;
};

static void crew_failed(struct crew *crew, const struct vs_error *error)
{
	pthread_mutex_lock(&crew->lock);
	if (!atomic_exchange(&crew->failed, true))
		*crew->error = *error;
	pthread_mutex_unlock(&crew->lock);
}

static void crew_work(struct crew *crew, struct scan *scan)
{
	size_t n;

	while (!atomic_load(&crew->failed) &&
	       (n = atomic_fetch_add(&crew->next, 1)) < crew->nr) {
		struct piece *piece = &crew->piece[n];

		scan->model = &piece->model;
		if (scan_range(scan, piece->start, piece->end))
			crew_failed(crew, scan->error);
	}
}

static void *crew_member(void *data)
{
	struct crew *crew = data;
	struct vs_error error;
	uint32_t physical;
	struct scan scan = {
		.pid = crew->state->target->pid,
		.request = crew->request,
		.records = crew->records,
		.timeout_ns = crew->request->timeout_ns,
		.size = BUFFER_SIZE,
		.error = &error,
	};

	scan.fd = open_target(crew->state, &physical, &error);
	scan.buffer = malloc(BUFFER_SIZE);
	if (scan.fd >= 0 && !scan.buffer)
		vs_error_memory(&error);
	if (scan.fd >= 0 && scan.buffer)
		crew_work(crew, &scan);
	else
		crew_failed(crew, &error);
	free(scan.buffer);
	if (scan.fd >= 0)
		close(scan.fd);
	return NULL;
}

static int add_piece(struct crew *crew, uint64_t start, uint64_t end)
{
	struct piece *piece;

	piece = reallocarray(crew->piece, crew->nr + 1, sizeof(*piece));
	if (!piece)
		return -ENOMEM;
	crew->piece = piece;
	piece += crew->nr++;
	piece->start = start;
	piece->end = end;
	vs_model_init(&piece->model);
	return 0;
}

/* Pieces without a gap between them, and no PTE table in two of them. */
static int cut_pieces(struct crew *crew, const struct vs_model *layout, uint64_t start,
		      uint64_t end)
{
	const uint64_t table = 1ull << crew->state->info.level[VMSCOPE_LEVEL_PMD].shift;
	const size_t most_vmas = 4096;
	uint64_t total = 0, share, held = 0;
	size_t vmas = 0;

	for (size_t i = 0; i < layout->nr_vmas; i++)
		total += layout->vma[i].end - layout->vma[i].start;
	share = total / 512 < 1ull << 28 ? 1ull << 28 : total / 512;
	for (size_t i = 0; i < layout->nr_vmas; i++) {
		const struct vs_vma *vma = &layout->vma[i];
		uint64_t at = vma->start < start ? start : vma->start;
		uint64_t last = vma->end < end ? vma->end : end;

		while (at < last && held + (last - at) > share) {
			uint64_t cut = (at + share - held) & ~(table - 1);

			if (cut < at)
				cut = at;
			if (cut > start && add_piece(crew, start, cut))
				return -ENOMEM;
			start = at = cut;
			held = 0;
			vmas = 0;
		}
		if (at < last)
			held += last - at;
		if (++vmas < most_vmas || last <= start || last >= end)
			continue;
		if (add_piece(crew, start, last))
			return -ENOMEM;
		start = last;
		held = 0;
		vmas = 0;
	}
	return start < end ? add_piece(crew, start, end) : 0;
}

static int join_pieces(struct crew *crew, struct vs_model *model)
{
	for (size_t i = 0; i < crew->nr; i++) {
		const struct vs_model *part = &crew->piece[i].model;

		if (vs_model_append(model, part))
			return -ENOMEM;
		vs_cost_add(&model->cost, &part->cost);
		vs_model_clear(&crew->piece[i].model);
		if (part->cut < model->cut)
			model->cut = part->cut;
	}
	return 0;
}

static unsigned int start_crew(struct crew *crew, pthread_t *thread, unsigned int jobs)
{
	unsigned int started;

	for (started = 0; started < jobs; started++)
		if (pthread_create(&thread[started], NULL, crew_member, crew))
			break;
	return started;
}

static int scan_together(const struct module_state *state, const struct vs_request *request,
			 uint64_t records, uint64_t end, unsigned int jobs,
			 struct vs_model *model, struct vs_error *error)
{
	struct crew crew = {
		.state = state,
		.request = request,
		.records = records,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.error = error,
	};
	pthread_t thread[MAX_JOBS];
	struct vs_model layout;
	unsigned int started;
	int err;

	vs_model_init(&layout);
	err = scan_alone(state, request, 1ull << VMSCOPE_RECORD_VMA, end, &layout, error);
	if (!err && cut_pieces(&crew, &layout, request->start, end))
		err = vs_error_memory(error);
	vs_cost_add(&model->cost, &layout.cost);
	model->cut = layout.cut;
	vs_model_free(&layout);
	if (!err) {
		started = start_crew(&crew, thread, jobs);
		if (!started)
			err = vs_error_memory(error);
		for (unsigned int i = 0; i < started; i++)
			pthread_join(thread[i], NULL);
		model->cost.jobs = started;
	}
	if (!err && !crew.failed && join_pieces(&crew, model))
		err = vs_error_memory(error);
	for (size_t i = 0; i < crew.nr; i++)
		vs_model_free(&crew.piece[i].model);
	free(crew.piece);
	return err || crew.failed ? -1 : 0;
}

/* Extents are handed on in order, so one thread reads them. */
static unsigned int choose_jobs(const struct vs_request *request, const struct vs_model *model)
{
	const struct vs_process *process = &model->process;
	long cpus;

	if (request->want & VS_WANT_EXTENTS || !(request->want & VS_WANT_TALLIES))
		return 1;
	if (request->jobs)
		return request->jobs < MAX_JOBS ? request->jobs : MAX_JOBS;
	if (process->rss_anon + process->rss_file + process->rss_shmem < LARGE_BYTES)
		return 1;
	cpus = sysconf(_SC_NPROCESSORS_ONLN);
	return cpus < 1 ? 1 : cpus > 8 ? 8 : cpus;
}

static void fill_walk(struct vs_walk *walk, const struct vmscope_translation *from)
{
	walk->address = from->address;
	walk->physical = from->physical;
	walk->attributes = from->attributes;
	walk->known = ~0ull;
	walk->frame = from->frame;
	walk->mapcount = from->mapcount;
	walk->refcount = from->refcount;
	walk->swap_type = from->swap_type;
	walk->stop = from->stop;
	walk->stop_level = from->stop_level;
	walk->marks = from->marks;
	walk->vma_start = from->vma_start;
	walk->vma_end = from->vma_end;
	for (int i = 0; i < VS_MAX_LEVELS; i++) {
		walk->step[i].raw = from->step[i].raw;
		walk->step[i].table = from->step[i].table;
		walk->step[i].index = from->step[i].index;
		walk->step[i].level = from->step[i].level;
		walk->step[i].read = from->step[i].read;
	}
}

static int translate(const struct module_state *state, const struct vs_request *request,
		     struct vmscope_translation *batch, size_t first, size_t nr,
		     struct vs_model *model, struct vs_error *error)
{
	struct vmscope_translate call = {
		.size = sizeof(call),
		.translations = (uintptr_t)batch,
		.count = nr,
		.stride = sizeof(*batch),
		.timeout_ns = request->timeout_ns,
	};

	for (size_t i = 0; i < nr; i++)
		batch[i].address = request->address[first + i];
	while (ioctl(state->fd, VMSCOPE_TRANSLATE, &call)) {
		if (errno == EINTR)
			continue;
		if (errno == ESRCH)
			return gone(state->target->pid, error);
		return vs_error_set(error, VS_FAIL_CANNOT, "translating addresses of process %d: %s",
				    state->target->pid, strerror(errno));
	}
	if (!call.done)
		return vs_error_set(error, VS_FAIL_PARTIAL,
			"the module translated nothing of process %d: try again", state->target->pid);
	for (size_t i = 0; i < call.done && i < nr; i++)
		fill_walk(&model->walk[first + i], &batch[i]);
	return call.done;
}

static int collect_walks(const struct module_state *state, const struct vs_request *request,
			 struct vs_model *model, struct vs_error *error)
{
	const size_t most = VMSCOPE_TRANSLATE_MAX;
	size_t done = 0, size = request->nr_addresses < most ? request->nr_addresses : most;
	struct vmscope_translation *batch = calloc(size, sizeof(*batch));

	model->walk = calloc(request->nr_addresses, sizeof(*model->walk));
	if (!batch || !model->walk) {
		free(batch);
		return vs_error_memory(error);
	}
	model->nr_walks = request->nr_addresses;
	while (done < request->nr_addresses) {
		size_t nr = request->nr_addresses - done;
		int got = translate(state, request, batch, done, nr < size ? nr : size, model, error);

		if (got < 0) {
			free(batch);
			return -1;
		}
		done += got;
	}
	free(batch);
	return 0;
}

static uint64_t record_mask(unsigned int want)
{
	uint64_t records = 0;

	if (want & (VS_WANT_VMAS | VS_WANT_TALLIES | VS_WANT_EXTENTS))
		records |= 1ull << VMSCOPE_RECORD_VMA;
	if (want & VS_WANT_TALLIES)
		records |= 1ull << VMSCOPE_RECORD_TALLY;
	if (want & VS_WANT_EXTENTS)
		records |= 1ull << VMSCOPE_RECORD_EXTENT;
	return records;
}

static int collect_records(const struct module_state *state, const struct vs_request *request,
			   struct vs_model *model, struct vs_error *error)
{
	uint64_t end = ~((1ull << state->info.page_shift) - 1);
	uint64_t records = record_mask(request->want);
	unsigned int jobs = choose_jobs(request, model);

	if (request->end)
		end = request->end;
	else if (state->info.task_size)
		end = state->info.task_size;
	model->have_cost = true;
	model->have_vmas = true;
	if (jobs > 1 ? scan_together(state, request, records, end, jobs, model, error) :
		       scan_alone(state, request, records, end, model, error))
		return -1;
	/* Then only what the kernel counts by itself is known. */
	if (!model->nr_vmas && model->cut != VS_COMPLETE)
		model->have_vmas = false;
	return 0;
}

static int module_collect(struct vs_source *source, const struct vs_request *request,
			  struct vs_model *model, struct vs_error *error)
{
	const struct module_state *state = source->state;

	model->origin = VS_ORIGIN_MODULE;
	if (request->want & VS_WANT_PROCESS) {
		fill_kernel(state, &model->kernel);
		if (fill_process(state, model, error))
			return -1;
	}
	if (record_mask(request->want) && collect_records(state, request, model, error))
		return -1;
	if (request->want & VS_WANT_WALKS && collect_walks(state, request, model, error))
		return -1;
	return 0;
}

const struct vs_source_ops vs_source_module = {
	.name = "module",
	.open = module_open,
	.collect = module_collect,
	.close = module_close,
};
