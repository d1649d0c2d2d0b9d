# SPDX-License-Identifier: GPL-2.0-or-later
# Options, verbs, targets: what is asked wrongly is refused in one sentence.
# shellcheck shell=bash disable=SC2154

test_usage_without_arguments() {
	refused 2 "no TARGET" vmscope
}

test_usage_help_lists_every_verb() {
	local verb

	expect 0 vmscope help
	for verb in show maps pages walk age tables swap share ksm numa host faults events oom verify record doctor help; do
		has "$out" "  $verb"
	done
	[ "$(wc -l < "$WORK/out")" -le 24 ] || die "help does not fit a screen"
	[ "$(wc -L < "$WORK/out")" -le 80 ] || die "help is wider than 80 columns"
	expect 0 vmscope --help
	has "$out" "Verbs:"
	expect 0 vmscope maps --help
	has "$out" "--filter"
	expect 0 vmscope help pages
	has "$out" "--key"
	has "$out" "START-END or START+LENGTH"
	has_not "$out" "an address"
	expect 0 vmscope help share
	has "$out" "an address, for its page; START-END or START+LENGTH"
	has "$out" "a pid, 'self', or the exact name"
	refused 2 "no verb" vmscope help nonsense
	refused 2 "no verb 'map'" vmscope map self
	for verb in show maps pages walk age tables swap share ksm numa host faults events oom verify record doctor help; do
		expect 0 vmscope help $verb
		[ "$(wc -L < "$WORK/out")" -le 80 ] || die "help $verb is wider than 80 columns"
	done
}

test_usage_version() {
	expect 0 vmscope --version
	has "$out" "vmscope 0"
}

test_usage_wrong_options() {
	refused 2 "no option '--nonsense'" vmscope show self --nonsense
	refused 2 "no option '-x'" vmscope maps self -x
	refused 2 "no option '--sort'" vmscope show self --sort pss
	refused 2 "needs a value" vmscope maps self -o
	refused 2 "auto, module or proc" vmscope show self --source=guess
	refused 2 "auto, always or never" vmscope show self --color=pink
	refused 2 "number from 1" vmscope show self --jobs 0
	refused 2 "number from 1" vmscope show self --jobs 1x
	refused 2 "number from 1" vmscope show self --jobs -1
	refused 2 "too many" vmscope show self self
	refused 2 "too many" vmscope doctor self
	refused 2 "missing" vmscope maps
	refused 2 "missing" vmscope walk self
	refused 2 "which file" vmscope record self
	refused 2 "missing TARGET" vmscope faults --
	refused 2 "'true' is one argument too many" vmscope faults self -- true
	refused 2 "leave out --duration" vmscope faults -d 1s -- true
	refused 2 "'self' is one argument too many with --system" vmscope faults --system self
	refused 2 "'self' is one argument too many with --cgroup" vmscope faults --cgroup / self
	refused 2 "a COMMAND is watched alone: leave out --system" vmscope faults --system -- true
	refused 2 "a COMMAND is watched alone: leave out --cgroup" vmscope faults --cgroup / -- true
	refused 2 "--system is everybody: leave out --cgroup" vmscope faults --system --cgroup /
	refused 2 "--cgroup' needs a value" vmscope faults --cgroup
	refused 2 "name a control group below /sys/fs/cgroup" vmscope faults --cgroup no/such
	refused 2 "name a control group below /sys/fs/cgroup" vmscope faults --cgroup /tmp
	refused 2 "name a control group below /sys/fs/cgroup" \
		vmscope faults --cgroup /sys/fs/cgroup/../../../tmp
	refused 2 "no option '--all'" vmscope faults --all
	refused 2 "no time from 1ms" vmscope faults self -d never
	refused 2 "leave out --faults" vmscope show --from "$WORK/none" --faults 1s
	refused 2 "no time from 1ms" vmscope show self --faults 0
	refused 2 "--cause is for single faults and stacks: add --follow or --stacks" vmscope faults self --cause thp
	refused 2 "--slower is for single faults" vmscope faults self --slower 1ms
	refused 2 "--range is for single faults" vmscope faults self --range '[heap]'
	refused 2 "--buffer is for single faults" vmscope faults self --buffer 1M
	refused 2 "--buffer is for single faults" vmscope faults self --stacks --buffer 1M
	refused 2 "no cause 'tph'" vmscope faults self -f --cause thp,tph
	refused 2 "no cause ''" vmscope faults self -f --cause thp,
	refused 2 "no time from 1us" vmscope faults self -f --slower 10ns
	refused 2 "write 'libc.so.6'" vmscope faults self -f --range /usr/lib/libc.so.6
	refused 2 "nor [heap], [stack]" vmscope faults self -f --range '[vdso]'
	refused 2 "ends at or before its start" vmscope faults self -f --range 2000-1000
	refused 2 "no size up to 1G" vmscope faults self -f --buffer 2G
	refused 2 "no size up to 1G" vmscope faults self -f --buffer 0
	refused 2 "--room: '63' is no number from 64 to 1000000" vmscope faults self --room 63
	refused 2 "--stacks: 'flat' is not known: write tree or folded" vmscope faults self --stacks=flat
	refused 2 "leave out --follow" vmscope faults self -f --stacks=folded
	refused 2 "leave out --json" vmscope faults self -J --stacks=folded
	refused 2 "leave out the rest" vmscope faults --from /dev/null -f
	refused 2 "leave out the rest" vmscope faults --from /dev/null -- true
	refused 2 "leave out the rest" vmscope faults --from /dev/null --system
	refused 2 "leave out the rest" vmscope faults --from /dev/null --cgroup /
	refused 2 "cannot write" vmscope faults self --record "$WORK/no/such"
	refused 2 "no command 'no-such-command' in PATH" vmscope faults -- no-such-command
	refused 3 "no process 4194303" vmscope faults 4194303
	refused 2 "'true' is one argument too many" vmscope events self -- true
	refused 2 "leave out --duration" vmscope events -d 1s -- true
	refused 2 "no command 'no-such-command' in PATH" vmscope events -- no-such-command
	refused 3 "no process 4194303" vmscope events 4194303
	refused 2 "'self' is one argument too many" vmscope oom self
}

test_usage_columns() {
	expect 0 vmscope faults --cause help
	has "$out" "file_major      file, major"
	expect 0 vmscope maps -o help
	has "$out" "PSS"
	expect 0 vmscope maps --list-columns
	has "$out" "MARKS"
	expect 0 vmscope pages -o help
	has "$out" "FRAME"
	expect 0 vmscope pages --key help
	has "$out" "soft_dirty"
	refused 2 "no column 'nonsense'" vmscope maps self -o start,nonsense
	refused 2 "names no column" vmscope maps self -o ,
	refused 2 "no column" vmscope pages self -o nonsense
	refused 2 "no column" vmscope maps self --sort nonsense
	refused 2 "no order" vmscope maps self --sort pss:up
}

test_usage_filters() {
	refused 2 "COLUMN OPERATOR VALUE" vmscope maps self --filter rss
	refused 2 "COLUMN OPERATOR VALUE" vmscope maps self --filter 'rss>1,,'
	refused 2 "no column" vmscope maps self --filter 'nonsense>1'
	refused 2 "is no number" vmscope maps self --filter 'rss>many'
	refused 2 "is a number" vmscope maps self --filter 'rss~1'
	refused 2 "is text" vmscope maps self --filter 'name>1'
	refused 2 "no regular expression" vmscope maps self --filter 'name~('
}

test_usage_addresses() {
	refused 2 "is no address" vmscope walk self nonsense
	refused 2 "is no address" vmscope walk self 0x
	refused 2 "is no address" vmscope walk self -- -1
	refused 2 "is no address" vmscope walk self 11112222333344445
}

test_usage_ranges() {
	refused 2 "before its start" vmscope pages self 2000-1000
	refused 2 "before its start" vmscope pages self 1000-1000
	refused 2 "page size" vmscope pages self 1001-2000
	refused 2 "page size" vmscope pages self 1000-2001
	refused 2 "beyond the last" vmscope pages self fffffffffffff000+15E
	refused 2 "beyond the last" vmscope pages self fffffffffffff000+8K
	refused 2 "neither START-END" vmscope pages self nonsense
	refused 2 "no attribute" vmscope pages self --key nonsense
	refused 2 "names no attribute" vmscope pages self --key ,
	refused 2 "user address" faked pages self 800000000000-800000001000 --key state
}

test_usage_targets() {
	refused 2 "is no pid" vmscope show 0
	refused 2 "is no pid" vmscope show -- -1
	refused 2 "is no pid" vmscope show 99999999999999999999
	refused 2 "empty TARGET" vmscope show ''
	refused 3 "no process 4194303" vmscope show 4194303
	refused 3 "no process named" vmscope show no-such-name
	refused 3 "no process named" vmscope no-such-verb
}

test_usage_kernel_thread() {
	[ "$(cat /proc/2/comm 2>/dev/null)" = kthreadd ] || skip "this pid namespace has no kernel threads"
	refused 2 "kernel thread" vmscope show 2
}

test_usage_zombie() {
	python3 -c '
import os, time
open("/proc/self/comm", "w").write("left-over")
child = os.fork()
if not child:
    os._exit(0)
os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
print(child, flush=True)
time.sleep(20)' > "$WORK/zombie" & held=$!
	trap 'kill -9 $held' EXIT
	while [ ! -s "$WORK/zombie" ]; do sleep 0.1; done
	refused 3 "has exited" vmscope show "$(cat "$WORK/zombie")"
	# of two that have the name, one can be meant
	expect 0 vmscope show left-over --source=proc
	has "$out" "pid $held"
}

test_usage_names() {
	hold 1
	cp "$WORK/holder" "$WORK/unique-name"
	"$WORK/unique-name" 1 > "$WORK/o1" & local one=$!
	sleep 0.3
	expect 0 vmscope show unique-name --source=proc
	has "$out" "pid $one"
	"$WORK/unique-name" 2 > "$WORK/o2" & local two=$!
	sleep 0.3
	expect 2 vmscope show unique-name
	kill -9 $one $two
	has "$err" "2 processes are named"
	has "$err" "$one  $WORK/unique-name 1"
	has "$err" "$two  $WORK/unique-name 2"
}

test_usage_names_with_long_command_lines_fit_the_line() {
	need_terminal
	cp "$WORK/holder" "$WORK/long-arguments"
	"$WORK/long-arguments" 1 "$(printf '%0100d' 0)" > "$WORK/o1" & one=$!
	"$WORK/long-arguments" 2 "$(printf '%0100d' 0)" > "$WORK/o2" & two=$!
	trap 'kill -9 $one $two' EXIT
	sleep 0.3
	on_terminal 60 "$VMSCOPE show long-arguments" | grep '^  ' >"$WORK/screen"
	same "$(wc -l <"$WORK/screen")" 2
	[ "$(wc -L <"$WORK/screen")" -le 60 ] || die "too wide: $(cat "$WORK/screen")"
	has "$(cat "$WORK/screen")" "..."
	# no terminal, no end of the line; what is told of them ends nevertheless, and says so
	expect 2 vmscope show long-arguments
	[ "$(grep -c '0000[.][.][.]$' "$WORK/err")" = 2 ] || die "cut without a mark: $err"
	[ "$(wc -L <"$WORK/err")" -gt 60 ] || die "cut: $err"
}

test_usage_thread_is_its_process() {
	python3 -c '
import threading, time
threading.Thread(target=time.sleep, args=(20,)).start()' & held=$!
	trap 'kill -9 $held' EXIT
	local thread=
	until [ -n "$thread" ]; do
		sleep 0.1
		thread=$(ls "/proc/$held/task" | grep -vx "$held" | head -n 1)
	done
	expect 0 vmscope show "$thread" --source=proc
	has "$out" "pid $held"
}

# The manual page and the help of the verbs name the same options, of the same verbs.
test_usage_manual_is_complete() {
	local page=$here/../../Documentation/man/vmscope.1.rst verb option
	local options verbs

	verbs=$(vmscope help | sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p')
	[ "$(wc -w <<< "$verbs")" -ge 9 ] || die "verbs: $verbs"
	for verb in $verbs; do
		grep -q -F "**$verb**" "$page" || die "the manual does not name $verb"
		for option in $(vmscope help "$verb" | sed -n 's/^  [ -].[ ,] \(--[a-z-]*\).*/\1/p'); do
			sed -n '/^OPTIONS/,/^EXIT STATUS/p' "$page" |
				grep -q -E -e "^(-., )?$option( |$)" || die "the manual lacks $option of $verb"
			options+=" $option "
		done
	done
	for option in $(sed -n '/^OPTIONS/,/^EXIT STATUS/p' "$page" |
			sed -n 's/^\(-., \)\{0,1\}\(--[a-z-]*\).*/\2/p' | grep -v -x -e '--*'); do
		has "$options" " $option "
	done
}

# lacks_none_of NAME...: the manual page of the device has a paragraph for each.
lacks_none_of() {
	local page=$here/../../Documentation/man/vmscope.4.rst name

	[ $# -ge 6 ] || die "the header has only: $*"
	for name; do
		grep -q -x -F "$name" "$page" || die "the manual of the device lacks $name"
	done
}

test_usage_manual_of_the_device_has_every_operation() {
	# shellcheck disable=SC2046 # one word each
	lacks_none_of $(sed -n 's/^#define \(VMSCOPE_[A-Z]*\)[[:space:]]*_IO(.*/\1/p' "$top/module/uapi/vmscope.h")
}

test_usage_manual_of_the_device_has_every_type_of_record() {
	# shellcheck disable=SC2046 # one word each
	lacks_none_of $(sed -n '/^enum vmscope_record_type {/,/^};/s/^\t\(VMSCOPE_RECORD_[A-Z]*\) = .*/\1/p' \
		"$top/module/uapi/vmscope.h")
}
