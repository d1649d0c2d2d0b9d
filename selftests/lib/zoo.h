/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process that holds every kind of memory at once; knows nothing of vmscope.
 */
#ifndef SELFTESTS_ZOO_H
#define SELFTESTS_ZOO_H

/*
 * Build the zoo in this process; what the machine cannot give is left out.
 * A target_fn.
 */
int zoo_build(void *arg, unsigned int step);

#endif
