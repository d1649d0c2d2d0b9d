// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes a file as `vmscope faults --record` does, with one thread, one fault and names
 * that drive terminals. It knows nothing of who reads it.
 *
 * Usage: fault_maker FILE
 */
#include <stdio.h>

#include "../lib/fault_file.h"

/* Only who reads calls it. */
void vs_faults_free(struct vs_faults *faults)
{
	(void)faults;
}

int main(int argc, char **argv)
{
	struct vs_fault_thread thread = { .tid = 7, .pid = 7, .minor = 1, .comm = "ma\033[31mde" };
	struct vs_fault_run run = {
		.pid = 7, .kernel.page_shift = 12, .scope = VS_FAULTS_OF_CGROUP,
	};
	struct vs_faults faults = {
		.thread = &thread, .nr_threads = 1, .watched_ns = 1000,
		.missing = { "hook\033[31m\xff" }, .nr_missing = 1,
	};
	struct vs_told_fault fault = { .cause = VS_CAUSE_ANON_ZERO, .tid = 7, .pid = 7 };
	struct vs_fault_recorder *recorder;
	struct vs_error error = { 0 };

	recorder = argc == 2 ? vs_fault_record_start(argv[1], &error) : NULL;
	if (!recorder)
		return 1;
	vs_fault_record_told(recorder, &fault);
	return vs_fault_record_finish(recorder, &run, NULL, "of\033[31m", &faults,
				      &error) ? 1 : 0;
}
