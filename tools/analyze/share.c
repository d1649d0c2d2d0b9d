// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who else maps a process's memory. It must not know how processes are read.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "select.h"
#include "share.h"

/* ---------------------------------------------------------------- classes */

unsigned int vs_share_class(uint32_t mapcount)
{
	unsigned int class = mapcount;

	if (mapcount > 2)
		class = 34 - __builtin_clz(mapcount - 1) - 1;
	return class < VS_SHARE_CLASSES ? class : VS_SHARE_CLASSES - 1;
}

void vs_share_class_range(unsigned int class, uint64_t *least, uint64_t *most)
{
	*least = *most = class;
	if (class > 2) {
		*least = (1ull << (class - 2)) + 1;
		*most = class == VS_SHARE_CLASSES - 1 ? 0 : 1ull << (class - 1);
	}
}

const char *vs_share_class_name(unsigned int class, char *text, size_t size)
{
	uint64_t least, most;

	vs_share_class_range(class, &least, &most);
	if (!class)
		snprintf(text, size, "?");
	else if (!most)
		snprintf(text, size, "%" PRIu64 "+", least);
	else if (least == most)
		snprintf(text, size, "%" PRIu64, least);
	else
		snprintf(text, size, "%" PRIu64 "-%" PRIu64, least, most);
	return text;
}

/* ----------------------------------------------------------------- begin */

int vs_share_begin(struct vs_share *share, const struct vs_model *model,
		   struct vs_members *members)
{
	memset(share, 0, sizeof(*share));
	share->model = model;
	share->members = members;
	vs_rows_init(&share->rows, model, sizeof(struct vs_share_row));
	return vs_frames_init(&share->map, model->kernel.page_shift);
}

void vs_share_end(struct vs_share *share)
{
	for (uint32_t i = 0; i < share->nr_objects; i++)
		free(share->object[i].seen);
	free(share->object);
	free(share->partner);
	free(share->mate);
	free(share->names);
	vs_rows_free(&share->rows);
	vs_frames_free(&share->map);
}

/* ---------------------------------------------------------------- target */

static enum vs_kind kind_of(const struct vs_extent *extent)
{
	return (extent->attributes & VS_ATTR_KIND) >> VS_ATTR_KIND_SHIFT;
}

static bool is_anon(enum vs_kind kind)
{
	return kind == VS_KIND_ANON || kind == VS_KIND_ANON_EXCLUSIVE || kind == VS_KIND_KSM;
}

/* Bytes that nobody else maps. */
static void add_unique(struct vs_share *share, enum vs_kind kind, uint64_t bytes)
{
	if (is_anon(kind))
		share->freed += bytes;
	else if (kind == VS_KIND_SHMEM)
		share->shmem += bytes;
	else if (kind == VS_KIND_HUGETLB)
		share->hugetlb += bytes;
	else
		share->cache += bytes;
}

static int add_swap(struct vs_share *share, const struct vs_vma *vma,
		    const struct vs_extent *extent, uint64_t bytes)
{
	struct vs_share_row *row = vs_row(&share->rows, vma);

	if (!row)
		return -ENOMEM;
	row->swap += bytes;
	share->total.swap += bytes;
	if (extent->attributes & VS_ATTR_SWAP_EXCLUSIVE)
		share->swap_exclusive += bytes;
	else
		share->swap_other += bytes;
	return 0;
}

/*
 * Mapped once is mapped here. Page tables of hugetlb can be shared, with one
 * mapping counted for all who do.
 */
static bool may_be_elsewhere(const struct vs_share *share, const struct vs_extent *extent)
{
	const uint64_t told = VS_ATTR_SHARED | VS_KEY_MAPCOUNT;

	return share->ranged || !(share->model->kernel.key & told) || extent->mapcount > 1 ||
		extent->attributes & VS_ATTR_SHARED || kind_of(extent) == VS_KIND_HUGETLB;
}

int vs_share_target(void *context, const struct vs_model *model, const struct vs_vma *vma,
		    const struct vs_extent *extent)
{
	struct vs_share *share = context;
	uint64_t bytes = (uint64_t)extent->pages << model->kernel.page_shift;
	enum vs_kind kind = kind_of(extent);
	unsigned int class = vs_share_class(extent->mapcount);
	struct vs_share_row *row;

	if ((extent->attributes & VS_ATTR_STATE) == VS_STATE_SWAPPED)
		return add_swap(share, vma, extent, bytes);
	if ((extent->attributes & VS_ATTR_STATE) != VS_STATE_PRESENT)
		return 0;
	row = vs_row(&share->rows, vma);
	if (!row)
		return -ENOMEM;
	if (!share->total.resident) {
		share->frame = extent->encoding == VS_FRAMES_LIST ?
			extent->frame + extent->list[0] : extent->frame;
		share->mapcount = extent->mapcount;
	}
	row->resident += bytes;
	share->total.resident += bytes;
	share->class[class] += bytes;
	share->kind[kind][class] += bytes;
	if (!may_be_elsewhere(share, extent)) {
		row->alone += bytes;
		share->total.alone += bytes;
		add_unique(share, kind, bytes);
		return 0;
	}
	row->shared += bytes;
	share->total.shared += bytes;
	return vs_frames_take(&share->map, 0, extent, true);
}

/* ---------------------------------------------------------------- others */

/* The name of the mapping that is read just now, kept once. */
static int keep_name(struct vs_share *share)
{
	const struct vs_model *model = share->now_model;
	char text[4200];
	size_t length;

	vs_field_text(model, share->now_vma, VS_FIELD_NAME, text, sizeof(text));
	length = strlen(text) + 1;
	if (share->nr_names + length + 1 > share->max_names) {
		size_t max = share->max_names * 2 + length + 4096;
		char *names = realloc(share->names, max);

		if (!names)
			return -ENOMEM;
		share->names = names;
		share->max_names = max;
		share->nr_names += !share->nr_names;
		share->names[0] = 0;
	}
	memcpy(share->names + share->nr_names, text, length);
	share->now_name = share->nr_names;
	share->nr_names += length;
	return 0;
}

static int by_address(const void *one, const void *other)
{
	const struct vs_mate *a = one, *b = other;

	if (a->address != b->address)
		return a->address > b->address ? 1 : -1;
	if (a->member != b->member)
		return a->member > b->member ? 1 : -1;
	return (a->there > b->there) - (a->there < b->there);
}

static int match(void *context, const struct vs_piece *piece, uint64_t address, uint32_t pages,
		 uint32_t times)
{
	struct vs_share *share = context;
	unsigned int shift = share->model->kernel.page_shift;
	uint32_t member = share->members->now;
	struct vs_mate *last = share->nr_mates ? &share->mate[share->nr_mates - 1] : NULL;

	if (!share->now_name && keep_name(share))
		return -ENOMEM;
	if (last && last->member == member && last->name == share->now_name && times == 1 &&
	    last->times == 1 && last->address + (last->pages << shift) == piece->address &&
	    last->there + (last->pages << shift) == address) {
		last->pages += pages;
		return 0;
	}
	if (share->nr_mates == share->max_mates) {
		size_t max = share->max_mates ? share->max_mates * 2 : 64;
		struct vs_mate *mate = reallocarray(share->mate, max, sizeof(*mate));

		if (!mate)
			return -ENOMEM;
		share->mate = mate;
		share->max_mates = max;
	}
	share->mate[share->nr_mates++] = (struct vs_mate){
		.address = piece->address,
		.there = address,
		.pages = pages,
		.member = member,
		.name = share->now_name,
		.times = times,
		.flags = share->now_vma->flags & (VS_VM_READ | VS_VM_WRITE | VS_VM_EXEC |
						  VS_VM_MAYSHARE),
	};
	return 0;
}

int vs_share_next(void *context, const struct vs_model *model)
{
	struct vs_share *share = context;
	bool silent = share->members->member[share->members->now].self;

	(void)model;
	share->now_vma = NULL;
	share->now_name = 0;
	share->map.match = share->ranged && !silent ? match : NULL;
	share->map.context = share;
	return 0;
}

int vs_share_other(void *context, const struct vs_model *model, const struct vs_vma *vma,
		   const struct vs_extent *extent)
{
	struct vs_share *share = context;

	if (vma != share->now_vma || model != share->now_model) {
		share->now_vma = vma;
		share->now_model = model;
		share->now_name = 0;
	}
	return vs_frames_take(&share->map, share->members->now, extent, false);
}

/* --------------------------------------------------------------- objects */

struct numbered {
	struct vs_object_key key;
	uint32_t vma;
};

static int by_key(const void *one, const void *other)
{
	const struct numbered *a = one, *b = other;
	int order = memcmp(&a->key, &b->key, sizeof(a->key));

	return order ? order : (a->vma > b->vma) - (a->vma < b->vma);
}

/* What is not of a file is one object of each type. */
static int number_objects(struct vs_share *share, uint32_t **of_vma)
{
	const struct vs_model *model = share->model;
	struct numbered *all = calloc(model->nr_vmas + 1, sizeof(*all));
	size_t words = share->members->nr / 64 + 1;

	*of_vma = calloc(model->nr_vmas + 1, sizeof(**of_vma));
	share->object = calloc(model->nr_vmas + 1, sizeof(*share->object));
	if (!all || !*of_vma || !share->object) {
		free(all);
		return -ENOMEM;
	}
	for (size_t i = 0; i < model->nr_vmas; i++) {
		memset(&all[i].key, 0, sizeof(all[i].key));
		vs_object_key(model, &model->vma[i], &all[i].key);
		all[i].vma = i;
	}
	qsort(all, model->nr_vmas, sizeof(*all), by_key);
	for (size_t i = 0; i < model->nr_vmas; i++) {
		struct vs_object *object = &share->object[share->nr_objects];

		if (i && !memcmp(&all[i].key, &all[i - 1].key, sizeof(all[i].key))) {
			(*of_vma)[all[i].vma] = share->nr_objects - 1;
			continue;
		}
		object->key = all[i].key;
		object->vma = &model->vma[all[i].vma];
		object->seen = calloc(words, sizeof(*object->seen));
		(*of_vma)[all[i].vma] = share->nr_objects++;
		if (!object->seen) {
			free(all);
			return -ENOMEM;
		}
	}
	free(all);
	return 0;
}

static void note_members(struct vs_share *share, struct vs_object *object, uint32_t set)
{
	if (object->last_set == set)
		return;
	object->last_set = set;
	for (; set; set = share->map.sets.set[set].before) {
		uint32_t member = share->map.sets.set[set].member;
		uint64_t bit = 1ull << member % 64;

		if (!member || share->members->member[member].self ||
		    object->seen[member / 64] & bit)
			continue;
		object->seen[member / 64] |= bit;
		object->members++;
	}
}

static int by_object_bytes(const void *one, const void *other)
{
	const struct vs_object *a = one, *b = other;

	if (a->shared != b->shared)
		return a->shared < b->shared ? 1 : -1;
	return (a->vma > b->vma) - (a->vma < b->vma);
}

/* ---------------------------------------------------------------- finish */

/* What is known of each set, summed over its pieces. */
struct set_sum {
	uint64_t shared;		/* bytes */
	uint64_t complete;		/* bytes of which all mappings were found */
	uint64_t times;			/* mappings of each page by all members */
	uint32_t members;
};

static struct set_sum *set_sums(const struct vs_share *share)
{
	const struct vs_frame_map *map = &share->map;
	struct set_sum *sum = calloc(map->sets.nr, sizeof(*sum));

	/* the set before a set has always the smaller number */
	for (uint32_t i = 1; sum && i < map->sets.nr; i++) {
		const struct vs_set *set = &map->sets.set[i];

		sum[i].times = sum[set->before].times + set->times;
		sum[i].members = sum[set->before].members +
			!share->members->member[set->member].self;
	}
	return sum;
}

static void take_piece(struct vs_share *share, const struct vs_piece *piece, struct set_sum *sum,
		       const uint32_t *of_vma)
{
	const struct vs_model *model = share->model;
	uint64_t bytes = (uint64_t)piece->pages << model->kernel.page_shift;
	struct set_sum *of = &sum[piece->set];
	const struct vs_vma *vma = vs_model_find(model, piece->address);

	if (of->members > 1 || (share->ranged && of->times > 1)) {
		struct vs_object *object = vma ? &share->object[of_vma[vma - model->vma]] : NULL;

		share->found += bytes;
		of->shared += bytes;
		if (piece->mapcount <= of->times)
			of->complete += bytes;
		if (object) {
			object->shared += bytes;
			note_members(share, object, piece->set);
		}
	} else if (piece->mapcount <= of->times) {
		add_unique(share, piece->kind, bytes);
	}
	if (!(model->kernel.key & VS_KEY_MAPCOUNT))
		return;
	if (piece->mapcount > of->times) {
		share->missing += bytes;
		share->missing_mappings += (piece->mapcount - of->times) * piece->pages;
	} else if (piece->mapcount < of->times && piece->kind != VS_KIND_HUGETLB) {
		share->moved += bytes;
	}
}

static int by_bytes(const void *one, const void *other)
{
	const struct vs_partner *a = one, *b = other;

	if (a->shared != b->shared)
		return a->shared < b->shared ? 1 : -1;
	return (a->member > b->member) - (a->member < b->member);
}

/* What a set has, all that came before the set has as well. */
static int find_partners(struct vs_share *share, struct set_sum *sum)
{
	const struct vs_frame_map *map = &share->map;
	struct vs_partner *partner = calloc(share->members->nr + 1, sizeof(*partner));
	uint32_t nr = 0;

	if (!partner)
		return -ENOMEM;
	for (uint32_t i = 0; i < share->members->nr; i++)
		partner[i].member = i;
	for (uint32_t i = map->sets.nr - 1; i > 0; i--) {
		const struct vs_set *set = &map->sets.set[i];

		if (share->members->member[set->member].self)
			sum[set->before].complete += sum[i].complete;
		else if (sum[i].members == 2)
			partner[set->member].only += sum[i].complete;
		partner[set->member].shared += sum[i].shared;
		sum[set->before].shared += sum[i].shared;
	}
	for (uint32_t i = 1; i < share->members->nr; i++)
		if (partner[i].shared && !share->members->member[i].self)
			partner[nr++] = partner[i];
	qsort(partner, nr, sizeof(*partner), by_bytes);
	share->partner = partner;
	share->nr_partners = nr;
	return 0;
}

static void keep_shared_objects(struct vs_share *share)
{
	uint32_t nr = 0;

	for (uint32_t i = 0; i < share->nr_objects; i++) {
		if (share->object[i].shared)
			share->object[nr++] = share->object[i];
		else
			free(share->object[i].seen);
	}
	share->nr_objects = nr;
	qsort(share->object, nr, sizeof(*share->object), by_object_bytes);
}

int vs_share_finish(struct vs_share *share)
{
	struct set_sum *sum = set_sums(share);
	uint32_t *of_vma = NULL;
	int err = -ENOMEM;

	if (sum && !number_objects(share, &of_vma)) {
		for (uint32_t i = 1; i < share->map.nr_pieces; i++)
			take_piece(share, &share->map.piece[i], sum, of_vma);
		err = find_partners(share, sum);
		keep_shared_objects(share);
		if (share->nr_mates)
			qsort(share->mate, share->nr_mates, sizeof(*share->mate), by_address);
	}
	free(of_vma);
	free(sum);
	return err;
}
