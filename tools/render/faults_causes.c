// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What page faults came from, and how long they took, for people. It must not
 * collect anything.
 */
#include "faults.h"
#include "table.h"

static const struct {
	const char *name, *id;
} causes[] = {
	[VS_CAUSE_ANON_ZERO] = { "anon zero-fill", "anon_zero_fill" },
	[VS_CAUSE_STACK_GROWTH] = { "stack growth", "stack_growth" },
	[VS_CAUSE_ZERO_PAGE] = { "zero page", "zero_page" },
	[VS_CAUSE_THP] = { "THP", "thp" },
	[VS_CAUSE_HUGETLB] = { "hugetlb", "hugetlb" },
	[VS_CAUSE_FILE_MAPPED] = { "file, one page", "file_minor" },
	[VS_CAUSE_FILE_AROUND] = { "file, around", "file_around" },
	[VS_CAUSE_FILE_MAJOR] = { "file, major", "file_major" },
	[VS_CAUSE_SHMEM] = { "shmem", "shmem" },
	[VS_CAUSE_COW_COPY] = { "CoW copy", "cow_copy" },
	[VS_CAUSE_COW_REUSE] = { "CoW reuse", "cow_reuse" },
	[VS_CAUSE_WRITE_NOTIFY] = { "write-notify", "write_notify" },
	[VS_CAUSE_SWAP_CACHE] = { "swap cache", "swap_cache" },
	[VS_CAUSE_SWAP_ZSWAP] = { "swap-in, zswap", "swap_zswap" },
	[VS_CAUSE_SWAP_ZRAM] = { "swap-in, zram", "swap_zram" },
	[VS_CAUSE_SWAP_DISK] = { "swap-in, disk", "swap_disk" },
	[VS_CAUSE_SWAP_OTHER] = { "swap-in", "swap_other" },
	[VS_CAUSE_KSM_BREAK] = { "KSM break", "ksm_break" },
	[VS_CAUSE_NUMA_HINT] = { "NUMA hint", "numa_hint" },
	[VS_CAUSE_MIGRATION] = { "migration", "migration" },
	[VS_CAUSE_USERFAULTFD] = { "userfaultfd", "userfaultfd" },
	[VS_CAUSE_SPURIOUS] = { "spurious", "spurious" },
	[VS_CAUSE_OTHER] = { "other", "other" },
};

const char *vs_cause_name(enum vs_cause cause)
{
	return causes[cause].name;
}

const char *vs_cause_id(enum vs_cause cause)
{
	return causes[cause].id;
}

static void add_row(const struct vs_style *style, struct vs_table *table,
		    const struct vs_fault_share *share)
{
	const struct vs_fault_latency *latency = &share->latency;
	char minor[32], major[32], time[32], half[32], most[32], longest[32];
	const char *cell[] = { vs_cause_name(share->cause), minor, major, time, half, most,
			       longest };

	vs_number(style, share->minor, minor, sizeof(minor));
	vs_number(style, share->major, major, sizeof(major));
	vs_duration(latency->ns, time, sizeof(time));
	vs_duration(vs_fault_percentile(latency, 50), half, sizeof(half));
	vs_duration(vs_fault_percentile(latency, 99), most, sizeof(most));
	vs_duration(latency->most_ns, longest, sizeof(longest));
	vs_table_row(table, cell);
}

int vs_causes_table(const struct vs_style *style, const struct vs_fault_answer *answer, int lines)
{
	static const struct vs_column head[] = {
		{ .name = "CAUSE", .width = 14 },
		{ .name = "MINOR", .right = true, .width = 7 },
		{ .name = "MAJOR", .right = true, .width = 6 },
		{ .name = "TIME", .right = true, .width = 8 },
		{ .name = "P50", .right = true, .width = 8, .from = 60 },
		{ .name = "P99", .right = true, .width = 8, .from = 60 },
		{ .name = "MAX", .right = true, .width = 8, .from = 60 },
	};
	size_t nr = answer->nr_causes, rows = lines > 3 ? lines - 1 : 2;
	struct vs_table *table = nr ? vs_table_new(style, head, 7) : NULL;
	uint64_t rest = 0;
	char number[32];

	/* A line of its own for what is left out. */
	if (nr > rows)
		rows--;
	for (size_t i = 0; i < nr; i++)
		if (i < rows)
			add_row(style, table, &answer->cause[i]);
		else
			rest += answer->cause[i].minor + answer->cause[i].major;
	vs_table_end(table);
	if (nr > rows)
		fprintf(style->out, "and %zu more causes of %s faults\n", nr - rows,
			vs_number(style, rest, number, sizeof(number)));
	return nr ? 1 + (nr > rows ? rows + 1 : nr) : 0;
}
