// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The first source: the module, through its ioctls. With module_scan.c and
 * module_crew.c it alone in user space knows the uAPI header; they must not know
 * what the figures mean.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kernel.h"
#include "module.h"
#include "thp.h"

int module_gone(pid_t pid, struct vs_error *error)
{
	return vs_error_set(error, VS_FAIL_GONE, "process %d has exited: its memory is gone", pid);
}

static int open_node(struct module_state *state, struct vs_error *error)
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

int module_open_device(struct module_state *state, struct vs_error *error)
{
	return open_node(state, error) || ask_info(state, error) ? -1 : 0;
}

int module_open_failure(pid_t pid, int err, struct vs_error *error)
{
	switch (err) {
	case ESRCH:
		return module_gone(pid, error);
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
int module_open_target(const struct module_state *state, uint32_t *physical,
		       struct vs_error *error)
{
	struct vmscope_open open = {
		.size = sizeof(open),
		.pid = state->target->pid,
	};

	if (ioctl(state->device, VMSCOPE_OPEN, &open))
		return module_open_failure(state->target->pid, errno, error);
	*physical = open.physical;
	/* The pid may have been recycled before the call: the pidfd knows. */
	if (!vs_target_alive(state->target)) {
		close(open.fd);
		return module_gone(state->target->pid, error);
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
	if (module_open_device(state, error))
		return -1;
	state->fd = module_open_target(state, &state->physical, error);
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

void module_fill_kernel(const struct module_state *state, struct vs_kernel *kernel)
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
	if (info->records & 1ull << VMSCOPE_RECORD_TABLE)
		kernel->details |= 1ull << VS_DETAIL_TABLES;
	if (info->records & 1ull << VMSCOPE_RECORD_FILL)
		kernel->details |= 1ull << VS_DETAIL_FILL;
	if (info->records & 1ull << VMSCOPE_RECORD_CHARGE &&
	    state->physical != VS_PHYSICAL_NO_CAPABILITY)
		kernel->details |= 1ull << VS_DETAIL_CHARGES;
	for (int i = 0; i < VS_MAX_LEVELS; i++) {
		kernel->level[i].shift = info->level[i].shift;
		kernel->level[i].entries = info->level[i].entries;
		kernel->level[i].leaf = info->level[i].leaf;
	}
}

void module_fill_process(struct vs_process *process, pid_t pid,
			 const struct vmscope_target *target, unsigned int shift)
{
	process->pid = pid;
	memcpy(process->comm, target->comm, sizeof(target->comm));
	process->comm[sizeof(target->comm) - 1] = 0;
	process->mm = target->mm;
	process->vmas = target->vmas;
	process->total_vm = target->total_vm << shift;
	process->locked_vm = target->locked_vm << shift;
	process->pinned_vm = target->pinned_vm << shift;
	process->data_vm = target->data_vm << shift;
	process->exec_vm = target->exec_vm << shift;
	process->stack_vm = target->stack_vm << shift;
	process->rss_anon = target->rss_anon << shift;
	process->rss_file = target->rss_file << shift;
	process->rss_shmem = target->rss_shmem << shift;
	process->swap = target->swap << shift;
	process->hiwater_rss = target->hiwater_rss << shift;
	process->hiwater_vm = target->hiwater_vm << shift;
	process->tables = target->tables;
	process->start_brk = target->start_brk;
	process->brk = target->brk;
	process->start_stack = target->start_stack;
	process->context = target->context;
	process->context_kind = target->context_kind;
}

static int fill_process(const struct module_state *state, struct vs_model *model,
			struct vs_error *error)
{
	struct vmscope_target target = { .size = sizeof(target) };

	if (ioctl(state->fd, VMSCOPE_TARGET, &target)) {
		if (errno == ESRCH)
			return module_gone(state->target->pid, error);
		return vs_error_set(error, VS_FAIL_CANNOT, "asking the module about process %d: %s",
				    state->target->pid, strerror(errno));
	}
	module_fill_process(&model->process, state->target->pid, &target, state->info.page_shift);
	return 0;
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
			return module_gone(state->target->pid, error);
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

uint64_t module_record_mask(const struct vs_request *request)
{
	unsigned int want = request->want;
	uint64_t records = 0;

	if (want & (VS_WANT_TALLIES | VS_WANT_DETAILS) ||
	    (want & (VS_WANT_VMAS | VS_WANT_EXTENTS) && !request->bare))
		records |= 1ull << VMSCOPE_RECORD_VMA;
	if (want & VS_WANT_TALLIES)
		records |= 1ull << VMSCOPE_RECORD_TALLY;
	if (want & VS_WANT_EXTENTS)
		records |= 1ull << VMSCOPE_RECORD_EXTENT;
	if (want & VS_WANT_TABLES)
		records |= 1ull << VMSCOPE_RECORD_TABLE;
	if (want & VS_WANT_FILL)
		records |= 1ull << VMSCOPE_RECORD_FILL;
	if (want & VS_WANT_CHARGES)
		records |= 1ull << VMSCOPE_RECORD_CHARGE;
	return records;
}

static int collect_records(const struct module_state *state, const struct vs_request *request,
			   struct vs_model *model, struct vs_error *error)
{
	uint64_t end = ~((1ull << state->info.page_shift) - 1);
	uint64_t records = module_record_mask(request);
	unsigned int jobs = module_choose_jobs(request, model);

	if (request->end)
		end = request->end;
	else if (state->info.task_size)
		end = state->info.task_size;
	model->have_cost = true;
	model->have_vmas = true;
	if (jobs > 1 ? module_scan_together(state, request, records, end, jobs, model, error) :
		       module_scan_alone(state, request, records, end, model, error))
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
		module_fill_kernel(state, &model->kernel);
		if (fill_process(state, model, error))
			return -1;
	}
	if (request->want & VS_WANT_THP) {
		vs_thp_read(&model->kernel.thp, state->info.page_shift);
		model->process.thp = vs_thp_process(state->target->pid);
	}
	if (module_record_mask(request) && collect_records(state, request, model, error))
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
	.survey = module_survey,
};
