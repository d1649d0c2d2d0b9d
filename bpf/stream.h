/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults told one by one, as they happen: a part of faults.bpf.c. It must not know
 * how they are counted.
 *
 * What is wanted of them is constant when the programs are loaded: where nothing is,
 * the verifier removes all of this from them.
 */
#ifndef VMSCOPE_BPF_STREAM_H
#define VMSCOPE_BPF_STREAM_H

/* Its size is the loader's. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

const volatile bool stream;
/* All but the bits below a quarter of the buffer. */
const volatile __u64 stream_quarters;

/* Filters, as far as they are not zero: of stacks, too. */
const volatile __u32 stream_causes;		/* a bit each */
const volatile __u64 stream_slower;		/* ns */
const volatile __u64 stream_start, stream_end;
const volatile bool stream_named;		/* mappings of this kind, and name */
const volatile __u8 stream_kind;
const volatile char stream_name[FAULT_NAME];

__u64 nr_filtered, nr_dropped;
static __u32 nr_told_vmas;

static __always_inline bool is_named(const struct fault_vma *v)
{
	return v->kind == stream_kind &&
		(v->kind != VMA_KIND_FILE ||
		 !bpf_strncmp(v->name, FAULT_NAME, (const char *)stream_name));
}

static __always_inline bool is_wanted(const struct fault_vma *v, __u32 cause, __u64 address,
				      __u64 ns)
{
	if (stream_causes && !(stream_causes & 1u << (cause & 31)))
		return false;
	if (ns < stream_slower)
		return false;
	if (stream_end && (address < stream_start || address >= stream_end))
		return false;
	return !stream_named || (v && is_named(v));
}

/*
 * Who reads is woken when a further quarter of the buffer is full, not for each fault:
 * that costs more than all the rest. It looks by the clock besides.
 */
static __always_inline void hand_over(void *event, __u64 size)
{
	__u64 full = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);
	bool further = (full ^ (full - size)) & stream_quarters;

	bpf_ringbuf_submit(event, further ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

/* Once, before its first fault: of those that follow only its number is told. */
static __always_inline bool tell_vma(struct fault_vma *v)
{
	struct fault_told_vma *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return false;
	event->what = FAULT_TOLD_VMA;
	event->kind = v->kind;
	event->foreign = v->foreign;
	event->reserved = 0;
	event->vma = __sync_fetch_and_add(&nr_told_vmas, 1) + 1;
	event->device = v->device;
	event->reserved_too = 0;
	event->start = v->start;
	event->pgoff = v->pgoff;
	event->inode = v->inode;
	__builtin_memcpy(event->name, v->name, sizeof(event->name));
	/* Whoever sees its number finds it told before. */
	v->told = event->vma;
	hand_over(event, sizeof(*event) + BPF_RINGBUF_HDR_SZ);
	return true;
}

/* All but what is told of its mapping, if that is known: NULL is none. */
static __always_inline void tell(struct fault_vma *v, const struct fault_told *what)
{
	struct fault_told *event = NULL;

	if (!is_wanted(v, what->cause, what->address, what->ns)) {
		__sync_fetch_and_add(&nr_filtered, 1);
		return;
	}
	if (!v || v->told || tell_vma(v))
		event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&nr_dropped, 1);
		return;
	}
	*event = *what;
	event->vma = v ? v->told : 0;
	event->dropped = nr_dropped;
	hand_over(event, sizeof(*event) + BPF_RINGBUF_HDR_SZ);
}

#endif
