// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * States add up to sizes, parts add up to wholes, however a scan is cut; knows
 * nothing of procfs.
 */
#include "kselftest_harness.h"
#include <pthread.h>
#include "leaf.h"
#include "zoo.h"

/* Built once for all tests, which only look. */
static struct target zoo;

FIXTURE(sums) {
	struct target t;
	int device;
	struct scan whole;
};

static void set_up(struct scan *s, uint64_t key)
{
	memset(s, 0, sizeof(*s));
	s->records = RECORD(VMA) | RECORD(TALLY) | (key ? RECORD(EXTENT) : 0);
	s->key = key;
	s->flags = key ? VMSCOPE_SCAN_HOLES : 0;
}

FIXTURE_SETUP(sums)
{
	self->device = device_open();
	self->t.pid = zoo.pid;
	self->t.fd = target_open(self->device, zoo.pid);
	ASSERT_LE(0, self->t.fd);
	set_up(&self->whole, 0);
	ASSERT_EQ(0, scan_run(self->t.fd, &self->whole))
		TH_LOG("%s", self->whole.error);
}

FIXTURE_TEARDOWN(sums)
{
	scan_free(&self->whole);
	close(self->t.fd);
	close(self->device);
}

/* Run a scan cut in some way and expect what the whole one gave. */
static void expect_whole(struct __test_metadata *_metadata, FIXTURE_DATA(sums) *self,
			 struct scan *s)
{
	const char *difference;

	ASSERT_EQ(0, scan_run(self->t.fd, s)) TH_LOG("%s", s->error);
	difference = scan_differ(&self->whole, s);
	EXPECT_EQ(NULL, difference) TH_LOG("%s", difference);
	if (s->records & RECORD(EXTENT))
		EXPECT_SAME(sums_check(s));
	scan_free(s);
}

TEST_F(sums, states_add_up_to_the_size_of_each_vma)
{
	size_t i;

	ASSERT_EQ(self->whole.nr_vmas, self->whole.nr_tallies);
	for (i = 0; i < self->whole.nr_tallies; i++) {
		const struct vmscope_vma *v = &self->whole.vma[i].head;

		EXPECT_EQ(v->start, self->whole.tally[i].start);
		EXPECT_EQ(v->end, self->whole.tally[i].end);
		EXPECT_EQ(v->end - v->start, tally_bytes(&self->whole.tally[i]));
	}
}

TEST_F(sums, extents_with_holes_tile_each_vma)
{
	struct scan s;

	set_up(&s, scan_full_key());
	expect_whole(_metadata, self, &s);
}

TEST_F(sums, extents_without_holes_leave_out_only_holes)
{
	uint64_t pages = 0, expected = 0;
	struct scan s;
	size_t i;

	set_up(&s, VMSCOPE_ATTR_STATE);
	s.flags = 0;
	ASSERT_EQ(0, scan_run(self->t.fd, &s)) TH_LOG("%s", s.error);
	for (i = 0; i < s.nr_extents; i++) {
		EXPECT_NE(VMSCOPE_STATE_NONE, s.extent[i].head.attributes);
		pages += s.extent[i].head.pages;
	}
	for (i = 0; i < s.nr_tallies; i++)
		expected += (s.tally[i].end - s.tally[i].start) / PAGE_SIZE -
			    tally_state(&s.tally[i], VMSCOPE_STATE_NONE);
	EXPECT_EQ(expected, pages);
	scan_free(&s);
}

TEST_F(sums, split_by_budget)
{
	static const uint64_t budgets[] = { 1, 7, 64, 511, 512, 513, 5000 };
	struct scan s;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(budgets); i++) {
		set_up(&s, i % 2 ? scan_full_key() : 0);
		s.budget = budgets[i];
		expect_whole(_metadata, self, &s);
	}
}

TEST_F(sums, split_by_buffer)
{
	static const size_t sizes[] = { 1200, 1208, 2000, 4096, 10000 };
	struct scan s;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		set_up(&s, i % 2 ? scan_full_key() : 0);
		s.buffer_size = sizes[i];
		expect_whole(_metadata, self, &s);
	}
}

static void total_of(const struct scan *s, struct scan_tally *total)
{
	size_t i;

	memset(total, 0, sizeof(*total));
	for (i = 0; i < s->nr_tallies; i++)
		tally_add(total, &s->tally[i]);
}

/* Tallies without VMA records: nothing says which parts belong together. */
TEST_F(sums, tallies_alone_however_split)
{
	static const struct scan cuts[] = {
		{ .buffer_size = 1200 }, { .buffer_size = 1304 },
		{ .buffer_size = 5000 }, { .budget = 1 }, { .budget = 7 },
		{ .budget = 64 }, { .budget = 513 },
		{ .budget = 100, .buffer_size = 2000 },
	};
	struct scan_tally expected, total;
	size_t i;

	total_of(&self->whole, &expected);
	for (i = 0; i < ARRAY_SIZE(cuts); i++) {
		struct scan s = cuts[i];

		s.records = RECORD(TALLY);
		ASSERT_EQ(0, scan_run(self->t.fd, &s)) TH_LOG("%s", s.error);
		total_of(&s, &total);
		EXPECT_EQ(0, memcmp(expected.cell, total.cell, sizeof(total.cell)))
			TH_LOG("cut %zu", i);
		EXPECT_EQ(0, memcmp(expected.counter, total.counter,
				    sizeof(total.counter)))
			TH_LOG("cut %zu", i);
		if (!s.budget)
			EXPECT_EQ(self->whole.nr_tallies, s.nr_tallies);
		scan_free(&s);
	}
}

/*
 * Scans with @s while the reading @apart stays what it is, which is taken again
 * when it does not: how often a page is mapped changes with processes that have
 * nothing to do with the target. Return: whether it stayed once.
 */
static bool scan_in_peace(int fd, struct scan *apart, struct scan *s)
{
	const struct scan asked = *s, asked_apart = { .records = apart->records };
	bool moved = true;
	int tries;

	for (tries = 0; moved && tries < 20; tries++) {
		struct scan after = asked_apart;

		if (tries)
			scan_free(s);
		*s = asked;
		if (scan_run(fd, s) || scan_run(fd, &after))
			return false;
		moved = scan_differ(apart, &after);
		scan_free(apart);
		*apart = after;
	}
	return !moved;
}

/*
 * As few records as calls, which hold as much: with tables, and without, when small
 * VMAs are read in another way.
 */
TEST_F(sums, of_all_vmas_together_however_split)
{
	static const uint32_t alone = RECORD(TALLY) | RECORD(CHARGE);
	static const struct scan cuts[] = {
		{ .max_calls = 1 }, { .flags = VMSCOPE_SCAN_PLAIN }, { .budget = 1 },
		{ .budget = 7 }, { .budget = 64 }, { .budget = 513 },
		{ .budget = 5000, .flags = VMSCOPE_SCAN_PLAIN },
		{ .buffer_size = 1200 }, { .buffer_size = 4096 },
		{ .records = alone }, { .records = alone, .flags = VMSCOPE_SCAN_PLAIN },
		{ .records = alone, .budget = 64 },
		{ .records = alone, .buffer_size = 1200 },
	};
	struct scan apart = {
		.records = RECORD(VMA) | RECORD(TALLY) | RECORD(TABLE) | RECORD(CHARGE),
	};
	struct scan_table tables, table;
	struct scan_tally expected, total;
	size_t i, n;

	ASSERT_EQ(0, scan_run(self->t.fd, &apart)) TH_LOG("%s", apart.error);
	for (i = 0; i < ARRAY_SIZE(cuts); i++) {
		struct scan s = cuts[i];

		if (!s.records)
			s.records = apart.records & ~RECORD(VMA);
		s.flags |= VMSCOPE_SCAN_WHOLE;
		ASSERT_TRUE(scan_in_peace(self->t.fd, &apart, &s)) TH_LOG("%s", s.error);
		total_of(&apart, &expected);
		table_total(&apart, &tables);
		EXPECT_EQ(s.nr_tallies, s.calls);
		total_of(&s, &total);
		table_total(&s, &table);
		EXPECT_EQ(0, memcmp(expected.cell, total.cell, sizeof(total.cell)))
			TH_LOG("cut %zu", i);
		EXPECT_EQ(0, memcmp(expected.counter, total.counter, sizeof(total.counter)))
			TH_LOG("cut %zu", i);
		if (cuts[i].records != alone) {
			EXPECT_EQ(tables.deposited, table.deposited);
			EXPECT_EQ(0, memcmp(tables.level, table.level, sizeof(table.level)))
				TH_LOG("cut %zu", i);
		}
		EXPECT_EQ(apart.nr_charged, s.nr_charged);
		for (n = 0; n < apart.nr_charged; n++)
			EXPECT_EQ(apart.charged[n].pages,
				  scan_charged_to(&s, apart.charged[n].cgroup));
		scan_free(&s);
	}
	scan_free(&apart);
}

TEST_F(sums, of_all_vmas_come_without_other_records)
{
	struct scan s = { .records = RECORD(TALLY) | RECORD(VMA), .flags = VMSCOPE_SCAN_WHOLE };

	EXPECT_EQ(-EINVAL, scan_run(self->t.fd, &s));
	s = (struct scan){ .records = RECORD(TALLY) | RECORD(FILL), .flags = VMSCOPE_SCAN_WHOLE };
	EXPECT_EQ(-EINVAL, scan_run(self->t.fd, &s));
	s = (struct scan){ .records = RECORD(TALLY) | RECORD(EXTENT), .flags = VMSCOPE_SCAN_WHOLE,
			   .key = VMSCOPE_ATTR_STATE };
	EXPECT_EQ(-EINVAL, scan_run(self->t.fd, &s));
}

/* Scan [start, end) into a part; parts of one VMA are put together. */
static int scan_part(int fd, struct scan *sum, uint64_t start, uint64_t end)
{
	struct scan s;
	size_t i;
	int error;

	set_up(&s, 0);
	s.start = start;
	s.end = end;
	error = scan_run(fd, &s);
	for (i = 0; !error && i < s.nr_tallies; i++) {
		struct scan_tally *t = NULL;
		size_t n;

		/* Few enough to look for by hand. */
		for (n = 0; n < sum->nr_tallies; n++)
			if (sum->vma[n].head.start == s.vma[i].head.start)
				t = &sum->tally[n];
		if (t)
			tally_add(t, &s.tally[i]);
	}
	scan_free(&s);
	return error;
}

/* The whole scan's VMAs with empty tallies, to add parts to. */
static void empty_copy(const struct scan *whole, struct scan *sum)
{
	size_t i;

	memset(sum, 0, sizeof(*sum));
	sum->nr_vmas = sum->nr_tallies = whole->nr_vmas;
	sum->vma = calloc(whole->nr_vmas, sizeof(*sum->vma));
	sum->tally = calloc(whole->nr_vmas, sizeof(*sum->tally));
	for (i = 0; i < whole->nr_vmas; i++) {
		sum->vma[i] = whole->vma[i];
		sum->tally[i].start = whole->tally[i].start;
	}
}

TEST_F(sums, split_by_range)
{
	static const uint64_t steps[] = { 16 * PAGE_SIZE, PMD_SIZE, PMD_SIZE + PAGE_SIZE };
	size_t i, v;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		const char *difference;
		struct scan sum;

		empty_copy(&self->whole, &sum);
		for (v = 0; v < self->whole.nr_vmas; v++) {
			uint64_t end = self->whole.vma[v].head.end;
			uint64_t at = self->whole.vma[v].head.start, next;
			/* A gigabyte in small steps takes too long. */
			uint64_t step = end - at > 100 * MIB ? 100 * MIB : steps[i];

			for (; at < end; at = next) {
				next = at + step < end ? at + step : end;
				ASSERT_EQ(0, scan_part(self->t.fd, &sum, at, next));
			}
		}
		difference = scan_differ(&self->whole, &sum);
		EXPECT_EQ(NULL, difference)
			TH_LOG("steps of %lx: %s", (unsigned long)steps[i], difference);
		scan_free(&sum);
	}
}

#define THREADS	4

struct worker {
	pthread_t thread;
	pid_t pid;
	uint64_t start;
	uint64_t end;
	struct scan sum;
	int error;
};

static void *scan_in_thread(void *arg)
{
	struct worker *w = arg;
	int device = device_open(), fd = target_open(device, w->pid);

	w->error = fd < 0 ? fd : scan_part(fd, &w->sum, w->start, w->end);
	close(fd);
	close(device);
	return NULL;
}

/* The VMAs are dealt out by count, not by address: most sit at the top. */
TEST_F(sums, split_by_threads)
{
	struct worker w[THREADS] = { 0 };
	const struct scan *whole = &self->whole;
	const char *difference;
	struct scan sum;
	size_t i, n;

	vmscope_info();		/* not to be asked by all at once */
	empty_copy(whole, &sum);
	for (i = 0; i < THREADS; i++) {
		size_t first = whole->nr_vmas * i / THREADS;
		size_t last = whole->nr_vmas * (i + 1) / THREADS;

		/* Every cut goes through the middle of a VMA. */
		w[i].start = i ? w[i - 1].end : 0;
		w[i].end = i == THREADS - 1 ? vmscope_info()->task_size :
			   (whole->vma[last].head.start + whole->vma[last].head.end) /
			   2 / PAGE_SIZE * PAGE_SIZE;
		ASSERT_LT(first, last);
		w[i].pid = self->t.pid;
		empty_copy(whole, &w[i].sum);
		ASSERT_EQ(0, pthread_create(&w[i].thread, NULL, scan_in_thread, &w[i]));
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		EXPECT_EQ(0, w[i].error);
		for (n = 0; n < sum.nr_tallies; n++) {
			uint64_t end = sum.tally[n].end;

			tally_add(&sum.tally[n], &w[i].sum.tally[n]);
			if (end > sum.tally[n].end)
				sum.tally[n].end = end;
		}
		scan_free(&w[i].sum);
	}
	difference = scan_differ(whole, &sum);
	EXPECT_EQ(NULL, difference) TH_LOG("%s", difference);
	scan_free(&sum);
}

/* Each call stays near its budget, and says what it read. */
TEST_F(sums, budget_bounds_the_work)
{
	static char buffer[65536];
	struct vmscope_scan arg = {
		.size = sizeof(arg), .end = vmscope_info()->task_size,
		.buffer = (uintptr_t)buffer, .buffer_size = sizeof(buffer),
		.records = RECORD(TALLY), .budget = 1,
	};

	while (arg.start < arg.end) {
		ASSERT_EQ(0, vmscope_ioctl(self->t.fd, VMSCOPE_SCAN, &arg));
		/* Less than one table beyond it, and the way down to it. */
		EXPECT_GE(arg.budget + 512 + VMSCOPE_MAX_LEVELS, arg.cost.entries);
		ASSERT_LT(arg.start, arg.next);
		arg.start = arg.next;
	}
}

TEST_F(sums, cost_is_reported)
{
	const struct vmscope_info *info = vmscope_info();
	static char buffer[1024 * 1024];
	struct vmscope_scan arg = {
		.size = sizeof(arg), .end = info->task_size,
		.buffer = (uintptr_t)buffer, .buffer_size = sizeof(buffer),
		.records = RECORD(VMA) | RECORD(TALLY),
	};
	uint64_t held = 0;
	int i;

	ASSERT_EQ(0, vmscope_ioctl(self->t.fd, VMSCOPE_SCAN, &arg));
	EXPECT_EQ(arg.end, arg.next);
	EXPECT_NE(0, arg.cost.wall_ns);
	EXPECT_NE(0, arg.cost.sections);
	EXPECT_NE(0, arg.cost.entries);
	for (i = 0; i < VMSCOPE_LOCK_NR; i++) {
		const struct vmscope_hold *h = &arg.cost.lock[i];

		EXPECT_LE(h->longest_ns, h->total_ns);
		EXPECT_EQ(h->count != 0, h->total_ns != 0);
		if (h->count)
			EXPECT_TRUE(info->locks >> i & 1) TH_LOG("lock %d", i);
		held += h->count;
	}
	EXPECT_NE(0, held);
	/* A quiet process: nothing to mark where the kernel can tell. */
	if (!(info->features & VMSCOPE_FEATURE_LAYOUT_SEQ))
		arg.marks &= ~VMSCOPE_MARK_UNVERIFIED;
	EXPECT_EQ(0, arg.marks);
}

/*
 * A process in peace is read under the least that its kernel has: mmap_lock is
 * what its own page faults wait for.
 */
TEST_F(sums, quiet_process_is_read_under_the_least_lock)
{
	const uint64_t *longest = self->whole.longest_ns;
	bool vma = kernel_version() >= 604;

	EXPECT_EQ(vma, longest[VMSCOPE_LOCK_VMA] != 0);
	EXPECT_EQ(!vma, longest[VMSCOPE_LOCK_MMAP] != 0);
	EXPECT_EQ(0, longest[VMSCOPE_LOCK_IRQ]);
}

/* Locks of VMAs came with 6.4, page tables that RCU alone frees with 6.14. */
TEST_F(sums, locks_are_those_of_the_kernel)
{
	EXPECT_EQ(1u << VMSCOPE_LOCK_MMAP |
		  (kernel_version() >= 604 ? 1u << VMSCOPE_LOCK_VMA : 0) |
		  (kernel_version() >= 614 ? 1u << VMSCOPE_LOCK_IRQ : 0),
		  vmscope_info()->locks);
}

VMSCOPE_TEST_MAIN_OF_ZOO(zoo)
