#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vmscope faults of many at the same time, on several processors: everybody, a control group, a
# process with threads. Knows nothing of how they are counted.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=selftests/lib/command.sh
. "$here/lib/command.sh"
# shellcheck source=selftests/lib/faults.sh
. "$here/lib/faults.sh"

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

# -------------------------------------------------------------------- everybody

# Where much watches the kernel, a process takes as long to come and go as twenty elsewhere.
crowd=100 many=7000
[ "${KERNEL_NAME:-}" != debug ] || crowd=20 many=1500

# Each has some thousands of faults, all of them at the same time.
test_system_counts_everybody() {
	start_watching faults --system
	run 4 "$steps" anon:$many threads:16 zero:$many >"$WORK/said"
	run 1 "$steps" null:3 sigbus:1 >>"$WORK/said"
	stop_watching
	detached
	valid faults
	MANY=$many check "$ran"'
same((r["scope"], r["target"], r["command"], r["cgroup"]), ("system", None, None, None), "whose")
same(len(ran), 5, "number")
for pid, minor, _ in ran[:4]:
    assert minor > 2 * int(os.environ["MANY"]), minor
    same(len(rows[pid]["threads"]), 17, "threads")
    same(rows[pid]["ended"], True, "ended")
same((rows[ran[4][0]]["wrong"], rows[ran[4][0]]["failed"]), (4, 1), "wrong")
'
	refused 4 "from within a pid namespace not everybody can be watched" \
		unshare --pid --fork "$VMSCOPE" faults --system
}

# Many that come and go, and more of them at a time than there are processors.
test_system_counts_those_that_are_short() {
	start_watching faults --system --record "$WORK/kept"
	for _ in 1 2; do
		run $crowd "$steps" anon:20 threads:2
	done >"$WORK/said"
	stop_watching
	CROWD=$crowd check "$ran"'
same(len(ran), 2 * int(os.environ["CROWD"]), "number")
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

# Where a kernel is preempted anywhere, programs are left out. What that takes is told, to the
# last fault of each process, but of a thread that now and then finds no place, which is told.
test_what_is_preempted_is_told() {
	local mode=/sys/kernel/debug/sched/preempt status=0
	[ -e $mode ] || skip "this kernel's preemption stays as it is"
	mode_before=$(sed 's/.*(\(.*\)).*/\1/' $mode)
	trap 'echo $mode_before >/sys/kernel/debug/sched/preempt; clean_up' EXIT
	echo full >$mode
	start_watching faults --system
	run 4 "$steps" anon:$((many / 2)) threads:16 zero:$((many / 2)) >"$WORK/said"
	run $crowd "$steps" anon:20 threads:2 >>"$WORK/said"
	end_watching
	case $ended in 0 | 6) ;; *) die "faults ended with $ended: $(cat "$WORK/err")" ;; esac
	CROWD=$crowd check '
rows = {p["pid"]: p for p in r["processes"]}
differ = [(line[1:], rows.get(line[1])) for line in s["ran"] if line[1] not in rows or
          line[2:] != [rows[line[1]]["minor"], rows[line[1]]["major"]]]
assert len(differ) <= r["lost"]["no_thread_storage"], (r["lost"], total, differ)
same((len(s["ran"]), r["lost"]["threads"]), (4 + int(os.environ["CROWD"]), 0), "threads")
'
	"$VMSCOPE" faults -J -w "$WORK/out" -- sh -c \
		"for i in 1 2 3 4; do $steps anon:1000 uffd:500 threads:8 & done; wait" \
		>"$WORK/said" || status=$?
	case $status in 0 | 6) ;; *) die "faults ended with $status" ;; esac
	check '
# 6.1 leaves out some whose storage is there; only wait4() knows of them
if not os.uname().release.startswith("6.1."):
    assert not r["lost"]["not_followed"] or r["lost"]["no_thread_storage"], r["lost"]
wait4 = r["command"]["wait4"]
# nor is one taken for the other: 6.1 counts those that are tried again as major
assert wait4["major"] >= 2000 or not os.uname().release.startswith("6.1."), wait4
assert total["minor"] <= wait4["minor"] and total["major"] <= wait4["major"], (total, wait4)
'
}

# --------------------------------------------------------------- control groups

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
same({p["comm"] for p in r["processes"]}, {"steps", os.environ["ME"], "several"}, "names")
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

# --------------------------------------------------------------------------

begin_tests
run_tests faults "$@"
