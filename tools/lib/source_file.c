// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The source that reads recorded files. It must not know what the figures
 * mean; it believes nothing that a file says.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "file_format.h"

static int file_open(struct vs_source *source, const struct vs_target *target, const char *file,
		     struct vs_error *error)
{
	struct vs_file *state = calloc(1, sizeof(*state));

	(void)target;
	if (!state)
		return vs_error_memory(error);
	source->state = state;
	return vs_file_open(state, file, "vmscope record", error);
}

static void file_close(struct vs_source *source)
{
	struct vs_file *state = source->state;

	if (!state)
		return;
	vs_file_close(state);
	free(state);
	source->state = NULL;
}

/* Position behind the head of a look, 0 when the file has none. */
static size_t find_look(const struct vs_file *state, enum vs_look look,
			struct file_look *head)
{
	size_t at = sizeof(struct file_header);
	const struct chunk *chunk;

	for (; (chunk = vs_file_chunk(state, at)) && chunk->type != CHUNK_END;
	     at += vs_chunk_bytes(chunk)) {
		if (chunk->type != CHUNK_LOOK || chunk->size != sizeof(*head))
			continue;
		memcpy(head, chunk + 1, sizeof(*head));
		if (head->look == look)
			return at + vs_chunk_bytes(chunk);
	}
	return 0;
}

static void *copy_chunk(const struct chunk *chunk, size_t element, size_t *nr)
{
	void *copy = malloc(chunk->size + element);

	*nr = chunk->size / element;
	if (copy)
		memcpy(copy, chunk + 1, chunk->size);
	return copy;
}

/* What names mean is up to who shows them; they end, and are no more than there is room for. */
static bool load_swaps(const struct chunk *chunk, struct vs_model *model)
{
	struct vs_swaps *swaps;
	size_t nr;

	free(model->swaps);
	model->swaps = copy_chunk(chunk, sizeof(*model->swaps), &nr);
	if (!model->swaps)
		return false;
	swaps = &model->swaps->swaps;
	if (swaps->nr < 0 || swaps->nr > VS_MAX_SWAPS)
		swaps->nr = 0;
	for (int i = 0; i < swaps->nr; i++)
		swaps->area[i].name[sizeof(swaps->area[i].name) - 1] = 0;
	return true;
}

static int load_chunks(const struct vs_file *state, size_t at, struct vs_model *model,
		       struct vs_error *error)
{
	const struct chunk *chunk;
	bool memory = true;

	for (; (chunk = vs_file_chunk(state, at)) && chunk->type >= CHUNK_VMAS && memory;
	     at += vs_chunk_bytes(chunk)) {
		switch (chunk->type) {
		case CHUNK_VMAS:
			free(model->vma);
			model->vma = copy_chunk(chunk, sizeof(*model->vma), &model->nr_vmas);
			model->max_vmas = model->nr_vmas;
			memory = model->vma;
			break;
		case CHUNK_WORDS:
			free(model->words);
			model->words = copy_chunk(chunk, sizeof(*model->words), &model->nr_words);
			model->max_words = model->nr_words;
			memory = model->words;
			break;
		case CHUNK_STRINGS:
			free(model->strings);
			model->strings = copy_chunk(chunk, 1, &model->nr_strings);
			model->max_strings = model->nr_strings;
			memory = model->strings;
			break;
		case CHUNK_WALKS:
			free(model->walk);
			model->walk = copy_chunk(chunk, sizeof(*model->walk), &model->nr_walks);
			memory = model->walk;
			break;
		case CHUNK_SWAPS:
			if (chunk->size == sizeof(*model->swaps))
				memory = load_swaps(chunk, model);
			break;
		}
	}
	return memory ? 0 : vs_error_memory(error);
}

/* Nothing in the model may point outside it, whatever the file says. */
static bool model_is_sound(const struct vs_model *model)
{
	uint64_t before = 0;

	if (model->nr_strings && (model->strings[0] || model->strings[model->nr_strings - 1]))
		return false;
	if (model->kernel.page_shift < 9 || model->kernel.page_shift > 30 ||
	    model->kernel.levels > VS_MAX_LEVELS || model->origin > VS_ORIGIN_PROC)
		return false;
	for (int i = 0; i < VS_MAX_LEVELS; i++)
		if (model->kernel.level[i].shift > 63 ||
		    model->kernel.level[i].entries > 1u << 20)
			return false;
	for (size_t i = 0; i < model->nr_vmas; i++) {
		const struct vs_vma *vma = &model->vma[i];
		struct vs_tally tally;

		if (vma->start >= vma->end || vma->start < before || vma->page_shift > 63 ||
		    (vma->name && vma->name >= model->nr_strings))
			return false;
		before = vma->end;
		if (vma->tally == VS_NO_TALLY)
			continue;
		if (vma->tally > model->nr_words || model->nr_words - vma->tally < 3)
			return false;
		tally = vs_model_tally(model, vma);
		if (model->nr_words - vma->tally - 3 < vs_tally_values(&tally))
			return false;
	}
	return true;
}

static int load_look(const struct vs_file *state, enum vs_look look, struct vs_model *model,
		     struct file_look *head, struct vs_error *error)
{
	size_t at = find_look(state, look, head);

	if (!at)
		return vs_file_damaged(state, look == VS_LOOK_MAIN ? "the snapshot holds nothing" :
			       "the snapshot was recorded without --verify", error);
	vs_model_clear(model);
	model->origin = head->origin;
	model->kernel = head->kernel;
	model->process = head->process;
	model->cost = head->cost;
	model->have_cost = head->have_cost;
	model->have_vmas = head->have_vmas;
	model->smaps_fields = head->smaps_fields;
	model->cut = head->cut;
	model->recorded_at = head->recorded_at ? head->recorded_at : 1;
	model->kernel.release[sizeof(model->kernel.release) - 1] = 0;
	model->kernel.machine[sizeof(model->kernel.machine) - 1] = 0;
	model->process.comm[sizeof(model->process.comm) - 1] = 0;
	if (load_chunks(state, at, model, error))
		return -1;
	if (model_is_sound(model))
		return 0;
	vs_model_clear(model);
	return vs_file_damaged(state, "the snapshot contradicts itself", error);
}

int vs_file_look(struct vs_source *source, enum vs_look look, struct vs_model *model,
		 struct vs_error *error)
{
	struct file_look head;

	return load_look(source->state, look, model, &head, error);
}

/* Extents with fewer attributes than were recorded: neighbours may join. */
struct joiner {
	const struct vs_request *request;
	const struct vs_model *model;
	uint32_t vma;
	struct vs_extent run;
};

static int flush_run(struct joiner *joiner)
{
	int stop = 0;

	if (joiner->run.pages)
		stop = joiner->request->extent(joiner->request->context, joiner->model,
					       &joiner->model->vma[joiner->vma], &joiner->run);
	joiner->run.pages = 0;
	return stop;
}

static bool joins(const struct joiner *joiner, uint32_t vma, const struct vs_extent *extent)
{
	const struct vs_extent *run = &joiner->run;
	uint64_t end = run->start + ((uint64_t)run->pages << joiner->model->kernel.page_shift);

	if (!run->pages || vma != joiner->vma || end != extent->start ||
	    run->attributes != extent->attributes || run->encoding != extent->encoding ||
	    run->mapcount != extent->mapcount || run->refcount != extent->refcount ||
	    run->swap_type != extent->swap_type || run->marks != extent->marks ||
	    (uint64_t)run->pages + extent->pages > UINT32_MAX)
		return false;
	switch (run->encoding) {
	case VS_FRAMES_NONE:
		return true;
	case VS_FRAMES_SAME:
		return run->frame == extent->frame;
	case VS_FRAMES_RUN:
		return run->frame + run->pages == extent->frame;
	}
	return false;
}

static void apply_key(struct vs_extent *extent, uint64_t key)
{
	extent->attributes &= key;
	if (!(key & VS_KEY_MAPCOUNT))
		extent->mapcount = 0;
	if (!(key & VS_KEY_REFCOUNT))
		extent->refcount = 0;
	if (key & VS_KEY_FRAME)
		return;
	extent->encoding = VS_FRAMES_NONE;
	extent->frame = 0;
	extent->swap_type = 0;
	extent->list = NULL;
}

static int take_extent(struct joiner *joiner, const struct file_extent *from)
{
	const struct vs_request *request = joiner->request;
	unsigned int shift = joiner->model->kernel.page_shift;
	struct vs_extent extent = {
		.start = from->start, .attributes = from->attributes, .frame = from->frame,
		.pages = from->pages, .mapcount = from->mapcount, .refcount = from->refcount,
		.encoding = from->encoding, .swap_type = from->swap_type, .marks = from->marks,
		.list = from->list,
	};
	uint64_t end = extent.start + ((uint64_t)extent.pages << shift);
	int stop;

	if (extent.start < request->start) {
		uint64_t skip = (request->start - extent.start) >> shift;

		if (skip >= extent.pages)
			return 0;
		extent.start = request->start;
		extent.pages -= skip;
		if (extent.encoding == VS_FRAMES_RUN)
			extent.frame += skip;
		extent.list += skip;
	}
	if (request->end && end > request->end) {
		if (extent.start >= request->end)
			return 0;
		extent.pages = (request->end - extent.start) >> shift;
	}
	if ((extent.attributes & VS_ATTR_STATE) == VS_STATE_NONE && !request->holes)
		return 0;
	apply_key(&extent, request->key);
	if (joins(joiner, from->vma, &extent)) {
		joiner->run.pages += extent.pages;
		return 0;
	}
	stop = flush_run(joiner);
	joiner->run = extent;
	joiner->vma = from->vma;
	return stop;
}

static bool extent_is_sound(const struct file_extent *extent, size_t left, size_t nr_vmas)
{
	size_t list;

	if (left < sizeof(*extent) || extent->size > left || extent->size % 8 ||
	    extent->size < sizeof(*extent) || extent->vma >= nr_vmas || !extent->pages)
		return false;
	list = extent->encoding == VS_FRAMES_LIST ? (size_t)extent->pages * 4 : 0;
	return extent->encoding <= VS_FRAMES_LIST && extent->size - sizeof(*extent) >= list;
}

static int read_extents(const struct vs_file *state, const struct vs_request *request,
			const struct vs_model *model, struct vs_error *error)
{
	struct joiner joiner = { .request = request, .model = model };
	size_t at = sizeof(struct file_header);
	const struct chunk *chunk;

	for (; (chunk = vs_file_chunk(state, at)) && chunk->type != CHUNK_END;
	     at += vs_chunk_bytes(chunk)) {
		const char *from = (const char *)(chunk + 1), *end = from + chunk->size;

		if (chunk->type != CHUNK_EXTENTS)
			continue;
		while (from < end) {
			const struct file_extent *extent = (const void *)from;

			if (!extent_is_sound(extent, end - from, model->nr_vmas))
				return vs_file_damaged(state, "the snapshot contradicts itself", error);
			if (take_extent(&joiner, extent))
				return 0;
			from += extent->size;
		}
	}
	flush_run(&joiner);
	return 0;
}

/* Least words of each kind. */
static const size_t least_words[VS_DETAIL_NR] = {
	[VS_DETAIL_TABLES] = sizeof(struct vs_tables) / sizeof(uint64_t),
	[VS_DETAIL_FILL] = sizeof(struct vs_fill) / sizeof(uint64_t),
	[VS_DETAIL_CHARGES] = sizeof(struct vs_charge) / sizeof(uint64_t),
};

static bool detail_is_sound(const struct file_detail *detail, size_t left, size_t nr_vmas)
{
	return left >= sizeof(*detail) && detail->vma < nr_vmas && detail->kind < VS_DETAIL_NR &&
		detail->words >= least_words[detail->kind] &&
		detail->words <= (left - sizeof(*detail)) / sizeof(uint64_t);
}

/* Those that begin in the range, which says no more than the whole of each. */
static bool detail_is_wanted(const struct vs_request *request, const struct file_detail *detail)
{
	return vs_wanted_details(request->want) >> detail->kind & 1 &&
		detail->start >= request->start &&
		(!request->end || detail->start < request->end);
}

static int read_details(const struct vs_file *state, const struct vs_request *request,
			const struct vs_model *model, struct vs_error *error)
{
	size_t at = sizeof(struct file_header);
	const struct chunk *chunk;

	for (; (chunk = vs_file_chunk(state, at)) && chunk->type != CHUNK_END;
	     at += vs_chunk_bytes(chunk)) {
		const char *from = (const char *)(chunk + 1), *end = from + chunk->size;

		while (chunk->type == CHUNK_DETAILS && from < end) {
			const struct file_detail *record = (const void *)from;
			struct vs_detail detail;

			if (!detail_is_sound(record, end - from, model->nr_vmas))
				return vs_file_damaged(state, "the snapshot contradicts itself", error);
			detail = (struct vs_detail){
				.start = record->start, .end = record->end, .kind = record->kind,
				.marks = record->marks, .words = record->words,
				.word = record->word,
			};
			if (detail_is_wanted(request, record) &&
			    request->detail(request->context, model, &model->vma[record->vma],
					    &detail))
				return 0;
			from += sizeof(*record) + record->words * sizeof(uint64_t);
		}
	}
	return 0;
}

/* Of the recorded walks, those that are asked for, in that order; else all. */
static int choose_walks(const struct vs_file *state, const struct vs_request *request,
			struct vs_model *model, struct vs_error *error)
{
	struct vs_walk *chosen;

	if (!request->nr_addresses && !model->nr_walks)
		return vs_error_set(error, VS_FAIL_INPUT,
				    "%s: holds no walk: record it with --walk ADDRESS", state->name);
	if (!request->nr_addresses)
		return 0;
	chosen = calloc(request->nr_addresses, sizeof(*chosen));
	if (!chosen)
		return vs_error_memory(error);
	for (size_t i = 0; i < request->nr_addresses; i++) {
		size_t n;

		for (n = 0; n < model->nr_walks; n++)
			if (model->walk[n].address == request->address[i])
				break;
		if (n == model->nr_walks) {
			free(chosen);
			return vs_error_set(error, VS_FAIL_INPUT,
				"%s: holds no walk of 0x%" PRIx64 ": record it with --walk 0x%" PRIx64,
				state->name, request->address[i], request->address[i]);
		}
		chosen[i] = model->walk[n];
	}
	free(model->walk);
	model->walk = chosen;
	model->nr_walks = request->nr_addresses;
	return 0;
}

static int file_collect(struct vs_source *source, const struct vs_request *request,
			struct vs_model *model, struct vs_error *error)
{
	struct vs_file *state = source->state;
	struct file_look head;

	if (load_look(state, VS_LOOK_MAIN, model, &head, error))
		return -1;
	if (request->want & (VS_WANT_EXTENTS | VS_WANT_KEY)) {
		if (!head.key)
			return vs_error_set(error, VS_FAIL_INPUT,
				"%s: holds no pages: record them with --pages", state->name);
		if (request->holes)
			return vs_error_set(error, VS_FAIL_INPUT,
				"%s: holds no untouched pages: ask without --holes", state->name);
		model->kernel.key = head.key;
		if (request->key & ~head.key)
			return vs_error_set(error, VS_FAIL_INPUT,
				"%s: was recorded without some of these attributes: choose others with --key",
				state->name);
	}
	if (request->want & VS_WANT_EXTENTS) {
		if (read_extents(state, request, model, error))
			return -1;
	}
	if (vs_wanted_details(request->want) & ~model->kernel.details)
		return vs_error_set(error, VS_FAIL_INPUT,
			"%s: holds no %s",
			state->name, request->want & VS_WANT_FILL ?
			"figures of what is zero: record it with --fill" :
			"page tables: record it with a module that counts them");
	if (request->want & VS_WANT_DETAILS && read_details(state, request, model, error))
		return -1;
	if (request->want & VS_WANT_WALKS && choose_walks(state, request, model, error))
		return -1;
	return 0;
}

const struct vs_source_ops vs_source_file = {
	.name = "file",
	.open = file_open,
	.collect = file_collect,
	.close = file_close,
};
