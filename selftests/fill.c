// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * FILL: how much of large folios is in use, against what the target knows that
 * it has written; knows nothing of how huge pages come about.
 */
#include "kselftest_harness.h"
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include "leaf.h"

#define PAGES		(PMD_SIZE / PAGE_SIZE)
#define MAX_PAGES	(8 * PAGES)
#define NOBODY		65534

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

/* What the target tells the test. */
struct shared {
	struct region r;
	int fd;			/* of what a step maps */
	volatile int stop;
	uint8_t written[MAX_PAGES];	/* pages that are not zero */
};

HUGE_FIXTURE(fill)

static void set_region(struct shared *s, char *p, size_t size)
{
	s->r = (struct region) { (uintptr_t)p, (uintptr_t)p + size };
}

/* One byte of the page that counts from the region's start. */
static void put(struct shared *s, size_t page, size_t byte, char value)
{
	((volatile char *)s->r.start)[page * PAGE_SIZE + byte] = value;
	s->written[page] = !!value;
}

/* Huge pages of zeros. */
static int map_zeros(struct shared *s, size_t size)
{
	char *p = map_anon(size, PMD_SIZE);
	size_t i;

	if (!p || madvise(p, size, MADV_HUGEPAGE))
		return ENOSYS;
	set_region(s, p, size);
	for (i = 0; i < size; i += PMD_SIZE)
		((volatile char *)p)[i] = 0;
	return collapse_anon(p, size);
}

static int scan_fill(const struct target *t, const struct region *r, struct scan *s)
{
	memset(s, 0, sizeof(*s));
	s->start = r->start;
	s->end = r->end;
	s->records = RECORD(VMA) | RECORD(FILL) | RECORD(TALLY);
	s->flags = VMSCOPE_SCAN_UNPACED;
	return scan_run(t->fd, s);
}

/* Zero pages among the @n from page @first on, as the target wrote them. */
static uint64_t zeros(const struct shared *s, size_t first, size_t n)
{
	uint64_t zero = 0;

	while (n--)
		zero += !s->written[first++];
	return zero;
}

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

/* None, one, three, all but one, and all; first and last bytes alone. */
static int build_several(void *arg, unsigned int step)
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
	set_region(s, p, 16 * 64 * KIB);
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
	set_region(s, p, 2 * PMD_SIZE);
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
	set_region(arg, p, 2 * PMD_SIZE);
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
	set_region(arg, p, PMD_SIZE);
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
	set_region(arg, p, 16 * PAGE_SIZE);
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
	set_region(arg, p, PMD_SIZE);
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
	set_region(arg, p, PMD_SIZE);
	return 0;
}

TEST_F(fill, secret_memory_is_not_touched)
{
	ASSERT_BUILT(target_start(&self->t, build_secret, self->s), "memfd_secret()");
	expect_nothing(_metadata, &self->t, &self->s->r);
}

static void expect_sums(struct __test_metadata *_metadata, const struct scan *s)
{
	size_t i;

	for (i = 0; i < s->nr_tallies; i++)
		EXPECT_EQ(s->tally[i].end - s->tally[i].start, tally_bytes(&s->tally[i]));
}

/* Everything that there is in a process, shared libraries and vdso included. */
TEST_F(fill, whole_address_space)
{
	const struct region all = { 0, 0 };
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_several, self->s), "huge page");
	ASSERT_EQ(0, scan_fill(&self->t, &all, &s)) TH_LOG("%s", s.error);
	EXPECT_LE(5 * PAGES, s.fill.pages);
	expect_sums(_metadata, &s);
	scan_free(&s);
}

/* -------------------------------------------------------- beside the others */

static void expect_like_without(struct __test_metadata *_metadata, struct target *t,
				const struct shared *shared, size_t buffer)
{
	struct scan plain, alone, with = {
		.start = shared->r.start, .end = shared->r.end,
		.records = RECORD(VMA) | RECORD(TALLY) | RECORD(EXTENT) | RECORD(FILL),
		.key = scan_full_key() & ~(VMSCOPE_ATTR_REFERENCED | VMSCOPE_ATTR_LRU |
					   VMSCOPE_ATTR_ACTIVE | VMSCOPE_KEY_REFCOUNT),
		.flags = VMSCOPE_SCAN_HOLES | VMSCOPE_SCAN_UNPACED,
		.buffer_size = buffer,
	};
	uint64_t address;

	ASSERT_EQ(0, scan_everything(t->fd, shared->r.start, shared->r.end, &plain));
	ASSERT_EQ(0, scan_fill(t, &shared->r, &alone)) TH_LOG("%s", alone.error);
	ASSERT_EQ(0, scan_run(t->fd, &with)) TH_LOG("%s", with.error);
	EXPECT_EQ(0, memcmp(&alone.fill, &with.fill, sizeof(with.fill)));
	EXPECT_SAME(scan_differ(&plain, &with));
	for (address = shared->r.start; address < shared->r.end; address += PAGE_SIZE) {
		struct scan_page a, b;

		ASSERT_TRUE(scan_page(&plain, address, &a));
		ASSERT_TRUE(scan_page(&with, address, &b));
		ASSERT_EQ(a.frame, b.frame);
		ASSERT_EQ(a.mapcount, b.mapcount);
		ASSERT_EQ(a.attributes & with.key, b.attributes);
	}
	EXPECT_EQ(5, with.fill.folios);
	EXPECT_EQ(zeros(shared, 0, 5 * PAGES), with.fill.zero);
	scan_free(&plain);
	scan_free(&alone);
	scan_free(&with);
}

TEST_F(fill, extents_and_sums_are_those_of_a_scan_without)
{
	ASSERT_BUILT(target_start(&self->t, build_several, self->s), "huge page");
	expect_like_without(_metadata, &self->t, self->s, 0);
}

/* Every eighth page is dropped: there are many extents. */
static int build_many_extents(void *arg, unsigned int step)
{
	struct shared *s = arg;
	int error = build_several(arg, step);
	size_t i;

	for (i = 0; !error && i < 5 * PAGES; i += 8) {
		if (madvise((void *)(s->r.start + i * PAGE_SIZE), PAGE_SIZE,
			    MADV_DONTNEED))
			error = errno;
		s->written[i] = 2;	/* not zero: not there */
	}
	return error;
}

/* The buffer is full again and again inside a folio. */
TEST_F(fill, small_buffers)
{
	size_t size;

	ASSERT_BUILT(target_start(&self->t, build_many_extents, self->s), "huge page");
	for (size = 1536; size < 2600; size += 136)
		expect_like_without(_metadata, &self->t, self->s, size);
}

/* ------------------------------------------------------------- meanwhile */

static void *write_on(void *arg)
{
	struct shared *s = arg;
	size_t n = 5 * PAGES;
	size_t i;

	for (i = 0; !s->stop; i = (i * 5 + 3) % n)
		((volatile char *)s->r.start)[i * PAGE_SIZE + i % PAGE_SIZE] ^= 1;
	return NULL;
}

/* Huge pages are taken apart and put together while they are read. */
static void *split_on(void *arg)
{
	struct shared *s = arg;
	char *p = (char *)s->r.start;
	size_t i;

	for (i = 0; !s->stop; i++) {
		char *folio = p + i % 5 * PMD_SIZE;

		madvise(folio + 100 * PAGE_SIZE, PAGE_SIZE, MADV_DONTNEED);
		if (i % 3 == 0)
			madvise(folio, PMD_SIZE, MADV_DONTNEED);
		*(volatile char *)folio = 0;
		madvise(folio, PMD_SIZE, MADV_COLLAPSE);
		mprotect(folio + PAGE_SIZE, PAGE_SIZE, PROT_READ);
		mprotect(folio + PAGE_SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE);
	}
	return NULL;
}

static int run_beside(void *arg, void *(*run)(void *))
{
	pthread_t thread;
	int error = build_several(arg, 0);

	return error ? error : pthread_create(&thread, NULL, run, arg);
}

static int build_written(void *arg, unsigned int step)
{
	(void)step;
	return run_beside(arg, write_on);
}

static int build_split(void *arg, unsigned int step)
{
	(void)step;
	return run_beside(arg, split_on);
}

TEST_F(fill, written_meanwhile)
{
	struct scan s;
	int i;

	ASSERT_BUILT(target_start(&self->t, build_written, self->s), "huge page");
	for (i = 0; i < 30; i++) {
		ASSERT_EQ(0, scan_fill(&self->t, &self->s->r, &s)) TH_LOG("%s", s.error);
		EXPECT_EQ(5, s.fill.folios);
		EXPECT_EQ(5 * PAGES, s.fill.pages);
		scan_free(&s);
	}
	self->s->stop = 1;
}

TEST_F(fill, split_meanwhile)
{
	struct scan s;
	int i;

	ASSERT_BUILT(target_start(&self->t, build_split, self->s), "huge page");
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, scan_fill(&self->t, &self->s->r, &s)) TH_LOG("%s", s.error);
		EXPECT_GE(5 * PAGES, s.fill.pages + s.fill.unread);
		expect_sums(_metadata, &s);
		scan_free(&s);
	}
	self->s->stop = 1;
}

/* ------------------------------------------------------- pace and permission */

static int build_eight(void *arg, unsigned int step)
{
	(void)step;
	return map_zeros(arg, 8 * PMD_SIZE);
}

TEST_F(fill, takes_a_quarter_of_a_processor)
{
	uint64_t held = 0, wall = 0;
	int i;

	ASSERT_BUILT(target_start(&self->t, build_eight, self->s), "huge page");
	/* The pauses are made across calls. */
	for (i = 0; i < 1000 && held < 20000000; i++) {
		struct scan s = {
			.start = self->s->r.start, .end = self->s->r.end,
			.records = RECORD(FILL),
		};

		ASSERT_EQ(0, scan_run(self->t.fd, &s)) TH_LOG("%s", s.error);
		EXPECT_EQ(8, s.fill.used[0]);
		held += s.held_ns;
		wall += s.wall_ns;
		scan_free(&s);
	}
	/* Up to a millisecond at the end has no pause behind it. */
	EXPECT_LT(3 * (held - 1000000), wall);
}

/* The shortest of several scans: other things may run as well. */
static uint64_t shortest_ns(struct __test_metadata *_metadata, const struct target *t,
			    const struct region *r, uint32_t flags)
{
	uint64_t shortest = ~0ull;
	int i;

	for (i = 0; i < 10; i++) {
		struct scan s = {
			.start = r->start, .end = r->end,
			.records = RECORD(FILL), .flags = flags,
		};

		EXPECT_EQ(0, scan_run(t->fd, &s)) TH_LOG("%s", s.error);
		if (s.wall_ns < shortest)
			shortest = s.wall_ns;
		scan_free(&s);
	}
	return shortest;
}

TEST_F(fill, faster_when_asked)
{
	ASSERT_BUILT(target_start(&self->t, build_eight, self->s), "huge page");
	EXPECT_LT(shortest_ns(_metadata, &self->t, &self->s->r, VMSCOPE_SCAN_UNPACED),
		  shortest_ns(_metadata, &self->t, &self->s->r, 0));
}

/* Who may open a target could read all of it; who may not is refused there. */
TEST_F(fill, only_for_who_may_read_it_all)
{
	int device = device_open(), status;
	pid_t child;

	ASSERT_LE(0, device);
	ASSERT_BUILT(target_start(&self->t, build_several, self->s), "huge page");
	child = fork();
	if (!child) {
		struct target me = { .fd = -1 };
		struct shared *mine = shared_alloc(sizeof(*mine));
		struct scan s;

		if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))
			_exit(1);
		prctl(PR_SET_DUMPABLE, 1);
		if (target_open(device, self->t.pid) != -EPERM)
			_exit(2);
		me.fd = target_open(device, 0);
		if (me.fd < 0)
			_exit(3);
		if (build_several(mine, 0))
			_exit(0);	/* as unlikely as above */
		if (scan_fill(&me, &mine->r, &s))
			_exit(4);
		_exit(s.fill.pages == 5 * PAGES ? 0 : 5);
	}
	waitpid(child, &status, 0);
	EXPECT_EQ(0, status);
	close(device);
}

VMSCOPE_TEST_MAIN
