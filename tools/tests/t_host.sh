# SPDX-License-Identifier: GPL-2.0-or-later
# The host as a whole.
# shellcheck shell=bash disable=SC2154

test_host_memory_adds_up() {
	need_validator
	expect 0 faked host -J
	valid host
	same "$(json "r['memory']['total'] - sum(v for k, v in r['memory'].items() if k != 'total')")" 0
	same "$(json "all(s['remainder'] is None or s['kernel'] - s['processes'] == s['remainder'] for s in r['sums'].values())")" True
	same "$(json "r['memory']['total']")" \
		"$(($(awk '/^MemTotal/ { print $2 }' /proc/meminfo) * 1024))"
}

test_host_counts_every_process() {
	hold 6
	expect 0 faked host -J
	same "$(json "[p['comm'] for p in r['processes'] if p['pid'] == $held]")" "['fake']"
	same "$(json "sum(p['anonymous'] for p in r['processes']) == r['sums']['anonymous']['processes']")" True
}

test_host_orders_by_what_the_oom_killer_weighs() {
	hold 6
	echo 900 > "/proc/$held/oom_score_adj"
	expect 0 faked host -J
	same "$(json "r['processes'][0]['pid']")" "$held"
	same "$(json "r['processes'][0]['oom_score_adj']")" 900
	# who is never killed comes last
	same "$(json "[p['oom_weight'] is None for p in r['processes']] == sorted(p['oom_weight'] is None for p in r['processes'])")" True
}

test_host_fits_a_screen() {
	expect 0 faked host
	has "$out" " unexplained"
	has "$out" "COUNTED ONCE"
	has "$out" "OOM KILLS"
	[ "$(wc -l < "$WORK/out")" -le 24 ] || die "$(wc -l < "$WORK/out") lines"
}

test_host_says_why_foreign_memory_is_not_known() {
	FAKE=physical=1 expect 0 faked host -J
	same "$(json "r['foreign_reason']")" "this module does not tell who pays for a page"
	same "$(json "{g['foreign'] for g in r['control_groups']} | {p['foreign'] for p in r['processes']}")" "{None}"
	FAKE=charge=7 expect 0 faked host -J
	same "$(json "r['foreign_reason']")" "who pays for a page is shown with CAP_SYS_ADMIN only"
	# some processes may be nobody's to look at
	"$VMSCOPE" host -J --source proc >"$WORK/out" 2>/dev/null || [ $? -eq 6 ] || die "host fails"
	same "$(json "r['foreign_reason']")" "only the module sees who pays for a page"
}

test_host_foreign_memory_adds_up() {
	need_validator
	hold 6
	FAKE=charge=7,physical=1 expect 0 faked host -J
	valid host
	same "$(json "all(g['foreign'] is None or 0 <= g['foreign'] - sum(c['bytes'] for c in g['foreign_charged_to']) <= len(g['foreign_charged_to']) for g in r['control_groups'])")" True
	# nobody but a stranger pays, so that all that is in memory is foreign, if it is known
	same "$(json "all(p['foreign'] in (None, p['anonymous'] + p['mapped']) for p in r['processes'])")" True
}

# Who ends while it is read is counted and named, and nothing fails.
test_host_names_who_ends_meanwhile() {
	hold 6
	FAKE=scan=3@2 expect 0 faked host -J
	# as others of the machine may do
	same "$(json "r['members']['gone'] == sum(n['state'] == 'gone' for n in r['members']['notes']) > 0")" True
	FAKE=scan=3@2 expect 0 faked host
	has "$out" " ended meanwhile ("
}

test_host_beside_processes_that_come_and_go() {
	local round

	(while [ ! -e "$WORK/enough" ]; do /bin/true; done) &
	hold 6
	for round in 1 2 3; do
		expect 0 faked host -J
		same "$(json "[p['comm'] for p in r['processes'] if p['pid'] == $held]")" "['fake']" "$round"
		same "$(json "sum(p['anonymous'] for p in r['processes']) == r['sums']['anonymous']['processes']")" True "$round"
	done
	touch "$WORK/enough"
}

# The rest is told, and what is missing has its name and its status.
test_host_names_who_may_not_be_looked_at() {
	hold 6
	FAKE=alien=$held expect 6 faked host -J
	same "$(json "r['members']['not_permitted'], [n['pid'] for n in r['members']['notes'] if n['state'] == 'not_permitted']")" "(1, [$held])"
	same "$(json "len(r['processes']) > 0 and all(p['pid'] != $held for p in r['processes'])")" True
	FAKE=alien=$held expect 6 faked host
	# beside others that end meanwhile the line is longer than the screen
	has "$(tr -s ' \n' ' ' <"$WORK/out")" "1 NOT PERMITTED ($held holder)"
}
