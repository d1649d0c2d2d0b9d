// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stands in for the module below the command's own code: preloaded, it answers
 * the ioctls of /dev/vmscope with what smaps says, so that everything above
 * the interface is tested where no module can be loaded. It knows nothing of
 * the command. FAKE in the environment makes it misbehave:
 *
 *	abi=N open=ERRNO target=ERRNO scan=ERRNO@N (the Nth call) physical=N
 *	skip=N (pages of the first mapping) extra=N (pages more in the first
 *	mapping than smaps says) small (buffers too small at first) part (each
 *	call ends inside a mapping) foreign (answers no ioctl) old (tells no
 *	page tables) alien=PID (may not be looked at) onemm (all processes are
 *	one address space) nofill (reads no content)
 *
 * FAKE_SMAPS names a file to be read as smaps.
 * FAKE_PAGES names a file of extents that stand for those of their mappings, a
 * line for each: START PAGES ATTRIBUTES FRAME in hexadecimal. FAKE_FILL names
 * one of FILL records: START PAGES ZERO UNREAD BUCKET, of one folio each.
 * FAKE_THP names a folder to be read as /sys/kernel/mm/transparent_hugepage,
 * FAKE_MACHINE one that holds all there is of what doctor looks for.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include "uapi/vmscope.h"

#define PAGE		4096ull
#define MAX_FDS		1024
#define TASK_SIZE	0x7ffffffff000ull

/* 0: not ours, -1: the device, otherwise the pid of a target */
static int kind_of[MAX_FDS];
static int scans;

static long option(const char *name, long otherwise)
{
	const char *fake = getenv("FAKE");
	const char *at = fake ? strstr(fake, name) : NULL;

	if (!at)
		return otherwise;
	at += strlen(name);
	return *at == '=' ? strtol(at + 1, NULL, 10) : 1;
}

static int fail(long error)
{
	errno = error;
	return -1;
}

static int new_fd(int kind)
{
	int fd = memfd_create("fake", MFD_CLOEXEC);

	if (fd < 0 || fd >= MAX_FDS)
		return fail(EMFILE);
	kind_of[fd] = kind;
	return fd;
}

static int real_open(const char *path, int flags, mode_t mode)
{
	static int (*next)(const char *path, int flags, ...);

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "open64");
	return next(path, flags, mode);
}

#define THP "/sys/kernel/mm/transparent_hugepage"

/* Where a file of the machine is looked for: in FAKE_MACHINE, or where it is. */
static const char *place_of(const char *path, char *other, size_t size)
{
	static const char * const roots[] = {
		"/sys/kernel/security/", "/sys/kernel/btf/", "/sys/firmware/", "/sys/module/",
		"/boot/", "/lib/modules/", "/proc/config.gz",
	};
	const char *machine = getenv("FAKE_MACHINE");

	for (size_t i = 0; machine && i < sizeof(roots) / sizeof(roots[0]); i++) {
		if (strncmp(path, roots[i], strlen(roots[i])))
			continue;
		snprintf(other, size, "%s%s", machine, path);
		return other;
	}
	return path;
}

int access(const char *path, int mode)
{
	static int (*next)(const char *path, int mode);
	char other[4096];

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "access");
	return next(place_of(path, other, sizeof(other)), mode);
}

FILE *fopen64(const char *path, const char *mode)
{
	static FILE *(*next)(const char *path, const char *mode);
	char other[4096];

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "fopen64");
	return next(place_of(path, other, sizeof(other)), mode);
}

int open64(const char *path, int flags, ...)
{
	const char *thp = getenv("FAKE_THP");
	char other[4096];
	mode_t mode;
	va_list list;

	va_start(list, flags);
	mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(list, mode_t) : 0;
	va_end(list);
	if (thp && !strncmp(path, THP, strlen(THP))) {
		snprintf(other, sizeof(other), "%s%s", thp, path + strlen(THP));
		return real_open(other, flags, mode);
	}
	if (strcmp(path, VMSCOPE_DEVICE))
		return real_open(place_of(path, other, sizeof(other)), flags, mode);
	if (option("open", 0))
		return fail(option("open", 0));
	return new_fd(-1);
}

int close(int fd)
{
	static int (*next)(int fd);

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "close");
	if (fd >= 0 && fd < MAX_FDS)
		kind_of[fd] = 0;
	return next(fd);
}

static int info(struct vmscope_info *info)
{
	static const uint32_t shift[VMSCOPE_MAX_LEVELS] = { 12, 21, 30, 39, 39 };

	info->abi = option("abi", VMSCOPE_ABI);
	info->page_shift = 12;
	info->levels = 4;
	info->physical = option("physical", 0);
	info->locks = 1u << VMSCOPE_LOCK_VMA;
	info->task_size = TASK_SIZE;
	info->records = 1 << VMSCOPE_RECORD_VMA | 1 << VMSCOPE_RECORD_TALLY |
		1 << VMSCOPE_RECORD_EXTENT;
	if (!option("old", 0))
		info->records |= 1 << VMSCOPE_RECORD_TABLE;
	if (!option("nofill", 0))
		info->records |= 1 << VMSCOPE_RECORD_FILL;
	if (option("charge", 0))
		info->records |= 1 << VMSCOPE_RECORD_CHARGE;
	/* all but the counts of a page */
	info->key = 0xffffffffffull | VMSCOPE_ATTR_GEN | VMSCOPE_ATTR_DEFERRED |
		VMSCOPE_ATTR_EXTRA_REFS | VMSCOPE_ATTR_NODE | VMSCOPE_KEY_FRAME;
	for (int i = 0; i < VMSCOPE_MAX_LEVELS; i++) {
		info->level[i].shift = shift[i];
		info->level[i].entries = i == VMSCOPE_LEVEL_P4D ? 1 : 512;
		info->level[i].leaf = i <= VMSCOPE_LEVEL_PUD;
	}
	return 0;
}

static int open_target(struct vmscope_open *open)
{
	if (option("target", 0))
		return fail(option("target", 0));
	if (option("alien", 0) == open->pid)
		return fail(EPERM);
	open->fd = new_fd(open->pid);
	open->physical = option("physical", 0);
	return open->fd < 0 ? -1 : 0;
}

static int target(int pid, struct vmscope_target *target)
{
	target->mm = option("onemm", 0) ? 1 : pid;
	target->vmas = 1;
	target->tables = 48 << 10;
	target->total_vm = 1000;
	target->context = 4711;
	target->context_kind = VMSCOPE_CONTEXT_X86;
	strcpy(target->comm, "fake");
	return 0;
}

/* ------------------------------------------------------------- scanning */

struct mapping {
	uint64_t start, end, offset, inode;
	unsigned int major, minor;
	char perm[5];
	char name[256];
	uint64_t kb[10];	/* as in keys[] */
	uint64_t flags;
	uint64_t page;
};

enum {
	RSS, PSS, SHARED_CLEAN, SHARED_DIRTY, PRIVATE_CLEAN, PRIVATE_DIRTY, ANONYMOUS, SWAP,
	REFERENCED, PSS_DIRTY,
};

static const char * const keys[] = {
	"Rss:", "Pss:", "Shared_Clean:", "Shared_Dirty:", "Private_Clean:", "Private_Dirty:",
	"Anonymous:", "Swap:", "Referenced:", "Pss_Dirty:",
};

static void field(struct mapping *m, const char *line)
{
	for (int i = 0; i < 10; i++)
		if (!strncmp(line, keys[i], strlen(keys[i])))
			m->kb[i] = strtoull(line + strlen(keys[i]), NULL, 10);
	if (!strncmp(line, "KernelPageSize:", 15))
		m->page = strtoull(line + 15, NULL, 10) << 10;
}

static void flags(struct mapping *m, const char *line)
{
	static const struct {
		const char *name;
		uint64_t bit;
	} known[] = {
		{ " rd", VMSCOPE_VM_READ }, { " wr", VMSCOPE_VM_WRITE }, { " ex", VMSCOPE_VM_EXEC },
		{ " sh", VMSCOPE_VM_SHARED }, { " mr", VMSCOPE_VM_MAYREAD },
		{ " mw", VMSCOPE_VM_MAYWRITE }, { " me", VMSCOPE_VM_MAYEXEC },
		{ " ms", VMSCOPE_VM_MAYSHARE }, { " gd", VMSCOPE_VM_GROWSDOWN },
		{ " pf", VMSCOPE_VM_PFNMAP }, { " lo", VMSCOPE_VM_LOCKED },
		{ " io", VMSCOPE_VM_IO }, { " de", VMSCOPE_VM_DONTEXPAND },
		{ " dd", VMSCOPE_VM_DONTDUMP }, { " ac", VMSCOPE_VM_ACCOUNT },
		{ " nr", VMSCOPE_VM_NORESERVE }, { " sl", VMSCOPE_VM_SEALED },
		{ " sd", VMSCOPE_VM_SOFTDIRTY }, { " nh", VMSCOPE_VM_NOHUGEPAGE },
		{ " hg", VMSCOPE_VM_HUGEPAGE }, { " mm", VMSCOPE_VM_MIXEDMAP },
		{ " um", VMSCOPE_VM_UFFD_MISSING }, { " ht", VMSCOPE_VM_HUGETLB },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strstr(line, known[i].name))
			m->flags |= known[i].bit;
}

/* The whole of smaps; the caller frees. */
static struct mapping *read_smaps(int pid, size_t *nr)
{
	struct mapping *all = NULL, *m = NULL;
	char path[64], line[4096];
	FILE *file;

	*nr = 0;
	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	file = fopen(getenv("FAKE_SMAPS") ? getenv("FAKE_SMAPS") : path, "r");
	while (file && fgets(line, sizeof(line), file)) {
		if (line[0] >= 'A' && line[0] <= 'Z') {
			if (strncmp(line, "VmFlags:", 8))
				field(m, line);
			else
				flags(m, line + 8);
			continue;
		}
		if (!(*nr & (*nr - 1)))
			all = realloc(all, (*nr ? *nr * 2 : 1) * sizeof(*all));
		m = &all[(*nr)++];
		memset(m, 0, sizeof(*m));
		sscanf(line, "%lx-%lx %4s %lx %x:%x %lu %255[^\n]", &m->start, &m->end, m->perm,
		       &m->offset, &m->major, &m->minor, &m->inode, m->name);
		if (m->start >= TASK_SIZE)
			(*nr)--;
	}
	if (file)
		fclose(file);
	return all;
}

static size_t put_vma(char *to, const struct mapping *m)
{
	struct vmscope_vma *vma = (void *)to;
	const char *name = m->name;
	size_t size;

	memset(vma, 0, sizeof(*vma));
	vma->record.type = VMSCOPE_RECORD_VMA;
	vma->start = m->start;
	vma->end = m->end;
	vma->flags = m->flags | (m->inode || *name == '[' ? 0 : VMSCOPE_VM_ANON);
	vma->offset = m->offset;
	vma->inode = m->inode;
	vma->dev_major = m->major;
	vma->dev_minor = m->minor;
	vma->page_shift = __builtin_ctzll(m->page ? m->page : PAGE);
	vma->policy = 0xff;
	vma->name_kind = !*name ? VMSCOPE_NAME_NONE : !strcmp(name, "[heap]") ? VMSCOPE_NAME_HEAP :
		!strcmp(name, "[stack]") ? VMSCOPE_NAME_STACK :
		*name == '[' ? VMSCOPE_NAME_SPECIAL : VMSCOPE_NAME_FILE;
	if (vma->name_kind == VMSCOPE_NAME_FILE || vma->name_kind == VMSCOPE_NAME_SPECIAL)
		vma->name_size = strlen(name) + 1;
	memcpy(vma->name, name, vma->name_size);
	size = (sizeof(*vma) + vma->name_size + 7) & ~7ull;
	memset(vma->name + vma->name_size, 0, size - sizeof(*vma) - vma->name_size);
	vma->record.size = size;
	return size;
}

/* Pages of one sort; as many as smaps allows are referenced. */
static void put_cell(uint64_t *cell, int number, uint64_t pages, uint64_t *referenced)
{
	uint64_t some = pages < *referenced ? pages : *referenced;

	cell[number | VMSCOPE_CELL_REFERENCED] = some;
	cell[number] = pages - some;
	*referenced -= some;
}

static void fill_sums(const struct mapping *m, int first, uint64_t *cell, uint64_t *count)
{
	int kind = VMSCOPE_CELL(m->kb[ANONYMOUS] ? VMSCOPE_KIND_ANON_EXCLUSIVE :
				VMSCOPE_KIND_FILE_PRIVATE, 0);
	uint64_t referenced = m->kb[REFERENCED] / 4;
	uint64_t anon = m->kb[ANONYMOUS] / 4;

	put_cell(cell, kind, m->kb[PRIVATE_CLEAN] / 4, &referenced);
	put_cell(cell, kind | VMSCOPE_CELL_SHARED, m->kb[SHARED_CLEAN] / 4, &referenced);
	put_cell(cell, kind | VMSCOPE_CELL_SHARED | VMSCOPE_CELL_DIRTY, m->kb[SHARED_DIRTY] / 4,
		 &referenced);
	put_cell(cell, kind | VMSCOPE_CELL_DIRTY, m->kb[PRIVATE_DIRTY] / 4, &referenced);
	/* A file mapping with some anonymous pages: the others are the file's. */
	for (int i = 0; i < 8 && anon < m->kb[RSS] / 4 && anon; i++) {
		uint64_t over = m->kb[RSS] / 4 - anon;
		uint64_t some = cell[kind | i] < over ? cell[kind | i] : over;

		cell[kind | i] -= some;
		cell[VMSCOPE_CELL(VMSCOPE_KIND_FILE_PRIVATE, i)] += some;
		anon += some;
	}
	count[VMSCOPE_COUNT_PSS_ANON] = m->kb[PSS] << 10 << VMSCOPE_PSS_SHIFT;
	count[VMSCOPE_COUNT_PSS_DIRTY] = m->kb[PSS_DIRTY] << 10 << VMSCOPE_PSS_SHIFT;
	count[VMSCOPE_STATE_SWAPPED] = m->kb[SWAP] / 4;
	if (first) {
		cell[kind] += option("extra", 0);
		count[VMSCOPE_STATE_SKIPPED] = option("skip", 0);
	}
}

static size_t put_group(const uint64_t *number, __u64 *mask, __u64 *value)
{
	size_t n = 0;

	for (int i = 0; i < 64; i++) {
		if (!number[i])
			continue;
		*mask |= 1ull << i;
		value[n++] = number[i];
	}
	return n;
}

/* Sums of a part: all that is resident is in the last part. */
static size_t put_tally(char *to, const struct mapping *m, uint64_t start, uint64_t end, int first)
{
	struct vmscope_tally *tally = (void *)to;
	uint64_t cell[64] = { 0 }, count[64] = { 0 };
	uint64_t used = 0;
	size_t n;

	memset(tally, 0, sizeof(*tally));
	if (end == m->end)
		fill_sums(m, first, cell, count);
	else
		tally->record.marks = VMSCOPE_MARK_PART;
	for (int i = 0; i < 64; i++)
		used += cell[i];
	used += count[VMSCOPE_STATE_SKIPPED] + count[VMSCOPE_STATE_SWAPPED];
	count[VMSCOPE_STATE_NONE] = (end - start) / PAGE - used;
	if (count[VMSCOPE_STATE_SKIPPED])
		tally->record.marks |= VMSCOPE_MARK_SKIPPED;
	n = put_group(cell, &tally->cells, tally->value);
	n += put_group(count, &tally->counters, tally->value + n);
	tally->record.type = VMSCOPE_RECORD_TALLY;
	tally->record.size = sizeof(*tally) + n * 8;
	tally->start = start;
	tally->end = end;
	return tally->record.size;
}

static size_t put_extent(char *to, const struct mapping *m, int pid, uint64_t key)
{
	struct vmscope_extent *extent = (void *)to;

	memset(extent, 0, sizeof(*extent));
	extent->record.type = VMSCOPE_RECORD_EXTENT;
	extent->record.size = sizeof(*extent);
	extent->start = m->start;
	extent->pages = m->kb[RSS] / 4;
	/* bit n: pages are in swap, or young, in the n-th scan; and what else they always are */
	extent->attributes = option("swapped", 0) >> scans & 1 ? VMSCOPE_STATE_SWAPPED :
		VMSCOPE_STATE_PRESENT | option("attributes", 0);
	if (option("young", 0) >> scans & 1)
		extent->attributes |= VMSCOPE_ATTR_YOUNG;
	extent->attributes &= key;
	if (option("physical", 0) != 1 || !(key & VMSCOPE_KEY_FRAME))
		return extent->record.size;
	/*
	 * The same file is the same frames, in whose memory it ever is; none has more
	 * than the 36 bits that 256 TiB of memory take.
	 */
	extent->encoding = option("same", 0) ? VMSCOPE_FRAMES_SAME : VMSCOPE_FRAMES_RUN;
	extent->frame = m->inode ? (m->inode << 16 | m->offset >> 12) & 0xffffffff :
		1ULL << 35 | (pid & 0x7ffULL) << 24 | (m->start >> 12 & 0xffffff);
	if (m->inode)
		extent->attributes |= VMSCOPE_ATTR_SHARED & key;
	return extent->record.size;
}

static void put_level(struct vmscope_table_level *level, uint64_t tables, uint64_t used)
{
	level->tables = tables;
	level->used = used;
	while (tables--) {
		uint64_t some = used < 512 ? used : 512;

		level->by_used[some ? 64 - __builtin_clzll(some) : 0]++;
		used -= some;
	}
}

/*
 * As if each mapping had PTE tables of its own and filled them from the front,
 * and the first one had the one table of the two levels above; each part has a
 * PTE table that is kept.
 */
static size_t put_tables(char *to, const struct mapping *m, uint64_t start, uint64_t end,
			 int first)
{
	struct vmscope_table *table = (void *)to;
	uint64_t used = m->kb[RSS] / 4;

	memset(table, 0, sizeof(*table) + 3 * sizeof(table->level[0]));
	table->record.type = VMSCOPE_RECORD_TABLE;
	table->record.size = sizeof(*table);
	table->start = start;
	table->end = end;
	table->deposited = 1;
	if (end != m->end)
		return table->record.size;
	table->levels = first ? 7 : 1;
	table->record.size += (first ? 3 : 1) * sizeof(table->level[0]);
	put_level(&table->level[0], (m->end - m->start + (2 << 20) - 1) >> 21, used);
	if (first) {
		put_level(&table->level[1], 1, 300);
		table->level[1].shared = 1;
		put_level(&table->level[2], 1, 1);
	}
	return table->record.size;
}

/* Those of the mapping from a file of extents; 0: none. */
static size_t put_extents(char *to, const struct mapping *m, uint64_t key)
{
	const char *path = getenv("FAKE_PAGES");
	FILE *file = path ? fopen(path, "r") : NULL;
	uint64_t start, pages, attributes, frame;
	size_t used = 0;

	while (file && fscanf(file, "%lx %lx %lx %lx", &start, &pages, &attributes, &frame) == 4) {
		struct vmscope_extent *extent = (void *)(to + used);

		if (start < m->start || start >= m->end)
			continue;
		memset(extent, 0, sizeof(*extent));
		extent->record.type = VMSCOPE_RECORD_EXTENT;
		extent->record.size = sizeof(*extent);
		extent->start = start;
		extent->pages = pages;
		extent->attributes = attributes & key;
		extent->frame = key & VMSCOPE_KEY_FRAME && option("physical", 0) ? frame : 0;
		extent->encoding = extent->frame ? VMSCOPE_FRAMES_RUN : VMSCOPE_FRAMES_NONE;
		used += extent->record.size;
	}
	if (file)
		fclose(file);
	return used;
}

static size_t put_fills(char *to, const struct mapping *m)
{
	const char *path = getenv("FAKE_FILL");
	FILE *file = path ? fopen(path, "r") : NULL;
	uint64_t start, pages, zero, unread, bucket;
	size_t used = 0;

	while (file && fscanf(file, "%lx %lx %lx %lx %lx", &start, &pages, &zero, &unread,
			      &bucket) == 5) {
		struct vmscope_fill *fill = (void *)(to + used);

		if (start < m->start || start >= m->end)
			continue;
		memset(fill, 0, sizeof(*fill));
		fill->record.type = VMSCOPE_RECORD_FILL;
		fill->record.size = sizeof(*fill);
		fill->start = m->start;
		fill->end = m->end;
		fill->folios = 1;
		fill->pages = pages;
		fill->zero = zero;
		fill->unread = unread;
		fill->used[bucket % VMSCOPE_FILL_BUCKETS] = 1;
		used += fill->record.size;
	}
	if (file)
		fclose(file);
	return used;
}

/* All of a mapping is paid for by one group. */
static size_t put_charge(char *to, const struct mapping *m)
{
	struct vmscope_charge *charge = (void *)to;

	memset(charge, 0, sizeof(*charge) + sizeof(charge->group[0]));
	charge->record.type = VMSCOPE_RECORD_CHARGE;
	charge->record.size = sizeof(*charge) + sizeof(charge->group[0]);
	charge->start = m->start;
	charge->end = m->end;
	charge->groups = 1;
	charge->group[0].cgroup = option("charge", 0);
	charge->group[0].pages = m->kb[RSS] / 4;
	charge->group[0].pss = (uint64_t)m->kb[PSS] << 10 << VMSCOPE_PSS_SHIFT;
	return charge->record.size;
}

static size_t put_some_extents(char *to, const struct mapping *m, int pid, uint64_t key)
{
	size_t used = put_extents(to, m, key);

	return used ? used : put_extent(to, m, pid, key);
}

static int scan(int pid, struct vmscope_scan *call)
{
	const char *failing = getenv("FAKE") ? strstr(getenv("FAKE"), "scan=") : NULL;
	char *to = (char *)(uintptr_t)call->buffer;
	struct mapping *all;
	size_t nr, used = 0;
	uint64_t at = call->start;

	scans++;
	if (failing) {
		char *when;
		long error = strtol(failing + 5, &when, 10);

		if (*when != '@' || strtol(when + 1, NULL, 10) == scans)
			return fail(error);
	}
	if (option("small", 0) && call->buffer_size < 1 << 20) {
		call->used = 1 << 20;
		return fail(EMSGSIZE);
	}
	all = read_smaps(pid, &nr);
	call->next = call->end;
	for (size_t i = 0; i < nr; i++) {
		const struct mapping *m = &all[i];
		uint64_t start = m->start < at ? at : m->start;
		uint64_t end = m->end > call->end ? call->end : m->end;

		if (start >= end)
			continue;
		if (used + 8192 > call->buffer_size) {
			call->next = start;
			break;
		}
		used += put_vma(to + used, m);
		/* In parts: one page of each mapping by itself. */
		if (option("part", 0) && start == m->start && end > start + PAGE &&
		    m->kb[RSS] / 4 < (m->end - m->start) / PAGE)
			end = start + PAGE;
		if (call->records & 1 << VMSCOPE_RECORD_EXTENT && m->kb[RSS] && start == m->start)
			used += put_some_extents(to + used, m, pid, call->key);
		if (call->records & 1 << VMSCOPE_RECORD_FILL)
			used += put_fills(to + used, m);
		if (call->records & 1 << VMSCOPE_RECORD_CHARGE && m->kb[RSS])
			used += put_charge(to + used, m);
		if (call->records & 1 << VMSCOPE_RECORD_TALLY)
			used += put_tally(to + used, m, start, end, i == 0);
		if (call->records & 1 << VMSCOPE_RECORD_TABLE)
			used += put_tables(to + used, m, start, end, i == 0);
		if (i == 0 && option("skip", 0))
			call->marks |= VMSCOPE_MARK_SKIPPED;
		if (option("part", 0) && end != m->end && end != call->end) {
			call->next = end;
			break;
		}
	}
	free(all);
	call->used = used;
	call->cost.lock[VMSCOPE_LOCK_VMA].count = nr;
	call->cost.lock[VMSCOPE_LOCK_VMA].total_ns = nr * 1000;
	call->cost.lock[VMSCOPE_LOCK_VMA].longest_ns = 1000;
	call->cost.sections = nr;
	call->cost.entries = nr * 3;
	return 0;
}

/* Every address is a PTE that is present, but below 1 MiB nothing is. */
static int translate(struct vmscope_translate *call)
{
	struct vmscope_translation *one = (void *)(uintptr_t)call->translations;

	for (uint32_t n = 0; n < call->count; n++, one++) {
		uint64_t address = one->address;

		memset(one, 0, sizeof(*one));
		one->address = address;
		if (address >= TASK_SIZE) {
			one->stop = VMSCOPE_STOP_RANGE;
			continue;
		}
		one->stop = address < 1 << 20 ? VMSCOPE_STOP_NO_VMA : VMSCOPE_STOP_LEAF;
		one->attributes = address < 1 << 20 ? 0 : VMSCOPE_STATE_PRESENT;
		for (int level = VMSCOPE_LEVEL_PGD; level >= 0; level--) {
			if (level == VMSCOPE_LEVEL_P4D)
				continue;
			one->step[level].read = 1;
			one->step[level].level = level;
			one->step[level].index =
				address >> (12 + 9 * (level == VMSCOPE_LEVEL_PGD ? 3 : level)) & 511;
			if (!option("physical", 0))
				continue;
			one->step[level].raw = 0x12345067 + level;
			one->step[level].table = 0x100 + level;
			one->frame = 0x12345;
			one->physical = 0x12345000 | (address & 0xfff);
		}
		one->mapcount = 1;
		one->refcount = 1;
	}
	call->done = call->count;
	return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	static int (*next)(int fd, unsigned long request, ...);
	va_list list;
	void *argument;
	int kind = fd >= 0 && fd < MAX_FDS ? kind_of[fd] : 0;

	va_start(list, request);
	argument = va_arg(list, void *);
	va_end(list);
	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "ioctl");
	if (!kind)
		return next(fd, request, argument);
	if (option("foreign", 0))
		return fail(ENOTTY);
	switch (request) {
	case VMSCOPE_INFO:
		return info(argument);
	case VMSCOPE_OPEN:
		return open_target(argument);
	case VMSCOPE_TARGET:
		return target(kind, argument);
	case VMSCOPE_SCAN:
		return scan(kind, argument);
	case VMSCOPE_TRANSLATE:
		return translate(argument);
	}
	return fail(ENOTTY);
}
