// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who maps which frames, with address spaces that are made up: what comes out is
 * compared with what counting page by page gives. It knows nothing of kernels.
 *
 * Prints what is wrong; the exit status says whether anything was.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../analyze/frames.h"

#define SHIFT		12
#define START		0x7f0000000000ull
#define MAPPINGS	3
#define PAGES		400		/* of each mapping */
#define GAP		(PAGES * (uint64_t)MAPPINGS / 2)
#define MEMBERS		6
#define FRAMES		1500
/* Lists have 32 bits for each frame: where they end, runs go on. */
#define FIRST_FRAME	(UINT32_MAX - FRAMES / 2ull)

static int failures;

#define SAME(what, got, expected) do {						\
	uint64_t got_ = (got), expected_ = (expected);				\
	if (got_ != expected_) {						\
		printf("%s:%d: %s is %ju, not %ju\n", __func__, __LINE__, what,	\
		       (uintmax_t)got_, (uintmax_t)expected_);			\
		failures++;							\
	}									\
} while (0)

/* The frame of each page of an address space, from FIRST_FRAME on; 0: none. */
struct space {
	uint32_t frame[MAPPINGS][PAGES];
};

static uint64_t state = 1;

/* The same in every run: xorshift64 (Marsaglia, 2003). */
static uint32_t random_below(uint32_t limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % limit;
}

static uint64_t address_of(int mapping, uint32_t page)
{
	/* the second follows on the first, the third does not follow on the second */
	return START + ((mapping * (uint64_t)PAGES + page + (mapping == 2 ? GAP : 0)) << SHIFT);
}

/* Runs of all lengths up, down and at random, and now and then nothing. */
static void fill(struct space *space)
{
	for (int m = 0; m < MAPPINGS; m++) {
		for (uint32_t page = 0; page < PAGES;) {
			uint32_t most = random_below(8) ? 90 : 400;
			uint32_t length = 1 + random_below(random_below(2) ? most : 6);
			uint32_t first = 1 + random_below(FRAMES - 1), how = random_below(8);

			for (; length-- && page < PAGES; page++) {
				space->frame[m][page] = how ? first : 0;
				first += how < 5 ? 1 : how < 7 ? -1u : 0;
				first = first < 1 || first >= FRAMES ? FRAMES / 2 : first;
			}
		}
	}
}

/* As others see it: much of the first, some of it elsewhere. */
static void derive(struct space *space, const struct space *first)
{
	fill(space);
	for (int n = 0; n < 12; n++) {
		int from = random_below(MAPPINGS), to = random_below(4) ? from : 1;
		uint32_t pages = 1 + random_below(PAGES), at = random_below(PAGES - pages + 1);

		memcpy(&space->frame[to][at], &first->frame[from][at],
		       pages * sizeof(first->frame[0][0]));
	}
}

static int take(struct vs_frame_map *map, uint32_t member, struct vs_extent *extent, bool add)
{
	extent->attributes = VS_STATE_PRESENT;
	return vs_frames_take(map, member, extent, add);
}

/* One extent from a page on, as some reader might tell it; how many pages it has. */
static uint32_t tell(struct vs_frame_map *map, uint32_t member, const uint32_t *frame,
		     uint64_t address, uint32_t max, bool add, bool lists)
{
	uint64_t first = FIRST_FRAME + frame[0], base = first & ~(uint64_t)UINT32_MAX;
	struct vs_extent extent = { .start = address, .frame = first, .pages = 1,
				    .encoding = VS_FRAMES_RUN };
	uint32_t list[PAGES], n = 1;

	if (lists) {
		for (n = 0; n < max && frame[n] &&
		     FIRST_FRAME + frame[n] - base <= UINT32_MAX; n++)
			list[n] = FIRST_FRAME + frame[n] - base;
		extent.encoding = VS_FRAMES_LIST;
		extent.frame = base;
		extent.list = list;
	} else if (max > 1 && frame[1] == frame[0]) {
		while (n < max && frame[n] == frame[0])
			n++;
		extent.encoding = VS_FRAMES_SAME;
	} else {
		while (n < max && frame[n] == frame[0] + n)
			n++;
	}
	extent.pages = n;
	SAME("memory", take(map, member, &extent, add), 0);
	return n;
}

static void tell_all(struct vs_frame_map *map, uint32_t member, const struct space *space, bool add)
{
	for (int m = 0; m < MAPPINGS; m++) {
		for (uint32_t page = 0; page < PAGES;) {
			const uint32_t *frame = &space->frame[m][page];
			uint32_t max = 1 + random_below(PAGES - page);

			page += *frame ? tell(map, member, frame, address_of(m, page), max, add,
					      random_below(2)) : 1;
		}
	}
}

static uint32_t count(const struct space *space, uint32_t frame)
{
	uint32_t times = 0;

	for (int m = 0; m < MAPPINGS; m++)
		for (uint32_t page = 0; page < PAGES; page++)
			times += space->frame[m][page] == frame;
	return times;
}

/* Each page of a piece is where the first member has it, all in one mapping. */
static void check_places(const struct vs_frame_map *map, const struct space *first)
{
	uint64_t pages = 0, expected = 0;

	for (uint32_t frame = 1; frame < FRAMES; frame++)
		expected += count(first, frame) > 0;
	for (uint32_t i = 1; i < map->nr_pieces; i++) {
		const struct vs_piece *piece = &map->piece[i];
		int m = piece->address >= address_of(2, 0) ? 2 :
			piece->address >= address_of(1, 0);
		uint32_t page = (piece->address - address_of(m, 0)) >> SHIFT;

		if (page + piece->pages > PAGES) {
			SAME("a piece that is in one mapping", page + piece->pages, PAGES);
			continue;
		}
		for (uint32_t n = 0; n < piece->pages; n++) {
			uint64_t frame = vs_piece_frame(map, piece, n);

			SAME("a frame", frame, FIRST_FRAME + first->frame[m][page + n]);
			SAME("its piece", vs_frames_find(map, frame) - map->piece, i);
		}
		pages += piece->pages;
	}
	SAME("the pages of all pieces", pages, expected);
}

/* Known are the frames of the first members. */
static void check_members(const struct vs_frame_map *map, const struct space *space, uint32_t first)
{
	for (uint32_t frame = 1; frame < FRAMES; frame++) {
		const struct vs_piece *piece = vs_frames_find(map, FIRST_FRAME + frame);
		uint32_t times = 0;

		for (uint32_t member = 0; member < first; member++)
			times += count(&space[member], frame);
		SAME("whether it is known", piece != NULL, times > 0);
		for (uint32_t member = 0; piece && member < MEMBERS; member++)
			SAME("how often it is mapped",
			     vs_set_times(&map->sets, piece->set, member),
			     count(&space[member], frame));
	}
}

/* In every other round the first finds all there is to find; or else whoever comes. */
static void everybody_is_counted(void)
{
	static struct space space[MEMBERS];

	for (int round = 0; round < 60 && !failures; round++) {
		uint32_t first = round % 2 ? MEMBERS : 1;
		struct vs_frame_map map;

		SAME("memory", vs_frames_init(&map, SHIFT), 0);
		for (uint32_t member = 0; member < MEMBERS; member++) {
			memset(&space[member], 0, sizeof(*space));
			if (member)
				derive(&space[member], &space[0]);
			else
				fill(&space[0]);
			tell_all(&map, member, &space[member], member < first);
		}
		if (first == 1)
			check_places(&map, &space[0]);
		check_members(&map, space, first);
		vs_frames_free(&map);
	}
}

int main(void)
{
	everybody_is_counted();
	return failures != 0;
}
