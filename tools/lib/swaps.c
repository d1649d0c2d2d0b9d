// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The machine's swap areas and how the kernel reads them. It must not know any
 * process.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "proc_read.h"
#include "swaps.h"

static long number_in(const char *path, long otherwise)
{
	char line[64], *end;
	long number;

	if (vs_read_line(path, line, sizeof(line)))
		return otherwise;
	number = strtol(line, &end, 10);
	return end == line ? otherwise : number;
}

/* Blanks and the like stand as \040 in procfs. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; to++) {
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] && text[3]) {
			*to = (text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0');
			text += 4;
		} else {
			*to = *text++;
		}
	}
	*to = 0;
}

/* Of a disk, or of the disk that a partition is on. */
static bool is_rotating(dev_t device)
{
	static const char * const queue[] = { "queue", "../queue" };

	for (int i = 0; i < 2; i++) {
		char path[128];
		long rotating;

		snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s/rotational", major(device),
			 minor(device), queue[i]);
		rotating = number_in(path, -1);
		if (rotating >= 0)
			return rotating;
	}
	return false;
}

static void examine(struct vs_swap_area *area)
{
	struct stat status;
	int number, end = 0;

	area->zram = -1;
	if (sscanf(area->name, "/dev/zram%d%n", &number, &end) == 1 && !area->name[end])
		area->zram = number;
	if (stat(area->name, &status))
		return;
	area->is_file = !S_ISBLK(status.st_mode);
	area->rotating = is_rotating(area->is_file ? status.st_dev : status.st_rdev);
}

static int read_areas(struct vs_swaps *swaps)
{
	FILE *file = fopen("/proc/swaps", "re");
	char line[4352];

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file) && swaps->nr < VS_MAX_SWAPS) {
		struct vs_swap_area *area = &swaps->area[swaps->nr];
		unsigned long long size, used;

		/* the heading is no line of this form */
		if (sscanf(line, "%255s %*s %llu %llu %d", area->name, &size, &used,
			   &area->priority) != 4)
			continue;
		unescape(area->name);
		area->size = size << 10;
		area->used = used << 10;
		examine(area);
		swaps->nr++;
	}
	fclose(file);
	return 0;
}

int vs_swaps_read(struct vs_swaps *swaps)
{
	char line[16];
	int err;

	memset(swaps, 0, sizeof(*swaps));
	err = read_areas(swaps);
	if (err)
		return err;
	swaps->cluster = number_in("/proc/sys/vm/page-cluster", 3);
	swaps->by_address = !vs_read_line("/sys/kernel/mm/swap/vma_ra_enabled", line,
					  sizeof(line)) && *line == 't';
	swaps->zswap = !vs_read_line("/sys/module/zswap/parameters/enabled", line,
				     sizeof(line)) && *line == 'Y';
	for (int i = 0; i < swaps->nr; i++)
		if (swaps->area[i].rotating)
			swaps->by_address = false;
	return 0;
}

bool vs_swaps_same(const struct vs_swaps *one, const struct vs_swaps *other)
{
	if (one->nr != other->nr)
		return false;
	for (int i = 0; i < one->nr; i++)
		if (strcmp(one->area[i].name, other->area[i].name) ||
		    one->area[i].size != other->area[i].size ||
		    one->area[i].priority != other->area[i].priority)
			return false;
	return true;
}

static unsigned int zram_state(const char *letters)
{
	static const char known[] = "swhirn";
	unsigned int state = 0;

	for (; *letters && *letters != '\n'; letters++) {
		const char *at = strchr(known, *letters);

		if (at)
			state |= 1u << (at - known);
	}
	return state;
}

int vs_zram_states(int device, void (*tell)(void *context, uint64_t page, unsigned int state),
		   void *context)
{
	char path[64], line[160];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/zram/zram%d/block_state", device);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		unsigned long long page;
		int letters = 0;

		if (sscanf(line, "%llu %*s %n", &page, &letters) == 1 && letters)
			tell(context, page, zram_state(line + letters));
	}
	fclose(file);
	return 0;
}
