// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmscope swap: the swap areas, zram and the slots themselves are asked about
 * what the walk found. It must not know how slots are added up.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../analyze/swap.h"
#include "swap.h"

void *vs_ask_swap_begin(const struct vs_model *model)
{
	struct vs_swap *swap = vs_swap_new(model);

	if (swap && !model->recorded_at)
		swap->have_swaps = !vs_swaps_read(&swap->swaps);
	return swap;
}

static int ask_zram(struct vs_swap *swap, struct vs_swap_place *place)
{
	struct vs_swap_zram_place at = { .swap = swap, .place = place };
	int err;

	if (vs_swap_want_zram(swap))
		return -ENOMEM;
	err = vs_zram_states(place->area->zram, vs_swap_zram_tell, &at);
	place->have_zram = !err;
	if (err == -ENOENT)
		snprintf(place->why_no_zram, sizeof(place->why_no_zram),
			 "no block_state in debugfs (CONFIG_ZRAM_MEMORY_TRACKING, or debugfs is not mounted)");
	else if (err)
		snprintf(place->why_no_zram, sizeof(place->why_no_zram),
			 "its block_state cannot be read: %s", strerror(-err));
	return 0;
}

static int ask(void *context, struct vs_slot *slot, size_t nr)
{
	return vs_slots_ask(context, slot, nr);
}

/* NULL, with the reason in swap, when nobody can be asked. */
static struct vs_slots *open_slots(struct vs_swap *swap, const struct vs_options *options)
{
	const char *no = getenv("VMSCOPE_NO_BPF");
	struct vs_slots *slots;
	struct vs_error error;

	if (options->no_bpf || (no && *no)) {
		snprintf(swap->why_no_slots, sizeof(swap->why_no_slots), "not asked: %s",
			 options->no_bpf ? "--no-bpf" : "VMSCOPE_NO_BPF is set");
		return NULL;
	}
	if (swap->unplaced) {
		snprintf(swap->why_no_slots, sizeof(swap->why_no_slots),
			 "the slots themselves are not shown");
		return NULL;
	}
	slots = vs_slots_open(&error);
	if (!slots)
		snprintf(swap->why_no_slots, sizeof(swap->why_no_slots), "%s", error.text);
	return slots;
}

static int ask_slots(struct vs_swap *swap, struct vs_slots *slots)
{
	unsigned int tell = slots ? vs_slots_tell(slots) : 0;
	int err;

	swap->have_zswap = tell & VS_SLOTS_ZSWAP;
	if (slots && !swap->have_zswap)
		snprintf(swap->why_no_zswap, sizeof(swap->why_no_zswap),
			 "this kernel has no zswap, or keeps it in a way that is not known");
	err = vs_swap_ask(swap, slots ? ask : NULL, slots);
	if (err != -EIO)
		return err;
	snprintf(swap->why_no_slots, sizeof(swap->why_no_slots), "the BPF program does not run");
	return vs_swap_ask(swap, NULL, NULL);
}

/* A snapshot tells which areas there were, nothing of what is in them. */
static int look_back(struct vs_swap *swap)
{
	const struct vs_swaps_then *then = swap->model->swaps;

	if (then) {
		swap->swaps = then->swaps;
		swap->have_swaps = true;
		vs_swap_name(swap, then->have_numbers ? then->pages : NULL, true);
		vs_swap_read_back(swap);
	}
	for (int i = 0; i < swap->nr_places; i++)
		if (swap->place[i].is_zram)
			snprintf(swap->place[i].why_no_zram, sizeof(swap->place[i].why_no_zram),
				 "a recorded snapshot does not hold it");
	return vs_swap_ask(swap, NULL, NULL);
}

int vs_swaps_begin(struct vs_swaps_then *then)
{
	memset(then, 0, sizeof(*then));
	return vs_swaps_read(&then->swaps);
}

bool vs_swaps_end(struct vs_swaps_then *then)
{
	const char *no = getenv("VMSCOPE_NO_BPF");
	struct vs_slots *slots = no && *no ? NULL : vs_slots_open(&(struct vs_error){ 0 });
	struct vs_swaps after;

	then->have_numbers = slots && !vs_slots_areas(slots, then->pages);
	vs_slots_close(slots);
	return !vs_swaps_read(&after) && vs_swaps_same(&then->swaps, &after);
}

int vs_ask_swap_live(void *state, const struct vs_options *options)
{
	struct vs_swap *swap = state;
	struct vs_slots *slots = NULL;
	uint32_t pages[VS_SLOT_AREAS];
	struct vs_swaps after;
	bool numbers, same;
	int err = 0;

	swap->keep_parts = options->runs;
	if (swap->model->recorded_at)
		return look_back(swap);
	if (swap->total.swapped)
		slots = open_slots(swap, options);
	numbers = slots && !vs_slots_areas(slots, pages);
	same = !vs_swaps_read(&after) && vs_swaps_same(&swap->swaps, &after);
	vs_swap_name(swap, numbers ? pages : NULL, same);
	for (int i = 0; i < swap->nr_places && !err; i++)
		if (swap->place[i].is_zram)
			err = ask_zram(swap, &swap->place[i]);
	if (!err)
		err = ask_slots(swap, slots);
	vs_slots_close(slots);
	vs_swap_read_back(swap);
	return err;
}
