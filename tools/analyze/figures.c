// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the numbers of the model mean. It must not know how they are shown.
 */
#include <string.h>
#include <strings.h>

#include "figures.h"

#define BIT(n)		(1ull << (n))
#define KIND(kind)	(0xffull << VS_CELL(kind, 0))
#define EVERY_KIND(bits) (0x0101010101010101ull * (bits))

/* Masks over the eight cells of a kind. */
#define SHARED_CELLS	EVERY_KIND(0xf0)
#define DIRTY_CELLS	EVERY_KIND(0xcc)
#define REFERENCED_CELLS EVERY_KIND(0xaa)

#define HUGETLB		KIND(VS_KIND_HUGETLB)
#define RSS		(~HUGETLB)
#define ANON		(KIND(VS_KIND_ANON_EXCLUSIVE) | KIND(VS_KIND_ANON) | KIND(VS_KIND_KSM))

#define STATE(state)	BIT(VS_COUNT_STATE + (state))
#define LEAF(leaf)	BIT(VS_COUNT_LEAF + (leaf))
#define PSS_COUNTERS	(BIT(VS_COUNT_PSS_ANON) | BIT(VS_COUNT_PSS_FILE) | BIT(VS_COUNT_PSS_SHMEM))
#define PMD_COUNTERS	(BIT(VS_COUNT_PMD_ANON) | BIT(VS_COUNT_PMD_SHMEM) | BIT(VS_COUNT_PMD_FILE))
#define ALL_PSS		(PSS_COUNTERS | BIT(VS_COUNT_PSS_DIRTY))
#define ORDER_COUNTERS	(~0ull << VS_COUNT_ORDER)
/* Entries that are not present, yet have a frame: they are in the cells. */
#define NONPRESENT_FRAMES (STATE(VS_STATE_MIGRATING) | STATE(VS_STATE_HWPOISON) | \
			   STATE(VS_STATE_DEVICE))
#define ALL_STATES	(BIT(VS_STATE_NR) - 1)

#define SMAPS(field)	BIT(VS_SMAPS_##field)
#define SMAPS_HUGETLB	(SMAPS(SHARED_HUGETLB) | SMAPS(PRIVATE_HUGETLB))

static const struct vs_figure_info info[VS_FIG_NR] = {
	[VS_FIG_SIZE] = { "size", "address space of the mapping" },
	[VS_FIG_RSS] = { "rss", "resident: pages with a frame, hugetlb apart",
		.cells = RSS, .smaps = SMAPS(RSS) },
	[VS_FIG_PSS] = { "pss", "resident, shared pages divided among those who map them",
		.counters = PSS_COUNTERS, .smaps = SMAPS(PSS) },
	[VS_FIG_USS] = { "uss", "resident and mapped by nobody else",
		.cells = RSS & ~SHARED_CELLS,
		.smaps = SMAPS(PRIVATE_CLEAN) | SMAPS(PRIVATE_DIRTY) },
	[VS_FIG_SWAP] = { "swap", "in swap, swapped shared memory included",
		.counters = STATE(VS_STATE_SWAPPED) | BIT(VS_COUNT_SHMEM_SWAP),
		.smaps = SMAPS(SWAP) },
	[VS_FIG_HUGE] = { "huge", "mapped by huge entries, and hugetlb",
		.cells = HUGETLB, .counters = PMD_COUNTERS,
		.smaps = SMAPS(ANON_HUGE) | SMAPS(SHMEM_PMD) | SMAPS(FILE_PMD) | SMAPS_HUGETLB },
	[VS_FIG_PSS_ANON] = { "pss_anon", "part of PSS that is anonymous",
		.counters = BIT(VS_COUNT_PSS_ANON) },
	[VS_FIG_PSS_FILE] = { "pss_file", "part of PSS that is page cache",
		.counters = BIT(VS_COUNT_PSS_FILE) },
	[VS_FIG_PSS_SHMEM] = { "pss_shmem", "part of PSS that is shared memory",
		.counters = BIT(VS_COUNT_PSS_SHMEM) },
	[VS_FIG_PSS_DIRTY] = { "pss_dirty", "part of PSS that is dirty",
		.counters = BIT(VS_COUNT_PSS_DIRTY), .smaps = SMAPS(PSS_DIRTY) },
	[VS_FIG_SHARED_CLEAN] = { "shared_clean", "mapped more than once, not modified",
		.cells = RSS & SHARED_CELLS & ~DIRTY_CELLS, .smaps = SMAPS(SHARED_CLEAN) },
	[VS_FIG_SHARED_DIRTY] = { "shared_dirty", "mapped more than once, modified",
		.cells = RSS & SHARED_CELLS & DIRTY_CELLS, .smaps = SMAPS(SHARED_DIRTY) },
	[VS_FIG_PRIVATE_CLEAN] = { "private_clean", "mapped once, not modified",
		.cells = RSS & ~SHARED_CELLS & ~DIRTY_CELLS, .smaps = SMAPS(PRIVATE_CLEAN) },
	[VS_FIG_PRIVATE_DIRTY] = { "private_dirty", "mapped once, modified",
		.cells = RSS & ~SHARED_CELLS & DIRTY_CELLS, .smaps = SMAPS(PRIVATE_DIRTY) },
	[VS_FIG_SHARED_HUGETLB] = { "shared_hugetlb", "hugetlb, mapped more than once",
		.cells = HUGETLB & SHARED_CELLS, .smaps = SMAPS(SHARED_HUGETLB) },
	[VS_FIG_PRIVATE_HUGETLB] = { "private_hugetlb", "hugetlb, mapped once",
		.cells = HUGETLB & ~SHARED_CELLS, .smaps = SMAPS(PRIVATE_HUGETLB) },
	[VS_FIG_REFERENCED] = { "referenced", "accessed since the bit was last cleared",
		.cells = RSS & REFERENCED_CELLS, .smaps = SMAPS(REFERENCED) },
	[VS_FIG_ANONYMOUS] = { "anonymous", "resident and backed by no file",
		.cells = ANON, .smaps = SMAPS(ANONYMOUS) },
	[VS_FIG_LAZYFREE] = { "lazyfree", "given back with MADV_FREE, not yet taken",
		.counters = BIT(VS_COUNT_LAZYFREE), .smaps = SMAPS(LAZYFREE) },
	[VS_FIG_ANON_HUGE] = { "anon_huge", "anonymous, mapped by PMD (AnonHugePages)",
		.counters = BIT(VS_COUNT_PMD_ANON), .smaps = SMAPS(ANON_HUGE) },
	[VS_FIG_SHMEM_PMD] = { "shmem_pmd", "shared memory, mapped by PMD",
		.counters = BIT(VS_COUNT_PMD_SHMEM), .smaps = SMAPS(SHMEM_PMD) },
	[VS_FIG_FILE_PMD] = { "file_pmd", "page cache, mapped by PMD",
		.counters = BIT(VS_COUNT_PMD_FILE), .smaps = SMAPS(FILE_PMD) },
	[VS_FIG_SWAP_PSS] = { "swap_pss", "in swap, shared slots divided",
		.smaps = SMAPS(SWAP_PSS) },
	[VS_FIG_SHMEM_SWAP] = { "shmem_swap", "part of SWAP that has no entry: shared memory",
		.counters = BIT(VS_COUNT_SHMEM_SWAP) },
	[VS_FIG_LOCKED] = { "locked", "PSS of a mapping that is locked in memory",
		.counters = PSS_COUNTERS, .smaps = SMAPS(LOCKED) },
	[VS_FIG_PROTNONE] = { "protnone", "present, but made inaccessible",
		.counters = BIT(VS_COUNT_PROTNONE) },

	[VS_FIG_STATE + VS_STATE_NONE] = { "untouched", "state: never touched, or dropped",
		.counters = STATE(VS_STATE_NONE) },
	[VS_FIG_STATE + VS_STATE_PRESENT] = { "present", "state: mapped to memory",
		.cells = ~0ull, .minus = NONPRESENT_FRAMES,
		.smaps = SMAPS(RSS) | SMAPS_HUGETLB },
	[VS_FIG_STATE + VS_STATE_ZERO] = { "zero", "state: the shared zero page",
		.counters = STATE(VS_STATE_ZERO) },
	[VS_FIG_STATE + VS_STATE_SPECIAL] = { "special", "state: device memory, vdso data",
		.counters = STATE(VS_STATE_SPECIAL) },
	[VS_FIG_STATE + VS_STATE_SWAPPED] = { "swapped", "state: a swap entry",
		.counters = STATE(VS_STATE_SWAPPED) },
	[VS_FIG_STATE + VS_STATE_MIGRATING] = { "migrating", "state: being moved just now",
		.counters = STATE(VS_STATE_MIGRATING) },
	[VS_FIG_STATE + VS_STATE_HWPOISON] = { "hwpoison", "state: had a memory error",
		.counters = STATE(VS_STATE_HWPOISON) },
	[VS_FIG_STATE + VS_STATE_DEVICE] = { "device_private", "state: in a device's own memory",
		.counters = STATE(VS_STATE_DEVICE) },
	[VS_FIG_STATE + VS_STATE_UFFD] = { "uffd_marker", "state: userfaultfd marker",
		.counters = STATE(VS_STATE_UFFD) },
	[VS_FIG_STATE + VS_STATE_GUARD] = { "guard", "state: guard page",
		.counters = STATE(VS_STATE_GUARD) },
	[VS_FIG_STATE + VS_STATE_POISON] = { "poison", "state: poisoned or lost, SIGBUS on touch",
		.counters = STATE(VS_STATE_POISON) },
	[VS_FIG_STATE + VS_STATE_UNKNOWN] = { "unknown", "state: an entry nobody knows",
		.counters = STATE(VS_STATE_UNKNOWN) },
	[VS_FIG_STATE + VS_STATE_SKIPPED] = { "skipped", "state: not looked at, lock stayed taken",
		.counters = STATE(VS_STATE_SKIPPED) },

	[VS_FIG_KIND + VS_KIND_ANON_EXCLUSIVE] = { "anon_exclusive",
		"kind: anonymous, this process's alone", .cells = KIND(VS_KIND_ANON_EXCLUSIVE) },
	[VS_FIG_KIND + VS_KIND_ANON] = { "anon_cow",
		"kind: anonymous, shared by fork or once was", .cells = KIND(VS_KIND_ANON) },
	[VS_FIG_KIND + VS_KIND_KSM] = { "ksm", "kind: merged by KSM",
		.cells = KIND(VS_KIND_KSM), .smaps = SMAPS(KSM) },
	[VS_FIG_KIND + VS_KIND_FILE_PRIVATE] = { "file_private",
		"kind: page cache in a private mapping", .cells = KIND(VS_KIND_FILE_PRIVATE) },
	[VS_FIG_KIND + VS_KIND_FILE_SHARED] = { "file_shared",
		"kind: page cache in a shared mapping", .cells = KIND(VS_KIND_FILE_SHARED) },
	[VS_FIG_KIND + VS_KIND_SHMEM] = { "shmem", "kind: tmpfs, memfd, shared anonymous, SysV",
		.cells = KIND(VS_KIND_SHMEM) },
	[VS_FIG_KIND + VS_KIND_HUGETLB] = { "hugetlb", "kind: reserved huge pages",
		.cells = HUGETLB, .smaps = SMAPS_HUGETLB },
	[VS_FIG_KIND + VS_KIND_DEVICE] = { "device", "kind: device memory with struct pages",
		.cells = KIND(VS_KIND_DEVICE) },

	[VS_FIG_LEAF + VS_LEAF_PTE] = { "leaf_pte", "mapped by entries of one base page",
		.counters = LEAF(VS_LEAF_PTE) },
	[VS_FIG_LEAF + VS_LEAF_CONT] = { "leaf_cont", "mapped by runs of entries taken as one",
		.counters = LEAF(VS_LEAF_CONT) },
	[VS_FIG_LEAF + VS_LEAF_PMD] = { "leaf_pmd", "mapped by PMD entries",
		.counters = LEAF(VS_LEAF_PMD) },
	[VS_FIG_LEAF + VS_LEAF_PUD] = { "leaf_pud", "mapped by PUD entries",
		.counters = LEAF(VS_LEAF_PUD) },
	[VS_FIG_SMALL_FOLIO] = { "small_folio", "resident in folios of one page",
		.counters = BIT(VS_COUNT_ORDER) },
	[VS_FIG_LARGE_FOLIO] = { "large_folio", "resident in folios of several pages",
		.counters = ORDER_COUNTERS & ~BIT(VS_COUNT_ORDER) },
	[VS_FIG_REMAINDER] = { "remainder", "part of SIZE that the figures do not cover" },
};

const struct vs_figure_info *vs_figure_info(enum vs_figure figure)
{
	return &info[figure];
}

int vs_figure_by_name(const char *name)
{
	for (int i = 0; i < VS_FIG_NR; i++)
		if (!strcasecmp(info[i].name, name))
			return i;
	return -1;
}

const char *vs_state_name(enum vs_state state)
{
	return state < VS_STATE_NR ? info[VS_FIG_STATE + state].name : "?";
}

const char *vs_kind_name(enum vs_kind kind)
{
	return kind < VS_KIND_NR ? info[VS_FIG_KIND + kind].name : "?";
}

const char *vs_kind_told(const struct vs_model *model, uint64_t attributes)
{
	enum vs_kind kind = (attributes & VS_ATTR_KIND) >> VS_ATTR_KIND_SHIFT;

	if (model->origin == VS_ORIGIN_PROC && kind == VS_KIND_ANON)
		return "anon";
	return vs_kind_name(kind);
}

const char *vs_leaf_name(enum vs_leaf leaf)
{
	static const char * const name[] = { "pte", "cont", "pmd", "pud" };

	return leaf < VS_LEAF_NR ? name[leaf] : "?";
}

const char *vs_mappings_missing(const struct vs_model *model)
{
	if (model->cut != VS_COMPLETE)
		return "the process keeps its memory map locked: wait, or give it longer with --timeout";
	return "the list of mappings is not readable: run as root or as its owner";
}

static const char *missing_in_smaps(const struct vs_model *model, enum vs_figure figure)
{
	uint64_t fields = info[figure].smaps;

	if (!model->have_vmas)
		return vs_mappings_missing(model);
	if (!model->smaps_fields)
		return "this kernel has no smaps (CONFIG_PROC_PAGE_MONITOR): load the module";
	if (!fields)
		return "smaps does not tell it: load the module";
	if (fields & ~model->smaps_fields)
		return "smaps of this kernel does not tell it: load the module";
	return NULL;
}

const char *vs_figure_missing(const struct vs_model *model, enum vs_figure figure)
{
	if (figure == VS_FIG_SIZE)
		return NULL;
	if (model->origin == VS_ORIGIN_PROC)
		return figure == VS_FIG_REMAINDER ?
			missing_in_smaps(model, VS_FIG_RSS) : missing_in_smaps(model, figure);
	if (!model->have_vmas)
		return vs_mappings_missing(model);
	if (figure == VS_FIG_SWAP_PSS)
		return "the kernel shows the sharing of swap slots in smaps alone: --source=proc";
	return NULL;
}

const char *vs_figure_source(const struct vs_model *model, enum vs_figure figure)
{
	if (vs_figure_missing(model, figure))
		return NULL;
	if (model->origin == VS_ORIGIN_MODULE)
		return "module";
	return figure == VS_FIG_SIZE ? "maps" : "smaps";
}

static bool is_pss(enum vs_figure figure)
{
	return info[figure].counters & ALL_PSS;
}

/* Size less all that is accounted for. */
static uint64_t remainder_of(const struct vs_model *model, const struct vs_vma *vma,
			     const struct vs_tally *tally)
{
	uint64_t size = vma->end - vma->start;
	uint64_t known;

	if (model->origin == VS_ORIGIN_PROC)
		known = vs_tally_smaps(tally, SMAPS(RSS) | SMAPS_HUGETLB | SMAPS(SWAP));
	else
		known = (vs_tally_cells(tally, ~0ull) +
			 vs_tally_counters(tally, ALL_STATES & ~NONPRESENT_FRAMES)) <<
			model->kernel.page_shift;
	return size - known;
}

/* Of what there is something of. */
static uint64_t sum_of(const struct vs_model *model, const struct vs_vma *vma,
		       const struct vs_tally *tally, enum vs_figure figure)
{
	const struct vs_figure_info *how = &info[figure];
	uint64_t pages;

	if (figure == VS_FIG_REMAINDER)
		return remainder_of(model, vma, tally);
	if (model->origin == VS_ORIGIN_PROC)
		return vs_tally_smaps(tally, how->smaps);
	if (figure == VS_FIG_LOCKED && !(vma->flags & VS_VM_LOCKED))
		return 0;
	if (is_pss(figure))
		return vs_tally_counters(tally, how->counters) >> VS_PSS_SHIFT;
	pages = vs_tally_cells(tally, how->cells) + vs_tally_counters(tally, how->counters) -
		vs_tally_counters(tally, how->minus);
	return pages << model->kernel.page_shift;
}

/* Of a mapping that has sums, where the source can give it. */
static inline uint64_t figure_of(const struct vs_model *model, const struct vs_vma *vma,
				 enum vs_figure figure)
{
	const struct vs_figure_info *how = &info[figure];
	struct vs_tally tally = vs_model_tally(model, vma);

	/* most are of something that a mapping has nothing of */
	if (!(tally.cells & how->cells) && !(tally.counters & how->counters) &&
	    !(tally.smaps & how->smaps) && figure != VS_FIG_REMAINDER)
		return 0;
	return sum_of(model, vma, &tally, figure);
}

uint64_t vs_figure(const struct vs_model *model, const struct vs_vma *vma, enum vs_figure figure)
{
	if (figure == VS_FIG_SIZE)
		return vma->end - vma->start;
	if (vma->tally == VS_NO_TALLY || vs_figure_missing(model, figure))
		return VS_UNKNOWN;
	return figure_of(model, vma, figure);
}

/* All sums of all mappings, with a place for each number. */
struct dense {
	uint64_t value[VS_CELL_NR + VS_COUNT_NR + 64];
};

static void add_group(uint64_t *to, uint64_t present, const uint64_t **value)
{
	for (; present; present &= present - 1)
		to[__builtin_ctzll(present)] += *(*value)++;
}

static void add_tally(struct dense *all, const struct vs_tally *tally)
{
	const uint64_t *value = tally->value;

	add_group(all->value, tally->cells, &value);
	add_group(all->value + VS_CELL_NR, tally->counters, &value);
	add_group(all->value + VS_CELL_NR + VS_COUNT_NR, tally->smaps, &value);
}

static uint64_t total_of(const struct vs_model *model, const struct vs_tally *all,
			 enum vs_figure figure)
{
	const struct vs_figure_info *how = &info[figure];

	if (model->origin == VS_ORIGIN_PROC)
		return vs_tally_smaps(all, how->smaps);
	return (vs_tally_cells(all, how->cells) + vs_tally_counters(all, how->counters) -
		vs_tally_counters(all, how->minus)) << model->kernel.page_shift;
}

void vs_totals(const struct vs_model *model, struct vs_totals *totals)
{
	/*
	 * PSS is rounded down to bytes for each mapping, and the totals are the
	 * sums of what the mappings show.
	 */
	static const enum vs_figure rounded[] = {
		VS_FIG_PSS, VS_FIG_PSS_ANON, VS_FIG_PSS_FILE, VS_FIG_PSS_SHMEM,
		VS_FIG_PSS_DIRTY, VS_FIG_LOCKED,
	};
	struct dense all = { 0 };
	struct vs_tally sums = { ~0ull, ~0ull, ~0ull, all.value };

	memset(totals, 0, sizeof(*totals));
	for (size_t i = 0; i < model->nr_vmas; i++) {
		const struct vs_vma *vma = &model->vma[i];
		struct vs_tally tally = vs_model_tally(model, vma);

		totals->figure[VS_FIG_SIZE] += vma->end - vma->start;
		for (int mark = 0; mark < 8; mark++)
			totals->marked[mark] += vma->marks >> mark & 1;
		if (vma->tally == VS_NO_TALLY) {
			totals->figure[VS_FIG_REMAINDER] += vma->end - vma->start;
			continue;
		}
		add_tally(&all, &tally);
		totals->figure[VS_FIG_REMAINDER] += remainder_of(model, vma, &tally);
		for (size_t n = 0; n < sizeof(rounded) / sizeof(rounded[0]); n++)
			if (model->origin == VS_ORIGIN_MODULE)
				totals->figure[rounded[n]] += vs_figure(model, vma, rounded[n]);
	}
	for (int i = 0; i < VS_FIG_NR; i++) {
		if (i == VS_FIG_SIZE ? !model->have_vmas : !!vs_figure_missing(model, i))
			totals->figure[i] = VS_UNKNOWN;
		else if (i != VS_FIG_SIZE && i != VS_FIG_REMAINDER &&
			 (model->origin == VS_ORIGIN_PROC || (!is_pss(i) && i != VS_FIG_LOCKED)))
			totals->figure[i] = total_of(model, &sums, i);
	}
	for (int i = 0; i < 32; i++)
		totals->order[i] = all.value[VS_CELL_NR + VS_COUNT_ORDER + i] <<
			model->kernel.page_shift;
}

uint64_t vs_total(const struct vs_model *model, enum vs_figure figure)
{
	uint64_t total = 0;

	if (vs_figure_missing(model, figure))
		return VS_UNKNOWN;
	for (size_t i = 0; i < model->nr_vmas; i++)
		if (model->vma[i].tally != VS_NO_TALLY)
			total += figure_of(model, &model->vma[i], figure);
	return total;
}
