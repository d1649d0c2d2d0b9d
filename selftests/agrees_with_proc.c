// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process that holds all kinds of memory, compared figure by figure with
 * smaps and page by page with pagemap; knows nothing of single kinds.
 */
#include "kselftest_harness.h"
#include "differ.h"
#include "leaf.h"
#include "zoo.h"

/* Built once for all tests, which only look. */
static struct target zoo;

FIXTURE(zoo) {
	struct target t;
	int device;
};

FIXTURE_SETUP(zoo)
{
	self->device = device_open();
	self->t.pid = zoo.pid;
	self->t.fd = target_open(self->device, zoo.pid);
	ASSERT_LE(0, self->t.fd);
}

FIXTURE_TEARDOWN(zoo)
{
	close(self->t.fd);
	close(self->device);
}

TEST(agrees_with_proc)
{
	struct target t;

	ASSERT_EQ(0, target_start_copy(&t, "--zoo", "--gigabyte"));
	EXPECT_SAME(oracle_process(t.pid, t.fd, 0));
	target_stop(&t);
}

TEST_F(zoo, agrees_with_proc_plain)
{
	EXPECT_SAME(oracle_process(self->t.pid, self->t.fd, VMSCOPE_SCAN_PLAIN));
}

/* The kinds that a stock kernel gives must really be in the zoo. */
TEST_F(zoo, holds_all_kinds)
{
	uint64_t kind[VMSCOPE_KIND_NR] = { 0 }, state[VMSCOPE_STATE_NR] = { 0 };
	uint64_t shmem_swap = 0;
	struct scan s;
	size_t i;
	int n;

	ASSERT_EQ(0, scan_everything(self->t.fd, 0, 0, &s));
	for (i = 0; i < s.nr_tallies; i++) {
		for (n = 0; n < VMSCOPE_KIND_NR; n++)
			kind[n] += tally_kind(&s.tally[i], n);
		for (n = 0; n < VMSCOPE_STATE_NR; n++)
			state[n] += tally_state(&s.tally[i], n);
		shmem_swap += s.tally[i].counter[VMSCOPE_COUNT_SHMEM_SWAP];
	}
	EXPECT_NE(0, shmem_swap);
	for (n = 0; n < VMSCOPE_KIND_DEVICE; n++)
		EXPECT_NE(0, kind[n]) TH_LOG("no page of kind %d", n);
	EXPECT_NE(0, state[VMSCOPE_STATE_ZERO]);
	EXPECT_NE(0, state[VMSCOPE_STATE_SPECIAL]);
	EXPECT_NE(0, state[VMSCOPE_STATE_SWAPPED]);
	EXPECT_EQ(0, state[VMSCOPE_STATE_UNKNOWN]);
	EXPECT_EQ(0, state[VMSCOPE_STATE_SKIPPED]);
	EXPECT_EQ(kernel_version() >= 613, state[VMSCOPE_STATE_GUARD] != 0);
	scan_free(&s);
}

/* Every figure that the oracle knows is there to be compared, but for newer ones. */
TEST_F(zoo, smaps_has_every_field)
{
	uint32_t all = (1u << SMAPS_NR) - 1, newer = 1u << SMAPS_KSM;
	struct smaps *maps;
	ssize_t i, nr = smaps_read(self->t.pid, &maps);

	ASSERT_LT(10, nr);
	for (i = 0; i < nr; i++)
		if (strcmp(maps[i].name, "[vsyscall]"))
			EXPECT_EQ(kernel_version() < 612 ? all & ~newer : all,
				  maps[i].present);
	free(maps);
}

/* One figure of one mapping that is wrong by a page is found. */
static void expect_tally_differs(struct __test_metadata *_metadata,
				 const struct scan *s, size_t vma, const struct smaps *m)
{
	struct smaps wrong;
	int field;

	ASSERT_EQ(NULL, oracle_tally(&s->tally[vma], &s->vma[vma], m));
	for (field = 0; field < SMAPS_NR; field++) {
		if (!(m->present >> field & 1))
			continue;
		wrong = *m;
		wrong.kb[field] += 4;
		EXPECT_NE(NULL, oracle_tally(&s->tally[vma], &s->vma[vma], &wrong))
			TH_LOG("%s may be wrong", smaps_names[field]);
	}
}

static bool all_agree(const struct scan *s, const struct smaps *maps, ssize_t nr)
{
	size_t vma = 0;
	ssize_t i;

	for (i = 0; i < nr && vma < s->nr_tallies; i++) {
		if (maps[i].start != s->tally[vma].start)
			continue;
		if (oracle_tally(&s->tally[vma], &s->vma[vma], &maps[i]))
			return false;
		vma++;
	}
	return vma == s->nr_tallies;
}

TEST_F(zoo, oracle_finds_every_wrong_sum)
{
	struct scan s = { 0 };
	struct smaps *maps = NULL;
	int tries = 20;
	ssize_t i, nr;
	size_t vma;

	/*
	 * What is referenced, and who else maps a library, changes by itself, but
	 * rarely: there is a scan that this very reading of smaps agrees with.
	 */
	do {
		free(maps);
		scan_free(&s);
		ASSERT_EQ(NULL, oracle_range(self->t.pid, self->t.fd, 0,
					     vmscope_info()->task_size, &s));
		nr = smaps_read(self->t.pid, &maps);
		ASSERT_LT(10, nr);
	} while (!all_agree(&s, maps, nr) && --tries);
	for (i = 0, vma = 0; i < nr && vma < s.nr_tallies; i++)
		if (maps[i].start == s.tally[vma].start)
			expect_tally_differs(_metadata, &s, vma++, &maps[i]);
	EXPECT_EQ(s.nr_tallies, vma);
	free(maps);
	scan_free(&s);
}

/*
 * Nor does one wrong bit, frame or count of one page go unseen. (That a page is
 * merged by KSM only smaps tells on 6.12.)
 */
TEST_F(zoo, oracle_finds_every_wrong_page)
{
	static const uint64_t bits[] = {
		1, 2, 8, 3 << VMSCOPE_ATTR_KIND_SHIFT, 4 << VMSCOPE_ATTR_KIND_SHIFT,
		1 << VMSCOPE_ATTR_ORDER_SHIFT, VMSCOPE_ATTR_SOFT_DIRTY,
		VMSCOPE_ATTR_UFFD_WP, VMSCOPE_ATTR_REFERENCED,
		VMSCOPE_ATTR_FOLIO_DIRTY, VMSCOPE_ATTR_LRU, VMSCOPE_ATTR_ACTIVE,
		VMSCOPE_ATTR_UNEVICTABLE, VMSCOPE_ATTR_MLOCKED,
		VMSCOPE_ATTR_WRITEBACK, VMSCOPE_ATTR_SWAPCACHE,
		VMSCOPE_ATTR_SWAPBACKED, VMSCOPE_ATTR_RECLAIM, VMSCOPE_ATTR_HEAD,
		VMSCOPE_ATTR_SHARED,
	};
	struct vmscope_extent *e = NULL, right;
	struct scan s = { 0 };
	uint64_t end;
	size_t i;

	ASSERT_EQ(NULL, oracle_range(self->t.pid, self->t.fd, 0,
				     vmscope_info()->task_size, &s));
	/* An anonymous page of its own, small. */
	for (i = 0; i < s.nr_extents && !e; i++)
		if ((s.extent[i].head.attributes & MASK_WHAT) == (STATE(PRESENT) |
		    KIND(ANON_EXCLUSIVE) | LEAF(PTE)) &&
		    s.extent[i].head.encoding == VMSCOPE_FRAMES_RUN)
			e = &s.extent[i].head;
	ASSERT_NE(NULL, e);
	right = *e;
	end = e->start + PAGE_SIZE;
	ASSERT_EQ(NULL, oracle_pages(self->t.pid, &s, e->start, end));
	for (i = 0; i < ARRAY_SIZE(bits); i++) {
		if (bits[i] > VMSCOPE_ATTR_ORDER &&
		    !(vmscope_info()->attributes & bits[i]))
			continue;
		e->attributes = right.attributes ^ bits[i];
		EXPECT_NE(NULL, oracle_pages(self->t.pid, &s, e->start, end))
			TH_LOG("bits %lx may be wrong", (unsigned long)bits[i]);
		*e = right;
	}
	e->frame++;
	EXPECT_NE(NULL, oracle_pages(self->t.pid, &s, e->start, end));
	*e = right;
	e->mapcount++;
	EXPECT_NE(NULL, oracle_pages(self->t.pid, &s, e->start, end));
	*e = right;
	EXPECT_EQ(NULL, oracle_pages(self->t.pid, &s, e->start, end));
	scan_free(&s);
}

static void run_records(struct __test_metadata *_metadata, int fd,
			uint64_t records, uint64_t key, uint32_t flags,
			struct scan *s)
{
	memset(s, 0, sizeof(*s));
	s->records = records;
	s->key = key;
	s->flags = flags;
	ASSERT_EQ(0, scan_run(fd, s)) TH_LOG("%s", s->error);
}

static void run(struct __test_metadata *_metadata, int fd, uint64_t key,
		uint32_t flags, struct scan *s)
{
	run_records(_metadata, fd, RECORD(VMA) | RECORD(TALLY) |
				   (key ? RECORD(EXTENT) : 0), key, flags, s);
}

/* Page for page, however the two cut their extents. */
static const char *extents_differ(const struct scan *a, const struct scan *b)
{
	struct scan_page p, q;
	size_t i, n;

	for (i = 0; i < a->nr_extents; i++)
		for (n = 0; n < a->extent[i].head.pages; n++) {
			uint64_t at = a->extent[i].head.start + n * PAGE_SIZE;

			scan_page(a, at, &p);
			if (scan_page(b, at, &q) && !memcmp(&p, &q, sizeof(p)))
				continue;
			return differ("%lx: %lx %lx and %lx %lx", at,
				      p.attributes, p.frame, q.attributes, q.frame);
		}
	return NULL;
}

static const uint64_t keys[] = {
	0,
	VMSCOPE_KEY_FRAME,
	VMSCOPE_ATTR_STATE,
	VMSCOPE_ATTR_STATE | VMSCOPE_KEY_FRAME,
	VMSCOPE_ATTR_STATE | VMSCOPE_ATTR_LEAF | VMSCOPE_ATTR_YOUNG |
		VMSCOPE_ATTR_DIRTY | VMSCOPE_KEY_FRAME,
	VMSCOPE_ATTR_STATE | VMSCOPE_ATTR_KIND | VMSCOPE_ATTR_ORDER,
	VMSCOPE_ATTR_STATE | VMSCOPE_KEY_MAPCOUNT | VMSCOPE_KEY_REFCOUNT,
	VMSCOPE_ATTR_SHARED | VMSCOPE_ATTR_WRITE,
	VMSCOPE_ATTR_HEAD | VMSCOPE_ATTR_NODE | VMSCOPE_KEY_FRAME,
	VMSCOPE_ATTR_STATE | VMSCOPE_ATTR_GEN,
	VMSCOPE_ATTR_GEN | VMSCOPE_KEY_FRAME,
	VMSCOPE_ATTR_STATE | VMSCOPE_ATTR_EXTRA_REFS | VMSCOPE_ATTR_DEFERRED,
	~0ull,
};

TEST_F(zoo, fast_and_plain_paths_are_the_same)
{
	struct scan fast, plain;
	size_t i, try;

	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		uint64_t key = keys[i] & scan_full_key();
		const char *difference = "";

		for (try = 0; try < 3 && difference; try++) {
			run(_metadata, self->t.fd, key, 0, &fast);
			run(_metadata, self->t.fd, key, VMSCOPE_SCAN_PLAIN, &plain);
			difference = scan_differ(&fast, &plain);
			if (!difference)
				difference = extents_differ(&fast, &plain);
			if (!difference)
				difference = extents_differ(&plain, &fast);
			scan_free(&fast);
			scan_free(&plain);
		}
		EXPECT_EQ(NULL, difference)
			TH_LOG("key %lx: %s", (unsigned long)key, difference);
	}
}

/* Small VMAs, of which the zoo has many, take a shorter way then. */
TEST_F(zoo, fast_and_plain_tallies_alone_are_the_same)
{
	const char *difference = "";
	struct scan fast, plain;
	int try;

	for (try = 0; try < 3 && difference; try++) {
		run_records(_metadata, self->t.fd, RECORD(TALLY), 0, 0, &fast);
		run_records(_metadata, self->t.fd, RECORD(TALLY), 0,
			    VMSCOPE_SCAN_PLAIN, &plain);
		EXPECT_LT(100, fast.nr_tallies);
		difference = scan_differ(&fast, &plain);
		scan_free(&fast);
		scan_free(&plain);
	}
	EXPECT_EQ(NULL, difference) TH_LOG("%s", difference);
}

/* What @part, with the key @key, shows otherwise than @full does. */
static const char *masked_differ(const struct scan *full, const struct scan *part,
				 uint64_t key)
{
	struct scan_page p, q;
	size_t x, n;

	for (x = 0; x < full->nr_extents; x++)
		for (n = 0; n < full->extent[x].head.pages; n++) {
			uint64_t at = full->extent[x].head.start + n * PAGE_SIZE;

			scan_page(full, at, &p);
			/* without an entry they are shown only when asked for */
			if (!ATTR_STATE(p.attributes) &&
			    !(key & VMSCOPE_ATTR_SHMEM_SWAPPED))
				continue;
			if (scan_page(part, at, &q) &&
			    (p.attributes & key) == q.attributes &&
			    (key & VMSCOPE_KEY_FRAME ? p.frame : 0) == q.frame &&
			    (key & VMSCOPE_KEY_MAPCOUNT ? p.mapcount : 0) == q.mapcount)
				continue;
			return differ("%lx: %lx %lx %u and %lx %lx %u",
				      at, p.attributes, p.frame, p.mapcount,
				      q.attributes, q.frame, q.mapcount);
		}
	return scan_differ(full, part);
}

/* A key with fewer bits shows the same pages with fewer bits. */
TEST_F(zoo, key_masks_what_is_shown)
{
	struct scan full, part;
	size_t i;
	int try;

	for (i = 1; i < ARRAY_SIZE(keys); i++) {
		uint64_t key = keys[i] & scan_full_key();
		const char *difference = "";

		/* Flags of folios change behind our back, but not for long. */
		for (try = 0; try < 5 && difference; try++) {
			run(_metadata, self->t.fd, scan_full_key(), 0, &full);
			run(_metadata, self->t.fd, key, 0, &part);
			difference = masked_differ(&full, &part, key);
			scan_free(&full);
			scan_free(&part);
		}
		EXPECT_EQ(NULL, difference)
			TH_LOG("key %lx: %s", (unsigned long)key, difference);
	}
}

/* The kernel's own totals, where nothing is approximate about them. */
TEST_F(zoo, target_totals_agree_with_status)
{
	struct vmscope_target totals = { .size = sizeof(totals) };
	const struct {
		const char *name;
		const __u64 *value;
		unsigned int per_kb;	/* of what is counted, or 0: pages */
	} rows[] = {
		{ "VmSize", &totals.total_vm, 0 },
		{ "VmLck", &totals.locked_vm, 0 },
		{ "VmPin", &totals.pinned_vm, 0 },
		{ "VmData", &totals.data_vm, 0 },
		{ "VmStk", &totals.stack_vm, 0 },
		{ "VmPTE", &totals.tables, 1024 },
		{ NULL, NULL, 0 },
	}, *row;
	char path[64];

	ASSERT_EQ(0, vmscope_ioctl(self->t.fd, VMSCOPE_TARGET, &totals));
	snprintf(path, sizeof(path), "/proc/%d/status", self->t.pid);
	for (row = rows; row->name; row++)
		EXPECT_EQ(table_field(path, row->name),
			  row->per_kb ? *row->value / row->per_kb : *row->value * 4)
			TH_LOG("%s", row->name);
	EXPECT_NE(0, totals.locked_vm);
	EXPECT_EQ(0, strncmp(totals.comm, "target.", 7)) TH_LOG("comm %s", totals.comm);
}

TEST_F(zoo, vmas_are_counted)
{
	struct vmscope_target totals = { .size = sizeof(totals) };
	struct scan s;

	ASSERT_EQ(0, vmscope_ioctl(self->t.fd, VMSCOPE_TARGET, &totals));
	ASSERT_EQ(0, scan_everything(self->t.fd, 0, 0, &s));
	EXPECT_EQ(totals.vmas, s.nr_vmas);
	EXPECT_SAME(sums_check(&s));
	scan_free(&s);
}

VMSCOPE_TEST_MAIN_OF_ZOO(zoo)
