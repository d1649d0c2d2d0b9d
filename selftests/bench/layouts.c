// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The address spaces that are measured, each built by a child process which
 * then sleeps; knows nothing of how or against what they are measured.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "layouts.h"
#include "memory.h"

#define VMAS		60000
#define CROWD		250
#define MANY		500
#define SPARSE_PAGES	1024
#define SPARSE_SIZE	(SPARSE_PAGES * GIB)

/* Steps of a target after it was built. */
#define STEP_AGE	1

/* Shared with the child. */
struct plan {
	uint64_t size;
	uint64_t pages;	/* out: mapped by entries */
};

/* In the child: what STEP_AGE touches. */
static char *built;

/* -------------------------------------------------------- random choices */

/* Deterministic, so that two runs build the same. */
static uint64_t random_state;

static uint64_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void random_begin(uint64_t seed)
{
	random_state = 0x9e3779b97f4a7c15ull * (seed + 1);
}

static bool random_percent(unsigned int percent)
{
	return (random_next() >> 20) % 100 < percent;
}

/* Write to every page, in random order: neighbours get unrelated frames. */
static int touch_shuffled(char *p, uint64_t size)
{
	uint32_t n = size / PAGE_SIZE, i;
	uint32_t *order = mmap(NULL, n * sizeof(*order), PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (order == MAP_FAILED)
		return errno;
	random_begin(1);
	for (i = 0; i < n; i++) {
		uint32_t j = (random_next() >> 11) % (i + 1);

		order[i] = order[j];
		order[j] = i;
	}
	for (i = 0; i < n; i++)
		p[order[i] * PAGE_SIZE] = 1;
	munmap(order, n * sizeof(*order));
	return 0;
}

static void read_some(const char *p, uint64_t size, unsigned int percent,
		      uint64_t seed)
{
	uint64_t i;

	random_begin(seed);
	for (i = 0; i < size; i += PAGE_SIZE)
		if (random_percent(percent))
			(void)((const volatile char *)p)[i];
}

static void write_some(char *p, uint64_t size, unsigned int percent,
		       uint64_t seed)
{
	uint64_t i;

	random_begin(seed);
	for (i = 0; i < size; i += PAGE_SIZE)
		if (random_percent(percent))
			p[i] = 2;
}

/* ------------------------------------------------------------- anonymous */

static int build_contiguous(struct plan *plan)
{
	built = map_anon(plan->size, PMD_SIZE);
	if (!built)
		return errno;
	touch(built, plan->size);
	plan->pages = plan->size / PAGE_SIZE;
	return 0;
}

static int build_random(struct plan *plan)
{
	built = map_anon(plan->size, PMD_SIZE);
	if (!built)
		return errno;
	plan->pages = plan->size / PAGE_SIZE;
	return touch_shuffled(built, plan->size);
}

static int build_fork(struct plan *plan)
{
	int error = build_contiguous(plan);

	return error ? error : fork_waiting() < 0 ? errno : 0;
}

/* This process made the copies. */
static int build_fork_copies(struct plan *plan)
{
	int error = build_fork(plan);

	if (!error)
		write_some(built, plan->size, 25, 2);
	return error;
}

/* A child does @work, then sleeps until this process is gone. */
static int fork_partner(void (*work)(char *p, uint64_t size), char *p,
			uint64_t size)
{
	int done[2];
	char byte;
	pid_t pid;

	if (pipe2(done, O_CLOEXEC))
		return errno;
	pid = fork();
	if (pid < 0)
		return errno;
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		work(p, size);
		if (write(done[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(done[1]);
	if (read(done[0], &byte, 1) != 1)
		return ECHILD;
	close(done[0]);
	return 0;
}

static void copy_a_quarter(char *p, uint64_t size)
{
	write_some(p, size, 25, 2);
}

/* The other process made the copies. */
static int build_fork_left(struct plan *plan)
{
	int error = build_contiguous(plan);

	return error ? error : fork_partner(copy_a_quarter, built, plan->size);
}

/* Nothing but reads: every entry maps the zero page. */
static int build_zero(struct plan *plan)
{
	built = map_anon(plan->size, PMD_SIZE);
	if (!built)
		return errno;
	read_all(built, plan->size);
	plan->pages = plan->size / PAGE_SIZE;
	return 0;
}

/* Out of reach, as what a garbage collector keeps for later. */
static int build_protnone(struct plan *plan)
{
	int error = build_contiguous(plan);

	return error ? error : mprotect(built, plan->size, PROT_NONE) ? errno : 0;
}

static int build_sparse(struct plan *plan)
{
	uint64_t i;
	char *p = mmap(NULL, SPARSE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return errno;
	madvise(p, SPARSE_SIZE, MADV_NOHUGEPAGE);
	for (i = 0; i < SPARSE_PAGES; i++)
		p[i * GIB] = 1;
	plan->pages = SPARSE_PAGES;
	return 0;
}

/* Pages of alternating protection do not merge. */
static int build_vmas(struct plan *plan)
{
	int error = write_file("/proc/sys/vm/max_map_count", "1000000");
	uint64_t i;

	if (error)
		return error;
	built = map_anon(VMAS * PAGE_SIZE, PMD_SIZE);
	if (!built)
		return errno;
	touch(built, VMAS * PAGE_SIZE);
	for (i = 0; i < VMAS; i += 2)
		if (mprotect(built + i * PAGE_SIZE, PAGE_SIZE, PROT_READ))
			return errno;
	plan->pages = VMAS;
	return 0;
}

static int build_small(struct plan *plan)
{
	(void)plan;
	return 0;
}

/* Holds mmap_lock and the VMA's lock for nearly all of the time. */
static void *protect_for_ever(void *arg)
{
	struct plan *plan = arg;
	char *p = built;
	uint64_t size = plan->size;

	for (;;) {
		mprotect(p, size, PROT_READ);
		mprotect(p, size, PROT_READ | PROT_WRITE);
	}
	return NULL;
}

static int build_busy(struct plan *plan)
{
	int error = build_random(plan);
	pthread_t thread;

	return error ? error :
	       pthread_create(&thread, NULL, protect_for_ever, plan);
}

/* ---------------------------------------------------------- large folios */

static int huge_pages_on_request(void)
{
	return write_file("/sys/kernel/mm/transparent_hugepage/enabled",
			  "madvise") ? ENOSYS : 0;
}

static int build_mthp(struct plan *plan)
{
	char *p;

	/* The largest size that is allowed is tried first. */
	if (huge_pages_on_request() || mthp_enable(64, true))
		return ENOSYS;
	p = map_at(plan->size, PMD_SIZE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (p)
		touch(p, plan->size);
	mthp_enable(64, false);
	plan->pages = plan->size / PAGE_SIZE;
	return p ? 0 : ENOMEM;
}

static int map_thp(struct plan *plan)
{
	int error = huge_pages_on_request();

	if (error)
		return error;
	built = map_at(plan->size, PMD_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (!built)
		return errno;
	if (madvise(built, plan->size, MADV_HUGEPAGE))
		return ENOSYS;
	plan->pages = plan->size / PAGE_SIZE;
	return 0;
}

static int build_thp(struct plan *plan)
{
	int error = map_thp(plan);

	if (error)
		return error;
	touch(built, plan->size);
	return is_pmd_mapped(built, plan->size) ? 0 : ENOMEM;
}

/* Nearly all of each huge page is zero. */
static int build_thp_empty(struct plan *plan)
{
	int error = map_thp(plan);
	uint64_t i;

	for (i = 0; !error && i < plan->size; i += PMD_SIZE)
		built[i] = 1;
	return error ? error : is_pmd_mapped(built, plan->size) ? 0 : ENOMEM;
}

/* One page in the middle of each huge page is given back. */
static int build_holes(struct plan *plan)
{
	int error = build_thp(plan);
	uint64_t i;

	for (i = 0; !error && i < plan->size; i += PMD_SIZE)
		if (madvise(built + i + 77 * PAGE_SIZE, PAGE_SIZE, MADV_DONTNEED))
			error = errno;
	plan->pages -= plan->size / PMD_SIZE;
	return error;
}

/* ----------------------------------------------------------------- files */

static int map_of(const char *type, struct plan *plan, int flags)
{
	int fd = file_on(type, plan->size);

	if (fd < 0)
		return -fd;
	built = map_file(plan->size, PMD_SIZE, flags, fd);
	close(fd);
	plan->pages = plan->size / PAGE_SIZE;
	return built ? 0 : errno;
}

static int build_file(struct plan *plan)
{
	int error = map_of("ramfs", plan, MAP_SHARED);

	if (!error)
		read_all(built, plan->size);
	return error;
}

static void read_whole(char *p, uint64_t size)
{
	read_all(p, size);
}

static int build_file_twice(struct plan *plan)
{
	int error = build_file(plan);

	return error ? error : fork_partner(read_whole, built, plan->size);
}

static int map_shmem(struct plan *plan)
{
	built = map_at(plan->size, PMD_SIZE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1);
	if (!built)
		return errno;
	madvise(built, plan->size, MADV_NOHUGEPAGE);
	plan->pages = plan->size / PAGE_SIZE;
	return 0;
}

static int build_shmem(struct plan *plan)
{
	int error = map_shmem(plan);

	if (!error)
		touch(built, plan->size);
	return error;
}

/* One page at a time, where a fault otherwise maps the neighbours as well. */
#define FAULT_AROUND	"/sys/kernel/debug/fault_around_bytes"

static void map_a_half(char *p, uint64_t size)
{
	read_some(p, size, 50, 3);
}

static int build_file_mix(struct plan *plan)
{
	int error = map_of("ramfs", plan, MAP_PRIVATE);

	if (!error)
		error = write_file(FAULT_AROUND, "4096");
	if (!error)
		error = fork_partner(map_a_half, built, plan->size);
	write_file(FAULT_AROUND, "65536");
	if (error)
		return error;
	read_all(built, plan->size);
	write_some(built, plan->size, 12, 4);
	return 0;
}

/* ------------------------------------------------------------ no ordinary memory */

static int build_hugetlb(struct plan *plan)
{
	int error = hugetlb_reserve(PMD_SIZE, plan->size / PMD_SIZE);
	char *p;

	if (error)
		return error;
	p = mmap(NULL, plan->size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (p == MAP_FAILED)
		return errno;
	touch(p, plan->size);
	/* what is in use goes back to the others with this process */
	hugetlb_release(PMD_SIZE);
	plan->pages = plan->size / PAGE_SIZE;
	return 0;
}

/* Where a PC has nothing: behind its memory and below what its devices are given. */
#define NOWHERE		(192 * GIB)

static int map_whole(struct plan *plan, int fd, off_t offset)
{
	char *p;

	plan->size /= 4;
	p = mmap(NULL, plan->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
	if (p == MAP_FAILED)
		return errno;
	plan->pages = plan->size / PAGE_SIZE;
	return 0;
}

static int build_pfnmap(struct plan *plan)
{
	int fd = open("/dev/mem", O_RDWR | O_SYNC | O_CLOEXEC);

	return fd < 0 ? errno : map_whole(plan, fd, NOWHERE);
}

/* The kernel's own pages: an array of BPF. */
static int build_mixed(struct plan *plan)
{
	union bpf_attr map = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
		.value_size = PAGE_SIZE, .max_entries = plan->size / 4 / PAGE_SIZE,
		.map_flags = BPF_F_MMAPABLE,
	};
	int fd = syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof(map));

	return fd < 0 ? errno : map_whole(plan, fd, 0);
}

/* ---------------------------------------------------------------- swapped */

/* A quarter of the others: the area has 512 MiB. */
static int build_swapped(struct plan *plan)
{
	int error = swap_on();

	plan->size /= 4;
	if (!error)
		error = build_contiguous(plan);
	return error ? error : madvise(built, plan->size, MADV_PAGEOUT) ? errno : 0;
}

/* Every other run of 32 pages. */
static int build_shmem_swapped(struct plan *plan)
{
	int error = swap_on();
	uint64_t i, run = 32 * PAGE_SIZE;

	plan->size /= 4;
	if (!error)
		error = build_shmem(plan);
	for (i = 0; !error && i < plan->size; i += 2 * run)
		if (madvise(built + i, run, MADV_PAGEOUT))
			error = errno;
	plan->pages /= 2;
	return error;
}

/* Where a page is not mapped, the object is asked for it. */
static int build_shmem_copied(struct plan *plan)
{
	int fd = memfd_create("bench", MFD_CLOEXEC), error = swap_on();
	uint64_t i, run = 32 * PAGE_SIZE;

	plan->size /= 4;
	if (error || fd < 0)
		return error ? error : errno;
	if (ftruncate(fd, plan->size))
		return errno;
	built = map_at(plan->size, PMD_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	if (!built)
		return errno;
	touch(built, plan->size);
	for (i = 0; i < plan->size; i += 2 * run)
		if (madvise(built + i, run, MADV_PAGEOUT))
			return errno;
	munmap(built, plan->size);
	built = map_at(plan->size, PMD_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
	if (!built)
		return errno;
	for (i = run; i < plan->size; i += 2 * run)
		touch(built + i, run);
	plan->pages = plan->size / PAGE_SIZE / 2;
	return 0;
}

/* ------------------------------------------------------------------- many */

static void nothing(char *p, uint64_t size)
{
	(void)p;
	(void)size;
}

static int build_many(struct plan *plan)
{
	unsigned int i;
	int error = 0;

	(void)plan;
	for (i = 1; i < MANY && !error; i++)
		error = fork_partner(nothing, NULL, 0);
	return error;
}

/* A program that waits for input, once it has answered. */
static int spawn_waiting(void)
{
	int in[2], out[2];
	char byte = 0;
	pid_t pid;

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		return errno;
	pid = fork();
	if (pid < 0)
		return errno;
	if (!pid) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execlp("cat", "cat", NULL);
		_exit(errno);
	}
	close(in[0]);
	close(out[1]);
	/* @in stays open until this process is gone */
	if (write(in[1], &byte, 1) != 1 || read(out[0], &byte, 1) != 1)
		return ECHILD;
	close(out[0]);
	return 0;
}

/* As small as programs are that the dynamic linker starts. */
static int build_programs(struct plan *plan)
{
	unsigned int i;
	int error = 0;

	(void)plan;
	for (i = 1; i < MANY && !error; i++)
		error = spawn_waiting();
	return error;
}

static int crowd_on(struct plan *plan)
{
	int error = write_file(FAULT_AROUND, "2097152");
	unsigned int i;

	for (i = 1; i < CROWD && !error; i++)
		error = fork_partner(read_whole, built, plan->size);
	write_file(FAULT_AROUND, "65536");
	plan->pages *= CROWD;
	return error;
}

/* The same shared memory, mapped by each. */
static int build_crowd(struct plan *plan)
{
	int error = build_shmem(plan);

	return error ? error : crowd_on(plan);
}

static int build_crowd_random(struct plan *plan)
{
	int error = map_shmem(plan);

	if (!error)
		error = touch_shuffled(built, plan->size);
	return error ? error : crowd_on(plan);
}

/* --------------------------------------------------------------- running */

static int (*const builders[LAYOUT_NR])(struct plan *plan) = {
	[LAYOUT_CONTIGUOUS] = build_contiguous,
	[LAYOUT_RANDOM] = build_random,
	[LAYOUT_YOUNG] = build_random,
	[LAYOUT_FILE] = build_file,
	[LAYOUT_FILE_TWICE] = build_file_twice,
	[LAYOUT_SHMEM] = build_shmem,
	[LAYOUT_FILE_MIX] = build_file_mix,
	[LAYOUT_FORK] = build_fork,
	[LAYOUT_FORK_COPIES] = build_fork_copies,
	[LAYOUT_FORK_LEFT] = build_fork_left,
	[LAYOUT_MTHP] = build_mthp,
	[LAYOUT_HOLES] = build_holes,
	[LAYOUT_THP] = build_thp,
	[LAYOUT_ZERO] = build_zero,
	[LAYOUT_PROTNONE] = build_protnone,
	[LAYOUT_HUGETLB] = build_hugetlb,
	[LAYOUT_PFNMAP] = build_pfnmap,
	[LAYOUT_MIXED] = build_mixed,
	[LAYOUT_SWAPPED] = build_swapped,
	[LAYOUT_SHMEM_SWAPPED] = build_shmem_swapped,
	[LAYOUT_SHMEM_COPIED] = build_shmem_copied,
	[LAYOUT_SPARSE] = build_sparse,
	[LAYOUT_VMAS] = build_vmas,
	[LAYOUT_SMALL] = build_small,
	[LAYOUT_THP_EMPTY] = build_thp_empty,
	[LAYOUT_CROWD] = build_crowd,
	[LAYOUT_CROWD_RANDOM] = build_crowd_random,
	[LAYOUT_MANY] = build_many,
	[LAYOUT_PROGRAMS] = build_programs,
	[LAYOUT_BUSY] = build_busy,
};

const char *const layout_names[LAYOUT_NR] = {
	[LAYOUT_CONTIGUOUS] = "anon, contiguous frames",
	[LAYOUT_RANDOM] = "anon, random frames",
	[LAYOUT_YOUNG] = "anon, random half young",
	[LAYOUT_FILE] = "shared file",
	[LAYOUT_FILE_TWICE] = "shared file, mapped twice",
	[LAYOUT_SHMEM] = "shared anonymous (shmem)",
	[LAYOUT_FILE_MIX] = "private file, random mix",
	[LAYOUT_FORK] = "fork-shared",
	[LAYOUT_FORK_COPIES] = "fork-shared, random copies",
	[LAYOUT_FORK_LEFT] = "fork-shared, other copied",
	[LAYOUT_MTHP] = "64 KiB folios",
	[LAYOUT_HOLES] = "2 MiB folios with holes",
	[LAYOUT_THP] = "2 MiB pages",
	[LAYOUT_ZERO] = "zero page",
	[LAYOUT_PROTNONE] = "anon, out of reach",
	[LAYOUT_HUGETLB] = "hugetlb, 2 MiB",
	[LAYOUT_PFNMAP] = "frames of a device",
	[LAYOUT_MIXED] = "pages of a driver",
	[LAYOUT_SWAPPED] = "anon, swapped",
	[LAYOUT_SHMEM_SWAPPED] = "shmem, a half swapped",
	[LAYOUT_SHMEM_COPIED] = "private shmem, swapped",
	[LAYOUT_SPARSE] = "sparse 1 TiB, one VMA",
	[LAYOUT_VMAS] = "60,000 VMAs",
	[LAYOUT_SMALL] = "small process",
	[LAYOUT_THP_EMPTY] = "2 MiB pages, mostly zero",
	[LAYOUT_CROWD] = "250 with the same shmem",
	[LAYOUT_CROWD_RANDOM] = "250, shmem, random frames",
	[LAYOUT_MANY] = "500 copies of a process",
	[LAYOUT_PROGRAMS] = "500 small programs",
	[LAYOUT_BUSY] = "locks always taken",
};

bool layout_of_many(enum layout_id id)
{
	return id == LAYOUT_CROWD || id == LAYOUT_CROWD_RANDOM ||
	       id == LAYOUT_MANY || id == LAYOUT_PROGRAMS;
}

struct job {
	enum layout_id id;
	struct plan plan;
};

/* What is to be young is touched anew, after the parent made all of it old. */
static void age(struct job *job)
{
	if (job->id == LAYOUT_YOUNG || job->id == LAYOUT_FILE_MIX)
		read_some(built, job->plan.size, 50, 5);
}

static int run_in_target(void *arg, unsigned int step)
{
	struct job *job = arg;

	if (step == STEP_AGE) {
		age(job);
		return 0;
	}
	return builders[job->id](&job->plan);
}

static int make_old(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/clear_refs", pid);
	return write_file(path, "1");
}

/*
 * New pages stand in a batch of the CPU for a while and hold a reference;
 * locking a page empties the batches.
 */
static void empty_batches(void)
{
	static char page[PAGE_SIZE] __attribute__((aligned(4096)));

	mlock(page, sizeof(page));
	munlock(page, sizeof(page));
}

int layout_start(enum layout_id id, uint64_t size, struct target *t,
		 uint64_t *pages)
{
	struct job *job = shared_alloc(sizeof(*job));
	int error;

	if (!job)
		return ENOMEM;
	job->id = id;
	job->plan.size = size;
	error = target_start(t, run_in_target, job);
	if (!error && (id == LAYOUT_YOUNG || id == LAYOUT_FILE_MIX)) {
		error = make_old(t->pid);
		if (!error)
			error = target_step(t, STEP_AGE);
	}
	empty_batches();
	*pages = job->plan.pages;
	munmap(job, sizeof(*job));
	return error;
}
