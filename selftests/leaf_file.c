// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Leaf kinds of page cache and shmem in base pages; knows nothing of huge
 * pages or swap.
 */
#include "kselftest_harness.h"
#include <sys/ipc.h>
#include <sys/shm.h>
#include "leaf.h"

#define SIZE	(32 * PAGE_SIZE)

struct shared {
	struct region r;
	int fd;
	int flags;
};

FIXTURE(file) {
	struct target t;
	struct shared *s;
};

FIXTURE_VARIANT(file) {
	const char *type;
};

FIXTURE_VARIANT_ADD(file, ext4) {
	.type = "ext4",
};

FIXTURE_VARIANT_ADD(file, ramfs) {
	.type = "ramfs",
};

FIXTURE_SETUP(file)
{
	self->t.fd = -1;
	self->s = shared_alloc(sizeof(*self->s));
	ASSERT_NE(NULL, self->s);
	self->s->fd = file_on(variant->type, SIZE);
	if (self->s->fd < 0)
		SKIP(return, "file on %s: %s", variant->type,
		     strerror(-self->s->fd));
}

FIXTURE_TEARDOWN(file)
{
	target_stop(&self->t);
	if (self->s && self->s->fd > 0)
		close(self->s->fd);
}

static char *map_region(struct shared *s)
{
	char *p = map_file(SIZE, PAGE_SIZE, s->flags, s->fd);

	s->r = region_of(p, SIZE);
	return p;
}

static int build_read(void *arg, unsigned int step)
{
	char *p = map_region(arg);

	(void)step;
	if (p)
		read_all(p, SIZE);
	return p ? 0 : ENOMEM;
}

static int build_written(void *arg, unsigned int step)
{
	char *p = map_region(arg);

	(void)step;
	if (p)
		touch(p, SIZE);
	return p ? 0 : ENOMEM;
}

TEST_F(file, shared_and_read)
{
	self->s->flags = MAP_SHARED;
	ASSERT_BUILT(target_start(&self->t, build_read, self->s), "mmap");
	/* Of which order page cache is, is the file system's affair. */
	EXPECT_SAME(leaf_check(&self->t, &self->s->r,
			       MASK_WHAT & ~VMSCOPE_ATTR_ORDER,
			       STATE(PRESENT) | KIND(FILE_SHARED) | LEAF(PTE)));
}

TEST_F(file, shared_and_written_is_dirty)
{
	self->s->flags = MAP_SHARED;
	ASSERT_BUILT(target_start(&self->t, build_written, self->s), "mmap");
	EXPECT_SAME(leaf_check(&self->t, &self->s->r,
			       (MASK_WHAT & ~VMSCOPE_ATTR_ORDER) |
			       VMSCOPE_ATTR_DIRTY | VMSCOPE_ATTR_WRITE,
			       STATE(PRESENT) | KIND(FILE_SHARED) | LEAF(PTE) |
			       VMSCOPE_ATTR_DIRTY | VMSCOPE_ATTR_WRITE));
}

TEST_F(file, private_and_read)
{
	self->s->flags = MAP_PRIVATE;
	ASSERT_BUILT(target_start(&self->t, build_read, self->s), "mmap");
	EXPECT_SAME(leaf_check(&self->t, &self->s->r,
			       (MASK_WHAT & ~VMSCOPE_ATTR_ORDER) | VMSCOPE_ATTR_WRITE,
			       STATE(PRESENT) | KIND(FILE_PRIVATE) | LEAF(PTE)));
}

TEST_F(file, private_and_written_is_anon)
{
	self->s->flags = MAP_PRIVATE;
	ASSERT_BUILT(target_start(&self->t, build_written, self->s), "mmap");
	EXPECT_SAME(leaf_check(&self->t, &self->s->r,
			       MASK_WHAT | VMSCOPE_ATTR_WRITE,
			       STATE(PRESENT) | KIND(ANON_EXCLUSIVE) | LEAF(PTE) |
			       VMSCOPE_ATTR_WRITE));
}

/* Every second page of a private mapping copied: kinds alternate. */
static int build_half_copied(void *arg, unsigned int step)
{
	struct shared *s = arg;
	uint64_t a;

	if (build_read(arg, step))
		return ENOMEM;
	for (a = s->r.start; a < s->r.end; a += 2 * PAGE_SIZE)
		*(volatile char *)a = 1;
	return 0;
}

TEST_F(file, private_half_written_alternates)
{
	struct scan_page p;
	struct scan s;
	uint64_t a;

	self->s->flags = MAP_PRIVATE;
	ASSERT_BUILT(target_start(&self->t, build_half_copied, self->s), "mmap");
	EXPECT_SAME(leaf_check(&self->t, &self->s->r, MASK_STATE, STATE(PRESENT)));
	ASSERT_EQ(0, scan_everything(self->t.fd, self->s->r.start,
				     self->s->r.end, &s));
	for (a = self->s->r.start; a < self->s->r.end; a += PAGE_SIZE) {
		ASSERT_TRUE(scan_page(&s, a, &p));
		EXPECT_EQ((a - self->s->r.start) / PAGE_SIZE % 2 ?
			  KIND(FILE_PRIVATE) : KIND(ANON_EXCLUSIVE),
			  p.attributes & VMSCOPE_ATTR_KIND);
	}
	scan_free(&s);
}

TEST_F(file, vma_names_the_file)
{
	struct scan s;

	self->s->flags = MAP_SHARED;
	ASSERT_BUILT(target_start(&self->t, build_read, self->s), "mmap");
	ASSERT_EQ(0, scan_everything(self->t.fd, self->s->r.start,
				     self->s->r.end, &s));
	ASSERT_EQ(1, s.nr_vmas);
	EXPECT_EQ(VMSCOPE_NAME_FILE, s.vma[0].head.name_kind);
	EXPECT_NE(NULL, strstr(s.vma[0].name, "file (deleted)"))
		TH_LOG("name %s", s.vma[0].name);
	EXPECT_NE(0, s.vma[0].head.inode);
	EXPECT_EQ(12, s.vma[0].head.page_shift);
	scan_free(&s);
}

/* Two targets map one file: every page is mapped twice. */
TEST_F(file, mapped_by_two_has_mapcount_two)
{
	struct target other = { .fd = -1 };
	struct scan s;

	self->s->flags = MAP_SHARED;
	ASSERT_BUILT(target_start(&other, build_read, self->s), "mmap");
	ASSERT_BUILT(target_start(&self->t, build_read, self->s), "mmap");
	EXPECT_SAME(leaf_check(&self->t, &self->s->r,
			       MASK_STATE | VMSCOPE_ATTR_SHARED,
			       STATE(PRESENT) | VMSCOPE_ATTR_SHARED));
	ASSERT_EQ(0, scan_everything(self->t.fd, self->s->r.start,
				     self->s->r.end, &s));
	EXPECT_EQ(2, s.extent[0].head.mapcount);
	scan_free(&s);
	target_stop(&other);
}

/* ----------------------------------------------------------------- shmem */

FIXTURE(shmem) {
	struct target t;
	struct shared *s;
};

FIXTURE_SETUP(shmem)
{
	self->t.fd = -1;
	self->s = shared_alloc(sizeof(*self->s));
	ASSERT_NE(NULL, self->s);
}

FIXTURE_TEARDOWN(shmem)
{
	target_stop(&self->t);
}

#define SHMEM_MASK	(MASK_WHAT | VMSCOPE_ATTR_SWAPBACKED | VMSCOPE_ATTR_WRITE)
#define SHMEM_WRITTEN	(STATE(PRESENT) | KIND(SHMEM) | LEAF(PTE) | \
			 VMSCOPE_ATTR_SWAPBACKED | VMSCOPE_ATTR_WRITE)

static int build_shared_anon(void *arg, unsigned int step)
{
	struct shared *s = arg;

	s->flags = MAP_SHARED | MAP_ANONYMOUS;
	s->fd = -1;
	return build_written(arg, step);
}

TEST_F(shmem, shared_anonymous)
{
	ASSERT_BUILT(target_start(&self->t, build_shared_anon, self->s), "mmap");
	EXPECT_SAME(leaf_check(&self->t, &self->s->r, SHMEM_MASK, SHMEM_WRITTEN));
}

static int build_memfd(void *arg, unsigned int step)
{
	struct shared *s = arg;

	s->fd = memfd_create("zoo", MFD_CLOEXEC);
	if (s->fd < 0 || ftruncate(s->fd, SIZE))
		return errno;
	s->flags = MAP_SHARED;
	return build_written(arg, step);
}

TEST_F(shmem, memfd)
{
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_memfd, self->s), "memfd");
	EXPECT_SAME(leaf_check(&self->t, &self->s->r, SHMEM_MASK, SHMEM_WRITTEN));
	ASSERT_EQ(0, scan_everything(self->t.fd, self->s->r.start,
				     self->s->r.end, &s));
	EXPECT_EQ(0, strcmp(s.vma[0].name, "/memfd:zoo (deleted)"))
		TH_LOG("name %s", s.vma[0].name);
	scan_free(&s);
}

static int build_memfd_private(void *arg, unsigned int step)
{
	struct shared *s = arg;
	char zeros[PAGE_SIZE] = "";
	size_t i;

	s->fd = memfd_create("zoo", MFD_CLOEXEC);
	for (i = 0; i < SIZE; i += PAGE_SIZE)
		if (write(s->fd, zeros, PAGE_SIZE) != (ssize_t)PAGE_SIZE)
			return EIO;
	s->flags = MAP_PRIVATE;
	return build_read(arg, step);
}

TEST_F(shmem, memfd_mapped_private_and_read)
{
	ASSERT_BUILT(target_start(&self->t, build_memfd_private, self->s), "memfd");
	EXPECT_SAME(leaf_check(&self->t, &self->s->r,
			       MASK_WHAT | VMSCOPE_ATTR_WRITE,
			       STATE(PRESENT) | KIND(SHMEM) | LEAF(PTE)));
}

static int build_sysv(void *arg, unsigned int step)
{
	struct shared *s = arg;
	int id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | 0600);
	char *p;

	(void)step;
	if (id < 0)
		return errno;
	p = shmat(id, NULL, 0);
	shmctl(id, IPC_RMID, NULL);
	if (p == (void *)-1)
		return errno;
	touch(p, SIZE);
	s->r = region_of(p, SIZE);
	return 0;
}

TEST_F(shmem, sysv)
{
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_sysv, self->s), "shmget");
	EXPECT_SAME(leaf_check(&self->t, &self->s->r, SHMEM_MASK, SHMEM_WRITTEN));
	ASSERT_EQ(0, scan_everything(self->t.fd, self->s->r.start,
				     self->s->r.end, &s));
	EXPECT_EQ(0, strncmp(s.vma[0].name, "/SYSV", 5));
	scan_free(&s);
}

/* Page @i is mapped i + 1 times, as those of the C library are on a busy machine. */
static int build_mapped_by_many(void *arg, unsigned int step)
{
	struct shared *s = arg;
	size_t pages = SIZE / PAGE_SIZE, times;
	char *p;

	if (build_memfd(arg, step))
		return ENOMEM;
	for (times = 1; times < pages; times++) {
		p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
		if (p == MAP_FAILED)
			return errno;
		touch(p + times * PAGE_SIZE, SIZE - times * PAGE_SIZE);
	}
	return 0;
}

TEST_F(shmem, shares_of_pages_mapped_by_many)
{
	uint64_t pss = 0, times;
	unsigned int plain;

	ASSERT_BUILT(target_start(&self->t, build_mapped_by_many, self->s), "memfd");
	for (times = 1; times <= SIZE / PAGE_SIZE; times++)
		pss += (PAGE_SIZE << VMSCOPE_PSS_SHIFT) / times;
	for (plain = 0; plain < 2; plain++) {
		struct scan s = {
			.start = self->s->r.start, .end = self->s->r.end,
			.records = RECORD(TALLY),
			.flags = plain ? VMSCOPE_SCAN_PLAIN : 0,
		};

		ASSERT_EQ(0, scan_run(self->t.fd, &s)) TH_LOG("%s", s.error);
		EXPECT_EQ(pss, s.tally[0].counter[VMSCOPE_COUNT_PSS_SHMEM])
			TH_LOG("%s", plain ? "plain" : "fast");
		EXPECT_EQ(SIZE / PAGE_SIZE, tally_kind(&s.tally[0], VMSCOPE_KIND_SHMEM));
		scan_free(&s);
	}
}

/* Pages of the object that this mapping never touched have no entry. */
static int build_unmapped_pages(void *arg, unsigned int step)
{
	struct shared *s = arg;

	if (build_memfd(arg, step))
		return ENOMEM;
	munmap((void *)s->r.start, SIZE);
	return map_region(s) ? 0 : ENOMEM;
}

TEST_F(shmem, pages_not_mapped_here_are_none)
{
	ASSERT_BUILT(target_start(&self->t, build_unmapped_pages, self->s), "memfd");
	EXPECT_SAME(leaf_check(&self->t, &self->s->r, MASK_STATE, STATE(NONE)));
}

VMSCOPE_TEST_MAIN
