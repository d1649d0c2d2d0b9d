// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A family after fork. It must not know how processes are read.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "family.h"

int vs_family_begin(struct vs_family *family, struct vs_members *members,
		    unsigned int page_shift)
{
	memset(family, 0, sizeof(*family));
	family->members = members;
	family->page_shift = page_shift;
	return vs_frames_init(&family->map, page_shift);
}

void vs_family_end(struct vs_family *family)
{
	for (uint32_t i = 0; i < family->nr; i++) {
		free(family->of[i].run);
		free(family->of[i].pool);
	}
	free(family->of);
	free(family->pair);
	vs_frames_free(&family->map);
}

int vs_family_next(void *context, const struct vs_model *model)
{
	struct vs_family *family = context;

	(void)model;
	if (family->nr == family->max) {
		uint32_t max = family->max ? family->max * 2 : 16;
		struct vs_family_member *of = reallocarray(family->of, max, sizeof(*of));

		if (!of)
			return -ENOMEM;
		family->of = of;
		family->max = max;
	}
	family->of[family->nr++] = (struct vs_family_member){ .member = family->members->now };
	return 0;
}

/* --------------------------------------------------------------- reading */

static bool is_anon(unsigned int kind)
{
	return kind == VS_KIND_ANON || kind == VS_KIND_ANON_EXCLUSIVE;
}

static int keep_list(struct vs_family_member *of, const struct vs_extent *extent)
{
	if (of->nr_pool + extent->pages >= VS_NO_LIST)
		return -ENOMEM;
	if (of->nr_pool + extent->pages > of->max_pool) {
		size_t max = of->max_pool + of->max_pool / 2 + extent->pages + 1024;
		uint32_t *pool = reallocarray(of->pool, max, sizeof(*pool));

		if (!pool)
			return -ENOMEM;
		of->pool = pool;
		of->max_pool = max;
	}
	memcpy(of->pool + of->nr_pool, extent->list, extent->pages * sizeof(*of->pool));
	of->nr_pool += extent->pages;
	return 0;
}

static int keep_run(struct vs_family_member *of, const struct vs_extent *extent,
		    unsigned int kind)
{
	struct vs_family_run *run;

	if (of->nr_runs == of->max_runs) {
		size_t max = of->max_runs ? of->max_runs * 2 : 256;

		run = reallocarray(of->run, max, sizeof(*run));
		if (!run)
			return -ENOMEM;
		of->run = run;
		of->max_runs = max;
	}
	run = &of->run[of->nr_runs++];
	*run = (struct vs_family_run){
		.start = extent->start,
		.frame = extent->frame,
		.pages = extent->pages,
		.list = VS_NO_LIST,
		.kind = kind,
	};
	if (extent->encoding != VS_FRAMES_LIST)
		return 0;
	run->list = of->nr_pool;
	return keep_list(of, extent);
}

static void note_odd(struct vs_family_member *of, const struct vs_extent *extent, uint64_t bytes)
{
	of->odd += bytes;
	if (of->nr_odd < VS_FAMILY_ODD)
		of->odd_at[of->nr_odd++] = extent->start;
}

static void count_anon(struct vs_family_member *of, const struct vs_vma *vma,
		       const struct vs_extent *extent, bool exclusive, uint64_t bytes)
{
	of->anon += bytes;
	if (exclusive) {
		of->exclusive += bytes;
		if (extent->mapcount > 1)
			note_odd(of, extent, bytes);
	} else if (extent->mapcount > 1) {
		of->shared += bytes;
		if (vma->flags & VS_VM_WRITE)
			of->would_copy += bytes;
	} else {
		of->reuse += bytes;
	}
}

int vs_family_extent(void *context, const struct vs_model *model, const struct vs_vma *vma,
		     const struct vs_extent *extent)
{
	struct vs_family *family = context;
	struct vs_family_member *of = &family->of[family->nr - 1];
	uint64_t bytes = (uint64_t)extent->pages << family->page_shift;
	unsigned int kind = (extent->attributes & VS_ATTR_KIND) >> VS_ATTR_KIND_SHIFT;
	bool writable = vma->flags & VS_VM_WRITE;

	(void)model;
	if (vma->flags & VS_VM_SHARED)
		return 0;
	if ((extent->attributes & VS_ATTR_STATE) == VS_STATE_SWAPPED)
		of->swap += bytes;
	if ((extent->attributes & VS_ATTR_STATE) != VS_STATE_PRESENT)
		return 0;
	if (!is_anon(kind)) {
		if (writable && kind == VS_KIND_KSM) {
			of->would_copy += bytes;
			of->ksm += bytes;
		} else if (writable) {
			of->cache += bytes;
		}
		return 0;
	}
	count_anon(of, vma, extent, kind == VS_KIND_ANON_EXCLUSIVE, bytes);
	if (keep_run(of, extent, kind))
		return -ENOMEM;
	return vs_frames_take(&family->map, of->member, extent, true);
}

/* ----------------------------------------------------------------- pairs */

/* Where one is in the runs of a member: page @at of run @run. */
struct place {
	const struct vs_family_member *of;
	unsigned int shift;
	size_t run;
	uint32_t at;
};

static bool ended(const struct place *p)
{
	return p->run >= p->of->nr_runs;
}

static uint64_t address(const struct place *p)
{
	return p->of->run[p->run].start + ((uint64_t)p->at << p->shift);
}

static uint32_t left(const struct place *p)
{
	return p->of->run[p->run].pages - p->at;
}

static void advance(struct place *p, uint32_t pages)
{
	p->at += pages;
	if (p->at < p->of->run[p->run].pages)
		return;
	p->run++;
	p->at = 0;
}

static uint64_t frame(const struct place *p, uint32_t n)
{
	const struct vs_family_run *run = &p->of->run[p->run];

	return run->frame + (run->list == VS_NO_LIST ? p->at + n :
			     p->of->pool[run->list + p->at + n]);
}

/* How many pages from here on are the same frames in both, or other ones in both. */
static uint32_t count_like(const struct place *a, const struct place *b, uint32_t max, bool *same)
{
	bool runs = a->of->run[a->run].list == VS_NO_LIST && b->of->run[b->run].list == VS_NO_LIST;
	uint32_t n = 1;

	*same = frame(a, 0) == frame(b, 0);
	if (runs)
		return max;
	while (n < max && (frame(a, n) == frame(b, n)) == *same)
		n++;
	return n;
}

/*
 * Who copies gets a page of its own, marked exclusive; the one left behind stays
 * with the others and is not known to be anybody's, even when one is left.
 */
static void tell_apart(struct vs_family_pair *pair, const struct place *parent,
		       const struct place *child, bool same, uint64_t bytes)
{
	bool of_parent = parent->of->run[parent->run].kind == VS_KIND_ANON_EXCLUSIVE;
	bool of_child = child->of->run[child->run].kind == VS_KIND_ANON_EXCLUSIVE;

	if (same)
		pair->shared += bytes;
	else if (of_parent && of_child)
		pair->both += bytes;
	else if (of_child)
		pair->child_copied += bytes;
	else if (of_parent)
		pair->parent_copied += bytes;
	else
		pair->unclear += bytes;
}

static void step_alone(struct place *p, const struct place *other, uint64_t *bytes)
{
	uint64_t pages = left(p);

	if (!ended(other) && (address(other) - address(p)) >> p->shift < pages)
		pages = (address(other) - address(p)) >> p->shift;
	*bytes += pages << p->shift;
	advance(p, pages);
}

static void compare(const struct vs_family *family, struct vs_family_pair *pair)
{
	struct place parent = { &family->of[pair->parent], family->page_shift, 0, 0 };
	struct place child = { &family->of[pair->child], family->page_shift, 0, 0 };

	while (!ended(&parent) || !ended(&child)) {
		uint32_t pages;
		bool same;

		if (ended(&child) || (!ended(&parent) && address(&parent) < address(&child))) {
			step_alone(&parent, &child, &pair->only_parent);
			continue;
		}
		if (ended(&parent) || address(&child) < address(&parent)) {
			step_alone(&child, &parent, &pair->only_child);
			continue;
		}
		pages = left(&parent) < left(&child) ? left(&parent) : left(&child);
		pages = count_like(&parent, &child, pages, &same);
		tell_apart(pair, &parent, &child, same, (uint64_t)pages << family->page_shift);
		advance(&parent, pages);
		advance(&child, pages);
	}
}

static uint32_t find_parent(const struct vs_family *family, uint32_t child)
{
	pid_t parent = family->members->member[family->of[child].member].parent;

	for (uint32_t i = 0; i < family->nr; i++)
		if (family->members->member[family->of[i].member].pid == parent)
			return i;
	return child;
}

/* Each with its parent; whose parent has gone is put beside the first of them. */
static int find_pairs(struct vs_family *family)
{
	family->pair = calloc(family->nr + 1, sizeof(*family->pair));
	if (!family->pair)
		return -ENOMEM;
	for (uint32_t i = 0; i < family->nr; i++) {
		struct vs_family_pair *pair = &family->pair[family->nr_pairs];
		uint32_t parent = find_parent(family, i);

		pair->born = parent != i;
		if (!pair->born) {
			/* the first, or the parent of the first: a pair is enough */
			if (!i || find_parent(family, 0) == i)
				continue;
			parent = 0;
		}
		pair->parent = parent;
		pair->child = i;
		compare(family, pair);
		family->nr_pairs++;
	}
	return 0;
}

/* ---------------------------------------------------------------- finish */

static void take_piece(struct vs_family *family, const struct vs_piece *piece)
{
	uint64_t bytes = (uint64_t)piece->pages << family->page_shift, found;

	vs_set_members(&family->map.sets, piece->set, &found);
	family->once += bytes;
	/* the last of them takes the page as it is, when it is the last of all */
	if (piece->mapcount > found) {
		family->outside += (piece->mapcount - found) * piece->pages;
		family->storm += bytes * found;
	} else {
		family->storm += bytes * (found - 1);
	}
}

static void keep_read(struct vs_family *family)
{
	uint32_t nr = 0;

	for (uint32_t i = 0; i < family->nr; i++) {
		struct vs_family_member *of = &family->of[i];

		if (family->members->member[of->member].state == VS_MEMBER_READ) {
			family->of[nr++] = *of;
			continue;
		}
		free(of->run);
		free(of->pool);
	}
	family->nr = nr;
}

int vs_family_finish(struct vs_family *family)
{
	keep_read(family);
	for (uint32_t i = 1; i < family->map.nr_pieces; i++)
		take_piece(family, &family->map.piece[i]);
	return find_pairs(family);
}
