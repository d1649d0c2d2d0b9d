// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The seam itself: calls a source and takes the time. It must not know what a
 * source does.
 */
#include <string.h>

#include "clock.h"
#include "source.h"

int vs_source_open(struct vs_source *source, const struct vs_source_ops *ops,
		   const struct vs_target *target, const char *file, struct vs_error *error)
{
	source->ops = ops;
	source->state = NULL;
	return ops->open(source, target, file, error);
}

int vs_source_collect(struct vs_source *source, const struct vs_request *request,
		      struct vs_model *model, struct vs_error *error)
{
	uint64_t start = vs_now();
	int result;

	model->details |= vs_wanted_details(request->want);
	result = source->ops->collect(source, request, model, error);

	if (!model->recorded_at)
		model->cost.wall_ns += vs_now() - start;
	return result;
}

int vs_source_survey(const struct vs_source_ops *ops, const struct vs_survey *survey,
		     struct vs_model *model, struct vs_cost *cost, struct vs_error *error)
{
	uint64_t start = vs_now();
	int result = ops->survey ? ops->survey(survey, model, cost, error) : VS_SURVEY_CANNOT;

	cost->wall_ns += vs_now() - start;
	return result;
}

uint64_t vs_wanted_details(unsigned int want)
{
	return (want & VS_WANT_TABLES ? 1ull << VS_DETAIL_TABLES : 0) |
		(want & VS_WANT_FILL ? 1ull << VS_DETAIL_FILL : 0) |
		(want & VS_WANT_CHARGES ? 1ull << VS_DETAIL_CHARGES : 0);
}

void vs_source_close(struct vs_source *source)
{
	if (source->ops)
		source->ops->close(source);
	source->ops = NULL;
}

bool vs_source_may_fall_back(const struct vs_error *error)
{
	return error->fail == VS_FAIL_CANNOT || error->fail == VS_FAIL_PERMISSION;
}
