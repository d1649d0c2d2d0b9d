// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Leaf kinds of hugetlb: PMD and PUD leaves, private and shared, and PMD tables
 * that two processes share; knows nothing of transparent huge pages.
 */
#include "kselftest_harness.h"
#include <linux/memfd.h>
#include "leaf.h"

#ifndef MFD_HUGE_2MB
#define MFD_HUGE_2MB	(21u << 26)
#define MFD_HUGE_1GB	(30u << 26)
#endif

struct shared {
	struct region r;
	int fd;
};

FIXTURE(hugetlb) {
	struct target t;
	struct target other;
	struct shared *s;
	size_t page;
	unsigned int order;
};

FIXTURE_VARIANT(hugetlb) {
	size_t page;
	unsigned int memfd;
	uint64_t leaf;
};

FIXTURE_VARIANT_ADD(hugetlb, 2M) {
	.page = PMD_SIZE, .memfd = MFD_HUGETLB | MFD_HUGE_2MB, .leaf = LEAF(PMD),
};

FIXTURE_VARIANT_ADD(hugetlb, 1G) {
	.page = GIB, .memfd = MFD_HUGETLB | MFD_HUGE_1GB, .leaf = LEAF(PUD),
};

static size_t page_size;	/* for the target's functions */

FIXTURE_SETUP(hugetlb)
{
	int error = hugetlb_reserve(variant->page, 1);

	self->t.fd = self->other.fd = -1;
	self->s = shared_alloc(sizeof(*self->s));
	ASSERT_NE(NULL, self->s);
	page_size = variant->page;
	if (error)
		SKIP(return, "a huge page of %zu MiB: %s",
		     (size_t)(variant->page / MIB), strerror(error));
	self->s->fd = memfd_create("huge", MFD_CLOEXEC | variant->memfd);
	ASSERT_LE(0, self->s->fd);
	ASSERT_EQ(0, ftruncate(self->s->fd, 2 * variant->page));
	self->order = __builtin_ctzl(variant->page / PAGE_SIZE);
}

FIXTURE_TEARDOWN(hugetlb)
{
	target_stop(&self->other);
	target_stop(&self->t);
	if (self->s && self->s->fd > 0)
		close(self->s->fd);
	if (variant->page == PMD_SIZE)
		hugetlb_release(variant->page);
}

/* One page is touched and the other is not: nothing is reserved for that. */
static int build(struct shared *s, int flags, bool write)
{
	char *p = map_at(2 * page_size, page_size, PROT_READ | PROT_WRITE,
			 flags | MAP_NORESERVE, s->fd);

	if (!p)
		return ENOMEM;
	s->r = region_of(p, page_size);
	if (write)
		touch(p, PAGE_SIZE);
	else
		read_all(p, PAGE_SIZE);
	return 0;
}

static int build_shared(void *arg, unsigned int step)
{
	(void)step;
	return build(arg, MAP_SHARED, true);
}

static int build_private(void *arg, unsigned int step)
{
	(void)step;
	return build(arg, MAP_PRIVATE, true);
}

#define HUGETLB_MASK	(MASK_WHAT | VMSCOPE_ATTR_WRITE)

TEST_F(hugetlb, shared)
{
	struct region rest;
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_shared, self->s), "mmap");
	EXPECT_SAME(leaf_check(&self->t, &self->s->r, HUGETLB_MASK,
			       STATE(PRESENT) | KIND(HUGETLB) | variant->leaf |
			       ORDER(self->order) | VMSCOPE_ATTR_WRITE));
	rest = (struct region) { self->s->r.end, self->s->r.end + variant->page };
	EXPECT_SAME(leaf_check(&self->t, &rest, MASK_STATE, STATE(NONE)));
	ASSERT_EQ(0, scan_everything(self->t.fd, self->s->r.start, rest.end, &s));
	ASSERT_EQ(1, s.nr_vmas);
	EXPECT_TRUE(s.vma[0].head.flags & VMSCOPE_VM_HUGETLB);
	EXPECT_EQ(__builtin_ctzl(variant->page), s.vma[0].head.page_shift);
	EXPECT_EQ(variant->page / PAGE_SIZE,
		  s.tally[0].counter[VMSCOPE_COUNT_LEAF + (variant->leaf >> 8)]);
	scan_free(&s);
}

TEST_F(hugetlb, private)
{
	ASSERT_BUILT(target_start(&self->t, build_private, self->s), "mmap");
	EXPECT_SAME(leaf_check(&self->t, &self->s->r,
			       VMSCOPE_ATTR_STATE | VMSCOPE_ATTR_LEAF |
			       VMSCOPE_ATTR_ORDER | VMSCOPE_ATTR_WRITE,
			       STATE(PRESENT) | variant->leaf |
			       ORDER(self->order) | VMSCOPE_ATTR_WRITE));
}

TEST_F(hugetlb, mapped_by_two_is_shared)
{
	ASSERT_BUILT(target_start(&self->other, build_shared, self->s), "mmap");
	ASSERT_BUILT(target_start(&self->t, build_shared, self->s), "mmap");
	EXPECT_SAME(leaf_check(&self->t, &self->s->r,
			       HUGETLB_MASK | VMSCOPE_ATTR_SHARED,
			       STATE(PRESENT) | KIND(HUGETLB) | variant->leaf |
			       ORDER(self->order) | VMSCOPE_ATTR_WRITE |
			       VMSCOPE_ATTR_SHARED));
}

/* ----------------------------------------------------- shared PMD tables */

#define TABLE_PAGES	4

FIXTURE(shared_pmd) {
	struct target t;
	struct target other;
	struct shared *s;
};

FIXTURE_SETUP(shared_pmd)
{
	int error = hugetlb_reserve(PMD_SIZE, TABLE_PAGES);

	self->t.fd = self->other.fd = -1;
	self->s = shared_alloc(sizeof(*self->s));
	ASSERT_NE(NULL, self->s);
	if (error)
		SKIP(return, "huge pages of 2 MiB: %s", strerror(error));
	self->s->fd = memfd_create("table", MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB);
	ASSERT_LE(0, self->s->fd);
	ASSERT_EQ(0, ftruncate(self->s->fd, GIB));
}

FIXTURE_TEARDOWN(shared_pmd)
{
	target_stop(&self->other);
	target_stop(&self->t);
	if (self->s && self->s->fd > 0)
		close(self->s->fd);
	hugetlb_release(PMD_SIZE);
}

static int build_gigabyte(void *arg, unsigned int step)
{
	struct shared *s = arg;
	char *p = map_at(GIB, GIB, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_NORESERVE, s->fd);
	int i;

	(void)step;
	if (!p)
		return ENOMEM;
	for (i = 0; i < TABLE_PAGES; i++)
		touch(p + i * 3 * PMD_SIZE, PAGE_SIZE);
	s->r = region_of(p, GIB);
	return 0;
}

TEST_F(shared_pmd, table_of_two_processes_is_read)
{
	struct vmscope_translation mine, theirs;
	uint64_t address;
	struct scan s;

	ASSERT_BUILT(target_start(&self->other, build_gigabyte, self->s), "mmap");
	address = self->s->r.start;
	ASSERT_BUILT(target_start(&self->t, build_gigabyte, self->s), "mmap");
	EXPECT_SAME(leaf_translate(&self->other, address, &theirs));
	EXPECT_SAME(leaf_translate(&self->t, self->s->r.start, &mine));
	EXPECT_EQ(theirs.step[VMSCOPE_LEVEL_PMD].table,
		  mine.step[VMSCOPE_LEVEL_PMD].table)
		TH_LOG("the kernel did not share the table");
	EXPECT_SAME(oracle_range(self->t.pid, self->t.fd, self->s->r.start,
				 self->s->r.end, &s));
	ASSERT_EQ(1, s.nr_tallies);
	EXPECT_EQ(TABLE_PAGES * 512, tally_kind(&s.tally[0], VMSCOPE_KIND_HUGETLB));
	scan_free(&s);
}

/* One process gives the table up: the other's stays as it was. */
static int unshare(void *arg, unsigned int step)
{
	struct shared *s = arg;
	int error = step ? 0 : build_gigabyte(arg, 0);

	if (error || !step)
		return error;
	return munmap((void *)s->r.start, GIB / 2) ? errno : 0;
}

TEST_F(shared_pmd, survives_unsharing)
{
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_gigabyte, self->s), "mmap");
	ASSERT_BUILT(target_start(&self->other, unshare, self->s), "mmap");
	ASSERT_EQ(0, target_step(&self->other, 1));
	EXPECT_SAME(oracle_process(self->t.pid, self->t.fd, 0));
	EXPECT_SAME(oracle_process(self->other.pid, self->other.fd, 0));
	ASSERT_EQ(0, scan_everything(self->t.fd, 0, 0, &s));
	EXPECT_SAME(sums_check(&s));
	scan_free(&s);
}

VMSCOPE_TEST_MAIN
