/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes memory of each kind and sets up what the kernel needs for it (swap,
 * KSM, huge pages, file systems); knows nothing of vmscope.
 *
 * Functions return 0 or an errno; ENOSYS, ENODEV or ENOMEM mean that this
 * machine cannot, which a test reports as a skip.
 */
#ifndef SELFTESTS_MEMORY_H
#define SELFTESTS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define KIB		1024ull
#define MIB		(1024 * KIB)
#define GIB		(1024 * MIB)
#define PAGE_SIZE	4096ull
#define PMD_SIZE	(2 * MIB)

/* Newer than the C library may be. */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#define MADV_POPULATE_WRITE	23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE		25
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL	102
#define MADV_GUARD_REMOVE	103
#endif

/* A part of the address space that a target tells the test about. */
struct region {
	uint64_t start;
	uint64_t end;
};

struct region region_of(const void *p, uint64_t size);

/*
 * Map @size bytes of private anonymous memory at a multiple of @align, with an
 * unmapped page on either side so that nothing merges with it. Huge pages are
 * off unless asked for with madvise(). NULL when that fails.
 */
char *map_anon(size_t size, size_t align);
/* The same for any file; @flags are MAP_SHARED or MAP_PRIVATE and more. */
char *map_file(size_t size, size_t align, int flags, int fd);
/* Map over a reserved, aligned address range; what the two above use. */
char *map_at(size_t size, size_t align, int prot, int flags, int fd);

/* Fork a child that only waits and dies with this process; its pid. */
pid_t fork_waiting(void);

/* Unmap the last @size bytes of a region, which is shorter then. */
int unmap_end(struct region *r, size_t size);

/* Write a byte to every page. */
void touch(char *p, size_t size);
/* Read a byte of every page. */
void read_all(const char *p, size_t size);

/* Write @text to the file @path; 0 or errno. */
int write_file(const char *path, const char *text);
/* Read the first number in the file @path, or -1. */
long read_number(const char *path);
/* Run a command; 0 when it succeeded. */
int run_command(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Turn a swap area in zram on, once; stays on. */
int swap_on(void);
/* Move [p, p + size) out until pagemap or mincore() says it is out. */
int page_out(char *p, size_t size);

/* Have KSM merge [p, p + size), which must be filled with equal pages. */
int ksm_merge(char *p, size_t size);
void ksm_stop(void);

/* See to it that @nr free huge pages of @size bytes exist. */
int hugetlb_reserve(size_t size, unsigned int nr);
void hugetlb_release(size_t size);

/*
 * Nothing is moved or collapsed behind a test's back from now on: what it built
 * is what is found. ENOSYS without transparent huge pages, which are given to
 * whom asks for them.
 */
int keep_pages_still(void);

/* Is all of the mapping at @p, of @size bytes, mapped by PMDs? From its smaps line. */
bool is_pmd_mapped(const char *p, size_t size);
/*
 * Put [p, p + size) together to huge pages where memory was in pieces; of a file
 * ENOSYS when the kernel cannot.
 */
int collapse_anon(char *p, size_t size);
int collapse_file(char *p, size_t size);
/* Have [p, p + size) be made of huge pages. */
int make_thp(char *p, size_t size);
/* Let mTHP of @kb KiB be given on request; ENOSYS before 6.12. */
int mthp_enable(unsigned int kb, bool on);

/* Where the Makefile put an image of an ext4 file system: in the folder of the programs. */
#define EXT4_IMAGE_SIZE	(64 * MIB)
void ext4_image(char *path, size_t size);

/* An open, unlinked file of @size bytes, filled, on a file system of its own. */
int file_on(const char *type, size_t size);

/* The pages that LRU batches hold: put where they belong, and let go of. */
void settle(void);
/* The same, and the free memory is made one piece: huge pages need it. */
void compact(void);

#endif
