// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * User stacks in a recorded file of page faults. It must not know how they are found,
 * nor how they are shown.
 */
#include <stdlib.h>
#include <string.h>

#include "stacks_file.h"

/* Deeper than any that is counted. */
#define DEEPEST		256

struct file_stacks {
	uint64_t filtered;
	uint64_t no_place;
	uint64_t mappings_lost;
};

int vs_stacks_record(struct vs_recorder *out, const struct vs_stacks *stacks,
		     struct vs_error *error)
{
	const struct file_stacks head = {
		.filtered = stacks->filtered,
		.no_place = stacks->no_place,
		.mappings_lost = stacks->mappings_lost,
	};

	if (!stacks->asked)
		return 0;
	if (vs_record_chunk(out, CHUNK_FAULT_STACKS, &head, sizeof(head), error) ||
	    vs_record_chunk(out, CHUNK_STACKS, stacks->stack,
			    stacks->nr_stacks * sizeof(*stacks->stack), error) ||
	    vs_record_chunk(out, CHUNK_STACKS_AT, stacks->at,
			    stacks->nr_at * sizeof(*stacks->at), error) ||
	    vs_record_chunk(out, CHUNK_FRAMES, stacks->frame,
			    stacks->nr_frames * sizeof(*stacks->frame), error))
		return -1;
	return vs_record_chunk(out, CHUNK_FRAMES_TEXT, stacks->text, stacks->nr_text, error);
}

static const struct chunk *find(const struct vs_file *file, enum chunk_type type)
{
	size_t at = sizeof(struct file_header);
	const struct chunk *chunk;

	for (; (chunk = vs_file_chunk(file, at)) && chunk->type != CHUNK_END;
	     at += vs_chunk_bytes(chunk))
		if (chunk->type == (uint32_t)type)
			return chunk;
	return NULL;
}

/* NULL without memory; with room for one more, which is zero. */
static void *copy(const struct vs_file *file, enum chunk_type type, size_t element, size_t *nr)
{
	const struct chunk *chunk = find(file, type);
	void *to;

	*nr = chunk ? chunk->size / element : 0;
	to = calloc(*nr + 1, element);
	if (to && chunk)
		memcpy(to, chunk + 1, *nr * element);
	return to;
}

/* Everything leads to where something is, and names end. */
static bool is_sound(struct vs_stacks *stacks)
{
	uint64_t frames = 0;

	if (!stacks->nr_text || *stacks->text || stacks->text[stacks->nr_text - 1])
		return false;
	for (size_t i = 0; i < stacks->nr_frames; i++)
		if (stacks->frame[i].kind > VS_FRAME_DEEPER ||
		    stacks->frame[i].name >= stacks->nr_text ||
		    stacks->frame[i].file >= stacks->nr_text)
			return false;
	for (size_t i = 0; i < stacks->nr_at; i++)
		if (stacks->at[i] >= stacks->nr_frames)
			return false;
	for (size_t i = 0; i < stacks->nr_stacks; i++) {
		struct vs_stack *stack = &stacks->stack[i];

		if (stack->nr > DEEPEST || stack->first > stacks->nr_at ||
		    stack->nr > stacks->nr_at - stack->first)
			return false;
		stack->comm[VS_STACK_COMM - 1] = 0;
		frames += stack->nr;
	}
	/* No two of them share any: so much is made room for where they become a tree. */
	return frames <= stacks->nr_at;
}

int vs_stacks_load(const struct vs_file *file, struct vs_stacks *stacks, struct vs_error *error)
{
	const struct chunk *chunk = find(file, CHUNK_FAULT_STACKS);
	struct file_stacks head;

	memset(stacks, 0, sizeof(*stacks));
	if (!chunk)
		return 0;
	if (chunk->size != sizeof(head))
		return vs_file_damaged(file, "its stacks are of another format", error);
	memcpy(&head, chunk + 1, sizeof(head));
	stacks->asked = true;
	stacks->filtered = head.filtered;
	stacks->no_place = head.no_place;
	stacks->mappings_lost = head.mappings_lost;
	stacks->stack = copy(file, CHUNK_STACKS, sizeof(*stacks->stack), &stacks->nr_stacks);
	stacks->at = copy(file, CHUNK_STACKS_AT, sizeof(*stacks->at), &stacks->nr_at);
	stacks->frame = copy(file, CHUNK_FRAMES, sizeof(*stacks->frame), &stacks->nr_frames);
	stacks->text = copy(file, CHUNK_FRAMES_TEXT, 1, &stacks->nr_text);
	if (!stacks->stack || !stacks->at || !stacks->frame || !stacks->text)
		return vs_error_memory(error);
	return is_sound(stacks) ? 0 :
		vs_file_damaged(file, "the snapshot contradicts itself", error);
}
