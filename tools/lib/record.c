// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Writing a recorded file, piece by piece. It must not know what the figures
 * mean, nor how they are read again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "file_format.h"

uint64_t vs_file_checksum(uint64_t sum, const void *data, size_t size)
{
	const char *at = data;

	for (; size >= 8; size -= 8, at += 8) {
		uint64_t word;

		memcpy(&word, at, 8);
		sum = (sum ^ word) * 1099511628211ull;
		sum ^= sum >> 32;
	}
	return sum;
}

/* Records on their way to a chunk of their own. */
struct batch {
	enum chunk_type type;
	char *data;
	size_t used, size;
};

struct vs_recorder {
	FILE *out;
	char *name;
	char *part;			/* its name while it is being written */
	uint64_t sum;
	struct batch extents;
	struct batch details;
};

static int lost(struct vs_recorder *recorder, struct vs_error *error)
{
	return vs_error_set(error, VS_FAIL_PARTIAL, "writing %s: %s: the snapshot is not complete",
			    recorder->part, strerror(errno));
}

static int put(struct vs_recorder *recorder, const void *data, size_t size, struct vs_error *error)
{
	recorder->sum = vs_file_checksum(recorder->sum, data, size);
	/* Of nothing there may be no address. */
	if (size && fwrite(data, 1, size, recorder->out) != size)
		return lost(recorder, error);
	return 0;
}

int vs_record_chunk(struct vs_recorder *recorder, enum chunk_type type, const void *data,
		    size_t size, struct vs_error *error)
{
	struct chunk chunk = { .type = type, .size = size };
	char tail[8] = { 0 };
	size_t whole = size & ~(size_t)7;

	if (put(recorder, &chunk, sizeof(chunk), error) || put(recorder, data, whole, error))
		return -1;
	if (whole == size)
		return 0;
	memcpy(tail, (const char *)data + whole, size - whole);
	return put(recorder, tail, sizeof(tail), error);
}

static struct vs_recorder *new_recorder(const char *file)
{
	struct vs_recorder *recorder = calloc(1, sizeof(*recorder));

	if (!recorder)
		return NULL;
	recorder->extents.type = CHUNK_EXTENTS;
	recorder->details.type = CHUNK_DETAILS;
	recorder->name = strdup(file);
	if (recorder->name && asprintf(&recorder->part, "%s.part", file) >= 0)
		return recorder;
	free(recorder->name);
	free(recorder);
	return NULL;
}

struct vs_recorder *vs_record_start(const char *file, struct vs_error *error)
{
	struct file_header header = {
		.endian = ENDIAN,
		.format = FORMAT,
		.header_size = sizeof(header),
	};
	struct vs_recorder *recorder = new_recorder(file);
	int fd;

	if (!recorder) {
		vs_error_memory(error);
		return NULL;
	}
	/* It tells physical addresses: nobody else may read it. */
	fd = open(recorder->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	recorder->out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!recorder->out) {
		vs_error_set(error, VS_FAIL_INPUT, "cannot write %s: %s: choose another FILE",
			     recorder->part, strerror(errno));
		free(recorder->name);
		free(recorder->part);
		free(recorder);
		return NULL;
	}
	recorder->sum = CHECKSUM_START;
	memcpy(header.magic, magic, sizeof(magic));
	if (put(recorder, &header, sizeof(header), error)) {
		vs_record_abandon(recorder);
		return NULL;
	}
	return recorder;
}

static int flush(struct vs_recorder *recorder, struct batch *batch, struct vs_error *error)
{
	int err = 0;

	if (batch->used)
		err = vs_record_chunk(recorder, batch->type, batch->data, batch->used, error);
	batch->used = 0;
	return err;
}

/* Room for one more record, zeroed; NULL with the error set. */
static void *new_record(struct vs_recorder *recorder, struct batch *batch, size_t size,
			struct vs_error *error)
{
	size_t want = size > 1u << 18 ? size : 1u << 18;
	char *record;

	if (batch->used + size > batch->size) {
		if (flush(recorder, batch, error))
			return NULL;
		if (want > batch->size) {
			free(batch->data);
			batch->size = 0;
			batch->data = malloc(want);
			if (!batch->data) {
				vs_error_memory(error);
				return NULL;
			}
			batch->size = want;
		}
	}
	record = batch->data + batch->used;
	batch->used += size;
	return memset(record, 0, size);
}

int vs_record_extent(struct vs_recorder *recorder, uint32_t vma, const struct vs_extent *extent,
		     struct vs_error *error)
{
	size_t list = extent->encoding == VS_FRAMES_LIST ? (size_t)extent->pages * 4 : 0;
	size_t size = (sizeof(struct file_extent) + list + 7) & ~(size_t)7;
	struct file_extent *to = new_record(recorder, &recorder->extents, size, error);

	if (!to)
		return -1;
	to->size = size;
	to->vma = vma;
	to->start = extent->start;
	to->attributes = extent->attributes;
	to->frame = extent->frame;
	to->pages = extent->pages;
	to->mapcount = extent->mapcount;
	to->refcount = extent->refcount;
	to->encoding = extent->encoding;
	to->swap_type = extent->swap_type;
	to->marks = extent->marks;
	if (list)
		memcpy(to->list, extent->list, list);
	return 0;
}

int vs_record_detail(struct vs_recorder *recorder, uint32_t vma, const struct vs_detail *detail,
		     struct vs_error *error)
{
	size_t words = detail->words * sizeof(uint64_t);
	struct file_detail *to = new_record(recorder, &recorder->details, sizeof(*to) + words,
					    error);

	if (!to)
		return -1;
	to->words = detail->words;
	to->vma = vma;
	to->start = detail->start;
	to->end = detail->end;
	to->kind = detail->kind;
	to->marks = detail->marks;
	memcpy(to->word, detail->word, words);
	return 0;
}

int vs_record_model(struct vs_recorder *recorder, enum vs_look look, const struct vs_model *model,
		    uint64_t key, uint64_t details, struct vs_error *error)
{
	struct file_look head = {
		.look = look,
		.origin = model->origin,
		.have_cost = model->have_cost,
		.have_vmas = model->have_vmas,
		.smaps_fields = model->smaps_fields,
		.cut = model->cut,
		.recorded_at = time(NULL),
		.key = key,
		.kernel = model->kernel,
		.process = model->process,
		.cost = model->cost,
	};

	head.kernel.details = details;
	if (flush(recorder, &recorder->extents, error) ||
	    flush(recorder, &recorder->details, error) ||
	    vs_record_chunk(recorder, CHUNK_LOOK, &head, sizeof(head), error) ||
	    vs_record_chunk(recorder, CHUNK_VMAS, model->vma, model->nr_vmas * sizeof(*model->vma),
		      error) ||
	    vs_record_chunk(recorder, CHUNK_WORDS, model->words, model->nr_words * sizeof(*model->words),
		      error) ||
	    vs_record_chunk(recorder, CHUNK_STRINGS, model->strings, model->nr_strings, error))
		return -1;
	return vs_record_chunk(recorder, CHUNK_WALKS, model->walk,
			 model->nr_walks * sizeof(*model->walk), error);
}

int vs_record_swaps(struct vs_recorder *recorder, const struct vs_swaps_then *swaps,
		    struct vs_error *error)
{
	return vs_record_chunk(recorder, CHUNK_SWAPS, swaps, sizeof(*swaps), error);
}

int vs_record_finish(struct vs_recorder *recorder, struct vs_error *error)
{
	uint64_t sum = recorder->sum;
	int err = vs_record_chunk(recorder, CHUNK_END, &sum, sizeof(sum), error);

	if (!err && (fflush(recorder->out) || fsync(fileno(recorder->out)) < 0))
		if (errno != EINVAL && errno != EROFS)
			err = lost(recorder, error);
	if (!err && rename(recorder->part, recorder->name))
		err = lost(recorder, error);
	if (!err) {
		free(recorder->part);
		recorder->part = NULL;
	}
	vs_record_abandon(recorder);
	return err;
}

void vs_record_abandon(struct vs_recorder *recorder)
{
	fclose(recorder->out);
	if (recorder->part)
		unlink(recorder->part);
	free(recorder->part);
	free(recorder->name);
	free(recorder->extents.data);
	free(recorder->details.data);
	free(recorder);
}
