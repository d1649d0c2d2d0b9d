// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the bits of a page-table entry mean. It must not know how it is drawn.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "decode.h"
#include "figures.h"

#define BIT(n)		(1ull << (n))
#define ANY_LEVEL	0x1f
#define LEAF_ONLY	0x100
#define TABLE_ONLY	0x200
#define LEVEL(n)	(1u << VS_LEVEL_##n)
#define HUGE_LEVELS	(LEVEL(PMD) | LEVEL(PUD))

struct rule {
	uint64_t mask;
	unsigned int where;
	const char *name;
};

static const struct rule x86[] = {
	{ BIT(0), ANY_LEVEL, "present" },
	{ BIT(1), ANY_LEVEL, "writable" },
	{ BIT(2), ANY_LEVEL, "user" },
	{ BIT(3), ANY_LEVEL, "write-through" },
	{ BIT(4), ANY_LEVEL, "cache-disable" },
	{ BIT(5), ANY_LEVEL, "accessed" },
	{ BIT(6), ANY_LEVEL | LEAF_ONLY, "dirty" },
	{ BIT(7), LEVEL(PTE) | LEAF_ONLY, "pat" },
	{ BIT(7), HUGE_LEVELS | LEAF_ONLY, "huge" },
	{ BIT(8), ANY_LEVEL | LEAF_ONLY, "global" },
	{ BIT(9), ANY_LEVEL | LEAF_ONLY, "special" },
	{ BIT(10), ANY_LEVEL | LEAF_ONLY, "uffd-wp" },
	{ BIT(11), ANY_LEVEL | LEAF_ONLY, "soft-dirty" },
	{ BIT(12), HUGE_LEVELS | LEAF_ONLY, "pat" },
	{ BIT(57), ANY_LEVEL, "software-57" },
	{ BIT(58), ANY_LEVEL | TABLE_ONLY, "software-58" },
	/* was dirty when writing was taken from it; since Linux 6.7 */
	{ BIT(58), ANY_LEVEL | LEAF_ONLY, "saved-dirty" },
	{ BIT(59), ANY_LEVEL | LEAF_ONLY, "pkey-bit0" },
	{ BIT(60), ANY_LEVEL | LEAF_ONLY, "pkey-bit1" },
	{ BIT(61), ANY_LEVEL | LEAF_ONLY, "pkey-bit2" },
	{ BIT(62), ANY_LEVEL | LEAF_ONLY, "pkey-bit3" },
	{ BIT(63), ANY_LEVEL, "no-execute" },
	{ 0 },
};

/*
 * Not present for the processor, but for the kernel: PROT_NONE, or a page whose
 * next user the NUMA balancing waits for. The bits of its frame are inverted.
 */
static const struct rule x86_protnone[] = {
	{ BIT(5), ANY_LEVEL, "accessed" },
	{ BIT(6), ANY_LEVEL, "dirty" },
	{ BIT(58), ANY_LEVEL, "saved-dirty" },
	{ BIT(7), HUGE_LEVELS, "huge" },
	{ BIT(8), ANY_LEVEL, "protnone" },
	{ BIT(9), ANY_LEVEL, "special" },
	{ BIT(10), ANY_LEVEL, "uffd-wp" },
	{ BIT(11), ANY_LEVEL, "soft-dirty" },
	{ 0 },
};

static const struct rule arm64[] = {
	{ BIT(0), ANY_LEVEL, "valid" },
	{ BIT(1), ANY_LEVEL & ~LEVEL(PTE), "table" },
	{ BIT(1), LEVEL(PTE), "page" },
	{ BIT(2), ANY_LEVEL | LEAF_ONLY, "attr-bit0" },
	{ BIT(3), ANY_LEVEL | LEAF_ONLY, "attr-bit1" },
	{ BIT(4), ANY_LEVEL | LEAF_ONLY, "attr-bit2" },
	{ BIT(6), ANY_LEVEL | LEAF_ONLY, "user" },
	{ BIT(7), ANY_LEVEL | LEAF_ONLY, "read-only" },
	{ BIT(8), ANY_LEVEL | LEAF_ONLY, "share-bit0" },
	{ BIT(9), ANY_LEVEL | LEAF_ONLY, "share-bit1" },
	{ BIT(10), ANY_LEVEL | LEAF_ONLY, "accessed" },
	{ BIT(11), ANY_LEVEL | LEAF_ONLY, "not-global" },
	{ BIT(50), ANY_LEVEL | LEAF_ONLY, "guarded" },
	{ BIT(51), ANY_LEVEL | LEAF_ONLY, "dirty-bit-modifier" },
	{ BIT(52), ANY_LEVEL | LEAF_ONLY, "contiguous" },
	{ BIT(53), ANY_LEVEL | LEAF_ONLY, "no-kernel-execute" },
	{ BIT(54), ANY_LEVEL | LEAF_ONLY, "no-user-execute" },
	{ BIT(55), ANY_LEVEL | LEAF_ONLY, "software-dirty" },
	{ BIT(56), ANY_LEVEL | LEAF_ONLY, "special" },
	{ BIT(57), ANY_LEVEL | LEAF_ONLY, "software-57" },
	{ BIT(58), ANY_LEVEL | LEAF_ONLY, "software-58" },
	{ BIT(59), ANY_LEVEL | TABLE_ONLY, "no-kernel-execute" },
	{ BIT(60), ANY_LEVEL | TABLE_ONLY, "no-user-execute" },
	{ 0 },
};

/* Of an entry that is not present the bits mean something else. */
static const struct rule *rules_of(const struct vs_kernel *kernel, uint64_t raw, bool leaf)
{
	const struct rule *rule = NULL;

	if (!strcmp(kernel->machine, "aarch64"))
		rule = arm64;
	if (!strcmp(kernel->machine, "x86_64") ||
	    (kernel->machine[0] == 'i' && !strcmp(kernel->machine + 2, "86")))
		rule = x86;
	if (raw & BIT(0))
		return rule;
	return rule == x86 && leaf && raw & BIT(8) ? x86_protnone : NULL;
}

int vs_decode_entry(const struct vs_kernel *kernel, enum vs_level level, uint64_t raw, bool leaf,
		    struct vs_bit *bit)
{
	const struct rule *rule = rules_of(kernel, raw, leaf);
	int nr = 0;

	for (; rule && rule->mask && nr < VS_BITS_MAX; rule++) {
		if (!(raw & rule->mask) || !(rule->where & 1u << level) ||
		    (rule->where & LEAF_ONLY && !leaf) || (rule->where & TABLE_ONLY && leaf))
			continue;
		bit[nr].mask = rule->mask;
		bit[nr++].name = rule->name;
	}
	return nr;
}

const char *vs_level_name(enum vs_level level)
{
	static const char * const name[] = { "PTE", "PMD", "PUD", "P4D", "PGD" };

	return level < VS_MAX_LEVELS ? name[level] : "?";
}

const char *vs_stop_name(enum vs_stop stop)
{
	static const char * const name[] = {
		[VS_STOP_LEAF] = "leaf", [VS_STOP_NONE] = "none",
		[VS_STOP_NONPRESENT] = "nonpresent", [VS_STOP_BAD] = "bad",
		[VS_STOP_NO_VMA] = "no_vma", [VS_STOP_RANGE] = "range",
		[VS_STOP_LOCKED] = "locked", [VS_STOP_UNREAD] = "unread",
	};

	return stop <= VS_STOP_UNREAD ? name[stop] : "?";
}

static const char *leaf_sentence(const struct vs_walk *walk, char *text, size_t size)
{
	const char *what = "";

	switch (walk->attributes & VS_ATTR_STATE) {
	case VS_STATE_ZERO:
		what = ", the shared page of zeros";
		break;
	case VS_STATE_SPECIAL:
		what = ", memory that the kernel does not account (a device, vdso data)";
		break;
	}
	if (walk->physical)
		snprintf(text, size, "The byte is at physical address 0x%" PRIx64 "%s.",
			 walk->physical, what);
	else
		snprintf(text, size, "The page is present%s; its address is not shown.", what);
	return text;
}

static const char *hole_sentence(const struct vs_kernel *kernel, const struct vs_walk *walk,
				 char *text, size_t size)
{
	unsigned int level = walk->stop_level < VS_MAX_LEVELS ? walk->stop_level : 0;
	uint64_t bytes = 1ull << (kernel->levels ? kernel->level[level].shift : 12);
	const char *unit = bytes >> 30 ? "GiB" : bytes >> 20 ? "MiB" : "KiB";

	bytes >>= bytes >> 30 ? 30 : bytes >> 20 ? 20 : 10;
	if (level == VS_LEVEL_PTE)
		snprintf(text, size, "The page was never touched, or was dropped: its entry is empty.");
	else
		snprintf(text, size,
			 "The %s entry is empty: nothing of these %" PRIu64 " %s has a page table.",
			 vs_level_name(level), bytes, unit);
	return text;
}

static const char *swapped_sentence(const struct vs_walk *walk, const char *what, char *text,
				    size_t size)
{
	if (walk->frame)
		snprintf(text, size, "%s is in swap area %u, slot 0x%" PRIx64 ".", what,
			 walk->swap_type, walk->frame);
	else
		snprintf(text, size, "%s is in swap.", what);
	return text;
}

static const char *nonpresent_sentence(const struct vs_walk *walk, char *text, size_t size)
{
	switch (walk->attributes & VS_ATTR_STATE) {
	case VS_STATE_SWAPPED:
		return swapped_sentence(walk, "The page", text, size);
	case VS_STATE_MIGRATING:
		return "The page is being moved to another frame just now.";
	case VS_STATE_HWPOISON:
		return "The frame had a memory error; touching the page is SIGBUS.";
	case VS_STATE_DEVICE:
		return "The page is in memory that only a device can reach.";
	case VS_STATE_UFFD:
		return "No page: a marker of userfaultfd write protection.";
	case VS_STATE_GUARD:
		return "No page: a guard marker (MADV_GUARD_INSTALL); touching it is SIGSEGV.";
	case VS_STATE_POISON:
		return "No page: poisoned (UFFDIO_POISON) or lost; touching it is SIGBUS.";
	}
	return "The entry is neither empty nor present, and of no kind that vmscope knows.";
}

const char *vs_walk_sentence(const struct vs_kernel *kernel, const struct vs_walk *walk,
			     char *text, size_t size)
{
	switch (walk->stop) {
	case VS_STOP_LEAF:
		return leaf_sentence(walk, text, size);
	case VS_STOP_NONE:
		if (walk->attributes & VS_ATTR_SHMEM_SWAPPED)
			return swapped_sentence(walk, "No entry, but the page of the shared memory",
						text, size);
		return hole_sentence(kernel, walk, text, size);
	case VS_STOP_NONPRESENT:
		return nonpresent_sentence(walk, text, size);
	case VS_STOP_BAD:
		snprintf(text, size, "The %s entry makes no sense: bits are set that must not be.",
			 vs_level_name(walk->stop_level));
		return text;
	case VS_STOP_NO_VMA:
		return "No mapping covers the address; touching it is SIGSEGV.";
	case VS_STOP_RANGE:
		snprintf(text, size, "No user address: they end at 0x%" PRIx64 ". Nothing was read.",
			 kernel->task_size);
		return text;
	case VS_STOP_LOCKED:
		return "Nothing was read: the lock stayed taken; try again, or longer with --timeout.";
	}
	return "The source cannot look there.";
}
