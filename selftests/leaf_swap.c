// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Leaf kinds of memory that was moved out to swap, anonymous and shmem; knows
 * nothing of other entries that are not present.
 */
#include "kselftest_harness.h"
#include "leaf.h"

#define SIZE	(64 * PAGE_SIZE)

FIXTURE(swap) {
	struct target t;
	struct region *r;
};

FIXTURE_SETUP(swap)
{
	int error = swap_on();

	self->t.fd = -1;
	self->r = shared_alloc(2 * sizeof(*self->r));
	ASSERT_NE(NULL, self->r);
	if (error)
		SKIP(return, "swap in zram: %s", strerror(error));
}

FIXTURE_TEARDOWN(swap)
{
	target_stop(&self->t);
}

static int anon_out(struct region *r)
{
	char *p = map_anon(SIZE, PAGE_SIZE);

	if (!p)
		return ENOMEM;
	*r = region_of(p, SIZE);
	touch(p, SIZE);
	return page_out(p, SIZE);
}

static int build_anon(void *arg, unsigned int step)
{
	struct region *r = arg;

	if (!step)
		return anon_out(r);
	/* bring half of it back */
	read_all((char *)r->start, SIZE / 2);
	return 0;
}

TEST_F(swap, anon_is_swapped_exclusive)
{
	ASSERT_BUILT(target_start(&self->t, build_anon, self->r), "MADV_PAGEOUT");
	EXPECT_SAME(leaf_check(&self->t, self->r,
			       MASK_STATE | VMSCOPE_ATTR_SWAP_EXCLUSIVE,
			       STATE(SWAPPED) | VMSCOPE_ATTR_SWAP_EXCLUSIVE));
}

TEST_F(swap, read_back_is_present_again)
{
	struct region half;

	ASSERT_BUILT(target_start(&self->t, build_anon, self->r), "MADV_PAGEOUT");
	ASSERT_EQ(0, target_step(&self->t, 1));
	half = (struct region) { self->r->start, self->r->start + SIZE / 2 };
	EXPECT_SAME(leaf_check(&self->t, &half, MASK_STATE | VMSCOPE_ATTR_LEAF,
			       STATE(PRESENT) | LEAF(PTE)));
	/* Readahead may have brought in more than was read, mapped or not. */
	half = (struct region) { self->r->start, self->r->end };
	EXPECT_SAME(leaf_check(&self->t, &half, 0, 0));
}

static int build_forked(void *arg, unsigned int step)
{
	(void)step;
	if (anon_out(arg))
		return EBUSY;
	return fork_waiting() < 0 ? errno : 0;
}

TEST_F(swap, forked_is_not_exclusive)
{
	ASSERT_BUILT(target_start(&self->t, build_forked, self->r), "MADV_PAGEOUT");
	EXPECT_SAME(leaf_check(&self->t, self->r,
			       MASK_STATE | VMSCOPE_ATTR_SWAP_EXCLUSIVE,
			       STATE(SWAPPED)));
}

static int build_soft_dirty(void *arg, unsigned int step)
{
	int error = build_anon(arg, step);

	return error ? error : write_file("/proc/self/clear_refs", "4");
}

TEST_F(swap, soft_dirty_of_a_swap_entry)
{
	if (!(vmscope_info()->features & VMSCOPE_FEATURE_SOFT_DIRTY))
		SKIP(return, "this kernel has no soft-dirty bits");
	ASSERT_BUILT(target_start(&self->t, build_soft_dirty, self->r),
		     "MADV_PAGEOUT");
	EXPECT_SAME(leaf_check(&self->t, self->r, MASK_STATE, STATE(SWAPPED)));
}

/* ----------------------------------------------------------------- shmem */

static int shmem_out(char *p, size_t size)
{
	unsigned char in[SIZE / PAGE_SIZE];
	size_t i, left = 1;
	int try;

	for (try = 0; try < 50 && left; try++) {
		settle();
		if (madvise(p, size, MADV_PAGEOUT) || mincore(p, size, in))
			return errno;
		for (left = 0, i = 0; i < size / PAGE_SIZE; i++)
			left += in[i] & 1;
		usleep(20000);
	}
	return left ? EBUSY : 0;
}

/* Fill an object by the mapping of all of it, and have all of it in swap. */
static int object_out(char *p)
{
	touch(p, SIZE);
	return shmem_out(p, SIZE);
}

static int build_shmem(void *arg, unsigned int step)
{
	struct region *r = arg;
	char *p;

	(void)step;
	p = map_file(SIZE, PAGE_SIZE, MAP_SHARED | MAP_ANONYMOUS, -1);
	if (!p)
		return ENOMEM;
	*r = region_of(p, SIZE);
	return object_out(p);
}

/* An object of which all is mapped shared at @p; its descriptor, or -1 and errno. */
static int new_object(char **p)
{
	int fd = memfd_create("object", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, SIZE))
		return -1;
	*p = map_file(SIZE, PAGE_SIZE, MAP_SHARED, fd);
	return *p ? fd : -1;
}

/* Map a part of it once more, untouched. */
static int map_part(int fd, uint64_t from, uint64_t size, struct region *r)
{
	char *p = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, from);

	if (p == MAP_FAILED)
		return errno;
	*r = region_of(p, size);
	return 0;
}

/* There is no entry: only the object knows. */
TEST_F(swap, shmem_has_no_entry_and_is_counted)
{
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_shmem, self->r), "MADV_PAGEOUT");
	EXPECT_SAME(leaf_check(&self->t, self->r, MASK_STATE, STATE(NONE)));
	ASSERT_EQ(0, scan_everything(self->t.fd, self->r->start, self->r->end, &s));
	ASSERT_EQ(1, s.nr_tallies);
	EXPECT_EQ(SIZE / PAGE_SIZE, s.tally[0].counter[VMSCOPE_COUNT_SHMEM_SWAP]);
	EXPECT_EQ(0, s.tally[0].counter[VMSCOPE_STATE_SWAPPED]);
	scan_free(&s);
}

/*
 * Of an object, the process maps the second quarter only: what is in swap
 * outside it is not this process's.
 */
static int build_window(void *arg, unsigned int step)
{
	int fd, error;
	char *p;

	(void)step;
	fd = new_object(&p);
	if (fd < 0)
		return errno;
	error = object_out(p);
	munmap(p, SIZE);
	return error ? error : map_part(fd, SIZE / 4, SIZE / 4, arg);
}

TEST_F(swap, shmem_partly_mapped_counts_its_window)
{
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_window, self->r), "MADV_PAGEOUT");
	EXPECT_SAME(leaf_check(&self->t, self->r, MASK_STATE, STATE(NONE)));
	ASSERT_EQ(0, scan_everything(self->t.fd, self->r->start, self->r->end, &s));
	ASSERT_EQ(1, s.nr_tallies);
	EXPECT_EQ(SIZE / 4 / PAGE_SIZE,
		  s.tally[0].counter[VMSCOPE_COUNT_SHMEM_SWAP]);
	scan_free(&s);
}

/* Half of a private mapping of shmem is copied, the object is in swap. */
static int build_private(void *arg, unsigned int step)
{
	struct region *r = arg;
	char *p, *copy;
	int fd, error;

	(void)step;
	fd = new_object(&p);
	if (fd < 0)
		return errno;
	copy = map_file(SIZE, PAGE_SIZE, MAP_PRIVATE, fd);
	if (!copy)
		return ENOMEM;
	touch(copy, SIZE / 2);
	error = object_out(p);
	munmap(p, SIZE);
	*r = region_of(copy, SIZE);
	return error;
}

TEST_F(swap, shmem_mapped_private_agrees_with_smaps)
{
	ASSERT_BUILT(target_start(&self->t, build_private, self->r), "MADV_PAGEOUT");
	EXPECT_SAME(leaf_check(&self->t, self->r, 0, 0));
}

/* ------------------------------------------------- where the object's pages are */

#define SHMEM_KEY	(VMSCOPE_ATTR_STATE | VMSCOPE_ATTR_SHMEM_SWAPPED | \
			 VMSCOPE_KEY_FRAME)
#define PAGES		(SIZE / PAGE_SIZE)

/*
 * The slots of a region's pages where the object's page is in swap, otherwise 0,
 * which is that of the area's header. NULL or what is wrong.
 */
static const char *read_slots(const struct target *t, const struct region *r,
			      uint64_t budget, size_t buffer_size, uint64_t *slot)
{
	struct scan s = {
		.start = r->start, .end = r->end, .key = SHMEM_KEY,
		.records = RECORD(EXTENT) | RECORD(TALLY),
		.budget = budget, .buffer_size = buffer_size,
	};
	int error = scan_run(t->fd, &s);
	const char *text = error ? "the scan failed" : NULL;
	uint64_t pages = 0;
	size_t i;

	for (i = 0; i < (r->end - r->start) / PAGE_SIZE; i++) {
		struct scan_page page;

		slot[i] = 0;
		if (text || !scan_page(&s, r->start + i * PAGE_SIZE, &page))
			continue;
		if (page.attributes == VMSCOPE_STATE_NONE)
			text = "a page without an entry that is not SHMEM_SWAPPED";
		if (page.attributes != VMSCOPE_ATTR_SHMEM_SWAPPED)
			continue;
		slot[i] = page.frame | (uint64_t)page.swap_type << 56;
		pages++;
	}
	if (!text && pages != s.tally[0].counter[VMSCOPE_COUNT_SHMEM_SWAP])
		text = "the tally counts other pages than the extents hold";
	scan_free(&s);
	return text;
}

static int build_two(void *arg, unsigned int step)
{
	struct region *r = arg;
	int fd, error;
	char *p;

	(void)step;
	fd = new_object(&p);
	if (fd < 0)
		return errno;
	error = object_out(p);
	r[0] = region_of(p, SIZE);
	return error ? error : map_part(fd, SIZE / 4, SIZE / 4, &r[1]);
}

TEST_F(swap, shmem_slots_are_those_of_the_object)
{
	uint64_t all[PAGES], window[PAGES / 4];
	size_t i, k;

	ASSERT_BUILT(target_start(&self->t, build_two, self->r), "MADV_PAGEOUT");
	EXPECT_SAME(read_slots(&self->t, &self->r[0], 0, 0, all));
	EXPECT_SAME(read_slots(&self->t, &self->r[1], 0, 0, window));
	for (i = 0; i < PAGES; i++) {
		EXPECT_NE(0, all[i]);
		for (k = 0; k < i; k++)
			EXPECT_NE(all[k], all[i]);
	}
	for (i = 0; i < PAGES / 4; i++)
		EXPECT_EQ(all[PAGES / 4 + i], window[i]);
	EXPECT_SAME(leaf_check(&self->t, &self->r[1],
			       MASK_STATE | VMSCOPE_ATTR_SHMEM_SWAPPED,
			       STATE(NONE) | VMSCOPE_ATTR_SHMEM_SWAPPED));
}

TEST_F(swap, shmem_slots_in_many_calls)
{
	uint64_t whole[PAGES], parts[PAGES];

	ASSERT_BUILT(target_start(&self->t, build_two, self->r), "MADV_PAGEOUT");
	EXPECT_SAME(read_slots(&self->t, self->r, 0, 0, whole));
	EXPECT_SAME(read_slots(&self->t, self->r, 1, 0, parts));
	EXPECT_EQ(0, memcmp(whole, parts, sizeof(whole)));
	EXPECT_SAME(read_slots(&self->t, self->r, 0, 1400, parts));
	EXPECT_EQ(0, memcmp(whole, parts, sizeof(whole)));
}

/* Every other page of the object is there, and the process maps none of them. */
static int build_alternate(void *arg, unsigned int step)
{
	int fd, error = 0;
	size_t i;
	char *p;

	(void)step;
	fd = new_object(&p);
	if (fd < 0)
		return errno;
	madvise(p, SIZE, MADV_RANDOM);
	for (i = 0; i < PAGES; i += 2)
		touch(p + i * PAGE_SIZE, PAGE_SIZE);
	settle();
	for (i = 0; i < PAGES && !error; i += 4)
		error = shmem_out(p + i * PAGE_SIZE, PAGE_SIZE);
	munmap(p, SIZE);
	return error ? error : map_part(fd, 0, SIZE, arg);
}

TEST_F(swap, shmem_of_a_known_pattern)
{
	uint64_t slot[PAGES];
	size_t i;

	ASSERT_BUILT(target_start(&self->t, build_alternate, self->r), "MADV_PAGEOUT");
	EXPECT_SAME(read_slots(&self->t, self->r, 0, 0, slot));
	for (i = 0; i < PAGES; i++)
		EXPECT_EQ(i % 4 == 0, !!slot[i]);
}

TEST_F(swap, shmem_is_left_alone_unless_asked)
{
	struct scan s = {
		.records = RECORD(EXTENT), .key = VMSCOPE_ATTR_STATE | VMSCOPE_KEY_FRAME,
	};

	ASSERT_BUILT(target_start(&self->t, build_two, self->r), "MADV_PAGEOUT");
	s.start = self->r->start;
	s.end = self->r->end;
	ASSERT_EQ(0, scan_run(self->t.fd, &s));
	EXPECT_EQ(0, s.nr_extents);
	scan_free(&s);
}

/* Copies hide the object's pages, in swap or not. */
TEST_F(swap, shmem_behind_copies_is_not_this_mappings)
{
	uint64_t slot[PAGES];
	size_t i;

	ASSERT_BUILT(target_start(&self->t, build_private, self->r), "MADV_PAGEOUT");
	EXPECT_SAME(read_slots(&self->t, self->r, 0, 0, slot));
	for (i = 0; i < PAGES; i++)
		EXPECT_EQ(i >= PAGES / 2, !!slot[i]);
}

/* For lockdown.sh: pages in swap, until standard input ends. */
static int hold(void)
{
	struct region r;
	char c;

	if (swap_on() || anon_out(&r))
		return 1;
	puts("held");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	return 0;
}

VMSCOPE_TEST_MAIN_OR(hold)
