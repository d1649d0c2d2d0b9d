// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes memory of each kind and sets up what the kernel needs for it (swap,
 * KSM, huge pages, file systems); knows nothing of vmscope.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory.h"
#include "proc.h"

#ifndef MPOL_MF_MOVE
#define MPOL_MF_MOVE	2
#endif
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif

struct region region_of(const void *p, uint64_t size)
{
	return (struct region) { (uintptr_t)p, (uintptr_t)p + size };
}

char *map_at(size_t size, size_t align, int prot, int flags, int fd)
{
	size_t whole = size + align + 2 * PAGE_SIZE;
	char *hole, *p;

	hole = mmap(NULL, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		    -1, 0);
	if (hole == MAP_FAILED)
		return NULL;
	p = (char *)(((uintptr_t)hole + PAGE_SIZE + align - 1) / align * align);
	munmap(hole, whole);
	p = mmap(p, size, prot, flags | MAP_FIXED, fd, 0);
	return p == MAP_FAILED ? NULL : p;
}

char *map_anon(size_t size, size_t align)
{
	char *p = map_at(size, align, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (p)
		madvise(p, size, MADV_NOHUGEPAGE);
	return p;
}

char *map_file(size_t size, size_t align, int flags, int fd)
{
	return map_at(size, align, PROT_READ | PROT_WRITE, flags, fd);
}

int unmap_end(struct region *r, size_t size)
{
	r->end -= size;
	return munmap((void *)(uintptr_t)r->end, size) ? errno : 0;
}

pid_t fork_waiting(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

void touch(char *p, size_t size)
{
	size_t i;

	for (i = 0; i < size; i += PAGE_SIZE)
		((volatile char *)p)[i] = i / PAGE_SIZE + 1;
}

void read_all(const char *p, size_t size)
{
	size_t i;

	for (i = 0; i < size; i += PAGE_SIZE)
		(void)((const volatile char *)p)[i];
}

int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), error = 0;

	if (fd < 0)
		return errno;
	if (write(fd, text, strlen(text)) < 0)
		error = errno;
	close(fd);
	return error;
}

long read_number(const char *path)
{
	FILE *file = fopen(path, "r");
	long number;

	if (!file)
		return -1;
	if (fscanf(file, "%ld", &number) != 1)
		number = -1;
	fclose(file);
	return number;
}

int run_command(const char *format, ...)
{
	char command[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	return system(command) ? EIO : 0;
}

/* ------------------------------------------------------------------ swap */

int swap_on(void)
{
	char line[256];
	bool on = false;
	FILE *file = fopen("/proc/swaps", "r");

	if (!file)
		return ENOSYS;
	while (fgets(line, sizeof(line), file))
		on |= line[0] == '/';
	fclose(file);
	if (on)
		return 0;
	run_command("modprobe -q zram num_devices=2");
	if (write_file("/sys/block/zram0/disksize", "512M"))
		return ENODEV;
	return run_command("mkswap /dev/zram0 >/dev/null 2>&1 && swapon /dev/zram0") ?
	       ENODEV : 0;
}

/* Are these bits of pagemap's words like this for all pages? No, when it cannot be read. */
static bool all_are(const char *p, size_t size, uint64_t bits, uint64_t like)
{
	const char *end = p + size;
	uint64_t words[512];
	size_t nr;

	for (; p < end; p += nr * PAGE_SIZE) {
		nr = (end - p) / PAGE_SIZE;
		nr = nr < 512 ? nr : 512;
		if (pagemap_read(getpid(), (uintptr_t)p, nr, words))
			return false;
		for (size_t i = 0; i < nr; i++)
			if ((words[i] & bits) != like)
				return false;
	}
	return true;
}

int page_out(char *p, size_t size)
{
	int try;

	for (try = 0; try < 50; try++) {
		settle();
		if (madvise(p, size, MADV_PAGEOUT))
			return errno;
		if (all_are(p, size, PM_PRESENT, 0))
			return 0;
		usleep(20000);
	}
	return EBUSY;
}

/*
 * Moving no pages empties the LRU batches of all CPUs nevertheless, first of all
 * (mm/migrate.c:do_pages_move(), lru_cache_disable()), at a tenth of the price of
 * compaction, which does it too.
 */
void settle(void)
{
	int nodes = 0;

	if (syscall(SYS_move_pages, 0, 0ul, NULL, &nodes, NULL, MPOL_MF_MOVE))
		compact();
}

void compact(void)
{
	write_file("/proc/sys/vm/compact_memory", "1");
}

/* ------------------------------------------------------------------- KSM */

#define KSM	"/sys/kernel/mm/ksm/"

int ksm_merge(char *p, size_t size)
{
	int try;

	if (madvise(p, size, MADV_MERGEABLE))
		return ENOSYS;
	/* On NUMA, pages of different nodes would not meet. */
	write_file(KSM "merge_across_nodes", "1");
	/* With more, it scans these few again and again before it looks up. */
	write_file(KSM "pages_to_scan", "200");
	write_file(KSM "sleep_millisecs", "10");
	if (write_file(KSM "run", "1"))
		return ENOSYS;
	for (try = 0; try < 200; try++) {
		uint64_t first = pagemap_word(getpid(), (uintptr_t)p) & PM_FRAME;

		if (all_are(p, size, PM_FRAME, first))
			return 0;
		usleep(50000);
	}
	return EBUSY;
}

void ksm_stop(void)
{
	write_file(KSM "run", "0");
}

/* ------------------------------------------------------------ huge pages */

static void hugetlb_path(char *path, size_t room, size_t size, const char *file)
{
	snprintf(path, room, "/sys/kernel/mm/hugepages/hugepages-%llukB/%s",
		 size / KIB, file);
}

int hugetlb_reserve(size_t size, unsigned int nr)
{
	char path[128], free_path[128], text[32];
	long have, free;

	hugetlb_path(path, sizeof(path), size, "nr_hugepages");
	hugetlb_path(free_path, sizeof(free_path), size, "free_hugepages");
	have = read_number(path);
	free = read_number(free_path);
	if (have < 0)
		return ENOSYS;
	if (free >= (long)nr)
		return 0;
	snprintf(text, sizeof(text), "%ld", have - free + nr);
	compact();
	write_file(path, text);
	return read_number(free_path) >= (long)nr ? 0 : ENOMEM;
}

void hugetlb_release(size_t size)
{
	char path[128];

	hugetlb_path(path, sizeof(path), size, "nr_hugepages");
	write_file(path, "0");
}

#define THP	"/sys/kernel/mm/transparent_hugepage/"

/*
 * Writing even what a file says already ends khugepaged's sleep (mm/khugepaged.c:
 * scan_sleep_millisecs_store()), which then looks at once at whoever asks for
 * huge pages next.
 */
static int keep_setting(const char *path, const char *value)
{
	char text[128] = "", chosen[64];
	FILE *file = fopen(path, "r");

	if (!file)
		return errno;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	text[strcspn(text, "\n")] = '\0';
	snprintf(chosen, sizeof(chosen), "[%s]", value);
	if (!strcmp(text, value) || strstr(text, chosen))
		return 0;
	return write_file(path, value);
}

int keep_pages_still(void)
{
	keep_setting("/proc/sys/vm/compaction_proactiveness", "0");
	keep_setting(THP "khugepaged/pages_to_scan", "1");
	keep_setting(THP "khugepaged/scan_sleep_millisecs", "600000");
	keep_setting(THP "defrag", "madvise");
	keep_setting(THP "use_zero_page", "1");
	return keep_setting(THP "enabled", "madvise") ? ENOSYS : 0;
}

bool is_pmd_mapped(const char *p, size_t size)
{
	struct smaps *maps;
	ssize_t i, nr = smaps_read(getpid(), &maps);
	uint64_t kb = 0;

	for (i = 0; i < nr; i++)
		if (maps[i].start <= (uintptr_t)p && (uintptr_t)p < maps[i].end)
			kb = maps[i].kb[SMAPS_ANON_HUGE] +
			     maps[i].kb[SMAPS_SHMEM_PMD] +
			     maps[i].kb[SMAPS_FILE_PMD];
	if (nr >= 0)
		free(maps);
	return kb >= size / 1024;
}

int collapse_anon(char *p, size_t size)
{
	int try;

	for (try = 0; try < 20 && !is_pmd_mapped(p, size); try++)
		if (madvise(p, size, MADV_COLLAPSE))
			compact();
	return is_pmd_mapped(p, size) ? 0 : ENOMEM;
}

int collapse_file(char *p, size_t size)
{
	int try;

	for (try = 0; try < 20 && !is_pmd_mapped(p, size); try++) {
		if (madvise(p, size, MADV_COLLAPSE) && errno == EINVAL)
			return ENOSYS;	/* not of such a file */
		compact();
		read_all(p, size);
	}
	return is_pmd_mapped(p, size) ? 0 : ENOMEM;
}

int make_thp(char *p, size_t size)
{
	if (madvise(p, size, MADV_HUGEPAGE))
		return ENOSYS;
	write_file(THP "enabled", "madvise");
	touch(p, size);
	return collapse_anon(p, size);
}

int mthp_enable(unsigned int kb, bool on)
{
	char path[128];

	snprintf(path, sizeof(path),
		 "/sys/kernel/mm/transparent_hugepage/hugepages-%ukB/enabled", kb);
	return write_file(path, on ? "always" : "inherit") ? ENOSYS : 0;
}

/* ----------------------------------------------------------------- files */

static void find_image(const char *name, char *path, size_t size)
{
	const char *tests = getenv("VMSCOPE_TESTS");
	char self[256], *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = 0;
	slash = strrchr(self, '/');
	if (slash)
		*slash = 0;
	snprintf(path, size, "%s/%s", tests ? tests : self, name);
}

void ext4_image(char *path, size_t size)
{
	find_image("ext4.img", path, size);
}

/* Unpacked, the image is as small as what is in it; copying it takes ten times as long. */
static int mount_ext4(const char *dir)
{
	char packed[512], at[32], mount[256];

	find_image("ext4.tar", packed, sizeof(packed));
	snprintf(at, sizeof(at), "/tmp/ext4.%d", getpid());
	snprintf(mount, sizeof(mount), "mount -o loop %s/ext4.img %s", at, dir);
	if (run_command("mkdir %s && tar -xf %s -C %s", at, packed, at))
		return ENODEV;
	/* The first mount may be too early for it. */
	return run_command("%s 2>/dev/null || { modprobe -qa loop ext4; %s; } && rm -r %s",
			   mount, mount, at) ? ENODEV : 0;
}

/* Memory that is a disk: the kernel was told of it with memmap=SIZE!START. */
static int mount_dax(const char *dir)
{
	char image[512];

	run_command("modprobe -qa nd_e820 nd_pmem ext4");
	if (access("/dev/pmem0", F_OK))
		return ENODEV;
	find_image("dax.img", image, sizeof(image));
	return run_command("cat %s >/dev/pmem0 && mount -t ext4 -o dax /dev/pmem0 %s", image,
			   dir) ? ENODEV : 0;
}

static int mount_type(const char *type, const char *dir)
{
	if (!strcmp(type, "ext4"))
		return mount_ext4(dir);
	if (!strcmp(type, "dax"))
		return mount_dax(dir);
	return mount("none", dir, type, 0, NULL) ? errno : 0;
}

static int fill(int fd, size_t size)
{
	char block[4096];
	size_t done;

	memset(block, 'v', sizeof(block));
	for (done = 0; done < size; done += sizeof(block)) {
		block[0] = done / sizeof(block);
		if (write(fd, block, sizeof(block)) != sizeof(block))
			return EIO;
	}
	return 0;
}

int file_on(const char *type, size_t size)
{
	char dir[] = "/tmp/selftest.XXXXXX", path[64];
	int fd = -1, error;

	if (!mkdtemp(dir))
		return -errno;
	error = mount_type(type, dir);
	if (!error) {
		snprintf(path, sizeof(path), "%s/file", dir);
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		error = fd < 0 ? errno : fill(fd, size);
		fsync(fd);
		/* What is open lives on without its name and mount point. */
		unlink(path);
		umount2(dir, MNT_DETACH);
	}
	rmdir(dir);
	return error ? -error : fd;
}
