# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of vmscope events share: programs to whose memory things happen, and what
# the report of them is asked. Sourced behind command.sh; knows no test.
# shellcheck shell=bash disable=SC2154,SC2034

# shellcheck source=selftests/lib/swap.sh
. "$here/lib/swap.sh"
# shellcheck source=selftests/lib/watch.sh
. "$here/lib/watch.sh"
happens=$bin/programs/happens
thp=/sys/kernel/mm/transparent_hugepage/enabled
groups=/sys/fs/cgroup

# After each test: as it was, as far as all of them change it.
undo() {
	# shellcheck disable=SC2086 # those that there are
	kill -9 ${watcher-} ${teller-} ${beside-} 2>/dev/null || :
	[ ! -e "$WORK/thp" ] || cat "$WORK/thp" >$thp
	rm -f "$WORK/thp"
	rmdir $groups/vmscope-events 2>/dev/null || :
	areas_as_before
}

# The status says whether something was lost. Nothing is attached to any function behind it.
stop_watching() {
	end_watching
	[ "$ended" -eq 0 ] || [ "$ended" -eq 6 ] || die "it ended with $ended: $(cat "$WORK/err")"
	judge define whole \
		"r['lost']['complete'] if 'lost' in r else not r['lost_kills'] + r['lost_mappings']"
	check "whole == ($ended == 0)" "whole"
	detached
}

# said NAME: what the program had to say of that step.
said() {
	sed -n "s/^$1 //p" "$WORK/held"
}

# times EVENT: of the one process, how often; and other figures of it.
times() {
	json "p1.get('$1', {}).get('${2:-times}', 0)"
}

huge_pages_on() {
	sed 's/.*\[\(.*\)\].*/\1/' $thp >"$WORK/thp"
	echo madvise >$thp
}

# group_with SIZE: a control group of so much, and no swap.
group_with() {
	mountpoint -q $groups || mount -t cgroup2 none $groups || skip "no cgroup2"
	echo +memory >$groups/cgroup.subtree_control
	mkdir -p $groups/vmscope-events
	echo "$1" >$groups/vmscope-events/memory.max
	echo 0 >$groups/vmscope-events/memory.swap.max
}
