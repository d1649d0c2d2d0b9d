// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Used and idle memory in address order. It must not know what used means.
 */
#include <stdlib.h>
#include <string.h>

#include "strip.h"

const char *vs_strip_name(enum vs_strip_group group)
{
	static const char * const name[VS_STRIP_GROUPS] = {
		[VS_STRIP_HEAP] = "heap",
		[VS_STRIP_ANON] = "anon",
		[VS_STRIP_FILES] = "files",
		[VS_STRIP_SHARED] = "shared",
		[VS_STRIP_HUGETLB] = "hugetlb",
		[VS_STRIP_STACK] = "stack",
	};

	return name[group];
}

enum vs_strip_group vs_strip_group_of(const struct vs_vma *vma)
{
	if (vma->name_kind == VS_NAME_HEAP)
		return VS_STRIP_HEAP;
	if (vma->name_kind == VS_NAME_STACK)
		return VS_STRIP_STACK;
	if (vma->flags & VS_VM_HUGETLB)
		return VS_STRIP_HUGETLB;
	if (vma->flags & VS_VM_SHARED)
		return VS_STRIP_SHARED;
	return vma->name_kind == VS_NAME_FILE ? VS_STRIP_FILES : VS_STRIP_ANON;
}

static void join(struct vs_strip_run *run, const struct vs_strip_run *next)
{
	run->end = next->end;
	run->resident += next->resident;
	run->used += next->used;
}

/* Whether the next run only makes the last one longer. */
static bool continues(const struct vs_strip_part *part, const struct vs_strip_run *next)
{
	const struct vs_strip_run *last = &part->run[part->nr - 1];

	if (last->resident < part->grain)
		return true;
	if (last->end != next->start)
		return false;
	return next->used ? last->used == last->resident && next->used == next->resident :
		!last->used;
}

/* Half as many runs, each of two neighbours. */
static void coarsen(struct vs_strip_part *part)
{
	size_t nr = 0;

	for (size_t i = 0; i < part->nr; i += 2) {
		part->run[nr] = part->run[i];
		if (i + 1 < part->nr)
			join(&part->run[nr], &part->run[i + 1]);
		nr++;
	}
	part->nr = nr;
	part->grain = part->grain ? 2 * part->grain : 2 * part->resident / VS_STRIP_RUNS;
}

int vs_strip_add(struct vs_strip *strip, enum vs_strip_group group, uint64_t start,
		 uint64_t bytes, uint64_t used)
{
	struct vs_strip_part *part = &strip->part[group];
	struct vs_strip_run next = {
		.start = start,
		.end = start + bytes,
		.resident = bytes,
		.used = used,
	};

	if (!part->run) {
		part->run = malloc(VS_STRIP_RUNS * sizeof(*part->run));
		if (!part->run)
			return -1;
	}
	part->resident += next.resident;
	part->used += next.used;
	if (part->nr && continues(part, &next)) {
		join(&part->run[part->nr - 1], &next);
		return 0;
	}
	if (part->nr == VS_STRIP_RUNS)
		coarsen(part);
	part->run[part->nr++] = next;
	return 0;
}

void vs_strip_free(struct vs_strip *strip)
{
	for (int i = 0; i < VS_STRIP_GROUPS; i++)
		free(strip->part[i].run);
	memset(strip, 0, sizeof(*strip));
}

/* What a run has between two of its resident bytes; of a mixed one, its share. */
static uint64_t used_between(const struct vs_strip_run *run, uint64_t from, uint64_t to)
{
	double share = (double)run->used / run->resident;

	if (run->used == run->resident)
		return to - from;
	return (uint64_t)(share * to) - (uint64_t)(share * from);
}

size_t vs_strip_cells(const struct vs_strip_part *part, uint64_t each,
		      struct vs_strip_run *cell, size_t max)
{
	size_t at = 0;

	if (!part->nr || !each)
		return 0;
	memset(cell, 0, max * sizeof(*cell));
	for (size_t i = 0; i < part->nr; i++) {
		const struct vs_strip_run *run = &part->run[i];
		uint64_t done = 0;

		while (done < run->resident && at < max) {
			uint64_t room = each - cell[at].resident;
			uint64_t left = run->resident - done;
			uint64_t take = left < room ? left : room;

			if (!cell[at].resident)
				cell[at].start = run->start + done;
			cell[at].end = run->end;
			cell[at].resident += take;
			cell[at].used += used_between(run, done, done + take);
			done += take;
			at += cell[at].resident == each;
		}
	}
	return at < max && cell[at].resident ? at + 1 : at;
}
