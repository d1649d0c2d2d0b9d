// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel keeps of a swap slot and shows nobody: its references, the
 * frame of its page in the swap cache, its place in zswap. Programs that are
 * run once when asked; attached to nothing.
 *
 * No lock is held, so that anything may change or go while it is read: reads of
 * what is gone fail, and what was found is believed only when it names the slot
 * that was looked for.
 */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "swap.h"

char LICENSE[] SEC("license") = "GPL";

/* What is not in BTF, and where the kernel has it; 0 where it has it not, or hides it. */
enum symbol {
	SWAP_INFO,
	NR_SWAPFILES,
	SWAPPER_SPACES,
	NR_SWAPPER_SPACES,
	ZSWAP_TREES,
	NR_ZSWAP_TREES,
	VMEMMAP_BASE,
	NR_SYMBOLS
};

const char names[NR_SYMBOLS][24] = {
	[SWAP_INFO] = "swap_info",
	[NR_SWAPFILES] = "nr_swapfiles",
	[SWAPPER_SPACES] = "swapper_spaces",
	[NR_SWAPPER_SPACES] = "nr_swapper_spaces",
	[ZSWAP_TREES] = "zswap_trees",
	[NR_ZSWAP_TREES] = "nr_zswap_trees",
	[VMEMMAP_BASE] = "vmemmap_base",
};
__u64 at[NR_SYMBOLS];

struct swap_slot slots[SWAP_SLOTS];
struct swap_area areas[SWAP_AREAS];
unsigned int nr_slots;
unsigned int tells;

/* include/linux/swap.h of 6.1 and 6.12 */
#define MAP_CACHED		0x40
#define MAP_CONTINUED		0x80
#define MAP_BAD			0x3f
#define MAP_SHMEM		0xbf

/* mm/swap.h: trees of so many slots */
#define TREE_SHIFT		14

/* mm/swap_table.h of 7.2, of a word of 64 bits: count, zero flag, ..., mark */
#define TABLE_COUNT_SHIFT	60
#define TABLE_ZERO		(1ull << 59)
#define TABLE_COUNT_MOST	15
#define TABLE_MARK		3
#define TABLE_PFN_MARK		2
#define TABLE_PFN_SHIFT		2
#define TABLE_FLAGS_SHIFT	59
#define TABLE_BAD		(~0ull << 3)

static __always_inline __u64 word_at(__u64 address)
{
	__u64 word = 0;

	if (bpf_probe_read_kernel(&word, sizeof(word), (void *)address))
		return 0;
	return word;
}

static __always_inline __u32 half_at(__u64 address)
{
	__u32 half = 0;

	if (bpf_probe_read_kernel(&half, sizeof(half), (void *)address))
		return 0;
	return half;
}

/* The nth pointer of an array of them that has one for each area. */
static __always_inline __u64 for_area(__u64 array, __u32 type)
{
	return array ? word_at(array + (__u64)type * sizeof(__u64)) : 0;
}

/* Behind the areas that there ever were stands something else. */
static __always_inline struct swap_info_struct *info_of(__u32 type)
{
	__u32 nr = at[NR_SWAPFILES] ? half_at(at[NR_SWAPFILES]) : 0;

	if (type >= SWAP_AREAS || type >= nr)
		return NULL;
	return (void *)for_area(at[SWAP_INFO], type);
}

/* ---------------------------------------------------------------- xarray */

#define XA_LEVELS	8

/* include/linux/xarray.h: what an entry is, by its last bits */
static __always_inline bool is_node(__u64 entry)
{
	return (entry & 3) == 2 && entry > 4096;
}

static __always_inline bool is_pointer(__u64 entry)
{
	return entry && !(entry & 3);
}

/*
 * The entry of an index, 0 when there is none. Not static: the verifier goes through such a
 * function once, not once for every path that leads to a call.
 */
__noinline __u64 xa_find(__u64 tree, __u64 index)
{
	__u64 entry, width = bpf_core_field_size(((struct xa_node *)0)->slots) / 8;
	struct xarray *array = (void *)tree;
	int level;

	entry = (__u64)BPF_CORE_READ(array, xa_head);
	if (!is_node(entry))
		return index ? 0 : entry;
	for (level = 0; level < XA_LEVELS; level++) {
		struct xa_node *node = (void *)(entry & ~3ull);
		unsigned char shift = BPF_CORE_READ(node, shift);
		__u64 at = (index >> (shift & 63)) & (width - 1);

		if ((__u64)BPF_CORE_READ(node, array) != tree)
			return 0;	/* freed, and something else now */
		if (!level && (index >> (shift & 63)) >= width)
			return 0;
		entry = word_at((__u64)&node->slots + at * 8);
		/* a sibling: the entry stands in an earlier place */
		if ((entry & 3) == 2 && entry < 4096)
			entry = word_at((__u64)&node->slots + (entry >> 2 & (width - 1)) * 8);
		if (!is_node(entry))
			return entry;
	}
	return 0;
}

/* ------------------------------------------------------------- swap cache */

/* Of the folio's first page when it is the one of this slot, else ~0. */
static __always_inline void take_folio(struct swap_slot *s, __u64 entry, __u64 folio)
{
	__u64 size = bpf_core_type_size(struct page), base = 0, first;
	struct page *page = (void *)folio;

	if (!is_pointer(folio) || !at[VMEMMAP_BASE])
		return;
	base = word_at(at[VMEMMAP_BASE]);
	/* private holds the entry of the first page */
	first = BPF_CORE_READ(page, private);
	if (!base || folio < base || entry - first >= 1024)
		return;
	s->frame = (folio - base) / size + (entry - first);
	s->flags |= SWAP_KNOWN_FRAME;
}

static __always_inline __u64 tree_of(__u64 trees, __u64 nr, __u32 type, __u32 slot, __u64 size)
{
	__u64 array = for_area(trees, type);
	__u32 n = slot >> TREE_SHIFT;

	if (!array || n >= half_at(nr + (__u64)type * sizeof(__u32)))
		return 0;
	return array + n * size;
}

static __always_inline void ask_cache(struct swap_slot *s)
{
	__u64 entry = (__u64)s->type << 58 | s->slot;
	__u64 space, tree, folio;

	if (!at[SWAPPER_SPACES] || !at[NR_SWAPPER_SPACES])
		return;
	space = tree_of(at[SWAPPER_SPACES], at[NR_SWAPPER_SPACES], s->type, s->slot,
			bpf_core_type_size(struct address_space));
	if (!space)
		return;
	tree = (__u64)&((struct address_space *)space)->i_pages;
	/* the index is the slot (6.1), or the slot in this tree (6.12) */
	folio = xa_find(tree, s->slot);
	if (!is_pointer(folio) && s->slot >> TREE_SHIFT)
		folio = xa_find(tree, s->slot & ((1 << TREE_SHIFT) - 1));
	take_folio(s, entry, folio);
}

/* ------------------------------------------------- references of the slot */

static __always_inline void ask_map(struct swap_slot *s, struct swap_info_struct *si)
{
	unsigned char *map = BPF_CORE_READ(si, swap_map);
	unsigned char byte = 0;

	if (!map || bpf_probe_read_kernel(&byte, 1, map + s->slot))
		return;
	s->flags |= SWAP_KNOWN_COUNT;
	if (byte == MAP_SHMEM || byte == (MAP_SHMEM | MAP_CACHED)) {
		s->count = 1;
	} else if ((byte & ~MAP_CACHED) != MAP_BAD) {
		s->count = byte & ~(MAP_CACHED | MAP_CONTINUED);
		if (byte & MAP_CONTINUED)
			s->flags |= SWAP_COUNT_LEAST;
	}
	if (byte & MAP_CACHED && byte != MAP_SHMEM) {
		s->flags |= SWAP_CACHED;
		ask_cache(s);
	}
	if (bpf_core_field_exists(si->zeromap)) {
		__u64 zero = (__u64)BPF_CORE_READ(si, zeromap);

		if (zero && word_at(zero + s->slot / 64 * 8) >> s->slot % 64 & 1)
			s->flags |= SWAP_ZERO;
	}
}

/* In 7.2 all that is known of a slot stands in one word. */
static __always_inline void ask_table(struct swap_slot *s, struct swap_info_struct *si)
{
	__u64 cluster = (__u64)BPF_CORE_READ(si, cluster_info);
	__u64 size = bpf_core_type_size(struct swap_cluster_info);
	struct swap_cluster_info *ci;
	__u64 table, word = 0;
	__u32 at = s->slot % 512;

	if (!cluster)
		return;
	ci = (void *)(cluster + s->slot / 512 * size);
	table = (__u64)BPF_CORE_READ(ci, table);
	/* a cluster without a table is free, and so is its slot */
	if (table && bpf_probe_read_kernel(&word, sizeof(word), (void *)(table + at * 8)))
		return;
	s->flags |= SWAP_KNOWN_COUNT;
	if (word == TABLE_BAD)
		return;
	s->count = word >> TABLE_COUNT_SHIFT;
	if (s->count == TABLE_COUNT_MOST) {
		__u64 more = (__u64)BPF_CORE_READ(ci, extend_table);

		s->count = more ? half_at(more + at * 4) : TABLE_COUNT_MOST;
		if (!s->count)
			s->flags |= SWAP_COUNT_LEAST;
	}
	if (word & TABLE_ZERO)
		s->flags |= SWAP_ZERO;
	if ((word & TABLE_MARK) == TABLE_PFN_MARK) {
		s->flags |= SWAP_CACHED | SWAP_KNOWN_FRAME;
		s->frame = (word & ((1ull << TABLE_FLAGS_SHIFT) - 1)) >> TABLE_PFN_SHIFT;
	}
}

static __always_inline bool has_map(void)
{
	return bpf_core_field_exists(((struct swap_info_struct *)0)->swap_map);
}

/* The first tables had other bits: only those with extend_table are known. */
static __always_inline bool has_table(void)
{
	return bpf_core_field_exists(((struct swap_cluster_info *)0)->extend_table);
}

static __always_inline void ask_count(struct swap_slot *s)
{
	struct swap_info_struct *si = info_of(s->type);

	if (!si || !BPF_CORE_READ(si, swap_file) || s->slot >= BPF_CORE_READ(si, max))
		return;
	if (has_map())
		ask_map(s, si);
	else if (has_table())
		ask_table(s, si);
}

/* ------------------------------------------------------------------ zswap */

#define RB_LEVELS	48
#define NOT_IN_TREE	(~0ull)

/* The bytes that a slot has there; not static, as xa_find(). */
__noinline __u64 length_in_tree(__u64 tree, __u64 slot)
{
	struct zswap_tree *root = (void *)tree;
	struct rb_node *node = BPF_CORE_READ(root, rbroot.rb_node);
	int level;

	for (level = 0; level < RB_LEVELS && node; level++) {
		__u64 inside = (__u64)&((struct zswap_entry___tree *)0)->rbnode;
		struct zswap_entry___tree *entry = (void *)((__u64)node - inside);
		unsigned long offset = BPF_CORE_READ(entry, offset);

		if (offset == slot)
			return BPF_CORE_READ(entry, length);
		if (offset > slot)
			node = BPF_CORE_READ(node, rb_left);
		else
			node = BPF_CORE_READ(node, rb_right);
	}
	return NOT_IN_TREE;
}

static __always_inline void found_in_zswap(struct swap_slot *s, __u64 length)
{
	if (length == NOT_IN_TREE)
		return;
	s->flags |= SWAP_ZSWAP;
	s->length = length;
}

static __always_inline void ask_zswap_xarray(struct swap_slot *s)
{
	__u64 tree = tree_of(at[ZSWAP_TREES], at[NR_ZSWAP_TREES], s->type, s->slot,
			     bpf_core_type_size(struct xarray));
	struct zswap_entry *entry;

	if (!tree)
		return;
	entry = (void *)xa_find(tree, s->slot);
	if (!is_pointer((__u64)entry) ||
	    BPF_CORE_READ(entry, swpentry.val) != ((__u64)s->type << 58 | s->slot))
		return;
	found_in_zswap(s, BPF_CORE_READ(entry, length));
}

static __always_inline bool has_zswap_tree(void)
{
	return bpf_core_type_exists(struct zswap_tree) &&
	       bpf_core_field_exists(((struct zswap_entry___tree *)0)->offset) &&
	       at[ZSWAP_TREES];
}

static __always_inline bool has_zswap_xarray(void)
{
	return !bpf_core_type_exists(struct zswap_tree) &&
	       bpf_core_field_exists(((struct zswap_entry *)0)->swpentry) &&
	       at[ZSWAP_TREES] && at[NR_ZSWAP_TREES];
}

static __always_inline void ask_zswap(struct swap_slot *s)
{
	__u64 tree;

	if (has_zswap_tree()) {
		s->flags |= SWAP_KNOWN_ZSWAP;
		tree = for_area(at[ZSWAP_TREES], s->type);
		if (tree)
			found_in_zswap(s, length_in_tree(tree, s->slot));
	} else if (has_zswap_xarray()) {
		s->flags |= SWAP_KNOWN_ZSWAP;
		ask_zswap_xarray(s);
	}
}

/* --------------------------------------------------------------- programs */

/* An index that the verifier sees to be below a power of two; no compiler undoes it. */
#define BELOW(n, size)							\
({									\
	__u64 below = (n) & ((size) - 1);				\
									\
	asm volatile("" : "+r"(below));					\
	below;								\
})

static long ask_slot(__u32 index, void *unused)
{
	struct swap_slot s = { 0 };
	__u64 n = BELOW(index, SWAP_SLOTS);

	s.type = slots[n].type;
	s.slot = slots[n].slot;
	if (s.type < SWAP_AREAS) {
		ask_count(&s);
		if (s.flags & SWAP_KNOWN_COUNT)
			ask_zswap(&s);
	}
	slots[n].flags = s.flags;
	slots[n].count = s.count;
	slots[n].frame = s.frame;
	slots[n].length = s.length;
	return 0;
}

/* Answers the first nr_slots of slots[]. */
SEC("syscall")
int ask_slots(void *unused)
{
	bpf_loop(nr_slots < SWAP_SLOTS ? nr_slots : SWAP_SLOTS, ask_slot, NULL, 0);
	return 0;
}

static long ask_area(__u32 index, void *unused)
{
	__u64 type = BELOW(index, SWAP_AREAS);
	struct swap_info_struct *si = info_of(type);

	areas[type].active = si && BPF_CORE_READ(si, swap_file);
	areas[type].pages = si ? BPF_CORE_READ(si, pages) : 0;
	return 0;
}

/*
 * The first to run. The kernel finds a name in less than the loader takes to read
 * /proc/kallsyms, which is longer than all else that it does.
 */
SEC("syscall")
int find_symbols(void *unused)
{
	for (int i = 0; i < NR_SYMBOLS; i++) {
		__u64 address = 0;

		if (!bpf_kallsyms_lookup_name(names[i], sizeof(names[i]), 0, &address))
			at[i] = address;
	}
	return 0;
}

/* Fills areas[], and says in tells what the other program can answer here. */
SEC("syscall")
int ask_areas(void *unused)
{
	bpf_loop(SWAP_AREAS, ask_area, NULL, 0);
	tells = 0;
	if (!at[SWAP_INFO])
		return 0;
	if (has_map()) {
		tells |= SWAP_TELLS_COUNT;
		if (at[SWAPPER_SPACES] && at[NR_SWAPPER_SPACES] && at[VMEMMAP_BASE])
			tells |= SWAP_TELLS_FRAME;
	} else if (has_table()) {
		tells |= SWAP_TELLS_COUNT | SWAP_TELLS_FRAME;
	}
	if (has_zswap_tree() || has_zswap_xarray())
		tells |= SWAP_TELLS_ZSWAP;
	return 0;
}
