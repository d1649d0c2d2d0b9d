#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the command says of memory that KSM merged, of two processes of which it is known.
# Knows nothing of the interface between the command and the module.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=selftests/lib/command.sh
. "$here/lib/command.sh"
# shellcheck source=selftests/lib/swap.sh
. "$here/lib/swap.sh"

ksm=/sys/kernel/mm/ksm

# Who works beside a test ends with it; ksmd stands, and works as it did when the kernel came up.
clean_up() {
	areas_as_before
	touch "$WORK/enough"
	wait
	rm "$WORK/enough"
	echo 0 >$ksm/run
	echo 20 >$ksm/sleep_millisecs
	echo 100 >$ksm/pages_to_scan
}

# Two processes of which is known exactly what KSM merged: see merge.c. ksmd stands.
hold_merge() {
	: >"$WORK/facts"
	"$bin/merge" --hold >"$WORK/facts" 2>"$WORK/merge.err" <"$WORK/never" &
	local pid=$!
	# shellcheck disable=SC2064 # what it is now
	trap "kill -9 $pid 2>/dev/null || :; clean_up" EXIT
	for _ in {1..600}; do
		[ ! -s "$WORK/facts" ] || break
		pause 0.1
	done
	[ -s "$WORK/facts" ] || die "merge does not start: $(cat "$WORK/merge.err")"
	one=$(json "f['one']") other=$(json "f['other']")
}

zero_is_known() {
	[ -e $ksm/ksm_zero_pages ]
}

test_groups_are_exactly_what_was_equal() {
	hold_merge
	expect 0 vmscope ksm "$one" -J
	check "r['merged'][0]['merged'] == 48 * p" "r['merged']"
	check "at[f['start'][0]]['merged'] == 48 * p and at[f['start'][0]]['reason'] is None" \
		"at"
	check "r['groups']['frames'] == 17 and r['groups']['mappings'] == 96" "r['groups']"
	check "r['groups']['saved'] == (63 + 16) * p and r['groups']['not_found'] == 0" \
		"r['groups']"
	check "r['merged'][0]['saved'] == 39 * p + p // 2" "r['merged']"
	check "r['groups']['largest'][0]['mappings'] == 64 and
		{(s['pid'], s['times']) for s in r['groups']['largest'][0]['sharers']} ==
		{(f['one'], 32), (f['other'], 32)}" "r['groups']['largest'][0]"
	check "all(g['mappings'] == 2 for g in r['groups']['largest'][1:])" "r['groups']"
	expect 0 vmscope ksm "$one"
	has "$out" "14 more frames: --json has all of them"
}

test_agrees_with_the_kernel() {
	hold_merge
	expect 0 vmscope ksm "$one" -J
	check "r['merged'][0]['kernel']['merging_pages'] == 48" "r['merged']"
	tells "r['merged'][0]['kernel']['merging_pages']" "$(cat "/proc/$one/ksm_merging_pages")"
	check "r['merged'][0]['kernel']['ksm_stat_profit'] in
		(None, r['merged'][0]['kernel']['profit'])" "r['merged']"
	if zero_is_known; then
		check "r['merged'][0]['zero'] == 8 * p == r['merged'][0]['kernel']['zero_pages'] * p" \
			"r['merged']"
		has "$(cat "/proc/$one/ksm_stat")" \
			"ksm_process_profit $(json "r['merged'][0]['kernel']['profit']")"
	else
		check "r['merged'][0]['zero'] is None" "r['merged']"
	fi
	check "r['ksmd']['pages_shared'] == 17 and r['ksmd']['pages_sharing'] == 96 - 17" \
		"r['ksmd']"
}

test_of_many() {
	hold_merge
	expect 0 vmscope ksm --all -J
	check "[v['merged'] for v in r['merged'] if v['pid'] in (f['one'], f['other'])] ==
		[48 * p, 48 * p]" "r['merged']"
	check "sum(v['saved'] for v in r['merged']) == r['groups']['saved']" "r['groups']"
	check "r['groups']['frames'] == 17 and r['groups']['not_found'] == 0" "r['groups']"
	expect 0 vmscope ksm "$one" "$other"
	has "$out" "96 mappings of 17 frames"
}

test_why_not() {
	hold_merge
	expect 0 vmscope ksm "$one" -J
	check "at[f['unequal']]['reason'] == 'ksmd_off'" "at"
	check "at[f['file']]['reason'] == 'page_cache'" "at"
	check "f['unadvised'] not in at and r['merged'][0]['not_mergeable'] >= 32 * p" "at"
	echo 1 >$ksm/run
	expect 0 vmscope ksm "$one"
	has "$(tr -s ' \n' ' ' <"$WORK/out")" "one scan of this process takes"
	expect 0 vmscope ksm "$one" -J
	echo 0 >$ksm/run
	check "at[f['unequal']]['reason'] == 'nothing_equal'" "at"
	expect 0 vmscope ksm "$one"
	has "$out" "ksmd is off"
	has "$out" "is OFF"
}

test_why_not_yet() {
	echo 0 >$ksm/pages_to_scan
	echo 1 >$ksm/run
	hold_program python3 -c '
import mmap, sys
m = mmap.mmap(-1, 1 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
m.madvise(12)
m.write(b"x" * (1 << 19))
n = mmap.mmap(-1, 1 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=1)
n.madvise(12)
print("ready", flush=True)
sys.stdin.read()'
	expect 0 vmscope ksm "$held" -J
	echo 0 >$ksm/run
	echo 200 >$ksm/pages_to_scan
	mentions "[v['reason'] for v in r['mappings']]" not_scanned
	mentions "[v['reason'] for v in r['mappings']]" nothing_in_memory
	tells "r['groups']['frames'], r['merged'][0]['merged']" "(0, 0)"
}

# A huge page of which all pages are different, that KSM may merge; where it is, in $at.
hold_mergeable() {
	hold_program python3 -c '
import ctypes, mmap, sys
mergeable, huge_page, collapse, huge = 12, 14, 25, 2 << 20
libc = ctypes.CDLL(None, use_errno=True)
m = mmap.mmap(-1, 2 * huge, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
at = ctypes.addressof(ctypes.c_char.from_buffer(m)) + huge - 1 & -huge
def advise(advice):
    if libc.madvise(ctypes.c_void_p(at), ctypes.c_ulong(huge), advice):
        raise OSError(ctypes.get_errno())
advise(huge_page)
ctypes.memmove(at, b"".join(b"%4096d" % page for page in range(huge >> 12)), huge)
advise(collapse)
advise(mergeable)
print(hex(at), flush=True)
sys.stdin.read()'
	read -r at <"$WORK/held"
}

# reason WORD TEXT [COMMAND...]: that is why nothing of the mapping at $at is merged, for JSON and
# for people.
reason() {
	expect 0 "${@:3}" "$VMSCOPE" ksm "$held"
	has "$(tr -s ' \n' ' ' <"$WORK/out")" "$2"
	expect 0 "${@:3}" "$VMSCOPE" ksm "$held" -J
	tells "at[$at]['reason'], at[$at]['merged']" "('$1', 0)"
}

# scanned TIMES: ksmd has seen everything so often since it was told to unmerge.
scanned() {
	local scans
	read -r scans <$ksm/full_scans
	[ "$scans" -ge "$1" ]
}

test_why_not_while_it_unmerges() {
	hold_mergeable
	echo 2 >$ksm/run
	reason unmerging "KSM was told to unmerge"
}

# ksmd ends a scan and sleeps.
test_why_not_after_one_scan() {
	hold_mergeable
	echo 2 >$ksm/run
	echo 600000 >$ksm/sleep_millisecs
	echo 100000 >$ksm/pages_to_scan
	echo 1 >$ksm/run
	wait_until "a scan" scanned 1
	reason scanned_once "must see it unchanged"
	tells "r['ksmd']['full_scans']" 1
}

test_why_not_a_huge_page() {
	hold_mergeable
	echo 2 >$ksm/run
	echo 10 >$ksm/sleep_millisecs
	echo 100000 >$ksm/pages_to_scan
	echo 1 >$ksm/run
	wait_until "three scans" scanned 3
	reason huge_page "huge pages, nothing"
	tells "at[$at]['anon']" $((2 << 20))
}

test_why_not_what_is_in_swap() {
	only_zram
	hold_program "$bin/programs/swapper" mergeable
	read -r at <"$WORK/held"
	reason swapped "it is in swap"
}

# A kernel without KSM has no such folder.
test_why_not_without_ksm() {
	hold_mergeable
	reason no_ksm "this kernel has no KSM" unshare --mount \
		sh -c 'mount -t tmpfs none /sys/kernel/mm/ksm && exec "$@"' sh
}

test_without_anything_mergeable() {
	hold_program sh -c 'echo ready; read -r line'
	expect 0 vmscope ksm "$held" -J
	tells "r['merged'][0]['mergeable'], r['mappings']" "(0, [])"
	expect 0 vmscope ksm "$held"
	has "$(tr -s ' \n' ' ' <"$WORK/out")" "no anonymous memory has MADV_MERGEABLE"
	# nor is there anything to scan
	echo 1 >$ksm/run
	expect 0 vmscope ksm "$held"
	echo 0 >$ksm/run
	has_not "$(tr -s ' \n' ' ' <"$WORK/out")" "one scan of"
}

# In a family, what KSM merged is copied by who writes to it, and not counted as anonymous.
test_family_says_that_ksm_is_in_it() {
	hold_merge
	expect 0 vmscope share "$one" --family -J
	check "sum(m['would_copy'] for m in r['members']) >= 48 * p" "r['members']"
	expect 0 vmscope share "$one" --family
	has "$(tr -s ' \n' ' ' <"$WORK/out")" "more that KSM merged"
}

# The host's count of pages that are merged with others, in $sharing.
is_merged() {
	read -r sharing <$ksm/pages_sharing
	[ "$sharing" -gt 0 ]
}

is_merged_or_enough() {
	is_merged || [ -e "$WORK/enough" ]
}

# A line in $WORK/parted for each time that everything was merged and is no longer.
merge_and_part() {
	local sharing
	while [ ! -e "$WORK/enough" ]; do
		wait_until "ksmd merges" is_merged_or_enough
		echo 2 >$ksm/run
		is_merged || echo "parted" >>"$WORK/parted"
		echo 1 >$ksm/run
	done
}

# How often that was, in $times.
times_parted() {
	local lines
	mapfile -t lines <"$WORK/parted"
	times=${#lines[@]}
}

# Six of the reports have to have seen KSM at it between their beginning and their end.
test_beside_one_that_unmerges() {
	local amidst=0 before round times

	hold_merge
	echo 1 >$ksm/run
	: >"$WORK/parted"
	merge_and_part &
	for round in {1..40}; do
		times_parted
		before=$times
		expect 0 vmscope ksm "$one" -J
		times_parted
		[ "$times" -eq "$before" ] || amidst=$((amidst + 1))
		check "r['groups']['mappings'] >= r['groups']['frames']" "r['groups']"
		check "sum(v['merged'] for v in r['mappings']) == r['merged'][0]['merged'] <= 48 * p" \
			"r['mappings']"
		check "sum(v['merged'] + v['anon'] for v in r['mappings']) ==
			r['merged'][0]['mergeable'] <= (56 + 24) * p" "r['mappings']"
		check "r['merged'][0]['saved'] <= r['merged'][0]['merged']" "r['merged']"
		[ $amidst -lt 6 ] || break
	done
	expect 0 vmscope ksm --all -J
	check "r['groups']['mappings'] >= r['groups']['frames']" "r['groups']"
	[ $amidst -ge 6 ] || die "KSM unmerged beside only $amidst of $round looks"
}

# ------------------------------------------------------------------ screens

test_screens_fit() {
	hold_merge
	local what
	for what in "$one" --all; do
		fits 80 24 ksm "$what"
		fits 40 any ksm "$what"
	done
}

test_json_is_as_the_schema_says() {
	hold_merge
	expect 0 vmscope ksm "$one" -J; valid ksm
	expect 0 vmscope ksm --all -J; valid ksm
}

begin_tests
judge define at "{int(v['start'], 16): v for v in r['mappings']}"
run_tests ksm "$@"
