/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The seam between those who collect and the model: open, collect, close. It
 * must not know how any source works, nor what the figures are for.
 */
#ifndef VMSCOPE_SOURCE_H
#define VMSCOPE_SOURCE_H

#include "error.h"
#include "model.h"
#include "target.h"

/*
 * Extents and walks need the kernel's geometry, which PROCESS brings, and the
 * mappings, once in the life of a model.
 */
#define VS_WANT_PROCESS		(1u << 0)	/* the kernel, and totals that it keeps */
#define VS_WANT_VMAS		(1u << 1)	/* the mappings */
#define VS_WANT_TALLIES		(1u << 2)	/* and their sums */
#define VS_WANT_EXTENTS		(1u << 3)	/* pages, handed to extent() */
#define VS_WANT_WALKS		(1u << 4)	/* translations of addresses */
#define VS_WANT_KEY		(1u << 5)	/* kernel.key: what extents can tell */
#define VS_WANT_TABLES		(1u << 6)	/* VS_DETAIL_TABLES, handed to detail() */
#define VS_WANT_FILL		(1u << 7)	/* VS_DETAIL_FILL: content is read */
#define VS_WANT_THP		(1u << 8)	/* the policy of huge pages */
#define VS_WANT_CHARGES		(1u << 9)	/* VS_DETAIL_CHARGES */
/* All of the above whose figures come as details. */
#define VS_WANT_DETAILS		(VS_WANT_TABLES | VS_WANT_FILL | VS_WANT_CHARGES)

struct vs_request {
	unsigned int want;
	uint64_t start;			/* range, for all but walks */
	uint64_t end;			/* 0: to the end */
	uint64_t key;			/* of extents: VS_ATTR_*, VS_KEY_* */
	bool holes;			/* extents of untouched pages as well */
	bool bare;			/* of extents, their mappings matter not: they may be NULL */
	bool unpaced;			/* read content as fast as it goes */
	unsigned int jobs;		/* threads, 0: as many as it is worth */
	uint64_t timeout_ns;		/* for locks that stay taken, 0: default */
	const uint64_t *address;
	size_t nr_addresses;
	/* Gets each extent in address order; not 0 stops the collection. */
	int (*extent)(void *context, const struct vs_model *model, const struct vs_vma *vma,
		      const struct vs_extent *extent);
	/* Likewise each detail, behind the extents of what it is about. */
	int (*detail)(void *context, const struct vs_model *model, const struct vs_vma *vma,
		      const struct vs_detail *detail);
	void *context;
};

/* The kinds of detail that are wanted, as bits of kernel.details. */
uint64_t vs_wanted_details(unsigned int want);

/* What begin() of a survey may say beside 0. */
#define VS_SURVEY_STOP		-1
#define VS_SURVEY_PASS		1	/* its sums are not wanted */
/* There is no module, or one that cannot. */
#define VS_SURVEY_CANNOT	1

/*
 * All processes of the host, of each the totals that the kernel keeps and its
 * memory as a single mapping without a name.
 */
struct vs_survey {
	pid_t only;			/* this one alone, 0: everybody */
	unsigned int want;		/* tallies, and details but content */
	unsigned int may_want;		/* details, where they can be had */
	uint64_t timeout_ns;		/* for locks of each process, 0: default */
	/* Who comes next; @error is why it was not read, or NULL. */
	int (*begin)(void *context, const struct vs_model *model, const struct vs_error *error);
	int (*detail)(void *context, const struct vs_model *model, const struct vs_vma *vma,
		      const struct vs_detail *detail);
	/* After its sums; not 0 stops. */
	int (*end)(void *context, const struct vs_model *model);
	void *context;
};

struct vs_source;

struct vs_source_ops {
	const char *name;
	/* The target stays the caller's, and must outlive the source. */
	int (*open)(struct vs_source *source, const struct vs_target *target, const char *file,
		    struct vs_error *error);
	/* Adds to the model. */
	int (*collect)(struct vs_source *source, const struct vs_request *request,
		       struct vs_model *model, struct vs_error *error);
	void (*close)(struct vs_source *source);
	/* Optional, without a target: 0, VS_SURVEY_CANNOT, or -1. */
	int (*survey)(const struct vs_survey *survey, struct vs_model *model,
		      struct vs_cost *cost, struct vs_error *error);
};

struct vs_source {
	const struct vs_source_ops *ops;
	void *state;
};

extern const struct vs_source_ops vs_source_module;
extern const struct vs_source_ops vs_source_proc;
extern const struct vs_source_ops vs_source_file;

int vs_source_open(struct vs_source *source, const struct vs_source_ops *ops,
		   const struct vs_target *target, const char *file, struct vs_error *error);
int vs_source_collect(struct vs_source *source, const struct vs_request *request,
		      struct vs_model *model, struct vs_error *error);
void vs_source_close(struct vs_source *source);

/* The model stands for one process after the other. 0, VS_SURVEY_CANNOT, or -1. */
int vs_source_survey(const struct vs_source_ops *ops, const struct vs_survey *survey,
		     struct vs_model *model, struct vs_cost *cost, struct vs_error *error);

/*
 * Whether what the module refused (missing, not permitted) leaves procfs as a
 * second source worth trying. A module of another ABI does not.
 */
bool vs_source_may_fall_back(const struct vs_error *error);

/*
 * Recorded files. A file holds one or more looks at one process: the module's
 * and, for verify, those of procfs around it.
 */
enum vs_look {
	VS_LOOK_MAIN,
	VS_LOOK_PROC_BEFORE,
	VS_LOOK_PROC_AFTER,
	VS_LOOK_NR,
};

struct vs_recorder;

/* Start a file; it takes its name only when vs_record_finish() succeeds. */
struct vs_recorder *vs_record_start(const char *file, struct vs_error *error);
int vs_record_extent(struct vs_recorder *recorder, uint32_t vma, const struct vs_extent *extent,
		     struct vs_error *error);
int vs_record_detail(struct vs_recorder *recorder, uint32_t vma, const struct vs_detail *detail,
		     struct vs_error *error);
/* The key of its extents, 0: none; and which kinds of detail were recorded. */
int vs_record_model(struct vs_recorder *recorder, enum vs_look look, const struct vs_model *model,
		    uint64_t key, uint64_t details, struct vs_error *error);
/* The swap areas at that time: behind the model of the main look. */
struct vs_swaps_then;
int vs_record_swaps(struct vs_recorder *recorder, const struct vs_swaps_then *swaps,
		    struct vs_error *error);
int vs_record_finish(struct vs_recorder *recorder, struct vs_error *error);
void vs_record_abandon(struct vs_recorder *recorder);

/* One of the looks of an open file source; VS_FAIL_INPUT when it has none. */
int vs_file_look(struct vs_source *source, enum vs_look look, struct vs_model *model,
		 struct vs_error *error);

#endif
