// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How much memory each two processes of a group have in common. It must not
 * know how they are read.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "matrix.h"

#define NO_ROW	UINT32_MAX

/* Known pages between two unknown ones that cost less to read again than another call. */
#define MAX_GAP	(4ull << 20)

static int unknown(void *context, uint64_t address, uint64_t pages)
{
	struct vs_matrix *matrix = context;
	struct vs_range *last = matrix->nr_rest ? &matrix->rest[matrix->nr_rest - 1] : NULL;
	uint64_t end = address + (pages << matrix->page_shift);

	if (last && address - last->end <= MAX_GAP) {
		last->end = end;
		return 0;
	}
	if (matrix->nr_rest == matrix->max_rest) {
		uint32_t max = matrix->max_rest ? matrix->max_rest * 2 : 64;
		struct vs_range *rest = reallocarray(matrix->rest, max, sizeof(*rest));

		if (!rest)
			return -ENOMEM;
		matrix->rest = rest;
		matrix->max_rest = max;
	}
	matrix->rest[matrix->nr_rest++] = (struct vs_range){ address, end };
	return 0;
}

void vs_matrix_init(struct vs_matrix *matrix, struct vs_members *members)
{
	memset(matrix, 0, sizeof(*matrix));
	matrix->members = members;
}

void vs_matrix_free(struct vs_matrix *matrix)
{
	free(matrix->row);
	free(matrix->rest);
	free(matrix->pair);
	vs_frames_free(&matrix->map);
}

int vs_matrix_next(void *context, const struct vs_model *model)
{
	struct vs_matrix *matrix = context;

	if (!matrix->map.piece && vs_frames_init(&matrix->map, model->kernel.page_shift))
		return -ENOMEM;
	matrix->page_shift = model->kernel.page_shift;
	matrix->told = model->kernel.key & VS_ATTR_SHARED;
	matrix->counted = model->kernel.key & VS_KEY_MAPCOUNT;
	matrix->map.unknown = unknown;
	matrix->map.context = matrix;
	matrix->nr_rest = matrix->next_rest = 0;
	if (matrix->nr == matrix->max) {
		uint32_t max = matrix->max ? matrix->max * 2 : 64;
		struct vs_matrix_row *row = reallocarray(matrix->row, max, sizeof(*row));

		if (!row)
			return -ENOMEM;
		matrix->row = row;
		matrix->max = max;
	}
	matrix->row[matrix->nr++] = (struct vs_matrix_row){ .member = matrix->members->now };
	return 0;
}

int vs_matrix_extent(void *context, const struct vs_model *model, const struct vs_vma *vma,
		     const struct vs_extent *extent)
{
	struct vs_matrix *matrix = context;
	struct vs_matrix_row *row = &matrix->row[matrix->nr - 1];
	uint64_t before = matrix->map.taken;
	int err = vs_frames_take(&matrix->map, row->member, extent, false);

	(void)model;
	(void)vma;
	row->resident += (matrix->map.taken - before) << matrix->page_shift;
	return err;
}

bool vs_matrix_again(void *context, struct vs_range *range)
{
	struct vs_matrix *matrix = context;

	if (matrix->next_rest == matrix->nr_rest)
		return false;
	*range = matrix->rest[matrix->next_rest++];
	return true;
}

/* In the kernel's PSS is all but hugetlb. */
static bool has_share(const struct vs_matrix *matrix, uint32_t kind)
{
	return matrix->counted && kind != VS_KIND_HUGETLB;
}

int vs_matrix_closer(void *context, const struct vs_model *model, const struct vs_vma *vma,
		     const struct vs_extent *extent)
{
	struct vs_matrix *matrix = context;
	struct vs_matrix_row *row = &matrix->row[matrix->nr - 1];
	uint64_t bytes = (uint64_t)extent->pages << matrix->page_shift;
	uint64_t before = matrix->map.taken;
	int err;

	(void)model;
	(void)vma;
	if ((extent->attributes & VS_ATTR_STATE) != VS_STATE_PRESENT)
		return 0;
	if (matrix->told && !(extent->attributes & VS_ATTR_SHARED)) {
		row->resident += bytes;
		row->alone += bytes;
		if (has_share(matrix, (extent->attributes & VS_ATTR_KIND) >> VS_ATTR_KIND_SHIFT))
			row->pss += bytes << VS_PSS_SHIFT;
		return 0;
	}
	err = vs_frames_take_rest(&matrix->map, row->member, extent);
	row->resident += (matrix->map.taken - before) << matrix->page_shift;
	return err;
}

/* Where the pair of two rows stands; one < other. */
static size_t pair_of(const struct vs_matrix *matrix, uint32_t one, uint32_t other)
{
	(void)matrix;
	return (size_t)other * (other - 1) / 2 + one;
}

uint64_t vs_matrix_pair(const struct vs_matrix *matrix, uint32_t one, uint32_t other)
{
	if (one == other)
		return matrix->row[one].distinct;
	return matrix->pair[one < other ? pair_of(matrix, one, other) :
			    pair_of(matrix, other, one)];
}

/* The rows of those in a set; how many. */
static uint32_t rows_of(const struct vs_matrix *matrix, const uint32_t *row_of, uint32_t set,
			uint32_t *row)
{
	uint32_t nr = 0;

	for (; set; set = matrix->map.sets.set[set].before) {
		uint32_t at = row_of[matrix->map.sets.set[set].member];

		if (at != NO_ROW)
			row[nr++] = at;
	}
	return nr;
}

/* What each mapping of a set's pages adds to the PSS of who has it. */
static void add_shares(struct vs_matrix *matrix, const uint32_t *row_of, uint32_t set, uint64_t pss)
{
	for (; set; set = matrix->map.sets.set[set].before) {
		const struct vs_set *of = &matrix->map.sets.set[set];

		if (row_of[of->member] != NO_ROW)
			matrix->row[row_of[of->member]].pss += pss * of->times;
	}
}

/* Of all mappings of its pages, as the kernel rounds it. */
static uint64_t share_of(const struct vs_matrix *matrix, const struct vs_piece *piece)
{
	uint64_t page = 1ull << (matrix->page_shift + VS_PSS_SHIFT);

	if (!has_share(matrix, piece->kind))
		return 0;
	return page / (piece->mapcount ? piece->mapcount : 1) * piece->pages;
}

static void add_set(struct vs_matrix *matrix, const uint32_t *row, uint32_t nr, uint64_t bytes)
{
	matrix->once += bytes;
	if (nr > 1)
		matrix->common += bytes;
	for (uint32_t i = 0; i < nr; i++) {
		matrix->row[row[i]].distinct += bytes;
		if (nr > 1)
			matrix->row[row[i]].common += bytes;
		for (uint32_t j = 0; j < i; j++)
			matrix->pair[row[i] < row[j] ? pair_of(matrix, row[i], row[j]) :
				     pair_of(matrix, row[j], row[i])] += bytes;
	}
}

static int by_resident(const void *one, const void *other)
{
	const struct vs_matrix_row *a = one, *b = other;

	if (a->resident != b->resident)
		return a->resident < b->resident ? 1 : -1;
	return (a->member > b->member) - (a->member < b->member);
}

/* Those that ended while they were read are left out. */
static void keep_read(struct vs_matrix *matrix)
{
	uint32_t nr = 0;

	for (uint32_t i = 0; i < matrix->nr; i++)
		if (matrix->members->member[matrix->row[i].member].state == VS_MEMBER_READ)
			matrix->row[nr++] = matrix->row[i];
	matrix->nr = nr;
	qsort(matrix->row, nr, sizeof(*matrix->row), by_resident);
}

static void sum_members(struct vs_matrix *matrix)
{
	for (uint32_t i = 0; i < matrix->nr; i++) {
		struct vs_matrix_row *row = &matrix->row[i];
		struct vs_member *member = &matrix->members->member[row->member];

		member->pss = matrix->counted ? row->pss >> VS_PSS_SHIFT : VS_UNKNOWN;
		row->distinct += row->alone;
		matrix->resident += row->resident;
		matrix->once += row->alone;
		if (member->swap != VS_UNKNOWN)
			matrix->swap += member->swap;
		if (member->tables != VS_UNKNOWN)
			matrix->tables += member->tables;
		if (member->pss == VS_UNKNOWN || matrix->pss == VS_UNKNOWN)
			matrix->pss = VS_UNKNOWN;
		else
			matrix->pss += member->pss;
	}
}

static int sum_sets(struct vs_matrix *matrix)
{
	uint64_t *bytes = calloc(matrix->map.sets.nr + 1, sizeof(*bytes));
	uint64_t *pss = calloc(matrix->map.sets.nr + 1, sizeof(*pss));
	uint32_t *row_of = calloc(matrix->members->nr + 1, sizeof(*row_of));
	uint32_t *row = calloc(matrix->members->nr + 1, sizeof(*row));
	int err = -ENOMEM;

	if (bytes && pss && row_of && row) {
		for (uint32_t i = 0; i < matrix->members->nr; i++)
			row_of[i] = NO_ROW;
		for (uint32_t i = 0; i < matrix->nr; i++)
			row_of[matrix->row[i].member] = i;
		for (uint32_t i = 1; i < matrix->map.nr_pieces; i++) {
			const struct vs_piece *piece = &matrix->map.piece[i];

			bytes[piece->set] += (uint64_t)piece->pages << matrix->page_shift;
			pss[piece->set] += share_of(matrix, piece);
		}
		for (uint32_t i = 1; i < matrix->map.sets.nr; i++) {
			uint32_t nr = bytes[i] ? rows_of(matrix, row_of, i, row) : 0;

			if (nr)
				add_set(matrix, row, nr, bytes[i]);
			if (pss[i])
				add_shares(matrix, row_of, i, pss[i]);
		}
		err = 0;
	}
	free(bytes);
	free(pss);
	free(row_of);
	free(row);
	return err;
}

int vs_matrix_finish(struct vs_matrix *matrix)
{
	keep_read(matrix);
	matrix->pair = calloc((size_t)matrix->nr * matrix->nr / 2 + 1, sizeof(*matrix->pair));
	if (!matrix->pair || (matrix->map.piece && sum_sets(matrix)))
		return -ENOMEM;
	sum_members(matrix);
	return 0;
}
