// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Compares what vmscope says with what procfs says, and knows the faults of
 * procfs; knows nothing of how either was obtained.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "differ.h"
#include "oracle.h"
#include "target.h"

#define PAGE	4096ull
#define TRIES	5

/* ----------------------------------------------------------------- pages */

struct flag_pair {
	uint64_t attribute;
	unsigned int kpf;
	bool folio;	/* 6.1 shows a tail page's own flag, not the folio's */
};

static const struct flag_pair flag_pairs[] = {
	{ VMSCOPE_ATTR_REFERENCED, KPF_REFERENCED, true },
	{ VMSCOPE_ATTR_FOLIO_DIRTY, KPF_DIRTY, true },
	{ VMSCOPE_ATTR_LRU, KPF_LRU, true },
	{ VMSCOPE_ATTR_ACTIVE, KPF_ACTIVE, true },
	{ VMSCOPE_ATTR_UNEVICTABLE, KPF_UNEVICTABLE, true },
	{ VMSCOPE_ATTR_MLOCKED, KPF_MLOCKED, true },
	{ VMSCOPE_ATTR_WRITEBACK, KPF_WRITEBACK, true },
	{ VMSCOPE_ATTR_SWAPCACHE, KPF_SWAPCACHE, true },
	{ VMSCOPE_ATTR_SWAPBACKED, KPF_SWAPBACKED, true },
	{ VMSCOPE_ATTR_RECLAIM, KPF_RECLAIM, true },
	{ VMSCOPE_ATTR_HEAD, KPF_HEAD, false },
};

static bool flag_comparable(const struct flag_pair *f, uint64_t attributes,
			    uint64_t kpf)
{
	bool hugetlb = (attributes & VMSCOPE_ATTR_KIND) == KIND(HUGETLB);

	if (!(vmscope_info()->attributes & f->attribute))
		return false;
	/* Folio flags of a tail: 6.1 looks at the tail itself. */
	if (f->folio && kernel_version() < 612 && kpf >> KPF_TAIL & 1)
		return false;
	/* kpageflags hides what hugetlb uses for its own purposes. */
	return !(f->folio && hugetlb);
}

static const char *compare_kind(const struct scan_page *p, uint64_t kpf)
{
	uint64_t kind = p->attributes & VMSCOPE_ATTR_KIND;
	bool anon = kind == KIND(ANON) || kind == KIND(ANON_EXCLUSIVE) ||
		    kind == KIND(KSM);
	bool tail61 = kernel_version() < 612 && kpf >> KPF_TAIL & 1;

	/* Private hugetlb pages are anonymous too. */
	if (kind != KIND(HUGETLB) && anon != (kpf >> KPF_ANON & 1))
		return differ("%lx: kind %lu, kpageflags %lx: anonymous",
			      p->address, ATTR_KIND(p->attributes), kpf);
	/* 6.12 calls every anonymous page KSM. */
	if ((kernel_version() < 612 || kernel_version() > 612) &&
	    (kind == KIND(KSM)) != (kpf >> KPF_KSM & 1))
		return differ("%lx: kind %lu, kpageflags %lx: KSM", p->address,
			      ATTR_KIND(p->attributes), kpf);
	if ((kind == KIND(HUGETLB)) != (kpf >> KPF_HUGE & 1))
		return differ("%lx: kind %lu, kpageflags %lx: hugetlb",
			      p->address, ATTR_KIND(p->attributes), kpf);
	if (!tail61 && !anon && kind != KIND(HUGETLB) &&
	    (kind == KIND(SHMEM)) != (kpf >> KPF_SWAPBACKED & 1))
		return differ("%lx: kind %lu, kpageflags %lx: shmem",
			      p->address, ATTR_KIND(p->attributes), kpf);
	return NULL;
}

static const char *compare_frame(const struct scan_page *p)
{
	uint64_t kpf = kpage_flags(p->frame), count = kpage_count(p->frame);
	const char *error;
	size_t i;

	/* Both files are of memory that is online, which a device's is not. */
	if ((p->attributes & VMSCOPE_ATTR_KIND) == KIND(DEVICE))
		return NULL;
	error = compare_kind(p, kpf);
	if (error)
		return error;
	for (i = 0; i < sizeof(flag_pairs) / sizeof(flag_pairs[0]); i++) {
		const struct flag_pair *f = &flag_pairs[i];

		if (flag_comparable(f, p->attributes, kpf) &&
		    !!(p->attributes & f->attribute) != (kpf >> f->kpf & 1))
			return differ("%lx: attributes %lx, kpageflags %lx: bit %u",
				      p->address, p->attributes, kpf, f->kpf);
	}
	if (!!ATTR_ORDER(p->attributes) != !!(kpf & (1ull << KPF_HEAD | 1ull << KPF_TAIL)))
		return differ("%lx: attributes %lx, kpageflags %lx: order",
			      p->address, p->attributes, kpf);
	if (p->mapcount != count)
		return differ("%lx: mapcount %u, kpagecount %lu", p->address,
			      p->mapcount, count);
	/* Hugetlb is shared by sharing the table as well. */
	if (p->attributes & VMSCOPE_ATTR_SHARED ? count < 2 &&
	    (p->attributes & VMSCOPE_ATTR_KIND) != KIND(HUGETLB) : count > 1)
		return differ("%lx: attributes %lx, kpagecount %lu: SHARED",
			      p->address, p->attributes, count);
	return NULL;
}

/* Which of pagemap's words may stand for a state. */
static bool state_fits(uint64_t state, uint64_t word)
{
	switch (state) {
	case VMSCOPE_STATE_PRESENT:
	case VMSCOPE_STATE_ZERO:
		return word & PM_PRESENT;
	case VMSCOPE_STATE_NONE:
		return !(word & (PM_PRESENT | PM_SWAP));
	case VMSCOPE_STATE_SPECIAL:
		/* PFN maps are not in pagemap, others have nothing but a frame. */
		return !(word & (PM_SWAP | PM_FILE | PM_EXCLUSIVE));
	case VMSCOPE_STATE_SKIPPED:
	case VMSCOPE_STATE_UNKNOWN:
		return false;
	}
	return word & PM_SWAP && !(word & PM_PRESENT);
}

static const char *compare_word(const struct scan_page *p, uint64_t word)
{
	uint64_t state = ATTR_STATE(p->attributes), a = p->attributes;

	/* Of hugetlb, pagemap tells what is present: fs/proc/task_mmu.c:pagemap_hugetlb_range() */
	if (state != VMSCOPE_STATE_PRESENT && (a & VMSCOPE_ATTR_KIND) == KIND(HUGETLB))
		return word & (PM_PRESENT | PM_SWAP) ?
		       differ("%lx: hugetlb in state %lu, pagemap %lx", p->address, state, word) :
		       NULL;
	if (!state_fits(state, word))
		return differ("%lx: state %lu, pagemap %lx", p->address, state,
			      word);
	if (state == VMSCOPE_STATE_SPECIAL)
		return word & PM_PRESENT && (word & PM_FRAME) != p->frame ?
		       differ("%lx: special frame %lx, pagemap %lx", p->address,
			      p->frame, word) : NULL;
	if (vmscope_info()->features & VMSCOPE_FEATURE_SOFT_DIRTY &&
	    !(a & VMSCOPE_ATTR_SOFT_DIRTY) != !(word & PM_SOFT_DIRTY))
		return differ("%lx: attributes %lx, pagemap %lx: soft-dirty",
			      p->address, a, word);
	if (state != VMSCOPE_STATE_NONE &&
	    !(a & VMSCOPE_ATTR_UFFD_WP) != !(word & PM_UFFD_WP))
		return differ("%lx: attributes %lx, pagemap %lx: uffd-wp",
			      p->address, a, word);
	if (state == VMSCOPE_STATE_SWAPPED &&
	    ((word & PM_FRAME) >> 5 != p->frame || (word & 31) != p->swap_type))
		return differ("%lx: slot %lu of area %u, pagemap %lx", p->address,
			      p->frame, p->swap_type, word);
	if (kernel_version() >= 700 &&
	    (state == VMSCOPE_STATE_GUARD) != !!(word & PM_GUARD))
		return differ("%lx: state %lu, pagemap %lx: guard", p->address,
			      state, word);
	if (word & PM_PRESENT && (word & PM_FRAME) != p->frame)
		return differ("%lx: frame %lx, pagemap %lx", p->address,
			      p->frame, word);
	if (state != VMSCOPE_STATE_PRESENT)
		return NULL;
	/* Under a PMD, 6.1 and 7.x look at the first page and mean all. */
	if (kernel_version() != 612 && ATTR_LEAF(a) == VMSCOPE_LEAF_PMD)
		return compare_frame(p);
	/* Where page tables are shared, a page of one mapping is not exclusive. */
	if (word & PM_EXCLUSIVE ? p->mapcount != 1 : p->mapcount == 1 &&
	    (a & VMSCOPE_ATTR_KIND) != KIND(HUGETLB))
		return differ("%lx: mapcount %u, pagemap %lx: exclusive",
			      p->address, p->mapcount, word);
	/* Of a gigabyte under one entry, a sample will do. */
	if (ATTR_LEAF(a) == VMSCOPE_LEAF_PUD && p->frame % 512 > 1 && p->frame % 509)
		return NULL;
	return compare_frame(p);
}

const char *oracle_pages(pid_t pid, const struct scan *s, uint64_t start,
			 uint64_t end)
{
	uint64_t *words = calloc((end - start) / PAGE, 8), address;
	const char *error = NULL;

	if (!words)
		abort();
	if (pagemap_read(pid, start, (end - start) / PAGE, words))
		error = differ("pagemap at %lx cannot be read", start);
	for (address = start; !error && address < end; address += PAGE) {
		struct scan_page p;

		if (!scan_page(s, address, &p))
			error = differ("%lx: no extent covers it", address);
		else
			error = compare_word(&p, words[(address - start) / PAGE]);
	}
	free(words);
	return error;
}

/* --------------------------------------------------------------- tallies */

static uint64_t cells(const struct scan_tally *t, uint64_t kinds, unsigned int mask,
		      unsigned int value)
{
	uint64_t pages = 0;
	unsigned int kind, i;

	for (kind = 0; kind < VMSCOPE_KIND_NR; kind++)
		for (i = 0; i < 8; i++)
			if (kinds >> kind & 1 && (i & mask) == value)
				pages += t->cell[VMSCOPE_CELL(kind, i)];
	return pages;
}

#define K(kind)		(1u << VMSCOPE_KIND_##kind)
#define HUGETLB		K(HUGETLB)
#define ORDINARY	(0xffu & ~HUGETLB)
#define ANONYMOUS	(K(ANON) | K(ANON_EXCLUSIVE) | K(KSM))

static uint64_t pss_kb(uint64_t pss)
{
	return pss >> VMSCOPE_PSS_SHIFT >> 10;
}

static void tally_as_smaps(const struct scan_tally *t, const struct scan_vma *v,
			   uint64_t kb[SMAPS_NR])
{
	const unsigned int dirty = VMSCOPE_CELL_DIRTY, shared = VMSCOPE_CELL_SHARED;
	const unsigned int referenced = VMSCOPE_CELL_REFERENCED;
	const uint64_t *n = t->counter;
	uint64_t pss = n[VMSCOPE_COUNT_PSS_ANON] + n[VMSCOPE_COUNT_PSS_FILE] +
		       n[VMSCOPE_COUNT_PSS_SHMEM];

	kb[SMAPS_RSS] = 4 * cells(t, ORDINARY, 0, 0);
	kb[SMAPS_PSS] = pss_kb(pss);
	kb[SMAPS_PSS_DIRTY] = pss_kb(n[VMSCOPE_COUNT_PSS_DIRTY]);
	kb[SMAPS_SHARED_CLEAN] = 4 * cells(t, ORDINARY, shared | dirty, shared);
	kb[SMAPS_SHARED_DIRTY] = 4 * cells(t, ORDINARY, shared | dirty, shared | dirty);
	kb[SMAPS_PRIVATE_CLEAN] = 4 * cells(t, ORDINARY, shared | dirty, 0);
	kb[SMAPS_PRIVATE_DIRTY] = 4 * cells(t, ORDINARY, shared | dirty, dirty);
	kb[SMAPS_REFERENCED] = 4 * cells(t, ORDINARY, referenced, referenced);
	kb[SMAPS_ANONYMOUS] = 4 * cells(t, ANONYMOUS, 0, 0);
	kb[SMAPS_KSM] = 4 * cells(t, K(KSM), 0, 0);
	kb[SMAPS_LAZYFREE] = 4 * n[VMSCOPE_COUNT_LAZYFREE];
	kb[SMAPS_ANON_HUGE] = 4 * n[VMSCOPE_COUNT_PMD_ANON];
	kb[SMAPS_SHMEM_PMD] = 4 * n[VMSCOPE_COUNT_PMD_SHMEM];
	kb[SMAPS_FILE_PMD] = 4 * n[VMSCOPE_COUNT_PMD_FILE];
	kb[SMAPS_SHARED_HUGETLB] = 4 * cells(t, HUGETLB, shared, shared);
	kb[SMAPS_PRIVATE_HUGETLB] = 4 * cells(t, HUGETLB, shared, 0);
	kb[SMAPS_SWAP] = 4 * (n[VMSCOPE_STATE_SWAPPED] + n[VMSCOPE_COUNT_SHMEM_SWAP]);
	kb[SMAPS_LOCKED] = v->head.flags & VMSCOPE_VM_LOCKED ? pss_kb(pss) : 0;
	kb[SMAPS_PAGE_SIZE] = 1ull << v->head.page_shift >> 10;
}

/*
 * Whether a gigabyte page is shared, smaps asks the table that holds its entry
 * for the number of its sharers, which only PMD tables have.
 */
static bool only_shared_otherwise(int field, const uint64_t kb[SMAPS_NR],
				  const struct smaps *m)
{
	return (field == SMAPS_SHARED_HUGETLB || field == SMAPS_PRIVATE_HUGETLB) &&
	       m->kb[SMAPS_PAGE_SIZE] > 2048 &&
	       kb[SMAPS_SHARED_HUGETLB] + kb[SMAPS_PRIVATE_HUGETLB] ==
	       m->kb[SMAPS_SHARED_HUGETLB] + m->kb[SMAPS_PRIVATE_HUGETLB];
}

const char *oracle_tally(const struct scan_tally *t, const struct scan_vma *v,
			 const struct smaps *m)
{
	uint64_t kb[SMAPS_NR];
	int i;

	if (t->start != m->start || t->end != m->end)
		return differ("tally %lx-%lx, smaps %lx-%lx", t->start, t->end,
			      m->start, m->end);
	if (tally_bytes(t) != t->end - t->start)
		return differ("%lx-%lx: states sum to %lx", t->start, t->end,
			      tally_bytes(t));
	tally_as_smaps(t, v, kb);
	for (i = 0; i < SMAPS_NR; i++)
		if (m->present >> i & 1 && kb[i] != m->kb[i] &&
		    !only_shared_otherwise(i, kb, m))
			return differ("%lx-%lx %s: %s %lu kB, smaps %lu kB",
				      m->start, m->end, m->name, smaps_names[i],
				      kb[i], m->kb[i]);
	return NULL;
}

/* ------------------------------------------------------------------ VMAs */

static const struct {
	const char *name;	/* in the VmFlags line */
	uint64_t bit;
} vm_flags[] = {
	{ "rd", VMSCOPE_VM_READ }, { "wr", VMSCOPE_VM_WRITE },
	{ "ex", VMSCOPE_VM_EXEC }, { "sh", VMSCOPE_VM_SHARED },
	{ "mr", VMSCOPE_VM_MAYREAD }, { "mw", VMSCOPE_VM_MAYWRITE },
	{ "me", VMSCOPE_VM_MAYEXEC }, { "ms", VMSCOPE_VM_MAYSHARE },
	{ "gd", VMSCOPE_VM_GROWSDOWN }, { "pf", VMSCOPE_VM_PFNMAP },
	{ "lo", VMSCOPE_VM_LOCKED }, { "io", VMSCOPE_VM_IO },
	{ "sr", VMSCOPE_VM_SEQ_READ }, { "rr", VMSCOPE_VM_RAND_READ },
	{ "dc", VMSCOPE_VM_DONTCOPY }, { "de", VMSCOPE_VM_DONTEXPAND },
	{ "lf", VMSCOPE_VM_LOCKONFAULT }, { "ac", VMSCOPE_VM_ACCOUNT },
	{ "nr", VMSCOPE_VM_NORESERVE }, { "ht", VMSCOPE_VM_HUGETLB },
	{ "sf", VMSCOPE_VM_SYNC }, { "wf", VMSCOPE_VM_WIPEONFORK },
	{ "dd", VMSCOPE_VM_DONTDUMP }, { "sd", VMSCOPE_VM_SOFTDIRTY },
	{ "mm", VMSCOPE_VM_MIXEDMAP }, { "hg", VMSCOPE_VM_HUGEPAGE },
	{ "nh", VMSCOPE_VM_NOHUGEPAGE }, { "mg", VMSCOPE_VM_MERGEABLE },
	{ "um", VMSCOPE_VM_UFFD_MISSING }, { "uw", VMSCOPE_VM_UFFD_WP },
	{ "ui", VMSCOPE_VM_UFFD_MINOR }, { "ur", VMSCOPE_VM_UFFD_RWP },
	{ "ss", VMSCOPE_VM_SHADOW_STACK }, { "dp", VMSCOPE_VM_DROPPABLE }, { "sl", VMSCOPE_VM_SEALED },
	{ "gu", VMSCOPE_VM_GUARD },
};

static bool has_flag(const struct smaps *m, const char *name)
{
	char padded[8];

	snprintf(padded, sizeof(padded), " %s ", name);
	return strstr(m->flags, padded);
}

static const char *compare_name(const struct scan_vma *v, const struct smaps *m)
{
	const char *expected = m->name;
	char text[SCAN_NAME_MAX + 16] = "";

	switch (v->head.name_kind) {
	case VMSCOPE_NAME_HEAP:
		snprintf(text, sizeof(text), "[heap]");
		break;
	case VMSCOPE_NAME_STACK:
		snprintf(text, sizeof(text), "[stack]");
		break;
	case VMSCOPE_NAME_ANON:
		snprintf(text, sizeof(text), "[anon%s:%s]", v->head.inode ?
			 "_shmem" : "", v->name);
		break;
	default:
		snprintf(text, sizeof(text), "%s", v->name);
	}
	if (v->head.record.marks & VMSCOPE_MARK_NO_NAME || !strcmp(text, expected))
		return NULL;
	return differ("%lx: name kind %u '%s', smaps '%s'", m->start,
		      v->head.name_kind, text, expected);
}

const char *oracle_vma(const struct scan_vma *v, const struct smaps *m)
{
	const struct vmscope_vma *h = &v->head;
	size_t i;

	if (h->start != m->start || h->end != m->end)
		return differ("VMA %llx-%llx, smaps %lx-%lx", h->start, h->end,
			      m->start, m->end);
	for (i = 0; i < sizeof(vm_flags) / sizeof(vm_flags[0]); i++)
		if (has_flag(m, vm_flags[i].name) != !!(h->flags & vm_flags[i].bit) &&
		    /* Flags that this kernel's smaps has no name for. */
		    !(h->flags & vm_flags[i].bit && has_flag(m, "??")))
			return differ("%lx: flags %llx, smaps %s: %s", m->start,
				      h->flags, m->flags, vm_flags[i].name);
	if (h->offset != m->offset || h->inode != m->inode ||
	    h->dev_major != m->major || h->dev_minor != m->minor)
		return differ("%lx: %llx %u:%u %llu, smaps %lx %u:%u %lu",
			      m->start, h->offset, h->dev_major, h->dev_minor,
			      h->inode, m->offset, m->major, m->minor, m->inode);
	return compare_name(v, m);
}

/* ----------------------------------------------------------- a process */

static const char *compare_all(pid_t pid, const struct scan *s,
			       const struct smaps *maps, size_t nr, uint64_t start,
			       uint64_t end)
{
	const char *error = NULL;
	size_t i, vma = 0;

	for (i = 0; i < nr && !error; i++) {
		const struct smaps *m = &maps[i];

		if (m->end <= start || m->start >= end)
			continue;	/* [vsyscall] too */
		if (vma >= s->nr_vmas || vma >= s->nr_tallies)
			return differ("%lx %s: not in the scan", m->start, m->name);
		error = oracle_vma(&s->vma[vma], m);
		/* A range that cuts the VMA has no line in smaps. */
		if (!error && m->start >= start && m->end <= end)
			error = oracle_tally(&s->tally[vma], &s->vma[vma], m);
		if (!error)
			error = oracle_pages(pid, s, m->start > start ? m->start : start,
					     m->end < end ? m->end : end);
		vma++;
	}
	if (!error && vma != s->nr_vmas)
		return differ("%zu VMAs in the scan, %zu in smaps", s->nr_vmas, vma);
	return error;
}

static const char *try_range(pid_t pid, int fd, struct scan *s)
{
	struct smaps *maps = NULL;
	const char *difference;
	ssize_t nr;
	int error = scan_run(fd, s);

	if (error)
		return differ("scan: %s %s", strerror(-error), s->error);
	nr = smaps_read_before(pid, s->end, &maps);
	if (nr < 0)
		return differ("smaps: %s", strerror(-nr));
	difference = compare_all(pid, s, maps, nr, s->start, s->end);
	free(maps);
	return difference;
}

static const char *try_often(pid_t pid, int fd, uint64_t start, uint64_t end,
			     uint32_t flags, struct scan *s)
{
	const char *difference = NULL;
	int try;

	memset(s, 0, sizeof(*s));
	for (try = 0; try < TRIES; try++) {
		scan_free(s);
		s->start = start;
		s->end = end;
		s->records = RECORD(VMA) | RECORD(TALLY) | RECORD(EXTENT);
		s->key = scan_full_key();
		s->flags = flags | VMSCOPE_SCAN_HOLES;
		difference = try_range(pid, fd, s);
		if (!difference)
			break;
		usleep(100000);
	}
	return difference;
}

const char *oracle_range(pid_t pid, int fd, uint64_t start, uint64_t end,
			 struct scan *s)
{
	return try_often(pid, fd, start, end, 0, s);
}

const char *oracle_process(pid_t pid, int fd, uint32_t flags)
{
	const char *difference;
	struct scan s;

	difference = try_often(pid, fd, 0, vmscope_info()->task_size, flags, &s);
	scan_free(&s);
	return difference;
}
