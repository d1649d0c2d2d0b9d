/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The operations: a table of what each descriptor can do, and the way of
 * arguments in and out; knows the uAPI and nothing of page tables.
 */
#ifndef VMS_IOCTL_H
#define VMS_IOCTL_H

struct file;
struct target;

/* Makes a file of a target, which it owns from then on, even on error. */
typedef struct file *(*target_file_fn)(struct target *target);

long ioctl_on_device(unsigned int cmd, void __user *arg,
		     target_file_fn make_file);
long ioctl_on_target(struct target *target, unsigned int cmd,
		     void __user *arg);

#endif /* VMS_IOCTL_H */
