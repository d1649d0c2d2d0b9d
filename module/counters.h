/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the module has done since it was loaded: numbers added up where an
 * operation ends, for debugfs to show. Nothing is counted within a section.
 * Without debugfs nobody could see them, and all of it is nothing.
 */
#ifndef VMS_COUNTERS_H
#define VMS_COUNTERS_H

#include "section.h"

struct scan_reply;

/* At what an operation failed. */
enum doing {
	DOING_OPEN,		/* making a target of a process */
	DOING_USE,		/* beginning an operation on a target */
	DOING_SCAN,
	DOING_TRANSLATE,
	DOING_NR,
};

#define COUNTERS_MARKS	6	/* MARK_* of page.h */
#define COUNTERS_ERRORS	9	/* counters_errors[], the last for all others */

/**
 * struct counters - everything that is counted
 * @opened: targets, those of the views in debugfs among them
 * @closed: of them
 * @scans: that came to an end, well or not
 * @addresses: translated
 * @sections: of page tables
 * @entries: of page tables, read by scans
 * @waits: sleeps because a lock was taken
 * @rewalks: VMAs read again because the layout had changed
 * @marked: scans with this MARK_* in their reply, by number of the bit
 * @hold: by lock
 * @failed: by errno
 */
struct counters {
	u64 opened;
	u64 closed;
	u64 scans;
	u64 addresses;
	u64 sections;
	u64 entries;
	u64 waits;
	u64 rewalks;
	u64 marked[COUNTERS_MARKS];
	struct hold hold[SECTION_LOCKS];
	u64 failed[COUNTERS_ERRORS][DOING_NR];
};

#ifdef VMSCOPE_DEBUGFS

extern const char *const counters_errors[COUNTERS_ERRORS];

void counters_opened(void);
void counters_closed(void);
void counters_failed(enum doing doing, int err);
void counters_scanned(const struct scan_reply *reply);
void counters_translated(const struct section *section, u64 addresses);

/* All of them at one moment. */
void counters_read(struct counters *out);

#else

static inline void counters_opened(void) {}
static inline void counters_closed(void) {}
static inline void counters_failed(enum doing doing, int err) {}
static inline void counters_scanned(const struct scan_reply *reply) {}
static inline void counters_translated(const struct section *section,
				       u64 addresses) {}

#endif

#endif /* VMS_COUNTERS_H */
