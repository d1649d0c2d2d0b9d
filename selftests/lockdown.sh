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
echo 1..2
program=${VMSCOPE_TESTS:-$here/../build/selftests}/permission

# "integrity" keeps programs from changing the kernel, not from looking.
echo integrity >$knob 2>/dev/null
status=0
if "$program" --physical 1; then
	echo "ok 1 integrity_shows_frames"
else
	echo "not ok 1 integrity_shows_frames"
	status=1
fi
echo confidentiality >$knob
if "$program" --physical 2; then
	echo "ok 2 confidentiality_hides_frames"
else
	echo "not ok 2 confidentiality_hides_frames"
	status=1
fi
exit $status
