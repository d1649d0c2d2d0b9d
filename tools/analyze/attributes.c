// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The attribute word of a page by name. It must not know how pages are shown.
 */
#include <stdio.h>
#include <string.h>

#include "attributes.h"

const struct vs_attribute vs_attributes[] = {
	{ "state", VS_ATTR_STATE, "what the page is", false },
	{ "kind", VS_ATTR_KIND, "what a resident page belongs to", false },
	{ "leaf", VS_ATTR_LEAF, "how large the entry is that maps it", false },
	{ "order", VS_ATTR_ORDER, "log2 of the pages of its folio", false },
	{ "frame", VS_KEY_FRAME, "its frame or swap slot", false },
	{ "mapcount", VS_KEY_MAPCOUNT, "how often it is mapped", false },
	{ "refcount", VS_KEY_REFCOUNT, "references of its folio", false },
	{ "node", VS_ATTR_NODE, "its NUMA node", false },
	{ "gen", VS_ATTR_GEN, "its multi-gen LRU generation, 1: the youngest", false },
	{ "young", VS_ATTR_YOUNG, "entry: accessed bit", true },
	{ "dirty", VS_ATTR_DIRTY, "entry: dirty bit", true },
	{ "soft_dirty", VS_ATTR_SOFT_DIRTY, "entry: soft-dirty, as pagemap tells it", true },
	{ "write", VS_ATTR_WRITE, "entry: allows writing", true },
	{ "exec", VS_ATTR_EXEC, "entry: allows execution", true },
	{ "uffd_wp", VS_ATTR_UFFD_WP, "entry: userfaultfd write protection", true },
	{ "protnone", VS_ATTR_PROTNONE, "entry: PROT_NONE or NUMA hint", true },
	{ "special", VS_ATTR_SPECIAL, "entry: special bit", true },
	{ "shared", VS_ATTR_SHARED, "mapped more than once", true },
	{ "referenced", VS_ATTR_REFERENCED, "folio: referenced", true },
	{ "folio_dirty", VS_ATTR_FOLIO_DIRTY, "folio: dirty", true },
	{ "lru", VS_ATTR_LRU, "folio: on an LRU list", true },
	{ "active", VS_ATTR_ACTIVE, "folio: active", true },
	{ "unevictable", VS_ATTR_UNEVICTABLE, "folio: unevictable", true },
	{ "mlocked", VS_ATTR_MLOCKED, "folio: mlocked", true },
	{ "writeback", VS_ATTR_WRITEBACK, "folio: being written", true },
	{ "swapcache", VS_ATTR_SWAPCACHE, "folio: in the swap cache", true },
	{ "swapbacked", VS_ATTR_SWAPBACKED, "folio: backed by swap", true },
	{ "locked", VS_ATTR_LOCKED, "folio: lock held", true },
	{ "reclaim", VS_ATTR_RECLAIM, "folio: to be reclaimed soon", true },
	{ "lazyfree", VS_ATTR_LAZYFREE, "MADV_FREE, still clean", true },
	{ "pinned", VS_ATTR_PINNED, "folio: maybe pinned for DMA", true },
	{ "head", VS_ATTR_HEAD, "first page of a large folio", true },
	{ "swap_exclusive", VS_ATTR_SWAP_EXCLUSIVE, "swap entry not shared by fork", true },
	{ "shmem_swapped", VS_ATTR_SHMEM_SWAPPED, "no entry: shmem, its page is in swap", true },
	{ "deferred", VS_ATTR_DEFERRED, "folio: mapped in part, waits to be split", true },
	{ "extra_refs", VS_ATTR_EXTRA_REFS, "folio: references that nothing explains", true },
	{ NULL, 0, NULL, false },
};

static const struct vs_attribute *find(const char *name, size_t length)
{
	for (const struct vs_attribute *a = vs_attributes; a->name; a++)
		if (strlen(a->name) == length && !strncmp(a->name, name, length))
			return a;
	return NULL;
}

int vs_key_parse(const char *text, uint64_t available, uint64_t *key, struct vs_error *error)
{
	*key = 0;
	if (*text == '+') {
		*key = VS_KEY_DEFAULT & available;
		text++;
	}
	while (*text) {
		size_t length = strcspn(text, ",");
		const struct vs_attribute *a = find(text, length);

		if (length == 3 && !strncmp(text, "all", 3)) {
			*key |= available;
		} else if (!a && length) {
			return vs_error_set(error, VS_FAIL_INPUT,
				"key: no attribute '%.*s': 'vmscope pages --key help' lists them",
				(int)length, text);
		} else if (a && !(a->mask & available)) {
			return vs_error_set(error, VS_FAIL_CANNOT,
				"key: %s cannot be told by this source on this kernel: leave it out, or load the module",
				a->name);
		} else if (a) {
			*key |= a->mask & available;
		}
		text += length;
		text += *text == ',';
	}
	if (!*key)
		return vs_error_set(error, VS_FAIL_INPUT,
			"key: names no attribute: 'vmscope pages --key help' lists them");
	return 0;
}

static const char *list(uint64_t mask, bool flags_only, char *text, size_t size)
{
	size_t at = 0;

	text[0] = 0;
	for (const struct vs_attribute *a = vs_attributes; a->name && at < size; a++)
		if ((a->flag || !flags_only) && mask & a->mask)
			at += snprintf(text + at, size - at, "%s%s", at ? "," : "", a->name);
	return text;
}

const char *vs_attribute_flags(uint64_t attributes, char *text, size_t size)
{
	return list(attributes, true, text, size);
}

const char *vs_key_names(uint64_t key, char *text, size_t size)
{
	return list(key, false, text, size);
}
