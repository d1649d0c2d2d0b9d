// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmscope share --family: what parents and children still share. It must not
 * know how that is found out, nor how it is printed.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/proc_read.h"
#include "../render/family.h"
#include "crowd.h"

struct look {
	struct vs_session session;
	struct vs_crowd first;		/* everyone: who shares anything? */
	struct vs_crowd crowd;		/* the family */
	struct vs_frame_map map;	/* of what the target shares */
	struct vs_family family;
};

static int no_memory(void)
{
	vs_say("out of memory: look at a smaller family");
	return VS_EXIT_CANNOT;
}

/* --------------------------------------------------------- who belongs to it */

/* Anonymous pages that a fork left, and that another may still have. */
static int left_by_fork(void *context, const struct vs_model *model, const struct vs_vma *vma,
			const struct vs_extent *extent)
{
	struct look *look = context;

	(void)model;
	if (vma->flags & VS_VM_SHARED || extent->mapcount < 2 ||
	    (extent->attributes & VS_ATTR_KIND) >> VS_ATTR_KIND_SHIFT != VS_KIND_ANON)
		return 0;
	return vs_frames_take(&look->map, 0, extent, true);
}

static int seen_elsewhere(void *context, const struct vs_model *model, const struct vs_vma *vma,
			  const struct vs_extent *extent)
{
	struct look *look = context;

	(void)model;
	(void)vma;
	return vs_frames_take(&look->map, look->first.members.now, extent, false);
}

static int read_target(struct look *look)
{
	struct vs_session *session = &look->session;
	const struct vs_model *model = &session->model;
	struct vs_request request;
	int err;

	err = vs_crowd_target(&look->first, session, "share --family");
	if (err)
		return err;
	if (VS_FAMILY_NEED & ~model->kernel.key) {
		vs_say("share --family: this source cannot tell exclusive pages: load the module with 'modprobe vmscope'");
		return VS_EXIT_CANNOT;
	}
	if (vs_frames_init(&look->map, model->kernel.page_shift))
		return no_memory();
	request = (struct vs_request){
		.want = VS_WANT_VMAS | VS_WANT_TALLIES | VS_WANT_EXTENTS,
		.key = VS_FAMILY_NEED,
		.timeout_ns = session->options->timeout_ns,
		.extent = left_by_fork,
		.context = look,
	};
	return vs_session_collect(session, &request);
}

static int read_everyone(struct look *look)
{
	const struct vs_visit visit = {
		.parents = true,
		.need = VS_FAMILY_OTHERS,
		.extent = seen_elsewhere,
		.context = look,
	};

	return vs_crowd_visit_others(&look->first, &visit);
}

static bool same_program(pid_t one, pid_t other)
{
	char path[40], a[PATH_MAX], b[PATH_MAX];
	ssize_t x, y;

	snprintf(path, sizeof(path), "/proc/%d/exe", one);
	x = readlink(path, a, sizeof(a));
	snprintf(path, sizeof(path), "/proc/%d/exe", other);
	y = readlink(path, b, sizeof(b));
	return x > 0 && x == y && !memcmp(a, b, x);
}

/* Parent and child that run one program, and may have copied everything by now. */
static bool is_kin(const struct vs_member *target, const struct vs_member *member)
{
	return (member->parent == target->pid || target->parent == member->pid) &&
		same_program(target->pid, member->pid);
}

/* Who shares pages with the target, and the next of kin. */
static int find_family(const struct look *look, bool *belongs)
{
	const struct vs_members *members = &look->first.members;
	struct vs_member target = members->member[0];

	target.parent = vs_proc_status_number(target.pid, "PPid");
	for (uint32_t i = 1; i < look->map.sets.nr; i++)
		belongs[look->map.sets.set[i].member] = true;
	belongs[0] = true;
	for (uint32_t i = 1; i < members->nr; i++) {
		const struct vs_member *member = &members->member[i];

		if (member->state != VS_MEMBER_READ)
			belongs[i] = false;
		else if (is_kin(&target, member))
			belongs[i] = true;
	}
	return 0;
}

/* ------------------------------------------------------------------- theirs */

/* Again, with all that is told of their pages; the target first. */
static int read_family(struct look *look)
{
	const struct vs_visit visit = {
		.parents = true,
		.need = VS_FAMILY_NEED,
		.begin = vs_family_next,
		.extent = vs_family_extent,
		.context = &look->family,
	};
	const struct vs_members *first = &look->first.members;
	bool *belongs = calloc(first->nr, sizeof(*belongs));
	int err = VS_EXIT_OK;

	if (!belongs || find_family(look, belongs) ||
	    vs_family_begin(&look->family, &look->crowd.members,
			    look->session.model.kernel.page_shift)) {
		free(belongs);
		return no_memory();
	}
	for (uint32_t i = 0; !err && i < first->nr; i++)
		if (belongs[i])
			err = vs_crowd_visit(&look->crowd, first->member[i].pid, &visit);
	free(belongs);
	look->family.everyone = first;
	return err;
}

static void print(struct look *look)
{
	const struct vs_options *options = look->session.options;
	struct vs_cost *cost = &look->session.model.cost;
	struct vs_style style;

	vs_crowd_add_cost(&look->first, cost);
	vs_crowd_add_cost(&look->crowd, cost);
	if (options->json) {
		vs_family_json(&look->session.report, &look->family);
		return;
	}
	vs_style_init(&style, options);
	vs_family_screen(&style, &look->session.report, &look->family);
}

static int look_at(struct look *look, const struct vs_options *options)
{
	int result = vs_session_open(&look->session, options, options->argument[0]);

	if (result)
		return result;
	vs_crowd_begin(&look->first, options, look->session.source.ops);
	vs_crowd_begin(&look->crowd, options, look->session.source.ops);
	result = read_target(look);
	if (!result)
		result = read_everyone(look);
	if (!result)
		result = read_family(look);
	if (!result && vs_family_finish(&look->family))
		result = no_memory();
	if (result)
		return result;
	print(look);
	result = vs_crowd_result(&look->first);
	return result ? result : vs_crowd_result(&look->crowd);
}

int vs_cmd_family(const struct vs_options *options)
{
	struct look *look;
	int result;

	if (options->nr_arguments != 1) {
		vs_say("share --family: name one process of the family");
		return VS_EXIT_USAGE;
	}
	look = calloc(1, sizeof(*look));
	if (!look)
		return no_memory();
	look->session.target.pidfd = -1;
	result = look_at(look, options);
	vs_family_end(&look->family);
	vs_frames_free(&look->map);
	vs_crowd_end(&look->first);
	vs_crowd_end(&look->crowd);
	vs_session_close(&look->session);
	free(look);
	return result;
}
