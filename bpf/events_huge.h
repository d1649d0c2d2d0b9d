/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages that become others: huge ones, merged ones, moved ones. A part of
 * events.bpf.c.
 */
#ifndef VMSCOPE_BPF_EVENTS_HUGE_H
#define VMSCOPE_BPF_EVENTS_HUGE_H

/* ----------------------------------------------------------------- huge pages */

/* The whole huge page would be in the mapping: else the kernel does not try, nor count it. */
static __always_inline bool has_room(struct vm_area_struct *vma, unsigned long address)
{
	unsigned long start = address & ~(HUGE_BYTES - 1);

	return start >= BPF_CORE_READ(vma, vm_start) &&
		start + HUGE_BYTES <= BPF_CORE_READ(vma, vm_end);
}

SEC("fexit/do_huge_pmd_anonymous_page")
int BPF_PROG(huge_fault, struct vm_fault *vmf, unsigned int ret)
{
	bool fallback = ret & FAULT_FALLBACK;
	struct vm_area_struct *vma;
	int why;

	if (!counting || ret & FAULT_RETRY)
		return 0;
	if (!count(EVENT_THP_FAULT, 0, fallback, 0))
		return 0;
	vma = BPF_CORE_READ(vmf, vma);
	count_in(vma, fallback ? EVENT_IN_THP_FALLBACK : EVENT_IN_THP_FAULT, 1);
	if (!fallback)
		return 0;
	why = has_room(vma, BPF_CORE_READ(vmf, address)) ?
		bpf_core_enum_value(enum scan_result, SCAN_ALLOC_HUGE_PAGE_FAIL) :
		bpf_core_enum_value(enum scan_result, SCAN_ADDRESS_RANGE);
	add_reason(EVENT_WHY_THP_FAULT, why, 0, 0);
	return 0;
}

SEC("raw_tp/mm_khugepaged_scan_pmd")
int scanned(__u64 *ctx)
{
	struct mm_struct *mm = (struct mm_struct *)ctx[0];
	int status = scan_status_at == 5 ? ARGUMENT_AT(ctx, 40) : ARGUMENT_AT(ctx, 32);

	if (count_of(mm, EVENT_THP_SCAN, 0, status != SCAN_SUCCEED))
		add_reason(EVENT_WHY_SCAN, status, 0, 0);
	return 0;
}

/* Of a file MADV_COLLAPSE has made one when it has only to be mapped as such. */
static __always_inline bool is_made(int status)
{
	return status == SCAN_SUCCEED ||
		status == (int)bpf_core_enum_value(enum scan_result, SCAN_PTE_MAPPED_HUGEPAGE);
}

/* The same is said of one that was huge before, and then no page was looked at. */
SEC("raw_tp/mm_khugepaged_scan_file")
int BPF_PROG(scanned_file, struct mm_struct *mm, void *page, struct file *file, int present,
	     int swapped, int status)
{
	bool fits = status == SCAN_SUCCEED || (present && is_made(status));

	if (count_of(mm, EVENT_THP_SCAN, 0, !fits))
		add_reason(EVENT_WHY_SCAN, status, 0, 0);
	return 0;
}

static __always_inline int collapsed(struct mm_struct *mm, int status, bool made)
{
	if (count_of(mm, EVENT_THP_COLLAPSE, 0, !made))
		add_reason(EVENT_WHY_COLLAPSE, status, 0, 0);
	return 0;
}

SEC("raw_tp/mm_collapse_huge_page")
int BPF_PROG(collapsed_anon, struct mm_struct *mm, int isolated, int status)
{
	return collapsed(mm, status, status == SCAN_SUCCEED);
}

SEC("raw_tp/mm_khugepaged_collapse_file")
int BPF_PROG(collapsed_file, struct mm_struct *mm, unsigned long pfn, unsigned long index,
	     unsigned long address, bool is_shmem, struct file *file, int nr, int status)
{
	return collapsed(mm, status, is_made(status));
}

/* Whatever arguments it has. */
static __always_inline int was_split(void *ctx)
{
	__u64 err = 0;

	bpf_get_func_ret(ctx, &err);
	if (count(EVENT_THP_SPLIT, 0, !!(int)err, 0))
		add_path(ctx, EVENT_THP_SPLIT, !!(int)err);
	return 0;
}

/* Until 6.7. */
SEC("fexit/split_huge_page_to_list")
int split_huge_page(void *ctx)
{
	return was_split(ctx);
}

SEC("fexit/split_huge_page_to_list_to_order")
int split_to_order(void *ctx)
{
	return was_split(ctx);
}

/* Inside of all that there are since 6.15, which then are not asked. */
SEC("fexit/__folio_split")
int split_inside(void *ctx)
{
	return was_split(ctx);
}

SEC("fexit/__split_huge_page_to_list_to_order")
int split_evenly(void *ctx)
{
	return was_split(ctx);
}

SEC("fexit/folio_split")
int split_folio(void *ctx)
{
	return was_split(ctx);
}

#ifdef bpf_target_defined

/* Of a mapping that is cut there it is tried, whatever the entry is: mostly a table. */
static __always_inline bool is_huge(const void *pmd)
{
	unsigned long entry = 0;

	bpf_probe_read_kernel(&entry, sizeof(entry), pmd);
#ifdef __TARGET_ARCH_x86
	return entry & PAGE_PSE || (entry && !(entry & PAGE_PRESENT));
#else
	return entry && (entry & ENTRY_TYPE) != ENTRY_TABLE;
#endif
}

static __always_inline int entry_is_split(void *ctx, struct vm_area_struct *vma, const void *pmd)
{
	if (counting && is_huge(pmd) &&
	    count_of(BPF_CORE_READ(vma, vm_mm), EVENT_THP_SPLIT_PMD, 0, 0)) {
		count_in(vma, EVENT_IN_THP_SPLIT_PMD, 1);
		add_path(ctx, EVENT_THP_SPLIT_PMD, 0);
	}
	return 0;
}

/* Where the function begins that is called for most; 0: never yet. */
static __u64 split_begins;

#define SPLIT_BYTES	1024	/* of its code at most */

SEC("kprobe/__split_huge_pmd")
int BPF_KPROBE(split_pmd, struct vm_area_struct *vma, const void *pmd)
{
	split_begins = PT_REGS_IP(ctx);
	return entry_is_split(ctx, vma, pmd);
}

/*
 * What is inside of that one: since 6.10 who unmaps a page calls it for itself
 * (mm/rmap.c:try_to_unmap_one(), try_to_migrate_one()).
 */
SEC("kprobe/split_huge_pmd_locked")
int BPF_KPROBE(split_pmd_locked, struct vm_area_struct *vma, unsigned long address,
	       const void *pmd)
{
	__u64 from = 0;

	BPF_KPROBE_READ_RET_IP(from, ctx);
	if (from - split_begins < SPLIT_BYTES)
		return 0;
	return entry_is_split(ctx, vma, pmd);
}

/* ------------------------------------------------------------------------ KSM */

SEC("kprobe/stable_tree_append")
int BPF_KPROBE(merged, struct ksm_rmap_item *item)
{
	count_of(BPF_CORE_READ(item, mm), EVENT_KSM_MERGE, 0, 0);
	return 0;
}

SEC("kprobe/remove_rmap_item_from_tree")
int BPF_KPROBE(unmerged, struct ksm_rmap_item *item)
{
	if (counting && BPF_CORE_READ(item, address) & STABLE_FLAG)
		count_of(BPF_CORE_READ(item, mm), EVENT_KSM_UNMERGE, 0, 0);
	return 0;
}

#endif

/* ------------------------------------------------------------------ migration */

SEC("raw_tp/mm_migrate_pages")
int migrated(__u64 *ctx)
{
	__u64 moved = ctx[0], failed = ctx[1];
	int reason = migrate_reason_at == 7 ? ARGUMENT_AT(ctx, 56) : ARGUMENT_AT(ctx, 48);

	if (count(EVENT_MIGRATE, moved, failed, 0))
		add_reason(EVENT_WHY_MIGRATE, reason, moved, failed);
	return 0;
}

#endif
