// SPDX-License-Identifier: GPL-2.0-only
/*
 * The walk of a single address, level by level, every entry kept. It descends
 * like walk.c and under the same sections.
 */
#include <linux/err.h>
#include <linux/io.h>
#include <linux/mm.h>

#include "classify.h"
#include "compat/pgtable.h"
#include "entry.h"
#include "translate.h"
#include "vmas.h"

struct descent {
	struct section *section;
	unsigned long addr;
	struct translation *t;
	struct vma_copy vma;
	bool covered;		/* a VMA covers the address */
	bool locked;
};

static void note(struct descent *d, enum table_level level, const void *entry,
		 u64 raw, unsigned int index)
{
	struct step *step = &d->t->step[level];

	step->raw = raw;
	step->index = index;
	step->table = __pa(entry) >> PAGE_SHIFT;
	step->read = true;
	d->t->stop_level = level;
}

/*
 * Whether the table that spans 1 << @shift bytes around the address is kept by
 * some mapping. Where none covers the address, a munmap() that has let others
 * in may be freeing the tables around it, but never one that a remaining
 * mapping needs: mm/memory.c:free_pgtables().
 */
static bool table_is_kept(struct descent *d, unsigned int shift)
{
	unsigned long base = d->addr & ~((1UL << shift) - 1);
	MA_STATE(mas, &d->section->mm->mm_mt, base, base);

	if (d->covered || d->section->lock == SECTION_IRQ)
		return true;
	return mas_find(&mas, base + (1UL << shift) - 1);
}

static bool finish(struct descent *d, enum stop stop)
{
	struct view view;

	d->t->stop = stop;
	/* pagemap says so of pages without an entry, too */
	view_init(&view, &d->vma, true);
	d->t->info.attrs = view.soft_dirty;
	return true;
}

static void leaf(struct descent *d, const struct entry *entry,
		 unsigned int shift)
{
	unsigned long inside = d->addr & ((1UL << shift) - 1);
	struct view view;

	view_init(&view, &d->vma, d->locked);
	classify(&view, entry, ATTR_ALL | KEY_MAPCOUNT | KEY_REFCOUNT,
		 inside >> PAGE_SHIFT, &d->t->info);
	d->t->offset = d->addr & ~PAGE_MASK;
	if ((entry->attrs & ATTR_STATE) == STATE_PRESENT)
		d->t->stop = STOP_LEAF;
	else
		d->t->stop = STOP_NONPRESENT;
}

static void tell_pte(struct descent *d, pmd_t pmd)
{
	pte_t *table = pte_table_map(pmd);
	pte_t *ptep = table + pte_index(d->addr);
	u64 raw = arch_raw_pte(ptep);
	struct entry entry;

	note(d, LEVEL_PTE, ptep, raw, pte_index(d->addr));
	d->t->step[LEVEL_PTE].table = pmd_pfn(pmd);
	if (pte_none(__pte(raw))) {
		finish(d, STOP_NONE);
	} else {
		entry_from_pte(__pte(raw), &entry);
		leaf(d, &entry, PAGE_SHIFT);
	}
	pte_table_unmap(table);
}

/* Each returns false when an entry changed under it: begin again. */
static bool read_pte(struct descent *d, pmd_t *pmdp, pmd_t pmd)
{
	spinlock_t *ptl;
	bool same;

	if (!table_is_kept(d, PMD_SHIFT))
		return finish(d, STOP_NO_VMA);
	if (d->section->lock == SECTION_IRQ) {
		tell_pte(d, pmd);
		return true;
	}
	ptl = pte_lockptr(d->section->mm, &pmd);
	spin_lock(ptl);
	same = pmd_same(pmd, pmd_read_once(pmdp));
	if (same)
		tell_pte(d, pmd);
	spin_unlock(ptl);
	return same;
}

static void tell_pmd(struct descent *d, pmd_t pmd)
{
	struct entry entry;

	entry_from_pmd(pmd, &entry);
	leaf(d, &entry, PMD_SHIFT);
}

static bool read_pmd_leaf(struct descent *d, pmd_t *pmdp, pmd_t pmd)
{
	spinlock_t *ptl;
	bool same;

	if (d->section->lock == SECTION_IRQ) {
		tell_pmd(d, pmd);
		return true;
	}
	ptl = pmd_lock(d->section->mm, pmdp);
	same = pmd_same(pmd, pmd_read_once(pmdp));
	if (same)
		tell_pmd(d, pmd);
	spin_unlock(ptl);
	return same;
}

static bool read_pmd(struct descent *d, pud_t *pudp, pud_t pud)
{
	pmd_t *pmdp = pmd_offset_lockless(pudp, pud, d->addr);
	pmd_t pmd;

	if (!table_is_kept(d, PUD_SHIFT))
		return finish(d, STOP_NO_VMA);
	pmd = pmd_read_once(pmdp);
	if (!mm_pmd_folded(d->section->mm))
		note(d, LEVEL_PMD, pmdp, arch_raw_pmd(pmd), pmd_index(d->addr));
	if (pmd_none(pmd))
		return finish(d, STOP_NONE);
	if (d->vma.huge_shift == PMD_SHIFT || !pmd_present(pmd) ||
	    pmd_maps_memory(pmd))
		return read_pmd_leaf(d, pmdp, pmd);
	if (pmd_bad(pmd))
		return finish(d, STOP_BAD);
	return read_pte(d, pmdp, pmd);
}

static bool read_pud(struct descent *d, p4d_t *p4dp, p4d_t p4d)
{
	pud_t *pudp = pud_offset_lockless(p4dp, p4d, d->addr);
	struct entry entry;
	pud_t pud;

	if (!table_is_kept(d, P4D_SHIFT))
		return finish(d, STOP_NO_VMA);
	pud = pud_read_once(pudp);
	if (!mm_pud_folded(d->section->mm))
		note(d, LEVEL_PUD, pudp, arch_raw_pud(pud), pud_index(d->addr));
	if (pud_none(pud))
		return finish(d, STOP_NONE);
	if (d->vma.huge_shift == PUD_SHIFT || pud_maps_memory(pud) ||
	    !pud_present(pud)) {
		entry_from_pud(pud, &entry);
		leaf(d, &entry, PUD_SHIFT);
		return true;
	}
	if (pud_bad(pud))
		return finish(d, STOP_BAD);
	return read_pmd(d, pudp, pud);
}

static bool read_pgd(struct descent *d)
{
	pgd_t *pgdp = pgd_offset(d->section->mm, d->addr);
	pgd_t pgd = pgd_read_once(pgdp);
	p4d_t *p4dp;
	p4d_t p4d;

	note(d, LEVEL_PGD, pgdp, pgd_val(pgd), pgd_index(d->addr));
	if (pgd_none(pgd))
		return finish(d, STOP_NONE);
	if (pgd_bad(pgd))
		return finish(d, STOP_BAD);
	p4dp = p4d_offset_lockless(pgdp, pgd, d->addr);
	if (!mm_p4d_folded(d->section->mm) && !table_is_kept(d, PGDIR_SHIFT))
		return finish(d, STOP_NO_VMA);
	p4d = p4d_read_once(p4dp);
	if (!mm_p4d_folded(d->section->mm))
		note(d, LEVEL_P4D, p4dp, p4d_val(p4d), p4d_table_index(d->addr));
	if (p4d_none(p4d))
		return finish(d, STOP_NONE);
	if (p4d_bad(p4d))
		return finish(d, STOP_BAD);
	return read_pud(d, p4dp, p4d);
}

/* Its page may be in swap, in a slot that no entry here names. */
static void look_into_object(struct descent *d)
{
	unsigned long page = d->addr & PAGE_MASK;
	u64 state = d->t->info.attrs & ATTR_STATE;
	struct shmem_stretch stretch;

	if (d->t->stop != STOP_NONE &&
	    (state < STATE_UFFD || state > STATE_POISON ||
	     vma_may_have_copies(&d->vma)))
		return;
	vma_shmem_stretch(&d->vma, page, page + PAGE_SIZE, &stretch);
	if (!stretch.swapped)
		return;
	d->t->info.attrs |= ATTR_SHMEM_SWAPPED;
	d->t->info.frame = stretch.slot;
	d->t->info.swap_type = stretch.type;
}

#define DESCENT_TRIES	100

/* Context: in a section, @vma found in it. */
static void descend(struct descent *d, struct vm_area_struct *vma,
		    unsigned long start, unsigned long end)
{
	unsigned int tries = 0;

	d->locked = d->section->lock != SECTION_IRQ;
	d->covered = vma && start <= d->addr;
	d->vma = (struct vma_copy){ };
	if (d->covered)
		vma_copy_take(&d->vma, vma, start, end, d->locked, false);
	do {
		*d->t = (struct translation){ };
	} while (!read_pgd(d) && ++tries < DESCENT_TRIES);
	if (d->vma.shmem)
		look_into_object(d);
	vma_copy_put(&d->vma);
	if (!d->locked || tries == DESCENT_TRIES)
		d->t->marks |= MARK_RACY;
	if (d->covered) {
		d->t->vma_start = start;
		d->t->vma_end = end;
	} else if (d->t->stop != STOP_LEAF) {
		d->t->stop = STOP_NO_VMA;
	}
}

int translate(struct section *s, unsigned long addr, struct translation *t)
{
	struct descent d = { .section = s, .addr = addr, .t = t };
	struct vm_area_struct *vma;
	bool asked_mmap = false;
	int err;

	*t = (struct translation){ };
	if (addr >= s->mm->task_size) {
		t->stop = STOP_RANGE;
		return 0;
	}
	for (;;) {
		err = section_enter(s, addr);
		/* where VMAs have locks, this one's may still be free */
		if (err == -EBUSY && !asked_mmap &&
		    (section_locks() & BIT(SECTION_VMA)))
			continue;
		if (err == -EBUSY)
			break;
		if (err)
			return err;
		vma = section_next(s);
		if (IS_ERR(vma)) {
			section_leave(s);
			if (!section_wait(s))
				break;
			continue;
		}
		if ((!vma || s->start > addr) && s->lock == SECTION_VMA) {
			/* no VMA's lock keeps these tables; all of them do */
			section_leave(s);
			section_want_mmap(s);
			asked_mmap = true;
			continue;
		}
		descend(&d, vma, s->start, s->end);
		section_leave(s);
		return 0;
	}
	t->stop = STOP_LOCKED;
	t->marks |= MARK_SKIPPED;
	return 0;
}
