// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The check that every leaf kind goes through: a region is what it was built
 * as, in extents, tally and translation, and procfs agrees.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "differ.h"
#include "leaf.h"

/* Of the whole word, what no background work of the kernel changes. */
#define MASK_STEADY	(MASK_WHAT | VMSCOPE_ATTR_YOUNG | VMSCOPE_ATTR_DIRTY | \
			 VMSCOPE_ATTR_SOFT_DIRTY | VMSCOPE_ATTR_WRITE |	\
			 VMSCOPE_ATTR_EXEC | VMSCOPE_ATTR_UFFD_WP |	\
			 VMSCOPE_ATTR_PROTNONE | VMSCOPE_ATTR_SPECIAL)

const char *leaf_translate(const struct target *t, uint64_t address,
			   struct vmscope_translation *result)
{
	struct vmscope_translate arg = {
		.size = sizeof(arg), .translations = (uintptr_t)result,
		.count = 1, .stride = sizeof(*result),
	};
	int error;

	memset(result, 0, sizeof(*result));
	result->address = address;
	error = vmscope_ioctl(t->fd, VMSCOPE_TRANSLATE, &arg);
	if (error)
		return differ("translate %lx: %s", address, strerror(-error));
	if (arg.done != 1)
		return differ("translate %lx: %u done", address, arg.done);
	return NULL;
}

static unsigned int expected_stop(uint64_t state)
{
	switch (state) {
	case VMSCOPE_STATE_NONE:
		return VMSCOPE_STOP_NONE;
	case VMSCOPE_STATE_PRESENT:
	case VMSCOPE_STATE_ZERO:
	case VMSCOPE_STATE_SPECIAL:
		return VMSCOPE_STOP_LEAF;
	}
	return VMSCOPE_STOP_NONPRESENT;
}

static const char *check_steps(const struct vmscope_translation *r)
{
	const struct vmscope_info *info = vmscope_info();
	int level;

	for (level = VMSCOPE_LEVEL_PGD; level >= r->stop_level; level--) {
		const struct vmscope_step *step = &r->step[level];
		const struct vmscope_level_info *geometry = &info->level[level];

		if (geometry->entries == 1) {
			if (step->read)
				return differ("%llx: folded level %d was read",
					      r->address, level);
			continue;
		}
		if (!step->read || step->level != level || !step->table)
			return differ("%llx: level %d: read %u, level %u, table %llx",
				      r->address, level, step->read, step->level,
				      step->table);
		if (step->index != (r->address >> geometry->shift) % geometry->entries)
			return differ("%llx: level %d: index %u", r->address,
				      level, step->index);
	}
	for (; level >= 0; level--)
		if (r->step[level].read)
			return differ("%llx: level %d was read, stopped at %u",
				      r->address, level, r->stop_level);
	return NULL;
}

static const char *check_translation(const struct target *t,
				     const struct scan_page *p)
{
	struct vmscope_translation r;
	const char *error = leaf_translate(t, p->address + 5, &r);

	if (error)
		return error;
	if ((r.attributes ^ p->attributes) & MASK_STEADY)
		return differ("%lx: scan %lx, translate %llx", p->address,
			      p->attributes, r.attributes);
	if (r.frame != p->frame || r.mapcount != p->mapcount ||
	    r.swap_type != p->swap_type)
		return differ("%lx: scan frame %lx mapcount %u area %u, translate %llx %u %u",
			      p->address, p->frame, p->mapcount, p->swap_type,
			      r.frame, r.mapcount, r.swap_type);
	if (r.stop != expected_stop(ATTR_STATE(p->attributes)))
		return differ("%lx: attributes %lx, stop %u", p->address,
			      p->attributes, r.stop);
	if (r.physical != (r.stop == VMSCOPE_STOP_LEAF ? p->frame << 12 | 5 : 0))
		return differ("%lx: frame %lx, physical %llx", p->address,
			      p->frame, r.physical);
	if (r.stop == VMSCOPE_STOP_LEAF &&
	    r.stop_level != (ATTR_LEAF(p->attributes) == VMSCOPE_LEAF_PMD ? 1 :
			     ATTR_LEAF(p->attributes) == VMSCOPE_LEAF_PUD ? 2 : 0))
		return differ("%lx: attributes %lx, stopped at level %u",
			      p->address, p->attributes, r.stop_level);
	return check_steps(&r);
}

static const char *check_pages(const struct target *t, const struct scan *s,
			       const struct region *r, uint64_t mask,
			       uint64_t expected)
{
	uint64_t address, middle = r->start + (r->end - r->start) / 2 / PAGE_SIZE * PAGE_SIZE;
	const char *error;

	for (address = r->start; address < r->end; address += PAGE_SIZE) {
		struct scan_page p;

		if (!scan_page(s, address, &p))
			return differ("%lx: no extent", address);
		if ((p.attributes & mask) != expected)
			return differ("%lx (page %llu): attributes %lx, expected %lx under %lx",
				      address, (address - r->start) / PAGE_SIZE,
				      p.attributes, expected, mask);
		if (address != r->start && address != middle &&
		    address + PAGE_SIZE != r->end)
			continue;
		error = check_translation(t, &p);
		if (error)
			return error;
	}
	return NULL;
}

const char *leaf_check(const struct target *t, const struct region *r,
		       uint64_t mask, uint64_t expected)
{
	const char *error;
	struct scan s;

	error = oracle_range(t->pid, t->fd, r->start, r->end, &s);
	if (!error)
		error = check_pages(t, &s, r, mask, expected);
	if (!error)
		error = sums_check(&s);
	scan_free(&s);
	return error;
}
