/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two kinds of descriptor, the device and the target, as files; knows
 * nothing of what their operations do.
 */
#ifndef VMS_CHARDEV_H
#define VMS_CHARDEV_H

int chardev_init(void);
void chardev_exit(void);

#endif /* VMS_CHARDEV_H */
