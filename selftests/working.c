// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Accessed bits are read and never changed, and tell what was used since they
 * were cleared, and what is evicted is seen to go and to come back; knows
 * nothing of how a working set is estimated from that.
 */
#include "kselftest_harness.h"
#include <sys/mman.h>
#include <sys/stat.h>
#include "leaf.h"

#define PAGES	1024
#define SIZE	(PAGES * PAGE_SIZE)
#define USED	256

REGION_FIXTURE(working)

/*
 * An accessed bit is set again only when the TLB has forgotten the page, and
 * clearing bits does not empty it. Unmapping more pages at once than x86 takes
 * out one by one (33: arch/x86/mm/tlb.c: tlb_single_page_flush_ceiling) does.
 */
static void forget_translations(void)
{
	char *p = map_anon(64 * PAGE_SIZE, PAGE_SIZE);

	if (!p)
		return;
	touch(p, 64 * PAGE_SIZE);
	munmap(p, 64 * PAGE_SIZE);
}

static int build(void *arg, unsigned int step)
{
	struct region *r = arg;
	char *p;

	if (step) {
		forget_translations();
		read_all((char *)(uintptr_t)r->start, step * PAGE_SIZE);
		return 0;
	}
	p = map_anon(SIZE, PAGE_SIZE);
	if (!p)
		return ENOMEM;
	*r = region_of(p, SIZE);
	touch(p, SIZE);
	return 0;
}

static long young(const struct target *t, const struct region *r)
{
	return scan_count(t->fd, r->start, r->end, VMSCOPE_ATTR_YOUNG, 0);
}

static int clear_refs(pid_t pid, const char *what)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/clear_refs", pid);
	return write_file(path, what);
}

/* Referenced, as smaps has it, in pages. */
static long referenced(pid_t pid, const struct region *r)
{
	struct smaps *maps;
	ssize_t i, nr = smaps_read(pid, &maps);
	long pages = -1;

	for (i = 0; i < nr; i++)
		if (maps[i].start == r->start)
			pages = maps[i].kb[SMAPS_REFERENCED] * KIB / PAGE_SIZE;
	if (nr >= 0)
		free(maps);
	return pages;
}

static long soft_dirty(pid_t pid, const struct region *r)
{
	long pages = 0;
	uint64_t at;

	for (at = r->start; at < r->end; at += PAGE_SIZE)
		pages += !!(pagemap_word(pid, at) & PM_SOFT_DIRTY);
	return pages;
}

TEST_F(working, what_is_used_after_clearing_is_young)
{
	ASSERT_BUILT(target_start(&self->t, build, self->r), "memory");
	EXPECT_EQ(PAGES, young(&self->t, self->r));
	ASSERT_EQ(0, clear_refs(self->t.pid, "1"));
	EXPECT_EQ(0, young(&self->t, self->r));
	ASSERT_EQ(0, target_step(&self->t, USED));
	EXPECT_EQ(USED, young(&self->t, self->r));
	/* without clearing, what is used no more stays young */
	ASSERT_EQ(0, target_step(&self->t, USED / 2));
	EXPECT_EQ(USED, young(&self->t, self->r));
	ASSERT_EQ(0, clear_refs(self->t.pid, "1"));
	ASSERT_EQ(0, target_step(&self->t, USED / 2));
	EXPECT_EQ(USED / 2, young(&self->t, self->r));
}

TEST_F(working, reading_changes_nothing)
{
	struct scan s;
	int looks;

	ASSERT_BUILT(target_start(&self->t, build, self->r), "memory");
	ASSERT_EQ(0, clear_refs(self->t.pid, "1"));
	ASSERT_EQ(0, clear_refs(self->t.pid, "4"));
	ASSERT_EQ(0, target_step(&self->t, USED));
	ASSERT_EQ(USED, referenced(self->t.pid, self->r));
	for (looks = 0; looks < 3; looks++) {
		ASSERT_EQ(0, scan_everything(self->t.fd, self->r->start, self->r->end, &s));
		scan_free(&s);
		EXPECT_EQ(USED, young(&self->t, self->r));
	}
	EXPECT_EQ(USED, referenced(self->t.pid, self->r));
	EXPECT_EQ(0, soft_dirty(self->t.pid, self->r));
}

/* ----------------------------------------------- evicted, and back again */

#define GROUP	"/sys/fs/cgroup/vmscope-working"

static int build_in_group(void *arg, unsigned int step)
{
	char pid[16];

	if (!step) {
		snprintf(pid, sizeof(pid), "%d", getpid());
		if (write_file(GROUP "/cgroup.procs", pid))
			return ENODEV;
	}
	return build(arg, step);
}

/* Pages of the region in a state. */
static uint64_t pages_in(const struct target *t, const struct region *r,
			 enum vmscope_state state)
{
	uint64_t pages = ~0ull;
	struct scan s;

	if (!scan_everything(t->fd, r->start, r->end, &s)) {
		pages = tally_state(&s.tally[0], state);
		scan_free(&s);
	}
	return pages;
}

TEST_F(working, what_a_control_group_evicts_comes_back_young)
{
	int try, error = swap_on();

	if (error)
		SKIP(return, "swap in zram: %s", strerror(error));
	write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	mkdir(GROUP, 0700);
	ASSERT_BUILT(target_start(&self->t, build_in_group, self->r), "a control group");
	if (access(GROUP "/memory.reclaim", F_OK))
		SKIP(return, "no memory.reclaim: no memory cgroup of version 2");
	/* Reclaim takes of the group what it can get, in no more than a few goes. */
	for (try = 0; try < 100 && pages_in(&self->t, self->r, VMSCOPE_STATE_PRESENT); try++) {
		settle();
		write_file(GROUP "/memory.reclaim", "8M");
	}
	EXPECT_EQ(PAGES, pages_in(&self->t, self->r, VMSCOPE_STATE_SWAPPED));
	EXPECT_EQ(0, young(&self->t, self->r));
	ASSERT_EQ(0, target_step(&self->t, USED));
	EXPECT_EQ(USED, pages_in(&self->t, self->r, VMSCOPE_STATE_PRESENT));
	EXPECT_EQ(PAGES - USED, pages_in(&self->t, self->r, VMSCOPE_STATE_SWAPPED));
	EXPECT_EQ(USED, young(&self->t, self->r));
	target_stop(&self->t);
	EXPECT_EQ(0, rmdir(GROUP));
}

/*
 * For command.sh: uses the first pages of a mapping again and again, and one
 * new page of another each time, until it is killed. Where they are goes to
 * standard output.
 */
static int hold(void)
{
	char *same = map_anon(SIZE, PAGE_SIZE), *grows = map_anon(SIZE, PAGE_SIZE);
	size_t at;

	if (!same || !grows)
		return 1;
	touch(same, SIZE);
	printf("%lx %lx\n", (unsigned long)same, (unsigned long)grows);
	fflush(stdout);
	for (at = 0;; at = at < PAGES ? at + 1 : at) {
		forget_translations();
		read_all(same, USED * PAGE_SIZE);
		if (at < PAGES)
			grows[at * PAGE_SIZE] = 1;
		usleep(20000);
	}
}

VMSCOPE_TEST_MAIN_OR(hold)
