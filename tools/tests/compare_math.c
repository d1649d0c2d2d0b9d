// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a difference between the module and procfs is put down to, with looks
 * that are made up. It knows nothing of kernels but what they are called.
 *
 * Prints what is wrong; the exit status says whether anything was.
 */
#include <stdio.h>
#include <string.h>

#include "../analyze/compare.h"

#define PAGE		4096ull
#define START		0x7f0000000000ull
#define PAGES		1024
#define UNEXPLAINED	"not explained: please report it"
#define IN_PROCFS	"procfs itself changed between its two looks"

static int failures;

#define CHECK(ok, ...) do {						\
	if (!(ok)) {							\
		printf("%s:%d: ", __func__, __LINE__);			\
		printf(__VA_ARGS__);					\
		printf("\n");						\
		failures++;						\
	}								\
} while (0)

/* The module's look, and those of procfs before and after. */
static struct vs_model module, before, after;
static struct vs_comparison found;

/* A mapping of @rss resident pages, in one look. */
static struct vs_vma *map(struct vs_model *model, uint64_t start, uint64_t rss)
{
	struct vs_vma *vma = vs_model_add_vma(model);
	uint64_t bytes[] = { rss * PAGE };
	uint64_t pages[] = { rss, PAGES - rss };
	struct vs_tally tally = {
		.smaps = 1ull << VS_SMAPS_RSS,
		.value = bytes,
	};

	if (model->origin == VS_ORIGIN_MODULE) {
		tally = (struct vs_tally){
			.cells = 1ull << VS_CELL(VS_KIND_ANON_EXCLUSIVE, 0),
			.counters = 1ull << (VS_COUNT_STATE + VS_STATE_NONE),
			.value = pages,
		};
	}
	vma->start = start;
	vma->end = start + PAGES * PAGE;
	vma->page_shift = 12;
	vma->tally = VS_NO_TALLY;
	vs_model_add_tally(model, vma, &tally);
	return vma;
}

static void begin_look(struct vs_model *model, enum vs_origin origin, const char *release)
{
	vs_model_free(model);
	vs_model_init(model);
	model->origin = origin;
	model->smaps_fields = 1ull << VS_SMAPS_RSS | 1ull << VS_SMAPS_PRIVATE_HUGETLB |
		1ull << VS_SMAPS_SHARED_HUGETLB;
	snprintf(model->kernel.release, sizeof(model->kernel.release), "%s", release);
	model->kernel.page_shift = 12;
	model->kernel.level[VS_LEVEL_PMD].shift = 21;
	model->kernel.task_size = 0x7ffffffff000;
}

static void begin_empty(const char *release)
{
	begin_look(&module, VS_ORIGIN_MODULE, release);
	begin_look(&before, VS_ORIGIN_PROC, release);
	begin_look(&after, VS_ORIGIN_PROC, release);
}

/* One mapping, which the module tells to have @rss pages, and procfs @then and @now. */
static struct vs_vma *begin(const char *release, uint64_t rss, uint64_t then, uint64_t now)
{
	begin_empty(release);
	map(&before, START, then);
	map(&after, START, now);
	return map(&module, START, rss);
}

static void compare(void)
{
	vs_comparison_free(&found);
	vs_compare_mappings(&module, &before, &after, &found);
}

static const struct vs_difference *of(const char *field)
{
	for (size_t i = 0; i < found.nr; i++)
		if (!strcmp(found.difference[i].field, field))
			return &found.difference[i];
	return NULL;
}

#define IS(field, because, words) do {					\
	const struct vs_difference *is_ = of(field);			\
									\
	CHECK(is_ && is_->reason == (because) && !strcmp(is_->why, words), \
	      "%s: %d, %s", field, is_ ? (int)is_->reason : -1, is_ ? is_->why : "no difference"); \
} while (0)

static void what_is_the_same_is_no_difference(void)
{
	begin("6.12.1", 10, 10, 10);
	compare();
	CHECK(!found.nr && found.mappings == 1 && found.fields > 5, "%zu", found.nr);
	/* either look will do: it was so at that time */
	begin("6.12.1", 10, 10, 11);
	compare();
	CHECK(!found.nr, "%zu: %s", found.nr, found.difference[0].field);
	begin("6.12.1", 11, 10, 11);
	compare();
	CHECK(!found.nr, "%zu: %s", found.nr, found.difference[0].field);
}

static void what_has_no_reason_is_to_be_reported(void)
{
	begin("6.12.1", 12, 10, 10);
	compare();
	IS("Rss", VS_UNEXPLAINED, UNEXPLAINED);
	CHECK(of("Rss")->module == 12 * PAGE && of("Rss")->proc == 10 * PAGE, "other values");
	CHECK(vs_count_reason(&found, VS_UNEXPLAINED) == 1, "%zu", found.nr);
}

static void procfs_that_changes_explains(void)
{
	begin("6.12.1", 12, 10, 11);
	compare();
	IS("Rss", VS_CHANGED, IN_PROCFS);
}

static void marks_of_the_module_explain(void)
{
	static const struct {
		uint16_t mark;
		const char *why;
	} marks[] = {
		{ VS_MARK_LAYOUT, "the module marked the mapping: its layout changed meanwhile" },
		{ VS_MARK_RACY, "the module marked the mapping: its layout changed meanwhile" },
		{ VS_MARK_SKIPPED, "the module skipped pages: their lock stayed taken" },
	};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		begin("6.12.1", 12, 10, 10)->marks = marks[i].mark;
		compare();
		IS("Rss", VS_CHANGED, marks[i].why);
	}
	/* which changes sums alone */
	begin("6.12.1", 10, 10, 10)->marks = VS_MARK_SKIPPED;
	module.vma[0].offset = PAGE;
	compare();
	IS("offset", VS_UNEXPLAINED, UNEXPLAINED);
	/* others say nothing of sums */
	begin("6.12.1", 12, 10, 10)->marks = VS_MARK_NO_NAME | VS_MARK_PART;
	compare();
	IS("Rss", VS_UNEXPLAINED, UNEXPLAINED);
}

/* Ten pages that are the same in all looks, and one that had a memory error. */
static struct vs_vma *begin_poisoned(const char *release)
{
	struct vs_vma *vma = begin(release, 10, 10, 10);
	uint64_t one[] = { 1, 1 };
	struct vs_tally tally = {
		.cells = 1ull << VS_CELL(VS_KIND_ANON_EXCLUSIVE, 0),
		.counters = 1ull << (VS_COUNT_STATE + VS_STATE_HWPOISON),
		.value = one,
	};

	vma->end += PAGE;
	before.vma[0].end += PAGE;
	after.vma[0].end += PAGE;
	vs_model_add_tally(&module, vma, &tally);
	return vma;
}

static void memory_errors_explain_on_6_1(void)
{
	begin_poisoned("6.1.0-13-amd64");
	compare();
	IS("Rss", VS_KNOWN, "smaps of 6.1 leaves out pages that had a memory error");
	CHECK(found.nr == 1, "%zu differences", found.nr);
	/* but nothing that is no sum of pages */
	begin_poisoned("6.1.0-13-amd64")->offset = PAGE;
	compare();
	IS("offset", VS_UNEXPLAINED, UNEXPLAINED);
	begin_poisoned("6.12.1");
	compare();
	IS("Rss", VS_UNEXPLAINED, UNEXPLAINED);
}

/* Of two huge pages, procfs tells one; the other is out of reach in @protnone pages. */
static void begin_out_of_reach(const char *release, uint64_t protnone)
{
	struct vs_vma *vma = begin(release, 512, 512, 512);
	uint64_t values[] = { 512, 1024, protnone };
	struct vs_tally tally = {
		.cells = 1ull << VS_CELL(VS_KIND_ANON_EXCLUSIVE, 0),
		.counters = 1ull << (VS_COUNT_LEAF + VS_LEAF_PMD) | 1ull << VS_COUNT_PROTNONE,
		.value = values,
	};

	vs_model_add_tally(&module, vma, &tally);
}

static void huge_pages_out_of_reach_explain_on_6_1(void)
{
	begin_out_of_reach("6.1.0-13-amd64", 512);
	compare();
	IS("Rss", VS_KNOWN, "smaps of 6.1 leaves out huge pages that are out of reach");
	begin_out_of_reach("6.1.0-13-amd64", 0);
	compare();
	IS("Rss", VS_UNEXPLAINED, UNEXPLAINED);
	begin_out_of_reach("6.12.1", 512);
	compare();
	IS("Rss", VS_UNEXPLAINED, UNEXPLAINED);
}

static void begin_hugetlb(unsigned int shift)
{
	struct vs_vma *vma = begin("6.12.1", 0, 0, 0);
	uint64_t pages = 4;
	struct vs_tally tally = {
		.cells = 1ull << VS_CELL(VS_KIND_HUGETLB, VS_CELL_SHARED),
		.value = &pages,
	};

	vma->page_shift = shift;
	before.vma[0].page_shift = shift;
	after.vma[0].page_shift = shift;
	vs_model_add_tally(&module, vma, &tally);
}

static void sharers_of_gigabyte_pages_are_not_known_to_smaps(void)
{
	begin_hugetlb(30);
	compare();
	IS("Shared_Hugetlb", VS_KNOWN,
	   "smaps asks a table that does not know for the sharers of a page so huge");
	begin_hugetlb(21);
	compare();
	IS("Shared_Hugetlb", VS_UNEXPLAINED, UNEXPLAINED);
}

static void mappings_that_one_has_alone(void)
{
	begin_empty("6.12.1");
	map(&module, START, 1);
	compare();
	IS("mapping", VS_UNEXPLAINED, UNEXPLAINED);
	map(&before, START, 1);
	compare();
	IS("mapping", VS_CHANGED, IN_PROCFS);

	begin_empty("6.12.1");
	map(&before, START, 1);
	compare();
	CHECK(!found.nr, "what was gone soon after is missed");
	map(&after, START, 1);
	compare();
	IS("mapping", VS_UNEXPLAINED, UNEXPLAINED);

	/* of the kernel */
	begin_empty("6.12.1");
	map(&before, 0xffffffffff600000, 0);
	map(&after, 0xffffffffff600000, 0);
	compare();
	CHECK(!found.nr, "vsyscall is missed");
}

static void what_agrees_in_a_second_look_had_changed(void)
{
	struct vs_comparison first;

	begin("6.12.1", 12, 10, 10);
	module.vma[0].offset = PAGE;
	compare();
	first = found;
	memset(&found, 0, sizeof(found));
	begin("6.12.1", 12, 10, 10);
	compare();
	vs_compare_again(&first, &found);
	vs_comparison_free(&found);
	found = first;
	IS("offset", VS_CHANGED, "agreed when looked at again: it had changed in between");
	IS("Rss", VS_UNEXPLAINED, UNEXPLAINED);
}

/* ------------------------------------------------------------------ pages */

static const struct vs_page_keys keys = {
	.module = VS_KEY_MAPCOUNT | VS_ATTR_LRU | VS_ATTR_SOFT_DIRTY,
	.proc = VS_KEY_MAPCOUNT | VS_ATTR_LRU | VS_ATTR_SOFT_DIRTY | VS_ATTR_FOLIO_DIRTY,
};

static struct vs_page anon_page(void)
{
	return (struct vs_page){
		.attributes = VS_STATE_PRESENT | VS_KIND_ANON_EXCLUSIVE << VS_ATTR_KIND_SHIFT,
		.frame = 0x1234,
		.mapcount = 1,
		.met = true,
	};
}

static void compare_page(const char *release, uint64_t flags, struct vs_page m, struct vs_page then,
			 struct vs_page now)
{
	struct vs_vma vma = { .start = START, .end = START + PAGE, .flags = flags };
	struct vs_kernel kernel = { .page_shift = 12 };

	snprintf(kernel.release, sizeof(kernel.release), "%s", release);
	vs_comparison_free(&found);
	vs_compare_page(&kernel, &keys, &vma, START, &m, &then, &now, &found);
}

static void pages_without_a_reason(void)
{
	struct vs_page page = anon_page(), other = page, third = page;

	compare_page("6.12.1", 0, page, page, page);
	CHECK(!found.nr && found.pages == 1 && found.page_fields > 4, "%zu differences", found.nr);
	other.frame++;
	compare_page("6.12.1", 0, page, other, other);
	IS("frame", VS_UNEXPLAINED, UNEXPLAINED);
	compare_page("6.12.1", 0, page, page, other);
	CHECK(!found.nr, "it was there before");
	third.frame--;
	compare_page("6.12.1", 0, page, other, third);
	IS("frame", VS_CHANGED, IN_PROCFS);
	other.attributes = VS_STATE_NONE;
	compare_page("6.12.1", 0, page, other, other);
	IS("state", VS_UNEXPLAINED, UNEXPLAINED);
	CHECK(found.nr == 1, "what is not there has %zu differences", found.nr);
}

static void what_pagemap_cannot_tell_is_not_compared(void)
{
	struct vs_page page = anon_page(), nothing = { 0 };

	page.attributes = VS_STATE_SPECIAL;
	compare_page("6.12.1", 0, page, nothing, nothing);
	CHECK(!found.nr && !found.pages, "a page of a PFN map is compared");
	page.attributes = VS_STATE_SKIPPED;
	compare_page("6.12.1", 0, page, nothing, nothing);
	CHECK(!found.nr && !found.pages, "a page that was skipped is compared");
}

static void entries_of_hugetlb_are_not_known_to_pagemap(void)
{
	struct vs_page page = anon_page(), nothing = { 0 };

	page.attributes = VS_STATE_HWPOISON;
	compare_page("6.12.1", VS_VM_HUGETLB, page, nothing, nothing);
	IS("state", VS_KNOWN, "of hugetlb, pagemap tells only what is present");
	compare_page("6.12.1", 0, page, nothing, nothing);
	IS("state", VS_UNEXPLAINED, UNEXPLAINED);
	/* what is present, it tells */
	page = anon_page();
	compare_page("6.12.1", VS_VM_HUGETLB, page, nothing, nothing);
	IS("state", VS_UNEXPLAINED, UNEXPLAINED);
}

static void sharing_that_pagemap_tells_wrongly(void)
{
	static const char huge[] =
		"under a PMD, pagemap tells of the first page alone whether it is exclusive";
	struct vs_page page = anon_page(), other = page;

	other.attributes |= VS_ATTR_SHARED;
	compare_page("6.12.1", 0, page, other, other);
	IS("exclusive", VS_UNEXPLAINED, UNEXPLAINED);
	page.attributes |= VS_LEAF_PMD << VS_ATTR_LEAF_SHIFT;
	other.attributes |= VS_LEAF_PMD << VS_ATTR_LEAF_SHIFT;
	compare_page("6.1.0", 0, page, other, other);
	IS("exclusive", VS_KNOWN, huge);
	compare_page("7.3.4", 0, page, other, other);
	IS("exclusive", VS_KNOWN, huge);
	compare_page("6.12.1", 0, page, other, other);
	IS("exclusive", VS_UNEXPLAINED, UNEXPLAINED);

	page.attributes = VS_STATE_PRESENT | VS_KIND_HUGETLB << VS_ATTR_KIND_SHIFT;
	other = page;
	other.attributes |= VS_ATTR_SHARED;
	compare_page("6.12.1", VS_VM_HUGETLB, page, other, other);
	IS("exclusive", VS_KNOWN,
	   "pagemap calls a hugetlb page shared whose page table is shared");
}

/* 6.1 shows the flags of a tail page, which has none. */
static void flags_of_tail_pages(void)
{
	struct vs_page page = anon_page(), other;

	page.attributes |= VS_ATTR_LRU | 4 << VS_ATTR_ORDER_SHIFT;
	other = page;
	other.attributes &= ~VS_ATTR_LRU;
	compare_page("6.1.0", 0, page, other, other);
	CHECK(!of("LRU"), "the flag of a tail page is compared");
	compare_page("6.12.1", 0, page, other, other);
	IS("LRU", VS_UNEXPLAINED, UNEXPLAINED);
}

static bool leaves_out(const char *release, const char *what)
{
	struct vs_kernel kernel = { .page_shift = 12 };
	const char * const *line;

	snprintf(kernel.release, sizeof(kernel.release), "%s", release);
	for (line = vs_not_compared(&kernel); *line; line++)
		if (strstr(*line, what))
			return true;
	return false;
}

static void what_is_left_out_is_said(void)
{
	static const char * const releases[] = { "6.1.0-13-amd64", "6.12.1", "7.3.4" };

	for (int i = 0; i < 3; i++) {
		CHECK(leaves_out(releases[i], "PFN maps"), "%s", releases[i]);
		CHECK(leaves_out(releases[i], "tail pages") == !i, "%s", releases[i]);
		CHECK(leaves_out(releases[i], "KSM bit") == (i == 1), "%s", releases[i]);
	}
}

int main(void)
{
	what_is_the_same_is_no_difference();
	what_has_no_reason_is_to_be_reported();
	procfs_that_changes_explains();
	marks_of_the_module_explain();
	memory_errors_explain_on_6_1();
	huge_pages_out_of_reach_explain_on_6_1();
	sharers_of_gigabyte_pages_are_not_known_to_smaps();
	mappings_that_one_has_alone();
	what_agrees_in_a_second_look_had_changed();
	pages_without_a_reason();
	what_pagemap_cannot_tell_is_not_compared();
	entries_of_hugetlb_are_not_known_to_pagemap();
	sharing_that_pagemap_tells_wrongly();
	flags_of_tail_pages();
	what_is_left_out_is_said();
	vs_comparison_free(&found);
	vs_model_free(&module);
	vs_model_free(&before);
	vs_model_free(&after);
	return !!failures;
}
