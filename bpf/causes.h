/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a page fault came from, by what is seen to happen inside of it: a part of
 * faults.bpf.c. It must not know what is counted.
 *
 * Functions in there are hooked, as far as a kernel has them. None of them means
 * anything outside of a fault of somebody who is watched, and most of them run there:
 * so each looks first, and quickly, whether it is inside.
 */
#ifndef VMSCOPE_BPF_CAUSES_H
#define VMSCOPE_BPF_CAUSES_H

/* include/linux/mm_types.h */
#define FAULT_FALLBACK		0x0800

/* include/linux/mm.h */
#define VM_SHARED		0x0008
#define VM_HUGETLB		0x400000

/* include/linux/page-flags.h: in the last bits of folio->mapping */
#define MAPPING_KSM		3

/* Who is inside of a fault, by the end of its id. */
#define PLACES			4096

static struct inside {
	__u32 tid;			/* whose place it is, 0: nobody's */
	__u32 saw;			/* FAULT_SAW_* */
	__u64 vmf;			/* of the write */
} inside[PLACES];

/* What zswap_load() returns when it had the page: true, or 0. */
const volatile bool zswap_says_true;

static __always_inline struct inside *place_of(__u32 tid)
{
	return &inside[tid & (PLACES - 1)];
}

static __always_inline void look_inside(__u32 tid)
{
	struct inside *in = place_of(tid);

	in->tid = tid;
	in->saw = 0;
	in->vmf = 0;
}

/* Another one can have taken the place meanwhile. */
static __always_inline __u32 seen_inside(__u32 tid)
{
	struct inside *in = place_of(tid);

	if (in->tid != tid)
		return FAULT_SAW_NOT_ALL;
	in->tid = 0;
	return in->saw;
}

/* NULL: whoever runs is inside of no fault that is watched. */
static __always_inline struct inside *where_inside(void)
{
	__u32 tid = bpf_get_current_task_btf()->pid;
	struct inside *in = place_of(tid);

	if (in->tid != tid)
		in = NULL;
	/* Or the compiler asks again instead, and the verifier sees no pointer. */
	barrier_var(in);
	return in;
}

/* ---------------------------------------------------------------- what is seen */

static __always_inline int saw(__u32 what)
{
	struct inside *in = where_inside();

	if (in)
		in->saw |= what;
	return 0;
}

static __always_inline int saw_wp(void *vmf)
{
	struct inside *in = where_inside();

	if (!in)
		return 0;
	in->saw |= FAULT_SAW_WP;
	in->vmf = (__u64)vmf;
	return 0;
}

/* The page that is copied is still in its place when its copy gets one. */
static __always_inline bool was_merged(struct vm_fault *vmf)
{
	struct folio *folio = (struct folio *)BPF_CORE_READ(vmf, page);

	return folio && ((__u64)BPF_CORE_READ(folio, mapping) & MAPPING_KSM) == MAPPING_KSM;
}

static __noinline int note_new_anon(void)
{
	struct inside *in = where_inside();

	if (!in)
		return 0;
	in->saw |= FAULT_SAW_NEW_ANON;
	if (in->vmf && was_merged((struct vm_fault *)in->vmf))
		in->saw |= FAULT_SAW_KSM;
	return 0;
}

/* Every first write on the host comes here: the rest is apart, see begin_fault(). */
static __always_inline int saw_new_anon(void)
{
	__u32 tid = bpf_get_current_task_btf()->pid;

	return place_of(tid)->tid == tid ? note_new_anon() : 0;
}

static __always_inline int saw_io(struct inside *in, struct block_device *device)
{
	char name[4] = "";

	bpf_probe_read_kernel(name, sizeof(name), BPF_CORE_READ(device, bd_disk, disk_name));
	if (name[0] == 'z' && name[1] == 'r' && name[2] == 'a' && name[3] == 'm')
		in->saw |= FAULT_SAW_ZRAM;
	else
		in->saw |= FAULT_SAW_IO;
	return 0;
}

static __always_inline int saw_bio(struct bio *bio)
{
	struct inside *in = where_inside();

	return in ? saw_io(in, BPF_CORE_READ(bio, bi_bdev)) : 0;
}

/* That comes before the fault. */
static __always_inline int saw_growth(unsigned long address)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *t = is_ours(task) ? thread_of(task) : NULL;

	if (t)
		t->grown = address >> 12;
	return 0;
}

static __always_inline int saw_huge(__u32 what, unsigned int ret)
{
	return ret & FAULT_FALLBACK ? 0 : saw(what);
}

static __always_inline int saw_zswap(unsigned int ret)
{
	bool hit = zswap_says_true ? ret & 0xff : !ret;

	return hit ? saw(FAULT_SAW_ZSWAP) : 0;
}

/* ------------------------------------------------------------ what it comes to */

static __always_inline enum fault_cause cause_of_swap(__u32 saw)
{
	if (saw & FAULT_SAW_IO)
		return FAULT_SWAP_DISK;
	if (saw & FAULT_SAW_ZRAM)
		return FAULT_SWAP_ZRAM;
	return saw & FAULT_SAW_ZSWAP ? FAULT_SWAP_ZSWAP : FAULT_SWAP_OTHER;
}

static __always_inline enum fault_cause cause_of_write(const struct thread *t)
{
	if (t->flags & VM_SHARED)
		return FAULT_WRITE_NOTIFY;
	if (!(can_see & FAULT_SAW_NEW_ANON))
		return FAULT_OTHER;
	if (t->saw & FAULT_SAW_KSM)
		return FAULT_KSM_BREAK;
	return t->saw & FAULT_SAW_NEW_ANON ? FAULT_COW_COPY : FAULT_COW_REUSE;
}

static __always_inline enum fault_cause cause_of_file(const struct thread *t, bool major)
{
	if (t->kind == VMA_KIND_SPECIAL)
		return FAULT_OTHER;
	if (major && !t->shmem)
		return FAULT_FILE_MAJOR;
	if (t->saw & FAULT_SAW_NEW_ANON)
		return FAULT_COW_COPY;
	if (t->shmem)
		return FAULT_SHMEM;
	return t->saw & FAULT_SAW_FILE ? FAULT_FILE_MAPPED : FAULT_FILE_AROUND;
}

/* What a fault that does something shows, but for one that maps the page of zeros. */
#define NOTHING_ELSE	(FAULT_SAW_NEW_ANON | FAULT_SAW_FILE | FAULT_SAW_AROUND | FAULT_SAW_WP | \
			 FAULT_SAW_SWAP | FAULT_SAW_HUGE | FAULT_SAW_HUGE_WP | FAULT_SAW_NUMA | \
			 FAULT_SAW_MIGRATION | FAULT_SAW_USERFAULT)

static __always_inline bool is_anon(__u8 kind)
{
	return kind == VMA_KIND_ANON || kind == VMA_KIND_HEAP || kind == VMA_KIND_STACK;
}

/*
 * The page of zeros is mapped without a function that all kernels have for it, or that
 * is worth a hook in each first write as well: what else such a read can be is rare.
 */
static __always_inline enum fault_cause cause_of_nothing(const struct thread *t)
{
	if (NOTHING_ELSE & ~can_see)
		return FAULT_OTHER;
	return !t->write && is_anon(t->kind) ? FAULT_ZERO_PAGE : FAULT_SPURIOUS;
}

/* Of several things the one that took most. */
static __always_inline enum fault_cause cause_of(const struct thread *t, bool major)
{
	const __u32 file = FAULT_SAW_FILE | FAULT_SAW_AROUND;

	if (t->saw & FAULT_SAW_NOT_ALL || t->kind == KIND_UNKNOWN)
		return FAULT_OTHER;
	if (t->saw & FAULT_SAW_USERFAULT)
		return FAULT_USERFAULTFD;
	if (t->flags & VM_HUGETLB)
		return FAULT_HUGETLB;
	if (t->saw & FAULT_SAW_SWAP_READ)
		return cause_of_swap(t->saw);
	if (t->saw & FAULT_SAW_MIGRATION)
		return FAULT_MIGRATION;
	if (t->saw & FAULT_SAW_NUMA)
		return FAULT_NUMA_HINT;
	/* An entry that is only a mark has nothing behind it. */
	if (t->saw & FAULT_SAW_SWAP && !(t->saw & file))
		return FAULT_SWAP_CACHE;
	if (t->saw & FAULT_SAW_WP)
		return cause_of_write(t);
	if (t->saw & FAULT_SAW_HUGE_WP)
		return t->saw & FAULT_SAW_NEW_ANON ? FAULT_THP : FAULT_COW_REUSE;
	if (t->saw & file)
		return cause_of_file(t, major);
	if (t->saw & FAULT_SAW_HUGE)
		return FAULT_THP;
	if (t->saw & FAULT_SAW_NEW_ANON)
		return t->saw & FAULT_SAW_GROWTH ? FAULT_STACK_GROWTH : FAULT_ANON_ZERO;
	return cause_of_nothing(t);
}

/* ---------------------------------------------------------------------- hooks */

#define SEES(function, what)					\
	SEC("fentry/" #function)				\
	int BPF_PROG(saw_##function)				\
	{							\
		return saw(what);				\
	}

SEES(__do_fault, FAULT_SAW_FILE)
SEES(filemap_map_pages, FAULT_SAW_AROUND)

SEC("fentry/page_add_new_anon_rmap")
int BPF_PROG(saw_page_add_new_anon_rmap)
{
	return saw_new_anon();
}

SEC("fentry/folio_add_new_anon_rmap")
int BPF_PROG(saw_folio_add_new_anon_rmap)
{
	return saw_new_anon();
}

SEC("fentry/do_wp_page")
int BPF_PROG(saw_do_wp_page, struct vm_fault *vmf)
{
	return saw_wp(vmf);
}

/* 6.1 reads from zram by this one. */
SEC("fentry/bdev_read_page")
int BPF_PROG(saw_bdev_read_page, struct block_device *device)
{
	struct inside *in = where_inside();

	return in ? saw_io(in, device) : 0;
}

SEC("fexit/do_huge_pmd_anonymous_page")
int BPF_PROG(saw_do_huge_pmd_anonymous_page, struct vm_fault *vmf, unsigned int ret)
{
	return saw_huge(FAULT_SAW_HUGE, ret);
}

SEC("fexit/do_huge_pmd_wp_page")
int BPF_PROG(saw_do_huge_pmd_wp_page, struct vm_fault *vmf, unsigned int ret)
{
	return saw_huge(FAULT_SAW_HUGE_WP, ret);
}

SEC("fexit/zswap_load")
int BPF_PROG(saw_zswap_load, struct folio *folio, unsigned int ret)
{
	return saw_zswap(ret);
}

SEC("fexit/zswap_frontswap_load")
int BPF_PROG(saw_zswap_frontswap_load, unsigned int type, unsigned long offset,
	     struct page *page, unsigned int ret)
{
	return saw_zswap(ret);
}

#ifdef bpf_target_defined

/* By what a program is told that is attached to many functions. */
static __always_inline int saw_told(__u64 what, unsigned long first, unsigned long second)
{
	switch (what) {
	case FAULT_SAW_WP:
		return saw_wp((void *)first);
	case FAULT_SAW_NEW_ANON:
		return saw_new_anon();
	case FAULT_SAW_IO:
		return saw_bio((struct bio *)first);
	case FAULT_SAW_GROWTH:
		return saw_growth(second);
	}
	return saw(what);
}

SEC("kprobe.multi/inside")
int BPF_KPROBE(saw_multi, unsigned long first, unsigned long second)
{
	return saw_told(bpf_get_attach_cookie(ctx), first, second);
}

/*
 * Beside fentry, where few faults come by, a kprobe is dearer, but many are gone with one
 * wait for all tasks. For each function with a trampoline the end is such a wait
 * (kernel/trace/ftrace.c:ftrace_shutdown()), a fifth of a second. This one is for kernels
 * without kprobe.multi, each function for itself.
 */
SEC("kprobe/inside")
int BPF_KPROBE(saw_rare, unsigned long first, unsigned long second)
{
	return saw_told(bpf_get_attach_cookie(ctx), first, second);
}

SEC("kretprobe.multi/inside")
int BPF_KRETPROBE(saw_multi_return, unsigned int ret)
{
	__u64 what = bpf_get_attach_cookie(ctx);

	return what == FAULT_SAW_ZSWAP ? saw_zswap(ret) : saw_huge(what, ret);
}

#endif
#endif
