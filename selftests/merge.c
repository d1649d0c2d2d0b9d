// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages that KSM merged across processes: equal pages in two of them become one
 * frame, and zero pages become zero pages of KSM. Knows nothing of the command,
 * but that share.sh looks at such a pair with it (--hold).
 */
#include "kselftest_harness.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include "leaf.h"

#define KSM		"/sys/kernel/mm/ksm/"

/* In each of the two: pages that are all alike, pages each with one equal, zero pages. */
#define ALIKE		32
#define PAIRS		16
#define ZEROS		8
#define PAGES		(ALIKE + PAIRS + ZEROS)
/* And a mapping by itself, in which no page has an equal. */
#define UNEQUAL		24

struct merge {
	pid_t pid[2];
	volatile int ready;
	volatile int go;
	uint64_t start[2];
	uint64_t unequal[2];
	uint64_t unadvised[2];
	uint64_t file[2];
};

static int fill(struct merge *m, int nth)
{
	char *p = map_anon(PAGES * PAGE_SIZE, PAGE_SIZE);
	char *q = map_anon(UNEQUAL * PAGE_SIZE, PAGE_SIZE);
	char *r = map_anon(ALIKE * PAGE_SIZE, PAGE_SIZE);
	char *f = mmap(NULL, PAGE_SIZE, PROT_READ, MAP_PRIVATE,
		       open("/proc/self/exe", O_RDONLY), 0);
	size_t i;

	if (!p || !q || !r || f == MAP_FAILED)
		return ENOMEM;
	m->start[nth] = (uintptr_t)p;
	m->unequal[nth] = (uintptr_t)q;
	m->unadvised[nth] = (uintptr_t)r;
	m->file[nth] = (uintptr_t)f;
	memset(p, 0x5a, ALIKE * PAGE_SIZE);
	for (i = 0; i < PAIRS; i++)
		memset(p + (ALIKE + i) * PAGE_SIZE, i + 1, PAGE_SIZE);
	memset(p + (ALIKE + PAIRS) * PAGE_SIZE, 0, ZEROS * PAGE_SIZE);
	for (i = 0; i < UNEQUAL; i++) {
		memset(q + i * PAGE_SIZE, 0x33, PAGE_SIZE);
		memcpy(q + i * PAGE_SIZE + 8, &i, sizeof(i));
		memcpy(q + i * PAGE_SIZE + 16, &nth, sizeof(nth));
	}
	memset(r, 0x5a, ALIKE * PAGE_SIZE);
	read_all(f, PAGE_SIZE);
	if (madvise(p, PAGES * PAGE_SIZE, MADV_MERGEABLE) ||
	    madvise(q, UNEQUAL * PAGE_SIZE, MADV_MERGEABLE) ||
	    madvise(f, PAGE_SIZE, MADV_MERGEABLE))
		return ENOSYS;
	return 0;
}

/* Whether all that can be merged is, as pagemap of this process has it. */
static bool is_merged(const struct merge *m, int nth)
{
	uint64_t words[PAGES], other[PAGES];
	size_t i;

	if (pagemap_read(m->pid[nth], m->start[nth], PAGES, words) ||
	    pagemap_read(m->pid[!nth], m->start[!nth], PAGES, other))
		return false;
	for (i = 0; i < PAGES; i++)
		if ((words[i] & PM_FRAME) != (other[i] & PM_FRAME))
			return false;
	for (i = 1; i < ALIKE; i++)
		if ((words[i] & PM_FRAME) != (words[0] & PM_FRAME))
			return false;
	for (i = ALIKE + PAIRS + 1; i < PAGES; i++)
		if ((words[i] & PM_FRAME) != (words[PAGES - 1] & PM_FRAME))
			return false;
	return true;
}

static int wait_for_ksmd(const struct merge *m)
{
	long scans = read_number(KSM "full_scans");
	int i;

	write_file(KSM "merge_across_nodes", "1");
	write_file(KSM "use_zero_pages", "1");
	write_file(KSM "pages_to_scan", "200");
	write_file(KSM "sleep_millisecs", "10");
	/* since 6.7 it passes over what was not equal often enough */
	write_file(KSM "smart_scan", "0");
	if (write_file(KSM "run", "1"))
		return ENOSYS;
	for (i = 0; i < 600; i++) {
		if (is_merged(m, 0) && read_number(KSM "full_scans") > scans + 3)
			return 0;
		usleep(50000);
	}
	return EBUSY;
}

/* The two are no relatives of each other: nothing of this is shared by fork. */
static int build(void *arg, unsigned int step)
{
	struct merge *m = arg;
	int i, error;
	pid_t pid;

	if (step)
		return 0;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (fill(m, 1))
			_exit(1);
		m->ready = 1;
		for (;;)
			pause();
	}
	m->pid[0] = getpid();
	m->pid[1] = pid;
	error = fill(m, 0);
	for (i = 0; !error && i < 10000 && !m->ready; i++)
		usleep(1000);
	if (!error)
		error = m->ready ? wait_for_ksmd(m) : ETIMEDOUT;
	/* what is merged stays merged */
	ksm_stop();
	return error;
}

FIXTURE(merge) {
	struct merge *m;
	struct target t;
	int device;
	int other;
};

FIXTURE_SETUP(merge)
{
	self->t.fd = -1;
	self->m = shared_alloc(sizeof(*self->m));
	ASSERT_NE(NULL, self->m);
	self->device = device_open();
	ASSERT_LE(0, self->device);
	ASSERT_BUILT(target_start(&self->t, build, self->m), "KSM");
	self->other = target_open(self->device, self->m->pid[1]);
	ASSERT_LE(0, self->other);
}

FIXTURE_TEARDOWN(merge)
{
	close(self->other);
	close(self->device);
	target_stop(&self->t);
}

TEST_F(merge, equal_pages_of_two_processes_are_one_frame)
{
	struct scan_page one, other;
	struct scan a, b;
	size_t i;

	ASSERT_EQ(0, scan_everything(self->t.fd, self->m->start[0],
				     self->m->start[0] + PAGES * PAGE_SIZE, &a));
	ASSERT_EQ(0, scan_everything(self->other, self->m->start[1],
				     self->m->start[1] + PAGES * PAGE_SIZE, &b));
	for (i = 0; i < ALIKE + PAIRS; i++) {
		ASSERT_TRUE(scan_page(&a, self->m->start[0] + i * PAGE_SIZE, &one));
		ASSERT_TRUE(scan_page(&b, self->m->start[1] + i * PAGE_SIZE, &other));
		ASSERT_EQ(VMSCOPE_KIND_KSM, ATTR_KIND(one.attributes));
		ASSERT_EQ(one.frame, other.frame);
		ASSERT_EQ(i < ALIKE ? 2 * ALIKE : 2, one.mapcount);
	}
	scan_free(&a);
	scan_free(&b);
}

/* Since 6.6 their entries are dirty; before nothing tells them from pages only read. */
TEST_F(merge, zero_pages_are_zero_pages_of_ksm)
{
	struct scan_page page;
	struct scan s;
	size_t i;

	ASSERT_EQ(0, scan_everything(self->t.fd, self->m->start[0],
				     self->m->start[0] + PAGES * PAGE_SIZE, &s));
	for (i = ALIKE + PAIRS; i < PAGES; i++) {
		ASSERT_TRUE(scan_page(&s, self->m->start[0] + i * PAGE_SIZE, &page));
		ASSERT_EQ(STATE(ZERO), ATTR_STATE(page.attributes));
		ASSERT_EQ(!access(KSM "ksm_zero_pages", F_OK),
			  !!(page.attributes & VMSCOPE_ATTR_DIRTY));
	}
	scan_free(&s);
}

TEST_F(merge, kernel_counts_as_many_pages)
{
	char path[64];
	struct scan s;

	ASSERT_EQ(0, scan_everything(self->t.fd, self->m->start[0],
				     self->m->start[0] + PAGES * PAGE_SIZE, &s));
	ASSERT_EQ(1, s.nr_tallies);
	EXPECT_EQ(ALIKE + PAIRS, tally_kind(&s.tally[0], VMSCOPE_KIND_KSM));
	scan_free(&s);
	snprintf(path, sizeof(path), "/proc/%d/ksm_merging_pages", self->m->pid[0]);
	EXPECT_EQ(ALIKE + PAIRS, read_number(path));
}

/* ------------------------------------------------------------------- --hold */

static int hold(void)
{
	struct merge *m = shared_alloc(sizeof(*m));
	int error = build(m, 0);
	char c;

	if (error) {
		fprintf(stderr, "merge: %s\n", strerror(error));
		return 1;
	}
	printf("{\"one\": %d, \"other\": %d, \"start\": [%llu, %llu], \"unequal\": %llu, \"unadvised\": %llu, \"file\": %llu}\n",
	       m->pid[0], m->pid[1], (unsigned long long)m->start[0],
	       (unsigned long long)m->start[1], (unsigned long long)m->unequal[0],
	       (unsigned long long)m->unadvised[0], (unsigned long long)m->file[0]);
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	return 0;
}

VMSCOPE_TEST_MAIN_OR(hold)
