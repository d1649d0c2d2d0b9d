// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What counting page faults adds to each of them: the instructions of a write to new
 * memory and of a read of the page of zeros, while nobody watches, while vmscope
 * watches, while it watches somebody else, everybody, or a group that this process is in
 * or is not, while it counts user stacks, and while it tells each of them; the same
 * under perf, where that is. Counts instructions only in a guest whose clock counts
 * them; knows nothing of guests.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

#define PAGE	4096ul
#define PAGES	4096ul
#define ROUNDS	5

#define GROUPS	"/sys/fs/cgroup"
#define GROUP	"vmscope-bench"

/* The least bytes in which a fault is told. */
#define LINE	40ul

/* Instructions for each fault. */
struct cost {
	double write;
	double read;
};

struct goal {
	const char *what;
	struct cost most;		/* as many times what it costs when nobody watches */
	const char *how;		/* an option more, or NULL */
};

/* Who is watched. */
enum whom {
	ITSELF,
	ANOTHER,
	EVERYBODY,
	ITS_GROUP,
	A_GROUP,
	ITS_STACKS,
};

static const struct goal goals[] = {
	[ITSELF] = { "it is watched", { 1.20, 1.85 }, NULL },
	[ANOTHER] = { "another one is watched", { 1.06, 1.25 }, NULL },
	[EVERYBODY] = { "everybody is watched", { 1.20, 1.85 }, NULL },
	[ITS_GROUP] = { "its group is watched", { 1.20, 1.85 }, NULL },
	[A_GROUP] = { "another group is watched", { 1.06, 1.25 }, NULL },
	[ITS_STACKS] = { "with its user stacks", { 1.41, 2.90 }, "--stacks" },
};

/* What the fault takes longer; and with what the reader takes, "perf trace -F all". */
static const struct goal told = { .what = "each one is told", .most = { 1.30, 2.40 } };
static const struct goal read_too = {
	.what = "and is read and printed", .most = { 2.41, 2.72 }
};

static void die(const char *what)
{
	fprintf(stderr, "faults: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* What perf has for the same. There are no goals for it: it is beside ours. */
static const struct peer {
	const char *what;
	const char *arg[12];		/* and the pid */
} peers[] = {
	{ "perf trace -F all", { "perf", "trace", "-F", "all", "--no-syscalls", "-o", "/dev/null",
				 "-p" } },
	{ "perf record -d", { "perf", "record", "-q", "-e", "page-faults", "-c", "1", "-d", "-o",
			      "/tmp/perf.data", "-p" } },
};

/* One fault for each page, its mapping and unmapping included; the best of some. */
static double cost_by(uint64_t (*now)(void), bool write)
{
	double best = 0;

	for (int round = 0; round < ROUNDS; round++) {
		volatile char *at;
		uint64_t begin = now();
		double each;

		at = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (at == MAP_FAILED || madvise((void *)at, PAGES * PAGE, MADV_NOHUGEPAGE))
			die("mmap");
		for (size_t i = 0; i < PAGES; i++)
			if (write)
				at[i * PAGE] = 1;
			else
				(void)at[i * PAGE];
		munmap((void *)at, PAGES * PAGE);
		each = (double)(now() - begin) / PAGES;
		if (!round || each < best)
			best = each;
	}
	return best;
}

static double cost_of(bool write)
{
	return cost_by(now_ns, write);
}

/* Without what others did meanwhile. */
static uint64_t own_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static struct cost measure(void)
{
	struct cost cost;

	cost.write = cost_of(true);
	cost.read = cost_of(false);
	return cost;
}

/* It sleeps until the process ends or somebody stops it. */
static bool waits(pid_t pid)
{
	char path[64], where[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/wchan", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(where, sizeof(where), f))
		where[0] = 0;
	fclose(f);
	return strstr(where, "poll");
}

/* A number in a file of a process, behind what @format skips. */
static unsigned long long number_in(pid_t pid, const char *name, const char *format)
{
	unsigned long long number;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	f = fopen(path, "re");
	if (!f || fscanf(f, format, &number) != 1)
		die(path);
	fclose(f);
	return number;
}

/* What a process has run, and so, on the only processor, its instructions. */
static uint64_t has_run(pid_t pid)
{
	/* until it has done what there was to do */
	usleep(500000);
	return number_in(pid, "schedstat", "%llu");
}

/* What a process has written, in bytes. */
static uint64_t has_written(pid_t pid)
{
	return number_in(pid, "io", "rchar: %*u wchar: %llu");
}

/* A control group beside the one that all are in. */
static void make_group(void)
{
	struct stat found;

	if (stat(GROUPS "/cgroup.procs", &found) && mount("none", GROUPS, "cgroup2", 0, NULL))
		die(GROUPS);
	if (mkdir(GROUPS "/" GROUP, 0755) && errno != EEXIST)
		die(GROUP);
}

static void wait_until_it_watches(pid_t pid, const char *what)
{
	while (!waits(pid)) {
		if (waitpid(pid, NULL, WNOHANG) == pid) {
			errno = ECHILD;
			die(what);
		}
		usleep(10000);
	}
}

/* @how: an option more, or NULL */
static pid_t watch(enum whom whom, pid_t another, const char *how)
{
	char target[64];
	pid_t pid;

	if (whom == EVERYBODY)
		strcpy(target, "--system");
	else if (whom == ITS_GROUP || whom == A_GROUP)
		snprintf(target, sizeof(target), "--cgroup=%s", whom == A_GROUP ? GROUP : "");
	else
		snprintf(target, sizeof(target), "%d", whom == ANOTHER ? another : getpid());
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		execlp("vmscope", "vmscope", "faults", target, "-w", "/dev/null", how, NULL);
		die("vmscope");
	}
	wait_until_it_watches(pid, "vmscope faults");
	return pid;
}

static pid_t start_peer(const struct peer *peer)
{
	const char *arg[16];
	char self[16];
	pid_t pid;
	int nr = 0;

	snprintf(self, sizeof(self), "%d", getpid());
	while (peer->arg[nr]) {
		arg[nr] = peer->arg[nr];
		nr++;
	}
	arg[nr++] = self;
	arg[nr] = NULL;
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		execvp(arg[0], (char **)arg);
		die(arg[0]);
	}
	wait_until_it_watches(pid, peer->what);
	return pid;
}

/* Its status. */
static int end(pid_t pid, int signal)
{
	int status;

	kill(pid, signal);
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	return status;
}

static bool tell(const char *what, const char *fault, double cost, double none, double most)
{
	double ratio = cost / none;
	bool met = ratio <= most;

	printf("%-24s %-6s %8.0f %8.0f %7.3f %6.2f  %s\n", what, fault, none, cost, ratio, most,
	       met ? "met" : "MISSED");
	return met;
}

static void tell_beside(const char *what, const char *fault, double cost, double none)
{
	printf("%-24s %-6s %8.0f %8.0f %7.3f\n", what, fault, none, cost, cost / none);
}

static bool tell_both(const struct goal *goal, struct cost cost, struct cost none)
{
	bool met = tell(goal->what, "write", cost.write, none.write, goal->most.write);

	return tell(goal->what, "read", cost.read, none.read, goal->most.read) && met;
}

/* As they are for the process, and together with who reads what is told of them. */
static bool measure_stream(struct cost none)
{
	pid_t reader = watch(ITSELF, 0, "--follow");
	uint64_t begin = has_run(reader), middle, finish;
	struct cost cost;
	bool met;

	cost.write = cost_of(true);
	middle = has_run(reader);
	cost.read = cost_of(false);
	finish = has_run(reader);
	/* or the figures are of something else */
	if (has_written(reader) < 2 * ROUNDS * PAGES * LINE || end(reader, SIGINT)) {
		fprintf(stderr, "faults: not every fault was told\n");
		exit(2);
	}
	met = tell_both(&told, cost, none);
	cost.write += (double)(middle - begin) / (ROUNDS * PAGES);
	cost.read += (double)(finish - middle) / (ROUNDS * PAGES);
	return tell_both(&read_too, cost, none) && met;
}

static bool is_on_path(const char *name)
{
	char command[80];

	snprintf(command, sizeof(command), "command -v %s >/dev/null", name);
	return !system(command);
}

/* The process's own part and the reader's, however they took turns. */
static void measure_peer(const struct peer *peer, struct cost none)
{
	pid_t reader = start_peer(peer);
	uint64_t begin = has_run(reader), middle, finish;
	struct cost cost;

	cost.write = cost_by(own_ns, true);
	middle = has_run(reader);
	cost.read = cost_by(own_ns, false);
	finish = has_run(reader);
	if (has_written(reader) < 2 * ROUNDS * PAGES * LINE) {
		fprintf(stderr, "faults: %s did not tell every fault\n", peer->what);
		exit(2);
	}
	end(reader, SIGINT);
	cost.write += (double)(middle - begin) / (ROUNDS * PAGES);
	cost.read += (double)(finish - middle) / (ROUNDS * PAGES);
	tell_beside(peer->what, "write", cost.write, none.write);
	tell_beside(peer->what, "read", cost.read, none.read);
}

int main(void)
{
	struct cost none, cost;
	struct utsname name;
	pid_t idle, watcher;
	bool met = true;

	uname(&name);
	printf("%s: instructions of a page fault\n%-24s %-6s %8s %8s %7s %6s\n", name.release,
	       "", "", "ALONE", "NOW", "RATIO", "GOAL");
	idle = fork();
	if (!idle)
		for (;;)
			pause();
	measure();
	none = measure();
	make_group();
	for (enum whom whom = ITSELF; whom <= ITS_STACKS; whom++) {
		watcher = watch(whom, idle, goals[whom].how);
		cost = measure();
		end(watcher, SIGINT);
		met = tell_both(&goals[whom], cost, none) && met;
	}
	met = measure_stream(none) && met;
	for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++)
		if (is_on_path("perf"))
			measure_peer(&peers[i], none);
	end(idle, SIGKILL);
	return met ? 0 : 1;
}
