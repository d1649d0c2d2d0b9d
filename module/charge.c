// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which control groups pages are charged to, entry by entry: whoever touched a
 * page first pays for it, which need not be who maps it now. What is counted,
 * and what a page's share is, follows tally.c.
 */
#include <linux/math64.h>
#include <linux/mm.h>

#include "blocks.h"
#include "charge.h"
#include "compat/charge.h"
#include "compat/folio.h"

/* In the units of section.budget. */
#define COST_ENTRY	1	/* without a page */
#define EMPTY_A_UNIT	4	/* empty entries */
#define COST_SMALL	2	/* a small page of the same group */
#define COST_PAGE	6
#define COST_GROUP	8	/* a page of another group than the one before */
#define COST_LEAF	12
#define GROUPS_A_UNIT	4	/* rows that are looked at to find one */

void charges_begin(struct charges *c)
{
	c->nr = 0;
	c->last = 0;
	c->now = NULL;
	c->mapcount = 0;
	c->share = (u64)PAGE_SIZE << PSS_SHIFT;
}

void charges_see_ordinary(struct charges *c)
{
	c->hugetlb = false;
	c->check_frames = false;
}

void charges_see(struct charges *c, const struct vma_copy *copy, bool trusted)
{
	c->copy = copy;
	c->trusted = trusted;
	c->hugetlb = copy->huge_shift;
	c->check_frames = !trusted ||
			  copy->flags & (VM_PFNMAP | VM_MIXEDMAP);
}

void charges_distrust(struct charges *c)
{
	c->trusted = false;
	c->check_frames = true;
}

void charges_section(struct charges *c, bool in_rcu)
{
	c->in_rcu = in_rcu;
	c->now = NULL;
}

unsigned int charge_limit(const struct charges *c, long budget)
{
	/* all pages of as many groups as are known by now, in turns */
	long each = (COST_SMALL + COST_PAGE) / 2 + (c->nr > 1 ? COST_GROUP / 2 : 0) +
		    c->nr / GROUPS_A_UNIT;

	return max(budget, 0L) / each + 1;
}

static struct charge_group *find_group(struct charges *c, u64 inode)
{
	unsigned int i;

	if (c->last < c->nr && c->group[c->last].inode == inode)
		return &c->group[c->last];
	for (i = 0; i < c->nr && i < CHARGE_GROUPS; i++)
		if (c->group[i].inode == inode)
			break;
	c->cost += COST_GROUP + i / GROUPS_A_UNIT;
	if (i == CHARGE_GROUPS)
		inode = CHARGE_OTHERS;
	if (i == c->nr)
		c->group[c->nr++] = (struct charge_group){ .inode = inode };
	c->last = i;
	return &c->group[i];
}

void charges_find(struct charges *c, struct folio *folio, unsigned long word)
{
	c->word = word;
	c->now = find_group(c, folio_charged_to(folio));
}

/* The share of a page that is mapped so often: tally.c account(). */
static u64 share_of(struct charges *c, u32 mapcount)
{
	if (mapcount != c->mapcount) {
		c->mapcount = mapcount;
		c->share = (u64)PAGE_SIZE << PSS_SHIFT;
		if (mapcount >= 2)
			c->share = div_u64(c->share, mapcount);
	}
	return c->share;
}

/* The page of a PTE that classify() calls PRESENT, or NULL. */
static struct page *page_of_pte(const struct charges *c, pte_t pte)
{
	if (!pte_present(pte) || pte_special(pte) ||
	    (c->check_frames && !pfn_valid(pte_pfn(pte))))
		return NULL;
	return pfn_to_page(pte_pfn(pte));
}

#if BLOCKS_POSSIBLE

/* Small pages, whose groups are @word. Return: how many from the front. */
static unsigned int charge_small(struct charges *c, const pte_t *pte,
				 unsigned int n, unsigned long word,
				 struct charge_group *group)
{
	const u64 *p = (const u64 *)pte;
	unsigned int i;
	u64 pss = 0;

	for (i = 0; i < n; i++) {
		u64 raw = read_entry(p + i);
		const struct page *page = page_of(raw);
		s32 others;

		if (!maps_page(raw) || page_word(page, GROUP_WORD) != word ||
		    page_word(page, LINK_WORD) & LINK_TAIL ||
		    page_word(page, FLAGS_WORD) & BIT(PG_head))
			break;
		others = counts_of(page);
		if (others < 0)
			break;
		pss += share_of(c, others + 1);
	}
	group->pages += i;
	group->pss += pss;
	c->cost += i * COST_SMALL;
	return i;
}

/*
 * Pages of the folio of @page, which the entry before these maps, mapped as
 * often as it. Return: how many from the front.
 */
static unsigned int charge_folio(struct charges *c, const pte_t *pte,
				 unsigned int n, const struct folio *folio,
				 const struct page *page,
				 struct charge_group *group)
{
	const unsigned long pages = folio_nr_pages((struct folio *)folio);
	const u64 *p = (const u64 *)pte;
	unsigned int i;

	for (i = 0; i < n; i++) {
		u64 raw = read_entry(p + i);
		const struct page *next = page_of(raw);

		if (!maps_page(raw) || next - &folio->page >= pages ||
		    (u32)counts_of(next) != (u32)counts_of(page))
			break;
	}
	group->pages += i;
	group->pss += c->share * i;
	c->cost += i * COST_SMALL;
	return i;
}

/* Pages of the group of the one before, which @page is. */
static unsigned int charge_more(struct charges *c, const pte_t *pte,
				unsigned int n, const struct folio *folio,
				const struct page *page)
{
	if (c->check_frames || c->hugetlb)
		return 0;
	if (folio_test_large((struct folio *)folio))
		return charge_folio(c, pte, n, folio, page, c->now);
	return charge_small(c, pte, n, c->word, c->now);
}

#else /* !BLOCKS_POSSIBLE */

static unsigned int charge_more(struct charges *c, const pte_t *pte,
				unsigned int n, const struct folio *folio,
				const struct page *page)
{
	return 0;
}

#endif /* BLOCKS_POSSIBLE */

void charge_ptes(struct charges *c, const pte_t *pte, unsigned int n)
{
	unsigned int i = 0;

	charges_enter(c);
	while (i < n) {
		unsigned int empty = arch_count_empty(pte + i, n - i);
		unsigned long word;
		struct folio *folio;
		struct page *page;

		c->cost += COST_ENTRY + empty / EMPTY_A_UNIT;
		i += empty;
		if (i == n)
			break;
		page = page_of_pte(c, __pte(arch_raw_pte(pte + i)));
		i++;
		if (!page)
			continue;
		folio = page_folio(page);
		word = folio_charge_word(folio);
		if (!c->now || c->word != word)
			charges_find(c, folio, word);
		c->cost += COST_PAGE - COST_ENTRY;
		c->now->pages++;
		if (!c->hugetlb)
			c->now->pss += share_of(c, folio_page_mapcount(folio,
					page, folio_test_large(folio)));
		i += charge_more(c, pte + i, n - i, folio, page);
	}
	charges_leave(c);
}

static u64 share_of_leaf(struct charges *c, const struct page_info *info,
			 unsigned int pages)
{
	const struct folio *folio = page_folio(info->page);
	unsigned int i;
	u64 pss = 0;

	/* a PUD leaf that is no hugetlb page maps memory of a device */
	if (classify_uniform(info) || pages > PTRS_PER_PTE)
		return share_of(c, info->mapcount) * pages;
	for (i = 0; i < pages; i++)
		pss += share_of(c, folio_page_mapcount(folio,
					pfn_to_page(info->frame + i),
					folio_test_large((struct folio *)folio)));
	c->cost += pages;
	return pss;
}

/* All pages of a leaf are of one folio, and a folio is charged as a whole. */
static void charge_leaf(struct charges *c, const struct entry *entry,
			unsigned int first, unsigned int pages)
{
	struct charge_group *group;
	struct page_info info;

	c->cost += COST_LEAF;
	if (!view_is_of(&c->view, c->copy, c->trusted))
		view_init(&c->view, c->copy, c->trusted);
	classify(&c->view, entry, ATTR_KIND, first, &info);
	if ((info.attrs & ATTR_STATE) != STATE_PRESENT || !info.page)
		return;
	rcu_read_lock();
	group = find_group(c, folio_charged_to(page_folio(info.page)));
	rcu_read_unlock();
	group->pages += pages;
	if (!c->hugetlb)
		group->pss += share_of_leaf(c, &info, pages);
}

void charge_pmd(struct charges *c, pmd_t pmd, unsigned long addr,
		unsigned long end)
{
	struct entry entry;

	entry_from_pmd(pmd, &entry);
	charge_leaf(c, &entry, (addr & ~PMD_MASK) >> PAGE_SHIFT,
		    (end - addr) >> PAGE_SHIFT);
}

void charge_pud(struct charges *c, pud_t pud, unsigned long addr,
		unsigned long end)
{
	struct entry entry;

	entry_from_pud(pud, &entry);
	charge_leaf(c, &entry, (addr & ~PUD_MASK) >> PAGE_SHIFT,
		    (end - addr) >> PAGE_SHIFT);
}
