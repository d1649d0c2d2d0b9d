// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * FILL: how much of large folios is in use, against what the target knows that
 * it has written; knows nothing of how huge pages come about.
 */
#include "kselftest_harness.h"
#include <fcntl.h>
#include <sys/syscall.h>
#include "filled.h"
#include "leaf.h"

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

HUGE_FIXTURE(fill)

static uint64_t region_pages(const struct region *r)
{
	return (r->end - r->start) / PAGE_SIZE;
}

#define EXPECT_FILL(s, of, folio_nr, page_nr) do {			\
	EXPECT_EQ(folio_nr, (s)->fill.folios);				\
	EXPECT_EQ(page_nr, (s)->fill.pages);				\
	EXPECT_EQ(zeros(of, 0, page_nr), (s)->fill.zero);		\
	EXPECT_EQ(0, (s)->fill.unread);					\
} while (0)

/* ----------------------------------------------------------- mapped by PMD */

static int build_eighth(void *arg, unsigned int step)
{
	int error = map_zeros(arg, PMD_SIZE);
	size_t i;

	(void)step;
	for (i = 0; !error && i < 256 * KIB / PAGE_SIZE; i++)
		put(arg, i, i, 1);
	return error;
}

TEST_F(fill, of_2_mib_256_kib_are_used)
{
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_eighth, self->s), "huge page");
	ASSERT_EQ(0, scan_fill(&self->t, &self->s->r, &s)) TH_LOG("%s", s.error);
	EXPECT_EQ(1, s.nr_fills);
	EXPECT_EQ(1, s.fill.folios);
	EXPECT_EQ(PAGES, s.fill.pages);
	EXPECT_EQ((PMD_SIZE - 256 * KIB) / PAGE_SIZE, s.fill.zero);
	EXPECT_EQ(1, s.fill.used[7]);	/* 64 to 127 pages */
	scan_free(&s);
}

static void expect_several(struct __test_metadata *_metadata,
			   const struct shared *shared, const struct scan *s)
{
	EXPECT_FILL(s, shared, 5, 5 * PAGES);
	EXPECT_EQ(1, s->fill.used[0]);
	EXPECT_EQ(1, s->fill.used[1]);
	EXPECT_EQ(1, s->fill.used[2]);
	EXPECT_EQ(1, s->fill.used[9]);
	EXPECT_EQ(1, s->fill.used[10]);
}

TEST_F(fill, every_byte_of_a_page_counts)
{
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_several, self->s), "huge page");
	ASSERT_EQ(0, scan_fill(&self->t, &self->s->r, &s)) TH_LOG("%s", s.error);
	expect_several(_metadata, self->s, &s);
	scan_free(&s);
}

/* Zero pages cost most: no section may read more than a few of them. */
TEST_F(fill, sections_read_few_pages)
{
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_several, self->s), "huge page");
	ASSERT_EQ(0, scan_fill(&self->t, &self->s->r, &s)) TH_LOG("%s", s.error);
	EXPECT_LE(s.fill.zero / 64, s.sections);
	scan_free(&s);
}

TEST_F(fill, calls_of_a_page_each_add_up)
{
	struct scan s = {
		.records = RECORD(VMA) | RECORD(FILL) | RECORD(TALLY), .budget = 1,
		.flags = VMSCOPE_SCAN_UNPACED,
	};

	ASSERT_BUILT(target_start(&self->t, build_several, self->s), "huge page");
	s.start = self->s->r.start;
	s.end = self->s->r.end;
	ASSERT_EQ(0, scan_run(self->t.fd, &s)) TH_LOG("%s", s.error);
	EXPECT_LT(5 * PAGES / 2, s.calls);
	expect_several(_metadata, self->s, &s);
	EXPECT_EQ(5 * PAGES, tally_state(&s.tally[0], VMSCOPE_STATE_PRESENT));
	scan_free(&s);
}

/* A range that ends inside a folio closes it there. */
TEST_F(fill, range_inside_a_folio)
{
	struct region part;
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_several, self->s), "huge page");
	part.start = self->s->r.start + 2 * PMD_SIZE + 100 * PAGE_SIZE;
	part.end = part.start + 200 * PAGE_SIZE;
	ASSERT_EQ(0, scan_fill(&self->t, &part, &s)) TH_LOG("%s", s.error);
	EXPECT_EQ(1, s.fill.folios);
	EXPECT_EQ(200, s.fill.pages);
	EXPECT_EQ(199, s.fill.zero);
	EXPECT_EQ(1, s.fill.used[1]);
	scan_free(&s);
}

/* ----------------------------------------------------------- mapped by PTE */

static int build_mprotected(void *arg, unsigned int step)
{
	struct shared *s = arg;
	int error = build_several(arg, step);

	if (error)
		return error;
	return mprotect((void *)(s->r.start + 2 * PMD_SIZE), PAGE_SIZE,
			PROT_NONE) ? errno : 0;
}

/* Cut by a mapping's end, a folio counts on either side of it. */
TEST_F(fill, taken_apart_by_mprotect)
{
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_mprotected, self->s), "huge page");
	ASSERT_EQ(0, scan_fill(&self->t, &self->s->r, &s)) TH_LOG("%s", s.error);
	EXPECT_EQ(3, s.nr_vmas);
	EXPECT_EQ(3, s.nr_fills);
	EXPECT_FILL(&s, self->s, 6, 5 * PAGES);
	EXPECT_EQ(2, s.fill.used[1]);
	EXPECT_EQ(1, s.fill.used[2]);
	scan_free(&s);
}

static int build_holed(void *arg, unsigned int step)
{
	struct shared *s = arg;
	int error = build_several(arg, step);

	if (error)
		return error;
	return madvise((void *)(s->r.start + 3 * PMD_SIZE + 100 * PAGE_SIZE),
		       10 * PAGE_SIZE, MADV_DONTNEED) ? errno : 0;
}

TEST_F(fill, what_is_not_mapped_is_not_read)
{
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_holed, self->s), "huge page");
	ASSERT_EQ(0, scan_fill(&self->t, &self->s->r, &s)) TH_LOG("%s", s.error);
	EXPECT_EQ(5, s.fill.folios);
	EXPECT_EQ(5 * PAGES - 10, s.fill.pages);
	EXPECT_EQ(zeros(self->s, 0, 5 * PAGES), s.fill.zero);
	EXPECT_EQ(1, s.fill.used[9]);
	scan_free(&s);
}

static int build_partly_unmapped(void *arg, unsigned int step)
{
	struct shared *s = arg;
	int error = build_several(arg, step);

	return error ? error : unmap_end(&s->r, PMD_SIZE / 2);
}

TEST_F(fill, partly_unmapped)
{
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_partly_unmapped, self->s),
		     "huge page");
	ASSERT_EQ(0, scan_fill(&self->t, &self->s->r, &s)) TH_LOG("%s", s.error);
	EXPECT_FILL(&s, self->s, 5, region_pages(&self->s->r));
	EXPECT_EQ(2, s.fill.used[9]);
	EXPECT_EQ(0, s.fill.used[10]);
	scan_free(&s);
}

TEST_F(fill, calls_of_few_entries_add_up)
{
	struct scan s = {
		.records = RECORD(VMA) | RECORD(FILL) | RECORD(TALLY), .budget = 7,
		.flags = VMSCOPE_SCAN_UNPACED,
	};

	ASSERT_BUILT(target_start(&self->t, build_holed, self->s), "huge page");
	s.start = self->s->r.start;
	s.end = self->s->r.end;
	ASSERT_EQ(0, scan_run(self->t.fd, &s)) TH_LOG("%s", s.error);
	EXPECT_EQ(5, s.fill.folios);
	EXPECT_EQ(5 * PAGES - 10, s.fill.pages);
	EXPECT_EQ(zeros(self->s, 0, 5 * PAGES), s.fill.zero);
	EXPECT_EQ(1, s.fill.used[9]);
	EXPECT_EQ(1, s.fill.used[10]);
	scan_free(&s);
}

/* ------------------------------------------------------- of another size */

static int build_mthp(void *arg, unsigned int step)
{
	struct shared *s = arg;
	int error = mthp_enable(64, true);
	size_t i;
	char *p;

	(void)step;
	if (error)
		return error;
	p = map_at(16 * 64 * KIB, 64 * KIB, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (!p)
		return ENOMEM;
	s->r = region_of(p, 16 * 64 * KIB);
	for (i = 0; i < 16; i++)
		put(s, i * 16 + i, i, 1);
	mthp_enable(64, false);
	return 0;
}

TEST_F(fill, folios_of_64_kib)
{
	struct scan s;
	int i;

	ASSERT_BUILT(target_start(&self->t, build_mthp, self->s),
		     "huge pages of 64 KiB");
	ASSERT_EQ(0, scan_fill(&self->t, &self->s->r, &s)) TH_LOG("%s", s.error);
	EXPECT_FILL(&s, self->s, 16, 256);
	/* The histogram is of those as large as a PMD leaf alone. */
	for (i = 0; i < VMSCOPE_FILL_BUCKETS; i++)
		EXPECT_EQ(0, s.fill.used[i]);
	scan_free(&s);
}

static int build_shmem(void *arg, unsigned int step)
{
	int fd = memfd_create("huge", MFD_CLOEXEC);
	struct shared *s = arg;
	size_t i;
	char *p;

	(void)step;
	if (fd < 0 || ftruncate(fd, 2 * PMD_SIZE))
		return errno;
	p = map_file(2 * PMD_SIZE, PMD_SIZE, MAP_SHARED, fd);
	if (!p || madvise(p, 2 * PMD_SIZE, MADV_HUGEPAGE))
		return ENOMEM;
	s->r = region_of(p, 2 * PMD_SIZE);
	for (i = 0; i < 2 * PAGES; i++)
		put(s, i, 0, i % 4 == 0);
	return collapse_file(p, 2 * PMD_SIZE);
}

TEST_F(fill, shmem_too)
{
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_shmem, self->s), "MADV_COLLAPSE");
	ASSERT_EQ(0, scan_fill(&self->t, &self->s->r, &s)) TH_LOG("%s", s.error);
	EXPECT_FILL(&s, self->s, 2, 2 * PAGES);
	EXPECT_EQ(2, s.fill.used[8]);	/* 128 to 255 pages */
	scan_free(&s);
}

/* --------------------------------------------------------- what never counts */

static int build_zero_pages(void *arg, unsigned int step)
{
	char *p = map_anon(2 * PMD_SIZE, PMD_SIZE);

	(void)step;
	if (!p || madvise(p, PMD_SIZE, MADV_HUGEPAGE))
		return ENOSYS;
	read_all(p, 2 * PMD_SIZE);
	((struct shared *)arg)->r = region_of(p, 2 * PMD_SIZE);
	return 0;
}

static void expect_nothing(struct __test_metadata *_metadata, const struct target *t,
			   const struct region *r)
{
	struct scan s;

	ASSERT_EQ(0, scan_fill(t, r, &s)) TH_LOG("%s", s.error);
	EXPECT_EQ(0, s.nr_fills);
	EXPECT_NE(0, s.nr_tallies);
	scan_free(&s);
}

TEST_F(fill, zero_pages_never_count)
{
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_zero_pages, self->s), "huge page");
	expect_nothing(_metadata, &self->t, &self->s->r);
	ASSERT_EQ(0, scan_everything(self->t.fd, self->s->r.start, self->s->r.end, &s));
	EXPECT_EQ(PAGES, s.tally[0].counter[VMSCOPE_COUNT_LEAF + VMSCOPE_LEAF_PMD]);
	scan_free(&s);
}

static int build_small(void *arg, unsigned int step)
{
	char *p = map_anon(PMD_SIZE, PMD_SIZE);

	(void)step;
	if (!p)
		return ENOMEM;
	memset(p, 0, PMD_SIZE);
	((struct shared *)arg)->r = region_of(p, PMD_SIZE);
	return 0;
}

TEST_F(fill, single_pages_never_count)
{
	ASSERT_EQ(0, target_start(&self->t, build_small, self->s));
	expect_nothing(_metadata, &self->t, &self->s->r);
}

static int build_ksm(void *arg, unsigned int step)
{
	char *p = map_anon(16 * PAGE_SIZE, PAGE_SIZE);
	int error;

	(void)step;
	memset(p, 7, 16 * PAGE_SIZE);
	error = ksm_merge(p, 16 * PAGE_SIZE);
	ksm_stop();
	((struct shared *)arg)->r = region_of(p, 16 * PAGE_SIZE);
	return error;
}

TEST_F(fill, merged_pages_never_count)
{
	ASSERT_BUILT(target_start(&self->t, build_ksm, self->s), "KSM");
	expect_nothing(_metadata, &self->t, &self->s->r);
}

static int build_hugetlb(void *arg, unsigned int step)
{
	char *p;
	int error = hugetlb_reserve(PMD_SIZE, 1);

	(void)step;
	if (error)
		return error;
	p = mmap(NULL, PMD_SIZE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (p == MAP_FAILED)
		return ENOMEM;
	*(volatile char *)p = 1;
	((struct shared *)arg)->r = region_of(p, PMD_SIZE);
	return 0;
}

TEST_F(fill, hugetlb_never_counts)
{
	ASSERT_BUILT(target_start(&self->t, build_hugetlb, self->s), "hugetlb");
	expect_nothing(_metadata, &self->t, &self->s->r);
	target_stop(&self->t);
	hugetlb_release(PMD_SIZE);
}

/* Not in the kernel's own mapping: reading it there would be a fault. */
static int build_secret(void *arg, unsigned int step)
{
	int fd = syscall(SYS_memfd_secret, 0);
	char *p;

	(void)step;
	if (fd < 0)
		return ENOSYS;
	if (ftruncate(fd, PMD_SIZE))
		return errno;
	p = map_file(PMD_SIZE, PMD_SIZE, MAP_SHARED, fd);
	if (!p)
		return ENOMEM;
	touch(p, 64 * PAGE_SIZE);
	((struct shared *)arg)->r = region_of(p, PMD_SIZE);
	return 0;
}

TEST_F(fill, secret_memory_is_not_touched)
{
	ASSERT_BUILT(target_start(&self->t, build_secret, self->s), "memfd_secret()");
	expect_nothing(_metadata, &self->t, &self->s->r);
}

/* Everything that there is in a process, shared libraries and vdso included. */
TEST_F(fill, whole_address_space)
{
	const struct region all = { 0, 0 };
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_several, self->s), "huge page");
	ASSERT_EQ(0, scan_fill(&self->t, &all, &s)) TH_LOG("%s", s.error);
	EXPECT_LE(5 * PAGES, s.fill.pages);
	EXPECT_TRUE(fill_adds_up(&s));
	scan_free(&s);
}

VMSCOPE_TEST_MAIN
