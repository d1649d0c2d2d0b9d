#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Many processes at once with the real module: who maps the same memory. Knows nothing of
# the interface between the command and the module.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=selftests/lib/command.sh
. "$here/lib/command.sh"
# shellcheck source=selftests/lib/group.sh
. "$here/lib/group.sh"

# What most tests look at: a parent and children of which is known exactly what they share,
# see family.c. It stands from the first test to the last.
hold_family() {
	hold_program "$bin/family" --hold
	mv "$WORK/held" "$WORK/facts"
	judge define kids "[c[0] for c in f['children']]"
	# the report of a family by pid: pairs by their children, members
	judge define c "{q['child']: q for q in r['pairs']}"
	judge define v "{q['pid']: q for q in r['members']}"
	parent=$(json "f['parent']")
	children=$(json "' '.join(str(c[0]) for c in f['children'])")
}

# So that the kernel, too, changes nothing of theirs.
stop_family() {
	# shellcheck disable=SC2086 # a list
	kill -STOP "$parent" $children
	# shellcheck disable=SC2064 # what it is now
	trap "kill -CONT $parent $children" EXIT
}

# ------------------------------------------------------------- one process

test_share_adds_up() {
	expect 0 vmscope share "$parent" -J
	check "sum(c['bytes'] for c in r['by_mappings']) == r['total']['resident']" "r['by_mappings']"
	check "sum(c['bytes'] for k in r['by_kind'].values() for c in k) == r['total']['resident']" \
		"r['by_kind']"
	check "sum(m['resident'] for m in r['mappings']) == r['total']['resident']" "r['total']"
	check "r['total']['mapped_once'] + r['total']['mapped_more'] == r['total']['resident']" \
		"r['total']"
	check "r['not_found']['mappings'] == 0 and r['not_found']['changed_bytes'] == 0" \
		"r['not_found']"
}

test_share_names_what_is_shared() {
	expect 0 vmscope share "$parent" -J
	check "{(o['type'], o['name'], o['shared'], o['others']) for o in r['objects']} >= {
		('memfd', 'family', 300 * p, 3), ('posix_shm', '/family', 32 * p, 3),
		('shared_anon', 'shared anonymous memory', 16 * p, 3),
		('sysv_shm', 'shmid %d (key 0x00000000)' % f['shmid'], 64 * p, 3)}" "r['objects']"
	# of more than three, three stand on the screen
	expect 0 vmscope share "$parent"
	has "$out" "more object"
	has "$out" ": --json has all of them"
}

# Of 256 pages child n copied 10 n: what is exactly theirs, and what would be freed.
test_share_range_has_other_addresses() {
	expect 0 vmscope share "$parent" "$(json "'%x-%x' % (f['anon'], f['anon'] + 256 * 4096)")" -J
	check "r['total']['resident'] == 256 * p and r['found_elsewhere'] == 246 * p" "r['total']"
	check "{c['least']: c['bytes'] for c in r['by_mappings']} ==
		{1: 10 * p, 2: 10 * p, 3: 236 * p}" "r['by_mappings']"
	check "all(sum(m['pages'] for m in r['elsewhere'] if m['pid'] == kids[n]) == 246 - 10 * n
		for n in range(3))" "r['elsewhere']"
	check "all(m['address'] == m['there'] for m in r['elsewhere'])" "r['elsewhere']"
	check "r['not_found']['mappings'] == 0" "r['not_found']"
	expect 0 vmscope share "$parent" "$(json "'%x+1200K' % f['memfd']")" -J
	check "{(m['pid'], int(m['there'], 16), m['pages']) for m in r['elsewhere']} ==
		{(c[0], c[1], 100 * n + 100) for n, c in enumerate(f['children'])}" "r['elsewhere']"
}

test_share_page_has_other_addresses() {
	expect 0 vmscope share "$parent" "$(json "'%x' % (f['memfd'] + 150 * 4096 + 5)")" -J
	check "{(m['pid'], int(m['there'], 16)) for m in r['elsewhere']} ==
		{(c[0], c[1] + 150 * p) for c in f['children'][1:]}" "r['elsewhere']"
	check "all('family' in m['name'] and m['perm'] == 'rw-s' for m in r['elsewhere'])" \
		"r['elsewhere']"
	expect 0 vmscope share "$parent" "$(json "'%x' % f['memfd']")"
	has "$out" "mapped 4K 3-4 times; frame 0x"
	same "$(grep -c 'rw-s /memfd:family' "$WORK/out")" 3
	expect 0 vmscope share "$parent" 0x1000
	has "$out" "nothing of it is in memory"
}

# A page that is mapped twice by one process, and by nobody else.
test_share_range_finds_its_own_second_mapping() {
	hold_program python3 -c '
import ctypes, mmap, os, sys
fd = os.memfd_create("twice")
os.ftruncate(fd, 8192)
a, b = mmap.mmap(fd, 8192), mmap.mmap(fd, 8192)
a.write(b"x" * 8192)
b.write(b"x" * 4096)
print(*(hex(ctypes.addressof(ctypes.c_char.from_buffer(m))) for m in (a, b)), flush=True)
sys.stdin.read()'
	read -r one other <"$WORK/held"
	expect 0 vmscope share "$held" "$one" -J
	tells "[(m['pid'], int(m['there'], 16)) for m in r['elsewhere']]" \
		"[($held, $((other)))]"
	expect 0 vmscope share "$held" -J
	tells "r['if_it_ended']['stays_as_shared_memory']" 8192
}

test_share_vfork_child_is_one_address_space() {
	expect 0 vmscope share "$parent" -J
	check "[(n['pid'], n['same_as']) for n in r['processes']['notes']] ==
		[(f['same'], f['parent'])]" "r['processes']"
	check "f['same'] not in [q['pid'] for q in r['partners']]" "r['partners']"
	expect 0 vmscope share "$parent"
	has "$(tr -s ' \n' ' ' <"$WORK/out")" \
		"1 has the address space of another ($(json "f['same']") family with $parent family)"
}

# stats_of GROUP: what counts for it, in $anon, $tables, $file and $shmem.
stats_of() {
	local key bytes
	while read -r key bytes; do
		case $key in
		anon) anon=$bytes ;;
		pagetables) tables=$bytes ;;
		file) file=$bytes ;;
		shmem) shmem=$bytes ;;
		esac
	done <"$1/memory.stat"
}

# The kernel adds up what CPUs counted every two seconds: until nothing is added any more.
stats_in_peace() {
	local before=
	stats_of "$1"
	until [ "$before" = "$anon $tables $file $shmem" ]; do
		before="$anon $tables $file $shmem"
		pause 2.2
		stats_of "$1"
	done
}

free_huge_pages() {
	cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages
}

more_huge_pages() {
	local have pool=/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
	have=$(cat $pool)
	echo $((have + $1)) >$pool
	same "$(cat $pool)" $((have + $1)) "huge pages"
}

# A process has 24 MiB with a child, of which it wrote 8 since, and two huge pages alone; of a
# memfd that it maps the child has the descriptor.
hold_who_ends() {
	hold_program sh -c "$into" "$group" python3 -c '
import mmap, os, sys
private, no_huge_pages, huge_pages = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, 15, 0x40000
x, y, z = b"x" * (1 << 20), b"y" * (1 << 20), b"z" * (1 << 20)
m = mmap.mmap(-1, 24 << 20, flags=private)
m.madvise(no_huge_pages)
for _ in range(24): m.write(x)
fd = os.memfd_create("ends")
os.truncate(fd, 4 << 20)
child = os.fork()
if child:
    m.seek(0)
    for _ in range(8): m.write(y)
    named = mmap.mmap(fd, 4 << 20)
    for _ in range(4): named.write(z)
    huge = mmap.mmap(-1, 4 << 20, flags=private | huge_pages)
    for _ in range(4): huge.write(z)
    print(child, flush=True)
sys.stdin.read()'
}

# What is said to be freed, against what the kernel counts less when it was killed.
test_share_what_is_freed_when_it_ends() {
	local group anon tables file shmem child told before huge

	group share-ends
	more_huge_pages 2
	hold_who_ends
	read -r child <"$WORK/held"
	stats_in_peace "$group"
	expect 0 vmscope share "$held" -J
	tells "8 << 20 <= r['if_it_ended']['anonymous'] < 16 << 20" True
	tells "r['if_it_ended']['hugetlb']" $((4 << 20))
	tells "r['if_it_ended']['stays_as_shared_memory']" $((4 << 20))
	# the child has a few pages more with it than those that it was made for
	tells "16 << 20 <= r['partners'][0]['only_both'] < 24 << 20" True
	told=$(json "'%(anonymous)d %(page_tables)d' % r['if_it_ended']")
	before="$anon $tables $file $shmem" huge=$(free_huge_pages)
	kill -9 "$held"
	wait "$held" 2>/dev/null || :
	stats_in_peace "$group"
	same "$(free_huge_pages)" $((huge + 2)) "huge pages"
	judged_by "$told" "$before" "$anon $tables $file $shmem" <<-'PY'
	import sys
	told, before, after = (list(map(int, words.split())) for words in sys.argv[1:])
	anon, tables, file, shmem = (was - now for was, now in zip(before, after))
	if anon != told[0]:
	    sys.exit("%d of anonymous memory were freed, %d were told" % (anon, told[0]))
	if (file, shmem) != (0, 0):
	    sys.exit("files %d and shared memory %d did not stay" % (file, shmem))
	# the kernel counts two levels, or all, with the root and those that nobody pays for
	if not -8 << 12 <= tables - told[1] <= 2 << 12:
	    sys.exit("%d of tables were freed, %d were told" % (tables, told[1]))
	PY
	kill -9 "$child"
	more_huge_pages -2
}

# ------------------------------------------------------------------- groups

test_share_group_counted_once() {
	stop_family
	# shellcheck disable=SC2086 # a list
	expect 0 vmscope share "$parent" $children -J
	judge run "$here/lib/join.py" || die "not as pagemap has it: $answer"
	check "len(r['matrix']) == 4 and all(len(m['with']) == 3 for m in r['matrix'])" "r['matrix']"
	check "r['group']['pss'] <= r['group']['counted_once'] <= r['group']['resident']" "r['group']"
}

test_share_group_names_each_address_space_once() {
	expect 0 vmscope share "$parent" "$(json "f['same']")" -J
	check "len(r['matrix']) == 1 and r['processes']['same_address_space'] == 1" "r['processes']"
}

test_share_group_agrees_with_the_pair() {
	stop_family
	expect 0 vmscope share "$parent" -J
	local shared
	shared=$(json "sorted((q['pid'], q['shared']) for q in r['partners'] if q['comm'] == 'family')")
	expect 0 vmscope share --all -J
	tells "sorted((w['pid'], w['bytes']) for m in r['matrix'] if m['pid'] == $parent
		for w in m['with'] if w['bytes'] > 1 << 17)" "$shared"
}

back_to_the_root() {
	local pid
	for pid in $parent $children; do
		echo "$pid" >/sys/fs/cgroup/cgroup.procs
	done
	rmdir /sys/fs/cgroup/family/below /sys/fs/cgroup/family
}

test_share_cgroup() {
	[ -e /sys/fs/cgroup/cgroup.controllers ] || mount -t cgroup2 none /sys/fs/cgroup ||
		skip "no cgroup2"
	mkdir -p /sys/fs/cgroup/family/below
	trap 'back_to_the_root' EXIT
	echo "$parent" >/sys/fs/cgroup/family/cgroup.procs
	json "f['children'][0][0]" >/sys/fs/cgroup/family/below/cgroup.procs
	expect 0 vmscope share --cgroup family -J
	check "{m['pid'] for m in r['matrix']} == {f['parent'], kids[0]}" "r['matrix']"
	expect 0 vmscope share --cgroup /sys/fs/cgroup/family/below
	has "$out" "1 process of /sys/fs/cgroup/family/below"
	refused 2 "name a control group below" vmscope share --cgroup nothing
	json "f['children'][0][0]" >/sys/fs/cgroup/cgroup.procs
	refused 3 "control group family/below: no process in it or below it" \
		vmscope share --cgroup family/below
}

# ----------------------------------------------- what cannot be seen, is said

test_share_without_frames() {
	refused 5 "need CAP_SYS_ADMIN, and without them nobody can tell" \
		setpriv --bounding-set -sys_admin "$VMSCOPE" share "$parent"
	refused 5 "need CAP_SYS_ADMIN" setpriv --bounding-set -sys_admin "$VMSCOPE" share --all
}

test_share_of_others_that_are_not_permitted() {
	expect 6 setpriv --bounding-set -sys_ptrace "$VMSCOPE" share self -J --source=module
	has "$err" "could not be looked at"
	tells "r['processes']['not_permitted'] > 0 and r['total']['resident'] > 0 and
		'CAP_SYS_PTRACE' in r['processes']['notes'][0]['reason']" True
	refused 5 "CAP_SYS_PTRACE" \
		setpriv --bounding-set -sys_ptrace "$VMSCOPE" share --all --source=module
}

# Who has the rest of the mappings is outside of its pid namespace.
test_share_remainder_is_said() {
	# shellcheck disable=SC2016 # the other shell expands it
	expect 0 unshare --pid --fork --mount-proc sh -c \
		'bash -c "sleep 100 & sleep 100" & sleep 2; "$0" share $! -J; kill -9 -1' "$VMSCOPE"
	tells "r['not_found']['mappings'] > 0 and r['not_found']['bytes'] > 0" True
}

test_share_beside_processes_that_come_and_go() {
	(while [ ! -e "$WORK/enough" ]; do /bin/true; done) &
	local round
	for round in 1 2 3 4; do
		expect 0 vmscope share --all -J --timeout 60000
		check "len(r['matrix']) >= 5" "$round"
		expect 0 vmscope share "$parent" -J --timeout 60000
		check "len(r['partners']) >= 3" "$round"
	done
	touch "$WORK/enough"
}

# Who appears when it has been found out who is there is named and not read, and no gap.
test_share_names_who_appears_meanwhile() {
	local late round
	hold_program python3 -c '
import ctypes, os, signal, sys, time
die_with_parent = 1
def have_children(*_):
    for _ in range(600):
        if not os.fork():
            ctypes.CDLL(None).prctl(die_with_parent, signal.SIGKILL)
            signal.pause()
        time.sleep(0.1)
signal.signal(signal.SIGUSR1, have_children)
print(flush=True)
sys.stdin.read()'
	kill -USR1 "$held"
	for round in {1..60}; do
		expect 0 vmscope share "$parent" -J --timeout 60000
		valid share
		judged_by "$held" <<-'PY'
		import json, sys
		r = json.load(sys.stdin)
		processes = r["processes"]
		late = [n for n in processes["notes"] if n["state"] == "appeared"]
		if len(late) != processes["appeared"] or any(n["reason"] for n in late):
		    sys.exit("%s" % processes)
		if {n["pid"] for n in late} & {p["pid"] for p in r["partners"]}:
		    sys.exit("%s %s" % (late, r["partners"]))
		children = 0
		for n in late:
		    with open("/proc/%d/stat" % n["pid"]) as f:
		        children += f.read().rpartition(")")[2].split()[1] == sys.argv[1]
		if children != len(late) or {n["comm"] for n in late} - {"python3"}:
		    sys.exit("%s are not all of %s" % (late, sys.argv[1]))
		print(children)
		PY
		late=$answer
		[ "$late" -eq 0 ] || break
	done
	[ "$late" -gt 0 ] || die "nobody appeared in $round looks"
	for round in {1..60}; do
		expect 0 vmscope share "$parent" --timeout 60000
		[[ $out != *"appeared meanwhile ("* ]] || return 0
	done
	die "no screen tells of who appeared"
}

test_share_from_procfs_says_the_same() {
	stop_family
	# shellcheck disable=SC2086
	expect 0 vmscope share "$parent" $children -J --source=proc
	judge run "$here/lib/join.py" || die "not as pagemap has it: $answer"
}

# ------------------------------------------------------------------- family

# Of 256 pages child n copied the first 10 n + 10, and a few of its own beside them.
test_family_pages_copied_and_by_whom() {
	expect 0 vmscope share "$parent" --family -J
	check "set(v) == {f['parent'], *kids}" "r['members']"
	check "set(c) == set(kids) and all(q['parent'] == f['parent'] and q['born']
		for q in c.values())" "r['pairs']"
	check "all(c[k]['shared'] // p >= 246 - 10 * n for n, k in enumerate(kids))" "c"
	check "[c[kids[n]]['child_copied'] - c[kids[0]]['child_copied'] for n in range(3)] ==
		[0, 10 * p, 20 * p]" "c"
	check "10 * p <= c[kids[0]]['child_copied'] <= 30 * p" "c"
	check "all(q['unclear'] == 0 for q in c.values())" "c"
	# from a child's side the family is the same
	expect 0 vmscope share "$(json "f['children'][1][0]")" --family -J
	check "set(v) == {f['parent'], *kids} and set(c) == set(kids)" "r['members']"
}

test_family_what_the_next_writes_copy() {
	expect 0 vmscope share "$parent" --family -J
	check "all(q['contradictions'] == 0 for q in v.values())" "v"
	check "all(q['exclusive'] + q['reuse'] + q['shared'] == q['anon'] for q in v.values())" "v"
	# pages 0 to 9 were copied by all: the parent's are its own by now
	check "10 * p <= v[f['parent']]['reuse'] <= 20 * p" "v"
	check "all(246 * p <= v[k]['would_copy'] + 10 * n * p <= 270 * p
		for n, k in enumerate(kids))" "v"
	# of the 10 + 10 + 226 pages that two, three and four have, one stays as it is
	check "(10 + 20 + 678) * p <= r['family']['write_storm'] <= (10 + 20 + 678 + 90) * p" \
		"r['family']"
	check "r['family']['mappings_outside'] == 0" "r['family']"
}

# Who wrote is told by the exclusive bits: here the parent, and in the end both.
test_family_parent_that_copied() {
	hold_program python3 -c '
import ctypes, mmap, os, sys
die_with_parent, kill, no_huge_pages = 1, 9, 15
x, y, z = b"x" * (1 << 20), b"y" * (1 << 20), b"z" * (1 << 20)
m = mmap.mmap(-1, 32 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
m.madvise(no_huge_pages)
for _ in range(32): m.write(x)
m.seek(0)
r, w = os.pipe()
if os.fork():
    os.read(r, 1)
    for _ in range(16): m.write(y)
    print("ready", flush=True)
else:
    ctypes.CDLL(None).prctl(die_with_parent, kill)
    for _ in range(8): m.write(z)
    os.write(w, b"x")
sys.stdin.read()'
	expect 0 vmscope share "$held" --family -J
	tells "len(r['pairs'])" 1
	# the child took the first 8 MiB while the parent still had them as they were
	# and Python itself wrote a little
	tells "8 <= r['pairs'][0]['both_wrote'] >> 20 <= 10" True
	tells "8 <= r['pairs'][0]['parent_copied'] >> 20 <= 10" True
	tells "r['pairs'][0]['shared'] >> 20 >= 16" True
}

test_family_of_one() {
	hold_program sh -c 'echo ready; read -r line'
	expect 0 vmscope share "$held" --family -J
	tells "[v['pid'] for v in r['members']], r['pairs']" "([$held], [])"
	refused 2 "name one process" vmscope share --all --family
}

# ------------------------------------------------------------------ screens

test_share_screens_fit() {
	local what
	for what in "$parent" --all "$parent $(json "'%x-%x' % (f['memfd'], f['memfd'] + 8192)")" \
		"$parent $(json "'%x' % f['anon']")" "$parent --family"; do
		fits 80 24 share "$what"
		fits 40 any share "$what"
	done
}

# Names of processes are as long as they are; that of the file is cut.
test_share_range_fits_whoever_has_it() {
	hold_program python3 -c '
import sys
open("/proc/self/comm", "w").write("a-name-of-15-ch")
print(flush=True)
sys.stdin.read()'
	fits 80 any share $$ libc.so.6
	has "$(cat "$WORK/out")" "a-name-of-15-ch"
}

test_share_json_is_as_the_schema_says() {
	expect 0 vmscope share "$parent" --family -J; valid share
	expect 0 vmscope share "$parent" -J; valid share
	expect 0 vmscope share "$parent" "$(json "'%x' % f['memfd']")" -J; valid share
	expect 0 vmscope share --all -J; valid share
}

begin_tests
hold_family
trap 'kill -9 $held; rm -rf "$WORK"' EXIT
run_tests share "$@"
