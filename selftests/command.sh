#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The command with the real module: targets that are stuck, that end, that are nobody's to
# look at; wrong questions. Knows nothing of the interface between the two. Leaves
# the module loaded.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=selftests/lib/command.sh
. "$here/lib/command.sh"

# What most tests look at, and leave as it is: a process that touched some memory and waits;
# its pid in $held, an address of that memory in $address. It stands from the first test to
# the last, for Python takes its time to start.
hold_common() {
	hold_program python3 -c '
import ctypes, mmap, sys
m = mmap.mmap(-1, 1 << 22)
m.write(b"x" * (1 << 21))
print(hex(ctypes.addressof(ctypes.c_char.from_buffer(m))), flush=True)
sys.stdin.read()'
	address=$(cat "$WORK/held")
}

# One that holds every kind of memory, in $zoo: it, too, stands from the first test on.
hold_zoo() {
	# shellcheck disable=SC2016 # the other shell expands it
	hold_program bash -c 'exec "$0" --zoo 100<&0 101>&1' "$bin/sums"
	zoo=$held
}

# ------------------------------------------------------------------- stuck

# Its pid in $stuck, memory that it had before at $address.
hold_stuck() {
	hold_program "$bin/stuck" --hold
	read -r stuck address <"$WORK/held"
}

# Kernels that read under mmap_lock alone must refuse, the others read on.
refuses() {
	[ "$(uname -r | cut -d. -f1-2)" = 6.1 ]
}

# Where the kernel frees page tables by RCU alone nothing is out of reach.
reads_all() {
	[ "$(uname -r | cut -d. -f1)" -ge 7 ]
}

# Partial data has its status and its sentence; no lock needed, no data missing.
expect_partial() {
	local got=0

	SECONDS=0
	timeout -s KILL 60 "$VMSCOPE" "$@" >"$WORK/out" 2>"$WORK/err" || got=$?
	out=$(cat "$WORK/out") err=$(cat "$WORK/err")
	case $got in
	6)
		reads_all && die "$*: left something out: $out $err"
		has "$err" "memory map locked"
		has "$err" "--timeout"
		;;
	0)
		refuses && die "$*: succeeded: $out"
		has_not "$out" SKIPPED
		has_not "$err" "memory map locked"
		;;
	*) die "$* ended with $got: $out $err" ;;
	esac
	within 20
}

test_stuck_process_is_shown() {
	hold_stuck
	expect_partial show "$stuck"
	has "$out" "stuck  pid $stuck"
	if refuses; then
		has "$out" "STOPPED at 0x0"
	else
		has "$out" "waited"
	fi
	expect_partial maps "$stuck"
	refuses || has "$out" "rwxp"
	expect_partial maps "$stuck" --jobs 4
	expect_partial pages "$stuck" --key state
	has_not "$out" "no pages there"
	expect_partial record "$stuck" -w "$WORK/snapshot"
}

test_stuck_process_is_walked() {
	hold_stuck
	SECONDS=0
	if refuses; then
		expect 6 timeout -s KILL 60 "$VMSCOPE" walk "$stuck" "$address"
		has "$out" "the lock stayed taken"
	else
		expect 0 timeout -s KILL 60 "$VMSCOPE" walk "$stuck" "$address"
		has "$out" "PTE  entry"
	fi
	within 20
}

# procfs would wait for ever; the command does not.
test_stuck_process_and_procfs() {
	local verb

	hold_stuck
	local hurry="--source=proc --timeout 500"
	for verb in "show $stuck $hurry" "maps $stuck $hurry" "verify $stuck" \
		"pages $stuck --key state $hurry" "walk $stuck $address $hurry" \
		"record $stuck -w $WORK/snapshot --verify --timeout 500"; do
		SECONDS=0
		# shellcheck disable=SC2086
		refused 6 "process $stuck keeps its memory map locked" \
			timeout -s KILL 60 "$VMSCOPE" $verb
		within 30
	done
}

# Of processes with one name each is listed with its arguments, which stand in its memory.
test_stuck_process_does_not_hold_up_names() {
	hold_stuck
	SECONDS=0
	expect 2 timeout -s KILL 60 "$VMSCOPE" show stuck
	has "$err" "$stuck  (no command line: its memory map is locked)"
	within 20
}

# A timeout of one's own is kept.
test_stuck_process_with_a_timeout() {
	hold_stuck
	SECONDS=0
	expect_partial show "$stuck" --timeout 50
	expect 0 vmscope show self
	within 10
}

# ----------------------------------------------------------------- verify

test_verify_finds_no_difference() {
	expect 0 vmscope verify "$zoo"
	has "$out" "same:"
	has_not "$out" DIFFERENT
}

# ------------------------------------------------------------- permission

test_permission_device_is_roots() {
	refused 5 "/dev/vmscope: Permission denied: run as root" \
		as_nobody "$VMSCOPE" show "$held" --source=module
	refused 5 "run as root" as_nobody "$VMSCOPE" verify "$held"
	refused 5 "run as root" as_nobody "$VMSCOPE" maps "$held"
	# What procfs tells anybody of a process that is not theirs.
	expect 6 as_nobody "$VMSCOPE" show "$held"
	has "$out" "not the module: /dev/vmscope: Permission denied"
	expect 0 as_nobody "$VMSCOPE" show self
	has "$out" "source proc"
	expect 5 as_nobody "$VMSCOPE" doctor
	has "$out" "run as root"
}

# Without CAP_SYS_ADMIN everything but frames; without CAP_SYS_PTRACE only oneself.
test_permission_two_levels() {
	expect 0 setpriv --bounding-set -sys_admin "$VMSCOPE" walk "$held" "$address"
	has "$out" "CAP_SYS_ADMIN"
	expect 0 setpriv --bounding-set -sys_admin "$VMSCOPE" pages "$held" "${address#0x}+8K" \
		--key state,frame --raw --noheadings -o frame
	same "$(sort -u "$WORK/out")" -
	expect 0 setpriv --bounding-set -sys_admin "$VMSCOPE" show "$held"
	has "$out" "source module"
	refused 5 "CAP_SYS_PTRACE over it" \
		setpriv --bounding-set -sys_ptrace "$VMSCOPE" maps "$held" --source=module
	expect 0 setpriv --bounding-set -sys_ptrace "$VMSCOPE" maps self --source=module
}

test_permission_pid_namespace() {
	refused 3 "no process $held in this pid namespace" \
		unshare --pid --fork --mount-proc "$VMSCOPE" show "$held"
	expect 0 unshare --pid --fork --mount-proc "$VMSCOPE" show 1
	has "$out" "pid 1 "
	has "$out" "source module"
}

# Root of a user namespace is not root: the device is not theirs, nor a frame of theirs.
test_permission_user_namespace() {
	refused 5 "run as root" as_nobody unshare --user --map-root-user \
		"$VMSCOPE" show self --source=module
	expect 0 unshare --user --map-root-user "$VMSCOPE" pages self --key state,frame \
		--raw --noheadings -o frame --source=module
	same "$(sort -u "$WORK/out")" -
	refused 5 "CAP_SYS_PTRACE over it" unshare --user --map-root-user \
		"$VMSCOPE" show "$held" --source=module
}

# -------------------------------------------------------- wrong questions

test_wrong_targets() {
	refused 3 "no process 4194303 in this pid namespace: look for it with" vmscope show 4194303
	refused 2 "process 2 is a kernel thread: it has no user address space" vmscope show 2
	refused 2 "process 2 (kthreadd) is a kernel thread" vmscope show 2 --source=proc
	refused 2 "kernel thread" vmscope walk 2 1000
	refused 2 "kernel thread" vmscope pages 2
	refused 2 "kernel thread" vmscope verify 2
	refused 2 "is no pid" vmscope show -- -1
}

test_wrong_zombie() {
	sh -c 'sleep 0.1 & exec sleep 100' &
	held=$!
	trap 'kill -9 $held 2>/dev/null' EXIT
	sleep 1
	local zombie
	# It has no newline at its end, which read takes for a failure.
	read -r zombie <"/proc/$held/task/$held/children" || [ -n "$zombie" ]
	refused 3 "has exited" vmscope show "$zombie"
	refused 3 "has exited" vmscope maps "$zombie" --source=proc
}

test_wrong_ranges() {
	refused 2 "before its start" vmscope pages self 2000-1000
	refused 2 "page size" vmscope pages self 1001-2000
	refused 2 "beyond the last" vmscope pages self fffffffffffff000+15E
	refused 2 "user address" vmscope pages self ffff800000000000-ffff800000001000
	refused 2 "no multiple of the page size" vmscope pages self fffffffffffff000-ffffffffffffffff
	expect 0 vmscope pages self 1000-2000
	has "$out" "no pages there"
}

test_wrong_addresses() {
	expect 0 vmscope walk self ffff888000000000
	has "$out" "No user address"
	expect 0 vmscope walk self ffffffffffffffff
	has "$out" "No user address"
	expect 0 vmscope walk self 0
	refused 2 "is no address" vmscope walk self 12345678901234567
	refused 2 "is no address" vmscope walk self rax
}

# ---------------------------------------------------------------- outputs

# To the byte, of a process that holds every kind of memory; and of it as one of many.
test_tables_are_what_the_kernel_charges() {
	local charged held=$zoo

	charged=$(($(sed -n 's/^VmPTE:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$held/status") * 1024))
	expect 0 vmscope tables "$held" -J
	tells "r['tables']['charged_bytes'], r['tables']['kernel_bytes']" \
		"($charged, $charged)"
	valid tables
	expect 0 vmscope tables --all -J
	tells "[p['kernel_bytes'] for p in r['processes'] if p['pid'] == $held]" "[$charged]"
	tells "any(p['pid'] == 1 for p in r['processes'])" True
	valid tables
	expect 0 vmscope record "$held" -w "$WORK/s"
	expect 0 vmscope tables --from "$WORK/s" -J
	tells "r['tables']['charged_bytes']" "$charged"
	COLUMNS=80 expect 0 vmscope tables "$held"
	has_not "$out" "the kernel counts"
	[ "$(wc -l <"$WORK/out")" -le 24 ] || die "more than 24 lines: $out"
}

# Where its memory map cannot be read, that is said; the others are listed all the same.
test_tables_of_everybody_beside_a_stuck_process() {
	local status=0

	hold_stuck
	timeout -s KILL 60 "$VMSCOPE" tables --all --timeout 50 -J >"$WORK/out" || status=$?
	case $status in
	0) ! refuses || die "it was read as a whole" ;;
	6) tells "[m['why'] for m in r['not_counted'] if m['pid'] == $stuck]" "['locked']" ;;
	*) die "it ended with $status" ;;
	esac
	tells "any(p['pid'] == 1 and p['bytes'] for p in r['processes'])" True
}

# Every verb's JSON against the published schema.
test_outputs_json_is_as_the_schema_says() {
	local verb verbs="show maps pages walk verify doctor" more
	for verb in $verbs; do
		more=$held
		[ "$verb" != walk ] || more="$held $address"
		[ "$verb" != doctor ] || more=
		# shellcheck disable=SC2086 # a list
		expect 0 vmscope $verb $more -J
		valid "$verb"
	done
}

# hold_shattered PAGES: each in a mapping of its own.
hold_shattered() {
	echo 1000000 >/proc/sys/vm/max_map_count
	hold_program python3 -c '
import ctypes, mmap, sys
pages, page = int(sys.argv[1]), mmap.PAGESIZE
m = mmap.mmap(-1, pages * page)
m.write(b"x" * len(m))
start = ctypes.addressof(ctypes.c_char.from_buffer(m))
protect = ctypes.CDLL(None).mprotect
for i in range(0, pages, 2):
    assert not protect(ctypes.c_void_p(start + i * page), page, mmap.PROT_READ)
print("ready", flush=True)
sys.stdin.read()' "$1"
}

test_outputs_of_60000_mappings_take_32_MiB() {
	local options peak many=60000
	# the debug kernel has its eyes on the module, not on the memory of a command
	[ "${KERNEL_NAME:-}" != debug ] || many=600
	hold_shattered $many
	for options in "show" "maps" "maps -J" "maps --raw" "maps --sort rss"; do
		# shellcheck disable=SC2086
		peak=$(python3 -c '
import resource, subprocess, sys
with open(sys.argv[1], "w") as out:
    subprocess.run(sys.argv[2:], stdout=out, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' \
			"$WORK/out" "$VMSCOPE" $options "$held")
		[ "$peak" -le 32768 ] || die "$options: $peak KiB"
		[ "$options" = show ] || [ "$(wc -l <"$WORK/out")" -ge $many ] ||
			die "$options: only $(wc -l <"$WORK/out") lines"
	done
}

test_output_that_cannot_be_written() {
	local verb
	for verb in "show $held" "maps $held" "pages $held" "walk $held $address" "verify $held" \
		doctor "show $held -J" "maps $held -J"; do
		# shellcheck disable=SC2086
		refused 6 "No space left on device: some of it is lost" sh -c '"$@" >/dev/full' - "$VMSCOPE" $verb
		# shellcheck disable=SC2086
		refused 6 "standard output is closed" sh -c '"$@" >&-' - "$VMSCOPE" $verb
	done
	# Who reads no more has had enough: no word, and no other status than a pipe's.
	vmscope maps "$held" -o all | head -n 1 >"$WORK/one"
	[ -s "$WORK/one" ] || die "nothing came through the pipe"
}

test_output_fits_narrow_terminals() {
	local verb
	for verb in "show $held" "walk $held $address" "verify $held" doctor "maps $held" \
		"pages $held --key state" "tables $held" "tables --all"; do
		fits 40 any "$verb"
	done
	fits 80 24 show "$held"
}

test_output_has_colour_only_where_it_may() {
	local escape
	escape=$(printf '\033')
	expect 0 vmscope show "$held"
	has_not "$out" "$escape"
	on_terminal 80 "$VMSCOPE" show "$held"
	has "$(<"$WORK/out")" "$escape"
	on_terminal 80 NO_COLOR=1 "$VMSCOPE" show "$held"
	has_not "$(<"$WORK/out")" "$escape"
	on_terminal 80 TERM=dumb "$VMSCOPE" show "$held"
	has_not "$(<"$WORK/out")" "$escape"
}

# ----------------------------------------------------------- targets that end

# A status of its own for a target that went; anything else is a whole report.
test_target_that_ends_meanwhile() {
	local round got gone=0

	for round in 1 3 5 8; do
		hold_program bash -c 'echo ready; read -r _'
		sh -c "sleep 0.0$round; kill -9 $held" &
		got=0
		while [ $got -eq 0 ]; do
			vmscope show "$held" >"$WORK/out" 2>"$WORK/err" || got=$?
		done
		[ $got -eq 3 ] || die "ended with $got: $(cat "$WORK/err")"
		wait
		gone=$((gone + 1))
	done
	same $gone 4
}

test_target_that_is_stopped_or_traced() {
	trap 'kill -CONT "$held"' EXIT
	kill -STOP "$held"
	expect 0 vmscope show "$held"
	has "$out" "source module"
	expect 0 vmscope verify "$held"
}

# --------------------------------------------------------------------- age

# One that uses the first megabyte of a mapping again and again, and a page more of another
# each time; their addresses in $same and $grows.
hold_working() {
	: >"$WORK/working"
	"$bin/working" --hold >"$WORK/working" &
	working=$!
	trap 'kill -9 $working 2>/dev/null || :' EXIT
	wait_until "working starts" [ -s "$WORK/working" ]
	read -r same grows <"$WORK/working"
}

# of_last ADDRESS MIB: in the last interval, of the mapping there: used, maybe, never.
of_last() {
	tells "[m[how] >> 20 for m in r['working']['mappings'] if m['start'] == '0x$1'
		for how in ('used', 'maybe', 'never')]" "$2"
}

# The first 256 of 1024 pages are used all the time.
test_age_clearing_tells_the_working_set_exactly() {
	hold_working
	expect 0 vmscope age "$working" --interval 2s --count 2 --clear -J
	has "$err" "--clear changes process $working"
	of_last "$same" "[1, 0, 3]"
	tells "[m['new'] > 0 for m in r['working']['mappings'] if m['start'] == '0x$grows']" "[True]"
	# from here on nothing is cleared: what was accessed may be used, the rest is idle
	expect 0 vmscope age "$working" --interval 1s --count 2 -J
	of_last "$same" "[0, 1, 3]"
	tells "r['working']['clearing']" None
	tells "[m['new'] > 0 for m in r['working']['mappings'] if m['start'] == '0x$grows']" "[True]"
	tells "r['working']['least'] < r['working']['most']" True
}

# Without --clear a process stays as it was: what smaps says of memory that no other process
# uses, and soft-dirty bits.
state_of_held() {
	awk '/^[0-9a-f]+-/ { file = /\/usr\// }
		!file && /^(Rss|Referenced|Swap|VmFlags|Private_Dirty)/' "/proc/$held/smaps"
	dd if="/proc/$held/pagemap" bs=8 skip=$((address >> 12)) count=1024 status=none | md5sum
}

test_age_without_clear_changes_nothing() {
	local before referenced

	before=$(state_of_held)
	expect 0 vmscope age "$held" --interval 100ms --count 3
	same "$(state_of_held)" "$before"
	referenced=$(awk '/^Referenced/ { n += $2 } END { print n }' "/proc/$held/smaps")
	expect 0 vmscope age "$held" --interval 100ms --count 1 --clear
	[ "$(awk '/^Referenced/ { n += $2 } END { print n }' "/proc/$held/smaps")" -lt "$referenced" ] ||
		die "--clear cleared nothing of $referenced KiB"
}

test_age_of_a_process_that_ends_meanwhile() {
	hold_working
	sh -c "sleep 1; kill -9 $working" &
	expect 3 vmscope age "$working" --interval 100ms --count 100 -J
	tells "len(r['working']['intervals']) > 0 and r['age'] is None" True
	wait
}

# ------------------------------------------------------------ stuck pages

# The report of stuck pages when what the kernel holds for a moment is let go of: two in a
# row are the same.
stuck_in_peace() {
	local runs='' before

	for _ in {1..10}; do
		before=$runs
		expect 0 vmscope pages --stuck "$held" -J
		judge value "r['stuck']['runs']" || die "$answer"
		runs=$answer
		[ "$runs" != "$before" ] || return 0
	done
}

test_stuck_pages_and_where_they_are() {
	local pinned piped mlocked partial

	hold_program "$bin/leaf_stuck" --hold
	read -r pinned piped mlocked partial <"$WORK/held"
	stuck_in_peace
	tells "[x['bytes'] >> 12 for x in r['stuck']['runs'] if x['reasons'] == ['pinned'] and x['start'] == hex(0x$pinned + 4096)]" "[8]"
	tells "[x['bytes'] >> 12 for x in r['stuck']['runs'] if x['reasons'] == ['referenced'] and x['start'] == hex(0x$piped + 8192)]" "[8]"
	tells "[x['bytes'] >> 12 for x in r['stuck']['runs'] if 'mlocked' in x['reasons'] and x['start'] == '0x$mlocked']" "[8]"
	tells "[x['bytes'] >> 12 for x in r['stuck']['runs'] if x['reasons'] == ['deferred'] and x['start'] == '0x$partial']" "[256]"
	tells "sum(x['bytes'] for x in r['stuck']['runs']) == r['stuck']['stuck']" True
	expect 0 vmscope pages --stuck "$held"
	has "$out" "migration, compaction, THP, reclaim"
}

# ------------------------------------------------------------- no module

# In the end: it takes the module away, and brings it back.
test_without_the_module() {
	[ -n "${VMSCOPE_KO:-}" ] || skip "VMSCOPE_KO does not say where the module is"
	rmmod vmscope
	trap '[ -e /dev/vmscope ] || insmod "$VMSCOPE_KO"' EXIT
	refused 4 "/dev/vmscope does not exist: load the module with 'modprobe vmscope'" \
		vmscope show "$held" --source=module
	refused 4 "modprobe vmscope" vmscope verify "$held"
	expect 0 vmscope show "$held"
	has "$out" "not the module: /dev/vmscope does not exist"
	expect 0 vmscope maps "$held"
	has "$err" "figures are from procfs: /dev/vmscope does not exist"
	expect 0 vmscope pages "$held" --key state
	expect 4 vmscope doctor
	has "$out" "modprobe"
	insmod "$VMSCOPE_KO"
	expect 0 vmscope show "$held"
	has "$out" "source module"
}

# ------------------------------------------------------------------------

begin_tests
hold_zoo
hold_common
trap 'kill -9 $zoo $held; rm -rf "$WORK"' EXIT
run_tests command "$@"
