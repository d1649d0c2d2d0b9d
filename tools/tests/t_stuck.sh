# SPDX-License-Identifier: GPL-2.0-or-later
# vmscope pages --stuck: reasons, runs and where they are.
# shellcheck shell=bash disable=SC2154

pinned=$((1 << 37)) extra=$((1 << 45)) lru=$((1 << 26)) deferred=$((1 << 44))

stuck() {
	FAKE=attributes=$1 expect 0 faked pages --stuck "$held" -J
	resident=$(json "r['stuck']['resident']")
}

of() {
	json "r['stuck']['reasons']['$1']['bytes']"
}

test_stuck_nothing() {
	hold 6
	stuck 0
	same "$(json "r['stuck']['stuck']")" 0
	same "$(json "r['stuck']['runs'], r['stuck']['mappings']")" "([], [])"
	expect 0 faked pages --stuck "$held"
	has "$out" "is stuck: all of it can be moved"
}

test_stuck_each_page_once() {
	hold 6
	stuck $((pinned | extra | lru | deferred))
	same "$(of pinned)" "$resident"
	same "$(of referenced)" "$resident"
	same "$(of deferred)" "$resident"
	same "$(of off_list)" 0
	same "$(json "r['stuck']['stuck']")" "$resident"
	same "$(json "sum(x['bytes'] for x in r['stuck']['runs'])")" "$resident"
	same "$(json "sum(x['stuck'] for x in r['stuck']['mappings'])")" "$resident"
	same "$(json "r['stuck']['runs'][0]['reasons']")" "['pinned', 'referenced', 'deferred']"
}

test_stuck_off_the_lists() {
	hold 6
	stuck $extra
	same "$(of off_list)" "$resident"
	same "$(of referenced)" 0
}

# Four pages of each sort, and a line on the screen for each.
test_stuck_of_pages_that_wait_or_are_lost() {
	local sort at

	hold 6
	at=$((0x${address#0x}))
	for sort in $((1 << 30 | 1)) $((1 << 33 | 1)) 5 6 7 $((7 << 4 | 1)); do
		printf '%x 4 %x 0\n' $at "$sort"
		at=$((at + (8 << 12)))
	done >"$WORK/pages"
	FAKE_PAGES=$WORK/pages stuck 0
	for sort in writeback locked migrating hwpoison; do
		same "$(of $sort)" $((4 << 12)) $sort
	done
	same "$(of device)" $((8 << 12)) "device memory, and what was moved there"
	same "$(json "r['stuck']['stuck']")" $((6 * 4 << 12))
	same "$(json "[x['reasons'] for x in r['stuck']['runs']]")" \
		"[['writeback'], ['locked'], ['migrating'], ['hwpoison'], ['device'], ['device']]"
	FAKE_PAGES=$WORK/pages expect 0 faked pages --stuck "$held"
	has "$out" "hwpoison      16K    1 access"
	has "$out" "device        32K    2 migration"
	# of the stuck 96K no more than half is resident
	has "$(tr -s ' \n' ' ' <"$WORK/out")" "resident and 48K that is migrating, lost or a device's"
}

test_stuck_on_the_screen() {
	hold 6 30
	FAKE=attributes=$pinned expect 0 faked pages --stuck "$held"
	has "$out" "migration, compaction, THP, reclaim"
	has "$out" "more runs: --json has all of them"
	[ "$(wc -l < "$WORK/out")" -le 24 ] || die "more than 24 lines: $out"
}

# What is kept from happening is told in full, in as many lines as it takes.
test_stuck_narrow_screen() {
	need_terminal
	hold 6
	on_terminal 40 "FAKE=attributes=$pinned LD_PRELOAD=$WORK/fake.so $VMSCOPE pages --stuck $held --color=never" > "$WORK/screen"
	[ "$(wc -L < "$WORK/screen")" -le 40 ] || die "too wide: $(cat "$WORK/screen")"
	has "$(grep -A 1 '^pinned' "$WORK/screen" | tr -s ' \n' ' ')" \
		"migration, compaction, THP, reclaim"
}

test_stuck_colour_is_asked_for() {
	local escape=$'\033'

	hold 6
	expect 0 faked pages --stuck "$held" --color=always
	has "$out" "$escape"
	expect 0 faked pages --stuck "$held" --color=never
	has_not "$out" "$escape"
	refused 2 "auto, always or never" faked pages --stuck "$held" --color=pink
}

test_stuck_shares_a_walk() {
	hold 6
	FAKE=attributes=$pinned expect 0 faked stuck,age "$held" -J
	same "$(json "r['stuck']['resident'] == r['age']['total']['resident'] > 0")" True
}

test_stuck_usage() {
	hold 6
	refused 2 "--stuck looks at the whole process" vmscope pages --stuck "$held" heap
	refused 2 "--stuck looks at the whole process" vmscope pages --stuck "$held" --holes
	refused 4 "the source cannot tell pinned" vmscope pages --stuck "$held" --source=proc
}
