// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Page faults in a recorded file, written and read. It must not know how they are
 * counted, nor how they are shown.
 */
#include <stdlib.h>
#include <string.h>

#include "fault_file.h"
#include "file_format.h"
#include "stacks_file.h"

/* Of what follows in this file, as long as it has the same meaning. */
#define FAULTS_FORMAT	3

#define HOW		"vmscope faults --record FILE"
#define MISSING_NAME	32
/* Lines in one chunk. */
#define MANY		4096

struct file_faults {
	uint32_t format;
	uint32_t nr_missing;
	struct vs_fault_run run;
	struct vs_fault_thread others;
	uint64_t all_signals;
	struct vs_fault_cause cause[VS_FAULT_CAUSES];
	uint64_t watched_ns;
	uint64_t attach_ns;
	uint64_t lost_vmas;
	uint64_t lost_threads;
	uint64_t lost_storage;
	struct vs_stream_sums stream;
	char missing[VS_FAULT_MISSING][MISSING_NAME];
};

#define WAS_WRITE	(1u << 0)
#define WAS_PLACED	(1u << 1)
/* Besides enum vs_told: @ns of them were lost. */
#define TOLD_LOST	255

struct file_told {
	uint8_t what;
	uint8_t cause;
	uint8_t signal;
	uint8_t flags;			/* WAS_* */
	uint32_t vma;			/* its number, 0: not known */
	uint32_t tid;
	uint32_t pid;
	uint64_t at_ns;
	uint64_t address;
	uint64_t ns;
};

/* ---------------------------------------------------------------------- writing */

struct vs_fault_recorder {
	struct vs_recorder *out;
	struct vs_told_vma *vma;	/* by their number */
	size_t nr_vmas;
	size_t nr_told;			/* that are not written yet */
	struct vs_error error;		/* the first one */
	bool failed;
	struct file_told told[MANY];
};

struct vs_fault_recorder *vs_fault_record_start(const char *file, struct vs_error *error)
{
	struct vs_fault_recorder *recorder = calloc(1, sizeof(*recorder));

	if (!recorder) {
		vs_error_memory(error);
		return NULL;
	}
	recorder->out = vs_record_start(file, error);
	if (recorder->out)
		return recorder;
	free(recorder);
	return NULL;
}

static void write_told(struct vs_fault_recorder *recorder)
{
	if (!recorder->failed && recorder->nr_told)
		recorder->failed = vs_record_chunk(recorder->out, CHUNK_TOLD, recorder->told,
			recorder->nr_told * sizeof(*recorder->told), &recorder->error);
	recorder->nr_told = 0;
}

static struct file_told *next_told(struct vs_fault_recorder *recorder)
{
	if (recorder->nr_told == MANY)
		write_told(recorder);
	return &recorder->told[recorder->nr_told++];
}

static void keep_vma(struct vs_fault_recorder *recorder, uint32_t number,
		     const struct vs_told_vma *vma)
{
	struct vs_told_vma *more;

	if (number >= recorder->nr_vmas) {
		size_t nr = 2 * (size_t)number + 64;

		more = reallocarray(recorder->vma, nr, sizeof(*more));
		if (!more) {
			recorder->failed = true;
			vs_error_memory(&recorder->error);
			return;
		}
		memset(more + recorder->nr_vmas, 0, (nr - recorder->nr_vmas) * sizeof(*more));
		recorder->vma = more;
		recorder->nr_vmas = nr;
	}
	recorder->vma[number] = *vma;
}

void vs_fault_record_told(struct vs_fault_recorder *recorder, const struct vs_told_fault *fault)
{
	*next_told(recorder) = (struct file_told){
		.what = fault->what,
		.cause = fault->cause,
		.signal = fault->signal,
		.flags = (fault->write ? WAS_WRITE : 0) | (fault->placed ? WAS_PLACED : 0),
		.vma = fault->vma ? fault->vma_number : 0,
		.tid = fault->tid,
		.pid = fault->pid,
		.at_ns = fault->at_ns,
		.address = fault->address,
		.ns = fault->ns,
	};
	if (fault->vma)
		keep_vma(recorder, fault->vma_number, fault->vma);
}

void vs_fault_record_lost(struct vs_fault_recorder *recorder, uint64_t nr)
{
	*next_told(recorder) = (struct file_told){ .what = TOLD_LOST, .ns = nr };
}

static int write_command(struct vs_recorder *out, char **command, struct vs_error *error)
{
	size_t size = 0, at = 0;
	char *words;
	int err;

	for (char **word = command; *word; word++)
		size += strlen(*word) + 1;
	words = malloc(size + 1);
	if (!words)
		return vs_error_memory(error);
	for (char **word = command; *word; word++) {
		strcpy(words + at, *word);
		at += strlen(*word) + 1;
	}
	err = vs_record_chunk(out, CHUNK_FAULT_COMMAND, words, size, error);
	free(words);
	return err;
}

static int write_all(struct vs_recorder *out, const struct vs_fault_run *run, char **command,
		     const char *cgroup, const struct vs_faults *faults, struct vs_error *error)
{
	struct file_faults head = {
		.format = FAULTS_FORMAT,
		.nr_missing = faults->nr_missing,
		.run = *run,
		.others = faults->others,
		.all_signals = faults->all_signals,
		.watched_ns = faults->watched_ns,
		.attach_ns = faults->attach_ns,
		.lost_vmas = faults->lost_vmas,
		.lost_threads = faults->lost_threads,
		.lost_storage = faults->lost_storage,
		.stream = faults->stream,
	};

	memcpy(head.cause, faults->cause, sizeof(head.cause));
	for (size_t i = 0; i < faults->nr_missing; i++)
		memcpy(head.missing[i], faults->missing[i],
		       strnlen(faults->missing[i], MISSING_NAME - 1));
	if (vs_record_chunk(out, CHUNK_FAULTS, &head, sizeof(head), error) ||
	    vs_record_chunk(out, CHUNK_FAULT_THREADS, faults->thread,
			    faults->nr_threads * sizeof(*faults->thread), error) ||
	    vs_record_chunk(out, CHUNK_FAULT_VMAS, faults->vma,
			    faults->nr_vmas * sizeof(*faults->vma), error) ||
	    vs_record_chunk(out, CHUNK_FAULT_SIGNALS, faults->signal,
			    faults->nr_signals * sizeof(*faults->signal), error) ||
	    vs_stacks_record(out, &faults->stacks, error))
		return -1;
	if (cgroup && vs_record_chunk(out, CHUNK_FAULT_CGROUP, cgroup, strlen(cgroup) + 1, error))
		return -1;
	return command ? write_command(out, command, error) : 0;
}

int vs_fault_record_finish(struct vs_fault_recorder *recorder, const struct vs_fault_run *run,
			   char **command, const char *cgroup, const struct vs_faults *faults,
			   struct vs_error *error)
{
	int err = 0;

	write_told(recorder);
	if (recorder->failed) {
		*error = recorder->error;
		err = -1;
	}
	if (!err)
		err = vs_record_chunk(recorder->out, CHUNK_TOLD_VMAS, recorder->vma,
				      recorder->nr_vmas * sizeof(*recorder->vma), error);
	if (!err)
		err = write_all(recorder->out, run, command, cgroup, faults, error);
	if (!err) {
		err = vs_record_finish(recorder->out, error);
		recorder->out = NULL;
	}
	vs_fault_record_abandon(recorder);
	return err;
}

void vs_fault_record_abandon(struct vs_fault_recorder *recorder)
{
	if (!recorder)
		return;
	if (recorder->out)
		vs_record_abandon(recorder->out);
	free(recorder->vma);
	free(recorder);
}

/* ---------------------------------------------------------------------- reading */

struct vs_fault_file {
	struct vs_file file;
	struct file_faults head;
	char **command;
	char *words;
	char *cgroup;
	struct vs_told_vma *vma;
	size_t nr_vmas;
	struct vs_faults faults;	/* those of its chunks */
};

/* The last one of its type, as it always is the only one; NULL: there is none. */
static const struct chunk *find(const struct vs_fault_file *file, enum chunk_type type)
{
	const struct chunk *chunk, *found = NULL;
	size_t at = sizeof(struct file_header);

	for (; (chunk = vs_file_chunk(&file->file, at)) && chunk->type != CHUNK_END;
	     at += vs_chunk_bytes(chunk))
		if (chunk->type == (uint32_t)type)
			found = chunk;
	return found;
}

/* What a chunk consists of. */
static size_t element_of(uint32_t type)
{
	switch (type) {
	case CHUNK_FAULT_THREADS:
		return sizeof(struct vs_fault_thread);
	case CHUNK_FAULT_VMAS:
		return sizeof(struct vs_fault_vma);
	case CHUNK_FAULT_SIGNALS:
		return sizeof(struct vs_fault_signal);
	case CHUNK_TOLD:
		return sizeof(struct file_told);
	case CHUNK_TOLD_VMAS:
		return sizeof(struct vs_told_vma);
	}
	return 1;
}

static bool is_whole(const struct vs_fault_file *file)
{
	size_t at = sizeof(struct file_header);
	const struct chunk *chunk;

	for (; (chunk = vs_file_chunk(&file->file, at)) && chunk->type != CHUNK_END;
	     at += vs_chunk_bytes(chunk))
		if (chunk->size % element_of(chunk->type))
			return false;
	return true;
}

/* NULL without memory; with room for one more, which is zero. */
static void *copy(const struct vs_fault_file *file, enum chunk_type type, size_t *nr)
{
	const struct chunk *chunk = find(file, type);
	size_t element = element_of(type);
	void *to;

	*nr = chunk ? chunk->size / element : 0;
	to = calloc(*nr + 1, element);
	if (to && chunk)
		memcpy(to, chunk + 1, *nr * element);
	return to;
}

/* Words end, at the latest where the file says that they do. */
static bool load_command(struct vs_fault_file *file)
{
	size_t size, nr = 0;

	if (!find(file, CHUNK_FAULT_COMMAND))
		return true;
	file->words = copy(file, CHUNK_FAULT_COMMAND, &size);
	file->command = file->words ? calloc(size + 2, sizeof(*file->command)) : NULL;
	if (!file->command)
		return false;
	for (size_t at = 0; at < size; at += strlen(file->words + at) + 1)
		file->command[nr++] = file->words + at;
	if (!nr)
		file->command[0] = file->words;
	return true;
}

/* It ends, as copy() has a 0 behind it. */
static bool load_cgroup(struct vs_fault_file *file)
{
	size_t size;

	if (find(file, CHUNK_FAULT_CGROUP))
		file->cgroup = copy(file, CHUNK_FAULT_CGROUP, &size);
	return file->cgroup || !find(file, CHUNK_FAULT_CGROUP);
}

/* Any byte can stand there, and only two of them are a bool. */
static void make_bool(bool *value)
{
	unsigned char byte;

	memcpy(&byte, value, 1);
	*value = byte;
}

/* Names end, and what leads into a table stays there. */
static bool is_sound(struct vs_fault_file *file)
{
	struct vs_faults *faults = &file->faults;
	struct file_faults *head = &file->head;

	if (head->nr_missing > VS_FAULT_MISSING || faults->nr_signals > head->all_signals ||
	    head->run.kernel.page_shift < 9 || head->run.kernel.page_shift > 30 ||
	    head->run.kernel.levels > VS_MAX_LEVELS ||
	    head->run.scope > VS_FAULTS_OF_CGROUP ||
	    (head->run.scope == VS_FAULTS_OF_CGROUP && !file->cgroup))
		return false;
	for (int i = 0; i < VS_MAX_LEVELS; i++)
		if (head->run.kernel.level[i].shift > 63 ||
		    head->run.kernel.level[i].entries > 1u << 20)
			return false;
	head->run.kernel.release[sizeof(head->run.kernel.release) - 1] = 0;
	head->run.kernel.machine[sizeof(head->run.kernel.machine) - 1] = 0;
	make_bool(&head->stream.asked);
	for (size_t i = 0; i < VS_FAULT_MISSING; i++)
		head->missing[i][MISSING_NAME - 1] = 0;
	for (size_t i = 0; i < faults->nr_threads; i++) {
		make_bool(&faults->thread[i].ended);
		faults->thread[i].comm[VS_FAULT_COMM - 1] = 0;
	}
	for (size_t i = 0; i < faults->nr_vmas; i++) {
		if (faults->vma[i].kind > VS_FAULT_VMA_SPECIAL)
			return false;
		make_bool(&faults->vma[i].foreign);
		make_bool(&faults->vma[i].ended);
		faults->vma[i].name[VS_FAULT_NAME - 1] = 0;
	}
	for (size_t i = 0; i < faults->nr_signals; i++) {
		if (faults->signal[i].access > VS_ACCESS_NO_ADDRESS)
			return false;
		make_bool(&faults->signal[i].vma_known);
	}
	for (size_t i = 0; i < file->nr_vmas; i++) {
		if (file->vma[i].kind > VS_FAULT_VMA_SPECIAL)
			return false;
		make_bool(&file->vma[i].foreign);
		file->vma[i].name[VS_FAULT_NAME - 1] = 0;
	}
	return true;
}

static int load(struct vs_fault_file *file, struct vs_error *error)
{
	const struct chunk *chunk = find(file, CHUNK_FAULTS);
	struct vs_faults *faults = &file->faults;

	if (!chunk)
		return vs_file_damaged(&file->file, "it holds no page faults", error);
	memcpy(&file->head, chunk + 1, chunk->size < sizeof(file->head) ? chunk->size :
	       sizeof(file->head));
	if (chunk->size != sizeof(file->head) || file->head.format != FAULTS_FORMAT)
		return vs_file_damaged(&file->file, "its page faults are of another format", error);
	if (!is_whole(file))
		return vs_file_damaged(&file->file, "the snapshot contradicts itself", error);
	faults->thread = copy(file, CHUNK_FAULT_THREADS, &faults->nr_threads);
	faults->vma = copy(file, CHUNK_FAULT_VMAS, &faults->nr_vmas);
	faults->signal = copy(file, CHUNK_FAULT_SIGNALS, &faults->nr_signals);
	file->vma = copy(file, CHUNK_TOLD_VMAS, &file->nr_vmas);
	if (!faults->thread || !faults->vma || !faults->signal || !file->vma ||
	    !load_command(file) || !load_cgroup(file))
		return vs_error_memory(error);
	if (!is_sound(file))
		return vs_file_damaged(&file->file, "the snapshot contradicts itself", error);
	return vs_stacks_load(&file->file, &faults->stacks, error);
}

struct vs_fault_file *vs_fault_file_open(const char *name, struct vs_error *error)
{
	struct vs_fault_file *file = calloc(1, sizeof(*file));

	if (!file) {
		vs_error_memory(error);
		return NULL;
	}
	if (!vs_file_open(&file->file, name, HOW, error) && !load(file, error))
		return file;
	vs_fault_file_close(file);
	return NULL;
}

void vs_fault_file_close(struct vs_fault_file *file)
{
	if (!file)
		return;
	vs_file_close(&file->file);
	vs_faults_free(&file->faults);
	free(file->command);
	free(file->words);
	free(file->cgroup);
	free(file->vma);
	free(file);
}

const struct vs_fault_run *vs_fault_file_run(const struct vs_fault_file *file)
{
	return &file->head.run;
}

char **vs_fault_file_command(const struct vs_fault_file *file)
{
	return file->command;
}

const char *vs_fault_file_cgroup(const struct vs_fault_file *file)
{
	return file->cgroup;
}

static void tell_one(const struct vs_fault_file *file, const void *told,
		     const struct vs_stream *stream)
{
	struct file_told from;
	struct vs_told_fault fault;

	/* Whoever has the file open can change it between two looks. */
	memcpy(&from, told, sizeof(from));
	fault = (struct vs_told_fault){
		.what = from.what,
		.cause = from.cause,
		.signal = from.signal,
		.write = from.flags & WAS_WRITE,
		.placed = from.flags & WAS_PLACED,
		.tid = from.tid,
		.pid = from.pid,
		.at_ns = from.at_ns,
		.address = from.address,
		.ns = from.ns,
		.vma_number = from.vma,
		.vma = from.vma && from.vma < file->nr_vmas ? &file->vma[from.vma] : NULL,
	};

	if (fault.what == TOLD_LOST)
		stream->lost(stream->context, fault.ns);
	else if (fault.what <= VS_TOLD_WRONG && fault.cause <= VS_NO_CAUSE &&
		 (fault.what >= VS_TOLD_FAILED || fault.cause < VS_FAULT_CAUSES))
		stream->tell(stream->context, &fault);
}

void vs_fault_file_tell(const struct vs_fault_file *file, const struct vs_stream *stream)
{
	size_t at = sizeof(struct file_header);
	const struct chunk *chunk;

	for (; (chunk = vs_file_chunk(&file->file, at)) && chunk->type != CHUNK_END;
	     at += vs_chunk_bytes(chunk)) {
		const struct file_told *told = (const void *)(chunk + 1);

		if (chunk->type != CHUNK_TOLD)
			continue;
		for (size_t i = 0; i < chunk->size / sizeof(*told); i++)
			tell_one(file, &told[i], stream);
	}
}

/* Those of the file are handed over, not copied: they are asked for once. */
void vs_fault_file_faults(struct vs_fault_file *file, struct vs_faults *faults)
{
	const struct file_faults *head = &file->head;

	*faults = file->faults;
	memset(&file->faults, 0, sizeof(file->faults));
	faults->others = head->others;
	faults->all_signals = head->all_signals;
	memcpy(faults->cause, head->cause, sizeof(faults->cause));
	faults->watched_ns = head->watched_ns;
	faults->attach_ns = head->attach_ns;
	faults->lost_vmas = head->lost_vmas;
	faults->lost_threads = head->lost_threads;
	faults->lost_storage = head->lost_storage;
	faults->stream = head->stream;
	faults->nr_missing = head->nr_missing;
	for (size_t i = 0; i < head->nr_missing; i++)
		faults->missing[i] = head->missing[i];
}
