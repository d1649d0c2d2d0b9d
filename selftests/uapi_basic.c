// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What every operation of the interface must do alike: sizes, growth, flags,
 * bad pointers, the wrong descriptor; knows nothing of what they answer.
 */
#include "kselftest_harness.h"
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include "leaf.h"

#define ROOM	8192

union argument {
	struct vmscope_info info;
	struct vmscope_open open;
	struct vmscope_target target;
	struct vmscope_scan scan;
	struct vmscope_translate translate;
	struct vmscope_survey survey;
	uint32_t head[2];	/* size and flags, first in each of them */
	char bytes[ROOM];
};

FIXTURE(operation) {
	int device;
	int target;
	int fd;			/* the one that knows the operation */
	int other;		/* the one that does not, or -1 */
	union argument *arg;
	char buffer[4096];
	struct vmscope_translation translation;
};

FIXTURE_VARIANT(operation) {
	unsigned long request;
	size_t size;
	size_t first;	/* published first, where it has grown since */
	bool on_device;
	bool on_target;
};

FIXTURE_VARIANT_ADD(operation, info) {
	.request = VMSCOPE_INFO, .size = sizeof(struct vmscope_info),
	.on_device = true, .on_target = true,
};

FIXTURE_VARIANT_ADD(operation, open) {
	.request = VMSCOPE_OPEN, .size = sizeof(struct vmscope_open),
	.on_device = true,
};

FIXTURE_VARIANT_ADD(operation, target) {
	.request = VMSCOPE_TARGET, .size = sizeof(struct vmscope_target),
	.first = offsetof(struct vmscope_target, context), .on_target = true,
};

FIXTURE_VARIANT_ADD(operation, scan) {
	.request = VMSCOPE_SCAN, .size = sizeof(struct vmscope_scan),
	.on_target = true,
};

FIXTURE_VARIANT_ADD(operation, translate) {
	.request = VMSCOPE_TRANSLATE, .size = sizeof(struct vmscope_translate),
	.on_target = true,
};

FIXTURE_VARIANT_ADD(operation, survey) {
	.request = VMSCOPE_SURVEY, .size = sizeof(struct vmscope_survey),
	.on_device = true,
};

/* A call that succeeds, but for what a test then breaks. */
static void good_argument(FIXTURE_DATA(operation) *self,
			  const FIXTURE_VARIANT(operation) *variant)
{
	union argument *a = self->arg;

	memset(a, 0, sizeof(*a));
	a->head[0] = variant->size;
	if (variant->request == VMSCOPE_SCAN) {
		a->scan.end = vmscope_info()->task_size;
		a->scan.records = RECORD(TALLY);
		a->scan.budget = 100;
		a->scan.buffer = (uintptr_t)self->buffer;
		a->scan.buffer_size = sizeof(self->buffer);
	} else if (variant->request == VMSCOPE_TRANSLATE) {
		a->translate.translations = (uintptr_t)&self->translation;
		a->translate.count = 1;
		a->translate.stride = sizeof(self->translation);
	} else if (variant->request == VMSCOPE_SURVEY) {
		a->survey.limit = 1;
		a->survey.buffer = (uintptr_t)self->buffer;
		a->survey.buffer_size = sizeof(self->buffer);
	}
}

static int call(FIXTURE_DATA(operation) *self,
		const FIXTURE_VARIANT(operation) *variant)
{
	int error = vmscope_ioctl(self->fd, variant->request, self->arg);

	if (!error && variant->request == VMSCOPE_OPEN)
		close(self->arg->open.fd);
	return error;
}

FIXTURE_SETUP(operation)
{
	self->arg = mmap(NULL, 3 * ROOM, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->arg);
	self->device = device_open();
	ASSERT_LE(0, self->device);
	self->target = target_open(self->device, 0);
	ASSERT_LE(0, self->target);
	self->fd = variant->on_device ? self->device : self->target;
	self->other = variant->on_device == variant->on_target ? -1 :
		      variant->on_device ? self->target : self->device;
	good_argument(self, variant);
}

FIXTURE_TEARDOWN(operation)
{
	close(self->target);
	close(self->device);
}

TEST_F(operation, succeeds)
{
	EXPECT_EQ(0, call(self, variant));
}

TEST_F(operation, size_zero_is_einval)
{
	self->arg->head[0] = 0;
	EXPECT_EQ(-EINVAL, call(self, variant));
}

TEST_F(operation, every_smaller_size_is_einval)
{
	uint32_t size;

	for (size = 1; size < (variant->first ?: variant->size); size++) {
		good_argument(self, variant);
		self->arg->head[0] = size;
		EXPECT_EQ(-EINVAL, call(self, variant)) TH_LOG("size %u", size);
	}
}

/* Of those who were built before the structure grew. */
TEST_F(operation, first_size_is_answered_and_not_exceeded)
{
	size_t i, first = variant->first ?: variant->size;

	memset(self->arg->bytes + first, 0xa5, ROOM - first);
	self->arg->head[0] = first;
	ASSERT_EQ(0, call(self, variant));
	for (i = first; i < ROOM; i++)
		ASSERT_EQ('\xa5', self->arg->bytes[i]);
}

TEST_F(operation, larger_size_with_zeros_succeeds)
{
	static const uint32_t more[] = { 1, 7, 8, 64, 1000, 2048 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(more); i++) {
		good_argument(self, variant);
		self->arg->head[0] = variant->size + more[i];
		EXPECT_EQ(0, call(self, variant)) TH_LOG("%u more", more[i]);
	}
}

TEST_F(operation, larger_size_with_garbage_is_e2big)
{
	static const uint32_t more[] = { 1, 7, 8, 64, 1000, 2048 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(more); i++) {
		good_argument(self, variant);
		self->arg->head[0] = variant->size + more[i];
		self->arg->bytes[variant->size + more[i] - 1] = 1;
		EXPECT_EQ(-E2BIG, call(self, variant)) TH_LOG("%u more", more[i]);
	}
}

TEST_F(operation, never_writes_beyond_its_own_size)
{
	size_t i;

	self->arg->head[0] = variant->size;
	memset(self->arg->bytes + variant->size, 0xa5, ROOM - variant->size);
	ASSERT_EQ(0, call(self, variant));
	for (i = variant->size; i < ROOM; i++)
		ASSERT_EQ('\xa5', self->arg->bytes[i]);
}

TEST_F(operation, huge_size_is_refused)
{
	int error;

	self->arg->head[0] = ~0u;
	error = call(self, variant);
	EXPECT_TRUE(error == -E2BIG || error == -EFAULT || error == -EINVAL)
		TH_LOG("%d", error);
}

TEST_F(operation, unknown_flags_are_eopnotsupp)
{
	uint32_t known = variant->request == VMSCOPE_SCAN ?
			 vmscope_info()->scan_flags : 0;
	int bit;

	for (bit = 0; bit < 32; bit++) {
		if (known >> bit & 1)
			continue;
		good_argument(self, variant);
		self->arg->head[1] = 1u << bit;
		EXPECT_EQ(-EOPNOTSUPP, call(self, variant)) TH_LOG("bit %d", bit);
	}
}

TEST_F(operation, bad_pointer_is_efault)
{
	union argument *edge;
	void *pointers[] = { NULL, (void *)8, (void *)~0ul, (void *)(1ul << 63), NULL };
	size_t i;

	/* Across the edge of a mapping: the head is readable, the rest not. */
	munmap((char *)self->arg + 2 * ROOM, ROOM);
	edge = (void *)((char *)self->arg + 2 * ROOM - 8);
	memcpy(edge, self->arg, 8);
	pointers[ARRAY_SIZE(pointers) - 1] = edge;
	for (i = 0; i < ARRAY_SIZE(pointers); i++)
		EXPECT_EQ(-EFAULT, vmscope_ioctl(self->fd, variant->request,
						 pointers[i]));
}

TEST_F(operation, argument_that_cannot_be_written_is_efault)
{
	ASSERT_EQ(0, mprotect(self->arg, 3 * ROOM, PROT_READ));
	EXPECT_EQ(-EFAULT, vmscope_ioctl(self->fd, variant->request, self->arg));
}

TEST_F(operation, other_descriptor_is_enotty)
{
	if (self->other < 0)
		return;		/* both know it */
	EXPECT_EQ(-ENOTTY, vmscope_ioctl(self->other, variant->request,
					 self->arg));
}

/* ------------------------------------------------------------ descriptors */

FIXTURE(descriptor) {
	int device;
	int target;
};

FIXTURE_SETUP(descriptor)
{
	self->device = device_open();
	ASSERT_LE(0, self->device);
	self->target = target_open(self->device, 0);
	ASSERT_LE(0, self->target);
}

FIXTURE_TEARDOWN(descriptor)
{
	close(self->target);
	close(self->device);
}

TEST_F(descriptor, unknown_operations_are_enotty)
{
	struct vmscope_info info = { .size = sizeof(info) };
	unsigned long nr;

	for (nr = 0; nr < 256; nr++) {
		if (vmscope_info()->operations >> nr & (nr < 64))
			continue;
		EXPECT_EQ(-ENOTTY, vmscope_ioctl(self->device,
						 _IO(VMSCOPE_IOC_TYPE, nr), &info));
		EXPECT_EQ(-ENOTTY, vmscope_ioctl(self->target,
						 _IO(VMSCOPE_IOC_TYPE, nr), &info));
	}
	/* Our number with a size, another type. */
	EXPECT_EQ(-ENOTTY, vmscope_ioctl(self->device,
					 _IOWR(VMSCOPE_IOC_TYPE, 0, __u64), &info));
	EXPECT_EQ(-ENOTTY, vmscope_ioctl(self->device, _IO('v', 0), &info));
	EXPECT_EQ(-ENOTTY, vmscope_ioctl(self->device, TCGETS, &info));
}

TEST_F(descriptor, info_lists_the_operations)
{
	EXPECT_EQ(0x3f, vmscope_info()->operations);
	EXPECT_EQ(VMSCOPE_ABI, vmscope_info()->abi);
	EXPECT_EQ(sizeof(struct vmscope_info), vmscope_info()->size);
	EXPECT_EQ(RECORD(VMA) | RECORD(TALLY) | RECORD(EXTENT) | RECORD(TABLE) |
		  RECORD(FILL) | RECORD(CHARGE),
		  vmscope_info()->records);
	EXPECT_EQ(VMSCOPE_SCAN_HOLES | VMSCOPE_SCAN_PLAIN | VMSCOPE_SCAN_UNPACED |
		  VMSCOPE_SCAN_WHOLE,
		  vmscope_info()->scan_flags);
	EXPECT_EQ(1, vmscope_info()->physical);
	EXPECT_NE(0, vmscope_info()->locks);
	EXPECT_EQ(0, vmscope_info()->key & ~(vmscope_info()->attributes |
					     VMSCOPE_KEY_FRAME | VMSCOPE_KEY_MAPCOUNT |
					     VMSCOPE_KEY_REFCOUNT));
}

/* What is installed has nothing by which its protection could be taken away. */
TEST_F(descriptor, no_knobs_of_the_test_build)
{
	EXPECT_EQ(0, vmscope_info()->features & VMSCOPE_FEATURE_TEST);
	EXPECT_EQ(0, access("/sys/module/vmscope", F_OK));
	EXPECT_EQ(-1, access("/sys/module/vmscope/parameters", F_OK));
}

/* What a program of 32 bits calls, and passes: all that it has lies below 4 GiB. */
static int ioctl_of_32_bits(int fd, unsigned long request, void *arg)
{
	int result;

	__asm__ volatile ("int $0x80" : "=a" (result)
			  : "a" (54), "b" (fd), "c" (request), "d" (arg)
			  : "memory", "r8", "r9", "r10", "r11");
	return result;
}

TEST_F(descriptor, program_of_32_bits_is_answered_alike)
{
	char *low = mmap(NULL, 3 * 65536, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	struct vmscope_info *info = (void *)low;
	struct vmscope_scan *scan = (void *)(low + 4096);
	struct vmscope_open *open = (void *)(low + 8192);

	ASSERT_NE(MAP_FAILED, low);
	info->size = sizeof(*info);
	if (ioctl_of_32_bits(self->device, VMSCOPE_INFO, info) == -ENOSYS)
		SKIP(return, "this kernel does not run 32-bit programs");
	EXPECT_EQ(0, memcmp(info, vmscope_info(), sizeof(*info)));
	open->size = sizeof(*open);
	ASSERT_EQ(0, ioctl_of_32_bits(self->device, VMSCOPE_OPEN, open));
	scan->size = sizeof(*scan);
	scan->end = info->task_size;
	scan->records = RECORD(VMA) | RECORD(TALLY);
	scan->buffer = (uintptr_t)low + 65536;
	scan->buffer_size = 2 * 65536;
	ASSERT_EQ(0, ioctl_of_32_bits(open->fd, VMSCOPE_SCAN, scan));
	EXPECT_LT(10, scan->nr_records);
	EXPECT_EQ(scan->end, scan->next);
	EXPECT_EQ(-ENOTTY, ioctl_of_32_bits(self->device, VMSCOPE_SCAN, scan));
	close(open->fd);
}

TEST_F(descriptor, device_node_is_for_root_alone)
{
	struct stat st;

	ASSERT_EQ(0, stat(VMSCOPE_DEVICE, &st));
	EXPECT_EQ(S_IFCHR | 0600, st.st_mode);
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(0, st.st_gid);
}

TEST_F(descriptor, target_is_closed_on_exec)
{
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->target, F_GETFD));
}

TEST_F(descriptor, reading_and_writing_are_refused)
{
	char c = 0;

	EXPECT_EQ(-1, read(self->device, &c, 1));
	EXPECT_EQ(-1, write(self->device, &c, 1));
	EXPECT_EQ(-1, read(self->target, &c, 1));
	EXPECT_EQ(-1, write(self->target, &c, 1));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED,
				   self->target, 0));
}

TEST_F(descriptor, many_opens_and_closes)
{
	int i, fd;

	for (i = 0; i < 2000; i++) {
		fd = target_open(self->device, 0);
		ASSERT_LE(0, fd);
		close(fd);
	}
}

VMSCOPE_TEST_MAIN
