/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What can be known of the running kernel without the module. It must not know
 * any process.
 */
#ifndef VMSCOPE_KERNEL_H
#define VMSCOPE_KERNEL_H

#include "model.h"

/* Release, machine and page size. */
void vs_kernel_identify(struct vs_kernel *kernel);

/* Levels of the page tables, from the CPU flags; leaves 0 where unknown. */
void vs_kernel_guess_geometry(struct vs_kernel *kernel);

#endif
