// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Takes page faults of known kinds and numbers, one step after the other, and says at
 * its end what getrusage() told of each. Knows nothing of who counts them.
 *
 * Usage: steps STEP[:N]...   N pages or times, 256 by default
 *
 * A line for each step: its name, the address of its memory, what ru_minflt and
 * ru_majflt gained; fork: the child's pid and what they were of it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE	4096ul
#define HUGE	(2ul << 20)
#define COLD	0x40000000	/* beside MAP_*: the page cache has nothing of it */

static char line[64][96];
static struct rusage before, after;
static sigjmp_buf back;
static pthread_t thread[64];
static int never[2];
/* What a step has to say besides. */
static char note[64];

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static char *map(size_t pages, int prot, int flags, int fd)
{
	char *at = mmap(NULL, pages * PAGE, prot, flags, fd, 0);

	if (at == MAP_FAILED)
		die("mmap");
	madvise(at, pages * PAGE, MADV_NOHUGEPAGE);
	return at;
}

/* A page before and one behind keep it from being joined with what else is mapped. */
static char *anon(size_t pages)
{
	char *at = map(pages + 2, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1) + PAGE;

	if (mprotect(at, pages * PAGE, PROT_READ | PROT_WRITE))
		die("mprotect");
	return at;
}

static void touch(volatile char *at, size_t pages)
{
	for (size_t i = 0; i < pages; i++)
		at[i * PAGE] = 1;
}

/* --------------------------------------------------------------------- steps */

static char *step_anon(size_t n)
{
	char *at = anon(n);

	touch(at, n);
	return at;
}

/* As in the books: what malloc() gives begins behind a header that it writes. */
static char *buffer;

static char *step_malloc(size_t n)
{
	buffer = malloc(n * PAGE);
	return buffer;
}

static char *step_memset(size_t n)
{
	memset(buffer, 1, n * PAGE);
	__asm__ volatile("" : : "r"(buffer) : "memory");
	return buffer;
}

/* One after the other, so that the last one that is there is the next one's place. */
static char *step_mappings(size_t n)
{
	char *at = NULL;

	for (size_t i = 0; i < n; i++) {
		at = map(1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
		touch(at, 1);
		munmap(at, PAGE);
	}
	return at;
}

static char *step_populate(size_t n)
{
	return map(n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1);
}

static char *step_mlock(size_t n)
{
	char *at = anon(n);

	if (mlock(at, n * PAGE))
		die("mlock");
	return at;
}

/* The kernel writes there for the one who asks, itself. */
static char *step_writev(size_t n)
{
	static char from[PAGE];
	char *at = anon(n);

	for (size_t i = 0; i < n; i++) {
		struct iovec local = { from, 1 }, remote = { at + i * PAGE, 1 };

		if (process_vm_writev(getpid(), &local, 1, &remote, 1, 0) != 1)
			die("process_vm_writev");
	}
	return at;
}

static char *step_read(size_t n)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	char *at = anon(n);

	for (size_t i = 0; i < n; i++)
		if (read(fd, at + i * PAGE, 1) != 1)
			die("read");
	close(fd);
	return at;
}

/* What the child had from its first to its last is what wait4() tells. */
static char *step_fork(size_t n)
{
	char *at = step_anon(n);
	struct rusage usage;
	pid_t child = fork();

	if (!child) {
		touch(at, n);
		_exit(0);
	}
	wait4(child, NULL, 0, &usage);
	snprintf(note, sizeof(note), " %d %ld %ld", child, usage.ru_minflt, usage.ru_majflt);
	return at;
}

static void *touch_some(void *n)
{
	touch(anon((size_t)n), (size_t)n);
	return NULL;
}

/* Until the program ends: nobody writes there. */
static void *touch_and_stay(void *n)
{
	char byte;

	touch_some(n);
	(void)!read(never[0], &byte, 1);
	return NULL;
}


/* As many threads, of which the first touches one page, the second two... */
static void start(size_t n, void *(*run)(void *n))
{
	for (size_t i = 0; i < n; i++)
		if (i == 64 || pthread_create(&thread[i], NULL, run, (void *)(i + 1)))
			die("pthread_create");
}

static void *touch_one(void *at)
{
	touch(at, 1);
	return NULL;
}

/* One after the other, each with a page of its own. */
static char *step_passing(size_t n)
{
	char *at = anon(n);

	for (size_t i = 0; i < n; i++) {
		if (pthread_create(&thread[0], NULL, touch_one, at + i * PAGE))
			die("pthread_create");
		pthread_join(thread[0], NULL);
	}
	return at;
}

static char *step_threads(size_t n)
{
	start(n, touch_some);
	for (size_t i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
	return NULL;
}

/* Likewise, and they stay. */
static char *step_sleepers(size_t n)
{
	if (pipe(never))
		die("pipe");
	start(n, touch_and_stay);
	return NULL;
}

static void hand_out(int fd, const char *at)
{
	static char from[PAGE] __attribute__((aligned(4096)));
	struct uffdio_copy copy = {
		.dst = (unsigned long)at & ~(PAGE - 1), .src = (unsigned long)from, .len = PAGE,
	};

	if (ioctl(fd, UFFDIO_COPY, &copy))
		die("UFFDIO_COPY");
}

/* Hands out a page, 20 ms late. */
static void *serve(void *of)
{
	int fd = (int)(long)of;
	struct uffd_msg message;

	while (read(fd, &message, sizeof(message)) == sizeof(message)) {
		usleep(20000);
		hand_out(fd, (char *)(unsigned long)message.arg.pagefault.address);
	}
	return NULL;
}

/* Memory whose faults wait for who reads from @fd. */
static char *late(size_t n, int *fd)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register area = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	char *at = anon(n);

	*fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	area.range.start = (unsigned long)at;
	area.range.len = n * PAGE;
	if (*fd < 0 || ioctl(*fd, UFFDIO_API, &api) || ioctl(*fd, UFFDIO_REGISTER, &area))
		die("userfaultfd");
	return at;
}

/* Each waits for user space, and is tried again. */
static char *step_uffd(size_t n)
{
	int fd;
	char *at = late(n, &fd);

	if (pthread_create(&thread[0], NULL, serve, (void *)(long)fd))
		die("pthread_create");
	touch(at, n);
	return at;
}

/* All of them wait at the same time, each thread for a page of its own. */
static char *step_waiting(size_t n)
{
	struct uffd_msg message;
	int fd;
	char *at = late(n, &fd);

	for (size_t i = 0; i < n; i++)
		if (i == 64 || pthread_create(&thread[i], NULL, touch_one, at + i * PAGE))
			die("pthread_create");
	for (size_t i = 0; i < n; i++)
		if (read(fd, &message, sizeof(message)) != sizeof(message))
			die("userfaultfd");
	for (size_t i = 0; i < n; i++)
		hand_out(fd, at + i * PAGE);
	for (size_t i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
	return at;
}

/* --------------------------------------------------------------- other causes */

static void tell(const char *path, const char *what)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, what, strlen(what)) < 0)
		die(path);
	close(fd);
}

static void look(volatile char *at, size_t pages)
{
	for (size_t i = 0; i < pages; i++)
		(void)at[i * PAGE];
}

static void wait_for(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child || status)
		die("child");
}

static char *step_zero(size_t n)
{
	char *at = anon(n);

	look(at, n);
	return at;
}

/* They were shared, and are not any more. */
static char *step_reuse(size_t n)
{
	char *at = step_anon(n);
	pid_t child = fork();

	if (!child)
		_exit(0);
	wait_for(child);
	touch(at, n);
	return at;
}

/* As many huge pages. */
static char *step_thp(size_t n)
{
	char *at = anon((n + 1) * (HUGE / PAGE));

	at = (char *)(((uintptr_t)at + HUGE - 1) & ~(HUGE - 1));
	if (madvise(at, n * HUGE, MADV_HUGEPAGE))
		die("MADV_HUGEPAGE");
	for (size_t i = 0; i < n; i++)
		touch(at + i * HUGE, 1);
	return at;
}

static char *step_hugetlb(size_t n)
{
	char *at = mmap(NULL, n * HUGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	if (at == MAP_FAILED)
		die("MAP_HUGETLB");
	for (size_t i = 0; i < n; i++)
		touch(at + i * HUGE, 1);
	return at;
}

/* On a disk, and nobody else's. */
static char *file(size_t pages, int flags)
{
	char path[] = "/var/tmp/stepsXXXXXX", page[PAGE] = "page";
	int fd = mkostemp(path, O_CLOEXEC);

	if (fd < 0 || unlink(path))
		die(path);
	for (size_t i = 0; i < pages; i++)
		if (write(fd, page, PAGE) != (ssize_t)PAGE)
			die("write");
	if (fsync(fd) || (flags & COLD && posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED)))
		die("fsync");
	return map(pages, PROT_READ | PROT_WRITE, flags & ~COLD, fd);
}

/* Looked at, with what is around, and then each written to. */
static char *step_notify(size_t n)
{
	char *at = file(n, MAP_SHARED);

	look(at, n);
	touch(at, n);
	return at;
}

static char *step_shared(size_t n)
{
	char *at = file(n, MAP_SHARED);

	touch(at, n);
	return at;
}

static char *step_private(size_t n)
{
	char *at = file(n, MAP_PRIVATE);

	touch(at, n);
	return at;
}

static char *step_cold(size_t n)
{
	char *at = file(n, MAP_SHARED | COLD);

	madvise(at, n * PAGE, MADV_RANDOM);
	look(at, n);
	return at;
}

static char *step_shmem(size_t n)
{
	int fd = memfd_create("memory", MFD_CLOEXEC);
	char *at;

	if (fd < 0 || ftruncate(fd, n * PAGE))
		die("memfd_create");
	at = map(n, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	touch(at, n);
	return at;
}

static bool is_there(char *at, size_t pages)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry;
	bool there = false;

	for (size_t i = 0; i < pages; i++)
		if (pread(fd, &entry, sizeof(entry), ((uintptr_t)at / PAGE + i) * 8) != 8 ||
		    entry >> 63)
			there = true;
	close(fd);
	return there;
}

/* What was just written to waits in batches, which compaction empties. */
static void swap_out(char *at, size_t pages)
{
	for (int turn = 0; is_there(at, pages); turn++) {
		if (turn % 10 == 0)
			tell("/proc/sys/vm/compact_memory", "1");
		if (turn == 1000 || madvise(at, pages * PAGE, MADV_PAGEOUT))
			die("MADV_PAGEOUT");
		usleep(1000);
	}
}

static char *step_swap(size_t n)
{
	char *at = step_anon(n);

	swap_out(at, n);
	look(at, n);
	return at;
}

/* The child has them read, and they are in memory when its parent wants them. */
static char *step_swapped(size_t n)
{
	char *at = step_anon(n);
	pid_t child;

	swap_out(at, n);
	child = fork();
	if (!child) {
		look(at, n);
		_exit(0);
	}
	wait_for(child);
	look(at, n);
	return at;
}

static unsigned long merged(void)
{
	FILE *f = fopen("/proc/self/ksm_merging_pages", "re");
	unsigned long n = 0;

	if (!f || fscanf(f, "%lu", &n) != 1)
		die("ksm_merging_pages");
	fclose(f);
	return n;
}

/* Equal ones, that ksmd finds. */
static char *step_merge(size_t n)
{
	char *at = step_anon(n);

	if (madvise(at, n * PAGE, MADV_MERGEABLE))
		die("MADV_MERGEABLE");
	tell("/sys/kernel/mm/ksm/run", "1");
	for (int turn = 0; merged() < n; turn++) {
		if (turn == 3000)
			die("ksmd");
		usleep(10000);
	}
	tell("/sys/kernel/mm/ksm/run", "0");
	touch(at, n);
	return at;
}

static void policy(int mode, unsigned long nodes)
{
	if (syscall(SYS_set_mempolicy, mode, nodes ? &nodes : NULL, 8 * sizeof(nodes)))
		die("set_mempolicy");
}

/*
 * Of another node than who uses them. Once they are there, only hints of the scheduler
 * bring it into the kernel.
 */
static char *step_numa(size_t n)
{
	struct rusage first, now;
	unsigned int cpu, node;
	cpu_set_t cpus;
	char *at;

	syscall(SYS_getcpu, &cpu, &node, NULL);
	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	policy(MPOL_BIND, 1ul << !node);
	at = step_anon(n);
	policy(MPOL_DEFAULT, 0);
	tell("/proc/sys/kernel/numa_balancing", "1");
	getrusage(RUSAGE_SELF, &first);
	getrusage(RUSAGE_SELF, &first);
	do {
		for (int i = 0; i < 100; i++)
			look(at, n);
		getrusage(RUSAGE_SELF, &now);
	} while (now.ru_minflt == first.ru_minflt &&
		 now.ru_utime.tv_sec - first.ru_utime.tv_sec < 10);
	tell("/proc/sys/kernel/numa_balancing", "0");
	return at;
}

/* So many pages below it, one after the other. */
static char *step_grow(size_t n)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char text[256];
	unsigned long start = 0;

	while (f && fgets(text, sizeof(text), f))
		if (strstr(text, "[stack]"))
			start = strtoul(text, NULL, 16);
	if (!start)
		die("stack");
	fclose(f);
	for (size_t i = 1; i <= n; i++)
		touch((char *)start - i * PAGE, 1);
	return (char *)start - n * PAGE;
}

static char *both;
static size_t nr_both;
static pthread_barrier_t meet;

static void *touch_both(void *none)
{
	(void)none;
	for (size_t i = 0; i < nr_both; i++) {
		pthread_barrier_wait(&meet);
		touch(both + i * PAGE, 1);
	}
	return NULL;
}

/* The same pages by two at once: each is filled by one of them. */
static char *step_race(size_t n)
{
	both = anon(n);
	nr_both = n;
	pthread_barrier_init(&meet, NULL, 2);
	for (int i = 0; i < 2; i++)
		if (pthread_create(&thread[i], NULL, touch_both, NULL))
			die("pthread_create");
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	return both;
}

/* -------------------------------------------------------------- wrong accesses */

static void caught(int signal)
{
	(void)signal;
	siglongjmp(back, 1);
}

static void write_wrongly(volatile char *at, size_t n)
{
	for (volatile size_t i = 0; i < n; i++)
		if (!sigsetjmp(back, 1))
			*at = 1;
}

static char *step_null(size_t n)
{
	write_wrongly((char *)8, n);
	return NULL;
}

static char *step_readonly(size_t n)
{
	char *at = map(1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	write_wrongly(at, n);
	return at;
}

static char *step_sigbus(size_t n)
{
	int fd = memfd_create("short", MFD_CLOEXEC);
	char *at = map(1, PROT_READ | PROT_WRITE, MAP_SHARED, fd);

	write_wrongly(at, n);
	return at;
}

static char *step_heap(size_t n)
{
	char *end = sbrk(0);

	write_wrongly(end + 12, n);
	return end;
}

/* And nobody catches the signal. */
static char *step_killed(size_t n)
{
	char *at = map(1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	signal(SIGSEGV, SIG_DFL);
	touch(at, n);
	return at;
}

/* ------------------------------------------------------------------------ order */

/* Until somebody writes a line. */
static char *step_wait(size_t n)
{
	char byte;

	(void)n;
	if (write(STDOUT_FILENO, "ready\n", 6) != 6)
		die("write");
	while (read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n')
		;
	return NULL;
}

static const struct {
	const char *name;
	char *(*take)(size_t n);
} steps[] = {
	{ "anon", step_anon },
	{ "malloc", step_malloc },
	{ "memset", step_memset },
	{ "mappings", step_mappings },
	{ "populate", step_populate },
	{ "mlock", step_mlock },
	{ "writev", step_writev },
	{ "read", step_read },
	{ "fork", step_fork },
	{ "threads", step_threads },
	{ "sleepers", step_sleepers },
	{ "passing", step_passing },
	{ "uffd", step_uffd },
	{ "waiting", step_waiting },
	{ "zero", step_zero },
	{ "reuse", step_reuse },
	{ "thp", step_thp },
	{ "hugetlb", step_hugetlb },
	{ "notify", step_notify },
	{ "shared", step_shared },
	{ "private", step_private },
	{ "cold", step_cold },
	{ "shmem", step_shmem },
	{ "swap", step_swap },
	{ "swapped", step_swapped },
	{ "merge", step_merge },
	{ "numa", step_numa },
	{ "grow", step_grow },
	{ "race", step_race },
	{ "null", step_null },
	{ "readonly", step_readonly },
	{ "sigbus", step_sigbus },
	{ "heap", step_heap },
	{ "killed", step_killed },
	{ "wait", step_wait },
};

static void take(const char *text, char *to, size_t size)
{
	size_t length = strcspn(text, ":"), n = text[length] ? strtoul(text + length + 1, NULL, 0) : 256;
	char *at;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (strlen(steps[i].name) != length || strncmp(steps[i].name, text, length))
			continue;
		getrusage(RUSAGE_SELF, &before);
		at = steps[i].take(n);
		getrusage(RUSAGE_SELF, &after);
		snprintf(to, size, "%s %lx %ld %ld%s", steps[i].name, (long)at,
			 after.ru_minflt - before.ru_minflt, after.ru_majflt - before.ru_majflt,
			 note);
		*note = 0;
		return;
	}
	fprintf(stderr, "steps: no step %s\n", text);
	exit(2);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = caught };

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	memset(line, 1, sizeof(line));
	getrusage(RUSAGE_SELF, &before);
	getrusage(RUSAGE_SELF, &after);
	snprintf(line[0], sizeof(line[0]), "%s %lx %ld", argv[0], (long)argv, after.ru_minflt);
	for (int i = 1; i < argc && i < 64; i++)
		take(argv[i], line[i], sizeof(line[i]));
	for (int i = 1; i < argc && i < 64; i++)
		puts(line[i]);
	return 0;
}
