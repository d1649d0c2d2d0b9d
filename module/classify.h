/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a page is: its entry, its frame and the mapping it is seen through put
 * together into states, kinds and attributes; walks nothing and sums nothing.
 */
#ifndef VMS_CLASSIFY_H
#define VMS_CLASSIFY_H

#include <linux/mm.h>

#include "entry.h"
#include "page.h"
#include "vmas.h"

/**
 * struct view - the mapping through which pages are looked at
 * @flags: the VMA's flags
 * @soft_dirty: ATTR_SOFT_DIRTY when the VMA as a whole is, as pagemap has it
 * @file_kind: KIND_FILE_SHARED or KIND_FILE_PRIVATE, for page cache
 * @anonymous: of the VMA, kept to tell whether the view is still right
 * @anon_only: private anonymous memory, where only anonymous pages can be
 * @hugetlb: a hugetlb mapping
 * @dax: a file whose pages are a device's memory
 * @trusted: entries cannot change while they are looked at; otherwise frames
 *	are checked before they are believed
 */
struct view {
	unsigned long flags;
	u64 soft_dirty;
	enum page_kind file_kind;
	bool anonymous;
	bool anon_only;
	bool hugetlb;
	bool dax;
	bool trusted;
};

void view_init(struct view *view, const struct vma_copy *copy, bool trusted);

/* Whether @view is what view_init() would make of @copy. */
static inline bool view_is_of(const struct view *view,
			      const struct vma_copy *copy, bool trusted)
{
	return view->flags == copy->flags && view->trusted == trusted &&
	       view->anonymous == copy->anonymous && view->dax == copy->dax &&
	       view->hugetlb == !!copy->huge_shift;
}

/* The attributes that this kernel can tell at all. */
u64 classify_attributes(void);

/**
 * classify - what the page is that an entry maps
 * @view: the mapping
 * @entry: the decoded entry
 * @want: attributes wanted; without any of KEY_PAGE the struct page is left
 *	alone as far as the state can be told without it, and of ATTR_CLOSER
 *	those are told that are wanted
 * @nth: which page of a leaf that maps many
 * @info: out; attributes outside @want may be set or not
 */
void classify(const struct view *view, const struct entry *entry, u64 want,
	      unsigned int nth, struct page_info *info);

/*
 * What ATTR_CLOSER took beyond a look at a page, in the units of
 * section.budget.
 */
long classify_closer_cost(const struct page_info *info, u64 want);

/* Whether all pages of a leaf have one mapcount, so that one answer does. */
bool classify_uniform(const struct page_info *info);

/*
 * How many of the @pages pages of a leaf from the one in @info on have its
 * mapcount. What else there is to say of them is said of the whole leaf, but
 * that the first may be the head of a folio.
 */
unsigned int classify_alike(const struct page_info *info, unsigned int pages);

#endif /* VMS_CLASSIFY_H */
