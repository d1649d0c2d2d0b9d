// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Huge pages of which the target knows what it has written, and FILL scans of
 * them; knows no test.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "filled.h"

void put(struct shared *s, size_t page, size_t byte, char value)
{
	((volatile char *)s->r.start)[page * PAGE_SIZE + byte] = value;
	s->written[page] = !!value;
}

int map_zeros(struct shared *s, size_t size)
{
	char *p = map_anon(size, PMD_SIZE);
	size_t i;

	if (!p || madvise(p, size, MADV_HUGEPAGE))
		return ENOSYS;
	s->r = region_of(p, size);
	for (i = 0; i < size; i += PMD_SIZE)
		((volatile char *)p)[i] = 0;
	return collapse_anon(p, size);
}

/* None, one, three, all but one, and all; first and last bytes alone. */
int build_several(void *arg, unsigned int step)
{
	int error = map_zeros(arg, 5 * PMD_SIZE);
	size_t i;

	(void)step;
	if (error)
		return error;
	put(arg, 0, 0, 1);
	put(arg, 0, 0, 0);
	put(arg, PAGES + 17, PAGE_SIZE - 1, 1);
	put(arg, 2 * PAGES, 0, 1);
	put(arg, 2 * PAGES + 255, 63, 1);
	put(arg, 2 * PAGES + 511, 64, 1);
	for (i = 0; i < PAGES - 1; i++)
		put(arg, 3 * PAGES + i, (i * 8) % PAGE_SIZE, 1);
	for (i = 0; i < PAGES; i++)
		put(arg, 4 * PAGES + i, PAGE_SIZE - 1 - i, 1);
	return 0;
}

int scan_fill(const struct target *t, const struct region *r, struct scan *s)
{
	memset(s, 0, sizeof(*s));
	s->start = r->start;
	s->end = r->end;
	s->records = RECORD(VMA) | RECORD(FILL) | RECORD(TALLY);
	s->flags = VMSCOPE_SCAN_UNPACED;
	return scan_run(t->fd, s);
}

uint64_t zeros(const struct shared *s, size_t first, size_t n)
{
	uint64_t zero = 0;

	while (n--)
		zero += !s->written[first++];
	return zero;
}

bool fill_adds_up(const struct scan *s)
{
	size_t i;

	for (i = 0; i < s->nr_tallies; i++)
		if (s->tally[i].end - s->tally[i].start != tally_bytes(&s->tally[i]))
			return false;
	return true;
}
