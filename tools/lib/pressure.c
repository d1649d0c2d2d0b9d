// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the kernel counts of memory events by itself: pressure, and /proc/vmstat.
 * It must not know what it is compared with.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "event_log.h"

static int read_line(FILE *file, const char *format, double *avg10, uint64_t *us)
{
	char line[200];

	errno = 0;
	if (!fgets(line, sizeof(line), file))
		return errno ? -errno : -ENODATA;
	return sscanf(line, format, avg10, us) == 2 ? 0 : -EPROTO;
}

void vs_pressure_read(const char *path, struct vs_pressure *pressure)
{
	FILE *file = fopen(path, "re");

	memset(pressure, 0, sizeof(*pressure));
	if (!file) {
		pressure->err = -errno;
		return;
	}
	pressure->err = read_line(file, "some avg10=%lf avg60=%*f avg300=%*f total=%" SCNu64,
				  &pressure->some_avg10, &pressure->some_us);
	if (!pressure->err)
		pressure->err = read_line(file, "full avg10=%lf avg60=%*f avg300=%*f total=%"
					  SCNu64, &pressure->full_avg10, &pressure->full_us);
	fclose(file);
}

size_t vs_vmstat_read(struct vs_vmstat *line)
{
	FILE *file = fopen("/proc/vmstat", "re");
	size_t nr = 0;

	while (file && nr < VS_VMSTAT_LINES &&
	       fscanf(file, "%39s %" SCNu64, line[nr].name, &line[nr].value) == 2)
		nr++;
	if (file)
		fclose(file);
	return nr;
}
