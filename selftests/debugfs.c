// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The directory in debugfs: who may attach what and for how long, that the
 * views say what the ioctls say, and that the counters count; knows nothing of
 * whether those are right.
 */
#include "kselftest_harness.h"
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "leaf.h"

#define ROOT	"/sys/kernel/debug/vmscope"
#define CONTROL	ROOT "/control"
#define MOST	64	/* attachments */
#define NOBODY	65534

static const char *const views[] = {
	"vmas", "walk", "tables", "swap", "ksm", "thp",
};

/* What a target holds, for the test to know. */
struct memory {
	struct region anon;
	struct region swapped;
	struct region ksm;
	struct region huge;
	int no_swap;
	int no_ksm;
	int no_huge;
};

FIXTURE(debugfs) {
	int control;
	struct target t;
	struct memory *memory;
};

FIXTURE_SETUP(debugfs)
{
	self->t.fd = -1;
	self->memory = shared_alloc(sizeof(*self->memory));
	ASSERT_NE(NULL, self->memory);
	self->control = open(CONTROL, O_RDWR | O_CLOEXEC);
	if (self->control < 0 && errno == ENOENT)
		SKIP(return, "%s: the kernel or the module is without debugfs", CONTROL);
	ASSERT_LE(0, self->control);
}

FIXTURE_TEARDOWN(debugfs)
{
	target_stop(&self->t);
	if (self->control >= 0)
		close(self->control);
}

/* ------------------------------------------------------------------ tools */

/* Write a text to an open file: 0 or -errno. */
static int command(int fd, const char *text)
{
	ssize_t n = write(fd, text, strlen(text));

	return n < 0 ? -errno : n == (ssize_t)strlen(text) ? 0 : -EIO;
}

static int command_pid(int fd, const char *word, pid_t pid)
{
	char text[64];

	snprintf(text, sizeof(text), "%s %d\n", word, pid);
	return command(fd, text);
}

static int attach(int fd, pid_t pid)
{
	return command_pid(fd, "attach", pid);
}

static int detach(int fd, pid_t pid)
{
	return command_pid(fd, "detach", pid);
}

static int open_view(pid_t pid, const char *view, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), ROOT "/%d/%s", pid, view);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/*
 * All of an open file by reads of @chunk bytes, to be freed; NULL and errno
 * where a read fails.
 */
static char *read_text(int fd, size_t chunk)
{
	size_t size = 1 << 16, used = 0;
	char *text = malloc(size + 1);
	ssize_t n;

	while ((n = read(fd, text + used, chunk < size - used ? chunk : size - used)) > 0) {
		used += n;
		if (used == size)
			text = realloc(text, (size *= 2) + 1);
	}
	if (n < 0) {
		free(text);
		return NULL;
	}
	text[used] = '\0';
	return text;
}

static char *read_view(pid_t pid, const char *view, size_t chunk)
{
	int fd = open_view(pid, view, O_RDONLY);
	char *text;

	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	text = read_text(fd, chunk);
	close(fd);
	return text;
}

static bool has_directory(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), ROOT "/%d", pid);
	return !access(path, F_OK);
}

/* What the list says of @pid: "alive", "gone", or NULL when it is not there. */
static const char *state_of(int control, pid_t pid)
{
	static char state[8];
	char *text, *line;
	int found;

	state[0] = '\0';
	lseek(control, 0, SEEK_SET);
	text = read_text(control, 4096);
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (sscanf(line, "%d %7s", &found, state) == 2 && found == pid)
			break;
	free(text);
	return line ? state : NULL;
}

/* A counter, by the first word of its line and the number of its column. */
static uint64_t counter(const char *name, int column)
{
	int fd = open(ROOT "/counters", O_RDONLY | O_CLOEXEC);
	char *text = read_text(fd, 4096), *line, *at;
	uint64_t value = ~0ull;

	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (strncmp(line, name, strlen(name)) || line[strlen(name)] != ' ')
			continue;
		for (at = line + strlen(name); column >= 0; column--)
			value = strtoull(at, &at, 10);
		break;
	}
	free(text);
	close(fd);
	return value;
}

/* Run a block in a child; its failures are the test's. */
#define IN_CHILD(...) do {						\
	int status_;							\
	pid_t child_ = fork();						\
									\
	if (!child_) {							\
		__VA_ARGS__;						\
		_exit(0);						\
	}								\
	waitpid(child_, &status_, 0);					\
	EXPECT_EQ(0, status_);						\
} while (0)

#define SIZE	(64 * PAGE_SIZE)

static int build_anon(void *arg, unsigned int step)
{
	struct memory *memory = arg;
	char *p = map_anon(SIZE, PAGE_SIZE);

	(void)step;
	if (!p)
		return ENOMEM;
	touch(p, SIZE);
	memory->anon = region_of(p, SIZE);
	return 0;
}

/* Some of everything that a view shows. */
static int build_all(void *arg, unsigned int step)
{
	struct memory *memory = arg;
	char *p;

	build_anon(arg, step);
	p = map_anon(SIZE, PAGE_SIZE);
	touch(p, SIZE);
	memory->swapped = region_of(p, SIZE);
	memory->no_swap = page_out(p, SIZE);
	p = map_anon(SIZE, PAGE_SIZE);
	memset(p, 0x5a, SIZE);
	memory->ksm = region_of(p, SIZE);
	memory->no_ksm = ksm_merge(p, SIZE);
	p = map_anon(PMD_SIZE, PMD_SIZE);
	memory->huge = region_of(p, PMD_SIZE);
	memory->no_huge = make_thp(p, PMD_SIZE);
	return 0;
}

/* ------------------------------------------------------------ attachments */

TEST_F(debugfs, attach_makes_the_views_and_detach_removes_them)
{
	size_t i;
	char *text;

	ASSERT_EQ(0, target_start(&self->t, build_anon, self->memory));
	EXPECT_FALSE(has_directory(self->t.pid));
	ASSERT_EQ(0, attach(self->control, self->t.pid));
	for (i = 0; i < ARRAY_SIZE(views); i++) {
		text = read_view(self->t.pid, views[i], 65536);
		ASSERT_NE(NULL, text) TH_LOG("%s: %s", views[i], strerror(errno));
		EXPECT_EQ('#', text[0]);
		free(text);
	}
	EXPECT_STREQ("alive", state_of(self->control, self->t.pid));
	ASSERT_EQ(0, detach(self->control, self->t.pid));
	EXPECT_FALSE(has_directory(self->t.pid));
	EXPECT_EQ(NULL, state_of(self->control, self->t.pid));
	/* and again */
	ASSERT_EQ(0, attach(self->control, self->t.pid));
	ASSERT_EQ(0, detach(self->control, self->t.pid));
}

TEST_F(debugfs, nobody_but_root_finds_anything)
{
	struct stat s;
	char path[128];
	size_t i;

	ASSERT_EQ(0, target_start(&self->t, build_anon, self->memory));
	ASSERT_EQ(0, attach(self->control, self->t.pid));
	ASSERT_EQ(0, stat(CONTROL, &s));
	EXPECT_EQ(0600, s.st_mode & 07777);
	ASSERT_EQ(0, stat(ROOT "/counters", &s));
	EXPECT_EQ(0400, s.st_mode & 07777);
	for (i = 0; i < ARRAY_SIZE(views); i++) {
		snprintf(path, sizeof(path), ROOT "/%d/%s", self->t.pid, views[i]);
		ASSERT_EQ(0, stat(path, &s));
		EXPECT_EQ(strcmp(views[i], "walk") ? 0400 : 0600, s.st_mode & 07777);
		EXPECT_EQ(0, s.st_uid);
	}
	IN_CHILD({
		if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))
			_exit(99);
		EXPECT_EQ(-1, open(CONTROL, O_RDWR));
		EXPECT_EQ(EACCES, errno);
		EXPECT_EQ(-EACCES, open_view(self->t.pid, "vmas", O_RDONLY));
		/* a control that was handed over is worth nothing, either */
		EXPECT_EQ(-EPERM, attach(self->control, 1));
	});
}

TEST_F(debugfs, closing_control_detaches)
{
	int fd, again;

	/* a target forked later would have it open as well */
	ASSERT_EQ(0, target_start(&self->t, build_anon, self->memory));
	fd = open(CONTROL, O_RDWR | O_CLOEXEC);
	ASSERT_EQ(0, attach(fd, self->t.pid));
	again = dup(fd);
	close(fd);
	EXPECT_TRUE(has_directory(self->t.pid));
	close(again);
	EXPECT_FALSE(has_directory(self->t.pid));
}

/* The kernel closes what a process leaves open, however it ends. */
TEST_F(debugfs, the_end_of_the_opener_detaches)
{
	uint64_t before = counter("attachments", 0);
	pid_t opener;
	int ready[2];
	char c;

	ASSERT_EQ(0, target_start(&self->t, build_anon, self->memory));
	ASSERT_EQ(0, pipe(ready));
	opener = fork();
	if (!opener) {
		int fd = open(CONTROL, O_RDWR | O_CLOEXEC);

		c = attach(fd, self->t.pid);
		if (write(ready[1], &c, 1) == 1)
			pause();
		_exit(0);
	}
	ASSERT_EQ(1, read(ready[0], &c, 1));
	ASSERT_EQ(0, c);
	EXPECT_EQ(before + 1, counter("attachments", 0));
	kill(opener, SIGKILL);
	waitpid(opener, NULL, 0);
	EXPECT_FALSE(has_directory(self->t.pid));
	EXPECT_EQ(before, counter("attachments", 0));
}

TEST_F(debugfs, attachments_are_of_their_opener_alone)
{
	int other = open(CONTROL, O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, target_start(&self->t, build_anon, self->memory));
	ASSERT_EQ(0, attach(self->control, self->t.pid));
	EXPECT_EQ(NULL, state_of(other, self->t.pid));
	EXPECT_EQ(-ENOENT, detach(other, self->t.pid));
	EXPECT_EQ(-EEXIST, attach(other, self->t.pid));
	close(other);
	EXPECT_TRUE(has_directory(self->t.pid));
	EXPECT_STREQ("alive", state_of(self->control, self->t.pid));
}

TEST_F(debugfs, bad_commands_are_refused)
{
	static const char *const bad[] = {
		"", "\n", " ", "attach", "attach ", "attach\n", "attach x",
		"attach 1x", "attach 1 2", "attach 0", "attach -1",
		"attach 0x1", "attach 99999999999", "Attach 1", "attach1",
		"detach", "detach x", "help", "1",
	};
	void *nothing = mmap(NULL, PAGE_SIZE, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EINVAL, command(self->control, bad[i]))
			TH_LOG("command %zu", i);
	EXPECT_EQ(-1, write(self->control, "attach 1\0 2", 11));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-E2BIG, command(self->control, "attach                          1"));
	EXPECT_EQ(-1, write(self->control, nothing, 10));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-ESRCH, attach(self->control, 4194303));
	EXPECT_EQ(-ESRCH, attach(self->control, 2147483647));
	EXPECT_EQ(-ENXIO, attach(self->control, 2));	/* kthreadd */
	EXPECT_EQ(-ENOENT, detach(self->control, getpid()));
	ASSERT_EQ(0, attach(self->control, getpid()));
	EXPECT_EQ(-EEXIST, attach(self->control, getpid()));
	EXPECT_EQ(0, detach(self->control, getpid()));
}

static void *tell_tid(void *arg)
{
	*(volatile pid_t *)arg = gettid();
	pause();
	return NULL;
}

static int build_thread(void *arg, unsigned int step)
{
	pthread_t thread;

	(void)step;
	if (pthread_create(&thread, NULL, tell_tid, arg))
		return EAGAIN;
	while (!*(volatile pid_t *)arg)
		usleep(1000);
	return 0;
}

TEST_F(debugfs, a_thread_stands_for_its_process)
{
	pid_t *tid = (pid_t *)self->memory;
	char *of_thread, *of_process;

	ASSERT_EQ(0, target_start(&self->t, build_thread, tid));
	ASSERT_NE(self->t.pid, *tid);
	ASSERT_EQ(0, attach(self->control, *tid));
	ASSERT_EQ(0, attach(self->control, self->t.pid));
	of_thread = read_view(*tid, "vmas", 65536);
	of_process = read_view(self->t.pid, "vmas", 65536);
	ASSERT_NE(NULL, of_thread);
	EXPECT_STREQ(of_process, of_thread);
	free(of_thread);
	free(of_process);
}

TEST_F(debugfs, attachments_are_bounded)
{
	uint64_t before = counter("attachments", 0);
	pid_t child[MOST + 1];
	int i, error = 0, made = 0;

	for (i = 0; i <= MOST; i++)
		child[i] = fork_waiting();
	for (i = 0; i <= MOST && !error; i++) {
		error = attach(self->control, child[i]);
		made += !error;
	}
	EXPECT_EQ(-ENOSPC, error);
	EXPECT_EQ(MOST, before + made);
	/* one that goes makes room for another */
	EXPECT_EQ(0, detach(self->control, child[0]));
	EXPECT_EQ(0, attach(self->control, child[made]));
	for (i = 0; i <= MOST; i++) {
		kill(child[i], SIGKILL);
		waitpid(child[i], NULL, 0);
	}
	for (i = 1; i <= made; i++)
		EXPECT_EQ(0, detach(self->control, child[i]));
	EXPECT_EQ(before, counter("attachments", 0));
}

/* ------------------------------------------------------- ends of a target */

TEST_F(debugfs, exit_leaves_views_that_say_so)
{
	pid_t pid;
	size_t i;
	int fd;

	ASSERT_EQ(0, target_start(&self->t, build_anon, self->memory));
	pid = self->t.pid;
	ASSERT_EQ(0, attach(self->control, pid));
	fd = open_view(pid, "vmas", O_RDONLY);
	ASSERT_LE(0, fd);
	target_stop(&self->t);
	EXPECT_EQ(NULL, read_text(fd, 65536));
	EXPECT_EQ(ESRCH, errno);
	EXPECT_EQ(NULL, read_text(fd, 65536));	/* and it stays so */
	EXPECT_EQ(ESRCH, errno);
	close(fd);
	for (i = 0; i < ARRAY_SIZE(views); i++)
		EXPECT_EQ(-ESRCH, open_view(pid, views[i], O_RDONLY));
	EXPECT_STREQ("gone", state_of(self->control, pid));
	EXPECT_EQ(0, detach(self->control, pid));
	EXPECT_FALSE(has_directory(pid));
}

static int exec_on_step(void *arg, unsigned int step)
{
	if (!step)
		return build_anon(arg, 0);
	execl("/bin/sleep", "sleep", "100", NULL);
	return errno;
}

TEST_F(debugfs, exec_is_the_end_of_what_was_attached)
{
	unsigned int step = 1;
	pid_t pid;
	int fd, i;

	ASSERT_EQ(0, target_start(&self->t, exec_on_step, self->memory));
	pid = self->t.pid;
	ASSERT_EQ(0, attach(self->control, pid));
	fd = open_view(pid, "vmas", O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(4, write(self->t.to, &step, 4));
	close(self->t.fd);
	self->t.fd = -1;
	for (i = 0; i < 5000 && !strcmp("alive", state_of(self->control, pid)); i++)
		usleep(1000);
	EXPECT_STREQ("gone", state_of(self->control, pid));
	EXPECT_EQ(NULL, read_text(fd, 65536));
	EXPECT_EQ(ESRCH, errno);
	close(fd);
	EXPECT_EQ(-ESRCH, open_view(pid, "vmas", O_RDONLY));
	/* what runs there now can be attached anew, without a detach */
	EXPECT_EQ(0, attach(self->control, pid));
	fd = open_view(pid, "vmas", O_RDONLY);
	EXPECT_LE(0, fd);
	close(fd);
}

static pid_t fork_with_pid(pid_t pid)
{
	pid_t set[1] = { pid };
	struct clone_args args = {
		.exit_signal = SIGCHLD, .set_tid = (uintptr_t)set, .set_tid_size = 1,
	};
	pid_t child = syscall(SYS_clone3, &args, sizeof(args));

	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return child;
}

/* Whoever has the dead one attached, the pid is not taken by it. */
TEST_F(debugfs, a_recycled_pid_is_another_process)
{
	int other = open(CONTROL, O_RDWR | O_CLOEXEC), fd;
	pid_t pid = fork_waiting();

	ASSERT_EQ(0, attach(other, pid));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ASSERT_EQ(pid, fork_with_pid(pid)) TH_LOG("%s", strerror(errno));
	/* the old attachment shows nothing of the new process */
	EXPECT_EQ(-ESRCH, open_view(pid, "vmas", O_RDONLY));
	EXPECT_STREQ("gone", state_of(other, pid));
	EXPECT_EQ(0, attach(self->control, pid));
	EXPECT_EQ(NULL, state_of(other, pid));
	fd = open_view(pid, "vmas", O_RDONLY);
	EXPECT_LE(0, fd);
	close(fd);
	close(other);
	EXPECT_TRUE(has_directory(pid));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* So many mappings that the text takes many reads. */
static int build_many(void *arg, unsigned int step)
{
	size_t i, many = kernel_is_debug() ? 400 : 1500;
	char *p = map_anon(2 * many * PAGE_SIZE, PAGE_SIZE);

	(void)arg;
	(void)step;
	if (!p)
		return ENOMEM;
	touch(p, 2 * many * PAGE_SIZE);
	for (i = 0; i < many; i++)
		if (mprotect(p + 2 * i * PAGE_SIZE, PAGE_SIZE, PROT_READ))
			return errno;
	return 0;
}

TEST_F(debugfs, exit_while_a_view_is_read)
{
	int round, rounds = 6, ended = 0;

	for (round = 0; round < rounds; round++) {
		const char *view = views[round % ARRAY_SIZE(views)];
		char *text = "";
		pid_t killer;
		int fd, i;

		ASSERT_EQ(0, target_start(&self->t, build_many, NULL));
		ASSERT_EQ(0, attach(self->control, self->t.pid));
		fd = open_view(self->t.pid, view, O_RDONLY);
		ASSERT_LE(0, fd);
		killer = fork();
		if (!killer) {
			usleep(round * 3000);
			kill(self->t.pid, SIGKILL);
			_exit(0);
		}
		for (i = 0; i < 10000 && text; i++) {
			if (i)
				free(text);
			lseek(fd, 0, SEEK_SET);
			text = read_text(fd, 512);
		}
		EXPECT_EQ(NULL, text);
		EXPECT_EQ(ESRCH, errno);
		ended += !text;
		close(fd);
		waitpid(killer, NULL, 0);
		EXPECT_EQ(0, detach(self->control, self->t.pid));
		target_stop(&self->t);
	}
	EXPECT_EQ(rounds, ended);
}

struct reader {
	pthread_t thread;
	int fd;
	int error;
	unsigned int rounds;
};

/* Read a view over and over until it fails. */
static void *read_on(void *arg)
{
	struct reader *r = arg;
	char block[700];
	ssize_t n;

	while ((n = read(r->fd, block, sizeof(block))) >= 0)
		if (!n) {
			lseek(r->fd, 0, SEEK_SET);
			__atomic_add_fetch(&r->rounds, 1, __ATOMIC_RELAXED);
		}
	r->error = errno;
	return NULL;
}

/* Closing control takes the files away under those who read them. */
TEST_F(debugfs, detach_while_views_are_read)
{
	struct reader reader[ARRAY_SIZE(views)] = { };
	int round;
	size_t i;

	ASSERT_EQ(0, target_start(&self->t, build_many, NULL));
	for (round = 0; round < 5; round++) {
		int fd = open(CONTROL, O_RDWR | O_CLOEXEC);

		ASSERT_EQ(0, attach(fd, self->t.pid));
		for (i = 0; i < ARRAY_SIZE(views); i++) {
			reader[i].fd = open_view(self->t.pid, views[i], O_RDONLY);
			ASSERT_LE(0, reader[i].fd);
			ASSERT_EQ(0, pthread_create(&reader[i].thread, NULL,
						    read_on, &reader[i]));
		}
		usleep(30000);
		close(fd);
		for (i = 0; i < ARRAY_SIZE(views); i++) {
			pthread_join(reader[i].thread, NULL);
			EXPECT_EQ(EIO, reader[i].error);
			close(reader[i].fd);
		}
		EXPECT_FALSE(has_directory(self->t.pid));
	}
}

struct attacher {
	pthread_t thread;
	pid_t pid;
	int errors;
};

static void *attach_and_detach(void *arg)
{
	struct attacher *a = arg;
	int i, error, fd;

	for (i = 0; i < 50; i++) {
		fd = open(CONTROL, O_RDWR | O_CLOEXEC);
		error = attach(fd, a->pid);
		if (error && error != -EEXIST)
			a->errors++;
		free(read_view(a->pid, "vmas", 4096));
		if (!error && i % 2 && detach(fd, a->pid))
			a->errors++;
		close(fd);
	}
	return NULL;
}

TEST_F(debugfs, many_attach_the_same_at_once)
{
	uint64_t before = counter("attachments", 0);
	struct attacher attacher[4] = { };
	size_t i;

	ASSERT_EQ(0, target_start(&self->t, build_anon, self->memory));
	for (i = 0; i < ARRAY_SIZE(attacher); i++) {
		attacher[i].pid = self->t.pid;
		pthread_create(&attacher[i].thread, NULL, attach_and_detach,
			       &attacher[i]);
	}
	for (i = 0; i < ARRAY_SIZE(attacher); i++) {
		pthread_join(attacher[i].thread, NULL);
		EXPECT_EQ(0, attacher[i].errors);
	}
	EXPECT_FALSE(has_directory(self->t.pid));
	EXPECT_EQ(before, counter("attachments", 0));
}

/* ------------------------------------------------------------------ rights */

TEST_F(debugfs, attaching_takes_the_right_to_look)
{
	ASSERT_EQ(0, target_start(&self->t, build_anon, self->memory));
	IN_CHILD({
		ASSERT_EQ(0, drop_capability(CAP_SYS_PTRACE));
		EXPECT_EQ(-EPERM, attach(self->control, self->t.pid));
	});
	EXPECT_FALSE(has_directory(self->t.pid));
}

/* What one has attached gives nothing to others. */
TEST_F(debugfs, opening_a_view_takes_the_right_to_look)
{
	ASSERT_EQ(0, target_start(&self->t, build_anon, self->memory));
	ASSERT_EQ(0, attach(self->control, self->t.pid));
	IN_CHILD({
		size_t i;

		ASSERT_EQ(0, drop_capability(CAP_SYS_PTRACE));
		for (i = 0; i < ARRAY_SIZE(views); i++)
			EXPECT_EQ(-EPERM, open_view(self->t.pid, views[i], O_RDONLY));
	});
}

TEST_F(debugfs, frames_take_the_right_to_see_them)
{
	ASSERT_EQ(0, target_start(&self->t, build_all, self->memory));
	ASSERT_EQ(0, attach(self->control, self->t.pid));
	IN_CHILD({
		char *text;
		size_t i;

		ASSERT_EQ(0, drop_capability(CAP_SYS_ADMIN));
		text = read_view(self->t.pid, "walk", 65536);
		ASSERT_NE(NULL, text);
		EXPECT_EQ(NULL, strstr(text, " frame "));
		EXPECT_NE(NULL, strstr(text, "CAP_SYS_ADMIN is missing"));
		EXPECT_NE(NULL, strstr(text, "  table -  entry -\n"));
		for (i = 0; i < 10; i++) {
			char number[16];

			snprintf(number, sizeof(number), "  entry %zu", i);
			EXPECT_EQ(NULL, strstr(text, number));
		}
		free(text);
		text = read_view(self->t.pid, "ksm", 65536);
		ASSERT_NE(NULL, text);
		if (!self->memory->no_ksm)
			EXPECT_NE(NULL, strstr(text, "            - "));
		free(text);
		text = read_view(self->t.pid, "swap", 65536);
		ASSERT_NE(NULL, text);
		if (!self->memory->no_swap)
			EXPECT_NE(NULL, strstr(text, "    -            - "));
		free(text);
	});
}

/* ---------------------------------------------- text and what it is made of */

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
TEST_F(debugfs, short_reads_give_the_same_text)
{
	static const size_t chunks[] = { 1, 7, 100, 4096 };
	size_t i, k;

	ASSERT_EQ(0, swap_on());
	ASSERT_EQ(0, target_start(&self->t, build_all, self->memory));
	ksm_stop();
	kill(self->t.pid, SIGSTOP);
	ASSERT_EQ(0, attach(self->control, self->t.pid));
	for (i = 0; i < ARRAY_SIZE(views); i++)
		for (k = 0; k < ARRAY_SIZE(chunks); k++)
			EXPECT_TRUE(same_in_pieces(self->t.pid, views[i], chunks[k]))
				TH_LOG("view %zu by %zu", i, chunks[k]);
}

TEST_F(debugfs, reading_from_the_middle)
{
	char *whole, piece[101];
	int fd;

	ASSERT_EQ(0, target_start(&self->t, build_anon, self->memory));
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

TEST_F(debugfs, vmas_equals_the_tallies)
{
	ASSERT_EQ(0, swap_on());
	ASSERT_EQ(0, target_start(&self->t, build_all, self->memory));
	ksm_stop();
	ASSERT_EQ(0, attach(self->control, self->t.pid));
	compare_vmas(_metadata, &self->t);
}

TEST_F(debugfs, vmas_of_thousands_of_mappings)
{
	ASSERT_EQ(0, target_start(&self->t, build_many, NULL));
	ASSERT_EQ(0, attach(self->control, self->t.pid));
	compare_vmas(_metadata, &self->t);
}

TEST_F(debugfs, tables_equals_the_records_and_what_the_kernel_charges)
{
	unsigned long start, end, level[4], kept, kib, charged;
	uint64_t sum[4] = { }, sum_kept = 0;
	bool total = false, bytes = false;
	char *text, *line, *at;
	struct scan s;
	size_t i = 0, k;

	ASSERT_EQ(0, swap_on());
	ASSERT_EQ(0, target_start(&self->t, build_all, self->memory));
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

TEST_F(debugfs, swap_shows_each_slot)
{
	unsigned long start, end, pages, slot, in_entries, found = 0;
	unsigned int area;
	char *text, *line;
	struct scan s;
	size_t i;

	ASSERT_EQ(0, swap_on());
	ASSERT_EQ(0, target_start(&self->t, build_all, self->memory));
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
	struct memory *memory = arg;
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

TEST_F(debugfs, swap_counts_pages_of_mapped_objects)
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

TEST_F(debugfs, ksm_shows_each_merged_page)
{
	unsigned long start, end, pages, frame, mapped, found = 0, merged;
	char *text, *line, plus;
	struct scan s;
	size_t i;

	ASSERT_EQ(0, target_start(&self->t, build_all, self->memory));
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

TEST_F(debugfs, thp_equals_the_tallies)
{
	unsigned long start, end, leaf[4], order9 = 0;
	char *text, *line, *folios;
	bool huge = false;
	struct scan s;
	size_t i, k;

	ASSERT_EQ(0, target_start(&self->t, build_all, self->memory));
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

TEST_F(debugfs, walk_of_a_written_address_equals_the_translation)
{
	struct vmscope_translation answer;
	char *text, want[128];
	int fd, level;

	ASSERT_EQ(0, target_start(&self->t, build_anon, self->memory));
	ASSERT_EQ(0, attach(self->control, self->t.pid));
	EXPECT_SAME(leaf_translate(&self->t, self->memory->anon.start, &answer));
	fd = open_view(self->t.pid, "walk", O_RDWR);
	ASSERT_LE(0, fd);
	snprintf(want, sizeof(want), "0x%llx\n", (long long)self->memory->anon.start + 12);
	ASSERT_EQ(0, command(fd, want));
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
	ASSERT_EQ(0, command(fd, "0x1000"));
	text = read_text(fd, 3);
	ASSERT_NE(NULL, text);
	EXPECT_NE(NULL, strstr(text, "no mapping is here")) TH_LOG("%s", text);
	free(text);
	ASSERT_EQ(0, command(fd, "0xffffffff81000000"));
	text = read_text(fd, 65536);
	ASSERT_NE(NULL, text);
	EXPECT_NE(NULL, strstr(text, "no user address")) TH_LOG("%s", text);
	free(text);
	EXPECT_EQ(-EINVAL, command(fd, "here"));
	EXPECT_EQ(-EINVAL, command(fd, "0x"));
	EXPECT_EQ(-EINVAL, command(fd, "-1"));
	EXPECT_EQ(-E2BIG, command(fd, "0x0000000000000000000000001000"));
	close(fd);
}

TEST_F(debugfs, walk_shows_the_first_page_of_each_mapping)
{
	char *text, *at, want[64];
	struct scan s;
	size_t i;

	ASSERT_EQ(0, target_start(&self->t, build_anon, self->memory));
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

/* ------------------------------------------------------- several at a time */

TEST_F(debugfs, views_are_read_in_parallel)
{
	struct reader reader[2 * ARRAY_SIZE(views)] = { };
	size_t i;

	ASSERT_EQ(0, target_start(&self->t, build_many, NULL));
	ASSERT_EQ(0, attach(self->control, self->t.pid));
	for (i = 0; i < ARRAY_SIZE(reader); i++) {
		reader[i].fd = open_view(self->t.pid, views[i % ARRAY_SIZE(views)],
					 O_RDONLY);
		ASSERT_LE(0, reader[i].fd);
		ASSERT_EQ(0, pthread_create(&reader[i].thread, NULL, read_on,
					    &reader[i]));
	}
	for (i = 0; i < ARRAY_SIZE(reader); i++)
		while (__atomic_load_n(&reader[i].rounds, __ATOMIC_RELAXED) < 2) {
			ASSERT_EQ(0, reader[i].error);
			usleep(1000);
		}
	kill(self->t.pid, SIGKILL);
	for (i = 0; i < ARRAY_SIZE(reader); i++) {
		pthread_join(reader[i].thread, NULL);
		EXPECT_EQ(ESRCH, reader[i].error);
		close(reader[i].fd);
	}
}

/* --------------------------------------------------------------- counters */

TEST_F(debugfs, counters_count)
{
	uint64_t opened, open_now, scans, addresses, sections, entries, refused, gone;
	struct vmscope_translation answer;
	struct scan s;
	int device;

	opened = counter("targets_opened", 0);
	open_now = counter("targets_open", 0);
	ASSERT_EQ(0, target_start(&self->t, build_anon, self->memory));
	EXPECT_EQ(opened + 1, counter("targets_opened", 0));
	EXPECT_EQ(open_now + 1, counter("targets_open", 0));

	scans = counter("scans", 0);
	sections = counter("sections", 0);
	entries = counter("entries", 0);
	ASSERT_EQ(0, scan_target(&self->t, &s, RECORD(VMA) | RECORD(TALLY), 0));
	EXPECT_EQ(scans + s.calls, counter("scans", 0));
	EXPECT_EQ(sections + s.sections, counter("sections", 0));
	EXPECT_EQ(entries + s.entries, counter("entries", 0));
	EXPECT_NE(0, counter("mmap", 0) + counter("vma", 0));
	EXPECT_LE(s.longest_ns[VMSCOPE_LOCK_VMA], counter("vma", 2));
	EXPECT_LE(s.longest_ns[VMSCOPE_LOCK_MMAP], counter("mmap", 2));
	scan_free(&s);

	addresses = counter("addresses_translated", 0);
	EXPECT_SAME(leaf_translate(&self->t, self->memory->anon.start, &answer));
	EXPECT_EQ(addresses + 1, counter("addresses_translated", 0));

	refused = counter("ESRCH", 0);
	device = device_open();
	EXPECT_EQ(-ESRCH, target_open(device, 4194303));
	close(device);
	EXPECT_EQ(refused + 1, counter("ESRCH", 0));

	gone = counter("ESRCH", 1);
	kill(self->t.pid, SIGKILL);
	waitpid(self->t.pid, NULL, 0);
	EXPECT_EQ(-ESRCH, scan_target(&self->t, &s, RECORD(VMA), 0));
	EXPECT_EQ(gone + 1, counter("ESRCH", 1));
	self->t.pid = 0;
	target_stop(&self->t);
	EXPECT_EQ(open_now, counter("targets_open", 0));
}

/* For unload.sh: attach the parent, open a view, and hold what is asked for. */
static int hold(const char *what)
{
	int control = open(CONTROL, O_RDWR), view = -1;
	char c;

	if (control < 0 || attach(control, getppid()))
		return 1;
	if (!strcmp(what, "view")) {
		view = open_view(getppid(), "vmas", O_RDONLY);
		if (view < 0 || read(view, &c, 1) != 1)
			return 1;
		close(control);
	}
	puts("held");
	fflush(stdout);
	return read(0, &c, 1) < 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "--hold"))
		return hold(argv[2]);
	if (access(VMSCOPE_DEVICE, F_OK)) {
		ksft_print_header();
		ksft_exit_skip("the vmscope module is not loaded\n");
	}
	return test_harness_run(argc, argv);
}
