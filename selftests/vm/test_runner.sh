#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Tests the guest runner itself: what it promises about status, output, sharing and failure.
# Knows nothing of the module. KTAP on standard output.
#
## Usage: selftests/vm/test_runner.sh [KERNEL]
set -uo pipefail

VM=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
KERNEL=${1:-6.12}
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
# shellcheck source=lib/all.sh
. "$VM/lib/all.sh"

number=0 failed=0

# check NAME COMMAND...
check() {
	local name=$1
	shift
	number=$((number + 1))
	if "$@"; then
		echo "ok $number $name"
	else
		echo "not ok $number $name"
		failed=$((failed + 1))
	fi
}

# guest NAME [OPTION...] -- COMMAND: output, errors and status go to files of that name.
guest() {
	local name=$1
	shift
	"$VM/run" --kernel "$KERNEL" --no-module --no-build --quiet "$@" \
		>"$WORK/$name.out" 2>"$WORK/$name.err"
	echo $? >"$WORK/$name.status"
}

status_is() {
	[ "$(cat "$WORK/$1.status")" = "$2" ] && return
	echo "# $1: status $(cat "$WORK/$1.status"), expected $2"
	sed 's/^/# /' "$WORK/$1.err" | tail -n 20
	return 1
}

says() {
	grep -q -e "$2" "$WORK/$1.err" && return
	echo "# $1: no '$2' on standard error"
	return 1
}

is_complaint() {
	printf '%s\n' "$1" >"$WORK/line"
	[ -n "$(kernel_complaints "$WORK/line")" ]
}

is_no_complaint() {
	! is_complaint "$1"
}

# A finished item that lost its end, or whose maker failed.
damaged_item_is_made_again() (
	VMSCOPE_CACHE=$WORK/cache
	head -c 300000 /dev/urandom >"$WORK/item"
	cache_item trial 0123456789ab cp "$WORK/item" && truncate -s 200000 "$REPLY/item" &&
		cache_item trial 0123456789ab cp "$WORK/item" 2>/dev/null &&
		cmp -s "$WORK/item" "$REPLY/item"
)

failed_item_leaves_nothing() (
	VMSCOPE_CACHE=$WORK/cache
	! cache_item broken 0123456789ab cp "$WORK/no-such-file" 2>/dev/null &&
		[ -z "$(find "$WORK/cache" -name 'broken-*' -path '*/items/*')" ] &&
		[ -z "$(ls "$WORK/cache/tmp")" ]
)

both_channels_are_exact() {
	cmp -s "$WORK/share/blob" "$WORK/exact.out" && [ "$(cat "$WORK/exact.err")" = "on stderr" ]
}

echo "KTAP version 1"
echo "1..19"

mkdir "$WORK/share"
head -c 3000000 /dev/urandom >"$WORK/share/blob"

# shellcheck disable=SC2016 # the guest expands these
{
	guest exact --share "$WORK/share" -- 'cat /share/blob; echo "on stderr" >/dev/stderr
		cp /share/blob /share/copy; sleep 1000 & exit 37' &
	guest panic -- 'echo before; sync; sleep 1; echo c >/proc/sysrq-trigger; sleep 100' &
	wait
	guest warn -- 'echo "<4>WARNING: CPU: 0 PID: 1 at test" >/dev/kmsg; true' &
	guest hang --timeout 20 -- 'echo started; sleep 1000' &
	wait
	guest death -- '/run/vmscope/busybox reboot -f; sleep 100' &
	guest quoted -- printf "'%s|'" "'a  b'" '"$KERNEL_NAME"' '"$(id -u)"' &
	wait
}
guest usage --kernel 5.10 -- true

check "exit_status_is_the_command's" status_is exact 37
check "output_is_byte_exact_and_kept_apart" both_channels_are_exact
check "share_is_writable" cmp -s "$WORK/share/blob" "$WORK/share/copy"
check "panic_has_its_status" status_is panic 120
check "panic_is_printed" says panic "Kernel panic - not syncing: sysrq triggered crash"
check "output_before_a_panic_is_kept" grep -q before "$WORK/panic.out"
check "warning_fails_a_command_that_succeeded" status_is warn 120
check "hang_has_its_status" status_is hang 122
check "output_before_a_hang_is_kept" grep -q started "$WORK/hang.out"
check "death_without_report_has_its_status" status_is death 121
check "arguments_reach_the_shell" grep -q -x -F "a  b|$KERNEL|0|" "$WORK/quoted.out"
check "wrong_usage_has_its_status" status_is usage 124
check "lockdep_is_a_complaint" is_complaint \
	'[    5.1] WARNING: possible circular locking dependency detected'
check "kasan_is_a_complaint" is_complaint '[   15.2][  T123] BUG: KASAN: slab-use-after-free in f'
check "oops_is_a_complaint" is_complaint '[    1.9] Oops: int3: 0000 [#1] PREEMPT SMP NOPTI'
check "advice_is_no_complaint" is_no_complaint \
	'[    0.3] Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on'
check "fault_of_a_program_is_no_complaint" is_no_complaint \
	'[    9.9] traps: a.out[97] general protection fault ip:401000 sp:7ffc0 error:0'
check "damaged_cache_is_made_again" damaged_item_is_made_again
check "failed_download_leaves_nothing" failed_item_leaves_nothing

echo "# Totals: pass:$((number - failed)) fail:$failed xfail:0 xpass:0 skip:0 error:0"
[ "$failed" = 0 ]
