// SPDX-License-Identifier: GPL-2.0-only
/*
 * The record stream: its buffer, the records that are written whole, and the way
 * to the user; knows nothing of how an extent grows. With encode_extent.c,
 * encode_process.c and ioctl.c the only place that knows the uAPI header.
 */
#include <linux/build_bug.h>
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kdev_t.h>
#include <linux/mm.h>
#include <linux/uaccess.h>

#include "compat/vma.h"
#include "compat/vmflags.h"
#include "encode.h"
#include "encode_record.h"
#include "uapi/vmscope.h"

/* The rooms' words are the uAPI's. */
#define SAME(ours, theirs)	static_assert((u64)(ours) == (u64)(theirs), #ours)
SAME(STATE_NR, VMSCOPE_STATE_NR);
SAME(STATE_PRESENT, VMSCOPE_STATE_PRESENT);
SAME(STATE_ZERO, VMSCOPE_STATE_ZERO);
SAME(STATE_SPECIAL, VMSCOPE_STATE_SPECIAL);
SAME(STATE_SWAPPED, VMSCOPE_STATE_SWAPPED);
SAME(STATE_MIGRATING, VMSCOPE_STATE_MIGRATING);
SAME(STATE_HWPOISON, VMSCOPE_STATE_HWPOISON);
SAME(STATE_DEVICE, VMSCOPE_STATE_DEVICE);
SAME(STATE_UFFD, VMSCOPE_STATE_UFFD);
SAME(STATE_GUARD, VMSCOPE_STATE_GUARD);
SAME(STATE_POISON, VMSCOPE_STATE_POISON);
SAME(STATE_UNKNOWN, VMSCOPE_STATE_UNKNOWN);
SAME(STATE_SKIPPED, VMSCOPE_STATE_SKIPPED);
SAME(KIND_NR, VMSCOPE_KIND_NR);
SAME(KIND_ANON, VMSCOPE_KIND_ANON);
SAME(KIND_KSM, VMSCOPE_KIND_KSM);
SAME(KIND_FILE_PRIVATE, VMSCOPE_KIND_FILE_PRIVATE);
SAME(KIND_FILE_SHARED, VMSCOPE_KIND_FILE_SHARED);
SAME(KIND_SHMEM, VMSCOPE_KIND_SHMEM);
SAME(KIND_HUGETLB, VMSCOPE_KIND_HUGETLB);
SAME(KIND_DEVICE, VMSCOPE_KIND_DEVICE);
SAME(LEAF_NR, VMSCOPE_LEAF_NR);
SAME(LEAF_PMD, VMSCOPE_LEAF_PMD);
SAME(LEVEL_NR, VMSCOPE_MAX_LEVELS);
SAME(LEVEL_PGD, VMSCOPE_LEVEL_PGD);
SAME(ATTR_STATE, VMSCOPE_ATTR_STATE);
SAME(ATTR_KIND, VMSCOPE_ATTR_KIND);
SAME(ATTR_LEAF, VMSCOPE_ATTR_LEAF);
SAME(ATTR_ORDER, VMSCOPE_ATTR_ORDER);
SAME(ATTR_YOUNG, VMSCOPE_ATTR_YOUNG);
SAME(ATTR_DIRTY, VMSCOPE_ATTR_DIRTY);
SAME(ATTR_SOFT_DIRTY, VMSCOPE_ATTR_SOFT_DIRTY);
SAME(ATTR_WRITE, VMSCOPE_ATTR_WRITE);
SAME(ATTR_EXEC, VMSCOPE_ATTR_EXEC);
SAME(ATTR_UFFD_WP, VMSCOPE_ATTR_UFFD_WP);
SAME(ATTR_PROTNONE, VMSCOPE_ATTR_PROTNONE);
SAME(ATTR_SPECIAL, VMSCOPE_ATTR_SPECIAL);
SAME(ATTR_REFERENCED, VMSCOPE_ATTR_REFERENCED);
SAME(ATTR_FOLIO_DIRTY, VMSCOPE_ATTR_FOLIO_DIRTY);
SAME(ATTR_LRU, VMSCOPE_ATTR_LRU);
SAME(ATTR_ACTIVE, VMSCOPE_ATTR_ACTIVE);
SAME(ATTR_UNEVICTABLE, VMSCOPE_ATTR_UNEVICTABLE);
SAME(ATTR_MLOCKED, VMSCOPE_ATTR_MLOCKED);
SAME(ATTR_WRITEBACK, VMSCOPE_ATTR_WRITEBACK);
SAME(ATTR_SWAPCACHE, VMSCOPE_ATTR_SWAPCACHE);
SAME(ATTR_SWAPBACKED, VMSCOPE_ATTR_SWAPBACKED);
SAME(ATTR_LOCKED, VMSCOPE_ATTR_LOCKED);
SAME(ATTR_RECLAIM, VMSCOPE_ATTR_RECLAIM);
SAME(ATTR_LAZYFREE, VMSCOPE_ATTR_LAZYFREE);
SAME(ATTR_SHARED, VMSCOPE_ATTR_SHARED);
SAME(ATTR_PINNED, VMSCOPE_ATTR_PINNED);
SAME(ATTR_HEAD, VMSCOPE_ATTR_HEAD);
SAME(ATTR_SWAP_EXCLUSIVE, VMSCOPE_ATTR_SWAP_EXCLUSIVE);
SAME(ATTR_SHMEM_SWAPPED, VMSCOPE_ATTR_SHMEM_SWAPPED);
SAME(ATTR_GEN, VMSCOPE_ATTR_GEN);
SAME(ATTR_DEFERRED, VMSCOPE_ATTR_DEFERRED);
SAME(ATTR_EXTRA_REFS, VMSCOPE_ATTR_EXTRA_REFS);
SAME(ATTR_NODE, VMSCOPE_ATTR_NODE);
SAME(KEY_FRAME, VMSCOPE_KEY_FRAME);
SAME(KEY_MAPCOUNT, VMSCOPE_KEY_MAPCOUNT);
SAME(KEY_REFCOUNT, VMSCOPE_KEY_REFCOUNT);
SAME(MARK_LAYOUT, VMSCOPE_MARK_LAYOUT);
SAME(MARK_RACY, VMSCOPE_MARK_RACY);
SAME(MARK_UNVERIFIED, VMSCOPE_MARK_UNVERIFIED);
SAME(MARK_SKIPPED, VMSCOPE_MARK_SKIPPED);
SAME(MARK_NO_NAME, VMSCOPE_MARK_NO_NAME);
SAME(MARK_PART, VMSCOPE_MARK_PART);
SAME(CELL_REFERENCED, VMSCOPE_CELL_REFERENCED);
SAME(CELL_DIRTY, VMSCOPE_CELL_DIRTY);
SAME(CELL_SHARED, VMSCOPE_CELL_SHARED);
SAME(CELL_NR, VMSCOPE_CELL_NR);
SAME(COUNT_STATE, VMSCOPE_COUNT_STATE);
SAME(COUNT_LEAF, VMSCOPE_COUNT_LEAF);
SAME(COUNT_LAZYFREE, VMSCOPE_COUNT_LAZYFREE);
SAME(COUNT_PMD_ANON, VMSCOPE_COUNT_PMD_ANON);
SAME(COUNT_PMD_SHMEM, VMSCOPE_COUNT_PMD_SHMEM);
SAME(COUNT_PMD_FILE, VMSCOPE_COUNT_PMD_FILE);
SAME(COUNT_SHMEM_SWAP, VMSCOPE_COUNT_SHMEM_SWAP);
SAME(COUNT_PROTNONE, VMSCOPE_COUNT_PROTNONE);
SAME(COUNT_PSS_ANON, VMSCOPE_COUNT_PSS_ANON);
SAME(COUNT_PSS_FILE, VMSCOPE_COUNT_PSS_FILE);
SAME(COUNT_PSS_SHMEM, VMSCOPE_COUNT_PSS_SHMEM);
SAME(COUNT_PSS_DIRTY, VMSCOPE_COUNT_PSS_DIRTY);
SAME(COUNT_ORDER, VMSCOPE_COUNT_ORDER);
SAME(COUNT_NR, VMSCOPE_COUNT_NR);
SAME(PSS_SHIFT, VMSCOPE_PSS_SHIFT);
SAME(TABLES_BUCKETS, VMSCOPE_TABLE_BUCKETS);
SAME(sizeof(struct tables_level), sizeof(struct vmscope_table_level));
SAME(offsetof(struct tables_level, used), offsetof(struct vmscope_table_level, used));
SAME(offsetof(struct tables_level, by_used), offsetof(struct vmscope_table_level, by_used));
SAME(FILL_BUCKETS, VMSCOPE_FILL_BUCKETS);
SAME(CHARGE_OTHERS, VMSCOPE_CHARGE_OTHERS);
SAME(sizeof(struct charge_group), sizeof(struct vmscope_charged));
SAME(NAME_FILE, VMSCOPE_NAME_FILE);
SAME(NAME_STACK, VMSCOPE_NAME_STACK);

/* The largest TALLY, TABLE and CHARGE, and the smallest EXTENT with frames. */
#define TALLY_MOST \
	(sizeof(struct vmscope_tally) + (CELL_NR + COUNT_NR) * sizeof(u64))
#define TABLE_MOST \
	(sizeof(struct vmscope_table) + \
	 LEVEL_PGD * sizeof(struct vmscope_table_level))
#define CHARGE_MOST \
	(sizeof(struct vmscope_charge) + \
	 (CHARGE_GROUPS + 1) * sizeof(struct vmscope_charged))
#define EXTENT_LEAST	(sizeof(struct vmscope_extent) + sizeof(u64))

void encoder_begin(struct encoder *e, void __user *user, u64 size, u64 key,
		   bool frames, u64 records)
{
	u8 *buffer = e->buffer;
	u32 table_room = records & BIT(VMSCOPE_RECORD_TABLE) ? TABLE_MOST : 0;
	u32 tally_room = table_room;
	u32 sums_room;

	if (records & BIT(VMSCOPE_RECORD_TALLY))
		tally_room += TALLY_MOST;
	sums_room = tally_room;
	if (records & BIT(VMSCOPE_RECORD_CHARGE))
		sums_room += CHARGE_MOST;
	if (records & BIT(VMSCOPE_RECORD_FILL))
		sums_room += sizeof(struct vmscope_fill);

	*e = (struct encoder){
		.buffer = buffer,
		.user = user,
		.left = size,
		.room = min_t(u64, size, ENCODE_BUFFER),
		.open = -1,
		.key = key,
		.frames = frames && (key & KEY_FRAME),
		.sums_room = sums_room,
		.tally_room = tally_room,
		.table_room = table_room,
		.extent_room = key ? EXTENT_LEAST : 0,
	};
}

void encoder_begin_kept(struct encoder *e)
{
	encoder_begin(e, NULL, ENCODE_BUFFER, 0, false, 0);
	e->keep = true;
}

/* ------------------------------------------------------------------- VMA */

/* vm_flag_map by the number of the kernel's bit: a VMA has few of them set. */
static u64 vm_flag_by_bit[BITS_PER_LONG] __ro_after_init;

void __init encode_init(void)
{
	unsigned int i;

	/* a flag that this machine has not is 0 */
	for (i = 0; i < ARRAY_SIZE(vm_flag_map); i++)
		if (vm_flag_map[i].kernel)
			vm_flag_by_bit[__ffs(vm_flag_map[i].kernel)] =
				vm_flag_map[i].ours;
}

static u64 vm_flags_out(const struct vma_copy *copy)
{
	u64 flags = copy->anonymous ? VMSCOPE_VM_ANON : 0;
	unsigned long left;

	for (left = copy->flags; left; left &= left - 1)
		flags |= vm_flag_by_bit[__ffs(left)];
	return flags;
}

bool encode_vma(struct encoder *e, const struct vma_copy *copy, char *path_page)
{
	const struct inode *inode = NULL;
	struct vmscope_vma *vma;
	const char *name = copy->name;
	u16 marks = copy->marks;
	u32 name_size = 0, size;

	encode_close(e);
	if (copy->file)
		inode = vms_file_inode(copy->file);
	if (copy->name_kind == NAME_FILE) {
		name = d_path(vms_file_path(copy->file), path_page, PAGE_SIZE);
		if (IS_ERR(name)) {
			name = "";
			marks |= MARK_NO_NAME;
		}
	}
	if (*name)
		name_size = strlen(name) + 1;
	size = sizeof(*vma) + ALIGN(name_size, 8);
	vma = begin_record(e, size, e->extent_room + e->sums_room);
	if (!vma)
		return false;
	*vma = (struct vmscope_vma){
		.record.size = size,
		.record.type = VMSCOPE_RECORD_VMA,
		.record.marks = marks,
		.start = copy->start,
		.end = copy->end,
		.flags = vm_flags_out(copy),
		.offset = inode ? (u64)copy->pgoff << PAGE_SHIFT : 0,
		.inode = inode ? inode->i_ino : 0,
		.dev_major = inode ? MAJOR(inode->i_sb->s_dev) : 0,
		.dev_minor = inode ? MINOR(inode->i_sb->s_dev) : 0,
		.page_shift = copy->huge_shift ?: PAGE_SHIFT,
		.name_kind = copy->name_kind,
		.pkey = copy->pkey,
		.policy = copy->policy,
		.name_size = name_size,
	};
	if (name_size) {
		memcpy(vma->name, name, name_size);
		memset(vma->name + name_size, 0,
		       size - sizeof(*vma) - name_size);
	}
	e->marks |= marks;
	return true;
}

/* ----------------------------------------------------------------- TALLY */

static u64 *put_used(u64 *to, const u64 *from, u64 used, u64 *sent)
{
	*sent = 0;
	for (; used; used &= used - 1) {
		unsigned int i = __ffs64(used);

		if (!from[i])
			continue;
		*sent |= BIT_ULL(i);
		*to++ = from[i];
	}
	return to;
}

static u32 tally_size(const struct tally *t)
{
	return sizeof(struct vmscope_tally) +
	       (hweight64(t->cells_used) + hweight64(t->counts_used)) *
	       sizeof(u64);
}

bool encode_tally(struct encoder *e, const struct tally *t,
		  unsigned long start, unsigned long end, u16 marks)
{
	struct vmscope_tally *tally;
	u64 cells, counters;
	u64 *value;

	encode_close(e);
	if (e->used + TALLY_MOST + e->table_room > e->room &&
	    !fits(e, tally_size(t), e->table_room))
		return false;
	tally = (struct vmscope_tally *)(e->buffer + e->used);
	tally->record.type = VMSCOPE_RECORD_TALLY;
	tally->record.marks = marks;
	tally->start = start;
	tally->end = end;
	value = put_used(tally->value, t->cell, t->cells_used, &cells);
	value = put_used(value, t->count, t->counts_used, &counters);
	tally->cells = cells;
	tally->counters = counters;
	tally->record.size = (u8 *)value - (u8 *)tally;
	e->used += tally->record.size;
	e->records++;
	e->marks |= marks;
	return true;
}

/* ------------------------------------------------------------------ FILL */

bool encode_fill(struct encoder *e, const struct fill_sums *sums,
		 unsigned long start, unsigned long end, u16 marks)
{
	struct vmscope_fill *fill;

	encode_close(e);
	fill = begin_record(e, sizeof(*fill), e->sums_room - sizeof(*fill));
	if (!fill)
		return false;
	*fill = (struct vmscope_fill){
		.record.size = sizeof(*fill),
		.record.type = VMSCOPE_RECORD_FILL,
		.record.marks = marks,
		.start = start,
		.end = end,
		.folios = sums->folios,
		.pages = sums->pages,
		.zero = sums->zero,
		.unread = sums->unread,
	};
	memcpy(fill->used, sums->used, sizeof(fill->used));
	e->marks |= marks;
	return true;
}

/* ---------------------------------------------------------------- CHARGE */

bool encode_charges(struct encoder *e, const struct charges *charges,
		    unsigned long start, unsigned long end, u16 marks)
{
	u32 size = charges->nr * sizeof(struct vmscope_charged);
	struct vmscope_charge *charge;

	encode_close(e);
	charge = begin_record(e, sizeof(*charge) + size, e->tally_room);
	if (!charge)
		return false;
	*charge = (struct vmscope_charge){
		.record.size = sizeof(*charge) + size,
		.record.type = VMSCOPE_RECORD_CHARGE,
		.record.marks = marks,
		.start = start,
		.end = end,
		.groups = charges->nr,
	};
	memcpy(charge->group, charges->group, size);
	e->marks |= marks;
	return true;
}

/* ----------------------------------------------------------------- TABLE */

struct tables_level *encode_tables(struct encoder *e, const struct tables *t,
				   unsigned long start, unsigned long end,
				   u16 marks)
{
	struct tables_level *levels, *to;
	struct vmscope_table *table;
	unsigned int size;
	u32 used;

	encode_close(e);
	size = sizeof(*table) + hweight32(t->used) * sizeof(*to);
	table = begin_record(e, size, 0);
	if (!table)
		return NULL;
	*table = (struct vmscope_table){
		.record.size = size,
		.record.type = VMSCOPE_RECORD_TABLE,
		.record.marks = marks,
		.start = start,
		.end = end,
		.deposited = t->deposited,
		.levels = t->used,
	};
	levels = (struct tables_level *)table->level;
	for (used = t->used, to = levels; used; used &= used - 1)
		*to++ = t->level[__ffs(used)];
	e->marks |= marks;
	return levels;
}

/* The TALLY that tally_few() leaves to be written. */
#define FEW_VALUES	7

bool encode_few(struct encoder *e, const struct tally_few *few,
		unsigned long start, unsigned long end)
{
	struct vmscope_tally *tally = (struct vmscope_tally *)(e->buffer + e->used);
	u64 pages = few->pages;
	u64 pss = pages * few->share;
	u64 *value = tally->value;
	u64 counters = 0;

	if (!fits(e, sizeof(*tally) + FEW_VALUES * sizeof(u64), 0))
		return false;
	if (pages)
		*value++ = pages;
	if (few->empty) {
		*value++ = few->empty;
		counters = BIT_ULL(COUNT_STATE + STATE_NONE);
	}
	if (pages) {
		counters |= BIT_ULL(COUNT_LEAF + LEAF_PTE) |
			    BIT_ULL(tally_pss_counter(few->cell)) |
			    BIT_ULL(COUNT_ORDER);
		*value++ = pages;
		*value++ = pss;
		if (few->cell & CELL_DIRTY) {
			*value++ = pss;
			counters |= BIT_ULL(COUNT_PSS_DIRTY);
		}
		*value++ = pages;
	}
	tally->record = (struct vmscope_record){
		.type = VMSCOPE_RECORD_TALLY,
		.size = (u8 *)value - (u8 *)tally,
	};
	tally->start = start;
	tally->end = end;
	tally->cells = pages ? BIT_ULL(few->cell) : 0;
	tally->counters = counters;
	e->used += tally->record.size;
	e->records++;
	return true;
}

/* ------------------------------------------------------------------ user */

#define PUT_FOUR(n)							\
do {									\
	unsafe_put_user(from[n], to + (n), fault);			\
	unsafe_put_user(from[(n) + 1], to + (n) + 1, fault);		\
	unsafe_put_user(from[(n) + 2], to + (n) + 2, fault);		\
	unsafe_put_user(from[(n) + 3], to + (n) + 3, fault);		\
} while (0)

/* From here on the string instructions are worth their start-up. */
#define PUT_MOST	1024

/*
 * Records are multiples of eight bytes and mostly small: plain stores, sixteen
 * at a time, beat the start-up of the string instructions.
 */
static int put_words(u64 __user *to, const u64 *from, u32 words)
{
	if (!user_access_begin(to, words * sizeof(u64)))
		return -EFAULT;
	for (; words >= 16; words -= 16, to += 16, from += 16) {
		PUT_FOUR(0);
		PUT_FOUR(4);
		PUT_FOUR(8);
		PUT_FOUR(12);
	}
	for (; words; words--)
		unsafe_put_user(*from++, to++, fault);
	user_access_end();
	return 0;
fault:
	user_access_end();
	return -EFAULT;
}

int encode_deliver(const struct encoder *e, void __user *user)
{
	if (e->used < PUT_MOST)
		return put_words(user, (const u64 *)e->buffer,
				 e->used / sizeof(u64));
	return copy_to_user(user, e->buffer, e->used) ? -EFAULT : 0;
}

int encode_flush(struct encoder *e)
{
	encode_close(e);
	if (e->keep) {
		e->left = 0;
		e->delivered = e->used;
		return 0;
	}
	if (encode_deliver(e, e->user))
		return -EFAULT;
	e->user += e->used;
	e->left -= e->used;
	e->delivered += e->used;
	e->used = 0;
	e->room = min_t(u64, e->left, ENCODE_BUFFER);
	return 0;
}
