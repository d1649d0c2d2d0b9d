# SPDX-License-Identifier: GPL-2.0-or-later
# Lists of mappings and of pages.
# shellcheck shell=bash disable=SC2154

test_maps_lists_every_mapping() {
	hold 2 40
	expect 0 vmscope maps "$held" --source=proc --raw --noheadings -o start,end
	same "$(awk '{ print $1 "-" $2 }' "$WORK/out")" \
		"$(awk '{ split($1, a, "-"); printf "%12s-%12s\n", a[1], a[2] }' "/proc/$held/maps" | tr ' ' 0)"
}

test_maps_columns_in_the_order_asked_for() {
	hold 1
	expect 0 vmscope maps "$held" --source=proc -o name,rss,start
	same "$(head -n 1 "$WORK/out" | tr -s ' ')" "NAME RSS START"
	expect 0 vmscope maps "$held" --source=proc -o +inode
	has "$(head -n 1 "$WORK/out")" " NAME"
	has "$(head -n 1 "$WORK/out")" " INODE"
}

test_maps_sorts() {
	hold 4 30
	expect 0 vmscope maps "$held" --source=proc --raw --noheadings -o rss --sort rss
	sort -rn "$WORK/out" | cmp - "$WORK/out"
	expect 0 vmscope maps "$held" --source=proc --raw --noheadings -o rss --sort rss:asc
	sort -n "$WORK/out" | cmp - "$WORK/out"
	expect 0 vmscope maps "$held" --source=proc --raw --noheadings -o name --sort name
	LC_ALL=C sort "$WORK/out" | cmp - "$WORK/out"
}

test_maps_filters() {
	hold 4 30
	expect 0 vmscope maps "$held" --source=proc --raw --noheadings -o rss --filter 'rss>=4M'
	same "$out" 4194304
	expect 0 vmscope maps "$held" --source=proc --raw --noheadings -o name --filter 'name~libc\.so,perm=r-xp'
	same "$(wc -l < "$WORK/out")" 1
	has "$out" "libc.so"
	expect 0 vmscope maps "$held" --source=proc --raw --noheadings -o name --filter 'name!~libc'
	has_not "$out" "libc"
	expect 0 vmscope maps "$held" --source=proc --raw --noheadings --filter 'rss>1T'
	same "$out" ""
}

test_maps_raw_has_one_word_per_column() {
	local directory="$WORK/a b"

	mkdir -p "$directory"
	cp "$WORK/holder" "$directory/holder"
	"$directory/holder" 1 > /dev/null & held=$!
	trap 'kill -9 $held' EXIT
	sleep 0.3
	expect 0 vmscope maps "$held" --source=proc --raw -o rss,name
	has "$out" 'a\x20b/holder'
	same "$(awk 'NF > 2' "$WORK/out")" ""
}

test_maps_batches_have_equal_columns() {
	hold 1 1000
	expect 0 vmscope maps "$held" --source=proc -o start,size,rss,name
	# the third column ends at one place in every row
	same "$(awk '{ match($0, /^[^ ]+ +[^ ]+ +[^ ]+/); print RLENGTH }' "$WORK/out" | sort -u | wc -l)" 1
	expect 0 vmscope maps "$held" --source=proc -o name,private_dirty,referenced
	same "$(awk '{ print length($0) }' "$WORK/out" | sort -u | wc -l)" 1
}

test_maps_60000_in_32_MiB() {
	[ "$(cat /proc/sys/vm/max_map_count)" -ge 65000 ] || skip "vm.max_map_count is below 65000"
	hold 1 60000
	local options

	[ "$(wc -l < "/proc/$held/maps")" -ge 60000 ] || die "only $(wc -l < "/proc/$held/maps") mappings"
	expect 0 vmscope record "$held" --source=proc -w "$WORK/many"
	for options in "show $held" "maps $held" "maps $held -J" "maps $held --sort rss --filter rss>0" \
		       "maps $held --raw" "show --from $WORK/many" "maps --from $WORK/many"; do
		# shellcheck disable=SC2086
		"$WORK/peak" "$VMSCOPE" $options > "$WORK/out" 2> "$WORK/err" || true
		[ "$(tail -n 1 "$WORK/err")" -le 32768 ] ||
			die "$options: $(tail -n 1 "$WORK/err") KiB"
	done
}

test_maps_parts_and_jobs_add_up() {
	hold_alone 9 200
	expect 0 faked show "$held" -J --jobs 1
	local once totals="r['totals']"
	once=$(json "$totals")
	expect 0 faked show "$held" -J --jobs 5
	same "$(json "$totals")" "$once" "five threads"
	same "$(json "r['cost']['jobs']")" 5
	expect 0 env FAKE=part LD_PRELOAD="$WORK/fake.so" "$VMSCOPE" show "$held" -J
	same "$(json "$totals")" "$once" "in parts"
	expect 0 env FAKE=small LD_PRELOAD="$WORK/fake.so" "$VMSCOPE" show "$held" -J
	same "$(json "$totals")" "$once" "small buffers"
}

test_pages_add_up_to_rss() {
	hold 6
	expect 0 vmscope pages "$held" --source=proc -J --key state
	local pages
	pages=$(json "sum(p['bytes'] for p in r['pages'] if p['state'] == 'present')")
	expect 0 vmscope show "$held" --source=proc -J
	local rss
	rss=$(json "r['totals']['rss']")
	# pagemap calls the zero page present, smaps does not count it
	[ "$pages" -ge "$rss" ] && [ "$pages" -le $((rss + 16384)) ] || die "$pages and $rss"
}

test_pages_of_a_range() {
	hold 6
	expect 0 vmscope pages "$held" "$address+8K" --source=proc -J --key state
	same "$(json "[(p['start'], p['bytes'], p['state']) for p in r['pages']]")" \
		"[('0x$address', 8192, 'present')]"
	local end
	end=$(printf %x $((0x$address + 8192)))
	expect 0 vmscope pages "$held" "$address-$end" --source=proc --raw --noheadings -o size --key state
	same "$out" 8192
	expect 0 vmscope pages "$held" "[stack]" --source=proc --raw --noheadings -o mapping
	same "$(sort -u "$WORK/out")" "[stack]"
	expect 0 vmscope pages "$held" libc.so.6 --source=proc --raw --noheadings -o mapping
	has "$(sort -u "$WORK/out")" "/libc.so.6"
	expect 0 vmscope pages "$held" "1000-2000" --source=proc
	has "$out" "no pages there"
}

test_pages_holes() {
	hold 1
	expect 0 vmscope pages "$held" "[stack]" --source=proc -J --key state --holes
	same "$(json "sum(p['bytes'] for p in r['pages'])")" \
		"$(($(awk '/^[0-9a-f]+-/ { stack = /\[stack\]/ } /^Size/ && stack { print $2 }' "/proc/$held/smaps") * 1024))"
}

test_pages_frames_are_those_of_pagemap() {
	[ "$(id -u)" -eq 0 ] || skip "frame numbers need root"
	hold 1
	expect 0 vmscope pages "$held" "$address+64K" --source=proc -J --key state,frame
	python3 - "$held" "$address" "$WORK/out" <<-'PY'
	import json, struct, sys
	pid, address, report = sys.argv[1], int(sys.argv[2], 16), json.load(open(sys.argv[3]))
	with open(f"/proc/{pid}/pagemap", "rb") as f:
	    f.seek(address // 4096 * 8)
	    wanted = [w & (1 << 55) - 1 for w in struct.unpack("16Q", f.read(128))]
	got = []
	for p in report["pages"]:
	    got += [p["frame"] + n for n in range(p["bytes"] // 4096)]
	if not any(wanted):
	    sys.exit(0)
	assert got == wanted, (got, wanted)
	PY
}

test_pages_that_have_one_frame() {
	local fake="env FAKE=physical=1,same=1 LD_PRELOAD=$WORK/fake.so $VMSCOPE"

	hold 1
	expect 0 $fake pages "$held" libc.so.6 --key state,frame -J
	same "$(json "{p.get('same_frame') for p in r['pages']}")" "{True}"
	valid pages
	expect 0 $fake pages "$held" libc.so.6 --key state,frame --noheadings --raw -o frame
	same "$(grep -vc '=$' "$WORK/out")" 0
	expect 0 env FAKE=physical=1 LD_PRELOAD="$WORK/fake.so" "$VMSCOPE" pages "$held" libc.so.6 --key state,frame
	has_not "$out" "= "
}

test_pages_key_of_the_source() {
	refused 4 "cannot be told" vmscope pages self --source=proc --key young
	refused 4 "cannot be told" faked pages self --key refcount
}

test_walk_draws_the_address() {
	hold 1
	expect 0 env FAKE=physical=1 LD_PRELOAD="$WORK/fake.so" "$VMSCOPE" walk "$held" 0x7f0000201123
	has "$out" "|0000000000000000|011111110|000000000|000000001|000000001|000100100011|"
	has "$out" "|   254   |    0    |    1    |    1    |   0x123    |"
	has "$out" "PGD  entry 254 of 512 in table frame 0x104"
	has "$out" "raw 0x0000000012345067 present writable user accessed dirty"
	has "$out" "physical address 0x12345123"
	expect 0 faked walk "$held" 0x7f0000201123
	has "$out" "raw -"
	has "$out" "CAP_SYS_ADMIN"
	has_not "$out" "0x12345"
	expect 0 faked walk "$held" 1000
	has "$out" "SIGSEGV"
	expect 0 faked walk "$held" ffff800000000000
	has "$out" "No user address: they end at 0x7ffffffff000"
}
