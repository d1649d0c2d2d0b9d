#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vmscope faults of one process: how many, why, for how long and where, against what the kernel
# itself tells. Knows nothing of how they are counted.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=selftests/lib/command.sh
. "$here/lib/command.sh"
# shellcheck source=selftests/lib/swap.sh
. "$here/lib/swap.sh"
# shellcheck source=selftests/lib/faults.sh
. "$here/lib/faults.sh"
unprivileged=/proc/sys/kernel/unprivileged_bpf_disabled

clean_up() {
	unwatch
	areas_as_before
}

# ----------------------------------------------------- a command, and all of it

test_counts_are_what_wait4_tells() {
	faults_of anon populate mlock writev read fork threads:4 null:3 sigbus:2
	valid faults
	check '
wait4 = r["command"]["wait4"]
same((total["minor"], total["major"]), (wait4["minor"], wait4["major"]), "totals")
assert total["minor"] > 7 * 256
same(r["lost"]["complete"], True, "complete")
for p in r["processes"]:
    same((p["minor"], p["major"]), (sum(t["minor"] for t in p["threads"]),
                                    sum(t["major"] for t in p["threads"])), "threads")
same(sum(p["minor"] for p in r["processes"]), total["minor"], "processes")
same(sum(m["minor"] for m in r["mappings"]), total["minor"], "mappings, minor")
same(sum(m["major"] for m in r["mappings"]), total["major"], "mappings, major")
# the child, as its parent was told
child = s["fork"][0][3:]
same([[p["pid"], p["minor"], p["major"]] for p in r["processes"] if p["pid"] == child[0]],
     [child], "child")
# in the kernel, on behalf of the process
for name in "anon", "populate", "mlock", "writev", "read":
    same([m["minor"] for m in at(s[name][0][0])], [256], name)
busy = max(r["processes"], key=lambda p: p["minor"])
assert {1, 2, 3, 4} <= {t["minor"] for t in busy["threads"]} or \
    len(busy["threads"]) == 5, busy["threads"]
'
}

test_wrong_accesses_are_counted_apart() {
	faults_of null:3 readonly:2 sigbus:2 heap:1
	check '
same(total["wrong"], 8, "wrong")
same(total["failed"], 2, "failed")
same(at(s["readonly"][0][0]), [], "read only")
same([m["failed"] for m in at(s["sigbus"][0][0])], [2], "behind the end of a file, failed")
def told(signal, code, address):
    return [w["where"] for w in r["wrong"] if w["signal"] == signal and w["code"] == code and
            int(w["address"], 16) == address and w["access"] == "write"]
same(told("SIGSEGV", 1, 8), ["in the first page, where nothing is mapped"] * 3, "null")
same(told("SIGSEGV", 2, s["readonly"][0][0]), ["in a mapping, which is r--"] * 2, "read only")
same(len(told("SIGBUS", 2, s["sigbus"][0][0])), 2, "behind the end of a file")
same(told("SIGSEGV", 1, s["heap"][0][0] + 12), ["12 bytes above the end of [heap]"], "heap")
'
}

test_command_is_followed_and_told() {
	local columns

	expect 0 vmscope faults -J -w "$WORK/report" -- sh -c "$steps anon:100; exit 7"
	mv "$WORK/out" "$WORK/said" && mv "$WORK/report" "$WORK/out"
	check '
same(r["command"]["exit_status"], 7, "status")
same({p["comm"] for p in r["processes"]}, {"sh", "steps"}, "processes")
same([m["minor"] for m in r["mappings"] if m["minor"] == 100], [100], "anon")
same((total["minor"], total["major"]), (r["command"]["wait4"]["minor"],
                                        r["command"]["wait4"]["major"]), "totals")
'
	refused 2 "no command 'no-such-command'" vmscope faults -- no-such-command
	refused 2 "cannot run '/etc/passwd'" vmscope faults -- /etc/passwd
	expect 0 vmscope faults --follow --cause invalid -- "$steps" killed:1
	has "$out" "the command was killed by SIGSEGV"
	has "$out" "seen "
	[[ $out =~ wrong\ +[0-9a-f]{12}\ +-\ SIGSEGV ]] || die "no line of it: $out"
	expect 0 vmscope faults --record "$WORK/kept" -- "$steps" fork threads:3 null:2 heap:1
	for columns in 80 40; do
		fits $columns 24 faults --from "$WORK/kept"
	done
}

# What is tried again is one fault, as long as all its attempts.
# Of the stream those of two causes that are not quicker than one of the histogram's limits.
test_times() {
	local how=(--follow --cause anon_zero_fill,userfaultfd --slower 16.384us)

	faults_of anon uffd:3
	valid faults
	check "$lined"'
slow = {c["cause"]: sum(h["faults"] for h in c["latency"]["histogram"]
                        if not h["below_ns"] or h["below_ns"] > 16384) for c in r["causes"]}
same([sum(l["cause"] == c for l in told) for c in ("anon_zero_fill", "userfaultfd")],
     [slow["anon_zero_fill"], 3], "slow ones")
same({l["cause"] for l in told} - {"anon_zero_fill", "userfaultfd"}, set(), "their causes")
assert min(l["time_ns"] for l in told) >= 16384
assert stream["filtered"] > 0, stream
times = r["latency"]
for kind in "minor", "major":
    t = times[kind]
    same(t["faults"], total[kind], kind)
    same(sum(h["faults"] for h in t["histogram"]), total[kind], kind + ", histogram")
    assert t["p50_ns"] <= t["p99_ns"] <= t["max_ns"] <= t["time_ns"], t
    for h in t["histogram"]:
        assert h["below_ns"] // 2 <= t["max_ns"], h
same(total["time_ns"], times["minor"]["time_ns"] + times["major"]["time_ns"], "time")
same(total["time_ns"], sum(m["time_ns"] for m in r["mappings"]), "mappings")
same(max(m["max_ns"] for m in r["mappings"]),
     max(times["minor"]["max_ns"], times["major"]["max_ns"]), "longest")
[late] = at(s["uffd"][0][0])
same(late["minor"] + late["major"], 3, "uffd")
assert 20000000 <= late["max_ns"] <= late["time_ns"], late
assert 60000000 <= late["time_ns"] <= 2 * r["cost"]["watched_ns"], late
assert times["minor"]["p50_ns"] < 20000000, times
'
}

# ----------------------------------------------------------------------- causes

# placed: the cells of each mapping are what the stream told, address by address; where one
# took the place of another, it is not known which of them a line is about.
placed='
limits = lambda m: (int(m["start"], 16), int(m["end"], 16))
own = [m for m in r["mappings"] if not m["foreign"]]
alone = [m for m in own if not any(
    o is not m and o["pid"] == m["pid"] and limits(o)[0] < limits(m)[1] and
    limits(m)[0] < limits(o)[1] for o in own)]
for m in alone:
    (start, end), size = limits(m), m["cell_bytes"]
    cells = [0] * ((end - 1) // size - start // size + 1)
    for l in told:
        address = int(l["address"] or "0", 16)
        if l["kind"] in ("minor", "major") and l["pid"] == m["pid"] and start <= address < end:
            cells[address // size - start // size] += 1
    same(m["cells"], cells, m["name"] + " at " + m["start"])
'

# causes_of: of the mapping where a step was, as the report has them.
caused='
def causes_of(name, n=0):
    return [m["causes"] for m in at(s[name][n][0])]
def sums():
    same(r["lost"]["complete"], True, "complete")
    causes = {c["cause"]: c for c in r["causes"]}
    for kind in "minor", "major":
        same(sum(c[kind] for c in causes.values()), total[kind], "causes, " + kind)
    for m in r["mappings"]:
        same(sum(m["causes"].values()), m["minor"] + m["major"], m["name"])
    for c in r["causes"]:
        told = sum(m["causes"].get(c["cause"], 0) for m in r["mappings"])
        same(told, c["minor"] + c["major"], c["cause"] + ", mappings")
        t = c["latency"]
        same((t["faults"], sum(h["faults"] for h in t["histogram"])), (told, told), c["cause"])
        assert t["p50_ns"] <= t["p99_ns"] <= t["max_ns"] <= t["time_ns"], t
    same(sum(c["latency"]["time_ns"] for c in r["causes"]), total["time_ns"], "time")
sums()
'

# each: every fault is a line, which says of it what the report sums up.
each='
from collections import Counter
same((stream["filtered"], stream["lost"]), (0, 0), "not told")
same({k: sum(l["kind"] == k for l in told) for k in ("minor", "major", "failed", "wrong")},
     {k: total[k] for k in ("minor", "major", "failed", "wrong")}, "kinds")
same(Counter(l["cause"] for l in told if l["cause"]),
     Counter({c["cause"]: c["minor"] + c["major"] for c in r["causes"]}), "causes, lines")
faults = [l for l in told if l["kind"] != "wrong"]
places = Counter()
for m in r["mappings"]:
    places[m["name"]] += m["minor"] + m["major"] + m["failed"]
same(Counter(l["mapping"]["name"] for l in faults), places, "mappings, lines")
same(Counter((l["pid"], l["tid"]) for l in faults),
     Counter({(p["pid"], t["tid"]): n for p in r["processes"] for t in p["threads"]
              for n in [t["minor"] + t["major"] + t["failed"]] if n}), "threads, lines")
same(sum(l["time_ns"] for l in faults if l["kind"] != "failed"), total["time_ns"], "time, lines")
for tid in {l["tid"] for l in told}:
    ends = [l["at_ns"] for l in told if l["tid"] == tid]
    same(ends, sorted(ends), "order")
def pages(name):
    start = s[name][0][0]
    return [(int(l["address"], 16) - start, l) for l in faults
            if 0 <= int(l["address"], 16) - start < 256 * 4096]
same([(at, l["write"]) for at, l in pages("anon")], [(n * 4096, True) for n in range(256)], "anon")
same([(at, l["write"]) for at, l in pages("zero")], [(n * 4096, False) for n in range(256)], "zero")
same([l["mapping"]["file"]["offset"] for at, l in pages("private")],
     [n * 4096 for n in range(256)], "offsets")
same([(l["signal"], l["address"]) for l in told if l["kind"] == "wrong"][:2],
     [("SIGSEGV", "0x8")] * 2, "wrong")
'

test_causes() {
	local how=(--follow --record "$WORK/kept")
	local delay=/sys/kernel/debug/sched/numa_balancing/scan_delay_ms hints=numa

	[ -d /sys/devices/system/node/node1 ] || hints=
	[ ! -e $delay ] || echo 10 >$delay
	echo 1000 >/sys/kernel/mm/ksm/pages_to_scan
	echo 4 >/proc/sys/vm/nr_hugepages
	faults_of $hints anon zero reuse fork thp:4 hugetlb:3 shmem:100 grow:50 race:200 uffd:3 \
		notify shared private cold:64 merge:64 null:2 sigbus:1
	echo 0 >/proc/sys/vm/nr_hugepages
	valid faults
	judge lines faults_line lines || die "lines: not as the schema says: $answer"
	show_again
	HINTS=$hints check "$caused$lined$each$again$placed"'
assert len(alone) > 20, len(alone)
# the stack got larger cells while it grew
[stack] = [m for m in alone if m["causes"].get("stack_growth")]
assert stack["cell_bytes"] > 4096 and sum(stack["cells"]) == stack["minor"], stack
same(causes_of("anon"), [{"anon_zero_fill": 256}], "anon")
same(causes_of("zero"), [{"zero_page": 256}], "zero")
same(causes_of("reuse"), [{"anon_zero_fill": 256, "cow_reuse": 256}], "reuse")
same(causes_of("fork"), [{"anon_zero_fill": 256}, {"cow_copy": 256}], "fork")
same(causes_of("thp"), [{"thp": 4}], "thp")
same(causes_of("hugetlb"), [{"hugetlb": 3}], "hugetlb")
same(causes_of("shmem"), [{"shmem": 100}], "shmem")
same([c["stack_growth"] for c in causes_of("grow") if "stack_growth" in c], [50], "grow")
[race] = causes_of("race")
same(race.pop("anon_zero_fill"), 200, "race")
assert set(race) <= {"spurious"}, race
same(causes_of("uffd"), [{"userfaultfd": 3}], "uffd")
[notify] = causes_of("notify")
same(notify["write_notify"], 256, "notify")
same(set(notify), {"write_notify", "file_around"}, "notify")
same(causes_of("shared"), [{"file_minor": 256}], "shared")
same(causes_of("private"), [{"cow_copy": 256}], "private")
same(causes_of("cold"), [{"file_major": 64}], "cold")
[merge] = causes_of("merge")
same((merge["anon_zero_fill"], merge["ksm_break"]), (64, 64), "merge")
if os.environ["HINTS"]:
    [numa] = causes_of("numa")
    assert numa["numa_hint"] > 0, numa
same(r["cost"]["missing_hooks"], [], "hooks")
'
}

# Each area in its turn, in one command.
test_causes_of_swap() {
	local zswap=/sys/module/zswap/parameters/enabled disk=

	only_zram
	[ ! -b /dev/pmem0 ] || mkswap /dev/pmem0 >/dev/null
	[ ! -b /dev/pmem0 ] || disk="swapoff /dev/zram1; swapon /dev/pmem0; $steps swap:64"
	expect 0 vmscope faults -J -w "$WORK/report" -- sh -c "$steps swap:64 swapped:64
		echo Y >$zswap; $steps swap:64; echo N >$zswap
		$disk"
	mv "$WORK/out" "$WORK/said" && mv "$WORK/report" "$WORK/out"
	DISK=$disk check "$caused"'
filled = {"anon_zero_fill": 64}
same(causes_of("swap"), [filled | {"swap_zram": 64}], "zram")
same(causes_of("swapped"), [filled | {"swap_cache": 64}, {"swap_zram": 64}], "swap cache")
same(causes_of("swap", 1), [filled | {"swap_zswap": 64}], "zswap")
if os.environ["DISK"]:
    same(causes_of("swap", 2), [filled | {"swap_disk": 64}], "disk")
'
}

# ---------------------------------------------------------- a process that runs

# start_of_a_mebibyte: of the anonymous mapping in $held that is as large at least.
start_of_a_mebibyte() {
	local range inode name

	while read -r range _ _ _ inode name; do
		[ "$inode$name" = 0 ] && [ $((0x${range#*-} - 0x${range%-*})) -ge 1048576 ] ||
			continue
		echo "${range%-*}"
		return
	done <"/proc/$held/maps"
	die "no such mapping"
}

# malloc and two times memset, of which only the first has faults: 256, one for each page
# behind the one that malloc() itself wrote to.
test_textbook() {
	local start

	hold_program "$steps" malloc wait memset wait memset wait
	start=$(start_of_a_mebibyte)
	watch --follow --range "$start+1028K"
	pass_on
	stop_watching
	part_lines
	cp "$WORK/out" "$WORK/first"
	valid faults
	: >"$WORK/said"
	START=$start check "$lined"'
start = int(os.environ["START"], 16)
same([int(l["address"], 16) - start for l in told], [4096 * n for n in range(1, 257)], "pages")
'
	watch
	pass_on
	stop_watching
	cp "$WORK/out" "$WORK/second"
	judged_by "$WORK/first" "$WORK/second" <<'PY'
import json, sys
first, second = (json.load(open(f)) for f in sys.argv[1:])
size = lambda m: int(m["end"], 16) - int(m["start"], 16)
buffer = [m for m in first["mappings"] if size(m) >= 1 << 20 and m["name"] == "[anon]"]
assert [m["minor"] for m in buffer] == [256], buffer
again = [m for m in second["mappings"] if m["start"] == buffer[0]["start"]]
assert not again, again
PY
	echo >&7
}

test_end_of_the_process_ends_it() {
	hold_program "$steps" wait anon
	watch
	echo >&7
	wait $watcher || die "$? $(cat "$WORK/err")"
	same "$(json "r['processes'][0]['ended'], r['lost']['complete']")" "(True, True)"
	refused 3 "no process $held" vmscope faults "$held"
	expect 0 vmscope faults $$ -d 10ms
	has "$out" "none lost"
}

# What show --faults tells is what the kernel counted in that time.
test_show_has_those_of_a_short_time() {
	hold_program "$steps" wait anon:300 wait
	faults_by_kernel >"$WORK/before"
	"$VMSCOPE" show "$held" --faults 600s -J >"$WORK/out" 2>"$WORK/err" 7>&- &
	watcher=$!
	wait_until "the one that shows" waits_in poll "$watcher"
	pass_on
	end_watching
	same "$ended" 0
	valid show
	faults_by_kernel >"$WORK/after"
	read -r _ minor major < <(paste -d ' ' "$WORK/before" "$WORK/after" |
		awk '{ print $1, $5 - $2, $6 - $3 }')
	same "$(json "r['faults']['totals']['minor'], r['faults']['totals']['major']")" \
		"($minor, $major)"
	same "$(json "[c['minor'] >= 300 for c in r['faults']['causes'] \
		if c['cause'] == 'anon_zero_fill']")" "[True]"
	same "$(json "r['faults']['missing'], r['faults']['lost']['complete']")" "(None, True)"
	fits 80 24 show "$held" --faults 10ms
	grep -q '^faults  0 minor, 0 major in .*; none lost' "$WORK/out" || die "$(cat "$WORK/out")"
	expect 0 vmscope show "$held"
	has_not "$out" faults
}

# Programs of these kinds are for who has the right, whether others may load some or not. (What
# is forbidden until the next boot, 1, stays.)
test_permission() {
	local may was

	was=$(cat $unprivileged)
	# shellcheck disable=SC2064 # now
	trap "echo $was >$unprivileged; clean_up" EXIT
	cp "$VMSCOPE" "$WORK/vmscope" && chmod 755 "$WORK/vmscope"
	for may in 0 2; do
		[ "$was" = 1 ] || echo $may >$unprivileged
		refused 5 "CAP_BPF" as_nobody "$WORK/vmscope" faults -- true
	done
	expect 6 as_nobody "$WORK/vmscope" show self --faults 10ms
	has "$out" "faults  not watched: "
	has "$out" "CAP_BPF"
}

# --------------------------------------------------------------------------

begin_tests
run_tests faults "$@"
