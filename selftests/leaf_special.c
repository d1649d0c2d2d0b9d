// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Leaf kinds of mappings that are not ordinary memory: device memory, mixed
 * maps, vdso and vvar, secret memory, stacks, memory of a device; knows nothing
 * of swap.
 */
#include "kselftest_harness.h"
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/types.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include "leaf.h"

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

REGION_FIXTURE(special)

/* The mapping of this process that smaps calls @name. */
static int find_region(struct region *r, const char *name)
{
	struct smaps *maps;
	ssize_t i, nr = smaps_read(getpid(), &maps);

	r->start = 0;
	for (i = 0; i < nr; i++)
		if (!strcmp(maps[i].name, name))
			*r = (struct region) { maps[i].start, maps[i].end };
	if (nr >= 0)
		free(maps);
	return r->start ? 0 : ENODEV;
}

/* Map the pages behind @fd and write to each. */
static int map_and_touch(struct region *r, int fd)
{
	char *p = map_file(8 * PAGE_SIZE, PAGE_SIZE, MAP_SHARED, fd);

	if (!p)
		return ENOMEM;
	touch(p, 8 * PAGE_SIZE);
	*r = region_of(p, 8 * PAGE_SIZE);
	return 0;
}

/* --------------------------------------------------------- device memory */

#define ROM	0xf0000ull	/* of the PC's firmware; no RAM */
#define ROM_SIZE (16 * PAGE_SIZE)

static int map_rom(struct region *r, int prot, int flags)
{
	int fd = open("/dev/mem", O_RDONLY);
	char *p;

	if (fd < 0)
		return ENODEV;
	p = mmap(NULL, ROM_SIZE, prot, flags, fd, ROM);
	if (p == MAP_FAILED)
		return ENODEV;
	*r = region_of(p, ROM_SIZE);
	return 0;
}

static int build_device(void *arg, unsigned int step)
{
	struct region *r = arg;
	int error = map_rom(r, PROT_READ, MAP_SHARED);

	(void)step;
	if (!error)
		read_all((char *)r->start, ROM_SIZE);
	return error;
}

TEST_F(special, device_memory_is_special)
{
	struct scan_page p;
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_device, self->r), "/dev/mem");
	EXPECT_SAME(leaf_check(&self->t, self->r,
			       MASK_STATE | VMSCOPE_ATTR_LEAF | VMSCOPE_ATTR_WRITE,
			       STATE(SPECIAL) | LEAF(PTE)));
	ASSERT_EQ(0, scan_everything(self->t.fd, self->r->start, self->r->end, &s));
	ASSERT_TRUE(scan_page(&s, self->r->start + 3 * PAGE_SIZE, &p));
	EXPECT_EQ((ROM >> 12) + 3, p.frame);
	EXPECT_EQ(0, p.mapcount);
	EXPECT_TRUE(s.vma[0].head.flags & VMSCOPE_VM_PFNMAP);
	scan_free(&s);
}

/* All of its pages, and a copy of one, which is memory. */
static int build_copy(void *arg, unsigned int step)
{
	struct region *r = arg;
	int error = map_rom(r, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	(void)step;
	if (!error)
		touch((char *)r->start + 3 * PAGE_SIZE, PAGE_SIZE);
	return error;
}

/* procfs passes over all mappings of frames, and does not know of it. */
TEST_F(special, copy_of_device_memory_is_counted)
{
	static const uint32_t flags[] = { 0, VMSCOPE_SCAN_PLAIN, VMSCOPE_SCAN_WHOLE };
	size_t i;

	ASSERT_BUILT(target_start(&self->t, build_copy, self->r), "/dev/mem");
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		struct scan s = {
			.records = RECORD(TALLY), .flags = flags[i],
			.start = self->r->start, .end = self->r->end,
		};

		ASSERT_EQ(0, scan_run(self->t.fd, &s)) TH_LOG("%s", s.error);
		ASSERT_EQ(1, s.nr_tallies);
		EXPECT_EQ(15, tally_state(&s.tally[0], VMSCOPE_STATE_SPECIAL));
		EXPECT_EQ(1, tally_state(&s.tally[0], VMSCOPE_STATE_PRESENT));
		EXPECT_EQ(ROM_SIZE, tally_bytes(&s.tally[0]));
		scan_free(&s);
	}
}

/* --------------------------------------------------------------- mixed map */

/* The kernel's own pages, given to a process one by one: an array of BPF. */
static int build_mixed(void *arg, unsigned int step)
{
	union bpf_attr map = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8 * PAGE_SIZE,
		.max_entries = 1, .map_flags = BPF_F_MMAPABLE,
	};
	int fd = syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof(map));

	(void)step;
	return fd < 0 ? errno : map_and_touch(arg, fd);
}

/* Unlike those of a PFN map they have a struct page, and count. */
TEST_F(special, mixed_map_is_present)
{
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_mixed, self->r), "an array of BPF");
	EXPECT_SAME(leaf_check(&self->t, self->r,
			       MASK_WHAT | VMSCOPE_ATTR_WRITE | VMSCOPE_ATTR_DIRTY,
			       STATE(PRESENT) | KIND(FILE_SHARED) | LEAF(PTE) |
			       VMSCOPE_ATTR_WRITE | VMSCOPE_ATTR_DIRTY));
	ASSERT_EQ(0, scan_everything(self->t.fd, self->r->start, self->r->end, &s));
	EXPECT_TRUE(s.vma[0].head.flags & VMSCOPE_VM_MIXEDMAP);
	EXPECT_FALSE(s.vma[0].head.flags & VMSCOPE_VM_PFNMAP);
	scan_free(&s);
}

/* ---------------------------------------------------------- vdso and vvar */

/* What the C library reads the clock through, used once. */
static int find_clock(struct region *r, const char *name)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return find_region(r, name);
}

static int build_vdso(void *arg, unsigned int step)
{
	(void)step;
	return find_clock(arg, "[vdso]");
}

TEST_F(special, vdso_is_present_and_executable)
{
	struct region first;
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_vdso, self->r), "vdso");
	first = (struct region) { self->r->start, self->r->start + PAGE_SIZE };
	EXPECT_SAME(leaf_check(&self->t, &first,
			       MASK_STATE | VMSCOPE_ATTR_EXEC | VMSCOPE_ATTR_WRITE,
			       STATE(PRESENT) | VMSCOPE_ATTR_EXEC));
	ASSERT_EQ(0, scan_everything(self->t.fd, self->r->start, self->r->end, &s));
	EXPECT_EQ(VMSCOPE_NAME_SPECIAL, s.vma[0].head.name_kind);
	EXPECT_EQ(0, strcmp(s.vma[0].name, "[vdso]"));
	scan_free(&s);
}

static int build_vvar(void *arg, unsigned int step)
{
	(void)step;
	return find_clock(arg, "[vvar]");
}

TEST_F(special, vvar_agrees_with_smaps)
{
	uint64_t mapped;
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_vvar, self->r), "vvar");
	EXPECT_SAME(leaf_check(&self->t, self->r, 0, 0));
	ASSERT_EQ(0, scan_everything(self->t.fd, self->r->start, self->r->end, &s));
	mapped = s.tally[0].counter[VMSCOPE_STATE_SPECIAL] +
		 tally_state(&s.tally[0], VMSCOPE_STATE_PRESENT);
	EXPECT_LT(0, mapped);
	scan_free(&s);
}

/* ---------------------------------------------------------------- secrets */

static int build_secret(void *arg, unsigned int step)
{
	int fd = syscall(SYS_memfd_secret, 0);

	(void)step;
	if (fd < 0)
		return ENOSYS;
	return ftruncate(fd, 8 * PAGE_SIZE) ? errno : map_and_touch(arg, fd);
}

TEST_F(special, secret_memory_is_seen_without_being_read)
{
	ASSERT_BUILT(target_start(&self->t, build_secret, self->r), "memfd_secret");
	EXPECT_SAME(leaf_check(&self->t, self->r,
			       MASK_WHAT | VMSCOPE_ATTR_SWAPBACKED,
			       STATE(PRESENT) | KIND(FILE_SHARED) | LEAF(PTE)));
}

/* ----------------------------------------------------------------- stacks */

static int build_stack(void *arg, unsigned int step)
{
	char deep[64 * PAGE_SIZE];

	(void)step;
	touch(deep, sizeof(deep));
	__asm__ volatile ("" : : "r" (deep) : "memory");
	return find_region(arg, "[stack]");
}

/* The guard gap below a stack is a rule of the kernel, no mapping. */
TEST_F(special, stack_grows_down_and_has_no_gap_in_it)
{
	struct scan s;

	ASSERT_BUILT(target_start(&self->t, build_stack, self->r), "stack");
	ASSERT_EQ(0, scan_everything(self->t.fd, self->r->start - 16 * PAGE_SIZE,
				     self->r->end, &s));
	ASSERT_EQ(1, s.nr_vmas);
	EXPECT_EQ(self->r->start, s.vma[0].head.start);
	EXPECT_TRUE(s.vma[0].head.flags & VMSCOPE_VM_GROWSDOWN);
	EXPECT_EQ(VMSCOPE_NAME_STACK, s.vma[0].head.name_kind);
	EXPECT_LE(64, tally_state(&s.tally[0], VMSCOPE_STATE_PRESENT));
	EXPECT_EQ(self->r->end - self->r->start, tally_bytes(&s.tally[0]));
	scan_free(&s);
	EXPECT_SAME(leaf_check(&self->t, self->r, 0, 0));
}

/* ------------------------------------------------------ memory of a device */

/* From the kernel's lib/test_hmm_uapi.h. */
struct hmm_dmirror_cmd {
	__u64 addr;
	__u64 ptr;
	__u64 npages;
	__u64 cpages;
	__u64 faults;
};

#define HMM_DMIRROR_MIGRATE_TO_DEV	_IOWR('H', 0x02, struct hmm_dmirror_cmd)

static int build_device_private(void *arg, unsigned int step)
{
	struct region *r = arg;
	struct hmm_dmirror_cmd cmd = { .npages = 16 };
	char *p = map_anon(16 * PAGE_SIZE, PAGE_SIZE);
	char *mirror = map_anon(16 * PAGE_SIZE, PAGE_SIZE);
	int fd;

	(void)step;
	fd = open("/dev/hmm_dmirror0", O_RDWR);
	if (fd < 0)
		return ENODEV;
	touch(p, 16 * PAGE_SIZE);
	cmd.addr = (uintptr_t)p;
	cmd.ptr = (uintptr_t)mirror;
	if (ioctl(fd, HMM_DMIRROR_MIGRATE_TO_DEV, &cmd) || cmd.cpages != 16)
		return EIO;
	*r = region_of(p, 16 * PAGE_SIZE);
	return 0;
}

TEST_F(special, device_private_is_device)
{
	struct scan s;

	run_command("modprobe -q test_hmm");
	ASSERT_BUILT(target_start(&self->t, build_device_private, self->r),
		     "the kernel's test device test_hmm");
	EXPECT_SAME(leaf_check(&self->t, self->r, MASK_STATE, STATE(DEVICE)));
	ASSERT_EQ(0, scan_everything(self->t.fd, self->r->start, self->r->end, &s));
	EXPECT_EQ(16, s.tally[0].counter[VMSCOPE_STATE_DEVICE]);
	EXPECT_EQ(0, tally_state(&s.tally[0], VMSCOPE_STATE_PRESENT));
	scan_free(&s);
}

static int build_dax(void *arg, unsigned int step)
{
	int fd = file_on("dax", 8 * PAGE_SIZE);

	(void)step;
	return fd < 0 ? -fd : map_and_touch(arg, fd);
}

/*
 * A file without page cache: its pages are the disk's own. Since 6.15 the kernel
 * counts who maps them; before, they are as special as registers of a device.
 */
TEST_F(special, pages_of_a_disk_in_memory_are_of_a_device)
{
	bool counted = kernel_version() >= 615;

	ASSERT_BUILT(target_start(&self->t, build_dax, self->r),
		     "a disk in memory (memmap=16M!1G) and a file system without cache");
	if (counted)
		EXPECT_SAME(leaf_check(&self->t, self->r, MASK_WHAT,
				       STATE(PRESENT) | KIND(DEVICE) | LEAF(PTE)));
	else
		EXPECT_SAME(leaf_check(&self->t, self->r,
				       MASK_STATE | VMSCOPE_ATTR_LEAF,
				       STATE(SPECIAL) | LEAF(PTE)));
}

VMSCOPE_TEST_MAIN
