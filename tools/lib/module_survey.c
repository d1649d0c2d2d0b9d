// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Everybody of the host, through the module's calls that read many processes
 * each. Knows nothing of who asks.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "module.h"

/* What one process after the other is made of. */
struct surveying {
	const struct vs_survey *survey;
	struct module_state state;
	struct module_scan scan;
	struct vs_error why;
};

/* All of a process's memory, as one mapping. 0 or -ENOMEM. */
static int stand_for_all(struct vs_model *model, uint64_t end)
{
	struct vs_vma *vma;

	model->nr_vmas = 0;
	model->nr_words = 0;
	vma = vs_model_add_vma(model);
	if (!vma)
		return -ENOMEM;
	vma->end = end;
	return 0;
}

/* What comes before the PROCESS record. */
static int take_sums(struct surveying *s, const char *at, const char *end)
{
	int err = stand_for_all(s->scan.model, s->state.info.task_size);

	for (; !err && at < end; at += ((const struct vmscope_record *)at)->size)
		err = module_take_record(&s->scan, (const struct vmscope_record *)at);
	return err;
}

/* 0, 1 to stop, or less than 0: -ENOMEM, -EPROTO. */
static int take_process(struct surveying *s, const char *at, const struct vmscope_process *record)
{
	struct vs_model *model = s->scan.model;
	const struct vs_survey *survey = s->survey;
	int err;

	module_fill_process(&model->process, record->pid, &record->target,
			    s->state.info.page_shift);
	model->cost.marks = record->record.marks;
	model->surveyed = (struct vs_surveyed){
		.known = true,
		.accounted = record->accounted,
		.cgroup = record->cgroup,
		.oom_adjust = record->oom_score_adj,
	};
	if (record->error)
		module_open_failure(record->pid, record->error, &s->why);
	err = survey->begin(survey->context, model, record->error ? &s->why : NULL);
	if (err)
		return err == VS_SURVEY_PASS ? 0 : 1;
	err = take_sums(s, at, (const char *)record);
	if (!err)
		err = survey->end(survey->context, model) ? 1 : 0;
	return err;
}

/* As above, of all processes of a call. */
static int take_processes(struct surveying *s, uint64_t used)
{
	const char *first = s->scan.buffer, *at = first, *end = at + used;

	while (at < end) {
		const struct vmscope_record *record = (const void *)at;
		int err;

		if (!module_record_fits(record, end - at))
			return -EPROTO;
		at += record->size;
		if (record->type != VMSCOPE_RECORD_PROCESS)
			continue;
		if (record->size < sizeof(struct vmscope_process))
			return -EPROTO;
		err = take_process(s, first, (const struct vmscope_process *)record);
		if (err)
			return err;
		first = at;
	}
	return 0;
}

static int call_failure(struct vs_error *error, int err)
{
	if (err == ENOMEM)
		return vs_error_memory(error);
	return vs_error_set(error, VS_FAIL_CANNOT, "reading all processes: %s", strerror(err));
}

static int survey_from(struct surveying *s, struct vs_cost *cost, struct vs_error *error)
{
	struct vmscope_survey call = {
		.size = sizeof(call),
		.pid = s->survey->only,
		.limit = s->survey->only ? 1 : 0,
		.buffer = (uintptr_t)s->scan.buffer,
		.buffer_size = MODULE_BUFFER,
		.records = s->scan.records,
		.timeout_ns = s->survey->timeout_ns,
	};
	int err;

	do {
		if (ioctl(s->state.device, VMSCOPE_SURVEY, &call)) {
			if (errno == EINTR)
				continue;
			return call_failure(error, errno);
		}
		module_take_cost(cost, &call.cost, call.marks);
		err = call.used > MODULE_BUFFER ? -EPROTO : take_processes(s, call.used);
		if (err == -ENOMEM)
			return vs_error_memory(error);
		if (err < 0 || (call.next && call.next <= call.pid))
			return vs_error_set(error, VS_FAIL_CANNOT,
				"the module's answer about all processes makes no sense: a bug, please report it");
		call.pid = call.next;
	} while (!err && call.next && !s->survey->only);
	return 0;
}

int module_survey(const struct vs_survey *survey, struct vs_model *model, struct vs_cost *cost,
		  struct vs_error *error)
{
	struct surveying s = { .survey = survey, .state = { .device = -1, .fd = -1 } };
	struct vs_request request = {
		.want = survey->want,
		.detail = survey->detail,
		.context = survey->context,
	};
	int err = module_open_device(&s.state, error) ? VS_SURVEY_CANNOT : 0;

	if (!err && !(s.state.info.operations >> (VMSCOPE_SURVEY & 0xff) & 1))
		err = VS_SURVEY_CANNOT;
	if (!err) {
		s.state.physical = s.state.info.physical;
		model->origin = VS_ORIGIN_MODULE;
		model->have_cost = true;
		module_fill_kernel(&s.state, &model->kernel);
		if (!(vs_wanted_details(survey->may_want) & ~model->kernel.details))
			request.want |= survey->may_want;
		model->details = vs_wanted_details(request.want);
		s.scan = (struct module_scan){
			.request = &request,
			.records = module_record_mask(&request) & ~(1ull << VMSCOPE_RECORD_VMA),
			.model = model,
			.buffer = malloc(MODULE_BUFFER),
			.error = error,
		};
		err = s.scan.buffer ? survey_from(&s, cost, error) : vs_error_memory(error);
		free(s.scan.buffer);
	}
	if (s.state.device >= 0)
		close(s.state.device);
	return err;
}
