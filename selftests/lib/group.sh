# SPDX-License-Identifier: GPL-2.0-or-later
# Control groups of a test's own, and what the kernel counts for them. Sourced after command.sh;
# knows no test.
# shellcheck shell=bash disable=SC2034

# group NAME: a control group that counts memory, at $group.
group() {
	group=/sys/fs/cgroup/vmscope-$1
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null
	mkdir -p "$group" && [ -e "$group/memory.stat" ] || skip "no memory cgroup (version 2)"
}

# sh -c "$into" GROUP COMMAND...: what it touches first is charged to that group.
# shellcheck disable=SC2016
into='echo $$ >"$0/cgroup.procs" && exec "$@"'

stat_of() {
	awk -v key="$2" '$1 == key { print $2 }' "$1/memory.stat"
}
