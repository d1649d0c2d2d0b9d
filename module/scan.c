// SPDX-License-Identifier: GPL-2.0-only
/*
 * One scan: sections are entered, VMAs copied, their pages walked and summed,
 * and the records moved to the user between sections.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "compat/vmalock.h"
#include "counters.h"
#include "scan_state.h"

/* A VMA whose pages cost less than this to read is read again when torn. */
#define REWALK_ENTRIES	(64 * 1024)

/* Of a VMA without its pages, in units of ten instructions: 64 in a section. */
#define COST_VMA	64
/* Content is read for so long before a pause, which is three times as long. */
#define PACE_NS		NSEC_PER_MSEC
#define PACE_PAUSE	3

/* Of one that small_vma() takes, and of each of its entries. */
#define COST_SMALL_VMA	28
#define COST_SMALL_ENTRY 4

struct scan *scan_alloc(void)
{
	struct scan *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);

	if (!s)
		return NULL;
	s->encoder.buffer = kvmalloc(ENCODE_BUFFER, GFP_KERNEL_ACCOUNT);
	s->path_page = (char *)__get_free_page(GFP_KERNEL_ACCOUNT);
	if (!s->encoder.buffer || !s->path_page) {
		scan_free(s);
		return NULL;
	}
	return s;
}

void scan_free(struct scan *s)
{
	free_page((unsigned long)s->path_page);
	kvfree(s->encoder.buffer);
	kfree(s);
}

/* ------------------------------------------------------------ one VMA */

static unsigned long part_end(const struct scan *s)
{
	return min(s->vma.end, s->request->end);
}

static void begin_sums(struct scan *s)
{
	if (wants(s, SCAN_TALLY))
		tally_begin(&s->tally);
	if (wants(s, SCAN_CHARGE))
		charges_begin(&s->payers);
	tables_begin(&s->tables);
}

static void begin_part(struct scan *s)
{
	if (!s->request->whole)
		begin_sums(s);
	s->part = s->addr;
	s->part_entries = s->walk.entries;
	s->marks = s->vma.marks;
	s->rewalked = false;
	s->walk.huge_shift = s->vma.huge_shift;
	if (wants(s, SCAN_TALLY))
		tally_see(&s->tally, &s->vma, !s->vma.marks);
	if (wants(s, SCAN_EXTENT))
		extents_begin(&s->extents, &s->vma, !s->vma.marks);
	if (wants(s, SCAN_CHARGE))
		charges_see(&s->payers, &s->vma, !s->vma.marks);
	if (wants(s, SCAN_FILL)) {
		s->folio = s->fill.sums.folio;
		fill_begin(&s->fill, &s->vma, !s->vma.marks);
	}
}

/* Context: in a section. */
static void begin_vma(struct scan *s, struct vm_area_struct *vma)
{
	vma_copy_take(&s->vma, vma, s->section.start, s->section.end,
		      s->section.lock != SECTION_IRQ, wants(s, SCAN_VMA));
	s->addr = max(s->addr, s->vma.start);
	s->skip = false;
	s->seq = layout_seq(s->mm);
	begin_part(s);
	s->phase = PHASE_NEW;
}

/* The lock of this VMA is not to be had: nothing is known but its range. */
static void begin_skipped(struct scan *s)
{
	if (s->phase != PHASE_WALK) {
		s->vma = (struct vma_copy){
			.start = s->section.start,
			.end = s->section.end,
			.marks = MARK_SKIPPED | MARK_NO_NAME,
		};
		s->addr = max(s->addr, s->vma.start);
		begin_part(s);
		s->phase = PHASE_NEW;
	}
	s->marks |= MARK_SKIPPED;
	s->skip = true;
}

static bool send_vma(struct scan *s)
{
	if (wants(s, SCAN_VMA) &&
	    !encode_vma(&s->encoder, &s->vma, s->path_page))
		return false;
	s->phase = PHASE_WALK;
	return true;
}

static bool send_fill(struct scan *s, u16 marks)
{
	if (!wants(s, SCAN_FILL) || s->addr == s->part)
		return true;
	if (!s->cut)
		fill_end_folio(&s->fill);
	return !fill_any(&s->fill) ||
	       encode_fill(&s->encoder, &s->fill.sums, s->part, s->addr, marks);
}

static bool send_tables(struct scan *s, unsigned long start, u16 marks)
{
	struct tables_level *sent;

	sent = encode_tables(&s->encoder, &s->tables, start, s->addr, marks);
	if (sent)
		tables_sent(&s->open, &s->tables, sent);
	return sent;
}

/* The CHARGE, TALLY and TABLE from @start on: all, or none for want of room. */
static bool encode_sums(struct scan *s, unsigned long start, u16 marks)
{
	tally_end(&s->tally);
	if (wants(s, SCAN_CHARGE) && s->payers.nr &&
	    !encode_charges(&s->encoder, &s->payers, start, s->addr, marks))
		return false;
	if (wants(s, SCAN_TALLY) && s->addr > start &&
	    !encode_tally(&s->encoder, &s->tally, start, s->addr, marks))
		return false;
	return !tables_any(&s->tables) || send_tables(s, start, marks);
}

/* A VMA, or part of it, is in the sums of all. */
static void join_sums(struct scan *s, unsigned long flags, unsigned long bytes)
{
	if (flags & VM_ACCOUNT)
		s->accounted += bytes;
}

/* Those of a VMA, and its FILL. */
static bool send_sums(struct scan *s)
{
	bool whole = s->part == s->vma.start && s->addr == s->vma.end;
	u16 marks = s->marks | (whole ? 0 : MARK_PART);

	if (s->request->whole)
		join_sums(s, s->vma.flags, s->addr - s->part);
	else if (!send_fill(s, marks) || !encode_sums(s, s->part, marks))
		return false;
	s->encoder.marks |= marks & ~MARK_PART;
	s->phase = PHASE_NONE;
	return true;
}

/* Without looking at a file, what is due can be sent from inside a section. */
static bool sendable_in_section(const struct scan *s)
{
	return !s->vma.file;
}

/* Swapped pages of the object that have no entry here: none of the walk's. */
static void add_shmem_swap(struct scan *s)
{
	unsigned long pages;

	if (!wants(s, SCAN_TALLY) || !s->vma.shmem || s->tally.shmem)
		return;
	pages = vma_shmem_swap(&s->vma, s->part, s->addr);
	if (pages)
		tally_add(&s->tally, COUNT_SHMEM_SWAP, pages);
}

/*
 * The VMA at hand is met again in a later section than the one it was begun
 * in. Return: false when what was read is to be thrown away and read anew.
 */
static bool check_layout(struct scan *s)
{
	if (s->section.lock == SECTION_IRQ)
		s->marks |= MARK_RACY;
	if (s->addr == s->part)
		return true;
	if (!VMS_HAVE_LAYOUT_SEQ) {
		s->marks |= MARK_UNVERIFIED;
		return true;
	}
	if (layout_unchanged(s->mm, s->seq))
		return true;
	if (wants(s, SCAN_EXTENT | SCAN_FILL) || s->request->whole ||
	    s->rewalked || s->vma.marks ||
	    s->walk.entries - s->part_entries > REWALK_ENTRIES) {
		s->marks |= MARK_RACY;
		return true;
	}
	return false;
}

/* Whether @vma is the one at hand, met again. Context: in a section. */
static bool is_same_vma(const struct scan *s, struct vm_area_struct *vma)
{
	return s->addr >= s->section.start &&
	       vma_copy_same(&s->vma, vma, s->section.start, s->section.end);
}

static void rewalk(struct scan *s)
{
	s->addr = s->part;
	s->seq = layout_seq(s->mm);
	begin_part(s);
	s->rewalked = true;
	s->rewalks++;
}

static enum page_kind file_kind_of(const struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_SHARED ? KIND_FILE_SHARED : KIND_FILE_PRIVATE;
}

/* The VMA record of a small VMA. */
static bool send_small_vma(struct scan *s, struct vm_area_struct *vma)
{
	/* a path is not looked up in a section */
	if (vma->vm_file)
		return false;
	s->section.budget -= COST_VMA;
	vma_copy_take(&s->vma, vma, s->section.start, s->section.end, true,
		      true);
	return encode_vma(&s->encoder, &s->vma, s->path_page);
}

/* Who pays for its pages; the TALLY that follows finds room behind. */
static bool send_small_charges(struct scan *s, const pte_t *pte,
			       unsigned long n)
{
	charges_begin(&s->payers);
	charges_see_ordinary(&s->payers);
	charge_ptes(&s->payers, pte, n);
	scan_charge_payers(s);
	return !s->payers.nr ||
	       encode_charges(&s->encoder, &s->payers, s->section.start,
			      s->section.end, 0);
}

/* Each record leaves room for those that follow. */
static bool send_small(struct scan *s, struct vm_area_struct *vma,
		       const pte_t *pte, unsigned long n)
{
	const struct section *range = &s->section;

	return (!wants(s, SCAN_VMA) || send_small_vma(s, vma)) &&
	       (!wants(s, SCAN_CHARGE) || send_small_charges(s, pte, n)) &&
	       encode_few(&s->encoder, &s->few, range->start, range->end);
}

/*
 * All of a small VMA, as join_sums(), whose entries are held or can be. Return:
 * false when some is left over.
 */
static bool join_small(struct scan *s, struct vm_area_struct *vma,
		       const pte_t *pte, unsigned long n)
{
	bool frames = vma_maps_frames(vma);
	unsigned long bytes;

	if (!frames && !vma_is_ordinary(vma))
		return false;
	if (!pte && s->section.lock != SECTION_IRQ)
		pte = walk_hold(&s->walk, s->section.start, n);
	if (!pte)
		return false;
	if (frames)
		n = scan_join_frames(s, pte, n);
	else
		n = scan_join_ptes(s, pte, n, vma_is_anonymous(vma),
				   file_kind_of(vma));
	bytes = n << PAGE_SHIFT;
	join_sums(s, vma->vm_flags, bytes);
	s->addr = s->section.start + bytes;
	s->walk.entries += bytes >> PAGE_SHIFT;
	s->section.budget -= COST_SMALL_VMA;
	return s->addr == s->section.end;
}

/*
 * A VMA of few pages, all in one table, which is held already or, for sums of all,
 * is held next: read and sent without a tally of its own, for nothing comes in
 * between. Return: false when it is none, or there is no room; nothing has been
 * sent, then.
 */
static bool small_vma(struct scan *s, struct vm_area_struct *vma)
{
	const struct section *range = &s->section;
	unsigned long n = (range->end - range->start) >> PAGE_SHIFT;
	const pte_t *pte = walk_held(&s->walk, range->start, n);

	if ((!pte && !s->request->whole) || range->start < s->addr ||
	    range->end > s->request->end)
		return false;
	if (s->request->whole)
		return join_small(s, vma, pte, n);
	if (n > TALLY_FEW || !vma_is_ordinary(vma) ||
	    !tally_few(&s->few, pte, n, vma_is_anonymous(vma),
		       file_kind_of(vma)) ||
	    !send_small(s, vma, pte, n))
		return false;
	s->addr = range->end;
	s->walk.entries += n;
	s->open.open[LEVEL_PTE].used += s->few.pages;
	s->section.budget -= COST_SMALL_VMA + n * COST_SMALL_ENTRY;
	return true;
}

/* Context: in a section, @vma locked. Return: false to leave the section. */
static bool walk_vma(struct scan *s, struct vm_area_struct *vma)
{
	if (s->phase == PHASE_NONE) {
		if (s->small_vmas && small_vma(s, vma))
			return true;
		begin_vma(s, vma);
		if (!sendable_in_section(s) || !send_vma(s))
			return false;
	} else if (!is_same_vma(s, vma)) {
		s->marks |= MARK_LAYOUT;
		s->phase = PHASE_FINISH;
		return false;
	} else if (!check_layout(s)) {
		rewalk(s);
	}
	s->walk.lockless = s->section.lock == SECTION_IRQ;
	s->extents.reread = s->walk.lockless;
	if (s->walk.lockless) {
		/* begun under a lock, perhaps, and read on without it */
		s->tally.view.trusted = false;
		s->fill.view.trusted = false;
		s->extents.view.trusted = false;
		charges_distrust(&s->payers);
	}
	s->section.budget -= COST_VMA;
	s->addr = walk_range(&s->walk, s->addr, part_end(s));
	if (s->walk.lockless)
		encode_mark_open(&s->encoder, MARK_RACY);
	if (s->addr < part_end(s))
		return false;
	s->phase = PHASE_FINISH;
	return sendable_in_section(s) && send_sums(s);
}

/* --------------------------------------------------------- one section */

static bool budget_spent(const struct scan *s)
{
	return s->request->budget && s->walk.entries >= s->request->budget;
}

static void limit_section(struct scan *s)
{
	u64 left;

	if (!s->request->budget)
		return;
	/* an entry costs at least an eighth of a unit */
	left = (s->request->budget - s->walk.entries) / 8 + 1;
	if (left < s->section.budget)
		s->section.budget = left;
}

/* There is no VMA up to the end of what was asked for. */
static void reach_end(struct scan *s)
{
	if (s->phase == PHASE_WALK) {
		/* unmapped while we looked away */
		s->marks |= MARK_LAYOUT;
		s->phase = PHASE_FINISH;
	} else {
		s->addr = s->request->end;
	}
}

static u64 held_ns(const struct scan *s)
{
	u64 ns = 0;
	unsigned int i;

	for (i = 0; i < SECTION_LOCKS; i++)
		ns += s->section.hold[i].total_ns;
	return ns;
}

/* Reading content is bounded in time as well, across calls. */
static void pace(struct scan *s, u64 held_before)
{
	unsigned long us;

	s->read_ns += held_ns(s) - held_before;
	if (s->request->unpaced)
		s->read_ns = 0;
	if (s->read_ns < PACE_NS)
		return;
	us = min_t(u64, PACE_PAUSE * s->read_ns / NSEC_PER_USEC,
		   USEC_PER_SEC / 10);
	usleep_range(us, us + us / 4);
	s->read_ns = 0;
}

static int one_section(struct scan *s)
{
	u64 held = wants(s, SCAN_FILL) ? held_ns(s) : 0;
	struct vm_area_struct *vma;
	int err;

	err = section_enter(&s->section, s->addr);
	if (err == -EBUSY && VMS_HAVE_VMA_LOCK)
		return 0;
	if (err)
		return err;
	limit_section(s);
	charges_section(&s->payers, s->section.lock != SECTION_MMAP);
	do {
		vma = section_next(&s->section);
	} while (!IS_ERR_OR_NULL(vma) && walk_vma(s, vma) &&
		 s->section.budget > 0);
	if (!vma)
		reach_end(s);
	if (wants(s, SCAN_TABLE))
		scan_leave_tables(s);
	walk_release(&s->walk);
	section_leave(&s->section);
	if (wants(s, SCAN_FILL))
		pace(s, held);
	if (IS_ERR(vma) && !section_wait(&s->section))
		begin_skipped(s);
	return 0;
}

/* The rest of the VMA, unread. Return: false when the encoder is full. */
static bool account_skipped(struct scan *s)
{
	struct page_info info = { .attrs = STATE_SKIPPED };
	unsigned long end = part_end(s);

	if (wants(s, SCAN_EXTENT)) {
		end = encode_range(&s->encoder, s->addr, end, &info);
		encode_mark_open(&s->encoder, MARK_SKIPPED);
	}
	if (wants(s, SCAN_TALLY) && end > s->addr)
		tally_add(&s->tally, COUNT_STATE + STATE_SKIPPED,
			  (end - s->addr) >> PAGE_SHIFT);
	s->addr = end;
	if (end < part_end(s))
		return false;
	s->phase = PHASE_FINISH;
	s->skip = false;
	return true;
}

/* -------------------------------------------------------- between them */

/* Return: 1 when there is room again, 0 when the user's buffer is full. */
static int make_room(struct scan *s)
{
	bool empty = !s->encoder.used;
	int err = encode_flush(&s->encoder);

	if (err)
		return err;
	return !empty && s->encoder.left >= s->encoder.needed;
}

/*
 * Send what is due. Return: 0, or an error; sets stop when the user's buffer
 * has no room for it.
 */
static int send_due(struct scan *s)
{
	int room = 1;

	while (room > 0 && (s->phase == PHASE_NEW || s->phase == PHASE_FINISH ||
			    s->skip)) {
		if (s->phase == PHASE_NEW) {
			if (!send_vma(s))
				room = make_room(s);
		} else if (s->phase == PHASE_FINISH) {
			if (!send_sums(s))
				room = make_room(s);
			else
				vma_copy_put(&s->vma);
		} else if (!account_skipped(s)) {
			room = make_room(s);
		}
	}
	s->stop = !room;
	return min(room, 0);
}

static int scan_loop(struct scan *s)
{
	int err;

	while (!s->stop) {
		if (s->phase == PHASE_FINISH)
			add_shmem_swap(s);
		err = send_due(s);
		if (err)
			return err;
		if (s->stop || s->addr >= s->request->end || budget_spent(s))
			return 0;
		if (fatal_signal_pending(current))
			return -EINTR;
		err = one_section(s);
		if (err)
			return err;
		if (s->walk.stopped && s->phase == PHASE_WALK) {
			/* an extent found no room */
			s->walk.stopped = false;
			err = make_room(s);
			if (err < 0)
				return err;
			s->stop = !err;
		}
	}
	return 0;
}

/* The scan ends inside a VMA: its part so far is still owed its sums. */
static int finish(struct scan *s)
{
	unsigned long next = s->addr;
	int err;

	s->skip = false;
	if (s->phase == PHASE_WALK && s->addr > s->part) {
		add_shmem_swap(s);
		s->phase = PHASE_FINISH;
		s->stop = false;
		s->cut = true;
		err = send_due(s);
		if (err)
			return err;
	}
	/* no room for what sums the part up: the part was not read, then */
	if (s->phase == PHASE_FINISH) {
		next = s->part;
		s->fill.sums.folio = s->folio;
	}
	s->addr = next;
	if (wants(s, SCAN_FILL))
		s->fill_at = next;
	vma_copy_put(&s->vma);
	if (s->request->whole)
		encode_sums(s, s->request->start, s->encoder.marks);
	return encode_flush(&s->encoder);
}

struct encoder *scan_encoder(struct scan *s)
{
	return &s->encoder;
}

const void *scan_records(const struct scan *s)
{
	return s->encoder.buffer;
}

/* What is wrong with a scan that came to its end, if anything. */
static int verdict(const struct scan *s, int err, int ended)
{
	if (ended)
		return ended;
	if (err == -EFAULT || err == -EINTR)
		return err;
	/* what was read before the lock got stuck is worth having */
	if (err && !s->encoder.records)
		return err;
	/* a call either gets somewhere or says what it needs for that */
	if (s->stop && s->addr == s->request->start)
		return -EMSGSIZE;
	return 0;
}

int scan_run(struct scan *s, struct mm_struct *mm,
	     const struct scan_request *request, struct scan_reply *reply)
{
	u64 began = ktime_get_ns();
	unsigned int seq = layout_seq(mm);
	int err, ended;

	s->request = request;
	s->mm = mm;
	s->addr = request->start;
	s->phase = PHASE_NONE;
	s->stop = false;
	s->skip = false;
	s->rewalks = 0;
	s->small_vmas = wants(s, SCAN_TALLY) && !request->plain &&
			!wants(s, SCAN_EXTENT | SCAN_FILL) &&
			!(request->whole && wants(s, SCAN_TABLE));
	s->vma.file = NULL;
	s->accounted = 0;
	begin_sums(s);
	section_init(&s->section, mm, request->end, request->timeout_ns);
	s->cut = false;
	tables_open_none(&s->open);
	s->fill.cost = 0;
	s->payers.cost = 0;
	if (wants(s, SCAN_FILL) && s->fill_at != request->start)
		s->fill.sums.folio.order = 0;
	walk_init(&s->walk, mm, scan_walk_ops(s),
		  wants(s, SCAN_TABLE) ? &s->open : NULL, &s->section.budget);
	s->tally.plain = request->plain;
	s->tally.cost = 0;
	s->extents = (struct extents){
		.encoder = &s->encoder,
		.holes = request->holes,
		.plain = request->plain,
	};
	encoder_begin(&s->encoder, request->buffer,
		      request->keep ? ENCODE_BUFFER : request->size,
		      request->key, request->frames, request->records);
	s->encoder.keep = request->keep;
	if (request->whole && s->encoder.room < s->encoder.sums_room) {
		reply->needed = s->encoder.sums_room;
		return -EMSGSIZE;
	}

	err = scan_loop(s);
	ended = finish(s);
	if (VMS_HAVE_LAYOUT_SEQ && !layout_unchanged(mm, seq))
		s->encoder.marks |= MARK_RACY;

	*reply = (struct scan_reply){
		.next = s->addr,
		.used = s->encoder.delivered,
		.needed = s->encoder.delivered + s->encoder.needed,
		.records = s->encoder.records,
		.marks = s->encoder.marks,
		.accounted = s->accounted,
		.wall_ns = ktime_get_ns() - began,
		.sections = s->section.sections,
		.entries = s->walk.entries,
		.waits = s->section.waits,
		.rewalks = s->rewalks,
	};
	memcpy(reply->hold, s->section.hold, sizeof(reply->hold));
	counters_scanned(reply);
	err = verdict(s, err, ended);
	if (err)
		counters_failed(DOING_SCAN, err);
	return err;
}
