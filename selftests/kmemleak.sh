#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# After all tests, nothing may be left allocated that nobody points to; knows nothing of
# what the tests were.
leaks=/sys/kernel/debug/kmemleak

echo "TAP version 13"
if [ ! -e $leaks ]; then
	echo "1..0 # SKIP this kernel has no kmemleak"
	exit 4
fi
echo 1..1
# An object is only suspected after some seconds, and only when two scans agree.
echo scan >$leaks
sleep 6
echo scan >$leaks
found=$(cat $leaks)
if [ -z "$found" ]; then
	echo "ok 1 no_leaks"
	exit 0
fi
sed 's/^/# /' <<<"$found"
echo "not ok 1 no_leaks"
exit 1
