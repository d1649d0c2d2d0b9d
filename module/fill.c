// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much of large folios is in use: the pages of anonymous and shmem folios
 * of any order above 0 are read through the kernel's own mapping, up to their
 * first byte that is not zero, and counted.
 *
 * As the kernel does it: mm/huge_memory.c:thp_underused() of 6.12, which looks
 * for huge pages worth splitting, and mm/migrate.c, which then leaves the zero
 * pages out. There the folio is held by a reference; here the table's lock
 * keeps the entry, and the entry the folio (mm/rmap.c needs that lock to take
 * an entry away, and folio_ref_freeze() fails while there is one).
 *
 * What is never read:
 * - pages with a memory error: reading one is a machine check. PG_hwpoison
 *   stands on the page itself (mm/memory-failure.c:TestSetPageHWPoison()); the
 *   window between looking and reading is that of mm/ksm.c:calc_checksum().
 * - a device's memory, which reading may act upon: VM_IO and VM_PFNMAP mappings
 *   as a whole, special entries, ZONE_DEVICE pages (KIND_DEVICE).
 * - page cache of files: zeros in it are the file's. secretmem and guest_memfd
 *   are among it, and not in the direct map (mm/secretmem.c:secretmem_fault():
 *   single pages, not swap-backed), so that they are left out twice.
 * - hugetlb: its pages are reserved, used or not, and nothing could split them.
 * - the zero pages, which cost nothing; offline pages (PageOffline), which no
 *   entry of a process maps; single pages, of KSM too.
 * - anything at all in a section without locks: the page might be somebody
 *   else's by then, and have left the direct map.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/page-flags.h>

#include "entry.h"
#include "fill.h"

#define COST_LOOK	40	/* entry and struct page classified */
#define COST_PAGE	8
#define COST_ENTRY	1

#define LINE_WORDS	8	/* 64 bytes */
#define PAGE_LINES	(PAGE_SIZE / (LINE_WORDS * sizeof(long)))

void fill_begin(struct fill *f, const struct vma_copy *copy, bool trusted)
{
	struct fill_folio folio = f->sums.folio;

	view_init(&f->view, copy, trusted);
	f->lockless = false;
	f->sums = (struct fill_sums){ .folio = folio };
}

void fill_end_folio(struct fill *f)
{
	struct fill_folio *folio = &f->sums.folio;

	if (!folio->order)
		return;
	f->sums.folios++;
	if (folio->order == PMD_SHIFT - PAGE_SHIFT)
		f->sums.used[min_t(unsigned int, fls(folio->used),
				   FILL_BUCKETS - 1)]++;
	folio->order = 0;
}

static void begin_folio(struct fill *f, u64 frame, unsigned int order)
{
	struct fill_folio *folio = &f->sums.folio;
	u64 head = frame & ~(BIT_ULL(order) - 1);

	if (folio->order == order && folio->head == head)
		return;
	fill_end_folio(f);
	*folio = (struct fill_folio){ .head = head, .order = order };
}

/*
 * A line at a time: a third of the instructions of memchr_inv(). That the page
 * is being written meanwhile does no harm: each answer was true of each word.
 * Return: lines read; more than there are when all are zero.
 */
static unsigned int lines_to_first_byte(const unsigned long *word)
{
	unsigned int line;

	for (line = 1; line <= PAGE_LINES; line++, word += LINE_WORDS)
		if (word[0] | word[1] | word[2] | word[3] |
		    word[4] | word[5] | word[6] | word[7])
			break;
	return line;
}

/* One page of the folio at hand. Its memory is seldom in a cache: dearer. */
static void read_page(struct fill *f, u64 frame)
{
	struct page *page = pfn_to_page(frame);
	unsigned int lines;
	const void *data;

	f->cost += COST_PAGE;
	if (f->lockless || PageHWPoison(page)) {
		f->sums.unread++;
		return;
	}
	data = kmap_local_page(page);
	lines = lines_to_first_byte(data);
	kunmap_local(data);
	f->cost += lines + lines / 2;
	f->sums.pages++;
	if (lines > PAGE_LINES)
		f->sums.zero++;
	else
		f->sums.folio.used++;
}

/*
 * What an entry maps. Return: the order of its folio when that is one whose
 * pages count, otherwise 0.
 */
static unsigned int look(struct fill *f, const struct entry *entry,
			 unsigned int nth, struct page_info *info)
{
	f->cost += COST_LOOK;
	classify(&f->view, entry, ATTR_KIND | ATTR_ORDER, nth, info);
	if (!info->page)
		return 0;
	switch ((info->attrs & ATTR_KIND) >> ATTR_KIND_SHIFT) {
	case KIND_ANON_EXCLUSIVE:
	case KIND_ANON:
	case KIND_SHMEM:
		return (info->attrs & ATTR_ORDER) >> ATTR_ORDER_SHIFT;
	default:
		return 0;
	}
}

static bool never_read(const struct fill *f)
{
	return f->view.hugetlb || f->view.dax ||
	       (f->view.flags & (VM_IO | VM_PFNMAP));
}

/* Of the folio at hand, as the entry before was. */
static bool goes_on(const struct fill *f, pte_t pte)
{
	const struct fill_folio *folio = &f->sums.folio;

	return folio->order && pte_present(pte) && !pte_special(pte) &&
	       pte_pfn(pte) - folio->head < BIT_ULL(folio->order);
}

static void one_pte(struct fill *f, pte_t pte)
{
	struct page_info info;
	struct entry entry;
	unsigned int order;

	if (goes_on(f, pte)) {
		read_page(f, pte_pfn(pte));
		return;
	}
	entry_from_pte(pte, &entry);
	if (!entry.has_frame) {
		f->cost += COST_ENTRY;
		return;
	}
	order = look(f, &entry, 0, &info);
	if (!order)
		return;
	if ((info.attrs & ATTR_STATE) != STATE_PRESENT) {
		f->sums.unread++;
		return;
	}
	begin_folio(f, info.frame, order);
	read_page(f, info.frame);
}

unsigned int fill_ptes(struct fill *f, const pte_t *pte, unsigned int n)
{
	unsigned int i = 0;

	if (never_read(f))
		return n;
	do {
		unsigned int empty = arch_count_empty(pte + i, n - i);

		i += empty;
		f->cost += empty / 8 + COST_ENTRY;
		if (!empty)
			one_pte(f, __pte(arch_raw_pte(pte + i++)));
	} while (i < n && f->cost < f->limit);
	return i;
}

unsigned long fill_pmd(struct fill *f, pmd_t pmd, unsigned long addr,
		       unsigned long end)
{
	struct page_info info;
	struct entry entry;
	unsigned int order;

	if (never_read(f))
		return end;
	entry_from_pmd(pmd, &entry);
	order = look(f, &entry, (addr & ~PMD_MASK) >> PAGE_SHIFT, &info);
	if (!order)
		return end;
	if ((info.attrs & ATTR_STATE) != STATE_PRESENT) {
		f->sums.unread += (end - addr) >> PAGE_SHIFT;
		return end;
	}
	begin_folio(f, info.frame, order);
	do {
		read_page(f, info.frame++);
		addr += PAGE_SIZE;
	} while (addr < end && f->cost < f->limit);
	return addr;
}
