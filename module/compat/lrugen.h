/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generations of the multi-gen LRU, under one name for all kernels; knows how
 * to find the LRU of a folio, not what its age means.
 */
#ifndef VMS_COMPAT_LRUGEN_H
#define VMS_COMPAT_LRUGEN_H

#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/mmzone.h>

#include "folio.h"

#ifdef CONFIG_LRU_GEN
#define VMS_HAVE_LRU_GEN	1
#else
#define VMS_HAVE_LRU_GEN	0
#endif

#if VMS_HAVE_LRU_GEN

#ifdef CONFIG_MEMCG

/*
 * The memory cgroup that a folio is charged to. The caller keeps the folio
 * mapped and RCU from moving on, which keeps the cgroup. Not folio_memcg(): it
 * asserts what need not be true of a frame that is read while it changes.
 */
static inline const struct mem_cgroup *folio_memcg_raw(const struct folio *folio)
{
	unsigned long data = READ_ONCE(folio->memcg_data);

	if (data & (__NR_MEMCG_DATA_FLAGS - 1))
		return NULL;
#ifdef VMS_HAVE_FOLIO_OBJCG	/* Kbuild looks what stands there */
	if (data)
		data = (unsigned long)READ_ONCE(((struct obj_cgroup *)data)->memcg);
#endif
	return (const struct mem_cgroup *)data;
}

/*
 * The LRU lists of a folio, NULL for one that is charged to nobody. As
 * folio_lruvec(), which writes to what it finds and, up to 6.12, needs a
 * symbol that is not exported.
 */
static inline const struct lruvec *folio_lruvec_raw(const struct folio *folio)
{
	int nid = page_to_nid(&folio->page);
	const struct mem_cgroup *memcg;
	const struct mem_cgroup_per_node *node;

	if (mem_cgroup_disabled())
		return &NODE_DATA(nid)->__lruvec;
	memcg = folio_memcg_raw(folio);
	node = memcg ? READ_ONCE(memcg->nodeinfo[nid]) : NULL;
	return node ? &node->lruvec : NULL;
}

#else

static inline const struct lruvec *folio_lruvec_raw(const struct folio *folio)
{
	return &NODE_DATA(page_to_nid(&folio->page))->__lruvec;
}

#endif /* CONFIG_MEMCG */

/*
 * How many generations before the youngest one a folio is, plus one; 0 when it
 * is in none: on a classic list, off the lists, or unevictable.
 */
static inline unsigned int folio_generation(const struct folio *folio,
					    unsigned long flags)
{
	unsigned long word = (flags & LRU_GEN_MASK) >> LRU_GEN_PGOFF;
	const struct lruvec *lruvec;

	if (!word)
		return 0;
	lruvec = folio_lruvec_raw(folio);
	if (!lruvec)
		return 0;
	return (READ_ONCE(lruvec->lrugen.max_seq) - (word - 1)) % MAX_NR_GENS + 1;
}

#else /* !VMS_HAVE_LRU_GEN */

static inline unsigned int folio_generation(const struct folio *folio,
					    unsigned long flags)
{
	return 0;
}

#endif /* VMS_HAVE_LRU_GEN */

#endif /* VMS_COMPAT_LRUGEN_H */
