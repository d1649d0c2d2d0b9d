#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vmscope events where huge pages are not to be had, and why, against what the kernel itself
# counts of it. The host is watched once, and each test asks the report for its own. Knows
# nothing of how events are counted.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=selftests/lib/command.sh
. "$here/lib/command.sh"
# shellcheck source=selftests/lib/events.sh
. "$here/lib/events.sh"
khugepaged=/sys/kernel/mm/transparent_hugepage/khugepaged

# set_to FILE VALUE: until the test is over.
set_to() {
	[ -e "$WORK/was$1" ] || {
		mkdir -p "$WORK/was${1%/*}"
		sed 's/.*\[\(.*\)\].*/\1/' "$1" >"$WORK/was$1"
	}
	echo "$2" >"$1"
}

clean_up() {
	local file

	[ ! -d "$WORK/was" ] || while IFS= read -r file; do
		cat "$file" >"${file#"$WORK/was"}"
	done < <(find "$WORK/was" -type f)
	rm -rf "$WORK/was"
	kill -9 "${held-}" 2>/dev/null || :
	undo
}

# --------------------------------------------------------------- what happens

# The program that waits takes its last steps.
end_program() {
	echo >&7
	wait "$held" || die "the program ended with $?"
}

# Ten huge pages where sixteen MiB may be taken, and three where there is no room for one.
let_fall_back() {
	local huge

	group_with 16M
	# shellcheck disable=SC2016 # by that shell
	hold_program sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' $groups/vmscope-events \
		"$happens" huge:10 edge:3 wait
	huge=$(sed -n 's/^AnonHugePages: *\([0-9]*\) kB/\1/p' "/proc/$held/smaps_rollup")
	facts+=", \"falls\": $held, \"huge\": $((huge / 2048))"
	end_program
}

# refusals: how often khugepaged found each of three things too much, as the kernel counts.
refusals() {
	awk '/^thp_scan_exceed_/ { at[$1] = $2 }
		END { print at["thp_scan_exceed_none_pte"], at["thp_scan_exceed_swap_pte"],
			at["thp_scan_exceed_share_pte"] }' /proc/vmstat
}

has_refused() {
	local none swap share
	read -r none swap share < <(refusals)
	[ "$none" -ge $((before[0] + 2)) ] && [ "$swap" -ge $((before[1] + 3)) ] &&
		[ "$share" -ge $((before[2] + 4)) ]
}

# Of khugepaged, which has gone when nothing wants huge pages any more.
let_scan() {
	local before

	read -ra before < <(refusals)
	for what in none swap shared; do
		set_to $khugepaged/max_ptes_$what 0
	done
	set_to $khugepaged/pages_to_scan 100000
	hold_program "$happens" lent:4 none:2 gone:3 file:1 wait
	set_to $khugepaged/scan_sleep_millisecs 0
	wait_until "khugepaged" has_refused
	echo never >$thp
	facts+=", \"scanned\": $held"
	end_program
}

let_all_happen() {
	local facts='"none": 0' what

	only_zram
	huge_pages_on
	start_watching events
	let_fall_back
	let_scan
	stop_watching
	valid events
	echo "{$facts}" >"$WORK/happened.facts"
	cp "$WORK/out" "$WORK/happened"
}

# The report is in $WORK/out, and what the programs know in $WORK/facts. Once for all tests.
what_happened() {
	[ -e "$WORK/happened" ] || let_all_happen
	cp "$WORK/happened" "$WORK/out"
	cp "$WORK/happened.facts" "$WORK/facts"
	judge define by "{e['event']: e for e in r['events']}"
	judge define of "{p['pid']: p['events'] for p in r['processes']}"
}

# ---------------------------------------------------------------------- tests

# What never could be a huge page has not failed for want of one.
test_huge_pages_that_are_not_to_be_had() {
	what_happened
	judge define why "{w['reason']: w['times'] for w in by['thp_fault']['reasons']}"
	judge define mine "of[f['falls']]['thp_fault']"
	check "mine == {'times': 13, 'fallback': 13 - f['huge']} and 5 <= f['huge'] <= 8" "(mine, f)"
	check "sum(why.values()) == by['thp_fault']['fallback']" "(why, by['thp_fault'])"
	check "why['alloc_huge_page_fail'] == by['thp_fault']['vmstat']['thp_fault_fallback'] >=
		by['thp_fault']['vmstat']['thp_fault_fallback_charge'] == 10 - f['huge']" \
		"(why, by['thp_fault'])"
	check "why['address_range'] == 3" "why"
	check "by['thp_fault']['times'] - by['thp_fault']['fallback'] ==
		by['thp_fault']['vmstat']['thp_fault_alloc']" "by['thp_fault']"
}

test_ranges_that_khugepaged_refuses() {
	what_happened
	judge define why "{w['reason']: w['times'] for w in by['thp_scan']['reasons']}"
	judge define counted "by['thp_scan']['vmstat']"
	check "why['exceed_none_pte'] == counted['thp_scan_exceed_none_pte'] >= 2" "(why, counted)"
	check "why['exceed_swap_pte'] == counted['thp_scan_exceed_swap_pte'] >= 3" "(why, counted)"
	check "why['exceed_shared_pte'] == counted['thp_scan_exceed_share_pte'] >= 4" "(why, counted)"
	judge define mine "of[f['scanned']]['thp_scan']"
	check "mine['refused'] >= 2 + 3 + 4 and mine['times'] - mine['refused'] == 1" "(mine, why)"
	check "of[f['scanned']].get('thp_collapse', {'times': 1, 'failed': 0}) ==
		{'times': 1, 'failed': 0}" "of[f['scanned']]"
	check "sum(why.values()) == by['thp_scan']['times']" "(why, by['thp_scan'])"
}

# --------------------------------------------------------------------------

begin_tests
run_tests events_huge "$@"
