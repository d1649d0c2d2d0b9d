// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One thread's scan: calls of VMSCOPE_SCAN one after the other, and their records
 * as the model has them. Knows nothing of how a target is opened.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "module.h"

/* The model's numbers are the contract's, so that records are copied. */
#define SAME(a, b)	_Static_assert((uint64_t)(a) == (uint64_t)(b), #a)
SAME(VS_STATE_NR, VMSCOPE_STATE_NR);
SAME(VS_STATE_PRESENT, VMSCOPE_STATE_PRESENT);
SAME(VS_STATE_SWAPPED, VMSCOPE_STATE_SWAPPED);
SAME(VS_STATE_DEVICE, VMSCOPE_STATE_DEVICE);
SAME(VS_STATE_GUARD, VMSCOPE_STATE_GUARD);
SAME(VS_STATE_SKIPPED, VMSCOPE_STATE_SKIPPED);
SAME(VS_KIND_NR, VMSCOPE_KIND_NR);
SAME(VS_KIND_KSM, VMSCOPE_KIND_KSM);
SAME(VS_KIND_SHMEM, VMSCOPE_KIND_SHMEM);
SAME(VS_KIND_HUGETLB, VMSCOPE_KIND_HUGETLB);
SAME(VS_LEAF_NR, VMSCOPE_LEAF_NR);
SAME(VS_LOCK_NR, VMSCOPE_LOCK_NR);
SAME(VS_LOCK_VMA, VMSCOPE_LOCK_VMA);
SAME(VS_LOCK_IRQ, VMSCOPE_LOCK_IRQ);
SAME(VS_LEVEL_PGD, VMSCOPE_LEVEL_PGD);
SAME(VS_MAX_LEVELS, VMSCOPE_MAX_LEVELS);
SAME(VS_ATTR_STATE, VMSCOPE_ATTR_STATE);
SAME(VS_ATTR_KIND, VMSCOPE_ATTR_KIND);
SAME(VS_ATTR_LEAF, VMSCOPE_ATTR_LEAF);
SAME(VS_ATTR_ORDER, VMSCOPE_ATTR_ORDER);
SAME(VS_ATTR_YOUNG, VMSCOPE_ATTR_YOUNG);
SAME(VS_ATTR_DIRTY, VMSCOPE_ATTR_DIRTY);
SAME(VS_ATTR_SOFT_DIRTY, VMSCOPE_ATTR_SOFT_DIRTY);
SAME(VS_ATTR_WRITE, VMSCOPE_ATTR_WRITE);
SAME(VS_ATTR_EXEC, VMSCOPE_ATTR_EXEC);
SAME(VS_ATTR_UFFD_WP, VMSCOPE_ATTR_UFFD_WP);
SAME(VS_ATTR_PROTNONE, VMSCOPE_ATTR_PROTNONE);
SAME(VS_ATTR_SPECIAL, VMSCOPE_ATTR_SPECIAL);
SAME(VS_ATTR_REFERENCED, VMSCOPE_ATTR_REFERENCED);
SAME(VS_ATTR_FOLIO_DIRTY, VMSCOPE_ATTR_FOLIO_DIRTY);
SAME(VS_ATTR_LRU, VMSCOPE_ATTR_LRU);
SAME(VS_ATTR_ACTIVE, VMSCOPE_ATTR_ACTIVE);
SAME(VS_ATTR_UNEVICTABLE, VMSCOPE_ATTR_UNEVICTABLE);
SAME(VS_ATTR_MLOCKED, VMSCOPE_ATTR_MLOCKED);
SAME(VS_ATTR_WRITEBACK, VMSCOPE_ATTR_WRITEBACK);
SAME(VS_ATTR_SWAPCACHE, VMSCOPE_ATTR_SWAPCACHE);
SAME(VS_ATTR_SWAPBACKED, VMSCOPE_ATTR_SWAPBACKED);
SAME(VS_ATTR_LOCKED, VMSCOPE_ATTR_LOCKED);
SAME(VS_ATTR_RECLAIM, VMSCOPE_ATTR_RECLAIM);
SAME(VS_ATTR_LAZYFREE, VMSCOPE_ATTR_LAZYFREE);
SAME(VS_ATTR_SHARED, VMSCOPE_ATTR_SHARED);
SAME(VS_ATTR_PINNED, VMSCOPE_ATTR_PINNED);
SAME(VS_ATTR_HEAD, VMSCOPE_ATTR_HEAD);
SAME(VS_ATTR_SWAP_EXCLUSIVE, VMSCOPE_ATTR_SWAP_EXCLUSIVE);
SAME(VS_ATTR_SHMEM_SWAPPED, VMSCOPE_ATTR_SHMEM_SWAPPED);
SAME(VS_ATTR_GEN, VMSCOPE_ATTR_GEN);
SAME(VS_ATTR_DEFERRED, VMSCOPE_ATTR_DEFERRED);
SAME(VS_ATTR_EXTRA_REFS, VMSCOPE_ATTR_EXTRA_REFS);
SAME(VS_ATTR_NODE, VMSCOPE_ATTR_NODE);
SAME(VS_KEY_FRAME, VMSCOPE_KEY_FRAME);
SAME(VS_KEY_MAPCOUNT, VMSCOPE_KEY_MAPCOUNT);
SAME(VS_KEY_REFCOUNT, VMSCOPE_KEY_REFCOUNT);
SAME(VS_MARK_LAYOUT, VMSCOPE_MARK_LAYOUT);
SAME(VS_MARK_RACY, VMSCOPE_MARK_RACY);
SAME(VS_MARK_UNVERIFIED, VMSCOPE_MARK_UNVERIFIED);
SAME(VS_MARK_SKIPPED, VMSCOPE_MARK_SKIPPED);
SAME(VS_MARK_NO_NAME, VMSCOPE_MARK_NO_NAME);
SAME(VS_MARK_PART, VMSCOPE_MARK_PART);
SAME(VS_VM_READ, VMSCOPE_VM_READ);
SAME(VS_VM_WRITE, VMSCOPE_VM_WRITE);
SAME(VS_VM_EXEC, VMSCOPE_VM_EXEC);
SAME(VS_VM_SHARED, VMSCOPE_VM_SHARED);
SAME(VS_VM_MAYSHARE, VMSCOPE_VM_MAYSHARE);
SAME(VS_VM_LOCKED, VMSCOPE_VM_LOCKED);
SAME(VS_VM_IO, VMSCOPE_VM_IO);
SAME(VS_VM_ACCOUNT, VMSCOPE_VM_ACCOUNT);
SAME(VS_VM_HUGETLB, VMSCOPE_VM_HUGETLB);
SAME(VS_VM_MIXEDMAP, VMSCOPE_VM_MIXEDMAP);
SAME(VS_VM_MERGEABLE, VMSCOPE_VM_MERGEABLE);
SAME(VS_VM_UFFD_MINOR, VMSCOPE_VM_UFFD_MINOR);
SAME(VS_VM_UFFD_RWP, VMSCOPE_VM_UFFD_RWP);
SAME(VS_VM_GUARD, VMSCOPE_VM_GUARD);
SAME(VS_VM_ANON, VMSCOPE_VM_ANON);
SAME(VS_NAME_FILE, VMSCOPE_NAME_FILE);
SAME(VS_NAME_ANON, VMSCOPE_NAME_ANON);
SAME(VS_NAME_SPECIAL, VMSCOPE_NAME_SPECIAL);
SAME(VS_NAME_HEAP, VMSCOPE_NAME_HEAP);
SAME(VS_NAME_STACK, VMSCOPE_NAME_STACK);
SAME(VS_CELL(VS_KIND_DEVICE, 7), VMSCOPE_CELL(VMSCOPE_KIND_DEVICE, 7));
SAME(VS_CELL_REFERENCED, VMSCOPE_CELL_REFERENCED);
SAME(VS_CELL_DIRTY, VMSCOPE_CELL_DIRTY);
SAME(VS_CELL_SHARED, VMSCOPE_CELL_SHARED);
SAME(VS_COUNT_LEAF, VMSCOPE_COUNT_LEAF);
SAME(VS_COUNT_LAZYFREE, VMSCOPE_COUNT_LAZYFREE);
SAME(VS_COUNT_PMD_FILE, VMSCOPE_COUNT_PMD_FILE);
SAME(VS_COUNT_SHMEM_SWAP, VMSCOPE_COUNT_SHMEM_SWAP);
SAME(VS_COUNT_PROTNONE, VMSCOPE_COUNT_PROTNONE);
SAME(VS_COUNT_PSS_ANON, VMSCOPE_COUNT_PSS_ANON);
SAME(VS_COUNT_PSS_DIRTY, VMSCOPE_COUNT_PSS_DIRTY);
SAME(VS_COUNT_ORDER, VMSCOPE_COUNT_ORDER);
SAME(VS_PSS_SHIFT, VMSCOPE_PSS_SHIFT);
SAME(VS_FRAMES_LIST, VMSCOPE_FRAMES_LIST);
SAME(VS_FRAMES_SAME, VMSCOPE_FRAMES_SAME);
SAME(VS_TABLE_BUCKETS, VMSCOPE_TABLE_BUCKETS);
SAME(VS_FILL_BUCKETS, VMSCOPE_FILL_BUCKETS);
SAME(VS_CHARGE_OTHERS, VMSCOPE_CHARGE_OTHERS);
SAME(sizeof(struct vs_charge), sizeof(struct vmscope_charged));
SAME(VS_CONTEXT_X86, VMSCOPE_CONTEXT_X86);
SAME(VS_CONTEXT_ARM64, VMSCOPE_CONTEXT_ARM64);
SAME(VS_STOP_LOCKED, VMSCOPE_STOP_LOCKED);
SAME(VS_PHYSICAL_LOCKDOWN, 2);

/* For locks of a process that was seen to be stuck: no second wait for each call. */
#define HASTE_NS	20000000

/*
 * A call may begin inside a mapping that an earlier call has begun. When the
 * layout changed in between, both are cut where the call began, so that each
 * byte is counted once.
 */
static int take_vma(struct module_scan *scan, const struct vmscope_vma *record)
{
	struct vs_model *model = scan->model;
	struct vs_vma *last = model->nr_vmas ? &model->vma[model->nr_vmas - 1] : NULL;
	struct vs_vma *vma;
	uint64_t start = record->start;
	bool cut = false;

	if (last && last->start == record->start && last->end == record->end) {
		last->marks |= record->record.marks;
		return 0;
	}
	if (last && last->end > start) {
		last->end = scan->position;
		last->marks |= VS_MARK_LAYOUT;
		start = scan->position;
		cut = true;
	}
	vma = vs_model_add_vma(model);
	if (!vma)
		return -ENOMEM;
	vma->start = start;
	vma->end = record->end;
	vma->flags = record->flags;
	vma->offset = record->offset + (start - record->start);
	vma->inode = record->inode;
	vma->dev_major = record->dev_major;
	vma->dev_minor = record->dev_minor;
	vma->marks = record->record.marks | (cut ? VS_MARK_LAYOUT : 0);
	vma->page_shift = record->page_shift;
	vma->name_kind = record->name_kind;
	vma->pkey = record->pkey;
	vma->policy = record->policy;
	if (!record->name_size || record->name_kind == VS_NAME_NONE)
		return 0;
	return vs_model_set_name(model, vma, record->name,
				 strnlen(record->name, record->name_size));
}

static int take_tally(struct module_scan *scan, const struct vmscope_tally *record)
{
	struct vs_model *model = scan->model;
	struct vs_tally tally = {
		.cells = record->cells,
		.counters = record->counters,
		.value = (const uint64_t *)record->value,
	};
	struct vs_vma *vma;

	if (!model->nr_vmas)
		return -EPROTO;
	if (sizeof(*record) + vs_tally_values(&tally) * 8 > record->record.size)
		return -EPROTO;
	vma = &model->vma[model->nr_vmas - 1];
	vma->marks |= record->record.marks & ~VS_MARK_PART;
	vma->covered += record->end - record->start;
	return vs_model_add_tally(model, vma, &tally);
}

static int take_extent(struct module_scan *scan, const struct vmscope_extent *record)
{
	struct vs_model *model = scan->model;
	struct vs_extent extent = {
		.start = record->start,
		.attributes = record->attributes,
		.frame = record->frame,
		.pages = record->pages,
		.mapcount = record->mapcount,
		.refcount = record->refcount,
		.encoding = record->encoding,
		.swap_type = record->swap_type,
		.marks = record->record.marks,
		.list = record->list,
	};
	const struct vs_vma *vma = NULL;

	if (scan->records & 1ull << VMSCOPE_RECORD_VMA) {
		if (!model->nr_vmas)
			return -EPROTO;
		vma = &model->vma[model->nr_vmas - 1];
	}
	if (record->encoding == VMSCOPE_FRAMES_LIST &&
	    sizeof(*record) + (uint64_t)record->pages * 4 > record->record.size)
		return -EPROTO;
	if (!scan->stopped && scan->request->extent(scan->request->context, model, vma, &extent))
		scan->stopped = true;
	return 0;
}

static int hand_on(struct module_scan *scan, const struct vmscope_record *record, uint64_t start,
		   uint64_t end, struct vs_detail *detail)
{
	struct vs_model *model = scan->model;

	if (!model->nr_vmas)
		return -EPROTO;
	detail->start = start;
	detail->end = end;
	detail->marks = record->marks;
	if (!scan->stopped && scan->request->detail(scan->request->context, model,
						    &model->vma[model->nr_vmas - 1], detail))
		scan->stopped = true;
	return 0;
}

static int take_tables(struct module_scan *scan, const struct vmscope_table *record)
{
	const struct vmscope_table_level *from = record->level;
	struct vs_tables tables = { .deposited = record->deposited };
	struct vs_detail detail = {
		.kind = VS_DETAIL_TABLES,
		.words = sizeof(tables) / sizeof(uint64_t),
		.word = (const uint64_t *)&tables,
	};

	if (record->levels >> VS_LEVEL_PGD ||
	    sizeof(*record) + __builtin_popcount(record->levels) * sizeof(*from) >
	    record->record.size)
		return -EPROTO;
	for (int level = 0; level < VS_LEVEL_PGD; level++) {
		struct vs_table_level *to = &tables.level[level];

		if (!(record->levels >> level & 1))
			continue;
		to->tables = from->tables;
		to->shared = from->shared;
		to->used = from->used;
		for (int i = 0; i < VS_TABLE_BUCKETS; i++)
			to->by_used[i] = from->by_used[i];
		from++;
	}
	return hand_on(scan, &record->record, record->start, record->end, &detail);
}

static int take_fill(struct module_scan *scan, const struct vmscope_fill *record)
{
	struct vs_fill fill = {
		.folios = record->folios,
		.pages = record->pages,
		.zero = record->zero,
		.unread = record->unread,
	};
	struct vs_detail detail = {
		.kind = VS_DETAIL_FILL,
		.words = sizeof(fill) / sizeof(uint64_t),
		.word = (const uint64_t *)&fill,
	};

	memcpy(fill.used, record->used, sizeof(fill.used));
	return hand_on(scan, &record->record, record->start, record->end, &detail);
}

static int take_charges(struct module_scan *scan, const struct vmscope_charge *record)
{
	struct vs_detail detail = {
		.kind = VS_DETAIL_CHARGES,
		.words = record->groups * (sizeof(record->group[0]) / sizeof(uint64_t)),
		.word = (const uint64_t *)record->group,
	};

	if (record->groups > (record->record.size - sizeof(*record)) / sizeof(record->group[0]))
		return -EPROTO;
	return hand_on(scan, &record->record, record->start, record->end, &detail);
}

int module_take_record(struct module_scan *scan, const struct vmscope_record *record)
{
	switch (record->type) {
	case VMSCOPE_RECORD_VMA:
		if (record->size < sizeof(struct vmscope_vma) ||
		    record->size - sizeof(struct vmscope_vma) <
		    ((const struct vmscope_vma *)record)->name_size)
			return -EPROTO;
		return take_vma(scan, (const struct vmscope_vma *)record);
	case VMSCOPE_RECORD_TALLY:
		if (record->size < sizeof(struct vmscope_tally))
			return -EPROTO;
		return take_tally(scan, (const struct vmscope_tally *)record);
	case VMSCOPE_RECORD_EXTENT:
		if (record->size < sizeof(struct vmscope_extent))
			return -EPROTO;
		return take_extent(scan, (const struct vmscope_extent *)record);
	case VMSCOPE_RECORD_TABLE:
		if (record->size < sizeof(struct vmscope_table))
			return -EPROTO;
		return take_tables(scan, (const struct vmscope_table *)record);
	case VMSCOPE_RECORD_FILL:
		if (record->size < sizeof(struct vmscope_fill))
			return -EPROTO;
		return take_fill(scan, (const struct vmscope_fill *)record);
	case VMSCOPE_RECORD_CHARGE:
		if (record->size < sizeof(struct vmscope_charge))
			return -EPROTO;
		return take_charges(scan, (const struct vmscope_charge *)record);
	}
	return 0;
}

bool module_record_fits(const struct vmscope_record *record, size_t rest)
{
	return rest >= sizeof(*record) && record->size >= sizeof(*record) &&
		!(record->size % 8) && record->size <= rest;
}

static int take_records(struct module_scan *scan, const struct vmscope_scan *call)
{
	const char *at = scan->buffer, *end = scan->buffer + call->used;

	if (call->used > scan->size)
		return -EPROTO;
	while (at < end) {
		const struct vmscope_record *record = (const void *)at;
		int err;

		if (!module_record_fits(record, end - at))
			return -EPROTO;
		err = module_take_record(scan, record);
		if (err)
			return err;
		at += record->size;
	}
	return 0;
}

void module_take_cost(struct vs_cost *cost, const struct vmscope_cost *from, uint32_t marks)
{
	for (int i = 0; i < VS_LOCK_NR; i++) {
		struct vs_hold *hold = &cost->lock[i];
		const struct vmscope_hold *part = &from->lock[i];

		hold->count += part->count;
		hold->total_ns += part->total_ns;
		if (hold->longest_ns < part->longest_ns)
			hold->longest_ns = part->longest_ns;
	}
	cost->sections += from->sections;
	cost->entries += from->entries;
	cost->waits += from->waits;
	cost->rewalks += from->rewalks;
	cost->marks |= marks & ~VS_MARK_PART;
}

static int bigger_buffer(struct module_scan *scan, size_t need)
{
	char *buffer;

	if (need <= scan->size || need > 1u << 30)
		return vs_error_set(scan->error, VS_FAIL_CANNOT,
			"the module asks for a buffer of %zu bytes: a bug, please report it", need);
	buffer = realloc(scan->buffer, need);
	if (!buffer)
		return vs_error_memory(scan->error);
	scan->buffer = buffer;
	scan->size = need;
	return 0;
}

/* 0 to try again, 1 to stop with what there is, -1 to fail. */
static int scan_failure(struct module_scan *scan, int err, const struct vmscope_scan *call)
{
	switch (err) {
	case EMSGSIZE:
		return bigger_buffer(scan, call->used);
	case EINTR:
		return 0;
	case ESRCH:
		return module_gone(scan->pid, scan->error);
	case ENOMEM:
		return vs_error_memory(scan->error);
	case EBUSY:
		scan->timeout_ns = HASTE_NS;
		scan->model->cut = call->start;
		return 1;
	case EOPNOTSUPP:
		return vs_error_set(scan->error, VS_FAIL_CANNOT,
			"this kernel's module cannot tell all that was asked for: ask for less (--key)");
	}
	return vs_error_set(scan->error, VS_FAIL_CANNOT,
		"scanning process %d at 0x%" PRIx64 ": %s", scan->pid, (uint64_t)call->start,
		strerror(err));
}

int module_scan_range(struct module_scan *scan, uint64_t start, uint64_t end)
{
	const struct vs_request *request = scan->request;
	bool extents = scan->records & 1ull << VMSCOPE_RECORD_EXTENT;
	bool fill = scan->records & 1ull << VMSCOPE_RECORD_FILL;

	while (start < end && !scan->stopped) {
		struct vmscope_scan call = {
			.size = sizeof(call),
			.flags = (extents && request->holes ? VMSCOPE_SCAN_HOLES : 0) |
				 (fill && request->unpaced ? VMSCOPE_SCAN_UNPACED : 0),
			.start = start,
			.end = end,
			.buffer = (uintptr_t)scan->buffer,
			.buffer_size = scan->size,
			.records = scan->records,
			.key = extents ? request->key : 0,
			.timeout_ns = scan->timeout_ns,
		};
		int err;

		scan->position = start;
		if (ioctl(scan->fd, VMSCOPE_SCAN, &call)) {
			err = scan_failure(scan, errno, &call);
			if (err)
				return err < 0 ? -1 : 0;
			continue;
		}
		module_take_cost(&scan->model->cost, &call.cost, call.marks);
		if (call.marks & VMSCOPE_MARK_SKIPPED)
			scan->timeout_ns = HASTE_NS;
		err = take_records(scan, &call);
		if (err == -ENOMEM)
			return vs_error_memory(scan->error);
		if (err || call.next <= start)
			return vs_error_set(scan->error, VS_FAIL_CANNOT,
				"the module's answer at 0x%" PRIx64 " makes no sense: a bug, please report it",
				start);
		start = call.next;
	}
	return 0;
}

int module_scan_alone(const struct module_state *state, const struct vs_request *request,
		      uint64_t records, uint64_t end, struct vs_model *model,
		      struct vs_error *error)
{
	struct module_scan scan = {
		.fd = state->fd,
		.pid = state->target->pid,
		.request = request,
		.records = records,
		.timeout_ns = request->timeout_ns,
		.model = model,
		.buffer = malloc(MODULE_BUFFER),
		.size = MODULE_BUFFER,
		.error = error,
	};
	int err;

	if (!scan.buffer)
		return vs_error_memory(error);
	err = module_scan_range(&scan, request->start, end);
	free(scan.buffer);
	return err;
}
