// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The working set between several looks. It must not know who waits between
 * them.
 */
#include <stdlib.h>
#include <string.h>

#include "working.h"

/* What is kept of a page between two looks. */
#define PRESENT		(1u << 0)
#define SWAPPED		(1u << 1)
#define YOUNG		(1u << 2)
#define DIRTY		(1u << 3)
#define SHARED		(1u << 4)
#define USED		(1u << 5)	/* in any interval so far */
#define DOUBT		(1u << 6)	/* may have been used in any */
#define STAYED		(1u << 7)	/* in memory since the first look */
#define GEN_SHIFT	8

void vs_working_init(struct vs_working *working, const struct vs_model *model)
{
	memset(working, 0, sizeof(*working));
	working->model = model;
}

void vs_working_free(struct vs_working *working)
{
	free(working->before.run);
	free(working->now.run);
	vs_rows_free(&working->rows);
	vs_strip_free(&working->strip);
}

void vs_working_begin(struct vs_working *working, bool cleared)
{
	struct vs_working_look old = working->before;

	working->before = working->now;
	working->now = old;
	working->now.nr = 0;
	working->cursor = 0;
	working->cleared = cleared;
	memset(&working->figures, 0, sizeof(working->figures));
	vs_strip_free(&working->strip);
	vs_rows_free(&working->rows);
	vs_rows_init(&working->rows, working->model, sizeof(struct vs_working_figures));
}

static uint32_t state_of(const struct vs_extent *extent)
{
	uint64_t attributes = extent->attributes;
	uint32_t state = 0;

	if ((attributes & VS_ATTR_STATE) == VS_STATE_SWAPPED)
		return SWAPPED;
	if ((attributes & VS_ATTR_STATE) != VS_STATE_PRESENT)
		return 0;
	state = PRESENT | (uint32_t)((attributes & VS_ATTR_GEN) >> VS_ATTR_GEN_SHIFT) << GEN_SHIFT;
	if (attributes & VS_ATTR_YOUNG)
		state |= YOUNG;
	if (attributes & VS_ATTR_DIRTY)
		state |= DIRTY;
	if (attributes & VS_ATTR_SHARED)
		state |= SHARED;
	return state;
}

static int keep(struct vs_working_look *look, uint64_t page, uint32_t pages, uint32_t state)
{
	struct vs_working_run *last = look->nr ? &look->run[look->nr - 1] : NULL;

	if (last && last->state == state && last->page + last->pages == page &&
	    last->pages + pages > pages) {
		last->pages += pages;
		return 0;
	}
	if (look->nr == look->max) {
		size_t max = look->max ? 2 * look->max : 1024;
		struct vs_working_run *run = reallocarray(look->run, max, sizeof(*run));

		if (!run)
			return -1;
		look->run = run;
		look->max = max;
	}
	look->run[look->nr++] = (struct vs_working_run){ page, pages, state };
	return 0;
}

/* Bytes by what is known of them; returns which of the ways it was, or NULL. */
static uint64_t *way(struct vs_working_figures *f, uint32_t before, uint32_t now, bool cleared)
{
	uint32_t gen_before = before >> GEN_SHIFT, gen_now = now >> GEN_SHIFT;

	if (!(now & PRESENT))
		return NULL;
	if (before & SWAPPED)
		return &f->back;
	if (!(before & PRESENT))
		return &f->fresh;
	if (now & YOUNG && (cleared || !(before & YOUNG)))
		return &f->touched;
	if (now & DIRTY && !(before & DIRTY))
		return &f->written;
	if (!(before & (YOUNG | SHARED)) && !(now & SHARED) && gen_now && gen_now < gen_before)
		return &f->promoted;
	return NULL;
}

/* Accessed before, and nobody can have noticed if it was again. */
static bool in_doubt(uint32_t before, uint32_t now, bool cleared)
{
	return !cleared && now & PRESENT && before & YOUNG;
}

/* What is to be remembered of a page in memory. */
static uint32_t remember(const struct vs_working *working, uint32_t before, uint32_t now)
{
	struct vs_working_figures scratch;

	if (!working->looks)
		return STAYED;
	if (way(&scratch, before, now, working->cleared))
		return (before & (DOUBT | STAYED)) | USED;
	return (before & (USED | DOUBT | STAYED)) |
		(in_doubt(before, now, working->cleared) ? DOUBT : 0);
}

static void count(struct vs_working_figures *f, uint32_t before, uint32_t now, uint64_t bytes,
		  bool cleared)
{
	uint64_t *known = way(f, before, now, cleared);

	f->resident += bytes;
	if (known) {
		*known += bytes;
		f->used += bytes;
	} else if (in_doubt(before, now, cleared)) {
		f->maybe += bytes;
	}
	if (now & STAYED && !(now & (USED | DOUBT)))
		f->never += bytes;
}

/* Some pages that were alike in both looks. */
static int both(struct vs_working *working, const struct vs_vma *vma, uint64_t page,
		uint32_t pages, uint32_t before, uint32_t now)
{
	unsigned int shift = working->model->kernel.page_shift;
	uint64_t bytes = (uint64_t)pages << shift;
	struct vs_working_figures *row;

	if (now & PRESENT)
		now |= remember(working, before, now);
	if (keep(&working->now, page, pages, now))
		return -1;
	if (!working->looks || !(now & PRESENT))
		return 0;
	row = vs_row(&working->rows, vma);
	if (!row)
		return -1;
	count(row, before, now, bytes, working->cleared);
	count(&working->figures, before, now, bytes, working->cleared);
	return vs_strip_add(&working->strip, vs_strip_group_of(vma), page << shift, bytes,
			    now & (USED | DOUBT) ? bytes : 0);
}

/* What the last look said from a page on, and for how many pages that holds. */
static uint32_t before_at(struct vs_working *working, uint64_t page, uint32_t *pages)
{
	const struct vs_working_look *look = &working->before;
	const struct vs_working_run *run;

	while (working->cursor < look->nr &&
	       look->run[working->cursor].page + look->run[working->cursor].pages <= page)
		working->cursor++;
	if (working->cursor == look->nr)
		return 0;
	run = &look->run[working->cursor];
	if (run->page > page) {
		if (run->page - page < *pages)
			*pages = run->page - page;
		return 0;
	}
	if (run->page + run->pages - page < *pages)
		*pages = run->page + run->pages - page;
	return run->state;
}

int vs_working_extent(struct vs_working *working, const struct vs_vma *vma,
		      const struct vs_extent *extent)
{
	uint64_t page = extent->start >> working->model->kernel.page_shift;
	uint32_t state = state_of(extent), left = extent->pages;

	while (left) {
		uint32_t pages = left;
		uint32_t before = before_at(working, page, &pages);

		if (both(working, vma, page, pages, before, state))
			return -1;
		page += pages;
		left -= pages;
	}
	return 0;
}

/* What had frames before and has none now; holes are in no extent. */
static void count_gone(struct vs_working *working)
{
	unsigned int shift = working->model->kernel.page_shift;
	uint64_t before = 0, stayed = working->figures.resident - working->figures.fresh -
		working->figures.back;

	for (size_t i = 0; i < working->before.nr; i++)
		if (working->before.run[i].state & PRESENT)
			before += (uint64_t)working->before.run[i].pages << shift;
	working->figures.gone = before - stayed;
}

void vs_working_end(struct vs_working *working)
{
	if (working->looks++)
		count_gone(working);
}

static int by_used(const void *one, const void *other)
{
	const struct vs_working_figures *a = one, *b = other;

	if (a->used != b->used)
		return (a->used < b->used) - (a->used > b->used);
	return (a->resident < b->resident) - (a->resident > b->resident);
}

size_t vs_working_top(const struct vs_working *working, uint32_t *index, size_t max)
{
	return vs_rows_top(&working->rows, by_used, index, max);
}
