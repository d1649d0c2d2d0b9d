#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vmscope events, of programs to whose memory known things happen, and against what the
# kernel itself counts of them. Knows nothing of how they are counted.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=selftests/lib/command.sh
. "$here/lib/command.sh"
# shellcheck source=selftests/lib/events.sh
. "$here/lib/events.sh"
ksm=/sys/kernel/mm/ksm
min_free=/proc/sys/vm/min_free_kbytes
second=/sys/devices/system/node/node1
pool=$second/hugepages/hugepages-2048kB/nr_hugepages
ptes_none=/sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_none

# After each test: as it was.
clean_up() {
	[ ! -e "$WORK/ksm" ] || cat "$WORK/ksm" >$ksm/run
	[ ! -e "$WORK/pool" ] || cat "$WORK/pool" >$pool
	[ ! -e "$WORK/ptes_none" ] || cat "$WORK/ptes_none" >$ptes_none
	rm -f "$WORK/ksm" "$WORK/pool" "$WORK/ptes_none"
	undo
	[ ! -e "$WORK/min_free" ] || cat "$WORK/min_free" >$min_free
	rm -f "$WORK/min_free"
}

all_of_it_for_one_process() {
	cat $ksm/run >"$WORK/ksm"
	echo 200 >$ksm/pages_to_scan
	echo 1 >$ksm/run
	huge_pages_on
	# The huge pages that are split have a hole: khugepaged, which wakes at the first
	# advice, shall not make them huge again.
	cat $ptes_none >"$WORK/ptes_none"
	echo 0 >$ptes_none
	only_zram
	hold_program "$happens" build:64 wait give:64 out:64 in:64 mmap:20 munmap:21 brk:22 mremap:23 \
		mprotect:24 fork:5 exec:3 huge:3 split:2 collapse:2 move:16 merge:32 \
		reread:32 wait
}

# Counted as often as they were let happen, and as the kernel itself counts.
test_counts_of_a_process() {
	all_of_it_for_one_process
	start_watching events "$held"
	pass_on
	stop_watching
	valid events
	judge define p1 "([p for p in r['processes'] if p['pid'] == $held] or [{'events': {}}])[0]['events']"
	judge define at "[m for m in r['mappings'] if int(m['start'], 16) == int('$(said build)', 16)]"
	judge define why "{e['event']: {w['reason']: w for w in e['reasons']} for e in r['events']}"
	check "r['lost']['complete']" "r['lost']"
	# Of a kernel that is compiled otherwise the function that merges is no hook: it says so.
	check "set(r['cost']['missing_hooks']) <= {'mm_khugepaged_collapse_file'} |
		({'stable_tree_append'} if '${KERNEL_NAME:-}' == 'debug' else set())" "r['cost']"
	same "$(said give)" 64
	same "$(said out)" 64
	same "$(said in)" 0
	same "$(times swap_out pages)" 64
	same "$(times swap_in)" 64
	same "$(times refault_anon pages)" 64
	same "$(times refault_file pages)" 32
	check "[(m['swap_out_pages'], m['swap_in'], m['pid']) for m in at] == [(64, 64, $held)]" "at"
	same "$(times mmap)" 24
	same "$(times munmap)" 21
	same "$(times brk)" 22
	same "$(times mremap)" 23
	same "$(times mprotect)" 25
	same "$(times fork)" 9
	check "p1['fork']['bytes'] >= 9 * 4096" "p1['fork']"
	same "$(times thp_fault)" 3
	same "$(times thp_fault fallback)" 0
	same "$(times thp_split_pmd)" 2
	same "$(times thp_collapse)" 2
	check "why['thp_collapse'] == {'succeed': {'reason': 'succeed', 'times': 2}}" "why"
	same "$(times migrate pages)" "$(said move)"
	same "$(said move)" 16
	check "why['migrate']['syscall']['pages'] == 16" "why['migrate']"
	same "$(said merge)" 32
	check "p1.get('ksm_merge', {'times': 0})['times'] ==
		(0 if 'stable_tree_append' in r['cost']['missing_hooks'] else 32)" "p1"
	check "p1['tlb_flush']['times'] == sum(w['times'] for w in why['tlb_flush'].values()) > 20" \
		"why['tlb_flush']"
	check "all(e['latency']['times'] == 64 and e['latency']['max_ns'] > 0
		for e in r['events'] if e['event'] == 'swap_in')" "r['events'][1]"
}

# Its other thread goes on, and takes more than there is.
without_main_thread='
import ctypes, threading, time
def take():
    time.sleep(0.1)
    b"x" * (32 << 20)
threading.Thread(target=take).start()
ctypes.CDLL(None).syscall(60, 0)'

# What others do, on the whole host: for the limit of a group, to compact, to kill.
test_host() {
	group_with 16M
	start_watching events
	echo 1 >/proc/sys/vm/compact_memory
	(echo $BASHPID >$groups/vmscope-events/cgroup.procs && exec "$happens" build:8192) \
		>/dev/null 2>&1 || :
	(echo $BASHPID >$groups/vmscope-events/cgroup.procs && exec python3 -c "$without_main_thread") \
		>/dev/null 2>&1 || :
	pause 0.1
	stop_watching
	valid events
	judge define by "{e['event']: e for e in r['events']}"
	judge define mine "[p['events'] for p in r['processes'] if p['pid'] == $BASHPID][0]"
	same "$(sed -n 's/^oom_kill //p' $groups/vmscope-events/memory.events)" 2
	check "by['oom_kill']['times'] == 2 == by['oom_kill']['vmstat']['oom_kill']" "by['oom_kill']"
	check "[(k['comm'], k['asked_by_comm'], k['cgroup'], k['swap'], k['order']) for k in r['kills']]
		== [('happens', 'happens', True, 0, 0), ('python3', 'python3', True, 0, 0)]" "r['kills']"
	check "r['kills'][1]['anon'] > 1 << 20" "r['kills'][1]"
	check "8 << 20 < r['kills'][0]['anon'] <= 16 << 20 and r['kills'][0]['score'] > 0" "r['kills']"
	check "r['kills'][0]['page_tables'] >= 4096 * 8" "r['kills']"
	check "mine['compact']['times'] >= 1 and mine['compact']['time_ns'] > 0" "mine"
	check "mine['fork']['times'] >= 1" "mine"
	check "by['reclaim_cgroup']['times'] >= 1 and by['reclaim_cgroup']['latency']['time_ns'] > 0" \
		"by['reclaim_cgroup']"
	check "by['teardown']['times'] >= 1 and by['exec']['times'] >= 1" "by"
	check "r['pressure'][0]['after'] or r['pressure'][0]['reason']" "r['pressure']"
}

# One that said what it has mapped before it took more than there is.
test_killed_ones_are_told_with_their_mappings() {
	group_with 16M
	# shellcheck disable=SC2016 # by that shell
	hold_program sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' $groups/vmscope-events \
		"$happens" wait build:8192
	awk 'BEGIN { printf "{\"maps\": [" }
		!/\[(stack|vsyscall)\]/ { split($1, at, "-")
			printf "%s[\"%s\", \"%s\", \"%s\"]", n++ ? ", " : "", at[1], at[2], $2 }
		END { print "]}" }' "/proc/$held/maps" >"$WORK/facts"
	start_watching oom
	echo >&7
	wait "$held" 2>/dev/null || :
	stop_watching
	valid oom
	check "[(k['comm'], k['pid'], k['cgroup'], k['gone'], k['lost_mappings']) for k in r['kills']]
		== [('happens', $held, True, True, 0)]" "r['kills']"
	judge define got "{(int(m['start'], 16), int(m['end'], 16), m['perm']) for m in
		r['kills'][0]['mappings'] if m['name'] != '[stack]'}"
	judge define was "{(int(s, 16), int(e, 16), perm) for s, e, perm in f['maps']}"
	check "was <= got" "(was - got, got)"
	check "sorted((e - s, perm) for s, e, perm in got - was) ==
		[(p, '---p'), (p, '---p'), (8192 * p, 'rw-p')]" "got - was"
	check "[m['name'] for m in r['kills'][0]['mappings'] if m['perm'] == 'r-xp' and m['file']]
		== ['happens']" "r['kills'][0]['mappings']"
}

both_are_told() {
	[ "$(grep -c ^mapped "$WORK/told")" = 2 ]
}

# A group that is killed as one: the chosen one, of which the main thread has ended and which
# has more mappings than find place, and one beside it. One who watches says so before it is
# stopped, in spite of a name that would paint; for that one nobody reads meanwhile.
test_killed_group_is_told_when_it_is_gone() {
	local name=$'ha\e[31m' status=0
	group_with 16M
	echo 1 >$groups/vmscope-events/memory.oom.group
	cp "$happens" "$WORK/$name"
	# shellcheck disable=SC2016 # by that shell
	hold_program sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' $groups/vmscope-events \
		"$WORK/$name" cut:6000 wait leave build:8192
	sleep 1000 7>&- &
	beside=$!
	echo $beside >$groups/vmscope-events/cgroup.procs
	echo "{\"maps\": $(grep -vc vsyscall "/proc/$held/maps")}" >"$WORK/facts"
	"$VMSCOPE" oom -w "$WORK/told" 2>"$WORK/told.err" 7>&- &
	teller=$!
	wait_until "the one that tells" waits_in poll $teller
	start_watching oom
	kill -STOP $teller
	echo >&7
	wait "$held" $beside 2>/dev/null || :
	kill -CONT $teller
	wait_until "both" both_are_told
	same "$(grep -c '^killed' "$WORK/told")" 2
	stop_watching
	kill -INT $teller
	wait $teller || status=$?
	check "[k['gone'] for k in r['kills']] == [True, True] and r['lost_kills'] == 0" "r['kills']"
	check "{k['pid']: k['comm'] for k in r['kills']} == {$held: 'ha\\x1b[31m', $beside: 'sleep'}" \
		"[(k['pid'], k['comm']) for k in r['kills']]"
	judge define big "[k for k in r['kills'] if k['pid'] == $held][0]"
	check "f['maps'] > 12000 and len(big['mappings']) + big['lost_mappings'] == f['maps'] + 3" \
		"(len(big['mappings']), big['lost_mappings'], f)"
	check "sum(k['lost_mappings'] for k in r['kills']) == r['lost_mappings']" "r['lost_mappings']"
	same $status 6
	grep -q 'mappings found no place' "$WORK/told.err" || die "$(cat "$WORK/told.err")"
	same "$(grep -c '^killed' "$WORK/told")" 2
	grep -q '^mapped .* mappings, LOST ' "$WORK/told" || die "$(cat "$WORK/told")"
	! grep 'so far' "$WORK/told" || die "it is gone"
	grep -qF 'killed  ha\x1b[31m (' "$WORK/told" || die "$(cat "$WORK/told")"
	! grep -q $'\e' "$WORK/told" || die "$(cat -v "$WORK/told")"
}

# All of a command, from exec to exit, and its children: each has a mapping of its own.
test_command_is_followed_and_told() {
	huge_pages_on
	only_zram
	"$VMSCOPE" events -J -w "$WORK/out" -- sh -c "$happens fork:2 exec:1 build:16 give:16 \
		give:16 give:16 huge:1 sink:1; exit 7" >"$WORK/held"
	valid events
	same "$(said give)" $'16\n16\n16'
	same "$(said sink)" 512
	judge define at "[m for m in r['mappings'] if int(m['start'], 16) == int('$(said build)', 16)]"
	check "[m['swap_out_pages'] for m in at] == [16] * 3 and len({m['pid'] for m in at}) == 3" \
		"r['mappings']"
	check "[m['swap_out_pages'] for m in r['mappings'] if int(m['start'], 16) <=
		int('$(said huge)', 16) < int(m['end'], 16)] == [512]" "r['mappings']"
	check "r['command']['exit_status'] == 7" "r['command']"
	check "sorted(p['comm'] for p in r['processes']) == ['exe'] + ['happens'] * 6 + ['sh']" \
		"r['processes']"
	check "sum(p['events'].get('teardown', {'times': 0})['times'] for p in r['processes']) ==
		sum(p['events'].get(e, {'times': 0})['times'] for p in r['processes']
		for e in ('fork', 'exec')) + 1" "r['processes']"
	fits 80 24 events -- "$happens" build:64 fork:2
}

# As many processes as there is place for, whether they are followed or told of, and as many
# mappings: what is behind that is in the totals. Of those who come when all of the others have
# gone none is told.
test_those_without_a_place_are_told() {
	local status=0 later=200

	only_zram
	"$VMSCOPE" events --room 500 -J -w "$WORK/out" -- "$happens" crowd:600 crowd:$later patch:600 \
		>"$WORK/held" || status=$?
	same $status 6
	same "$(said patch)" 600
	check "r['lost']['complete'] is False and r['lost']['no_time'] == 0" "r['lost']"
	judge define by "{e['event']: e for e in r['events']}"
	# Of many at once some find no memory at hand, too, and leave their places to later ones.
	judge define more "r['lost']['not_followed'] - (1 + 600 - 500)"
	check "0 <= more < $later" "r['lost']"
	check "len(r['processes']) == len(r['mappings']) == 500" \
		"(len(r['processes']), len(r['mappings']))"
	judge define own "[p['events'] for p in r['processes'] if p['comm'] == 'happens' and
		'exec' in p['events']][0]"
	check "by['brk']['times'] == 499 - more + $later + own['brk']['times'] - r['lost']['recursion']" \
		"(by['brk'], own['brk'])"
	check "r['lost']['no_process'] == sum(e['times'] for e in r['events']) -
		sum(e['times'] for p in r['processes'] for e in p['events'].values()) >= $later - more" "r['lost']"
	check "by['swap_out']['pages'] == 600 - r['lost']['recursion']" "by['swap_out']"
	check "sum(m['swap_out_pages'] + m['swap_in'] + m['thp_fault'] + m['thp_fallback'] +
		m['thp_split_pmd'] for m in r['mappings']) + r['lost']['no_mapping'] ==
		by['swap_out']['pages'] + by['swap_in']['times'] + by['thp_fault']['times'] +
		by['thp_split_pmd']['times']" "r['lost']"
	# Mappings were cut where an entry begins, but none of them was huge.
	same "$(json "by['thp_split_pmd']['times']")" 0
	status=0
	"$VMSCOPE" events --room 64 -w "$WORK/out" -- "$happens" crowd:80 >/dev/null || status=$?
	same $status 6
	has "$(<"$WORK/out")" "more place: vmscope events --room N"
}

# The kernel has no reason for these: who in it asked is told. Of two huge pages a part is
# unmapped, and one of them goes to swap; then two are swapped out as they are.
test_splits_are_told_with_who_asked() {
	huge_pages_on
	only_zram
	"$VMSCOPE" events -J -w "$WORK/out" -- "$happens" huge:3 split:2 sink:1 huge:2 sink:2 >"$WORK/held"
	valid events
	judge define by "{e['event']: e for e in r['events']}"
	judge define asked "{e: {w['reason']: w['times'] for w in by[e]['reasons']} for e in by}"
	check "by['thp_split']['times'] == 1" "by['thp_split']"
	check "asked['thp_split'] == {'madvise_cold_or_pageout_pte_range': 1}" "asked['thp_split']"
	check "by['thp_split_pmd']['times'] == 4 and len(asked['thp_split_pmd']) == 2 and
		asked['thp_split_pmd']['shrink_folio_list'] == 2 and 'unknown' not in asked['thp_split_pmd'] and
		sum(asked['thp_split_pmd'].values()) == 4" "(by['thp_split_pmd'], asked['thp_split_pmd'])"
	check "by['thp_split']['vmstat']['thp_split_page'] >= 1 and
		by['thp_split_pmd']['vmstat']['thp_split_pmd'] >= 4" "by['thp_split_pmd']"
}

# Ten huge pages where sixteen MiB may be taken, and three where there is no room for one: what
# never could be a huge page has not failed for want of one, and the kernel counts none.
test_huge_pages_that_are_not_to_be_had() {
	local huge

	huge_pages_on
	group_with 16M
	start_watching events
	# shellcheck disable=SC2016 # by that shell
	hold_program sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' $groups/vmscope-events \
		"$happens" huge:10 edge:3 wait
	huge=$(sed -n 's/^AnonHugePages: *\([0-9]*\) kB/\1/p' "/proc/$held/smaps_rollup")
	echo "{\"huge\": $((huge / 2048))}" >"$WORK/facts"
	echo >&7
	wait "$held" || die "the program ended with $?"
	stop_watching
	valid events
	judge define by "{e['event']: e for e in r['events']}"
	judge define why "{w['reason']: w['times'] for w in by['thp_fault']['reasons']}"
	judge define mine "[p['events']['thp_fault'] for p in r['processes'] if p['pid'] == $held][0]"
	check "mine == {'times': 13, 'fallback': 13 - f['huge']} and 5 <= f['huge'] <= 8" "(mine, f)"
	check "sum(why.values()) == by['thp_fault']['fallback']" "(why, by['thp_fault'])"
	check "why['alloc_huge_page_fail'] == by['thp_fault']['vmstat']['thp_fault_fallback'] >=
		by['thp_fault']['vmstat']['thp_fault_fallback_charge'] == 10 - f['huge']" \
		"(why, by['thp_fault'])"
	check "why['address_range'] == 3" "why"
	check "by['thp_fault']['times'] - by['thp_fault']['fallback'] ==
		by['thp_fault']['vmstat']['thp_fault_alloc']" "by['thp_fault']"
}

# Small pages that somebody else holds are not made a huge one, and the kernel says why.
test_ranges_that_are_not_collapsed() {
	huge_pages_on
	"$VMSCOPE" events -J -w "$WORK/out" -- "$happens" piped:3 >"$WORK/held"
	valid events
	same "$(said piped)" 3
	judge define by "{e['event']: e for e in r['events']}"
	judge define why "{w['reason']: w['times'] for w in by['thp_scan']['reasons']}"
	check "why == {'page_count': by['thp_scan']['times']}" "why"
	check "by['thp_scan']['times'] == by['thp_scan']['refused'] >= 3" "by['thp_scan']"
	same "$(json "by['thp_collapse']['times']")" 0
}

# leave_of_second_node MIB: the rest of what is free there goes to huge pages that nobody takes.
leave_of_second_node() {
	local free

	cat $pool >"$WORK/pool"
	free=$(awk '$3 == "MemFree:" { print $4 }' $second/meminfo)
	echo $(($(cat $pool) + (free / 1024 - $1) / 2)) >$pool
}

# Where a node has hardly any memory left who wants more has to reclaim it, where kswapd was not
# there before; and where what is free is in pieces a huge page has to be made by compaction.
test_memory_of_one_node_runs_out() {
	local kswapd each

	[ -e $pool ] || skip "one node only, or no huge pages"
	kswapd=$(pgrep -x kswapd1)
	only_zram
	huge_pages_on
	# Little has to be kept free, so that what is left can be used.
	cat $min_free >"$WORK/min_free"
	echo 2048 >$min_free
	# Where compaction has failed before, up to 64 attempts are put off and no stall.
	hold_program "$happens" bind:1 build:2048 wait stall:1 thin:4096 huge:96 wait
	leave_of_second_node 16
	start_watching events
	pass_on
	# As long as there is so little, it is woken again and again, and may be at work when
	# the figures are taken.
	cat "$WORK/pool" >$pool
	for each in $(pgrep '^kswapd'); do
		wait_until "kswapd to sleep" waits_in kswapd "$each"
	done
	stop_watching
	valid events
	judge define by "{e['event']: e for e in r['events']}"
	judge define of "{p['pid']: p['events'] for p in r['processes']}"
	judge define mine "of[$held]"
	# What came while another one was counted on that processor.
	judge define near "lambda told, kernels: 0 <= kernels - told <= r['lost']['recursion']"
	judge define why "{w['reason']: w['times'] for w in by['compact_stall']['reasons']}"
	# Newer kernels do not count what was put off.
	judge define counted "by['compact_stall']['vmstat']['compact_stall']"
	check "near(by['compact_stall']['times'], counted) or
		near(by['compact_stall']['times'] - why.get('deferred', 0), counted)" "(why, counted)"
	check "mine['compact_stall']['times'] >= 1 and mine['compact_stall']['time_ns'] > 0" "mine"
	check "sum(why.values()) == by['compact_stall']['times'] and 'skipped' not in why" "why"
	# One that has got nothing can count as two for the kernel, and as a page for who asked.
	judge define stalls "sum(n for name, n in by['reclaim']['vmstat'].items()
		if name.startswith('allocstall_'))"
	check "by['reclaim']['times'] <= stalls <= 2 * by['reclaim']['times'] + r['lost']['recursion']" \
		"by['reclaim']"
	check "mine['reclaim']['times'] >= $(said stall) >= 1" "(mine, $(said stall))"
	check "by['reclaim']['vmstat']['pgsteal_direct'] <= by['reclaim']['pages']" "by['reclaim']"
	check "0 < mine['reclaim']['time_ns'] <= by['reclaim']['latency']['time_ns']" "by['reclaim']"
	check "mine['kswapd_wake']['times'] >= 1" "mine"
	check "near(by['kswapd']['times'], by['kswapd']['vmstat']['pageoutrun'])" "by['kswapd']"
	check "1 <= of[$kswapd]['kswapd']['times'] and of[$kswapd]['kswapd']['time_ns'] > 0" \
		"of[$kswapd]"
	check "by['swap_out']['pages'] >= 1" "by['swap_out']"
}

test_permission() {
	cp "$VMSCOPE" "$WORK/vmscope" && chmod 755 "$WORK/vmscope"
	refused 5 "CAP_BPF" as_nobody "$WORK/vmscope" events -d 10ms
}

# --------------------------------------------------------------------------

begin_tests
run_tests events "$@"
