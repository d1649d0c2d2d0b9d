// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The analysis of swapped pages with slots that are made up, so that each
 * figure is known beforehand. It knows nothing of kernels.
 *
 * Prints what is wrong; the exit status says whether anything was.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../analyze/swap.h"

#define PAGE	4096ull
#define START	0x100000000000ull

static int failures;

#define SAME(what, got, expected) do {						\
	uint64_t got_ = (got), expected_ = (expected);				\
	if (got_ != expected_) {						\
		printf("%s:%d: %s is %ju, not %ju\n", __func__, __LINE__, what,	\
		       (uintmax_t)got_, (uintmax_t)expected_);			\
		failures++;							\
	}									\
} while (0)

static struct vs_vma vma[2] = {
	{ .start = START, .end = START + 4096 * PAGE },
	{ .start = START + 8192 * PAGE, .end = START + 12288 * PAGE },
};

static struct vs_model model = {
	.vma = vma, .nr_vmas = 2,
	.kernel = { .page_shift = 12, .level = { [VS_LEVEL_PMD] = { .shift = 21 } } },
};

static void add(struct vs_swap *swap, int nth, uint32_t page, uint8_t type, uint64_t slot,
		uint32_t pages, uint64_t attributes)
{
	struct vs_extent extent = {
		.start = vma[nth].start + page * PAGE, .attributes = attributes, .frame = slot,
		.pages = pages, .encoding = VS_FRAMES_RUN, .swap_type = type,
	};

	SAME("memory", vs_swap_extent(swap, &vma[nth], &extent), 0);
}

static struct vs_swap *begin(void)
{
	struct vs_swap *swap = vs_swap_new(&model);

	if (!swap)
		exit(2);
	swap->have_swaps = true;
	swap->swaps.nr = 1;
	swap->swaps.cluster = 3;
	swap->swaps.area[0] = (struct vs_swap_area){ "/dev/one", 4096 * PAGE, .zram = -1 };
	return swap;
}

static struct vs_swap_place *end(struct vs_swap *swap)
{
	SAME("memory", vs_swap_finish(swap), 0);
	vs_swap_name(swap, NULL, true);
	vs_swap_read_back(swap);
	return swap->place;
}

static void runs_are_counted(void)
{
	struct vs_swap *swap = begin();
	const uint32_t list[] = { 20, 21, 40, 10, 11 };
	struct vs_extent extent = {
		.start = START + 100 * PAGE, .attributes = VS_STATE_SWAPPED, .frame = 1000,
		.pages = 5, .encoding = VS_FRAMES_LIST, .list = list,
	};

	add(swap, 0, 0, 0, 100, 8, VS_STATE_SWAPPED | VS_ATTR_SWAP_EXCLUSIVE);
	add(swap, 0, 8, 0, 108, 8, VS_STATE_SWAPPED);	/* goes on */
	add(swap, 0, 50, 0, 0, 1, VS_STATE_PRESENT);
	vs_swap_extent(swap, &vma[0], &extent);		/* three runs, the last one back */
	add(swap, 1, 0, 0, 1012, 4, VS_ATTR_SHMEM_SWAPPED);
	end(swap);
	SAME("runs", swap->total.runs, 5);
	SAME("upward", swap->total.upward, 3);
	SAME("longest", swap->total.longest, 16 * PAGE);
	SAME("anon", swap->total.anon, 21 * PAGE);
	SAME("shmem", swap->total.shmem, 4 * PAGE);
	SAME("swapped", swap->total.swapped, 25 * PAGE);
	SAME("exclusive", swap->total.exclusive, 8 * PAGE);
	SAME("pages", swap->pages, 25);
	SAME("of the first", ((struct vs_swap_row *)vs_row_at(&swap->rows, 0))->runs, 4);
	SAME("not asked", swap->total.pss, VS_UNKNOWN);
	vs_swap_free(swap);
}

static void without_slots_nothing_is_placed(void)
{
	struct vs_swap *swap = begin();
	struct vs_extent extent = {
		.start = START, .attributes = VS_STATE_SWAPPED, .pages = 5,
		.encoding = VS_FRAMES_NONE,
	};

	vs_swap_extent(swap, &vma[0], &extent);
	end(swap);
	SAME("swapped", swap->total.swapped, 5 * PAGE);
	SAME("runs", swap->total.runs, VS_UNKNOWN);
	SAME("places", swap->nr_places, 0);
	vs_swap_free(swap);
}

static void areas_are_named_when_that_is_certain(void)
{
	uint32_t pages[VS_SLOT_AREAS] = { [1] = 100, [4] = 200 };
	struct vs_swap *swap;

	for (int certain = 0; certain < 2; certain++) {
		swap = begin();
		swap->swaps.nr = 2;
		swap->swaps.area[0] = (struct vs_swap_area){ "first", 100 * PAGE, .zram = -1 };
		swap->swaps.area[1] = (struct vs_swap_area){ "second", 200 * PAGE, .zram = -1 };
		add(swap, 0, 0, 4, 100, 8, VS_STATE_SWAPPED);
		SAME("memory", vs_swap_finish(swap), 0);
		vs_swap_name(swap, certain ? pages : NULL, true);
		SAME("named", !!swap->place[0].area, certain);
		SAME("reason", !!swap->why_no_names, !certain);
		if (certain)
			SAME("second", swap->place[0].area == &swap->swaps.area[1], 1);
		vs_swap_free(swap);
	}
	/* both seen: there are no others */
	swap = begin();
	swap->swaps.nr = 2;
	add(swap, 0, 0, 4, 100, 8, VS_STATE_SWAPPED);
	add(swap, 0, 8, 1, 100, 8, VS_STATE_SWAPPED);
	SAME("memory", vs_swap_finish(swap), 0);
	vs_swap_name(swap, NULL, true);
	SAME("first", swap->place[0].type == 1 && swap->place[0].area == &swap->swaps.area[0], 1);
	SAME("second", swap->place[1].area == &swap->swaps.area[1], 1);
	vs_swap_name(swap, pages, false);
	SAME("reason", !!swap->why_no_names, 1);
	vs_swap_free(swap);
}

static void another_size_is_another_area(void)
{
	uint32_t pages[VS_SLOT_AREAS] = { [1] = 100, [4] = 200 };
	struct vs_swap *swap = begin();

	swap->swaps.nr = 2;
	swap->swaps.area[0].size = 100 * PAGE;
	swap->swaps.area[1].size = 300 * PAGE;
	add(swap, 0, 0, 4, 100, 8, VS_STATE_SWAPPED);
	SAME("memory", vs_swap_finish(swap), 0);
	vs_swap_name(swap, pages, true);
	SAME("named", !!swap->place[0].area, 0);
	vs_swap_free(swap);
}

static void reading_by_slots(void)
{
	struct vs_swap *swap = begin();
	const struct vs_swap_reading *reading;

	for (uint32_t i = 0; i < 16; i++)	/* one in each window of eight */
		add(swap, 0, i, 0, 3 + i * 8, 1, VS_STATE_SWAPPED);
	reading = &end(swap)->reading[0];
	SAME("how", reading->how, VS_READ_SLOTS);
	SAME("reads", reading->windows, 16);
	SAME("pages", reading->read, 128);
	SAME("needed", reading->needed, 16);
	SAME("following", reading->following, 0);
	vs_swap_free(swap);

	swap = begin();
	add(swap, 0, 0, 0, 64, 64, VS_STATE_SWAPPED);
	add(swap, 1, 0, 0, 256, 4, VS_ATTR_SHMEM_SWAPPED);
	reading = end(swap)->reading;
	SAME("reads", reading[0].windows, 8);
	SAME("pages", reading[0].read, 64);
	SAME("following", reading[0].following, 8 * (7 + 6 + 5 + 4 + 3 + 2 + 1));
	SAME("pages of shmem", reading[1].read, 8);
	SAME("needed of shmem", reading[1].needed, 4);
	vs_swap_free(swap);
}

static void reading_by_addresses(void)
{
	struct vs_swap *swap = begin();
	const struct vs_swap_reading *reading;

	swap->swaps.by_address = true;
	swap->swaps.cluster = 3;
	for (uint32_t i = 0; i < 64; i++)	/* backwards */
		add(swap, 0, i, 0, 1000 - i, 1, VS_STATE_SWAPPED);
	reading = &end(swap)->reading[0];
	SAME("how", reading->how, VS_READ_ADDRESSES);
	SAME("reads", reading->windows, 8);
	SAME("requests", reading->requests, 64);
	SAME("pages", reading->read, 64);
	SAME("following", reading->following, 57 * 7 + 6 + 5 + 4 + 3 + 2 + 1);
	vs_swap_free(swap);

	swap = begin();
	swap->swaps.by_address = true;
	swap->swaps.cluster = 20;		/* 32 pages are the most */
	add(swap, 0, 500, 0, 64, 24, VS_STATE_SWAPPED);	/* over the end of a table */
	reading = &end(swap)->reading[0];
	SAME("window", reading->window, 32);
	SAME("reads", reading->windows, 2);
	vs_swap_free(swap);
}

static void zram_is_read_page_by_page(void)
{
	struct vs_swap *swap = begin();

	swap->swaps.area[0].zram = 0;
	add(swap, 0, 0, 0, 64, 64, VS_STATE_SWAPPED);
	SAME("how", end(swap)->reading[0].how, VS_READ_ONE);
	SAME("pages", swap->place[0].reading[0].read, 64);
	vs_swap_free(swap);
}

static void zram_states_are_added_up(void)
{
	struct vs_swap *swap = begin();
	struct vs_swap_zram_place at = { .swap = swap };

	swap->swaps.area[0].zram = 0;
	add(swap, 0, 0, 0, 64, 4, VS_STATE_SWAPPED);
	add(swap, 0, 4, 0, 10, 4, VS_STATE_SWAPPED);
	at.place = end(swap);
	SAME("memory", vs_swap_want_zram(swap), 0);
	for (uint64_t slot = 0; slot < 100; slot++)
		if (slot != 66)
			vs_swap_zram_tell(&at, slot, slot % 2 ? VS_ZRAM_SAME : VS_ZRAM_HUGE | VS_ZRAM_IDLE);
	SAME("stored", at.place->zram.stored, 7 * PAGE);
	SAME("same", at.place->zram.same, 4 * PAGE);
	SAME("huge", at.place->zram.huge, 3 * PAGE);
	SAME("idle", at.place->zram.idle, 3 * PAGE);
	vs_swap_free(swap);
}

/* Slots as a kernel would tell of them: three sorts, one after the other. */
static int answer(void *context, struct vs_slot *slot, size_t nr)
{
	size_t *asked = context;

	for (size_t i = 0; i < nr; i++, slot++) {
		slot->flags = VS_SLOT_KNOWN | VS_SLOT_ZSWAP_KNOWN;
		slot->count = slot->slot % 4;
		if (slot->slot % 4 == 1) {
			slot->flags |= VS_SLOT_CACHED | VS_SLOT_FRAME;
			slot->frame = 0x1000 + slot->slot;
		} else if (slot->slot % 4 == 3) {
			slot->flags |= VS_SLOT_ZSWAP;
			slot->length = 100;
		}
	}
	*asked += nr;
	return 0;
}

static void answers_are_added_up(void)
{
	struct vs_swap *swap = begin();
	size_t asked = 0;

	swap->have_zswap = true;
	swap->keep_parts = true;
	add(swap, 0, 0, 0, 0, 4096, VS_STATE_SWAPPED);
	add(swap, 1, 0, 0, 8192, 4, VS_ATTR_SHMEM_SWAPPED);
	end(swap);
	SAME("failure", vs_swap_ask(swap, answer, &asked), 0);
	SAME("asked", asked, 4100);
	/* a share is rounded down for each page, in 4096ths of a byte */
	SAME("pss", swap->total.pss,
	     (1024 * ((PAGE << 12) + (PAGE << 12) + (PAGE << 12) / 2 + (PAGE << 12) / 3)) >> 12);
	SAME("shared", swap->total.shared, (2048 + 2) * PAGE);
	SAME("cached", swap->total.cached, (1024 + 1) * PAGE);
	SAME("zswap", swap->total.zswap, (1024 + 1) * PAGE);
	SAME("compressed", swap->total.compressed, (1024 + 1) * 100);
	SAME("freed", swap->total.freed, (1024 + 1) * PAGE);
	SAME("parts", swap->nr_parts, 4100);
	SAME("frame", swap->part[5].frame, 0x1005);
	vs_swap_free(swap);
}

static int fails(void *context, struct vs_slot *slot, size_t nr)
{
	(void)context;
	(void)slot;
	(void)nr;
	return -1;
}

static void a_failed_question_leaves_nothing_known(void)
{
	struct vs_swap *swap = begin();

	add(swap, 0, 0, 0, 100, 4, VS_STATE_SWAPPED);
	end(swap);
	SAME("failure", !!vs_swap_ask(swap, fails, NULL), 1);
	SAME("known", swap->have_slots, 0);
	SAME("pss", swap->total.pss, VS_UNKNOWN);
	SAME("swapped", swap->total.swapped, 4 * PAGE);
	vs_swap_free(swap);
}

int main(void)
{
	runs_are_counted();
	without_slots_nothing_is_placed();
	areas_are_named_when_that_is_certain();
	another_size_is_another_area();
	reading_by_slots();
	reading_by_addresses();
	zram_is_read_page_by_page();
	zram_states_are_added_up();
	answers_are_added_up();
	a_failed_question_leaves_nothing_known();
	return !!failures;
}
