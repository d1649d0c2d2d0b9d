// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes: the totals that the kernel keeps of an address space, and what is
 * told of a process beside the sums over its memory; knows nothing of how these
 * were made.
 */
#include <linux/build_bug.h>
#include <linux/mm.h>

#include "encode.h"
#include "encode_process.h"
#include "encode_record.h"
#include "entry.h"
#include "target.h"

void encode_target(struct vmscope_target *out, struct mm_struct *mm,
		   const char *comm)
{
	*out = (struct vmscope_target){
		.size = sizeof(*out),
		.mm = target_mm_number(mm),
		.vmas = READ_ONCE(mm->map_count),
		.total_vm = READ_ONCE(mm->total_vm),
		.locked_vm = READ_ONCE(mm->locked_vm),
		.pinned_vm = atomic64_read(&mm->pinned_vm),
		.data_vm = READ_ONCE(mm->data_vm),
		.exec_vm = READ_ONCE(mm->exec_vm),
		.stack_vm = READ_ONCE(mm->stack_vm),
		.rss_anon = get_mm_counter(mm, MM_ANONPAGES),
		.rss_file = get_mm_counter(mm, MM_FILEPAGES),
		.rss_shmem = get_mm_counter(mm, MM_SHMEMPAGES),
		.swap = get_mm_counter(mm, MM_SWAPENTS),
		.hiwater_rss = get_mm_hiwater_rss(mm),
		.hiwater_vm = get_mm_hiwater_vm(mm),
		.tables = mm_pgtables_bytes(mm),
		.task_size = mm->task_size,
		.start_code = READ_ONCE(mm->start_code),
		.end_code = READ_ONCE(mm->end_code),
		.start_data = READ_ONCE(mm->start_data),
		.end_data = READ_ONCE(mm->end_data),
		.start_brk = READ_ONCE(mm->start_brk),
		.brk = READ_ONCE(mm->brk),
		.start_stack = READ_ONCE(mm->start_stack),
		.context = arch_context(mm),
		.context_kind = ARCH_CONTEXT_KIND,
	};
	memcpy(out->comm, comm, sizeof(out->comm));
}

bool encode_process(struct encoder *e, const struct process *process)
{
	struct vmscope_process *out = begin_record(e, sizeof(*out), 0);

	if (!out)
		return false;
	*out = (struct vmscope_process){
		.record.size = sizeof(*out),
		.record.type = VMSCOPE_RECORD_PROCESS,
		.record.marks = process->marks,
		.pid = process->pid,
		.error = -process->error,
		.oom_score_adj = process->oom_score_adj,
		.cgroup = process->cgroup,
		.accounted = process->accounted,
	};
	if (process->mm)
		encode_target(&out->target, process->mm, process->comm);
	return true;
}
