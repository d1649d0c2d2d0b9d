/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What KSM merged: by mapping, in groups across processes, what it saves, and
 * why a mapping merges nothing. It must not know how processes are read, nor
 * how the answer is shown.
 */
#ifndef VMSCOPE_ANALYZE_KSM_H
#define VMSCOPE_ANALYZE_KSM_H

#include "../lib/ksm.h"
#include "frames.h"
#include "members.h"
#include "rows.h"
#include "share.h"

#define VS_KSM_NEED	(VS_ATTR_STATE | VS_ATTR_KIND | VS_KEY_FRAME | VS_KEY_MAPCOUNT)
#define VS_KSM_WISH	(VS_ATTR_DIRTY | VS_ATTR_LEAF)
#define VS_KSM_OTHERS	(VS_ATTR_STATE | VS_KEY_FRAME)

/* Bytes of a mapping. */
struct vs_ksm_row {
	uint64_t merged;
	uint64_t zero;			/* KSM zero pages */
	uint64_t anon;			/* other anonymous memory in RAM */
	uint64_t huge;			/* of that: mapped by huge entries */
	uint64_t cache;			/* page cache and shared memory */
	uint64_t swap;
};

/* Why a mapping has nothing merged, as far as it can be known. */
enum vs_ksm_reason {
	VS_KSM_MERGES,			/* it does merge */
	VS_KSM_NO_KSM,			/* a kernel without KSM */
	VS_KSM_STOPPED,			/* ksmd does not run */
	VS_KSM_UNMERGING,		/* it was told to unmerge everything */
	VS_KSM_EMPTY,			/* nothing in memory */
	VS_KSM_SWAPPED,			/* it is in swap */
	VS_KSM_CACHE,			/* page cache: only anonymous memory is merged */
	VS_KSM_NOT_SCANNED,		/* ksmd was not there yet */
	VS_KSM_SCANNED_ONCE,		/* it takes two looks at unchanged content */
	VS_KSM_HUGE,			/* huge pages, none of whose pages was found equal */
	VS_KSM_NOTHING_EQUAL,		/* nothing equal, or it changes between two looks */
	VS_KSM_REASON_NR,
};

/* One of the processes. */
struct vs_ksm_member {
	uint32_t member;
	uint64_t merged;		/* bytes, from the page tables */
	uint64_t zero;			/* or VS_UNKNOWN */
	uint64_t mergeable;		/* anonymous bytes in mergeable mappings, merged ones too */
	uint64_t other_anon;		/* anonymous bytes in others */
	uint64_t saved;			/* bytes: less than its own copies would take */
	struct vs_ksm_process told;	/* by the kernel */
};

/* Frames that are mapped equally often. */
struct vs_ksm_class {
	uint64_t frames;
	uint64_t mappings;
};

/* One frame that stands for several pages. */
struct vs_ksm_group {
	uint64_t frame;
	uint64_t mappings;		/* as the kernel counts */
	uint64_t found;			/* with the processes that were read */
	uint64_t own;			/* of that with the one that is asked about */
	uint32_t members;
	uint32_t set;
};

/* Groups that are kept one by one, those with most mappings. */
#define VS_KSM_GROUPS	64

struct vs_ksm {
	const struct vs_model *model;	/* of the one that is asked about; NULL: of many */
	struct vs_members *members;
	struct vs_frame_map map;
	unsigned int page_shift;
	struct vs_ksm_host host;
	bool zero_known;		/* this kernel marks its zero pages */
	struct vs_rows rows;		/* struct vs_ksm_row */
	struct vs_ksm_row total;
	struct vs_ksm_member *process;
	uint32_t nr, max;
	struct vs_ksm_class class[VS_SHARE_CLASSES];
	struct vs_ksm_group group[VS_KSM_GROUPS];
	uint32_t nr_groups;
	uint64_t frames;		/* that stand for others */
	uint64_t mappings;		/* of them */
	uint64_t saved;			/* bytes, by all who map these frames */
	uint64_t missing;		/* mappings that were not found */
};

/* The model and the members live as long. Without a model, of many. */
void vs_ksm_begin(struct vs_ksm *ksm, const struct vs_model *model, struct vs_members *members);
void vs_ksm_end(struct vs_ksm *ksm);

/* The next that is asked about, members.now; then its extents. 0 or -ENOMEM. */
int vs_ksm_next(void *context, const struct vs_model *model);
int vs_ksm_extent(void *context, const struct vs_model *model, const struct vs_vma *vma,
		  const struct vs_extent *extent);
/* Extents of others, who may map the same frames. */
int vs_ksm_other(void *context, const struct vs_model *model, const struct vs_vma *vma,
		 const struct vs_extent *extent);

/* Everything was read; 0 or -ENOMEM. */
int vs_ksm_finish(struct vs_ksm *ksm);

enum vs_ksm_reason vs_ksm_reason(const struct vs_ksm *ksm, const struct vs_ksm_row *row);
/* One word for JSON, and a sentence for people. */
const char *vs_ksm_reason_word(enum vs_ksm_reason reason);
const char *vs_ksm_reason_text(enum vs_ksm_reason reason);

/* Mergeable mappings, those with most merged first; how many of max. */
size_t vs_ksm_top(const struct vs_ksm *ksm, uint32_t *index, size_t max);

/* Milliseconds that ksmd takes for one look at that much, VS_UNKNOWN when it stands. */
uint64_t vs_ksm_scan_time(const struct vs_ksm *ksm, uint64_t bytes);

#endif
