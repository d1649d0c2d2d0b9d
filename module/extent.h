/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs of pages alike: reads entries one after the other and hands them to the
 * encoder, which joins them; knows nothing of locks.
 */
#ifndef VMS_EXTENT_H
#define VMS_EXTENT_H

#include "classify.h"
#include "encode.h"

/**
 * struct like - what a run of entries has to agree in
 * @known: this is what the last run agreed in; no page was looked at
 * @info: the first entry, classified
 * @entry_mask: bits of the entry that the key depends on
 * @entry: those bits of the first entry
 * @flags_mask: page flags that the key depends on; 0 when no page is looked at
 * @flags: those flags of the first page
 * @counts: its word of _mapcount and _refcount
 * @mapping: the kind bits of its mapping pointer
 * @owner: the pointer itself, of page cache that is looked at closer
 * @group: what it is charged to, where that is looked at
 */
struct like {
	bool known;
	struct page_info info;
	u64 entry_mask;
	u64 entry;
	u64 flags_mask;
	u64 flags;
	u64 counts;
	u64 mapping;
	u64 owner;
	u64 group;
};

/**
 * struct extents - how extents are made
 * @view: the mapping
 * @encoder: where they go
 * @holes: report pages without an entry as well
 * @plain: no block-wise path
 * @reread: read each entry again after its struct page and mark changes
 * @shmem: the VMA, when pages without an entry are looked for in its object
 * @markers: a marker hides a page of the object as well
 * @cost: work done, in the units of section.budget
 * @limit: of @cost, at which extent_ptes() stops
 * @like: private to extent_fast.c
 */
struct extents {
	struct view view;
	struct encoder *encoder;
	bool holes;
	bool plain;
	bool reread;
	bool markers;
	const struct vma_copy *shmem;
	long cost;
	long limit;
	struct like like;
};

/* Start with a mapping. */
void extents_begin(struct extents *x, const struct vma_copy *copy, bool trusted);

/* Return: entries taken; fewer than @n when the encoder is full, or at @limit. */
unsigned int extent_ptes(struct extents *x, const pte_t *pte,
			 unsigned long addr, unsigned int n);
/*
 * Return: address reached; less than @end when the encoder is full, and of a
 * hole, at @limit. It is above @addr unless the encoder is full.
 */
unsigned long extent_pmd(struct extents *x, pmd_t pmd, unsigned long addr,
			 unsigned long end, bool shared_table);
unsigned long extent_pud(struct extents *x, pud_t pud, unsigned long addr,
			 unsigned long end);
unsigned long extent_hole(struct extents *x, unsigned long addr,
			  unsigned long end);

#endif /* VMS_EXTENT_H */
