// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Page tables: how many of each level a mapping has and how full they are; in
 * sum what the kernel charges. Knows nothing of the pages they map.
 */
#include "kselftest_harness.h"
#include <linux/memfd.h>
#include "leaf.h"
#include "zoo.h"

#ifndef MFD_HUGE_2MB
#define MFD_HUGE_2MB	(21u << 26)
#define MFD_HUGE_1GB	(30u << 26)
#endif

#define PTE	VMSCOPE_LEVEL_PTE
#define PMD	VMSCOPE_LEVEL_PMD
#define PUD	VMSCOPE_LEVEL_PUD

FIXTURE(tables) {
	struct target t;
	struct target other;
	struct region *r;
	struct scan s;
};

FIXTURE_SETUP(tables)
{
	self->t.fd = self->other.fd = -1;
	self->r = shared_alloc(sizeof(*self->r));
	ASSERT_NE(NULL, self->r);
}

FIXTURE_TEARDOWN(tables)
{
	scan_free(&self->s);
	target_stop(&self->other);
	target_stop(&self->t);
}

/* The tables of [start, end) of a process, in @s with VMAs and tallies. */
static int look(int fd, uint64_t start, uint64_t end, struct scan *s)
{
	scan_free(s);
	s->start = start;
	s->end = end;
	s->records = RECORD(VMA) | RECORD(TALLY) | RECORD(TABLE);
	return scan_run(fd, s);
}

#define LOOK(t, r, s) do {						\
	int error_ = look((t)->fd, (r)->start, (r)->end, s);		\
	ASSERT_EQ(0, error_) TH_LOG("%s", (s)->error);			\
} while (0)

/* @n tables of a level, all with @used entries. */
#define EXPECT_TABLES(table, which, n, each, class) do {		\
	const struct vmscope_table_level *l_ = &(table)->level[which];	\
	EXPECT_EQ((uint64_t)(n), l_->tables);				\
	EXPECT_EQ((uint64_t)(n) * (each), l_->used);			\
	EXPECT_EQ((uint32_t)(n), l_->by_used[class]);			\
} while (0)

/* All tables of a region, in @sum. */
static const struct scan_table *total(const struct scan *s)
{
	static struct scan_table sum;

	table_total(s, &sum);
	return &sum;
}

static int tell(struct region *r, char *p, size_t size)
{
	if (!p)
		return ENOMEM;
	*r = (struct region) { (uintptr_t)p, (uintptr_t)p + size };
	return 0;
}

static void touch_each(char *p, size_t size, size_t step)
{
	size_t i;

	for (i = 0; i < size; i += step)
		touch(p + i, PAGE_SIZE);
}

/* ---------------------------------------------------------- how they fill */

static int build_page_per_2m(void *arg, unsigned int step)
{
	char *p = map_anon(GIB, GIB);

	(void)step;
	if (p)
		touch_each(p, GIB, PMD_SIZE);
	return tell(arg, p, GIB);
}

TEST_F(tables, one_page_in_every_2m)
{
	ASSERT_BUILT(target_start(&self->t, build_page_per_2m, self->r), "mmap");
	LOOK(&self->t, self->r, &self->s);
	ASSERT_EQ(1, self->s.nr_tables);
	EXPECT_EQ(self->r->start, self->s.table[0].start);
	EXPECT_EQ(self->r->end, self->s.table[0].end);
	EXPECT_TABLES(&self->s.table[0], PTE, 512, 1, 1);
	EXPECT_TABLES(&self->s.table[0], PMD, 1, 512, 10);
	EXPECT_EQ(0, self->s.table[0].deposited);
}

static int build_page_per_1g(void *arg, unsigned int step)
{
	char *p = map_anon(4 * GIB, GIB);

	(void)step;
	if (p)
		touch_each(p, 4 * GIB, GIB);
	return tell(arg, p, 4 * GIB);
}

TEST_F(tables, one_page_in_every_gigabyte)
{
	ASSERT_BUILT(target_start(&self->t, build_page_per_1g, self->r), "mmap");
	LOOK(&self->t, self->r, &self->s);
	ASSERT_EQ(1, self->s.nr_tables);
	EXPECT_TABLES(&self->s.table[0], PTE, 4, 1, 1);
	EXPECT_TABLES(&self->s.table[0], PMD, 4, 1, 1);
}

/* Half a table, three pages, and two tables that are full. */
static int build_filled(void *arg, unsigned int step)
{
	struct region *r = arg;
	char *p;

	if (step)
		return madvise((char *)r->start, 4 * PMD_SIZE, MADV_DONTNEED) ? errno : 0;
	p = map_anon(GIB, GIB);
	if (p) {
		touch(p, PMD_SIZE / 2);
		touch(p + PMD_SIZE + 500 * PAGE_SIZE, 3 * PAGE_SIZE);
		touch(p + 2 * PMD_SIZE, 2 * PMD_SIZE);
	}
	return tell(r, p, GIB);
}

TEST_F(tables, fill_is_told_by_class)
{
	const struct vmscope_table_level *pte;

	ASSERT_BUILT(target_start(&self->t, build_filled, self->r), "mmap");
	LOOK(&self->t, self->r, &self->s);
	ASSERT_EQ(1, self->s.nr_tables);
	pte = &self->s.table[0].level[PTE];
	EXPECT_EQ(4, pte->tables);
	EXPECT_EQ(256 + 3 + 2 * 512, pte->used);
	EXPECT_EQ(1, pte->by_used[2]);
	EXPECT_EQ(1, pte->by_used[9]);
	EXPECT_EQ(2, pte->by_used[10]);
	EXPECT_TABLES(&self->s.table[0], PMD, 1, 4, 3);
}

/* Only kernels that free page tables by RCU give an empty one back at once. */
TEST_F(tables, emptied_by_madvise_are_empty_or_gone)
{
	bool reclaimed = vmscope_info()->locks & 1u << VMSCOPE_LOCK_IRQ;

	ASSERT_BUILT(target_start(&self->t, build_filled, self->r), "mmap");
	ASSERT_EQ(0, target_step(&self->t, 1));
	LOOK(&self->t, self->r, &self->s);
	if (reclaimed) {
		/* the half and the three pages were not all that it could hold */
		EXPECT_GE(2, total(&self->s)->level[PTE].tables);
		EXPECT_EQ(0, total(&self->s)->level[PTE].used);
		return;
	}
	ASSERT_EQ(1, self->s.nr_tables);
	EXPECT_TABLES(&self->s.table[0], PTE, 4, 0, 0);
	EXPECT_TABLES(&self->s.table[0], PMD, 1, 4, 3);
}

static int build_untouched(void *arg, unsigned int step)
{
	(void)step;
	return tell(arg, map_anon(GIB, GIB), GIB);
}

/* At most the upper table in which other mappings have entries, too. */
TEST_F(tables, untouched_has_none_of_its_own)
{
	ASSERT_BUILT(target_start(&self->t, build_untouched, self->r), "mmap");
	LOOK(&self->t, self->r, &self->s);
	EXPECT_EQ(1, self->s.nr_tallies);
	EXPECT_TABLES(total(&self->s), PTE, 0, 0, 0);
	EXPECT_TABLES(total(&self->s), PMD, 0, 0, 0);
}

/* ------------------------------------------------------------- huge pages */

static int build_thp(void *arg, unsigned int step)
{
	struct region *r = arg;
	char *p;

	if (step)	/* one of them is split */
		return madvise((char *)r->start + PAGE_SIZE, PAGE_SIZE, MADV_DONTNEED) ?
		       errno : 0;
	p = map_anon(GIB, GIB);
	if (!p)
		return ENOMEM;
	tell(r, p, GIB);
	return make_thp(p, 2 * PMD_SIZE);
}

TEST_F(tables, huge_pages_have_a_table_deposited_each)
{
	ASSERT_BUILT(target_start(&self->t, build_thp, self->r), "huge pages");
	LOOK(&self->t, self->r, &self->s);
	ASSERT_EQ(1, self->s.nr_tables);
	EXPECT_EQ(2, self->s.table[0].deposited);
	EXPECT_TABLES(&self->s.table[0], PTE, 0, 0, 0);
	EXPECT_TABLES(&self->s.table[0], PMD, 1, 2, 2);
	ASSERT_EQ(0, target_step(&self->t, 1));
	LOOK(&self->t, self->r, &self->s);
	ASSERT_EQ(1, self->s.nr_tables);
	EXPECT_EQ(1, self->s.table[0].deposited);
	EXPECT_TABLES(&self->s.table[0], PTE, 1, 511, 9);
}

static int build_huge_zero(void *arg, unsigned int step)
{
	char *p = map_anon(GIB, GIB);

	(void)step;
	write_file("/sys/kernel/mm/transparent_hugepage/enabled", "madvise");
	if (!p || write_file("/sys/kernel/mm/transparent_hugepage/use_zero_page", "1") ||
	    madvise(p, GIB, MADV_HUGEPAGE))
		return ENOSYS;
	read_all(p, PAGE_SIZE);
	return tell(arg, p, GIB);
}

TEST_F(tables, huge_zero_page_has_a_table_deposited)
{
	ASSERT_BUILT(target_start(&self->t, build_huge_zero, self->r), "huge zero page");
	LOOK(&self->t, self->r, &self->s);
	ASSERT_EQ(1, self->s.nr_tallies);
	ASSERT_EQ(512, tally_state(&self->s.tally[0], VMSCOPE_STATE_ZERO));
	ASSERT_EQ(1, self->s.nr_tables);
	EXPECT_EQ(1, self->s.table[0].deposited);
	EXPECT_TABLES(&self->s.table[0], PTE, 0, 0, 0);
}

/* The page cache is found again by a fault: nothing is kept for a split. */
static int build_huge_shmem(void *arg, unsigned int step)
{
	char *p;
	int fd = memfd_create("huge", 0);

	(void)step;
	if (fd < 0 || ftruncate(fd, GIB))
		return errno;
	p = map_at(GIB, GIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	if (!p)
		return ENOMEM;
	tell(arg, p, GIB);
	return make_thp(p, PMD_SIZE);
}

TEST_F(tables, huge_pages_of_files_have_none_deposited)
{
	ASSERT_BUILT(target_start(&self->t, build_huge_shmem, self->r), "MADV_COLLAPSE");
	LOOK(&self->t, self->r, &self->s);
	ASSERT_EQ(1, self->s.nr_tables);
	EXPECT_EQ(0, self->s.table[0].deposited);
	EXPECT_TABLES(&self->s.table[0], PTE, 0, 0, 0);
	EXPECT_TABLES(&self->s.table[0], PMD, 1, 1, 1);
}

static int build_hugetlb(struct region *r, size_t size, unsigned int flag)
{
	int fd = memfd_create("hugetlb", MFD_HUGETLB | flag);
	char *p;

	if (fd < 0 || ftruncate(fd, GIB))
		return errno;
	p = map_at(GIB, GIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd);
	if (p) {
		touch(p, PAGE_SIZE);
		if (size < GIB)
			touch(p + 7 * size, PAGE_SIZE);
	}
	return tell(r, p, GIB);
}

static int build_hugetlb_2m(void *arg, unsigned int step)
{
	(void)step;
	return build_hugetlb(arg, PMD_SIZE, MFD_HUGE_2MB);
}

static int build_hugetlb_1g(void *arg, unsigned int step)
{
	(void)step;
	return build_hugetlb(arg, GIB, MFD_HUGE_1GB);
}

TEST_F(tables, hugetlb_of_2m_has_pmd_tables_alone)
{
	if (hugetlb_reserve(PMD_SIZE, 2))
		SKIP(return, "no huge pages of 2 MiB");
	ASSERT_BUILT(target_start(&self->t, build_hugetlb_2m, self->r), "mmap");
	LOOK(&self->t, self->r, &self->s);
	ASSERT_EQ(1, self->s.nr_tables);
	EXPECT_EQ(0, self->s.table[0].deposited);
	EXPECT_TABLES(&self->s.table[0], PTE, 0, 0, 0);
	EXPECT_TABLES(&self->s.table[0], PMD, 1, 2, 2);
	EXPECT_EQ(0, self->s.table[0].level[PMD].shared);
	hugetlb_release(PMD_SIZE);
}

TEST_F(tables, hugetlb_of_1g_has_no_pmd_tables)
{
	if (hugetlb_reserve(GIB, 1))
		SKIP(return, "no huge page of 1 GiB: boot with hugepagesz=1G hugepages=1");
	ASSERT_BUILT(target_start(&self->t, build_hugetlb_1g, self->r), "mmap");
	LOOK(&self->t, self->r, &self->s);
	EXPECT_EQ(0, total(&self->s)->deposited);
	EXPECT_TABLES(total(&self->s), PTE, 0, 0, 0);
	EXPECT_TABLES(total(&self->s), PMD, 0, 0, 0);
}

static int shared_file;

static int build_shared_hugetlb(void *arg, unsigned int step)
{
	char *p = map_at(GIB, GIB, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_NORESERVE, shared_file);

	(void)step;
	if (p)
		touch(p, PAGE_SIZE);
	return tell(arg, p, GIB);
}

TEST_F(tables, hugetlb_shares_its_pmd_tables)
{
	struct vmscope_translation mine, theirs;

	if (hugetlb_reserve(PMD_SIZE, 1))
		SKIP(return, "no huge pages of 2 MiB");
	shared_file = memfd_create("shared", MFD_HUGETLB | MFD_HUGE_2MB);
	ASSERT_EQ(0, ftruncate(shared_file, GIB));
	ASSERT_BUILT(target_start(&self->other, build_shared_hugetlb, self->r), "mmap");
	LOOK(&self->other, self->r, &self->s);
	ASSERT_EQ(1, self->s.nr_tables);
	EXPECT_TABLES(&self->s.table[0], PMD, 1, 1, 1);
	EXPECT_EQ(0, self->s.table[0].level[PMD].shared);
	EXPECT_SAME(leaf_translate(&self->other, self->r->start, &theirs));

	ASSERT_BUILT(target_start(&self->t, build_shared_hugetlb, self->r), "mmap");
	EXPECT_SAME(leaf_translate(&self->t, self->r->start, &mine));
	ASSERT_EQ(theirs.step[PMD].table, mine.step[PMD].table)
		TH_LOG("the kernel did not share the table");
	LOOK(&self->t, self->r, &self->s);
	ASSERT_EQ(1, self->s.nr_tables);
	EXPECT_TABLES(&self->s.table[0], PMD, 1, 1, 1);
	EXPECT_EQ(1, self->s.table[0].level[PMD].shared);

	target_stop(&self->other);
	self->other.fd = -1;
	LOOK(&self->t, self->r, &self->s);
	ASSERT_EQ(1, self->s.nr_tables);
	EXPECT_EQ(0, self->s.table[0].level[PMD].shared);
	close(shared_file);
	hugetlb_release(PMD_SIZE);
}

/* ------------------------------------------------------- whose they are */

/* 4 MiB in three mappings, the cuts in the middle of each table. */
static int build_straddling(void *arg, unsigned int step)
{
	char *p = map_anon(2 * PMD_SIZE, GIB);

	(void)step;
	if (!p)
		return ENOMEM;
	touch(p, 2 * PMD_SIZE);
	if (madvise(p + PMD_SIZE / 2, PMD_SIZE, MADV_DONTDUMP))
		return errno;
	return tell(arg, p, 2 * PMD_SIZE);
}

TEST_F(tables, shared_by_neighbours_count_once_for_the_lowest)
{
	struct region part;

	ASSERT_BUILT(target_start(&self->t, build_straddling, self->r), "mmap");
	LOOK(&self->t, self->r, &self->s);
	ASSERT_EQ(3, self->s.nr_tallies);
	ASSERT_EQ(2, self->s.nr_tables);
	EXPECT_EQ(self->s.tally[0].start, self->s.table[0].start);
	EXPECT_EQ(self->s.tally[1].start, self->s.table[1].start);
	EXPECT_TABLES(&self->s.table[0], PTE, 1, 512, 10);
	EXPECT_TABLES(&self->s.table[1], PTE, 1, 512, 10);
	EXPECT_EQ(1, self->s.table[0].level[PMD].tables);
	EXPECT_EQ(0, self->s.table[1].level[PMD].tables);

	/* Each by itself comes to the same. */
	part = (struct region) { self->r->start + PMD_SIZE / 2,
				 self->r->start + PMD_SIZE / 2 + PMD_SIZE };
	LOOK(&self->t, &part, &self->s);
	ASSERT_EQ(1, self->s.nr_tables);
	EXPECT_TABLES(&self->s.table[0], PTE, 1, 512, 10);
	EXPECT_EQ(0, self->s.table[0].level[PMD].tables);
	part = (struct region) { part.end, self->r->end };
	LOOK(&self->t, &part, &self->s);
	EXPECT_EQ(1, self->s.nr_tallies);
	EXPECT_EQ(0, self->s.nr_tables);
}

/*
 * In one PTE table: 64 mappings of a page each, one of some pages, a hole, and
 * one that goes on into the next table.
 */
static int build_neighbours(void *arg, unsigned int step)
{
	char *p = map_anon(GIB, GIB);
	int i;

	(void)step;
	if (!p)
		return ENOMEM;
	touch(p, 100 * PAGE_SIZE);
	touch(p + 300 * PAGE_SIZE, 10 * PAGE_SIZE);
	touch(p + PMD_SIZE + 5 * PAGE_SIZE, PAGE_SIZE);
	for (i = 0; i < 64; i += 2)
		if (mprotect(p + i * PAGE_SIZE, PAGE_SIZE, PROT_READ))
			return errno;
	if (munmap(p + 200 * PAGE_SIZE, 100 * PAGE_SIZE))
		return errno;
	return tell(arg, p, GIB);
}

/* Whatever is wanted, and so however the work is cut. */
TEST_F(tables, full_is_what_all_neighbours_come_to)
{
	static const uint64_t sets[] = {
		RECORD(TALLY), RECORD(VMA) | RECORD(TALLY), 0,
		RECORD(TALLY) | RECORD(FILL), RECORD(TALLY) | RECORD(CHARGE),
	};
	size_t i;

	ASSERT_BUILT(target_start(&self->t, build_neighbours, self->r), "mmap");
	for (i = 0; i < 2 * ARRAY_SIZE(sets); i++) {
		struct scan s = {
			.start = i % 2 ? self->r->start : 0,
			.end = i % 2 ? self->r->end : vmscope_info()->task_size,
			.records = RECORD(TABLE) | sets[i / 2],
		};
		size_t first = 0;

		ASSERT_EQ(0, scan_run(self->t.fd, &s)) TH_LOG("%s", s.error);
		while (first < s.nr_tables && s.table[first].start < self->r->start)
			first++;
		ASSERT_LT(first + 1, s.nr_tables);
		EXPECT_EQ(self->r->start, s.table[first].start);
		EXPECT_TABLES(&s.table[first], PTE, 1, 110, 7);
		EXPECT_TABLES(&s.table[first], PMD, 1, 2, 2);
		EXPECT_EQ(self->r->start + 300 * PAGE_SIZE, s.table[first + 1].start);
		EXPECT_TABLES(&s.table[first + 1], PTE, 1, 1, 1);
		scan_free(&s);
	}
}

/* A part of a mapping has the tables whose first page it has. */
TEST_F(tables, parts_have_the_tables_that_begin_in_them)
{
	uint64_t step = PMD_SIZE / 4, at;
	struct scan_table sum = { 0 };
	int parts = 0;

	ASSERT_BUILT(target_start(&self->t, build_straddling, self->r), "mmap");
	for (at = self->r->start; at < self->r->end; at += step) {
		struct region part = { at, at + step };

		LOOK(&self->t, &part, &self->s);
		table_add(&sum, total(&self->s));
		parts += self->s.nr_tables;
	}
	EXPECT_EQ(2, parts);
	EXPECT_TABLES(&sum, PTE, 2, 512, 10);
	EXPECT_EQ(1, sum.level[PMD].tables);
}

/* Huge pages are cut as well, and no page is looked at. */
TEST_F(tables, parts_of_huge_pages)
{
	uint64_t step = PMD_SIZE / 2, at;
	struct scan_table sum = { 0 };

	ASSERT_BUILT(target_start(&self->t, build_thp, self->r), "huge pages");
	for (at = self->r->start; at < self->r->start + 3 * PMD_SIZE; at += step) {
		struct scan s = { .start = at, .end = at + step, .records = RECORD(TABLE) };

		ASSERT_EQ(0, scan_run(self->t.fd, &s)) TH_LOG("%s", s.error);
		table_add(&sum, total(&s));
		scan_free(&s);
	}
	EXPECT_EQ(2, sum.deposited);
	EXPECT_TABLES(&sum, PMD, 1, 2, 2);
}

/* ------------------------------------------------------ the zoo adds up */

static struct target zoo;

FIXTURE(zoo) {
	struct scan whole;
	struct scan_table sum;
};

static void set_up(struct scan *s, uint64_t records, uint64_t key)
{
	memset(s, 0, sizeof(*s));
	s->records = records | RECORD(TABLE);
	s->key = key;
	if (key)
		s->records |= RECORD(EXTENT);
}

FIXTURE_SETUP(zoo)
{
	set_up(&self->whole, RECORD(VMA) | RECORD(TALLY), 0);
	ASSERT_EQ(0, scan_run(zoo.fd, &self->whole)) TH_LOG("%s", self->whole.error);
	table_total(&self->whole, &self->sum);
}

FIXTURE_TEARDOWN(zoo)
{
	scan_free(&self->whole);
}

TEST_F(zoo, bytes_are_what_the_kernel_charges)
{
	struct vmscope_target totals = { .size = sizeof(totals) };
	uint64_t tables = self->sum.deposited;
	char path[64];
	int level;

	for (level = PTE; level <= PUD; level++)
		tables += self->sum.level[level].tables;
	EXPECT_NE(0, self->sum.deposited);
	ASSERT_EQ(0, vmscope_ioctl(zoo.fd, VMSCOPE_TARGET, &totals));
	EXPECT_EQ(totals.tables, tables * PAGE_SIZE);
	snprintf(path, sizeof(path), "/proc/%d/status", zoo.pid);
	EXPECT_EQ(table_field(path, "VmPTE") * KIB, tables * PAGE_SIZE);
}

/* Entries in use of one level are the tables and leaves of the next. */
TEST_F(zoo, levels_agree_with_each_other)
{
	const struct vmscope_table_level *level = self->sum.level;
	uint64_t leaves[2] = { 0 }, entries = 0;
	size_t i;

	for (i = 0; i < self->whole.nr_tallies; i++) {
		const struct scan_tally *t = &self->whole.tally[i];
		const uint64_t *c = t->counter;

		leaves[0] += c[VMSCOPE_COUNT_LEAF + VMSCOPE_LEAF_PMD] / 512;
		leaves[1] += c[VMSCOPE_COUNT_LEAF + VMSCOPE_LEAF_PUD] / 512 / 512;
		entries += (t->end - t->start) / PAGE_SIZE - c[VMSCOPE_STATE_NONE] -
			   c[VMSCOPE_COUNT_LEAF + VMSCOPE_LEAF_PMD] -
			   c[VMSCOPE_COUNT_LEAF + VMSCOPE_LEAF_PUD];
	}
	EXPECT_EQ(entries, level[PTE].used);
	EXPECT_EQ(level[PTE].tables + leaves[0], level[PMD].used);
	EXPECT_EQ(level[PMD].tables + leaves[1], level[PUD].used);
}

/* Run a scan cut in some way, and expect what the whole one gave. */
static void expect_whole(struct __test_metadata *_metadata, FIXTURE_DATA(zoo) *self,
			 struct scan *s, const char *how)
{
	struct scan_table sum;
	size_t i;

	ASSERT_EQ(0, scan_run(zoo.fd, s)) TH_LOG("%s: %s", how, s->error);
	table_total(s, &sum);
	EXPECT_EQ(self->sum.deposited, sum.deposited) TH_LOG("%s", how);
	EXPECT_EQ(0, memcmp(self->sum.level, sum.level, sizeof(sum.level)))
		TH_LOG("%s: %llu PTE tables of %llu, %llu PMD tables of %llu", how,
		       sum.level[PTE].tables, self->sum.level[PTE].tables,
		       sum.level[PMD].tables, self->sum.level[PMD].tables);
	/* and each mapping has its own */
	for (i = 0; s->records & RECORD(VMA) && i < s->nr_tables &&
		    i < self->whole.nr_tables; i++)
		EXPECT_EQ(0, memcmp(self->whole.table[i].level, s->table[i].level,
				    sizeof(sum.level)))
			TH_LOG("%s: the mapping at %lx", how, s->table[i].start);
	if (s->records & RECORD(VMA))
		EXPECT_EQ(self->whole.nr_tables, s->nr_tables) TH_LOG("%s", how);
	scan_free(s);
}

TEST_F(zoo, any_set_of_records_gives_the_same)
{
	static const uint64_t sets[] = {
		0, RECORD(VMA), RECORD(TALLY), RECORD(VMA) | RECORD(TALLY),
	};
	struct scan s;
	size_t i;

	for (i = 0; i < 2 * ARRAY_SIZE(sets); i++) {
		set_up(&s, sets[i / 2], i % 2 ? scan_full_key() : 0);
		expect_whole(_metadata, self, &s, "records");
	}
	set_up(&s, RECORD(TALLY), 0);
	s.flags = VMSCOPE_SCAN_PLAIN;
	expect_whole(_metadata, self, &s, "plain");
	set_up(&s, RECORD(TALLY), scan_full_key());
	s.flags = VMSCOPE_SCAN_PLAIN | VMSCOPE_SCAN_HOLES;
	expect_whole(_metadata, self, &s, "plain, with holes");
}

TEST_F(zoo, split_by_budget)
{
	static const uint64_t budgets[] = { 1, 7, 64, 511, 512, 513, 5000 };
	struct scan s;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(budgets); i++) {
		set_up(&s, RECORD(VMA) | (i % 3 ? RECORD(TALLY) : 0),
		       i % 2 ? scan_full_key() : 0);
		s.budget = budgets[i];
		expect_whole(_metadata, self, &s, "budget");
	}
}

TEST_F(zoo, split_by_buffer)
{
	static const size_t sizes[] = { 500, 1200, 1608, 2000, 4096, 10000 };
	struct scan s;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		set_up(&s, RECORD(VMA) | (i % 3 ? RECORD(TALLY) : 0),
		       i % 2 ? scan_full_key() : 0);
		s.flags = i % 2 ? VMSCOPE_SCAN_HOLES : 0;
		s.buffer_size = sizes[i];
		expect_whole(_metadata, self, &s, "buffer");
	}
}

/* Cuts of the range at places that mean nothing. */
TEST_F(zoo, split_by_range)
{
	static const uint64_t steps[] = { 13 * PAGE_SIZE, PMD_SIZE, PMD_SIZE + PAGE_SIZE };
	struct scan_table sum;
	size_t i, v;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		memset(&sum, 0, sizeof(sum));
		for (v = 0; v < self->whole.nr_vmas; v++) {
			uint64_t end = self->whole.vma[v].head.end, next;
			uint64_t at = self->whole.vma[v].head.start;
			/* a gigabyte in small steps takes too long */
			uint64_t step = end - at > 100 * MIB ? 100 * MIB : steps[i];

			for (; at < end; at = next) {
				struct scan s = {
					.start = at, .records = RECORD(TABLE),
				};

				next = at + step < end ? at + step : end;
				s.end = next;
				ASSERT_EQ(0, scan_run(zoo.fd, &s)) TH_LOG("%s", s.error);
				table_add(&sum, total(&s));
				scan_free(&s);
			}
		}
		EXPECT_EQ(self->sum.deposited, sum.deposited);
		EXPECT_EQ(0, memcmp(self->sum.level, sum.level, sizeof(sum.level)))
			TH_LOG("steps of %lx", steps[i]);
	}
}

/* ------------------------------------------------------------- identifier */

static int context_of(int fd, struct vmscope_target *totals)
{
	*totals = (struct vmscope_target) { .size = sizeof(*totals) };
	return vmscope_ioctl(fd, VMSCOPE_TARGET, totals);
}

TEST(context_tells_address_spaces_apart)
{
	struct vmscope_target own, again, other;
	int device = device_open(), fd = target_open(device, 0);
	int more = target_open(device, getpid());

	ASSERT_EQ(0, context_of(fd, &own));
	ASSERT_EQ(0, context_of(more, &again));
	ASSERT_EQ(0, context_of(zoo.fd, &other));
	EXPECT_EQ(own.context, again.context);
	EXPECT_EQ(0, own.__reserved);
#if defined(__x86_64__) || defined(__i386__)
	EXPECT_EQ(VMSCOPE_CONTEXT_X86, own.context_kind);
	EXPECT_NE(0, own.context);
	EXPECT_NE(own.context, other.context);
#elif defined(__aarch64__)
	EXPECT_EQ(VMSCOPE_CONTEXT_ARM64, own.context_kind);
	EXPECT_NE(0, own.context);
#endif
	close(fd);
	close(more);
	close(device);
}

int main(int argc, char **argv)
{
	int status;

	if (argc > 1 && !strcmp(argv[1], "--zoo"))
		target_ready(zoo_build(argc > 2));
	if (access(VMSCOPE_DEVICE, F_OK)) {
		ksft_print_header();
		ksft_exit_skip("the vmscope module is not loaded\n");
	}
	if (target_start_copy(&zoo, "--zoo", NULL))
		ksft_exit_fail_msg("the zoo could not be built\n");
	status = test_harness_run(argc, argv);
	target_stop(&zoo);
	return status;
}
