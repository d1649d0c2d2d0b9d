// SPDX-License-Identifier: GPL-2.0-only
/*
 * The directory in debugfs: who attached what, for how long, and the counters;
 * knows nothing of what a view shows.
 *
 * An attachment belongs to the open file of "control" that it was made through
 * and goes with it at the latest. It keeps neither memory nor rights: it knows
 * a pid and which address space that had, and whoever opens one of its views
 * has to have the right to open the target himself.
 */
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "counters.h"
#include "debugfs.h"
#include "page.h"
#include "target.h"
#include "views.h"

/* Of all openers together: each is a directory of files. */
#define ATTACHMENTS	64
/* "detach 4194304" and a newline are 15. */
#define COMMAND_SIZE	32

/**
 * struct attachment - a directory named after a pid
 * @all: in attachments
 * @own: in the list of its opener
 * @nr: the pid as it was written
 * @pid: of the thread group
 * @mm: pinned with mmgrab(), so that no other is ever at its address
 * @comm: name of the process then
 * @dir: the directory
 * @file: its files
 */
struct attachment {
	struct list_head all;
	struct list_head own;
	pid_t nr;
	struct pid *pid;
	struct mm_struct *mm;
	char comm[TASK_COMM_LEN];
	struct dentry *dir;
	struct view_file file[VIEWS];
};

static struct dentry *root;

/*
 * Guards the lists and the directory. It is held while files are removed, which
 * waits for readers: opening and reading a view must never take it.
 */
static DEFINE_MUTEX(attachments_lock);
static LIST_HEAD(attachments);
static unsigned int nr_attachments;

/* ------------------------------------------------------ one attachment */

static struct attachment *find_attachment(pid_t nr)
{
	struct attachment *a;

	list_for_each_entry(a, &attachments, all)
		if (a->nr == nr)
			return a;
	return NULL;
}

static void free_attachment(struct attachment *a)
{
	put_pid(a->pid);
	if (a->mm)
		mmdrop(a->mm);
	kfree(a);
}

/* Context: attachments_lock is held. Waits for who is reading just now. */
static void detach(struct attachment *a)
{
	debugfs_remove(a->dir);
	list_del(&a->all);
	list_del(&a->own);
	nr_attachments--;
	free_attachment(a);
}

/* A thread may end long before its process. */
static struct pid *find_process(pid_t nr)
{
	struct task_struct *task;
	struct pid *pid = NULL;

	rcu_read_lock();
	task = pid_task(find_vpid(nr), PIDTYPE_PID);
	if (task)
		pid = get_pid(task_tgid(task));
	rcu_read_unlock();
	return pid;
}

/* Whether the caller may look at it, which is asked by doing so. */
static int find_target(struct attachment *a)
{
	struct target *target;

	a->pid = find_process(a->nr);
	target = target_open_pid(a->pid, NULL);
	if (IS_ERR(target))
		return PTR_ERR(target);
	mmgrab(target->mm);
	a->mm = target->mm;
	memcpy(a->comm, target->comm, sizeof(a->comm));
	target_close(target);
	return 0;
}

static int make_files(struct attachment *a)
{
	struct dentry *file;
	char name[16];
	unsigned int i;

	snprintf(name, sizeof(name), "%d", a->nr);
	a->dir = debugfs_create_dir(name, root);
	if (IS_ERR(a->dir))
		return PTR_ERR(a->dir);
	for (i = 0; i < VIEWS; i++) {
		a->file[i] = (struct view_file){ a->pid, a->mm, i };
		file = debugfs_create_file(view_name(i), view_mode(i), a->dir,
					   &a->file[i], view_fops(i));
		if (IS_ERR(file)) {
			debugfs_remove(a->dir);
			return PTR_ERR(file);
		}
	}
	return 0;
}

static int attach_new(struct list_head *own, pid_t nr)
{
	struct attachment *a = kzalloc(sizeof(*a), GFP_KERNEL_ACCOUNT);
	int err;

	if (!a)
		return -ENOMEM;
	a->nr = nr;
	err = find_target(a);
	if (!err)
		err = make_files(a);
	if (err) {
		free_attachment(a);
		return err;
	}
	list_add_tail(&a->all, &attachments);
	list_add_tail(&a->own, own);
	nr_attachments++;
	return 0;
}

/* ------------------------------------------------------------- commands */

/* Context: attachments_lock is held, as in the next. */
static int do_attach(struct list_head *own, pid_t nr)
{
	struct attachment *a = find_attachment(nr);

	/* the pid of a process that is gone may be another's by now */
	if (a && target_mm_gone(a->mm))
		detach(a);
	else if (a)
		return -EEXIST;
	if (nr_attachments >= ATTACHMENTS)
		return -ENOSPC;
	return attach_new(own, nr);
}

static int do_detach(struct list_head *own, pid_t nr)
{
	struct attachment *a;

	list_for_each_entry(a, own, own) {
		if (a->nr == nr) {
			detach(a);
			return 0;
		}
	}
	return -ENOENT;
}

static int run_command(struct list_head *own, char *text)
{
	int (*run)(struct list_head *own, pid_t nr);
	char *word = strsep(&text, " ");
	int nr, err;

	if (!strcmp(word, "attach"))
		run = do_attach;
	else if (!strcmp(word, "detach"))
		run = do_detach;
	else
		return -EINVAL;
	if (!text || kstrtoint(text, 10, &nr) || nr <= 0)
		return -EINVAL;
	if (mutex_lock_killable(&attachments_lock))
		return -EINTR;
	err = run(own, nr);
	mutex_unlock(&attachments_lock);
	return err;
}

static struct list_head *opener_of(struct file *file)
{
	return ((struct seq_file *)file->private_data)->private;
}

static ssize_t control_write(struct file *file, const char __user *user,
			     size_t size, loff_t *ppos)
{
	char text[COMMAND_SIZE + 1];
	int err;

	if (size > COMMAND_SIZE)
		return -E2BIG;
	if (copy_from_user(text, user, size))
		return -EFAULT;
	text[size] = '\0';
	if (strlen(text) != size)
		return -EINVAL;
	err = run_command(opener_of(file), strim(text));
	/* the position stays where it is: what is read next is the whole list */
	return err ?: size;
}

static int control_show(struct seq_file *m, void *unused)
{
	struct list_head *own = m->private;
	struct attachment *a;

	if (mutex_lock_killable(&attachments_lock))
		return -EINTR;
	seq_puts(m, "# write \"attach PID\" or \"detach PID\"; what this file attached goes when it is closed\n");
	list_for_each_entry(a, own, own)
		seq_printf(m, "%-8d %-5s %s\n", a->nr,
			   target_mm_gone(a->mm) ? "gone" : "alive", a->comm);
	mutex_unlock(&attachments_lock);
	return 0;
}

static int control_open(struct inode *inode, struct file *file)
{
	struct list_head *own = kmalloc(sizeof(*own), GFP_KERNEL_ACCOUNT);
	int err;

	if (!own)
		return -ENOMEM;
	INIT_LIST_HEAD(own);
	err = single_open(file, control_show, own);
	if (err)
		kfree(own);
	return err;
}

static int control_release(struct inode *inode, struct file *file)
{
	struct list_head *own = opener_of(file);
	struct attachment *a, *next;

	mutex_lock(&attachments_lock);
	list_for_each_entry_safe(a, next, own, own)
		detach(a);
	mutex_unlock(&attachments_lock);
	kfree(own);
	return single_release(inode, file);
}

static const struct file_operations control_fops = {
	.owner = THIS_MODULE,
	.open = control_open,
	.read = seq_read,
	.write = control_write,
	.llseek = seq_lseek,
	.release = control_release,
};

/* ------------------------------------------------------------- counters */

static void show_marks(struct seq_file *m, const struct counters *c)
{
	static const char *const names[COUNTERS_MARKS] = {
		"layout", "racy", "unverified", "skipped", "no_name", "part",
	};
	unsigned int i;

	for (i = 0; i < COUNTERS_MARKS; i++)
		seq_printf(m, "scans_%-18s %10llu\n", names[i], c->marked[i]);
}

static void show_holds(struct seq_file *m, const struct counters *c)
{
	static const char *const names[SECTION_LOCKS] = {
		[SECTION_MMAP] = "mmap", [SECTION_VMA] = "vma",
		[SECTION_IRQ] = "irq",
	};
	unsigned int i;

	seq_puts(m, "\nlock            holds        total_ns  longest_ns\n");
	for (i = 0; i < SECTION_LOCKS; i++)
		seq_printf(m, "%-8s %12llu %15llu %11llu\n", names[i],
			   c->hold[i].count, c->hold[i].total_ns,
			   c->hold[i].longest_ns);
}

static void show_errors(struct seq_file *m, const struct counters *c)
{
	unsigned int i, doing;

	seq_puts(m, "\nerror          open        use       scan  translate\n");
	for (i = 0; i < COUNTERS_ERRORS; i++) {
		seq_printf(m, "%-8s", counters_errors[i]);
		for (doing = 0; doing < DOING_NR; doing++)
			seq_printf(m, " %10llu", c->failed[i][doing]);
		seq_putc(m, '\n');
	}
}

static int counters_show(struct seq_file *m, void *unused)
{
	struct counters *c = kmalloc(sizeof(*c), GFP_KERNEL_ACCOUNT);

	if (!c)
		return -ENOMEM;
	counters_read(c);
	seq_printf(m, "%-24s %10llu\n", "targets_opened", c->opened);
	seq_printf(m, "%-24s %10llu\n", "targets_open", c->opened - c->closed);
	seq_printf(m, "%-24s %10u\n", "attachments", READ_ONCE(nr_attachments));
	seq_printf(m, "%-24s %10llu\n", "scans", c->scans);
	seq_printf(m, "%-24s %10llu\n", "addresses_translated", c->addresses);
	seq_printf(m, "%-24s %10llu\n", "sections", c->sections);
	seq_printf(m, "%-24s %10llu\n", "entries", c->entries);
	seq_printf(m, "%-24s %10llu\n", "waits", c->waits);
	seq_printf(m, "%-24s %10llu\n", "rewalks", c->rewalks);
	show_marks(m, c);
	show_holds(m, c);
	show_errors(m, c);
	kfree(c);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

/* ------------------------------------------------------- load and unload */

void vms_debugfs_init(void)
{
	root = debugfs_create_dir("vmscope", NULL);
	debugfs_create_file("counters", 0400, root, NULL, &counters_fops);
	debugfs_create_file("control", 0600, root, NULL, &control_fops);
}

/* No file of ours is open, or the module would not be unloaded. */
void vms_debugfs_exit(void)
{
	debugfs_remove(root);
}
