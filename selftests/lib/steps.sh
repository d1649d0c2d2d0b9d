# SPDX-License-Identifier: GPL-2.0-or-later
# The report of a script whose tests are steps, each of which builds on those before; knows
# no test. Sourced.
# shellcheck shell=bash
tests=0
failures=0

# report STATUS NAME: a step is done.
report() {
	tests=$((tests + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tests $2"
	else
		echo "not ok $tests $2"
		failures=$((failures + 1))
	fi
}
