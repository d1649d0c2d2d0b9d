// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What page faults come to. It must not know how they are counted or shown.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"

#define FIRST_PAGE	4096
/* Further away, two addresses have nothing to do with each other. */
#define NEAR		(1ull << 20)

static uint64_t all(const struct vs_fault_sum *sum)
{
	return sum->minor + sum->major + sum->failed;
}

/* What the kernel counted was there, whether it was seen or not. */
static uint64_t missing(uint64_t kernel, uint64_t seen)
{
	return kernel > seen ? kernel - seen : 0;
}

void vs_fault_sum_add(struct vs_fault_sum *sum, const struct vs_fault_thread *thread)
{
	uint64_t lost_minor = missing(thread->kernel_minor, thread->minor);
	uint64_t lost_major = missing(thread->kernel_major, thread->major);

	sum->minor += thread->minor + lost_minor;
	sum->major += thread->major + lost_major;
	sum->failed += thread->failed;
	sum->wrong += thread->wrong;
	sum->lost_minor += lost_minor;
	sum->lost_major += lost_major;
	sum->unplaced += thread->unplaced;
	sum->ns += thread->ns;
}

/* And those of a process by their faults. */
static int by_process(const void *a, const void *b)
{
	const struct vs_fault_thread *one = a, *two = b;

	if (one->pid != two->pid)
		return one->pid < two->pid ? -1 : 1;
	if (one->minor + one->major != two->minor + two->major)
		return one->minor + one->major > two->minor + two->major ? -1 : 1;
	return one->tid < two->tid ? -1 : one->tid > two->tid;
}

static int by_faults(const void *a, const void *b)
{
	const struct vs_fault_process *one = a, *two = b;

	if (all(&one->sum) != all(&two->sum))
		return all(&one->sum) > all(&two->sum) ? -1 : 1;
	return one->pid < two->pid ? -1 : 1;
}

static int by_vma_faults(const void *a, const void *b)
{
	const struct vs_fault_vma *one = a, *two = b;
	uint64_t first = one->minor + one->major + one->failed;
	uint64_t second = two->minor + two->major + two->failed;

	if (first != second)
		return first > second ? -1 : 1;
	if (one->pid != two->pid)
		return one->pid < two->pid ? -1 : 1;
	return one->start < two->start ? -1 : one->start > two->start;
}

static int by_time(const void *a, const void *b)
{
	const struct vs_fault_share *one = a, *two = b;
	uint64_t first = one->minor + one->major, second = two->minor + two->major;

	if (one->latency.ns != two->latency.ns)
		return one->latency.ns > two->latency.ns ? -1 : 1;
	return first > second ? -1 : first < second;
}

static void add_latency(struct vs_fault_latency *to, const struct vs_fault_latency *latency)
{
	to->ns += latency->ns;
	if (latency->most_ns > to->most_ns)
		to->most_ns = latency->most_ns;
	for (int i = 0; i < VS_FAULT_BUCKETS; i++)
		to->bucket[i] += latency->bucket[i];
}

/* Of what nobody saw the cause is not known. */
static void share_out(struct vs_fault_answer *answer)
{
	uint64_t minor = answer->total.minor, major = answer->total.major;

	for (int i = 0; i < VS_FAULT_CAUSES; i++) {
		const struct vs_fault_cause *from = &answer->faults.cause[i];
		struct vs_fault_share *to = &answer->cause[answer->nr_causes];

		*to = (struct vs_fault_share){ .cause = i, .minor = vs_fault_times(&from->minor),
					       .major = vs_fault_times(&from->major) };
		minor = missing(minor, to->minor);
		major = missing(major, to->major);
		if (i == VS_CAUSE_OTHER) {
			to->minor += minor;
			to->major += major;
		}
		add_latency(&to->latency, &from->minor);
		add_latency(&to->latency, &from->major);
		add_latency(&answer->minor, &from->minor);
		add_latency(&answer->major, &from->major);
		answer->nr_causes += to->minor || to->major;
	}
	qsort(answer->cause, answer->nr_causes, sizeof(*answer->cause), by_time);
}

/* The leader's name is the process's. */
static void add_to_process(struct vs_fault_process *process, const struct vs_fault_thread *thread)
{
	if (thread->tid == thread->pid)
		process->comm = thread->comm;
	if (!thread->ended)
		process->ended = false;
	process->threads++;
	vs_fault_sum_add(&process->sum, thread);
}

int vs_faults_analyze(struct vs_fault_answer *answer)
{
	struct vs_faults *faults = &answer->faults;
	struct vs_fault_process *process;

	answer->process = calloc(faults->nr_threads + 1, sizeof(*answer->process));
	if (!answer->process)
		return -ENOMEM;
	qsort(faults->thread, faults->nr_threads, sizeof(*faults->thread), by_process);
	for (size_t i = 0; i < faults->nr_threads; i++) {
		const struct vs_fault_thread *thread = &faults->thread[i];

		if (!i || thread[-1].pid != thread->pid)
			answer->process[answer->nr_processes++] = (struct vs_fault_process){
				.pid = thread->pid, .first = i, .comm = thread->comm,
				.ended = true };
		process = &answer->process[answer->nr_processes - 1];
		add_to_process(process, thread);
		vs_fault_sum_add(&answer->total, thread);
	}
	vs_fault_sum_add(&answer->total, &faults->others);
	share_out(answer);
	qsort(answer->process, answer->nr_processes, sizeof(*answer->process), by_faults);
	qsort(faults->vma, faults->nr_vmas, sizeof(*faults->vma), by_vma_faults);
	return 0;
}

void vs_faults_end(struct vs_fault_answer *answer)
{
	vs_faults_free(&answer->faults);
	free(answer->process);
	answer->process = NULL;
}

uint64_t vs_fault_times(const struct vs_fault_latency *latency)
{
	uint64_t n = 0;

	for (int i = 0; i < VS_FAULT_BUCKETS; i++)
		n += latency->bucket[i];
	return n;
}

uint64_t vs_fault_percentile(const struct vs_fault_latency *latency, unsigned int percent)
{
	uint64_t n = vs_fault_times(latency), below = 0;

	for (int i = 0; n && i < VS_FAULT_BUCKETS - 1; i++) {
		below += latency->bucket[i];
		if (below * 100 >= n * percent)
			return 1ull << i < latency->most_ns ? 1ull << i : latency->most_ns;
	}
	return latency->most_ns;
}

uint64_t vs_faults_lost(const struct vs_fault_answer *answer)
{
	return answer->total.lost_minor + answer->total.lost_major +
		answer->faults.lost_storage;
}

uint64_t vs_faults_seen(const struct vs_fault_answer *answer)
{
	const struct vs_fault_sum *sum = &answer->total;

	return sum->minor - sum->lost_minor + sum->major - sum->lost_major + sum->failed +
		sum->wrong;
}

uint64_t vs_faults_not_followed(const struct vs_fault_answer *answer)
{
	const struct vs_fault_sum *sum = &answer->total;

	if (!answer->have_usage)
		return 0;
	return missing(answer->usage_minor, sum->minor) +
		missing(answer->usage_major, sum->major);
}

bool vs_faults_complete(const struct vs_fault_answer *answer)
{
	const struct vs_faults *faults = &answer->faults;

	return !vs_faults_lost(answer) && !vs_faults_not_followed(answer) &&
		!answer->total.unplaced && !faults->lost_vmas && !faults->lost_threads &&
		!faults->stream.dropped && !faults->stacks.no_place &&
		!faults->stacks.mappings_lost;
}

/* -------------------------------------------------------------------- the strip */

#define PAGE		4096
#define VM_SHARED	0x8		/* of all architectures */

static enum vs_strip_group group_of(const struct vs_fault_vma *vma)
{
	if (vma->kind == VS_FAULT_VMA_HEAP)
		return VS_STRIP_HEAP;
	if (vma->kind == VS_FAULT_VMA_STACK)
		return VS_STRIP_STACK;
	if (vma->cause[VS_CAUSE_HUGETLB])
		return VS_STRIP_HUGETLB;
	if (vma->flags & VM_SHARED)
		return VS_STRIP_SHARED;
	return vma->kind == VS_FAULT_VMA_FILE ? VS_STRIP_FILES : VS_STRIP_ANON;
}

static int by_address(const void *a, const void *b)
{
	const struct vs_fault_vma *one = *(const struct vs_fault_vma **)a;
	const struct vs_fault_vma *two = *(const struct vs_fault_vma **)b;

	return one->start < two->start ? -1 : one->start > two->start;
}

static int add_cells(struct vs_strip *strip, const struct vs_fault_vma *vma)
{
	uint64_t from = vma->start, next = from - from % vma->cell_bytes;
	int err = 0;

	for (uint32_t i = 0; i < vma->nr_cells && !err; i++) {
		uint64_t used = (uint64_t)vma->cell[i] * PAGE, bytes;

		next += vma->cell_bytes;
		bytes = (next < vma->end ? next : vma->end) - from;
		err = vs_strip_add(strip, group_of(vma), from, bytes, used < bytes ? used : bytes);
		from = next;
	}
	return err;
}

int vs_faults_strip(const struct vs_fault_answer *answer, uint32_t pid, struct vs_strip *strip)
{
	const struct vs_faults *faults = &answer->faults;
	const struct vs_fault_vma **vma = calloc(faults->nr_vmas + 1, sizeof(*vma));
	size_t nr = 0;
	int err = vma ? 0 : -1;

	memset(strip, 0, sizeof(*strip));
	for (size_t i = 0; vma && i < faults->nr_vmas; i++)
		if (faults->vma[i].pid == pid && !faults->vma[i].foreign)
			vma[nr++] = &faults->vma[i];
	if (nr)
		qsort(vma, nr, sizeof(*vma), by_address);
	for (size_t i = 0; i < nr && !err; i++)
		err = add_cells(strip, vma[i]);
	free(vma);
	if (err)
		vs_strip_free(strip);
	return err ? -ENOMEM : 0;
}

/* ------------------------------------------------------------ wrong accesses */

static void consider(struct vs_fault_place *place, uint64_t address, uint64_t start, uint64_t end,
		     const struct vs_fault_vma *vma)
{
	bool below = address < start;
	uint64_t distance = below ? start - address : address - end;

	if (distance > NEAR || (place->where != VS_WHERE_FAR && distance >= place->distance))
		return;
	place->where = below ? VS_WHERE_BELOW : VS_WHERE_ABOVE;
	if (below && vma && vma->kind == VS_FAULT_VMA_STACK)
		place->where = VS_WHERE_GUARD;
	place->distance = distance;
	place->heap = !vma;
	place->vma = vma;
}

static bool is_in(uint64_t address, uint64_t start, uint64_t end)
{
	return address >= start && address < end;
}

void vs_fault_place(const struct vs_faults *faults, const struct vs_fault_signal *signal,
		    struct vs_fault_place *place)
{
	bool inside = signal->end > signal->start;
	uint64_t at = signal->address;

	*place = (struct vs_fault_place){ VS_WHERE_UNKNOWN };
	if (signal->access == VS_ACCESS_NO_ADDRESS)
		return;
	place->where = inside ? VS_WHERE_INSIDE : at < FIRST_PAGE ? VS_WHERE_NULL : VS_WHERE_FAR;
	if (place->where == VS_WHERE_NULL)
		return;
	if (!inside && !signal->vma_known)
		place->where = VS_WHERE_UNKNOWN;
	for (size_t i = 0; i < faults->nr_vmas; i++) {
		const struct vs_fault_vma *vma = &faults->vma[i];

		if (vma->pid != signal->pid)
			continue;
		if (inside && is_in(at, vma->start, vma->end))
			place->vma = vma;
		else if (place->where != VS_WHERE_UNKNOWN && !inside &&
			 !is_in(at, vma->start, vma->end))
			consider(place, at, vma->start, vma->end, vma);
	}
	if (inside)
		place->heap = is_in(at, signal->heap, signal->heap_end);
	else if (place->where != VS_WHERE_UNKNOWN && signal->heap_end > signal->heap)
		consider(place, at, signal->heap, signal->heap_end, NULL);
}
