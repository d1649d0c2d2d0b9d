/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Huge pages of which the target knows what it has written, and FILL scans of
 * them; knows no test.
 */
#ifndef SELFTESTS_FILLED_H
#define SELFTESTS_FILLED_H

#include "memory.h"
#include "scan.h"
#include "target.h"

#define PAGES		(PMD_SIZE / PAGE_SIZE)
#define MAX_PAGES	(8 * PAGES)

/* What the target tells the test, as HUGE_FIXTURE() has it. */
struct shared {
	struct region r;
	int fd;			/* of what a step maps */
	volatile int stop;
	volatile unsigned int rounds;	/* of what goes on beside a look */
	uint8_t written[MAX_PAGES];	/* pages that are not zero */
};

/* One byte of the page that counts from the region's start. */
void put(struct shared *s, size_t page, size_t byte, char value);

/* Huge pages of zeros become the region. */
int map_zeros(struct shared *s, size_t size);

/* For target_start(): five huge pages of which more and more is in use. */
int build_several(void *arg, unsigned int step);

/* A scan of the region for that. */
int scan_fill(const struct target *t, const struct region *r, struct scan *s);

/* Zero pages among the @n from page @first on, as the target wrote them. */
uint64_t zeros(const struct shared *s, size_t first, size_t n);

/* Each tally of the scan is of all of its mapping. */
bool fill_adds_up(const struct scan *s);

#endif
