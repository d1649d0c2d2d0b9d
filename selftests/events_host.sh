#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vmscope events of the whole host: what happens where memory is scarce, against what the
# kernel itself counts of it. It is watched once, and each test asks the report for its own.
# Knows nothing of how events are counted.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=selftests/lib/command.sh
. "$here/lib/command.sh"
# shellcheck source=selftests/lib/events.sh
. "$here/lib/events.sh"
min_free=/proc/sys/vm/min_free_kbytes

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

# So much as the second node has free, and 4 MiB more, for any allocation there: each zone's
# part of the number is as large as its part of all memory.
scarce() {
	awk '
		/^Node/ { second = $2 == "1," && $4 == "Normal" }
		$1 == "pages" && second { free = $3 }
		$1 == "managed" { all += $2; if (second) here = $2 }
		END { if (!here) exit 1; printf "%.0f\n", (free + 1024) * 4 * all / here }' /proc/zoneinfo
}

# Who takes memory there has to wait until 4 MiB were swapped out, and has 16 that can be.
let_reclaim() {
	local all

	hold_program "$happens" bind:1 build:4096 wait stall:1 wait
	all=$(scarce) || skip "there is no second node"
	set_to $min_free "$all"
	pass_on
	set_to $min_free "$(cat "$WORK/was$min_free")"
	wait_until "kswapd to sleep" waits_in kswapd "$(pgrep -x kswapd1)"
	facts+=", \"reclaims\": $held, \"stalls\": $(said stall), \"kswapd\": $(pgrep -x kswapd1)"
	end_program
}

# The program that waits takes its last steps.
end_program() {
	echo >&7
	wait "$held" || die "the program ended with $?"
}

let_all_happen() {
	local facts='"none": 0'

	only_zram
	start_watching events
	let_reclaim
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
	judge define vmstat "lambda event, names: sum(by[event]['vmstat'].get(n, 0) for n in names.split())"
	# What came while another one was counted on that processor.
	judge define near "lambda told, kernels: 0 <= kernels - told <= r['lost']['recursion']"
}

# ---------------------------------------------------------------------- tests

# The kernel counts one again that got nothing.
test_allocations_that_reclaim() {
	what_happened
	judge define stalls "vmstat('reclaim', ' '.join('allocstall_' + zone for zone in
		('dma', 'dma32', 'normal', 'movable', 'device')))"
	check "near(by['reclaim']['times'], stalls)" "by['reclaim']"
	judge define mine "of[f['reclaims']]"
	check "near(mine['reclaim']['times'], f['stalls']) and f['stalls'] >= 1" "(mine, f)"
	check "mine['reclaim']['pages'] == by['reclaim']['vmstat']['pgsteal_direct'] >= 32" \
		"(mine, by['reclaim'])"
	check "0 < mine['reclaim']['time_ns'] <= by['reclaim']['latency']['time_ns']" "mine"
	check "mine['swap_out']['pages'] > mine['reclaim']['pages'] / 2" "mine"
}

test_kswapd() {
	what_happened
	check "of[f['reclaims']]['kswapd_wake']['times'] >= 1" "of[f['reclaims']]"
	judge define runs "of[f['kswapd']]['kswapd']"
	check "near(by['kswapd']['times'], by['kswapd']['vmstat']['pageoutrun'])" "by['kswapd']"
	check "1 <= runs['times'] <= by['kswapd']['times'] and runs['time_ns'] > 0" "runs"
	check "by['kswapd']['vmstat']['pgscan_kswapd'] >= 1" "by['kswapd']"
}

# --------------------------------------------------------------------------

begin_tests
run_tests events_host "$@"
