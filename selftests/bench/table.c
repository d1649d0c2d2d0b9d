// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prints what was measured beside what was promised, for eyes and for
 * programs, and keeps count of what was missed; measures nothing.
 */
#include <stdio.h>
#include <string.h>

#include "table.h"

static const char *const lock_names[VMSCOPE_LOCK_NR] = {
	[VMSCOPE_LOCK_MMAP] = "mmap_lock",
	[VMSCOPE_LOCK_VMA] = "VMA lock",
	[VMSCOPE_LOCK_IRQ] = "interrupts off",
};

void table_begin(struct table *t)
{
	printf("Linux %s, instructions (M: millions), least of the rounds; a goal is missed beyond %.0f %%\n\n",
	       t->kernel, t->gate * 100);
	printf("%-26s %-13s %7s %8s %7s  %-14s %8s %6s  %-15s %s\n", "process",
	       "ours", "pages", "M", "/page", "against", "M", "times", "goal",
	       "verdict");
	if (t->tsv)
		fprintf(t->tsv, "#kind\tkernel\tprocess\tmeasure\tpages\tbest\tmedian\tper_page\tagainst\tagainst_best\tratio\tgoal_per_page\tgoal_total\tgoal_ratio\trecords\tbytes\tlongest_mmap\tlongest_vma\tlongest_irq\tmemory_kib\tverdict\n");
	fflush(stdout);
}

/* How far a goal was exceeded: at most 1 when it was met. */
static double worse(double a, double b)
{
	return a > b ? a : b;
}

static const char *judge(struct table *t, double excess)
{
	if (excess > 1 + t->gate) {
		t->missed++;
		return "MISSED";
	}
	t->met++;
	return excess > 1 ? "ok (gate)" : "ok";
}

static void goal_text(const struct goal *g, char *text, size_t room)
{
	size_t n = 0;

	text[0] = 0;
	if (g->per_page)
		n += snprintf(text + n, room - n, "<=%g ", g->per_page);
	if (g->total)
		n += snprintf(text + n, room - n, "<=%gM ", g->total / 1e6);
	if (g->memory)
		n += snprintf(text + n, room - n, "<=%lu MiB ", g->memory / 1024);
	if (g->ratio)
		n += snprintf(text + n, room - n, ">=%gx", g->ratio);
}

static void skip(struct table *t, const struct goal *g, const char *why)
{
	t->skipped++;
	printf("%-26s %-13s skipped: %s\n", layout_names[g->layout],
	       measure_names[g->ours], why);
	if (t->tsv)
		fprintf(t->tsv, "skip\t%s\t%s\t%s\t%s\n", t->kernel,
			layout_names[g->layout], measure_names[g->ours], why);
	fflush(stdout);
}

void table_skip(struct table *t, const struct goal *g, const char *why)
{
	skip(t, g, why);
}

static bool missing(struct table *t, const struct goal *g,
		    enum measure_id id, const struct sample *samples)
{
	char why[160];

	if (id == MEASURE_NR || !samples[id].error)
		return false;
	snprintf(why, sizeof(why), "%s: %s", measure_names[id],
		 strerror(samples[id].error));
	skip(t, g, why);
	return true;
}

/* What cannot be compared on any kernel is a failure, not a skip. */
static bool failed(struct table *t, const struct goal *g,
		   const struct sample *ours)
{
	if (!ours->error)
		return false;
	t->missed++;
	printf("%-26s %-13s FAILED: %s\n", layout_names[g->layout],
	       measure_names[g->ours], strerror(ours->error));
	fflush(stdout);
	return true;
}

/*
 * The least that a copy to user space can take: a step of a string instruction for
 * eight bytes, of which QEMU counts each.
 */
#define COPY_PER_BYTE	(1 / 8.0)

/* No entry of a page table is read for so few instructions. */
#define READS_NOTHING	4

void table_goal(struct table *t, const struct goal *g, uint64_t pages,
		const struct sample *samples)
{
	const struct sample *ours = &samples[g->ours];
	const struct sample *against = &samples[g->against];
	char text[48], numbers[64] = "", theirs[64] = "";
	double cost, per_page, ratio = 0, excess = 0;
	const char *verdict;

	if (failed(t, g, ours) || missing(t, g, g->against, samples) ||
	    missing(t, g, g->without, samples))
		return;
	if (g->may_be_unread && against->best < pages * READS_NOTHING) {
		skip(t, g, "the kernel's own interface does not read it");
		return;
	}
	cost = ours->best;
	if (g->without != MEASURE_NR)
		cost -= samples[g->without].best;
	per_page = cost;
	if (g->without_copy)
		per_page -= ours->bytes * COPY_PER_BYTE;
	per_page = pages ? per_page / pages : 0;
	if (g->per_page)
		excess = worse(excess, per_page / g->per_page);
	if (g->total)
		excess = worse(excess, cost / g->total);
	if (g->memory)
		excess = worse(excess, (double)ours->memory / g->memory);
	if (g->against != MEASURE_NR) {
		ratio = against->best / cost;
		if (g->ratio)
			excess = worse(excess, g->ratio / ratio);
		snprintf(theirs, sizeof(theirs), "%-14s %8.2f %6.1f",
			 measure_names[g->against], against->best / 1e6, ratio);
	}
	snprintf(numbers, sizeof(numbers), "%7lu %8.3f %7.2f", pages, cost / 1e6,
		 per_page);
	if (g->memory)
		snprintf(theirs, sizeof(theirs), "%lu KiB of memory", ours->memory);
	goal_text(g, text, sizeof(text));
	verdict = judge(t, excess);
	printf("%-26s %-13s %s  %-30s  %-15s %s\n", layout_names[g->layout],
	       measure_names[g->ours], numbers, theirs, text, verdict);
	if (t->tsv)
		fprintf(t->tsv, "goal\t%s\t%s\t%s\t%lu\t%.0f\t%lu\t%.3f\t%s\t%lu\t%.3f\t%g\t%.0f\t%g\t%lu\t%lu\t%lu\t%lu\t%lu\t%lu\t%s\n",
			t->kernel, layout_names[g->layout],
			measure_names[g->ours], pages, cost, ours->median, per_page,
			g->against == MEASURE_NR ? "" : measure_names[g->against],
			g->against == MEASURE_NR ? 0 : against->best, ratio,
			g->per_page, g->total, g->ratio, ours->records,
			ours->bytes, ours->longest[0], ours->longest[1],
			ours->longest[2], ours->memory, verdict);
	fflush(stdout);
}

void table_samples(struct table *t, enum layout_id layout, uint64_t pages,
		   const struct sample *samples, uint32_t taken)
{
	int i;

	for (i = 0; t->tsv && i < MEASURE_NR; i++) {
		const struct sample *s = &samples[i];

		if (!(taken >> i & 1) || s->error)
			continue;
		fprintf(t->tsv, "sample\t%s\t%s\t%s\t%lu\t%lu\t%lu\t%.3f\t\t\t\t\t\t\t%lu\t%lu\t%lu\t%lu\t%lu\t%lu\t\n",
			t->kernel, layout_names[layout], measure_names[i], pages,
			s->best, s->median, pages ? (double)s->best / pages : 0,
			s->records, s->bytes, s->longest[0], s->longest[1],
			s->longest[2], s->memory);
	}
	if (t->tsv)
		fflush(t->tsv);
}

void table_section(struct table *t, enum vmscope_lock lock, uint64_t longest,
		   const char *where, bool all)
{
	uint64_t goal = section_goals[lock];
	const char *verdict = "";
	char text[32] = "";

	if (goal && !longest && all) {
		verdict = "MISSED: none was seen";
		t->missed++;
	} else if (goal && !longest) {
		verdict = "skipped: none was seen";
		t->skipped++;
	} else if (goal) {
		verdict = judge(t, (double)longest / goal);
		snprintf(text, sizeof(text), "<=%lu", goal);
	}
	printf("longest section, %-14s %9lu instructions (%s)  %s %s\n",
	       lock_names[lock], longest, longest ? where : "-", text, verdict);
	if (t->tsv)
		fprintf(t->tsv, "section\t%s\t%s\t%s\t\t%lu\t\t\t\t\t\t\t%lu\t\t\t\t\t\t\t\t%s\n",
			t->kernel, longest ? where : "", lock_names[lock], longest, goal,
			verdict);
}

int table_end(const struct table *t)
{
	printf("\n%u goals met, %u missed, %u skipped\n", t->met, t->missed,
	       t->skipped);
	return t->missed ? 1 : 0;
}
