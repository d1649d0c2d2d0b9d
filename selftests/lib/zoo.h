/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process that holds every kind of memory at once; knows nothing of vmscope.
 */
#ifndef SELFTESTS_ZOO_H
#define SELFTESTS_ZOO_H

#include <stdbool.h>

/*
 * Build the zoo in this process; what the machine cannot give is left out. A
 * page of a gigabyte is among it when asked for, and takes its time.
 */
int zoo_build(bool gigabyte);

#endif
