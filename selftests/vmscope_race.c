// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Page tables freed under the walker, with the window between reading an entry
 * and the table below it widened. Needs the test build of the module; with
 * --unsafe N it takes the protection away and must then find the damage. An
 * ordinary soak does not find such bugs. Knows nothing of how tables are freed.
 */
#include "kselftest_harness.h"
#include <pthread.h>
#include <sys/prctl.h>
#include "clock.h"
#include "leaf.h"

#define PARAMETERS	"/sys/module/vmscope/parameters/"
#define ADDRESS		0x500000000000ull
#define SIZE		PMD_SIZE
/* Few pages: the more often a table goes, the more often it goes in the window. */
#define TOUCHED		(4 * PAGE_SIZE)

struct damage {
	unsigned long scans;
	unsigned long pages;
	unsigned long bad;	/* entries that were never in this memory */
	unsigned long unlocked;	/* scans that held nothing of the target */
};

static unsigned int seconds(void)
{
	const char *text = getenv("VMSCOPE_RACE_SECONDS");

	return text ? atoi(text) : 4;
}

/* ------------------------------------------------------------ the targets */

static void *map_touch_unmap(void *arg)
{
	for (;;) {
		char *p = mmap((void *)ADDRESS, SIZE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

		if (p == MAP_FAILED)
			_exit(1);
		madvise(p, SIZE, MADV_NOHUGEPAGE);
		touch(p, TOUCHED);
		munmap(p, SIZE);
		++*(volatile unsigned long *)arg;
	}
	return NULL;
}

static void *collapse_and_drop(void *arg)
{
	char *p = mmap((void *)ADDRESS, SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (p == MAP_FAILED)
		_exit(1);
	for (;;) {
		touch(p, TOUCHED);
		madvise(p, SIZE, MADV_COLLAPSE);
		madvise(p, SIZE, MADV_DONTNEED);
		++*(volatile unsigned long *)arg;
	}
	return NULL;
}

static int build_unmapping(void *arg, unsigned int step)
{
	pthread_t thread;

	(void)step;
	return pthread_create(&thread, NULL, map_touch_unmap, arg);
}

static int build_collapsing(void *arg, unsigned int step)
{
	pthread_t thread;

	(void)step;
	return pthread_create(&thread, NULL, collapse_and_drop, arg);
}

/* ------------------------------------------------------------ the watcher */

#define RANGES_MAX	32
static struct { uint64_t first, last; } memory[RANGES_MAX];
static unsigned int nr_memory;

static int find_memory(void)
{
	FILE *file = fopen("/proc/iomem", "re");
	char line[256];

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file) && nr_memory < RANGES_MAX) {
		uint64_t first, last;

		if (!strstr(line, "System RAM") ||
		    sscanf(line, "%lx-%lx", &first, &last) != 2)
			continue;
		memory[nr_memory].first = first / PAGE_SIZE;
		memory[nr_memory++].last = last / PAGE_SIZE;
	}
	fclose(file);
	return nr_memory ? 0 : -ENODATA;
}

/*
 * Not by kpageflags: about a folio that is being freed a kernel with
 * CONFIG_DEBUG_VM may stumble there (6.12 fs/proc/page.c:stable_page_flags(),
 * VM_BUG_ON_PAGE).
 */
static bool is_memory(uint64_t frame)
{
	unsigned int i;

	for (i = 0; i < nr_memory; i++)
		if (frame >= memory[i].first && frame <= memory[i].last)
			return true;
	return false;
}

static void judge(const struct scan *s, struct damage *d)
{
	size_t i, n;

	for (i = 0; i < s->nr_extents; i++) {
		const struct vmscope_extent *e = &s->extent[i].head;
		uint64_t state = ATTR_STATE(e->attributes);

		d->pages += e->pages;
		if (state != VMSCOPE_STATE_PRESENT &&
		    state != VMSCOPE_STATE_MIGRATING) {
			/*
			 * Only memory and holes were ever here, and memory that the
			 * kernel moves, a huge page as a whole (compaction).
			 */
			d->bad += e->pages;
			continue;
		}
		for (n = 0; n < e->pages; n++) {
			struct scan_page p;

			if (scan_page(s, e->start + n * PAGE_SIZE, &p))
				d->bad += !is_memory(p.frame);
		}
	}
}

static int watch(int fd, unsigned int for_seconds, struct damage *d)
{
	double end = now() + for_seconds;
	int error = 0;

	while (!error && now() < end) {
		struct scan s = {
			.start = ADDRESS, .end = ADDRESS + SIZE,
			.records = RECORD(EXTENT),
			.key = VMSCOPE_ATTR_STATE | VMSCOPE_KEY_FRAME,
			.flags = d->scans % 2 ? VMSCOPE_SCAN_PLAIN : 0,
		};

		error = scan_run(fd, &s);
		judge(&s, d);
		d->scans++;
		d->unlocked += s.longest_ns[VMSCOPE_LOCK_IRQ] &&
			       !s.longest_ns[VMSCOPE_LOCK_VMA] &&
			       !s.longest_ns[VMSCOPE_LOCK_MMAP];
		scan_free(&s);
	}
	return error;
}

static int set_delay(const char *us)
{
	return write_file(PARAMETERS "delay_us", us);
}

static int set_knobs(const char *unsafe)
{
	int error = set_delay("300");

	return error ? error : write_file(PARAMETERS "unsafe", unsafe);
}

/* -------------------------------------------------------------- safe mode */

FIXTURE(race) {
	struct target t;
	unsigned long *rounds;
};

FIXTURE_SETUP(race)
{
	self->t.fd = -1;
	if (access(PARAMETERS "unsafe", F_OK))
		SKIP(return, "this is no test build of the module");
	ASSERT_EQ(0, set_knobs("0"));
	ASSERT_EQ(0, find_memory());
	self->rounds = shared_alloc(sizeof(*self->rounds));
}

FIXTURE_TEARDOWN(race)
{
	target_stop(&self->t);
}

static void expect_no_damage(struct __test_metadata *_metadata,
			     FIXTURE_DATA(race) *self)
{
	struct damage d = { 0 };

	ASSERT_EQ(0, watch(self->t.fd, seconds(), &d));
	EXPECT_EQ(0, d.bad);
	EXPECT_LT(10, d.scans);
	EXPECT_LT(10, *self->rounds);
	TH_LOG("%lu scans, %lu pages, %lu bad; target went round %lu times",
	       d.scans, d.pages, d.bad, *self->rounds);
}

TEST_F_TIMEOUT(race, unmapping, 1000)
{
	ASSERT_BUILT(target_start(&self->t, build_unmapping, self->rounds), "thread");
	expect_no_damage(_metadata, self);
}

TEST_F_TIMEOUT(race, collapsing, 1000)
{
	ASSERT_BUILT(target_start(&self->t, build_collapsing, self->rounds), "thread");
	expect_no_damage(_metadata, self);
}

/*
 * The same with no lock at all, as a process that is stuck is read where that is
 * announced to be safe. Elsewhere the control does this, and finds damage.
 */
static void expect_no_damage_without_locks(struct __test_metadata *_metadata,
					   FIXTURE_DATA(race) *self,
					   target_fn build)
{
	struct damage d = { 0 };

	if (!(vmscope_info()->locks >> VMSCOPE_LOCK_IRQ & 1))
		SKIP(return, "this kernel is not read without a lock");
	ASSERT_EQ(0, set_knobs("1"));
	ASSERT_BUILT(target_start(&self->t, build, self->rounds), "thread");
	EXPECT_EQ(0, watch(self->t.fd, seconds(), &d));
	EXPECT_EQ(0, set_knobs("0"));
	EXPECT_EQ(0, d.bad);
	EXPECT_LT(10, d.scans);
	EXPECT_EQ(d.scans, d.unlocked);
	EXPECT_LT(10, *self->rounds);
	TH_LOG("%lu scans, %lu pages, %lu bad; target went round %lu times",
	       d.scans, d.pages, d.bad, *self->rounds);
}

TEST_F_TIMEOUT(race, unmapping_without_locks, 1000)
{
	expect_no_damage_without_locks(_metadata, self, build_unmapping);
}

TEST_F_TIMEOUT(race, collapsing_without_locks, 1000)
{
	expect_no_damage_without_locks(_metadata, self, build_collapsing);
}

/* ---------------------------------------------------------------- signals */

/* A page in each of many tables, which are slow to read. */
#define TABLES		2048

static int build_tables(void *arg, unsigned int step)
{
	char *p = map_at(TABLES * PMD_SIZE, PMD_SIZE, PROT_READ,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);

	(void)step;
	if (!p)
		return ENOMEM;
	madvise(p, TABLES * PMD_SIZE, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < TABLES; i++)
		read_all(p + i * PMD_SIZE, PAGE_SIZE);
	*(struct region *)arg = region_of(p, TABLES * PMD_SIZE);
	return 0;
}

/* The longest time that a scan of so many tables held a lock: a section. */
static uint64_t longest_section(int fd, const struct region *r, size_t tables)
{
	struct scan s = {
		.start = r->start, .end = r->start + tables * PMD_SIZE,
		.records = RECORD(TALLY), .flags = VMSCOPE_SCAN_PLAIN,
	};
	uint64_t longest = 0;

	if (!scan_run(fd, &s))
		for (int lock = 0; lock < VMSCOPE_LOCK_NR; lock++)
			if (s.longest_ns[lock] > longest)
				longest = s.longest_ns[lock];
	scan_free(&s);
	return longest;
}

static uint64_t ns_to_kill_a_scan(int fd, const struct region *r, unsigned int after_us)
{
	uint64_t begin;
	pid_t child = fork();

	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			longest_section(fd, r, TABLES);
	}
	usleep(after_us);
	begin = now_ns();
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return now_ns() - begin;
}

/*
 * With tables that are as slow to read, a section takes some tens of milliseconds and the scan
 * seconds: who is killed ends with the section. What the machine does besides makes some late;
 * were signals looked for less often, six of forty would not be in time.
 */
TEST_F(race, fatal_signal_ends_a_scan_with_its_section)
{
	struct region *r = shared_alloc(sizeof(*r));
	unsigned int in_time = 0, round;
	uint64_t section, took;

	ASSERT_BUILT(target_start(&self->t, build_tables, r), "page tables");
	ASSERT_EQ(0, set_delay("3000"));
	section = longest_section(self->t.fd, r, TABLES / 16);
	ASSERT_LT(0, section);
	/* as many sections as to tell one from the whole */
	ASSERT_GT(TABLES * 3000000ull / 16, section);
	for (round = 0; round < 40 && in_time < 6; round++) {
		took = ns_to_kill_a_scan(self->t.fd, r, 100000 + round * 7000);
		in_time += took < section * 3 / 2 + 50000000;
		TH_LOG("section %.1f ms, killed in %.1f ms", section / 1e6, took / 1e6);
	}
	EXPECT_EQ(6, in_time);
}

TEST(test_build_says_so)
{
	if (access(PARAMETERS "unsafe", F_OK)) {
		EXPECT_FALSE(vmscope_info()->features & VMSCOPE_FEATURE_TEST);
		return;
	}
	EXPECT_TRUE(vmscope_info()->features & VMSCOPE_FEATURE_TEST);
}

/* ---------------------------------------------------------------- control */

/* Exit status 0 when the damage was seen, 1 when it was not. */
static int control(const char *unsafe)
{
	unsigned long *rounds = shared_alloc(sizeof(*rounds));
	struct damage d = { 0 };
	struct target t;

	if (set_knobs(unsafe)) {
		fprintf(stderr, "vmscope_race: no test build of the module\n");
		return KSFT_SKIP;
	}
	if (find_memory() || target_start(&t, build_unmapping, rounds)) {
		fprintf(stderr, "vmscope_race: the target did not start\n");
		return 2;
	}
	watch(t.fd, seconds(), &d);
	set_knobs("0");
	target_stop(&t);
	printf("unsafe %s: %lu scans, %lu pages, %lu bad; target went round %lu times\n",
	       unsafe, d.scans, d.pages, d.bad, *rounds);
	return d.bad ? 0 : 1;
}

int main(int argc, char **argv)
{
	SKIP_WITHOUT_MODULE();
	if (argc > 2 && !strcmp(argv[1], "--unsafe"))
		return control(argv[2]);
	return test_harness_run(argc, argv);
}
