// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Leaf kinds of entries that are neither present nor swap: userfaultfd and
 * guard markers, migration, NUMA hints, device-private; knows nothing of swap,
 * nor of memory errors.
 */
#include "kselftest_harness.h"
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include "leaf.h"

#ifndef UFFD_FEATURE_WP_HUGETLBFS_SHMEM
#define UFFD_FEATURE_WP_HUGETLBFS_SHMEM	(1 << 12)
#endif
#ifndef UFFD_FEATURE_WP_UNPOPULATED
#define UFFD_FEATURE_WP_UNPOPULATED	(1 << 13)
#endif
#ifndef UFFD_FEATURE_POISON
#define UFFD_FEATURE_POISON		(1 << 14)
#endif
#ifndef UFFDIO_POISON
struct uffdio_poison {
	struct uffdio_range range;
	__u64 mode;
	__s64 updated;
};
#define UFFDIO_POISON	_IOWR(UFFDIO, 0x08, struct uffdio_poison)
#endif
#ifndef UFFD_FEATURE_RWP
#define UFFD_FEATURE_RWP		(1 << 17)
#define UFFDIO_REGISTER_MODE_RWP	((__u64)1 << 3)
#define UFFDIO_RWPROTECT_MODE_RWP	((__u64)1 << 0)
struct uffdio_rwprotect {
	struct uffdio_range range;
	__u64 mode;
};

#define UFFDIO_RWPROTECT	_IOWR(UFFDIO, 0x09, struct uffdio_rwprotect)
#endif

#define SIZE	(32 * PAGE_SIZE)

REGION_FIXTURE(marker)

static void set_region(void *arg, char *p, size_t size)
{
	*(struct region *)arg = region_of(p, size);
}

/* ----------------------------------------------------------- userfaultfd */

static int uffd_open(uint64_t features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0)
		return -ENOSYS;
	if (ioctl(fd, UFFDIO_API, &api)) {
		close(fd);
		return -ENOSYS;		/* not this feature */
	}
	return fd;
}

static int uffd_protect(int fd, char *p, size_t size)
{
	struct uffdio_register reg = {
		.range = { (uintptr_t)p, size },
		.mode = UFFDIO_REGISTER_MODE_WP,
	};
	struct uffdio_writeprotect wp = {
		.range = { (uintptr_t)p, size },
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};

	if (ioctl(fd, UFFDIO_REGISTER, &reg) || ioctl(fd, UFFDIO_WRITEPROTECT, &wp))
		return errno;
	return 0;
}

static int build_wp_present(void *arg, unsigned int step)
{
	char *p = map_anon(SIZE, PAGE_SIZE);
	int fd = uffd_open(UFFD_FEATURE_PAGEFAULT_FLAG_WP);

	(void)step;
	if (fd < 0)
		return -fd;
	touch(p, SIZE);
	set_region(arg, p, SIZE);
	return uffd_protect(fd, p, SIZE);
}

TEST_F(marker, uffd_wp_of_present_pages)
{
	ASSERT_BUILT(target_start(&self->t, build_wp_present, self->r), "userfaultfd");
	EXPECT_SAME(leaf_check(&self->t, self->r,
			       MASK_WHAT | VMSCOPE_ATTR_UFFD_WP | VMSCOPE_ATTR_WRITE,
			       STATE(PRESENT) | KIND(ANON_EXCLUSIVE) | LEAF(PTE) |
			       VMSCOPE_ATTR_UFFD_WP));
}

static int build_rwp_present(void *arg, unsigned int step)
{
	char *p = map_anon(SIZE, PAGE_SIZE);
	int fd = uffd_open(UFFD_FEATURE_RWP);
	struct uffdio_register reg = {
		.range = { (uintptr_t)p, SIZE },
		.mode = UFFDIO_REGISTER_MODE_RWP,
	};
	struct uffdio_rwprotect protect = {
		.range = { (uintptr_t)p, SIZE },
		.mode = UFFDIO_RWPROTECT_MODE_RWP,
	};

	(void)step;
	if (fd < 0)
		return -fd;
	touch(p, SIZE);
	set_region(arg, p, SIZE);
	if (ioctl(fd, UFFDIO_REGISTER, &reg) || ioctl(fd, UFFDIO_RWPROTECT, &protect))
		return errno;
	return 0;
}

/* Since 7.3: the same bit, in an entry that nobody may use. */
TEST_F(marker, uffd_rwp_of_present_pages)
{
	ASSERT_BUILT(target_start(&self->t, build_rwp_present, self->r),
		     "read-write protection by userfaultfd");
	EXPECT_SAME(leaf_check(&self->t, self->r, MASK_WHAT | VMSCOPE_ATTR_UFFD_WP |
			       VMSCOPE_ATTR_PROTNONE | VMSCOPE_ATTR_WRITE,
			       STATE(PRESENT) | KIND(ANON_EXCLUSIVE) | LEAF(PTE) |
			       VMSCOPE_ATTR_UFFD_WP | VMSCOPE_ATTR_PROTNONE));
}

static int build_wp_swapped(void *arg, unsigned int step)
{
	struct region *r = arg;
	int error = swap_on();

	if (error)
		return error;
	error = build_wp_present(arg, step);
	return error ? error : page_out((char *)r->start, SIZE);
}

TEST_F(marker, uffd_wp_of_swapped_pages)
{
	ASSERT_BUILT(target_start(&self->t, build_wp_swapped, self->r),
		     "userfaultfd and swap");
	EXPECT_SAME(leaf_check(&self->t, self->r, MASK_STATE | VMSCOPE_ATTR_UFFD_WP,
			       STATE(SWAPPED) | VMSCOPE_ATTR_UFFD_WP));
}

static int build_wp_shmem(void *arg, unsigned int step)
{
	char *p = map_file(SIZE, PAGE_SIZE, MAP_SHARED | MAP_ANONYMOUS, -1);
	int fd = uffd_open(UFFD_FEATURE_PAGEFAULT_FLAG_WP |
			   UFFD_FEATURE_WP_HUGETLBFS_SHMEM);

	(void)step;
	if (fd < 0)
		return -fd;
	set_region(arg, p, SIZE);
	return uffd_protect(fd, p, SIZE);
}

TEST_F(marker, uffd_wp_of_unpopulated_shmem_is_uffd)
{
	ASSERT_BUILT(target_start(&self->t, build_wp_shmem, self->r),
		     "write protection of shmem");
	EXPECT_SAME(leaf_check(&self->t, self->r, MASK_STATE | VMSCOPE_ATTR_UFFD_WP,
			       STATE(UFFD) | VMSCOPE_ATTR_UFFD_WP));
}

static int build_wp_anon(void *arg, unsigned int step)
{
	char *p = map_anon(SIZE, PAGE_SIZE);
	int fd = uffd_open(UFFD_FEATURE_PAGEFAULT_FLAG_WP |
			   UFFD_FEATURE_WP_UNPOPULATED);

	(void)step;
	if (fd < 0)
		return -fd;
	set_region(arg, p, SIZE);
	return uffd_protect(fd, p, SIZE);
}

TEST_F(marker, uffd_wp_of_unpopulated_anon_is_uffd)
{
	ASSERT_BUILT(target_start(&self->t, build_wp_anon, self->r),
		     "write protection of what is not there");
	EXPECT_SAME(leaf_check(&self->t, self->r, MASK_STATE | VMSCOPE_ATTR_UFFD_WP,
			       STATE(UFFD) | VMSCOPE_ATTR_UFFD_WP));
}

static int build_poison(void *arg, unsigned int step)
{
	char *p = map_anon(SIZE, PAGE_SIZE);
	struct uffdio_register reg = {
		.range = { (uintptr_t)p, SIZE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_poison poison = { .range = { (uintptr_t)p, SIZE } };
	int fd = uffd_open(UFFD_FEATURE_POISON);

	(void)step;
	if (fd < 0)
		return -fd;
	set_region(arg, p, SIZE);
	if (ioctl(fd, UFFDIO_REGISTER, &reg) || ioctl(fd, UFFDIO_POISON, &poison))
		return errno;
	return 0;
}

TEST_F(marker, uffdio_poison_is_poison)
{
	ASSERT_BUILT(target_start(&self->t, build_poison, self->r), "UFFDIO_POISON");
	EXPECT_SAME(leaf_check(&self->t, self->r, MASK_STATE, STATE(POISON)));
}

/* ----------------------------------------------------------------- guard */

static int build_guard(void *arg, unsigned int step)
{
	char *p = map_anon(SIZE, PAGE_SIZE);

	(void)step;
	touch(p, SIZE);
	if (madvise(p, SIZE, MADV_GUARD_INSTALL))
		return errno == EINVAL ? ENOSYS : errno;
	set_region(arg, p, SIZE);
	return 0;
}

TEST_F(marker, guard_install_is_guard)
{
	ASSERT_BUILT(target_start(&self->t, build_guard, self->r),
		     "MADV_GUARD_INSTALL");
	EXPECT_SAME(leaf_check(&self->t, self->r, MASK_STATE, STATE(GUARD)));
}

/* ------------------------------------------------------------- migration */

#define MOVED	(8 * PMD_SIZE)

static int build_moved(void *arg, unsigned int step)
{
	char *p = map_anon(MOVED, PMD_SIZE);

	(void)step;
	if (!p)
		return ENOMEM;
	make_thp(p, MOVED);	/* base pages do too */
	touch(p, MOVED);
	set_region(arg, p, MOVED);
	return 0;
}

struct mover {
	pid_t pid;
	struct region r;
	bool stop;
	long failed;
};

static void *move_back_and_forth(void *arg)
{
	struct mover *m = arg;
	enum { NR = MOVED / PAGE_SIZE };
	static void *pages[NR];
	static int nodes[NR], status[NR];
	int node = 1, i;

	for (i = 0; i < NR; i++)
		pages[i] = (void *)(m->r.start + i * PAGE_SIZE);
	while (!__atomic_load_n(&m->stop, __ATOMIC_RELAXED)) {
		for (i = 0; i < NR; i++)
			nodes[i] = node;
		if (syscall(SYS_move_pages, m->pid, NR, pages, nodes, status, 2) < 0)
			m->failed++;
		node = !node;
	}
	return NULL;
}

/* Migration entries are short-lived: look until one was seen. */
TEST_F(marker, migration_entries_are_seen_and_sums_hold)
{
	struct mover m = { 0 };
	uint64_t seen = 0, scans = 0;
	pthread_t thread;
	struct scan s;

	if (access("/sys/devices/system/node/node1", F_OK))
		SKIP(return, "only one NUMA node: nowhere to move pages to");
	ASSERT_BUILT(target_start(&self->t, build_moved, self->r), "mmap");
	m.pid = self->t.pid;
	m.r = *self->r;
	ASSERT_EQ(0, pthread_create(&thread, NULL, move_back_and_forth, &m));
	for (; scans < 20000 && seen < 100; scans++) {
		memset(&s, 0, sizeof(s));
		s.start = self->r->start;
		s.end = self->r->end;
		ASSERT_EQ(0, scan_run(self->t.fd, &s)) TH_LOG("%s", s.error);
		ASSERT_EQ(1, s.nr_tallies);
		EXPECT_EQ(MOVED, tally_bytes(&s.tally[0]));
		EXPECT_EQ(0, tally_state(&s.tally[0], VMSCOPE_STATE_UNKNOWN));
		seen += s.tally[0].counter[VMSCOPE_STATE_MIGRATING];
		scan_free(&s);
	}
	__atomic_store_n(&m.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	EXPECT_LT(0, seen)
		TH_LOG("no migration entry in %lu scans, %ld moves failed",
		       (unsigned long)scans, m.failed);
}

/* -------------------------------------------------------------- NUMA hint */

static void *wait_for_ever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static int build_hinted(void *arg, unsigned int step)
{
	struct region *r = arg;
	pthread_t thread;
	char *p;
	int i;

	if (!step) {
		/* A process of one thread gets no hints for its own node. */
		if (pthread_create(&thread, NULL, wait_for_ever, NULL))
			return EAGAIN;
		p = map_anon(SIZE, PAGE_SIZE);
		touch(p, SIZE);
		set_region(r, p, SIZE);
		return 0;
	}
	/* The hints are given out in the process's own time on a CPU. */
	for (i = 0; i < 30000000; i++)
		__asm__ volatile ("");
	return 0;
}

TEST_F(marker, numa_hint_is_protnone)
{
	uint64_t hinted = 0;
	struct scan s;
	int try;

	if (access("/sys/devices/system/node/node1", F_OK))
		SKIP(return, "only one NUMA node: no hints");
	write_file("/sys/kernel/debug/sched/numa_balancing/scan_delay_ms", "10");
	write_file("/sys/kernel/debug/sched/numa_balancing/scan_period_min_ms", "10");
	write_file("/sys/kernel/debug/sched/numa_balancing/scan_period_max_ms", "20");
	if (write_file("/proc/sys/kernel/numa_balancing", "1"))
		SKIP(return, "this kernel has no NUMA balancing");
	ASSERT_BUILT(target_start(&self->t, build_hinted, self->r), "mmap");
	for (try = 0; try < 100 && !hinted; try++) {
		ASSERT_EQ(0, target_step(&self->t, 1));
		ASSERT_EQ(0, scan_everything(self->t.fd, self->r->start,
					     self->r->end, &s));
		hinted = s.tally[0].counter[VMSCOPE_COUNT_PROTNONE];
		EXPECT_EQ(SIZE / PAGE_SIZE,
			  tally_state(&s.tally[0], VMSCOPE_STATE_PRESENT));
		scan_free(&s);
	}
	write_file("/proc/sys/kernel/numa_balancing", "0");
	EXPECT_LT(0, hinted);
	EXPECT_SAME(leaf_check(&self->t, self->r, MASK_STATE, STATE(PRESENT)));
}

VMSCOPE_TEST_MAIN
