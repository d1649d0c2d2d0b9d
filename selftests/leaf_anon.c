// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Leaf kinds of private anonymous memory in base pages; knows nothing of huge
 * pages, swap or files.
 */
#include "kselftest_harness.h"
#include "leaf.h"

#define SIZE	(32 * PAGE_SIZE)

REGION_FIXTURE(anon)

static char *new_region(struct region *r, size_t size)
{
	char *p = map_anon(size, PAGE_SIZE);

	*r = region_of(p, size);
	return p;
}

static int build_untouched(void *arg, unsigned int step)
{
	(void)step;
	return new_region(arg, SIZE) ? 0 : ENOMEM;
}

TEST_F(anon, never_touched_is_none)
{
	ASSERT_BUILT(target_start(&self->t, build_untouched, self->r), "mmap");
	EXPECT_SAME(leaf_check(&self->t, self->r, MASK_STATE, STATE(NONE)));
}

static int build_written(void *arg, unsigned int step)
{
	char *p = new_region(arg, SIZE);

	(void)step;
	if (p)
		touch(p, SIZE);
	return p ? 0 : ENOMEM;
}

TEST_F(anon, written_is_anon_exclusive)
{
	ASSERT_BUILT(target_start(&self->t, build_written, self->r), "mmap");
	EXPECT_SAME(leaf_check(&self->t, self->r,
			       MASK_WHAT | VMSCOPE_ATTR_WRITE | VMSCOPE_ATTR_DIRTY |
			       VMSCOPE_ATTR_YOUNG | VMSCOPE_ATTR_EXEC |
			       VMSCOPE_ATTR_SHARED | VMSCOPE_ATTR_SWAPBACKED,
			       STATE(PRESENT) | KIND(ANON_EXCLUSIVE) | LEAF(PTE) |
			       VMSCOPE_ATTR_WRITE | VMSCOPE_ATTR_DIRTY |
			       VMSCOPE_ATTR_YOUNG | VMSCOPE_ATTR_SWAPBACKED));
}

static int build_zero(void *arg, unsigned int step)
{
	char *p = new_region(arg, SIZE);

	(void)step;
	if (p)
		read_all(p, SIZE);
	return p ? 0 : ENOMEM;
}

TEST_F(anon, read_only_once_is_zero_page)
{
	ASSERT_BUILT(target_start(&self->t, build_zero, self->r), "mmap");
	EXPECT_SAME(leaf_check(&self->t, self->r,
			       MASK_STATE | VMSCOPE_ATTR_LEAF | VMSCOPE_ATTR_WRITE,
			       STATE(ZERO) | LEAF(PTE)));
}

/* The parent writes, forks a child of its own that only waits. */
static int build_forked(void *arg, unsigned int step)
{
	if (step)
		return 0;
	if (build_written(arg, 0))
		return ENOMEM;
	return fork_waiting() < 0 ? errno : 0;
}

TEST_F(anon, forked_is_shared_anon)
{
	ASSERT_BUILT(target_start(&self->t, build_forked, self->r), "mmap");
	EXPECT_SAME(leaf_check(&self->t, self->r,
			       MASK_WHAT | VMSCOPE_ATTR_WRITE | VMSCOPE_ATTR_SHARED,
			       STATE(PRESENT) | KIND(ANON) | LEAF(PTE) |
			       VMSCOPE_ATTR_SHARED));
}

/* Forked, then every second page is written again in the target. */
static int build_copied(void *arg, unsigned int step)
{
	struct region *r = arg;
	uint64_t a;

	if (build_forked(arg, step))
		return ENOMEM;
	for (a = r->start; a < r->end; a += 2 * PAGE_SIZE)
		*(volatile char *)a = 7;
	return 0;
}

TEST_F(anon, written_after_fork_is_exclusive_again)
{
	struct scan_page p;
	struct scan s;
	uint64_t a;

	ASSERT_BUILT(target_start(&self->t, build_copied, self->r), "mmap");
	EXPECT_SAME(leaf_check(&self->t, self->r, MASK_STATE, STATE(PRESENT)));
	ASSERT_EQ(0, scan_everything(self->t.fd, self->r->start, self->r->end, &s));
	for (a = self->r->start; a < self->r->end; a += PAGE_SIZE) {
		bool copied = (a - self->r->start) / PAGE_SIZE % 2 == 0;

		ASSERT_TRUE(scan_page(&s, a, &p));
		EXPECT_EQ(copied ? KIND(ANON_EXCLUSIVE) : KIND(ANON),
			  p.attributes & VMSCOPE_ATTR_KIND);
		EXPECT_EQ(copied ? 1 : 2, p.mapcount);
	}
	scan_free(&s);
}

static int build_protnone(void *arg, unsigned int step)
{
	struct region *r = arg;

	if (build_written(arg, step))
		return ENOMEM;
	return mprotect((void *)r->start, SIZE, PROT_NONE) ? errno : 0;
}

TEST_F(anon, prot_none_after_touch_is_present_and_protnone)
{
	ASSERT_BUILT(target_start(&self->t, build_protnone, self->r), "mprotect");
	EXPECT_SAME(leaf_check(&self->t, self->r,
			       MASK_WHAT | VMSCOPE_ATTR_PROTNONE | VMSCOPE_ATTR_WRITE |
			       VMSCOPE_ATTR_EXEC,
			       STATE(PRESENT) | KIND(ANON_EXCLUSIVE) | LEAF(PTE) |
			       VMSCOPE_ATTR_PROTNONE));
}

static int build_readonly(void *arg, unsigned int step)
{
	struct region *r = arg;

	if (build_written(arg, step))
		return ENOMEM;
	return mprotect((void *)r->start, SIZE, PROT_READ) ? errno : 0;
}

/* Write protection moves the dirty bit elsewhere in the entry. */
TEST_F(anon, write_protected_stays_dirty)
{
	ASSERT_BUILT(target_start(&self->t, build_readonly, self->r), "mprotect");
	EXPECT_SAME(leaf_check(&self->t, self->r,
			       MASK_WHAT | VMSCOPE_ATTR_DIRTY | VMSCOPE_ATTR_WRITE,
			       STATE(PRESENT) | KIND(ANON_EXCLUSIVE) | LEAF(PTE) |
			       VMSCOPE_ATTR_DIRTY));
}

static int build_executable(void *arg, unsigned int step)
{
	struct region *r = arg;

	if (build_written(arg, step))
		return ENOMEM;
	return mprotect((void *)r->start, SIZE, PROT_READ | PROT_EXEC) ? errno : 0;
}

TEST_F(anon, executable_has_exec)
{
	ASSERT_BUILT(target_start(&self->t, build_executable, self->r), "mprotect");
	EXPECT_SAME(leaf_check(&self->t, self->r,
			       MASK_STATE | VMSCOPE_ATTR_EXEC,
			       STATE(PRESENT) | VMSCOPE_ATTR_EXEC));
}

static int build_locked(void *arg, unsigned int step)
{
	struct region *r = arg;

	if (build_written(arg, step))
		return ENOMEM;
	return mlock((void *)r->start, SIZE) ? errno : 0;
}

TEST_F(anon, mlocked_is_unevictable)
{
	uint64_t flags = VMSCOPE_ATTR_MLOCKED | VMSCOPE_ATTR_UNEVICTABLE;
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_locked, self->r), "mlock");
	settle();
	EXPECT_SAME(leaf_check(&self->t, self->r, MASK_WHAT | flags,
			       STATE(PRESENT) | KIND(ANON_EXCLUSIVE) | LEAF(PTE) |
			       flags));
	ASSERT_EQ(0, scan_everything(self->t.fd, self->r->start, self->r->end, &s));
	EXPECT_TRUE(s.vma[0].head.flags & VMSCOPE_VM_LOCKED);
	scan_free(&s);
}

static int build_lazyfree(void *arg, unsigned int step)
{
	struct region *r = arg;

	if (build_written(arg, step))
		return ENOMEM;
	if (madvise((void *)r->start, SIZE, MADV_FREE))
		return errno;
	/* Half is written again, and so is not free any more. */
	touch((void *)(r->start + SIZE / 2), SIZE / 2);
	return 0;
}

TEST_F(anon, madv_free_is_lazyfree_until_written)
{
	struct region half;
	int try;

	ASSERT_BUILT(target_start(&self->t, build_lazyfree, self->r), "MADV_FREE");
	half = (struct region) { self->r->start, self->r->start + SIZE / 2 };
	/* Pages lose SWAPBACKED when the batch that they wait in is drained. */
	for (try = 0; try < 20; try++) {
		settle();
		if (!leaf_check(&self->t, &half, VMSCOPE_ATTR_LAZYFREE,
				VMSCOPE_ATTR_LAZYFREE))
			break;
		usleep(50000);
	}
	EXPECT_SAME(leaf_check(&self->t, &half,
			       MASK_WHAT | VMSCOPE_ATTR_LAZYFREE | VMSCOPE_ATTR_DIRTY,
			       STATE(PRESENT) | KIND(ANON_EXCLUSIVE) | LEAF(PTE) |
			       VMSCOPE_ATTR_LAZYFREE));
	half = (struct region) { self->r->start + SIZE / 2, self->r->end };
	EXPECT_SAME(leaf_check(&self->t, &half,
			       MASK_STATE | VMSCOPE_ATTR_LAZYFREE | VMSCOPE_ATTR_DIRTY,
			       STATE(PRESENT) | VMSCOPE_ATTR_DIRTY));
}

/* Step 1: the second half is written after soft-dirty bits were cleared. */
static int build_soft_dirty(void *arg, unsigned int step)
{
	struct region *r = arg;

	if (!step)
		return build_written(arg, 0);
	touch((void *)(r->start + SIZE / 2), SIZE / 2);
	return 0;
}

TEST_F(anon, soft_dirty_follows_clear_refs)
{
	struct region half;
	char path[64];

	if (!(vmscope_info()->features & VMSCOPE_FEATURE_SOFT_DIRTY))
		SKIP(return, "this kernel has no soft-dirty bits");
	ASSERT_BUILT(target_start(&self->t, build_soft_dirty, self->r), "mmap");
	EXPECT_SAME(leaf_check(&self->t, self->r, VMSCOPE_ATTR_SOFT_DIRTY,
			       VMSCOPE_ATTR_SOFT_DIRTY));
	snprintf(path, sizeof(path), "/proc/%d/clear_refs", self->t.pid);
	ASSERT_EQ(0, write_file(path, "4"));
	EXPECT_SAME(leaf_check(&self->t, self->r, VMSCOPE_ATTR_SOFT_DIRTY, 0));
	ASSERT_EQ(0, target_step(&self->t, 1));
	half = (struct region) { self->r->start, self->r->start + SIZE / 2 };
	EXPECT_SAME(leaf_check(&self->t, &half, VMSCOPE_ATTR_SOFT_DIRTY, 0));
	half = (struct region) { self->r->start + SIZE / 2, self->r->end };
	EXPECT_SAME(leaf_check(&self->t, &half, VMSCOPE_ATTR_SOFT_DIRTY,
			       VMSCOPE_ATTR_SOFT_DIRTY));
}

TEST_F(anon, referenced_bits_follow_clear_refs)
{
	char path[64];

	ASSERT_BUILT(target_start(&self->t, build_written, self->r), "mmap");
	snprintf(path, sizeof(path), "/proc/%d/clear_refs", self->t.pid);
	ASSERT_EQ(0, write_file(path, "1"));
	EXPECT_SAME(leaf_check(&self->t, self->r,
			       VMSCOPE_ATTR_YOUNG | VMSCOPE_ATTR_REFERENCED, 0));
}

static int build_ksm(void *arg, unsigned int step)
{
	char *p = new_region(arg, SIZE);
	int error;

	(void)step;
	if (!p)
		return ENOMEM;
	memset(p, 0x5a, SIZE);
	error = ksm_merge(p, SIZE);
	ksm_stop();
	return error;
}

TEST_F(anon, merged_by_ksm_is_ksm)
{
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_ksm, self->r), "KSM");
	EXPECT_SAME(leaf_check(&self->t, self->r,
			       MASK_WHAT | VMSCOPE_ATTR_WRITE | VMSCOPE_ATTR_SHARED,
			       STATE(PRESENT) | KIND(KSM) | LEAF(PTE) |
			       VMSCOPE_ATTR_SHARED));
	ASSERT_EQ(0, scan_everything(self->t.fd, self->r->start, self->r->end, &s));
	EXPECT_EQ(SIZE / PAGE_SIZE, s.extent[0].head.mapcount);
	EXPECT_TRUE(s.vma[0].head.flags & VMSCOPE_VM_MERGEABLE);
	scan_free(&s);
}

VMSCOPE_TEST_MAIN
