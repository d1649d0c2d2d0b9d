// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Huge pages by mapping: sizes, ways of being mapped, fill, and why there are no
 * more. It must not know how it is shown.
 *
 * The reasons follow 6.12 mm/huge_memory.c:__thp_vma_allowable_orders(),
 * mm/shmem.c:shmem_allowable_huge_orders() and, for each range of the size of
 * a huge page, mm/khugepaged.c:hpage_collapse_scan_pmd().
 */
#include <stdlib.h>
#include <string.h>

#include "thp.h"

static const struct {
	const char *key;
	const char *name;
	const char *text;
} whys[VS_WHY_NR] = {
	[VS_WHY_NOTHING] = { "nothing", "-", "all of it is in huge pages" },
	[VS_WHY_SPLIT] = { "split", "split",
		"in huge pages, but mapped in pieces (after mprotect, munmap or fork)" },
	[VS_WHY_SPECIAL] = { "special", "special", "mappings of drivers or of the kernel itself" },
	[VS_WHY_SMALL] = { "too_small", "too small", "mappings smaller than a huge page" },
	[VS_WHY_MISALIGNED] = { "misaligned", "misaligned",
		"mappings in which no aligned huge page fits" },
	[VS_WHY_ENDS] = { "ends", "ends", "ends of mappings, outside of aligned huge pages" },
	[VS_WHY_MISSING] = { "no_support", "kernel", "a kernel without huge pages" },
	[VS_WHY_PRCTL] = { "prctl", "prctl", "forbidden by prctl(PR_SET_THP_DISABLE)" },
	[VS_WHY_NOHUGEPAGE] = { "nohugepage", "nohugepage",
		"forbidden by madvise(MADV_NOHUGEPAGE)" },
	[VS_WHY_NEVER] = { "policy_never", "never", "the policy is 'never'" },
	[VS_WHY_MADVISE] = { "policy_madvise", "madvise",
		"the policy is 'madvise', and there was no MADV_HUGEPAGE" },
	[VS_WHY_MOUNT] = { "mount", "mount",
		"files of a tmpfs, whose mount option huge= decides" },
	[VS_WHY_COPY] = { "private_copy", "copies", "private copies of pages of files" },
	[VS_WHY_FILE_SYSTEM] = { "file_system", "file system",
		"files: the file system keeps them in single pages" },
	[VS_WHY_FILE_FOLIOS] = { "file_folios", "readahead",
		"files: read into folios smaller than a huge page" },
	[VS_WHY_UFFD] = { "userfaultfd", "uffd", "userfaultfd waits for its holes" },
	[VS_WHY_PTES_NONE] = { "max_ptes_none", "holes",
		"more holes than khugepaged fills (max_ptes_none)" },
	[VS_WHY_PTES_SWAP] = { "max_ptes_swap", "swap",
		"more in swap than khugepaged brings back (max_ptes_swap)" },
	[VS_WHY_PTES_SHARED] = { "max_ptes_shared", "shared",
		"more that others map, too, than khugepaged copies (max_ptes_shared)" },
	[VS_WHY_KHUGEPAGED] = { "khugepaged", "khugepaged", "khugepaged has not been there yet" },
	[VS_WHY_UNKNOWN] = { "unknown", "?", "the policy could not be read" },
};

const char *vs_thp_why_key(enum vs_thp_why why)
{
	return whys[why].key;
}

const char *vs_thp_why_short(enum vs_thp_why why)
{
	return whys[why].name;
}

const char *vs_thp_why_text(enum vs_thp_why why)
{
	return whys[why].text;
}

#define NOWHERE	SIZE_MAX

void *vs_thp_begin(const struct vs_model *model)
{
	const struct vs_kernel *kernel = &model->kernel;
	struct vs_thp_state *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	state->model = model;
	state->pmd_order = kernel->level[VS_LEVEL_PMD].shift > kernel->page_shift ?
		kernel->level[VS_LEVEL_PMD].shift - kernel->page_shift : 9;
	state->frames = kernel->physical == VS_PHYSICAL_YES && kernel->key & VS_KEY_FRAME;
	state->at.vma = NOWHERE;
	vs_rows_init(&state->rows, model, sizeof(struct vs_thp_row));
	return state;
}

void vs_thp_end(void *data)
{
	struct vs_thp_state *state = data;

	vs_rows_free(&state->rows);
	free(state->pieces);
	free(state);
}

static struct vs_thp_row *row_of(struct vs_thp_state *state, size_t vma)
{
	return vs_row(&state->rows, state->model->vma + vma);
}

static uint64_t bytes_of(const struct vs_thp_state *state, uint64_t pages)
{
	return pages << state->model->kernel.page_shift;
}

static uint64_t huge_size(const struct vs_thp_state *state)
{
	return bytes_of(state, 1ull << state->pmd_order);
}

/* -------------------------------------------------- why a mapping has none */

static bool starts(const char *name, const char *with)
{
	return !strncmp(name, with, strlen(with));
}

/* Of a mount that the kernel keeps for itself: memfd, SysV, shared anonymous. */
static bool is_own_shmem(const char *name, const struct vs_vma *vma)
{
	return vma->name_kind == VS_NAME_ANON || starts(name, "/memfd:") ||
		starts(name, "/SYSV") || starts(name, "/dev/zero");
}

static enum vs_thp_why by_word(enum vs_thp_word word, uint64_t flags)
{
	switch (word) {
	case VS_THP_UNKNOWN:
		return VS_WHY_UNKNOWN;
	case VS_THP_NEVER:
	case VS_THP_DENY:
		return VS_WHY_NEVER;
	case VS_THP_MADVISE:
	case VS_THP_ADVISE:
		return flags & VS_VM_HUGEPAGE ? VS_WHY_NOTHING : VS_WHY_MADVISE;
	default:
		return VS_WHY_NOTHING;
	}
}

/* The word for huge pages as large as a PMD leaf: their own, or that for all. */
static enum vs_thp_word of_size(const uint8_t *size, unsigned int order, enum vs_thp_word all)
{
	if (order >= VS_THP_ORDERS || size[order] == VS_THP_UNKNOWN ||
	    size[order] == VS_THP_INHERIT)
		return all;
	return size[order];
}

static enum vs_thp_why policy(const struct vs_thp_state *state, const struct vs_vma *vma,
			      bool shmem)
{
	const struct vs_thp *thp = &state->model->kernel.thp;

	if (thp->support == VS_THP_MISSING)
		return VS_WHY_MISSING;
	if (!state->model->process.thp)
		return VS_WHY_PRCTL;
	if (vma->flags & VS_VM_NOHUGEPAGE)
		return VS_WHY_NOHUGEPAGE;
	if (vma->flags & VS_VM_ANON)
		return by_word(of_size(thp->size, state->pmd_order, thp->enabled), vma->flags);
	if (!shmem || thp->shmem == VS_THP_FORCE)
		return VS_WHY_NOTHING;
	if (thp->shmem == VS_THP_DENY)
		return VS_WHY_NEVER;
	if (!is_own_shmem(vs_model_name(state->model, vma), vma))
		return VS_WHY_MOUNT;
	return by_word(of_size(thp->shmem_size, state->pmd_order, thp->shmem), vma->flags);
}

/* What is no ordinary memory: VM_SPECIAL of linux/mm.h. */
#define SPECIAL	(VS_VM_IO | VS_VM_DONTEXPAND | VS_VM_PFNMAP | VS_VM_MIXEDMAP)

static enum vs_thp_why structure(const struct vs_thp_state *state, const struct vs_vma *vma)
{
	uint64_t size = huge_size(state);

	if (vma->flags & SPECIAL || vma->name_kind == VS_NAME_SPECIAL)
		return VS_WHY_SPECIAL;
	if (vma->end - vma->start < size)
		return VS_WHY_SMALL;
	if (state->at.first >= state->at.last ||
	    (vma->inode && (vma->start - vma->offset) % size))
		return VS_WHY_MISALIGNED;
	return VS_WHY_NOTHING;
}

/* ------------------------------------------------------- a range, a mapping */

static void give(struct vs_thp_state *state, struct vs_thp_row *row, enum vs_thp_why why,
		 uint64_t bytes)
{
	row->reason[why] += bytes;
	state->total.reason[why] += bytes;
}

/* Of a range where a huge page would fit, and nothing of the mapping is against it. */
static enum vs_thp_why why_not_collapsed(const struct vs_thp_state *state)
{
	const struct vs_thp *thp = &state->model->kernel.thp;
	uint32_t none = (1u << state->pmd_order) - state->slot.present - state->slot.swapped;

	/* of an object it is not known what it has beside what is mapped */
	if (state->at.shmem)
		return VS_WHY_KHUGEPAGED;
	if (state->slot.swapped > thp->max_ptes_swap)
		return VS_WHY_PTES_SWAP;
	if (none && state->at.flags & (VS_VM_UFFD_MISSING | VS_VM_UFFD_WP | VS_VM_UFFD_MINOR))
		return VS_WHY_UFFD;
	if (none > thp->max_ptes_none)
		return VS_WHY_PTES_NONE;
	if (state->slot.shared > thp->max_ptes_shared)
		return VS_WHY_PTES_SHARED;
	return VS_WHY_KHUGEPAGED;
}

static int close_slot(struct vs_thp_state *state)
{
	struct vs_thp_row *row;

	if (state->slot.bytes) {
		row = row_of(state, state->at.vma);
		if (!row)
			return -1;
		give(state, row, why_not_collapsed(state), state->slot.bytes);
	}
	memset(&state->slot, 0, sizeof(state->slot));
	return 0;
}

static void choose_why(struct vs_thp_row *row)
{
	enum vs_thp_why most = VS_WHY_NOTHING;

	for (int why = 0; why < VS_WHY_NR; why++)
		if (row->reason[why] > row->reason[most])
			most = why;
	row->why = most;
}

static int close_mapping(struct vs_thp_state *state)
{
	struct vs_thp_row *row;

	if (state->at.vma == NOWHERE)
		return 0;
	if (close_slot(state))
		return -1;
	row = row_of(state, state->at.vma);
	if (!row)
		return -1;
	if (state->at.cache)
		give(state, row, state->at.large ? VS_WHY_FILE_FOLIOS : VS_WHY_FILE_SYSTEM,
		     state->at.cache);
	choose_why(row);
	state->at.vma = NOWHERE;
	return 0;
}

static int open_mapping(struct vs_thp_state *state, const struct vs_vma *vma)
{
	uint64_t size = huge_size(state);
	size_t index = vma - state->model->vma;
	struct vs_thp_row *row;

	if (state->at.vma == index)
		return 0;
	if (close_mapping(state))
		return -1;
	memset(&state->at, 0, sizeof(state->at));
	state->at.vma = index;
	state->at.start = vma->start;
	state->at.end = vma->end;
	state->at.flags = vma->flags;
	state->at.first = (vma->start + size - 1) / size * size;
	state->at.last = vma->end / size * size;
	state->at.why = structure(state, vma);
	row = vs_row(&state->rows, vma);
	if (!row)
		return -1;
	if (state->at.why == VS_WHY_NOTHING && !(vma->flags & VS_VM_HUGETLB)) {
		row->could += state->at.last - state->at.first;
		state->total.could += state->at.last - state->at.first;
	}
	return 0;
}

/* Pages that are not mapped by a huge leaf, in one range or outside of any. */
static int explain(struct vs_thp_state *state, const struct vs_vma *vma, struct vs_thp_row *row,
		   uint64_t attributes, uint64_t start, uint64_t pages)
{
	unsigned int order = (attributes & VS_ATTR_ORDER) >> VS_ATTR_ORDER_SHIFT;
	enum vs_kind kind = (attributes & VS_ATTR_KIND) >> VS_ATTR_KIND_SHIFT;
	bool anon = kind <= VS_KIND_KSM, shmem = kind == VS_KIND_SHMEM;
	uint64_t bytes = bytes_of(state, pages);
	enum vs_thp_why why = state->at.why;

	if (order >= state->pmd_order)
		why = VS_WHY_SPLIT;
	else if (why == VS_WHY_NOTHING && (start < state->at.first || start >= state->at.last))
		why = VS_WHY_ENDS;
	else if (why == VS_WHY_NOTHING && anon && !(vma->flags & VS_VM_ANON))
		why = VS_WHY_COPY;
	else if (why == VS_WHY_NOTHING)
		why = policy(state, vma, shmem);
	if (why != VS_WHY_NOTHING) {
		give(state, row, why, bytes);
		return 0;
	}
	if (!anon && !shmem) {
		state->at.cache += bytes;
		state->at.large |= order > 0;
		return 0;
	}
	state->at.shmem |= shmem;
	state->slot.bytes += bytes;
	if (attributes & VS_ATTR_SHARED)
		state->slot.shared += pages;
	return 0;
}

/* What is in a range counts, whether it wants a reason or not. */
static int enter_slot(struct vs_thp_state *state, uint64_t start)
{
	uint64_t base = start / huge_size(state) * huge_size(state);

	if (base == state->slot.start)
		return 0;
	if (close_slot(state))
		return -1;
	state->slot.start = base;
	return 0;
}

/* ---------------------------------------------------------- folios in pieces */

static uint64_t head_of(uint64_t frame, unsigned int order)
{
	return frame >> order << order;
}

static int flush_piece(struct vs_thp_state *state)
{
	struct vs_thp_piece *piece = &state->piece;

	if (!piece->pages || piece->pages == 1u << piece->order) {
		piece->pages = 0;
		return 0;
	}
	if (state->nr_pieces == state->max_pieces) {
		size_t max = state->max_pieces * 2 + 1024;
		void *more = reallocarray(state->pieces, max, sizeof(*piece));

		if (!more)
			return -1;
		state->pieces = more;
		state->max_pieces = max;
	}
	state->pieces[state->nr_pieces++] = *piece;
	piece->pages = 0;
	return 0;
}

/* Pages of one folio with consecutive frames. */
static int add_piece(struct vs_thp_state *state, unsigned int order, uint64_t frame,
		     uint32_t pages, size_t vma)
{
	struct vs_thp_piece *piece = &state->piece;

	if (piece->pages && piece->order == order && piece->vma == vma &&
	    piece->frame + piece->pages == frame &&
	    head_of(frame, order) == head_of(piece->frame, order)) {
		piece->pages += pages;
		return 0;
	}
	if (flush_piece(state))
		return -1;
	*piece = (struct vs_thp_piece){
		.frame = frame, .pages = pages, .order = order, .vma = vma,
	};
	return 0;
}

static int add_frames(struct vs_thp_state *state, struct vs_thp_row *row, unsigned int order,
		      uint64_t address, uint64_t frame, uint64_t pages, size_t vma)
{
	uint64_t page = address >> state->model->kernel.page_shift;

	if ((page - frame) & ((1ull << order) - 1)) {
		row->misaligned += bytes_of(state, pages);
		state->total.misaligned += bytes_of(state, pages);
		state->order[order].misaligned += bytes_of(state, pages);
	}
	while (pages) {
		uint64_t left = head_of(frame, order) + (1ull << order) - frame;
		uint64_t n = pages < left ? pages : left;

		if (add_piece(state, order, frame, n, vma))
			return -1;
		frame += n;
		pages -= n;
	}
	return 0;
}

static int add_folios(struct vs_thp_state *state, struct vs_thp_row *row, unsigned int order,
		      const struct vs_extent *extent, size_t vma)
{
	if (extent->encoding == VS_FRAMES_RUN)
		return add_frames(state, row, order, extent->start, extent->frame, extent->pages,
				  vma);
	if (extent->encoding != VS_FRAMES_LIST)
		return 0;
	for (uint32_t i = 0, n; i < extent->pages; i += n) {
		uint64_t frame = extent->frame + extent->list[i];

		for (n = 1; i + n < extent->pages &&
		     extent->list[i + n] == extent->list[i] + n; n++)
			;
		if (add_frames(state, row, order, extent->start + bytes_of(state, i), frame, n,
			       vma))
			return -1;
	}
	return 0;
}

static int by_frame(const void *one, const void *other)
{
	const struct vs_thp_piece *a = one, *b = other;

	return a->frame < b->frame ? -1 : a->frame > b->frame;
}

/* All pieces of one folio; those of a folio mapped twice overlap. */
static int judge_folio(struct vs_thp_state *state, const struct vs_thp_piece *piece, size_t nr)
{
	unsigned int order = piece->order;
	uint64_t mapped = 0, reached = 0, missing;
	struct vs_thp_row *row;

	for (size_t i = 0; i < nr; i++) {
		uint64_t from = piece[i].frame > reached ? piece[i].frame : reached;
		uint64_t to = piece[i].frame + piece[i].pages;

		if (to <= from)
			continue;
		mapped += to - from;
		reached = to;
	}
	if (mapped >= 1ull << order)
		return 0;
	missing = bytes_of(state, (1ull << order) - mapped);
	state->partial_folios++;
	state->total.unmapped += missing;
	state->order[order].unmapped += missing;
	row = row_of(state, piece->vma);
	if (!row)
		return -1;
	row->unmapped += missing;
	for (size_t i = 0; i < nr; i++) {
		uint64_t bytes = bytes_of(state, piece[i].pages);

		row = row_of(state, piece[i].vma);
		if (!row)
			return -1;
		row->partial += bytes;
		state->total.partial += bytes;
		state->order[order].partial += bytes;
	}
	return 0;
}

static int judge_folios(struct vs_thp_state *state)
{
	const struct vs_thp_piece *piece = state->pieces;
	size_t nr = state->nr_pieces, same;

	if (nr)
		qsort(state->pieces, nr, sizeof(*piece), by_frame);
	for (size_t i = 0; i < nr; i += same) {
		unsigned int order = piece[i].order;

		for (same = 1; i + same < nr && piece[i + same].order == order &&
		     head_of(piece[i + same].frame, order) == head_of(piece[i].frame, order);
		     same++)
			;
		if (judge_folio(state, piece + i, same))
			return -1;
	}
	return 0;
}

/* ------------------------------------------------------------------ extents */

static void count(struct vs_thp_row *row, unsigned int order, enum vs_leaf leaf, uint64_t bytes)
{
	row->resident += bytes;
	if (order)
		row->huge += bytes;
	else
		row->single += bytes;
	if (leaf == VS_LEAF_PMD)
		row->pmd += bytes;
	else if (order && leaf == VS_LEAF_CONT)
		row->cont += bytes;
	else if (order)
		row->pte += bytes;
}

/* One range's part of an extent. */
static int take_part(struct vs_thp_state *state, const struct vs_vma *vma, struct vs_thp_row *row,
		     uint64_t attributes, uint64_t start, uint64_t pages)
{
	if (enter_slot(state, start))
		return -1;
	switch (attributes & VS_ATTR_STATE) {
	case VS_STATE_SWAPPED:
		state->slot.swapped += pages;
		return 0;
	case VS_STATE_ZERO:
		return 0;
	case VS_STATE_PRESENT:
		state->slot.present += pages;
		if ((attributes & VS_ATTR_LEAF) == (uint64_t)VS_LEAF_PMD << VS_ATTR_LEAF_SHIFT)
			return 0;
		return explain(state, vma, row, attributes, start, pages);
	}
	/* on its way, or lost: no hole that could be filled */
	state->slot.present += pages;
	return 0;
}

static int take_hugetlb(struct vs_thp_state *state, struct vs_thp_row *row, unsigned int order,
			uint64_t bytes)
{
	row->hugetlb += bytes;
	state->total.hugetlb += bytes;
	state->order[order].hugetlb += bytes;
	return 0;
}

int vs_thp_extent(void *data, const struct vs_vma *vma, const struct vs_extent *extent)
{
	struct vs_thp_state *state = data;
	uint64_t attributes = extent->attributes;
	unsigned int order = (attributes & VS_ATTR_ORDER) >> VS_ATTR_ORDER_SHIFT;
	enum vs_leaf leaf = (attributes & VS_ATTR_LEAF) >> VS_ATTR_LEAF_SHIFT;
	uint64_t at = extent->start, end = at + bytes_of(state, extent->pages);
	bool present = (attributes & VS_ATTR_STATE) == VS_STATE_PRESENT;
	struct vs_thp_row *row;

	if ((attributes & VS_ATTR_STATE) == VS_STATE_NONE ||
	    (attributes & VS_ATTR_STATE) == VS_STATE_SPECIAL)
		return 0;
	if (open_mapping(state, vma))
		return -1;
	row = vs_row(&state->rows, vma);
	if (!row)
		return -1;
	if (order >= VS_THP_ORDERS)
		order = VS_THP_ORDERS - 1;
	if (vma->flags & VS_VM_HUGETLB)
		return present ? take_hugetlb(state, row, order, end - at) : 0;
	if (present) {
		count(row, order, leaf, end - at);
		count(&state->total, order, leaf, end - at);
		state->order[order].leaf[leaf] += end - at;
		if (order && state->frames &&
		    add_folios(state, row, order, extent, vma - state->model->vma))
			return -1;
	}
	while (at < end) {
		uint64_t next = (at / huge_size(state) + 1) * huge_size(state);

		if (next > end)
			next = end;
		if (take_part(state, vma, row, attributes, at,
			      (next - at) >> state->model->kernel.page_shift))
			return -1;
		at = next;
	}
	return 0;
}

int vs_thp_detail(void *data, const struct vs_vma *vma, const struct vs_detail *detail)
{
	struct vs_thp_state *state = data;
	const struct vs_fill *fill = (const void *)detail->word;
	struct vs_thp_row *row;

	if (detail->kind != VS_DETAIL_FILL)
		return 0;
	row = vs_row(&state->rows, vma);
	if (!row)
		return -1;
	row->looked += bytes_of(state, fill->pages);
	row->waste += bytes_of(state, fill->zero);
	row->unread += bytes_of(state, fill->unread);
	state->total.looked += bytes_of(state, fill->pages);
	state->total.waste += bytes_of(state, fill->zero);
	state->total.unread += bytes_of(state, fill->unread);
	state->fill.folios += fill->folios;
	state->fill.pages += fill->pages;
	state->fill.zero += fill->zero;
	state->fill.unread += fill->unread;
	for (int i = 0; i < VS_FILL_BUCKETS; i++)
		state->fill.used[i] += fill->used[i];
	return 0;
}

static void forget_frames(struct vs_thp_row *row)
{
	row->misaligned = VS_UNKNOWN;
	row->partial = VS_UNKNOWN;
	row->unmapped = VS_UNKNOWN;
}

int vs_thp_finish(void *data)
{
	struct vs_thp_state *state = data;

	state->filled = state->model->details >> VS_DETAIL_FILL & 1;
	if (close_mapping(state) || flush_piece(state) || judge_folios(state))
		return -1;
	choose_why(&state->total);
	if (state->frames)
		return 0;
	forget_frames(&state->total);
	for (size_t i = 0; i < state->rows.nr && i < state->model->nr_vmas; i++) {
		struct vs_thp_row *row = row_of(state, i);

		if (row->resident)
			forget_frames(row);
	}
	return 0;
}

static int by_weight(const void *one, const void *other)
{
	const struct vs_thp_row *a = one, *b = other;
	uint64_t x = a->waste + a->resident, y = b->waste + b->resident;

	return (x < y) - (x > y);
}

size_t vs_thp_top(const struct vs_thp_state *state, uint32_t *index, size_t max)
{
	return vs_rows_top(&state->rows, by_weight, index, max);
}
