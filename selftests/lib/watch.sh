# SPDX-License-Identifier: GPL-2.0-or-later
# A command that watches until it is stopped, and the program that it watches. Sourced behind
# command.sh; knows no verb.
# shellcheck shell=bash disable=SC2154

functions=/sys/kernel/tracing/enabled_functions

# start_watching VERB ARGUMENT...: until it sees what happens; its pid in $watcher.
start_watching() {
	cat $functions >"$WORK/functions"
	"$VMSCOPE" "$@" -J -w "$WORK/out" 2>"$WORK/err" 7>&- &
	watcher=$!
	for _ in {1..600}; do
		! waits_in poll "$watcher" || return 0
		kill -0 "$watcher" 2>/dev/null || break
		pause 0.05
	done
	die "nobody watches: $(cat "$WORK/err")"
}

# end_watching: it reports; the status with which it ended in $ended.
end_watching() {
	ended=0
	kill -INT "$watcher"
	wait "$watcher" || ended=$?
}

# How often the program in $held has said that it waits, in $times_ready.
count_ready() {
	local lines=() line
	mapfile -t lines <"$WORK/held"
	times_ready=0
	for line in "${lines[@]}"; do
		[[ $line != *ready* ]] || times_ready=$((times_ready + 1))
	done
}

waits_after() {
	count_ready
	[ $times_ready -gt "$1" ] && waits_to_read "$held"
}

# pass_on: the program that waits takes its steps until it waits again. No process comes or
# goes beside it: where programs are preempted, it could take an event from those that count.
pass_on() {
	count_ready
	echo >&7
	wait_until "the program's steps" waits_after $times_ready
}

# Not cmp: by its size that file is empty.
nothing_is_attached() {
	[ "$(<"$WORK/functions")" = "$(<$functions)" ]
}

# detached: no function of the kernel has more attached to it than before the watch.
detached() {
	wait_until "still attached: $(diff "$WORK/functions" $functions || :)" nothing_is_attached
}
