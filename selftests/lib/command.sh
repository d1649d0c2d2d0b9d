# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of the command with the real module share: processes to look at, and the
# report of the tests. Sourced by them after they set $here; knows no test.
# shellcheck shell=bash disable=SC2154,SC2034

top=$(cd "$here/.." && pwd)
bin=${VMSCOPE_TESTS:-$top/build/selftests}
VMSCOPE=$(command -v vmscope || echo "$top/build/tools/vmscope")
WORK=$(mktemp -d)
export LC_ALL=C.UTF-8 TERM=xterm
trap 'rm -rf "$WORK"' EXIT
# shellcheck source=tools/tests/lib.sh
. "$top/tools/tests/lib.sh"
# shellcheck source=tools/tests/judge.sh
. "$top/tools/tests/judge.sh"

# waits_in FUNCTION PID: it sleeps in a function of the kernel of about that name.
waits_in() {
	local where=
	read -r where 2>/dev/null <"/proc/$2/wchan" || [ -n "$where" ] || return 1
	[[ $where == *"$1"* ]]
}

# waits_to_read PID: it sleeps until something comes through the pipe that it reads.
waits_to_read() {
	waits_in pipe_read "$1"
}

# pause SECONDS: like sleep, without a process; nobody writes to that pipe.
pause() {
	read -r -t "$1" -u "$silence" _ || :
}

# wait_until WHAT COMMAND...: the command's success, but not for ever. What takes a process
# to ask is asked less often (pace=SECONDS): who is waited for needs the processor.
pace=0.05
wait_until() {
	local what=$1
	shift
	for _ in {1..1200}; do
		! "$@" >/dev/null 2>&1 || return 0
		pause "$pace"
	done
	die "no end to waiting: $what"
}

# What a script has to do after each of its tests, when it defines it.
clean_up() {
	:
}

# hold_program PROGRAM...: a process that says when it is ready and then reads; its pid in
# $held. Until it reads, its memory changes.
hold_program() {
	: >"$WORK/held"
	"$@" >"$WORK/held" 2>"$WORK/held.err" <"$WORK/never" &
	held=$!
	trap 'kill -9 $held 2>/dev/null || :; clean_up' EXIT
	for _ in {1..1200}; do
		[ ! -s "$WORK/held" ] || ! waits_to_read $held || return 0
		kill -0 $held 2>/dev/null || break
		pause 0.05
	done
	die "$1 does not start: $(cat "$WORK/held.err")"
}

# within SECONDS: since $SECONDS was set to 0.
within() {
	[ "$SECONDS" -le "$1" ] || die "it took $SECONDS s, more than $1"
}

# on_terminal COLUMNS [NAME=VALUE...] COMMAND...: what it writes to a terminal of that width is
# in $WORK/out, its status in $status, and how many $lines of which $width that is.
on_terminal() {
	judge terminal "$@" || die "${*:2}: $answer"
	read -r status lines width <<<"$answer"
}

# fits COLUMNS LINES VERB...: what the command writes to a terminal of that width is no wider
# and no longer; LINES can be "any".
fits() {
	local status lines width

	on_terminal "$1" NO_COLOR=1 "$VMSCOPE" "${@:3}"
	# 6: something is missing, and it says so
	[[ $status = [06] ]] || die "${*:3}: it ended with $status: $(cat "$WORK/out")"
	[ "$lines" -gt 0 ] || die "${*:3}: nothing"
	[ "$2" = any ] || [ "$lines" -le "$2" ] ||
		die "${*:3}: more than $2 lines: $(cat "$WORK/out")"
	[ "$width" -le "$1" ] || die "${*:3}: wider than $1 columns: $(cat "$WORK/out")"
}

# Before the first process is started.
begin_tests() {
	echo "TAP version 13"
	if [ ! -e /dev/vmscope ]; then
		echo "1..0 # SKIP the vmscope module is not loaded"
		exit 4
	fi
	mkfifo "$WORK/never" "$WORK/silence"
	exec {silence}<>"$WORK/silence"
	# Kept open for writing: who reads from it waits until this shell ends.
	exec 7<>"$WORK/never"
	start_judge
}

# check EXPRESSION WHAT: it is true; if not, what it is about is shown.
check() {
	judge value "bool($1) or ($2)" || die "$1: $answer: $(head -c 3000 "$WORK/out")"
	[ "$answer" = True ] || die "$1: $answer: $(head -c 3000 "$WORK/out")"
}

# judged_by ARGUMENT... <PROGRAM: a Python program finds nothing wrong with the report, which
# it reads; what it prints in $answer.
judged_by() {
	local program
	IFS= read -r -d '' program || :
	printf '%s' "$program" >"$WORK/judged.py"
	judge run "$WORK/judged.py" "$@" || die "$answer"
}

# A command that ends a test says where, for it may have said nothing itself.
wrong() {
	echo "${BASH_SOURCE[1]##*/}:${BASH_LINENO[0]}: $BASH_COMMAND" >&2
}

# run_tests PREFIX [TEST...]: all functions test_*, each in a shell of its own: a test stops
# at its first wrong thing.
run_tests() {
	local prefix=$1 number=0 failed=0 tests test
	shift
	mapfile -t tests < <(declare -F | awk '$3 ~ /^test_/ { print $3 }' | LC_ALL=C sort)
	[ $# -eq 0 ] || tests=("${@/#/test_}")
	echo "1..${#tests[@]}"
	for test in "${tests[@]}"; do
		number=$((number + 1))
		(set -eE; trap clean_up EXIT; trap wrong ERR; "$test") >"$WORK/log" 2>&1 </dev/null
		case $? in
		0) echo "ok $number $prefix.${test#test_}" ;;
		4) echo "ok $number $prefix.${test#test_} # SKIP $(tail -n 1 "$WORK/log")" ;;
		*)
			sed 's/^/# /' "$WORK/log" | head -n 30
			echo "not ok $number $prefix.${test#test_}"
			failed=$((failed + 1))
			;;
		esac
	done
	[ "$failed" -eq 0 ]
}
