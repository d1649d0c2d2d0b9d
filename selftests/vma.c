// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How mappings are described: flags, names, policy, protection keys, nodes and
 * pins; knows nothing of the states of pages.
 */
#include "kselftest_harness.h"
#include <linux/io_uring.h>
#include <linux/mempolicy.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include "leaf.h"

#ifndef MADV_COLD
#define MADV_COLD	20
#endif
#ifndef SYS_mseal
#define SYS_mseal	462
#endif
#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE	0x08
#endif

#define SIZE	(16 * PAGE_SIZE)

FIXTURE(vma) {
	struct target t;
	struct region *r;
	struct scan s;
};

FIXTURE_SETUP(vma)
{
	self->t.fd = -1;
	self->r = shared_alloc(sizeof(*self->r));
	ASSERT_NE(NULL, self->r);
}

FIXTURE_TEARDOWN(vma)
{
	scan_free(&self->s);
	target_stop(&self->t);
}

static char *new_region(struct region *r, int flags)
{
	char *p = map_at(SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE,
			 flags | MAP_ANONYMOUS, -1);

	*r = region_of(p, SIZE);
	return p;
}

/* What @build made agrees with smaps in all; the VMA's record. */
static const struct vmscope_vma *look(struct __test_metadata *_metadata,
				      FIXTURE_DATA(vma) *self)
{
	EXPECT_SAME(leaf_check(&self->t, self->r, 0, 0));
	EXPECT_EQ(0, scan_everything(self->t.fd, self->r->start, self->r->end,
				     &self->s));
	EXPECT_EQ(1, self->s.nr_vmas);
	return &self->s.vma[0].head;
}

/* Each piece of advice in turn, with the flag that it sets. */
static const struct {
	int advice;
	uint64_t flag;
} advices[] = {
	{ MADV_SEQUENTIAL, VMSCOPE_VM_SEQ_READ },
	{ MADV_RANDOM, VMSCOPE_VM_RAND_READ },
	{ MADV_DONTFORK, VMSCOPE_VM_DONTCOPY },
	{ MADV_DONTDUMP, VMSCOPE_VM_DONTDUMP },
	{ MADV_WIPEONFORK, VMSCOPE_VM_WIPEONFORK },
	{ MADV_MERGEABLE, VMSCOPE_VM_MERGEABLE },
	{ MADV_HUGEPAGE, VMSCOPE_VM_HUGEPAGE },
	{ MADV_NOHUGEPAGE, VMSCOPE_VM_NOHUGEPAGE },
};

static int build_advised(void *arg, unsigned int step)
{
	struct region *r = arg;

	if (!new_region(r, MAP_PRIVATE))
		return ENOMEM;
	return madvise((void *)r->start, SIZE, advices[step ? step - 1 : 0].advice) ?
	       errno : 0;
}

TEST_F(vma, advice)
{
	size_t i;

	ASSERT_BUILT(target_start(&self->t, build_advised, self->r), "madvise");
	for (i = 0; i < ARRAY_SIZE(advices); i++) {
		ASSERT_EQ(0, target_step(&self->t, i + 1));
		EXPECT_TRUE(look(_metadata, self)->flags & advices[i].flag);
		scan_free(&self->s);
	}
}

static int build_locked(void *arg, unsigned int step)
{
	struct region *r = arg;

	(void)step;
	new_region(r, MAP_PRIVATE);
	return mlock2((void *)r->start, SIZE, MLOCK_ONFAULT) ? errno : 0;
}

TEST_F(vma, locked_on_fault)
{
	uint64_t flags = VMSCOPE_VM_LOCKED | VMSCOPE_VM_LOCKONFAULT;

	ASSERT_BUILT(target_start(&self->t, build_locked, self->r), "mlock2");
	EXPECT_EQ(flags, look(_metadata, self)->flags & flags);
}

static int build_shared(void *arg, unsigned int step)
{
	(void)step;
	return new_region(arg, MAP_SHARED | MAP_NORESERVE) ? 0 : ENOMEM;
}

TEST_F(vma, shared_anonymous_is_a_file)
{
	const struct vmscope_vma *v;

	ASSERT_BUILT(target_start(&self->t, build_shared, self->r), "mmap");
	v = look(_metadata, self);
	EXPECT_TRUE(v->flags & VMSCOPE_VM_SHARED);
	EXPECT_FALSE(v->flags & VMSCOPE_VM_ANON);
	EXPECT_EQ(VMSCOPE_NAME_FILE, v->name_kind);
}

static int build_private(void *arg, unsigned int step)
{
	(void)step;
	return new_region(arg, MAP_PRIVATE) ? 0 : ENOMEM;
}

TEST_F(vma, private_anonymous_has_no_name)
{
	const struct vmscope_vma *v;

	ASSERT_BUILT(target_start(&self->t, build_private, self->r), "mmap");
	v = look(_metadata, self);
	EXPECT_TRUE(v->flags & VMSCOPE_VM_ANON);
	EXPECT_EQ(VMSCOPE_NAME_NONE, v->name_kind);
	EXPECT_EQ(0, v->name_size);
	EXPECT_EQ(0, v->offset | v->inode);
	EXPECT_EQ(0xff, v->policy);
	EXPECT_EQ(0, v->pkey);
	EXPECT_EQ(12, v->page_shift);
}

static int build_named(void *arg, unsigned int step)
{
	struct region *r = arg;

	(void)step;
	new_region(r, MAP_PRIVATE);
	if (prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, r->start, SIZE, "giraffe"))
		return errno == EINVAL ? ENOSYS : errno;
	return 0;
}

TEST_F(vma, anonymous_with_a_name)
{
	ASSERT_BUILT(target_start(&self->t, build_named, self->r),
		     "PR_SET_VMA_ANON_NAME");
	EXPECT_EQ(VMSCOPE_NAME_ANON, look(_metadata, self)->name_kind);
	EXPECT_EQ(0, strcmp("giraffe", self->s.vma[0].name));
}

static int build_heap(void *arg, unsigned int step)
{
	struct region *r = arg;
	char *p = sbrk(SIZE);

	(void)step;
	if (p == (void *)-1)
		return errno;
	touch(p, SIZE);
	*r = (struct region) { ((uintptr_t)p + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE, 0 };
	r->end = r->start + PAGE_SIZE;
	return 0;
}

TEST_F(vma, heap)
{
	ASSERT_BUILT(target_start(&self->t, build_heap, self->r), "sbrk");
	EXPECT_EQ(VMSCOPE_NAME_HEAP, look(_metadata, self)->name_kind);
}

/* Names longer than usual, with every byte that a name may have. */
static int build_long_name(void *arg, unsigned int step)
{
	char name[200];
	int fd, i;

	(void)step;
	for (i = 0; i < 199; i++)
		name[i] = i % 2 ? 1 + i % 31 : 'a' + i % 26;
	name[199] = 0;
	fd = memfd_create(name, MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, SIZE))
		return errno;
	*(struct region *)arg = (struct region) { 0 };
	((struct region *)arg)->start =
		(uintptr_t)map_file(SIZE, PAGE_SIZE, MAP_SHARED, fd);
	((struct region *)arg)->end = ((struct region *)arg)->start + SIZE;
	return 0;
}

TEST_F(vma, long_name_is_whole_and_raw)
{
	ASSERT_BUILT(target_start(&self->t, build_long_name, self->r), "memfd");
	ASSERT_EQ(0, scan_everything(self->t.fd, self->r->start, self->r->end,
				     &self->s)) TH_LOG("%s", self->s.error);
	EXPECT_EQ(199 + strlen("/memfd:") + strlen(" (deleted)") + 1,
		  self->s.vma[0].head.name_size);
	EXPECT_EQ('\n', self->s.vma[0].name[strlen("/memfd:") + 9]);
}

/* ------------------------------------------------------- policy and nodes */

static int build_bound(void *arg, unsigned int step)
{
	unsigned long nodes = 1ul << 1;
	struct region *r = arg;

	(void)step;
	new_region(r, MAP_PRIVATE);
	madvise((void *)r->start, SIZE, MADV_NOHUGEPAGE);
	if (syscall(SYS_mbind, r->start, SIZE, MPOL_BIND, &nodes, 8 * sizeof(nodes), 0))
		return errno;
	touch((void *)r->start, SIZE);
	return 0;
}

TEST_F(vma, policy_and_node)
{
	if (access("/sys/devices/system/node/node1", F_OK))
		SKIP(return, "only one NUMA node");
	ASSERT_BUILT(target_start(&self->t, build_bound, self->r), "mbind");
	EXPECT_EQ(MPOL_BIND, look(_metadata, self)->policy);
	EXPECT_SAME(leaf_check(&self->t, self->r,
			       VMSCOPE_ATTR_STATE | VMSCOPE_ATTR_NODE,
			       STATE(PRESENT) | 1ull << VMSCOPE_ATTR_NODE_SHIFT));
}

/* -------------------------------------------------------- protection keys */

static int build_keyed(void *arg, unsigned int step)
{
	struct region *r = arg;
	int key = pkey_alloc(0, 0);

	(void)step;
	if (key < 0)
		return ENOSYS;
	new_region(r, MAP_PRIVATE);
	touch((void *)r->start, SIZE);
	return pkey_mprotect((void *)r->start, SIZE, PROT_READ | PROT_WRITE, key) ?
	       errno : 0;
}

TEST_F(vma, protection_key)
{
	ASSERT_BUILT(target_start(&self->t, build_keyed, self->r), "pkey_alloc");
	EXPECT_EQ(1, look(_metadata, self)->pkey);
}

/* ------------------------------------------------------ flags of new kernels */

static int build_sealed(void *arg, unsigned int step)
{
	struct region *r = arg;

	(void)step;
	new_region(r, MAP_PRIVATE);
	return syscall(SYS_mseal, r->start, SIZE, 0) ? ENOSYS : 0;
}

TEST_F(vma, sealed)
{
	ASSERT_BUILT(target_start(&self->t, build_sealed, self->r), "mseal");
	EXPECT_TRUE(look(_metadata, self)->flags & VMSCOPE_VM_SEALED);
}

static int build_droppable(void *arg, unsigned int step)
{
	char *p = map_at(SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE,
			 MAP_DROPPABLE | MAP_ANONYMOUS, -1);

	(void)step;
	if (!p)
		return ENOSYS;
	touch(p, SIZE);
	*(struct region *)arg = region_of(p, SIZE);
	return 0;
}

TEST_F(vma, droppable)
{
	ASSERT_BUILT(target_start(&self->t, build_droppable, self->r), "MAP_DROPPABLE");
	EXPECT_TRUE(look(_metadata, self)->flags & VMSCOPE_VM_DROPPABLE);
}

/* ------------------------------------------------------------------- pins */

/* Buffers that io_uring registers are pinned for as long as the ring lives. */
static int build_pinned(void *arg, unsigned int step)
{
	struct io_uring_params params = { 0 };
	struct region *r = arg;
	struct iovec buffer;
	int ring = syscall(SYS_io_uring_setup, 4, &params);

	(void)step;
	if (ring < 0)
		return ENOSYS;
	new_region(r, MAP_PRIVATE);
	madvise((void *)r->start, SIZE, MADV_NOHUGEPAGE);
	touch((void *)r->start, SIZE);
	buffer = (struct iovec) { (void *)r->start, SIZE };
	return syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, &buffer, 1) ?
	       errno : 0;
}

TEST_F(vma, pinned_pages)
{
	ASSERT_BUILT(target_start(&self->t, build_pinned, self->r), "io_uring");
	EXPECT_SAME(leaf_check(&self->t, self->r,
			       VMSCOPE_ATTR_STATE | VMSCOPE_ATTR_PINNED,
			       STATE(PRESENT) | VMSCOPE_ATTR_PINNED));
}

VMSCOPE_TEST_MAIN
