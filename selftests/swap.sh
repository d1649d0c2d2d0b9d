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

# A process that swaps itself out in one way or another, and goes a step further whenever
# there is a line to read. A line of what it says ends with each step.
cat >"$WORK/swapper" <<'PY'
import ctypes, mmap, os, signal, struct, sys, time

PAGE, NO_HUGE, RANDOM, PAGEOUT = 4096, 15, 1, 21
MIB = 1 << 20
libc = ctypes.CDLL(None, use_errno=True)

# What is mapped stays so until the end.
kept = []

def anon(size):
    m = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    m.madvise(NO_HUGE)
    kept.append(m)
    return m

def address(m):
    return ctypes.addressof(ctypes.c_char.from_buffer(m))

def fill(m, page=None):
    for at in range(0, len(m), PAGE):
        m[at:at + PAGE] = page if page else struct.pack("<Q", at + 1) * 256 + bytes(range(256)) * 8

def is_out(at, size):
    with open("/proc/self/pagemap", "rb") as f:
        f.seek(at // PAGE * 8)
        words = struct.unpack("<%dQ" % (size // PAGE), f.read(size // PAGE * 8))
    return all(w >> 62 & 1 for w in words)

# The first thing that compacting memory does is to empty the LRU's batches.
def settle():
    with open("/proc/sys/vm/compact_memory", "w") as f:
        f.write("1")

def out(m, start=0, size=None):
    size = size or len(m)
    for turn in range(100):
        if turn % 10 == 0:
            settle()
        m.madvise(PAGEOUT, start, size)
        if is_out(address(m) + start, size):
            return
        time.sleep(0.02)
    sys.exit("pages do not go out")

# One page after the other, none of them in a batch.
def out_singly(m, pages):
    for page in pages:
        for turn in range(100):
            m.madvise(PAGEOUT, page * PAGE, PAGE)
            if is_out(address(m) + page * PAGE, PAGE):
                break
            settle()
            time.sleep(0.01)

def shmem_out(m, size):
    here = (ctypes.c_ubyte * (size // PAGE))()
    for _ in range(100):
        settle()
        m.madvise(PAGEOUT, 0, size)
        libc.mincore(ctypes.c_void_p(address(m)), ctypes.c_size_t(size), here)
        if not any(b & 1 for b in here):
            return
        time.sleep(0.02)
    sys.exit("shared pages do not go out")

def child():
    pid = os.fork()
    if not pid:
        libc.prctl(1, 9)        # PR_SET_PDEATHSIG
        while True:
            time.sleep(1000)
    return pid

def say(*words):
    print(*words, flush=True)

def step():
    sys.stdin.readline()

def fork(children, mib):
    m = anon(int(mib) * MIB)
    fill(m)
    out(m)
    pids = [child() for _ in range(int(children))]
    say(pids[0], hex(address(m)))
    step()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    say("alone")

def read_back():
    m = anon(4 * MIB)
    fill(m)
    out(m)
    pid = child()
    for at in range(0, len(m), PAGE):
        m[at]
    say(pid, hex(address(m)))

def pattern():
    m = anon(4 * MIB)
    fill(m)
    settle()
    out_singly(m, range(0, 1024, 2))
    out_singly(m, range(1, 1024, 2))
    say(hex(address(m)))

# Every other slot belongs to a mapping that is gone by the time of the question.
def interleaved():
    m, n = anon(2 * MIB), anon(2 * MIB)
    fill(m)
    fill(n)
    settle()
    for page in range(512):
        out_singly(m, [page])
        out_singly(n, [page])
    libc.munmap(ctypes.c_void_p(address(n)), ctypes.c_size_t(len(n)))
    say(hex(address(m)))

def equal_pages():
    m = anon(4 * MIB)
    fill(m, bytes(range(256)) * 16)
    out(m)
    say(hex(address(m)))

def sorts():
    m = anon(3 * MIB)
    for at in range(0, MIB, PAGE):
        m[at:at + PAGE] = os.urandom(PAGE)
        m[MIB + at:MIB + at + PAGE] = b"\xff" * PAGE
        m[2 * MIB + at:2 * MIB + at + PAGE] = b"\0" * PAGE
    out(m)
    say(hex(address(m)))

def shmem():
    fd = os.memfd_create("swapped")
    os.ftruncate(fd, 2 * MIB)
    m = mmap.mmap(fd, 2 * MIB)
    fill(m)
    n = mmap.mmap(fd, MIB, prot=mmap.PROT_READ, offset=MIB)
    kept.extend([m, n])
    shmem_out(m, 2 * MIB)
    say(hex(address(m)))

globals()[sys.argv[1]](*sys.argv[2:])
step()
PY

clean_up() {
	[ -z "${held:-}" ] || kill -9 "$held" 2>/dev/null || :
	[ -z "${held:-}" ] || wait "$held" 2>/dev/null || :
	zram_off
	file_off
	[ ! -e $zswap ] || echo N >$zswap
	[ ! -e $by_address ] || echo true >$by_address
	echo 1 >/proc/sys/kernel/kptr_restrict
	rm -rf "$WORK/steps" "$WORK/said"
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

# swapper HOW [ARGUMENT]: what it says first in $said.
swapper() {
	mkfifo "$WORK/steps"
	exec 8<>"$WORK/steps"
	: >"$WORK/said"
	python3 "$WORK/swapper" "$@" <"$WORK/steps" >"$WORK/said" 2>"$WORK/complains" &
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

# of MAPPING EXPRESSION: about the row m of the mapping that holds an address.
of() {
	json "[($2) for m in r['swap']['mappings'] if int(m['start'], 16) <= $1 < int(m['end'], 16)][0]"
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
	swapper fork 1 4
	local at=${said#* }
	look
	agrees_with_smaps
	same "$(of "$at" "m['shared'], m['pss'], m['exclusive']")" "($((4 * MIB)), $((2 * MIB)), 0)"
	same "$(json "{x['references'] for x in r['swap']['runs'] if $at <= int(x['start'], 16) < $at + $((4 * MIB))}")" "{2}"
	next_step
	look
	agrees_with_smaps
	same "$(of "$at" "m['shared'], m['pss']")" "(0, $((4 * MIB)))"
	same "$(json "{x['references'] for x in r['swap']['runs'] if $at <= int(x['start'], 16) < $at + $((4 * MIB))}")" "{1}"
}

# Kernels up to 6.12 keep more than 62 references where they cannot be read.
test_many_who_share() {
	zram_on
	swapper fork 70 1
	look
	if [ "$(kernel)" -ge 700 ]; then
		agrees_with_smaps
	else
		same "$(json "r['swap']['total']['pss']")" None
		has "$(json "r['swap']['missing']['pss']")" "more references"
	fi
	same "$(of "${said#* }" "m['shared']")" $MIB
}

# ---------------------------------------------------------- the swap cache

# The parent has read its pages back, the child has not: they are the same frames.
test_read_back_is_in_the_swap_cache() {
	file_on 12
	swapper read_back
	local child=${said% *} at=${said#* }
	look "$child"
	same "$(json "r['swap']['areas'][0]['name'], r['swap']['areas'][0]['kind']")" \
		"('$WORK/fs/swap', 'file')"
	python3 - "$WORK/out" "$held" "$at" <<-'PY'
	import json, struct, sys
	runs = json.load(open(sys.argv[1]))["swap"]["runs"]
	first = int(sys.argv[3], 16)
	frames = {}
	with open("/proc/%s/pagemap" % sys.argv[2], "rb") as f:
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
	same "$(of "$at" "m['cached']")" $((4 * MIB))
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
	same "$(json "len({x['compressed'] / x['bytes'] for x in r['swap']['runs'] if x['zswap'] and $at <= int(x['start'], 16) < $at + $((4 * MIB))})")" 1
	same "$(json "sum(x['bytes'] for x in r['swap']['runs'] if x['zswap']) >> 12")" $((now - before))
	same "$(of "$at" "m['zswap'], 0 < m['compressed'] < m['zswap'] / 8")" "($((4 * MIB)), True)"
	agrees_with_smaps
	expect 0 vmscope swap "$held"
	has "$out" "zswap 4"
}

# -------------------------------------------------------------------- zram

test_sorts_of_pages_in_zram() {
	zram_on
	swapper sorts
	look
	[ "$(kernel)" = 601 ] ||
		same "$(of "$said" "m['zero']")" "$MIB"
	if [ ! -e /sys/kernel/debug/zram/zram1/block_state ]; then
		same "$(json "r['swap']['areas'][0]['zram']")" None
		has "$(json "r['swap']['missing']['zram']")" "CONFIG_ZRAM_MEMORY_TRACKING"
		return
	fi
	# zeros are stored by no kernel that knows them to be zeros
	json "{(int(x['start'], 16) - $said) // $MIB: x['zram'] for x in r['swap']['runs'] if $said <= int(x['start'], 16) < $said + $((2 * MIB))}" >"$WORK/states"
	same "$(cat "$WORK/states")" "{0: 'h', 1: 's'}"
	same "$(json "r['swap']['areas'][0]['zram']['huge'] >= $MIB")" True
	python3 - "$WORK/out" <<-'PY'
	import json, sys
	swap = json.load(open(sys.argv[1]))["swap"]
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
	same "$(json "sorted(m['shmem'] for m in r['swap']['mappings'] if m['shmem'])")" "[$MIB, $((2 * MIB))]"
	same "$(json "r['swap']['total']['shmem']")" $((3 * MIB))
	agrees_with_smaps
	python3 - "$WORK/out" "$said" <<-'PY'
	import json, sys
	whole, half = {}, {}
	for run in json.load(open(sys.argv[1]))["swap"]["runs"]:
	    for n in range(run["bytes"] >> 12):
	        page = (int(run["start"], 16) - int(sys.argv[2], 16) >> 12) + n
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
	same "$(of "$said" "m['runs'], m['longest']")" "(1024, 4096)"
	same "$(of "$said" "400 < m['upward'] < 700")" True
	expect 0 vmscope swap "$held"
	has "$out" "page by page"
}

test_one_after_the_other_is_whole() {
	zram_on
	swapper equal_pages
	expect 0 vmscope swap "$held" -J
	same "$(of "$said" "m['runs'] < 64 and m['longest'] >= 65536")" True
}

test_every_other_slot_is_read_for_nothing() {
	file_on 12
	echo false >$by_address
	swapper interleaved
	expect 0 vmscope swap "$held" -J
	same "$(json "r['swap']['areas'][0]['reading']['by']")" slots
	same "$(json "1.9 < r['swap']['areas'][0]['reading']['amplification'] < 2.2")" True
	echo true >$by_address
	expect 0 vmscope swap "$held" -J
	same "$(json "r['swap']['areas'][0]['reading']['by'], r['swap']['areas'][0]['reading']['amplification']")" \
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
	same "$(json "[a['name'] for a in r['swap']['areas']]")" "['$WORK/fs/swap']"
	has_not "$(json "r['swap']['missing']")" "name"
}

# Of two areas the one that the process uses, when they are gone as well.
test_names_of_areas_are_in_a_snapshot() {
	zram_on 20
	file_on 12
	swapper equal_pages
	expect 0 vmscope record "$held" --pages -w "$WORK/snapshot"
	swapoff -a
	expect 0 vmscope swap --from "$WORK/snapshot" -J
	same "$(json "[(a['name'], a['kind'], a['reading'] is None) for a in r['swap']['areas']]")" \
		"[('$WORK/fs/swap', 'file', False)]"
	has_not "$(json "r['swap']['missing']")" "name"
	has "$(json "r['swap']['missing']['references']")" "snapshot does not hold"
	expect 0 vmscope swap --from "$WORK/snapshot" --runs
	has "$out" "fs/swap: "
	has "$out" " swap:"
}

test_swapoff_during_the_look() {
	zram_on
	swapper equal_pages
	(while sleep 0.05; do swapoff /dev/zram1 && swapon -p 100 /dev/zram1; done) &
	local toggle=$!
	for _ in 1 2 3 4 5 6 7 8; do
		expect 0 vmscope swap "$held" -J --runs
		json "r['swap']['total']" >/dev/null
	done
	kill $toggle
	wait $toggle 2>/dev/null || :
	swapon -p 100 /dev/zram1 2>/dev/null || :
}

# ------------------------------------------------------- what cannot be told

test_hidden_symbols() {
	zram_on
	swapper equal_pages
	echo 2 >/proc/sys/kernel/kptr_restrict
	expect 0 vmscope swap "$held" -J
	has "$(json "r['swap']['missing']['references']")" "kptr_restrict"
	same "$(of "$said" "m['pss'], m['swapped']")" "(None, $((4 * MIB)))"
	expect 0 vmscope swap "$held"
	has "$out" "kptr_restrict"
}

test_without_the_right_to_load_programs() {
	zram_on
	swapper equal_pages
	expect 0 setpriv --bounding-set -sys_admin,-bpf,-perfmon "$VMSCOPE" swap "$held" -J
	same "$(of "$said" "m['swapped'], m['runs'], m['pss']")" "($((4 * MIB)), None, None)"
	has "$(json "r['swap']['missing']['slots']")" "CAP_SYS_ADMIN"
	expect 0 env VMSCOPE_NO_BPF=1 "$VMSCOPE" swap "$held" -J
	has "$(json "r['swap']['missing']['references']")" "VMSCOPE_NO_BPF"
	same "$(of "$said" "m['runs'] > 0")" True
}

loaded_programs() {
	python3 -c '
import ctypes, struct
libc = ctypes.CDLL(None, use_errno=True)
at, nr = 0, 0
while True:
    attr = ctypes.create_string_buffer(struct.pack("<III", at, 0, 0), 128)
    if libc.syscall(321, 11, attr, 12):
        break
    at, nr = struct.unpack_from("<II", attr)[1], nr + 1
print(nr)'
}

test_nothing_stays_loaded() {
	zram_on
	swapper equal_pages
	local before
	before=$(loaded_programs)
	expect 0 vmscope swap "$held"
	same "$(loaded_programs)" "$before"
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
others_off
trap 'areas_back; rm -rf "$WORK"' EXIT
run_tests swap "$@"
