// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who pays for pages: CHARGE records against the groups that touched the pages
 * first, and against /proc/kpagecgroup; knows nothing of page tables.
 */
#include "kselftest_harness.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "leaf.h"
#include "zoo.h"

#define ROOT	"/sys/fs/cgroup"
#define PAGES	64
#define SIZE	(PAGES * PAGE_SIZE)
/* Groups: more than one record tells apart. */
#define APART	32
#define MANY	40

static const char *group_path(unsigned int number)
{
	static char path[64];

	snprintf(path, sizeof(path), ROOT "/vmscope-charge-%u", number);
	return path;
}

static uint64_t inode_of(const char *path)
{
	struct stat about;

	return stat(path, &about) ? 0 : about.st_ino;
}

static uint64_t group_inode(unsigned int number)
{
	return inode_of(group_path(number));
}

static int enter(unsigned int number)
{
	char file[128], pid[16];

	snprintf(file, sizeof(file), "%s/cgroup.procs", group_path(number));
	snprintf(pid, sizeof(pid), "%d", getpid());
	return write_file(file, pid) ? errno : 0;
}

static int make_groups(unsigned int nr)
{
	unsigned int i;

	write_file(ROOT "/cgroup.subtree_control", "+memory");
	for (i = 0; i < nr; i++) {
		char file[128];

		mkdir(group_path(i), 0700);
		snprintf(file, sizeof(file), "%s/memory.stat", group_path(i));
		if (access(file, F_OK))
			return ENOSYS;
	}
	return 0;
}

/* A process of a group touches memory that others map as well. */
static int touch_in_group(unsigned int number, char *p, size_t size)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (enter(number))
			_exit(1);
		touch(p, size);
		_exit(0);
	}
	return waitpid(pid, &status, 0) == pid && !status ? 0 : EIO;
}

FIXTURE(charge) {
	struct target t;
	struct region *r;
};

FIXTURE_SETUP(charge)
{
	self->t.fd = -1;
	self->r = shared_alloc(sizeof(*self->r));
	ASSERT_NE(NULL, self->r);
}

/* What others count are groups of the machine, not of a test that is over. */
FIXTURE_TEARDOWN(charge)
{
	unsigned int i;

	target_stop(&self->t);
	for (i = 0; i < MANY; i++)
		EXPECT_TRUE(!rmdir(group_path(i)) || errno == ENOENT)
			TH_LOG("%s: %s", group_path(i), strerror(errno));
}

/* Who pays for a region of the test's process; in @s. */
#define LOOK(s) do {							\
	(s)->start = self->r->start;					\
	(s)->end = self->r->end;					\
	(s)->records |= RECORD(CHARGE);					\
	ASSERT_EQ(0, scan_run(self->t.fd, s)) TH_LOG("%s", (s)->error);	\
} while (0)

static int build_own(void *arg, unsigned int step)
{
	char *p = map_anon(SIZE, PAGE_SIZE);
	int error = enter(0);

	(void)step;
	*(struct region *)arg = region_of(p, SIZE);
	touch(p, SIZE / 2);
	return error;
}

TEST_F(charge, pages_are_charged_to_who_touched_them)
{
	struct scan s = { 0 };

	ASSERT_BUILT(make_groups(1), "memory cgroup (version 2)");
	ASSERT_BUILT(target_start(&self->t, build_own, self->r), "a group");
	LOOK(&s);
	ASSERT_EQ(1, s.nr_charged);
	EXPECT_EQ(group_inode(0), s.charged[0].cgroup);
	EXPECT_EQ(PAGES / 2, s.charged[0].pages);
	EXPECT_EQ(PAGES / 2 * PAGE_SIZE << VMSCOPE_PSS_SHIFT, s.charged[0].pss);
	scan_free(&s);
}

/* A quarter each touched by two other groups, the rest by its own. */
static int build_shared(void *arg, unsigned int step)
{
	char *p = map_at(SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
	int error = touch_in_group(1, p, SIZE / 4);

	(void)step;
	if (!error)
		error = touch_in_group(2, p + SIZE / 4, SIZE / 4);
	if (!error)
		error = enter(0);
	*(struct region *)arg = region_of(p, SIZE);
	touch(p, SIZE);
	return error;
}

TEST_F(charge, shared_pages_are_charged_to_others)
{
	struct scan s = { 0 };

	ASSERT_BUILT(make_groups(3), "memory cgroup (version 2)");
	ASSERT_BUILT(target_start(&self->t, build_shared, self->r), "groups");
	LOOK(&s);
	EXPECT_EQ(PAGES / 2, scan_charged_to(&s, group_inode(0)));
	EXPECT_EQ(PAGES / 4, scan_charged_to(&s, group_inode(1)));
	EXPECT_EQ(PAGES / 4, scan_charged_to(&s, group_inode(2)));
	EXPECT_EQ(3, s.nr_charged);
	scan_free(&s);
}

/* Its pages outlive a group, and belong to its parent then. */
TEST_F(charge, removed_group_is_named_by_its_parent)
{
	uint64_t removed;
	int tries;

	ASSERT_BUILT(make_groups(3), "memory cgroup (version 2)");
	removed = group_inode(1);
	ASSERT_BUILT(target_start(&self->t, build_shared, self->r), "groups");
	ASSERT_EQ(0, rmdir(group_path(1)));
	/* a worker of the kernel takes it offline */
	for (tries = 0; tries < 3000; tries++) {
		struct scan s = { 0 };
		bool gone;

		LOOK(&s);
		gone = !scan_charged_to(&s, removed);
		EXPECT_EQ(PAGES / 4, scan_charged_to(&s, gone ? inode_of(ROOT) : removed));
		scan_free(&s);
		if (gone)
			break;
		usleep(10 * 1000);
	}
	EXPECT_GT(3000, tries);
}

static int build_many(void *arg, unsigned int step)
{
	char *p = map_at(SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
	unsigned int i;
	int error = 0;

	(void)step;
	for (i = 0; !error && i < MANY; i++)
		error = touch_in_group(i, p + i * PAGE_SIZE, PAGE_SIZE);
	*(struct region *)arg = region_of(p, SIZE);
	read_all(p, MANY * PAGE_SIZE);
	return error;
}

TEST_F(charge, groups_beyond_the_last_row_are_together)
{
	struct scan s = { 0 }, parts = { .budget = 1 };
	unsigned int i;

	ASSERT_BUILT(make_groups(MANY), "memory cgroup (version 2)");
	ASSERT_BUILT(target_start(&self->t, build_many, self->r), "groups");
	LOOK(&s);
	for (i = 0; i < APART; i++)
		EXPECT_EQ(1, scan_charged_to(&s, group_inode(i))) TH_LOG("group %u", i);
	EXPECT_EQ(MANY - APART, scan_charged_to(&s, VMSCOPE_CHARGE_OTHERS));
	EXPECT_EQ(APART + 1, s.nr_charged);
	scan_free(&s);
	/* In parts there is room for all of them. */
	LOOK(&parts);
	for (i = 0; i < MANY; i++)
		EXPECT_EQ(1, scan_charged_to(&parts, group_inode(i))) TH_LOG("group %u", i);
	scan_free(&parts);
}

TEST_F(charge, small_buffers_and_budgets_add_up)
{
	static const size_t buffer[] = { 0, 1000, 2400, 4096 };
	static const uint64_t budget[] = { 1, 7, 100, 0 };
	size_t i, k;

	ASSERT_BUILT(make_groups(3), "memory cgroup (version 2)");
	ASSERT_BUILT(target_start(&self->t, build_shared, self->r), "groups");
	for (i = 0; i < ARRAY_SIZE(buffer) * ARRAY_SIZE(budget); i++) {
		struct scan s = {
			.buffer_size = buffer[i / ARRAY_SIZE(budget)],
			.budget = budget[i % ARRAY_SIZE(budget)],
			.records = i % 2 ? RECORD(TALLY) | RECORD(VMA) : 0,
		};

		LOOK(&s);
		for (k = 0; k < 3; k++)
			EXPECT_EQ(k ? PAGES / 4 : PAGES / 2, scan_charged_to(&s, group_inode(k)))
				TH_LOG("buffer %zu, budget %lu, group %zu", s.buffer_size,
				       s.budget, k);
		scan_free(&s);
	}
}

/* ------------------------------------------------------ the zoo adds up */

static struct target zoo;

FIXTURE(zoo) {
	struct scan whole;
};

FIXTURE_SETUP(zoo)
{
	self->whole.records = RECORD(VMA) | RECORD(TALLY) | RECORD(CHARGE);
	ASSERT_EQ(0, scan_run(zoo.fd, &self->whole)) TH_LOG("%s", self->whole.error);
}

FIXTURE_TEARDOWN(zoo)
{
	scan_free(&self->whole);
}

TEST_F(zoo, charges_are_what_is_present)
{
	uint64_t present = 0, pss = 0;
	size_t i;

	for (i = 0; i < self->whole.nr_tallies; i++) {
		const uint64_t *counter = self->whole.tally[i].counter;

		present += tally_state(&self->whole.tally[i], VMSCOPE_STATE_PRESENT);
		pss += counter[VMSCOPE_COUNT_PSS_ANON] + counter[VMSCOPE_COUNT_PSS_FILE] +
			counter[VMSCOPE_COUNT_PSS_SHMEM];
	}
	for (i = 0; i < self->whole.nr_charged; i++) {
		present -= self->whole.charged[i].pages;
		pss -= self->whole.charged[i].pss;
	}
	EXPECT_EQ(0, present);
	EXPECT_EQ(0, pss);
}

/* Who pays for a folio, which is told of its first page alone on 6.1. */
static uint64_t kpagecgroup(int fd, const struct scan_page *page)
{
	uint64_t head = page->frame & ~((1ull << ATTR_ORDER(page->attributes)) - 1), inode;

	return pread(fd, &inode, 8, head * 8) == 8 ? inode : ~0ull;
}

TEST_F(zoo, agrees_with_kpagecgroup)
{
	struct scan s = {
		.records = RECORD(VMA) | RECORD(EXTENT) | RECORD(CHARGE),
		.key = VMSCOPE_ATTR_STATE | VMSCOPE_ATTR_ORDER | VMSCOPE_KEY_FRAME,
	};
	int fd = open("/proc/kpagecgroup", O_RDONLY | O_CLOEXEC);
	uint64_t pages[SCAN_CHARGED] = { 0 }, strangers = 0, address;
	struct scan_page page;
	size_t i, k;

	if (fd < 0)
		SKIP(return, "no /proc/kpagecgroup: a kernel without memory cgroups");
	ASSERT_EQ(0, scan_run(zoo.fd, &s)) TH_LOG("%s", s.error);
	for (i = 0; i < s.nr_vmas; i++)
		for (address = s.vma[i].head.start; address < s.vma[i].head.end;
		     address += PAGE_SIZE) {
			uint64_t inode;

			if (!scan_page(&s, address, &page) ||
			    ATTR_STATE(page.attributes) != VMSCOPE_STATE_PRESENT)
				continue;
			inode = kpagecgroup(fd, &page);
			for (k = 0; k < s.nr_charged && s.charged[k].cgroup != inode; k++)
				;
			if (k < s.nr_charged)
				pages[k]++;
			else
				strangers++;
		}
	EXPECT_EQ(0, strangers);
	for (k = 0; k < s.nr_charged; k++)
		EXPECT_EQ(pages[k], s.charged[k].pages)
			TH_LOG("group %lu", (unsigned long)s.charged[k].cgroup);
	EXPECT_NE(0, s.nr_charged);
	close(fd);
	scan_free(&s);
}

/* Run a scan that is cut or made in some way, and expect what the whole one gave. */
static void expect_whole(struct __test_metadata *_metadata, FIXTURE_DATA(zoo) *self,
			 struct scan *s, const char *how)
{
	size_t i, k;

	s->records |= RECORD(CHARGE);
	ASSERT_EQ(0, scan_run(zoo.fd, s)) TH_LOG("%s: %s", how, s->error);
	EXPECT_EQ(self->whole.nr_charged, s->nr_charged) TH_LOG("%s", how);
	for (i = 0; i < self->whole.nr_charged; i++)
		for (k = 0; k < s->nr_charged; k++) {
			if (s->charged[k].cgroup != self->whole.charged[i].cgroup)
				continue;
			EXPECT_EQ(self->whole.charged[i].pages, s->charged[k].pages)
				TH_LOG("%s: group %lu", how, (unsigned long)s->charged[k].cgroup);
			EXPECT_EQ(self->whole.charged[i].pss, s->charged[k].pss)
				TH_LOG("%s: group %lu", how, (unsigned long)s->charged[k].cgroup);
		}
	scan_free(s);
}

TEST_F(zoo, any_set_of_records_gives_the_same)
{
	static const uint64_t sets[] = {
		0, RECORD(VMA), RECORD(TALLY), RECORD(VMA) | RECORD(FILL),
		RECORD(VMA) | RECORD(FILL) | RECORD(TALLY) | RECORD(TABLE),
	};
	size_t i;

	for (i = 0; i < 2 * ARRAY_SIZE(sets); i++) {
		struct scan s = {
			.records = sets[i / 2] | (i % 2 ? RECORD(EXTENT) : 0),
			.key = i % 2 ? scan_full_key() : 0,
			.flags = VMSCOPE_SCAN_UNPACED | (i % 3 ? 0 : VMSCOPE_SCAN_PLAIN),
		};

		expect_whole(_metadata, self, &s, "records");
	}
}

TEST_F(zoo, split_by_budget_and_buffer)
{
	static const uint64_t budgets[] = { 7, 64, 511, 512, 513, 5000 };
	static const size_t sizes[] = { 2200, 0, 4096, 0, 10000, 3000 };
	size_t i;

	for (i = 0; i < 2 * ARRAY_SIZE(budgets); i++) {
		struct scan s = {
			.records = RECORD(VMA) | (i % 3 ? RECORD(TALLY) : 0) |
				   (i % 2 ? RECORD(EXTENT) : 0),
			.key = i % 2 ? scan_full_key() : 0,
			.budget = i % 3 == 2 ? 0 : budgets[i / 2],
			.buffer_size = sizes[i / 2],
		};

		expect_whole(_metadata, self, &s, "budget and buffer");
	}
}

VMSCOPE_TEST_MAIN_OF_ZOO(zoo)
