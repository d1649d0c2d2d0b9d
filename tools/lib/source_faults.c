// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Page faults, counted by BPF programs on the kernel's way through them. It must
 * not know what is made of them. Without libbpf nothing is counted.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf_load.h"
#include "clock.h"
#include "fault_log.h"

void vs_faults_free(struct vs_faults *faults)
{
	free(faults->thread);
	free(faults->vma);
	free(faults->signal);
	vs_stacks_free(&faults->stacks);
	memset(faults, 0, sizeof(*faults));
}

#ifdef VMSCOPE_BPF

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "fault_hooks.h"
#include "fault_stacks.h"
#include "fault_stream.h"
#include "faults.h"
#include "faults.skel.h"

#define SAME(a, b)	_Static_assert((int)(a) == (int)(b), #a)
SAME(VS_FAULTS_OF_PROCESS, FAULTS_OF_PROCESS);
SAME(VS_FAULTS_OF_COMMAND, FAULTS_OF_COMMAND);
SAME(VS_FAULTS_OF_SYSTEM, FAULTS_OF_SYSTEM);
SAME(VS_FAULTS_OF_CGROUP, FAULTS_OF_CGROUP);
SAME(VS_FAULT_VMA_FILE, VMA_KIND_FILE);
SAME(VS_FAULT_VMA_ANON, VMA_KIND_ANON);
SAME(VS_FAULT_VMA_HEAP, VMA_KIND_HEAP);
SAME(VS_FAULT_VMA_STACK, VMA_KIND_STACK);
SAME(VS_FAULT_VMA_SPECIAL, VMA_KIND_SPECIAL);
SAME(VS_FAULT_NAME, FAULT_NAME);
SAME(VS_FAULT_COMM, FAULT_COMM);
SAME(VS_FAULT_BUCKETS, LATENCY_BUCKETS);
SAME(VS_FAULT_CAUSES, FAULT_CAUSES);
SAME(VS_CAUSE_ANON_ZERO, FAULT_ANON_ZERO);
SAME(VS_CAUSE_STACK_GROWTH, FAULT_STACK_GROWTH);
SAME(VS_CAUSE_ZERO_PAGE, FAULT_ZERO_PAGE);
SAME(VS_CAUSE_THP, FAULT_THP);
SAME(VS_CAUSE_HUGETLB, FAULT_HUGETLB);
SAME(VS_CAUSE_FILE_MAPPED, FAULT_FILE_MAPPED);
SAME(VS_CAUSE_FILE_AROUND, FAULT_FILE_AROUND);
SAME(VS_CAUSE_FILE_MAJOR, FAULT_FILE_MAJOR);
SAME(VS_CAUSE_SHMEM, FAULT_SHMEM);
SAME(VS_CAUSE_COW_COPY, FAULT_COW_COPY);
SAME(VS_CAUSE_COW_REUSE, FAULT_COW_REUSE);
SAME(VS_CAUSE_WRITE_NOTIFY, FAULT_WRITE_NOTIFY);
SAME(VS_CAUSE_SWAP_CACHE, FAULT_SWAP_CACHE);
SAME(VS_CAUSE_SWAP_ZSWAP, FAULT_SWAP_ZSWAP);
SAME(VS_CAUSE_SWAP_ZRAM, FAULT_SWAP_ZRAM);
SAME(VS_CAUSE_SWAP_DISK, FAULT_SWAP_DISK);
SAME(VS_CAUSE_SWAP_OTHER, FAULT_SWAP_OTHER);
SAME(VS_CAUSE_KSM_BREAK, FAULT_KSM_BREAK);
SAME(VS_CAUSE_NUMA_HINT, FAULT_NUMA_HINT);
SAME(VS_CAUSE_MIGRATION, FAULT_MIGRATION);
SAME(VS_CAUSE_USERFAULTFD, FAULT_USERFAULTFD);
SAME(VS_CAUSE_SPURIOUS, FAULT_SPURIOUS);
SAME(VS_CAUSE_OTHER, FAULT_OTHER);

/* arch/x86/include/asm/trap_pf.h, trapnr.h */
#define X86_PF_WRITE	2
#define X86_PF_INSTR	16
#define X86_TRAP_PF	14

/* include/linux/kdev_t.h */
#define MINOR_BITS	20

/* include/linux/proc_ns.h: PROC_PID_INIT_INO */
#define INITIAL_PIDS	"pid:[4026531836]"

struct vs_watch {
	struct vs_fault_hooks hooks;
	struct faults_bpf *bpf;		/* of the hooks */
	enum vs_fault_scope scope;
	struct vs_stream_reader *reader;	/* NULL: nothing is told one by one */
	struct vs_images *images;	/* NULL: nobody wants stacks */
	uint64_t attach_ns;
	uint64_t begun_ns;
};

/* The kernel lists nobody outside of it, though their faults are counted like all others. */
static int check_namespace(struct vs_error *error)
{
	char name[64] = "";

	if (readlink("/proc/self/ns/pid", name, sizeof(name) - 1) < 0 ||
	    !strcmp(name, INITIAL_PIDS))
		return 0;
	return vs_error_set(error, VS_FAIL_CANNOT,
		"from within a pid namespace not everybody can be watched: run it outside");
}

struct vs_watch *vs_watch_open(const struct vs_watch_choice *choice, struct vs_error *error)
{
	const struct vs_stream *stream = choice->stream;
	struct vs_watch *watch = calloc(1, sizeof(*watch));
	uint64_t begun = vs_now();
	bool told;

	if (!watch) {
		vs_error_memory(error);
		return NULL;
	}
	if ((choice->scope >= VS_FAULTS_OF_SYSTEM && check_namespace(error)) ||
	    vs_fault_hooks_open(&watch->hooks, choice, error)) {
		vs_watch_close(watch);
		return NULL;
	}
	watch->scope = choice->scope;
	watch->bpf = watch->hooks.bpf;
	told = stream && stream->tell;
	watch->reader = told ? vs_stream_open(watch->bpf, stream, error) : NULL;
	watch->images = choice->stacks ? vs_images_open(error) : NULL;
	if ((told && !watch->reader) || (choice->stacks && !watch->images)) {
		vs_watch_close(watch);
		return NULL;
	}
	watch->attach_ns = vs_now() - begun;
	return watch;
}

void vs_watch_close(struct vs_watch *watch)
{
	if (!watch)
		return;
	vs_stream_close(watch->reader);
	vs_images_close(watch->images);
	vs_fault_hooks_close(&watch->hooks);
	free(watch);
}

static int find_group(struct vs_watch *watch, int fd, struct vs_error *error)
{
	if (vs_bpf_visit_cgroup(watch->bpf->progs.find_group, fd))
		return vs_error_set(error, VS_FAIL_CANNOT,
				    "this kernel cannot look for a control group by BPF: %s",
				    strerror(errno));
	if (!watch->bpf->bss->group_id)
		return vs_error_set(error, VS_FAIL_GONE, "the control group has been removed");
	return 0;
}

int vs_watch_begin(struct vs_watch *watch, int whom, struct vs_error *error)
{
	struct faults_bpf__bss *shared = watch->bpf->bss;
	bool crowd = watch->scope >= VS_FAULTS_OF_SYSTEM;
	char none;

	if (watch->scope == VS_FAULTS_OF_CGROUP && find_group(watch, whom, error))
		return -1;
	watch->begun_ns = vs_now();
	shared->begun = watch->begun_ns;
	shared->counting = true;
	if (vs_bpf_iterate(watch->bpf->progs.begin_watching, crowd ? 0 : whom, &none, 1) < 0)
		return vs_error_set(error, VS_FAIL_CANNOT,
				    "this kernel cannot look for processes by BPF: %s",
				    strerror(errno));
	if (!crowd && !shared->watched)
		return vs_error_set(error, VS_FAIL_GONE, "process %d has exited", whom);
	return watch->images ? vs_images_begin(watch->images, crowd ? 0 : shared->watched,
					       watch->scope == VS_FAULTS_OF_COMMAND, error) : 0;
}

uint64_t vs_watch_patience(const struct vs_watch *watch)
{
	uint64_t ms = watch->reader ? VS_STREAM_MS : watch->images ? VS_IMAGES_MS : 0;

	return ms ? ms * 1000000 : UINT64_MAX;
}

int vs_watch_fd(const struct vs_watch *watch)
{
	return watch->reader ? vs_stream_fd(watch->reader) : -1;
}

bool vs_watch_tell(struct vs_watch *watch)
{
	if (watch->images)
		vs_images_read(watch->images, false);
	return watch->reader && vs_stream_read(watch->reader, watch->begun_ns);
}

/* -------------------------------------------------------------------- reading */

static void take_thread(struct vs_fault_thread *to, const struct fault_thread *from)
{
	*to = (struct vs_fault_thread){
		.tid = from->tid,
		.pid = from->tgid,
		.ended = from->ended,
		.minor = from->minor,
		.major = from->major,
		.failed = from->failed,
		.wrong = from->wrong,
		.kernel_minor = from->kernel_minor,
		.kernel_major = from->kernel_major,
		.unplaced = from->unplaced,
		.ns = from->ns,
	};
	memcpy(to->comm, from->comm, sizeof(to->comm));
}

/* Of those that were to be kept in a map, what found a place. */
static uint32_t kept_in(const struct bpf_map *map, uint32_t nr)
{
	return nr < bpf_map__max_entries(map) ? nr : bpf_map__max_entries(map);
}

/* Ended ones from their array, the others one after the other from the kernel. */
static int read_threads(struct vs_watch *watch, struct vs_faults *faults)
{
	const struct faults_bpf__bss *shared = watch->bpf->bss;
	uint32_t ended = kept_in(watch->bpf->maps.ended_threads, shared->nr_ended_threads);
	size_t length;
	struct fault_thread *living = vs_bpf_iterate_all(watch->bpf->progs.tell_threads, &length);
	struct fault_thread one;
	size_t nr = living ? length / sizeof(one) : 0;

	if (living)
		faults->thread = calloc(ended + nr + 1, sizeof(*faults->thread));
	for (uint32_t i = 0; faults->thread && i < ended; i++) {
		if (bpf_map__lookup_elem(watch->bpf->maps.ended_threads, &i, sizeof(i), &one,
					 sizeof(one), 0))
			break;
		take_thread(&faults->thread[faults->nr_threads++], &one);
	}
	for (size_t i = 0; faults->thread && i < nr; i++)
		take_thread(&faults->thread[faults->nr_threads++], &living[i]);
	free(living);
	take_thread(&faults->others, &shared->others);
	return faults->thread ? 0 : -1;
}

static void take_cells(struct vs_fault_vma *to, const struct fault_vma *from)
{
	uint64_t first = from->start >> from->part_shift;
	uint64_t last = (from->end - 1) >> from->part_shift;

	to->cell_bytes = 1ull << from->part_shift;
	for (uint64_t part = first; part <= last && to->nr_cells < VS_FAULT_CELLS; part++)
		to->cell[to->nr_cells++] = from->part[part % FAULT_PARTS];
}

/* Where nothing happened but an attempt, nothing is told. */
static void take_vma(struct vs_faults *faults, const struct fault_vma *from)
{
	struct vs_fault_vma *to = &faults->vma[faults->nr_vmas];
	long page = sysconf(_SC_PAGESIZE);

	if (!from->minor && !from->major && !from->failed)
		return;
	*to = (struct vs_fault_vma){
		.pid = from->tgid,
		.kind = from->kind,
		.foreign = from->foreign,
		.ended = from->ended,
		.flags = from->flags,
		.start = from->start,
		.end = from->end,
		.offset = from->pgoff * page,
		.inode = from->inode,
		.dev_major = from->device >> MINOR_BITS,
		.dev_minor = from->device & ((1u << MINOR_BITS) - 1),
		.minor = from->minor,
		.major = from->major,
		.failed = from->failed,
		.ns = from->ns,
		.most_ns = from->most_ns,
	};
	for (int i = 0; i < VS_FAULT_CAUSES; i++)
		to->cause[i] = from->cause[i];
	take_cells(to, from);
	memcpy(to->name, from->name, sizeof(to->name));
	if (to->kind != VS_FAULT_VMA_FILE)
		to->offset = 0;
	faults->nr_vmas++;
}

static int read_vmas(struct vs_watch *watch, struct vs_faults *faults)
{
	const struct faults_bpf__bss *shared = watch->bpf->bss;
	uint32_t ended = kept_in(watch->bpf->maps.ended_vmas, shared->nr_ended_vmas);
	uint32_t most = ended + bpf_map__max_entries(watch->bpf->maps.vmas);
	struct fault_vma one;
	uint64_t key, *last = NULL;

	faults->vma = calloc(most, sizeof(*faults->vma));
	if (!faults->vma)
		return -1;
	for (uint32_t i = 0; i < ended; i++)
		if (!bpf_map__lookup_elem(watch->bpf->maps.ended_vmas, &i, sizeof(i), &one,
					  sizeof(one), 0))
			take_vma(faults, &one);
	while (faults->nr_vmas < most &&
	       !bpf_map__get_next_key(watch->bpf->maps.vmas, last, &key, sizeof(key))) {
		last = &key;
		if (!bpf_map__lookup_elem(watch->bpf->maps.vmas, &key, sizeof(key), &one,
					  sizeof(one), 0))
			take_vma(faults, &one);
	}
	return 0;
}

static void add_latency(struct vs_fault_latency *to, const struct fault_latency *from)
{
	to->ns += from->ns;
	if (from->most_ns > to->most_ns)
		to->most_ns = from->most_ns;
	for (int n = 0; n < VS_FAULT_BUCKETS; n++)
		to->bucket[n] += from->bucket[n];
}

/* All CPUs together. */
static int read_latencies(struct vs_watch *watch, struct vs_faults *faults)
{
	int cpus = libbpf_num_possible_cpus(), err = 0;
	struct fault_latency *from = cpus > 0 ? calloc(cpus, sizeof(*from)) : NULL;

	for (uint32_t which = 0; from && !err && which < FAULT_LATENCIES; which++) {
		struct vs_fault_cause *cause = &faults->cause[which / 2];

		err = bpf_map__lookup_elem(watch->bpf->maps.latencies, &which, sizeof(which),
					   from, cpus * sizeof(*from), 0);
		for (int i = 0; !err && i < cpus; i++)
			add_latency(which % 2 ? &cause->major : &cause->minor, &from[i]);
	}
	free(from);
	return from ? err : -1;
}

static enum vs_fault_access access_of(const struct fault_signal *signal)
{
	if (!(signal->known & FAULT_KNOWN_ACCESS))
		return VS_ACCESS_UNKNOWN;
	if (signal->trap != X86_TRAP_PF)
		return VS_ACCESS_NO_ADDRESS;
	if (signal->error & X86_PF_INSTR)
		return VS_ACCESS_EXECUTE;
	return signal->error & X86_PF_WRITE ? VS_ACCESS_WRITE : VS_ACCESS_READ;
}

static int read_signals(struct vs_watch *watch, struct vs_faults *faults)
{
	const struct faults_bpf__bss *shared = watch->bpf->bss;

	faults->all_signals = shared->nr_signals;
	faults->nr_signals = shared->nr_signals < FAULT_SIGNALS ? shared->nr_signals :
		FAULT_SIGNALS;
	faults->signal = calloc(faults->nr_signals + 1, sizeof(*faults->signal));
	for (size_t i = 0; faults->signal && i < faults->nr_signals; i++) {
		const struct fault_signal *from = &shared->signals[i];

		faults->signal[i] = (struct vs_fault_signal){
			.tid = from->tid,
			.pid = from->tgid,
			.signal = from->signal,
			.code = from->code,
			.access = access_of(from),
			.vma_known = from->known & FAULT_KNOWN_VMA,
			.address = from->address,
			.start = from->start,
			.end = from->end,
			.flags = from->flags,
			.heap = from->heap,
			.heap_end = from->heap_end,
		};
	}
	return faults->signal ? 0 : -1;
}

int vs_watch_end(struct vs_watch *watch, struct vs_faults *faults, struct vs_error *error)
{
	struct faults_bpf__bss *shared = watch->bpf->bss;
	char none;

	memset(faults, 0, sizeof(*faults));
	if (vs_bpf_iterate(watch->bpf->progs.end_watching, 0, &none, 1) < 0)
		return vs_error_set(error, VS_FAIL_CANNOT, "reading what was counted: %s",
				    strerror(errno));
	shared->counting = false;
	shared->watched = 0;
	faults->watched_ns = vs_now() - watch->begun_ns;
	faults->attach_ns = watch->attach_ns;
	vs_bpf_quiesce();
	if (watch->reader)
		vs_stream_end(watch->reader, watch->begun_ns, &faults->stream);
	if (read_threads(watch, faults) || read_vmas(watch, faults) ||
	    read_signals(watch, faults) || read_latencies(watch, faults) ||
	    (watch->images && vs_fault_stacks_end(watch->bpf, watch->images, &faults->stacks))) {
		vs_faults_free(faults);
		return vs_error_set(error, VS_FAIL_CANNOT, "reading what was counted: %s",
				    strerror(errno));
	}
	faults->lost_vmas = shared->lost_vmas;
	faults->lost_threads = shared->lost_threads;
	faults->lost_storage = shared->lost_storage;
	memcpy(faults->missing, watch->hooks.missing, sizeof(faults->missing));
	faults->nr_missing = watch->hooks.nr_missing;
	return 0;
}

#else

struct vs_watch *vs_watch_open(const struct vs_watch_choice *choice, struct vs_error *error)
{
	(void)choice;
	vs_error_set(error, VS_FAIL_CANNOT, VS_BPF_MISSING);
	return NULL;
}

int vs_watch_begin(struct vs_watch *watch, int whom, struct vs_error *error)
{
	(void)watch;
	(void)whom;
	return vs_error_set(error, VS_FAIL_CANNOT, VS_BPF_MISSING);
}

uint64_t vs_watch_patience(const struct vs_watch *watch)
{
	(void)watch;
	return UINT64_MAX;
}

int vs_watch_fd(const struct vs_watch *watch)
{
	(void)watch;
	return -1;
}

bool vs_watch_tell(struct vs_watch *watch)
{
	(void)watch;
	return false;
}

int vs_watch_end(struct vs_watch *watch, struct vs_faults *faults, struct vs_error *error)
{
	(void)watch;
	(void)faults;
	return vs_error_set(error, VS_FAIL_CANNOT, VS_BPF_MISSING);
}

void vs_watch_close(struct vs_watch *watch)
{
	(void)watch;
}

#endif
