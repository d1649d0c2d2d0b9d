// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Names of the kernel's own functions. It must not know who asks.
 */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel_symbols.h"

/* While they are read. */
struct reading {
	struct vs_kernel_symbols *to;
	size_t room, room_text, used_text;
};

static bool has_room(struct reading *r, size_t length)
{
	if (r->to->nr == r->room) {
		size_t room = r->room ? 2 * r->room : 4096;
		void *more = reallocarray(r->to->symbol, room, sizeof(*r->to->symbol));

		if (!more)
			return false;
		r->to->symbol = more;
		r->room = room;
	}
	if (r->used_text + length > r->room_text) {
		size_t room = r->room_text ? 2 * r->room_text : 1 << 16;
		void *more = realloc(r->to->text, room);

		if (!more)
			return false;
		r->to->text = more;
		r->room_text = room;
	}
	return true;
}

/* "address type name", and a module behind that. Only code of the kernel itself. */
static int take_line(struct reading *r, const char *line)
{
	unsigned long long address;
	char type, name[512], module[2];
	int fields = sscanf(line, "%llx %c %511s %1s", &address, &type, name, module);
	size_t length;

	if (fields != 3 || tolower((unsigned char)type) != 't')
		return 0;
	length = strlen(name) + 1;
	if (!has_room(r, length))
		return -ENOMEM;
	r->to->symbol[r->to->nr++] = (struct vs_kernel_symbol){ address, r->used_text };
	memcpy(r->to->text + r->used_text, name, length);
	r->used_text += length;
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct vs_kernel_symbol *one = a, *two = b;

	return one->address < two->address ? -1 : one->address > two->address;
}

int vs_kernel_symbols_read(const char *path, struct vs_kernel_symbols *symbols)
{
	struct reading r = { .to = symbols };
	FILE *file = fopen(path, "re");
	char line[640];
	int err = 0;

	memset(symbols, 0, sizeof(*symbols));
	if (!file)
		return -errno;
	while (!err && fgets(line, sizeof(line), file))
		err = take_line(&r, line);
	fclose(file);
	if (!err && symbols->nr)
		qsort(symbols->symbol, symbols->nr, sizeof(*symbols->symbol), by_address);
	if (!err && (!symbols->nr || !symbols->symbol[symbols->nr - 1].address))
		err = -EPERM;
	if (err)
		vs_kernel_symbols_free(symbols);
	return err;
}

void vs_kernel_symbols_free(struct vs_kernel_symbols *symbols)
{
	free(symbols->symbol);
	free(symbols->text);
	memset(symbols, 0, sizeof(*symbols));
}

const char *vs_kernel_symbol(const struct vs_kernel_symbols *symbols, uint64_t address)
{
	size_t low = 0, high = symbols->nr;

	/* The last one is where the code ends: how far it goes nobody knows. */
	if (!high || address >= symbols->symbol[high - 1].address)
		return NULL;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols->symbol[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? symbols->text + symbols->symbol[low - 1].name : NULL;
}
