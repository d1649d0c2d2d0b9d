// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Page faults one by one, as BPF programs put them into a ring buffer. It must not
 * know how they are counted, nor how they are shown.
 */
#ifdef VMSCOPE_BPF

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "fault_stream.h"
#include "faults.h"
#include "faults.skel.h"

#define SAME(a, b)	_Static_assert((int)(a) == (int)(b), #a)
SAME(VS_TOLD_MINOR, FAULT_TOLD_MINOR);
SAME(VS_TOLD_MAJOR, FAULT_TOLD_MAJOR);
SAME(VS_TOLD_FAILED, FAULT_TOLD_FAILED);
SAME(VS_TOLD_WRONG, FAULT_TOLD_WRONG);
_Static_assert(FAULT_CAUSES < 32, "a bit for each cause");

/* include/linux/kdev_t.h */
#define MINOR_BITS	20

/* So many at one go: somebody may want to stop it. */
#define MANY		4096

struct vs_stream_reader {
	struct faults_bpf *bpf;
	struct ring_buffer *ring;
	const struct vs_stream *stream;
	struct vs_told_vma *vma;	/* by their number */
	size_t nr_vmas;
	uint64_t begun_ns;
	uint64_t told, dropped;
	unsigned int at_once;
};

/* ---------------------------------------------------------------------- before */

/* A power of two, and of pages. */
static size_t size_of(const struct vs_stream *stream)
{
	size_t size = sysconf(_SC_PAGESIZE);

	while (size < stream->buffer && size <= SIZE_MAX / 2)
		size *= 2;
	return size;
}

int vs_stream_choose(struct faults_bpf *bpf, const struct vs_stream *stream,
		     struct vs_error *error)
{
	struct faults_bpf__rodata *chosen = bpf->rodata;
	size_t size;

	bpf_map__set_autocreate(bpf->maps.events, stream && stream->tell);
	if (!stream)
		return 0;
	chosen->stream_causes = stream->causes;
	chosen->stream_slower = stream->slower_ns;
	chosen->stream_start = stream->start;
	chosen->stream_end = stream->end;
	chosen->stream_named = stream->named;
	chosen->stream_kind = stream->kind;
	memcpy(chosen->stream_name, stream->name, sizeof(stream->name));
	if (!stream->tell)
		return 0;
	size = size_of(stream);
	if (bpf_map__set_max_entries(bpf->maps.events, size))
		return vs_error_set(error, VS_FAIL_INPUT, "a buffer of %zu bytes cannot be",
				    size);
	chosen->stream = true;
	chosen->stream_quarters = ~(size / 4 - 1);
	return 0;
}

/* --------------------------------------------------------------------- reading */

static void take_vma(struct vs_stream_reader *reader,
		     const struct fault_told_vma *from)
{
	struct vs_told_vma *to;
	size_t page = sysconf(_SC_PAGESIZE);

	/* They are numbered one by one, but may come in another order. */
	if (from->vma >= reader->nr_vmas) {
		size_t nr = 2 * (size_t)from->vma + 64;

		to = reallocarray(reader->vma, nr, sizeof(*to));
		/* Then its faults are told without it. */
		if (!to)
			return;
		memset(to + reader->nr_vmas, 0, (nr - reader->nr_vmas) * sizeof(*to));
		reader->vma = to;
		reader->nr_vmas = nr;
	}
	to = &reader->vma[from->vma];
	to->kind = from->kind;
	to->foreign = from->foreign;
	to->dev_major = from->device >> MINOR_BITS;
	to->dev_minor = from->device & ((1u << MINOR_BITS) - 1);
	to->inode = from->inode;
	to->offset = from->pgoff * page - from->start;
	memcpy(to->name, from->name, sizeof(to->name));
}

static void tell_dropped(struct vs_stream_reader *reader, uint64_t dropped)
{
	if (dropped <= reader->dropped)
		return;
	reader->stream->lost(reader->stream->context, dropped - reader->dropped);
	reader->dropped = dropped;
}

/* Negative, and it is the last one of this time. */
static int take(void *context, void *event, size_t size)
{
	struct vs_stream_reader *reader = context;
	const struct fault_told *from = event;
	struct vs_told_fault fault;

	(void)size;
	if (from->what == FAULT_TOLD_VMA) {
		take_vma(reader, event);
		return 0;
	}
	fault = (struct vs_told_fault){
		.what = from->what,
		.cause = from->cause,
		.signal = from->signal,
		.write = from->flags & FAULT_TOLD_WRITE,
		.placed = from->flags & FAULT_TOLD_PLACED,
		.tid = from->tid,
		.pid = from->tgid,
		.at_ns = from->at > reader->begun_ns ? from->at - reader->begun_ns : 0,
		.address = from->address,
		.ns = from->ns,
		.vma_number = from->vma,
	};
	if (from->vma && from->vma < reader->nr_vmas)
		fault.vma = &reader->vma[from->vma];
	tell_dropped(reader, from->dropped);
	reader->stream->tell(reader->stream->context, &fault);
	reader->told++;
	return ++reader->at_once < MANY ? 0 : -EAGAIN;
}

struct vs_stream_reader *vs_stream_open(struct faults_bpf *bpf, const struct vs_stream *stream,
					struct vs_error *error)
{
	struct vs_stream_reader *reader = calloc(1, sizeof(*reader));

	if (!reader) {
		vs_error_memory(error);
		return NULL;
	}
	reader->bpf = bpf;
	reader->stream = stream;
	reader->ring = ring_buffer__new(bpf_map__fd(bpf->maps.events), take, reader, NULL);
	if (reader->ring)
		return reader;
	vs_error_set(error, VS_FAIL_CANNOT, "cannot read the buffer of faults: %s",
		     strerror(errno));
	vs_stream_close(reader);
	return NULL;
}

void vs_stream_close(struct vs_stream_reader *reader)
{
	if (!reader)
		return;
	ring_buffer__free(reader->ring);
	free(reader->vma);
	free(reader);
}

int vs_stream_fd(const struct vs_stream_reader *reader)
{
	return ring_buffer__epoll_fd(reader->ring);
}

bool vs_stream_read(struct vs_stream_reader *reader, uint64_t begun_ns)
{
	reader->begun_ns = begun_ns;
	reader->at_once = 0;
	return ring_buffer__consume(reader->ring) == -EAGAIN;
}

void vs_stream_end(struct vs_stream_reader *reader, uint64_t begun_ns,
		   struct vs_stream_sums *sums)
{
	while (vs_stream_read(reader, begun_ns))
		;
	tell_dropped(reader, reader->bpf->bss->nr_dropped);
	*sums = (struct vs_stream_sums){
		.asked = true,
		.buffer = bpf_map__max_entries(reader->bpf->maps.events),
		.told = reader->told,
		.filtered = reader->bpf->bss->nr_filtered,
		.dropped = reader->dropped,
	};
}

#endif
