#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The command's answer about swap, of processes whose swapped pages are known: in zram, in a
# file, in zswap, shared by fork, in the swap cache, of shared memory. Knows nothing of the
# interface between command and module. Other swap areas are off meanwhile.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=selftests/lib/command.sh
. "$here/lib/command.sh"
# shellcheck source=selftests/lib/swap.sh
. "$here/lib/swap.sh"
unset VMSCOPE_NO_BPF

MIB=$((1 << 20))
zswap=/sys/module/zswap/parameters/enabled
by_address=/sys/kernel/mm/swap/vma_ra_enabled

clean_up() {
	[ -z "${held:-}" ] || kill -9 "$held" 2>/dev/null || :
	# and for a swapoff that a test left
	wait 2>/dev/null || :
	zram_off
	file_off
	[ ! -e $zswap ] || echo N >$zswap
	[ ! -e $by_address ] || echo true >$by_address
	echo 1 >/proc/sys/kernel/kptr_restrict
}

# lines_said: how many lines the process has said, in $lines.
lines_said() {
	local said_so_far
	mapfile -t said_so_far <"$WORK/said"
	lines=${#said_so_far[@]}
}

# wait_for LINES: until the process has said so many.
wait_for() {
	local lines
	for _ in {1..2400}; do
		lines_said
		[ "$lines" -lt "$1" ] || return 0
		kill -0 "$held" 2>/dev/null || break
		pause 0.05
	done
	die "it does not get there: $(cat "$WORK/said" "$WORK/complains")"
}

# swapper WAY [N]: a process that swaps itself out and goes a step further whenever there is
# a line to read; what it says first in $said.
swapper() {
	: >"$WORK/said"
	"$bin/programs/swapper" "$@" <"$WORK/steps" >"$WORK/said" 2>"$WORK/complains" &
	held=$!
	wait_for 1
	read -r said <"$WORK/said"
}

next_step() {
	local lines
	lines_said
	echo >&8
	wait_for $((lines + 1))
}

# of MAPPING EXPRESSION TEXT: about the row m of the mapping that holds an address: it is that.
of() {
	tells "[($2) for m in r['swap']['mappings'] if int(m['start'], 16) <= $1 < int(m['end'], 16)][0]" \
		"$3"
}

# look [PID]: its report, with every run.
look() {
	expect 0 vmscope swap "${1:-$held}" --runs -J
}

agrees_with_smaps() {
	judge run "$here/lib/swap_smaps.py" "$held" || die "not as smaps has it: $answer"
}

kernel() {
	case $(uname -r) in
	6.1.*) echo 601 ;;
	6.*) echo 612 ;;
	*) echo 700 ;;
	esac
}

# ------------------------------------------------------------ who shares it

test_fork_makes_two_of_one() {
	zram_on
	swapper fork
	local at=${said#* }
	look
	agrees_with_smaps
	of "$at" "m['shared'], m['pss'], m['exclusive']" "($((4 * MIB)), $((2 * MIB)), 0)"
	tells "{x['references'] for x in r['swap']['runs'] if $at <= int(x['start'], 16) < $at + $((4 * MIB))}" "{2}"
	next_step
	look
	agrees_with_smaps
	of "$at" "m['shared'], m['pss']" "(0, $((4 * MIB)))"
	tells "{x['references'] for x in r['swap']['runs'] if $at <= int(x['start'], 16) < $at + $((4 * MIB))}" "{1}"
}

# Kernels up to 6.12 keep more than 62 references where they cannot be read.
test_many_who_share() {
	zram_on
	swapper many
	look
	if [ "$(kernel)" -ge 700 ]; then
		agrees_with_smaps
	else
		tells "r['swap']['total']['pss']" None
		mentions "r['swap']['missing']['pss']" "more references"
	fi
	of "${said#* }" "m['shared']" $MIB
}

# ---------------------------------------------------------- the swap cache

# The parent has read its pages back, the child has not: they are the same frames.
test_read_back_is_in_the_swap_cache() {
	file_on 12
	swapper read_back
	local child=${said% *} at=${said#* }
	look "$child"
	tells "r['swap']['areas'][0]['name'], r['swap']['areas'][0]['kind']" \
		"('$WORK/fs/swap', 'file')"
	judged_by "$held" "$at" <<-'PY'
	import json, struct, sys
	runs = json.load(sys.stdin)["swap"]["runs"]
	first = int(sys.argv[2], 16)
	frames = {}
	with open("/proc/%s/pagemap" % sys.argv[1], "rb") as f:
	    f.seek(first >> 9)
	    for n, word in enumerate(struct.unpack("<1024Q", f.read(8192))):
	        if word >> 63:
	            frames[first + n * 4096] = word & (1 << 55) - 1
	if len(frames) != 1024:
	    sys.exit("%d pages were read back" % len(frames))
	seen = 0
	for run in runs:
	    start = int(run["start"], 16)
	    for n in range(run["bytes"] >> 12):
	        at = start + n * 4096
	        if at not in frames:
	            continue
	        seen += 1
	        if not run["cached"] or int(run["frame"] or "0", 16) + n != frames[at]:
	            sys.exit("%x: %s, but its frame is %x" % (at, run, frames[at]))
	if seen != 1024:
	    sys.exit("%d pages of the child are in swap" % seen)
	PY
	of "$at" "m['cached']" $((4 * MIB))
	expect 0 vmscope swap "$child"
	has "$out" "in the swap cache 4M"
}

# ------------------------------------------------------------------- zswap

test_equal_pages_in_zswap() {
	[ -e $zswap ] || skip "this kernel has no zswap"
	file_on 12
	echo Y >$zswap
	local before now at
	before=$(cat /sys/kernel/debug/zswap/stored_pages)
	swapper equal_pages
	at=$said
	now=$(cat /sys/kernel/debug/zswap/stored_pages)
	look
	# one content, one length
	tells "len({x['compressed'] / x['bytes'] for x in r['swap']['runs'] if x['zswap'] and $at <= int(x['start'], 16) < $at + $((4 * MIB))})" 1
	tells "sum(x['bytes'] for x in r['swap']['runs'] if x['zswap']) >> 12" $((now - before))
	of "$at" "m['zswap'], 0 < m['compressed'] < m['zswap'] / 8" "($((4 * MIB)), True)"
	agrees_with_smaps
	expect 0 vmscope swap "$held"
	has "$out" "zswap 4"
}

# What went out while zswap was off is on the disk, the other half in zswap.
test_one_half_in_zswap_and_the_other_on_the_disk() {
	[ -e $zswap ] || skip "this kernel has no zswap"
	file_on 12
	local before now at
	# its counters are there once it has been on
	echo Y >$zswap
	echo N >$zswap
	swapper halves
	at=$said
	before=$(cat /sys/kernel/debug/zswap/stored_pages)
	echo Y >$zswap
	next_step
	now=$(cat /sys/kernel/debug/zswap/stored_pages)
	look
	of "$at" "m['swapped'], m['zswap'], 0 < m['compressed'] < m['zswap']" \
		"($((4 * MIB)), $((2 * MIB)), True)"
	tells "{(int(x['start'], 16) - $at) // $((2 * MIB)): x['zswap'] for x in r['swap']['runs'] if $at <= int(x['start'], 16) < $at + $((4 * MIB))}" \
		"{0: False, 1: True}"
	check "0 < r['swap']['total']['zswap'] == $((now - before)) * p < r['swap']['total']['swapped']" \
		"r['swap']['total']"
	agrees_with_smaps
	expect 0 vmscope swap "$held"
	has "$out" "zswap 2M"
}

# -------------------------------------------------------------------- zram

test_sorts_of_pages_in_zram() {
	zram_on
	swapper sorts
	look
	[ "$(kernel)" = 601 ] ||
		of "$said" "m['zero']" "$MIB"
	if [ ! -e /sys/kernel/debug/zram/zram1/block_state ]; then
		tells "r['swap']['areas'][0]['zram']" None
		mentions "r['swap']['missing']['zram']" "CONFIG_ZRAM_MEMORY_TRACKING"
		return
	fi
	# zeros are stored by no kernel that knows them to be zeros
	tells "{(int(x['start'], 16) - $said) // $MIB: x['zram'] for x in r['swap']['runs'] if $said <= int(x['start'], 16) < $said + $((2 * MIB))}" \
		"{0: 'h', 1: 's'}"
	tells "r['swap']['areas'][0]['zram']['huge'] >= $MIB" True
	judged_by <<-'PY'
	import json, sys
	swap = json.load(sys.stdin)["swap"]
	listed = {}
	for line in open("/sys/kernel/debug/zram/zram1/block_state"):
	    slot, _, state = line.split()
	    listed[int(slot)] = state.replace(".", "") or "."
	for run in swap["runs"]:
	    for slot in range(run["slot"], run["slot"] + (run["bytes"] >> 12)):
	        if run["zram"] != listed.get(slot):
	            sys.exit("slot %d: %s, but zram says %s" % (slot, run["zram"], listed.get(slot)))
	PY
}

# ------------------------------------------------------------------- shmem

test_shared_memory_counts_for_each_mapping() {
	zram_on
	swapper shmem
	look
	tells "sorted(m['shmem'] for m in r['swap']['mappings'] if m['shmem'])" "[$MIB, $((2 * MIB))]"
	tells "r['swap']['total']['shmem']" $((3 * MIB))
	agrees_with_smaps
	judged_by "$said" <<-'PY'
	import json, sys
	whole, half = {}, {}
	for run in json.load(sys.stdin)["swap"]["runs"]:
	    for n in range(run["bytes"] >> 12):
	        page = (int(run["start"], 16) - int(sys.argv[1], 16) >> 12) + n
	        if run["shmem"]:
	            (whole if 0 <= page < 512 else half)[page] = run["slot"] + n
	second = [whole[page] for page in range(256, 512)]
	if second != [half[page] for page in sorted(half)]:
	    sys.exit("two mappings of one object name different slots")
	PY
}

# ----------------------------------------------------- runs and reading them

test_a_known_pattern_is_in_pieces() {
	zram_on
	swapper pattern
	expect 0 vmscope swap "$held" -J
	of "$said" "m['runs'], m['longest']" "(512, 4096)"
	of "$said" "200 < m['upward'] < 350" True
	expect 0 vmscope swap "$held"
	has "$out" "page by page"
}

test_one_after_the_other_is_whole() {
	zram_on
	swapper equal_pages
	expect 0 vmscope swap "$held" -J
	of "$said" "m['runs'] < 64 and m['longest'] >= 65536" True
}

test_every_other_slot_is_read_for_nothing() {
	file_on 12
	echo false >$by_address
	swapper interleaved
	expect 0 vmscope swap "$held" -J
	tells "r['swap']['areas'][0]['reading']['by']" slots
	tells "1.9 < r['swap']['areas'][0]['reading']['amplification'] < 2.2" True
	echo true >$by_address
	expect 0 vmscope swap "$held" -J
	tells "r['swap']['areas'][0]['reading']['by'], r['swap']['areas'][0]['reading']['amplification']" \
		"('addresses', 1.0)"
}

# ------------------------------------------------------------------- areas

# The kernel's list leaves out the gap that an area left.
test_a_gap_in_the_numbers() {
	zram_on 120
	file_on 12
	swapoff /dev/zram1
	swapper equal_pages
	expect 0 vmscope swap "$held" -J
	tells "[a['name'] for a in r['swap']['areas']]" "['$WORK/fs/swap']"
	check "'name' not in str(r['swap']['missing'])" "r['swap']['missing']"
}

# Of two areas the one that the process uses, when they are gone as well.
test_names_of_areas_are_in_a_snapshot() {
	zram_on 20
	file_on 12
	swapper equal_pages
	expect 0 vmscope record "$held" --pages -w "$WORK/snapshot"
	swapoff -a
	expect 0 vmscope swap --from "$WORK/snapshot" -J
	tells "[(a['name'], a['kind'], a['reading'] is None) for a in r['swap']['areas']]" \
		"[('$WORK/fs/swap', 'file', False)]"
	check "'name' not in str(r['swap']['missing'])" "r['swap']['missing']"
	mentions "r['swap']['missing']['references']" "snapshot does not hold"
	expect 0 vmscope swap --from "$WORK/snapshot" --runs
	has "$out" "fs/swap: "
	has "$out" " swap:"
}

# swapped: what smaps has of the process in swap now, in bytes, in $answer.
swapped() {
	answer=$(awk '/^Swap:/ { print $2 * 1024 }' "/proc/$held/smaps_rollup")
}

is_under_way() {
	swapped
	[ "$answer" -lt "$full" ]
}

# The parts of the report are as much as the whole, which is no more than what there was before
# the look and no less than what there was after it.
adds_up_between() {
	judged_by "$@" <<-'PY'
	import json, sys
	before, after = map(int, sys.argv[1:])
	swap = json.load(sys.stdin)["swap"]
	total = swap["total"]
	if not after <= total["swapped"] <= before:
	    sys.exit("%s, but %d before and %d after" % (total, before, after))
	for rows in swap["mappings"], [area["figures"] for area in swap["areas"]]:
	    for figure in "swapped", "anon", "runs", "freed", "shared":
	        if sum(row[figure] for row in rows) != total[figure]:
	            sys.exit("%s: %s of %s" % (figure, rows, total))
	for figure, runs in (("swapped", swap["runs"]),
	                     ("freed", [run for run in swap["runs"] if run["references"] == 0])):
	    if sum(run["bytes"] for run in runs) != total[figure]:
	        sys.exit("%s: %s of %s" % (figure, runs, total))
	print(total["swapped"])
	PY
}

# The kernel brings pages back while they are looked at: one of the reports has some, and not
# all. Three such reports are enough; a swapoff that was over too soon is no reason to fail.
test_swapoff_during_the_look() {
	local amidst=0 before full round toggle

	zram_on
	swapper again
	swapped
	full=$answer
	for round in {1..20}; do
		# who looks has most of the processor
		nice -n 10 swapoff /dev/zram1 &
		toggle=$!
		wait_until "swapoff" is_under_way
		before=$answer
		look
		swapped
		adds_up_between "$before" "$answer"
		if [ "$answer" -gt 0 ] && [ "$answer" -lt "$full" ]; then
			amidst=$((amidst + 1))
		fi
		wait $toggle || die "swapoff ended with $?"
		[ $amidst -lt 3 ] || return 0
		swapon -p 100 /dev/zram1
		next_step
	done
	die "only $amidst of $round looks saw some of it back and the rest not"
}

# ------------------------------------------------------- what cannot be told

test_hidden_symbols() {
	zram_on
	swapper equal_pages
	echo 2 >/proc/sys/kernel/kptr_restrict
	expect 0 vmscope swap "$held" -J
	mentions "r['swap']['missing']['references']" "kptr_restrict"
	of "$said" "m['pss'], m['swapped']" "(None, $((4 * MIB)))"
	expect 0 vmscope swap "$held"
	has "$out" "kptr_restrict"
}

test_without_the_right_to_load_programs() {
	zram_on
	swapper equal_pages
	expect 0 setpriv --bounding-set -sys_admin,-bpf,-perfmon "$VMSCOPE" swap "$held" -J
	of "$said" "m['swapped'], m['runs'], m['pss']" "($((4 * MIB)), None, None)"
	mentions "r['swap']['missing']['slots']" "CAP_SYS_ADMIN"
	expect 0 env VMSCOPE_NO_BPF=1 "$VMSCOPE" swap "$held" -J
	mentions "r['swap']['missing']['references']" "VMSCOPE_NO_BPF"
	of "$said" "m['runs'] > 0" True
}

# In $answer.
loaded_programs() {
	judged_by <<-'PY'
	import ctypes, struct
	libc = ctypes.CDLL(None, use_errno=True)
	at, nr = 0, 0
	while True:
	    attr = ctypes.create_string_buffer(struct.pack("<III", at, 0, 0), 128)
	    if libc.syscall(321, 11, attr, 12):
	        break
	    at, nr = struct.unpack_from("<II", attr)[1], nr + 1
	print(nr)
	PY
}

test_nothing_stays_loaded() {
	zram_on
	swapper equal_pages
	local before
	loaded_programs
	before=$answer
	expect 0 vmscope swap "$held"
	loaded_programs
	same "$answer" "$before"
	same "$(ls -A /sys/fs/bpf 2>/dev/null)" ""
}

test_json_is_as_the_schema_says() {
	zram_on
	swapper equal_pages
	expect 0 vmscope swap "$held" -J --runs
	valid swap
	expect 0 vmscope swap,age "$held" -J
	valid ask
}

# ------------------------------------------------------------------------

begin_tests
mkfifo "$WORK/steps"
exec 8<>"$WORK/steps"
others_off
trap 'areas_back; rm -rf "$WORK"' EXIT
run_tests swap "$@"
