/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control group that a folio is charged to, as /proc/kpagecgroup tells it;
 * knows nothing of who maps it.
 */
#ifndef VMS_COMPAT_CHARGE_H
#define VMS_COMPAT_CHARGE_H

#include <linux/cgroup.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>

#ifdef CONFIG_MEMCG

/*
 * What stands for the group in the folio: a pointer to it, or since 7.1 to its
 * object cgroup. Under one rcu_read_lock() equal words are the same group.
 */
static inline unsigned long folio_charge_word(const struct folio *folio)
{
	return READ_ONCE(folio->memcg_data);
}

/*
 * mm/memcontrol.c: page_cgroup_ino(), which few kernels export. A group that
 * was removed is kept by its pages; its nearest living parent is named. The
 * folio may be given back meanwhile, and belong to somebody else.
 *
 * Context: under rcu_read_lock(), which keeps the group from being freed.
 */
static inline u64 folio_charged_to(struct folio *folio)
{
	struct mem_cgroup *memcg = page_memcg_check(&folio->page);

	while (memcg && !(memcg->css.flags & CSS_ONLINE))
		memcg = parent_mem_cgroup(memcg);
	return memcg ? cgroup_ino(memcg->css.cgroup) : 0;
}

#else

static inline unsigned long folio_charge_word(const struct folio *folio)
{
	return 0;
}

static inline u64 folio_charged_to(struct folio *folio)
{
	return 0;
}

#endif

#endif /* VMS_COMPAT_CHARGE_H */
