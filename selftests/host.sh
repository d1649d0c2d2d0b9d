#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Where memory is, with the real module: whether the host adds up, on which node pages
# are, and which are lost. Knows nothing of the interface between the command and the module.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=selftests/lib/command.sh
. "$here/lib/command.sh"
# shellcheck source=selftests/lib/swap.sh
. "$here/lib/swap.sh"
# shellcheck source=selftests/lib/group.sh
. "$here/lib/group.sh"

# remainder LINE MIB: what the kernel counts more than the processes explain is at most this,
# and no less than nothing.
remainder() {
	check "-65536 <= r['sums']['$1']['remainder'] <= $2 << 20" "r['sums']['$1']"
}

# Memory that is a process's own, that forks share, and shared memory. It stands from the
# first test to the last.
hold_much() {
	hold_program python3 -c '
import ctypes, mmap, os, signal, sys
die_with_parent = 1
x, y, z = b"x" * (1 << 20), b"y" * (1 << 20), b"z" * (1 << 20)
own = mmap.mmap(-1, 96 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for _ in range(96): own.write(x)
both = mmap.mmap(-1, 32 << 20)
for _ in range(32): both.write(y)
for _ in range(3):
    if not os.fork():
        ctypes.CDLL(None).prctl(die_with_parent, signal.SIGKILL)
        own.seek(0)
        for _ in range(8): own.write(z)
        sys.stdin.read()
        os._exit(0)
print(flush=True)
sys.stdin.read()'
}

# What the programs before had is freed a while after they ended, and counters of a CPU are
# added to the others once a second: until two readings in a row are nearly the same.
host_in_peace() {
	local now=0 before

	sync
	for _ in {1..10}; do
		before=$now
		now=$(awk '/^(AnonPages|Mapped):/ { sum += $2 } END { print sum }' /proc/meminfo)
		[ $((now - before)) -gt 256 ] || [ $((before - now)) -gt 256 ] || return 0
		pause 1.1
	done
}

test_host_adds_up() {
	host_in_peace
	expect 0 vmscope host -J
	# of all others the sum is known to the page; the kernel has pages on their way
	remainder anonymous 2
	remainder mapped 4
	valid host
	tells "r['sums']['anonymous']['processes'] > 120 << 20" True
	tells "r['sums']['mapped']['processes'] > 32 << 20" True
	tells "r['sums']['page_tables']['remainder'] < r['sums']['page_tables']['kernel'] // 2" True
	# no more than a tenth of all memory is a riddle
	tells "abs(r['memory']['unexplained']) < r['memory']['total'] // 10" True
}

# Who may not be looked at is counted and named, and what is theirs is left over.
test_host_without_permission() {
	local nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps -all)

	expect 5 as_nobody "$VMSCOPE" host -J
	hold_program "${nobody[@]}" python3 -c '
import mmap, sys
own = mmap.mmap(-1, 8 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for _ in range(8): own.write(b"x" * (1 << 20))
print(flush=True)
sys.stdin.read()'
	expect 6 as_nobody "$VMSCOPE" host
	has "$err" "could not be looked at"
	has "$out" "read  1 process; "
	has "$out" " NOT PERMITTED ("
	has "$out" "processes not looked at"
	expect 6 as_nobody "$VMSCOPE" host -J
	valid host
	judged_by "$held" <<-'PY'
	import glob, json, sys
	r = json.load(sys.stdin)
	others = set()
	for path in glob.glob("/proc/[0-9]*/status"):
	    with open(path) as f:
	        lines = dict(line.split(":\t", 1) for line in f)
	    if "VmSize" in lines and lines["Uid"].split()[0] != "65534":
	        others.add(int(lines["Pid"]))
	notes = {n["pid"]: n["state"] for n in r["members"]["notes"]}
	if notes != dict.fromkeys(others, "not_permitted") or r["members"]["not_permitted"] != len(others):
	    sys.exit("%s, but there are %s" % (r["members"], others))
	if r["members"]["read"] != 1 or int(sys.argv[1]) not in [p["pid"] for p in r["processes"]]:
	    sys.exit("%s %s" % (r["members"], r["processes"]))
	PY
	tells "r['sums']['page_tables']['remainder'] > 0" True
	# the module looks at the processes of root no more than at others
	expect 5 setpriv --bounding-set -sys_ptrace "$VMSCOPE" host -J
	tells "r['source']['name'], r['members']['read']" "('module', 0)"
	tells "r['sums']['anonymous']['remainder'] > 128 << 20" True
	kill -9 "$held"
}

# Programs start and end. Who is there from the beginning to the end is in each report once, who
# ended while others were read is counted and named, and what all have adds up.
test_host_beside_processes_that_come_and_go() {
	local ended=0 round stay

	judged_by <<-'PY'
	import glob, os
	print(*(os.path.basename(path) for path in glob.glob("/proc/[0-9]*")
	        if os.path.exists(path + "/exe")))
	PY
	stay=$answer
	rm -f "$WORK/enough"
	# several at once, for when it is their turn the report has begun
	(while [ ! -e "$WORK/enough" ]; do
		for _ in {1..6}; do (/bin/true) & done
		wait
	done) &
	for round in {1..100}; do
		expect 0 vmscope host -J --timeout 60000
		judged_by "$stay" <<-'PY'
		import json, sys
		r = json.load(sys.stdin)
		members, notes = r["members"], r["members"]["notes"]
		pids = [p["pid"] for p in r["processes"]]
		gone = [n["pid"] for n in notes if n["state"] == "gone"]
		missing = {int(pid) for pid in sys.argv[1].split()} - set(pids)
		if missing or len(pids) != len(set(pids)):
		    sys.exit("%s are missing of %s" % (missing, pids))
		if len(gone) != members["gone"] or set(gone) & set(pids):
		    sys.exit("%s: %s" % (members, pids))
		# the command itself is one of them
		if members["read"] != len(pids) - 1 or members["not_permitted"] + members["failed"]:
		    sys.exit("%s: %s" % (members, pids))
		for line, figure in ("anonymous", "anonymous"), ("mapped", "mapped"), ("page_tables", "page_tables"):
		    total = r["sums"][line]
		    if sum(p[figure] for p in r["processes"]) != total["processes"]:
		        sys.exit("%s: %s" % (line, total))
		    if abs(total["remainder"]) > 4 << 20:
		        sys.exit("%s: %s" % (line, total))
		print(len(gone))
		PY
		ended=$answer
		[ "$ended" -eq 0 ] || return 0
	done
	die "nobody ended in $round looks"
}

test_host_swap_adds_up() {
	[ "$(wc -l </proc/swaps)" -gt 1 ] || {
		modprobe zram 2>/dev/null || skip "zram: no such module"
		[ -b /dev/zram0 ] || cat /sys/class/zram-control/hot_add >/dev/null
		echo 256M >/sys/block/zram0/disksize && mkswap /dev/zram0 >/dev/null && swapon /dev/zram0 ||
			skip "swap in zram"
	}
	# nothing of who was there before
	others_off
	others_on
	hold_program python3 -c '
import ctypes, mmap, sys
own = mmap.mmap(-1, 32 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for _ in range(32): own.write(b"x" * (1 << 20))
address = ctypes.addressof(ctypes.c_char.from_buffer(own))
libc = ctypes.CDLL(None, use_errno=True)
assert not libc.madvise(ctypes.c_void_p(address), ctypes.c_size_t(32 << 20), 21)
print(flush=True)
sys.stdin.read()'
	expect 0 vmscope host -J
	tells "r['sums']['swap']['processes'] >= 30 << 20" True
	remainder swap 4
}

# swapped_kib: of $held, as the kernel counts.
swapped_kib() {
	awk '/^Swap:/ { print $2 }' "/proc/$held/smaps_rollup"
}

# A megabyte is in swap. When it is told to, the process reads 40 pages of it and writes 10
# others that it never had: a look later these are BACK and NEW, and the rest is neither.
test_age_has_back_what_was_in_swap() {
	local before asked away

	modprobe -q zram num_devices=2 || skip "zram: no such module"
	only_zram
	hold_program python3 -c '
import ctypes, mmap, signal, sys
no_huge_pages, pageout = 15, 21
libc = ctypes.CDLL(None, use_errno=True)
away = mmap.mmap(-1, 1 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
fresh = mmap.mmap(-1, 1 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
away.madvise(no_huge_pages)
away.write(b"x" * (1 << 20))
at = ctypes.addressof(ctypes.c_char.from_buffer(away))
def come_back(*_):
    for i in range(40):
        assert away[i * 8192] == 120
    for i in range(10):
        fresh[i * 4096] = 1
signal.signal(signal.SIGUSR1, come_back)
assert not libc.madvise(ctypes.c_void_p(at), ctypes.c_size_t(1 << 20), pageout)
print(hex(at), flush=True)
sys.stdin.read()'
	read -r away <"$WORK/held"
	before=$(swapped_kib)
	[ "$before" -ge 1000 ] || die "only $before KiB are in swap"
	"$VMSCOPE" age "$held" --interval 2s --count 1 -J >"$WORK/out" 2>"$WORK/err" &
	asked=$!
	wait_until "the first look" waits_in nanosleep $asked
	kill -USR1 "$held"
	wait $asked || die "it ended with $?: $(cat "$WORK/err")"
	same "$((before - $(swapped_kib)))" 160
	valid age
	tells "[i['back'] for i in r['working']['intervals']]" "[$((40 << 12))]"
	tells "[(m['back'], m['used'], m['new']) for m in r['working']['mappings'] if m['start'] == '$away']" \
		"[($((40 << 12)), $((40 << 12)), 0)]"
	check "10 * p <= r['working']['intervals'][0]['new'] < 40 * p" "r['working']['intervals']"
	# all of it has been there before the next look
	expect 0 vmscope age "$held" --interval 100ms --count 1 -J
	tells "[i['back'] for i in r['working']['intervals']]" "[0]"
}

test_host_kills_the_largest_first() {
	expect 0 vmscope host -J
	tells "r['processes'][0]['rss'] > 90 << 20" True
	# as the kernel orders them, the first and the last
	tells "r['processes'][0]['oom_score'] == max(p['oom_score'] for p in r['processes'])" True
	echo 1000 >"/proc/$$/oom_score_adj"
	expect 0 vmscope host -J
	echo 0 >"/proc/$$/oom_score_adj"
	tells "r['processes'][0]['oom_score_adj']" 1000
}

committed_as() {
	sed -n 's/^Committed_AS: *\([0-9]*\) kB/\1/p' /proc/meminfo
}

# What is only promised: no page of it is there.
test_host_tells_what_each_was_promised() {
	local before after promised
	hold_program python3 -c '
import mmap, sys
m = mmap.mmap(-1, 200 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
print("ready", flush=True)
sys.stdin.read()'
	expect 0 vmscope host -J
	promised=$(json "next(p['committed'] for p in r['processes'] if p['pid'] == $held) >> 10")
	expect 0 vmscope host
	has "$out" COMMIT
	before=$(committed_as)
	kill -9 "$held"
	wait "$held" 2>/dev/null || :
	after=$(committed_as)
	# the kernel keeps its count for each processor apart
	[ "$promised" -ge $((200 << 10)) ] && [ $(((before - after - promised) ** 2)) -lt $((4096 ** 2)) ] ||
		die "told $promised KiB, freed $((before - after))"
}

# hold_candidates SIZE:ADJUSTMENT... [-- WHERE...]: a process for each, of so many MiB, started by
# WHERE; their pids in $candidates. At SIGUSR1 one takes 8 MiB more.
hold_candidates() {
	local what=()
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		what+=("$1")
		shift
	done
	hold_program "${@:2}" python3 -c '
import ctypes, mmap, os, signal, sys
die_with_parent, no_huge_pages = 1, 15
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
r, w = os.pipe()
pids, taken = [], []
def take_more(*_):
    taken.append(b"y" * (8 << 20))
signal.signal(signal.SIGUSR1, take_more)
for one in sys.argv[1:]:
    size, adjust = map(int, one.split(":"))
    pids.append(os.fork())
    if not pids[-1]:
        ctypes.CDLL(None).prctl(die_with_parent, signal.SIGKILL)
        m = mmap.mmap(-1, size << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        m.madvise(no_huge_pages)
        for _ in range(size):
            m.write(b"x" * (1 << 20))
        with open("/proc/self/oom_score_adj", "w") as f:
            f.write(str(adjust))
        os.write(w, b"x")
        while True:
            signal.pause()
for _ in pids:
    os.read(r, 1)
print(*pids, flush=True)
sys.stdin.read()' "${what[@]}"
	read -r -a candidates <"$WORK/held"
}

# The list is in the order of what the kernel says of each process; where it rounds, of those that
# are nearly the same any may come first.
test_host_orders_as_the_kernel_weighs() {
	local candidates

	hold_candidates 16:0 48:0 32:200 64:-300 8:400 24:-1000
	expect 0 vmscope host -J --timeout 60000
	judged_by "${candidates[@]}" <<-'PY'
	import json, sys
	processes = json.load(sys.stdin)["processes"]
	kernel = []
	for p in processes:
	    try:
	        with open("/proc/%d/oom_score" % p["pid"]) as f:
	            score = int(f.read())
	    except OSError:
	        continue            # the command itself
	    if score == p["oom_score"]:
	        kernel.append((score, p))       # the others are starting, or have taken more
	dies = [(score, p) for score, p in kernel if p["oom_weight"] is not None]
	never = kernel[len(dies):]
	if len(dies) < 8 or any(p["oom_weight"] is not None for score, p in never):
	    sys.exit("%s" % kernel)
	for (score, p), (less, q) in zip(dies, dies[1:]):
	    if less > score + 1:
	        sys.exit("%d, %s, is before %d, %s" % (score, p, less, q))
	for score, p in never:
	    if p["pid"] != 1 and (score or p["oom_score_adj"] != -1000):
	        sys.exit("%d, %s" % (score, p))
	pids = [int(pid) for pid in sys.argv[1:]]
	order = [pids.index(p["pid"]) for p in processes if p["pid"] in pids]
	if order != [4, 2, 1, 0, 3, 5]:
	    sys.exit("the order is %s" % order)
	PY
	kill -9 "$held"
}

is_gone() {
	[ ! -e "/proc/$1" ]
}

# victims FROM: whom the kernel has killed in the group since its log had so many lines, in order.
victims() {
	dmesg | tail -n "+$(($1 + 1))" |
		sed -n 's|.*oom-kill:.*,oom_memcg=/vmscope-host-victim,.*,pid=\([0-9]*\),.*|\1|p' | xargs
}

# members_of_the_group: its processes as the list has them.
members_of_the_group() {
	expect 0 vmscope host -J --timeout 60000
	json "' '.join(str(p['pid']) for p in r['processes'] if p['control_group'] == '/vmscope-host-victim')"
}

# rss_kib PID: 0 when it is gone.
rss_kib() {
	local kib
	kib=$(sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$1/status" 2>/dev/null) || :
	echo $((kib))
}

# has_more_or_is_gone PID KIB
has_more_or_is_gone() {
	is_gone "$1" || [ "$(rss_kib "$1")" -gt "$2" ]
}

# A small process of a control group wants more than there is: the first of the list is killed, and
# where the kernel finds that its memory takes too long to be free, those behind it. None
# is killed any more when who wanted more has nearly all of its 8 MiB, or was killed itself.
test_host_names_the_next_victim_of_a_group() {
	local candidates listed killed from enough pid

	group host-victim
	echo 0 >"$group/memory.swap.max"
	hold_candidates 12:0 56:0 24:0 -- sh -c "$into" "$group"
	members_of_the_group >"$WORK/listed"
	read -r -a listed <"$WORK/listed"
	same "${listed[*]}" "${candidates[1]} ${candidates[2]} ${candidates[0]} $held"
	from=$(dmesg | wc -l)
	echo $(($(cat "$group/memory.current") + (2 << 20))) >"$group/memory.max"
	enough=$(($(rss_kib "${candidates[0]}") + (7 << 10)))
	kill -USR1 "${candidates[0]}"
	wait_until "the memory that it wants" has_more_or_is_gone "${candidates[0]}" $enough
	read -r -a killed <<<"$(victims "$from")"
	[ ${#killed[@]} -gt 0 ] || die "nobody was killed"
	same "${killed[*]}" "${listed[*]:0:${#killed[@]}}"
	for pid in "${killed[@]}"; do
		wait_until "the end of who was killed" is_gone "$pid"
	done
	same "$(members_of_the_group)" "${listed[*]:${#killed[@]}}"
	kill -9 "$held"
	wait_until "the end of the group" rmdir "$group"
}

# node_pages PID NODE: the sum of N0= or N1= of numa_maps, in base pages, in $answer.
node_pages() {
	judged_by "$1" "$2" <<-'PY'
	import re, sys
	total = 0
	for line in open(f"/proc/{sys.argv[1]}/numa_maps"):
	    size = int(re.search(r"kernelpagesize_kB=(\d+)", line).group(1)) if "kernelpagesize_kB" in line else 4
	    for pages in re.findall(rf" N{sys.argv[2]}=(\d+)", line):
	        total += int(pages) * size // 4
	print(total)
	PY
}

test_numa_agrees_with_numa_maps() {
	local node

	# numa_maps leaves out what is part of the kernel's image
	expect 0 vmscope numa "$much" -J
	for node in 0 1; do
		node_pages "$much" $node
		tells "sum(n[l] for m in r['numa']['mappings'] if m['name'] != '[vdso]' for n in m['nodes'] for l in ('pte', 'cont', 'pmd', 'pud') if n['node'] == $node) // 4096" \
			"$answer"
	done
	tells "r['numa']['resident'] > 128 << 20" True
}

# Pages of one node, of both in turn, a huge page, and two of hugetlb; each is told by the node and
# by the entries that map it, and every mapping has as much on each node as numa_maps says.
test_numa_of_each_mapping_by_leaf() {
	local pool=/sys/devices/system/node/node1/hugepages/hugepages-2048kB

	echo 2 >$pool/nr_hugepages
	same "$(cat $pool/free_hugepages)" 2 "huge pages of node 1"
	hold_program python3 -c '
import ctypes, mmap, sys
bind, interleave, no_huge_pages, collapse, hugetlb = 2, 3, 15, 25, 0x40000
mib, huge = 1 << 20, 2 << 20
libc = ctypes.CDLL(None, use_errno=True)
def succeeds(status):
    if status:
        raise OSError(ctypes.get_errno())
def at(m):
    return ctypes.addressof(ctypes.c_char.from_buffer(m))
def anonymous(size, policy, nodes, flags=0):
    m = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | flags)
    if not flags:
        m.madvise(no_huge_pages)
    succeeds(libc.syscall(237, ctypes.c_void_p(at(m)), ctypes.c_ulong(size), policy,
                          ctypes.byref(ctypes.c_ulong(nodes)), ctypes.c_ulong(64), 0))
    return m
one = anonymous(3 * mib, bind, 2)
both = anonymous(2 * mib, interleave, 3)
whole = anonymous(4 * mib, bind, 2)
pool = anonymous(2 * huge, bind, 2, hugetlb)
for m in one, both, pool:
    for _ in range(len(m) >> 20):
        m.write(b"x" * mib)
aligned = at(whole) + huge - 1 & -huge
succeeds(libc.madvise(ctypes.c_void_p(aligned), ctypes.c_ulong(huge), 14))
ctypes.memset(aligned, 1, huge)
succeeds(libc.madvise(ctypes.c_void_p(aligned), ctypes.c_ulong(huge), collapse))
print(*map(hex, (at(one), at(both), aligned, at(pool))), flush=True)
sys.stdin.read()'
	expect 0 vmscope numa "$held" -J
	# shellcheck disable=SC2046 # words
	judged_by "$held" $(cat "$WORK/held") <<-'PY'
	import json, re, sys
	pid, *starts = sys.argv[1:]
	mappings = {int(m["start"], 16): m for m in json.load(sys.stdin)["numa"]["mappings"]}
	MIB = 1 << 20
	wanted = [{(1, "pte"): 3 * MIB}, {(0, "pte"): MIB, (1, "pte"): MIB},
	          {(1, "pmd"): 2 * MIB}, {(1, "pmd"): 4 * MIB}]
	for start, want in zip(starts, wanted):
	    told = {(node["node"], leaf): node[leaf] for node in mappings[int(start, 16)]["nodes"]
	            for leaf in node if leaf != "node" and node[leaf]}
	    if told != want:
	        sys.exit("%s: %s instead of %s" % (start, told, want))
	kernel = {}
	for line in open("/proc/%s/numa_maps" % pid):
	    size = int(re.search(r"kernelpagesize_kB=(\d+)|$", line).group(1) or 4)
	    nodes = {int(node): int(pages) * size << 10
	             for node, pages in re.findall(r" N(\d+)=(\d+)", line)}
	    if nodes:
	        kernel[int(line.split()[0], 16)] = nodes
	told = {start: {node["node"]: sum(node[leaf] for leaf in node if leaf != "node")
	                for node in m["nodes"]}
	        for start, m in mappings.items() if m["name"] != "[vdso]"}
	# it leaves out what is part of the kernel's image
	for start in told.keys() | kernel:
	    if told.get(start) != kernel.get(start):
	        sys.exit("%x: %s, but numa_maps has %s" % (start, told.get(start), kernel.get(start)))
	PY
	kill -9 "$held"
	echo 0 >$pool/nr_hugepages
}

# One group writes a file and is done; a process of another maps it.
test_host_shows_who_pays_for_foreign_pages() {
	local payer user pages=$((48 << 20))

	group host-payer && payer=$group
	group host-user && user=$group
	# what the writer itself is made of is in memory already, and paid for
	dd if=/dev/zero of="$WORK/file" bs=1M count=1 2>/dev/null && rm "$WORK/file"
	sh -c "$into" "$payer" dd if=/dev/zero of="$WORK/file" bs=1M count=48 2>/dev/null
	hold_program sh -c "$into" "$user" python3 -c '
import mmap, sys
own = mmap.mmap(-1, 16 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for _ in range(16): own.write(b"x" * (1 << 20))
file = open(sys.argv[1], "rb")
mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
sum(mapped[i] for i in range(0, len(mapped), 4096))
print(flush=True)
sys.stdin.read()' "$WORK/file"
	expect 0 vmscope host -J
	valid host
	tells "r['foreign_reason']" None
	tells "[c['bytes'] for g in r['control_groups'] if g['path'] == '/vmscope-host-user' for c in g['foreign_charged_to'] if c['path'] == '/vmscope-host-payer']" "[$pages]"
	# as the kernel counts: mapped, and charged to the one that maps nothing of it itself
	same "$(json "[$(stat_of "$payer" file_mapped) - 48 * 2**20 in range(2**20), $(stat_of "$user" file_mapped) < 2**24]")" "[True, True]"
	# its own memory is its own: anonymous memory and tables, no file of 48 MiB
	tells "[p['foreign'] - $pages < p['mapped'] and p['anonymous'] > 16 << 20 for p in r['processes'] if p['pid'] == $held]" "[True]"
	expect 0 vmscope host
	has "$out" "48M of /vmscope-host-user charged to /vmscope-host-payer"
	fits 80 24 host
	kill -9 "$held"
}

# A page of each kind is lost, of a huge page one small one, of hugetlb all of it. What
# leaf_poison.c finds in page tables is named with its address, and procfs agrees.
test_lost_pages_are_named() {
	local before anon thp hugetlb file

	before=$(awk '/^HardwareCorrupted/ { print $2 }' /proc/meminfo)
	[ -n "$before" ] || skip "this kernel knows no memory errors"
	hold_program "$bin/leaf_poison" --hold
	read -r anon thp hugetlb file <"$WORK/held"
	same "$(awk '/^HardwareCorrupted/ { print $2 }' /proc/meminfo)" $((before + 16))
	expect 0 vmscope pages --stuck "$held" -J
	valid ask
	check "{(x['start'], x['bytes']) for x in r['stuck']['runs'] if x['reasons'] == ['hwpoison']} ==
		{('0x$anon', p), ('0x$thp', p), ('0x$hugetlb', 512 * p), ('0x$file', p)}" \
		"r['stuck']['runs']"
	tells "r['stuck']['reasons']['hwpoison']['bytes']" $((515 << 12))
	expect 0 vmscope pages --stuck "$held"
	has "$out" "hwpoison    2.01M    4 access"
	has "$out" "$hugetlb    2M hwpoison"
	has "$out" "$thp    4K hwpoison"
	expect 0 vmscope walk "$held" "$hugetlb"
	has "$out" "The frame had a memory error"
	expect 0 vmscope verify "$held"
	has "$out" "of hugetlb, pagemap tells only what is present"
}

test_host_fits_a_screen() {
	fits 80 24 host
}

# After each test: where pages are swapped to is not left to the next one, nor who comes and goes.
clean_up() {
	touch "$WORK/enough"
	areas_as_before
}

begin_tests
hold_much
much=$held
trap 'kill -9 $much; rm -rf "$WORK"' EXIT
run_tests host "$@"
