// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text views of one address space as files; knows nothing of what a kind of view
 * shows. Each is a seq_file over a scan whose records stay in the kernel: a line
 * is made of a record, or of a part of one, and when there are no more, the scan
 * goes on where it stopped. So nothing is held between two reads, and no text is
 * written within a section.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "target.h"
#include "view.h"
#include "views.h"

/* "0x" and 16 digits and a newline are 19. */
#define ADDRESS_SIZE	24

static const struct view_kind *const kinds[] = {
	&view_vmas, &view_walk, &view_tables, &view_swap, &view_ksm, &view_thp,
};

static_assert(ARRAY_SIZE(kinds) == VIEWS);

/* ------------------------------------------------------- parts of lines */

const char *const view_level_names[LEVEL_NR] = {
	[LEVEL_PTE] = "pte", [LEVEL_PMD] = "pmd", [LEVEL_PUD] = "pud",
	[LEVEL_P4D] = "p4d", [LEVEL_PGD] = "pgd",
};

void view_range(struct seq_file *m, unsigned long start, unsigned long end)
{
	seq_printf(m, "%012lx-%012lx", start, end);
}

void view_explain_frames(struct seq_file *m, const struct view *v)
{
	if (v->target->physical == PHYSICAL_NO_CAPABILITY)
		seq_puts(m, "# no frames, slots and entries: CAP_SYS_ADMIN is missing\n");
	else if (v->target->physical == PHYSICAL_LOCKED_DOWN)
		seq_puts(m, "# no frames, slots and entries: the kernel is locked down\n");
}

void view_end_line(struct seq_file *m, const struct view *v, u16 marks)
{
	static const char *const names[] = {
		"layout", "racy", "unverified", "skipped", "no-name",
	};
	unsigned int i;

	if (*v->seen.vma.name) {
		seq_putc(m, ' ');
		seq_escape(m, v->seen.vma.name, "\n\\");
	}
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (marks & BIT(i))
			seq_printf(m, " (%s)", names[i]);
	seq_putc(m, '\n');
}

void view_end_line_with_flags(struct seq_file *m, const struct view *v, u16 marks)
{
	const char *flags = v->seen.vma.flags;

	seq_printf(m, *v->seen.vma.name ? " %-5s" : " %s", *flags ? flags : "-");
	view_end_line(m, v, marks);
}

/* ------------------------------------------------------ from line to line */

/* Scan on. Return: 1 when there are records, 0 at the end, or an error. */
static int refill(struct view *v)
{
	struct target *target = v->target;
	struct scan_reply reply = { };
	struct scan_request request;
	int err;

	if (v->next >= target->mm->task_size)
		return 0;
	err = target_enter(target);
	if (err)
		return err;
	request = (struct scan_request){
		.start = v->next,
		.end = target->mm->task_size,
		.records = v->kind->records,
		.key = v->kind->key,
		.frames = target->physical == PHYSICAL_SHOWN,
		.keep = true,
	};
	err = scan_run(target->scan, target->mm, &request, &reply);
	target_leave(target);
	if (err)
		return err;
	v->next = reply.next;
	v->records.at = scan_records(target->scan);
	v->records.end = v->records.at + reply.used;
	return 1;
}

/* The answer to what was written is one line. */
static int next_asked(struct view *v)
{
	if (v->answered)
		return 0;
	v->answered = true;
	return v->kind->answer(v);
}

/* Return: 1 when there is one more, 0 when there is none, or an error. */
static int next_line(struct view *v)
{
	enum seen_type type;
	int worth;

	if (v->asked)
		return next_asked(v);
	for (;;) {
		if (v->in_extent && decode_run(&v->seen.extent, &v->run))
			return 1;
		v->in_extent = false;
		type = decode_next(&v->records, &v->seen);
		if (type == SEEN_NOTHING) {
			worth = refill(v);
			if (worth <= 0)
				return worth;
			continue;
		}
		worth = v->kind->meet(v, type);
		if (worth < 0)
			return worth;
		v->in_extent = worth && type == SEEN_EXTENT && v->kind->runs;
		if (worth && !v->in_extent)
			return 1;
	}
}

static void rewind(struct view *v)
{
	v->at = AT_HEAD;
	v->pos = 0;
	v->err = 0;
	v->next = 0;
	v->records = (struct records){ };
	v->seen.vma.name = "";
	v->in_extent = false;
	v->answered = false;
	memset(v->sum, 0, sizeof(v->sum));
	memset(v->count, 0, sizeof(v->count));
	memset(&v->tables, 0, sizeof(v->tables));
}

/* ------------------------------------------------------------- seq_file */

static void *at_hand(struct view *v)
{
	if (v->err)
		return ERR_PTR(v->err);
	return v->at == AT_END ? NULL : v;
}

/*
 * seq_file goes from number to number, begins anew at 0, and asks for the one
 * at hand again where its buffer was too small.
 */
static void *view_start(struct seq_file *m, loff_t *pos)
{
	struct view *v = m->private;

	if (!*pos)
		rewind(v);
	return *pos == v->pos ? at_hand(v) : NULL;
}

static void *view_next(struct seq_file *m, void *unused, loff_t *pos)
{
	struct view *v = m->private;
	int got = 0;

	v->pos = ++*pos;
	if (v->at == AT_FOOT) {
		v->at = AT_END;
	} else {
		got = next_line(v);
		v->at = got ? AT_LINE : v->kind->foot ? AT_FOOT : AT_END;
	}
	v->err = min(got, 0);
	return at_hand(v);
}

static void view_stop(struct seq_file *m, void *unused)
{
}

static int view_show(struct seq_file *m, void *unused)
{
	const struct view *v = m->private;

	switch (v->at) {
	case AT_HEAD:
		v->kind->head(m, v);
		break;
	case AT_LINE:
		v->kind->line(m, v);
		break;
	default:
		v->kind->foot(m, v);
	}
	return 0;
}

static const struct seq_operations view_seq = {
	.start = view_start,
	.next = view_next,
	.stop = view_stop,
	.show = view_show,
};

static int view_open(struct inode *inode, struct file *file)
{
	const struct view_file *of = inode->i_private;
	struct view *v = kzalloc(sizeof(*v), GFP_KERNEL_ACCOUNT);
	int err;

	if (!v)
		return -ENOMEM;
	v->kind = kinds[of->view];
	v->target = target_open_pid(of->pid, of->mm);
	if (IS_ERR(v->target)) {
		err = PTR_ERR(v->target);
		goto free_view;
	}
	err = seq_open(file, &view_seq);
	if (err)
		goto close_target;
	((struct seq_file *)file->private_data)->private = v;
	rewind(v);
	return 0;

close_target:
	target_close(v->target);
free_view:
	kfree(v);
	return err;
}

static int view_release(struct inode *inode, struct file *file)
{
	struct view *v = ((struct seq_file *)file->private_data)->private;

	target_close(v->target);
	kfree(v);
	return seq_release(inode, file);
}

/* An address, in any base that says what it is. */
static ssize_t view_write(struct file *file, const char __user *user,
			  size_t size, loff_t *ppos)
{
	struct seq_file *m = file->private_data;
	struct view *v = m->private;
	char text[ADDRESS_SIZE + 1];
	unsigned long address;

	if (size > ADDRESS_SIZE)
		return -E2BIG;
	if (copy_from_user(text, user, size))
		return -EFAULT;
	text[size] = '\0';
	if (strlen(text) != size || kstrtoul(strim(text), 0, &address))
		return -EINVAL;
	mutex_lock(&m->lock);
	v->asked = true;
	v->address = address;
	mutex_unlock(&m->lock);
	/* whatever was read before, the answer is read from its beginning */
	*ppos = 0;
	return size;
}

static const struct file_operations view_read_fops = {
	.owner = THIS_MODULE,
	.open = view_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = view_release,
};

static const struct file_operations view_ask_fops = {
	.owner = THIS_MODULE,
	.open = view_open,
	.read = seq_read,
	.write = view_write,
	.llseek = seq_lseek,
	.release = view_release,
};

const char *view_name(unsigned int view)
{
	return kinds[view]->name;
}

umode_t view_mode(unsigned int view)
{
	return kinds[view]->mode;
}

const struct file_operations *view_fops(unsigned int view)
{
	return kinds[view]->answer ? &view_ask_fops : &view_read_fops;
}
