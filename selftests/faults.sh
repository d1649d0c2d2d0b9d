#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vmscope faults, of programs whose page faults are known, and against what the kernel
# itself tells of them. Knows nothing of how they are counted.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=selftests/lib/command.sh
. "$here/lib/command.sh"
# shellcheck source=selftests/lib/swap.sh
. "$here/lib/swap.sh"
# shellcheck source=selftests/lib/watch.sh
. "$here/lib/watch.sh"
steps=$bin/programs/steps
stacks=$bin/programs/stacks

# After each test: as it was.
clean_up() {
	[ -z "${watcher-}" ] || kill -9 "$watcher" 2>/dev/null || :
	areas_as_before
	remove_groups
}

# faults_of STEP...: watched from the beginning to the end, with the options in $how; the report
# in $WORK/out, what the program says in $WORK/said.
how=()
faults_of() {
	"$VMSCOPE" faults -J "${how[@]}" -w "$WORK/out" -- "$steps" "$@" >"$WORK/said" \
		2>"$WORK/err" || die "faults of $*: $? $(cat "$WORK/err")"
	[ ${#how[@]} -eq 0 ] || part_lines
}

# part_lines: those before the last one, which is the report, to $WORK/lines.
part_lines() {
	head -n -1 "$WORK/out" >"$WORK/lines"
	tail -n 1 "$WORK/out" >"$WORK/last"
	mv "$WORK/last" "$WORK/out"
}

# check CODE: of the report r, and the lines of the program: s[NAME] has its figures. What is
# not so is named. What the code asks of its environment is given as to a program.
check() {
	local name
	{
		echo "import json, os, sys"
		for name in AFTER BEFORE DISK HELD HINTS ME START; do
			[ -z "${!name+given}" ] || echo "os.environ['$name'] = \"\"\"${!name}\"\"\""
		done
		echo "$looked$1"
	} >"$WORK/judged.py"
	judge run "$WORK/judged.py" "$WORK/out" "$WORK/said" || die "$answer: $(cat "$WORK/said")"
}

looked='
r = json.load(open(sys.argv[1]))
s = {}
for line in open(sys.argv[2]):
    word = line.split()
    if len(word) > 3:
        s.setdefault(word[0], []).append([int(word[1], 16)] + [int(w) for w in word[2:]])
at = lambda a: [m for m in r["mappings"] if int(m["start"], 16) <= a < int(m["end"], 16)]
total = r["totals"]
def same(one, other, what):
    assert one == other, f"{what}: {one} is not {other}"
'

# watch OPTION...: the program in $held, from here to stop_watching.
watch() {
	start_watching faults "$held" "$@"
}

# stop_watching [STATUS]: with which it ends.
stop_watching() {
	end_watching
	[ "$ended" -eq "${1:-0}" ] || die "faults ended with $ended: $(cat "$WORK/err")"
}

# show_again: what was kept in $WORK/kept; its lines are those in $WORK/lines.
show_again() {
	"$VMSCOPE" faults --from "$WORK/kept" -J >"$WORK/again" || [ $? -eq 6 ] ||
		die "$WORK/kept cannot be read"
	head -n -1 "$WORK/again" | cmp - "$WORK/lines"
}

# again: and so is the report, but for where it is from.
again='
shown = json.loads(open(os.path.dirname(sys.argv[1]) + "/again").readlines()[-1])
same(shown.pop("source")["file"], os.path.dirname(sys.argv[1]) + "/kept", "file")
same(shown, {name: value for name, value in r.items() if name != "source"}, "report")
'

# lined: the lines of a stream, and that they add up.
lined='
lines = [json.loads(line) for line in open(os.path.dirname(sys.argv[1]) + "/lines")]
told = [l for l in lines if "lost" not in l]
stream = r["stream"]
same(len(told), stream["lines"], "lines")
same(sum(l["lost"] for l in lines if "lost" in l), stream["lost"], "lost")
same(stream["seen"], sum(total[kind] for kind in ("minor", "major", "failed", "wrong")) -
     total["lost_minor"] - total["lost_major"], "seen")
same(stream["lines"] + stream["filtered"] + stream["lost"], stream["seen"], "all")
'

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

# --------------------------------------------------------- a command, and all of it

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

# Programs that count are not to be in each other's way, nor in their own.
test_many_at_once() {
	expect 0 vmscope faults -J -w "$WORK/report" -- sh -c \
		"for i in 1 2 3 4 5 6 7 8; do $steps fork threads:4 anon & done; wait"
	mv "$WORK/out" "$WORK/said" && mv "$WORK/report" "$WORK/out"
	check '
same(r["lost"]["complete"], True, "complete")
same((total["lost_minor"], total["lost_major"], total["unplaced"]), (0, 0, 0), "lost")
same((total["minor"], total["major"]), (r["command"]["wait4"]["minor"],
                                        r["command"]["wait4"]["major"]), "totals")
children = {c[3]: c[4:] for c in s["fork"]}
same({p["pid"]: [p["minor"], p["major"]] for p in r["processes"] if p["pid"] in children},
     children, "children")
same([len(p["threads"]) for p in r["processes"] if p["comm"] == "steps"].count(5), 8, "threads")
same(sum(m["minor"] for m in r["mappings"]), total["minor"], "mappings")
'
}

# ------------------------------------------------------------------------- causes

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

# ------------------------------------------------------------------------- stacks

# stacked: every fault has one, or is counted apart; ways(COMM, NAME...) has how many have a
# stack of that thread that ends with these names, and under() those that have them anywhere.
stacked='
st = r["stacks"]
def frames(stack):
    return [st["frames"][n] for n in stack["frames"]]
def count(of):
    return of["minor"] + of["major"]
def ways(comm, *way):
    return sum(count(s) for s in st["stacks"] if s["comm"] == comm and
               [f["name"] for f in frames(s)][-len(way):] == list(way))
def under(comm, name):
    return sum(count(s) for s in st["stacks"] if s["comm"] == comm and
               name in [f["name"] for f in frames(s)])
same(st["faults"], sum(map(count, st["stacks"])), "stacks")
same(st["faults"] + st["filtered"] + st["no_place"] + st["lost"],
     total["minor"] + total["major"], "all")
same(st["lost"], total["lost_minor"] + total["lost_major"], "lost")
if not st["filtered"] and not st["no_place"]:
    same(sum(s["time_ns"] for s in st["stacks"]), total["time_ns"], "time")
if r["lost"]["complete"]:
    same((st["no_place"], st["mappings_lost"]), (0, 0), "no place")
'

# folded: the lines in $WORK/folded say the same.
folded='
from collections import Counter
lines = Counter()
for line in open(os.path.dirname(sys.argv[1]) + "/folded"):
    way, _, n = line.rpartition(" ")
    assert way not in lines, line
    lines[way] = int(n)
names = Counter()
for s in st["stacks"]:
    names[";".join([s["comm"]] + [f["name"] for f in frames(s)])] += count(s)
same(lines, names, "folded")
'

# Two ways to one function, in a parent and in a child, in programs with symbols, without, and
# with some of a library; all of them have ended when their addresses get names.
test_stacks() {
	local programs=$bin/programs

	expect 0 vmscope faults -J --stacks --record "$WORK/kept" -w "$WORK/report" -- sh -c \
		"$stacks 300 200 60; $programs/stripped 70 50; exec $programs/dynamic 90 80 40"
	mv "$WORK/out" "$WORK/said" && mv "$WORK/report" "$WORK/out"
	valid faults
	cp "$WORK/out" "$WORK/report"
	expect 0 vmscope faults --from "$WORK/kept" -J
	mv "$WORK/out" "$WORK/again"
	expect 0 vmscope faults --from "$WORK/kept" --stacks=folded
	mv "$WORK/out" "$WORK/folded"
	expect 0 vmscope faults --from "$WORK/kept"
	has "$out" "FRAME"
	has "$out" "touch"
	grep -qE '^ +300 +300 +0 .* touch$' "$WORK/out" || die "$out"
	mv "$WORK/report" "$WORK/out"
	check "$stacked$folded"'
shown = json.load(open(os.path.dirname(sys.argv[1]) + "/again"))
same(shown.pop("source")["file"], os.path.dirname(sys.argv[1]) + "/kept", "file")
same(shown, {name: value for name, value in r.items() if name != "source"}, "shown again")
same(r["lost"]["complete"], True, "complete")
for comm, n in ("stacks", (300, 200)), ("dynamic", (90, 80)):
    same((ways(comm, "main", "first_way", "touch"), ways(comm, "main", "second_way", "touch")),
         n, comm)
    same(ways(comm, "[deeper]", *["deep"] * 126, "touch"), 5, comm + ", deep")
    same(under(comm, "touch"), sum(n) + 5, comm + ", all")
# what the kernel does for a program is where the program asks for it
same(sum(count(s) for s in st["stacks"] if s["comm"] == "dynamic" and
         frames(s)[-1]["function"] in ("read", "__read") and
         frames(s)[-1]["file"] == "libc.so.6"), 40, "read, of a library")
# the same without names: the instruction, and where its function returns to
by_way = Counter()
for s in st["stacks"]:
    if s["comm"] == "stripped":
        assert all(not f["function"] for f in frames(s) if f["file"] == "stripped"), s
        by_way[tuple(f["name"] for f in frames(s)[-2:])] += count(s)
[first] = [way for way, n in by_way.items() if n == 70]
[second] = [way for way, n in by_way.items() if n == 50]
same(first[1], second[1], "where both end")
assert first[0] != second[0] and first[1].startswith("stripped+0x"), (first, second)
# while execve() makes the program there is none yet
assert under("dynamic", "[exec]") > 0
# where it happened is known of each, whatever its caller did with the frame pointer
same([s for s in st["stacks"] if frames(s)[-1]["name"] == "[unknown]"], [], "unknown")
'
}

# Of everybody: one that was there before, those that come and go meanwhile.
test_stacks_of_everybody() {
	hold_program "$stacks" wait 300 200 60
	start_watching faults --system --stacks
	pass_on
	"$bin/programs/dynamic" 90 80 40 >/dev/null
	"$bin/programs/dynamic" 90 80 40 >/dev/null
	stop_watching
	detached
	: >"$WORK/said"
	valid faults
	check "$stacked"'
same((ways("stacks", "main", "first_way", "touch"), ways("stacks", "main", "second_way", "touch")),
     (300, 200), "who was there")
same((ways("dynamic", "main", "first_way", "touch"), ways("dynamic", "main", "second_way", "touch")),
     (180, 160), "who came")
same(len({s["pid"] for s in st["stacks"] if s["comm"] == "dynamic"}), 4, "each with its child")
'
}

# Debian's own programs: no frame pointers, no symbols but those that a library exports.
test_stacks_of_a_common_command() {
	expect 0 vmscope faults -J --stacks -w "$WORK/report" -- ls /
	mv "$WORK/out" "$WORK/said" && mv "$WORK/report" "$WORK/out"
	: >"$WORK/said"
	check "$stacked"'
same([s for s in st["stacks"] if frames(s)[-1]["name"] == "[unknown]"], [], "unknown")
assert any(f["file"] == "ls" and f["offset"] for f in st["frames"]), st["frames"]
assert any(f["file"] == "libc.so.6" and f["function"] for f in st["frames"]), st["frames"]
'
	expect 0 vmscope faults --stacks=folded -w "$WORK/folded" -- "$stacks" 40 30
	grep -q '^stacks;.*main;first_way;touch 40$' "$WORK/folded" || die "$(cat "$WORK/folded")"
	expect 0 vmscope faults --stacks --record "$WORK/kept" -- "$stacks" 40 30
	for width in 80 40; do
		fits $width any faults --stacks --from "$WORK/kept"
	done
}

# The faults of one cause alone; the others are counted.
test_stacks_of_a_cause() {
	"$VMSCOPE" faults -J --stacks --cause cow_copy -w "$WORK/out" -- "$steps" anon fork \
		>"$WORK/said"
	check "$stacked"'
same(st["faults"], sum(c["minor"] + c["major"] for c in r["causes"] if c["cause"] == "cow_copy"),
     "cause")
assert st["faults"] >= 256 and st["filtered"] >= 512, st
'
}

# Another file has its name: none of that one's names is taken.
test_stacks_of_a_file_that_is_replaced() {
	cp "$stacks" "$WORK/program" && cp "$steps" "$WORK/other"
	"$VMSCOPE" faults -J --stacks -w "$WORK/out" -- sh -c \
		"$WORK/program 40 30; mv $WORK/other $WORK/program" >"$WORK/said"
	check "$stacked"'
same({f["function"] for f in st["frames"] if f["file"] == "program"}, {None}, "names")
same(sorted(count(s) for s in st["stacks"] if frames(s)[-1]["file"] == "program")[-2:],
     [30, 40], "ways")
'
}

# What was mapped before anybody watched.
test_stacks_of_a_process_that_runs() {
	hold_program "$stacks" wait 300 200 60
	watch --stacks
	pass_on
	stop_watching
	: >"$WORK/said"
	valid faults
	check "$stacked"'
same(ways("stacks", "main", "first_way", "touch"), 300, "first way")
same(under("stacks", "second_way"), 0, "the child")
same(under("stacks", "by_read") + under("stacks", "read") + under("stacks", "__read") >= 60,
     True, "read")
'
	detached
}

# ------------------------------------------------------------- a process that runs

# faults_by_kernel: of each thread, as "TID MINOR MAJOR".
faults_by_kernel() {
	local task

	for task in "/proc/$held/task/"*; do
		sed -E 's/^([0-9]+) \(.*\) ./\1/' "$task/stat" | awk '{ print $1, $8, $10 }'
	done
}

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

# All threads wait, behind their last fault.
all_wait() {
	local task

	for task in "/proc/$held/task/"*; do
		waits_to_read "$held/task/${task##*/}" || return 1
	done
}

test_threads_that_run() {
	hold_program "$steps" wait anon sleepers:4 null:1 wait
	watch
	faults_by_kernel >"$WORK/before"
	pass_on
	wait_until "its threads" all_wait
	stop_watching
	faults_by_kernel >"$WORK/said"
	BEFORE=$(cat "$WORK/before") check '
before = dict.fromkeys((line.split()[0] for line in open(sys.argv[2])), (0, 0))
before.update({w[0]: (int(w[1]), int(w[2])) for w in [os.environ["BEFORE"].split()]})
after = {w[0]: (int(w[1]), int(w[2])) for w in (line.split() for line in open(sys.argv[2]))}
[process] = r["processes"]
got = {str(t["tid"]): (t["minor"], t["major"]) for t in process["threads"]}
same(got, {t: (after[t][0] - before[t][0], after[t][1] - before[t][1]) for t in after}, "threads")
same(len(got), 5, "number")
same(process["ended"], False, "ended")
same(total["wrong"], 1, "wrong")
same(r["lost"]["complete"], True, "complete")
'
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

# ------------------------------------------------------------------- everybody

# run N COMMAND...: so many at once; of each a line "ran PID MINOR MAJOR" of the time from its
# fork to its exit, as wait4() told.
cat >"$WORK/run.py" <<'PY'
import os, sys
times, command = int(sys.argv[1]), sys.argv[2:]
with open(os.devnull, "w") as null:
    started = [os.posix_spawn(command[0], command, os.environ,
                              file_actions=[(os.POSIX_SPAWN_DUP2, null.fileno(), 1)])
               for _ in range(times)]
for pid in started:
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit(f"{command}: {status}")
    print("ran 0", pid, usage.ru_minflt, usage.ru_majflt)
PY
run() {
	python3 "$WORK/run.py" "$@"
}

# ran: what the report has of each of them.
ran='
rows = {p["pid"]: p for p in r["processes"]}
ran = [line[1:] for line in s["ran"]]
same([[pid, rows[pid]["minor"], rows[pid]["major"]] if pid in rows else pid
      for pid, _, _ in ran], ran, "what wait4() told")
same(r["lost"], {"complete": True, "no_thread_storage": 0, "not_followed": 0, "no_mapping": 0,
                 "threads": 0}, "lost")
same((total["lost_minor"], total["lost_major"], total["unplaced"]), (0, 0, 0), "lost")
for kind in "minor", "major":
    same(sum(p[kind] for p in rows.values()), total[kind], kind)
    same(sum(m[kind] for m in r["mappings"]), total[kind], "mappings, " + kind)
    same(sum(c[kind] for c in r["causes"]), total[kind], "causes, " + kind)
'

# Each has some thousands of faults, all of them at the same time.
test_system_counts_everybody() {
	start_watching faults --system
	run 4 "$steps" anon:8000 threads:16 zero:6000 >"$WORK/said"
	run 1 "$steps" null:3 sigbus:1 >>"$WORK/said"
	stop_watching
	detached
	valid faults
	check "$ran"'
same((r["scope"], r["target"], r["command"], r["cgroup"]), ("system", None, None, None), "whose")
same(len(ran), 5, "number")
for pid, minor, _ in ran[:4]:
    assert minor > 14000, minor
    same(len(rows[pid]["threads"]), 17, "threads")
    same(rows[pid]["ended"], True, "ended")
same((rows[ran[4][0]]["wrong"], rows[ran[4][0]]["failed"]), (4, 1), "wrong")
'
	refused 4 "from within a pid namespace not everybody can be watched" \
		unshare --pid --fork "$VMSCOPE" faults --system
}

# Hundreds that come and go, and more of them at a time than there are processors.
test_system_counts_those_that_are_short() {
	start_watching faults --system --record "$WORK/kept"
	for _ in 1 2 3 4; do
		run 100 "$steps" anon:20 threads:2
	done >"$WORK/said"
	stop_watching
	check "$ran"'
same(len(ran), 400, "number")
'
	for columns in 80 40; do
		fits $columns 24 faults --from "$WORK/kept"
	done
	has "$(<"$WORK/out")" "every process"
}

# A fault that waits when the watch begins, or when it ends, is none that was lost.
test_faults_under_way_are_not_lost() {
	"$steps" uffd:1000 >"$WORK/said" &
	held=$!
	trap 'kill -9 $held 2>/dev/null || :; clean_up' EXIT
	wait_until "its first fault" waits_in userfault $held
	for _ in 1 2; do
		start_watching faults --system
		pause 0.3
		stop_watching
		: >"$WORK/said"
		check '
[of] = [p for p in r["processes"] if p["comm"] == "steps"]
assert of["minor"] + of["major"] >= 2, of
same((of["lost_minor"], of["lost_major"], of["unplaced"]), (0, 0, 0), "lost")
same(r["lost"]["complete"], True, "complete")
'
	done
}

# group NAME: a control group, which goes behind the test.
groups=/sys/fs/cgroup
group() {
	mountpoint -q $groups || mount -t cgroup2 none $groups || skip "no cgroup2"
	mkdir -p "$groups/vmscope-faults/$1"
}

remove_groups() {
	! mountpoint -q $groups/vmscope-faults/old || umount $groups/vmscope-faults/old
	[ ! -d $groups/vmscope-faults ] || find $groups/vmscope-faults -depth -type d -exec rmdir {} +
}

# The kernel's counters of the program in $held, as "MINOR MAJOR".
counters() {
	awk '{ print $10, $12 }' "/proc/$held/stat"
}

# One that is in there, and all of its children; those of a group below; nobody else. What is
# kept of it is shown again.
test_cgroup_and_those_below_it() {
	local before
	group below
	# shellcheck disable=SC2016 # by that shell
	hold_program sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' $groups/vmscope-faults \
		"$steps" wait anon:300 threads:2 fork:10 wait
	before=$(counters)
	start_watching faults --cgroup vmscope-faults --follow --record "$WORK/kept"
	pass_on
	counters >"$WORK/after"
	run 2 "$steps" anon:50 >"$WORK/elsewhere"
	(echo $BASHPID >$groups/vmscope-faults/below/cgroup.procs &&
		run 3 "$steps" anon:77 threads:2) >"$WORK/said"
	stop_watching
	detached
	echo >&7
	wait "$held"
	part_lines
	valid faults
	show_again
	cat "$WORK/held" >>"$WORK/said"
	BEFORE=$before AFTER=$(<"$WORK/after") HELD=$held ME=$(</proc/$$/comm) check "$ran$lined$again"'
same((r["scope"], r["target"], r["command"], r["cgroup"]),
     ("cgroup", None, None, "vmscope-faults"), "whose")
[child] = [line[3:] for line in s["fork"]]
held = int(os.environ["HELD"])
gained = [b - a for a, b in zip(*([int(n) for n in os.environ[when].split()]
                                  for when in ("BEFORE", "AFTER")))]
same([rows[held]["minor"], rows[held]["major"]], gained, "who was in there")
same([rows[child[0]]["minor"], rows[child[0]]["major"]], child[1:], "its child")
[elsewhere] = [{int(line.split()[2]) for line in
               open(os.path.dirname(sys.argv[1]) + "/elsewhere")}]
same(len(elsewhere), 2, "elsewhere")
same(elsewhere & set(rows), set(), "who was elsewhere")
assert not elsewhere & {l["pid"] for l in told}, "who was elsewhere is told"
same({p["comm"] for p in r["processes"]}, {"steps", os.environ["ME"], "python3"}, "names")
'
	expect 0 vmscope faults --from "$WORK/kept"
	has "$out" "control group vmscope-faults  Linux"
	fits 80 24 faults --cgroup $groups/vmscope-faults/below -d 300ms
}

# What it does outside is none of the group's, and nothing that was lost.
test_cgroup_that_is_left_and_entered() {
	local before=() after=() n where
	group below
	hold_program "$steps" wait anon:10 wait anon:100 wait threads:3 wait anon:1000 wait anon:20 wait
	start_watching faults --cgroup $groups/vmscope-faults
	for where in '' vmscope-faults vmscope-faults/below '' vmscope-faults; do
		echo "$held" >"$groups/$where/cgroup.procs"
		before+=("$(counters)")
		pass_on
		after+=("$(counters)")
	done
	echo "$held" >$groups/cgroup.procs
	stop_watching
	detached
	: >"$WORK/said"
	BEFORE=$(printf '%s\n' "${before[@]}") AFTER=$(printf '%s\n' "${after[@]}") HELD=$held check '
counters = [[tuple(map(int, line.split())) for line in os.environ[when].splitlines()]
            for when in ("BEFORE", "AFTER")]
gained = [(b[0] - a[0], b[1] - a[1]) for a, b in zip(*counters)]
assert [n for n, _ in gained] >= [10, 100, 6, 1000, 20], gained
inside = [gained[n] for n in (1, 2, 4)]
[held] = r["processes"]
same(held["pid"], int(os.environ["HELD"]), "pid")
same((held["minor"], held["major"]), tuple(map(sum, zip(*inside))), "inside")
same((held["lost_minor"], held["lost_major"], held["unplaced"]), (0, 0, 0), "lost")
same(sum(m["minor"] for m in r["mappings"]), held["minor"], "mappings")
same(r["lost"]["complete"], True, "complete")
'
}

test_cgroup_that_cannot_be_watched() {
	group old
	refused 2 "vmscope-faults/none: No such file or directory: name a control group below" \
		vmscope faults --cgroup vmscope-faults/none
	mount -t cgroup -o none,name=vmscope none $groups/vmscope-faults/old ||
		skip "no control groups of version 1"
	refused 2 "vmscope-faults/old: of version 1, which cannot be watched" \
		vmscope faults --cgroup vmscope-faults/old
}

# ------------------------------------------------------------------- what is lost

# Where a kernel is preempted anywhere, programs are left out. What that takes is told, to the
# last fault of each process, but of a thread that now and then finds no place, which is told.
test_what_is_preempted_is_told() {
	local mode=/sys/kernel/debug/sched/preempt status=0
	[ -e $mode ] || skip "this kernel's preemption stays as it is"
	mode_before=$(sed 's/.*(\(.*\)).*/\1/' $mode)
	trap 'echo $mode_before >/sys/kernel/debug/sched/preempt; clean_up' EXIT
	echo full >$mode
	start_watching faults --system
	run 4 "$steps" anon:8000 threads:16 zero:6000 >"$WORK/said"
	run 100 "$steps" anon:20 threads:2 >>"$WORK/said"
	end_watching
	case $ended in 0 | 6) ;; *) die "faults ended with $ended: $(cat "$WORK/err")" ;; esac
	check '
rows = {p["pid"]: p for p in r["processes"]}
differ = [(line[1:], rows.get(line[1])) for line in s["ran"] if line[1] not in rows or
          line[2:] != [rows[line[1]]["minor"], rows[line[1]]["major"]]]
assert len(differ) <= r["lost"]["no_thread_storage"], (r["lost"], total, differ)
same((len(s["ran"]), r["lost"]["threads"]), (104, 0), "threads")
'
	"$VMSCOPE" faults -J -w "$WORK/out" -- sh -c \
		"for i in 1 2 3 4; do $steps anon:4000 threads:8 & done; wait" >"$WORK/said" || status=$?
	case $status in 0 | 6) ;; *) die "faults ended with $status" ;; esac
	check '
# 6.1 leaves out some whose storage is there; only wait4() knows of them
if not os.uname().release.startswith("6.1."):
    assert not r["lost"]["not_followed"] or r["lost"]["no_thread_storage"], r["lost"]
wait4 = r["command"]["wait4"]
assert total["minor"] <= wait4["minor"] and total["major"] <= wait4["major"], (total, wait4)
'
}

# They have no row, but what they had is in the totals.
test_threads_without_a_place_are_told() {
	local status=0

	"$VMSCOPE" faults -J -w "$WORK/out" -- "$steps" passing:16500 >"$WORK/said" || status=$?
	same $status 6
	check '
same(r["lost"], {"complete": False, "no_thread_storage": 0, "not_followed": 0, "no_mapping": 0,
                 "threads": 16501 - 16384}, "lost")
same((total["minor"], total["major"]), (r["command"]["wait4"]["minor"],
                                        r["command"]["wait4"]["major"]), "totals")
same((total["lost_minor"], total["lost_major"]), (0, 0), "lost")
[process] = r["processes"]
assert total["minor"] - process["minor"] >= 16501 - 16384, (total, process["minor"])
same([m["minor"] for m in at(s["passing"][0][0])], [16500], "mapping")
'
}

test_mappings_without_a_place_are_told() {
	local status=0

	"$VMSCOPE" faults -J -w "$WORK/out" -- "$steps" mappings:17000 >"$WORK/said" || status=$?
	same $status 6
	check '
lost = r["lost"]
same(lost["complete"], False, "complete")
same((total["minor"], total["major"]), (r["command"]["wait4"]["minor"],
                                        r["command"]["wait4"]["major"]), "totals")
assert lost["no_mapping"] > 600
same(sum(m["minor"] + m["major"] for m in r["mappings"]) + lost["no_mapping"],
     total["minor"] + total["major"], "mappings")
'
}

is_stopped() {
	local state
	read -r _ _ state _ <"/proc/$1/stat"
	[ "$state" = T ]
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

# For each of 66,000 one that is like no other. As lines, for as JSON they take a while.
test_stacks_without_a_place_are_told() {
	local status=0 all sum turns no_place minor major

	"$VMSCOPE" faults --stacks=folded --record "$WORK/kept" -w "$WORK/folded" -- \
		"$stacks" many 66000 >"$WORK/said" || status=$?
	same $status 6
	read -r all sum turns no_place < <(awk '
		{ sum += $NF }
		/^\[found no place\]/ { none = $NF; next }
		{ all++ }
		/^stacks;.*;turn;/ { turns += $NF }
		END { print all, sum, turns, none }' "$WORK/folded")
	[ "$all" -ge $((65536 - 100)) ] && [ "$all" -le 65536 ] || die "$all stacks"
	[ $((turns + no_place)) -ge 66000 ] && [ $((turns + no_place)) -le 66010 ] ||
		die "$turns have a place, $no_place have none"
	[ "$no_place" -gt $((66000 - 65536)) ] || die "$no_place have no place"
	expect 6 vmscope faults --from "$WORK/kept"
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
	python3 -c 'import mmap
for n in range(20000):
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC).close()'
	kill -CONT "$watcher"
	wait_until "the watcher" waits_in poll "$watcher"
	pass_on
	stop_watching 6
	[ "$(json "r['stacks']['mappings_lost'] > 10000")" = True ] ||
		die "$(json "r['stacks']['mappings_lost']")"
	same "$(json "r['lost']['complete'], r['totals']['lost_minor']")" "(False, 0)"
}

test_permission() {
	cp "$VMSCOPE" "$WORK/vmscope" && chmod 755 "$WORK/vmscope"
	refused 5 "CAP_BPF" as_nobody "$WORK/vmscope" faults -- true
	expect 6 as_nobody "$WORK/vmscope" show self --faults 10ms
	has "$out" "faults  not watched: "
	has "$out" "CAP_BPF"
}

# --------------------------------------------------------------------------

begin_tests
run_tests faults "$@"
