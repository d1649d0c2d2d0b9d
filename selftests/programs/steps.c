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
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
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

/* A page behind it keeps it from being joined with what was mapped before. */
static char *anon(size_t pages)
{
	char *at = map(pages + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (mprotect(at + pages * PAGE, PAGE, PROT_NONE))
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

/* Hands out a page, 20 ms late. */
static void *serve(void *of)
{
	static char from[PAGE] __attribute__((aligned(4096)));
	int fd = (int)(long)of;
	struct uffd_msg message;

	while (read(fd, &message, sizeof(message)) == sizeof(message)) {
		struct uffdio_copy copy = {
			.dst = message.arg.pagefault.address & ~(PAGE - 1),
			.src = (unsigned long)from,
			.len = PAGE,
		};

		usleep(20000);
		if (ioctl(fd, UFFDIO_COPY, &copy))
			die("UFFDIO_COPY");
	}
	return NULL;
}

/* Each waits for user space, and is tried again. */
static char *step_uffd(size_t n)
{
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register area = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	char *at = anon(n);

	area.range.start = (unsigned long)at;
	area.range.len = n * PAGE;
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &area))
		die("userfaultfd");
	if (pthread_create(&thread[0], NULL, serve, (void *)(long)fd))
		die("pthread_create");
	touch(at, n);
	return at;
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
	{ "uffd", step_uffd },
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
