#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Puts the test build of the module in place of the other, runs the race test, and puts the
# other back; with --control it takes the module's protection away, in a guest of its own.
# Knows nothing of the race itself.
program=${VMSCOPE_TESTS:-$(dirname "$0")/../build/selftests}/vmscope_race

if [ ! -e "${VMSCOPE_TEST_KO:-}" ]; then
	echo "TAP version 13"
	echo "1..0 # SKIP no test build of the module in VMSCOPE_TEST_KO"
	exit 4
fi
rmmod vmscope && insmod "$VMSCOPE_TEST_KO" || exit 2
if [ "${1:-}" = --control ]; then
	exec "$program" --unsafe "${2:-1}"
fi
"$program"
status=$?
rmmod vmscope && insmod "$VMSCOPE_KO" || exit 2
exit $status
