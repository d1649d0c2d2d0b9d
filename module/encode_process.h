/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The totals of an address space as the uAPI has them; for those who know it.
 */
#ifndef VMS_ENCODE_PROCESS_H
#define VMS_ENCODE_PROCESS_H

#include "uapi/vmscope.h"

struct mm_struct;

/* @comm: TASK_COMM_LEN bytes. Context: the caller holds mm_users. */
void encode_target(struct vmscope_target *out, struct mm_struct *mm,
		   const char *comm);

#endif /* VMS_ENCODE_PROCESS_H */
