// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs scans and takes their record streams apart, checking the form of each
 * record; knows nothing of what the figures should be.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "differ.h"
#include "scan.h"
#include "target.h"

#define PAGE	4096ull
#define DEFAULT_BUFFER	(256 * 1024)

/* Where the stream stands; addresses never go back. */
struct cursor {
	struct scan *s;
	uint64_t at;		/* end of the last extent or tally */
	bool in_vma;
	uint64_t tally_start;	/* the last tally, in this call */
	uint64_t tally_end;
	bool restarted;		/* nothing was read since the call began */
	uint32_t marks;		/* of the call */
};

static int malformed(struct scan *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(s->error, sizeof(s->error), format, args);
	va_end(args);
	return -EBADMSG;
}

/* Room for @more elements, growing by half; aborts when memory is out. */
static void *room(void *array, size_t nr, size_t more, size_t element)
{
	size_t need = nr + more, have;

	/* Capacities are powers of two, so that none need be stored. */
	for (have = 16; have < nr; have *= 2)
		;
	if (array && need <= have)
		return array;
	while (have < need)
		have *= 2;
	array = realloc(array, have * element);
	if (!array)
		abort();
	return array;
}

/*
 * A mapping may have grown downwards over what was already read: between two
 * calls, or while a writer ran, of which there are marks.
 */
static bool may_overlap(const struct cursor *c, const struct vmscope_vma *v)
{
	const struct scan *s = c->s;

	return c->restarted || !s->nr_vmas ||
	       v->start >= s->vma[s->nr_vmas - 1].head.end ||
	       c->marks & (VMSCOPE_MARK_RACY | VMSCOPE_MARK_LAYOUT |
			   VMSCOPE_MARK_UNVERIFIED);
}

static int take_vma(struct cursor *c, const struct vmscope_vma *v)
{
	struct scan *s = c->s;
	struct scan_vma *last = s->nr_vmas ? &s->vma[s->nr_vmas - 1] : NULL;
	size_t name = v->record.size - sizeof(*v);

	if (v->record.size < sizeof(*v) || v->name_size > name ||
	    name >= v->name_size + 8)
		return malformed(s, "VMA at %llx: size %u, name %u",
				 v->start, v->record.size, v->name_size);
	if (v->name_size && (v->name[v->name_size - 1] ||
			     strlen(v->name) + 1 != v->name_size))
		return malformed(s, "VMA at %llx: name not terminated", v->start);
	if (v->start >= v->end || v->start % PAGE || v->end % PAGE)
		return malformed(s, "VMA %llx-%llx", v->start, v->end);
	if (v->end <= c->at || !may_overlap(c, v))
		return malformed(s, "VMA %llx-%llx after %llx, at %lx", v->start,
				 v->end, last ? last->head.start : 0, c->at);
	c->in_vma = true;
	if (c->restarted && last && v->start < last->head.end) {
		/* Goes on after a call ended inside; it may have changed since. */
		last->head = *v;
		return 0;
	}
	s->vma = room(s->vma, s->nr_vmas, 1, sizeof(*s->vma));
	last = &s->vma[s->nr_vmas++];
	memset(last, 0, sizeof(*last));
	last->head = *v;
	snprintf(last->name, sizeof(last->name), "%s",
		 v->name_size ? v->name : "");
	return 0;
}

static int check_inside(struct cursor *c, uint64_t start, uint64_t end,
			const char *what)
{
	const struct scan *s = c->s;

	if (start < c->at)
		return malformed(c->s, "%s at %lx goes back before %lx", what,
				 start, c->at);
	if (start > end || start % PAGE || end % PAGE)
		return malformed(c->s, "%s %lx-%lx", what, start, end);
	if (s->records & RECORD(VMA)) {
		const struct vmscope_vma *v;

		if (!c->in_vma)
			return malformed(c->s, "%s at %lx without VMA", what,
					 start);
		v = &s->vma[s->nr_vmas - 1].head;
		if (start < v->start || end > v->end)
			return malformed(c->s, "%s %lx-%lx outside %llx-%llx",
					 what, start, end, v->start, v->end);
	}
	return 0;
}

static unsigned int bits(uint64_t mask)
{
	return __builtin_popcountll(mask);
}

/* Is @new another part of the VMA that the last tally is a part of? */
static bool goes_on(const struct scan *s, const struct scan_tally *new)
{
	const struct scan_tally *last = &s->tally[s->nr_tallies - 1];

	if (!s->in_part || !s->nr_tallies || last->end != new->start)
		return false;
	/* The last part of a VMA is marked too: then its neighbour follows. */
	return !s->nr_vmas || s->vma[s->nr_vmas - 1].head.start < new->start;
}

static int take_tally(struct cursor *c, const struct vmscope_tally *t)
{
	struct scan *s = c->s;
	const __u64 *value = t->value;
	struct scan_tally new = {
		.start = t->start, .end = t->end, .marks = t->record.marks,
	};
	int i, error;

	if (t->record.size != sizeof(*t) + 8 * (bits(t->cells) +
						bits(t->counters)))
		return malformed(s, "TALLY at %llx: size %u, %u cells, %u counters",
				 t->start, t->record.size, bits(t->cells),
				 bits(t->counters));
	error = check_inside(c, s->records & RECORD(EXTENT) ? t->end : t->start,
			     t->end, "TALLY");
	if (error)
		return error;
	for (i = 0; i < 64; i++)
		if (t->cells >> i & 1)
			new.cell[i] = *value++;
	for (i = 0; i < 64; i++)
		if (t->counters >> i & 1)
			new.counter[i] = *value++;
	for (value = t->value; value < t->value + bits(t->cells) + bits(t->counters); value++)
		if (!*value)
			return malformed(s, "TALLY at %llx carries a zero", t->start);
	c->at = t->end;
	c->in_vma = false;
	c->tally_start = t->start;
	c->tally_end = t->end;
	if (goes_on(s, &new)) {
		tally_add(&s->tally[s->nr_tallies - 1], &new);
	} else {
		s->tally = room(s->tally, s->nr_tallies, 1, sizeof(new));
		s->tally[s->nr_tallies++] = new;
	}
	s->in_part = new.marks & VMSCOPE_MARK_PART;
	return 0;
}

static int check_table(struct cursor *c, const struct vmscope_table *t)
{
	const struct vmscope_table_level *l = t->level;
	struct scan *s = c->s;
	unsigned int i, n;

	if (t->record.size != sizeof(*t) + bits(t->levels) * sizeof(*l) ||
	    t->levels >> VMSCOPE_LEVEL_PGD || t->__reserved ||
	    t->start >= t->end)
		return malformed(s, "TABLE %llx-%llx: size %u, levels %x", t->start,
				 t->end, t->record.size, t->levels);
	if (!t->levels && !t->deposited)
		return malformed(s, "TABLE at %llx is empty", t->start);
	if (s->records & RECORD(TALLY) &&
	    (t->start != c->tally_start || t->end != c->tally_end))
		return malformed(s, "TABLE %llx-%llx behind TALLY %lx-%lx", t->start,
				 t->end, c->tally_start, c->tally_end);
	for (n = 0; n < bits(t->levels); n++, l++) {
		uint64_t tables = 0;

		for (i = 0; i < VMSCOPE_TABLE_BUCKETS; i++)
			tables += l->by_used[i];
		if (!tables || tables != l->tables || l->shared > tables ||
		    (l->used == 0) != (l->by_used[0] == tables))
			return malformed(s, "TABLE at %llx: %llu tables, %lu in classes, %llu used",
					 t->start, l->tables, tables, l->used);
	}
	return 0;
}

static int take_table(struct cursor *c, const struct vmscope_table *t)
{
	const struct vmscope_table_level *l = t->level;
	struct scan *s = c->s;
	struct scan_table new = {
		.start = t->start, .end = t->end, .marks = t->record.marks,
		.deposited = t->deposited,
	};
	struct scan_table *last = NULL;
	int level, error;

	error = check_table(c, t);
	if (error)
		return error;
	for (level = 0; level < VMSCOPE_LEVEL_PGD; level++)
		if (t->levels >> level & 1)
			new.level[level] = *l++;
	/* The VMA at hand is the last one. */
	if (s->nr_tables && s->nr_vmas)
		last = &s->table[s->nr_tables - 1];
	if (last && last->start >= s->vma[s->nr_vmas - 1].head.start) {
		table_add(last, &new);
		last->end = new.end;
		return 0;
	}
	s->table = room(s->table, s->nr_tables, 1, sizeof(new));
	s->table[s->nr_tables++] = new;
	return 0;
}

static int take_extent(struct cursor *c, const struct vmscope_extent *e)
{
	struct scan *s = c->s;
	struct scan_extent *x;
	size_t size = sizeof(*e);
	int error;

	if (e->encoding == VMSCOPE_FRAMES_LIST)
		size += (4ull * e->pages + 7) / 8 * 8;
	if (e->record.size != size || e->encoding > VMSCOPE_FRAMES_LIST ||
	    !e->pages || e->__reserved)
		return malformed(s, "EXTENT at %llx: size %u, %u pages, encoding %u",
				 e->start, e->record.size, e->pages, e->encoding);
	if (e->attributes & ~s->key)
		return malformed(s, "EXTENT at %llx: attributes %llx outside the key",
				 e->start, e->attributes);
	error = check_inside(c, e->start, e->start + e->pages * PAGE, "EXTENT");
	if (error)
		return error;
	s->extent = room(s->extent, s->nr_extents, 1, sizeof(*s->extent));
	x = &s->extent[s->nr_extents++];
	x->head = *e;
	x->list = s->nr_frames;
	if (e->encoding == VMSCOPE_FRAMES_LIST) {
		s->frames = room(s->frames, s->nr_frames, e->pages, 4);
		memcpy(s->frames + s->nr_frames, e->list, 4ull * e->pages);
		s->nr_frames += e->pages;
	}
	c->at = e->start + e->pages * PAGE;
	return 0;
}

static int take_fill(struct cursor *c, const struct vmscope_fill *f)
{
	struct scan *s = c->s;
	uint64_t most = (f->end - f->start) / PAGE;
	int i, error;

	if (f->record.size != sizeof(*f))
		return malformed(s, "FILL at %llx: size %u", f->start, f->record.size);
	error = check_inside(c, s->records & RECORD(EXTENT) ? f->end : f->start,
			     f->end, "FILL");
	if (error)
		return error;
	if (f->zero > f->pages || f->pages + f->unread > most)
		return malformed(s, "FILL %llx-%llx: %llu pages, %llu zero, %llu unread",
				 f->start, f->end, f->pages, f->zero, f->unread);
	if (!f->pages && !f->unread && !f->folios)
		return malformed(s, "FILL at %llx tells nothing", f->start);
	s->fill.folios += f->folios;
	s->fill.pages += f->pages;
	s->fill.zero += f->zero;
	s->fill.unread += f->unread;
	for (i = 0; i < VMSCOPE_FILL_BUCKETS; i++)
		s->fill.used[i] += f->used[i];
	s->nr_fills++;
	return 0;
}

static int take_charge(struct cursor *c, const struct vmscope_charge *r)
{
	struct scan *s = c->s;
	uint64_t pages = 0;
	uint32_t i, n;

	if (r->record.size != sizeof(*r) + r->groups * sizeof(r->group[0]) || !r->groups ||
	    r->__reserved)
		return malformed(s, "CHARGE at %llx: size %u, %u groups", r->start, r->record.size,
				 r->groups);
	for (i = 0; i < r->groups; i++) {
		for (n = 0; n < s->nr_charged; n++)
			if (s->charged[n].cgroup == r->group[i].cgroup)
				break;
		if (n == SCAN_CHARGED)
			return malformed(s, "CHARGE at %llx: too many groups for the test", r->start);
		if (n == s->nr_charged)
			s->charged[s->nr_charged++] = (struct vmscope_charged){
				.cgroup = r->group[i].cgroup,
			};
		if (!r->group[i].pages)
			return malformed(s, "CHARGE at %llx: a group without pages", r->start);
		s->charged[n].pages += r->group[i].pages;
		s->charged[n].pss += r->group[i].pss;
		pages += r->group[i].pages;
	}
	if (pages > (r->end - r->start) / PAGE)
		return malformed(s, "CHARGE %llx-%llx: %lu pages", r->start, r->end, pages);
	return check_inside(c, s->records & RECORD(EXTENT) ? r->end : r->start, r->end, "CHARGE");
}

uint64_t scan_charged_to(const struct scan *s, uint64_t cgroup)
{
	size_t i;

	for (i = 0; i < s->nr_charged; i++)
		if (s->charged[i].cgroup == cgroup)
			return s->charged[i].pages;
	return 0;
}

static int take_record(struct cursor *c, const struct vmscope_record *r)
{
	if (r->type < 64 && !(c->s->records >> r->type & 1))
		return malformed(c->s, "record of type %u was not asked for", r->type);
	switch (r->type) {
	case VMSCOPE_RECORD_VMA:
		return take_vma(c, (const void *)r);
	case VMSCOPE_RECORD_TALLY:
		return take_tally(c, (const void *)r);
	case VMSCOPE_RECORD_EXTENT:
		return take_extent(c, (const void *)r);
	case VMSCOPE_RECORD_TABLE:
		return take_table(c, (const void *)r);
	case VMSCOPE_RECORD_FILL:
		return take_fill(c, (const void *)r);
	case VMSCOPE_RECORD_CHARGE:
		return take_charge(c, (const void *)r);
	}
	return malformed(c->s, "record of type %u", r->type);
}

static int take_stream(struct cursor *c, const char *buffer,
		       const struct vmscope_scan *arg)
{
	uint64_t used = 0;
	uint32_t nr = 0;
	int error;

	c->in_vma = false;
	c->restarted = true;
	c->marks = arg->marks;
	while (used < arg->used) {
		const struct vmscope_record *r = (const void *)(buffer + used);

		if (r->size < sizeof(*r) || r->size % 8 ||
		    r->size > arg->used - used)
			return malformed(c->s, "record %u: type %u, size %u at %lu of %llu",
					 nr, r->type, r->size, used, arg->used);
		error = take_record(c, r);
		if (error)
			return error;
		if (r->marks & ~arg->marks)
			return malformed(c->s, "marks %x of record %u not in %x",
					 r->marks, nr, arg->marks);
		c->restarted = false;
		used += r->size;
		nr++;
	}
	if (nr != arg->nr_records)
		return malformed(c->s, "%u records said, %u found",
				 arg->nr_records, nr);
	return 0;
}

static void add_call(struct scan *s, const struct vmscope_scan *arg)
{
	int i;

	s->calls++;
	s->next = arg->next;
	s->marks |= arg->marks;
	s->sections += arg->cost.sections;
	s->entries += arg->cost.entries;
	s->rewalks += arg->cost.rewalks;
	s->wall_ns += arg->cost.wall_ns;
	for (i = 0; i < VMSCOPE_LOCK_NR; i++) {
		s->held_ns += arg->cost.lock[i].total_ns;
		if (arg->cost.lock[i].longest_ns > s->longest_ns[i])
			s->longest_ns[i] = arg->cost.lock[i].longest_ns;
	}
}

static void set_defaults(struct scan *s)
{
	if (!s->end)
		s->end = vmscope_info()->task_size;
	if (!s->records)
		s->records = RECORD(VMA) | RECORD(TALLY);
	if (!s->buffer_size)
		s->buffer_size = DEFAULT_BUFFER;
	s->next = s->start;
}

int scan_run(int fd, struct scan *s)
{
	struct cursor c = { .s = s };
	size_t size;
	char *buffer;
	int error = 0;

	set_defaults(s);
	size = s->buffer_size;
	buffer = malloc(size);
	if (!buffer)
		abort();
	while (!error && s->next < s->end) {
		struct vmscope_scan arg = {
			.size = sizeof(arg), .flags = s->flags,
			.start = s->next, .end = s->end,
			.buffer = (uintptr_t)buffer,
			.buffer_size = size,
			.records = s->records, .key = s->key,
			.budget = s->budget, .timeout_ns = s->timeout_ns,
		};

		error = vmscope_ioctl(fd, VMSCOPE_SCAN, &arg);
		if (error == -EMSGSIZE && arg.used > size) {
			/* A buffer for this record alone, as the reply says. */
			size = arg.used;
			buffer = realloc(buffer, size);
			error = 0;
			continue;
		}
		if (error)
			break;
		size = s->buffer_size;
		if (arg.next <= s->next || arg.next > s->end || arg.used > arg.buffer_size) {
			error = malformed(s, "next %llx from %lx, used %llu",
					  arg.next, s->next, arg.used);
			break;
		}
		error = take_stream(&c, buffer, &arg);
		add_call(s, &arg);
		if (s->max_calls && s->calls >= s->max_calls)
			break;
	}
	free(buffer);
	return error;
}

int scan_everything(int fd, uint64_t start, uint64_t end, struct scan *s)
{
	memset(s, 0, sizeof(*s));
	s->start = start;
	s->end = end;
	s->records = RECORD(VMA) | RECORD(TALLY) | RECORD(EXTENT);
	s->key = scan_full_key();
	s->flags = VMSCOPE_SCAN_HOLES;
	return scan_run(fd, s);
}

void scan_free(struct scan *s)
{
	free(s->vma);
	free(s->tally);
	free(s->table);
	free(s->extent);
	free(s->frames);
	memset(s, 0, sizeof(*s));
}

uint64_t scan_full_key(void)
{
	return vmscope_info()->key;
}

/* Index of the last element that starts at or before @address, or -1. */
#define LAST_BEFORE(array, nr, field, address) ({			\
	ssize_t low_ = -1, high_ = (nr);				\
	while (high_ - low_ > 1) {					\
		ssize_t mid_ = (low_ + high_) / 2;			\
		if ((array)[mid_].field <= (address))			\
			low_ = mid_;					\
		else							\
			high_ = mid_;					\
	}								\
	low_;								\
})

bool scan_page(const struct scan *s, uint64_t address, struct scan_page *page)
{
	ssize_t i = LAST_BEFORE(s->extent, s->nr_extents, head.start, address);
	const struct vmscope_extent *e;
	uint64_t nth;

	if (i < 0)
		return false;
	e = &s->extent[i].head;
	nth = (address - e->start) / PAGE;
	if (nth >= e->pages)
		return false;
	*page = (struct scan_page) {
		.address = e->start + nth * PAGE, .attributes = e->attributes,
		.mapcount = e->mapcount, .refcount = e->refcount,
		.swap_type = e->swap_type,
	};
	if (e->encoding == VMSCOPE_FRAMES_RUN)
		page->frame = e->frame + nth;
	else if (e->encoding == VMSCOPE_FRAMES_SAME)
		page->frame = e->frame;
	else if (e->encoding == VMSCOPE_FRAMES_LIST)
		page->frame = e->frame + s->frames[s->extent[i].list + nth];
	return true;
}

const struct scan_tally *scan_find_tally(const struct scan *s, uint64_t start)
{
	ssize_t i = LAST_BEFORE(s->tally, s->nr_tallies, start, start);

	return i >= 0 && s->tally[i].start == start ? &s->tally[i] : NULL;
}

const struct scan_vma *scan_find_vma(const struct scan *s, uint64_t address)
{
	ssize_t i = LAST_BEFORE(s->vma, s->nr_vmas, head.start, address);

	return i >= 0 && address < s->vma[i].head.end ? &s->vma[i] : NULL;
}

long scan_count(int fd, uint64_t start, uint64_t end, uint64_t attribute, uint32_t flags)
{
	struct scan s = {
		.start = start, .end = end, .flags = flags,
		.records = RECORD(EXTENT),
		.key = VMSCOPE_ATTR_STATE | attribute,
	};
	long pages = 0;
	size_t i;

	if (scan_run(fd, &s))
		return -1;
	for (i = 0; i < s.nr_extents; i++)
		if (s.extent[i].head.attributes & attribute)
			pages += s.extent[i].head.pages;
	scan_free(&s);
	return pages;
}

uint64_t tally_kind(const struct scan_tally *t, enum vmscope_kind kind)
{
	uint64_t pages = 0;
	int i;

	for (i = 0; i < 8; i++)
		pages += t->cell[VMSCOPE_CELL(kind, i)];
	return pages;
}

uint64_t tally_state(const struct scan_tally *t, enum vmscope_state state)
{
	uint64_t pages = 0;
	int i;

	if (state != VMSCOPE_STATE_PRESENT)
		return t->counter[VMSCOPE_COUNT_STATE + state];
	for (i = 0; i < VMSCOPE_CELL_NR; i++)
		pages += t->cell[i];
	return pages - t->counter[VMSCOPE_STATE_MIGRATING] -
	       t->counter[VMSCOPE_STATE_HWPOISON] -
	       t->counter[VMSCOPE_STATE_DEVICE];
}

uint64_t tally_bytes(const struct scan_tally *t)
{
	uint64_t pages = 0;
	int state;

	for (state = 0; state < VMSCOPE_STATE_NR; state++)
		pages += tally_state(t, state);
	return pages * PAGE;
}

void tally_add(struct scan_tally *a, const struct scan_tally *b)
{
	int i;

	a->end = b->end;
	a->marks |= b->marks;
	for (i = 0; i < VMSCOPE_CELL_NR; i++)
		a->cell[i] += b->cell[i];
	for (i = 0; i < VMSCOPE_COUNT_NR; i++)
		a->counter[i] += b->counter[i];
}

void table_add(struct scan_table *a, const struct scan_table *b)
{
	int level, i;

	a->marks |= b->marks;
	a->deposited += b->deposited;
	for (level = 0; level < VMSCOPE_LEVEL_PGD; level++) {
		struct vmscope_table_level *to = &a->level[level];
		const struct vmscope_table_level *from = &b->level[level];

		to->tables += from->tables;
		to->shared += from->shared;
		to->used += from->used;
		for (i = 0; i < VMSCOPE_TABLE_BUCKETS; i++)
			to->by_used[i] += from->by_used[i];
	}
}

void table_total(const struct scan *s, struct scan_table *total)
{
	size_t i;

	memset(total, 0, sizeof(*total));
	for (i = 0; i < s->nr_tables; i++)
		table_add(total, &s->table[i]);
}

const char *scan_differ(const struct scan *a, const struct scan *b)
{
	size_t i, n;

	if (a->nr_tallies != b->nr_tallies || a->nr_vmas != b->nr_vmas)
		return differ("%zu and %zu VMAs, %zu and %zu tallies",
			      a->nr_vmas, b->nr_vmas, a->nr_tallies, b->nr_tallies);
	for (i = 0; i < a->nr_tallies; i++) {
		const struct scan_tally *t = &a->tally[i], *u = &b->tally[i];

		if (t->start != u->start || t->end != u->end)
			return differ("tally %lx-%lx and %lx-%lx",
				      t->start, t->end, u->start, u->end);
		for (n = 0; n < 128; n++) {
			uint64_t x = n < 64 ? t->cell[n] : t->counter[n - 64];
			uint64_t y = n < 64 ? u->cell[n] : u->counter[n - 64];

			if (x == y)
				continue;
			return differ("%lx-%lx %s %zu: %lu and %lu",
				      t->start, t->end, n < 64 ? "cell" : "counter",
				      n % 64, x, y);
		}
	}
	return NULL;
}
