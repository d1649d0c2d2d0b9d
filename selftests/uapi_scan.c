// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What VMSCOPE_SCAN accepts, refuses and promises about ranges, buffers,
 * restarts and keys; knows nothing of kinds of memory.
 */
#include "kselftest_harness.h"
#include "leaf.h"

#define SIZE		(64 * PAGE_SIZE)

FIXTURE(scan) {
	struct target t;
	struct region *r;
	struct vmscope_scan arg;
	char *buffer;
};

/* Pages touched in threes, so that there are many extents. */
static int build(void *arg, unsigned int step)
{
	struct region *r = arg;
	char *p = map_anon(SIZE, PAGE_SIZE);
	size_t i;

	(void)step;
	for (i = 0; i < SIZE; i += 4 * PAGE_SIZE)
		touch(p + i, 3 * PAGE_SIZE);
	*r = region_of(p, SIZE);
	return 0;
}

FIXTURE_SETUP(scan)
{
	self->r = shared_alloc(sizeof(*self->r));
	self->buffer = mmap(NULL, 2 * MIB, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_EQ(0, target_start(&self->t, build, self->r));
	self->arg = (struct vmscope_scan) {
		.size = sizeof(self->arg),
		.start = self->r->start, .end = self->r->end,
		.buffer = (uintptr_t)self->buffer, .buffer_size = MIB,
		.records = RECORD(VMA) | RECORD(TALLY) | RECORD(EXTENT),
		.key = scan_full_key(),
	};
}

FIXTURE_TEARDOWN(scan)
{
	target_stop(&self->t);
}

static int call(FIXTURE_DATA(scan) *self)
{
	return vmscope_ioctl(self->t.fd, VMSCOPE_SCAN, &self->arg);
}

/* ----------------------------------------------------------------- ranges */

TEST_F(scan, unaligned_start_is_einval)
{
	self->arg.start += 1;
	EXPECT_EQ(-EINVAL, call(self));
	self->arg.start += 2047;
	EXPECT_EQ(-EINVAL, call(self));
}

TEST_F(scan, unaligned_end_is_einval)
{
	self->arg.end -= 1;
	EXPECT_EQ(-EINVAL, call(self));
	self->arg.end = ~0ull;
	EXPECT_EQ(-EINVAL, call(self));
}

TEST_F(scan, reversed_range_is_einval)
{
	self->arg.start = self->r->end;
	self->arg.end = self->r->start;
	EXPECT_EQ(-EINVAL, call(self));
}

TEST_F(scan, empty_range_is_einval)
{
	self->arg.end = self->arg.start;
	EXPECT_EQ(-EINVAL, call(self));
}

TEST_F(scan, end_beyond_the_address_space_is_ignored)
{
	self->arg.end = -PAGE_SIZE;
	ASSERT_EQ(0, call(self));
	EXPECT_NE(0, self->arg.nr_records);
	EXPECT_EQ(self->arg.end, self->arg.next);
}

TEST_F(scan, range_wholly_outside_has_no_records)
{
	self->arg.start = vmscope_info()->task_size;
	self->arg.end = -PAGE_SIZE;
	ASSERT_EQ(0, call(self));
	EXPECT_EQ(0, self->arg.nr_records);
	EXPECT_EQ(0, self->arg.used);
	EXPECT_EQ(self->arg.end, self->arg.next);
	/* Not even where the kernel's own addresses are. */
	self->arg.start = 1ull << 63;
	ASSERT_EQ(0, call(self));
	EXPECT_EQ(0, self->arg.nr_records);
}

TEST_F(scan, range_without_vmas_has_no_records)
{
	self->arg.start = self->r->start - PAGE_SIZE;
	self->arg.end = self->r->start;
	ASSERT_EQ(0, call(self));
	EXPECT_EQ(0, self->arg.nr_records);
	EXPECT_EQ(self->arg.end, self->arg.next);
}

TEST_F(scan, range_inside_a_vma_is_cut)
{
	struct scan s;

	ASSERT_EQ(0, scan_everything(self->t.fd, self->r->start + 5 * PAGE_SIZE,
				     self->r->end - 5 * PAGE_SIZE, &s));
	ASSERT_EQ(1, s.nr_vmas);
	ASSERT_EQ(1, s.nr_tallies);
	EXPECT_EQ(self->r->start, s.vma[0].head.start);
	EXPECT_EQ(self->r->end, s.vma[0].head.end);
	EXPECT_EQ(self->r->start + 5 * PAGE_SIZE, s.tally[0].start);
	EXPECT_EQ(self->r->end - 5 * PAGE_SIZE, s.tally[0].end);
	EXPECT_TRUE(s.tally[0].marks & VMSCOPE_MARK_PART);
	EXPECT_SAME(sums_check(&s));
	scan_free(&s);
}

/* ------------------------------------------------------- records and keys */

TEST_F(scan, no_records_is_einval)
{
	self->arg.records = 0;
	self->arg.key = 0;
	EXPECT_EQ(-EINVAL, call(self));
}

TEST_F(scan, unknown_records_are_eopnotsupp)
{
	int bit;

	for (bit = 0; bit < 64; bit++) {
		if (vmscope_info()->records >> bit & 1)
			continue;
		self->arg.records = RECORD(TALLY) | RECORD(EXTENT) | 1ull << bit;
		EXPECT_EQ(-EOPNOTSUPP, call(self)) TH_LOG("bit %d", bit);
	}
}

TEST_F(scan, unknown_key_bits_are_eopnotsupp)
{
	int bit;

	for (bit = 0; bit < 64; bit++) {
		if (vmscope_info()->key >> bit & 1)
			continue;
		self->arg.key = VMSCOPE_ATTR_STATE | 1ull << bit;
		EXPECT_EQ(-EOPNOTSUPP, call(self)) TH_LOG("bit %d", bit);
	}
}

TEST_F(scan, extents_without_key_is_einval)
{
	self->arg.key = 0;
	EXPECT_EQ(-EINVAL, call(self));
}

TEST_F(scan, key_without_extents_is_einval)
{
	self->arg.records = RECORD(VMA) | RECORD(TALLY);
	EXPECT_EQ(-EINVAL, call(self));
}

TEST_F(scan, each_set_of_records_gives_only_them)
{
	uint64_t set;
	struct scan s;

	for (set = 1; set < 16; set++) {
		memset(&s, 0, sizeof(s));
		s.start = self->r->start;
		s.end = self->r->end;
		s.records = set << 1;
		s.key = s.records & RECORD(EXTENT) ? VMSCOPE_ATTR_STATE : 0;
		/* scan_run() refuses records that were not asked for. */
		ASSERT_EQ(0, scan_run(self->t.fd, &s)) TH_LOG("%s", s.error);
		EXPECT_EQ(s.records & RECORD(VMA) ? 1 : 0, s.nr_vmas);
		EXPECT_EQ(s.records & RECORD(TALLY) ? 1 : 0, s.nr_tallies);
		EXPECT_EQ(s.records & RECORD(EXTENT) ? SIZE / PAGE_SIZE / 4 : 0,
			  s.nr_extents);
		scan_free(&s);
	}
}

TEST_F(scan, holes_stand_between_extents)
{
	struct scan s;

	memset(&s, 0, sizeof(s));
	s.start = self->r->start;
	s.end = self->r->end;
	s.records = RECORD(EXTENT);
	s.key = VMSCOPE_ATTR_STATE;
	s.flags = VMSCOPE_SCAN_HOLES;
	ASSERT_EQ(0, scan_run(self->t.fd, &s)) TH_LOG("%s", s.error);
	ASSERT_EQ(SIZE / PAGE_SIZE / 2, s.nr_extents);
	EXPECT_EQ(3, s.extent[0].head.pages);
	EXPECT_EQ(VMSCOPE_STATE_NONE, s.extent[1].head.attributes);
	EXPECT_EQ(1, s.extent[1].head.pages);
	EXPECT_EQ(VMSCOPE_FRAMES_NONE, s.extent[1].head.encoding);
	scan_free(&s);
}

/* ---------------------------------------------------------------- buffers */

/*
 * A buffer of every small size: it either holds the next record, or EMSGSIZE
 * says how many bytes that needs, and so many are enough.
 */
TEST_F(scan, every_small_buffer)
{
	uint64_t size;

	for (size = 0; size <= 512; size++) {
		int error;

		self->arg.buffer_size = size;
		error = call(self);
		ASSERT_TRUE(error == 0 || error == -EMSGSIZE)
			TH_LOG("size %lu: %d", (unsigned long)size, error);
		if (!error) {
			EXPECT_GE(size, self->arg.used);
			EXPECT_LT(self->arg.start, self->arg.next);
			continue;
		}
		EXPECT_LT(size, self->arg.used);
		self->arg.buffer_size = self->arg.used;
		EXPECT_EQ(0, call(self)) TH_LOG("size %lu, needed %llu",
						(unsigned long)size, self->arg.used);
	}
}

/* Nothing is lost when each call asks for just what the next record needs. */
TEST_F(scan, smallest_sufficient_buffers_lose_nothing)
{
	uint64_t pages = 0, tallied = 0, calls = 0;
	struct vmscope_scan *arg = &self->arg;

	arg->records = RECORD(TALLY) | RECORD(EXTENT);
	arg->key = VMSCOPE_ATTR_STATE;
	while (arg->start < arg->end) {
		const struct vmscope_record *r;
		uint64_t used = 0;

		ASSERT_GT(1000, ++calls);
		arg->buffer_size = 0;
		ASSERT_EQ(-EMSGSIZE, call(self));
		arg->buffer_size = arg->used;
		ASSERT_EQ(0, call(self));
		for (; used < arg->used; used += r->size) {
			r = (void *)(self->buffer + used);
			if (r->type == VMSCOPE_RECORD_EXTENT)
				pages += ((struct vmscope_extent *)r)->pages;
			else
				tallied += ((struct vmscope_tally *)r)->end -
					   ((struct vmscope_tally *)r)->start;
		}
		arg->start = arg->next;
	}
	EXPECT_EQ(SIZE / PAGE_SIZE / 4 * 3, pages);
	EXPECT_EQ(SIZE, tallied);
}

TEST_F(scan, buffer_is_not_written_beyond_its_size)
{
	uint64_t size;

	for (size = 64; size <= 4096; size += 56) {
		int error;

		memset(self->buffer, 0x5c, 8192);
		self->arg.buffer_size = size;
		error = call(self);
		ASSERT_TRUE(error == 0 || error == -EMSGSIZE);
		for (; size < 8192; size++)
			if (self->buffer[size] != 0x5c)
				break;
		ASSERT_EQ(8192, size);
		size = self->arg.buffer_size;
	}
}

TEST_F(scan, bad_buffer_is_efault)
{
	self->arg.buffer = 8;
	EXPECT_EQ(-EFAULT, call(self));
	self->arg.buffer = 0;
	EXPECT_EQ(-EFAULT, call(self));
	self->arg.buffer = ~0ull - 7;
	EXPECT_EQ(-EFAULT, call(self));
	self->arg.buffer = 1ull << 63;
	EXPECT_EQ(-EFAULT, call(self));
}

TEST_F(scan, buffer_that_ends_unmapped_is_efault)
{
	munmap(self->buffer + PAGE_SIZE, MIB);
	self->arg.buffer = (uintptr_t)self->buffer + PAGE_SIZE - 64;
	EXPECT_EQ(-EFAULT, call(self));
}

TEST_F(scan, buffer_of_any_alignment)
{
	int shift;

	for (shift = 1; shift < 8; shift++) {
		self->arg.buffer = (uintptr_t)self->buffer + shift;
		EXPECT_EQ(0, call(self));
		EXPECT_NE(0, self->arg.nr_records);
	}
}

TEST_F(scan, huge_buffer_size_is_only_used_as_needed)
{
	self->arg.buffer_size = ~0ull;
	EXPECT_EQ(0, call(self));
	self->arg.buffer_size = 1ull << 40;
	EXPECT_EQ(0, call(self));
}

/* --------------------------------------------------------------- restarts */

TEST_F(scan, restart_anywhere_gives_the_rest)
{
	struct scan whole, rest;
	uint64_t at;

	ASSERT_EQ(0, scan_everything(self->t.fd, self->r->start, self->r->end,
				     &whole));
	for (at = self->r->start; at < self->r->end; at += PAGE_SIZE) {
		struct scan_page p, q;

		ASSERT_EQ(0, scan_everything(self->t.fd, at, self->r->end, &rest));
		ASSERT_TRUE(scan_page(&whole, at, &p));
		ASSERT_TRUE(scan_page(&rest, at, &q));
		/* Flags of the folio may change behind our back. */
		EXPECT_EQ(p.attributes & 0xffffff, q.attributes & 0xffffff);
		EXPECT_EQ(p.frame, q.frame);
		EXPECT_SAME(sums_check(&rest));
		scan_free(&rest);
	}
	scan_free(&whole);
}

TEST_F(scan, next_is_the_end_when_done)
{
	ASSERT_EQ(0, call(self));
	EXPECT_EQ(self->r->end, self->arg.next);
}

/* With a budget of one, the call ends inside the VMA and says so. */
TEST_F(scan, part_is_marked_and_vma_repeated)
{
	const struct vmscope_record *first = (void *)self->buffer;
	unsigned int calls = 0;

	self->arg.start = 0;
	self->arg.end = vmscope_info()->task_size;
	self->arg.budget = 1;
	self->arg.records = RECORD(VMA) | RECORD(TALLY);
	self->arg.key = 0;
	while (self->arg.start < self->arg.end) {
		ASSERT_EQ(0, call(self));
		ASSERT_GT(100000, ++calls);
		if (self->arg.nr_records)
			EXPECT_EQ(VMSCOPE_RECORD_VMA, first->type);
		self->arg.start = self->arg.next;
	}
	EXPECT_LT(1, calls);
}

/* ----------------------------------------------------------------- a race */

/* The target changes its mappings between two calls: no error, order kept. */
static int build_changing(void *arg, unsigned int step)
{
	struct region *r = arg;

	if (!step)
		return build(arg, 0);
	if (step % 2)
		munmap((void *)(r->start + SIZE / 4), SIZE / 2);
	else
		mmap((void *)(r->start + SIZE / 4), SIZE / 2, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	return 0;
}

TEST_F(scan, mappings_change_between_calls)
{
	struct target t;
	struct scan s;
	unsigned int step;

	ASSERT_EQ(0, target_start(&t, build_changing, self->r));
	for (step = 1; step < 20; step++) {
		memset(&s, 0, sizeof(s));
		s.start = self->r->start;
		s.end = self->r->end;
		s.budget = 1 + step;
		s.max_calls = step % 5;
		ASSERT_EQ(0, scan_run(t.fd, &s)) TH_LOG("%s", s.error);
		scan_free(&s);
		ASSERT_EQ(0, target_step(&t, step));
	}
	target_stop(&t);
}

VMSCOPE_TEST_MAIN
