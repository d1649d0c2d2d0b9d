// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's own counters. One lock for all of them: it is taken once for
 * each operation, next to which it costs nothing, and what is read is of one
 * moment on machines of every word size.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/spinlock.h>

#include "counters.h"
#include "page.h"
#include "scan.h"

static DEFINE_SPINLOCK(counters_lock);
static struct counters counters;

static_assert(BIT(COUNTERS_MARKS - 1) == MARK_PART);

static const int errors[COUNTERS_ERRORS - 1] = {
	ESRCH, EPERM, ENXIO, ENOMEM, EBUSY, EFAULT, EINTR, EMSGSIZE,
};

const char *const counters_errors[COUNTERS_ERRORS] = {
	"ESRCH", "EPERM", "ENXIO", "ENOMEM", "EBUSY", "EFAULT", "EINTR",
	"EMSGSIZE", "other",
};

void counters_opened(void)
{
	spin_lock(&counters_lock);
	counters.opened++;
	spin_unlock(&counters_lock);
}

void counters_closed(void)
{
	spin_lock(&counters_lock);
	counters.closed++;
	spin_unlock(&counters_lock);
}

void counters_failed(enum doing doing, int err)
{
	unsigned int i = 0;

	while (i < ARRAY_SIZE(errors) && err != -errors[i])
		i++;
	spin_lock(&counters_lock);
	counters.failed[i][doing]++;
	spin_unlock(&counters_lock);
}

/* Context: the lock is held. */
static void add_holds(const struct hold *hold)
{
	unsigned int i;

	for (i = 0; i < SECTION_LOCKS; i++) {
		struct hold *sum = &counters.hold[i];

		sum->count += hold[i].count;
		sum->total_ns += hold[i].total_ns;
		sum->longest_ns = max(sum->longest_ns, hold[i].longest_ns);
	}
}

void counters_scanned(const struct scan_reply *reply)
{
	unsigned int i;

	spin_lock(&counters_lock);
	counters.scans++;
	counters.sections += reply->sections;
	counters.entries += reply->entries;
	counters.waits += reply->waits;
	counters.rewalks += reply->rewalks;
	for (i = 0; i < COUNTERS_MARKS; i++)
		counters.marked[i] += !!(reply->marks & BIT(i));
	add_holds(reply->hold);
	spin_unlock(&counters_lock);
}

void counters_translated(const struct section *section, u64 addresses)
{
	spin_lock(&counters_lock);
	counters.addresses += addresses;
	counters.sections += section->sections;
	counters.waits += section->waits;
	add_holds(section->hold);
	spin_unlock(&counters_lock);
}

void counters_read(struct counters *out)
{
	spin_lock(&counters_lock);
	*out = counters;
	spin_unlock(&counters_lock);
}
