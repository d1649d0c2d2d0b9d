// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Storage of the model: growing arrays and packed sums. It must not know what
 * a figure means.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

_Static_assert(sizeof(struct vs_vma) == 72, "recorded files hold it as it is");
_Static_assert(sizeof(struct vs_walk) == 192, "recorded files hold it as it is");

/* In the arena, the three masks stand before the values. */

void vs_model_init(struct vs_model *model)
{
	memset(model, 0, sizeof(*model));
	model->cut = VS_COMPLETE;
	memset(&model->process.mm, 0xff,
	       sizeof(model->process) - offsetof(struct vs_process, mm));
}

void vs_model_clear(struct vs_model *model)
{
	free(model->vma);
	free(model->words);
	free(model->strings);
	free(model->walk);
	model->vma = NULL;
	model->words = NULL;
	model->strings = NULL;
	model->walk = NULL;
	model->nr_vmas = model->max_vmas = 0;
	model->nr_words = model->max_words = 0;
	model->nr_strings = model->max_strings = 0;
	model->nr_walks = 0;
	model->cut = VS_COMPLETE;
}

void vs_model_free(struct vs_model *model)
{
	vs_model_clear(model);
	free(model->swaps);
	vs_model_init(model);
}

/* Room for one more batch; large blocks move by remapping, not by copying. */
static void *grow(void *array, size_t *max, size_t need, size_t element)
{
	size_t want = *max + *max / 2 + 64;
	void *bigger;

	if (array && need <= *max)
		return array;
	if (want < need)
		want = need;
	bigger = reallocarray(array, want, element);
	if (bigger)
		*max = want;
	return bigger;
}

struct vs_vma *vs_model_add_vma(struct vs_model *model)
{
	struct vs_vma *vma;

	vma = grow(model->vma, &model->max_vmas, model->nr_vmas + 1, sizeof(*vma));
	if (!vma)
		return NULL;
	model->vma = vma;
	vma += model->nr_vmas++;
	memset(vma, 0, sizeof(*vma));
	vma->tally = VS_NO_TALLY;
	model->have_vmas = true;
	return vma;
}

static bool same_name(const struct vs_model *model, uint32_t at, const char *name, size_t length)
{
	return at && !memcmp(model->strings + at, name, length) &&
		!model->strings[at + length];
}

int vs_model_set_name(struct vs_model *model, struct vs_vma *vma, const char *name, size_t length)
{
	char *strings;
	size_t at;

	/* The segments of one file follow each other. */
	if (model->nr_vmas > 1 && vma > model->vma) {
		uint32_t before = vma[-1].name;

		if (before && model->nr_strings - before > length &&
		    same_name(model, before, name, length)) {
			vma->name = before;
			return 0;
		}
	}
	at = model->nr_strings ? model->nr_strings : 1;
	if (at + length + 1 > UINT32_MAX)
		return -ENOMEM;
	strings = grow(model->strings, &model->max_strings, at + length + 1, 1);
	if (!strings)
		return -ENOMEM;
	model->strings = strings;
	strings[0] = 0;
	memcpy(strings + at, name, length);
	strings[at + length] = 0;
	model->nr_strings = at + length + 1;
	vma->name = at;
	return 0;
}

const char *vs_model_name(const struct vs_model *model, const struct vs_vma *vma)
{
	switch (vma->name_kind) {
	case VS_NAME_HEAP:
		return "[heap]";
	case VS_NAME_STACK:
		return "[stack]";
	}
	return vma->name ? model->strings + vma->name : "";
}

size_t vs_tally_values(const struct vs_tally *tally)
{
	return __builtin_popcountll(tally->cells) + __builtin_popcountll(tally->counters) +
		__builtin_popcountll(tally->smaps);
}

static uint64_t sum(const uint64_t *value, uint64_t present, uint64_t mask)
{
	uint64_t total = 0;

	/* few are there: counting those below each one wanted would take longer */
	for (mask &= present; mask; present &= present - 1, value++) {
		uint64_t bit = present & -present;

		if (mask & bit)
			total += *value;
		mask &= ~bit;
	}
	return total;
}

uint64_t vs_tally_cells(const struct vs_tally *tally, uint64_t mask)
{
	return sum(tally->value, tally->cells, mask);
}

uint64_t vs_tally_counters(const struct vs_tally *tally, uint64_t mask)
{
	if (!(tally->counters & mask))
		return 0;
	return sum(tally->value + __builtin_popcountll(tally->cells), tally->counters, mask);
}

uint64_t vs_tally_smaps(const struct vs_tally *tally, uint64_t mask)
{
	return sum(tally->value + __builtin_popcountll(tally->cells) +
		   __builtin_popcountll(tally->counters), tally->smaps, mask);
}

static size_t put_sums(uint64_t *to, uint64_t present, const uint64_t *a, uint64_t in_a,
		       const uint64_t *b, uint64_t in_b)
{
	size_t n = 0;

	for (; present; present &= present - 1) {
		uint64_t bit = present & -present;

		to[n] = 0;
		if (in_a & bit)
			to[n] += *a++;
		if (in_b & bit)
			to[n] += *b++;
		n++;
	}
	return n;
}

static int store_tally(struct vs_model *model, struct vs_vma *vma, const struct vs_tally *tally)
{
	size_t values = vs_tally_values(tally);
	size_t at = model->nr_words;
	uint64_t *word;

	if (at + VS_TALLY_HEAD + values >= VS_NO_TALLY)
		return -ENOMEM;
	word = grow(model->words, &model->max_words, at + VS_TALLY_HEAD + values, sizeof(*word));
	if (!word)
		return -ENOMEM;
	model->words = word;
	word += at;
	word[0] = tally->cells;
	word[1] = tally->counters;
	word[2] = tally->smaps;
	if (values)
		memcpy(word + VS_TALLY_HEAD, tally->value, values * sizeof(*word));
	model->nr_words = at + VS_TALLY_HEAD + values;
	vma->tally = at;
	return 0;
}

int vs_model_add_tally(struct vs_model *model, struct vs_vma *vma, const struct vs_tally *tally)
{
	uint64_t value[VS_CELL_NR + VS_COUNT_NR + 64];
	struct vs_tally old, both;
	const uint64_t *a, *b;
	size_t n;

	if (vma->tally == VS_NO_TALLY)
		return store_tally(model, vma, tally);

	old = vs_model_tally(model, vma);
	both.cells = old.cells | tally->cells;
	both.counters = old.counters | tally->counters;
	both.smaps = old.smaps | tally->smaps;
	both.value = value;
	a = old.value;
	b = tally->value;
	n = put_sums(value, both.cells, a, old.cells, b, tally->cells);
	a += __builtin_popcountll(old.cells);
	b += __builtin_popcountll(tally->cells);
	n += put_sums(value + n, both.counters, a, old.counters, b, tally->counters);
	a += __builtin_popcountll(old.counters);
	b += __builtin_popcountll(tally->counters);
	put_sums(value + n, both.smaps, a, old.smaps, b, tally->smaps);
	/* A mapping read in parts is the last one: take its place back. */
	if (vma->tally + VS_TALLY_HEAD + vs_tally_values(&old) == model->nr_words)
		model->nr_words = vma->tally;
	return store_tally(model, vma, &both);
}

int vs_model_append(struct vs_model *model, const struct vs_model *part)
{
	for (size_t i = 0; i < part->nr_vmas; i++) {
		const struct vs_vma *from = &part->vma[i];
		struct vs_tally tally = vs_model_tally(part, from);
		struct vs_vma *to = model->nr_vmas ? &model->vma[model->nr_vmas - 1] : NULL;

		if (!to || to->start != from->start || to->end != from->end) {
			to = vs_model_add_vma(model);
			if (!to)
				return -ENOMEM;
			*to = *from;
			to->name = 0;
			to->tally = VS_NO_TALLY;
			to->covered = 0;
			if (from->name) {
				const char *name = part->strings + from->name;

				if (vs_model_set_name(model, to, name, strlen(name)))
					return -ENOMEM;
			}
		}
		to->marks |= from->marks;
		to->covered += from->covered;
		if (from->tally != VS_NO_TALLY && vs_model_add_tally(model, to, &tally))
			return -ENOMEM;
	}
	return 0;
}

void vs_cost_add(struct vs_cost *cost, const struct vs_cost *part)
{
	for (int i = 0; i < VS_LOCK_NR; i++) {
		cost->lock[i].count += part->lock[i].count;
		cost->lock[i].total_ns += part->lock[i].total_ns;
		if (cost->lock[i].longest_ns < part->lock[i].longest_ns)
			cost->lock[i].longest_ns = part->lock[i].longest_ns;
	}
	cost->sections += part->sections;
	cost->entries += part->entries;
	cost->waits += part->waits;
	cost->rewalks += part->rewalks;
	cost->marks |= part->marks;
}

size_t vs_model_first(const struct vs_model *model, uint64_t address)
{
	size_t low = 0, high = model->nr_vmas;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (model->vma[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct vs_vma *vs_model_find(const struct vs_model *model, uint64_t address)
{
	size_t at = vs_model_first(model, address);

	if (at < model->nr_vmas && model->vma[at].start <= address)
		return &model->vma[at];
	return NULL;
}
