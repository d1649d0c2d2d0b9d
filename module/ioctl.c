// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operations, as a table. Handlers receive kernel copies of their argument
 * structures and never see user memory, but for the buffers these name.
 */
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "classify.h"
#include "compat/vmalock.h"
#include "counters.h"
#include "encode_process.h"
#include "entry.h"
#include "ioctl.h"
#include "page.h"
#include "scan.h"
#include "section.h"
#include "survey.h"
#include "tally.h"
#include "target.h"
#include "translate.h"
#include "uapi/vmscope.h"

static_assert(SECTION_MMAP == (int)VMSCOPE_LOCK_MMAP);
static_assert(SECTION_VMA == (int)VMSCOPE_LOCK_VMA);
static_assert(SECTION_IRQ == (int)VMSCOPE_LOCK_IRQ);
static_assert(SECTION_LOCKS == (int)VMSCOPE_LOCK_NR);
static_assert(SCAN_VMA == BIT(VMSCOPE_RECORD_VMA));
static_assert(SCAN_TALLY == BIT(VMSCOPE_RECORD_TALLY));
static_assert(SCAN_EXTENT == BIT(VMSCOPE_RECORD_EXTENT));
static_assert(SCAN_TABLE == BIT(VMSCOPE_RECORD_TABLE));
static_assert(SCAN_FILL == BIT(VMSCOPE_RECORD_FILL));
static_assert(SCAN_CHARGE == BIT(VMSCOPE_RECORD_CHARGE));
static_assert(CONTEXT_X86 == (int)VMSCOPE_CONTEXT_X86);
static_assert(CONTEXT_ARM64 == (int)VMSCOPE_CONTEXT_ARM64);
static_assert(STOP_LEAF == (int)VMSCOPE_STOP_LEAF);
static_assert(STOP_NONE == (int)VMSCOPE_STOP_NONE);
static_assert(STOP_NONPRESENT == (int)VMSCOPE_STOP_NONPRESENT);
static_assert(STOP_BAD == (int)VMSCOPE_STOP_BAD);
static_assert(STOP_NO_VMA == (int)VMSCOPE_STOP_NO_VMA);
static_assert(STOP_RANGE == (int)VMSCOPE_STOP_RANGE);
static_assert(STOP_LOCKED == (int)VMSCOPE_STOP_LOCKED);

#define SCAN_FLAGS \
	(VMSCOPE_SCAN_HOLES | VMSCOPE_SCAN_PLAIN | VMSCOPE_SCAN_UNPACED | \
	 VMSCOPE_SCAN_WHOLE)

/* The sizes that were published first: the smallest that are accepted. */
#define INFO_SIZE_V1		168
#define OPEN_SIZE_V1		24
#define TARGET_SIZE_V1		208
#define SCAN_SIZE_V1		208
#define TRANSLATE_SIZE_V1	40
#define TRANSLATION_SIZE_V1	184
#define SURVEY_SIZE_V1		184
static_assert(sizeof(struct vmscope_info) == INFO_SIZE_V1);
static_assert(sizeof(struct vmscope_open) == OPEN_SIZE_V1);
static_assert(offsetof(struct vmscope_target, context) == TARGET_SIZE_V1);
static_assert(sizeof(struct vmscope_scan) == SCAN_SIZE_V1);
static_assert(sizeof(struct vmscope_translate) == TRANSLATE_SIZE_V1);
static_assert(sizeof(struct vmscope_translation) == TRANSLATION_SIZE_V1);
static_assert(sizeof(struct vmscope_survey) == SURVEY_SIZE_V1);

union argument {
	struct vmscope_info info;
	struct vmscope_open open;
	struct vmscope_target target;
	struct vmscope_scan scan;
	struct vmscope_translate translate;
	struct vmscope_survey survey;
};

/* What a handler may need beside its argument. */
struct context {
	struct target *target;		/* NULL on the device */
	target_file_fn make_file;	/* on the device */
	struct file *file;		/* to be installed at fd, if all goes well */
	int fd;
};

/* ------------------------------------------------------------------ info */

static int do_info(struct context *context, union argument *arg)
{
	struct vmscope_info *info = &arg->info;
	unsigned int level;

	if (info->flags)
		return -EOPNOTSUPP;
	*info = (struct vmscope_info){
		.size = sizeof(*info),
		.abi = VMSCOPE_ABI,
		.page_shift = PAGE_SHIFT,
		.operations = BIT(_IOC_NR(VMSCOPE_INFO)) |
			      BIT(_IOC_NR(VMSCOPE_OPEN)) |
			      BIT(_IOC_NR(VMSCOPE_TARGET)) |
			      BIT(_IOC_NR(VMSCOPE_SCAN)) |
			      BIT(_IOC_NR(VMSCOPE_TRANSLATE)) |
			      BIT(_IOC_NR(VMSCOPE_SURVEY)),
		.records = SCAN_RECORDS,
		.attributes = classify_attributes(),
		.key = classify_attributes() | KEY_FIELDS,
		.counters = GENMASK_ULL(STATE_NR - 1, 0) |
			    GENMASK_ULL(COUNT_PROTNONE, COUNT_LEAF) |
			    GENMASK_ULL(COUNT_NR - 1, COUNT_PSS_ANON),
		.scan_flags = SCAN_FLAGS,
		.locks = section_locks(),
		.levels = entry_levels(),
		.physical = context->target ? context->target->physical :
					      target_physical(),
		.task_size = current->mm->task_size,
	};
	if (VMS_HAVE_LAYOUT_SEQ)
		info->features |= VMSCOPE_FEATURE_LAYOUT_SEQ;
	if (tally_has_fast_path())
		info->features |= VMSCOPE_FEATURE_FAST;
	if (IS_ENABLED(CONFIG_MEM_SOFT_DIRTY))
		info->features |= VMSCOPE_FEATURE_SOFT_DIRTY;
#ifdef VMSCOPE_TEST
	info->features |= VMSCOPE_FEATURE_TEST;
#endif
	for (level = 0; level < VMSCOPE_MAX_LEVELS; level++) {
		info->level[level].shift = entry_shift(level);
		info->level[level].entries = entry_per_table(level);
		info->level[level].leaf = entry_leaf_possible(level);
	}
	return 0;
}

/* ------------------------------------------------------------------ open */

static int do_open(struct context *context, union argument *arg)
{
	struct vmscope_open *open = &arg->open;
	struct target *target;
	struct file *file;

	if (open->flags)
		return -EOPNOTSUPP;
	if (open->__reserved || open->pid < 0)
		return -EINVAL;
	target = target_open(open->pid);
	if (IS_ERR(target))
		return PTR_ERR(target);
	open->physical = target->physical;
	file = context->make_file(target);
	if (IS_ERR(file))
		return PTR_ERR(file);
	open->fd = get_unused_fd_flags(O_CLOEXEC);
	if (open->fd < 0) {
		fput(file);
		return open->fd;
	}
	context->file = file;
	context->fd = open->fd;
	return 0;
}

/* A descriptor appears only once its number has reached the caller. */
static int install(struct context *context, int err)
{
	if (!context->file)
		return err;
	if (err) {
		put_unused_fd(context->fd);
		fput(context->file);
	} else {
		fd_install(context->fd, context->file);
	}
	return err;
}

/* ---------------------------------------------------------------- target */

static int do_target(struct context *context, union argument *arg)
{
	struct vmscope_target *out = &arg->target;
	struct target *target = context->target;
	int err;

	if (out->flags)
		return -EOPNOTSUPP;
	err = target_enter(target);
	if (err)
		return err;
	encode_target(out, target->mm, target->comm);
	target_leave(target);
	return 0;
}

/* ------------------------------------------------------------------ scan */

static int check_scan(const struct vmscope_scan *scan)
{
	bool extents = scan->records & SCAN_EXTENT;

	if (scan->flags & ~SCAN_FLAGS ||
	    scan->records & ~(u64)SCAN_RECORDS ||
	    scan->key & ~(classify_attributes() | KEY_FIELDS))
		return -EOPNOTSUPP;
	if (!PAGE_ALIGNED(scan->start) || !PAGE_ALIGNED(scan->end) ||
	    scan->start >= scan->end)
		return -EINVAL;
	if (!scan->records || extents != !!scan->key)
		return -EINVAL;
	if (scan->flags & VMSCOPE_SCAN_WHOLE && scan->records & ~SCAN_WHOLE)
		return -EINVAL;
	return 0;
}

static void put_cost(struct vmscope_cost *cost, const struct scan_reply *reply)
{
	unsigned int i;

	for (i = 0; i < SECTION_LOCKS; i++) {
		cost->lock[i].count = reply->hold[i].count;
		cost->lock[i].total_ns = reply->hold[i].total_ns;
		cost->lock[i].longest_ns = reply->hold[i].longest_ns;
	}
	cost->wall_ns = reply->wall_ns;
	cost->sections = reply->sections;
	cost->entries = reply->entries;
	cost->waits = reply->waits;
	cost->rewalks = reply->rewalks;
}

static int do_scan(struct context *context, union argument *arg)
{
	struct target *target = context->target;
	struct vmscope_scan *scan = &arg->scan;
	struct scan_request request;
	struct scan_reply reply = { };
	u64 task_size;
	int err;

	err = check_scan(scan);
	if (err)
		return err;
	/* who else has touched a page: the rule of /proc/kpagecgroup */
	if (scan->records & SCAN_CHARGE &&
	    target->physical == PHYSICAL_NO_CAPABILITY)
		return -EPERM;
	err = target_enter(target);
	if (err)
		return err;
	task_size = target->mm->task_size;
	request = (struct scan_request){
		.start = min(scan->start, task_size),
		.end = min(scan->end, task_size),
		.buffer = u64_to_user_ptr(scan->buffer),
		.size = scan->buffer_size,
		.records = scan->records,
		.key = scan->key,
		.budget = scan->budget,
		.timeout_ns = scan->timeout_ns,
		.holes = scan->flags & VMSCOPE_SCAN_HOLES,
		.plain = scan->flags & VMSCOPE_SCAN_PLAIN,
		.unpaced = scan->flags & VMSCOPE_SCAN_UNPACED,
		.whole = scan->flags & VMSCOPE_SCAN_WHOLE,
		.frames = target->physical == PHYSICAL_SHOWN,
	};
	reply.next = request.start;
	if (request.start < request.end)
		err = scan_run(target->scan, target->mm, &request, &reply);
	target_leave(target);
	if (err && err != -EMSGSIZE)
		return err;
	/* what lies beyond the target's end is done with, too */
	scan->next = reply.next >= request.end ? scan->end : reply.next;
	scan->used = err ? reply.needed : reply.used;
	scan->nr_records = reply.records;
	scan->marks = reply.marks;
	put_cost(&scan->cost, &reply);
	return err;
}

/* ------------------------------------------------------------- translate */

static void put_translation(struct vmscope_translation *out,
			    const struct translation *t, bool physical)
{
	unsigned int level;

	out->attributes = t->info.attrs;
	out->mapcount = t->info.mapcount;
	out->refcount = t->info.refcount;
	out->stop = t->stop;
	out->stop_level = t->stop_level;
	out->marks = t->marks;
	out->vma_start = t->vma_start;
	out->vma_end = t->vma_end;
	for (level = 0; level < LEVEL_NR; level++) {
		out->step[level].index = t->step[level].index;
		out->step[level].level = level;
		out->step[level].read = t->step[level].read;
		if (!physical)
			continue;
		out->step[level].raw = t->step[level].raw;
		out->step[level].table = t->step[level].table;
	}
	if (!physical)
		return;
	out->frame = t->info.frame;
	out->swap_type = t->info.swap_type;
	if (t->stop == STOP_LEAF)
		out->physical = (t->info.frame << PAGE_SHIFT) + t->offset;
}

static int translate_one(struct target *target, struct section *section,
			 void __user *user, u32 stride)
{
	struct vmscope_translation out;
	struct translation t;
	u64 address;
	int err;

	if (copy_from_user(&address, user, sizeof(address)))
		return -EFAULT;
	if (stride > sizeof(out)) {
		err = check_zeroed_user(user + sizeof(out),
					stride - sizeof(out));
		if (err <= 0)
			return err ?: -E2BIG;
	}
	err = translate(section, address, &t);
	if (err)
		return err;
	memset(&out, 0, sizeof(out));
	out.address = address;
	put_translation(&out, &t, target->physical == PHYSICAL_SHOWN);
	if (copy_to_user(user, &out, min_t(size_t, stride, sizeof(out))))
		return -EFAULT;
	return 0;
}

static int do_translate(struct context *context, union argument *arg)
{
	struct vmscope_translate *translate = &arg->translate;
	struct target *target = context->target;
	void __user *user = u64_to_user_ptr(translate->translations);
	struct section *section;
	u32 i;
	int err;

	if (translate->flags)
		return -EOPNOTSUPP;
	if (translate->__reserved || !translate->count ||
	    translate->count > VMSCOPE_TRANSLATE_MAX ||
	    translate->stride < TRANSLATION_SIZE_V1 ||
	    translate->stride > PAGE_SIZE || translate->stride % 8)
		return -EINVAL;
	section = kmalloc(sizeof(*section), GFP_KERNEL_ACCOUNT);
	if (!section)
		return -ENOMEM;
	err = target_enter(target);
	if (err)
		goto out;
	section_init(section, target->mm, target->mm->task_size,
		     translate->timeout_ns);
	for (i = 0; i < translate->count; i++) {
		err = fatal_signal_pending(current) ? -EINTR :
		      translate_one(target, section, user, translate->stride);
		if (err)
			break;
		user += translate->stride;
		cond_resched();
	}
	target_leave(target);
	counters_translated(section, i);
	translate->done = i;
	if (i && err == -EINTR)
		err = 0;
	if (err)
		counters_failed(DOING_TRANSLATE, err);
out:
	kfree(section);
	return err;
}

/* ---------------------------------------------------------------- survey */

static int do_survey(struct context *context, union argument *arg)
{
	struct vmscope_survey *survey = &arg->survey;
	const struct survey_request request = {
		.first = survey->pid,
		.limit = survey->limit,
		.buffer = u64_to_user_ptr(survey->buffer),
		.size = survey->buffer_size,
		.records = survey->records,
		.timeout_ns = survey->timeout_ns,
	};
	struct survey_reply reply;
	int err;

	if (survey->flags || survey->records & ~(u64)SCAN_WHOLE)
		return -EOPNOTSUPP;
	if (survey->__reserved || survey->pid < 0 ||
	    survey->buffer_size < SURVEY_ROOM)
		return -EINVAL;
	if (survey->records & SCAN_CHARGE &&
	    target_physical() == PHYSICAL_NO_CAPABILITY)
		return -EPERM;
	err = survey_run(&request, &reply);
	if (err)
		return err;
	survey->next = reply.next;
	survey->used = reply.all.used;
	survey->nr_records = reply.all.records;
	survey->marks = reply.all.marks;
	put_cost(&survey->cost, &reply.all);
	return 0;
}

/* ----------------------------------------------------------- the table */

#define ON_DEVICE	BIT(0)
#define ON_TARGET	BIT(1)

static const struct operation {
	unsigned int cmd;
	unsigned int where;
	u32 minimum;	/* the size published first */
	u32 size;	/* the size today */
	/* -EMSGSIZE is an error that still has something to say */
	int (*run)(struct context *context, union argument *arg);
} operations[] = {
	{ VMSCOPE_INFO, ON_DEVICE | ON_TARGET, INFO_SIZE_V1,
	  sizeof(struct vmscope_info), do_info },
	{ VMSCOPE_OPEN, ON_DEVICE, OPEN_SIZE_V1,
	  sizeof(struct vmscope_open), do_open },
	{ VMSCOPE_TARGET, ON_TARGET, TARGET_SIZE_V1,
	  sizeof(struct vmscope_target), do_target },
	{ VMSCOPE_SCAN, ON_TARGET, SCAN_SIZE_V1,
	  sizeof(struct vmscope_scan), do_scan },
	{ VMSCOPE_TRANSLATE, ON_TARGET, TRANSLATE_SIZE_V1,
	  sizeof(struct vmscope_translate), do_translate },
	{ VMSCOPE_SURVEY, ON_DEVICE, SURVEY_SIZE_V1,
	  sizeof(struct vmscope_survey), do_survey },
};

static const struct operation *find_operation(unsigned int cmd,
					      unsigned int where)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(operations); i++)
		if (operations[i].cmd == cmd && operations[i].where & where)
			return &operations[i];
	return NULL;
}

static long run(struct context *context, unsigned int where, unsigned int cmd,
		void __user *user)
{
	const struct operation *op = find_operation(cmd, where);
	union argument arg = { };
	u32 size;
	int err;

	if (!op)
		return -ENOTTY;
	if (get_user(size, (u32 __user *)user))
		return -EFAULT;
	if (size < op->minimum || size > PAGE_SIZE)
		return -EINVAL;
	err = copy_struct_from_user(&arg, op->size, user, size);
	if (err)
		return err;
	err = op->run(context, &arg);
	if (err && err != -EMSGSIZE)
		return err;
	/* the caller's own size stays in the structure, but for INFO's answer */
	if (cmd != VMSCOPE_INFO)
		*(u32 *)&arg = size;
	if (copy_to_user(user, &arg, min(size, op->size)))
		err = -EFAULT;
	return install(context, err);
}

long ioctl_on_device(unsigned int cmd, void __user *arg,
		     target_file_fn make_file)
{
	struct context context = { .make_file = make_file };

	return run(&context, ON_DEVICE, cmd, arg);
}

long ioctl_on_target(struct target *target, unsigned int cmd, void __user *arg)
{
	struct context context = { .target = target };

	return run(&context, ON_TARGET, cmd, arg);
}
