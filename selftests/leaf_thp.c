// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Leaf kinds of transparent huge pages of every size and in every state of
 * being taken apart; knows nothing of hugetlb.
 */
#include "kselftest_harness.h"
#include <fcntl.h>
#include <sys/prctl.h>
#include "leaf.h"

#define SIZE		(2 * PMD_SIZE)
#define PMD_ORDER	9

struct shared {
	struct region r;
	int fd;
};

HUGE_FIXTURE(thp)

static void set_region(struct shared *s, char *p, size_t size)
{
	s->r = region_of(p, size);
}

static int build_pmd(void *arg, unsigned int step)
{
	char *p = map_anon(SIZE, PMD_SIZE);

	(void)step;
	if (!p)
		return ENOMEM;
	set_region(arg, p, SIZE);
	return make_thp(p, SIZE);
}

TEST_F(thp, anon_mapped_by_pmd)
{
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_pmd, self->s), "huge page");
	EXPECT_SAME(leaf_check(&self->t, &self->s->r,
			       MASK_WHAT | VMSCOPE_ATTR_WRITE | VMSCOPE_ATTR_DIRTY,
			       STATE(PRESENT) | KIND(ANON_EXCLUSIVE) | LEAF(PMD) |
			       ORDER(PMD_ORDER) | VMSCOPE_ATTR_WRITE |
			       VMSCOPE_ATTR_DIRTY));
	ASSERT_EQ(0, scan_everything(self->t.fd, self->s->r.start,
				     self->s->r.end, &s));
	EXPECT_EQ(SIZE / PAGE_SIZE, s.tally[0].counter[VMSCOPE_COUNT_PMD_ANON]);
	EXPECT_EQ(SIZE / PAGE_SIZE,
		  s.tally[0].counter[VMSCOPE_COUNT_LEAF + VMSCOPE_LEAF_PMD]);
	scan_free(&s);
}

/* Eight alike, but one not touched since, one lazily freed, one taken apart. */
static int build_row(void *arg, unsigned int step)
{
	const size_t size = 8 * PMD_SIZE;
	char *p = map_anon(size, PMD_SIZE);
	int error;

	(void)step;
	if (!p)
		return ENOMEM;
	error = make_thp(p, size);
	if (error)
		return error;
	set_region(arg, p, size);
	if (madvise(p + 2 * PMD_SIZE, PMD_SIZE, MADV_COLD) ||
	    madvise(p + 4 * PMD_SIZE, PMD_SIZE, MADV_FREE) ||
	    madvise(p + 6 * PMD_SIZE, PAGE_SIZE, MADV_DONTNEED))
		return errno;
	return 0;
}

TEST_F(thp, row_of_which_some_are_alike)
{
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_row, self->s), "huge page");
	EXPECT_SAME(oracle_range(self->t.pid, self->t.fd, self->s->r.start,
				 self->s->r.end, &s));
	EXPECT_EQ(8 * PMD_SIZE / PAGE_SIZE - 1,
		  tally_state(&s.tally[0], VMSCOPE_STATE_PRESENT));
	EXPECT_EQ(PMD_SIZE / PAGE_SIZE,
		  s.tally[0].counter[VMSCOPE_COUNT_LAZYFREE]);
	scan_free(&s);
}

static int build_zero(void *arg, unsigned int step)
{
	char *p = map_anon(SIZE, PMD_SIZE);

	(void)step;
	if (!p || madvise(p, SIZE, MADV_HUGEPAGE))
		return ENOSYS;
	read_all(p, SIZE);
	set_region(arg, p, SIZE);
	return 0;
}

TEST_F(thp, huge_zero_page)
{
	ASSERT_BUILT(target_start(&self->t, build_zero, self->s), "huge page");
	EXPECT_SAME(leaf_check(&self->t, &self->s->r,
			       MASK_STATE | VMSCOPE_ATTR_LEAF | VMSCOPE_ATTR_WRITE,
			       STATE(ZERO) | LEAF(PMD)));
}

/* mprotect() of one page takes the PMD apart, but not the folio. */
static int build_mprotected(void *arg, unsigned int step)
{
	struct shared *s = arg;
	int error = build_pmd(arg, step);

	if (error)
		return error;
	return mprotect((void *)(s->r.start + 7 * PAGE_SIZE), PAGE_SIZE,
			PROT_READ) ? errno : 0;
}

TEST_F(thp, mprotected_is_mapped_by_ptes)
{
	struct region first;
	struct scan_page p;
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_mprotected, self->s), "huge page");
	first = (struct region) { self->s->r.start, self->s->r.start + PMD_SIZE };
	EXPECT_SAME(leaf_check(&self->t, &first, MASK_WHAT,
			       STATE(PRESENT) | KIND(ANON_EXCLUSIVE) | LEAF(PTE) |
			       ORDER(PMD_ORDER)));
	ASSERT_EQ(0, scan_everything(self->t.fd, self->s->r.start,
				     self->s->r.end, &s));
	EXPECT_EQ(3, s.nr_vmas);
	ASSERT_TRUE(scan_page(&s, self->s->r.start + 7 * PAGE_SIZE, &p));
	EXPECT_FALSE(p.attributes & VMSCOPE_ATTR_WRITE);
	ASSERT_TRUE(scan_page(&s, self->s->r.start + 8 * PAGE_SIZE, &p));
	EXPECT_TRUE(p.attributes & VMSCOPE_ATTR_WRITE);
	scan_free(&s);
}

/* Another frame in place of one of the consecutive ones, further to the front each time. */
static int build_shorter_run(void *arg, unsigned int step)
{
	struct shared *s = arg;
	char *page = (char *)s->r.start + (PMD_SIZE / PAGE_SIZE - 5 * step) * PAGE_SIZE;

	if (!step)
		return build_pmd(arg, step);
	if (madvise(page, PAGE_SIZE, MADV_DONTNEED))
		return errno;
	*(volatile char *)page = 1;
	return 0;
}

static int scan_frames(const struct target *t, const struct region *r, uint32_t flags,
		       struct scan *s)
{
	*s = (struct scan) {
		.start = r->start, .end = r->start + PMD_SIZE, .records = RECORD(EXTENT),
		.key = VMSCOPE_ATTR_STATE | VMSCOPE_KEY_FRAME, .flags = flags,
	};
	return scan_run(t->fd, s);
}

/* Where entries alone are compared, that goes by groups, by blocks and one by one. */
TEST_F(thp, runs_of_any_length)
{
	unsigned int step;

	ASSERT_BUILT(target_start(&self->t, build_shorter_run, self->s), "huge page");
	for (step = 1; 5 * step < PMD_SIZE / PAGE_SIZE; step++) {
		struct scan fast, plain;
		uint64_t first = 0, run = 0, page;

		ASSERT_EQ(0, target_step(&self->t, step));
		ASSERT_EQ(0, scan_frames(&self->t, &self->s->r, 0, &fast));
		ASSERT_EQ(0, scan_frames(&self->t, &self->s->r,
					 VMSCOPE_SCAN_PLAIN, &plain));
		for (page = 0; page < PMD_SIZE / PAGE_SIZE; page++) {
			uint64_t address = self->s->r.start + page * PAGE_SIZE;
			struct scan_page a, b;

			ASSERT_TRUE(scan_page(&fast, address, &a));
			ASSERT_TRUE(scan_page(&plain, address, &b));
			ASSERT_EQ(b.frame, a.frame) TH_LOG("page %lu", page);
			first = page ? first : a.frame;
			run += run == page && a.frame == first + page;
		}
		EXPECT_EQ(PMD_SIZE / PAGE_SIZE - 5 * step, run);
		scan_free(&fast);
		scan_free(&plain);
	}
}

static int build_holed(void *arg, unsigned int step)
{
	struct shared *s = arg;
	int error = build_pmd(arg, step);

	if (error)
		return error;
	return madvise((void *)(s->r.start + 100 * PAGE_SIZE), 10 * PAGE_SIZE,
		       MADV_DONTNEED) ? errno : 0;
}

TEST_F(thp, partly_dropped_has_a_hole_and_stays_large)
{
	struct region part;

	ASSERT_BUILT(target_start(&self->t, build_holed, self->s), "huge page");
	part = (struct region) { self->s->r.start, self->s->r.start + 100 * PAGE_SIZE };
	EXPECT_SAME(leaf_check(&self->t, &part, MASK_WHAT,
			       STATE(PRESENT) | KIND(ANON_EXCLUSIVE) | LEAF(PTE) |
			       ORDER(PMD_ORDER)));
	part = (struct region) { part.end, part.end + 10 * PAGE_SIZE };
	EXPECT_SAME(leaf_check(&self->t, &part, MASK_STATE, STATE(NONE)));
	part = (struct region) { self->s->r.start + PMD_SIZE, self->s->r.end };
	EXPECT_SAME(leaf_check(&self->t, &part, MASK_WHAT,
			       STATE(PRESENT) | KIND(ANON_EXCLUSIVE) | LEAF(PMD) |
			       ORDER(PMD_ORDER)));
}

static int build_partly_unmapped(void *arg, unsigned int step)
{
	struct shared *s = arg;
	int error = build_pmd(arg, step);

	return error ? error : unmap_end(&s->r, PMD_SIZE / 2);
}

TEST_F(thp, partly_unmapped)
{
	struct region part;

	ASSERT_BUILT(target_start(&self->t, build_partly_unmapped, self->s),
		     "huge page");
	EXPECT_SAME(leaf_check(&self->t, &self->s->r, MASK_STATE, STATE(PRESENT)));
	part = (struct region) { self->s->r.start + PMD_SIZE, self->s->r.end };
	EXPECT_SAME(leaf_check(&self->t, &part, MASK_WHAT,
			       STATE(PRESENT) | KIND(ANON_EXCLUSIVE) | LEAF(PTE) |
			       ORDER(PMD_ORDER)));
}

/*
 * The target keeps its PMD; a child of it maps the same folio by PTEs and
 * copies a part, so that the pages under one PMD differ in their mapcount.
 */
static int build_forked(void *arg, unsigned int step)
{
	struct shared *s = arg;
	int error = build_pmd(arg, step);
	int up[2];
	char c;

	if (error || pipe(up))
		return error ? error : errno;
	if (!fork()) {
		touch((char *)s->r.start, 64 * PAGE_SIZE);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		error = write(up[1], "", 1) != 1;
		for (;;)
			pause();
	}
	return read(up[0], &c, 1) == 1 ? 0 : EIO;
}

TEST_F(thp, mapcounts_under_one_pmd_may_differ)
{
	struct scan_page p;
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_forked, self->s), "huge page");
	EXPECT_SAME(leaf_check(&self->t, &self->s->r,
			       VMSCOPE_ATTR_STATE | VMSCOPE_ATTR_LEAF,
			       STATE(PRESENT) | LEAF(PMD)));
	ASSERT_EQ(0, scan_everything(self->t.fd, self->s->r.start,
				     self->s->r.end, &s));
	ASSERT_TRUE(scan_page(&s, self->s->r.start, &p));
	EXPECT_EQ(1, p.mapcount);
	ASSERT_TRUE(scan_page(&s, self->s->r.start + 100 * PAGE_SIZE, &p));
	EXPECT_EQ(2, p.mapcount);
	scan_free(&s);
}

/* ----------------------------------------------------- smaller than a PMD */

static int build_mthp(void *arg, unsigned int step)
{
	char *p;
	int error = mthp_enable(64, true);

	(void)step;
	if (error)
		return error;
	p = map_at(16 * 64 * KIB, 64 * KIB, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (!p)
		return ENOMEM;
	touch(p, 16 * 64 * KIB);
	set_region(arg, p, 16 * 64 * KIB);
	mthp_enable(64, false);
	return 0;
}

TEST_F(thp, mthp_of_64_kib)
{
	ASSERT_BUILT(target_start(&self->t, build_mthp, self->s),
		     "huge pages of 64 KiB");
	EXPECT_SAME(leaf_check(&self->t, &self->s->r, MASK_WHAT,
			       STATE(PRESENT) | KIND(ANON_EXCLUSIVE) | LEAF(PTE) |
			       ORDER(4)));
}

/* --------------------------------------------------------- shmem and files */

static int build_shmem(void *arg, unsigned int step)
{
	int fd = memfd_create("huge", MFD_CLOEXEC);
	char *p;

	(void)step;
	if (fd < 0 || ftruncate(fd, SIZE))
		return errno;
	p = map_file(SIZE, PMD_SIZE, MAP_SHARED, fd);
	if (!p || madvise(p, SIZE, MADV_HUGEPAGE))
		return ENOMEM;
	touch(p, SIZE);
	set_region(arg, p, SIZE);
	return collapse_file(p, SIZE);
}

TEST_F(thp, shmem_mapped_by_pmd)
{
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_shmem, self->s), "MADV_COLLAPSE");
	EXPECT_SAME(leaf_check(&self->t, &self->s->r, MASK_WHAT,
			       STATE(PRESENT) | KIND(SHMEM) | LEAF(PMD) |
			       ORDER(PMD_ORDER)));
	ASSERT_EQ(0, scan_everything(self->t.fd, self->s->r.start,
				     self->s->r.end, &s));
	EXPECT_EQ(SIZE / PAGE_SIZE, s.tally[0].counter[VMSCOPE_COUNT_PMD_SHMEM]);
	scan_free(&s);
}

/* Only text of a file that nobody has open for writing may be collapsed. */
static int read_only(int fd)
{
	char path[64];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_CLOEXEC);
	close(fd);
	return again;
}

static int build_file(void *arg, unsigned int step)
{
	struct shared *s = arg;
	char *p;

	(void)step;
	p = map_at(SIZE, PMD_SIZE, PROT_READ | PROT_EXEC, MAP_PRIVATE, s->fd);
	if (!p)
		return ENOMEM;
	madvise(p, SIZE, MADV_HUGEPAGE);
	read_all(p, SIZE);
	set_region(s, p, SIZE);
	return collapse_file(p, SIZE);
}

TEST_F(thp, file_mapped_by_pmd)
{
	struct scan s;
	int error;

	self->s->fd = file_on("ext4", SIZE);
	if (self->s->fd < 0)
		SKIP(return, "file on ext4: %s", strerror(-self->s->fd));
	self->s->fd = read_only(self->s->fd);
	error = target_start(&self->t, build_file, self->s);
	ASSERT_BUILT(error, "MADV_COLLAPSE of a file");
	EXPECT_SAME(leaf_check(&self->t, &self->s->r, MASK_WHAT,
			       STATE(PRESENT) | KIND(FILE_PRIVATE) | LEAF(PMD) |
			       ORDER(PMD_ORDER)));
	ASSERT_EQ(0, scan_everything(self->t.fd, self->s->r.start,
				     self->s->r.end, &s));
	EXPECT_EQ(SIZE / PAGE_SIZE, s.tally[0].counter[VMSCOPE_COUNT_PMD_FILE]);
	scan_free(&s);
}

VMSCOPE_TEST_MAIN
