// SPDX-License-Identifier: GPL-2.0-only
/*
 * The few pages of a small VMA, looked at one by one and compared with the
 * first; knows nothing of blocks nor of sums.
 */
#include <linux/mm.h>

#include "blocks.h"
#include "tally_few.h"
#include "tally_small.h"

#if BLOCKS_POSSIBLE

/* Whether the pages behind the first one are like it, or not there. */
static noinline bool few_alike(struct tally_few *few, const u64 *p,
			       unsigned int n, bool anonymous,
			       enum page_kind file_kind)
{
	unsigned int cell, i;
	u32 share;

	for (i = 0; i < n; i++) {
		u64 raw = READ_ONCE(p[i]);

		if (!raw) {
			few->empty++;
			continue;
		}
		if (!look_at_small(raw, anonymous, file_kind, &cell, &share) ||
		    cell != few->cell || share != few->share)
			return false;
		few->pages++;
	}
	return true;
}

bool tally_few(struct tally_few *few, const pte_t *pte, unsigned int n,
	       bool anonymous, enum page_kind file_kind)
{
	const u64 *p = (const u64 *)pte;
	u64 raw;

	few->pages = 0;
	few->empty = 0;
	while ((raw = READ_ONCE(*p)) == 0) {
		p++;
		if (++few->empty == n)
			return true;
	}
	if (!look_at_small(raw, anonymous, file_kind, &few->cell, &few->share))
		return false;
	few->pages = 1;
	n -= few->empty + 1;
	return !n || few_alike(few, p + 1, n, anonymous, file_kind);
}

#else /* !BLOCKS_POSSIBLE */

bool tally_few(struct tally_few *few, const pte_t *pte, unsigned int n,
	       bool anonymous, enum page_kind file_kind)
{
	return false;
}

#endif /* BLOCKS_POSSIBLE */
