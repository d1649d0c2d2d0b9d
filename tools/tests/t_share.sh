# SPDX-License-Identifier: GPL-2.0-or-later
# Many processes at once, through the stand-in: there a file has the same frames in every
# process that maps it, and nothing else is shared.
# shellcheck shell=bash disable=SC2154

test_share_of_made_up_frames_is_what_counting_gives() {
	${CC:-gcc} -g -O1 -D_GNU_SOURCE -Wall -Wextra -fsanitize=address,undefined \
		-o "$WORK/frames_math" "$here/frames_math.c" \
		"$top"/tools/analyze/{frames,frame_table,sets}.c
	expect 0 "$WORK/frames_math"
}

# Two of a kind, which have nothing in common but their files.
hold_two() {
	hold 2
	first=$held
	hold 3
	second=$held
	trap 'kill -9 $first $second 2>/dev/null' EXIT
}

seen() {
	FAKE=physical=1 LD_PRELOAD=$WORK/fake.so "$VMSCOPE" "$@"
}

test_share_finds_files_in_other_processes() {
	hold_two
	expect 0 seen share "$first" -J
	same "$(json "[q['shared'] > 100 << 10 for q in r['partners'] if q['pid'] == $second]")" "[True]"
	same "$(json "{o['type'] for o in r['objects']}")" "{'file'}"
	same "$(json "sum(c['bytes'] for c in r['by_mappings'])")" \
		"$(json "r['total']['resident']")"
	same "$(json "r['not_found']['bytes']")" None
}

test_share_group_is_counted_once() {
	hold_two
	expect 0 seen share "$first" "$second" -J
	same "$(json "r['group']['resident'] - r['group']['counted_once'] >= r['group']['common']")" \
		True
	same "$(json "r['matrix'][0]['with'][0]['bytes'] == r['group']['common'] > 0")" True
	same "$(json "[m['pid'] for m in r['matrix']]")" "[$second, $first]"
	expect 0 seen share "$first" "$second"
	has "$out" "each page counted once"
}

test_share_one_address_space_is_read_once() {
	hold_two
	expect 0 env FAKE="physical=1 onemm" LD_PRELOAD="$WORK/fake.so" \
		"$VMSCOPE" share "$first" "$second" -J
	same "$(json "len(r['matrix']), r['processes']['same_address_space']")" "(1, 1)"
	same "$(json "r['processes']['notes'][0]['same_as']")" "$first"
}

test_share_range_is_an_address_or_a_name() {
	hold_two
	expect 0 seen share "$first" "$(cd /; realpath "$WORK/holder")" -J
	same "$(json "{m['pid'] for m in r['elsewhere']}")" "{$second}"
	same "$(json "all(m['name'].endswith('/holder') for m in r['elsewhere'])")" True
	refused 2 "before its start" seen share "$first" 2000-1000
	refused 2 "is no user address" seen share "$first" 0xffff800000000000
	refused 2 "is neither START-END" seen share "$first" "[nothing]"
}

# The C library is mapped by both; no process is named as it is.
test_share_file_by_the_last_part_of_its_path() {
	hold_two
	expect 0 seen share "$first" libc.so.6 -J
	same "$(json "{m['pid'] for m in r['elsewhere']} >= {$second}")" True
	same "$(json "{m['name'].split('/')[-1] for m in r['elsewhere']}")" "{'libc.so.6'}"
	refused 3 "and process $first has no mapping of that name" seen share "$first" nothing-is-so
}

# Two files of one name, one of them mapped in between.
test_share_name_of_several_files_lists_them() {
	mkdir -p "$WORK/twins/one" "$WORK/twins/other"
	echo 'int twin;' | ${CC:-gcc} -shared -fPIC -o "$WORK/twins/one/twin.so" -x c -
	cp "$WORK/twins/one/twin.so" "$WORK/twins/other"
	LD_PRELOAD="$WORK/twins/one/twin.so $WORK/twins/other/twin.so" hold 2
	refused 2 "'twin.so' is the last part of 2 names" seen share "$held" twin.so
	has "$err" "$(realpath "$WORK")/twins/one/twin.so"
	has "$err" "$(realpath "$WORK")/twins/other/twin.so"
	refused 2 "'twin.so' is the last part of 2 names" vmscope pages "$held" twin.so --source=proc
	expect 0 seen share "$held" "$(realpath "$WORK")/twins/one/twin.so"
}

test_share_without_frames() {
	hold_two
	refused 5 "frame numbers and raw entries need CAP_SYS_ADMIN" faked share "$first"
	refused 5 "frame numbers and raw entries need CAP_SYS_ADMIN" faked share "$first" "$second"
	refused 4 "kernel lockdown forbids" env FAKE=physical=2 LD_PRELOAD="$WORK/fake.so" \
		"$VMSCOPE" share "$first"
}

test_share_what_cannot_be_read_is_said() {
	hold_two
	refused 5 "CAP_SYS_PTRACE" env FAKE="physical=1 target=1" LD_PRELOAD="$WORK/fake.so" \
		"$VMSCOPE" share "$first" "$second" --source=module
	expect 6 env FAKE="physical=1 scan=12@2" LD_PRELOAD="$WORK/fake.so" \
		"$VMSCOPE" share "$first" "$second" -J
	has "$err" "1 of 2 processes could not be looked at"
	same "$(json "r['processes']['failed'], len(r['matrix'])")" "(1, 1)"
	expect 0 env FAKE="physical=1 scan=3@2" LD_PRELOAD="$WORK/fake.so" \
		"$VMSCOPE" share "$first" "$second" -J
	same "$(json "r['processes']['gone'], len(r['matrix'])")" "(1, 1)"
}

test_share_wrong_use() {
	refused 2 "missing TARGET" vmscope share
	refused 2 "'1' is one argument too many with --all" vmscope share 1 --all
	refused 2 "name a control group below" vmscope share --cgroup nothing/at/all
	refused 3 "no process named" seen share self nobody-is-named-so
}
