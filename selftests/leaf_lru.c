// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Generations of the multi-gen LRU: what was just touched is in the youngest,
 * and what is left alone grows older; knows nothing of the classic lists.
 */
#include "kselftest_harness.h"
#include <sys/mman.h>
#include <sys/stat.h>
#include "leaf.h"

#define PAGES	1024
#define SIZE	(PAGES * PAGE_SIZE)
#define GENS	4
#define LRU_GEN	"/sys/kernel/mm/lru_gen/enabled"
#define DEBUG	"/sys/kernel/debug/lru_gen"
#define CGROUP	"/sys/fs/cgroup/"
#define GROUP	CGROUP "leaf_lru"

#define GEN(a)	(((a) & VMSCOPE_ATTR_GEN) >> VMSCOPE_ATTR_GEN_SHIFT)

/* Pages of one kind by generation, 0: in none. */
struct ages {
	uint64_t pages[8];
};

FIXTURE(lru) {
	struct target t;
	struct region *r;
	char before[16];
};

static void read_setting(char *text, size_t size)
{
	FILE *f = fopen(LRU_GEN, "r");

	*text = 0;
	if (f && !fgets(text, size, f))
		*text = 0;
	if (f)
		fclose(f);
}

FIXTURE_SETUP(lru)
{
	self->t.fd = -1;
	self->r = shared_alloc(sizeof(*self->r));
	ASSERT_NE(NULL, self->r);
	read_setting(self->before, sizeof(self->before));
	if (!*self->before)
		SKIP(return, "this kernel has no multi-gen LRU");
	if (access(DEBUG, R_OK | W_OK))
		SKIP(return, "no %s: mount debugfs", DEBUG);
	/* what is isolated for a while begins young again */
	keep_pages_still();
	ASSERT_EQ(0, write_file(LRU_GEN, "y"));
	rmdir(GROUP);
	write_file(CGROUP "cgroup.subtree_control", "+memory");
	ASSERT_EQ(0, mkdir(GROUP, 0755));
}

FIXTURE_TEARDOWN(lru)
{
	target_stop(&self->t);
	rmdir(GROUP);
	if (*self->before)
		write_file(LRU_GEN, self->before);
}

/* The pages that wait for their way to a list, let them arrive there. */
static void drain(void)
{
	char *p = map_at(PMD_SIZE, PMD_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1);

	/* nothing is there to collapse, but that is found out later */
	if (p && !madvise(p, PMD_SIZE, MADV_HUGEPAGE))
		madvise(p, PMD_SIZE, MADV_COLLAPSE);
	if (p)
		munmap(p, PMD_SIZE);
}

/* So much at once is taken from the TLB by emptying it. */
static void forget_translations(void)
{
	char *p = map_anon(SIZE, PAGE_SIZE);

	if (!p)
		return;
	touch(p, SIZE);
	munmap(p, SIZE);
}

static int build(void *arg, unsigned int step)
{
	struct region *r = arg;
	char *p;

	if (step) {	/* use the first half */
		forget_translations();
		read_all((char *)r->start, SIZE / 2);
		forget_translations();
		return 0;
	}
	/* a group of its own, so that its lists hold nothing else */
	if (write_file(GROUP "/cgroup.procs", "0"))
		return ENOSYS;
	p = map_anon(SIZE, PAGE_SIZE);
	if (!p)
		return ENOMEM;
	*r = region_of(p, SIZE);
	touch(p, SIZE);
	forget_translations();
	drain();
	return 0;
}

/* A line of debugfs: "memcg", "node", or one generation. */
struct line {
	unsigned int memcg;
	unsigned int node;
	bool ours;
	unsigned long seq, ms, anon;
};

static void read_memcg(const char *text, struct line *line)
{
	char path[256] = "";

	if (sscanf(text, " memcg %u %255s", &line->memcg, path) < 1)
		return;
	line->ours = !strcmp(path, "/leaf_lru");
}

/* Calls @each for each generation of our group. */
static int each_generation(void (*each)(const struct line *, void *), void *context)
{
	struct line line = { 0 };
	unsigned int node;
	char text[512];
	FILE *f = fopen(DEBUG, "r");

	if (!f)
		return errno;
	while (fgets(text, sizeof(text), f)) {
		read_memcg(text, &line);
		if (sscanf(text, " node %u", &node) == 1)
			line.node = node;
		if (line.ours &&
		    sscanf(text, " %lu %lu %lu", &line.seq, &line.ms, &line.anon) == 3)
			each(&line, context);
	}
	fclose(f);
	return 0;
}

struct newest {
	unsigned int memcg;
	unsigned int nodes;
	unsigned long seq[64];
};

static void note_newest(const struct line *line, void *context)
{
	struct newest *n = context;

	n->memcg = line->memcg;
	if (line->node >= n->nodes)
		n->nodes = line->node + 1;
	n->seq[line->node] = line->seq;		/* the last line is the newest */
}

/* A new generation on every node of the group, looking for accessed bits. */
static int grow_older(void)
{
	struct newest n = { 0 };
	char command[128];
	unsigned int node;
	int error = each_generation(note_newest, &n);

	if (!error && !n.nodes)
		error = ENOENT;
	for (node = 0; !error && node < n.nodes; node++) {
		snprintf(command, sizeof(command), "+ %u %u %lu 1 1", n.memcg, node,
			 n.seq[node]);
		error = write_file(DEBUG, command);
	}
	return error;
}

/* The generations of the pages of a region; NULL or what went wrong. */
static const char *ages_of(const struct target *t, uint64_t start, uint64_t end,
			   struct ages *ages)
{
	struct scan s = {
		.start = start,
		.end = end,
		.records = RECORD(EXTENT),
		.key = VMSCOPE_ATTR_STATE | VMSCOPE_ATTR_GEN,
	};
	size_t i;

	memset(ages, 0, sizeof(*ages));
	if (scan_run(t->fd, &s))
		return "the scan failed";
	for (i = 0; i < s.nr_extents; i++)
		if (ATTR_STATE(s.extent[i].head.attributes) == STATE(PRESENT))
			ages->pages[GEN(s.extent[i].head.attributes)] +=
				s.extent[i].head.pages;
	scan_free(&s);
	return NULL;
}

#define EXPECT_AGE(from, to, age) do {						\
	struct ages a_;								\
	EXPECT_SAME(ages_of(&self->t, from, to, &a_));				\
	EXPECT_EQ(((to) - (from)) / PAGE_SIZE, a_.pages[age])			\
		TH_LOG("%lu %lu %lu %lu %lu", a_.pages[0], a_.pages[1],		\
		       a_.pages[2], a_.pages[3], a_.pages[4]);			\
} while (0)

#define ASSERT_OLDER()	ASSERT_EQ(0, grow_older())

TEST(generations_are_announced_where_they_exist)
{
	bool exist = !access(LRU_GEN, F_OK);

	EXPECT_EQ(exist, !!(vmscope_info()->key & VMSCOPE_ATTR_GEN));
	EXPECT_EQ(exist, !!(vmscope_info()->attributes & VMSCOPE_ATTR_GEN));
}

/*
 * The youngest, or the one before: newer kernels keep the youngest for pages
 * that are faulted in again. Both are what is active.
 */
TEST_F(lru, what_was_just_touched_is_young)
{
	struct ages ages;

	ASSERT_BUILT(target_start(&self->t, build, self->r), "memory cgroup");
	EXPECT_SAME(ages_of(&self->t, self->r->start, self->r->end, &ages));
	EXPECT_EQ(PAGES, ages.pages[1] + ages.pages[2]);
}

TEST_F(lru, what_is_left_alone_grows_older)
{
	uint64_t middle, start, end;
	unsigned int age;

	ASSERT_BUILT(target_start(&self->t, build, self->r), "memory cgroup");
	start = self->r->start;
	end = self->r->end;
	middle = start + SIZE / 2;
	/* finds it all accessed, forgets that, and begins a generation after it */
	ASSERT_OLDER();
	EXPECT_AGE(start, end, 2);
	ASSERT_OLDER();
	EXPECT_AGE(start, end, 3);
	/* one half is used */
	ASSERT_EQ(0, target_step(&self->t, 1));
	ASSERT_OLDER();
	EXPECT_AGE(start, middle, 2);
	EXPECT_AGE(middle, end, 4);
	/* there is none older than the fourth */
	for (age = 3; age <= GENS + 1; age++) {
		ASSERT_OLDER();
		EXPECT_AGE(start, middle, age < GENS ? age : GENS);
		EXPECT_AGE(middle, end, GENS);
	}
}

static void add_anon(const struct line *line, void *context)
{
	struct ages *ages = context;

	ages->pages[line->seq % 8] += line->anon;
}

/*
 * The group holds this process alone, whose nodes were aged together: debugfs
 * counts in each generation what the scan finds there, but for a few pages
 * of its stack and data.
 */
TEST_F(lru, debugfs_counts_the_same)
{
	struct newest n = { 0 };
	struct ages debug = { 0 }, ours;
	unsigned int age;

	ASSERT_BUILT(target_start(&self->t, build, self->r), "memory cgroup");
	ASSERT_OLDER();
	ASSERT_OLDER();
	ASSERT_EQ(0, target_step(&self->t, 1));
	ASSERT_OLDER();
	ASSERT_EQ(0, each_generation(note_newest, &n));
	ASSERT_EQ(0, each_generation(add_anon, &debug));
	if (n.nodes > 1 && n.seq[0] != n.seq[1])
		SKIP(return, "the nodes are not of one age");
	EXPECT_SAME(ages_of(&self->t, self->r->start, self->r->end, &ours));
	for (age = 1; age <= GENS; age++) {
		uint64_t counted = debug.pages[(n.seq[0] - (age - 1)) % 8];

		EXPECT_LE(ours.pages[age], counted) TH_LOG("generation %u", age);
		EXPECT_GE(ours.pages[age] + 64, counted) TH_LOG("generation %u", age);
	}
}

TEST_F(lru, off_means_no_generation)
{
	ASSERT_BUILT(target_start(&self->t, build, self->r), "memory cgroup");
	ASSERT_EQ(0, write_file(LRU_GEN, "n"));
	EXPECT_AGE(self->r->start, self->r->end, 0);
}

TEST_F(lru, block_by_block_as_page_by_page)
{
	struct ages fast, plain = { 0 };
	struct scan s = {
		.records = RECORD(EXTENT),
		.key = VMSCOPE_ATTR_GEN | VMSCOPE_KEY_FRAME,
		.flags = VMSCOPE_SCAN_PLAIN,
	};
	size_t i;

	ASSERT_BUILT(target_start(&self->t, build, self->r), "memory cgroup");
	ASSERT_OLDER();
	ASSERT_OLDER();
	ASSERT_EQ(0, target_step(&self->t, 1));
	ASSERT_OLDER();
	EXPECT_SAME(ages_of(&self->t, self->r->start, self->r->end, &fast));
	s.start = self->r->start;
	s.end = self->r->end;
	ASSERT_EQ(0, scan_run(self->t.fd, &s));
	for (i = 0; i < s.nr_extents; i++)
		plain.pages[GEN(s.extent[i].head.attributes)] += s.extent[i].head.pages;
	scan_free(&s);
	EXPECT_EQ(0, memcmp(&fast, &plain, sizeof(fast)));
	EXPECT_EQ(PAGES / 2, fast.pages[2]);
}

VMSCOPE_TEST_MAIN
