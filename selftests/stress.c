// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Address spaces that are large, many or busy. How long the busy one is
 * watched is said by VMSCOPE_STRESS_SECONDS; knows nothing of kinds.
 */
#include "kselftest_harness.h"
#include <pthread.h>
#include "clock.h"
#include "leaf.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif

REGION_FIXTURE(large)

/* Neighbours differ in their protection and so stay apart. */
static int build_many(void *arg, unsigned int step)
{
	size_t nr = kernel_is_debug() ? 5000 : 60000, i;
	char *p = map_anon(nr * PAGE_SIZE, PMD_SIZE);
	struct region *r = arg;

	(void)step;
	if (!p)
		return ENOMEM;
	touch(p, nr * PAGE_SIZE);
	for (i = 0; i < nr; i += 2)
		if (mprotect(p + i * PAGE_SIZE, PAGE_SIZE, PROT_READ))
			return errno;
	*r = region_of(p, nr * PAGE_SIZE);
	return 0;
}

TEST_F(large, sixty_thousand_vmas)
{
	size_t expected = kernel_is_debug() ? 5000 : 60000, i;
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_many, self->r), "mprotect");
	ASSERT_EQ(0, scan_everything(self->t.fd, self->r->start, self->r->end, &s))
		TH_LOG("%s", s.error);
	EXPECT_EQ(expected, s.nr_vmas);
	ASSERT_EQ(expected, s.nr_tallies);
	EXPECT_SAME(sums_check(&s));
	for (i = 0; i < expected; i++) {
		ASSERT_EQ(self->r->start + i * PAGE_SIZE, s.vma[i].head.start);
		ASSERT_EQ(i % 2 != 0, !!(s.vma[i].head.flags & VMSCOPE_VM_WRITE));
		ASSERT_EQ(1, tally_state(&s.tally[i], VMSCOPE_STATE_PRESENT));
	}
	scan_free(&s);
	EXPECT_SAME(oracle_range(self->t.pid, self->t.fd, self->r->start,
				 self->r->start + 2000 * PAGE_SIZE, &s));
	scan_free(&s);
}

#define TIB	(1024 * GIB)

static int build_sparse(void *arg, unsigned int step)
{
	struct region *r = arg;
	char *p = map_at(TIB, GIB, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
	size_t i;

	(void)step;
	if (!p)
		return ENOMEM;
	madvise(p, TIB, MADV_NOHUGEPAGE);
	for (i = 0; i < TIB; i += GIB)
		p[i + i / 1024 % GIB / PAGE_SIZE * PAGE_SIZE] = 1;
	*r = region_of(p, TIB);
	return 0;
}

TEST_F(large, sparse_terabyte)
{
	struct scan s = { 0 }, extents = { 0 };
	struct smaps *maps;
	ssize_t i, nr;

	ASSERT_BUILT(target_start(&self->t, build_sparse, self->r), "mmap");
	s.start = extents.start = self->r->start;
	s.end = extents.end = self->r->end;
	ASSERT_EQ(0, scan_run(self->t.fd, &s)) TH_LOG("%s", s.error);
	ASSERT_EQ(1, s.nr_tallies);
	EXPECT_EQ(TIB, tally_bytes(&s.tally[0]));
	EXPECT_EQ(1024, tally_state(&s.tally[0], VMSCOPE_STATE_PRESENT));
	nr = smaps_read(self->t.pid, &maps);
	for (i = 0; i < nr; i++)
		if (maps[i].start == self->r->start)
			EXPECT_SAME(oracle_tally(&s.tally[0], &s.vma[0], &maps[i]));
	free(maps);
	extents.records = RECORD(EXTENT);
	extents.key = VMSCOPE_ATTR_STATE | VMSCOPE_KEY_FRAME;
	ASSERT_EQ(0, scan_run(self->t.fd, &extents)) TH_LOG("%s", extents.error);
	EXPECT_EQ(1024, extents.nr_extents);
	scan_free(&extents);
	/* With holes too: runs longer than 32 bits of pages do not exist. */
	extents.start = self->r->start;
	extents.end = self->r->end;
	extents.records = RECORD(EXTENT) | RECORD(TALLY);
	extents.key = scan_full_key();
	extents.flags = VMSCOPE_SCAN_HOLES;
	ASSERT_EQ(0, scan_run(self->t.fd, &extents)) TH_LOG("%s", extents.error);
	EXPECT_SAME(sums_check(&extents));
	scan_free(&extents);
	scan_free(&s);
}

/* ------------------------------------------------------------- fork storm */

struct storm {
	volatile pid_t child[256];
	volatile unsigned long forks;
	volatile bool stop;
};

static void storm(struct storm *s)
{
	while (!s->stop) {
		unsigned long slot = s->forks % 256;
		pid_t child = fork();

		if (!child) {
			touch(map_anon(64 * PAGE_SIZE, PAGE_SIZE), 64 * PAGE_SIZE);
			_exit(0);
		}
		s->child[slot] = child;
		s->forks++;
		if (s->forks % 8 == 0)
			while (waitpid(-1, NULL, WNOHANG) > 0)
				;
	}
	while (wait(NULL) > 0)
		;
	_exit(0);
}

static unsigned int seconds(void)
{
	const char *text = getenv("VMSCOPE_STRESS_SECONDS");

	return text ? atoi(text) : 6;
}

TEST_F_TIMEOUT(large, fork_storm, 1000)
{
	struct storm *s = shared_alloc(sizeof(*s));
	unsigned long scans = 0, gone = 0;
	double end = now() + seconds();
	int device = device_open();
	pid_t parent = fork();

	if (!parent)
		storm(s);
	while (now() < end) {
		pid_t pid = s->child[scans % 256];
		struct scan scan = { 0 };
		int fd, error;

		scans++;
		if (!pid)
			continue;
		fd = target_open(device, pid);
		if (fd < 0) {
			ASSERT_EQ(-ESRCH, fd);
			gone++;
			continue;
		}
		error = scan_run(fd, &scan);
		ASSERT_TRUE(error == 0 || error == -ESRCH)
			TH_LOG("%d %s", error, scan.error);
		scan_free(&scan);
		close(fd);
	}
	s->stop = true;
	EXPECT_EQ(parent, waitpid(parent, NULL, 0));
	EXPECT_LT(10, s->forks);
	TH_LOG("%lu forks, %lu opens, %lu too late", s->forks, scans, gone);
}

/* ------------------------------------------------------------ busy process */

#define BUSY	(16 * MIB)

enum activity { DROP, COLLAPSE, PROTECT, REMAP, PAGEOUT, FORK, SHMEM, MOVE, NR_ACTIVITIES };

static const char *const activity_names[] = {
	"drop", "collapse", "protect", "remap", "pageout", "fork", "shmem", "move",
};

struct busy {
	volatile unsigned long rounds[NR_ACTIVITIES];
	char *anon;
	char *shmem;
};

struct actor {
	struct busy *b;
	enum activity what;
};

static void act(struct busy *b, enum activity what, unsigned int *seed)
{
	char *p = b->anon + rand_r(seed) % (BUSY / PMD_SIZE) * PMD_SIZE;
	char *shm = b->shmem + rand_r(seed) % (BUSY / PMD_SIZE) * PMD_SIZE;
	size_t at = rand_r(seed) % 512 * PAGE_SIZE;
	char *q;

	switch (what) {
	case DROP:
		madvise(p, PMD_SIZE, MADV_DONTNEED);
		touch(p, PMD_SIZE);
		break;
	case COLLAPSE:
		madvise(p, PMD_SIZE, MADV_COLLAPSE);
		break;
	case PROTECT:
		/* Never read-only: the other threads write there. */
		mprotect(p + at, PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC);
		mprotect(p + at, PAGE_SIZE, PROT_READ | PROT_WRITE);
		break;
	case REMAP:
		q = mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		touch(q, 64 * PAGE_SIZE);
		munmap(q, 4 * MIB);
		break;
	case PAGEOUT:
		madvise(p, PMD_SIZE, MADV_PAGEOUT);
		break;
	case FORK:
		if (!fork()) {
			touch(p, PMD_SIZE / 4);
			_exit(0);
		}
		touch(p, PMD_SIZE / 4);
		wait(NULL);
		break;
	case SHMEM:
		madvise(shm, PMD_SIZE, MADV_COLLAPSE);
		madvise(shm, PMD_SIZE, rand_r(seed) % 2 ? MADV_REMOVE : MADV_DONTNEED);
		touch(shm, PMD_SIZE);
		break;
	case MOVE:
		q = mmap(NULL, 16 * PAGE_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		touch(q, 16 * PAGE_SIZE);
		q = mremap(q, 16 * PAGE_SIZE, PMD_SIZE, MREMAP_MAYMOVE);
		munmap(q, PMD_SIZE);
		break;
	default:
		break;
	}
}

static void *actor(void *arg)
{
	struct actor *a = arg;
	unsigned int seed = a->what;

	for (;;) {
		double begin = now();

		act(a->b, a->what, &seed);
		a->b->rounds[a->what]++;
		/*
		 * No more at a time than there are CPUs, on average: those who wait
		 * for one with mmap_lock held keep the scan waiting, not busy.
		 */
		usleep((now() - begin) * 1e6 * (NR_ACTIVITIES / 2));
	}
	return NULL;
}

static int build_busy(void *arg, unsigned int step)
{
	static struct actor actors[NR_ACTIVITIES];
	struct busy *b = arg;
	pthread_t thread;
	int i;

	(void)step;
	/* Not through map_anon(): huge pages are wanted. */
	b->anon = map_at(BUSY, PMD_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1);
	b->shmem = map_at(BUSY, PMD_SIZE, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1);
	if (!b->anon || !b->shmem)
		return ENOMEM;
	madvise(b->anon, BUSY, MADV_HUGEPAGE);
	for (i = 0; i < NR_ACTIVITIES; i++) {
		actors[i] = (struct actor) { b, i };
		if (pthread_create(&thread, NULL, actor, &actors[i]))
			return EAGAIN;
	}
	return 0;
}

static const struct scan modes[] = {
	{ .buffer_size = 0 },
	{ .flags = VMSCOPE_SCAN_PLAIN },
	{ .budget = 300 },
	{ .buffer_size = 1200 },
	{ .records = RECORD(VMA) | RECORD(EXTENT) | RECORD(TALLY), .key = ~0ull,
	  .flags = VMSCOPE_SCAN_HOLES },
	{ .records = RECORD(EXTENT), .key = VMSCOPE_KEY_FRAME },
	{ .records = RECORD(TABLE) },
	{ .records = RECORD(VMA) | RECORD(TALLY) | RECORD(TABLE) },
	{ .records = RECORD(TALLY) | RECORD(TABLE), .budget = 300 },
	{ .records = RECORD(EXTENT) | RECORD(TALLY), .key = ~0ull,
	  .flags = VMSCOPE_SCAN_HOLES | VMSCOPE_SCAN_PLAIN, .buffer_size = 4096 },
	{ .records = RECORD(VMA) | RECORD(FILL) | RECORD(TALLY),
	  .flags = VMSCOPE_SCAN_UNPACED },
	{ .records = RECORD(VMA) | RECORD(EXTENT) | RECORD(FILL) | RECORD(TALLY),
	  .key = ~0ull, .flags = VMSCOPE_SCAN_HOLES | VMSCOPE_SCAN_UNPACED,
	  .buffer_size = 4096 },
	{ .records = RECORD(TALLY) | RECORD(CHARGE) },
	{ .records = RECORD(VMA) | RECORD(EXTENT) | RECORD(FILL) | RECORD(CHARGE) |
		     RECORD(TALLY) | RECORD(TABLE), .key = ~0ull,
	  .flags = VMSCOPE_SCAN_UNPACED, .budget = 300 },
	{ .records = RECORD(VMA) | RECORD(EXTENT) | RECORD(CHARGE) | RECORD(TALLY) |
		     RECORD(TABLE), .key = ~0ull },
	{ .records = RECORD(VMA) | RECORD(EXTENT) | RECORD(CHARGE) | RECORD(TALLY) |
		     RECORD(TABLE), .key = ~0ull, .budget = 300 },
};

/* Frames must be memory: what kpageflags knows. */
static size_t frames_outside(const struct scan *s)
{
	size_t i, outside = 0;

	for (i = 0; i < s->nr_extents; i++) {
		const struct vmscope_extent *e = &s->extent[i].head;

		if (e->encoding == VMSCOPE_FRAMES_RUN &&
		    ATTR_STATE(e->attributes) == VMSCOPE_STATE_PRESENT)
			outside += kpage_flags(e->frame) == ~0ull;
	}
	return outside;
}

TEST_F_TIMEOUT(large, busy_process_in_all_modes, 4000)
{
	struct busy *b = shared_alloc(sizeof(*b));
	unsigned long scans = 0, marked = 0;
	double end = now() + 2 * seconds();
	size_t i;

	swap_on();
	write_file("/sys/kernel/mm/transparent_hugepage/enabled", "madvise");
	write_file("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "advise");
	ASSERT_BUILT(target_start(&self->t, build_busy, b), "threads");
	/* On mmap_lock a scan beside so many writers may take seconds; every mode has its turn. */
	for (; now() < end || scans < ARRAY_SIZE(modes); scans++) {
		struct scan s = modes[scans % ARRAY_SIZE(modes)];

		s.key &= scan_full_key();
		/* Busy is not stuck: every lock is had in the end. */
		s.timeout_ns = 20000000000ull;
		ASSERT_EQ(0, scan_run(self->t.fd, &s))
			TH_LOG("mode %zu: %s", scans % ARRAY_SIZE(modes), s.error);
		for (i = 0; i < s.nr_tallies; i++)
			ASSERT_EQ(s.tally[i].end - s.tally[i].start,
				  tally_bytes(&s.tally[i]));
		EXPECT_EQ(0, frames_outside(&s));
		marked += s.marks != 0;
		scan_free(&s);
	}
	/* A target that died early would have made this easy. */
	EXPECT_EQ(0, waitpid(self->t.pid, NULL, WNOHANG));
	EXPECT_EQ(0, kill(self->t.pid, 0));
	for (i = 0; i < NR_ACTIVITIES; i++)
		EXPECT_LT(0, b->rounds[i]) TH_LOG("%s never ran", activity_names[i]);
	TH_LOG("%lu scans, %lu marked", scans, marked);
}

VMSCOPE_TEST_MAIN
