// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bench of harm: how much of its rate a thread that maps, touches and
 * unmaps keeps while its own process is scanned without a pause, beside a
 * neighbour that only burns its CPU. Real time: only ratios within one round
 * mean anything. Knows nothing of instructions.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "clock.h"
#include "memory.h"
#include "proc.h"
#include "scan.h"
#include "target.h"

#define MAX_ROUNDS	99
/* Latencies: eight steps for each doubling of a nanosecond. */
#define STEPS		(8 * 40)

enum neighbour {
	NEIGHBOUR_SPIN,
	NEIGHBOUR_TALLY,
	NEIGHBOUR_SPIN_AGAIN,	/* how much two equal rounds differ */
	NEIGHBOUR_SMAPS,
	NEIGHBOUR_NR
};

static const char *const names[NEIGHBOUR_NR] = {
	[NEIGHBOUR_SPIN] = "spin",
	[NEIGHBOUR_TALLY] = "TALLY",
	[NEIGHBOUR_SPIN_AGAIN] = "spin again",
	[NEIGHBOUR_SMAPS] = "smaps",
};

/* Shared by the worker in the target and this process. */
struct work {
	uint64_t size;
	atomic_ulong done;
	atomic_int slot;	/* whose latencies these are */
	atomic_ulong latency[NEIGHBOUR_NR][STEPS];
};

static struct {
	uint64_t size;
	unsigned int rounds;
	uint64_t round_ns;
} options = { .size = GIB, .rounds = 31, .round_ns = 300000000 };

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* ------------------------------------------------------------- the target */

static unsigned int step_of(uint64_t ns)
{
	unsigned int octave = ns < 8 ? 3 : 63 - __builtin_clzll(ns);
	unsigned int step = (octave - 3) * 8 + (ns >> (octave - 3)) % 8;

	return step < STEPS ? step : STEPS - 1;
}

static uint64_t ns_of(unsigned int step)
{
	return (8ull + step % 8) << (step / 8);
}

static void *map_and_unmap(void *arg)
{
	struct work *work = arg;

	stay_on(1);
	for (;;) {
		uint64_t begin = now_ns();
		char *p = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			_exit(1);
		*(volatile char *)p = 1;
		munmap(p, PAGE_SIZE);
		atomic_fetch_add(&work->latency[atomic_load(&work->slot)]
						[step_of(now_ns() - begin)], 1);
		atomic_fetch_add(&work->done, 1);
	}
	return NULL;
}

static int build(void *arg, unsigned int step)
{
	struct work *work = arg;
	char *p = map_anon(work->size, PMD_SIZE);
	pthread_t thread;

	(void)step;
	if (!p)
		return errno;
	touch(p, work->size);
	return pthread_create(&thread, NULL, map_and_unmap, work);
}

/* --------------------------------------------------------- the neighbours */

static char buffer[64 * KIB];

static void spin_a_bit(void)
{
	volatile unsigned int i;

	for (i = 0; i < 10000; i++)
		;
}

/* One ioctl, from where the last one ended. */
static int scan_a_bit(const struct target *t)
{
	static uint64_t at;
	struct vmscope_scan arg = {
		.size = sizeof(arg),
		.start = at,
		.end = vmscope_info()->task_size,
		.buffer = (uintptr_t)buffer,
		.buffer_size = sizeof(buffer),
		.records = RECORD(TALLY),
	};
	int error = vmscope_ioctl(t->fd, VMSCOPE_SCAN, &arg);

	at = !error && arg.next < arg.end ? arg.next : 0;
	return -error;
}

static int read_smaps(const struct target *t, uint64_t until)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/smaps", t->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	while ((n = read(fd, buffer, sizeof(buffer))) > 0 && now_ns() < until)
		;
	close(fd);
	return n < 0 ? errno : 0;
}

/* Operations of the worker per second, beside @who. */
static int one_round(enum neighbour who, const struct target *t,
		     struct work *work, double *rate)
{
	uint64_t begin, until, first;
	int error = 0;

	atomic_store(&work->slot, who);
	first = atomic_load(&work->done);
	begin = now_ns();
	until = begin + options.round_ns;
	while (!error && now_ns() < until) {
		if (who == NEIGHBOUR_TALLY)
			error = scan_a_bit(t);
		else if (who == NEIGHBOUR_SMAPS)
			error = read_smaps(t, until);
		else
			spin_a_bit();
	}
	*rate = (atomic_load(&work->done) - first) * 1e9 / (now_ns() - begin);
	return error;
}

/* ------------------------------------------------------------- the report */

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double median(double *values, unsigned int n)
{
	qsort(values, n, sizeof(*values), by_size);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* The latency that @percent of the operations stayed within, microseconds. */
static double percentile(struct work *work, enum neighbour who, double percent)
{
	double sum = 0, below = 0;
	unsigned int i;

	for (i = 0; i < STEPS; i++)
		sum += atomic_load(&work->latency[who][i]);
	for (i = 0; i < STEPS; i++) {
		below += atomic_load(&work->latency[who][i]);
		if (below >= sum * percent / 100)
			break;
	}
	return ns_of(i) / 1e3;
}

static double goal_of(enum neighbour who)
{
	if (who != NEIGHBOUR_TALLY)
		return 0;
	return kernel_version() < 604 ? 0.75 : 0.95;
}

static int report(struct work *work, double ratio[][MAX_ROUNDS],
		  double rate[][MAX_ROUNDS], FILE *tsv)
{
	struct utsname system;
	int who, missed = 0;

	uname(&system);
	printf("Linux %s: mmap+touch+munmap beside a neighbour on the other CPU, medians of %u rounds\n\n",
	       system.release, options.rounds);
	printf("%-11s %9s %7s %17s %8s %8s  %-6s %s\n", "neighbour", "ops/s",
	       "ratio", "least..most", "p50 us", "p99 us", "goal", "verdict");
	for (who = 0; who < NEIGHBOUR_NR; who++) {
		double goal = goal_of(who);
		double middle = median(ratio[who], options.rounds);
		double ops = median(rate[who], options.rounds);
		double p50 = percentile(work, who, 50);
		double p99 = percentile(work, who, 99);
		const char *verdict = "";
		char text[16] = "";

		if (goal) {
			snprintf(text, sizeof(text), ">=%.2f", goal);
			verdict = middle >= goal ? "ok" : "MISSED";
			missed += middle < goal;
		}
		printf("%-11s %9.0f %7.2f %8.2f..%-7.2f %8.1f %8.1f  %-6s %s\n",
		       names[who], ops, middle, ratio[who][0],
		       ratio[who][options.rounds - 1], p50, p99, text, verdict);
		if (tsv)
			fprintf(tsv, "contention\t%s\t%s\t%.0f\t%.3f\t%.3f\t%.3f\t%.1f\t%.1f\t%g\t%s\n",
				system.release, names[who], ops, middle,
				ratio[who][0], ratio[who][options.rounds - 1],
				p50, p99, goal, verdict);
	}
	return missed;
}

/*
 * To the spinners before and after, because what else the host does changes
 * from second to second.
 */
static void compare(double rate[][MAX_ROUNDS], double ratio[][MAX_ROUNDS])
{
	unsigned int round;
	int who;

	for (round = 0; round < options.rounds; round++) {
		double spin = (rate[NEIGHBOUR_SPIN][round] +
			       rate[NEIGHBOUR_SPIN_AGAIN][round]) / 2;

		for (who = 0; who < NEIGHBOUR_NR; who++)
			ratio[who][round] = spin ? rate[who][round] / spin : 0;
	}
}

static int bench(struct target *t, struct work *work, FILE *tsv)
{
	static double rate[NEIGHBOUR_NR][MAX_ROUNDS], ratio[NEIGHBOUR_NR][MAX_ROUNDS];
	unsigned int round;
	int who;

	stay_on(0);
	for (round = 0; round < options.rounds; round++)
		for (who = 0; who < NEIGHBOUR_NR; who++) {
			int error = one_round(who, t, work, &rate[who][round]);

			if (error) {
				fprintf(stderr, "contention: %s: %s\n",
					names[who], strerror(error));
				return 1;
			}
		}
	compare(rate, ratio);
	return report(work, ratio, rate, tsv) ? 1 : 0;
}

static FILE *parse(int argc, char **argv)
{
	static const struct option known[] = {
		{ "size", required_argument, NULL, 's' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "tsv", required_argument, NULL, 't' },
		{ }
	};
	FILE *tsv = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1)
		switch (c) {
		case 's':
			options.size = strtoull(optarg, NULL, 0) * MIB;
			break;
		case 'r':
			options.rounds = strtoul(optarg, NULL, 0);
			break;
		case 't':
			tsv = fopen(optarg, "w");
			if (tsv)
				break;
			perror(optarg);
			exit(2);
		default:
			fputs("Usage: contention [--size MIB] [--rounds N] [--tsv FILE]\n",
			      stderr);
			exit(2);
		}
	if (options.rounds < 7 || options.rounds > MAX_ROUNDS || !options.size) {
		fprintf(stderr, "contention: --rounds is 7 to %d\n", MAX_ROUNDS);
		exit(2);
	}
	return tsv;
}

int main(int argc, char **argv)
{
	FILE *tsv = parse(argc, argv);
	struct work *work = shared_alloc(sizeof(*work));
	struct target t = { .fd = -1 };
	int error, status;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		fputs("contention: needs two CPUs\n", stderr);
		return 4;
	}
	if (access(VMSCOPE_DEVICE, R_OK | W_OK)) {
		fprintf(stderr, "contention: %s: %s: load the module, be root\n",
			VMSCOPE_DEVICE, strerror(errno));
		return 4;
	}
	if (!work)
		return 1;
	work->size = options.size;
	error = target_start(&t, build, work);
	if (error) {
		fprintf(stderr, "contention: target: %s\n", strerror(error));
		return 1;
	}
	status = bench(&t, work, tsv);
	target_stop(&t);
	return status;
}
