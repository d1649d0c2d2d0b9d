#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vmscope faults --stacks, of programs whose ways to their page faults are known. Knows nothing of
# how stacks are taken and named.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=selftests/lib/command.sh
. "$here/lib/command.sh"
# shellcheck source=selftests/lib/faults.sh
. "$here/lib/faults.sh"

# stacked: every fault has one, or is counted apart; ways(COMM, NAME...) has how many have a
# stack of that thread that ends with these names, both_ways() those of the programs' two ways,
# and under() those that have a name anywhere.
stacked='
st = r["stacks"]
def frames(stack):
    return [st["frames"][n] for n in stack["frames"]]
def count(of):
    return of["minor"] + of["major"]
def ways(comm, *way):
    return sum(count(s) for s in st["stacks"] if s["comm"] == comm and
               [f["name"] for f in frames(s)][-len(way):] == list(way))
def both_ways(comm):
    return tuple(ways(comm, "main", way, "touch") for way in ("first_way", "second_way"))
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
    same(both_ways(comm), n, comm)
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
same(both_ways("stacks"), (300, 200), "who was there")
same(both_ways("dynamic"), (180, 160), "who came")
same(len({s["pid"] for s in st["stacks"] if s["comm"] == "dynamic"}), 4, "each with its child")
'
}

# Of a control group: one that was in there, one that comes and goes; nobody else.
test_stacks_of_a_cgroup() {
	group below
	hold_program sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' $groups/vmscope-faults \
		"$stacks" wait 300 200 60
	start_watching faults --cgroup vmscope-faults --stacks
	pass_on
	"$bin/programs/dynamic" 50 40 30 >/dev/null
	(echo $BASHPID >$groups/vmscope-faults/below/cgroup.procs &&
		exec "$bin/programs/dynamic" 90 80 40) >/dev/null
	stop_watching
	detached
	: >"$WORK/said"
	valid faults
	check "$stacked"'
same(both_ways("stacks"), (300, 200), "who was in there")
same(both_ways("dynamic"), (90, 80), "who came, and nobody else")
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

# --------------------------------------------------------------------------

begin_tests
run_tests faults "$@"
