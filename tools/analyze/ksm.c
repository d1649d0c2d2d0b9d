// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What KSM merged. It must not know how processes are read.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ksm.h"

void vs_ksm_begin(struct vs_ksm *ksm, const struct vs_model *model, struct vs_members *members)
{
	memset(ksm, 0, sizeof(*ksm));
	ksm->model = model;
	ksm->members = members;
	vs_ksm_host(&ksm->host);
	/* since Linux 6.6 their entries are dirty, and counted */
	ksm->zero_known = ksm->host.zero_pages != VS_UNKNOWN;
	if (model)
		vs_rows_init(&ksm->rows, model, sizeof(struct vs_ksm_row));
}

void vs_ksm_end(struct vs_ksm *ksm)
{
	if (ksm->model)
		vs_rows_free(&ksm->rows);
	free(ksm->process);
	vs_frames_free(&ksm->map);
}

int vs_ksm_next(void *context, const struct vs_model *model)
{
	struct vs_ksm *ksm = context;
	struct vs_ksm_member *process;

	if (!ksm->map.piece && vs_frames_init(&ksm->map, model->kernel.page_shift))
		return -ENOMEM;
	ksm->page_shift = model->kernel.page_shift;
	if (ksm->nr == ksm->max) {
		uint32_t max = ksm->max ? ksm->max * 2 : 64;

		process = reallocarray(ksm->process, max, sizeof(*process));
		if (!process)
			return -ENOMEM;
		ksm->process = process;
		ksm->max = max;
	}
	process = &ksm->process[ksm->nr++];
	*process = (struct vs_ksm_member){
		.member = ksm->members->now,
		.zero = ksm->zero_known ? 0 : VS_UNKNOWN,
	};
	vs_ksm_process(model->process.pid, &process->told);
	return 0;
}

static bool is_anon(unsigned int kind)
{
	return kind == VS_KIND_ANON || kind == VS_KIND_ANON_EXCLUSIVE;
}

/* What one extent adds to the row of its mapping. */
static void sort_extent(const struct vs_ksm *ksm, const struct vs_extent *extent,
			struct vs_ksm_row *row)
{
	uint64_t bytes = (uint64_t)extent->pages << ksm->page_shift;
	unsigned int kind = (extent->attributes & VS_ATTR_KIND) >> VS_ATTR_KIND_SHIFT;

	switch (extent->attributes & VS_ATTR_STATE) {
	case VS_STATE_ZERO:
		/* include/linux/ksm.h is_ksm_zero_pte() */
		if (ksm->zero_known && extent->attributes & VS_ATTR_DIRTY)
			row->zero += bytes;
		break;
	case VS_STATE_SWAPPED:
		row->swap += bytes;
		break;
	case VS_STATE_PRESENT:
		if (kind == VS_KIND_KSM) {
			row->merged += bytes;
		} else if (is_anon(kind)) {
			row->anon += bytes;
			if ((extent->attributes & VS_ATTR_LEAF) >> VS_ATTR_LEAF_SHIFT >=
			    VS_LEAF_PMD)
				row->huge += bytes;
		} else {
			row->cache += bytes;
		}
	}
}

static void add_row(struct vs_ksm_row *to, const struct vs_ksm_row *row)
{
	to->merged += row->merged;
	to->zero += row->zero;
	to->anon += row->anon;
	to->huge += row->huge;
	to->cache += row->cache;
	to->swap += row->swap;
}

int vs_ksm_extent(void *context, const struct vs_model *model, const struct vs_vma *vma,
		  const struct vs_extent *extent)
{
	struct vs_ksm *ksm = context;
	struct vs_ksm_member *process = &ksm->process[ksm->nr - 1];
	struct vs_ksm_row part = { 0 };

	(void)model;
	sort_extent(ksm, extent, &part);
	process->merged += part.merged;
	if (ksm->zero_known)
		process->zero += part.zero;
	if (vma->flags & VS_VM_MERGEABLE)
		process->mergeable += part.merged + part.anon;
	else
		process->other_anon += part.anon;
	/* what was merged before the advice was taken back belongs here, too */
	if (ksm->model && (vma->flags & VS_VM_MERGEABLE || part.merged)) {
		struct vs_ksm_row *row = vs_row(&ksm->rows, vma);

		if (!row)
			return -ENOMEM;
		add_row(row, &part);
		add_row(&ksm->total, &part);
	}
	if (!part.merged)
		return 0;
	return vs_frames_take(&ksm->map, process->member, extent, true);
}

int vs_ksm_other(void *context, const struct vs_model *model, const struct vs_vma *vma,
		 const struct vs_extent *extent)
{
	struct vs_ksm *ksm = context;

	(void)model;
	(void)vma;
	return vs_frames_take(&ksm->map, ksm->members->now, extent, false);
}

/* ---------------------------------------------------------------- groups */

static void keep_group(struct vs_ksm *ksm, const struct vs_ksm_group *group)
{
	uint32_t at = ksm->nr_groups;

	while (at && ksm->group[at - 1].mappings < group->mappings)
		at--;
	if (at == VS_KSM_GROUPS)
		return;
	if (ksm->nr_groups < VS_KSM_GROUPS)
		ksm->nr_groups++;
	memmove(&ksm->group[at + 1], &ksm->group[at],
		(ksm->nr_groups - at - 1) * sizeof(*group));
	ksm->group[at] = *group;
}

/*
 * Of the one page that all of them have, each mapping pays an equal part; what
 * a process saves is its pages less the parts that it pays.
 */
static void share_out(struct vs_ksm *ksm, const uint32_t *of_member, const struct vs_piece *piece,
		      uint64_t mappings)
{
	uint64_t page = 1ull << ksm->page_shift;

	for (uint32_t set = piece->set; set; set = ksm->map.sets.set[set].before) {
		const struct vs_set *part = &ksm->map.sets.set[set];
		uint32_t at = of_member[part->member];
		uint64_t paid = page * part->times / mappings;

		if (at != UINT32_MAX)
			ksm->process[at].saved += (page * part->times - paid) * piece->pages;
	}
}

static void take_piece(struct vs_ksm *ksm, const uint32_t *of_member,
		       const struct vs_piece *piece)
{
	unsigned int class;
	struct vs_ksm_group group = { .set = piece->set };

	group.members = vs_set_members(&ksm->map.sets, piece->set, &group.found);
	group.mappings = piece->mapcount > group.found ? piece->mapcount : group.found;
	if (ksm->model)
		group.own = vs_set_times(&ksm->map.sets, piece->set, 0);
	class = vs_share_class(group.mappings > UINT32_MAX ? UINT32_MAX : group.mappings);
	ksm->class[class].frames += piece->pages;
	ksm->class[class].mappings += group.mappings * piece->pages;
	ksm->frames += piece->pages;
	ksm->mappings += group.mappings * piece->pages;
	ksm->saved += ((group.mappings - 1) * piece->pages) << ksm->page_shift;
	ksm->missing += (group.mappings - group.found) * piece->pages;
	share_out(ksm, of_member, piece, group.mappings);
	for (uint32_t i = 0; i < piece->pages && i < VS_KSM_GROUPS; i++) {
		group.frame = vs_piece_frame(&ksm->map, piece, i);
		keep_group(ksm, &group);
	}
}

static int by_merged(const void *one, const void *other)
{
	const struct vs_ksm_member *a = one, *b = other;

	if (a->merged != b->merged)
		return a->merged < b->merged ? 1 : -1;
	return (a->member > b->member) - (a->member < b->member);
}

int vs_ksm_finish(struct vs_ksm *ksm)
{
	uint32_t *of_member = calloc(ksm->members->nr + 1, sizeof(*of_member));

	if (!of_member)
		return -ENOMEM;
	for (uint32_t i = 0; i < ksm->members->nr; i++)
		of_member[i] = UINT32_MAX;
	for (uint32_t i = 0; i < ksm->nr; i++)
		of_member[ksm->process[i].member] = i;
	for (uint32_t i = 1; i < ksm->map.nr_pieces; i++)
		take_piece(ksm, of_member, &ksm->map.piece[i]);
	free(of_member);
	qsort(ksm->process, ksm->nr, sizeof(*ksm->process), by_merged);
	return 0;
}

/* --------------------------------------------------------------- reasons */

static const struct {
	const char *word;
	const char *text;
} reasons[VS_KSM_REASON_NR] = {
	[VS_KSM_MERGES] = { "merges", "" },
	[VS_KSM_NO_KSM] = { "no_ksm", "this kernel has no KSM" },
	[VS_KSM_STOPPED] = { "ksmd_off", "ksmd is off: echo 1 >/sys/kernel/mm/ksm/run" },
	[VS_KSM_UNMERGING] = { "unmerging", "KSM was told to unmerge everything (run is 2)" },
	[VS_KSM_EMPTY] = { "nothing_in_memory", "nothing of it is in memory" },
	[VS_KSM_SWAPPED] = { "swapped", "it is in swap, where ksmd does not look" },
	[VS_KSM_CACHE] = { "page_cache", "page cache: only anonymous memory is merged" },
	[VS_KSM_NOT_SCANNED] = { "not_scanned", "ksmd has not been there yet" },
	[VS_KSM_SCANNED_ONCE] = { "scanned_once", "ksmd must see it unchanged a second time" },
	[VS_KSM_HUGE] = { "huge_page", "huge pages, nothing in them was found equal yet" },
	[VS_KSM_NOTHING_EQUAL] = { "nothing_equal", "nothing equal, or it changes too fast" },
};

const char *vs_ksm_reason_word(enum vs_ksm_reason reason)
{
	return reasons[reason].word;
}

const char *vs_ksm_reason_text(enum vs_ksm_reason reason)
{
	return reasons[reason].text;
}

enum vs_ksm_reason vs_ksm_reason(const struct vs_ksm *ksm, const struct vs_ksm_row *row)
{
	const struct vs_ksm_process *told = &ksm->process[0].told;

	if (row->merged || row->zero)
		return VS_KSM_MERGES;
	if (!row->anon)
		return row->swap ? VS_KSM_SWAPPED : row->cache ? VS_KSM_CACHE : VS_KSM_EMPTY;
	if (!ksm->host.exists)
		return VS_KSM_NO_KSM;
	if (ksm->host.run == 0)
		return VS_KSM_STOPPED;
	if (ksm->host.run == 2)
		return VS_KSM_UNMERGING;
	/* ksmd keeps an item for each page that it has looked at */
	if (told->rmap_items == 0)
		return VS_KSM_NOT_SCANNED;
	if (ksm->host.full_scans < 2)
		return VS_KSM_SCANNED_ONCE;
	return row->huge == row->anon ? VS_KSM_HUGE : VS_KSM_NOTHING_EQUAL;
}

static int by_size(const void *one, const void *other)
{
	const struct vs_ksm_row *a = one, *b = other;
	uint64_t merged = a->merged + a->zero, than = b->merged + b->zero;

	if (merged != than)
		return merged < than ? 1 : -1;
	return (a->anon < b->anon) - (a->anon > b->anon);
}

size_t vs_ksm_top(const struct vs_ksm *ksm, uint32_t *index, size_t max)
{
	return vs_rows_top(&ksm->rows, by_size, index, max);
}

uint64_t vs_ksm_scan_time(const struct vs_ksm *ksm, uint64_t bytes)
{
	const struct vs_ksm_host *host = &ksm->host;

	if (host->run != 1 || !host->pages_to_scan || host->pages_to_scan == VS_UNKNOWN ||
	    host->sleep_ms == VS_UNKNOWN)
		return VS_UNKNOWN;
	return ((bytes >> ksm->page_shift) / host->pages_to_scan + 1) * host->sleep_ms;
}
