#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A kernel locked down to keep its secrets shows no frame to anyone. There is no way back:
# this must be the last test of a guest.
here=$(dirname "$0")
knob=/sys/kernel/security/lockdown

echo "TAP version 13"
if [ ! -w $knob ]; then
	echo "1..0 # SKIP this kernel cannot be locked down"
	exit 4
fi
echo 1..4
program=${VMSCOPE_TESTS:-$here/../build/selftests}/permission

# What is attached before stays attached.
views=/sys/kernel/debug/vmscope
exec 3<>$views/control
echo "attach $$" >&3

# "integrity" keeps programs from changing the kernel, not from looking.
echo integrity >$knob 2>/dev/null
status=0
if "$program" --physical 1; then
	echo "ok 1 integrity_shows_frames"
else
	echo "not ok 1 integrity_shows_frames"
	status=1
fi
# In debugfs it leaves what can only be read.
if [ -n "$(cat $views/counters)" ] && [ -n "$(cat $views/$$/vmas)" ] &&
	! (: <>$views/control) 2>/dev/null && ! (: <$views/$$/walk) 2>/dev/null; then
	echo "ok 2 integrity_forbids_to_attach"
else
	echo "not ok 2 integrity_forbids_to_attach"
	status=1
fi
echo confidentiality >$knob
if "$program" --physical 2; then
	echo "ok 3 confidentiality_hides_frames"
else
	echo "not ok 3 confidentiality_hides_frames"
	status=1
fi
if grep -q "the kernel is locked down" $views/$$/swap; then
	echo "ok 4 confidentiality_hides_frames_in_views"
else
	echo "not ok 4 confidentiality_hides_frames_in_views"
	status=1
fi
exit $status
