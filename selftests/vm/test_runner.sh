#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Tests the guest runner itself: what it promises about status, output, sharing and failure.
# Knows nothing of the module. KTAP on standard output.
#
## Usage: selftests/vm/test_runner.sh [KERNEL]
set -uo pipefail

VM=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SRC=$(cd "$VM/../.." && pwd)
KERNEL=${1:-6.12}
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
# shellcheck source=lib/all.sh
. "$VM/lib/all.sh"

number=0 failed=0 skipped=0

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

# skip NAME REASON
skip() {
	number=$((number + 1)) skipped=$((skipped + 1))
	echo "ok $number $1 # SKIP $2"
}

# guest NAME [OPTION...] -- COMMAND: output, errors and status go to files of that name.
# Emulated processors now and then trip over each other while they boot: a guest that ends
# before a word of the command says nothing of the runner, and is started again, once.
guest() {
	local name=$1 status
	shift
	start_guest "$name" "$@"
	status=$(cat "$WORK/$name.status")
	case $status in
	120 | 121 | 122)
		[ ! -s "$WORK/$name.out" ] || return 0
		echo "# $name: status $status, and no word of the command; once more"
		start_guest "$name" "$@"
		;;
	esac
}

start_guest() {
	local name=$1
	shift
	"$VM/run" --kernel "$KERNEL" --cpus 1 --no-module --no-build --quiet --timeout 150 "$@" \
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

# Left by a maker that was killed: the folder it was filling, or an item without its end.
killed_maker_is_no_item() (
	VMSCOPE_CACHE=$WORK/cache
	mkdir -p "$WORK/cache/items/killed-0123456789ab" "$WORK/cache/tmp/killed-0123456789ab.1" &&
		echo half >"$WORK/cache/items/killed-0123456789ab/item" &&
		cache_item killed 0123456789ab cp "$WORK/item" 2>/dev/null &&
		cmp -s "$WORK/item" "$REPLY/item" && [ -z "$(ls "$WORK/cache/tmp")" ]
)

# make_slowly FOLDER: leaves a line for each time that it was called.
# shellcheck disable=SC2016 # the maker expands these
slow_maker='echo made >>"$0/made"; sleep 1; cp "$0/item" "$1/"'

two_makers_make_it_once() (
	VMSCOPE_CACHE=$WORK/cache
	(cache_item slow 0123456789ab sh -c "$slow_maker" "$WORK" 2>/dev/null) &
	(cache_item slow 0123456789ab sh -c "$slow_maker" "$WORK" 2>/dev/null) || return
	wait $! && [ "$(wc -l <"$WORK/made")" = 1 ]
)

cache_in_use_is_not_removed() (
	VMSCOPE_CACHE=$WORK/cache
	cache_item trial 0123456789ab cp "$WORK/item" 2>/dev/null || return
	! "$VM/clean-cache" 2>/dev/null && [ -e "$REPLY/item" ]
)

unused_cache_is_removed() {
	VMSCOPE_CACHE=$WORK/cache "$VM/clean-cache" && [ ! -e "$WORK/cache" ]
}

# The mirror is away: what it said last must do, and nothing is invented.
silent_mirror_is_survived() (
	VMSCOPE_CACHE=$WORK/cache
	# shellcheck disable=SC2317 # called by apt_resolved
	apt_refresh() { return 1; }
	mkdir -p "$WORK/cache/resolved"
	echo "package 1.0" >"$WORK/cache/resolved/known"
	touch -d '3 days ago' "$WORK/cache/resolved/known"
	apt_resolved known bookworm -- echo "package 2.0" 2>/dev/null &&
		[ "$(cat "$REPLY")" = "package 1.0" ] || return
	apt_resolved unknown bookworm -- echo "package 2.0" 2>/dev/null
	[ -z "$REPLY" ]
)

source_packages_have_a_root_of_their_own() {
	apt_sources trixie-source ARCHIVE SECURITY >"$WORK/sources"
	[ "$(grep -c '^deb-src .* trixie\(-security\)\? main$' "$WORK/sources")" = 2 ] &&
		! grep -q '^deb ' "$WORK/sources" && ! grep -q '^deb-src' <(apt_sources trixie ARCHIVE)
}

# Why no QEMU was built here; nothing when one was, or should have been.
no_qemu_of_our_own() {
	if is_fresh "$(qemu_build_failure)"; then
		cat "$(qemu_build_failure)"
	fi
}

our_own_qemu_is_built() (
	export VMSCOPE_QEMU=built
	qemu_item && "$QEMU" --version | grep '^QEMU emulator.*(vmscope)$' >"$WORK/version"
)

packaged_qemu_runs_guests() (
	export VMSCOPE_QEMU=packaged
	qemu_item && ! grep -q vmscope <("$QEMU" --version) && status_is quoted 0
)

# What is not to be had costs one attempt and one sentence a day, not one for each guest.
failed_qemu_is_replaced() (
	VMSCOPE_CACHE=$WORK/cache
	# shellcheck disable=SC2317,SC2030 # these two are called by qemu_item
	apt_resolved() { REPLY=$WORK/item; }
	# shellcheck disable=SC2317,SC2030
	cache_item() {
		REPLY=$WORK/packaged
		[ "$1" = qemu-built ] || return 0
		echo tried >>"$WORK/tries"
		echo "a trial" >"$(qemu_build_failure)"
		return 1
	}
	export VMSCOPE_QEMU=built
	unset VMSCOPE_QUIET
	qemu_item 2>"$WORK/first.err" && [ "$QEMU" = "$WORK/packaged/qemu" ] || return
	VMSCOPE_QUIET=1 qemu_item 2>"$WORK/second.err" && [ "$QEMU" = "$WORK/packaged/qemu" ] &&
		[ "$(wc -l <"$WORK/first.err")" = 1 ] && says first "for a trial" &&
		[ ! -s "$WORK/second.err" ] && [ "$(wc -l <"$WORK/tries")" = 1 ]
)

# A checkout of which nothing was built, and whose module does not build.
empty_checkout() {
	mkdir -p "$WORK/empty/selftests"
	cp -r "$SRC"/{Makefile,Kbuild,module} "$WORK/empty/"
	cp -r "$VM" "$WORK/empty/selftests/"
	echo '#error' >>"$WORK/empty/module/main.c"
	"$WORK/empty/selftests/vm/run" --kernel "$KERNEL" --quiet "$@" -- true 2>"$WORK/empty.err"
	echo $? >"$WORK/empty.status"
}

# install_packages UID WITHOUT PACKAGE...: on a machine that lacks these packages and the program
# WITHOUT. What is called stands in $WORK/host/calls.
install_packages() {
	local uid=$1 without=$2 host=$WORK/host program
	shift 2
	rm -rf "$host" && mkdir -p "$host/bin"
	for program in bash cat dirname env grep mktemp rm sed sort tail; do
		ln -s "$(command -v "$program")" "$host/bin/"
	done
	printf '%s\n' "$@" >"$host/lacks"
	touch "$host/calls"
	host_program id "echo $uid"
	# shellcheck disable=SC2016 # they expand these
	{
		host_program dpkg-query 'for name; do :; done
			grep -q -x "$name" "$HOST/lacks" || echo installed'
		host_program sudo 'echo "sudo $*" >>"$HOST/calls"; [ "$1" = -v ] || exec "$@"'
		host_program apt-get 'echo "apt-get $*" >>"$HOST/calls"
			[ ! -e "$HOST/broken" ] || { echo "E: no such package"; exit 100; }'
	}
	rm -f "$host/bin/$without"
	printf '# all of them\nmake   # drives the build\ngcc\nzstd\n' >"$host/list"
	[ -z "${BROKEN:-}" ] || touch "$host/broken"
	HOST=$host PATH=$host/bin "$VM/install-packages" "$host/list" 2>"$WORK/packages.err"
	echo $? >"$WORK/packages.status"
}

host_program() {
	printf '#!/bin/bash\n%s\n' "$2" >"$WORK/host/bin/$1" && chmod +x "$WORK/host/bin/$1"
}

calls_are() {
	[ "$(cat "$WORK/host/calls")" = "$1" ] && return
	sed 's/^/# called: /' "$WORK/host/calls"
	return 1
}

install="apt-get install -y --no-install-recommends"

nothing_is_called_when_nothing_is_missing() {
	install_packages 1000 nothing && calls_are "" && status_is packages 0 &&
		[ ! -s "$WORK/packages.err" ]
}

root_installs_what_is_missing() {
	install_packages 0 sudo zstd gcc && calls_are "$install gcc zstd" &&
		status_is packages 0 && says packages '^installing: gcc zstd$'
}

others_install_through_sudo() {
	install_packages 1000 nothing zstd && status_is packages 0 &&
		says packages '^Needed, and not installed: zstd$' && calls_are "sudo -v
sudo env DEBIAN_FRONTEND=noninteractive $install zstd
$install zstd"
}

without_sudo_it_says_what_to_do() {
	install_packages 1000 sudo zstd gcc && calls_are "" && status_is packages 123 &&
		says packages "^Install them as root: $install gcc zstd$"
}

# The lists may be old: once more after an update, and then what apt-get says.
what_apt_cannot_do_is_said() {
	BROKEN=yes install_packages 0 sudo zstd && status_is packages 123 &&
		calls_are "$install zstd
apt-get update" && says packages '^E: no such package$' &&
		says packages "could not be installed; as root: $install zstd$"
}

# What a host's administrator would not have changed: packages, architectures, sources.
host_packages() {
	dpkg --print-foreign-architectures
	find /var/lib/dpkg/status /etc/apt -type f -exec sha256sum {} + 2>/dev/null | LC_ALL=C sort
}

host_packages_are_as_before() {
	host_packages | diff "$WORK/packages.before" - >"$WORK/packages.diff" && return
	sed 's/^/# /' "$WORK/packages.diff"
	return 1
}

# Another checkout of the same sources; what it makes, it says.
second_checkout() {
	mkdir -p "$WORK/second/selftests"
	cp -r "$SRC"/{Makefile,Kbuild,module} "$WORK/second/"
	cp -r "$VM" "$WORK/second/selftests/"
	# As in guest(), once more where it does not boot. Of Debian's QEMU there is no word.
	for _ in 1 2; do
		env -u VMSCOPE_QUIET VMSCOPE_QEMU=packaged "$WORK/second/selftests/vm/run" \
			--kernel "$KERNEL" --cpus 1 --no-module --no-build --timeout 150 -- true \
			>/dev/null 2>"$WORK/second.err"
		echo $? >"$WORK/second.status"
		grep -q -v -x '12[0-2]' "$WORK/second.status" && break
	done
}

second_checkout_makes_nothing() {
	status_is second 0 && [ ! -s "$WORK/second.err" ] && return
	sed 's/^/# /' "$WORK/second.err"
	return 1
}

# The module that was built in one is the other's.
second_checkout_has_the_same_module() (
	first=$(module_fingerprint trial)
	SRC=$WORK/second
	[ "$(module_fingerprint trial)" = "$first" ] || return
	echo >>"$SRC/module/main.c"
	[ "$(module_fingerprint trial)" != "$first" ]
)

# Ctrl-C: the guest and its files go, and the status says so. (A shell's background jobs
# ignore the signal, unless told otherwise.)
interrupt() {
	mkdir "$WORK/interrupted"
	TMPDIR=$WORK/interrupted env --default-signal=INT "$VM/run" --kernel "$KERNEL" --no-module \
		--no-build --quiet -- 'echo started; sleep 1000' >"$WORK/interrupt.out" 2>/dev/null &
	local end=$((SECONDS + 100)) pid=$!
	until grep -q started "$WORK/interrupt.out" || [ $SECONDS -ge $end ]; do
		sleep 0.2
	done
	kill -INT $pid
	wait $pid
	echo $? >"$WORK/interrupt.status"
}

interrupt_leaves_nothing() {
	grep -q started "$WORK/interrupt.out" && [ -z "$(ls "$WORK/interrupted")" ] &&
		! pgrep -f "$WORK/interrupted/" >/dev/null
}

# A module without its views, for the guest to load. It must build without a warning.
module_without_views() {
	# shellcheck disable=SC2031 # that is another
	kernel_item "$KERNEL" && toolchain_make "$REPLY" -C "$SRC" module "KDIR=$REPLY/kdir" \
		"O=$WORK/plain" VMSCOPE_DEBUGFS=n >"$WORK/plain.log" 2>&1 &&
		cp "$WORK"/plain/module/*/vmscope.ko "$WORK/share/"
}

builds_without_views() {
	[ -e "$WORK/share/vmscope.ko" ] && ! grep -q 'warning:' "$WORK/plain.log" && return
	grep -E 'warning:|error:' "$WORK/plain.log" | sed 's/^/# /' | head -n 20
	return 1
}

options_are_there() {
	status_is options 0 && test "$(head -n 3 "$WORK/options.out" | tr '\n' ' ')" = "3 0 1 "
}

both_channels_are_exact() {
	cmp -s "$WORK/share/blob" "$WORK/exact.out" && [ "$(cat "$WORK/exact.err")" = "on stderr" ]
}

echo "KTAP version 1"
echo "1..50"

host_packages >"$WORK/packages.before"
mkdir "$WORK/share"
head -c 3000000 /dev/urandom >"$WORK/share/blob"

# shellcheck disable=SC2016 # the guest expands these
{
	guest exact --share "$WORK/share" -- 'cat /share/blob; echo "on stderr" >/dev/stderr
		cp /share/blob /share/copy; sleep 1000 & exit 37' &
	guest panic -- 'echo before; sync; sleep 1; echo c >/proc/sysrq-trigger; sleep 100' &
	wait
	guest warn -- 'echo before; echo "<4>WARNING: CPU: 0 PID: 1 at test" >/dev/kmsg; true' &
	# Time enough to get there on a machine where others run, too.
	guest hang --timeout 45 -- 'echo started; sleep 1000' &
	wait
	VMSCOPE_BOOT_LIMIT=1 start_guest slow -- true &
	guest death -- 'echo before; sync; /run/vmscope/busybox reboot -f; sleep 100' &
	module_without_views
	VMSCOPE_QEMU=packaged guest quoted -- printf "'%s|'" "'a  b'" '"$KERNEL_NAME"' '"$(id -u)"' &
	wait
	# shellcheck disable=SC2016 # the guest expands these
	guest options --mem 700M --cpus 3 --cpu max,la57=off --append "one.word=1 two" \
		--share "$WORK/share" --log "$WORK/options.log" -- 'insmod /share/vmscope.ko
		ls -d /dev/vmscope /sys/kernel/debug/vmscope >/share/loaded 2>/dev/null
		nproc; grep -c -w la57 /proc/cpuinfo
		awk "/MemTotal/ { print (\$2 < 700 * 1024) }" /proc/meminfo; cat /proc/cmdline' &
	second_checkout &
	interrupt
	wait
}
guest usage --kernel 5.10 -- true
guest nothing --share "$WORK/no-such-folder" -- true

check "exit_status_is_the_command's" status_is exact 37
check "output_is_byte_exact_and_kept_apart" both_channels_are_exact
check "share_is_writable" cmp -s "$WORK/share/blob" "$WORK/share/copy"
check "panic_has_its_status" status_is panic 120
check "panic_is_printed" says panic "Kernel panic - not syncing: sysrq triggered crash"
check "output_before_a_panic_is_kept" grep -q before "$WORK/panic.out"
check "warning_fails_a_command_that_succeeded" status_is warn 120
check "hang_has_its_status" status_is hang 122
check "output_before_a_hang_is_kept" grep -q started "$WORK/hang.out"
check "kernel_that_does_not_boot_is_given_up" status_is slow 122
check "kernel_that_does_not_boot_is_said_so" says slow "the kernel came to no first program in 1 s"
check "death_without_report_has_its_status" status_is death 121
check "arguments_reach_the_shell" grep -q -x -F "a  b|$KERNEL|0|" "$WORK/quoted.out"
check "wrong_usage_has_its_status" status_is usage 124
check "folder_to_share_must_exist" status_is nothing 124
check "options_reach_the_guest" options_are_there
check "kernel_arguments_reach_the_guest" grep -q 'one\.word=1 two$' "$WORK/options.out"
check "module_builds_without_debugfs" builds_without_views
check "module_loads_without_debugfs" test "$(cat "$WORK/share/loaded")" = /dev/vmscope
check "kernel_log_is_kept_apart" grep -q 'Linux version' "$WORK/options.log"
check "kernel_log_is_not_in_the_output" test "$(wc -l <"$WORK/options.out")" = 4
check "interrupt_has_its_status" status_is interrupt 130
check "interrupt_leaves_nothing" interrupt_leaves_nothing
empty_checkout --no-build
check "module_that_was_not_built_is_missed" status_is empty 123
empty_checkout
check "module_that_does_not_build_has_its_status" status_is empty 123
check "compiler's_words_are_printed" says empty 'error: #error'
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
check "killed_build_is_made_again" killed_maker_is_no_item
check "two_runs_make_a_thing_once" two_makers_make_it_once
check "mirror_that_is_silent_is_survived" silent_mirror_is_survived
check "source_packages_have_a_root_of_their_own" source_packages_have_a_root_of_their_own
reason=$(no_qemu_of_our_own)
if [ -z "$reason" ]; then
	check "our_own_qemu_is_built" our_own_qemu_is_built
else
	skip "our_own_qemu_is_built" "$reason"
fi
check "packaged_qemu_runs_guests" packaged_qemu_runs_guests
check "qemu_that_cannot_be_made_is_replaced" failed_qemu_is_replaced
check "second_checkout_makes_nothing_again" second_checkout_makes_nothing
check "second_checkout_has_the_same_module" second_checkout_has_the_same_module
check "cache_of_a_running_guest_is_kept" cache_in_use_is_not_removed
check "cache_is_removed" unused_cache_is_removed
check "packages_that_are_there_are_left_alone" nothing_is_called_when_nothing_is_missing
check "packages_that_are_missing_are_installed" root_installs_what_is_missing
check "packages_are_installed_through_sudo" others_install_through_sudo
check "packages_are_named_where_there_is_no_sudo" without_sudo_it_says_what_to_do
check "packages_that_apt_refuses_are_named" what_apt_cannot_do_is_said
check "packages_of_the_host_are_as_before" host_packages_are_as_before

echo "# Totals: pass:$((number - failed - skipped)) fail:$failed xfail:0 xpass:0 skip:$skipped error:0"
[ "$failed" = 0 ]
