/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The plain model of one look at a process: what every source fills and every
 * renderer reads. It must not know where the figures came from beyond a name,
 * nor how they will be shown.
 */
#ifndef VMSCOPE_MODEL_H
#define VMSCOPE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A 64-bit figure that the source could not give. */
#define VS_UNKNOWN	UINT64_MAX

#define VS_MAX_LEVELS	5

/* Levels of a page table, counted from the leaf upwards. */
enum vs_level {
	VS_LEVEL_PTE,
	VS_LEVEL_PMD,
	VS_LEVEL_PUD,
	VS_LEVEL_P4D,
	VS_LEVEL_PGD,
};

/* What a page of a mapping is; the states of a mapping sum to its size. */
enum vs_state {
	VS_STATE_NONE,
	VS_STATE_PRESENT,
	VS_STATE_ZERO,
	VS_STATE_SPECIAL,
	VS_STATE_SWAPPED,
	VS_STATE_MIGRATING,
	VS_STATE_HWPOISON,
	VS_STATE_DEVICE,
	VS_STATE_UFFD,
	VS_STATE_GUARD,
	VS_STATE_POISON,
	VS_STATE_UNKNOWN,
	VS_STATE_SKIPPED,
	VS_STATE_NR,
};

/* What a resident page belongs to. */
enum vs_kind {
	VS_KIND_ANON_EXCLUSIVE,
	VS_KIND_ANON,
	VS_KIND_KSM,
	VS_KIND_FILE_PRIVATE,
	VS_KIND_FILE_SHARED,
	VS_KIND_SHMEM,
	VS_KIND_HUGETLB,
	VS_KIND_DEVICE,
	VS_KIND_NR,
};

/* How large the entry is that maps a page. */
enum vs_leaf {
	VS_LEAF_PTE,
	VS_LEAF_CONT,
	VS_LEAF_PMD,
	VS_LEAF_PUD,
	VS_LEAF_NR,
};

/* What a section of a walk held. */
enum vs_lock {
	VS_LOCK_MMAP,
	VS_LOCK_VMA,
	VS_LOCK_IRQ,
	VS_LOCK_NR,
};

/* The attribute word of a page. */
#define VS_ATTR_STATE		0x000000000000000full
#define VS_ATTR_KIND		0x00000000000000f0ull
#define VS_ATTR_KIND_SHIFT	4
#define VS_ATTR_LEAF		0x0000000000000300ull
#define VS_ATTR_LEAF_SHIFT	8
#define VS_ATTR_ORDER		0x000000000000fc00ull
#define VS_ATTR_ORDER_SHIFT	10
#define VS_ATTR_YOUNG		(1ull << 16)
#define VS_ATTR_DIRTY		(1ull << 17)
#define VS_ATTR_SOFT_DIRTY	(1ull << 18)
#define VS_ATTR_WRITE		(1ull << 19)
#define VS_ATTR_EXEC		(1ull << 20)
#define VS_ATTR_UFFD_WP		(1ull << 21)
#define VS_ATTR_PROTNONE	(1ull << 22)
#define VS_ATTR_SPECIAL		(1ull << 23)
#define VS_ATTR_REFERENCED	(1ull << 24)
#define VS_ATTR_FOLIO_DIRTY	(1ull << 25)
#define VS_ATTR_LRU		(1ull << 26)
#define VS_ATTR_ACTIVE		(1ull << 27)
#define VS_ATTR_UNEVICTABLE	(1ull << 28)
#define VS_ATTR_MLOCKED		(1ull << 29)
#define VS_ATTR_WRITEBACK	(1ull << 30)
#define VS_ATTR_SWAPCACHE	(1ull << 31)
#define VS_ATTR_SWAPBACKED	(1ull << 32)
#define VS_ATTR_LOCKED		(1ull << 33)
#define VS_ATTR_RECLAIM		(1ull << 34)
#define VS_ATTR_LAZYFREE	(1ull << 35)
#define VS_ATTR_SHARED		(1ull << 36)
#define VS_ATTR_PINNED		(1ull << 37)
#define VS_ATTR_HEAD		(1ull << 38)
#define VS_ATTR_SWAP_EXCLUSIVE	(1ull << 39)
#define VS_ATTR_SHMEM_SWAPPED	(1ull << 40)
#define VS_ATTR_GEN		(7ull << 41)
#define VS_ATTR_GEN_SHIFT	41
#define VS_ATTR_DEFERRED	(1ull << 44)
#define VS_ATTR_EXTRA_REFS	(1ull << 45)
#define VS_ATTR_NODE		0x03ff000000000000ull
#define VS_ATTR_NODE_SHIFT	48
/* Only in a key. */
#define VS_KEY_FRAME		(1ull << 60)
#define VS_KEY_MAPCOUNT		(1ull << 61)
#define VS_KEY_REFCOUNT		(1ull << 62)

/* What limits the truth of a record. */
#define VS_MARK_LAYOUT		(1u << 0)
#define VS_MARK_RACY		(1u << 1)
#define VS_MARK_UNVERIFIED	(1u << 2)
#define VS_MARK_SKIPPED		(1u << 3)
#define VS_MARK_NO_NAME		(1u << 4)
#define VS_MARK_PART		(1u << 5)

/* Flags of a mapping. */
#define VS_VM_READ		(1ull << 0)
#define VS_VM_WRITE		(1ull << 1)
#define VS_VM_EXEC		(1ull << 2)
#define VS_VM_SHARED		(1ull << 3)
#define VS_VM_MAYREAD		(1ull << 4)
#define VS_VM_MAYWRITE		(1ull << 5)
#define VS_VM_MAYEXEC		(1ull << 6)
#define VS_VM_MAYSHARE		(1ull << 7)
#define VS_VM_GROWSDOWN		(1ull << 8)
#define VS_VM_PFNMAP		(1ull << 9)
#define VS_VM_LOCKED		(1ull << 10)
#define VS_VM_IO		(1ull << 11)
#define VS_VM_SEQ_READ		(1ull << 12)
#define VS_VM_RAND_READ		(1ull << 13)
#define VS_VM_DONTCOPY		(1ull << 14)
#define VS_VM_DONTEXPAND	(1ull << 15)
#define VS_VM_LOCKONFAULT	(1ull << 16)
#define VS_VM_ACCOUNT		(1ull << 17)
#define VS_VM_NORESERVE		(1ull << 18)
#define VS_VM_HUGETLB		(1ull << 19)
#define VS_VM_SYNC		(1ull << 20)
#define VS_VM_WIPEONFORK	(1ull << 21)
#define VS_VM_DONTDUMP		(1ull << 22)
#define VS_VM_SOFTDIRTY		(1ull << 23)
#define VS_VM_MIXEDMAP		(1ull << 24)
#define VS_VM_HUGEPAGE		(1ull << 25)
#define VS_VM_NOHUGEPAGE	(1ull << 26)
#define VS_VM_MERGEABLE		(1ull << 27)
#define VS_VM_UFFD_MISSING	(1ull << 28)
#define VS_VM_UFFD_WP		(1ull << 29)
#define VS_VM_UFFD_MINOR	(1ull << 30)
#define VS_VM_SHADOW_STACK	(1ull << 31)
#define VS_VM_DROPPABLE		(1ull << 32)
#define VS_VM_SEALED		(1ull << 33)
#define VS_VM_GUARD		(1ull << 34)
#define VS_VM_UFFD_RWP		(1ull << 35)
#define VS_VM_ANON		(1ull << 62)

enum vs_name_kind {
	VS_NAME_NONE,
	VS_NAME_FILE,
	VS_NAME_ANON,
	VS_NAME_SPECIAL,
	VS_NAME_HEAP,
	VS_NAME_STACK,
};

/*
 * The sums of a mapping come in three groups of up to 64 numbers, of which
 * only those that are not zero are kept: cells and counters as the module
 * counts them (pages; PSS in bytes << VS_PSS_SHIFT), and the fields of smaps
 * (bytes).
 */
#define VS_CELL_REFERENCED	1
#define VS_CELL_DIRTY		2
#define VS_CELL_SHARED		4
#define VS_CELL(kind, bits)	((kind) * 8 + (bits))
#define VS_CELL_NR		64
#define VS_PSS_SHIFT		12

enum vs_counter {
	VS_COUNT_STATE = 0,
	VS_COUNT_LEAF = 16,
	VS_COUNT_LAZYFREE = 20,
	VS_COUNT_PMD_ANON = 21,
	VS_COUNT_PMD_SHMEM = 22,
	VS_COUNT_PMD_FILE = 23,
	VS_COUNT_SHMEM_SWAP = 24,
	VS_COUNT_PROTNONE = 25,
	VS_COUNT_PSS_ANON = 28,
	VS_COUNT_PSS_FILE = 29,
	VS_COUNT_PSS_SHMEM = 30,
	VS_COUNT_PSS_DIRTY = 31,
	VS_COUNT_ORDER = 32,
	VS_COUNT_NR = 64,
};

enum vs_smaps {
	VS_SMAPS_RSS,
	VS_SMAPS_PSS,
	VS_SMAPS_PSS_DIRTY,
	VS_SMAPS_SHARED_CLEAN,
	VS_SMAPS_SHARED_DIRTY,
	VS_SMAPS_PRIVATE_CLEAN,
	VS_SMAPS_PRIVATE_DIRTY,
	VS_SMAPS_REFERENCED,
	VS_SMAPS_ANONYMOUS,
	VS_SMAPS_KSM,
	VS_SMAPS_LAZYFREE,
	VS_SMAPS_ANON_HUGE,
	VS_SMAPS_SHMEM_PMD,
	VS_SMAPS_FILE_PMD,
	VS_SMAPS_SHARED_HUGETLB,
	VS_SMAPS_PRIVATE_HUGETLB,
	VS_SMAPS_SWAP,
	VS_SMAPS_SWAP_PSS,
	VS_SMAPS_LOCKED,
	VS_SMAPS_NR,
};

/* Where the values of one set of sums begin, and which they are. */
struct vs_tally {
	uint64_t cells;
	uint64_t counters;
	uint64_t smaps;
	const uint64_t *value;
};

#define VS_NO_TALLY	UINT32_MAX

/*
 * One mapping. Kept small and free of padding: there can be 60,000 of them,
 * and a recorded file holds them as they are.
 */
struct vs_vma {
	uint64_t start;
	uint64_t end;
	uint64_t flags;			/* VS_VM_* */
	uint64_t offset;
	uint64_t inode;
	uint64_t covered;		/* bytes that the tally covers */
	uint32_t dev_major;
	uint32_t dev_minor;
	uint32_t name;			/* offset in strings, 0: none */
	uint32_t tally;			/* index in words, VS_NO_TALLY: none */
	uint16_t marks;			/* VS_MARK_* */
	uint8_t page_shift;
	uint8_t name_kind;		/* enum vs_name_kind */
	uint8_t pkey;
	uint8_t policy;
	uint16_t reserved;
};

enum vs_frames {
	VS_FRAMES_NONE,
	VS_FRAMES_RUN,
	VS_FRAMES_SAME,
	VS_FRAMES_LIST,
};

/* Neighbouring pages alike; handed on one by one, never kept. */
struct vs_extent {
	uint64_t start;
	uint64_t attributes;
	uint64_t frame;
	uint32_t pages;
	uint32_t mapcount;
	uint32_t refcount;
	uint8_t encoding;		/* enum vs_frames */
	uint8_t swap_type;
	uint16_t marks;
	const uint32_t *list;		/* VS_FRAMES_LIST: added to frame */
};

/* What else is told of a mapping, by kind; handed on like extents. */
enum vs_detail_kind {
	VS_DETAIL_TABLES,		/* struct vs_tables */
	VS_DETAIL_FILL,			/* struct vs_fill */
	VS_DETAIL_CHARGES,		/* struct vs_charge, several */
	VS_DETAIL_NR,
};

/* Figures of one kind over a part of a mapping; those of its parts add up. */
struct vs_detail {
	uint64_t start;
	uint64_t end;
	uint16_t kind;			/* enum vs_detail_kind */
	uint16_t marks;
	uint32_t words;			/* at least those of its structure */
	const uint64_t *word;		/* the structure of its kind */
};

#define VS_TABLE_BUCKETS	16

/* Page tables of one level. */
struct vs_table_level {
	uint64_t tables;
	uint64_t shared;		/* with other processes, by hugetlb */
	uint64_t used;			/* entries */
	uint64_t by_used[VS_TABLE_BUCKETS];	/* tables with 0, 1, 2-3, 4-7, ... */
};

/* Those of a mapping, and PTE tables kept for when its huge pages are split. */
struct vs_tables {
	uint64_t deposited;
	struct vs_table_level level[VS_LEVEL_PGD];
};

#define VS_FILL_BUCKETS	16

/* How much of the large folios of a mapping is in use. */
struct vs_fill {
	uint64_t folios;
	uint64_t pages;			/* read */
	uint64_t zero;			/* of them */
	uint64_t unread;
	uint64_t used[VS_FILL_BUCKETS];	/* as large as a PMD leaf, by pages not zero: 0, 1, 2-3, ... */
};

/* Groups that are not told apart, all together. */
#define VS_CHARGE_OTHERS	UINT64_MAX

/* Present pages of a mapping that one control group pays for. */
struct vs_charge {
	uint64_t group;			/* inode in cgroupfs; 0: nobody pays */
	uint64_t pages;
	uint64_t pss;			/* their share, in bytes << VS_PSS_SHIFT */
};

enum vs_stop {
	VS_STOP_LEAF,
	VS_STOP_NONE,
	VS_STOP_NONPRESENT,
	VS_STOP_BAD,
	VS_STOP_NO_VMA,
	VS_STOP_RANGE,
	VS_STOP_LOCKED,
	VS_STOP_UNREAD,			/* the source cannot see the tables */
};

struct vs_step {
	uint64_t raw;
	uint64_t table;
	uint32_t index;
	uint8_t level;
	uint8_t read;
	uint16_t reserved;
};

/* The walk of one address; a recorded file holds it as it is. */
struct vs_walk {
	uint64_t address;
	uint64_t physical;
	uint64_t attributes;
	uint64_t known;			/* bits of attributes that mean anything */
	uint64_t frame;
	uint32_t mapcount;
	uint32_t refcount;
	uint8_t swap_type;
	uint8_t stop;			/* enum vs_stop */
	uint8_t stop_level;
	uint8_t reserved;
	uint16_t marks;
	uint16_t reserved2;
	uint64_t vma_start;
	uint64_t vma_end;
	struct vs_step step[VS_MAX_LEVELS];
};

struct vs_level_info {
	uint32_t shift;
	uint32_t entries;
	uint32_t leaf;
	uint32_t reserved;
};

/* By what the machine tells address spaces apart. */
enum vs_context {
	VS_CONTEXT_NONE,
	VS_CONTEXT_X86,			/* the kernel's number, behind any CPU's PCID */
	VS_CONTEXT_ARM64,		/* the ASID */
};

enum vs_physical {
	VS_PHYSICAL_NO_CAPABILITY,
	VS_PHYSICAL_YES,
	VS_PHYSICAL_LOCKDOWN,
};

/* A word of the kernel's files about transparent huge pages. */
enum vs_thp_word {
	VS_THP_UNKNOWN,			/* not read, or no such file */
	VS_THP_NEVER,
	VS_THP_MADVISE,
	VS_THP_ALWAYS,
	VS_THP_INHERIT,			/* of one size: as for all sizes */
	VS_THP_WITHIN_SIZE,
	VS_THP_ADVISE,
	VS_THP_DENY,
	VS_THP_FORCE,
	VS_THP_DEFER,
	VS_THP_DEFER_MADVISE,
	VS_THP_WORDS,
};

enum vs_thp_support {
	VS_THP_NOT_READ,
	VS_THP_MISSING,			/* a kernel without huge pages */
	VS_THP_READ,
};

#define VS_THP_ORDERS	20

/* The policy of huge pages; a recorded file holds it as it is. */
struct vs_thp {
	uint8_t support;		/* enum vs_thp_support */
	uint8_t enabled;		/* enum vs_thp_word, like all that follow */
	uint8_t shmem;
	uint8_t defrag;
	uint8_t size[VS_THP_ORDERS];	/* of one folio order alone, since 6.8 */
	uint8_t shmem_size[VS_THP_ORDERS];
	/* of khugepaged; UINT32_MAX: not known */
	uint32_t max_ptes_none;
	uint32_t max_ptes_swap;
	uint32_t max_ptes_shared;
	uint32_t pages_to_scan;
	uint32_t scan_sleep_ms;
	uint32_t reserved;
	uint64_t full_scans;		/* VS_UNKNOWN: not known */
	uint64_t collapsed;
};

struct vs_kernel {
	char release[64];
	char machine[32];
	uint32_t page_shift;
	uint32_t levels;		/* 0: not known */
	uint32_t physical;		/* enum vs_physical */
	uint32_t locks;			/* bit n: sections may run under lock n */
	uint32_t abi;			/* of the module, 0: none */
	uint32_t test_build;		/* module with unsafe knobs */
	uint64_t task_size;
	uint64_t key;			/* bits that a key may have */
	uint64_t details;		/* bit n: details of kind n can be had */
	struct vs_level_info level[VS_MAX_LEVELS];
	struct vs_thp thp;
};

/* Totals that the kernel keeps itself, in bytes or VS_UNKNOWN. */
struct vs_process {
	int32_t pid;
	uint32_t context_kind;		/* enum vs_context */
	char comm[64];
	uint64_t mm;			/* the same for two when they share one address space, or VS_UNKNOWN */
	uint64_t vmas;			/* number, as the kernel counts */
	uint64_t total_vm;
	uint64_t locked_vm;
	uint64_t pinned_vm;
	uint64_t data_vm;
	uint64_t exec_vm;
	uint64_t stack_vm;
	uint64_t rss_anon;
	uint64_t rss_file;
	uint64_t rss_shmem;
	uint64_t swap;
	uint64_t hiwater_rss;
	uint64_t hiwater_vm;
	uint64_t tables;
	uint64_t hugetlb;
	uint64_t start_brk;
	uint64_t brk;
	uint64_t start_stack;
	uint64_t context;		/* see context_kind */
	uint64_t thp;			/* 0: prctl(PR_SET_THP_DISABLE) forbids huge pages */
};

struct vs_hold {
	uint64_t count;
	uint64_t total_ns;
	uint64_t longest_ns;
};

struct vs_cost {
	struct vs_hold lock[VS_LOCK_NR];
	uint64_t wall_ns;		/* of the collection, as user space sees it */
	uint64_t sections;
	uint64_t entries;
	uint64_t waits;
	uint64_t rewalks;
	uint32_t marks;			/* union over all records */
	uint32_t jobs;			/* threads that scanned */
};

enum vs_origin {
	VS_ORIGIN_MODULE,
	VS_ORIGIN_PROC,
	VS_ORIGIN_BPF,			/* what happened, not what is there */
};

#define VS_COMPLETE	UINT64_MAX

/* What else is told of a process that was read with many others. */
struct vs_surveyed {
	bool known;
	uint64_t accounted;		/* bytes of the mappings that are VS_VM_ACCOUNT */
	uint64_t cgroup;		/* inode of its control group, 0: not known */
	int64_t oom_adjust;
};

struct vs_swaps_then;

struct vs_model {
	enum vs_origin origin;
	struct vs_kernel kernel;
	struct vs_process process;
	struct vs_surveyed surveyed;
	struct vs_cost cost;
	bool have_cost;			/* lock and entry figures are known */
	bool have_vmas;			/* the list of mappings could be read */
	uint64_t smaps_fields;		/* that this kernel's smaps has */
	uint64_t cut;			/* not looked at from here on, or VS_COMPLETE */
	uint64_t recorded_at;		/* seconds since 1970, 0: live */
	uint64_t details;		/* kinds that were asked for: bits as in kernel.details */

	struct vs_vma *vma;
	size_t nr_vmas, max_vmas;
	uint64_t *words;
	size_t nr_words, max_words;
	char *strings;
	size_t nr_strings, max_strings;
	struct vs_walk *walk;
	size_t nr_walks;
	struct vs_swaps_then *swaps;	/* of a snapshot that holds them */
};

void vs_model_init(struct vs_model *model);
void vs_model_free(struct vs_model *model);

/* Drop the mappings and walks, keep the rest. */
void vs_model_clear(struct vs_model *model);

/* A new mapping at the end, NULL without memory. */
struct vs_vma *vs_model_add_vma(struct vs_model *model);

/* Give the last mapping a name; 0 or -ENOMEM. */
int vs_model_set_name(struct vs_model *model, struct vs_vma *vma, const char *name, size_t length);

/* Add sums to those of a mapping; 0 or -ENOMEM. */
int vs_model_add_tally(struct vs_model *model, struct vs_vma *vma, const struct vs_tally *tally);

/* Append the mappings of a part, joining one that both hold; 0 or -ENOMEM. */
int vs_model_append(struct vs_model *model, const struct vs_model *part);

void vs_cost_add(struct vs_cost *cost, const struct vs_cost *part);

const char *vs_model_name(const struct vs_model *model, const struct vs_vma *vma);

/* Words before the values: which cells, counters and fields of smaps there are. */
#define VS_TALLY_HEAD	3

static inline struct vs_tally vs_model_tally(const struct vs_model *model,
					     const struct vs_vma *vma)
{
	const uint64_t *word = model->words + vma->tally;

	if (vma->tally == VS_NO_TALLY)
		return (struct vs_tally){ 0 };
	return (struct vs_tally){
		.cells = word[0],
		.counters = word[1],
		.smaps = word[2],
		.value = word + VS_TALLY_HEAD,
	};
}

/* The index of the first mapping that ends beyond an address, or nr_vmas. */
size_t vs_model_first(const struct vs_model *model, uint64_t address);
/* The mapping that an address is in, or NULL. */
const struct vs_vma *vs_model_find(const struct vs_model *model, uint64_t address);

/* Sum of the values whose number is in the masks. */
uint64_t vs_tally_cells(const struct vs_tally *tally, uint64_t mask);
uint64_t vs_tally_counters(const struct vs_tally *tally, uint64_t mask);
uint64_t vs_tally_smaps(const struct vs_tally *tally, uint64_t mask);

/* Words of the values of a tally. */
size_t vs_tally_values(const struct vs_tally *tally);

#endif
