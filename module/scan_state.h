/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a scan keeps, for the two files that it is made of: the order of things
 * (scan.c), and what is done with what the walk meets (scan_walk.c). Nobody else
 * includes it.
 */
#ifndef VMS_SCAN_STATE_H
#define VMS_SCAN_STATE_H

#include "charge.h"
#include "encode.h"
#include "extent.h"
#include "fill.h"
#include "scan.h"
#include "section.h"
#include "tables.h"
#include "tally.h"
#include "tally_few.h"
#include "vmas.h"
#include "walk.h"

/**
 * enum phase - where the scan stands with the current VMA
 * @PHASE_NONE: there is none; the next one is looked for
 * @PHASE_NEW: copied; its VMA record is due
 * @PHASE_WALK: its pages are being read
 * @PHASE_FINISH: its part has been read up to the current address; the TALLY
 *	and the TABLE are due
 */
enum phase {
	PHASE_NONE,
	PHASE_NEW,
	PHASE_WALK,
	PHASE_FINISH,
};

/*
 * The state of a scan.
 * @tables: the page tables of this part
 * @payers: who pays for the pages of this part
 * @others: what is called for the other records, where payers are wanted
 * @apart: what is called for one VMA, where all are summed up together
 * @open: tables that may go on behind this part; none outside sections
 * @few: what a small VMA comes to; on the stack it would be cleared first
 * @vma: the VMA at hand; its file reference is put when the VMA is done with
 * @part: where this scan began to read it
 * @addr: everything below is done
 * @seq: layout sequence when @part was begun
 * @marks: of the records of this part
 * @accounted: bytes of the VMAs done with that memory was promised for
 * @small_vmas: take the shorter way with them: no extents are wanted
 * @skip: the VMA's lock is not to be had: account for it unread
 * @rewalked: this part has been read twice already
 * @cut: the scan ends inside the VMA, and perhaps inside a folio
 * @path_page: room for a path
 * @folio: the one that @fill had at hand when @part was begun
 * @fill_at: where the last scan for FILL ended, which may be inside a folio
 * @read_ns: for how long content was read since the last pause
 */
struct scan {
	const struct scan_request *request;
	struct mm_struct *mm;
	struct section section;
	struct walk walk;
	struct tally tally;
	struct extents extents;
	struct tables tables;
	struct charges payers;
	const struct walk_ops *others;
	const struct walk_ops *apart;
	struct open_tables open;
	struct fill fill;
	struct fill_folio folio;
	unsigned long fill_at;
	u64 read_ns;
	struct tally_few few;
	struct encoder encoder;
	struct vma_copy vma;
	enum phase phase;
	unsigned long part;
	unsigned long addr;
	u64 part_entries;
	unsigned int seq;
	u16 marks;
	u64 accounted;
	bool small_vmas;
	bool skip;
	bool rewalked;
	bool stop;
	bool cut;
	u64 rewalks;
	char *path_page;
};

static inline bool wants(const struct scan *s, u64 record)
{
	return s->request->records & record;
}

/* What the walk is to call for what is wanted. */
const struct walk_ops *scan_walk_ops(struct scan *s);

/*
 * Into sums over many VMAs, which take them one by one as well as in blocks.
 * Return: entries taken.
 */
unsigned int scan_join_ptes(struct scan *s, const pte_t *pte, unsigned int n,
			    bool anonymous, enum page_kind file_kind);

/* Those of a VMA that maps frames. Return: likewise. */
unsigned int scan_join_frames(struct scan *s, const pte_t *pte, unsigned int n);

/* To be called for the payers of small VMAs, too: their cost is the section's. */
void scan_charge_payers(struct scan *s);

/*
 * The section ends. Of tables that reach beyond what was read, the entries are
 * counted: nothing is known of those to come.
 */
void scan_leave_tables(struct scan *s);

#endif
