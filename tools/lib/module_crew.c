// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Several threads: the range is cut into pieces of about equal work, and each
 * thread takes the next piece with a target of its own. The pieces are joined
 * in order, and as all sums are integers they add up exactly.
 * Knows nothing of records.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "module.h"

#define MAX_JOBS	256

/* From this resident size on, several threads are worth their start. */
#define LARGE_BYTES	(4ull << 30)

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

static void crew_work(struct crew *crew, struct module_scan *scan)
{
	size_t n;

	while (!atomic_load(&crew->failed) &&
	       (n = atomic_fetch_add(&crew->next, 1)) < crew->nr) {
		struct piece *piece = &crew->piece[n];

		scan->model = &piece->model;
		if (module_scan_range(scan, piece->start, piece->end))
			crew_failed(crew, scan->error);
	}
}

static void *crew_member(void *data)
{
	struct crew *crew = data;
	struct vs_error error;
	uint32_t physical;
	struct module_scan scan = {
		.pid = crew->state->target->pid,
		.request = crew->request,
		.records = crew->records,
		.timeout_ns = crew->request->timeout_ns,
		.size = MODULE_BUFFER,
		.error = &error,
	};

	scan.fd = module_open_target(crew->state, &physical, &error);
	scan.buffer = malloc(MODULE_BUFFER);
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

int module_scan_together(const struct module_state *state, const struct vs_request *request,
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
	err = module_scan_alone(state, request, 1ull << VMSCOPE_RECORD_VMA, end, &layout, error);
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

/* Extents and details are handed on in order, so one thread reads them. */
unsigned int module_choose_jobs(const struct vs_request *request, const struct vs_model *model)
{
	const struct vs_process *process = &model->process;
	long cpus;

	if (request->want & (VS_WANT_EXTENTS | VS_WANT_DETAILS) ||
	    !(request->want & VS_WANT_TALLIES))
		return 1;
	if (request->jobs)
		return request->jobs < MAX_JOBS ? request->jobs : MAX_JOBS;
	if (process->rss_anon + process->rss_file + process->rss_shmem < LARGE_BYTES)
		return 1;
	cpus = sysconf(_SC_NPROCESSORS_ONLN);
	return cpus < 1 ? 1 : cpus > 8 ? 8 : cpus;
}
