// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which function of a file is at an offset, by the symbols that libdwfl of elfutils finds:
 * the file's own, or those that were kept apart for its build ID. It must not know who
 * executes it. Nothing is asked for over a network.
 *
 * Functions are put in order once: libdwfl itself looks at all of them for each address.
 */
#include "symbols.h"

#ifdef VMSCOPE_DWFL

#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

struct function {
	GElf_Addr start;
	GElf_Addr end;
	const char *name;		/* as long as its object is there */
	int rank;			/* of several names the least one is taken */
};

struct object {
	bool tried;
	Dwfl *dwfl;			/* of this file alone, or NULL */
	Dwfl_Module *module;
	struct function *function;	/* by their start */
	size_t nr;
};

/* So many may begin within another one, before the one that an address is in. */
#define NESTED	16

struct vs_symbols {
	struct object *object;		/* by the number of the image */
	uint32_t nr;
};

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = dwfl_build_id_find_debuginfo,
	.section_address = dwfl_offline_section_address,
};

struct vs_symbols *vs_symbols_new(void)
{
	return calloc(1, sizeof(struct vs_symbols));
}

void vs_symbols_free(struct vs_symbols *symbols)
{
	if (!symbols)
		return;
	for (uint32_t i = 0; i < symbols->nr; i++) {
		if (symbols->object[i].dwfl)
			dwfl_end(symbols->object[i].dwfl);
		free(symbols->object[i].function);
	}
	free(symbols->object);
	free(symbols);
}

/*
 * What has the name now can be another file. One of an overlay has the inode of the file
 * below, but a device of its own, which is none of a disk.
 */
static bool is_that(int fd, const struct vs_image *image)
{
	struct stat stat;

	if (fstat(fd, &stat) || !S_ISREG(stat.st_mode) || stat.st_ino != image->inode)
		return false;
	return !major(stat.st_dev) || (major(stat.st_dev) == image->dev_major &&
				       minor(stat.st_dev) == image->dev_minor);
}

static int open_if_that(const char *path, const struct vs_image *image)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0 && !is_that(fd, image)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* As it is called here, where the process is, or by the mapping, while it lives. */
static int open_image(const struct vs_image *image)
{
	char path[4200];
	int fd = open_if_that(image->path, image);

	if (fd < 0) {
		snprintf(path, sizeof(path), "/proc/%d/root%s", image->pid, image->path);
		fd = open_if_that(path, image);
	}
	if (fd < 0) {
		snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx", image->pid,
			 (unsigned long long)image->start, (unsigned long long)image->end);
		fd = open_if_that(path, image);
	}
	return fd;
}

/* "read" and not "__read", what is global and not what is local. */
static int rank_of(const char *name, const GElf_Sym *symbol)
{
	int binding = GELF_ST_BIND(symbol->st_info);

	return (binding == STB_GLOBAL ? 0 : binding == STB_WEAK ? 1 : 2) +
		4 * (int)strspn(name, "_");
}

static int by_start(const void *a, const void *b)
{
	const struct function *one = a, *two = b;

	if (one->start != two->start)
		return one->start < two->start ? -1 : 1;
	if (one->rank != two->rank)
		return two->rank - one->rank;
	return strcmp(two->name, one->name);
}

/* Those that say how far they go. */
static void load_functions(struct object *object)
{
	int nr = dwfl_module_getsymtab(object->module);

	object->function = nr > 0 ? calloc(nr, sizeof(*object->function)) : NULL;
	for (int i = 0; object->function && i < nr; i++) {
		struct function *to = &object->function[object->nr];
		GElf_Addr start;
		GElf_Word section;
		GElf_Sym symbol;
		const char *name = dwfl_module_getsym_info(object->module, i, &symbol, &start,
							   &section, NULL, NULL);
		int type = name ? GELF_ST_TYPE(symbol.st_info) : STT_NOTYPE;

		if ((type != STT_FUNC && type != STT_GNU_IFUNC) || section == SHN_UNDEF ||
		    !symbol.st_size || !*name)
			continue;
		*to = (struct function){ start, start + symbol.st_size, name,
					 rank_of(name, &symbol) };
		object->nr++;
	}
	if (object->nr)
		qsort(object->function, object->nr, sizeof(*object->function), by_start);
}

static void load(struct object *object, const struct vs_image *image)
{
	int fd = image->inode ? open_image(image) : -1;

	if (fd < 0)
		return;
	object->dwfl = dwfl_begin(&callbacks);
	if (object->dwfl) {
		dwfl_report_begin(object->dwfl);
		/* takes the file over when it is one that it knows */
		object->module = dwfl_report_offline(object->dwfl, image->path, image->path, fd);
		dwfl_report_end(object->dwfl, NULL, NULL);
	}
	if (object->module)
		load_functions(object);
	else
		close(fd);
}

/* NULL without memory. */
static struct object *object_of(struct vs_symbols *symbols, const struct vs_image *image)
{
	struct object *object;

	if (image->number >= symbols->nr) {
		uint32_t nr = 2 * image->number + 64;

		object = reallocarray(symbols->object, nr, sizeof(*object));
		if (!object)
			return NULL;
		memset(object + symbols->nr, 0, (nr - symbols->nr) * sizeof(*object));
		symbols->object = object;
		symbols->nr = nr;
	}
	object = &symbols->object[image->number];
	if (!object->tried)
		load(object, image);
	object->tried = true;
	return object;
}

/* Where the bytes at an offset of the file are by its own addresses. */
static bool address_of(Elf *elf, uint64_t offset, uint64_t *address)
{
	size_t nr;

	if (!elf || elf_getphdrnum(elf, &nr))
		return false;
	for (size_t i = 0; i < nr; i++) {
		GElf_Phdr header;

		if (!gelf_getphdr(elf, i, &header) || header.p_type != PT_LOAD)
			continue;
		if (offset >= header.p_offset && offset - header.p_offset < header.p_filesz) {
			*address = offset - header.p_offset + header.p_vaddr;
			return true;
		}
	}
	return false;
}

static const char *name_of(const struct object *object, GElf_Addr address)
{
	size_t first = 0, behind = object->nr;

	/* the first one that begins behind it */
	while (first < behind) {
		size_t middle = first + (behind - first) / 2;

		if (object->function[middle].start <= address)
			first = middle + 1;
		else
			behind = middle;
	}
	for (size_t i = first; i && first - i < NESTED; i--)
		if (address < object->function[i - 1].end)
			return object->function[i - 1].name;
	return NULL;
}

const char *vs_symbols_find(struct vs_symbols *symbols, const struct vs_image *image,
			    uint64_t offset)
{
	struct object *object = object_of(symbols, image);
	GElf_Addr bias, address;

	if (!object || !object->nr ||
	    !address_of(dwfl_module_getelf(object->module, &bias), offset, &address))
		return NULL;
	return name_of(object, address + bias);
}

#else

#include <stddef.h>

struct vs_symbols *vs_symbols_new(void)
{
	static char none;

	return (struct vs_symbols *)&none;
}

void vs_symbols_free(struct vs_symbols *symbols)
{
	(void)symbols;
}

const char *vs_symbols_find(struct vs_symbols *symbols, const struct vs_image *image,
			    uint64_t offset)
{
	(void)symbols;
	(void)image;
	(void)offset;
	return NULL;
}

#endif
