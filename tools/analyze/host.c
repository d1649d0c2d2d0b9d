// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The host's memory: every page counted once, and what is left over. It must
 * not know how processes are read or how it is shown.
 */
#include <stdlib.h>
#include <string.h>

#include "figures.h"
#include "host.h"
#include "top.h"

/* oom_score_adj of who is never killed: include/uapi/linux/oom.h. */
#define OOM_NEVER	-1000

static const struct vs_host_sum lines[VS_HOST_LINES] = {
	[VS_HOST_ANON] = { "anonymous", "anonymous", "processes not looked at" },
	[VS_HOST_MAPPED] = { "mapped", "mapped files", "processes not looked at" },
	[VS_HOST_TABLES] = { "page_tables", "page tables", "roots, and the kernel's own" },
	[VS_HOST_SWAP] = { "swap", "swap", "swap cache; forks count slots twice" },
	[VS_HOST_HUGETLB] = { "hugetlb", "hugetlb pool", "not mapped, or mapped by several" },
	[VS_HOST_COMMIT] = { "committed", "committed", "shared memory, the kernel's own" },
};

void vs_host_init(struct vs_host *host)
{
	memset(host, 0, sizeof(*host));
	memcpy(host->line, lines, sizeof(lines));
}

void vs_host_free(struct vs_host *host)
{
	for (size_t i = 0; i < host->nr_groups; i++) {
		struct vs_host_payers *others = &host->group[i].others;

		free(host->group[i].path);
		for (size_t n = 0; n < others->nr; n++)
			free(others->paid[n].path);
		free(others->paid);
	}
	free(host->now.paid);
	free(host->group);
	free(host->process);
	memset(host, 0, sizeof(*host));
}

/* Memory that is never touched costs nothing, and what is copied costs twice. */
#define AT_FIRST	1024

static void *grow(void *array, size_t nr, size_t *max, size_t size)
{
	void *more;

	if (nr < *max)
		return array;
	more = reallocarray(array, *max ? *max * 2 : AT_FIRST, size);
	if (more)
		*max = *max ? *max * 2 : AT_FIRST;
	return more;
}

/* What the module says of many processes is asked of procfs for the first of them alone. */
static uint32_t find_group(struct vs_host *host, pid_t pid, uint64_t inode)
{
	struct vs_host_group *more;
	char path[4200];

	for (size_t i = 0; inode && i < host->nr_groups; i++)
		if (host->group[i].inode == inode)
			return i;
	if (!vs_cgroup_of(pid, path, sizeof(path)))
		return VS_HOST_NO_GROUP;
	for (size_t i = 0; i < host->nr_groups; i++)
		if (!strcmp(host->group[i].path, path))
			return i;
	more = grow(host->group, host->nr_groups, &host->max_groups, sizeof(*more));
	if (!more)
		return VS_HOST_NO_GROUP;
	host->group = more;
	more += host->nr_groups;
	memset(more, 0, sizeof(*more));
	more->path = strdup(path);
	if (!more->path)
		return VS_HOST_NO_GROUP;
	vs_cgroup_memory_read(path, &more->memory);
	more->payer = vs_cgroup_payer(path);
	/* it may have moved meanwhile, or be seen under another path */
	if (more->memory.inode == inode)
		more->inode = inode;
	return host->nr_groups++;
}

static uint64_t known(uint64_t bytes)
{
	return bytes == VS_UNKNOWN ? 0 : bytes;
}

/* Not known when either is not. */
static uint64_t plus(uint64_t a, uint64_t b)
{
	return a == VS_UNKNOWN || b == VS_UNKNOWN ? VS_UNKNOWN : a + b;
}

/* mm/mmap.c: accountable_mapping(): what may be written and is shared with nobody. */
static uint64_t committed(const struct vs_model *model)
{
	uint64_t bytes = 0;

	if (model->surveyed.known)
		return model->surveyed.accounted;
	for (size_t i = 0; i < model->nr_vmas; i++)
		if (model->vma[i].flags & VS_VM_ACCOUNT)
			bytes += model->vma[i].end - model->vma[i].start;
	return bytes;
}

/* 0, or -1 without memory. */
static int pay(struct vs_host_payers *payers, uint64_t payer, uint64_t pss)
{
	struct vs_host_paid *more;

	for (size_t i = 0; i < payers->nr; i++)
		if (payers->paid[i].payer == payer) {
			payers->paid[i].pss += pss;
			return 0;
		}
	more = grow(payers->paid, payers->nr, &payers->max, sizeof(*more));
	if (!more)
		return -1;
	payers->paid = more;
	more[payers->nr++] = (struct vs_host_paid){ .payer = payer, .pss = pss };
	return 0;
}

int vs_host_begin(void *context, const struct vs_model *model)
{
	struct vs_host *host = context;

	(void)model;
	host->now.nr = 0;
	return 0;
}

int vs_host_detail(void *context, const struct vs_model *model, const struct vs_vma *vma,
		   const struct vs_detail *detail)
{
	const struct vs_charge *charge = (const void *)detail->word;
	struct vs_host *host = context;
	int err = 0;

	(void)model;
	(void)vma;
	if (detail->kind != VS_DETAIL_CHARGES)
		return 0;
	for (uint32_t n = detail->words * sizeof(uint64_t) / sizeof(*charge); !err && n;
	     n--, charge++)
		err = pay(&host->now, charge->group, charge->pss);
	return err;
}

/*
 * What of the process that was read other groups than its own pay for; what
 * nobody pays for is none of theirs. 0, or -1 without memory.
 */
static int add_foreign(struct vs_host *host, struct vs_host_group *group,
		       struct vs_host_process *process, bool told)
{
	uint64_t pss = 0;

	if (!told || group->payer == VS_UNKNOWN)
		return 0;
	for (size_t i = 0; i < host->now.nr; i++) {
		const struct vs_host_paid *paid = &host->now.paid[i];

		if (!paid->payer || paid->payer == group->payer)
			continue;
		if (pay(&group->others, paid->payer, paid->pss))
			return -1;
		pss += paid->pss;
	}
	process->foreign = pss >> VS_PSS_SHIFT;
	return 0;
}

int vs_host_add(void *context, const struct vs_model *model)
{
	struct vs_host *host = context;
	const struct vs_process *process = &model->process;
	struct vs_host_process *more;

	more = grow(host->process, host->nr, &host->max, sizeof(*more));
	if (!more)
		return -1;
	host->process = more;
	more += host->nr++;
	*more = (struct vs_host_process){
		.pid = process->pid,
		.pss_anon = vs_total(model, VS_FIG_PSS_ANON),
		.pss_mapped = plus(vs_total(model, VS_FIG_PSS_FILE),
				   vs_total(model, VS_FIG_PSS_SHMEM)),
		.hugetlb = plus(vs_total(model, VS_FIG_SHARED_HUGETLB),
				vs_total(model, VS_FIG_PRIVATE_HUGETLB)),
		.rss = known(process->rss_anon) + known(process->rss_file) +
			known(process->rss_shmem),
		.swap = known(vs_total(model, VS_FIG_SWAP)),
		.tables = known(process->tables),
		.committed = committed(model),
		.foreign = VS_UNKNOWN,
	};
	memcpy(more->comm, process->comm, sizeof(more->comm));
	more->oom.score = -1;
	more->oom.adjust = model->surveyed.known ? model->surveyed.oom_adjust :
		vs_oom_adjust(process->pid);
	more->group = find_group(host, process->pid, model->surveyed.cgroup);
	if (more->group != VS_HOST_NO_GROUP) {
		struct vs_host_group *group = &host->group[more->group];

		group->processes++;
		group->pss_anon = plus(group->pss_anon, more->pss_anon);
		group->pss_mapped = plus(group->pss_mapped, more->pss_mapped);
		if (add_foreign(host, group, more,
				model->details >> VS_DETAIL_CHARGES & 1))
			return -1;
		group->foreign = plus(group->foreign, more->foreign);
	}
	return 0;
}

bool vs_host_rest(const struct vs_host_sum *line, int64_t *rest)
{
	if (line->kernel == VS_UNKNOWN || line->processes == VS_UNKNOWN)
		return false;
	*rest = (int64_t)(line->kernel - line->processes);
	return true;
}

/*
 * What the OOM killer weighs (mm/oom_kill.c: oom_badness()), in bytes: what the
 * process would give back, and its adjustment.
 */
static void weigh(const struct vs_host *host, struct vs_host_process *process)
{
	uint64_t all = known(host->memory.line[VS_MEM_TOTAL]) +
		known(host->memory.line[VS_MEM_SWAP_TOTAL]);

	process->badness = process->rss + process->swap + process->tables +
		(int64_t)(all / 1000) * process->oom.adjust;
	process->dies = process->oom.adjust != OOM_NEVER && process->pid != 1;
}

static int by_badness(const void *one, const void *other)
{
	const struct vs_host_process *a = one, *b = other;

	if (a->dies != b->dies)
		return b->dies - a->dies;
	return (a->badness < b->badness) - (a->badness > b->badness);
}

static bool comes_before(const struct vs_host_group *a, const struct vs_host_group *b)
{
	uint64_t left = known(a->memory.current), right = known(b->memory.current);

	return left == right ? strcmp(a->path, b->path) < 0 : left > right;
}

size_t vs_host_top_groups(const struct vs_host *host, uint32_t *index, size_t max)
{
	size_t nr = 0;

	for (size_t i = 0; i < host->nr_groups; i++) {
		size_t at;

		for (at = nr; at && comes_before(&host->group[i], &host->group[index[at - 1]]); at--)
			;
		nr = vs_top_insert(index, nr, max, at, i);
	}
	return nr;
}

uint64_t vs_host_paid_bytes(const struct vs_host_paid *paid)
{
	return paid->pss >> VS_PSS_SHIFT;
}

size_t vs_host_top_foreign(const struct vs_host *host, struct vs_host_pair *pair, size_t max)
{
	size_t nr = 0, at;

	for (size_t i = 0; i < host->nr_groups; i++) {
		const struct vs_host_payers *others = &host->group[i].others;

		for (size_t n = 0; n < others->nr && vs_host_paid_bytes(&others->paid[n]); n++) {
			at = nr < max ? nr : max;
			for (; at && others->paid[n].pss > pair[at - 1].paid->pss; at--)
				if (at < max)
					pair[at] = pair[at - 1];
			if (at < max)
				pair[at] = (struct vs_host_pair){ &host->group[i], &others->paid[n] };
			nr++;
		}
	}
	return nr;
}

static void sum_lines(struct vs_host *host)
{
	const uint64_t *mem = host->memory.line;
	struct vs_host_sum *line = host->line;

	line[VS_HOST_ANON].kernel = mem[VS_MEM_ANON];
	line[VS_HOST_MAPPED].kernel = mem[VS_MEM_MAPPED];
	line[VS_HOST_TABLES].kernel = mem[VS_MEM_TABLES];
	line[VS_HOST_SWAP].kernel = mem[VS_MEM_SWAP_TOTAL] == VS_UNKNOWN ? VS_UNKNOWN :
		mem[VS_MEM_SWAP_TOTAL] - known(mem[VS_MEM_SWAP_FREE]);
	line[VS_HOST_HUGETLB].kernel = mem[VS_MEM_HUGETLB];
	line[VS_HOST_COMMIT].kernel = mem[VS_MEM_COMMITTED];
	for (size_t i = 0; i < host->nr; i++) {
		const struct vs_host_process *process = &host->process[i];

		line[VS_HOST_ANON].processes = plus(line[VS_HOST_ANON].processes,
						process->pss_anon);
		line[VS_HOST_MAPPED].processes = plus(line[VS_HOST_MAPPED].processes,
						process->pss_mapped);
		line[VS_HOST_TABLES].processes += process->tables;
		line[VS_HOST_SWAP].processes += process->swap;
		line[VS_HOST_HUGETLB].processes = plus(line[VS_HOST_HUGETLB].processes,
						process->hugetlb);
		line[VS_HOST_COMMIT].processes += process->committed;
	}
}

static void add_part(struct vs_host *host, const char *key, const char *label, uint64_t bytes)
{
	if (bytes == VS_UNKNOWN)
		return;
	host->part[host->nr_parts++] = (struct vs_host_part){ key, label, bytes };
	host->unexplained -= bytes;
}

/* Disjoint counters of the kernel; what they leave, drivers and the like hold. */
static void divide(struct vs_host *host)
{
	const uint64_t *mem = host->memory.line;
	uint64_t cache = known(mem[VS_MEM_CACHED]), shmem = known(mem[VS_MEM_SHMEM]);
	uint64_t vmalloc = mem[VS_MEM_VMALLOC], stacks = known(mem[VS_MEM_KERNEL_STACK]);

	host->unexplained = known(mem[VS_MEM_TOTAL]);
	add_part(host, "free", "free", mem[VS_MEM_FREE]);
	add_part(host, "anonymous", "anonymous", mem[VS_MEM_ANON]);
	add_part(host, "shmem", "shared memory", mem[VS_MEM_SHMEM]);
	/* Cached is the page cache with shmem in it: fs/proc/meminfo.c */
	add_part(host, "cache", "page cache", cache < shmem ? 0 : cache - shmem);
	add_part(host, "buffers", "buffers", mem[VS_MEM_BUFFERS]);
	add_part(host, "swap_cache", "swap cache", mem[VS_MEM_SWAP_CACHED]);
	add_part(host, "hugetlb", "hugetlb pool", mem[VS_MEM_HUGETLB]);
	add_part(host, "slab", "slab", mem[VS_MEM_SLAB]);
	add_part(host, "page_tables", "page tables", mem[VS_MEM_TABLES]);
	add_part(host, "secondary_page_tables", "tables of guests", mem[VS_MEM_SECONDARY_TABLES]);
	add_part(host, "kernel_stacks", "kernel stacks", mem[VS_MEM_KERNEL_STACK]);
	/* kernel stacks are mapped by vmalloc too (CONFIG_VMAP_STACK) */
	if (vmalloc != VS_UNKNOWN)
		add_part(host, "vmalloc", "vmalloc", vmalloc > stacks ? vmalloc - stacks : 0);
	add_part(host, "percpu", "per-CPU", mem[VS_MEM_PERCPU]);
	add_part(host, "zswap", "zswap pool", mem[VS_MEM_ZSWAP]);
}

static int by_share(const void *one, const void *other)
{
	const struct vs_host_paid *a = one, *b = other;

	return (a->pss < b->pss) - (a->pss > b->pss);
}

static char *path_of(const struct vs_host *host, uint64_t inode)
{
	char path[4200];

	for (size_t i = 0; i < host->nr_groups; i++)
		if (host->group[i].memory.inode == inode)
			return strdup(host->group[i].path);
	if (inode == VS_CHARGE_OTHERS || !vs_cgroup_find(inode, path, sizeof(path)))
		return NULL;
	return strdup(path);
}

static void name_payers(struct vs_host *host)
{
	for (size_t i = 0; i < host->nr_groups; i++) {
		struct vs_host_payers *others = &host->group[i].others;
		uint64_t pss = 0;

		if (others->nr)
			qsort(others->paid, others->nr, sizeof(*others->paid), by_share);
		for (size_t n = 0; n < others->nr; n++) {
			others->paid[n].path = path_of(host, others->paid[n].payer);
			pss += others->paid[n].pss;
		}
		/* rounded once, not for each process */
		if (host->group[i].foreign != VS_UNKNOWN)
			host->group[i].foreign = pss >> VS_PSS_SHIFT;
	}
}

/* Who is killed first comes first. For few, looking for them is less than sorting all. */
static void order(struct vs_host *host, size_t first)
{
	struct vs_host_process *process = host->process;

	if (first >= host->nr) {
		if (host->nr)
			qsort(process, host->nr, sizeof(*process), by_badness);
		return;
	}
	for (size_t i = 0; i < first; i++) {
		struct vs_host_process one = process[i];
		size_t worst = i;

		for (size_t n = i + 1; n < host->nr; n++)
			if (by_badness(&process[n], &process[worst]) < 0)
				worst = n;
		process[i] = process[worst];
		process[worst] = one;
	}
}

void vs_host_finish(struct vs_host *host, size_t first)
{
	name_payers(host);
	sum_lines(host);
	divide(host);
	for (size_t i = 0; i < host->nr; i++)
		weigh(host, &host->process[i]);
	order(host, first);
	for (size_t i = 0; i < host->nr && i < first; i++)
		host->process[i].oom.score = vs_oom_score(host->process[i].pid);
}
