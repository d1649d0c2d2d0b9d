// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The parts that a process's memory falls into. It must not know how they are
 * drawn.
 */
#include "parts.h"

static int add_part(struct vs_part *part, int n, enum vs_part_id id, const char *label,
		    uint64_t bytes)
{
	if (!bytes || bytes == VS_UNKNOWN)
		return n;
	part[n].id = id;
	part[n].label = label;
	part[n].bytes = bytes;
	return n + 1;
}

/* Without the list of mappings there are still the kernel's own counters. */
static int counters_held(const struct vs_model *model, struct vs_part *part)
{
	const struct vs_process *process = &model->process;
	int n = 0;

	n = add_part(part, n, VS_PART_ANON, "anonymous", process->rss_anon);
	n = add_part(part, n, VS_PART_FILE_PRIVATE, "file", process->rss_file);
	n = add_part(part, n, VS_PART_SHMEM, "shmem", process->rss_shmem);
	n = add_part(part, n, VS_PART_HUGETLB, "hugetlb", process->hugetlb);
	return add_part(part, n, VS_PART_SWAP, "swap", process->swap);
}

static int smaps_held(const struct vs_totals *totals, struct vs_part *part)
{
	const uint64_t *figure = totals->figure;
	uint64_t ksm = figure[VS_FIG_KIND + VS_KIND_KSM];
	uint64_t anon = figure[VS_FIG_ANONYMOUS];
	uint64_t rest = figure[VS_FIG_RSS] - anon;
	int n = 0;

	if (ksm != VS_UNKNOWN)
		anon -= ksm < anon ? ksm : anon;
	n = add_part(part, n, VS_PART_ANON, "anonymous", anon);
	n = add_part(part, n, VS_PART_KSM, "ksm", ksm);
	n = add_part(part, n, VS_PART_FILE_PRIVATE, "file or shmem", rest);
	n = add_part(part, n, VS_PART_HUGETLB, "hugetlb", figure[VS_FIG_KIND + VS_KIND_HUGETLB]);
	return add_part(part, n, VS_PART_SWAP, "swap", figure[VS_FIG_SWAP]);
}

int vs_parts_held(const struct vs_model *model, const struct vs_totals *totals,
		  struct vs_part *part)
{
	static const struct {
		enum vs_part_id id;
		const char *label;
	} kind[VS_KIND_NR] = {
		[VS_KIND_ANON_EXCLUSIVE] = { VS_PART_ANON, "anon" },
		[VS_KIND_ANON] = { VS_PART_COW, "anon cow" },
		[VS_KIND_KSM] = { VS_PART_KSM, "ksm" },
		[VS_KIND_FILE_PRIVATE] = { VS_PART_FILE_PRIVATE, "file private" },
		[VS_KIND_FILE_SHARED] = { VS_PART_FILE_SHARED, "file shared" },
		[VS_KIND_SHMEM] = { VS_PART_SHMEM, "shmem" },
		[VS_KIND_HUGETLB] = { VS_PART_HUGETLB, "hugetlb" },
		[VS_KIND_DEVICE] = { VS_PART_DEVICE, "device" },
	};
	int n = 0;

	if (!model->have_vmas || totals->figure[VS_FIG_RSS] == VS_UNKNOWN)
		return counters_held(model, part);
	if (model->origin == VS_ORIGIN_PROC)
		return smaps_held(totals, part);
	for (int i = 0; i < VS_KIND_NR; i++)
		n = add_part(part, n, kind[i].id, kind[i].label,
			     totals->figure[VS_FIG_KIND + i]);
	return add_part(part, n, VS_PART_SWAP, "swap", totals->figure[VS_FIG_SWAP]);
}

static int add_state(struct vs_state_part *part, int n, const char *label, uint64_t bytes)
{
	if (!bytes || bytes == VS_UNKNOWN)
		return n;
	part[n].label = label;
	part[n].bytes = bytes;
	return n + 1;
}

int vs_parts_of_size(const struct vs_model *model, const struct vs_totals *totals,
		     struct vs_state_part *part)
{
	static const enum vs_state order[VS_STATE_NR] = {
		VS_STATE_PRESENT, VS_STATE_SWAPPED, VS_STATE_NONE, VS_STATE_ZERO,
		VS_STATE_SPECIAL, VS_STATE_MIGRATING, VS_STATE_HWPOISON, VS_STATE_DEVICE,
		VS_STATE_UFFD, VS_STATE_GUARD, VS_STATE_POISON, VS_STATE_UNKNOWN,
		VS_STATE_SKIPPED,
	};
	const uint64_t *figure = totals->figure;
	int n = 0;

	if (model->origin == VS_ORIGIN_PROC) {
		n = add_state(part, n, "present", figure[VS_FIG_STATE + VS_STATE_PRESENT]);
		n = add_state(part, n, "swap", figure[VS_FIG_SWAP]);
		return add_state(part, n, "other", figure[VS_FIG_REMAINDER]);
	}
	for (int i = 0; i < VS_STATE_NR; i++)
		n = add_state(part, n, vs_state_name(order[i]), figure[VS_FIG_STATE + order[i]]);
	return add_state(part, n, "NOT COVERED", figure[VS_FIG_REMAINDER]);
}
