// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A recorded file as a whole: that it is one, of this format, and complete. It must
 * not know what its chunks mean.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_format.h"

int vs_file_damaged(const struct vs_file *file, const char *what, struct vs_error *error)
{
	return vs_error_set(error, VS_FAIL_INPUT, "%s: %s: record it again with '%s'", file->name,
			    what, file->how);
}

/* The chunk at a position, or NULL where none fits into the file. */
const struct chunk *vs_file_chunk(const struct vs_file *file, size_t at)
{
	const struct chunk *chunk = (const void *)(file->data + at);
	size_t left = file->size - at;

	if (left < sizeof(*chunk) || chunk->size > left - sizeof(*chunk) ||
	    ((chunk->size + 7) & ~7ull) > left - sizeof(*chunk))
		return NULL;
	return chunk;
}

size_t vs_chunk_bytes(const struct chunk *chunk)
{
	return sizeof(*chunk) + ((chunk->size + 7) & ~7ull);
}

static int check_chunks(const struct vs_file *file, struct vs_error *error)
{
	size_t at = sizeof(struct file_header);
	const struct chunk *chunk;
	uint64_t sum;

	for (;; at += vs_chunk_bytes(chunk)) {
		chunk = vs_file_chunk(file, at);
		if (!chunk)
			return vs_file_damaged(file, "the snapshot is cut off", error);
		if (chunk->type == CHUNK_END)
			break;
	}
	if (chunk->size != sizeof(sum) || at + vs_chunk_bytes(chunk) != file->size)
		return vs_file_damaged(file, "there is something behind the snapshot's end", error);
	memcpy(&sum, chunk + 1, sizeof(sum));
	if (sum != vs_file_checksum(CHECKSUM_START, file->data, at))
		return vs_file_damaged(file, "the snapshot is damaged (wrong checksum)", error);
	return 0;
}

static int check_header(const struct vs_file *file, struct vs_error *error)
{
	const struct file_header *header = (const void *)file->data;

	if (file->size < sizeof(magic) || memcmp(file->data, magic, sizeof(magic)))
		return vs_error_set(error, VS_FAIL_INPUT,
			"%s: not a vmscope snapshot: make one with '%s'", file->name, file->how);
	if (file->size < sizeof(*header))
		return vs_file_damaged(file, "the snapshot is cut off", error);
	if (header->endian != ENDIAN)
		return vs_error_set(error, VS_FAIL_INPUT,
			"%s: recorded on a machine of the other byte order: read it there",
			file->name);
	if (header->format != FORMAT || header->header_size != sizeof(*header))
		return vs_error_set(error, VS_FAIL_INPUT,
			"%s: snapshot format %u, this command reads format %u: use the vmscope that recorded it",
			file->name, header->format, FORMAT);
	return check_chunks(file, error);
}

static int map_file(struct vs_file *file, struct vs_error *error)
{
	struct stat stat;
	void *data;
	int fd;

	fd = open(file->name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &stat)) {
		vs_error_set(error, errno == EACCES ? VS_FAIL_PERMISSION : VS_FAIL_INPUT,
			     "%s: %s: name a file that '%s' wrote", file->name,
			     strerror(errno), file->how);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	if (!S_ISREG(stat.st_mode) || !stat.st_size) {
		close(fd);
		return vs_error_set(error, VS_FAIL_INPUT,
			"%s: %s: name a file that '%s' wrote", file->name,
			S_ISREG(stat.st_mode) ? "empty" : "not a regular file", file->how);
	}
	data = mmap(NULL, stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (data == MAP_FAILED)
		return vs_error_set(error, VS_FAIL_CANNOT, "%s: %s", file->name, strerror(errno));
	file->data = data;
	file->size = stat.st_size;
	return 0;
}

int vs_file_open(struct vs_file *file, const char *name, const char *how, struct vs_error *error)
{
	*file = (struct vs_file){ .name = name, .how = how };
	if (map_file(file, error))
		return -1;
	return check_header(file, error);
}

void vs_file_close(struct vs_file *file)
{
	if (file->data)
		munmap((void *)file->data, file->size);
	file->data = NULL;
}
