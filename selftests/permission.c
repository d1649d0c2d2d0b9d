// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who may look at whom, and at how much: users, capabilities, pid and user
 * namespaces; knows nothing of lockdown, which cannot be undone.
 */
#include "kselftest_harness.h"
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include "leaf.h"

#define NOBODY	65534

FIXTURE(permission) {
	int device;
	struct target root;	/* another process, of root */
	struct region *r;
};

static int build(void *arg, unsigned int step)
{
	struct region *r = arg;
	char *p = map_anon(8 * PAGE_SIZE, PAGE_SIZE);

	(void)step;
	touch(p, 8 * PAGE_SIZE);
	*r = region_of(p, 8 * PAGE_SIZE);
	return 0;
}

FIXTURE_SETUP(permission)
{
	vmscope_info();		/* while this process may still ask */
	self->r = shared_alloc(sizeof(*self->r));
	self->device = device_open();
	ASSERT_LE(0, self->device);
	ASSERT_EQ(0, target_start(&self->root, build, self->r));
}

FIXTURE_TEARDOWN(permission)
{
	target_stop(&self->root);
	close(self->device);
}

static void become_nobody(void)
{
	if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))
		_exit(99);
	/* Or its own /proc files, and it, would stay root's. */
	prctl(PR_SET_DUMPABLE, 1);
}

TEST_F(permission, others_cannot_open_the_device)
{
	IN_CHILD({
		become_nobody();
		EXPECT_EQ(-EACCES, device_open());
	});
}

TEST_F(permission, handed_over_device_does_not_open_others)
{
	IN_CHILD({
		become_nobody();
		EXPECT_EQ(-EPERM, target_open(self->device, self->root.pid));
		EXPECT_EQ(-EPERM, target_open(self->device, 1));
	});
}

static void expect_frames(struct __test_metadata *_metadata, int fd,
			  const struct region *r)
{
	struct scan_page p;
	struct scan s;

	ASSERT_EQ(0, scan_everything(fd, r->start, r->end, &s)) TH_LOG("%s", s.error);
	ASSERT_TRUE(scan_page(&s, r->start, &p));
	EXPECT_NE(0, p.frame);
	scan_free(&s);
}

/* All that names a frame must be zero; the rest is as for anyone. */
static void expect_nothing_physical(struct __test_metadata *_metadata, int fd,
				    const struct region *r)
{
	struct vmscope_translation walk;
	struct target t = { .fd = fd };
	struct scan s;
	size_t i;
	int level;

	ASSERT_EQ(0, scan_everything(fd, 0, 0, &s)) TH_LOG("%s", s.error);
	EXPECT_NE(0, s.nr_extents);
	for (i = 0; i < s.nr_extents; i++) {
		ASSERT_EQ(VMSCOPE_FRAMES_NONE, s.extent[i].head.encoding);
		ASSERT_EQ(0, s.extent[i].head.frame);
	}
	scan_free(&s);
	EXPECT_SAME(leaf_translate(&t, r->start, &walk));
	EXPECT_EQ(VMSCOPE_STOP_LEAF, walk.stop);
	EXPECT_EQ(VMSCOPE_STATE_PRESENT, ATTR_STATE(walk.attributes));
	EXPECT_EQ(0, walk.frame | walk.physical);
	for (level = 0; level < VMSCOPE_MAX_LEVELS; level++)
		EXPECT_EQ(0, walk.step[level].raw | walk.step[level].table);
	/* who else touched a page is as little one's business */
	s = (struct scan){ .records = RECORD(CHARGE) };
	EXPECT_EQ(-EPERM, scan_run(fd, &s)) TH_LOG("%s", s.error);
	scan_free(&s);
}

TEST_F(permission, handed_over_device_opens_oneself_without_frames)
{
	IN_CHILD({
		struct vmscope_open arg = { .size = sizeof(arg) };
		struct region r;

		become_nobody();
		build(&r, 0);
		ASSERT_EQ(0, vmscope_ioctl(self->device, VMSCOPE_OPEN, &arg));
		EXPECT_EQ(0, arg.physical);
		expect_nothing_physical(_metadata, arg.fd, &r);
	});
}

TEST_F(permission, info_says_what_the_caller_would_see)
{
	EXPECT_EQ(1, vmscope_info()->physical);
	IN_CHILD({
		struct vmscope_info info = { .size = sizeof(info) };

		become_nobody();
		ASSERT_EQ(0, vmscope_ioctl(self->device, VMSCOPE_INFO, &info));
		EXPECT_EQ(0, info.physical);
	});
}

TEST_F(permission, handed_over_target_keeps_what_its_opener_had)
{
	IN_CHILD({
		become_nobody();
		expect_frames(_metadata, self->root.fd, self->r);
	});
}

TEST_F(permission, root_without_sys_ptrace_opens_only_itself)
{
	IN_CHILD({
		int fd;

		ASSERT_EQ(0, drop_capability(CAP_SYS_PTRACE));
		EXPECT_EQ(-EPERM, target_open(self->device, self->root.pid));
		fd = target_open(self->device, 0);
		EXPECT_LE(0, fd);
	});
}

TEST_F(permission, root_without_sys_admin_sees_no_frames)
{
	IN_CHILD({
		struct vmscope_open arg = {
			.size = sizeof(arg), .pid = self->root.pid,
		};

		ASSERT_EQ(0, drop_capability(CAP_SYS_ADMIN));
		ASSERT_EQ(0, vmscope_ioctl(self->device, VMSCOPE_OPEN, &arg));
		EXPECT_EQ(0, arg.physical);
		expect_nothing_physical(_metadata, arg.fd, self->r);
	});
}

/* Rights are taken when a target is opened; then they are fixed. */
TEST_F(permission, target_keeps_its_frames_when_rights_are_dropped)
{
	IN_CHILD({
		int fd = target_open(self->device, self->root.pid);

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, drop_capability(CAP_SYS_ADMIN));
		expect_frames(_metadata, fd, self->r);
	});
}

/* ---------------------------------------------------------- a program anew */

/* Start this program with --wait in the caller's namespaces; its pid. */
static pid_t start_waiting(void)
{
	int up[2];
	pid_t child;
	char c;

	if (pipe(up))
		return -1;
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(up[1], 1);
		execl("/proc/self/exe", "permission", "--wait", NULL);
		_exit(127);
	}
	close(up[1]);
	if (read(up[0], &c, 1) != 1)
		child = -1;
	close(up[0]);
	return child;
}

/* -------------------------------------------------------------- namespaces */

TEST_F(permission, pids_are_those_of_the_callers_namespace)
{
	IN_CHILD({
		pid_t init;

		ASSERT_EQ(0, unshare(CLONE_NEWPID));
		init = fork();
		if (!init) {
			struct vmscope_target totals = { .size = sizeof(totals) };
			int fd = target_open(self->device, 1);
			pid_t child = start_waiting();

			EXPECT_EQ(1, getpid());
			ASSERT_LE(0, fd);
			ASSERT_EQ(0, vmscope_ioctl(fd, VMSCOPE_TARGET, &totals));
			EXPECT_EQ(0, strcmp("permission", totals.comm));
			/* The next pid here is 2; out there it is kthreadd. */
			EXPECT_EQ(2, child);
			EXPECT_LE(0, target_open(self->device, child));
			EXPECT_EQ(-ESRCH, target_open(self->device, 3));
			EXPECT_EQ(-ESRCH, target_open(self->device, self->root.pid));
			_exit(0);
		}
		waitpid(init, NULL, 0);
	});
}

/* Both levels are the same there: capabilities count, not who one is. */
TEST_F(permission, two_levels_inside_a_pid_namespace)
{
	IN_CHILD({
		pid_t init;
		int status;

		ASSERT_EQ(0, unshare(CLONE_NEWPID));
		init = fork();
		if (!init) {
			struct vmscope_open arg = {
				.size = sizeof(arg), .pid = start_waiting(),
			};
			struct region r;

			build(&r, 0);
			ASSERT_EQ(0, vmscope_ioctl(self->device, VMSCOPE_OPEN, &arg));
			EXPECT_EQ(1, arg.physical);
			ASSERT_EQ(0, drop_capability(CAP_SYS_ADMIN));
			ASSERT_EQ(0, vmscope_ioctl(self->device, VMSCOPE_OPEN, &arg));
			EXPECT_EQ(0, arg.physical);
			become_nobody();
			EXPECT_EQ(-EPERM, target_open(self->device, arg.pid));
			arg.pid = 1;
			ASSERT_EQ(0, vmscope_ioctl(self->device, VMSCOPE_OPEN, &arg));
			EXPECT_EQ(0, arg.physical);
			expect_nothing_physical(_metadata, arg.fd, &r);
			_exit(0);
		}
		waitpid(init, &status, 0);
		EXPECT_EQ(0, status);
		_exit(0);
	});
}

TEST_F(permission, user_namespace_reaches_its_own_and_no_other)
{
	IN_CHILD({
		struct vmscope_open arg = { .size = sizeof(arg) };
		struct region r;

		build(&r, 0);
		become_nobody();
		ASSERT_EQ(0, unshare(CLONE_NEWUSER));
		/* All capabilities there, none here. */
		EXPECT_EQ(-EPERM, target_open(self->device, self->root.pid));
		arg.pid = start_waiting();
		ASSERT_LT(0, arg.pid);
		ASSERT_EQ(0, vmscope_ioctl(self->device, VMSCOPE_OPEN, &arg));
		EXPECT_EQ(0, arg.physical);
		arg.pid = 0;
		ASSERT_EQ(0, vmscope_ioctl(self->device, VMSCOPE_OPEN, &arg));
		EXPECT_EQ(0, arg.physical);
		expect_nothing_physical(_metadata, arg.fd, &r);
	});
}

/* A process of one's own user, but not oneself: the right is still needed. */
TEST_F(permission, same_user_is_not_enough)
{
	IN_CHILD({
		pid_t child;

		become_nobody();
		child = start_waiting();
		ASSERT_LT(0, child);
		EXPECT_EQ(-EPERM, target_open(self->device, child));
	});
}

/* For lockdown.sh: does a fresh target show frames as @expected says? */
static int check_physical(uint32_t expected)
{
	struct vmscope_info info = { .size = sizeof(info) };
	struct vmscope_open arg = { .size = sizeof(arg) };
	struct vmscope_translation walk;
	struct target t = { .fd = -1 };
	struct region r;
	int device = device_open();

	build(&r, 0);
	if (vmscope_ioctl(device, VMSCOPE_INFO, &info) ||
	    vmscope_ioctl(device, VMSCOPE_OPEN, &arg))
		return 2;
	t.fd = arg.fd;
	if (leaf_translate(&t, r.start, &walk) || walk.stop != VMSCOPE_STOP_LEAF)
		return 3;
	if (info.physical != expected || arg.physical != expected) {
		printf("# physical %u and %u, expected %u\n", info.physical,
		       arg.physical, expected);
		return 1;
	}
	return (expected == 1) != (walk.frame && walk.physical && walk.step[0].raw);
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "--physical"))
		return check_physical(atoi(argv[2]));
	if (argc > 1 && !strcmp(argv[1], "--wait")) {
		if (write(1, "", 1) == 1)
			pause();
		return 0;
	}
	SKIP_WITHOUT_MODULE();
	return test_harness_run(argc, argv);
}
