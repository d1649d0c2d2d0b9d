// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Address spaces of other shapes than the common one: a 32-bit process, and
 * addresses that only five levels reach; knows nothing of kinds.
 */
#include "kselftest_harness.h"
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include "leaf.h"

REGION_FIXTURE(arch)

/* ---------------------------------------------------------------- 32 bits */

#define TEXT	0x08048000u
#define BSS	0x08050000u
#define BSS_SIZE (16 * PAGE_SIZE)

static const unsigned char code[] = {
	0xbf, 0x00, 0x00, 0x05, 0x08,		/* mov $BSS, %edi */
	0xb9, 0x10, 0x00, 0x00, 0x00,		/* mov $16, %ecx */
	0xc6, 0x07, 0x01,			/* 1: movb $1, (%edi) */
	0x81, 0xc7, 0x00, 0x10, 0x00, 0x00,	/* add $4096, %edi */
	0x49,					/* dec %ecx */
	0x75, 0xf4,				/* jnz 1b */
	0x6a, 0x00,				/* push $0 */
	0x89, 0xe1,				/* mov %esp, %ecx */
	0xba, 0x04, 0x00, 0x00, 0x00,		/* mov $4, %edx */
	0xbb, 0x65, 0x00, 0x00, 0x00,		/* mov $101, %ebx */
	0xb8, 0x04, 0x00, 0x00, 0x00,		/* mov $__NR_write, %eax */
	0xcd, 0x80,				/* int $0x80: ready */
	0xb8, 0x1d, 0x00, 0x00, 0x00,		/* 2: mov $__NR_pause, %eax */
	0xcd, 0x80,				/* int $0x80 */
	0xeb, 0xf7,				/* jmp 2b */
};

/* A static program for i386, small enough to be written by hand. */
static int write_elf32(const char *path)
{
	struct {
		Elf32_Ehdr head;
		Elf32_Phdr text, bss;
		unsigned char code[sizeof(code)];
	} __attribute__((packed)) file = {
		.head = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32,
				     ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC, .e_machine = EM_386,
			.e_version = EV_CURRENT,
			.e_entry = TEXT + sizeof(Elf32_Ehdr) + 2 * sizeof(Elf32_Phdr),
			.e_phoff = sizeof(Elf32_Ehdr),
			.e_ehsize = sizeof(Elf32_Ehdr),
			.e_phentsize = sizeof(Elf32_Phdr), .e_phnum = 2,
		},
		.text = {
			.p_type = PT_LOAD, .p_vaddr = TEXT, .p_filesz = sizeof(file),
			.p_memsz = sizeof(file), .p_flags = PF_R | PF_X,
			.p_align = PAGE_SIZE,
		},
		.bss = {
			.p_type = PT_LOAD, .p_vaddr = BSS, .p_memsz = BSS_SIZE,
			.p_flags = PF_R | PF_W, .p_align = PAGE_SIZE,
		},
	};
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	ssize_t n;

	if (fd < 0)
		return errno;
	memcpy(file.code, code, sizeof(code));
	n = write(fd, &file, sizeof(file));
	close(fd);
	return n == sizeof(file) ? 0 : EIO;
}

TEST_F(arch, process_of_32_bits)
{
	char path[] = "/tmp/elf32";
	struct vmscope_target totals = { .size = sizeof(totals) };
	struct region bss = { BSS, BSS + BSS_SIZE };
	struct scan s;
	int error;

	ASSERT_EQ(0, write_elf32(path));
	error = target_start_program(&self->t, (char *[]){ path, NULL });
	unlink(path);
	if (error == EPIPE)
		SKIP(return, "this kernel does not run 32-bit programs");
	ASSERT_EQ(0, error);
	EXPECT_SAME(leaf_check(&self->t, &bss, MASK_WHAT | VMSCOPE_ATTR_WRITE,
			       STATE(PRESENT) | KIND(ANON_EXCLUSIVE) | LEAF(PTE) |
			       VMSCOPE_ATTR_WRITE));
	EXPECT_SAME(oracle_process(self->t.pid, self->t.fd, 0));
	ASSERT_EQ(0, vmscope_ioctl(self->t.fd, VMSCOPE_TARGET, &totals));
	EXPECT_GE(1ull << 32, totals.task_size);
	ASSERT_EQ(0, scan_everything(self->t.fd, 0, 0, &s));
	EXPECT_GT(1ull << 32, s.vma[s.nr_vmas - 1].head.start);
	scan_free(&s);
}

/* ------------------------------------------------------------ five levels */

#define HIGH	(1ull << 52)
#define SIZE	(4 * PMD_SIZE)

static int build_high(void *arg, unsigned int step)
{
	struct region *r = arg;
	char *p = mmap((void *)HIGH, SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)step;
	if (p == MAP_FAILED)
		return errno;
	if ((uintptr_t)p != HIGH)
		return ENOSYS;
	madvise(p, SIZE, MADV_NOHUGEPAGE);
	touch(p, 64 * PAGE_SIZE);
	*r = (struct region) { HIGH, HIGH + 64 * PAGE_SIZE };
	return 0;
}

TEST_F(arch, address_above_47_bits)
{
	struct vmscope_translation walk;

	if (vmscope_info()->levels < 5)
		SKIP(return, "four levels of page tables");
	ASSERT_BUILT(target_start(&self->t, build_high, self->r), "a high address");
	EXPECT_SAME(leaf_check(&self->t, self->r,
			       MASK_WHAT | VMSCOPE_ATTR_WRITE,
			       STATE(PRESENT) | KIND(ANON_EXCLUSIVE) | LEAF(PTE) |
			       VMSCOPE_ATTR_WRITE));
	EXPECT_SAME(leaf_translate(&self->t, HIGH, &walk));
	EXPECT_EQ(HIGH >> 48, walk.step[VMSCOPE_LEVEL_PGD].index);
	EXPECT_EQ(1, walk.step[VMSCOPE_LEVEL_P4D].read);
}

TEST(geometry_is_that_of_the_machine)
{
	const struct vmscope_info *info = vmscope_info();
	bool la57 = !run_command("grep -qw la57 /proc/cpuinfo");
	int level;

	EXPECT_EQ(la57 ? 5 : 4, info->levels);
	EXPECT_EQ(12, info->page_shift);
	for (level = 0; level <= VMSCOPE_LEVEL_PUD; level++) {
		EXPECT_EQ(12 + 9 * level, info->level[level].shift);
		EXPECT_EQ(512, info->level[level].entries);
		EXPECT_EQ(1, info->level[level].leaf);
	}
	EXPECT_EQ(la57 ? 512 : 1, info->level[VMSCOPE_LEVEL_P4D].entries);
	EXPECT_EQ(512, info->level[VMSCOPE_LEVEL_PGD].entries);
	EXPECT_EQ(la57 ? 48 : 39, info->level[VMSCOPE_LEVEL_PGD].shift);
	EXPECT_EQ((1ull << (la57 ? 56 : 47)) - 4096, info->task_size);
}

VMSCOPE_TEST_MAIN
