// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages that wait for a disk which does not answer: being written, locked, and
 * migration entries that nobody can take back; knows nothing of who else holds
 * a page.
 */
#include "kselftest_harness.h"
#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include "leaf.h"
#include "slow_file.h"

#define PAGES		8
#define SIZE		(PAGES * PAGE_SIZE)
#define LOOKS		10000		/* a millisecond apart */

struct shared {
	struct slow_file file;
	struct region r;
	char disk[32];
	volatile bool touched;
};

FIXTURE(waiting) {
	struct shared *s;
	struct target t;
	int disk;
	char mounted[32];
};

FIXTURE_SETUP(waiting)
{
	char image[512];

	self->t.fd = -1;
	self->s = shared_alloc(sizeof(*self->s));
	ASSERT_NE(NULL, self->s);
	keep_pages_still();
	ext4_image(image, sizeof(image));
	ASSERT_BUILT(slow_file_start(&self->s->file, EXT4_IMAGE_SIZE, image, 0), "/dev/fuse");
	self->disk = slow_disk_open(&self->s->file, self->s->disk, sizeof(self->s->disk));
	ASSERT_LE(0, self->disk)
		TH_LOG("a loop device: %s", strerror(-self->disk));
}

FIXTURE_TEARDOWN(waiting)
{
	self->s->file.release = true;
	target_stop(&self->t);
	if (*self->mounted) {
		umount2(self->mounted, 0);
		rmdir(self->mounted);
	}
	if (self->disk >= 0)
		close(self->disk);
	slow_file_stop(&self->s->file);
}

static char *memory_of(const struct shared *s)
{
	return (char *)(uintptr_t)s->r.start;
}

/* The first page of a region, as the module sees it now. */
static bool first_page(const struct target *t, const struct region *r, struct scan_page *p)
{
	struct scan s;
	bool found;

	if (scan_everything(t->fd, r->start, r->start + PAGE_SIZE, &s))
		return false;
	found = scan_page(&s, r->start, p);
	scan_free(&s);
	return found;
}

/*
 * Look at the first page until its attributes under @mask are @expected: what
 * waits for the disk goes on waiting, and what does not comes to its end.
 */
static bool becomes(const struct target *t, const struct region *r, uint64_t mask,
		    uint64_t expected, struct scan_page *p)
{
	int look;

	for (look = 0; look < LOOKS; look++) {
		if (!first_page(t, r, p))
			return false;
		if ((p->attributes & mask) == expected)
			return true;
		usleep(1000);
	}
	return false;
}

#define EXPECT_BECOMES(mask, expected) do {				\
	struct scan_page p_ = { 0 };					\
									\
	EXPECT_TRUE(becomes(&self->t, &self->s->r, mask, expected, &p_)) \
		TH_LOG("attributes %llx", (unsigned long long)p_.attributes); \
} while (0)

/* ------------------------------------------------------- being written */

/* Whoever asks for the pages to be written waits for it with a page locked. */
static void *write_again(void *arg)
{
	struct shared *s = arg;

	touch(memory_of(s), SIZE);
	/* To make an entry writable locks its page as well, for a moment. */
	s->touched = true;
	msync(memory_of(s), SIZE, MS_SYNC);
	return NULL;
}

static int build_written(void *arg, unsigned int step)
{
	struct shared *s = arg;
	pthread_t thread;
	char *p;
	int fd;

	if (step)
		return pthread_create(&thread, NULL, write_again, s);
	fd = open(s->disk, O_RDWR | O_CLOEXEC);
	p = fd < 0 ? NULL : map_file(SIZE, PAGE_SIZE, MAP_SHARED, fd);
	if (!p)
		return errno;
	s->r = region_of(p, SIZE);
	touch(p, SIZE);
	s->file.hold = FUSE_WRITE;
	if (sync_file_range(fd, 0, SIZE, SYNC_FILE_RANGE_WRITE))
		return errno;
	return slow_file_wait(&s->file) ? 0 : ETIMEDOUT;
}

TEST_F(waiting, pages_on_their_way_to_a_disk_are_in_writeback)
{
	long left = PAGES;
	int look;

	ASSERT_BUILT(target_start(&self->t, build_written, self->s), "sync_file_range");
	EXPECT_SAME(leaf_check(&self->t, &self->s->r, MASK_STATE | VMSCOPE_ATTR_WRITEBACK,
			       STATE(PRESENT) | VMSCOPE_ATTR_WRITEBACK));
	self->s->file.release = true;
	/* One after the other they come to their end. */
	for (look = 0; look < LOOKS && left; look++, usleep(1000))
		left = scan_count(self->t.fd, self->s->r.start, self->s->r.end,
				  VMSCOPE_ATTR_WRITEBACK, 0);
	EXPECT_EQ(0, left);
}

TEST_F(waiting, a_page_that_is_written_again_is_locked)
{
	uint64_t both = VMSCOPE_ATTR_LOCKED | VMSCOPE_ATTR_WRITEBACK;
	struct scan_page p = { 0 };
	int look;

	ASSERT_BUILT(target_start(&self->t, build_written, self->s), "sync_file_range");
	EXPECT_BECOMES(both, VMSCOPE_ATTR_WRITEBACK);
	ASSERT_EQ(0, target_step(&self->t, 1));
	/* Where the kernel keeps pages stable, that one waits there, with its page locked. */
	for (look = 0; look < LOOKS / 5 && !self->s->touched; look++)
		usleep(1000);
	ASSERT_TRUE(becomes(&self->t, &self->s->r, both, both, &p))
		TH_LOG("attributes %llx", (unsigned long long)p.attributes);
	EXPECT_TRUE(kpage_flags(p.frame) >> KPF_LOCKED & 1);
	EXPECT_SAME(leaf_check(&self->t, &self->s->r, MASK_STATE, STATE(PRESENT)));
	self->s->file.release = true;
	EXPECT_BECOMES(both, 0);
}

/* ----------------------------------------------------------- being moved */

/* Of a file system that is mounted, the page with its superblock. */
static int build_superblock(void *arg, unsigned int step)
{
	struct shared *s = arg;
	int fd = open(s->disk, O_RDONLY | O_CLOEXEC);
	char *p;

	(void)step;
	p = fd < 0 ? NULL : map_at(PAGE_SIZE, PAGE_SIZE, PROT_READ, MAP_SHARED, fd);
	if (!p)
		return errno;
	s->r = region_of(p, PAGE_SIZE);
	read_all(p, PAGE_SIZE);
	return 0;
}

/* Without a journal, the superblock is written in place, its buffer locked. */
static void *write_superblock(void *dir)
{
	mount(NULL, dir, NULL, MS_REMOUNT | MS_NOATIME, NULL);
	return NULL;
}

struct mover {
	pid_t pid;
	uint64_t address;
	volatile pid_t thread;
	volatile bool stop;
};

/*
 * To the other node and back, until the buffer is locked: what moves a page
 * waits for the buffer when the entries that map the page are taken away.
 */
static void *move_back_and_forth(void *arg)
{
	struct mover *m = arg;
	void *page = (void *)(uintptr_t)m->address;
	int node = 0, status;

	m->thread = syscall(SYS_gettid);
	for (; !m->stop; node = !node)
		syscall(SYS_move_pages, m->pid, 1ul, &page, &node, &status, 2);
	return NULL;
}

/* It does try without waiting before: see that it waits by the function it sleeps in. */
static bool waits_for_buffer(const struct mover *m)
{
	char path[64], where[64];
	int look;

	for (look = 0; look < LOOKS; look++, usleep(1000)) {
		FILE *file;

		snprintf(path, sizeof(path), "/proc/self/task/%d/wchan", m->thread);
		file = fopen(path, "r");
		if (!file)
			continue;
		if (!fgets(where, sizeof(where), file))
			*where = 0;
		fclose(file);
		if (strstr(where, "buffer"))
			return true;
	}
	return false;
}

TEST_F(waiting, a_page_whose_buffer_is_being_written_stays_a_migration_entry)
{
	struct mover m = { 0 };
	pthread_t writer, thread;
	uint64_t word;

	if (access("/sys/devices/system/node/node1", F_OK))
		SKIP(return, "only one NUMA node: nowhere to move pages to");
	strcpy(self->mounted, "/tmp/waiting.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->mounted));
	run_command("modprobe -q ext4");
	ASSERT_EQ(0, mount(self->s->disk, self->mounted, "ext4", 0, "noinit_itable"))
		TH_LOG("%s: %s", self->s->disk, strerror(errno));
	ASSERT_BUILT(target_start(&self->t, build_superblock, self->s), "mmap");
	EXPECT_BECOMES(MASK_STATE, STATE(PRESENT));

	self->s->file.hold = FUSE_WRITE;
	ASSERT_EQ(0, pthread_create(&writer, NULL, write_superblock, self->mounted));
	EXPECT_TRUE(slow_file_wait(&self->s->file));
	m.pid = self->t.pid;
	m.address = self->s->r.start;
	ASSERT_EQ(0, pthread_create(&thread, NULL, move_back_and_forth, &m));
	EXPECT_TRUE(waits_for_buffer(&m));
	EXPECT_BECOMES(MASK_STATE, STATE(MIGRATING));
	/* Such entries are swap entries to procfs. */
	word = pagemap_word(self->t.pid, self->s->r.start);
	EXPECT_EQ(PM_SWAP, word & (PM_SWAP | PM_PRESENT));
	EXPECT_SAME(leaf_check(&self->t, &self->s->r, MASK_STATE, STATE(MIGRATING)));

	m.stop = true;
	self->s->file.release = true;
	pthread_join(thread, NULL);
	pthread_join(writer, NULL);
	EXPECT_BECOMES(MASK_STATE, STATE(PRESENT));
}

VMSCOPE_TEST_MAIN
