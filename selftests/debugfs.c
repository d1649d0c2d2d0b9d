// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The directory in debugfs: who may attach what and for how long, what becomes of
 * views while they are read, and that the counters count; knows nothing of what
 * views say.
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
#include "debugfs.h"
#include "leaf.h"

#define MOST	64	/* attachments */
#define NOBODY	65534

VIEW_FIXTURE(debugfs)

/* ------------------------------------------------------------------ tools */

static bool has_directory(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), DEBUGFS "/%d", pid);
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
	int fd = open(DEBUGFS "/counters", O_RDONLY | O_CLOEXEC);
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

/* ------------------------------------------------------------ attachments */

TEST_F(debugfs, attach_makes_the_views_and_detach_removes_them)
{
	size_t i;
	char *text;

	ASSERT_EQ(0, target_start(&self->t, view_build_anon, self->memory));
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

	ASSERT_EQ(0, target_start(&self->t, view_build_anon, self->memory));
	ASSERT_EQ(0, attach(self->control, self->t.pid));
	ASSERT_EQ(0, stat(DEBUGFS "/control", &s));
	EXPECT_EQ(0600, s.st_mode & 07777);
	ASSERT_EQ(0, stat(DEBUGFS "/counters", &s));
	EXPECT_EQ(0400, s.st_mode & 07777);
	for (i = 0; i < ARRAY_SIZE(views); i++) {
		snprintf(path, sizeof(path), DEBUGFS "/%d/%s", self->t.pid, views[i]);
		ASSERT_EQ(0, stat(path, &s));
		EXPECT_EQ(strcmp(views[i], "walk") ? 0400 : 0600, s.st_mode & 07777);
		EXPECT_EQ(0, s.st_uid);
	}
	IN_CHILD({
		if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))
			_exit(99);
		EXPECT_EQ(-1, open(DEBUGFS "/control", O_RDWR));
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
	ASSERT_EQ(0, target_start(&self->t, view_build_anon, self->memory));
	fd = open(DEBUGFS "/control", O_RDWR | O_CLOEXEC);
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

	ASSERT_EQ(0, target_start(&self->t, view_build_anon, self->memory));
	ASSERT_EQ(0, pipe(ready));
	opener = fork();
	if (!opener) {
		int fd = open(DEBUGFS "/control", O_RDWR | O_CLOEXEC);

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
	int other = open(DEBUGFS "/control", O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, target_start(&self->t, view_build_anon, self->memory));
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
		EXPECT_EQ(-EINVAL, send_command(self->control, bad[i]))
			TH_LOG("command %zu", i);
	EXPECT_EQ(-1, write(self->control, "attach 1\0 2", 11));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-E2BIG, send_command(self->control, "attach                          1"));
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

	ASSERT_EQ(0, target_start(&self->t, view_build_anon, self->memory));
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
		return view_build_anon(arg, 0);
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
	int other = open(DEBUGFS "/control", O_RDWR | O_CLOEXEC), fd;
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

TEST_F(debugfs, exit_while_a_view_is_read)
{
	int round, rounds = 6, ended = 0;

	for (round = 0; round < rounds; round++) {
		const char *view = views[round % ARRAY_SIZE(views)];
		char *text = "";
		pid_t killer;
		int fd, i;

		ASSERT_EQ(0, target_start(&self->t, view_build_many, NULL));
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

	ASSERT_EQ(0, target_start(&self->t, view_build_many, NULL));
	for (round = 0; round < 5; round++) {
		int fd = open(DEBUGFS "/control", O_RDWR | O_CLOEXEC);

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
		fd = open(DEBUGFS "/control", O_RDWR | O_CLOEXEC);
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

	ASSERT_EQ(0, target_start(&self->t, view_build_anon, self->memory));
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

TEST_F(debugfs, views_are_read_in_parallel)
{
	struct reader reader[2 * ARRAY_SIZE(views)] = { };
	size_t i;

	ASSERT_EQ(0, target_start(&self->t, view_build_many, NULL));
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

/* ------------------------------------------------------------------ rights */

TEST_F(debugfs, attaching_takes_the_right_to_look)
{
	ASSERT_EQ(0, target_start(&self->t, view_build_anon, self->memory));
	IN_CHILD({
		ASSERT_EQ(0, drop_capability(CAP_SYS_PTRACE));
		EXPECT_EQ(-EPERM, attach(self->control, self->t.pid));
	});
	EXPECT_FALSE(has_directory(self->t.pid));
}

/* What one has attached gives nothing to others. */
TEST_F(debugfs, opening_a_view_takes_the_right_to_look)
{
	ASSERT_EQ(0, target_start(&self->t, view_build_anon, self->memory));
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
	ASSERT_EQ(0, target_start(&self->t, view_build_all, self->memory));
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

/* --------------------------------------------------------------- counters */

TEST_F(debugfs, counters_count)
{
	uint64_t opened, open_now, scans, addresses, sections, entries, refused, gone;
	struct scan s = { .records = RECORD(VMA) | RECORD(TALLY) };
	struct vmscope_translation answer;
	int device;

	opened = counter("targets_opened", 0);
	open_now = counter("targets_open", 0);
	ASSERT_EQ(0, target_start(&self->t, view_build_anon, self->memory));
	EXPECT_EQ(opened + 1, counter("targets_opened", 0));
	EXPECT_EQ(open_now + 1, counter("targets_open", 0));

	scans = counter("scans", 0);
	sections = counter("sections", 0);
	entries = counter("entries", 0);
	ASSERT_EQ(0, scan_run(self->t.fd, &s));
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
	s = (struct scan){ .records = RECORD(VMA) };
	EXPECT_EQ(-ESRCH, scan_run(self->t.fd, &s));
	EXPECT_EQ(gone + 1, counter("ESRCH", 1));
	self->t.pid = 0;
	target_stop(&self->t);
	EXPECT_EQ(open_now, counter("targets_open", 0));
}

/* For unload.sh: attach the parent, open a view, and hold what is asked for. */
static int hold(const char *what)
{
	int control = open(DEBUGFS "/control", O_RDWR), view = -1;
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
