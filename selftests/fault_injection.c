// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every allocation and every copy of every operation is made to fail once: the
 * error must be a documented one and nothing may be left behind. Needs a kernel
 * with fault injection; knows nothing of what the operations answer.
 */
#include "kselftest_harness.h"
#include <fcntl.h>
#include <sys/ioctl.h>
#include "filled.h"
#include "leaf.h"

#define DEBUGFS		"/sys/kernel/debug/"
#define MOST		400	/* no operation has so many places to fail */

FIXTURE(fail) {
	int device;
	int target;
	int nth;		/* /proc/thread-self/fail-nth */
	unsigned int no_memory;	/* how often an operation said so */
	uint64_t got;		/* types of the records of the last one */
	char buffer[65536] __attribute__((aligned(8)));
};

static const char *const attributes[] = {
	"failslab", "fail_page_alloc", "fail_usercopy",
};

static void set_up_attribute(const char *name)
{
	static const struct {
		const char *file;
		const char *value;
	} settings[] = {
		/* Ordinary allocations too, and without a stack trace for each. */
		{ "ignore-gfp-wait", "N" }, { "ignore-gfp-highmem", "N" },
		{ "min-order", "0" }, { "verbose", "0" }, { "task-filter", "N" },
	};
	char path[128];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		snprintf(path, sizeof(path), DEBUGFS "%s/%s", name,
			 settings[i].file);
		write_file(path, settings[i].value);
	}
}

FIXTURE_SETUP(fail)
{
	size_t i;

	self->device = device_open();
	ASSERT_LE(0, self->device);
	self->target = target_open(self->device, 0);
	ASSERT_LE(0, self->target);
	self->nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (self->nth < 0)
		SKIP(return, "this kernel has no fault injection");
	for (i = 0; i < ARRAY_SIZE(attributes); i++)
		set_up_attribute(attributes[i]);
	vmscope_info();
}

FIXTURE_TEARDOWN(fail)
{
	close(self->target);
	close(self->device);
	if (self->nth >= 0)
		close(self->nth);
}

typedef int (*operation_fn)(FIXTURE_DATA(fail) *self);

static int do_open_device(FIXTURE_DATA(fail) *self)
{
	int fd = device_open();

	(void)self;
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static int do_info(FIXTURE_DATA(fail) *self)
{
	struct vmscope_info arg = { .size = sizeof(arg) };

	return vmscope_ioctl(self->device, VMSCOPE_INFO, &arg);
}

static int do_open(FIXTURE_DATA(fail) *self)
{
	int fd = target_open(self->device, 0);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static int do_target(FIXTURE_DATA(fail) *self)
{
	struct vmscope_target arg = { .size = sizeof(arg) };

	return vmscope_ioctl(self->target, VMSCOPE_TARGET, &arg);
}

/* Keep what a scan or a survey came to; its error. */
static int note(FIXTURE_DATA(fail) *self, int error, uint64_t used)
{
	const char *at = self->buffer, *end = at + used;

	self->got = 0;
	while (!error && at < end) {
		const struct vmscope_record *record = (const void *)at;

		self->got |= 1ull << record->type;
		at += record->size;
	}
	return error;
}

static int scan(FIXTURE_DATA(fail) *self, uint64_t records, uint64_t key)
{
	struct vmscope_scan arg = {
		.size = sizeof(arg), .end = vmscope_info()->task_size,
		.buffer = (uintptr_t)self->buffer,
		.buffer_size = sizeof(self->buffer),
		.records = records, .key = key,
	};
	int error = vmscope_ioctl(self->target, VMSCOPE_SCAN, &arg);

	return note(self, error, arg.used);
}

static int do_scan_tally(FIXTURE_DATA(fail) *self)
{
	return scan(self, RECORD(VMA) | RECORD(TALLY), 0);
}

static int do_scan_extents(FIXTURE_DATA(fail) *self)
{
	return scan(self, RECORD(VMA) | RECORD(EXTENT), scan_full_key());
}

static int do_scan_fill(FIXTURE_DATA(fail) *self)
{
	return scan(self, RECORD(VMA) | RECORD(TALLY) | RECORD(FILL), 0);
}

static int do_scan_charge(FIXTURE_DATA(fail) *self)
{
	return scan(self, RECORD(VMA) | RECORD(TALLY) | RECORD(CHARGE), 0);
}

static int do_scan_tables(FIXTURE_DATA(fail) *self)
{
	return scan(self, RECORD(VMA) | RECORD(TALLY) | RECORD(TABLE), 0);
}

/* With the target's memory for scans, which stays for those that follow. */
static int first(FIXTURE_DATA(fail) *self, int (*scan_fn)(FIXTURE_DATA(fail) *self))
{
	int old = self->target, error;

	self->target = target_open(self->device, 0);
	error = self->target < 0 ? self->target : scan_fn(self);
	if (self->target >= 0)
		close(self->target);
	self->target = old;
	return error;
}

static int do_first_scan(FIXTURE_DATA(fail) *self)
{
	return first(self, do_scan_extents);
}

static int do_first_fill(FIXTURE_DATA(fail) *self)
{
	return first(self, do_scan_fill);
}

static int do_first_charge(FIXTURE_DATA(fail) *self)
{
	return first(self, do_scan_charge);
}

static int do_first_tables(FIXTURE_DATA(fail) *self)
{
	return first(self, do_scan_tables);
}

/* Of this process alone: the others would be as many places again. */
static int do_survey(FIXTURE_DATA(fail) *self)
{
	struct vmscope_survey arg = {
		.size = sizeof(arg), .pid = getpid(), .limit = 1,
		.buffer = (uintptr_t)self->buffer,
		.buffer_size = sizeof(self->buffer),
		.records = RECORD(TALLY) | RECORD(TABLE) | RECORD(CHARGE),
	};
	int error = vmscope_ioctl(self->device, VMSCOPE_SURVEY, &arg);

	return note(self, error, arg.used);
}

static int do_translate(FIXTURE_DATA(fail) *self)
{
	struct vmscope_translation answer[16] = { { .address = (uintptr_t)self } };
	struct vmscope_translate arg = {
		.size = sizeof(arg), .translations = (uintptr_t)answer,
		.count = ARRAY_SIZE(answer), .stride = sizeof(answer[0]),
	};

	return vmscope_ioctl(self->target, VMSCOPE_TRANSLATE, &arg);
}

/* Attach, read every view and detach; views may end early, and then say so. */
static int do_debugfs(FIXTURE_DATA(fail) *self)
{
	static const char *const views[] = {
		"vmas", "walk", "tables", "swap", "ksm", "thp",
	};
	int control = open(DEBUGFS "vmscope/control", O_RDWR | O_CLOEXEC);
	char text[64];
	int error = control < 0 ? -errno : 0, fd, n;
	size_t i;

	snprintf(text, sizeof(text), "attach %d", getpid());
	if (!error && write(control, text, strlen(text)) < 0)
		error = -errno;
	for (i = 0; i < ARRAY_SIZE(views) && !error; i++) {
		snprintf(text, sizeof(text), DEBUGFS "vmscope/%d/%s", getpid(),
			 views[i]);
		fd = open(text, O_RDONLY | O_CLOEXEC);
		while (fd >= 0 && (n = read(fd, self->buffer, sizeof(self->buffer))) > 0)
			;
		if (fd < 0 || n < 0)
			error = -errno;
		if (fd >= 0)
			close(fd);
	}
	if (control >= 0)
		close(control);
	/* gone in any case */
	snprintf(text, sizeof(text), DEBUGFS "vmscope/%d", getpid());
	return access(text, F_OK) ? error : -EEXIST;
}

static int lowest_descriptor(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static bool fail_at(int fd, int nth)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", nth);
	return pwrite(fd, text, strlen(text), 0) > 0;
}

/* Was the place reached? Asking can be what fails, and then it was not. */
static bool has_failed(int fd)
{
	char text[16] = "";
	bool reached = pread(fd, text, sizeof(text) - 1, 0) > 0 && !atoi(text);

	while (pwrite(fd, "0", 1, 0) < 0)
		;
	return reached;
}

/* Fail the first place, then the second, until there are no more. */
static void sweep(struct __test_metadata *_metadata, FIXTURE_DATA(fail) *self,
		  operation_fn operation)
{
	int before = lowest_descriptor(), nth;

	ASSERT_EQ(0, operation(self));
	for (nth = 1; nth < MOST; nth++) {
		bool reached;
		int error;

		ASSERT_TRUE(fail_at(self->nth, nth));
		error = operation(self);
		reached = has_failed(self->nth);
		self->no_memory += error == -ENOMEM;
		ASSERT_TRUE(error == 0 || error == -ENOMEM || error == -EFAULT)
			TH_LOG("place %d: %s", nth, strerror(-error));
		ASSERT_EQ(before, lowest_descriptor());
		if (!reached)
			break;
	}
	EXPECT_LT(1, nth) TH_LOG("nothing could be made to fail");
	EXPECT_GT(MOST, nth);
	TH_LOG("%d places", nth - 1);
	EXPECT_EQ(0, operation(self));
}

TEST_F(fail, open_device)
{
	sweep(_metadata, self, do_open_device);
}

TEST_F(fail, info)
{
	sweep(_metadata, self, do_info);
}

TEST_F(fail, open)
{
	sweep(_metadata, self, do_open);
}

TEST_F(fail, target)
{
	sweep(_metadata, self, do_target);
}

TEST_F(fail, scan_tally)
{
	sweep(_metadata, self, do_scan_tally);
}

TEST_F(fail, scan_extents)
{
	sweep(_metadata, self, do_scan_extents);
}

TEST_F(fail, first_scan)
{
	sweep(_metadata, self, do_first_scan);
	EXPECT_NE(0, self->no_memory);
}

/* A huge page, for FILL to have something to read. */
TEST_F(fail, scan_fill)
{
	struct shared *s = shared_alloc(sizeof(*s));

	ASSERT_NE(NULL, s);
	ASSERT_BUILT(map_zeros(s, PMD_SIZE), "huge pages");
	sweep(_metadata, self, do_scan_fill);
	sweep(_metadata, self, do_first_fill);
	EXPECT_NE(0, self->no_memory);
	EXPECT_NE(0, self->got & RECORD(FILL));
}

TEST_F(fail, scan_charge)
{
	sweep(_metadata, self, do_scan_charge);
	sweep(_metadata, self, do_first_charge);
	EXPECT_NE(0, self->no_memory);
	EXPECT_NE(0, self->got & RECORD(CHARGE));
}

TEST_F(fail, scan_tables)
{
	sweep(_metadata, self, do_scan_tables);
	sweep(_metadata, self, do_first_tables);
	EXPECT_NE(0, self->no_memory);
	EXPECT_NE(0, self->got & RECORD(TABLE));
}

TEST_F(fail, survey)
{
	sweep(_metadata, self, do_survey);
	EXPECT_NE(0, self->no_memory);
	EXPECT_EQ(RECORD(PROCESS) | RECORD(TALLY) | RECORD(TABLE) | RECORD(CHARGE), self->got);
}

TEST_F(fail, translate)
{
	sweep(_metadata, self, do_translate);
}

TEST_F(fail, debugfs)
{
	sweep(_metadata, self, do_debugfs);
}

VMSCOPE_TEST_MAIN
