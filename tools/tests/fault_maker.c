// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes a file as `vmscope faults --record` does, with one thread, one fault, its stack
 * and names that drive terminals. It knows nothing of who reads it.
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
	char text[] = "\0out;er\0inner\033[31m\0made";
	struct vs_frame frame[] = {
		{ .kind = VS_FRAME_NAMED, .name = 1, .file = 19 },
		{ .kind = VS_FRAME_IN_FILE, .file = 19, .offset = 0x123 },
		{ .kind = VS_FRAME_NAMED, .name = 8, .file = 19 },
	};
	uint32_t at[] = { 0, 1, 2 };
	struct vs_stack stack = { .pid = 7, .nr = 3, .minor = 1, .comm = "made" };
	struct vs_faults faults = {
		.thread = &thread, .nr_threads = 1, .watched_ns = 1000,
		.stacks = {
			.asked = true, .stack = &stack, .nr_stacks = 1, .at = at, .nr_at = 3,
			.frame = frame, .nr_frames = 3, .text = text, .nr_text = sizeof(text),
		},
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
