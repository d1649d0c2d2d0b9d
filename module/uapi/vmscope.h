/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The contract between the vmscope module and user space; it knows nothing of
 * how the module works inside.
 */
#ifndef _UAPI_VMSCOPE_H
#define _UAPI_VMSCOPE_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: General form
 *
 * ``/dev/vmscope`` answers questions about the address space of a process by
 * reading its page tables. Two kinds of file descriptor take part:
 *
 * - the **device**, from ``open("/dev/vmscope", O_RDWR | O_CLOEXEC)``, which
 *   knows VMSCOPE_INFO, VMSCOPE_OPEN and VMSCOPE_SURVEY;
 * - a **target**, made by VMSCOPE_OPEN, which knows VMSCOPE_INFO,
 *   VMSCOPE_TARGET, VMSCOPE_SCAN and VMSCOPE_TRANSLATE. It pins the memory
 *   descriptor of one process, never its memory: once the address space is
 *   gone, every operation but VMSCOPE_INFO returns ``-ESRCH``. Operations on
 *   one target are serialised; threads that want to scan in parallel open a
 *   target each.
 *
 * Nothing here can change a process. All addresses and sizes are bytes unless
 * a field says otherwise; a *page* is always a base page of ``1 <<
 * vmscope_info.page_shift`` bytes; times are nanoseconds.
 *
 * **Growth.** Every argument structure starts with its size as user space
 * knows it. The first size ever published is the smallest that is accepted. A
 * larger size than the kernel's is accepted when all bytes beyond what the
 * kernel knows are zero (``-E2BIG`` otherwise); the kernel never writes more
 * than that size. Reserved fields must be zero, and flags or masks with
 * unknown bits are refused. New operations, record types, attributes and
 * counters are announced by VMSCOPE_INFO: ask it, do not compare versions.
 *
 * **Errors** common to all operations:
 *
 * - ``ENOTTY`` - this kind of descriptor has no such operation.
 * - ``EFAULT`` - the argument, or a buffer that it names, is not accessible.
 * - ``EINVAL`` - a size below the minimum, a reserved field that is not zero,
 *   or a value that makes no sense; each structure says which.
 * - ``E2BIG`` - a field or flag of the future is set.
 * - ``EOPNOTSUPP`` - an unknown flag or mask bit is set.
 * - ``ESRCH`` - there is no such process, or its address space is gone.
 * - ``EINTR`` - a fatal signal arrived.
 * - ``ENOMEM`` - the kernel had no memory for it.
 */

/** VMSCOPE_ABI - version of everything below that could ever break readers. */
#define VMSCOPE_ABI		1

/** VMSCOPE_DEVICE - path of the device node. */
#define VMSCOPE_DEVICE		"/dev/vmscope"

#define VMSCOPE_IOC_TYPE	0xD7

/*
 * The numbers carry no size, so that structures may grow.
 */
#define VMSCOPE_INFO		_IO(VMSCOPE_IOC_TYPE, 0x00)
#define VMSCOPE_OPEN		_IO(VMSCOPE_IOC_TYPE, 0x01)
#define VMSCOPE_TARGET		_IO(VMSCOPE_IOC_TYPE, 0x02)
#define VMSCOPE_SCAN		_IO(VMSCOPE_IOC_TYPE, 0x03)
#define VMSCOPE_TRANSLATE	_IO(VMSCOPE_IOC_TYPE, 0x04)
#define VMSCOPE_SURVEY		_IO(VMSCOPE_IOC_TYPE, 0x05)

/** VMSCOPE_MAX_LEVELS - most page-table levels of any machine. */
#define VMSCOPE_MAX_LEVELS	5

/**
 * enum vmscope_level - page-table levels, counted from the leaf upwards
 * @VMSCOPE_LEVEL_PTE: entries map base pages
 * @VMSCOPE_LEVEL_PMD: entries map PTE tables or, on x86-64, 2 MiB
 * @VMSCOPE_LEVEL_PUD: entries map PMD tables or, on x86-64, 1 GiB
 * @VMSCOPE_LEVEL_P4D: only with five levels
 * @VMSCOPE_LEVEL_PGD: the root
 */
enum vmscope_level {
	VMSCOPE_LEVEL_PTE = 0,
	VMSCOPE_LEVEL_PMD = 1,
	VMSCOPE_LEVEL_PUD = 2,
	VMSCOPE_LEVEL_P4D = 3,
	VMSCOPE_LEVEL_PGD = 4,
};

/**
 * enum vmscope_lock - what a section of a walk held; indexes cost.lock[]
 * @VMSCOPE_LOCK_MMAP: mmap_lock, for read
 * @VMSCOPE_LOCK_VMA: the lock of the one VMA, for read
 * @VMSCOPE_LOCK_IRQ: no lock of the target at all, interrupts off
 */
enum vmscope_lock {
	VMSCOPE_LOCK_MMAP = 0,
	VMSCOPE_LOCK_VMA = 1,
	VMSCOPE_LOCK_IRQ = 2,
	VMSCOPE_LOCK_NR = 3,
};

/* ------------------------------------------------------------------ info */

/**
 * struct vmscope_level_info - geometry of one page-table level
 * @shift: an entry of this level covers ``1 << shift`` bytes
 * @entries: entries per table; 1 when the level is folded away
 * @leaf: 1 when an entry of this level may map memory itself
 * @__reserved: zero
 */
struct vmscope_level_info {
	__u32 shift;
	__u32 entries;
	__u32 leaf;
	__u32 __reserved;
};

/**
 * struct vmscope_info - ioctl(VMSCOPE_INFO): what this module and machine can do
 * @size: sizeof(struct vmscope_info); out: the kernel's own size
 * @flags: must be zero
 * @abi: out: VMSCOPE_ABI of the module
 * @page_shift: out: log2 of the base page size
 * @operations: out: bit n set: the ioctl with number n exists
 * @records: out: mask of the record types that VMSCOPE_SCAN can give
 *	(bit n: type n of enum vmscope_record_type)
 * @attributes: out: the bits of an attribute word that can ever be set here
 * @key: out: the bits that vmscope_scan.key may have
 * @counters: out: the counters that a TALLY can ever carry here
 * @scan_flags: out: flags that VMSCOPE_SCAN accepts
 * @locks: out: bit n set: sections may run under lock n of enum vmscope_lock
 * @levels: out: page-table levels in use at run time, 2 to 5
 * @features: out: VMSCOPE_FEATURE_*
 * @physical: out: 1 when targets opened by this caller now would show frame
 *	numbers and raw entries, 0 when CAP_SYS_ADMIN is missing, 2 when kernel
 *	lockdown forbids it
 * @task_size: out: end of the user address range
 * @level: out: geometry, indexed by enum vmscope_level
 *
 * Errors: ``EINVAL`` size; ``EOPNOTSUPP`` flags.
 */
struct vmscope_info {
	__u32 size;
	__u32 flags;
	__u32 abi;
	__u32 page_shift;
	__aligned_u64 operations;
	__aligned_u64 records;
	__aligned_u64 attributes;
	__aligned_u64 key;
	__aligned_u64 counters;
	__u32 scan_flags;
	__u32 locks;
	__u32 levels;
	__u32 features;
	__u32 physical;
	__u32 __reserved;
	__aligned_u64 task_size;
	struct vmscope_level_info level[VMSCOPE_MAX_LEVELS];
};

/** VMSCOPE_FEATURE_LAYOUT_SEQ - changes of the layout are detected exactly. */
#define VMSCOPE_FEATURE_LAYOUT_SEQ	(1u << 0)
/** VMSCOPE_FEATURE_FAST - the block-wise paths are in use on this machine. */
#define VMSCOPE_FEATURE_FAST		(1u << 1)
/** VMSCOPE_FEATURE_SOFT_DIRTY - the soft-dirty bit exists. */
#define VMSCOPE_FEATURE_SOFT_DIRTY	(1u << 2)
/** VMSCOPE_FEATURE_TEST - a test build with unsafe knobs; never install it. */
#define VMSCOPE_FEATURE_TEST		(1u << 31)

/* ------------------------------------------------------------------ open */

/**
 * struct vmscope_open - ioctl(VMSCOPE_OPEN): make a target of a process
 * @size: sizeof(struct vmscope_open)
 * @flags: must be zero
 * @pid: process (thread group) or thread id in the caller's pid namespace;
 *	0 is the caller
 * @fd: out: the target, a new file descriptor with close-on-exec set
 * @physical: out: as in struct vmscope_info, for this target, fixed for as
 *	long as it is open
 * @__reserved: must be zero
 *
 * A pid can be recycled between the moment it was chosen and this call. Who
 * holds a pidfd polls it after the call: while it is not readable, the pid
 * was not recycled. (The kernel does not let modules resolve a pidfd.)
 *
 * Errors: ``EINVAL`` size, reserved, pid negative; ``EOPNOTSUPP`` flags; ``ESRCH`` no such process, or
 * it has exited; ``ENXIO`` a kernel thread, which has no user address space;
 * ``EPERM`` not the caller itself, and no CAP_SYS_PTRACE in the user namespace
 * that owns the target's memory; ``EMFILE``, ``ENFILE``, ``ENOMEM``.
 */
struct vmscope_open {
	__u32 size;
	__u32 flags;
	__s32 pid;
	__s32 fd;
	__u32 physical;
	__u32 __reserved;
};

/* ---------------------------------------------------------------- target */

/**
 * struct vmscope_target - ioctl(VMSCOPE_TARGET): totals the kernel keeps itself
 * @size: sizeof(struct vmscope_target)
 * @flags: must be zero
 * @mm: out: a number that two targets share exactly when they are one address
 *	space (threads, vfork); not an address
 * @vmas: out: number of VMAs
 * @total_vm: out: pages mapped
 * @locked_vm: out: pages of mlocked VMAs
 * @pinned_vm: out: pages pinned for long, as RDMA counts them
 * @data_vm: out: pages of private writable mappings
 * @exec_vm: out: pages of executable mappings
 * @stack_vm: out: pages of stacks
 * @rss_anon: out: pages, the kernel's own (approximate) counter
 * @rss_file: out: likewise
 * @rss_shmem: out: likewise
 * @swap: out: swap entries, likewise
 * @hiwater_rss: out: highest resident size seen, pages
 * @hiwater_vm: out: highest total_vm seen, pages
 * @tables: out: bytes of page tables of all levels but the root
 * @task_size: out: end of this process's address range
 * @start_code: out: first byte of the program's code
 * @end_code: out: end of the program's code
 * @start_data: out: first byte of initialised data
 * @end_data: out: end of initialised data
 * @start_brk: out: start of the heap
 * @brk: out: end of the heap
 * @start_stack: out: where the stack began
 * @comm: out: name of the thread-group leader when the target was opened,
 *	NUL-terminated
 * @context: out: the number by which the machine's caches of translations tell
 *	this address space from others, see @context_kind
 * @context_kind: out: enum vmscope_context
 * @__reserved: out: zero
 *
 * Errors: ``EINVAL`` size; ``EOPNOTSUPP`` flags; ``ESRCH`` the address space is gone.
 */
struct vmscope_target {
	__u32 size;
	__u32 flags;
	__aligned_u64 mm;
	__aligned_u64 vmas;
	__aligned_u64 total_vm;
	__aligned_u64 locked_vm;
	__aligned_u64 pinned_vm;
	__aligned_u64 data_vm;
	__aligned_u64 exec_vm;
	__aligned_u64 stack_vm;
	__aligned_u64 rss_anon;
	__aligned_u64 rss_file;
	__aligned_u64 rss_shmem;
	__aligned_u64 swap;
	__aligned_u64 hiwater_rss;
	__aligned_u64 hiwater_vm;
	__aligned_u64 tables;
	__aligned_u64 task_size;
	__aligned_u64 start_code;
	__aligned_u64 end_code;
	__aligned_u64 start_data;
	__aligned_u64 end_data;
	__aligned_u64 start_brk;
	__aligned_u64 brk;
	__aligned_u64 start_stack;
	char comm[16];
	__aligned_u64 context;
	__u32 context_kind;
	__u32 __reserved;
};

/**
 * enum vmscope_context - what vmscope_target.context is
 * @VMSCOPE_CONTEXT_NONE: nothing; it is zero
 * @VMSCOPE_CONTEXT_X86: the kernel's own number of the address space, which is
 *	never used again. A process has no PCID: each CPU gives its few PCIDs to
 *	the address spaces that it ran last, and knows them by this number.
 * @VMSCOPE_CONTEXT_ARM64: the ASID, 0 as long as there is none. It is used again
 *	when they run out.
 */
enum vmscope_context {
	VMSCOPE_CONTEXT_NONE = 0,
	VMSCOPE_CONTEXT_X86 = 1,
	VMSCOPE_CONTEXT_ARM64 = 2,
};

/* --------------------------------------------------- the attribute word */

/**
 * enum vmscope_state - what a page of a VMA is; states sum to the VMA's size
 * @VMSCOPE_STATE_NONE: never touched, or dropped: no entry
 * @VMSCOPE_STATE_PRESENT: mapped, with a frame that the kernel manages
 * @VMSCOPE_STATE_ZERO: the shared zero page, or the huge zero page
 * @VMSCOPE_STATE_SPECIAL: mapped, but not memory that the kernel accounts:
 *	device memory, PFN map, vdso data
 * @VMSCOPE_STATE_SWAPPED: a swap entry
 * @VMSCOPE_STATE_MIGRATING: the frame is being moved just now
 * @VMSCOPE_STATE_HWPOISON: the frame had a memory error
 * @VMSCOPE_STATE_DEVICE: moved to memory that only a device can reach
 * @VMSCOPE_STATE_UFFD: marker of a userfaultfd write protection
 * @VMSCOPE_STATE_GUARD: marker of a guard page (MADV_GUARD_INSTALL)
 * @VMSCOPE_STATE_POISON: marker of UFFDIO_POISON or a lost page: touching it
 *	is SIGBUS
 * @VMSCOPE_STATE_UNKNOWN: an entry this module does not know
 * @VMSCOPE_STATE_SKIPPED: not looked at: its lock was not to be had in time
 */
enum vmscope_state {
	VMSCOPE_STATE_NONE = 0,
	VMSCOPE_STATE_PRESENT = 1,
	VMSCOPE_STATE_ZERO = 2,
	VMSCOPE_STATE_SPECIAL = 3,
	VMSCOPE_STATE_SWAPPED = 4,
	VMSCOPE_STATE_MIGRATING = 5,
	VMSCOPE_STATE_HWPOISON = 6,
	VMSCOPE_STATE_DEVICE = 7,
	VMSCOPE_STATE_UFFD = 8,
	VMSCOPE_STATE_GUARD = 9,
	VMSCOPE_STATE_POISON = 10,
	VMSCOPE_STATE_UNKNOWN = 11,
	VMSCOPE_STATE_SKIPPED = 12,
	VMSCOPE_STATE_NR = 13,
};

/**
 * enum vmscope_kind - what a resident page belongs to
 * @VMSCOPE_KIND_ANON_EXCLUSIVE: anonymous, known to be this process's alone:
 *	a write would not copy
 * @VMSCOPE_KIND_ANON: anonymous, not known to be exclusive: shared by fork,
 *	or was once
 * @VMSCOPE_KIND_KSM: merged by KSM
 * @VMSCOPE_KIND_FILE_PRIVATE: page cache, seen through a MAP_PRIVATE mapping
 * @VMSCOPE_KIND_FILE_SHARED: page cache, seen through a MAP_SHARED mapping
 * @VMSCOPE_KIND_SHMEM: shmem: tmpfs, memfd, shared anonymous, SysV
 * @VMSCOPE_KIND_HUGETLB: hugetlb, reserved huge pages
 * @VMSCOPE_KIND_DEVICE: a device's memory with struct pages
 */
enum vmscope_kind {
	VMSCOPE_KIND_ANON_EXCLUSIVE = 0,
	VMSCOPE_KIND_ANON = 1,
	VMSCOPE_KIND_KSM = 2,
	VMSCOPE_KIND_FILE_PRIVATE = 3,
	VMSCOPE_KIND_FILE_SHARED = 4,
	VMSCOPE_KIND_SHMEM = 5,
	VMSCOPE_KIND_HUGETLB = 6,
	VMSCOPE_KIND_DEVICE = 7,
	VMSCOPE_KIND_NR = 8,
};

/**
 * enum vmscope_leaf - how large the entry is that maps a page
 * @VMSCOPE_LEAF_PTE: one base page
 * @VMSCOPE_LEAF_CONT: a run of entries that the machine treats as one
 * @VMSCOPE_LEAF_PMD: one entry of the PMD level
 * @VMSCOPE_LEAF_PUD: one entry of the PUD level
 *
 * The order of the folio is another matter: a large folio may be mapped by
 * small entries.
 */
enum vmscope_leaf {
	VMSCOPE_LEAF_PTE = 0,
	VMSCOPE_LEAF_CONT = 1,
	VMSCOPE_LEAF_PMD = 2,
	VMSCOPE_LEAF_PUD = 3,
	VMSCOPE_LEAF_NR = 4,
};

/**
 * DOC: The attribute word
 *
 * All that is known of a page beside its frame stands in one 64-bit word:
 * four small numbers and a set of flags. vmscope_scan.key is a mask over the
 * same word: two neighbouring pages go into different extents when they
 * differ in a bit of it, and **bits outside the key are reported as zero**.
 *
 * Flags from the entry: YOUNG .. SPECIAL. Flags from the folio: REFERENCED
 * .. HEAD; these, KIND and ORDER are known only where the frame has a struct
 * page that the kernel manages, and cost a look at it.
 *
 * GEN is the folio's generation on the multi-gen LRU, counted back from the
 * youngest of its lists: 1 is the youngest, 2 the one before, and so on; 0 is
 * no generation (the multi-gen LRU is off, or the folio is on none of its
 * lists).
 *
 * DEFERRED: an anonymous large folio that waits on a deferred-split queue
 * because part of it is not mapped any more. Since 6.12 the kernel queues whole
 * huge pages as well, to see whether they are mostly zero: these are not meant.
 *
 * EXTRA_REFS: the folio has references beyond those that its mappings, the page
 * cache, the swap cache, private data of a file system and GUP pins explain:
 *
 *	refcount - mappings of all its pages - pages in the page or swap cache
 *	- 1 with private data - pins > 0
 *
 * as folio_expected_ref_count() of mm.h reckons. It is not told of hugetlb and
 * device memory. Nothing stops references from coming and going: a page that
 * waits in a per-CPU batch for its way to an LRU list has one, and no LRU flag.
 *
 * GEN, DEFERRED and EXTRA_REFS are read only when the key has them, and not of
 * entries that are read without a lock (RACY): they are 0 there.
 *
 * SHMEM_SWAPPED is a flag of a page that has no entry: it is one of a shmem
 * object, and the object's page is in swap. Its frame is the slot there, as of
 * a swap entry. A shared mapping may have a marker in place of the entry. Only
 * a scan that asks for it looks behind each such page, and then it reports
 * these pages without being asked for HOLES. They are the pages that
 * VMSCOPE_COUNT_SHMEM_SWAP counts; that one, however, counts as smaps does and
 * takes in what a private mapping, now read-only, has copies of.
 */
#define VMSCOPE_ATTR_STATE		0x000000000000000full /* enum vmscope_state */
#define VMSCOPE_ATTR_KIND		0x00000000000000f0ull /* enum vmscope_kind */
#define VMSCOPE_ATTR_KIND_SHIFT		4
#define VMSCOPE_ATTR_LEAF		0x0000000000000300ull /* enum vmscope_leaf */
#define VMSCOPE_ATTR_LEAF_SHIFT		8
#define VMSCOPE_ATTR_ORDER		0x000000000000fc00ull /* folio order */
#define VMSCOPE_ATTR_ORDER_SHIFT	10

#define VMSCOPE_ATTR_YOUNG		(1ull << 16) /* accessed bit */
#define VMSCOPE_ATTR_DIRTY		(1ull << 17) /* dirty bit */
#define VMSCOPE_ATTR_SOFT_DIRTY		(1ull << 18) /* as pagemap reports it */
#define VMSCOPE_ATTR_WRITE		(1ull << 19) /* entry allows writing */
#define VMSCOPE_ATTR_EXEC		(1ull << 20) /* entry allows execution */
#define VMSCOPE_ATTR_UFFD_WP		(1ull << 21) /* userfaultfd protection: _VM_UFFD_WP, _RWP */
#define VMSCOPE_ATTR_PROTNONE		(1ull << 22) /* PROT_NONE or NUMA hint */
#define VMSCOPE_ATTR_SPECIAL		(1ull << 23) /* special bit */

#define VMSCOPE_ATTR_REFERENCED		(1ull << 24)
#define VMSCOPE_ATTR_FOLIO_DIRTY	(1ull << 25)
#define VMSCOPE_ATTR_LRU		(1ull << 26)
#define VMSCOPE_ATTR_ACTIVE		(1ull << 27)
#define VMSCOPE_ATTR_UNEVICTABLE	(1ull << 28)
#define VMSCOPE_ATTR_MLOCKED		(1ull << 29)
#define VMSCOPE_ATTR_WRITEBACK		(1ull << 30)
#define VMSCOPE_ATTR_SWAPCACHE		(1ull << 31)
#define VMSCOPE_ATTR_SWAPBACKED		(1ull << 32)
#define VMSCOPE_ATTR_LOCKED		(1ull << 33) /* folio lock held */
#define VMSCOPE_ATTR_RECLAIM		(1ull << 34)
#define VMSCOPE_ATTR_LAZYFREE		(1ull << 35) /* MADV_FREE, still clean */
#define VMSCOPE_ATTR_SHARED		(1ull << 36) /* mapped more than once */
#define VMSCOPE_ATTR_PINNED		(1ull << 37) /* maybe pinned by GUP */
#define VMSCOPE_ATTR_HEAD		(1ull << 38) /* first page of a large folio */
#define VMSCOPE_ATTR_SWAP_EXCLUSIVE	(1ull << 39) /* swap entry, not shared by fork */
#define VMSCOPE_ATTR_SHMEM_SWAPPED	(1ull << 40) /* shmem, its page is in swap */

#define VMSCOPE_ATTR_GEN		(7ull << 41) /* multi-gen LRU, 1: youngest */
#define VMSCOPE_ATTR_GEN_SHIFT		41
#define VMSCOPE_ATTR_DEFERRED		(1ull << 44) /* partly unmapped, to be split */
#define VMSCOPE_ATTR_EXTRA_REFS		(1ull << 45) /* references not explained */

#define VMSCOPE_ATTR_NODE		0x03ff000000000000ull /* NUMA node */
#define VMSCOPE_ATTR_NODE_SHIFT		48

/*
 * Only in a key: no bits of the word, but fields of the record.
 */
#define VMSCOPE_KEY_FRAME		(1ull << 60) /* give frames or swap slots */
#define VMSCOPE_KEY_MAPCOUNT		(1ull << 61) /* give and part by mapcount */
#define VMSCOPE_KEY_REFCOUNT		(1ull << 62) /* give and part by refcount */

/* --------------------------------------------------------------- records */

/**
 * enum vmscope_record_type - types of record in the stream of a scan
 * @VMSCOPE_RECORD_VMA: struct vmscope_vma, first for each VMA that is met
 * @VMSCOPE_RECORD_TALLY: struct vmscope_tally, last for each VMA or part of it
 * @VMSCOPE_RECORD_EXTENT: struct vmscope_extent, in address order
 * @VMSCOPE_RECORD_TABLE: struct vmscope_table, behind the TALLY of each VMA or
 *	part of it that has page tables of its own
 * @VMSCOPE_RECORD_FILL: struct vmscope_fill, before the TALLY; reads content
 * @VMSCOPE_RECORD_CHARGE: struct vmscope_charge, before the TALLY of each VMA
 *	or part of it that has pages in state PRESENT
 * @VMSCOPE_RECORD_PROCESS: struct vmscope_process, last for each process; only
 *	of VMSCOPE_SURVEY
 */
enum vmscope_record_type {
	VMSCOPE_RECORD_VMA = 1,
	VMSCOPE_RECORD_TALLY = 2,
	VMSCOPE_RECORD_EXTENT = 3,
	VMSCOPE_RECORD_TABLE = 4,
	VMSCOPE_RECORD_FILL = 5,
	VMSCOPE_RECORD_CHARGE = 6,
	VMSCOPE_RECORD_PROCESS = 7,
};

/**
 * struct vmscope_record - head of every record
 * @size: bytes to the next record, this head included; a multiple of 8
 * @type: enum vmscope_record_type; skip what you do not know
 * @marks: VMSCOPE_MARK_*, what limits the truth of this record
 */
struct vmscope_record {
	__u32 size;
	__u16 type;
	__u16 marks;
};

/** VMSCOPE_MARK_LAYOUT - the VMA changed while its pages were being read. */
#define VMSCOPE_MARK_LAYOUT		(1u << 0)
/**
 * VMSCOPE_MARK_RACY - a writer of the address space ran between two sections
 * of this VMA, or entries were read with no lock: pages may have moved.
 */
#define VMSCOPE_MARK_RACY		(1u << 1)
/**
 * VMSCOPE_MARK_UNVERIFIED - the VMA took more than one section and this
 * kernel cannot tell whether a writer ran in between.
 */
#define VMSCOPE_MARK_UNVERIFIED		(1u << 2)
/** VMSCOPE_MARK_SKIPPED - some pages were not read: their lock stayed taken. */
#define VMSCOPE_MARK_SKIPPED		(1u << 3)
/** VMSCOPE_MARK_NO_NAME - the name could not be read safely. */
#define VMSCOPE_MARK_NO_NAME		(1u << 4)
/** VMSCOPE_MARK_PART - covers a part of a VMA; parts add up to the whole. */
#define VMSCOPE_MARK_PART		(1u << 5)

/**
 * enum vmscope_name - what the name of a VMA is
 * @VMSCOPE_NAME_NONE: no name
 * @VMSCOPE_NAME_FILE: path of the mapped file, as the kernel sees it in the
 *	caller's root; " (deleted)" is appended when unlinked
 * @VMSCOPE_NAME_ANON: name given with prctl(PR_SET_VMA_ANON_NAME)
 * @VMSCOPE_NAME_SPECIAL: the kernel's own name, such as [vdso]
 * @VMSCOPE_NAME_HEAP: the brk heap, no text
 * @VMSCOPE_NAME_STACK: the main thread's stack, no text
 */
enum vmscope_name {
	VMSCOPE_NAME_NONE = 0,
	VMSCOPE_NAME_FILE = 1,
	VMSCOPE_NAME_ANON = 2,
	VMSCOPE_NAME_SPECIAL = 3,
	VMSCOPE_NAME_HEAP = 4,
	VMSCOPE_NAME_STACK = 5,
};

/**
 * struct vmscope_vma - VMSCOPE_RECORD_VMA: one mapping
 * @record: head
 * @start: first byte
 * @end: byte after the last
 * @flags: VMSCOPE_VM_*, the same on every kernel
 * @offset: byte offset in the file, 0 for anonymous memory
 * @inode: inode number, 0 for anonymous memory
 * @dev_major: device of the file
 * @dev_minor: device of the file
 * @page_shift: log2 of the page size that faults of this VMA use: more than
 *	the base page only for hugetlb
 * @name_kind: enum vmscope_name
 * @pkey: protection key
 * @policy: memory policy mode of the VMA itself (MPOL_*), 0xff when it has none
 * @name_size: bytes of @name with its NUL, 0 when there is none
 * @name: NUL-terminated, padded with zeros to a multiple of 8
 */
struct vmscope_vma {
	struct vmscope_record record;
	__aligned_u64 start;
	__aligned_u64 end;
	__aligned_u64 flags;
	__aligned_u64 offset;
	__aligned_u64 inode;
	__u32 dev_major;
	__u32 dev_minor;
	__u8 page_shift;
	__u8 name_kind;
	__u8 pkey;
	__u8 policy;
	__u32 name_size;
	char name[];
};

#define VMSCOPE_VM_READ			(1ull << 0)
#define VMSCOPE_VM_WRITE		(1ull << 1)
#define VMSCOPE_VM_EXEC			(1ull << 2)
#define VMSCOPE_VM_SHARED		(1ull << 3)
#define VMSCOPE_VM_MAYREAD		(1ull << 4)
#define VMSCOPE_VM_MAYWRITE		(1ull << 5)
#define VMSCOPE_VM_MAYEXEC		(1ull << 6)
#define VMSCOPE_VM_MAYSHARE		(1ull << 7)
#define VMSCOPE_VM_GROWSDOWN		(1ull << 8)
#define VMSCOPE_VM_PFNMAP		(1ull << 9)
#define VMSCOPE_VM_LOCKED		(1ull << 10)
#define VMSCOPE_VM_IO			(1ull << 11)
#define VMSCOPE_VM_SEQ_READ		(1ull << 12)
#define VMSCOPE_VM_RAND_READ		(1ull << 13)
#define VMSCOPE_VM_DONTCOPY		(1ull << 14)
#define VMSCOPE_VM_DONTEXPAND		(1ull << 15)
#define VMSCOPE_VM_LOCKONFAULT		(1ull << 16)
#define VMSCOPE_VM_ACCOUNT		(1ull << 17)
#define VMSCOPE_VM_NORESERVE		(1ull << 18)
#define VMSCOPE_VM_HUGETLB		(1ull << 19)
#define VMSCOPE_VM_SYNC			(1ull << 20)
#define VMSCOPE_VM_WIPEONFORK		(1ull << 21)
#define VMSCOPE_VM_DONTDUMP		(1ull << 22)
#define VMSCOPE_VM_SOFTDIRTY		(1ull << 23)
#define VMSCOPE_VM_MIXEDMAP		(1ull << 24)
#define VMSCOPE_VM_HUGEPAGE		(1ull << 25)
#define VMSCOPE_VM_NOHUGEPAGE		(1ull << 26)
#define VMSCOPE_VM_MERGEABLE		(1ull << 27)
#define VMSCOPE_VM_UFFD_MISSING		(1ull << 28)
#define VMSCOPE_VM_UFFD_WP		(1ull << 29)
#define VMSCOPE_VM_UFFD_MINOR		(1ull << 30)
#define VMSCOPE_VM_SHADOW_STACK		(1ull << 31)
#define VMSCOPE_VM_DROPPABLE		(1ull << 32)
#define VMSCOPE_VM_SEALED		(1ull << 33)
#define VMSCOPE_VM_GUARD		(1ull << 34)
#define VMSCOPE_VM_UFFD_RWP		(1ull << 35)
/** VMSCOPE_VM_ANON - private anonymous memory: no file, no driver. */
#define VMSCOPE_VM_ANON			(1ull << 62)

/**
 * DOC: Counters of a TALLY
 *
 * A TALLY sums the pages of a VMA in the kernel. It has two groups of 64
 * counters and carries only those that are not zero.
 *
 * **Cells** count resident pages by what they are: cell number
 * VMSCOPE_CELL(kind, bits) with bits SHARED (mapped more than once), DIRTY
 * (entry or folio) and REFERENCED (entry or folio), each in the sense of
 * smaps. Pages whose entry is a migration, hwpoison or device-private entry
 * have a frame too and are in the cells, as smaps counts them in Rss; a
 * page's cell is SHARED there where the kernel's smaps says so. Hence
 *
 *	present = sum of all cells - MIGRATING - HWPOISON - DEVICE
 *
 * and present + NONE + ZERO + SPECIAL + SWAPPED + MIGRATING + HWPOISON +
 * DEVICE + UFFD + GUARD + POISON + UNKNOWN + SKIPPED is the size of the range,
 * exactly. Hugetlb pages have their own kind; smaps counts them apart from Rss.
 *
 * **Counters** are pages, but for the PSS counters, which are bytes times
 * 4096, each page's share rounded down as smaps does.
 */
#define VMSCOPE_CELL_REFERENCED		1
#define VMSCOPE_CELL_DIRTY		2
#define VMSCOPE_CELL_SHARED		4
#define VMSCOPE_CELL(kind, bits)	((kind) * 8 + (bits))
#define VMSCOPE_CELL_NR			64

/** VMSCOPE_PSS_SHIFT - PSS counters are bytes shifted left by this. */
#define VMSCOPE_PSS_SHIFT		12

/**
 * enum vmscope_counter - the second group of a TALLY
 * @VMSCOPE_COUNT_STATE: + enum vmscope_state; PRESENT is never sent
 * @VMSCOPE_COUNT_LEAF: + enum vmscope_leaf; pages by size of the entry:
 *	present, ZERO and SPECIAL pages
 * @VMSCOPE_COUNT_LAZYFREE: pages given back with MADV_FREE and still clean
 * @VMSCOPE_COUNT_PMD_ANON: pages mapped by PMD: AnonHugePages
 * @VMSCOPE_COUNT_PMD_SHMEM: ShmemPmdMapped
 * @VMSCOPE_COUNT_PMD_FILE: FilePmdMapped
 * @VMSCOPE_COUNT_SHMEM_SWAP: pages of the mapped shmem object that are in
 *	swap; smaps' Swap is SWAPPED + SHMEM_SWAP. They have no entry here and
 *	so are NONE as well.
 * @VMSCOPE_COUNT_PROTNONE: present pages made inaccessible by PROT_NONE or a
 *	NUMA hint
 * @VMSCOPE_COUNT_PSS_ANON: bytes << 12
 * @VMSCOPE_COUNT_PSS_FILE: bytes << 12
 * @VMSCOPE_COUNT_PSS_SHMEM: bytes << 12
 * @VMSCOPE_COUNT_PSS_DIRTY: bytes << 12
 * @VMSCOPE_COUNT_ORDER: + order of the folio; pages in the cells
 */
enum vmscope_counter {
	VMSCOPE_COUNT_STATE = 0,
	VMSCOPE_COUNT_LEAF = 16,
	VMSCOPE_COUNT_LAZYFREE = 20,
	VMSCOPE_COUNT_PMD_ANON = 21,
	VMSCOPE_COUNT_PMD_SHMEM = 22,
	VMSCOPE_COUNT_PMD_FILE = 23,
	VMSCOPE_COUNT_SHMEM_SWAP = 24,
	VMSCOPE_COUNT_PROTNONE = 25,
	VMSCOPE_COUNT_PSS_ANON = 28,
	VMSCOPE_COUNT_PSS_FILE = 29,
	VMSCOPE_COUNT_PSS_SHMEM = 30,
	VMSCOPE_COUNT_PSS_DIRTY = 31,
	VMSCOPE_COUNT_ORDER = 32,
	VMSCOPE_COUNT_NR = 64,
};

/**
 * struct vmscope_tally - VMSCOPE_RECORD_TALLY: the pages of a range, summed
 * @record: head
 * @start: first byte of the range
 * @end: byte after the last: the end of the VMA unless marked PART
 * @cells: bit n set: cell n follows
 * @counters: bit n set: counter n follows
 * @value: first the cells, then the counters, each group in ascending order
 */
struct vmscope_tally {
	struct vmscope_record record;
	__aligned_u64 start;
	__aligned_u64 end;
	__aligned_u64 cells;
	__aligned_u64 counters;
	__aligned_u64 value[];
};

/**
 * enum vmscope_encoding - how an extent lists its frames
 * @VMSCOPE_FRAMES_NONE: not at all: not asked for, not permitted, or none
 * @VMSCOPE_FRAMES_RUN: consecutive, from @frame on
 * @VMSCOPE_FRAMES_SAME: every page has frame @frame (the zero page)
 * @VMSCOPE_FRAMES_LIST: a __u32 for each page follows the record, padded with
 *	zero to a multiple of 8; @frame is to be added to each
 */
enum vmscope_encoding {
	VMSCOPE_FRAMES_NONE = 0,
	VMSCOPE_FRAMES_RUN = 1,
	VMSCOPE_FRAMES_SAME = 2,
	VMSCOPE_FRAMES_LIST = 3,
};

/**
 * struct vmscope_extent - VMSCOPE_RECORD_EXTENT: neighbouring pages alike
 * @record: head
 * @start: first byte
 * @attributes: what they have in common, masked with the key
 * @frame: frame number of the first page, or the slot in the swap area when
 *	the state is SWAPPED or the page is SHMEM_SWAPPED; see @encoding
 * @pages: number of pages
 * @mapcount: mappings of each page, when the key has MAPCOUNT
 * @refcount: references of the folio, when the key has REFCOUNT
 * @encoding: enum vmscope_encoding
 * @swap_type: number of the swap area, where @frame is a slot
 * @__reserved: zero
 * @list: only with VMSCOPE_FRAMES_LIST
 *
 * Pages in state NONE are not reported, unless the scan asks for HOLES or they
 * are SHMEM_SWAPPED and it asks for that.
 */
struct vmscope_extent {
	struct vmscope_record record;
	__aligned_u64 start;
	__aligned_u64 attributes;
	__aligned_u64 frame;
	__u32 pages;
	__u32 mapcount;
	__u32 refcount;
	__u8 encoding;
	__u8 swap_type;
	__u16 __reserved;
	__u32 list[];
};

/** VMSCOPE_TABLE_BUCKETS - classes of tables by how many entries are used. */
#define VMSCOPE_TABLE_BUCKETS		16

/**
 * struct vmscope_table_level - the page tables of one level
 * @tables: number of them
 * @shared: of these, PMD tables that other mappings of the same hugetlb file
 *	use as well; the kernel charges them to each
 * @used: entries that are not empty, over all of them
 * @by_used: the tables by their used entries: class 0 has none, class n has
 *	``1 << (n - 1)`` or more of them, and fewer than class n + 1
 */
struct vmscope_table_level {
	__aligned_u64 tables;
	__aligned_u64 shared;
	__aligned_u64 used;
	__u32 by_used[VMSCOPE_TABLE_BUCKETS];
};

/**
 * struct vmscope_table - VMSCOPE_RECORD_TABLE: the page tables of a range
 * @record: head
 * @start: first byte of the range
 * @end: byte after the last: the end of the VMA unless marked PART
 * @deposited: PTE tables that are kept for when a huge page is split: one for
 *	each anonymous page, zero page or migration entry that is mapped by a
 *	PMD. They are in no level. Not known of what was read with no lock.
 * @levels: bit n: a struct vmscope_table_level for enum vmscope_level n
 *	follows, in ascending order; the root is never counted
 * @__reserved: zero
 * @level: the levels that have any tables
 *
 * Several VMAs may have entries in one table. It belongs to the lowest one, and
 * to the part of it that has the first of its pages in that table: over a whole
 * address space each table is counted once, wherever calls end. How full it is
 * says the whole of the table. A range without tables of its own has no record.
 *
 * On x86-64 and arm64 the tables of the levels PTE, PMD and PUD together with
 * those deposited are what vmscope_target.tables counts.
 */
struct vmscope_table {
	struct vmscope_record record;
	__aligned_u64 start;
	__aligned_u64 end;
	__aligned_u64 deposited;
	__u32 levels;
	__u32 __reserved;
	struct vmscope_table_level level[];
};

/** VMSCOPE_FILL_BUCKETS - classes of pages in use: 0, 1, 2-3, 4-7, ... */
#define VMSCOPE_FILL_BUCKETS		16

/**
 * struct vmscope_fill - VMSCOPE_RECORD_FILL: how much of large folios is in use
 * @record: head
 * @start: first byte of the range
 * @end: byte after the last: the end of the VMA unless marked PART
 * @folios: large folios met, each where its last page in the range is
 * @pages: pages of large folios that were read
 * @zero: those of them that hold nothing but zeros
 * @unread: pages of large folios that were not: being moved, with a memory
 *	error, or met without a lock
 * @used: folios as large as a leaf of the PMD level, by how many of their pages
 *	that were read are not zero: class 0 has none of them, class n has
 *	``1 << (n - 1)`` or more, and fewer than class n + 1
 *
 * Large folios are those of order above 0 that are anonymous or of shmem,
 * however they are mapped; hugetlb and page cache of files are left out. Only
 * pages mapped in the VMA are read, each up to its first byte that is not
 * zero; nothing of what they hold leaves the kernel. Pages may be written
 * meanwhile: each figure was true of each page at some time during the call.
 *
 * A folio that the end of a call cuts is counted by the call that continues
 * it on the same target. VMAs without large folios have no such record.
 */
struct vmscope_fill {
	struct vmscope_record record;
	__aligned_u64 start;
	__aligned_u64 end;
	__aligned_u64 folios;
	__aligned_u64 pages;
	__aligned_u64 zero;
	__aligned_u64 unread;
	__aligned_u64 used[VMSCOPE_FILL_BUCKETS];
};

/** VMSCOPE_CHARGE_OTHERS - groups that are not told apart, all together. */
#define VMSCOPE_CHARGE_OTHERS		(~0ull)

/**
 * struct vmscope_charged - the pages that one control group pays for
 * @cgroup: inode of the group in cgroupfs, as /proc/kpagecgroup tells it; of a
 *	group that was removed, its nearest living parent; 0 when nobody is
 *	charged
 * @pages: present pages
 * @pss: their share: bytes divided by the page's mappings, <<
 *	VMSCOPE_PSS_SHIFT; nothing of hugetlb pages, as in the PSS counters
 */
struct vmscope_charged {
	__aligned_u64 cgroup;
	__aligned_u64 pages;
	__aligned_u64 pss;
};

/**
 * struct vmscope_charge - VMSCOPE_RECORD_CHARGE: who pays for the pages of a
 * range
 * @record: head
 * @start: first byte of the range
 * @end: byte after the last: the end of the VMA unless marked PART
 * @groups: number of rows, 1 to 33
 * @__reserved: zero
 * @group: the rows, in the order in which they were met; the pages of all are
 *	the pages in state PRESENT
 *
 * A page is charged to the group of whoever touched it first, which need not be
 * the group of those who map it.
 */
struct vmscope_charge {
	struct vmscope_record record;
	__aligned_u64 start;
	__aligned_u64 end;
	__u32 groups;
	__u32 __reserved;
	struct vmscope_charged group[];
};

/* ------------------------------------------------------------------ scan */

/**
 * struct vmscope_hold - how long something was held
 * @count: number of times
 * @total_ns: together
 * @longest_ns: the longest one
 */
struct vmscope_hold {
	__aligned_u64 count;
	__aligned_u64 total_ns;
	__aligned_u64 longest_ns;
};

/**
 * struct vmscope_cost - what a scan cost the target
 * @lock: indexed by enum vmscope_lock; where several VMAs were read in one
 *	section, the time of the section stands for each of its locks
 * @wall_ns: the call as a whole, sleeping included
 * @sections: page-table sections
 * @entries: page-table entries read, all levels
 * @waits: times that the scan slept because a lock was contended
 * @rewalks: times that a VMA was read again because its layout had changed
 */
struct vmscope_cost {
	struct vmscope_hold lock[VMSCOPE_LOCK_NR];
	__aligned_u64 wall_ns;
	__aligned_u64 sections;
	__aligned_u64 entries;
	__aligned_u64 waits;
	__aligned_u64 rewalks;
};

/** VMSCOPE_SCAN_HOLES - also report extents of pages that have no entry. */
#define VMSCOPE_SCAN_HOLES		(1u << 0)
/**
 * VMSCOPE_SCAN_PLAIN - read entry by entry, without the block-wise paths. What
 * is said of each page is the same, and so is every sum; only how neighbours
 * are grouped into extents may differ. Tests and benches use it to show that.
 */
#define VMSCOPE_SCAN_PLAIN		(1u << 1)
/**
 * VMSCOPE_SCAN_UNPACED - read content as fast as it goes. Otherwise a scan for
 * FILL sleeps three times as long as it reads: a quarter of a CPU at most.
 */
#define VMSCOPE_SCAN_UNPACED		(1u << 2)
/**
 * VMSCOPE_SCAN_WHOLE - sum all VMAs up together: one CHARGE, TALLY and TABLE at
 * most for a call, whose range is that of the call. Other records cannot be had
 * then. The marks are those of all VMAs; what would be read again because the
 * layout changed meanwhile is marked RACY instead.
 */
#define VMSCOPE_SCAN_WHOLE		(1u << 3)

/**
 * struct vmscope_scan - ioctl(VMSCOPE_SCAN): read a range of a target
 * @size: sizeof(struct vmscope_scan)
 * @flags: VMSCOPE_SCAN_*
 * @start: first byte, a multiple of the page size
 * @end: byte after the last, a multiple of the page size, above @start; the
 *	part beyond the target's own end is ignored
 * @buffer: user memory for the records
 * @buffer_size: its bytes
 * @records: mask of the record types wanted: bit n is type n
 * @key: attributes that part two extents, see The attribute word
 * @budget: stop after about this many entries, 0: no bound. The work done can
 *	exceed it by less than one page table.
 * @timeout_ns: how long to wait for a lock of the target that stays taken; 0:
 *	one second. After that nothing waits any more in this call: what is
 *	locked is read without a lock where that is safe and marked RACY, and
 *	otherwise passed over: see SKIPPED, EBUSY.
 * @next: out: where to go on: a call with this as @start continues. Equal to
 *	the end of the range when it is done.
 * @used: out: bytes of @buffer that were filled; after ``EMSGSIZE`` how large
 *	the buffer must be to get any further
 * @nr_records: out: number of records
 * @marks: out: union of the marks of all records, and RACY when a writer of
 *	the address space ran during the call
 * @cost: out
 *
 * The records of a VMA come in the order VMA, EXTENT..., FILL, CHARGE, TALLY,
 * TABLE. When a call ends inside a VMA, these last four are marked PART, and the
 * next call starts with the VMA record again. A call that succeeds has always
 * got further: @next is above @start. No page is reported twice and none is left
 * out.
 *
 * Errors: ``EINVAL`` size, @start or @end not aligned, @start not below @end,
 * @records empty, EXTENT without a key or a key without EXTENT, WHOLE with VMA,
 * EXTENT or FILL;
 * ``EOPNOTSUPP`` unknown bits in @flags, @records or @key; ``EPERM`` CHARGE
 * without CAP_SYS_ADMIN when the target was opened;
 * ``EMSGSIZE`` the buffer is too small to get any further; ``EBUSY`` the target's
 * lock stayed taken beyond @timeout_ns and nothing could be read at @start;
 * ``EFAULT``, ``ESRCH``, ``EINTR``. After ``EFAULT`` the buffer's content is
 * undefined. Other errors come only when no record was delivered.
 */
struct vmscope_scan {
	__u32 size;
	__u32 flags;
	__aligned_u64 start;
	__aligned_u64 end;
	__aligned_u64 buffer;
	__aligned_u64 buffer_size;
	__aligned_u64 records;
	__aligned_u64 key;
	__aligned_u64 budget;
	__aligned_u64 timeout_ns;
	__aligned_u64 next;
	__aligned_u64 used;
	__u32 nr_records;
	__u32 marks;
	struct vmscope_cost cost;
};

/* ------------------------------------------------------------- translate */

/**
 * enum vmscope_stop - why a translation ended where it did
 * @VMSCOPE_STOP_LEAF: an entry that maps the page
 * @VMSCOPE_STOP_NONE: an empty entry
 * @VMSCOPE_STOP_NONPRESENT: an entry that is neither empty nor present
 * @VMSCOPE_STOP_BAD: an entry that makes no sense
 * @VMSCOPE_STOP_NO_VMA: no mapping covers the address; tables were read anyway
 * @VMSCOPE_STOP_RANGE: the address is no user address; nothing was read
 * @VMSCOPE_STOP_LOCKED: the lock stayed taken; nothing was read
 */
enum vmscope_stop {
	VMSCOPE_STOP_LEAF = 0,
	VMSCOPE_STOP_NONE = 1,
	VMSCOPE_STOP_NONPRESENT = 2,
	VMSCOPE_STOP_BAD = 3,
	VMSCOPE_STOP_NO_VMA = 4,
	VMSCOPE_STOP_RANGE = 5,
	VMSCOPE_STOP_LOCKED = 6,
};

/**
 * struct vmscope_step - one level of a translation
 * @raw: the entry as it stands in the table; 0 without the right to see it
 * @table: frame that holds the table; 0 likewise
 * @index: which entry of the table
 * @level: enum vmscope_level
 * @read: 1 when this level was read; folded and unreached levels have 0
 * @__reserved: zero
 */
struct vmscope_step {
	__aligned_u64 raw;
	__aligned_u64 table;
	__u32 index;
	__u8 level;
	__u8 read;
	__u16 __reserved;
};

/**
 * struct vmscope_translation - the walk of one address
 * @address: in: the virtual address, any byte of a page
 * @physical: out: physical address of that byte when the stop is LEAF; 0
 *	without the right to see it
 * @attributes: out: the full attribute word
 * @frame: out: frame or swap slot of the page, 0 without the right
 * @mapcount: out: mappings of the page
 * @refcount: out: references of its folio
 * @swap_type: out: swap area, where @frame is a slot
 * @stop: out: enum vmscope_stop
 * @stop_level: out: enum vmscope_level of the last entry read
 * @marks: out: VMSCOPE_MARK_*
 * @__reserved: zero
 * @vma_start: out: the mapping that covers the address, 0 when there is none
 * @vma_end: out: its end
 * @step: out: indexed by enum vmscope_level
 */
struct vmscope_translation {
	__aligned_u64 address;
	__aligned_u64 physical;
	__aligned_u64 attributes;
	__aligned_u64 frame;
	__u32 mapcount;
	__u32 refcount;
	__u8 swap_type;
	__u8 stop;
	__u8 stop_level;
	__u8 __reserved[3];
	__u16 marks;
	__aligned_u64 vma_start;
	__aligned_u64 vma_end;
	struct vmscope_step step[VMSCOPE_MAX_LEVELS];
};

/** VMSCOPE_TRANSLATE_MAX - most addresses in one call. */
#define VMSCOPE_TRANSLATE_MAX		4096

/**
 * struct vmscope_translate - ioctl(VMSCOPE_TRANSLATE): walk single addresses
 * @size: sizeof(struct vmscope_translate)
 * @flags: must be zero
 * @translations: user array of struct vmscope_translation, @address filled in
 * @count: its elements, 1 to VMSCOPE_TRANSLATE_MAX
 * @stride: sizeof(struct vmscope_translation) as user space knows it; grows
 *	like @size
 * @timeout_ns: as in struct vmscope_scan
 * @done: out: how many were answered
 * @__reserved: must be zero
 *
 * Each address is translated by itself; an address that is not mapped is an
 * answer, not an error.
 *
 * Errors: ``EINVAL`` size, reserved, count, stride; ``EOPNOTSUPP`` flags; ``EFAULT``, ``ESRCH``,
 * ``EINTR``, the last two only when nothing was answered.
 */
struct vmscope_translate {
	__u32 size;
	__u32 flags;
	__aligned_u64 translations;
	__u32 count;
	__u32 stride;
	__aligned_u64 timeout_ns;
	__u32 done;
	__u32 __reserved;
};

/* ---------------------------------------------------------------- survey */

/**
 * struct vmscope_process - VMSCOPE_RECORD_PROCESS: a process, as a whole
 * @record: head; its marks are those of the sums before it
 * @pid: thread group id in the caller's pid namespace
 * @error: 0, or why there are no sums: ``ESRCH`` it has exited, or is about to;
 *	``EPERM`` it may not be looked at, as in struct vmscope_open; ``EBUSY``
 *	the lock of its memory stayed taken
 * @oom_score_adj: as in /proc/PID/oom_score_adj
 * @__reserved: zero
 * @cgroup: inode in cgroupfs of its control group of version 2
 * @accounted: bytes of the mappings that the kernel has promised memory for
 *	(VMSCOPE_VM_ACCOUNT); only with sums
 * @target: as VMSCOPE_TARGET tells it
 *
 * With ``ESRCH`` and ``EPERM`` nothing but the pid is told.
 */
struct vmscope_process {
	struct vmscope_record record;
	__s32 pid;
	__s32 error;
	__s32 oom_score_adj;
	__u32 __reserved;
	__aligned_u64 cgroup;
	__aligned_u64 accounted;
	struct vmscope_target target;
};

/** VMSCOPE_SURVEY_ROOM - what the records of a process may take. */
#define VMSCOPE_SURVEY_ROOM		4096

/**
 * struct vmscope_survey - ioctl(VMSCOPE_SURVEY): read many processes at once
 * @size: sizeof(struct vmscope_survey)
 * @flags: must be zero
 * @pid: the lowest id to look at
 * @limit: how many processes at most, 0: no bound
 * @buffer: user memory for the records
 * @buffer_size: its bytes, at least VMSCOPE_SURVEY_ROOM
 * @records: sums that are wanted of each process: a mask of CHARGE, TALLY and
 *	TABLE, as VMSCOPE_SCAN_WHOLE gives them; 0: none is read
 * @timeout_ns: as in struct vmscope_scan, for each process
 * @used: out: bytes of @buffer that were filled
 * @nr_records: out: number of records
 * @marks: out: union of the marks of all records
 * @next: out: where to go on: @pid of the next call; 0 when there is no other
 *	process
 * @__reserved: must be zero
 * @cost: out: of all processes together
 *
 * Looks at all processes, by ascending pids, that are in the caller's pid
 * namespace and have memory of their own or had it: kernel threads are left
 * out. Of each come CHARGE, TALLY, TABLE and, in any case, PROCESS, all in one
 * call. A call ends when less than VMSCOPE_SURVEY_ROOM is left of the buffer.
 * Nothing stays open.
 *
 * Processes come and go meanwhile: each that is there from the first call to
 * the last is reported once.
 *
 * Errors: ``EINVAL`` size, reserved, @pid negative, buffer too small;
 * ``EOPNOTSUPP`` unknown bits in @flags or @records; ``EPERM`` CHARGE without
 * CAP_SYS_ADMIN; ``EFAULT``, ``EINTR``, ``ENOMEM``. After an error the buffer's
 * content is undefined.
 */
struct vmscope_survey {
	__u32 size;
	__u32 flags;
	__s32 pid;
	__u32 limit;
	__aligned_u64 buffer;
	__aligned_u64 buffer_size;
	__aligned_u64 records;
	__aligned_u64 timeout_ns;
	__aligned_u64 used;
	__u32 nr_records;
	__u32 marks;
	__s32 next;
	__u32 __reserved;
	struct vmscope_cost cost;
};

#endif /* _UAPI_VMSCOPE_H */
