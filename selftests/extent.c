// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How many extents pages alike take: frames in any order are listed, frames in a
 * row are a run, and what is outside the key parts nothing. Knows nothing of
 * what the pages are.
 */
#include "kselftest_harness.h"
#include "leaf.h"

#define PAGES		(PMD_SIZE / PAGE_SIZE)
/* How neighbours are grouped may differ a little from one reader to another. */
#define FEW		8
#define MANY		(PAGES / 8)

/* Steps of a target. */
enum { BUILD, AGAIN, ACCESS };

struct shared {
	struct region r;
};

HUGE_FIXTURE(extent)

/* The numbers of all pages, in an order that is another one for each @seed. */
static void shuffle(unsigned int *order, unsigned int seed)
{
	unsigned int i, j;

	srand(seed);
	for (i = 0; i < PAGES; i++) {
		j = rand() % (i + 1);
		order[i] = order[j];
		order[j] = i;
	}
}

/*
 * Half of the pages, any of them, have been accessed, and no page is written to
 * or moved. That a protection is taken away makes the processor forget what it
 * knows of the entries, or it would not mark them again.
 */
static int access_half(char *p)
{
	unsigned int order[PAGES] = { 0 };
	unsigned int i;
	int error;

	shuffle(order, 1);
	error = write_file("/proc/self/clear_refs", "1");
	if (error)
		return error;
	if (mprotect(p, PMD_SIZE, PROT_READ))
		return errno;
	for (i = 0; i < PAGES / 2; i++)
		if (order[i] != PAGES - 1)
			read_all(p + order[i] * PAGE_SIZE, PAGE_SIZE);
	return 0;
}

/* Pages are given in the order in which they are touched, or near to it. */
static int build_scattered(void *arg, unsigned int step)
{
	static unsigned int seed = 2;
	unsigned int order[PAGES] = { 0 };
	struct shared *s = arg;
	char *p = (char *)s->r.start;
	unsigned int i;

	if (step == ACCESS)
		return access_half(p);
	if (step == BUILD) {
		p = map_anon(PMD_SIZE, PMD_SIZE);
		if (!p)
			return ENOMEM;
		s->r = region_of(p, PMD_SIZE);
	}
	madvise(p, PMD_SIZE, MADV_DONTNEED);
	shuffle(order, seed++);
	for (i = 0; i < PAGES; i++)
		touch(p + order[i] * PAGE_SIZE, PAGE_SIZE);
	return 0;
}

/* A huge page that lost its last page is mapped by PTEs, its frames in a row. */
static int build_in_a_row(void *arg, unsigned int step)
{
	struct shared *s = arg;
	char *p = (char *)s->r.start;
	int error;

	if (step == ACCESS)
		return access_half(p);
	p = map_anon(PMD_SIZE, PMD_SIZE);
	if (!p)
		return ENOMEM;
	s->r = region_of(p, PMD_SIZE - PAGE_SIZE);
	error = make_thp(p, PMD_SIZE);
	if (error)
		return error;
	/* khugepaged would make it whole again, in other frames */
	return madvise(p, PMD_SIZE, MADV_NOHUGEPAGE) ||
	       madvise(p + PMD_SIZE - PAGE_SIZE, PAGE_SIZE, MADV_DONTNEED) ?
	       errno : 0;
}

/* The most pages with consecutive frames, as pagemap has it; 0 where some have none. */
static size_t longest_row(pid_t pid, const struct region *r)
{
	size_t i, pages = (r->end - r->start) / PAGE_SIZE, row = 1, longest = 1;
	uint64_t words[PAGES];

	if (pagemap_read(pid, r->start, pages, words))
		return 0;
	for (i = 0; i < pages; i++) {
		if (!(words[i] & PM_PRESENT))
			return 0;
		row = i && (words[i] & PM_FRAME) == (words[i - 1] & PM_FRAME) + 1 ?
		      row + 1 : 1;
		longest = row > longest ? row : longest;
	}
	return longest;
}

static int start_scattered(struct target *t, struct shared *s)
{
	int i, error = target_start(t, build_scattered, s);
	size_t row = longest_row(t->pid, &s->r);

	for (i = 0; !error && (!row || row > 4) && i < 20; i++) {
		error = target_step(t, AGAIN);
		row = longest_row(t->pid, &s->r);
	}
	return error ? error : row && row <= 4 ? 0 : EAGAIN;
}

/* All pages are there with the frames that pagemap has, in few extents like this. */
static void expect_few(struct __test_metadata *_metadata, FIXTURE_DATA(extent) *self,
		       uint32_t flags, enum vmscope_encoding encoding)
{
	struct scan s = {
		.start = self->s->r.start, .end = self->s->r.end, .flags = flags,
		.records = RECORD(EXTENT),
		.key = VMSCOPE_ATTR_STATE | VMSCOPE_KEY_FRAME,
	};
	uint64_t words[PAGES], pages = (s.end - s.start) / PAGE_SIZE;
	struct scan_page page;
	size_t i;

	ASSERT_EQ(0, pagemap_read(self->t.pid, s.start, pages, words));
	ASSERT_EQ(0, scan_run(self->t.fd, &s)) TH_LOG("%s", s.error);
	EXPECT_LE(1, s.nr_extents);
	EXPECT_GE(FEW, s.nr_extents);
	for (i = 0; i < s.nr_extents; i++)
		ASSERT_EQ(encoding, s.extent[i].head.encoding)
			TH_LOG("extent %zu of %u pages", i, s.extent[i].head.pages);
	for (i = 0; i < pages; i++) {
		ASSERT_TRUE(scan_page(&s, s.start + i * PAGE_SIZE, &page));
		ASSERT_EQ(words[i] & PM_FRAME, page.frame);
		ASSERT_EQ(STATE(PRESENT), page.attributes);
	}
	scan_free(&s);
}

/* In the key the accessed bit parts pages: that it differs is no assumption. */
static void expect_many_by_accessed(struct __test_metadata *_metadata,
				    FIXTURE_DATA(extent) *self)
{
	struct scan s = {
		.start = self->s->r.start, .end = self->s->r.end,
		.records = RECORD(EXTENT),
		.key = VMSCOPE_ATTR_STATE | VMSCOPE_ATTR_YOUNG,
	};

	ASSERT_EQ(0, scan_run(self->t.fd, &s)) TH_LOG("%s", s.error);
	EXPECT_LE(MANY, s.nr_extents);
	scan_free(&s);
}

static void expect_few_either_way(struct __test_metadata *_metadata,
				  FIXTURE_DATA(extent) *self,
				  enum vmscope_encoding encoding)
{
	expect_few(_metadata, self, 0, encoding);
	expect_few(_metadata, self, VMSCOPE_SCAN_PLAIN, encoding);
}

TEST_F(extent, scattered_frames_are_a_list)
{
	ASSERT_EQ(0, start_scattered(&self->t, self->s));
	expect_few_either_way(_metadata, self, VMSCOPE_FRAMES_LIST);
}

TEST_F(extent, frames_in_a_row_are_a_run)
{
	ASSERT_BUILT(target_start(&self->t, build_in_a_row, self->s), "huge page");
	ASSERT_EQ(PAGES - 1, longest_row(self->t.pid, &self->s->r));
	expect_few_either_way(_metadata, self, VMSCOPE_FRAMES_RUN);
}

TEST_F(extent, accessed_bits_outside_the_key_part_no_list)
{
	ASSERT_EQ(0, start_scattered(&self->t, self->s));
	ASSERT_EQ(0, target_step(&self->t, ACCESS));
	expect_many_by_accessed(_metadata, self);
	expect_few_either_way(_metadata, self, VMSCOPE_FRAMES_LIST);
}

TEST_F(extent, accessed_bits_outside_the_key_part_no_run)
{
	ASSERT_BUILT(target_start(&self->t, build_in_a_row, self->s), "huge page");
	ASSERT_EQ(0, target_step(&self->t, ACCESS));
	ASSERT_EQ(PAGES - 1, longest_row(self->t.pid, &self->s->r));
	expect_many_by_accessed(_metadata, self);
	expect_few_either_way(_metadata, self, VMSCOPE_FRAMES_RUN);
}

VMSCOPE_TEST_MAIN
