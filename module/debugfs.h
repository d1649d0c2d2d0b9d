/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /sys/kernel/debug/vmscope: the module's counters, and targets attached by pid
 * with text views of them. It is for eyes; no program depends on it.
 */
#ifndef VMS_DEBUGFS_H
#define VMS_DEBUGFS_H

#ifdef VMSCOPE_DEBUGFS

/* Never fails: without debugfs there is nothing to see, and that is all. */
void vms_debugfs_init(void);
void vms_debugfs_exit(void);

#else

static inline void vms_debugfs_init(void) {}
static inline void vms_debugfs_exit(void) {}

#endif

#endif /* VMS_DEBUGFS_H */
