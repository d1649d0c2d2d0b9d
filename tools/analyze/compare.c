// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Comparing. It must not know how the figures were collected.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "select.h"

#define MOST_DIFFERENCES	20000

void vs_comparison_free(struct vs_comparison *comparison)
{
	free(comparison->difference);
	memset(comparison, 0, sizeof(*comparison));
}

size_t vs_count_reason(const struct vs_comparison *comparison, enum vs_reason reason)
{
	size_t count = reason == VS_UNEXPLAINED ? comparison->beyond : 0;

	for (size_t i = 0; i < comparison->nr; i++)
		count += comparison->difference[i].reason == reason;
	return count;
}

static void add(struct vs_comparison *comparison, const struct vs_difference *difference)
{
	if (comparison->nr == comparison->max) {
		size_t more = comparison->max * 2 + 64;
		void *bigger = NULL;

		if (more < MOST_DIFFERENCES * 2)
			bigger = reallocarray(comparison->difference, more, sizeof(*difference));
		if (!bigger) {
			comparison->beyond++;
			return;
		}
		comparison->difference = bigger;
		comparison->max = more;
	}
	comparison->difference[comparison->nr++] = *difference;
}

/* 601 for 6.1, 612 for 6.12. */
static int version(const struct vs_kernel *kernel)
{
	int major = 0, minor = 0;

	if (sscanf(kernel->release, "%d.%d", &major, &minor) != 2)
		return 0;
	return major * 100 + minor;
}

/* ------------------------------------------------------------ mappings */

static const struct {
	enum vs_smaps field;
	enum vs_figure figure;
	const char *name;
} pairs[] = {
	{ VS_SMAPS_RSS, VS_FIG_RSS, "Rss" },
	{ VS_SMAPS_PSS, VS_FIG_PSS, "Pss" },
	{ VS_SMAPS_PSS_DIRTY, VS_FIG_PSS_DIRTY, "Pss_Dirty" },
	{ VS_SMAPS_SHARED_CLEAN, VS_FIG_SHARED_CLEAN, "Shared_Clean" },
	{ VS_SMAPS_SHARED_DIRTY, VS_FIG_SHARED_DIRTY, "Shared_Dirty" },
	{ VS_SMAPS_PRIVATE_CLEAN, VS_FIG_PRIVATE_CLEAN, "Private_Clean" },
	{ VS_SMAPS_PRIVATE_DIRTY, VS_FIG_PRIVATE_DIRTY, "Private_Dirty" },
	{ VS_SMAPS_REFERENCED, VS_FIG_REFERENCED, "Referenced" },
	{ VS_SMAPS_ANONYMOUS, VS_FIG_ANONYMOUS, "Anonymous" },
	{ VS_SMAPS_KSM, VS_FIG_KIND + VS_KIND_KSM, "KSM" },
	{ VS_SMAPS_LAZYFREE, VS_FIG_LAZYFREE, "LazyFree" },
	{ VS_SMAPS_ANON_HUGE, VS_FIG_ANON_HUGE, "AnonHugePages" },
	{ VS_SMAPS_SHMEM_PMD, VS_FIG_SHMEM_PMD, "ShmemPmdMapped" },
	{ VS_SMAPS_FILE_PMD, VS_FIG_FILE_PMD, "FilePmdMapped" },
	{ VS_SMAPS_SHARED_HUGETLB, VS_FIG_SHARED_HUGETLB, "Shared_Hugetlb" },
	{ VS_SMAPS_PRIVATE_HUGETLB, VS_FIG_PRIVATE_HUGETLB, "Private_Hugetlb" },
	{ VS_SMAPS_SWAP, VS_FIG_SWAP, "Swap" },
	{ VS_SMAPS_LOCKED, VS_FIG_LOCKED, "Locked" },
};

/* Pages that are left out change these, and no other property of a mapping. */
static bool is_sum_of_pages(const char *field)
{
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (!strcmp(field, pairs[i].name))
			return true;
	return false;
}

/*
 * Huge pages that are out of reach (PROT_NONE, hints of NUMA balancing): 6.1 asks
 * mm/huge_memory.c:follow_trans_huge_pmd() for them, which has none.
 */
static bool may_hide_huge_pages(const struct vs_model *module, const struct vs_vma *vma)
{
	return version(&module->kernel) < 612 && vs_figure(module, vma, VS_FIG_PROTNONE) &&
	       vs_figure(module, vma, VS_FIG_LEAF + VS_LEAF_PMD);
}

static void explain(const struct vs_model *module, const struct vs_vma *vma,
		    struct vs_difference *difference)
{
	uint64_t poisoned = vs_figure(module, vma, VS_FIG_STATE + VS_STATE_HWPOISON);
	bool sum = is_sum_of_pages(difference->field);
	bool hugetlb_sharing = !strcmp(difference->field, "Shared_Hugetlb") ||
		!strcmp(difference->field, "Private_Hugetlb");

	if (hugetlb_sharing && vma->page_shift > module->kernel.level[VS_LEVEL_PMD].shift) {
		difference->reason = VS_KNOWN;
		difference->why = "smaps asks a table that does not know for the sharers of a page so huge";
	} else if (sum && poisoned && version(&module->kernel) < 612) {
		difference->reason = VS_KNOWN;
		difference->why = "smaps of 6.1 leaves out pages that had a memory error";
	} else if (sum && may_hide_huge_pages(module, vma)) {
		difference->reason = VS_KNOWN;
		difference->why = "smaps of 6.1 leaves out huge pages that are out of reach";
	} else if (vma->marks & (VS_MARK_LAYOUT | VS_MARK_RACY)) {
		difference->reason = VS_CHANGED;
		difference->why = "the module marked the mapping: its layout changed meanwhile";
	} else if (sum && vma->marks & VS_MARK_SKIPPED) {
		difference->reason = VS_CHANGED;
		difference->why = "the module skipped pages: their lock stayed taken";
	} else {
		difference->reason = VS_UNEXPLAINED;
		difference->why = "not explained: please report it";
	}
}

static void compare_values(const struct vs_model *module, const struct vs_vma *vma,
			   const char *field, uint64_t value, uint64_t before, uint64_t after,
			   struct vs_comparison *comparison)
{
	struct vs_difference difference = {
		.start = vma->start, .end = vma->end, .field = field, .module = value,
		.proc = after,
	};

	comparison->fields++;
	if (value == before || value == after)
		return;
	if (before == after) {
		explain(module, vma, &difference);
	} else {
		difference.reason = VS_CHANGED;
		difference.why = "procfs itself changed between its two looks";
	}
	add(comparison, &difference);
}

/* The mapping with the same bounds. */
static const struct vs_vma *same_mapping(const struct vs_model *model, const struct vs_vma *vma)
{
	const struct vs_vma *found = vs_model_find(model, vma->start);

	return found && found->start == vma->start && found->end == vma->end ? found : NULL;
}

static uint64_t name_hash(const struct vs_model *model, const struct vs_vma *vma)
{
	uint64_t hash = 14695981039346656037ull;
	char text[4200];

	vs_field_text(model, vma, VS_FIELD_NAME, text, sizeof(text));
	for (const char *at = text; *at; at++)
		hash = (hash ^ (unsigned char)*at) * 1099511628211ull;
	return hash;
}

static void compare_properties(const struct vs_model *module, const struct vs_vma *vma,
			       const struct vs_model *before, const struct vs_vma *b,
			       const struct vs_model *after, const struct vs_vma *a,
			       struct vs_comparison *comparison)
{
	/* procfs does not tell whether a mapping is anonymous. */
	const uint64_t flags = ~VS_VM_ANON;

	compare_values(module, vma, "offset", vma->offset, b->offset, a->offset, comparison);
	compare_values(module, vma, "inode", vma->inode, b->inode, a->inode, comparison);
	compare_values(module, vma, "dev_major", vma->dev_major, b->dev_major, a->dev_major,
		       comparison);
	compare_values(module, vma, "dev_minor", vma->dev_minor, b->dev_minor, a->dev_minor,
		       comparison);
	if (before->smaps_fields) {
		compare_values(module, vma, "VmFlags", vma->flags & flags, b->flags & flags,
			       a->flags & flags, comparison);
		compare_values(module, vma, "KernelPageSize", 1ull << vma->page_shift,
			       1ull << b->page_shift, 1ull << a->page_shift, comparison);
	}
	if (!(vma->marks & VS_MARK_NO_NAME))
		compare_values(module, vma, "name", name_hash(module, vma), name_hash(before, b),
			       name_hash(after, a), comparison);
}

static void compare_sums(const struct vs_model *module, const struct vs_vma *vma,
			 const struct vs_model *before, const struct vs_vma *b,
			 const struct vs_model *after, const struct vs_vma *a,
			 struct vs_comparison *comparison)
{
	struct vs_tally sums_before = vs_model_tally(before, b);
	struct vs_tally sums_after = vs_model_tally(after, a);

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		uint64_t field = 1ull << pairs[i].field;

		if (!(before->smaps_fields & after->smaps_fields & field))
			continue;
		/* smaps rounds down to KiB */
		compare_values(module, vma, pairs[i].name,
			       vs_figure(module, vma, pairs[i].figure) & ~1023ull,
			       vs_tally_smaps(&sums_before, field),
			       vs_tally_smaps(&sums_after, field), comparison);
	}
	compare_values(module, vma, "remainder", vs_figure(module, vma, VS_FIG_REMAINDER), 0, 0,
		       comparison);
}

/* Mappings that only one of them has. */
static void compare_existence(const struct vs_model *module, const struct vs_vma *vma,
			      const struct vs_model *before, const struct vs_model *after,
			      struct vs_comparison *comparison)
{
	bool in_before = same_mapping(before, vma), in_after = same_mapping(after, vma);
	struct vs_difference difference = {
		.start = vma->start, .end = vma->end, .field = "mapping",
		.module = vma->end - vma->start, .proc = 0,
	};

	if (in_before || in_after) {
		difference.reason = VS_CHANGED;
		difference.why = "procfs itself changed between its two looks";
	} else {
		explain(module, vma, &difference);
	}
	add(comparison, &difference);
}

static void compare_missing(const struct vs_model *module, const struct vs_model *before,
			    const struct vs_model *after, struct vs_comparison *comparison)
{
	for (size_t i = 0; i < before->nr_vmas; i++) {
		const struct vs_vma *vma = &before->vma[i];
		struct vs_difference difference = {
			.start = vma->start, .end = vma->end, .field = "mapping",
			.proc = vma->end - vma->start,
			.why = "not explained: please report it",
		};

		if (same_mapping(module, vma) || !same_mapping(after, vma))
			continue;
		/* [vsyscall] is the kernel's, in no page table of the process. */
		if (module->kernel.task_size && vma->start >= module->kernel.task_size)
			continue;
		if (!strcmp(vs_model_name(before, vma), "[vsyscall]"))
			continue;
		add(comparison, &difference);
	}
}

void vs_compare_mappings(const struct vs_model *module, const struct vs_model *before,
			 const struct vs_model *after, struct vs_comparison *comparison)
{
	for (size_t i = 0; i < module->nr_vmas; i++) {
		const struct vs_vma *vma = &module->vma[i];
		const struct vs_vma *b = same_mapping(before, vma), *a = same_mapping(after, vma);

		if (!a || !b) {
			compare_existence(module, vma, before, after, comparison);
			continue;
		}
		comparison->mappings++;
		compare_properties(module, vma, before, b, after, a, comparison);
		compare_sums(module, vma, before, b, after, a, comparison);
	}
	compare_missing(module, before, after, comparison);
}

/* --------------------------------------------------------------- pages */

static const struct {
	uint64_t attribute;
	const char *name;
	bool folio;		/* 6.1 shows a tail page's own flag */
} flags[] = {
	{ VS_ATTR_REFERENCED, "REFERENCED", true },
	{ VS_ATTR_FOLIO_DIRTY, "DIRTY", true },
	{ VS_ATTR_LRU, "LRU", true },
	{ VS_ATTR_ACTIVE, "ACTIVE", true },
	{ VS_ATTR_UNEVICTABLE, "UNEVICTABLE", true },
	{ VS_ATTR_MLOCKED, "MLOCKED", true },
	{ VS_ATTR_WRITEBACK, "WRITEBACK", true },
	{ VS_ATTR_SWAPCACHE, "SWAPCACHE", true },
	{ VS_ATTR_SWAPBACKED, "SWAPBACKED", true },
	{ VS_ATTR_RECLAIM, "RECLAIM", true },
	{ VS_ATTR_HEAD, "HEAD", false },
};

struct page_context {
	const struct vs_kernel *kernel;
	const struct vs_vma *vma;
	uint64_t address;
	struct vs_comparison *comparison;
};

/* fault: what procfs is known to get wrong there, or NULL */
static void compare_faulty_values(const struct page_context *context, const char *field,
				  const char *fault, uint64_t module, uint64_t before,
				  uint64_t after)
{
	struct vs_difference difference = {
		.start = context->address,
		.end = context->address + (1ull << context->kernel->page_shift),
		.field = field, .module = module, .proc = after,
		.why = "not explained: please report it",
	};

	context->comparison->page_fields++;
	if (module == before || module == after)
		return;
	if (before != after) {
		difference.reason = VS_CHANGED;
		difference.why = "procfs itself changed between its two looks";
	} else if (fault) {
		difference.reason = VS_KNOWN;
		difference.why = fault;
	}
	add(context->comparison, &difference);
}

static void compare_page_values(const struct page_context *context, const char *field,
				uint64_t module, uint64_t before, uint64_t after)
{
	compare_faulty_values(context, field, NULL, module, before, after);
}

/* What pagemap can tell of a state: nothing, a page, or something else. */
enum { SEEN_NOTHING, SEEN_PAGE, SEEN_ENTRY };

static unsigned int seen_state(const struct vs_page *page)
{
	switch (page->attributes & VS_ATTR_STATE) {
	case VS_STATE_NONE:
		return SEEN_NOTHING;
	case VS_STATE_PRESENT:
	case VS_STATE_ZERO:
		return SEEN_PAGE;
	}
	return SEEN_ENTRY;
}

static const char *state_fault(const struct page_context *context, const struct vs_page *module)
{
	if (context->vma->flags & VS_VM_HUGETLB && seen_state(module) == SEEN_ENTRY)
		return "of hugetlb, pagemap tells only what is present";
	return NULL;
}

enum { CLASS_ANON, CLASS_FILE, CLASS_HUGETLB };

static unsigned int kind_class(const struct vs_page *page)
{
	switch ((page->attributes & VS_ATTR_KIND) >> VS_ATTR_KIND_SHIFT) {
	case VS_KIND_ANON_EXCLUSIVE:
	case VS_KIND_ANON:
	case VS_KIND_KSM:
		return CLASS_ANON;
	case VS_KIND_HUGETLB:
		return CLASS_HUGETLB;
	}
	return CLASS_FILE;
}

static bool flag_is_usable(const struct page_context *context, const struct vs_page *module, int i)
{
	bool tail = module->attributes & VS_ATTR_ORDER && !(module->attributes & VS_ATTR_HEAD);

	if (!flags[i].folio)
		return true;
	/* kpageflags hides what hugetlb uses for its own purposes. */
	return kind_class(module) != CLASS_HUGETLB && !(tail && version(context->kernel) < 612);
}

static const char *exclusive_fault(const struct page_context *context,
				   const struct vs_page *module)
{
	unsigned int leaf = (module->attributes & VS_ATTR_LEAF) >> VS_ATTR_LEAF_SHIFT;

	if (kind_class(module) == CLASS_HUGETLB)
		return "pagemap calls a hugetlb page shared whose page table is shared";
	if (leaf == VS_LEAF_PMD && version(context->kernel) != 612)
		return "under a PMD, pagemap tells of the first page alone whether it is exclusive";
	return NULL;
}

static void compare_present(const struct page_context *context, const struct vs_page_keys *keys,
			    const struct vs_page *module, const struct vs_page *before,
			    const struct vs_page *after)
{
	uint64_t both = keys->module & keys->proc;

	if ((keys->proc & VS_ATTR_FOLIO_DIRTY) ||
	    (kind_class(module) != CLASS_HUGETLB && !(context->vma->flags & VS_VM_HUGETLB)))
		compare_page_values(context, "kind", kind_class(module), kind_class(before),
				    kind_class(after));
	if (keys->module & VS_KEY_MAPCOUNT) {
		compare_faulty_values(context, "exclusive", exclusive_fault(context, module),
				      module->mapcount == 1,
				      !(before->attributes & VS_ATTR_SHARED),
				      !(after->attributes & VS_ATTR_SHARED));
		if (keys->proc & VS_KEY_MAPCOUNT)
			compare_page_values(context, "kpagecount", module->mapcount,
					    before->mapcount, after->mapcount);
	}
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (both & flags[i].attribute && flag_is_usable(context, module, i))
			compare_page_values(context, flags[i].name,
					    !!(module->attributes & flags[i].attribute),
					    !!(before->attributes & flags[i].attribute),
					    !!(after->attributes & flags[i].attribute));
}

void vs_compare_page(const struct vs_kernel *kernel, const struct vs_page_keys *keys,
		     const struct vs_vma *vma, uint64_t address, const struct vs_page *module,
		     const struct vs_page *before, const struct vs_page *after,
		     struct vs_comparison *comparison)
{
	struct page_context context = { kernel, vma, address, comparison };
	unsigned int state = module->attributes & VS_ATTR_STATE;
	uint64_t both = keys->module & keys->proc;

	/* pagemap does not tell PFN maps. */
	if (state == VS_STATE_SPECIAL || state == VS_STATE_SKIPPED)
		return;
	comparison->pages++;
	compare_faulty_values(&context, "state", state_fault(&context, module), seen_state(module),
			      seen_state(before), seen_state(after));
	if (seen_state(module) != seen_state(before) || seen_state(module) != seen_state(after) ||
	    state == VS_STATE_NONE)
		return;
	if (both & VS_ATTR_SOFT_DIRTY)
		compare_page_values(&context, "soft_dirty",
				    !!(module->attributes & VS_ATTR_SOFT_DIRTY),
				    !!(before->attributes & VS_ATTR_SOFT_DIRTY),
				    !!(after->attributes & VS_ATTR_SOFT_DIRTY));
	if (both & VS_ATTR_UFFD_WP)
		compare_page_values(&context, "uffd_wp", !!(module->attributes & VS_ATTR_UFFD_WP),
				    !!(before->attributes & VS_ATTR_UFFD_WP),
				    !!(after->attributes & VS_ATTR_UFFD_WP));
	if (state == VS_STATE_SWAPPED || seen_state(module) == SEEN_PAGE)
		compare_page_values(&context, state == VS_STATE_SWAPPED ? "slot" : "frame",
				    module->frame, before->frame, after->frame);
	if (state == VS_STATE_SWAPPED)
		compare_page_values(&context, "swap area", module->swap_type, before->swap_type,
				    after->swap_type);
	if (state == VS_STATE_PRESENT)
		compare_present(&context, keys, module, before, after);
}

/* ---------------------------------------------------------- both kinds */

static bool found_again(const struct vs_comparison *again, const struct vs_difference *difference)
{
	for (size_t i = 0; i < again->nr; i++)
		if (again->difference[i].reason == VS_UNEXPLAINED &&
		    again->difference[i].start == difference->start &&
		    again->difference[i].end == difference->end &&
		    !strcmp(again->difference[i].field, difference->field))
			return true;
	return false;
}

void vs_compare_again(struct vs_comparison *first, const struct vs_comparison *again)
{
	for (size_t i = 0; i < first->nr; i++) {
		struct vs_difference *difference = &first->difference[i];

		if (difference->reason != VS_UNEXPLAINED || found_again(again, difference))
			continue;
		difference->reason = VS_CHANGED;
		difference->why = "agreed when looked at again: it had changed in between";
	}
}

const char * const *vs_not_compared(const struct vs_kernel *kernel)
{
	static const char * const always[] = {
		"pages of PFN maps: pagemap does not tell them",
		"untouched pages one by one: the sums cover them",
		"kpageflags of hugetlb pages: the kernel hides them",
		NULL,
	};
	static const char * const on_61[] = {
		"pages of PFN maps: pagemap does not tell them",
		"untouched pages one by one: the sums cover them",
		"kpageflags of hugetlb pages: the kernel hides them",
		"kpageflags of tail pages: 6.1 shows the tail's own, not the folio's",
		NULL,
	};
	static const char * const on_612[] = {
		"pages of PFN maps: pagemap does not tell them",
		"untouched pages one by one: the sums cover them",
		"kpageflags of hugetlb pages: the kernel hides them",
		"the KSM bit of kpageflags: 6.12 sets it for every anonymous page",
		NULL,
	};

	if (version(kernel) < 612)
		return on_61;
	return version(kernel) == 612 ? on_612 : always;
}
