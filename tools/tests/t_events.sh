# SPDX-License-Identifier: GPL-2.0-or-later
# Who in the kernel asked for a memory event, as far as no kernel is needed.
# shellcheck shell=bash disable=SC2154

test_events_name_who_asked() {
	${CC:-gcc} -g -D_GNU_SOURCE -DVMSCOPE_BPF -I"$top/bpf" -Wall -Wextra \
		-fsanitize=address,undefined -o "$WORK/event_callers" "$here/event_callers.c" \
		"$top"/tools/lib/{event_callers,kernel_symbols}.c
	expect 0 "$WORK/event_callers"
}
