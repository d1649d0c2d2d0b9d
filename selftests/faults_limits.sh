#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vmscope faults where there is no place for all of them: what is lost is told. Knows nothing of
# how they are counted.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=selftests/lib/command.sh
. "$here/lib/command.sh"
# shellcheck source=selftests/lib/faults.sh
. "$here/lib/faults.sh"

# They have no row, but what they had is in the totals.
test_threads_without_a_place_are_told() {
	local status=0

	"$VMSCOPE" faults --room 500 -J -w "$WORK/out" -- "$steps" passing:600 >"$WORK/said" ||
		status=$?
	same $status 6
	check '
same(r["lost"], {"complete": False, "no_thread_storage": 0, "not_followed": 0, "no_mapping": 0,
                 "threads": 601 - 500}, "lost")
same((total["minor"], total["major"]), (r["command"]["wait4"]["minor"],
                                        r["command"]["wait4"]["major"]), "totals")
same((total["lost_minor"], total["lost_major"]), (0, 0), "lost")
[process] = r["processes"]
assert total["minor"] - process["minor"] >= 601 - 500, (total, process["minor"])
same([m["minor"] for m in at(s["passing"][0][0])], [600], "mapping")
'
}

test_mappings_without_a_place_are_told() {
	local status=0

	"$VMSCOPE" faults --room 500 -J -w "$WORK/out" -- "$steps" mappings:700 >"$WORK/said" ||
		status=$?
	same $status 6
	check '
lost = r["lost"]
same(lost["complete"], False, "complete")
same((total["minor"], total["major"]), (r["command"]["wait4"]["minor"],
                                        r["command"]["wait4"]["major"]), "totals")
assert lost["no_mapping"] > 200
same(sum(m["minor"] + m["major"] for m in r["mappings"]) + lost["no_mapping"],
     total["minor"] + total["major"], "mappings")
'
}

# Nor is any lost of those who sleep in their faults.
test_threads_that_wait_need_no_place() {
	faults_of waiting:64
	check '
same(r["lost"]["complete"], True, "complete")
same((total["minor"], total["major"]), (r["command"]["wait4"]["minor"],
                                        r["command"]["wait4"]["major"]), "totals")
[waited] = at(s["waiting"][0][0])
same(waited["minor"] + waited["major"], 64, "mapping")
same(waited["causes"], {"userfaultfd": 64}, "causes")
'
}

# As where there is nothing but kprobes, which have all of those who do not wait.
test_kprobes_have_all_but_those_who_wait() {
	export VMSCOPE_NO_FENTRY=1
	faults_of anon populate writev read fork threads:4 zero reuse null:3
	valid faults
	check '
same(r["cost"]["missing_hooks"][0], "fentry", "said")
same(r["lost"]["complete"], True, "complete")
same((total["minor"], total["major"]), (r["command"]["wait4"]["minor"],
                                        r["command"]["wait4"]["major"]), "totals")
same(total["wrong"], 3, "wrong")
for name in "anon", "populate", "writev", "read":
    same([m["minor"] for m in at(s[name][0][0])], [256], name)
    same(at(s[name][0][0])[0]["causes"], {"anon_zero_fill": 256}, name)
child = s["fork"][0][3:]
same([[p["pid"], p["minor"], p["major"]] for p in r["processes"] if p["pid"] == child[0]],
     [child], "child")
'
}

test_ends_that_kprobes_miss_are_told() {
	local status=0

	export VMSCOPE_NO_FENTRY=1
	"$VMSCOPE" faults -J -w "$WORK/out" -- "$steps" waiting:64 >"$WORK/said" || status=$?
	same $status 6
	check '
same(r["lost"]["complete"], False, "complete")
same((total["minor"], total["major"]), (r["command"]["wait4"]["minor"],
                                        r["command"]["wait4"]["major"]), "totals")
assert total["lost_minor"] > 20, total
# what waits comes again, when there is a place for it
[waited] = at(s["waiting"][0][0])
lost = sum(t["lost_minor"] + t["lost_major"] for p in r["processes"] for t in p["threads"]
           if t["tid"] != p["pid"])
same(waited["causes"], {"userfaultfd": 64 - lost}, "causes")
'
	"$VMSCOPE" faults -w "$WORK/out" -- "$steps" anon >/dev/null
	has "$(<"$WORK/out")" "kprobes may miss ends of faults that wait"
}

# Room for seventy, and nobody reads: those are told, then how many were lost, then those that
# came when there was room again.
test_full_buffer_is_told() {
	hold_program "$steps" malloc wait memset wait anon:50 null:2 wait
	watch --follow --buffer 4K --range '[anon]' --record "$WORK/kept"
	kill -STOP "$watcher"
	wait_until "the watcher stands" is_stopped "$watcher"
	pass_on
	kill -CONT "$watcher"
	wait_until "what the watcher has to tell" [ -s "$WORK/out" ]
	wait_until "the watcher" waits_in poll "$watcher"
	pass_on
	stop_watching 6
	detached
	part_lines
	valid faults
	show_again
	cp "$WORK/out" "$WORK/report"
	expect 6 vmscope faults --from "$WORK/kept"
	has "$out" "recorded 20"
	has "$out" " here, for want of room"
	head -c 5000 "$WORK/kept" >"$WORK/cut"
	refused 2 "cut off: record it again with 'vmscope faults --record" \
		vmscope faults --from "$WORK/cut"
	refused 2 "holds nothing" vmscope show --from "$WORK/kept"
	fits 40 any faults --from "$WORK/kept"
	fits 80 any faults --from "$WORK/kept"
	has "$(<"$WORK/out")" "# all pages had a fault"
	: >"$WORK/said"
	cp "$WORK/report" "$WORK/out"
	check "$lined$again"'
[lost] = [n for n, l in enumerate(lines) if "lost" in l]
same({l["mapping"]["name"] for l in told}, {"[anon]"}, "names")
same(stream["lines"] + stream["lost"], sum(m["minor"] + m["major"] for m in r["mappings"]
                                           if m["name"] == "[anon]"), "anonymous ones")
assert 50 <= lost <= 73 and lines[lost]["lost"] > 180, (lost, lines[lost])
[late] = [int(m["start"], 16) for m in r["mappings"] if m["minor"] == 50]
after = [int(l["address"], 16) for l in lines[lost + 1:]]
assert {late + 4096 * n for n in range(50)} <= set(after), after
same(stream["buffer_bytes"], os.sysconf("SC_PAGE_SIZE"), "buffer")
assert stream["filtered"] >= 2, stream
same(r["lost"]["complete"], False, "complete")
'
}

# For each of 2,100 one that is like no other.
test_stacks_without_a_place_are_told() {
	local status=0 all sum turns no_place minor major

	"$VMSCOPE" faults --room 500 --stacks=folded --record "$WORK/kept" -w "$WORK/folded" -- \
		"$stacks" many 2100 >"$WORK/said" || status=$?
	same $status 6
	read -r all sum turns no_place < <(awk '
		{ sum += $NF }
		/^\[found no place\]/ { none = $NF; next }
		{ all++ }
		/^stacks;.*;turn;/ { turns += $NF }
		END { print all, sum, turns, none }' "$WORK/folded")
	[ "$all" -ge $((2000 - 100)) ] && [ "$all" -le 2000 ] || die "$all stacks"
	[ $((turns + no_place)) -ge 2100 ] && [ $((turns + no_place)) -le 2110 ] ||
		die "$turns have a place, $no_place have none"
	[ "$no_place" -gt $((2100 - 2000)) ] || die "$no_place have no place"
	expect 6 vmscope faults --from "$WORK/kept"
	has "$out" "vmscope faults --room"
	[[ $out =~ " $no_place "\ +"$no_place "[^$'\n']*"[found no place]" ]] || die "none: $out"
	[[ $out =~ faults\ +([0-9,]+)\ minor,\ ([0-9,]+)\ major\;\ none\ lost ]] || die "lost: $out"
	minor=${BASH_REMATCH[1]//,/} major=${BASH_REMATCH[2]//,/}
	same "$sum" $((minor + major))
	[[ $out != *"mappings LOST"* ]] || die "mappings: $out"
}

# The kernel tells of mappings, and nobody reads.
test_mappings_that_nobody_tells_are_told() {
	hold_program "$stacks" wait 30 20 10
	watch --stacks
	kill -STOP "$watcher"
	wait_until "the watcher stands" is_stopped "$watcher"
	# each processor has a buffer of its own: one of them is to be full
	taskset -c 0 python3 -c 'import mmap
for n in range(3600):
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC).close()'
	kill -CONT "$watcher"
	wait_until "the watcher" waits_in poll "$watcher"
	pass_on
	stop_watching 6
	[ "$(json "r['stacks']['mappings_lost'] > 1000")" = True ] ||
		die "$(json "r['stacks']['mappings_lost']")"
	same "$(json "r['lost']['complete'], r['totals']['lost_minor']")" "(False, 0)"
}

# --------------------------------------------------------------------------

begin_tests
run_tests faults "$@"
