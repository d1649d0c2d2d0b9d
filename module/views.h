/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text views of one address space, for eyes; knows nothing of who attached it
 * or where in debugfs the files are.
 */
#ifndef VMS_VIEWS_H
#define VMS_VIEWS_H

#include <linux/fs.h>

#define VIEWS	6

struct mm_struct;
struct pid;

/**
 * struct view_file - what a file's i_private points to
 * @pid: whose address space is shown
 * @mm: which one; only compared
 * @view: number of the view, below VIEWS
 */
struct view_file {
	struct pid *pid;
	const struct mm_struct *mm;
	unsigned int view;
};

const char *view_name(unsigned int view);
umode_t view_mode(unsigned int view);

/*
 * Opening one takes the right to open the target, as if by VMSCOPE_OPEN, and
 * from then on the struct view_file is not used any more.
 */
const struct file_operations *view_fops(unsigned int view);

#endif /* VMS_VIEWS_H */
