/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Room for a record in the buffer; knows nothing of what it says. Private to
 * the record stream.
 */
#ifndef VMS_ENCODE_RECORD_H
#define VMS_ENCODE_RECORD_H

#include "encode.h"

/* Whether @size bytes fit and leave room for what has to follow. */
static inline bool fits(struct encoder *e, u32 size, u32 follow)
{
	e->needed = size + follow;
	return e->used + e->needed <= e->room;
}

/* Room for a record, all of which the caller has to set. */
static inline void *begin_record(struct encoder *e, u32 size, u32 follow)
{
	void *record = e->buffer + e->used;

	if (!fits(e, size, follow))
		return NULL;
	e->used += size;
	e->records++;
	return record;
}

#endif /* VMS_ENCODE_RECORD_H */
