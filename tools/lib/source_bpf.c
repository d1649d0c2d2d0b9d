// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Swap slots, asked of the kernel by BPF programs that run once for each batch
 * of them and are attached to nothing. Without libbpf nothing can be asked.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf_load.h"
#include "proc_read.h"
#include "slots.h"

#ifdef VMSCOPE_BPF

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "swap.h"
#include "swap.skel.h"

/* An answer is copied as it stands. */
#define SAME(a, b)	_Static_assert((a) == (b), #a)
SAME(VS_SLOT_KNOWN, SWAP_KNOWN_COUNT);
SAME(VS_SLOT_LEAST, SWAP_COUNT_LEAST);
SAME(VS_SLOT_CACHED, SWAP_CACHED);
SAME(VS_SLOT_FRAME, SWAP_KNOWN_FRAME);
SAME(VS_SLOT_ZSWAP_KNOWN, SWAP_KNOWN_ZSWAP);
SAME(VS_SLOT_ZSWAP, SWAP_ZSWAP);
SAME(VS_SLOT_ZERO, SWAP_ZERO);
SAME(VS_SLOTS_COUNT, SWAP_TELLS_COUNT);
SAME(VS_SLOTS_FRAME, SWAP_TELLS_FRAME);
SAME(VS_SLOTS_ZSWAP, SWAP_TELLS_ZSWAP);
SAME(VS_SLOT_AREAS, SWAP_AREAS);
SAME(sizeof(struct vs_slot), sizeof(struct swap_slot));
SAME(offsetof(struct vs_slot, length), offsetof(struct swap_slot, length));

struct vs_slots {
	struct swap_bpf *bpf;
};

/* Addresses of the kernel are zeros for those who may not know them. */
static bool are_symbols_hidden(void)
{
	char line[256];

	return !vs_read_line("/proc/kallsyms", line, sizeof(line)) &&
	       !strncmp(line, "0000000000000000 ", 17) &&
	       !vs_read_line("/proc/sys/kernel/kptr_restrict", line, sizeof(line)) && *line != '0';
}

static int run(const struct bpf_program *program)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);
	int err = bpf_prog_test_run_opts(bpf_program__fd(program), &options);

	return err || options.retval ? -1 : 0;
}

int vs_slots_areas(struct vs_slots *slots, uint32_t pages[VS_SLOT_AREAS])
{
	if (run(slots->bpf->progs.ask_areas))
		return -1;
	for (int i = 0; i < VS_SLOT_AREAS; i++) {
		const struct swap_area *area = &slots->bpf->bss->areas[i];

		pages[i] = area->active ? area->pages : 0;
	}
	return 0;
}

static int check(struct vs_slots *slots, struct vs_error *error)
{
	uint32_t pages[VS_SLOT_AREAS];

	if (run(slots->bpf->progs.find_symbols) || vs_slots_areas(slots, pages))
		return vs_error_set(error, VS_FAIL_CANNOT, "the BPF program does not run: %s",
				    strerror(errno));
	if (vs_slots_tell(slots) & VS_SLOTS_COUNT)
		return 0;
	if (are_symbols_hidden())
		return vs_error_set(error, VS_FAIL_PERMISSION,
			"the kernel hides its symbols' addresses (kernel.kptr_restrict)");
	return vs_error_set(error, VS_FAIL_CANNOT,
			    "this kernel keeps its swap slots in a way that is not known");
}

struct vs_slots *vs_slots_open(struct vs_error *error)
{
	struct vs_slots *slots = calloc(1, sizeof(*slots));
	int err;

	if (!slots) {
		vs_error_memory(error);
		return NULL;
	}
	vs_bpf_begin();
	slots->bpf = swap_bpf__open();
	err = slots->bpf ? swap_bpf__load(slots->bpf) : -errno;
	if (err ? vs_bpf_failure(err, error) : check(slots, error)) {
		vs_slots_close(slots);
		return NULL;
	}
	return slots;
}

void vs_slots_close(struct vs_slots *slots)
{
	if (!slots)
		return;
	swap_bpf__destroy(slots->bpf);
	free(slots);
}

unsigned int vs_slots_tell(const struct vs_slots *slots)
{
	return slots->bpf->bss->tells;
}

int vs_slots_ask(struct vs_slots *slots, struct vs_slot *slot, size_t nr)
{
	struct swap_bpf__bss *shared = slots->bpf->bss;

	while (nr) {
		size_t part = nr < SWAP_SLOTS ? nr : SWAP_SLOTS;

		memcpy(shared->slots, slot, part * sizeof(*slot));
		shared->nr_slots = part;
		if (run(slots->bpf->progs.ask_slots))
			return -1;
		memcpy(slot, shared->slots, part * sizeof(*slot));
		slot += part;
		nr -= part;
	}
	return 0;
}

#else

struct vs_slots *vs_slots_open(struct vs_error *error)
{
	vs_error_set(error, VS_FAIL_CANNOT, VS_BPF_MISSING);
	return NULL;
}

void vs_slots_close(struct vs_slots *slots)
{
	(void)slots;
}

unsigned int vs_slots_tell(const struct vs_slots *slots)
{
	(void)slots;
	return 0;
}

int vs_slots_areas(struct vs_slots *slots, uint32_t pages[VS_SLOT_AREAS])
{
	(void)slots;
	(void)pages;
	return -1;
}

int vs_slots_ask(struct vs_slots *slots, struct vs_slot *slot, size_t nr)
{
	(void)slots;
	(void)slot;
	(void)nr;
	return -1;
}

#endif
