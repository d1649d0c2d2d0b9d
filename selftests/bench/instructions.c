// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bench that counts: builds each layout, takes every measure that a goal
 * of it needs, and prints the table. Counts instructions only in a guest whose
 * clock counts them; knows nothing of guests.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "goals.h"
#include "layouts.h"
#include "measures.h"
#include "memory.h"
#include "proc.h"
#include "table.h"

static struct {
	uint64_t size;
	unsigned int rounds;
	const char *only;
	bool quick;
} options = { .size = GIB, .rounds = 3 };

static struct {
	uint64_t longest;
	const char *where;
} sections[VMSCOPE_LOCK_NR];

#define BIT(id)	(1u << (id))

/* Seconds in which a kernel just booted is busy with itself. */
#define BOOT_WORK	10

/* Measures that stand beside the others without a goal. */
static uint32_t beside(enum layout_id layout, uint32_t wanted)
{
	uint32_t more = BIT(MEASURE_ROLLUP) | BIT(MEASURE_SMAPS) |
			BIT(MEASURE_PAGEMAP_SCAN) | BIT(MEASURE_TALLY_PLAIN) |
			BIT(MEASURE_TALLY) | BIT(MEASURE_RECORDS);

	if (wanted & BIT(MEASURE_FRAMES))
		more |= BIT(MEASURE_FRAMES_PLAIN);
	if (wanted & BIT(MEASURE_EXTENTS))
		more |= BIT(MEASURE_EXTENTS_PLAIN);
	/* pagemap would take minutes over a terabyte */
	if (layout != LAYOUT_SPARSE)
		more |= BIT(MEASURE_PAGEMAP) | BIT(MEASURE_EXTENTS);
	return more;
}

static uint32_t wanted_measures(enum layout_id layout)
{
	uint32_t wanted = 0;
	size_t i;

	if (layout == LAYOUT_BUSY)
		return BIT(MEASURE_LOCKLESS);
	for (i = 0; i < nr_goals; i++) {
		if (goals[i].layout != layout)
			continue;
		wanted |= BIT(goals[i].ours);
		if (goals[i].against != MEASURE_NR)
			wanted |= BIT(goals[i].against);
		if (goals[i].without != MEASURE_NR)
			wanted |= BIT(goals[i].without);
	}
	if (options.quick || layout_of_many(layout))
		return wanted;
	return wanted | beside(layout, wanted);
}

static void note_sections(enum layout_id layout, const struct sample *s)
{
	int lock;

	for (lock = 0; lock < VMSCOPE_LOCK_NR; lock++)
		if (s->longest[lock] > sections[lock].longest) {
			sections[lock].longest = s->longest[lock];
			sections[lock].where = layout_names[layout];
		}
}

static void skip_layout(struct table *table, enum layout_id layout, int error)
{
	size_t i;

	for (i = 0; i < nr_goals; i++)
		if (goals[i].layout == layout)
			table_skip(table, &goals[i], error == ENOSYS ?
				   "this kernel has no such memory" :
				   strerror(error));
	/* Only what the kernel lacks may be left out. */
	if (error != ENOSYS)
		table->missed++;
}

/*
 * What all calls cost once weighs less on a larger process; building one takes
 * most of the time of a run. The goals with least room get all of the size.
 */
static uint64_t size_of(enum layout_id layout)
{
	if (layout_of_many(layout))
		return options.size / 4;
	return layout <= LAYOUT_YOUNG ? options.size : options.size / 2;
}

/*
 * The first command of a guest waits for its libraries, for which the clock goes on; so one
 * round is not enough. To read smaps_rollup of 250 large processes takes as long as all the
 * rest of three, and waits for nothing.
 */
static unsigned int rounds_of(enum layout_id layout, enum measure_id id)
{
	if (id == MEASURE_ROLLUPS &&
	    (layout == LAYOUT_CROWD || layout == LAYOUT_CROWD_RANDOM))
		return 1;
	return options.rounds;
}

static void bench_layout(struct table *table, enum layout_id layout)
{
	struct sample samples[MEASURE_NR] = {};
	uint32_t wanted = wanted_measures(layout);
	struct target t = { .fd = -1 };
	uint64_t pages = 0;
	int error, id;
	size_t i;

	/* only where something can be read at all */
	if (layout == LAYOUT_BUSY &&
	    !(vmscope_info()->locks >> VMSCOPE_LOCK_IRQ & 1))
		return;
	error = layout_start(layout, size_of(layout), &t, &pages);
	if (error) {
		target_stop(&t);
		skip_layout(table, layout, error);
		return;
	}
	for (id = 0; id < MEASURE_NR; id++) {
		if (!(wanted & BIT(id)))
			continue;
		samples[id] = measure(id, &t, pages, rounds_of(layout, id));
		note_sections(layout, &samples[id]);
	}
	for (i = 0; i < nr_goals; i++)
		if (goals[i].layout == layout)
			table_goal(table, &goals[i], pages, samples);
	table_samples(table, layout, pages, samples, wanted);
	target_stop(&t);
	/* partners of the target give their memory back while they end */
	while (wait(NULL) > 0)
		;
}

static void usage(FILE *to)
{
	fputs("Usage: instructions [--size MIB] [--rounds N] [--gate PERCENT] [--only TEXT]\n"
	      "                    [--quick] [--tsv FILE] [--page-types PROGRAM]\n"
	      "\n"
	      "  --size        memory of the largest processes, others have half (default 1024)\n"
	      "  --gate        how far beyond a goal is still met (default 3)\n"
	      "  --only        processes whose name contains TEXT\n"
	      "  --quick       only what a goal needs\n"
	      "  --tsv         every figure, for programs\n"
	      "  --page-types  tools/mm/page-types of the kernel's source\n", to);
}

static void parse(int argc, char **argv, struct table *table)
{
	static const struct option known[] = {
		{ "size", required_argument, NULL, 's' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "gate", required_argument, NULL, 'g' },
		{ "only", required_argument, NULL, 'o' },
		{ "quick", no_argument, NULL, 'q' },
		{ "tsv", required_argument, NULL, 't' },
		{ "page-types", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1)
		switch (c) {
		case 's':
			options.size = strtoull(optarg, NULL, 0) * MIB;
			break;
		case 'r':
			options.rounds = strtoul(optarg, NULL, 0);
			break;
		case 'g':
			table->gate = strtod(optarg, NULL) / 100;
			break;
		case 'o':
			options.only = optarg;
			break;
		case 'q':
			options.quick = true;
			break;
		case 'p':
			page_types_path = optarg;
			break;
		case 't':
			table->tsv = fopen(optarg, "w");
			if (table->tsv)
				break;
			perror(optarg);
			exit(2);
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(2);
		}
	if (options.size < 4 * PMD_SIZE || options.size % (2 * PMD_SIZE) ||
	    !options.rounds) {
		fputs("instructions: --size is a multiple of 4, at least 8, --rounds at least 1\n",
		      stderr);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct table table = { .gate = 0.03 };
	struct utsname system;
	int layout, lock;

	parse(argc, argv, &table);
	if (access(VMSCOPE_DEVICE, R_OK | W_OK)) {
		fprintf(stderr, "instructions: %s: %s: load the module, be root\n",
			VMSCOPE_DEVICE, strerror(errno));
		return 4;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sleep(BOOT_WORK);
	uname(&system);
	table.kernel = system.release;
	table_begin(&table);
	for (layout = 0; layout < LAYOUT_NR; layout++)
		if (!options.only || strstr(layout_names[layout], options.only))
			bench_layout(&table, layout);
	printf("\n");
	for (lock = 0; lock < VMSCOPE_LOCK_NR; lock++)
		if (vmscope_info()->locks >> lock & 1)
			table_section(&table, lock, sections[lock].longest,
				      sections[lock].where, !options.only);
	return table_end(&table);
}
