// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The text views in debugfs say what the ioctls say, however they are read; knows
 * nothing of who may attach, nor of whether the ioctls are right.
 */
#include "kselftest_harness.h"
#include <fcntl.h>
#include "debugfs.h"
#include "leaf.h"

#define SIZE	(64 * PAGE_SIZE)

VIEW_FIXTURE(views)

/* ------------------------------------------------------------- as a file */

/*
 * Read a view at once and in pieces of @chunk bytes, until nobody else (a process
 * that ends and shared a library) changed a figure meanwhile.
 */
static bool same_in_pieces(pid_t pid, const char *view, size_t chunk)
{
	bool same = false, quiet = false;
	int try;

	for (try = 0; try < 20 && !same && !quiet; try++) {
		char *before = read_view(pid, view, 1 << 20);
		char *pieces = read_view(pid, view, chunk);
		char *after = read_view(pid, view, 1 << 20);

		if (before && pieces && after) {
			same = !strcmp(before, pieces);
			quiet = !strcmp(before, after);
			if (quiet && !same)
				printf("# %s# in pieces: %s", before, pieces);
		}
		free(before);
		free(pieces);
		free(after);
	}
	return same;
}

/* However it is read, it is the same: a line is never lost, cut or doubled. */
TEST_F(views, short_reads_give_the_same_text)
{
	static const size_t chunks[] = { 1, 7, 100, 4096 };
	size_t i, k;

	ASSERT_EQ(0, swap_on());
	ASSERT_EQ(0, target_start(&self->t, view_build_all, self->memory));
	ksm_stop();
	kill(self->t.pid, SIGSTOP);
	ASSERT_EQ(0, attach(self->control, self->t.pid));
	for (i = 0; i < ARRAY_SIZE(views); i++)
		for (k = 0; k < ARRAY_SIZE(chunks); k++)
			EXPECT_TRUE(same_in_pieces(self->t.pid, views[i], chunks[k]))
				TH_LOG("view %zu by %zu", i, chunks[k]);
}

TEST_F(views, reading_from_the_middle)
{
	char *whole, piece[101];
	int fd;

	ASSERT_EQ(0, target_start(&self->t, view_build_anon, self->memory));
	kill(self->t.pid, SIGSTOP);
	ASSERT_EQ(0, attach(self->control, self->t.pid));
	whole = read_view(self->t.pid, "vmas", 65536);
	ASSERT_NE(NULL, whole);
	ASSERT_LT(600, strlen(whole));
	fd = open_view(self->t.pid, "vmas", O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(500, lseek(fd, 500, SEEK_SET));
	ASSERT_EQ(100, read(fd, piece, 100));
	EXPECT_EQ(0, memcmp(piece, whole + 500, 100));
	ASSERT_EQ(10, lseek(fd, 10, SEEK_SET));
	ASSERT_EQ(100, read(fd, piece, 100));
	EXPECT_EQ(0, memcmp(piece, whole + 10, 100));
	close(fd);
	free(whole);
}

static uint64_t tally_resident(const struct scan_tally *t)
{
	uint64_t pages = 0;
	int i;

	for (i = 0; i < VMSCOPE_CELL_NR; i++)
		pages += t->cell[i];
	return pages;
}

static uint64_t tally_pss(const struct scan_tally *t)
{
	return (t->counter[VMSCOPE_COUNT_PSS_ANON] +
		t->counter[VMSCOPE_COUNT_PSS_FILE] +
		t->counter[VMSCOPE_COUNT_PSS_SHMEM]) >> VMSCOPE_PSS_SHIFT;
}

static uint64_t tally_swap(const struct scan_tally *t)
{
	return t->counter[VMSCOPE_STATE_SWAPPED] +
	       t->counter[VMSCOPE_COUNT_SHMEM_SWAP];
}

/* A scan of the target by the ioctl, while it does nothing. */
static int scan_target(const struct target *t, struct scan *s, uint64_t records,
		       uint64_t key)
{
	memset(s, 0, sizeof(*s));
	s->records = records;
	s->key = key;
	return scan_run(t->fd, s);
}

static void compare_vmas(struct __test_metadata *_metadata,
			 const struct target *t)
{
	unsigned long start, end, size, rss, pss, swap;
	uint64_t sum[4] = { };
	char *text, *line, perms[8];
	struct scan s;
	size_t i = 0;
	bool total = false;

	/* once before: to run code makes its pages shared with the target */
	ASSERT_EQ(0, scan_target(t, &s, RECORD(VMA) | RECORD(TALLY), 0));
	scan_free(&s);
	free(read_view(t->pid, "vmas", 65536));
	ASSERT_EQ(0, scan_target(t, &s, RECORD(VMA) | RECORD(TALLY), 0));
	text = read_view(t->pid, "vmas", 65536);
	ASSERT_NE(NULL, text);
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		const struct scan_tally *tally = &s.tally[i];

		if (sscanf(line, "TOTAL %lu %lu %lu %lu", &size, &rss, &pss, &swap) == 4) {
			EXPECT_EQ(sum[0] / 1024, size);
			EXPECT_EQ(sum[1] * 4, rss);
			EXPECT_EQ(sum[2] / 1024, pss);
			EXPECT_EQ(sum[3] * 4, swap);
			total = true;
		}
		if (sscanf(line, "%lx-%lx %7s %lu %lu %lu %lu", &start, &end, perms,
			   &size, &rss, &pss, &swap) != 7)
			continue;
		ASSERT_GT(s.nr_tallies, i);
		EXPECT_EQ(tally->start, start);
		EXPECT_EQ(tally->end, end);
		EXPECT_EQ((tally->end - tally->start) / 1024, size);
		EXPECT_EQ(tally_resident(tally) * 4, rss);
		EXPECT_EQ(tally_pss(tally) / 1024, pss);
		EXPECT_EQ(tally_swap(tally) * 4, swap);
		EXPECT_EQ(perms[1] == 'w', !!(s.vma[i].head.flags & VMSCOPE_VM_WRITE));
		EXPECT_EQ(perms[3] == 's', !!(s.vma[i].head.flags & VMSCOPE_VM_MAYSHARE));
		if (*s.vma[i].name)
			EXPECT_NE(NULL, strstr(line, s.vma[i].name));
		sum[0] += end - start;
		sum[1] += tally_resident(tally);
		sum[2] += tally_pss(tally);
		sum[3] += tally_swap(tally);
		i++;
	}
	EXPECT_EQ(s.nr_tallies, i);
	EXPECT_TRUE(total);
	free(text);
	scan_free(&s);
}

TEST_F(views, vmas_equals_the_tallies)
{
	ASSERT_EQ(0, swap_on());
	ASSERT_EQ(0, target_start(&self->t, view_build_all, self->memory));
	ksm_stop();
	ASSERT_EQ(0, attach(self->control, self->t.pid));
	compare_vmas(_metadata, &self->t);
}

TEST_F(views, vmas_of_thousands_of_mappings)
{
	ASSERT_EQ(0, target_start(&self->t, view_build_many, NULL));
	ASSERT_EQ(0, attach(self->control, self->t.pid));
	compare_vmas(_metadata, &self->t);
}

TEST_F(views, tables_equals_the_records_and_what_the_kernel_charges)
{
	unsigned long start, end, level[4], kept, kib, charged;
	uint64_t sum[4] = { }, sum_kept = 0;
	bool total = false, bytes = false;
	char *text, *line, *at;
	struct scan s;
	size_t i = 0, k;

	ASSERT_EQ(0, swap_on());
	ASSERT_EQ(0, target_start(&self->t, view_build_all, self->memory));
	ksm_stop();
	ASSERT_EQ(0, attach(self->control, self->t.pid));
	ASSERT_EQ(0, scan_target(&self->t, &s, RECORD(VMA) | RECORD(TABLE), 0));
	text = read_view(self->t.pid, "tables", 65536);
	ASSERT_NE(NULL, text);
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (sscanf(line, "TOTAL %lu %lu %lu %lu %lu", &level[0], &level[1],
			   &level[2], &level[3], &kept) == 5) {
			for (k = 0; k < 4; k++)
				EXPECT_EQ(sum[k], level[k]);
			EXPECT_EQ(sum_kept, kept);
			total = true;
		}
		at = strstr(line, "kept: ");
		if (at && sscanf(at, "kept: %lu KiB; the kernel charges %lu KiB", &kib,
				 &charged) == 2) {
			EXPECT_EQ((sum[0] + sum[1] + sum[2] + sum_kept) * 4, kib);
			EXPECT_EQ(charged, kib);
			bytes = true;
		}
		if (sscanf(line, "%lx-%lx %lu %lu %lu %lu %lu", &start, &end, &level[0],
			   &level[1], &level[2], &level[3], &kept) != 7)
			continue;
		ASSERT_GT(s.nr_tables, i);
		EXPECT_EQ(s.table[i].start, start);
		EXPECT_EQ(s.table[i].end, end);
		for (k = 0; k < 4; k++) {
			EXPECT_EQ(s.table[i].level[k].tables, level[k]);
			sum[k] += level[k];
		}
		EXPECT_EQ(s.table[i].deposited, kept);
		sum_kept += kept;
		i++;
	}
	EXPECT_EQ(s.nr_tables, i);
	EXPECT_TRUE(total);
	EXPECT_TRUE(bytes);
	free(text);
	scan_free(&s);
}

TEST_F(views, swap_shows_each_slot)
{
	unsigned long start, end, pages, slot, in_entries, found = 0;
	unsigned int area;
	char *text, *line;
	struct scan s;
	size_t i;

	ASSERT_EQ(0, swap_on());
	ASSERT_EQ(0, target_start(&self->t, view_build_all, self->memory));
	ksm_stop();
	ASSERT_EQ(0, self->memory->no_swap);
	ASSERT_EQ(0, attach(self->control, self->t.pid));
	ASSERT_EQ(0, scan_everything(self->t.fd, 0, 0, &s));
	text = read_view(self->t.pid, "swap", 65536);
	ASSERT_NE(NULL, text);
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (sscanf(line, "TOTAL %lu", &in_entries) == 1)
			EXPECT_EQ(found * 4, in_entries);
		if (sscanf(line, "%lx-%lx %lu %u %lu", &start, &end, &pages, &area, &slot) != 5)
			continue;
		ASSERT_EQ(pages * PAGE_SIZE, end - start);
		for (i = 0; i < pages; i++) {
			struct scan_page p;

			ASSERT_TRUE(scan_page(&s, start + i * PAGE_SIZE, &p));
			EXPECT_EQ(VMSCOPE_STATE_SWAPPED, ATTR_STATE(p.attributes));
			EXPECT_EQ(slot + i, p.frame);
			EXPECT_EQ(area, p.swap_type);
		}
		found += pages;
	}
	for (i = 0; i < s.nr_tallies; i++)
		found -= s.tally[i].counter[VMSCOPE_STATE_SWAPPED];
	EXPECT_EQ(0, found);
	free(text);
	scan_free(&s);
}

static int build_swapped_object(void *arg, unsigned int step)
{
	struct viewed *memory = arg;
	char *p = map_file(SIZE, PAGE_SIZE, MAP_SHARED | MAP_ANONYMOUS, -1);
	int i;

	(void)step;
	if (!p)
		return ENOMEM;
	touch(p, SIZE);
	memory->swapped = region_of(p, SIZE);
	for (i = 0; i < 20; i++) {
		settle();
		madvise(p, SIZE, MADV_PAGEOUT);
		usleep(20000);
	}
	return 0;
}

TEST_F(views, swap_counts_pages_of_mapped_objects)
{
	char *text, expected[64];
	struct scan s;
	size_t i;

	ASSERT_EQ(0, swap_on());
	ASSERT_EQ(0, target_start(&self->t, build_swapped_object, self->memory));
	ASSERT_EQ(0, attach(self->control, self->t.pid));
	ASSERT_EQ(0, scan_target(&self->t, &s, RECORD(VMA) | RECORD(TALLY), 0));
	text = read_view(self->t.pid, "swap", 65536);
	ASSERT_NE(NULL, text);
	for (i = 0; s.tally[i].start != self->memory->swapped.start; i++)
		;
	ASSERT_NE(0, s.tally[i].counter[VMSCOPE_COUNT_SHMEM_SWAP]);
	snprintf(expected, sizeof(expected), "%012lx-%012lx %9lu ",
		 (long)self->memory->swapped.start, (long)self->memory->swapped.end,
		 (long)s.tally[i].counter[VMSCOPE_COUNT_SHMEM_SWAP]);
	EXPECT_NE(NULL, strstr(text, expected)) TH_LOG("%s not in\n%s", expected, text);
	free(text);
	scan_free(&s);
}

TEST_F(views, ksm_shows_each_merged_page)
{
	unsigned long start, end, pages, frame, mapped, found = 0, merged;
	char *text, *line, plus;
	struct scan s;
	size_t i;

	ASSERT_EQ(0, target_start(&self->t, view_build_all, self->memory));
	ksm_stop();
	ASSERT_EQ(0, self->memory->no_ksm);
	ASSERT_EQ(0, attach(self->control, self->t.pid));
	ASSERT_EQ(0, scan_everything(self->t.fd, self->memory->ksm.start,
				     self->memory->ksm.end, &s));
	text = read_view(self->t.pid, "ksm", 65536);
	ASSERT_NE(NULL, text);
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (sscanf(line, "TOTAL %lu", &merged) == 1)
			EXPECT_EQ(found * 4, merged);
		if (sscanf(line, "%lx-%lx %lu %lx%c %lu", &start, &end, &pages, &frame,
			   &plus, &mapped) != 6)
			continue;
		for (i = 0; i < pages; i++) {
			struct scan_page p;

			ASSERT_TRUE(scan_page(&s, start + i * PAGE_SIZE, &p));
			EXPECT_EQ(VMSCOPE_KIND_KSM, ATTR_KIND(p.attributes));
			EXPECT_EQ(plus == '+' ? frame + i : frame, p.frame);
			EXPECT_EQ(mapped, p.mapcount);
		}
		found += pages;
	}
	ASSERT_EQ(1, s.nr_tallies);
	EXPECT_NE(0, found);
	EXPECT_EQ(tally_kind(&s.tally[0], VMSCOPE_KIND_KSM), found);
	free(text);
	scan_free(&s);
}

TEST_F(views, thp_equals_the_tallies)
{
	unsigned long start, end, leaf[4], order9 = 0;
	char *text, *line, *folios;
	bool huge = false;
	struct scan s;
	size_t i, k;

	ASSERT_EQ(0, target_start(&self->t, view_build_all, self->memory));
	ksm_stop();
	ASSERT_EQ(0, self->memory->no_huge);
	ASSERT_EQ(0, attach(self->control, self->t.pid));
	ASSERT_EQ(0, scan_target(&self->t, &s, RECORD(VMA) | RECORD(TALLY), 0));
	text = read_view(self->t.pid, "thp", 65536);
	ASSERT_NE(NULL, text);
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		folios = strstr(line, " order 9: ");
		if (folios && huge && !order9)
			order9 = atol(folios + 10);
		if (sscanf(line, "%lx-%lx %lu %lu %lu %lu", &start, &end, &leaf[0],
			   &leaf[1], &leaf[2], &leaf[3]) != 6)
			continue;
		for (i = 0; i < s.nr_tallies && s.tally[i].start != start; i++)
			;
		ASSERT_NE(s.nr_tallies, i);
		for (k = 0; k < 4; k++)
			EXPECT_EQ(s.tally[i].counter[VMSCOPE_COUNT_LEAF + k] * 4, leaf[k]);
		huge |= start == self->memory->huge.start && leaf[2] == PMD_SIZE / 1024;
	}
	EXPECT_TRUE(huge);
	EXPECT_EQ(PMD_SIZE / 1024, order9);
	free(text);
	scan_free(&s);
}

/* ------------------------------------------------------------------- walk */

TEST_F(views, walk_of_a_written_address_equals_the_translation)
{
	struct vmscope_translation answer;
	char *text, want[128];
	int fd, level;

	ASSERT_EQ(0, target_start(&self->t, view_build_anon, self->memory));
	ASSERT_EQ(0, attach(self->control, self->t.pid));
	EXPECT_SAME(leaf_translate(&self->t, self->memory->anon.start, &answer));
	fd = open_view(self->t.pid, "walk", O_RDWR);
	ASSERT_LE(0, fd);
	snprintf(want, sizeof(want), "0x%llx\n", (long long)self->memory->anon.start + 12);
	ASSERT_EQ(0, send_command(fd, want));
	text = read_text(fd, 65536);
	ASSERT_NE(NULL, text);
	for (level = 0; level < VMSCOPE_MAX_LEVELS; level++) {
		if (!answer.step[level].read)
			continue;
		snprintf(want, sizeof(want), "[%3u]  table %llx  entry %016llx\n",
			 answer.step[level].index,
			 (long long)answer.step[level].table,
			 (long long)answer.step[level].raw);
		EXPECT_NE(NULL, strstr(text, want)) TH_LOG("%s not in\n%s", want, text);
	}
	snprintf(want, sizeof(want), "  present anon-exclusive order 0 mapped 1 refs");
	EXPECT_NE(NULL, strstr(text, want)) TH_LOG("%s", text);
	snprintf(want, sizeof(want), " frame %llx ", (long long)answer.frame);
	EXPECT_NE(NULL, strstr(text, want)) TH_LOG("%s", text);
	free(text);
	/* one after another; and to read again gives the answer again */
	ASSERT_EQ(0, send_command(fd, "0x1000"));
	text = read_text(fd, 3);
	ASSERT_NE(NULL, text);
	EXPECT_NE(NULL, strstr(text, "no mapping is here")) TH_LOG("%s", text);
	free(text);
	ASSERT_EQ(0, send_command(fd, "0xffffffff81000000"));
	text = read_text(fd, 65536);
	ASSERT_NE(NULL, text);
	EXPECT_NE(NULL, strstr(text, "no user address")) TH_LOG("%s", text);
	free(text);
	EXPECT_EQ(-EINVAL, send_command(fd, "here"));
	EXPECT_EQ(-EINVAL, send_command(fd, "0x"));
	EXPECT_EQ(-EINVAL, send_command(fd, "-1"));
	EXPECT_EQ(-E2BIG, send_command(fd, "0x0000000000000000000000001000"));
	close(fd);
}

TEST_F(views, walk_shows_the_first_page_of_each_mapping)
{
	char *text, *at, want[64];
	struct scan s;
	size_t i;

	ASSERT_EQ(0, target_start(&self->t, view_build_anon, self->memory));
	ASSERT_EQ(0, attach(self->control, self->t.pid));
	ASSERT_EQ(0, scan_target(&self->t, &s, RECORD(VMA), 0));
	text = read_view(self->t.pid, "walk", 65536);
	ASSERT_NE(NULL, text);
	for (at = text, i = 0; i < s.nr_vmas; i++) {
		snprintf(want, sizeof(want), "\n%012llx ", (long long)s.vma[i].head.start);
		at = strstr(at, want);
		ASSERT_NE(NULL, at) TH_LOG("%s", want);
		EXPECT_EQ(0, strncmp(strchr(at + 1, '\n'), "\n  pgd[", 7));
	}
	free(text);
	scan_free(&s);
}

VMSCOPE_TEST_MAIN
