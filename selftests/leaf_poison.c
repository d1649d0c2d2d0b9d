// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages that were lost to a memory error, of each kind of memory, and what the
 * kernel leaves of them in page tables; knows nothing of userfaultfd's poison.
 */
#include "kselftest_harness.h"
#include <fcntl.h>
#include <signal.h>
#include "leaf.h"

#ifndef MADV_HWPOISON
#define MADV_HWPOISON	100
#endif
#ifndef MAP_HUGE_2MB
#define MAP_HUGE_2MB	(21u << 26)
#endif

#define PAGES		32
#define SIZE		(PAGES * PAGE_SIZE)
#define LOST		5	/* which page: not the first one of anything */

struct shared {
	struct region r;
	struct region theirs;	/* of the other process, which loses nothing itself */
	uint64_t frame;		/* that of the first page of r, before */
	long corrupted;		/* HardwareCorrupted in KiB, before */
	int fd;			/* of a file that two processes map */
};

FIXTURE(poison) {
	struct target t;
	struct target other;
	struct shared *s;
};

FIXTURE_SETUP(poison)
{
	self->t.fd = self->other.fd = -1;
	self->s = shared_alloc(sizeof(*self->s));
	ASSERT_NE(NULL, self->s);
	self->s->fd = -1;
	keep_pages_still();
}

FIXTURE_TEARDOWN(poison)
{
	target_stop(&self->other);
	target_stop(&self->t);
	if (self->s && self->s->fd >= 0)
		close(self->s->fd);
}

/* Told of the error like a process that touched the page. */
static void survive(int signal)
{
	(void)signal;
}

static int lose(struct shared *s, char *p, size_t size)
{
	signal(SIGBUS, survive);
	s->r = region_of(p, size);
	s->frame = pagemap_word(getpid(), (uintptr_t)p) & PM_FRAME;
	s->corrupted = meminfo("HardwareCorrupted");
	if (madvise(p + LOST * PAGE_SIZE, PAGE_SIZE, MADV_HWPOISON))
		return errno == EINVAL ? ENOSYS : errno;
	return 0;
}

static struct region lost_page(const struct shared *s)
{
	uint64_t at = s->r.start + LOST * PAGE_SIZE;

	return (struct region) { at, at + PAGE_SIZE };
}

/* What is lost of it all is one page of memory. */
static long lost_kib(const struct shared *s)
{
	return (long)meminfo("HardwareCorrupted") - s->corrupted;
}

/* Of the region one page is lost, and the others are as @rest says. */
static const char *check_one_lost(const struct target *t, const struct shared *s, uint64_t mask,
				  uint64_t rest)
{
	struct region lost = lost_page(s);
	struct region before = { s->r.start, lost.start }, after = { lost.end, s->r.end };
	const char *error;
	struct scan scan;

	error = leaf_check(t, &lost, MASK_STATE | VMSCOPE_ATTR_LEAF, STATE(HWPOISON) | LEAF(PTE));
	if (!error)
		error = leaf_check(t, &before, mask, rest);
	if (!error)
		error = leaf_check(t, &after, mask, rest);
	if (error)
		return error;
	if (scan_everything(t->fd, s->r.start, s->r.end, &scan))
		return "the scan failed";
	if (scan.tally[0].counter[VMSCOPE_STATE_HWPOISON] != 1 ||
	    tally_bytes(&scan.tally[0]) != s->r.end - s->r.start)
		error = "the tally has not one lost page";
	scan_free(&scan);
	return error;
}

/* The entry remembers the frame that was lost. */
static uint64_t frame_of(const struct target *t, uint64_t address)
{
	struct vmscope_translation r;

	return leaf_translate(t, address, &r) ? ~0ull : r.frame;
}

#define PRESENT_MASK	(VMSCOPE_ATTR_STATE | VMSCOPE_ATTR_LEAF | VMSCOPE_ATTR_ORDER)
#define PRESENT_SMALL	(STATE(PRESENT) | LEAF(PTE) | ORDER(0))

/* -------------------------------------------------------------- anonymous */

static int build_anon(void *arg, unsigned int step)
{
	char *p = map_anon(SIZE, PAGE_SIZE);

	(void)step;
	if (!p)
		return ENOMEM;
	touch(p, SIZE);
	return lose(arg, p, SIZE);
}

TEST_F(poison, anonymous_page)
{
	ASSERT_BUILT(target_start(&self->t, build_anon, self->s), "MADV_HWPOISON");
	EXPECT_SAME(check_one_lost(&self->t, self->s, PRESENT_MASK, PRESENT_SMALL));
	EXPECT_EQ(4, lost_kib(self->s));
}

static int build_thp(void *arg, unsigned int step)
{
	char *p = map_anon(PMD_SIZE, PMD_SIZE);
	int error;

	(void)step;
	if (!p)
		return ENOMEM;
	error = make_thp(p, PMD_SIZE);
	if (error)
		return error;
	/* Of a huge page that is split, pages of zeros alone become the zero page. */
	memset(p, 'v', PMD_SIZE);
	return lose(arg, p, PMD_SIZE);
}

/* The kernel splits it, and loses no more than has to be. */
TEST_F(poison, of_a_huge_page_one_small_page)
{
	ASSERT_BUILT(target_start(&self->t, build_thp, self->s), "a lost part of a huge page");
	EXPECT_SAME(check_one_lost(&self->t, self->s, PRESENT_MASK, PRESENT_SMALL));
	EXPECT_EQ(self->s->frame, frame_of(&self->t, self->s->r.start));
	EXPECT_EQ(self->s->frame + LOST, frame_of(&self->t, lost_page(self->s).start));
	EXPECT_EQ(4, lost_kib(self->s));
}

/* ---------------------------------------------------------------- hugetlb */

static int build_hugetlb(void *arg, unsigned int step)
{
	struct shared *s = arg;
	bool memfd = s->fd >= 0;
	char *p = map_at(PMD_SIZE, PMD_SIZE, PROT_READ | PROT_WRITE, memfd ? MAP_SHARED :
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB, s->fd);

	(void)step;
	if (!p)
		return ENOMEM;
	touch(p, PMD_SIZE);
	if (memfd && !s->theirs.end) {
		s->theirs = region_of(p, PMD_SIZE);
		return 0;
	}
	return lose(s, p, PMD_SIZE);
}

/* One page is lost, and nobody can get at any that its entry mapped. */
static const char *check_hugetlb(const struct target *t, const struct shared *s,
				 const struct region *r)
{
	/* and nothing is said of the frames, which others may have by now */
	const char *error = leaf_check(t, r, ~VMSCOPE_ATTR_SOFT_DIRTY,
				       STATE(HWPOISON) | KIND(HUGETLB) | LEAF(PMD));
	struct scan scan;

	if (error)
		return error;
	if (scan_everything(t->fd, r->start, r->end, &scan))
		return "the scan failed";
	if (scan.nr_extents != 1 || scan.extent[0].head.start != r->start ||
	    scan.extent[0].head.pages != PMD_SIZE / PAGE_SIZE)
		error = "not one extent of a huge page";
	if (scan.tally[0].counter[VMSCOPE_STATE_HWPOISON] != PMD_SIZE / PAGE_SIZE ||
	    tally_bytes(&scan.tally[0]) != PMD_SIZE)
		error = "the tally has not one lost huge page";
	scan_free(&scan);
	return !error && frame_of(t, r->start) != s->frame ? "another frame" : error;
}

TEST_F(poison, hugetlb_page_as_a_whole)
{
	int error = hugetlb_reserve(PMD_SIZE, 1);

	if (error)
		SKIP(return, "a huge page: %s", strerror(error));
	ASSERT_BUILT(target_start(&self->t, build_hugetlb, self->s), "a lost hugetlb page");
	EXPECT_SAME(check_hugetlb(&self->t, self->s, &self->s->r));
	EXPECT_EQ(4, lost_kib(self->s));
	target_stop(&self->t);
	hugetlb_release(PMD_SIZE);
}

TEST_F(poison, hugetlb_page_in_every_mapping)
{
	int error = hugetlb_reserve(PMD_SIZE, 1);

	if (error)
		SKIP(return, "a huge page: %s", strerror(error));
	self->s->fd = memfd_create("huge", MFD_CLOEXEC | MFD_HUGETLB | MAP_HUGE_2MB);
	ASSERT_LE(0, self->s->fd);
	ASSERT_EQ(0, ftruncate(self->s->fd, PMD_SIZE));
	ASSERT_BUILT(target_start(&self->other, build_hugetlb, self->s), "mmap");
	ASSERT_BUILT(target_start(&self->t, build_hugetlb, self->s), "a lost hugetlb page");
	EXPECT_SAME(check_hugetlb(&self->t, self->s, &self->s->r));
	EXPECT_SAME(check_hugetlb(&self->other, self->s, &self->s->theirs));
	EXPECT_EQ(4, lost_kib(self->s));
	target_stop(&self->other);
	target_stop(&self->t);
	close(self->s->fd);
	self->s->fd = -1;
	hugetlb_release(PMD_SIZE);
}

/* ------------------------------------------------------------------ files */

static char *map_shared(const struct shared *s)
{
	return map_file(SIZE, PAGE_SIZE, MAP_SHARED, s->fd);
}

/* The other process maps the file, and reads it; or only looks at it later. */
static int build_reader(void *arg, unsigned int step)
{
	struct shared *s = arg;
	char *p = step ? (char *)(uintptr_t)s->theirs.start : map_shared(s);

	if (!p)
		return ENOMEM;
	s->theirs = region_of(p, SIZE);
	read_all(p, SIZE);
	return 0;
}

static int build_writer(void *arg, unsigned int step)
{
	struct shared *s = arg;
	char *p = map_shared(s);

	(void)step;
	if (!p)
		return ENOMEM;
	touch(p, SIZE);
	return lose(s, p, SIZE);
}

static int build_clean(void *arg, unsigned int step)
{
	struct shared *s = arg;
	char *p = map_shared(s);

	(void)step;
	if (!p)
		return ENOMEM;
	read_all(p, SIZE);
	return lose(s, p, SIZE);
}

static struct shared in_their_eyes(const struct shared *s)
{
	struct shared theirs = *s;

	theirs.r = s->theirs;
	return theirs;
}

/*
 * What was only in memory is gone: a page that was written to, and any of tmpfs
 * (mm/memory-failure.c:unmap_poisoned_folio()). Whoever mapped it is told.
 */
static void check_in_every_mapping(struct __test_metadata *_metadata, struct target *t,
				   struct target *other, struct shared *s)
{
	struct shared theirs;

	ASSERT_BUILT(target_start(other, build_reader, s), "mmap");
	ASSERT_BUILT(target_start(t, build_writer, s), "a lost page of a file");
	theirs = in_their_eyes(s);
	EXPECT_SAME(check_one_lost(t, s, PRESENT_MASK, PRESENT_SMALL));
	EXPECT_SAME(check_one_lost(other, &theirs, PRESENT_MASK, PRESENT_SMALL));
	EXPECT_EQ(frame_of(t, lost_page(s).start), frame_of(other, lost_page(&theirs).start));
	EXPECT_EQ(4, lost_kib(s));
}

TEST_F(poison, page_of_tmpfs_in_every_mapping)
{
	self->s->fd = file_on("tmpfs", SIZE);
	if (self->s->fd < 0)
		SKIP(return, "tmpfs: %s", strerror(-self->s->fd));
	check_in_every_mapping(_metadata, &self->t, &self->other, self->s);
}

TEST_F(poison, dirty_page_of_a_disk_in_every_mapping)
{
	self->s->fd = file_on("ext4", SIZE);
	if (self->s->fd < 0)
		SKIP(return, "ext4: %s", strerror(-self->s->fd));
	check_in_every_mapping(_metadata, &self->t, &self->other, self->s);
}

/* The disk still has it: nobody loses anything, and whoever reads it gets another frame. */
TEST_F(poison, clean_page_of_a_disk_is_only_dropped)
{
	struct region lost, theirs;
	struct shared other;
	uint64_t frame;

	self->s->fd = file_on("ext4", SIZE);
	if (self->s->fd < 0)
		SKIP(return, "ext4: %s", strerror(-self->s->fd));
	ASSERT_BUILT(target_start(&self->other, build_reader, self->s), "mmap");
	frame = frame_of(&self->other, self->s->theirs.start + LOST * PAGE_SIZE);
	ASSERT_BUILT(target_start(&self->t, build_clean, self->s), "a lost page of a file");
	other = in_their_eyes(self->s);
	lost = lost_page(self->s);
	theirs = lost_page(&other);
	EXPECT_SAME(leaf_check(&self->t, &lost, MASK_STATE, STATE(NONE)));
	EXPECT_SAME(leaf_check(&self->other, &theirs, MASK_STATE, STATE(NONE)));
	EXPECT_EQ(4, lost_kib(self->s));
	ASSERT_EQ(0, target_step(&self->other, 1));
	EXPECT_SAME(leaf_check(&self->other, &theirs, PRESENT_MASK, PRESENT_SMALL));
	EXPECT_NE(frame, frame_of(&self->other, theirs.start));
}

/*
 * For host.sh: a page of each kind is lost, until standard input ends. Where they
 * are, and 0 for what this machine cannot, goes to standard output.
 */
static int hold(void)
{
	static int (* const build[])(void *, unsigned int) = {
		build_anon, build_thp, build_hugetlb, build_writer,
	};
	char c;

	keep_pages_still();
	hugetlb_reserve(PMD_SIZE, 1);
	for (size_t i = 0; i < ARRAY_SIZE(build); i++) {
		struct shared s = { .fd = i < 3 ? -1 : file_on("tmpfs", SIZE) };
		uint64_t at = 0;

		if (!build[i](&s, 0))
			at = i == 2 ? s.r.start : lost_page(&s).start;
		printf("%lx%c", (unsigned long)at, i < 3 ? ' ' : '\n');
	}
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	return 0;
}

VMSCOPE_TEST_MAIN_OR(hold)
