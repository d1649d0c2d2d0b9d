/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that leaves and comes back, and who waits for it: swap, reclaim,
 * compaction, kills. A part of events.bpf.c.
 */
#ifndef VMSCOPE_BPF_EVENTS_SWAP_H
#define VMSCOPE_BPF_EVENTS_SWAP_H

/* ----------------------------------------------------------------------- swap */

/* The flags stand first in all kernels, whatever they are called. */
static __always_inline bool has_flag(struct folio *folio, __u32 flag)
{
	unsigned long flags = 0;

	bpf_probe_read_kernel(&flags, sizeof(flags), folio);
	return flags >> flag & 1;
}

#define HAS_FLAG(folio, flag)	has_flag(folio, bpf_core_enum_value(enum pageflags, flag))

static __always_inline __u64 pages_of(struct folio *folio)
{
	struct folio___new *newer = (void *)folio;

	if (!HAS_FLAG(folio, PG_head))
		return 1;
	if (bpf_core_field_exists(newer->_nr_pages))
		return BPF_CORE_READ(newer, _nr_pages);
	if (bpf_core_field_exists(folio->_folio_nr_pages))
		return BPF_CORE_READ(folio, _folio_nr_pages);
	return 1;
}

static __always_inline bool goes_to_swap(struct folio *folio)
{
	return (__u64)BPF_CORE_READ(folio, mapping) & MAPPING_ANON &&
	       HAS_FLAG(folio, PG_swapbacked) && HAS_FLAG(folio, PG_swapcache);
}

/*
 * What becomes less by as many as are unmapped: by how many page table entries it is
 * mapped, as a huge one would be by its many. Where that is not known of large ones,
 * what this address space has in swap is, and exactly.
 */
static __always_inline __s64 left_to_unmap(struct folio *folio, struct mm_struct *mm)
{
	struct mm_struct___old *older = (void *)mm;
	__s64 whole;

	if (!HAS_FLAG(folio, PG_head))
		return BPF_CORE_READ(folio, _mapcount.counter);
	if (bpf_core_field_exists(folio->_large_mapcount)) {
		whole = BPF_CORE_READ(folio, _entire_mapcount.counter) + 1;
		return BPF_CORE_READ(folio, _large_mapcount.counter) +
			whole * (pages_of(folio) - 1);
	}
	if (bpf_core_field_exists(older->rss_stat.count))
		return -BPF_CORE_READ(older, rss_stat.count[2].counter);
	return 0;
}

/*
 * Of one folio, what one address space has of it, and be it nothing: of all that were
 * forked from where it was made. It is the last thing before it goes.
 */
SEC("fentry/try_to_unmap_one")
int BPF_PROG(begin_swap_out, struct folio *folio, struct vm_area_struct *vma)
{
	struct thread *t;

	if (!counting || !goes_to_swap(folio))
		return 0;
	t = thread_of(bpf_get_current_task_btf(), true);
	if (!t) {
		__sync_fetch_and_add(&lost_storage, 1);
		return 0;
	}
	t->unmaps = (__u64)folio;
	t->left = left_to_unmap(folio, BPF_CORE_READ(vma, vm_mm));
	return 0;
}

SEC("fexit/try_to_unmap_one")
int BPF_PROG(swapped_out, struct folio *folio, struct vm_area_struct *vma)
{
	struct thread *t = counting ? thread_of(bpf_get_current_task_btf(), false) : NULL;
	struct mm_struct *mm;
	__s64 pages, most;

	if (!t || t->unmaps != (__u64)folio)
		return 0;
	t->unmaps = 0;
	mm = BPF_CORE_READ(vma, vm_mm);
	pages = t->left - left_to_unmap(folio, mm);
	most = pages_of(folio);
	/* Others map and unmap it at any time. */
	if (pages > most)
		pages = most;
	if (pages > 0 && goes_to_swap(folio) && count_of(mm, EVENT_SWAP_OUT, pages, 0))
		count_in(vma, EVENT_IN_SWAP_OUT, pages);
	return 0;
}

/* Entries of pages that are being moved, of devices and the like come here, too. */
static __always_inline bool is_of_swap(struct vm_fault *vmf)
{
#ifdef __TARGET_ARCH_x86
	return BPF_CORE_READ(vmf, orig_pte.pte) >> SWAP_TYPE_SHIFT < SWAP_TYPES;
#else
	return true;
#endif
}

SEC("fentry/do_swap_page")
int BPF_PROG(begin_swap_in, struct vm_fault *vmf)
{
	begin(DOING_SWAP_IN);
	return 0;
}

SEC("fexit/do_swap_page")
int BPF_PROG(swapped_in, struct vm_fault *vmf, unsigned int ret)
{
	__u64 ns = end(DOING_SWAP_IN);

	/* It comes again, and the mapping may be gone. */
	if (!counting || ret & FAULT_RETRY || !is_of_swap(vmf))
		return 0;
	if (count(EVENT_SWAP_IN, 0, !!(ret & FAULT_ERROR), ns))
		count_in(BPF_CORE_READ(vmf, vma), EVENT_IN_SWAP_IN, 1);
	return 0;
}

#ifdef bpf_target_defined

SEC("kprobe/workingset_refault")
int BPF_KPROBE(refaulted, struct folio *folio)
{
	if (!counting)
		return 0;
	if (HAS_FLAG(folio, PG_swapbacked))
		count(EVENT_REFAULT_ANON, pages_of(folio), 0, 0);
	else
		count(EVENT_REFAULT_FILE, pages_of(folio), 0, 0);
	return 0;
}

#endif

/* -------------------------------------------------------------------- reclaim */

SEC("raw_tp/mm_vmscan_direct_reclaim_begin")
int begin_reclaim(void *ctx)
{
	begin(DOING_RECLAIM);
	return 0;
}

SEC("raw_tp/mm_vmscan_direct_reclaim_end")
int BPF_PROG(end_reclaim, unsigned long reclaimed)
{
	count(EVENT_RECLAIM, reclaimed, 0, end(DOING_RECLAIM));
	return 0;
}

SEC("raw_tp/mm_vmscan_memcg_reclaim_begin")
int begin_reclaim_cgroup(void *ctx)
{
	begin(DOING_RECLAIM_CGROUP);
	return 0;
}

SEC("raw_tp/mm_vmscan_memcg_reclaim_end")
int BPF_PROG(end_reclaim_cgroup, unsigned long reclaimed)
{
	count(EVENT_RECLAIM_CGROUP, reclaimed, 0, end(DOING_RECLAIM_CGROUP));
	return 0;
}

SEC("raw_tp/mm_vmscan_wakeup_kswapd")
int woke_kswapd(void *ctx)
{
	count(EVENT_KSWAPD_WAKE, 0, 0, 0);
	return 0;
}

/* Its tracepoints are further apart: it naps for a tenth of a second before it sleeps. */
SEC("fentry/balance_pgdat")
int begin_kswapd(void *ctx)
{
	begin(DOING_KSWAPD);
	return 0;
}

SEC("fexit/balance_pgdat")
int end_kswapd(void *ctx)
{
	count(EVENT_KSWAPD, 0, 0, end(DOING_KSWAPD));
	return 0;
}

/* ----------------------------------------------------------------- compaction */

SEC("fentry/try_to_compact_pages")
int begin_compact_stall(void *ctx)
{
	begin(DOING_COMPACT_STALL);
	return 0;
}

/* Where too little is free it is not begun, and the kernel counts none either. */
SEC("fexit/try_to_compact_pages")
int BPF_PROG(end_compact_stall, unsigned int gfp, unsigned int order, unsigned int flags,
	     void *context, int priority, void *page, int result)
{
	__u64 ns = end(DOING_COMPACT_STALL);

	if (result == (int)bpf_core_enum_value(enum compact_result, COMPACT_SKIPPED))
		return 0;
	if (count(EVENT_COMPACT_STALL, 0, 0, ns))
		add_reason(EVENT_WHY_COMPACT, result, 0, 0);
	return 0;
}

SEC("raw_tp/mm_compaction_begin")
int begin_compact(void *ctx)
{
	begin(DOING_COMPACT);
	return 0;
}

SEC("raw_tp/mm_compaction_end")
int end_compact(void *ctx)
{
	count(EVENT_COMPACT, 0, 0, end(DOING_COMPACT));
	return 0;
}

/* ---------------------------------------------------------------------- kills */

#include "kills.h"

#ifdef bpf_target_defined

SEC("kprobe/__oom_kill_process")
int BPF_KPROBE(killed, struct task_struct *victim)
{
	bool missed = false;
	struct mm_struct *mm = counting ? mm_of_victim(victim, &missed) : NULL;
	__u64 n;

	/* Whoever it was. */
	if (missed)
		__sync_fetch_and_add(&lost_processes, 1);
	if (!mm || !count_of(mm, EVENT_OOM_KILL, 0, 0))
		return 0;
	n = __sync_fetch_and_add(&nr_kills, 1);
	if (n < EVENT_KILLS)
		note_kill(victim, mm, &kills[n & (EVENT_KILLS - 1)]);
	return 0;
}

#endif
#endif
