/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The running kernel's policy of huge pages. It must not know what follows from
 * it.
 */
#ifndef VMSCOPE_THP_H
#define VMSCOPE_THP_H

#include <sys/types.h>

#include "model.h"

/* What sysfs says of huge pages. */
void vs_thp_read(struct vs_thp *thp, unsigned int page_shift);

/* Whether a process may have them: 0, 1, or VS_UNKNOWN. */
uint64_t vs_thp_process(pid_t pid);

/* As the kernel writes it, "" when it is not known. */
const char *vs_thp_word(enum vs_thp_word word);

#endif
