// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many processes in one call: each is there once, and is told what a target of
 * its own tells; knows nothing of page tables.
 */
#include "kselftest_harness.h"
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "leaf.h"
#include "zoo.h"

#define SUMS	(RECORD(TALLY) | RECORD(TABLE) | RECORD(CHARGE))
#define MANY	24
#define MOST	4096
#define CGROUP	"/sys/fs/cgroup"

static struct target zoo;

/* What one survey found. */
struct found {
	struct vmscope_process process[MOST];
	bool summed[MOST];		/* sums came before it */
	size_t nr, calls;
};

FIXTURE(survey) {
	int device;
	struct found *found;
	char buffer[1 << 16] __attribute__((aligned(8)));
	pid_t child[MANY];
};

FIXTURE_SETUP(survey)
{
	self->device = device_open();
	ASSERT_LE(0, self->device);
	self->found = calloc(1, sizeof(*self->found));
	ASSERT_NE(NULL, self->found);
}

FIXTURE_TEARDOWN(survey)
{
	int i;

	for (i = 0; i < MANY; i++) {
		if (!self->child[i])
			continue;
		kill(self->child[i], SIGKILL);
		waitpid(self->child[i], NULL, 0);
	}
	free(self->found);
	close(self->device);
}

static struct vmscope_survey survey_of(FIXTURE_DATA(survey) *self, pid_t pid, uint32_t limit,
				       uint64_t records)
{
	return (struct vmscope_survey){
		.size = sizeof(struct vmscope_survey),
		.pid = pid,
		.limit = limit,
		.buffer = (uintptr_t)self->buffer,
		.buffer_size = sizeof(self->buffer),
		.records = records,
	};
}

/* Take the records of a call apart; 0, or a negative error. */
static int take(const char *at, const struct vmscope_survey *call, struct found *found)
{
	const char *end = at + call->used;
	uint32_t records = 0;
	bool sums = false;

	for (; at < end; records++) {
		const struct vmscope_record *record = (const void *)at;

		if (record->size < sizeof(*record) || record->size > end - at)
			return -EBADMSG;
		if (record->type == VMSCOPE_RECORD_PROCESS) {
			if (record->size != sizeof(found->process[0]) || found->nr == MOST)
				return -EBADMSG;
			found->summed[found->nr] = sums;
			memcpy(&found->process[found->nr++], record, record->size);
		} else if (!(call->records >> record->type & 1)) {
			return -EBADMSG;
		}
		sums = record->type != VMSCOPE_RECORD_PROCESS;
		at += record->size;
	}
	/* what belongs together is never torn apart */
	return sums || records != call->nr_records ? -EBADMSG : 0;
}

/* All there are, call by call. */
static int survey_all(FIXTURE_DATA(survey) *self, struct vmscope_survey call)
{
	int error;

	self->found->nr = 0;
	for (self->found->calls = 0; !self->found->calls || call.pid; self->found->calls++) {
		error = vmscope_ioctl(self->device, VMSCOPE_SURVEY, &call);
		if (!error)
			error = take(self->buffer, &call, self->found);
		if (error)
			return error;
		if (call.next && call.next <= call.pid)
			return -EBADMSG;
		call.pid = call.next;
	}
	return 0;
}

static const struct vmscope_process *find(const struct found *found, pid_t pid)
{
	const struct vmscope_process *one = NULL;
	size_t i;

	for (i = 0; i < found->nr; i++)
		if (found->process[i].pid == pid)
			one = one ? NULL : &found->process[i];
	return one;
}

/* The records of one process, in a scan's form: what a scan of its own says. */
static void scan_the_same(struct __test_metadata *_metadata, FIXTURE_DATA(survey) *self,
			  struct target *t, uint64_t records)
{
	struct scan apart = { .records = records | RECORD(VMA), .flags = 0 };
	struct vmscope_survey call = survey_of(self, t->pid, 1, records);
	struct vmscope_target target = { .size = sizeof(target) };
	const struct vmscope_process *process;
	struct scan_tally expected = { 0 }, got = { 0 };
	uint64_t accounted = 0, pages = 0, charged = 0;
	const char *at = self->buffer;
	size_t i, n;

	ASSERT_EQ(0, scan_run(t->fd, &apart)) TH_LOG("%s", apart.error);
	ASSERT_EQ(0, vmscope_ioctl(t->fd, VMSCOPE_TARGET, &target));
	ASSERT_EQ(0, vmscope_ioctl(self->device, VMSCOPE_SURVEY, &call));
	ASSERT_EQ(0, take(self->buffer, &call, self->found));
	ASSERT_EQ(1, self->found->nr);
	process = self->found->process;
	EXPECT_EQ(t->pid, process->pid);
	EXPECT_EQ(0, process->error);
	EXPECT_EQ(0, memcmp(&target, &process->target, sizeof(target)));
	for (i = 0; i < apart.nr_vmas; i++)
		if (apart.vma[i].head.flags & VMSCOPE_VM_ACCOUNT)
			accounted += apart.vma[i].head.end - apart.vma[i].head.start;
	EXPECT_EQ(records ? accounted : 0, process->accounted);
	for (i = 0; i < apart.nr_tallies; i++)
		tally_add(&expected, &apart.tally[i]);
	for (; at < self->buffer + call.used; at += ((const struct vmscope_record *)at)->size) {
		const struct vmscope_tally *tally = (const void *)at;
		const struct vmscope_charge *charge = (const void *)at;
		const struct vmscope_table *table = (const void *)at;
		struct scan_table total;
		const __u64 *value;

		switch (tally->record.type) {
		case VMSCOPE_RECORD_TALLY:
			value = tally->value;
			for (n = 0; n < 64; n++)
				if (tally->cells >> n & 1)
					got.cell[n] = *value++;
			for (n = 0; n < 64; n++)
				if (tally->counters >> n & 1)
					got.counter[n] = *value++;
			break;
		case VMSCOPE_RECORD_CHARGE:
			for (n = 0; n < charge->groups; n++)
				pages += charge->group[n].pages;
			break;
		case VMSCOPE_RECORD_TABLE:
			table_total(&apart, &total);
			EXPECT_EQ(total.deposited, table->deposited);
			EXPECT_EQ(total.level[0].tables, table->level[0].tables);
			EXPECT_EQ(total.level[0].used, table->level[0].used);
			break;
		}
	}
	for (i = 0; i < apart.nr_charged; i++)
		charged += apart.charged[i].pages;
	EXPECT_EQ(charged, pages);
	EXPECT_EQ(0, memcmp(expected.cell, got.cell, sizeof(got.cell)));
	EXPECT_EQ(0, memcmp(expected.counter, got.counter, sizeof(got.counter)));
	scan_free(&apart);
}

TEST_F(survey, tells_of_a_process_what_its_target_does)
{
	scan_the_same(_metadata, self, &zoo, SUMS);
	EXPECT_TRUE(self->found->summed[0]);
}

TEST_F(survey, reads_nothing_when_no_sums_are_wanted)
{
	struct vmscope_survey call = survey_of(self, zoo.pid, 1, 0);

	ASSERT_EQ(0, vmscope_ioctl(self->device, VMSCOPE_SURVEY, &call));
	ASSERT_EQ(0, take(self->buffer, &call, self->found));
	ASSERT_EQ(1, self->found->nr);
	EXPECT_EQ(1, call.nr_records);
	EXPECT_EQ(0, call.cost.sections);
	EXPECT_LT(0, self->found->process[0].target.rss_anon);
}

static void start_many(struct __test_metadata *_metadata, FIXTURE_DATA(survey) *self)
{
	int i;

	for (i = 0; i < MANY; i++) {
		self->child[i] = fork();
		if (!self->child[i])
			for (;;)
				pause();
		ASSERT_LT(0, self->child[i]);
	}
}

TEST_F(survey, everybody_is_there_once_however_it_is_cut)
{
	struct vmscope_survey call = survey_of(self, 0, 0, SUMS);
	int cut, i;

	start_many(_metadata, self);
	for (cut = 0; cut < 4; cut++) {
		call.limit = cut & 1 ? 3 : 0;
		call.buffer_size = cut & 2 ? VMSCOPE_SURVEY_ROOM : sizeof(self->buffer);
		ASSERT_EQ(0, survey_all(self, call));
		if (cut)
			EXPECT_LE(self->found->nr / (cut & 2 ? 8 : 3), self->found->calls);
		for (i = 0; i < MANY; i++) {
			const struct vmscope_process *one = find(self->found, self->child[i]);

			ASSERT_NE(NULL, one);
			EXPECT_EQ(0, one->error);
			EXPECT_STREQ("survey", one->target.comm);
		}
		EXPECT_NE(NULL, find(self->found, getpid()));
		/* a kernel thread */
		EXPECT_EQ(NULL, find(self->found, 2));
	}
}

TEST_F(survey, one_address_space_has_one_number)
{
	pid_t child = vfork();

	/* its parent's memory is its own until it ends */
	if (!child) {
		static struct vmscope_survey call;

		call = survey_of(self, 0, 0, 0);
		_exit(survey_all(self, call) ? 1 : 0);
	}
	ASSERT_LT(0, child);
	waitpid(child, NULL, 0);
	ASSERT_NE(NULL, find(self->found, child));
	ASSERT_NE(NULL, find(self->found, getpid()));
	EXPECT_EQ(find(self->found, child)->target.mm, find(self->found, getpid())->target.mm);
	EXPECT_NE(find(self->found, zoo.pid)->target.mm, find(self->found, getpid())->target.mm);
}

TEST_F(survey, who_has_exited_is_told)
{
	struct vmscope_survey call;
	siginfo_t info;

	self->child[0] = fork();
	if (!self->child[0])
		_exit(0);
	ASSERT_EQ(0, waitid(P_PID, self->child[0], &info, WEXITED | WNOWAIT));
	call = survey_of(self, self->child[0], 1, SUMS);
	ASSERT_EQ(0, vmscope_ioctl(self->device, VMSCOPE_SURVEY, &call));
	ASSERT_EQ(0, take(self->buffer, &call, self->found));
	ASSERT_EQ(1, self->found->nr);
	EXPECT_EQ(self->child[0], self->found->process[0].pid);
	EXPECT_EQ(ESRCH, self->found->process[0].error);
	EXPECT_FALSE(self->found->summed[0]);
	EXPECT_EQ(0, self->found->process[0].target.mm);
}

static void *outlive(void *unused)
{
	for (;;)
		pause();
	return unused;
}

/* The first thread has ended; the process has not. */
TEST_F(survey, memory_of_other_threads_is_read)
{
	struct vmscope_survey call;
	char path[64], state = 0;

	self->child[0] = fork();
	if (!self->child[0]) {
		pthread_t thread;

		pthread_create(&thread, NULL, outlive, NULL);
		pthread_exit(NULL);
	}
	snprintf(path, sizeof(path), "/proc/%d/stat", self->child[0]);
	while (state != 'Z') {
		FILE *file = fopen(path, "r");

		ASSERT_NE(NULL, file);
		ASSERT_EQ(1, fscanf(file, "%*d %*s %c", &state));
		fclose(file);
	}
	call = survey_of(self, self->child[0], 1, SUMS);
	ASSERT_EQ(0, vmscope_ioctl(self->device, VMSCOPE_SURVEY, &call));
	ASSERT_EQ(0, take(self->buffer, &call, self->found));
	EXPECT_EQ(0, self->found->process[0].error);
	EXPECT_TRUE(self->found->summed[0]);
}

TEST_F(survey, tells_the_score_and_the_control_group)
{
	struct vmscope_survey call = survey_of(self, zoo.pid, 1, 0);
	char path[256], line[512] = "";
	struct stat about;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", zoo.pid);
	ASSERT_EQ(0, write_file(path, "321"));
	ASSERT_EQ(0, vmscope_ioctl(self->device, VMSCOPE_SURVEY, &call));
	ASSERT_EQ(0, write_file(path, "0"));
	ASSERT_EQ(0, take(self->buffer, &call, self->found));
	EXPECT_EQ(321, self->found->process[0].oom_score_adj);
	snprintf(path, sizeof(path), "/proc/%d/cgroup", zoo.pid);
	file = fopen(path, "r");
	while (file && strncmp(line, "0::", 3) && fgets(line, sizeof(line), file))
		;
	if (file)
		fclose(file);
	line[strcspn(line, "\n")] = 0;
	snprintf(path, sizeof(path), CGROUP "%.200s", line + 3);
	if (strncmp(line, "0::", 3) || stat(path, &about) ||
	    access(CGROUP "/cgroup.controllers", F_OK))
		SKIP(return, "no control groups of version 2 in " CGROUP);
	EXPECT_EQ(about.st_ino, self->found->process[0].cgroup);
}

TEST_F(survey, without_sys_ptrace_only_oneself_is_read)
{
	IN_CHILD({
		size_t i;

		ASSERT_EQ(0, drop_capability(CAP_SYS_PTRACE));
		ASSERT_EQ(0, survey_all(self, survey_of(self, 0, 0, RECORD(TALLY))));
		for (i = 0; i < self->found->nr; i++) {
			const struct vmscope_process *one = &self->found->process[i];

			EXPECT_EQ(one->pid == getpid(), self->found->summed[i]);
			EXPECT_EQ(one->pid == getpid(), !one->error);
			EXPECT_EQ(one->pid == getpid(), !!one->target.mm);
		}
		ASSERT_NE(NULL, find(self->found, zoo.pid));
		EXPECT_EQ(EPERM, find(self->found, zoo.pid)->error);
	});
}

TEST_F(survey, without_sys_admin_it_is_not_told_who_pays)
{
	IN_CHILD({
		struct vmscope_survey call = survey_of(self, zoo.pid, 1, SUMS);

		ASSERT_EQ(0, drop_capability(CAP_SYS_ADMIN));
		EXPECT_EQ(-EPERM, vmscope_ioctl(self->device, VMSCOPE_SURVEY, &call));
		call.records = RECORD(TALLY) | RECORD(TABLE);
		EXPECT_EQ(0, vmscope_ioctl(self->device, VMSCOPE_SURVEY, &call));
	});
}

TEST_F(survey, arguments_that_make_no_sense_are_refused)
{
	struct vmscope_survey call = survey_of(self, -1, 0, 0);

	EXPECT_EQ(-EINVAL, vmscope_ioctl(self->device, VMSCOPE_SURVEY, &call));
	call = survey_of(self, 0, 0, 0);
	call.buffer_size = VMSCOPE_SURVEY_ROOM - 1;
	EXPECT_EQ(-EINVAL, vmscope_ioctl(self->device, VMSCOPE_SURVEY, &call));
	call = survey_of(self, 0, 0, 0);
	call.__reserved = 1;
	EXPECT_EQ(-EINVAL, vmscope_ioctl(self->device, VMSCOPE_SURVEY, &call));
	call = survey_of(self, 0, 0, RECORD(VMA));
	EXPECT_EQ(-EOPNOTSUPP, vmscope_ioctl(self->device, VMSCOPE_SURVEY, &call));
	call = survey_of(self, 0, 0, 1ull << 63);
	EXPECT_EQ(-EOPNOTSUPP, vmscope_ioctl(self->device, VMSCOPE_SURVEY, &call));
	call = survey_of(self, 0, 0, SUMS);
	call.buffer = 8;
	EXPECT_EQ(-EFAULT, vmscope_ioctl(self->device, VMSCOPE_SURVEY, &call));
	/* beyond everybody */
	call = survey_of(self, 1 << 30, 0, SUMS);
	EXPECT_EQ(0, vmscope_ioctl(self->device, VMSCOPE_SURVEY, &call));
	EXPECT_EQ(0, call.next | call.used | call.nr_records);
}

VMSCOPE_TEST_MAIN_OF_ZOO(zoo)
