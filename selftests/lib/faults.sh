# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of vmscope faults share: programs that are watched, and what their reports
# are asked. Sourced behind command.sh; knows no test.
# shellcheck shell=bash disable=SC2154,SC2034

# shellcheck source=selftests/lib/watch.sh
. "$here/lib/watch.sh"
steps=$bin/programs/steps
stacks=$bin/programs/stacks

# After each test, unless the script has more to do.
clean_up() {
	unwatch
	remove_groups
}

# What a test that stopped has left.
unwatch() {
	[ -z "${watcher-}" ] || kill -9 "$watcher" 2>/dev/null || :
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
		for name in AFTER BEFORE CROWD DISK HELD HINTS MANY ME START; do
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
	[ "$ended" -eq "${1:-0}" ] ||
		die "faults ended with $ended: $(cat "$WORK/err")" "$(grep -E '"(lost|totals)":' "$WORK/out")"
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

# faults_by_kernel: of each thread, as "TID MINOR MAJOR".
faults_by_kernel() {
	local task

	for task in "/proc/$held/task/"*; do
		sed -E 's/^([0-9]+) \(.*\) ./\1/' "$task/stat" | awk '{ print $1, $8, $10 }'
	done
}

is_stopped() {
	local state
	read -r _ _ state _ <"/proc/$1/stat"
	[ "$state" = T ]
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

# run N COMMAND...: so many at once; of each a line "ran 0 PID MINOR MAJOR" of the time from its
# fork to its exit, as wait4() told.
run() {
	"$bin/programs/several" "$@"
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
