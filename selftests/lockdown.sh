#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A kernel locked down to keep its secrets shows no frame to anyone, and of swap the command
# says what it can and why no more. There is no way back: this must be the last test of a guest.
here=$(dirname "$0")
knob=/sys/kernel/security/lockdown
# shellcheck source=selftests/lib/steps.sh
. "$here/lib/steps.sh"

echo "TAP version 13"
if [ ! -w $knob ]; then
	echo "1..0 # SKIP this kernel cannot be locked down"
	exit 4
fi
echo 1..12
program=${VMSCOPE_TESTS:-$here/../build/selftests}/permission

# What is attached before stays attached.
views=/sys/kernel/debug/vmscope
exec 3<>$views/control
echo "attach $$" >&3

# Something in swap, to be asked about.
coproc "${program%/*}/leaf_swap" --hold
swapped=$COPROC_PID
read -r _ <&"${COPROC[0]}"

# swap_says WHAT REASON COMMAND...: how much is in swap is told, and why not WHAT.
swap_says() {
	local what=$1 reason=$2
	shift 2
	"$@" -J | python3 -c '
import json, sys
swap = json.load(sys.stdin)["swap"]
reason = swap["missing"].get(sys.argv[1])
if sys.argv[2] not in (reason or "") or not swap["total"]["swapped"]:
    sys.exit("# %s: %s; %s bytes" % (sys.argv[1], reason, swap["total"]["swapped"]))' \
		"$what" "$reason"
}

# shellcheck disable=SC2016 # the other shell expands it
swap_says references "does not describe its types" unshare --mount sh -c \
	'mount -t tmpfs none /sys/kernel/btf && exec "$@"' - vmscope swap "$swapped"
report $? "without_btf_nobody_asks_about_slots"

# watching_is_refused REASON COMMAND...: whoever asks what happens to memory is told why not.
watching_is_refused() {
	local reason=$1 what said
	shift
	for what in "faults --system" events oom; do
		# shellcheck disable=SC2086 # words
		! said=$("$@" vmscope $what -d 1ms 2>&1 </dev/null) && grep -qF "$reason" <<<"$said" ||
			{ echo "# $what: $said" && return 1; }
	done
}

# shellcheck disable=SC2016
watching_is_refused "does not describe its types" unshare --mount sh -c \
	'mount -t tmpfs none /sys/kernel/btf && exec "$@"' -
report $? "without_btf_nobody_watches"

# doctor_says STEP: the row of lockdown with what to do, and a module that works all the same.
doctor_says() {
	vmscope doctor -J | python3 -c '
import json, sys
report = json.load(sys.stdin)
row, = (c for c in report["checks"] if c["name"] == "lockdown")
said = report["module_works"], row["verdict"], row["finding"]
if said != (True, "limited", sys.argv[1]) or sys.argv[2] not in row["next"]:
    sys.exit("# %s: %s" % (said, row["next"]))' "$1" "$2"
}

# "integrity" keeps programs from changing the kernel, not from looking.
echo integrity >$knob 2>/dev/null
vmscope faults -J -- true | python3 -c '
import json, sys
report = json.load(sys.stdin)
wait4 = report["command"]["wait4"]
sys.exit(not (report["lost"]["complete"] and report["totals"]["minor"] == wait4["minor"] > 0))'
report $? "integrity_lets_watch"
"$program" --physical 1
report $? "integrity_shows_frames"
# In debugfs it leaves what can only be read.
[ -n "$(cat $views/counters)" ] && [ -n "$(cat $views/$$/vmas)" ] &&
	! (: <>$views/control) 2>/dev/null && ! (: <$views/$$/walk) 2>/dev/null
report $? "integrity_forbids_to_attach"
doctor_says integrity "must be signed with an enrolled key (mokutil --import); all figures work"
report $? "integrity_is_said_by_doctor"

echo confidentiality >$knob
"$program" --physical 2
report $? "confidentiality_hides_frames"
grep -q "the kernel is locked down" $views/$$/swap
report $? "confidentiality_hides_frames_in_views"
swap_says slots "kernel lockdown forbids" vmscope swap "$swapped"
report $? "confidentiality_hides_slots"
# procfs shows slots all the same, and nobody may ask the kernel about them.
swap_says references "kernel lockdown lets no BPF program" vmscope swap "$swapped" --source=proc
report $? "confidentiality_forbids_to_ask_about_slots"
watching_is_refused "kernel lockdown lets no BPF program" env
report $? "confidentiality_forbids_to_watch"
doctor_says confidentiality "must be signed with an enrolled key (mokutil --import); frame numbers"
report $? "confidentiality_is_said_by_doctor"
[ "$failures" -eq 0 ]
