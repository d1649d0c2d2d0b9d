// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Processes that map the same memory: a parent and children that copied exactly
 * so many pages since the fork, and shared memory at other addresses. Frames of
 * several targets, put side by side. Knows nothing of the command, but that
 * share.sh looks at such a family with it (--hold).
 */
#include "kselftest_harness.h"
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include "leaf.h"

#define CHILDREN	3
#define PAGES		256
/* Of the first pages of the memory; child n copies n + 1 times as many. */
#define COPIES		10
#define FD_PAGES	300
/* Of the memfd; child n maps n + 1 times as many. */
#define FD_SOME		100
#define SYSV_PAGES	64
#define POSIX_PAGES	32
#define SHARED_PAGES	16

/* What the family tells the test. */
struct family {
	pid_t parent;
	pid_t child[CHILDREN];
	pid_t same;			/* has the parent's address space */
	volatile int ready;
	uint64_t anon;
	uint64_t fd;			/* with the parent */
	uint64_t there[CHILDREN];	/* with the children */
	uint64_t sysv;
	uint64_t posix;
	uint64_t shared;
	int shmid;
};

static char stack[65536] __attribute__((aligned(16)));

static int live_on(void *arg)
{
	(void)arg;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
	return 0;
}

static void *map_fd(uint64_t at, int fd, size_t size)
{
	return mmap((void *)(uintptr_t)at, size, PROT_READ | PROT_WRITE,
		    MAP_SHARED | (at ? MAP_FIXED_NOREPLACE : 0), fd, 0);
}

static int child(struct family *f, int nth, int fd)
{
	uint64_t there = 0x600000000000ull + ((uint64_t)nth << 30);
	char *p = map_fd(there, fd, FD_PAGES * PAGE_SIZE);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (p == MAP_FAILED)
		_exit(1);
	/* writing, for reading would map neighbours as well */
	touch(p, (nth + 1) * FD_SOME * PAGE_SIZE);
	touch((char *)f->anon, (nth + 1) * COPIES * PAGE_SIZE);
	touch((char *)f->sysv, SYSV_PAGES * PAGE_SIZE);
	touch((char *)f->posix, POSIX_PAGES * PAGE_SIZE);
	touch((char *)f->shared, SHARED_PAGES * PAGE_SIZE);
	f->there[nth] = there;
	__sync_fetch_and_add(&f->ready, 1);
	return live_on(NULL);
}

static int map_shared(struct family *f, int *fd)
{
	int posix;
	char *p;

	*fd = memfd_create("family", 0);
	if (*fd < 0 || ftruncate(*fd, FD_PAGES * PAGE_SIZE))
		return errno;
	p = map_fd(0, *fd, FD_PAGES * PAGE_SIZE);
	if (p == MAP_FAILED)
		return errno;
	f->fd = (uintptr_t)p;
	touch(p, FD_PAGES * PAGE_SIZE);
	f->shmid = shmget(IPC_PRIVATE, SYSV_PAGES * PAGE_SIZE, IPC_CREAT | 0600);
	p = f->shmid < 0 ? MAP_FAILED : shmat(f->shmid, NULL, 0);
	if (p == MAP_FAILED)
		return errno;
	f->sysv = (uintptr_t)p;
	touch(p, SYSV_PAGES * PAGE_SIZE);
	/* it stays until the last of them has ended */
	shmctl(f->shmid, IPC_RMID, NULL);
	mkdir("/dev/shm", 01777);
	posix = open("/dev/shm/family", O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (posix < 0 || ftruncate(posix, POSIX_PAGES * PAGE_SIZE))
		return errno;
	p = map_fd(0, posix, POSIX_PAGES * PAGE_SIZE);
	if (p == MAP_FAILED)
		return errno;
	f->posix = (uintptr_t)p;
	touch(p, POSIX_PAGES * PAGE_SIZE);
	p = mmap(NULL, SHARED_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return errno;
	f->shared = (uintptr_t)p;
	touch(p, SHARED_PAGES * PAGE_SIZE);
	return 0;
}

static int build(void *arg, unsigned int step)
{
	struct family *f = arg;
	int i, fd, error = map_shared(f, &fd);
	char *p = map_anon(PAGES * PAGE_SIZE, PAGE_SIZE);

	(void)step;
	if (error || !p)
		return error ? error : ENOMEM;
	f->parent = getpid();
	f->anon = (uintptr_t)p;
	touch(p, PAGES * PAGE_SIZE);
	for (i = 0; i < CHILDREN; i++) {
		pid_t pid = fork();

		/* the child must not write that it is 0: this memory is shared */
		if (!pid)
			_exit(child(f, i, fd));
		f->child[i] = pid;
	}
	f->same = clone(live_on, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
	for (i = 0; i < 10000 && f->ready < CHILDREN; i++)
		usleep(1000);
	close(fd);
	return f->ready < CHILDREN || f->same < 0 ? ETIMEDOUT : 0;
}

/* ------------------------------------------------------------------ frames */

FIXTURE(family) {
	struct family *f;
	struct target t;
	int fd[CHILDREN];
	int device;
};

FIXTURE_SETUP(family)
{
	int i;

	self->t.fd = -1;
	self->f = shared_alloc(sizeof(*self->f));
	ASSERT_NE(NULL, self->f);
	self->device = device_open();
	ASSERT_LE(0, self->device);
	ASSERT_BUILT(target_start(&self->t, build, self->f), "a family");
	for (i = 0; i < CHILDREN; i++) {
		self->fd[i] = target_open(self->device, self->f->child[i]);
		ASSERT_LE(0, self->fd[i]);
	}
}

FIXTURE_TEARDOWN(family)
{
	int i;

	/* all of them die with the parent */
	for (i = 0; i < CHILDREN; i++)
		close(self->fd[i]);
	target_stop(&self->t);
	close(self->device);
}

struct view {
	struct scan s;
	uint64_t start;
};

static int look(int fd, uint64_t start, size_t pages, struct view *v)
{
	v->start = start;
	return scan_everything(fd, start, start + pages * PAGE_SIZE, &v->s);
}

/* Whether page @n of two views is one frame; mapped so often when it is. */
static bool same_frame(const struct view *a, const struct view *b, size_t n,
		       uint32_t *mapcount)
{
	struct scan_page x = { 0 }, y = { 0 };

	if (!scan_page(&a->s, a->start + n * PAGE_SIZE, &x) ||
	    !scan_page(&b->s, b->start + n * PAGE_SIZE, &y))
		return false;
	*mapcount = x.mapcount;
	return ATTR_STATE(x.attributes) == STATE(PRESENT) &&
	       ATTR_STATE(y.attributes) == STATE(PRESENT) && x.frame == y.frame;
}

TEST_F(family, pages_copied_since_the_fork_have_other_frames)
{
	struct view parent, v;
	uint32_t mapcount;
	size_t n;
	int i;

	ASSERT_EQ(0, look(self->t.fd, self->f->anon, PAGES, &parent));
	for (i = 0; i < CHILDREN; i++) {
		ASSERT_EQ(0, look(self->fd[i], self->f->anon, PAGES, &v));
		for (n = 0; n < PAGES; n++) {
			size_t copied = (i + 1) * COPIES;

			ASSERT_EQ(n >= copied, same_frame(&parent, &v, n, &mapcount))
				TH_LOG("child %d, page %zu", i, n);
			/* those who copied fewer pages than that, and the parent */
			if (n >= copied)
				ASSERT_EQ(n / COPIES < CHILDREN ? n / COPIES + 1 :
					  CHILDREN + 1, mapcount);
		}
		scan_free(&v.s);
	}
	scan_free(&parent.s);
}

/* A page of one's own after a copy is exclusive; the one left behind is not known to be. */
TEST_F(family, exclusive_bit_of_copies_and_of_what_is_left)
{
	struct scan_page page;
	struct view v;

	ASSERT_EQ(0, look(self->fd[CHILDREN - 1], self->f->anon, PAGES, &v));
	ASSERT_TRUE(scan_page(&v.s, self->f->anon, &page));
	EXPECT_EQ(VMSCOPE_KIND_ANON_EXCLUSIVE, ATTR_KIND(page.attributes));
	EXPECT_EQ(1, page.mapcount);
	scan_free(&v.s);
	/* page 0 was copied by all children: the parent alone has it, and does not know */
	ASSERT_EQ(0, look(self->t.fd, self->f->anon, PAGES, &v));
	ASSERT_TRUE(scan_page(&v.s, self->f->anon, &page));
	EXPECT_EQ(VMSCOPE_KIND_ANON, ATTR_KIND(page.attributes));
	EXPECT_EQ(1, page.mapcount);
	ASSERT_TRUE(scan_page(&v.s, self->f->anon + (PAGES - 1) * PAGE_SIZE, &page));
	EXPECT_EQ(VMSCOPE_KIND_ANON, ATTR_KIND(page.attributes));
	EXPECT_EQ(CHILDREN + 1, page.mapcount);
	scan_free(&v.s);
}

TEST_F(family, shared_memory_at_other_addresses_is_the_same_frames)
{
	struct view parent, v;
	uint32_t mapcount;
	size_t n;
	int i;

	ASSERT_EQ(0, look(self->t.fd, self->f->fd, FD_PAGES, &parent));
	for (i = 0; i < CHILDREN; i++) {
		ASSERT_EQ(0, look(self->fd[i], self->f->there[i], FD_PAGES, &v));
		for (n = 0; n < FD_PAGES; n++)
			ASSERT_EQ(n < (size_t)(i + 1) * FD_SOME,
				  same_frame(&parent, &v, n, &mapcount))
				TH_LOG("child %d, page %zu", i, n);
		ASSERT_TRUE(same_frame(&parent, &v, 0, &mapcount));
		EXPECT_EQ(CHILDREN + 1, mapcount);
		scan_free(&v.s);
	}
	scan_free(&parent.s);
}

/* ------------------------------------------------------------------- --hold */

/* For share.sh: the family, until standard input ends; what it is on standard output. */
static int hold(void)
{
	struct family *f = shared_alloc(sizeof(*f));
	int error = build(f, 0), i;
	char c;

	if (error) {
		fprintf(stderr, "family: %s\n", strerror(error));
		return 1;
	}
	printf("{\"parent\": %d, \"same\": %d, \"anon\": %llu, \"memfd\": %llu, \"sysv\": %llu, \"posix\": %llu, \"shared\": %llu, \"shmid\": %d, \"children\": [",
	       f->parent, f->same, (unsigned long long)f->anon, (unsigned long long)f->fd,
	       (unsigned long long)f->sysv, (unsigned long long)f->posix,
	       (unsigned long long)f->shared, f->shmid);
	for (i = 0; i < CHILDREN; i++)
		printf("%s[%d, %llu]", i ? ", " : "", f->child[i],
		       (unsigned long long)f->there[i]);
	printf("]}\n");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	return 0;
}

VMSCOPE_TEST_MAIN_OR(hold)
