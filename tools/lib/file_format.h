/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a recorded file consists of. It must not know who writes or reads it.
 *
 * A file is a header, then chunks of a type and a size, then a checksum. The
 * chunks of a look follow its head; extents and details stand before all looks,
 * each in the order in which they were met.
 */
#ifndef VMSCOPE_FILE_FORMAT_H
#define VMSCOPE_FILE_FORMAT_H

#include "source.h"
#include "swaps.h"

#define FORMAT		3
#define ENDIAN		0x01020304u

static const char magic[8] = { '\x89', 'V', 'M', 'S', 'C', 'O', 'P', 'E' };

struct file_header {
	char magic[8];
	uint32_t endian;
	uint32_t format;
	uint32_t header_size;
	uint32_t reserved;
};

enum chunk_type {
	CHUNK_END = 1,			/* uint64_t: checksum of all before this chunk */
	CHUNK_EXTENTS = 2,		/* struct file_extent... */
	CHUNK_DETAILS = 8,		/* struct file_detail... */
	CHUNK_LOOK = 3,			/* struct file_look */
	CHUNK_VMAS = 4,			/* struct vs_vma... */
	CHUNK_WORDS = 5,		/* uint64_t... */
	CHUNK_STRINGS = 6,		/* char... */
	CHUNK_WALKS = 7,		/* struct vs_walk... */
	CHUNK_SWAPS = 9,		/* struct vs_swaps_then; older files have none */
	/* page faults, which have a file of their own */
	CHUNK_FAULTS = 10,		/* struct file_faults */
	CHUNK_FAULT_THREADS = 11,	/* struct vs_fault_thread... */
	CHUNK_FAULT_VMAS = 12,		/* struct vs_fault_vma... */
	CHUNK_FAULT_SIGNALS = 13,	/* struct vs_fault_signal... */
	CHUNK_FAULT_COMMAND = 14,	/* its words, each ended by 0 */
	CHUNK_TOLD = 15,		/* struct file_told..., as they happened */
	CHUNK_TOLD_VMAS = 16,		/* struct vs_told_vma..., by their number */
	CHUNK_FAULT_CGROUP = 17,	/* its path, ended by 0 */
	/* and their user stacks, when somebody asked for them */
	CHUNK_FAULT_STACKS = 32,	/* struct file_stacks */
	CHUNK_STACKS = 33,		/* struct vs_stack... */
	CHUNK_STACKS_AT = 34,		/* uint32_t...: numbers of frames */
	CHUNK_FRAMES = 35,		/* struct vs_frame... */
	CHUNK_FRAMES_TEXT = 36,		/* char..., each name ended by 0 */
};

struct chunk {
	uint32_t type;
	uint32_t reserved;
	uint64_t size;			/* of what follows, without padding to 8 */
};

struct file_look {
	uint32_t look;
	uint32_t origin;
	uint32_t have_cost;
	uint32_t have_vmas;
	uint64_t smaps_fields;
	uint64_t cut;
	uint64_t recorded_at;
	uint64_t key;			/* of the extents, 0: none recorded */
	struct vs_kernel kernel;
	struct vs_process process;
	struct vs_cost cost;
};

struct file_extent {
	uint32_t size;			/* with the list, a multiple of 8 */
	uint32_t vma;			/* index in the mappings of the main look */
	uint64_t start;
	uint64_t attributes;
	uint64_t frame;
	uint32_t pages;
	uint32_t mapcount;
	uint32_t refcount;
	uint8_t encoding;
	uint8_t swap_type;
	uint16_t marks;
	uint32_t list[];
};

struct file_detail {
	uint32_t words;
	uint32_t vma;			/* as above */
	uint64_t start;
	uint64_t end;
	uint16_t kind;
	uint16_t marks;
	uint32_t reserved;
	uint64_t word[];
};

#define CHECKSUM_START	14695981039346656037ull

/* A file that was opened, and is complete. */
struct vs_file {
	const char *name;
	const char *how;		/* the command that writes such files */
	const char *data;
	size_t size;
};

int vs_file_open(struct vs_file *file, const char *name, const char *how, struct vs_error *error);
void vs_file_close(struct vs_file *file);

/* The chunk at a position, or NULL where none fits into the file; all bytes of it. */
const struct chunk *vs_file_chunk(const struct vs_file *file, size_t at);
size_t vs_chunk_bytes(const struct chunk *chunk);

/* Says so, and what to do; returns -1. */
int vs_file_damaged(const struct vs_file *file, const char *what, struct vs_error *error);

int vs_record_chunk(struct vs_recorder *recorder, enum chunk_type type, const void *data,
		    size_t size, struct vs_error *error);

/* FNV-1a over 64-bit words: everything in the file is a multiple of 8. */
uint64_t vs_file_checksum(uint64_t sum, const void *data, size_t size);

#endif
