// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process stuck in the kernel with its mmap_lock held for writing, by a file
 * system whose server does not answer; knows nothing of what its memory holds.
 */
#include "kselftest_harness.h"
#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include "clock.h"
#include "leaf.h"

#define FILE_SIZE	(4 * PAGE_SIZE)
#define NODE_FILE	2
#define VMAS		40
#define VMA_SIZE	(16 * PAGE_SIZE)
#define TIMEOUT_NS	200000000ull

/* What the server and the stuck process tell the test. */
struct shared {
	volatile bool overmapping;	/* the process is in mmap() */
	volatile bool blocked;		/* and waits for the server */
	volatile bool release;		/* answer it */
	volatile bool done;		/* the process came out again */
	struct region vma[VMAS];
};

FIXTURE(stuck) {
	struct shared *s;
	struct target t;
	pid_t server;
	char dir[32];
};

/* ------------------------------------------------------------- the server */

static void answer(int fuse, const struct fuse_in_header *in, int error,
		   const void *data, size_t size)
{
	char reply[8192];
	struct fuse_out_header head = {
		.len = sizeof(head) + size, .error = error, .unique = in->unique,
	};

	memcpy(reply, &head, sizeof(head));
	if (size)
		memcpy(reply + sizeof(head), data, size);
	if (write(fuse, reply, head.len) != (ssize_t)head.len)
		_exit(1);
}

static void fill_attributes(struct fuse_attr *a, uint64_t node)
{
	memset(a, 0, sizeof(*a));
	a->ino = node;
	a->nlink = 1;
	a->size = node == NODE_FILE ? FILE_SIZE : 0;
	a->blksize = 4096;
	a->mode = node == NODE_FILE ? S_IFREG | 0600 : S_IFDIR | 0700;
}

static void serve_one(int fuse, struct shared *s, const char *request)
{
	const struct fuse_in_header *in = (const void *)request;
	struct fuse_entry_out entry = { .nodeid = NODE_FILE, .attr_valid = 1000,
					.entry_valid = 1000 };
	struct fuse_attr_out attr = { .attr_valid = 1000 };
	struct fuse_init_out init = { .major = FUSE_KERNEL_VERSION, .minor = 31,
				      .max_write = 65536,
				      .flags = FUSE_WRITEBACK_CACHE };
	struct fuse_open_out open = { .fh = 1, .open_flags = FOPEN_KEEP_CACHE };
	struct fuse_write_out written = { .size = 0 };
	static const char zeros[4096];
	const struct fuse_write_in *w = (const void *)(in + 1);
	const struct fuse_read_in *r = (const void *)(in + 1);

	switch (in->opcode) {
	case FUSE_INIT:
		return answer(fuse, in, 0, &init, sizeof(init));
	case FUSE_LOOKUP:
		fill_attributes(&entry.attr, NODE_FILE);
		return answer(fuse, in, 0, &entry, sizeof(entry));
	case FUSE_SETATTR:
		/*
		 * The times of a written file: what closing its mapping waits
		 * for. Of a WRITE, not every kernel waits for the answer.
		 */
		if (s->overmapping)
			s->blocked = true;
		while (s->blocked && !s->release)
			usleep(1000);
		/* fall through */
	case FUSE_GETATTR:
		fill_attributes(&attr.attr, in->nodeid);
		return answer(fuse, in, 0, &attr, sizeof(attr));
	case FUSE_OPEN:
		return answer(fuse, in, 0, &open, sizeof(open));
	case FUSE_READ:
		return answer(fuse, in, 0, zeros, r->size < 4096 ? r->size : 4096);
	case FUSE_WRITE:
		written.size = w->size;
		return answer(fuse, in, 0, &written, sizeof(written));
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		return;		/* no reply */
	case FUSE_FLUSH:
	case FUSE_RELEASE:
		return answer(fuse, in, 0, NULL, 0);
	default:
		return answer(fuse, in, -ENOSYS, NULL, 0);
	}
}

static void serve(int fuse, struct shared *s)
{
	static char request[128 * 1024];

	while (read(fuse, request, sizeof(request)) > 0)
		serve_one(fuse, s, request);
	_exit(0);
}

/* -------------------------------------------------- the process that hangs */

static struct {
	char path[64];
} file;

static void *overmap(void *arg)
{
	struct shared *s = arg;
	int fd = open(file.path, O_RDWR);
	char *p;

	if (fd < 0)
		_exit(3);
	p = map_at(FILE_SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	while (p && !s->blocked) {
		mmap(p, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		     fd, 0);
		touch(p, FILE_SIZE);
		/* Closing the old mapping writes it back, under mmap_lock. */
		s->overmapping = true;
		mmap(p, FILE_SIZE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
		s->overmapping = false;
	}
	s->done = true;
	return NULL;
}

static int build(void *arg, unsigned int step)
{
	struct shared *s = arg;
	pthread_t thread;
	int i;

	(void)step;
	for (i = 0; i < VMAS; i++) {
		/* Executable, or it would merge with a stack beside it. */
		char *p = map_at(VMA_SIZE, PAGE_SIZE,
				 PROT_READ | PROT_WRITE | PROT_EXEC,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1);

		madvise(p, VMA_SIZE, MADV_NOHUGEPAGE);
		touch(p, VMA_SIZE);
		s->vma[i] = region_of(p, VMA_SIZE);
	}
	return pthread_create(&thread, NULL, overmap, s);
}

/* Mount the file system in @dir and serve it; 0 or an errno. */
static int start_server(struct shared *s, char *dir, pid_t *server)
{
	char options[128];
	int fuse;

	run_command("modprobe -q fuse");
	fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fuse < 0)
		return ENODEV;
	strcpy(dir, "/tmp/stuck.XXXXXX");
	if (!mkdtemp(dir))
		return EIO;
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40700,user_id=0,group_id=0", fuse);
	if (mount("stuck", dir, "fuse", 0, options))
		return errno;
	*server = fork();
	if (!*server) {
		/* Without its server the file system gives up, and nobody is stuck. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(fuse, s);
	}
	close(fuse);
	snprintf(file.path, sizeof(file.path), "%s/file", dir);
	return 0;
}

static bool wait_until_stuck(const struct shared *s)
{
	int i;

	for (i = 0; i < 10000 && !s->blocked; i++)
		usleep(1000);
	usleep(100000);
	return s->blocked;
}

static void set_free(struct shared *s, struct target *t, pid_t server, const char *dir)
{
	if (s)
		s->release = true;
	usleep(50000);
	if (server > 0)
		kill(server, SIGKILL);
	target_stop(t);
	umount2(dir, MNT_DETACH);
	rmdir(dir);
}

FIXTURE_SETUP(stuck)
{
	self->t.fd = -1;
	self->s = shared_alloc(sizeof(*self->s));
	ASSERT_BUILT(start_server(self->s, self->dir, &self->server), "/dev/fuse");
	ASSERT_EQ(0, target_start(&self->t, build, self->s));
	ASSERT_TRUE(wait_until_stuck(self->s))
		TH_LOG("the process did not get stuck, done %d", self->s->done);
}

FIXTURE_TEARDOWN(stuck)
{
	set_free(self->s, &self->t, self->server, self->dir);
}

/* Where a scan without any lock is safe, a stuck process is read in full. */
static bool reads_without_lock(void)
{
	return vmscope_info()->locks >> VMSCOPE_LOCK_IRQ & 1;
}

static bool reads_under_vma_lock(void)
{
	return vmscope_info()->locks >> VMSCOPE_LOCK_VMA & 1;
}

TEST_F(stuck, is_really_stuck)
{
	usleep(500000);
	EXPECT_FALSE(self->s->done);
}

TEST_F(stuck, scan_ends_in_time)
{
	char buffer[65536];
	struct vmscope_scan arg = {
		.size = sizeof(arg), .end = vmscope_info()->task_size,
		.buffer = (uintptr_t)buffer, .buffer_size = sizeof(buffer),
		.records = RECORD(VMA) | RECORD(TALLY), .timeout_ns = TIMEOUT_NS,
	};
	double begin = now(), took;
	int error = vmscope_ioctl(self->t.fd, VMSCOPE_SCAN, &arg);

	took = now() - begin;
	EXPECT_GT(TIMEOUT_NS / 1e9 + 3, took) TH_LOG("took %.3f s", took);
	EXPECT_FALSE(self->s->done);
	if (reads_without_lock() || reads_under_vma_lock()) {
		EXPECT_EQ(0, error);
		EXPECT_TRUE(arg.marks & (VMSCOPE_MARK_SKIPPED | VMSCOPE_MARK_RACY))
			TH_LOG("marks %x, %u records, next %llx", arg.marks,
			       arg.nr_records, arg.next);
	} else {
		EXPECT_EQ(-EBUSY, error);
	}
}

/*
 * VMAs that nobody locked are read as if nothing were wrong; a kernel that
 * reads under mmap_lock alone says that it cannot.
 */
TEST_F(stuck, unlocked_vmas_are_read_or_refused)
{
	struct scan s = { .timeout_ns = TIMEOUT_NS };
	int error = scan_run(self->t.fd, &s);
	size_t i, read = 0;

	if (!reads_without_lock() && !reads_under_vma_lock()) {
		EXPECT_EQ(-EBUSY, error);
		return;
	}
	ASSERT_EQ(0, error) TH_LOG("%s", s.error);
	for (i = 0; i < VMAS; i++) {
		const struct scan_tally *t = scan_find_tally(&s, self->s->vma[i].start);

		if (t && tally_state(t, VMSCOPE_STATE_PRESENT) == VMA_SIZE / PAGE_SIZE)
			read++;
	}
	EXPECT_EQ(VMAS, read);
	for (i = 0; i < s.nr_tallies; i++)
		EXPECT_EQ(s.tally[i].end - s.tally[i].start, tally_bytes(&s.tally[i]));
	scan_free(&s);
}

TEST_F(stuck, default_timeout_is_a_second)
{
	char buffer[4096];
	struct vmscope_scan arg = {
		.size = sizeof(arg), .end = vmscope_info()->task_size,
		.buffer = (uintptr_t)buffer, .buffer_size = sizeof(buffer),
		.records = RECORD(TALLY),
	};
	double begin = now();

	vmscope_ioctl(self->t.fd, VMSCOPE_SCAN, &arg);
	EXPECT_GT(5, now() - begin);
}

TEST_F(stuck, translate_ends_in_time)
{
	struct vmscope_translation a[VMAS] = { 0 };
	struct vmscope_translate arg = {
		.size = sizeof(arg), .translations = (uintptr_t)a,
		.count = VMAS, .stride = sizeof(a[0]), .timeout_ns = TIMEOUT_NS,
	};
	double begin = now();
	int i;

	for (i = 0; i < VMAS; i++)
		a[i].address = self->s->vma[i].start;
	ASSERT_EQ(0, vmscope_ioctl(self->t.fd, VMSCOPE_TRANSLATE, &arg));
	EXPECT_GT(TIMEOUT_NS / 1e9 + 3, now() - begin);
	for (i = 0; i < VMAS; i++)
		EXPECT_TRUE(a[i].stop == VMSCOPE_STOP_LEAF ||
			    a[i].stop == VMSCOPE_STOP_LOCKED);
}

/* When the lock is free again, everything is as if nothing had been. */
TEST_F(stuck, released_process_is_read_in_full)
{
	struct scan s;
	int i;

	self->s->release = true;
	for (i = 0; i < 5000 && !self->s->done; i++)
		usleep(1000);
	ASSERT_TRUE(self->s->done);
	ASSERT_EQ(0, scan_everything(self->t.fd, 0, 0, &s)) TH_LOG("%s", s.error);
	EXPECT_EQ(0, s.marks & VMSCOPE_MARK_SKIPPED);
	EXPECT_SAME(sums_check(&s));
	scan_free(&s);
}

/*
 * For command.sh: a process that is stuck until standard input ends. On standard
 * output its pid and the address of memory that was there before.
 */
static int hold(void)
{
	struct shared *s = shared_alloc(sizeof(*s));
	struct target t = { .fd = -1 };
	char dir[32], c;
	pid_t server = 0;
	int error = start_server(s, dir, &server);

	if (!error)
		error = target_start(&t, build, s);
	if (!error && !wait_until_stuck(s))
		error = ETIMEDOUT;
	if (error)
		fprintf(stderr, "stuck: %s\n", strerror(error));
	else
		printf("%d %lx\n", t.pid, (unsigned long)s->vma[0].start);
	fflush(stdout);
	while (!error && read(0, &c, 1) > 0)
		;
	set_free(s, &t, server, dir);
	return error == ENODEV ? KSFT_SKIP : !!error;
}

VMSCOPE_TEST_MAIN_OR(hold)
