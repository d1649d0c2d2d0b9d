#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The module cannot be unloaded while something of it is open, and can be afterwards; knows
# nothing of what it does in between. Leaves the module loaded.
tests_in=${VMSCOPE_TESTS:-$(dirname "$0")/../build/selftests}
# shellcheck source=selftests/lib/steps.sh
. "$(dirname "$0")/lib/steps.sh"

echo "TAP version 13"
if [ -z "${VMSCOPE_KO:-}" ]; then
	echo "1..0 # SKIP VMSCOPE_KO does not say where the module is"
	exit 4
fi
echo 1..15

exec 3<>/dev/vmscope
said=$(rmmod vmscope 2>&1)
report $((! $?)) "refused_while_the_device_is_open"
case $said in
*"in use"*) report 0 "refusal_says_in_use" ;;
*) report 1 "refusal_says_in_use # $said" ;;
esac
exec 3>&-

# A target keeps the module by itself: the device it was opened from is closed.
coproc "$tests_in/uapi_open" --hold
holder=$COPROC_PID
read -r said <&"${COPROC[0]}"
[ "$said" = open ]
report $? "a_target_is_held"
rmmod vmscope 2>/dev/null
report $((! $?)) "refused_while_a_target_is_open"
eval "exec ${COPROC[1]}>&-"
wait "$holder"

# hold WHAT: a process that holds what is asked for in debugfs, until let_go.
hold() {
	coproc "$tests_in/debugfs" --hold "$1"
	holder=$COPROC_PID
	read -r said <&"${COPROC[0]}"
	[ "$said" = held ]
}

let_go() {
	eval "exec ${COPROC[1]}>&-"
	wait "$holder"
}

views=/sys/kernel/debug/vmscope
if hold attachment; then
	[ -r $views/$$/vmas ] && ! rmmod vmscope 2>/dev/null
	report $? "refused_while_something_is_attached"
	kill -KILL "$holder"
	wait "$holder" 2>/dev/null
	[ ! -e $views/$$ ]
	report $? "attachments_go_with_who_made_them"
	hold view && ! rmmod vmscope 2>/dev/null
	report $? "refused_while_a_view_is_open"
	let_go
else
	for name in refused_while_something_is_attached attachments_go_with_who_made_them \
		refused_while_a_view_is_open; do
		report 0 "$name # SKIP no $views"
	done
fi

# A file that is not open keeps nothing: whoever reads the counters all the time is in the
# way only while he reads.
while :; do cat $views/counters; done >/dev/null 2>&1 &
reader=$!
status=1
for _ in $(seq 100); do
	rmmod vmscope 2>/dev/null && status=0 && break
done
kill $reader
wait $reader 2>/dev/null
[ $status -eq 0 ] && [ ! -e $views ]
report $? "unloads_under_a_reader_of_the_counters"
insmod "$VMSCOPE_KO" && [ -c /dev/vmscope ]
report $? "loads_after_that"

rmmod vmscope
report $? "unloads_when_all_is_closed"
[ ! -e /dev/vmscope ] && [ ! -e $views ]
report $? "device_node_is_gone"

# Every program by itself, and all together, say so and skip.
status=0
for program in "$tests_in"/*; do
	case $program in *.*) continue ;; esac
	[ -f "$program" ] || continue
	"$program" >/dev/null 2>&1
	[ $? -eq 4 ] || { echo "# $program does not skip"; status=1; }
done
report $status "programs_skip_without_the_module"
"${0%/*}/run-guest" --bin "$tests_in" | grep -q "^1..0 # SKIP the vmscope module is not loaded"
[ "${PIPESTATUS[*]}" = "4 0" ]
report $? "run_guest_skips_without_the_module"

# Anything that init forgets to undo would make the second load fail, or the tenth.
status=0
for _ in 1 2 3 4 5 6 7 8 9 10; do
	insmod "$VMSCOPE_KO" && [ -c /dev/vmscope ] && rmmod vmscope || status=1
done
report $status "loads_and_unloads_ten_times"
insmod "$VMSCOPE_KO"
report $? "loads_again"
[ "$failures" -eq 0 ]
