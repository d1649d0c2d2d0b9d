/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Huge pages by mapping: of which sizes, how they are mapped, how full they
 * are, and why there are no more. It must not know how it is shown.
 */
#ifndef VMSCOPE_ANALYZE_THP_H
#define VMSCOPE_ANALYZE_THP_H

#include "rows.h"

#define VS_THP_NEED	(VS_ATTR_STATE | VS_ATTR_KIND | VS_ATTR_LEAF | VS_ATTR_ORDER)
#define VS_THP_WISH	(VS_ATTR_SHARED | VS_KEY_FRAME)

/* Why a page is not mapped by a leaf of the PMD level. */
enum vs_thp_why {
	VS_WHY_NOTHING,			/* all of it is */
	VS_WHY_SPLIT,			/* its folio is large enough, but mapped by PTEs */
	VS_WHY_SPECIAL,			/* the kernel's or a driver's own mapping */
	VS_WHY_SMALL,			/* mapping smaller than a huge page */
	VS_WHY_MISALIGNED,		/* no aligned huge page fits, or file and address differ */
	VS_WHY_ENDS,			/* before the first or behind the last boundary */
	VS_WHY_MISSING,			/* kernel without */
	VS_WHY_PRCTL,			/* prctl(PR_SET_THP_DISABLE) */
	VS_WHY_NOHUGEPAGE,		/* madvise(MADV_NOHUGEPAGE) */
	VS_WHY_NEVER,			/* policy */
	VS_WHY_MADVISE,			/* policy, and no madvise(MADV_HUGEPAGE) */
	VS_WHY_MOUNT,			/* a tmpfs, whose option huge= decides */
	VS_WHY_COPY,			/* private copy of a file's page */
	VS_WHY_FILE_SYSTEM,		/* page cache in single pages */
	VS_WHY_FILE_FOLIOS,		/* page cache in smaller folios */
	VS_WHY_UFFD,			/* userfaultfd wants to know of its holes */
	VS_WHY_PTES_NONE,		/* more holes than khugepaged fills */
	VS_WHY_PTES_SWAP,		/* more in swap than it brings back */
	VS_WHY_PTES_SHARED,		/* more shared by fork than it copies */
	VS_WHY_KHUGEPAGED,		/* nothing in the way: it has not been there yet */
	VS_WHY_UNKNOWN,			/* the policy could not be read */
	VS_WHY_NR,
};

/*
 * Bytes of one mapping. PMD, cont, pte and single add up to resident, and
 * the reasons to all of it but PMD. Hugetlb and the zero pages stand apart.
 */
struct vs_thp_row {
	uint64_t resident;
	uint64_t huge;			/* in folios of more than one page */
	uint64_t pmd;			/* mapped by leaves of the PMD level */
	uint64_t cont;			/* large folios mapped by contiguous entries */
	uint64_t pte;			/* large folios mapped by single entries */
	uint64_t single;		/* folios of one page */
	uint64_t misaligned;		/* large folios at an address that is no multiple of theirs */
	uint64_t partial;		/* of large folios that are not mapped as a whole */
	uint64_t unmapped;		/* what of these is not mapped */
	uint64_t hugetlb;
	uint64_t could;			/* where huge pages would fit */
	uint64_t looked;		/* fill: bytes read */
	uint64_t waste;			/* of them zero */
	uint64_t unread;
	uint64_t why;			/* enum vs_thp_why: the reason of most */
	uint64_t reason[VS_WHY_NR];
};

/* Bytes in folios of one order, by how they are mapped. */
struct vs_thp_order {
	uint64_t leaf[VS_LEAF_NR];
	uint64_t misaligned;
	uint64_t partial;
	uint64_t unmapped;
	uint64_t hugetlb;
};

/* Pages of a large folio found together. */
struct vs_thp_piece {
	uint64_t frame;
	uint32_t pages;
	uint32_t vma;
	uint32_t order;
	uint32_t reserved;
};

struct vs_thp_state {
	const struct vs_model *model;
	struct vs_rows rows;		/* struct vs_thp_row */
	struct vs_thp_row total;
	struct vs_thp_order order[VS_THP_ORDERS];
	unsigned int pmd_order;
	bool frames;			/* known: alignment and completeness are */
	uint64_t partial_folios;
	bool filled;			/* content was read */
	struct vs_fill fill;

	/* private to thp.c: the mapping, PMD range and piece at hand */
	struct {
		size_t vma;		/* index, SIZE_MAX: none */
		uint64_t start, end, flags;
		enum vs_thp_why why;	/* of the whole mapping */
		uint64_t first, last;	/* where huge pages would fit */
		bool file;
		bool shmem;
		bool large;		/* page cache in large folios was met */
		uint64_t cache;		/* bytes of page cache where they would fit */
	} at;
	struct {
		uint64_t start;
		uint64_t bytes;		/* that want a reason */
		uint32_t present, zero, swapped, shared;
	} slot;
	struct vs_thp_piece piece;
	struct vs_thp_piece *pieces;
	size_t nr_pieces, max_pieces;
};

void *vs_thp_begin(const struct vs_model *model);
int vs_thp_extent(void *state, const struct vs_vma *vma, const struct vs_extent *extent);
int vs_thp_detail(void *state, const struct vs_vma *vma, const struct vs_detail *detail);
int vs_thp_finish(void *state);
void vs_thp_end(void *state);

/* The mappings that matter most: by waste where content was read, by what is not huge. */
size_t vs_thp_top(const struct vs_thp_state *state, uint32_t *index, size_t max);

/* Name of a reason in JSON, in a table, and as a sentence for people. */
const char *vs_thp_why_key(enum vs_thp_why why);
const char *vs_thp_why_short(enum vs_thp_why why);
const char *vs_thp_why_text(enum vs_thp_why why);

#endif
